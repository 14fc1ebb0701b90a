/* SPDX-License-Identifier: Apache-2.0 */
/* Phases: who is in one, when it begins and ends, and what its outcomes say. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define PAGE 5000

size_t rollout_phase_of(int64_t id, const struct slw_rollout_plan *plan, struct slw_bytes device)
{
    uint64_t cohort = slw_cohort(id, device);
    size_t phase = 0;
    if (slw_rollout_plan_has_canary(plan, device)) {
        return 0;
    }
    while (phase + 1 < plan->phases_count && !slw_cohort_is_in(cohort, plan->phases[phase].ppm)) {
        phase++;
    }
    return phase;
}

struct slw_health_look rollout_look(const struct rollout *rollout, size_t phase)
{
    const struct rollout_phase *counts = &rollout->phases[phase];
    struct slw_health_rule rule = slw_rollout_plan_rule(&rollout->plan, phase);
    return slw_health_look(&rule, (uint64_t)rollout_population(counts),
                           (uint64_t)rollout_outcomes(counts), (uint64_t)rollout_failures(counts));
}

uint64_t rollout_next_look(const struct rollout *rollout, size_t phase)
{
    const struct rollout_phase *counts = &rollout->phases[phase];
    struct slw_health_rule rule = slw_rollout_plan_rule(&rollout->plan, phase);
    return slw_health_next_look(&rule, (uint64_t)rollout_population(counts),
                                (uint64_t)counts->looked_at);
}

/* --- Whom a phase is about --- */

/* One page of devices, and how many of them are new in the phase. */
struct page {
    struct slw_heap_buffer after; /* the last device of the page */
    int64_t rows, found;
};

static bool is_new_in(const struct rollout *rollout, const struct rollout_group *group,
                      size_t phase, const struct slw_rows *rows)
{
    struct depot_device_view device = {
        .product = slw_heap_bytes(&rollout->product),
        .id = slw_rows_bytes(rows, 0),
        .hardware = slw_rows_bytes(rows, 1),
        .key_class = slw_rows_bytes(rows, 2),
        .channel = slw_rows_bytes(rows, 3),
        .attributes = slw_rows_bytes(rows, 4),
        .tags = slw_rows_bytes(rows, 5),
        .version = slw_rows_int(rows, 6),
    };
    return device.version < rollout->version && rollout_group_has(group, &device) &&
           rollout_phase_of(rollout->id, &rollout->plan, device.id) == phase;
}

static enum slw_status count_page(struct slw_transaction *transaction,
                                  const struct rollout *rollout, const struct rollout_group *group,
                                  size_t phase, struct page *page, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_heap_bytes(&rollout->product)),
                                           slw_sql_text(slw_heap_bytes(&page->after)),
                                           slw_sql_int(PAGE)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id, hardware, class, channel, attributes, tags, version FROM "
                          "devices WHERE product = $1 AND id > $2 AND state = 'enrolled' ORDER BY "
                          "id LIMIT $3",
                          values, 3, &rows, detail));
    page->rows = 0;
    while (slw_rows_next(rows)) {
        page->rows++;
        slw_heap_drop(&page->after);
        slw_heap_append(&page->after, slw_rows_bytes(rows, 0));
        page->found += is_new_in(rollout, group, phase, rows);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status count_devices(struct slw_transaction *transaction,
                                     const struct rollout *rollout, size_t phase,
                                     int64_t *ret_count, struct slw_detail *detail)
{
    struct rollout_group group;
    struct page page = {.rows = PAGE};
    enum slw_status status = rollout_group_read(transaction, slw_heap_bytes(&rollout->product),
                                                slw_heap_bytes(&rollout->group), &group, detail);
    SLW_TRY(status);
    while (status == SLW_OK && page.rows == PAGE) {
        status = count_page(transaction, rollout, &group, phase, &page, detail);
    }
    rollout_group_free(&group);
    slw_heap_drop(&page.after);
    *ret_count = page.found;
    return status;
}

/* --- From phase to phase --- */

enum slw_status rollout_begin_phase(struct slw_transaction *transaction, struct rollout *rollout,
                                    size_t phase, int64_t now_us, struct slw_detail *detail)
{
    int64_t population = 0;
    SLW_TRY(count_devices(transaction, rollout, phase, &population, detail));
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id), slw_sql_int((int64_t)phase),
                                           slw_sql_int(population), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_phases SET population = $3, began_us = $4 WHERE rollout = "
                        "$1 AND phase = $2",
                        values, 4, NULL, detail));
    rollout->phase = (int64_t)phase;
    rollout->phases[phase].population = population;
    rollout->phases[phase].began_us = now_us;
    return SLW_OK;
}

enum slw_status rollout_begin_anew(struct slw_transaction *transaction, struct rollout *rollout,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(rollout->id);
    rollout->needs_decision = false;
    return slw_sql_run(transaction,
                       "UPDATE rollout_phases SET base_outcomes = succeeded + failed + silent, "
                       "base_failures = failed + silent, looked_at = 0 WHERE rollout = $1 AND "
                       "began_us IS NOT NULL",
                       &value, 1, NULL, detail);
}

enum slw_status rollout_pass(struct slw_transaction *transaction, struct rollout *rollout,
                             const char *who, int64_t now_us, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id), slw_sql_int(rollout->phase),
                                           slw_sql_int(now_us),
                                           slw_sql_text(slw_bytes_make(who, strlen(who)))};
    rollout->phases[rollout->phase].passed_us = now_us;
    rollout->needs_decision = false;
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_phases SET passed_us = $3, passed_by = $4 WHERE rollout = "
                        "$1 AND phase = $2 AND passed_us IS NULL",
                        values, 4, NULL, detail));
    char reason[96];
    (void)snprintf(reason, sizeof reason, "phase %lld has passed", (long long)rollout->phase + 1);
    return rollout_enter(transaction, rollout, ROLLOUT_RUNNING, who, reason, now_us, detail);
}
