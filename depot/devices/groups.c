/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups: which devices a rollout is for, when those may be updated, and who is asked (DEPOT.md,
 * sections 6 and 7). A group is its query: it has no list of members.
 */
#include "parts.h"

#include "slipway/rollout_plan.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 500

struct wanted {
    struct slw_bytes query, consent, windows;
};

static enum slw_status check_members(const struct slw_json_document *body,
                                     struct slw_detail *detail)
{
    struct slw_bytes name;
    uint32_t value;
    struct slw_json_walk walk = slw_json_walk_begin(body, SLW_JSON_TOP);
    while (slw_json_walk_member(&walk, &name, &value)) {
        if (!slw_bytes_equal(name, SLW_BYTES_OF("query")) &&
            !slw_bytes_equal(name, SLW_BYTES_OF("consent")) &&
            !slw_bytes_equal(name, SLW_BYTES_OF("windows"))) {
            return slw_json_refuse(body, value, SLW_BAD_ARGUMENT, "isn't known here", detail);
        }
    }
    return SLW_OK;
}

static bool is_consent(struct slw_bytes word)
{
    return slw_bytes_equal(word, SLW_BYTES_OF("ask")) ||
           slw_bytes_equal(word, SLW_BYTES_OF("administrator")) ||
           slw_bytes_equal(word, SLW_BYTES_OF("automatic"));
}

static enum slw_status read_wanted(const struct depot_call *call, struct wanted *wanted,
                                   struct slw_detail *detail)
{
    const struct slw_json_document *body = &call->body;
    struct slw_group group;
    struct slw_windows windows;
    uint32_t value = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("windows"));
    SLW_TRY(check_members(body, detail));
    wanted->query = slw_json_raw(body, slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("query")));
    SLW_TRY(slw_group_parse(wanted->query, &group, detail));
    slw_group_free(&group);
    SLW_TRY(depot_read_text(call, "consent", 16, &wanted->consent, detail));
    if (!is_consent(wanted->consent)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: consent must be ask, administrator or automatic");
    }
    wanted->windows = value == SLW_JSON_NONE ? SLW_BYTES_OF("[]") : slw_json_raw(body, value);
    return slw_windows_parse(wanted->windows, &windows, detail);
}

static void put_group(struct slw_json *json, const struct slw_rows *rows)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, NULL);
    slw_json_bytes(json, "name", slw_rows_bytes(rows, 0));
    slw_json_embed(json, "query", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "consent", slw_rows_bytes(rows, 2));
    slw_json_embed(json, "windows", slw_rows_bytes(rows, 3));
    slw_json_text(json, "made", depot_time_format(slw_rows_int(rows, 4), time));
    slw_json_end_object(json);
}

static enum slw_status show_group(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_parameter(call->exchange, 1))};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT name, query, consent, windows, made_us FROM groups WHERE product "
                          "= $1 AND name = $2",
                          values, 2, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        slw_json_init(&json, &call->text);
        put_group(&json, rows);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such group");
}

static enum slw_status audit(struct depot_call *call, struct slw_transaction *transaction,
                             const char *action, const char *detail_json, struct slw_detail *detail)
{
    return depot_audit(transaction, call->caller->name, action,
                       slw_http_parameter(call->exchange, 0), slw_http_parameter(call->exchange, 1),
                       detail_json, detail);
}

static enum slw_status put(struct depot_call *call, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    struct slw_bytes name = slw_http_parameter(call->exchange, 1);
    struct wanted wanted = {.query = {NULL, 0}};
    char consent[48];
    int64_t now_us = 0;
    if (!depot_is_name(name, "@")) {
        return slw_explain(detail, SLW_BAD_NAME, "that can't be the name of a group");
    }
    SLW_TRY(read_wanted(call, &wanted, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(name),
                                           slw_sql_text(wanted.query),
                                           slw_sql_text(wanted.consent),
                                           slw_sql_text(wanted.windows),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO groups (product, name, query, consent, windows, made_us) "
                        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (product, name) DO UPDATE SET "
                        "query = $3, consent = $4, windows = $5",
                        values, 6, NULL, detail));
    (void)snprintf(consent, sizeof consent, "{\"consent\":\"%.*s\"}", (int)wanted.consent.len,
                   (const char *)wanted.consent.ptr);
    SLW_TRY(audit(call, transaction, "group.set", consent, detail));
    return show_group(call, transaction, detail);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(LIST_MAX)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT name, query, consent, windows, made_us FROM groups WHERE product "
                          "= $1 ORDER BY name LIMIT $2",
                          values, 2, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "groups");
    while (slw_rows_next(rows)) {
        put_group(&json, rows);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

/* One that a rollout is for stays until that is over: its devices' outcomes are counted by it. */
static enum slw_status remove_group(struct depot_call *call, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_parameter(call->exchange, 1))};
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM rollouts WHERE product = $1 AND device_group = $2 "
                           "AND state NOT IN ('done', 'aborted')",
                           values, 2, &count, detail));
    if (count > 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "a rollout is for this group; end it first");
    }
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM groups WHERE product = $1 AND name = $2", values,
                        2, &count, detail));
    return count > 0 ? audit(call, transaction, "group.remove", NULL, detail)
                     : slw_explain(detail, SLW_NOT_FOUND, "there is no such group");
}

void groups_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

void groups_show(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show_group, NULL);
}

void groups_put(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, put, NULL);
}

void groups_remove(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, remove_group, NULL);
}
