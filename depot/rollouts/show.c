/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people see of rollouts: where each is, why, what its numbers say, whom a halt would touch,
 * and what happens next if nobody does anything.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define US INT64_C(1000000)
#define LIST_MAX 200
#define REASONS_MAX 8

/* --- In words --- */

/* Whom a rollout to its group asks, and what people here said for all of it, the last time. */
struct consent {
    struct slw_heap_buffer mode, said, who; /* empty: the group is gone; nobody said anything */
    int64_t said_us;
};

static bool waits_for_yes(const struct consent *consent)
{
    return slw_bytes_equal(slw_heap_bytes(&consent->mode), SLW_BYTES_OF("administrator")) &&
           !slw_bytes_equal(slw_heap_bytes(&consent->said), SLW_BYTES_OF("yes"));
}

static void say_of_phase(const struct rollout *rollout, const struct consent *consent, size_t size,
                         char *ret_text)
{
    size_t phase = (size_t)rollout->phase;
    const struct rollout_phase *counts = &rollout->phases[phase];
    char time[DEPOT_TIME_SIZE];
    bool is_last = phase + 1 == rollout->plan.phases_count;
    if (counts->passed_us != 0) {
        int64_t at_us = counts->passed_us + rollout->plan.phases[phase].soak_s * US;
        (void)snprintf(ret_text, size,
                       is_last ? "It is done at %s." : "The next phase begins at %s.",
                       depot_time_format(at_us, time));
        return;
    }
    if (rollout->needs_decision) {
        (void)snprintf(ret_text, size,
                       "Nothing: every device of phase %zu has answered, and somebody must decide.",
                       phase + 1);
        return;
    }
    if ((uint64_t)rollout_outcomes(counts) >= rollout_next_look(rollout, phase)) {
        (void)snprintf(ret_text, size, "What phase %zu showed is looked at within seconds.",
                       phase + 1);
        return;
    }
    if (waits_for_yes(consent)) {
        (void)snprintf(ret_text, size,
                       "Only devices that somebody here said yes for are offered it: its group "
                       "waits for a yes.");
        return;
    }
    (void)snprintf(ret_text, size,
                   "It goes on offering to phase %zu, and is looked at when %llu devices have "
                   "answered; %lld have.",
                   phase + 1, (unsigned long long)rollout_next_look(rollout, phase),
                   (long long)rollout_outcomes(counts));
}

static void say_next(const struct rollout *rollout, const struct consent *consent, size_t size,
                     char *ret_text)
{
    char time[DEPOT_TIME_SIZE];
    switch (rollout->state) {
    case ROLLOUT_DRAFT:
        (void)snprintf(ret_text, size, "Nothing: it is a draft until somebody starts it.");
        break;
    case ROLLOUT_SCHEDULED:
        (void)snprintf(ret_text, size, "It starts at %s.",
                       depot_time_format(rollout->start_us, time));
        break;
    case ROLLOUT_RUNNING:
        say_of_phase(rollout, consent, size, ret_text);
        break;
    case ROLLOUT_PAUSED:
    case ROLLOUT_HALTED:
        (void)snprintf(
            ret_text, size,
            "Nothing is offered until somebody resumes it. Devices ask again before they "
            "apply: only those that do so already finish.");
        break;
    case ROLLOUT_DONE:
        (void)snprintf(ret_text, size,
                       "Devices that were away, or come new, are offered it still; it is halted if "
                       "they show that it harms.");
        break;
    case ROLLOUT_ABORTED:
    case ROLLOUT_STATES:
        (void)snprintf(ret_text, size, "Nothing: it is over.");
        break;
    }
}

/* Devices of the phases that have begun without an outcome: those that HALT keeps from it. */
static int64_t touched_by_halt(const struct rollout *rollout)
{
    int64_t touched = 0;
    for (size_t i = 0; i < rollout->plan.phases_count; i++) {
        const struct rollout_phase *counts = &rollout->phases[i];
        int64_t done = counts->succeeded + counts->failed + counts->declined;
        touched +=
            counts->began_us != 0 && counts->population > done ? counts->population - done : 0;
    }
    return touched;
}

/* --- As JSON --- */

static void put_time(struct slw_json *json, const char *name, int64_t us)
{
    char time[DEPOT_TIME_SIZE];
    if (us != 0) {
        slw_json_text(json, name, depot_time_format(us, time));
    }
}

static int64_t in_ppm(double share)
{
    return (int64_t)(share * SLW_PPM + 0.5);
}

static void put_phase(struct slw_json *json, const struct rollout *rollout, size_t phase)
{
    const struct rollout_phase *counts = &rollout->phases[phase];
    const struct slw_rollout_phase *plan = &rollout->plan.phases[phase];
    struct slw_health_rule rule = slw_rollout_plan_rule(&rollout->plan, phase);
    slw_json_begin_object(json, NULL);
    slw_json_uint(json, "ppm", plan->ppm);
    slw_json_uint(json, "soak_s", plan->soak_s);
    slw_json_int(json, "failure_ppm", in_ppm(rule.failure_limit));
    slw_json_int(json, "halt_ppm", in_ppm(rule.halt_limit));
    slw_json_text(json, "halt_limit",
                  rollout_halts_by_rule(&rollout->plan, phase) ? "rule" : "phase");
    put_time(json, "began", counts->began_us);
    put_time(json, "passed", counts->passed_us);
    slw_json_int(json, "population", counts->population);
    slw_json_int(json, "began_count", counts->offered);
    slw_json_int(json, "downloading", counts->downloading);
    slw_json_int(json, "succeeded", counts->succeeded);
    slw_json_int(json, "failed", counts->failed);
    slw_json_int(json, "silent", counts->silent);
    slw_json_int(json, "declined", counts->declined);
    if (counts->began_us != 0) {
        struct slw_health_look look = rollout_look(rollout, phase);
        slw_json_int(json, "outcomes", rollout_outcomes(counts));
        slw_json_int(json, "rate_ppm", in_ppm(look.rate));
        slw_json_int(json, "lower_ppm", in_ppm(look.lower));
        slw_json_int(json, "upper_ppm", in_ppm(look.upper));
        slw_json_uint(json, "next_look", rollout_next_look(rollout, phase));
    }
    slw_json_end_object(json);
}

static enum slw_status put_reasons(struct slw_transaction *transaction,
                                   const struct rollout *rollout, struct slw_json *json,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id), slw_sql_int(REASONS_MAX)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT d.reason, v.hardware, COUNT(*) AS number FROM rollout_devices d "
                          "JOIN devices v ON v.product = d.product AND v.id = d.device WHERE "
                          "d.rollout = $1 AND d.state IN ('failed', 'silent') GROUP BY d.reason, "
                          "v.hardware ORDER BY number DESC, d.reason, v.hardware LIMIT $2",
                          values, 2, &rows, detail));
    slw_json_begin_array(json, "reasons");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "reason", slw_rows_bytes(rows, 0));
        slw_json_bytes(json, "hardware", slw_rows_bytes(rows, 1));
        slw_json_int(json, "count", slw_rows_int(rows, 2));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status put_row(struct slw_transaction *transaction, const struct rollout *rollout,
                               struct slw_json *json, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(rollout->id);
    struct slw_rows *rows = NULL;
    SLW_TRY(
        slw_sql_query(transaction,
                      "SELECT r.reason, r.made_us, r.made_by, e.release_version, e.urgency FROM "
                      "rollouts r JOIN releases e ON e.product = r.product AND e.version = "
                      "r.version WHERE r.id = $1",
                      &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_json_bytes(json, "reason", slw_rows_bytes(rows, 0));
        put_time(json, "made", slw_rows_int(rows, 1));
        slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 2));
        slw_json_bytes(json, "release_version", slw_rows_bytes(rows, 3));
        slw_json_bytes(json, "urgency", slw_rows_bytes(rows, 4));
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status read_consent(struct slw_transaction *transaction,
                                    const struct rollout *rollout, struct consent *consent,
                                    struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_heap_bytes(&rollout->product)),
                                           slw_sql_text(slw_heap_bytes(&rollout->group)),
                                           slw_sql_int(rollout->version)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT g.consent, COALESCE(c.decision, ''), COALESCE(c.who, ''), COALESCE(c.time_us, 0) "
        "FROM groups g LEFT JOIN consents c ON c.id = (SELECT MAX(id) FROM consents WHERE product "
        "= $1 AND device_group = $2 AND device = '' AND release = $3 AND by_device = 0) WHERE "
        "g.product = $1 AND g.name = $2",
        values, 3, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_heap_append(&consent->mode, slw_rows_bytes(rows, 0));
        slw_heap_append(&consent->said, slw_rows_bytes(rows, 1));
        slw_heap_append(&consent->who, slw_rows_bytes(rows, 2));
        consent->said_us = slw_rows_int(rows, 3);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    SLW_TRY(consent->mode.status);
    SLW_TRY(consent->said.status);
    return consent->who.status;
}

static void put_consent(struct slw_json *json, const struct consent *consent)
{
    if (slw_heap_bytes(&consent->mode).len == 0) {
        return;
    }
    slw_json_begin_object(json, "consent");
    slw_json_bytes(json, "mode", slw_heap_bytes(&consent->mode));
    if (consent->said_us != 0) {
        slw_json_bytes(json, "said", slw_heap_bytes(&consent->said));
        slw_json_bytes(json, "who", slw_heap_bytes(&consent->who));
        put_time(json, "time", consent->said_us);
    }
    slw_json_end_object(json);
}

static enum slw_status put_words(struct slw_transaction *transaction, const struct rollout *rollout,
                                 struct slw_json *json, struct slw_detail *detail)
{
    char next[240];
    struct consent consent = {.said_us = 0};
    enum slw_status status = read_consent(transaction, rollout, &consent, detail);
    if (status == SLW_OK) {
        say_next(rollout, &consent, sizeof next, next);
        slw_json_text(json, "next", next);
        put_consent(json, &consent);
    }
    slw_heap_free(&consent.mode);
    slw_heap_free(&consent.said);
    slw_heap_free(&consent.who);
    return status;
}

enum slw_status rollout_put(struct slw_transaction *transaction, const struct rollout *rollout,
                            int64_t now_us, struct slw_json *json, bool whole,
                            struct slw_detail *detail)
{
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "id", rollout->id);
    slw_json_bytes(json, "product", slw_heap_bytes(&rollout->product));
    slw_json_int(json, "release", rollout->version);
    slw_json_bytes(json, "group", slw_heap_bytes(&rollout->group));
    slw_json_bool(json, "emergency", rollout->is_emergency);
    slw_json_text(json, "state", rollout_state_names[rollout->state]);
    put_time(json, "since", rollout->state_us);
    put_time(json, "now", now_us);
    SLW_TRY(put_row(transaction, rollout, json, detail));
    slw_json_bool(json, "by_rule", rollout->by_rule);
    slw_json_bool(json, "needs_decision", rollout->needs_decision);
    slw_json_int(json, "phase", rollout->phase);
    put_time(json, "start", rollout->start_us);
    slw_json_int(json, "revision", rollout->revision);
    SLW_TRY(put_words(transaction, rollout, json, detail));
    slw_json_int(json, "halt_touches", touched_by_halt(rollout));
    slw_json_begin_array(json, "phases");
    for (size_t phase = 0; phase < rollout->plan.phases_count; phase++) {
        put_phase(json, rollout, phase);
    }
    slw_json_end_array(json);
    if (whole) {
        slw_json_embed(json, "plan", slw_heap_bytes(&rollout->plan.text));
        SLW_TRY(put_reasons(transaction, rollout, json, detail));
    }
    slw_json_end_object(json);
    return SLW_OK;
}

/* --- The calls --- */

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct rollout rollout;
    struct slw_json json;
    int64_t id = 0;
    int64_t now_us = 0;
    SLW_TRY(rollout_id_of(call, &id, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(rollout_read(transaction, id, slw_http_parameter(call->exchange, 0), &rollout, detail));
    slw_json_init(&json, &call->text);
    enum slw_status status = rollout_put(transaction, &rollout, now_us, &json, true, detail);
    rollout_free(&rollout);
    return status;
}

void rollouts_show(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

struct ids {
    int64_t ids[LIST_MAX];
    size_t count;
};

static enum slw_status find(struct depot_call *call, struct slw_transaction *transaction,
                            struct ids *ids, struct slw_detail *detail)
{
    int64_t before = INT64_MAX;
    int64_t limit = 50;
    SLW_TRY(depot_query_number(call, "before", 1, INT64_MAX, &before, detail));
    SLW_TRY(depot_query_number(call, "limit", 1, LIST_MAX, &limit, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(before), slw_sql_int(limit),
                                           slw_sql_text(slw_http_query(call->exchange, "state"))};
    struct slw_rows *rows = NULL;
    ids->count = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id FROM rollouts WHERE product = $1 AND id < $2 AND ($4 = '' OR "
                          "state = $4 OR ($4 = 'open' AND state NOT IN ('draft', 'done', "
                          "'aborted'))) ORDER BY id DESC LIMIT $3",
                          values, 4, &rows, detail));
    while (slw_rows_next(rows) && ids->count < LIST_MAX) {
        ids->ids[ids->count++] = slw_rows_int(rows, 0);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct ids ids;
    struct slw_json json;
    int64_t now_us = 0;
    enum slw_status status = SLW_OK;
    SLW_TRY(find(call, transaction, &ids, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "rollouts");
    for (size_t i = 0; i < ids.count && status == SLW_OK; i++) {
        struct rollout rollout;
        SLW_TRY(rollout_read(transaction, ids.ids[i], slw_bytes_make("", 0), &rollout, detail));
        status = rollout_put(transaction, &rollout, now_us, &json, false, detail);
        rollout_free(&rollout);
    }
    slw_json_end_array(&json);
    if (ids.count > 0) {
        slw_json_int(&json, "before", ids.ids[ids.count - 1]);
    }
    slw_json_end_object(&json);
    return status;
}

void rollouts_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* --- Its devices, and what was looked at --- */

static enum slw_status list_devices(struct depot_call *call, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    int64_t id = 0;
    int64_t limit = LIST_MAX;
    SLW_TRY(rollout_id_of(call, &id, detail));
    SLW_TRY(depot_query_number(call, "limit", 1, 10000, &limit, detail));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    const struct slw_sql_value values[] = {
        slw_sql_int(id), slw_sql_text(slw_http_parameter(call->exchange, 0)),
        slw_sql_text(slw_http_query(call->exchange, "state")),
        slw_sql_text(slw_http_query(call->exchange, "after")), slw_sql_int(limit)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT device, phase, state, reason, began_us, ended_us, attempt FROM "
                          "rollout_devices WHERE rollout = $1 AND product = $2 AND ($3 = '' OR "
                          "state = $3) AND device > $4 ORDER BY device LIMIT $5",
                          values, 5, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "devices");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "device", slw_rows_bytes(rows, 0));
        slw_json_int(&json, "phase", slw_rows_int(rows, 1));
        slw_json_bytes(&json, "state", slw_rows_bytes(rows, 2));
        slw_json_bytes(&json, "reason", slw_rows_bytes(rows, 3));
        put_time(&json, "began", slw_rows_int(rows, 4));
        put_time(&json, "ended", slw_rows_int(rows, 5));
        slw_json_int(&json, "attempt", slw_rows_int(rows, 6));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void rollouts_devices(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list_devices, NULL);
}

static enum slw_status list_looks(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    int64_t id = 0;
    SLW_TRY(rollout_id_of(call, &id, detail));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    const struct slw_sql_value values[] = {
        slw_sql_int(id), slw_sql_text(slw_http_parameter(call->exchange, 0)), slw_sql_int(10000)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT l.phase, l.time_us, l.outcomes, l.failures, l.lower_bound, "
                          "l.upper_bound, l.verdict FROM rollout_looks l JOIN rollouts r ON r.id = "
                          "l.rollout WHERE l.rollout = $1 AND r.product = $2 ORDER BY l.time_us, "
                          "l.phase LIMIT $3",
                          values, 3, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "looks");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_int(&json, "phase", slw_rows_int(rows, 0));
        put_time(&json, "time", slw_rows_int(rows, 1));
        slw_json_int(&json, "outcomes", slw_rows_int(rows, 2));
        slw_json_int(&json, "failures", slw_rows_int(rows, 3));
        slw_json_int(&json, "lower_ppm", in_ppm(slw_rows_double(rows, 4)));
        slw_json_int(&json, "upper_ppm", in_ppm(slw_rows_double(rows, 5)));
        slw_json_bytes(&json, "verdict", slw_rows_bytes(rows, 6));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void rollouts_looks(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list_looks, NULL);
}
