/* SPDX-License-Identifier: Apache-2.0 */
/* Whether one gate holds, and if not, why, in words for people. See part.h. */
#include "part.h"

#include "slipway/text.h"

#include <stdio.h>

#define US INT64_C(1000000)

static enum slw_status number_of(struct gate_look *look, const char *sql,
                                 const struct slw_sql_value *values, size_t count,
                                 int64_t *ret_number, struct slw_detail *detail)
{
    return slw_sql_number(look->transaction, sql, values, count, ret_number, detail);
}

static bool is_listed(const struct slw_json_document *json, uint32_t list, struct slw_bytes name)
{
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    if (list == SLW_JSON_NONE) {
        return true;
    }
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_bytes_equal(slw_json_string(json, element), name)) {
            return true;
        }
    }
    return false;
}

/* The part of a caller's name that says who: "lab#3" is lab. */
static struct slw_bytes person_of(struct slw_bytes name)
{
    const uint8_t *hash = name.len == 0 ? NULL : memchr(name.ptr, '#', name.len);
    return hash == NULL ? name : slw_bytes_make(name.ptr, (size_t)(hash - name.ptr));
}

/* "the newest result of that suite about this build is PASSED (WARNED counts with "warned": true)"
 */
static enum slw_status look_at_test(struct gate_look *look, uint32_t gate, bool *ret_holds,
                                    struct slw_detail *detail)
{
    const struct slw_json_document *json = &look->qualification->json;
    struct slw_bytes suite = slw_json_string(json, pipeline_member(json, gate, "test"));
    uint32_t machines = pipeline_member(json, gate, "machines");
    bool warned = slw_json_kind(json, pipeline_member(json, gate, "warned")) == SLW_JSON_TRUE;
    const struct slw_sql_value values[] = {slw_sql_text(look->qualification->build),
                                           slw_sql_text(suite)};
    struct slw_rows *rows = NULL;
    bool found = false;
    SLW_TRY(slw_sql_query(look->transaction,
                          "SELECT outcome, made_by FROM artifacts WHERE build = $1 AND kind = "
                          "'test-result' AND suite = $2 ORDER BY id DESC",
                          values, 2, &rows, detail));
    while (!found && slw_rows_next(rows)) {
        struct slw_bytes outcome = slw_rows_bytes(rows, 0);
        if (!is_listed(json, machines, person_of(slw_rows_bytes(rows, 1)))) {
            continue;
        }
        found = true;
        *ret_holds = slw_bytes_equal(outcome, SLW_BYTES_OF("PASSED")) ||
                     (warned && slw_bytes_equal(outcome, SLW_BYTES_OF("WARNED")));
        slw_heap_printf(&look->why, "the last result is ");
        slw_heap_append(&look->why, outcome);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (!found) {
        slw_heap_append_text(&look->why, "there is no result yet");
    }
    return SLW_OK;
}

static enum slw_status look_at_endorsed(struct gate_look *look, bool *ret_holds,
                                        struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(look->qualification->build);
    int64_t count = 0;
    SLW_TRY(number_of(look,
                      "SELECT COUNT(*) FROM artifacts WHERE build = $1 AND kind = 'endorsement'",
                      &value, 1, &count, detail));
    *ret_holds = count > 0;
    slw_heap_append_text(&look->why, "nobody has said where it comes from");
    return SLW_OK;
}

static enum slw_status look_at_soak(struct gate_look *look, int64_t soak_s, bool *ret_holds,
                                    struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(look->qualification->build),
                                           slw_sql_int(look->former)};
    int64_t since_us = look->qualification->began_us;
    char time[DEPOT_TIME_SIZE];
    if (look->former > 0) {
        SLW_TRY(number_of(look,
                          "SELECT entered_us FROM stage_entries WHERE build = $1 AND stage = $2",
                          values, 2, &since_us, detail));
    }
    *ret_holds = look->now_us - since_us >= soak_s * US;
    slw_heap_printf(&look->why, "until %s", depot_time_format(since_us + soak_s * US, time));
    return SLW_OK;
}

/* "of the devices that run this build in the former stage's channel, at least N, P percent are
 * healthy" */
static enum slw_status look_at_health(struct gate_look *look, uint32_t gate, bool *ret_holds,
                                      struct slw_detail *detail)
{
    const struct slw_json_document *json = &look->qualification->json;
    uint32_t healthy = pipeline_member(json, gate, "healthy");
    uint32_t former = pipeline_stage(json, look->former);
    int64_t percent = 100;
    int64_t devices = 1;
    int64_t all = 0;
    int64_t good = 0;
    struct slw_rows *rows = NULL;
    bool is_right = slw_json_integer(json, pipeline_member(json, healthy, "percent"), &percent) &&
                    slw_json_integer(json, pipeline_member(json, healthy, "devices"), &devices);
    const struct slw_sql_value values[] = {
        slw_sql_text(look->qualification->product), slw_sql_text(look->qualification->build),
        slw_sql_text(slw_json_string(json, pipeline_member(json, former, "channel")))};
    SLW_TRY(slw_sql_query(
        look->transaction,
        "SELECT COUNT(*), CAST(COALESCE(SUM(d.healthy), 0) AS BIGINT) FROM devices d WHERE "
        "d.product = $1 AND d.channel = $3 AND d.state = 'enrolled' AND d.version IN (SELECT "
        "r.version FROM releases r WHERE r.product = $1 AND r.build = $2 AND r.channel = $3)",
        values, 3, &rows, detail));
    if (slw_rows_next(rows)) {
        all = slw_rows_int(rows, 0);
        good = slw_rows_int(rows, 1);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_holds = is_right && all >= devices && good * 100 >= all * percent;
    slw_heap_printf(&look->why, "%lld of %lld devices are healthy", (long long)good,
                    (long long)all);
    return SLW_OK;
}

/* "that many different people with role approver approved this stage here": who still has the role,
 * and is a person. */
static enum slw_status look_at_approvals(struct gate_look *look, uint32_t gate, bool *ret_holds,
                                         struct slw_detail *detail)
{
    const struct slw_json_document *json = &look->qualification->json;
    uint32_t people = pipeline_member(json, gate, "people");
    int64_t wanted = INT64_MAX;
    int64_t count = 0;
    struct slw_rows *rows = NULL;
    const struct slw_sql_value values[] = {
        slw_sql_text(look->qualification->build),
        slw_sql_text(slw_text_bytes(pipeline_stage_names[look->stage - 1])),
        slw_sql_text(look->qualification->product)};
    bool is_right = slw_json_integer(json, pipeline_member(json, gate, "approvals"), &wanted);
    SLW_TRY(slw_sql_query(
        look->transaction,
        "SELECT a.person FROM approvals a JOIN people p ON p.name = a.person WHERE a.build = $1 "
        "AND "
        "a.stage = $2 AND p.is_machine = 0 AND p.disabled_us IS NULL AND EXISTS (SELECT 1 FROM "
        "roles r WHERE r.person = a.person AND (r.product = $3 OR r.product = '*') AND r.role IN "
        "('approver', 'administrator')) ORDER BY a.person",
        values, 3, &rows, detail));
    while (slw_rows_next(rows)) {
        count += is_listed(json, people, slw_rows_bytes(rows, 0)) ? 1 : 0;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_holds = is_right && count >= wanted;
    slw_heap_printf(&look->why, "%lld of %lld approvals", (long long)count, (long long)wanted);
    return SLW_OK;
}

static enum slw_status find_release(struct gate_look *look, struct depot_release_stand *stand,
                                    bool *ret_found, struct slw_detail *detail)
{
    const struct depot_release_wish *wish = &look->seen->wish;
    const struct slw_sql_value values[] = {slw_sql_text(wish->product), slw_sql_text(wish->build),
                                           slw_sql_text(wish->key_name),
                                           slw_sql_text(wish->channel)};
    struct slw_rows *rows = NULL;
    SLW_TRY(
        slw_sql_query(look->transaction,
                      "SELECT version, state, reason FROM releases WHERE product = $1 AND build "
                      "= $2 AND key_name = $3 AND channel = $4 AND state <> 'withdrawn' ORDER "
                      "BY version DESC LIMIT 1",
                      values, 4, &rows, detail));
    *ret_found = slw_rows_next(rows);
    if (*ret_found) {
        struct slw_bytes state = slw_rows_bytes(rows, 1);
        struct slw_bytes reason = slw_rows_bytes(rows, 2);
        stand->version = slw_rows_int(rows, 0);
        (void)snprintf(stand->state, sizeof stand->state, "%.*s",
                       (int)(state.len < 15 ? state.len : 15), (const char *)state.ptr);
        (void)snprintf(stand->reason, sizeof stand->reason, "%.*s",
                       (int)(reason.len < 500 ? reason.len : 500), (const char *)reason.ptr);
    }
    return slw_rows_close(rows, detail);
}

static void make_wish(struct gate_look *look, struct slw_bytes key)
{
    const struct qualification *qualification = look->qualification;
    const struct slw_json_document *json = &qualification->json;
    uint32_t stage = pipeline_stage(json, look->stage);
    look->seen->wish = (struct depot_release_wish){
        .product = qualification->product,
        .build = qualification->build,
        .stage = slw_text_bytes(pipeline_stage_names[look->stage - 1]),
        .channel = slw_json_string(json, pipeline_member(json, stage, "channel")),
        .key_name = key,
        .kind = slw_text_bytes(qualification->kind),
        .changes = slw_heap_bytes(&qualification->changes),
        .key_class = look->stage == (int64_t)PIPELINE_STAGES ? "prod" : "test",
        .who = "depot",
    };
}

/* What a release of this state waits for as long as nobody gave a reason. */
static const char *waits_for(const char *state)
{
    if (strcmp(state, "prepared") == 0) {
        return "its bundle is being written";
    }
    return strcmp(state, "refused") == 0 ? "the signing service gave no reason"
                                         : "the signing service was asked";
}

enum slw_status pipeline_signed_holds(struct gate_look *look, struct slw_bytes key, bool *ret_holds,
                                      struct slw_detail *detail)
{
    struct depot_release_stand stand = {.version = 0};
    struct gates_seen *seen = look->seen;
    bool found = false;
    if (seen->wants) {
        slw_heap_append_text(&look->why, "asked for after the one before");
        return SLW_OK; /* one at a time */
    }
    make_wish(look, key);
    SLW_TRY(find_release(look, &stand, &found, detail));
    if (!found) {
        seen->wants = look->may_want;
        slw_heap_append_text(&look->why, look->may_want ? "is being asked for"
                                                        : "asked for once the gates before hold");
        return SLW_OK;
    }
    uint32_t stage = pipeline_stage(&look->qualification->json, look->stage);
    uint32_t own = pipeline_member(&look->qualification->json, stage, "key");
    if (slw_bytes_equal(slw_json_string(&look->qualification->json, own), key)) {
        seen->version = stand.version;
    }
    *ret_holds = strcmp(stand.state, "signed") == 0 || strcmp(stand.state, "publishing") == 0 ||
                 strcmp(stand.state, "published") == 0;
    slw_heap_printf(&look->why, "release %lld is %s: %s", (long long)stand.version, stand.state,
                    stand.reason[0] == '\0' ? waits_for(stand.state) : stand.reason);
    if (strcmp(stand.state, "refused") == 0) {
        seen->is_refused = true;
        slw_heap_drop(&seen->reason);
        slw_heap_append(&seen->reason, slw_heap_bytes(&look->why));
    }
    return SLW_OK;
}

enum slw_status pipeline_gate_holds(struct gate_look *look, uint32_t gate, bool *ret_holds,
                                    struct slw_detail *detail)
{
    const struct slw_json_document *json = &look->qualification->json;
    int64_t soak_s = 0;
    uint32_t key = pipeline_member(json, gate, "signed");
    *ret_holds = false;
    if (pipeline_member(json, gate, "test") != SLW_JSON_NONE) {
        return look_at_test(look, gate, ret_holds, detail);
    }
    if (pipeline_member(json, gate, "endorsed") != SLW_JSON_NONE) {
        return look_at_endorsed(look, ret_holds, detail);
    }
    if (slw_json_integer(json, pipeline_member(json, gate, "soak_s"), &soak_s)) {
        return look_at_soak(look, soak_s, ret_holds, detail);
    }
    if (pipeline_member(json, gate, "healthy") != SLW_JSON_NONE) {
        return look_at_health(look, gate, ret_holds, detail);
    }
    if (pipeline_member(json, gate, "approvals") != SLW_JSON_NONE) {
        return look_at_approvals(look, gate, ret_holds, detail);
    }
    if (key != SLW_JSON_NONE) {
        return pipeline_signed_holds(look, slw_json_string(json, key), ret_holds, detail);
    }
    slw_heap_append_text(&look->why, "isn't a gate that this depot knows");
    return SLW_OK;
}
