/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices as people look at them: filtered and by pages, as CSV and JSON to take away, and counted.
 * Filters are parameters of one statement that is put together here; nothing of what was asked is
 * ever part of its text.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

#define PAGE 100
#define PAGE_MAX 1000
#define EXPORT_MAX 20000
#define VALUES_MAX 16u
#define WORD_MAX 256u

/* --- Filters --- */

struct filter {
    struct slw_heap_buffer sql;
    struct slw_sql_value values[VALUES_MAX];
    size_t count;
    char upper[WORD_MAX + 2]; /* of names that begin with something */
};

static void add(struct filter *filter, const char *before, struct slw_sql_value value,
                const char *behind)
{
    if (filter->count < VALUES_MAX) {
        filter->values[filter->count++] = value;
        slw_heap_printf(&filter->sql, "%s$%zu%s", before, filter->count, behind);
    }
}

static enum slw_status add_texts(const struct slw_http_exchange *exchange, struct filter *filter,
                                 struct slw_detail *detail)
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
        if (value.len > WORD_MAX) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too long", texts[i].name);
        }
        if (value.len > 0) {
            add(filter, texts[i].before, slw_sql_text(value), texts[i].behind);
        }
    }
    return SLW_OK;
}

/* Names are of ASCII below "~": those that begin with a word lie between it and the word with that.
 */
static enum slw_status add_prefix(const struct slw_http_exchange *exchange, struct filter *filter,
                                  struct slw_detail *detail)
{
    struct slw_bytes prefix = slw_http_query(exchange, "name");
    if (prefix.len > WORD_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "name: too long");
    }
    if (prefix.len > 0) {
        memcpy(filter->upper, prefix.ptr, prefix.len);
        filter->upper[prefix.len] = '~';
        add(filter, " AND d.id >= ", slw_sql_text(prefix), "");
        add(filter, " AND d.id < ", slw_sql_text(slw_bytes_make(filter->upper, prefix.len + 1)),
            "");
    }
    return SLW_OK;
}

static enum slw_status add_numbers(const struct slw_http_exchange *exchange, struct filter *filter,
                                   int64_t now_us, struct slw_detail *detail)
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
            add(filter, i == 0 ? " AND d.version = " : " AND d.healthy = ", slw_sql_int(number),
                "");
        } else if (i == 2) {
            add(filter,
                number == 1 ? " AND COALESCE(d.seen_us, 0) > " : " AND COALESCE(d.seen_us, 0) <= ",
                slw_sql_int(now_us - DEVICES_ONLINE_US), "");
        } else {
            slw_heap_append_text(&filter->sql, number == 1 ? " AND d.new_key_pem <> ''"
                                                           : " AND d.new_key_pem = ''");
        }
    }
    return SLW_OK;
}

/* Everything but LIMIT. */
static enum slw_status make_filter(const struct slw_http_exchange *exchange, int64_t now_us,
                                   struct filter *filter, struct slw_detail *detail)
{
    slw_heap_append_text(&filter->sql, "SELECT " DEVICE_COLUMNS " FROM devices d WHERE ");
    add(filter, "d.product = ", slw_sql_text(slw_http_parameter(exchange, 0)), "");
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

/* As CSV (RFC 4180), with what a table would take for a formula kept from being one. */
static void put_cell(struct slw_heap_buffer *text, struct slw_bytes cell, bool is_last)
{
    slw_heap_append_text(text, "\"");
    if (cell.len > 0 && memchr("=+-@\t\r", cell.ptr[0], 6) != NULL) {
        slw_heap_append_text(text, "'");
    }
    for (size_t i = 0; i < cell.len; i++) {
        slw_heap_append(text, slw_bytes_make(cell.ptr + i, 1));
        if (cell.ptr[i] == '"') {
            slw_heap_append_text(text, "\"");
        }
    }
    slw_heap_append_text(text, is_last ? "\"\r\n" : "\",");
}

static void put_line(struct slw_heap_buffer *text, const struct slw_rows *rows)
{
    char cell[DEPOT_TIME_SIZE];
    for (int column = 0; column < 13; column++) {
        bool is_number = (column >= 5 && column <= 8 && column != 7) || column == 12;
        bool is_time = column == 9 || column == 10;
        struct slw_bytes value = slw_rows_bytes(rows, column);
        if (is_number) {
            (void)snprintf(cell, sizeof cell, "%lld", (long long)slw_rows_int(rows, column));
            value = slw_text_bytes(cell);
        } else if (is_time) {
            value = slw_rows_is_null(rows, column)
                        ? slw_bytes_make("", 0)
                        : slw_text_bytes(depot_time_format(slw_rows_int(rows, column), cell));
        }
        put_cell(text, value, column == 12);
    }
}

/* --- Lists --- */

struct listing {
    int64_t limit;
    bool is_csv;
};

static enum slw_status put_rows(struct depot_call *call, struct slw_rows *rows, int64_t now_us,
                                struct slw_detail *detail)
{
    const struct listing *listing = call->more;
    struct slw_json json;
    char last[DEPOT_NAME_MAX + 1] = "";
    int64_t count = 0;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "devices");
    while (count < listing->limit && slw_rows_next(rows)) {
        struct slw_bytes id = slw_rows_bytes(rows, 0);
        (void)snprintf(last, sizeof last, "%.*s", (int)id.len, (const char *)id.ptr);
        slw_json_begin_object(&json, NULL);
        device_put_members(rows, now_us, &json);
        slw_json_end_object(&json);
        count++;
    }
    bool is_more = count == listing->limit && slw_rows_next(rows);
    slw_json_end_array(&json);
    if (is_more) {
        slw_json_text(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

static enum slw_status put_csv(struct depot_call *call, struct slw_rows *rows,
                               struct slw_detail *detail)
{
    const struct listing *listing = call->more;
    int64_t count = 0;
    slw_heap_append_text(&call->text, "device,state,class,hardware,channel,version,root_version,"
                                      "boot_state,healthy,seen,reported,tags,pin\r\n");
    while (count++ < listing->limit && slw_rows_next(rows)) {
        put_line(&call->text, rows);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct listing *listing = call->more;
    struct filter filter = {.count = 0};
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    enum slw_status status = make_filter(call->exchange, now_us, &filter, detail);
    if (status == SLW_OK) {
        add(&filter, " ORDER BY d.id LIMIT ", slw_sql_int(listing->limit + 1), "");
        status = filter.sql.status != SLW_OK
                     ? slw_explain_no_memory(detail)
                     : slw_sql_query(transaction, slw_heap_text(&filter.sql), filter.values,
                                     filter.count, &rows, detail);
    }
    slw_heap_free(&filter.sql);
    SLW_TRY(status);
    return listing->is_csv ? put_csv(call, rows, detail) : put_rows(call, rows, now_us, detail);
}

void devices_list(void *context, struct slw_http_exchange *exchange)
{
    struct listing listing = {.limit = PAGE};
    if (slw_http_query(exchange, "limit").len > 0 &&
        !slw_http_query_number(exchange, "limit", 1, PAGE_MAX, &listing.limit)) {
        slw_http_refuse_as(exchange, 400, SLW_BAD_ARGUMENT, "limit: from 1 to 1000");
        return;
    }
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, &listing);
}

struct csv {
    struct depot_call call;
};

static enum slw_status list_csv(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct csv *csv = context;
    slw_heap_free(&csv->call.text); /* of a run that others got in the way of */
    return list(&csv->call, transaction, detail);
}

static void answer_csv(struct depot *depot, struct slw_http_exchange *exchange,
                       struct listing *listing)
{
    struct csv csv = {.call = {.depot = depot, .exchange = exchange, .more = listing}};
    struct slw_detail detail = {""};
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, list_csv, &csv, &detail);
    if (status == SLW_OK) {
        slw_http_answer_bytes(exchange, 200, "text/csv; charset=utf-8", &csv.call.text);
        return;
    }
    slw_heap_free(&csv.call.text);
    slw_http_refuse(exchange, status, &detail);
}

/* ?format=csv or json: at most 20,000 at a time, more with after=. */
void devices_export(void *context, struct slw_http_exchange *exchange)
{
    struct slw_bytes format = slw_http_query(exchange, "format");
    struct listing listing = {.limit = EXPORT_MAX,
                              .is_csv = slw_bytes_equal(format, SLW_BYTES_OF("csv"))};
    if (!listing.is_csv && !slw_bytes_equal(format, SLW_BYTES_OF("json"))) {
        slw_http_refuse_as(exchange, 400, SLW_BAD_ARGUMENT, "format: csv or json");
        return;
    }
    slw_http_set_header(exchange, "Content-Disposition",
                        listing.is_csv ? "attachment; filename=\"devices.csv\""
                                       : "attachment; filename=\"devices.json\"");
    if (listing.is_csv) {
        answer_csv(depot_of(context), exchange, &listing);
    } else {
        depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, &listing);
    }
}
