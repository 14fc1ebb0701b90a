/* SPDX-License-Identifier: Apache-2.0 */
/* Consent: what consumers said on their devices, and what people here say for them (DEPOT.md,
 * section 7). Who agreed to what and when is only ever added to. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define LIST_MAX 200

static struct slw_bytes product_of(const struct depot_call *call)
{
    return slw_http_parameter(call->exchange, 0);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    int64_t before = INT64_MAX;
    char time[DEPOT_TIME_SIZE];
    struct slw_rows *rows = NULL;
    struct slw_json json;
    if (slw_http_query(call->exchange, "before").len > 0 &&
        !slw_http_query_number(call->exchange, "before", 1, INT64_MAX, &before)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "before: not a number");
    }
    const struct slw_sql_value values[] = {slw_sql_text(product_of(call)), slw_sql_int(before),
                                           slw_sql_int(LIST_MAX)};
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT id, device, device_group, release, decision, who, time_us, by_device FROM "
        "consents WHERE product = $1 AND id < $2 ORDER BY id DESC LIMIT $3",
        values, 3, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "consents");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_int(&json, "id", slw_rows_int(rows, 0));
        slw_json_bytes(&json, "device", slw_rows_bytes(rows, 1));
        slw_json_bytes(&json, "group", slw_rows_bytes(rows, 2));
        slw_json_int(&json, "release", slw_rows_int(rows, 3));
        slw_json_bytes(&json, "decision", slw_rows_bytes(rows, 4));
        slw_json_bytes(&json, "who", slw_rows_bytes(rows, 5));
        slw_json_bool(&json, "on_device", slw_rows_int(rows, 7) != 0);
        slw_json_text(&json, "time", depot_time_format(slw_rows_int(rows, 6), time));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void consents_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

struct wanted {
    struct slw_bytes device, group, decision;
    int64_t release;
};

static enum slw_status read_wanted(struct depot_call *call, struct wanted *wanted,
                                   struct slw_detail *detail)
{
    bool has_device =
        slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("device")) != SLW_JSON_NONE;
    bool has_group =
        slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("group")) != SLW_JSON_NONE;
    wanted->device = slw_bytes_make("", 0);
    wanted->group = slw_bytes_make("", 0);
    if (has_device == has_group) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: either device or group");
    }
    SLW_TRY(has_device ? depot_read_text(call, "device", DEPOT_NAME_MAX, &wanted->device, detail)
                       : depot_read_text(call, "group", DEPOT_NAME_MAX, &wanted->group, detail));
    SLW_TRY(depot_read_text(call, "decision", 3, &wanted->decision, detail));
    if (!slw_bytes_equal(wanted->decision, SLW_BYTES_OF("yes")) &&
        !slw_bytes_equal(wanted->decision, SLW_BYTES_OF("no"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: decision must be yes or no");
    }
    return depot_read_number(call, "release", 1, UINT32_MAX, -1, &wanted->release, detail);
}

static enum slw_status check_there(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct wanted *wanted, struct slw_detail *detail)
{
    bool is_device = wanted->device.len > 0;
    int64_t count = 0;
    const struct slw_sql_value values[] = {
        slw_sql_text(product_of(call)), slw_sql_text(is_device ? wanted->device : wanted->group)};
    const struct slw_sql_value release[] = {values[0], slw_sql_int(wanted->release)};
    SLW_TRY(slw_sql_number(transaction,
                           is_device
                               ? "SELECT COUNT(*) FROM devices WHERE product = $1 AND id = $2"
                               : "SELECT COUNT(*) FROM groups WHERE product = $1 AND name = $2",
                           values, 2, &count, detail));
    if (count == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such device or group");
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM releases WHERE product = $1 AND version = $2",
                           release, 2, &count, detail));
    return count > 0 ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such release");
}

static enum slw_status give(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct wanted wanted = {.release = 0};
    char said[64];
    int64_t now_us = 0;
    SLW_TRY(read_wanted(call, &wanted, detail));
    SLW_TRY(check_there(call, transaction, &wanted, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const char *who = call->caller->name;
    const struct slw_sql_value values[] = {slw_sql_text(product_of(call)),
                                           slw_sql_text(wanted.device),
                                           slw_sql_text(wanted.group),
                                           slw_sql_int(wanted.release),
                                           slw_sql_text(wanted.decision),
                                           slw_sql_text(slw_bytes_make(who, strlen(who))),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO consents (product, device, device_group, release, decision, "
                        "by_device, who, time_us) VALUES ($1, $2, $3, $4, $5, 0, $6, $7)",
                        values, 7, NULL, detail));
    (void)snprintf(said, sizeof said, "{\"release\":%lld,\"decision\":\"%.*s\"}",
                   (long long)wanted.release, (int)wanted.decision.len,
                   (const char *)wanted.decision.ptr);
    return depot_audit(transaction, who, "consent.give", product_of(call),
                       wanted.device.len > 0 ? wanted.device : wanted.group, said, detail);
}

void consents_give(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, give, NULL);
}
