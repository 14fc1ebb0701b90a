/* SPDX-License-Identifier: Apache-2.0 */
/* Making a rollout, and changing one that hasn't begun. */
#include "parts.h"

#include "slipway/time_text.h"

#include <string.h>

#define US INT64_C(1000000)

/* What a body says: {"release","group","plan","emergency"?,"start"?}. */
struct wanted {
    struct slw_bytes group, plan;
    int64_t version, start_us;
    bool is_emergency;
};

static enum slw_status check_members(const struct slw_json_document *body,
                                     struct slw_detail *detail)
{
    static const char *const known[] = {"release", "group", "plan", "emergency", "start"};
    struct slw_bytes name;
    uint32_t value;
    struct slw_json_walk walk = slw_json_walk_begin(body, SLW_JSON_TOP);
    while (slw_json_walk_member(&walk, &name, &value)) {
        size_t i = 0;
        while (i < 5 && !slw_bytes_equal(name, slw_bytes_make(known[i], strlen(known[i])))) {
            i++;
        }
        if (i == 5) {
            return slw_json_refuse(body, value, SLW_BAD_ARGUMENT, "isn't known here", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status read_start(const struct slw_json_document *body, int64_t *ret_start_us,
                                  struct slw_detail *detail)
{
    uint32_t value = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("start"));
    struct slw_bytes text = slw_json_string(body, value);
    char time[40];
    int64_t utc_s = 0;
    *ret_start_us = 0;
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    if (text.len == 0 || text.len >= sizeof time) {
        return slw_json_refuse(body, value, SLW_BAD_ARGUMENT, "must be a time", detail);
    }
    memcpy(time, text.ptr, text.len);
    time[text.len] = '\0';
    if (strchr(time, 'Z') == NULL || slw_time_parse(time, 0, &utc_s) != SLW_OK) {
        return slw_json_refuse(body, value, SLW_BAD_ARGUMENT, "must be a time in UTC", detail);
    }
    *ret_start_us = utc_s * US;
    return SLW_OK;
}

static enum slw_status read_wanted(const struct depot_call *call, struct wanted *wanted,
                                   struct slw_detail *detail)
{
    const struct slw_json_document *body = &call->body;
    struct slw_rollout_plan plan;
    SLW_TRY(check_members(body, detail));
    SLW_TRY(depot_read_number(call, "release", 1, INT64_MAX, -1, &wanted->version, detail));
    SLW_TRY(depot_read_text(call, "group", DEPOT_NAME_MAX, &wanted->group, detail));
    SLW_TRY(read_start(body, &wanted->start_us, detail));
    uint32_t emergency = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("emergency"));
    enum slw_json_kind kind = slw_json_kind(body, emergency);
    if (emergency != SLW_JSON_NONE && kind != SLW_JSON_TRUE && kind != SLW_JSON_FALSE) {
        return slw_json_refuse(body, emergency, SLW_BAD_ARGUMENT, "must be true or false", detail);
    }
    wanted->is_emergency = kind == SLW_JSON_TRUE;
    wanted->plan = slw_json_raw(body, slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("plan")));
    SLW_TRY(slw_rollout_plan_parse(wanted->plan, &plan, detail));
    slw_rollout_plan_free(&plan);
    return SLW_OK;
}

/* The release must be one that was signed for production or test and isn't withdrawn; the group
 * must be there. */
static enum slw_status check_wanted(struct slw_transaction *transaction, struct slw_bytes product,
                                    const struct wanted *wanted, struct slw_detail *detail)
{
    struct rollout_group group;
    int64_t found = 0;
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(wanted->version)};
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM releases WHERE product = $1 AND version = $2 AND "
                           "state <> 'withdrawn' AND kind <> 'drill'",
                           values, 2, &found, detail));
    if (found == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such release");
    }
    SLW_TRY(rollout_group_read(transaction, product, wanted->group, &group, detail));
    rollout_group_free(&group);
    return SLW_OK;
}

/* --- Rows --- */

static enum slw_status write_phases(struct slw_transaction *transaction, int64_t id,
                                    struct slw_bytes text, struct slw_detail *detail)
{
    struct slw_rollout_plan plan;
    struct slw_sql_value values[] = {slw_sql_int(id), slw_sql_int(0)};
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM rollout_phases WHERE rollout = $1", values, 1,
                        NULL, detail));
    SLW_TRY(slw_rollout_plan_parse(text, &plan, detail));
    size_t count = plan.phases_count;
    slw_rollout_plan_free(&plan);
    for (size_t phase = 0; phase < count; phase++) {
        values[1] = slw_sql_int((int64_t)phase);
        SLW_TRY(slw_sql_run(transaction,
                            "INSERT INTO rollout_phases (rollout, phase, population, passed_by, "
                            "base_outcomes, base_failures, looked_at, offered, downloading, "
                            "succeeded, failed, silent, declined) VALUES ($1, $2, 0, '', 0, 0, 0, "
                            "0, 0, 0, 0, 0, 0)",
                            values, 2, NULL, detail));
    }
    return SLW_OK;
}

static enum slw_status answer_with(struct depot_call *call, struct slw_transaction *transaction,
                                   struct rollout *rollout, int64_t now_us,
                                   struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, &call->text);
    return rollout_put(transaction, rollout, now_us, &json, true, detail);
}

static enum slw_status insert(struct depot_call *call, struct slw_transaction *transaction,
                              const struct wanted *wanted, int64_t now_us, int64_t *ret_id,
                              struct slw_detail *detail)
{
    const char *who = call->caller->name;
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_http_parameter(call->exchange, 0)),
        slw_sql_int(wanted->version),
        slw_sql_text(wanted->group),
        slw_sql_int(wanted->is_emergency),
        slw_sql_text(wanted->plan),
        slw_sql_int(now_us),
        wanted->start_us == 0 ? slw_sql_null() : slw_sql_int(wanted->start_us),
        slw_sql_text(slw_bytes_make(who, strlen(who))),
    };
    return slw_sql_number(
        transaction,
        "INSERT INTO rollouts (product, version, device_group, is_emergency, "
        "plan, state, state_us, reason, by_rule, needs_decision, phase, start_us, "
        "made_us, made_by, revision) VALUES ($1, $2, $3, $4, $5, 'draft', $6, '', "
        "0, 0, 0, $7, $6, $8, 1) RETURNING id",
        values, 8, ret_id, detail);
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    struct wanted wanted = {.version = 0};
    struct rollout rollout;
    int64_t now_us = 0;
    int64_t id = 0;
    SLW_TRY(read_wanted(call, &wanted, detail));
    SLW_TRY(check_wanted(transaction, product, &wanted, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(insert(call, transaction, &wanted, now_us, &id, detail));
    SLW_TRY(write_phases(transaction, id, wanted.plan, detail));
    SLW_TRY(rollout_read(transaction, id, product, &rollout, detail));
    enum slw_status status = rollout_enter(transaction, &rollout, ROLLOUT_DRAFT, call->caller->name,
                                           "made", now_us, detail);
    if (status == SLW_OK) {
        status = answer_with(call, transaction, &rollout, now_us, detail);
    }
    rollout_free(&rollout);
    call->http_status = 201;
    return status;
}

void rollouts_make(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, NULL);
}

static enum slw_status replace_row(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct wanted *wanted, struct rollout *rollout,
                                   struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    int64_t now_us = 0;
    int64_t id = rollout->id;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_int(id),
        slw_sql_int(wanted->version),
        slw_sql_text(wanted->group),
        slw_sql_int(wanted->is_emergency),
        slw_sql_text(wanted->plan),
        wanted->start_us == 0 ? slw_sql_null() : slw_sql_int(wanted->start_us),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE rollouts SET version = $2, device_group = $3, is_emergency = $4, "
                        "plan = $5, start_us = $6 WHERE id = $1",
                        values, 6, NULL, detail));
    SLW_TRY(write_phases(transaction, id, wanted->plan, detail));
    rollout_free(rollout);
    *rollout = (struct rollout){.plan.canaries = SLW_JSON_NONE};
    SLW_TRY(rollout_read(transaction, id, product, rollout, detail));
    SLW_TRY(rollout_enter(transaction, rollout, ROLLOUT_DRAFT, call->caller->name, "changed",
                          now_us, detail));
    return answer_with(call, transaction, rollout, now_us, detail);
}

static enum slw_status replace(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    struct wanted wanted = {.version = 0};
    struct rollout rollout;
    int64_t id = 0;
    SLW_TRY(rollout_id_of(call, &id, detail));
    SLW_TRY(read_wanted(call, &wanted, detail));
    SLW_TRY(check_wanted(transaction, product, &wanted, detail));
    SLW_TRY(rollout_read(transaction, id, product, &rollout, detail));
    enum slw_status status =
        rollout.state == ROLLOUT_DRAFT
            ? replace_row(call, transaction, &wanted, &rollout, detail)
            : slw_explain(detail, SLW_WRONG_STATE, "only a draft can be changed; this one is %s",
                          rollout_state_names[rollout.state]);
    rollout_free(&rollout);
    return status;
}

void rollouts_replace(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, replace, NULL);
}
