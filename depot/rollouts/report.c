/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices report of rollouts: a row for each device that began, and the counters of its phase,
 * in the transaction that takes the report. Counters move by what a row was and becomes, so that a
 * report which comes twice counts once.
 */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define STATES 6u

/* Of a device in a rollout, with the counter of its phase. */
static const struct {
    const char *name;
    const char *counter;
    bool is_final;
} states[STATES] = {
    {"downloading", "downloading", false}, {"installing", "downloading", false},
    {"succeeded", "succeeded", true},      {"failed", "failed", true},
    {"declined", "declined", true},        {"silent", "silent", false},
};

/* What a report says as a state of the row; the order is that of enum depot_outcome. */
static size_t state_of(enum depot_outcome outcome)
{
    return (size_t)outcome;
}

static size_t state_named(struct slw_bytes name)
{
    size_t state = 0;
    while (state < STATES &&
           !slw_bytes_equal(name, slw_bytes_make(states[state].name, strlen(states[state].name)))) {
        state++;
    }
    return state;
}

struct row {
    size_t state; /* STATES: there is none */
    int64_t phase;
};

/* Names of devices are their product's: another product's device of the same name has no row here,
 * and neither has what is said of another release. */
static enum slw_status read_row(struct slw_transaction *transaction,
                                const struct depot_device_view *device, int64_t rollout,
                                int64_t release, struct row *ret_row, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(rollout), slw_sql_text(device->product),
                                           slw_sql_text(device->id), slw_sql_int(release)};
    struct slw_rows *rows = NULL;
    struct row row = {.state = STATES};
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT d.state, d.phase FROM rollout_devices d JOIN rollouts r ON r.id = d.rollout WHERE "
        "d.rollout = $1 AND d.product = $2 AND r.product = $2 AND d.device = $3 AND r.version = $4",
        values, 4, &rows, detail));
    if (slw_rows_next(rows)) {
        row.state = state_named(slw_rows_bytes(rows, 0));
        row.phase = slw_rows_int(rows, 1);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_row = row;
    return SLW_OK;
}

static enum slw_status move_counter(struct slw_transaction *transaction, int64_t rollout,
                                    int64_t phase, size_t state, int by, struct slw_detail *detail)
{
    char sql[160];
    const char *counter = states[state].counter;
    const struct slw_sql_value values[] = {slw_sql_int(rollout), slw_sql_int(phase),
                                           slw_sql_int(by)};
    (void)snprintf(sql, sizeof sql,
                   "UPDATE rollout_phases SET %s = %s + $3 WHERE rollout = $1 AND phase = $2",
                   counter, counter);
    return slw_sql_run(transaction, sql, values, 3, NULL, detail);
}

/* Whether the rollout has this device in a phase that has begun, and is of this release. */
static enum slw_status find_phase(struct slw_transaction *transaction,
                                  const struct depot_device_view *device, int64_t id,
                                  int64_t release, int64_t *ret_phase, struct slw_detail *detail)
{
    struct rollout rollout;
    struct rollout_group group;
    *ret_phase = -1;
    enum slw_status status = rollout_read(transaction, id, device->product, &rollout, detail);
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    SLW_TRY(status);
    size_t phase = rollout_phase_of(id, &rollout.plan, device->id);
    bool may_be = rollout.version == release && rollout.phases[phase].began_us != 0 &&
                  rollout.state != ROLLOUT_ABORTED;
    if (may_be) {
        status = rollout_group_read(transaction, device->product, slw_heap_bytes(&rollout.group),
                                    &group, detail);
        if (status == SLW_OK) {
            *ret_phase = rollout_group_has(&group, device) ? (int64_t)phase : -1;
            rollout_group_free(&group);
        }
    }
    rollout_free(&rollout);
    return status;
}

static enum slw_status begin(struct slw_transaction *transaction,
                             const struct depot_device_view *device, int64_t rollout,
                             int64_t release, size_t state, const char *reason, int64_t now_us,
                             struct slw_detail *detail)
{
    int64_t phase = -1;
    SLW_TRY(find_phase(transaction, device, rollout, release, &phase, detail));
    if (phase < 0) {
        return SLW_OK;
    }
    const char *name = states[state].name;
    const struct slw_sql_value values[] = {
        slw_sql_int(rollout),
        slw_sql_text(device->product),
        slw_sql_text(device->id),
        slw_sql_int(phase),
        slw_sql_text(slw_bytes_make(name, strlen(name))),
        slw_sql_text(slw_bytes_make(reason, strlen(reason))),
        slw_sql_int(now_us),
        states[state].is_final ? slw_sql_int(now_us) : slw_sql_null(),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO rollout_devices (rollout, product, device, phase, state, "
                        "reason, began_us, ended_us, attempt) VALUES ($1, $2, $3, $4, $5, $6, $7, "
                        "$8, 1)",
                        values, 8, NULL, detail));
    SLW_TRY(move_counter(transaction, rollout, phase, state, 1, detail));
    const struct slw_sql_value counts[] = {values[0], values[3]};
    return slw_sql_run(transaction,
                       "UPDATE rollout_phases SET offered = offered + 1 WHERE rollout = $1 AND "
                       "phase = $2",
                       counts, 2, NULL, detail);
}

static enum slw_status change(struct slw_transaction *transaction,
                              const struct depot_device_view *device, int64_t rollout,
                              const struct row *row, size_t state, const char *reason,
                              int64_t now_us, struct slw_detail *detail)
{
    const char *name = states[state].name;
    const struct slw_sql_value values[] = {
        slw_sql_int(rollout),
        slw_sql_text(device->id),
        slw_sql_text(slw_bytes_make(name, strlen(name))),
        slw_sql_text(slw_bytes_make(reason, strlen(reason))),
        states[state].is_final ? slw_sql_int(now_us) : slw_sql_null(),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollout_devices SET state = $3, reason = $4, ended_us = $5 WHERE "
                        "rollout = $1 AND device = $2",
                        values, 5, NULL, detail));
    SLW_TRY(move_counter(transaction, rollout, row->phase, row->state, -1, detail));
    return move_counter(transaction, rollout, row->phase, state, 1, detail);
}

enum slw_status depot_rollout_report(struct slw_transaction *transaction,
                                     const struct depot_device_view *device, int64_t rollout,
                                     int64_t release, enum depot_outcome outcome,
                                     const char *reason, int64_t now_us, struct slw_detail *detail)
{
    struct row row;
    size_t state = state_of(outcome);
    SLW_TRY(read_row(transaction, device, rollout, release, &row, detail));
    if (row.state == STATES) {
        return begin(transaction, device, rollout, release, state, reason, now_us, detail);
    }
    /* The first final report counts; a device that was given up as silent may still speak. */
    if (states[row.state].is_final || row.state == state) {
        return SLW_OK;
    }
    return change(transaction, device, rollout, &row, state, reason, now_us, detail);
}
