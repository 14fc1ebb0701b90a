/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device is offered. What can be said without the database is said first, of the view: who
 * is in which phase hardly ever changes. Only a device that would get something is looked up,
 * together with the rollout's state at that moment, so a committed halt counts at once, and without
 * the database nothing is offered at all.
 */
#include "view.h"

#include <string.h>

#define US INT64_C(1000000)
#define HOUR_US (3600 * US)

/* --- Of the view --- */

static bool is_open(const struct view_rollout *entry, const struct depot_device_view *device,
                    int64_t now_us)
{
    return entry->rollout.is_emergency ||
           slw_windows_are_open(&entry->group.windows, now_us / US, device->utc_offset_s);
}

/* Sooner or later. What it looks at is in the view's mark, or is the device's. */
static bool is_for(const struct view_rollout *entry, const struct depot_device_view *device)
{
    const struct rollout *rollout = &entry->rollout;
    return rollout->version > device->version &&
           (device->pin == 0 || rollout->version <= device->pin) &&
           slw_bytes_equal(slw_heap_bytes(&rollout->product), device->product) &&
           (int64_t)rollout_phase_of(rollout->id, &rollout->plan, device->id) <= rollout->phase &&
           rollout_group_has(&entry->group, device);
}

/* The release itself, or the highest one on the way to it that the device can take now. */
static const struct view_release *way_to(const struct view *view,
                                         const struct view_release *release,
                                         const struct depot_device_view *device)
{
    if (release->min_installed <= device->version) {
        return release;
    }
    for (size_t i = 0; i < view->releases_count; i++) { /* the newest first */
        const struct view_release *step = &view->releases[i];
        if (step->version < release->version && step->version > device->version &&
            step->min_installed <= device->version &&
            slw_bytes_equal(slw_heap_bytes(&step->product), device->product) &&
            slw_bytes_equal(slw_heap_bytes(&step->channel), slw_heap_bytes(&release->channel))) {
            return step;
        }
    }
    return NULL;
}

/* --- Of the database, at that moment --- */

struct lookup {
    const struct view_rollout *entry;
    const struct depot_device_view *device;
    int64_t now_us;
    bool may, consent_given;
};

/* The first column of a row, a number; 0 when there is none. */
static enum slw_status number_of(struct slw_transaction *transaction, const char *sql,
                                 const struct slw_sql_value *values, size_t count,
                                 int64_t *ret_number, struct slw_detail *detail)
{
    enum slw_status status = slw_sql_number(transaction, sql, values, count, ret_number, detail);
    if (status == SLW_NOT_FOUND) {
        *ret_number = 0;
        return SLW_OK;
    }
    return status;
}

/*
 * Whether whoever is asked in this group said yes, the last time that they said anything: the
 * consumer on the device, or people here. Neither speaks for the other: a device that approves
 * itself isn't approved by an administrator, and nobody here agrees for a consumer who is to be
 * asked.
 */
static enum slw_status find_consent(struct slw_transaction *transaction,
                                    const struct lookup *lookup, bool *ret_given,
                                    struct slw_detail *detail)
{
    const struct rollout *rollout = &lookup->entry->rollout;
    const struct slw_sql_value values[] = {
        slw_sql_text(lookup->device->product), slw_sql_text(lookup->device->id),
        slw_sql_text(slw_heap_bytes(&rollout->group)), slw_sql_int(rollout->version),
        slw_sql_int(strcmp(lookup->entry->group.consent, "ask") == 0)};
    int64_t given = 0;
    SLW_TRY(number_of(
        transaction,
        "SELECT CASE WHEN decision = 'yes' THEN 1 ELSE 0 END FROM consents WHERE "
        "product = $1 AND release = $4 AND by_device = $5 AND (device = $2 OR (device = '' AND "
        "device_group = $3)) ORDER BY id DESC LIMIT 1",
        values, 5, &given, detail));
    *ret_given = given != 0;
    return SLW_OK;
}

/* Another offer in this hour, unless there were as many as the rate allows. */
static enum slw_status take_of_rate(struct slw_transaction *transaction,
                                    const struct lookup *lookup, bool *ret_taken,
                                    struct slw_detail *detail)
{
    const struct rollout *rollout = &lookup->entry->rollout;
    int64_t changed = 0;
    int64_t began = 0;
    const struct slw_sql_value device[] = {slw_sql_int(rollout->id),
                                           slw_sql_text(lookup->device->id)};
    /* Who has begun asks again before it applies, and isn't another one. */
    SLW_TRY(number_of(transaction,
                      "SELECT COUNT(*) FROM rollout_devices WHERE rollout = $1 AND device = $2",
                      device, 2, &began, detail));
    if (began > 0) {
        *ret_taken = true;
        return SLW_OK;
    }
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id),
                                           slw_sql_int(lookup->now_us - lookup->now_us % HOUR_US),
                                           slw_sql_int(rollout->plan.rate_per_hour)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO rollout_rates (rollout, hour_us, taken) VALUES ($1, $2, 1) ON "
                        "CONFLICT (rollout, hour_us) DO UPDATE SET taken = rollout_rates.taken + 1 "
                        "WHERE rollout_rates.taken < $3",
                        values, 3, &changed, detail));
    *ret_taken = changed > 0;
    return SLW_OK;
}

static enum slw_status look_up(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct lookup *lookup = context;
    const struct rollout *rollout = &lookup->entry->rollout;
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id),
                                           slw_sql_text(lookup->device->id)};
    int64_t runs = 0;
    lookup->may = false;
    lookup->consent_given = true;
    SLW_TRY(number_of(
        transaction,
        "SELECT COUNT(*) FROM rollouts r JOIN releases e ON e.product = r.product AND e.version = "
        "r.version WHERE r.id = $1 AND r.state IN ('running', 'done') AND e.state = 'published' "
        "AND NOT "
        "EXISTS (SELECT 1 FROM rollout_devices d WHERE d.rollout = r.id AND d.device = $2 AND "
        "d.state IN ('succeeded', 'failed', 'declined'))",
        values, 2, &runs, detail));
    if (runs == 0) {
        return SLW_OK;
    }
    lookup->may = true;
    if (strcmp(lookup->entry->group.consent, "automatic") != 0) {
        SLW_TRY(find_consent(transaction, lookup, &lookup->consent_given, detail));
    }
    if (!lookup->consent_given && strcmp(lookup->entry->group.consent, "administrator") == 0) {
        lookup->may =
            false; /* nobody has said yes for it yet, and it isn't the consumer's to say */
        return SLW_OK;
    }
    return rollout->plan.rate_per_hour == 0
               ? SLW_OK
               : take_of_rate(transaction, lookup, &lookup->may, detail);
}

/* DEPOT.md, section 6: "No replica answers with an offer from what it read more than 5 s ago,
 * however long its question took." */
static bool is_fresh(int64_t read_ms)
{
    return (depot_clock_ms() - read_ms) * 1000 <= DEPOT_OFFER_MAX_AGE_US;
}

static enum slw_status explain_stale(struct slw_detail *detail)
{
    return slw_explain(detail, SLW_DATABASE_AWAY, "what is rolled out isn't known just now");
}

static enum slw_status offer_of(struct depot *depot, const struct view *view,
                                const struct view_rollout *entry,
                                const struct depot_device_view *device, int64_t now_us,
                                struct depot_offer *ret_offer, struct slw_detail *detail)
{
    const struct view_release *release = way_to(view, &view->releases[entry->release], device);
    struct lookup lookup = {.entry = entry, .device = device, .now_us = now_us};
    if (release == NULL) {
        return SLW_NOT_FOUND;
    }
    bool writes = entry->rollout.plan.rate_per_hour != 0;
    int64_t asked_ms = depot_clock_ms();
    SLW_TRY(slw_database_transact(depot->database, writes ? SLW_DATABASE_WRITE : SLW_DATABASE_READ,
                                  look_up, &lookup, detail));
    if (!lookup.may) {
        return SLW_NOT_FOUND;
    }
    /* Whoever stood still meanwhile, this process or the database, may have slept over a halt. */
    if (!is_fresh(asked_ms)) {
        return explain_stale(detail);
    }
    *ret_offer = release->offer;
    /* A step on the way is nobody's outcome. */
    ret_offer->rollout = release == &view->releases[entry->release] ? entry->rollout.id : 0;
    ret_offer->consent_given = lookup.consent_given;
    return SLW_OK;
}

enum slw_status depot_offer_find(struct depot *depot, const struct depot_device_view *device,
                                 int64_t now_us, struct depot_offer *ret_offer,
                                 struct slw_detail *detail)
{
    struct view *view = rollouts_view_take(depot);
    enum slw_status status = SLW_NOT_FOUND;
    if (view == NULL || !is_fresh(view->read_ms)) {
        rollouts_view_drop(view);
        return explain_stale(detail);
    }
    for (size_t i = 0; i < view->rollouts_count && status == SLW_NOT_FOUND; i++) {
        if (is_for(&view->rollouts[i], device) && is_open(&view->rollouts[i], device, now_us)) {
            status = offer_of(depot, view, &view->rollouts[i], device, now_us, ret_offer, detail);
        }
    }
    rollouts_view_drop(view);
    return status == SLW_NOT_FOUND
               ? slw_explain(detail, SLW_NOT_FOUND, "there is nothing for this device")
               : status;
}

bool depot_offers_are_others(struct depot *depot, const struct depot_device_view *device,
                             uint64_t *ret_generation)
{
    struct view *view = rollouts_view_take(depot);
    bool are_others = view != NULL;
    for (size_t i = 0; are_others && i < view->rollouts_count; i++) {
        are_others = !is_for(&view->rollouts[i], device);
    }
    if (are_others) {
        *ret_generation = view->generation;
    }
    rollouts_view_drop(view);
    return are_others;
}
