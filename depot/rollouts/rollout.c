/* SPDX-License-Identifier: Apache-2.0 */
/* A rollout as the database has it: read whole, and moved from state to state. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

const char *const rollout_state_names[ROLLOUT_STATES] = {
    "draft", "scheduled", "running", "paused", "halted", "done", "aborted",
};

static enum rollout_state state_named(struct slw_bytes name)
{
    for (enum rollout_state state = ROLLOUT_DRAFT; state < ROLLOUT_STATES; state++) {
        const char *word = rollout_state_names[state];
        if (slw_bytes_equal(name, slw_bytes_make(word, strlen(word)))) {
            return state;
        }
    }
    return ROLLOUT_ABORTED;
}

static enum slw_status read_row(const struct slw_rows *rows, struct rollout *rollout,
                                struct slw_detail *detail)
{
    slw_heap_append(&rollout->product, slw_rows_bytes(rows, 0));
    slw_heap_append(&rollout->group, slw_rows_bytes(rows, 2));
    if (rollout->product.status != SLW_OK || rollout->group.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    rollout->version = slw_rows_int(rows, 1);
    rollout->is_emergency = slw_rows_int(rows, 3) != 0;
    rollout->state = state_named(slw_rows_bytes(rows, 5));
    rollout->state_us = slw_rows_int(rows, 6);
    rollout->by_rule = slw_rows_int(rows, 7) != 0;
    rollout->needs_decision = slw_rows_int(rows, 8) != 0;
    rollout->phase = slw_rows_int(rows, 9);
    rollout->start_us = slw_rows_int(rows, 10);
    rollout->revision = slw_rows_int(rows, 11);
    SLW_TRY(slw_rollout_plan_parse(slw_rows_bytes(rows, 4), &rollout->plan, detail));
    return rollout->phase >= 0 && (size_t)rollout->phase < rollout->plan.phases_count
               ? SLW_OK
               : slw_explain(detail, SLW_STORED_STATE,
                             "a rollout is in a phase that it hasn't got");
}

static enum slw_status read_phases(struct slw_transaction *transaction, struct rollout *rollout,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(rollout->id);
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT phase, population, began_us, passed_us, base_outcomes, base_failures, looked_at, "
        "offered, downloading, succeeded, failed, silent, declined FROM rollout_phases WHERE "
        "rollout = $1",
        &value, 1, &rows, detail));
    while (slw_rows_next(rows)) {
        int64_t phase = slw_rows_int(rows, 0);
        if (phase >= 0 && (size_t)phase < SLW_ROLLOUT_PHASES_MAX) {
            rollout->phases[phase] = (struct rollout_phase){
                slw_rows_int(rows, 1),  slw_rows_int(rows, 2),  slw_rows_int(rows, 3),
                slw_rows_int(rows, 4),  slw_rows_int(rows, 5),  slw_rows_int(rows, 6),
                slw_rows_int(rows, 7),  slw_rows_int(rows, 8),  slw_rows_int(rows, 9),
                slw_rows_int(rows, 10), slw_rows_int(rows, 11), slw_rows_int(rows, 12)};
        }
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status read_into(struct slw_transaction *transaction, struct slw_bytes product,
                                 struct rollout *rollout, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(rollout->id), slw_sql_text(product)};
    struct slw_rows *rows = NULL;
    enum slw_status status = SLW_NOT_FOUND;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT product, version, device_group, is_emergency, plan, state, "
                          "state_us, by_rule, needs_decision, phase, start_us, revision FROM "
                          "rollouts WHERE id = $1 AND ($2 = '' OR product = $2)",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        status = read_row(rows, rollout, detail);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (status == SLW_NOT_FOUND) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such rollout");
    }
    SLW_TRY(status);
    return read_phases(transaction, rollout, detail);
}

enum slw_status rollout_read(struct slw_transaction *transaction, int64_t id,
                             struct slw_bytes product, struct rollout *ret_rollout,
                             struct slw_detail *detail)
{
    struct rollout rollout = {.id = id, .plan.canaries = SLW_JSON_NONE};
    enum slw_status status = read_into(transaction, product, &rollout, detail);
    if (status != SLW_OK) {
        rollout_free(&rollout);
        return status;
    }
    *ret_rollout = rollout;
    return SLW_OK;
}

void rollout_free(struct rollout *rollout)
{
    slw_heap_free(&rollout->product);
    slw_heap_free(&rollout->group);
    slw_rollout_plan_free(&rollout->plan);
}

static enum slw_status tell(struct slw_transaction *transaction, const struct rollout *rollout,
                            const char *who, const char *reason, struct slw_detail *detail)
{
    char subject[24];
    char action[40];
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    int len = snprintf(subject, sizeof subject, "%lld", (long long)rollout->id);
    const char *state = rollout_state_names[rollout->state];
    (void)snprintf(action, sizeof action, "rollout.%s", state);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", state);
    slw_json_int(&json, "release", rollout->version);
    slw_json_int(&json, "phase", rollout->phase);
    slw_json_text(&json, "reason", reason);
    slw_json_end_object(&json);
    struct slw_bytes product = slw_heap_bytes(&rollout->product);
    struct slw_bytes name = slw_bytes_make(subject, (size_t)len);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = depot_audit(transaction, who, action, product, name, slw_heap_text(&text), detail);
    }
    if (status == SLW_OK) {
        status = depot_event(transaction, product, "rollout", name, slw_heap_text(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

enum slw_status rollout_enter(struct slw_transaction *transaction, struct rollout *rollout,
                              enum rollout_state state, const char *who, const char *reason,
                              int64_t now_us, struct slw_detail *detail)
{
    rollout->state = state;
    rollout->state_us = now_us;
    rollout->by_rule = state == ROLLOUT_HALTED && strcmp(who, "depot") == 0;
    const char *name = rollout_state_names[state];
    const struct slw_sql_value values[] = {
        slw_sql_int(rollout->id),      slw_sql_text(slw_bytes_make(name, strlen(name))),
        slw_sql_int(now_us),           slw_sql_text(slw_bytes_make(reason, strlen(reason))),
        slw_sql_int(rollout->by_rule), slw_sql_int(rollout->needs_decision),
        slw_sql_int(rollout->phase),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollouts SET state = $2, state_us = $3, reason = $4, by_rule = $5, "
                        "needs_decision = $6, phase = $7, revision = revision + 1 WHERE id = $1",
                        values, 7, NULL, detail));
    return tell(transaction, rollout, who, reason, detail);
}
