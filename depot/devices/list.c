/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices as people look at them: filtered and by pages. Filters are parameters of one statement
 * that is put together here; nothing of what was asked is ever part of its text. export.c has them
 * to take away.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

#define PAGE 100
#define PAGE_MAX 1000

/* --- Filters --- */

void device_filter_add(struct device_filter *filter, const char *before, struct slw_sql_value value,
                       const char *behind)
{
    if (filter->count < DEVICE_FILTER_VALUES_MAX) {
        filter->values[filter->count++] = value;
        slw_heap_printf(&filter->sql, "%s$%zu%s", before, filter->count, behind);
    }
}

static enum slw_status add_texts(const struct slw_http_exchange *exchange,
                                 struct device_filter *filter, struct slw_detail *detail)
{
    static const struct {
        const char *name, *before, *behind;
    } texts[] = {
        {"state", " AND d.state = ", ""},
        {"class", " AND d.class = ", ""},
        {"hardware", " AND d.hardware = ", ""},
        {"channel", " AND d.channel = ", ""},
        {"boot_state", " AND d.boot_state = ", ""},
        {"tag",
         " AND EXISTS (SELECT 1 FROM device_tags t WHERE t.product = d.product AND t.device = "
         "d.id AND t.tag = ",
         ")"},
        {"after", " AND d.id > ", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_bytes value = slw_http_query(exchange, texts[i].name);
        if (value.len > DEVICE_FILTER_WORD_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too long", texts[i].name);
        }
        if (value.len > 0) {
            device_filter_add(filter, texts[i].before, slw_sql_text(value), texts[i].behind);
        }
    }
    return SLW_OK;
}

/* Names are of ASCII below "~": those that begin with a word lie between it and the word with that.
 */
static enum slw_status add_prefix(const struct slw_http_exchange *exchange,
                                  struct device_filter *filter, struct slw_detail *detail)
{
    struct slw_bytes prefix = slw_http_query(exchange, "name");
    if (prefix.len > DEVICE_FILTER_WORD_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "name: too long");
    }
    if (prefix.len > 0) {
        memcpy(filter->upper, prefix.ptr, prefix.len);
        filter->upper[prefix.len] = '~';
        device_filter_add(filter, " AND d.id >= ", slw_sql_text(prefix), "");
        device_filter_add(filter, " AND d.id < ",
                          slw_sql_text(slw_bytes_make(filter->upper, prefix.len + 1)), "");
    }
    return SLW_OK;
}

static enum slw_status add_numbers(const struct slw_http_exchange *exchange,
                                   struct device_filter *filter, int64_t now_us,
                                   struct slw_detail *detail)
{
    static const char *const names[] = {"version", "healthy", "online", "replacement"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int64_t number = 0;
        if (slw_http_query(exchange, names[i]).len == 0) {
            continue;
        }
        if (!slw_http_query_number(exchange, names[i], 0, i == 0 ? UINT32_MAX : 1, &number)) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a number that may stand here",
                               names[i]);
        }
        if (i < 2) {
            device_filter_add(filter, i == 0 ? " AND d.version = " : " AND d.healthy = ",
                              slw_sql_int(number), "");
        } else if (i == 2) {
            device_filter_add(filter,
                              number == 1 ? " AND COALESCE(d.seen_us, 0) > "
                                          : " AND COALESCE(d.seen_us, 0) <= ",
                              slw_sql_int(now_us - DEVICES_ONLINE_US), "");
        } else {
            slw_heap_append_text(&filter->sql, number == 1 ? " AND d.new_key_pem <> ''"
                                                           : " AND d.new_key_pem = ''");
        }
    }
    return SLW_OK;
}

enum slw_status device_filter_make(const struct slw_http_exchange *exchange, int64_t now_us,
                                   struct device_filter *filter, struct slw_detail *detail)
{
    slw_heap_append_text(&filter->sql, "SELECT " DEVICE_COLUMNS " FROM devices d WHERE ");
    device_filter_add(filter, "d.product = ", slw_sql_text(slw_http_parameter(exchange, 0)), "");
    SLW_TRY(add_texts(exchange, filter, detail));
    SLW_TRY(add_prefix(exchange, filter, detail));
    SLW_TRY(add_numbers(exchange, filter, now_us, detail));
    return SLW_OK;
}

/* --- As JSON --- */

void device_put_members(const struct slw_rows *rows, int64_t now_us, struct slw_json *json)
{
    slw_json_bytes(json, "device", slw_rows_bytes(rows, 0));
    slw_json_bytes(json, "state", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "class", slw_rows_bytes(rows, 2));
    slw_json_bytes(json, "hardware", slw_rows_bytes(rows, 3));
    slw_json_bytes(json, "channel", slw_rows_bytes(rows, 4));
    slw_json_int(json, "version", slw_rows_int(rows, 5));
    slw_json_int(json, "root_version", slw_rows_int(rows, 6));
    slw_json_bytes(json, "boot_state", slw_rows_bytes(rows, 7));
    slw_json_bool(json, "healthy", slw_rows_int(rows, 8) != 0);
    slw_json_bool(json, "online", slw_rows_int(rows, 9) > now_us - DEVICES_ONLINE_US);
    depot_put_time(json, "seen", rows, 9);
    depot_put_time(json, "reported", rows, 10);
    slw_json_embed(json, "tags", slw_rows_bytes(rows, 11));
    slw_json_int(json, "pin", slw_rows_int(rows, 12));
    slw_json_bool(json, "replacement", slw_rows_int(rows, 13) != 0);
    depot_put_time(json, "enrolled", rows, 14);
    depot_put_time(json, "made", rows, 15);
}

/* --- Lists --- */

static enum slw_status put_rows(struct depot_call *call, struct slw_rows *rows, int64_t now_us,
                                struct slw_detail *detail)
{
    const int64_t *limit = call->more;
    struct slw_json json;
    char last[DEPOT_NAME_MAX + 1] = "";
    int64_t count = 0;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "devices");
    while (count < *limit && slw_rows_next(rows)) {
        struct slw_bytes id = slw_rows_bytes(rows, 0);
        (void)snprintf(last, sizeof last, "%.*s", (int)id.len, (const char *)id.ptr);
        slw_json_begin_object(&json, NULL);
        device_put_members(rows, now_us, &json);
        slw_json_end_object(&json);
        count++;
    }
    bool is_more = count == *limit && slw_rows_next(rows);
    slw_json_end_array(&json);
    if (is_more) {
        slw_json_text(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const int64_t *limit = call->more;
    struct device_filter filter = {.count = 0};
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    enum slw_status status = device_filter_make(call->exchange, now_us, &filter, detail);
    if (status == SLW_OK) {
        device_filter_add(&filter, " ORDER BY d.id LIMIT ", slw_sql_int(*limit + 1), "");
        status = filter.sql.status != SLW_OK
                     ? slw_explain_no_memory(detail)
                     : slw_sql_query(transaction, slw_heap_text(&filter.sql), filter.values,
                                     filter.count, &rows, detail);
    }
    slw_heap_free(&filter.sql);
    SLW_TRY(status);
    return put_rows(call, rows, now_us, detail);
}

void devices_list(void *context, struct slw_http_exchange *exchange)
{
    int64_t limit = PAGE;
    if (slw_http_query(exchange, "limit").len > 0 &&
        !slw_http_query_number(exchange, "limit", 1, PAGE_MAX, &limit)) {
        slw_http_refuse_as(exchange, 400, SLW_BAD_ARGUMENT, "limit: from 1 to 1000");
        return;
    }
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, &limit);
}
