/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices to take away as CSV or JSON, however many: a page at a time is read, each in a
 * transaction of its own, while the former one is sent, so that it takes no more memory for
 * millions than for one. When the database goes away in the middle, the connection breaks off. See
 * list.c for filters.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1000

struct export
{
    struct depot *depot;
    struct device_filter filter; /* all devices behind a name, so many of them */
    char values[DEVICE_FILTER_VALUES_MAX][DEVICE_FILTER_WORD_MAX + 2]; /* what it points into */
    int64_t now_us;
    char last[DEPOT_NAME_MAX + 1]; /* of the former pages; "": there was none */
    bool is_csv;
    bool is_over;
    /* Of the page that is read. */
    int64_t count;
    char behind[DEPOT_NAME_MAX + 1];
    struct slw_heap_buffer text;
    size_t sent;
};

/* --- As text --- */

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
        depot_put_cell(text, value, column == 12 ? "\r\n" : ",");
    }
}

static void begin(struct export *export, struct slw_json *json)
{
    if (export->is_csv) {
        slw_heap_append_text(&export->text, "device,state,class,hardware,channel,version,"
                                            "root_version,boot_state,healthy,seen,reported,tags,"
                                            "pin\r\n");
    } else {
        slw_json_begin_object(json, NULL);
        slw_json_begin_array(json, "devices");
    }
}

static void put(struct export *export, const struct slw_rows *rows, struct slw_json *json)
{
    if (export->is_csv) {
        put_line(&export->text, rows);
    } else {
        slw_json_begin_object(json, NULL);
        device_put_members(rows, export->now_us, json);
        slw_json_end_object(json);
    }
}

/* --- Pages --- */

/* May run again, when others got in the way: only the page changes. */
static enum slw_status read_page(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct export *export = context;
    struct device_filter *filter = &export->filter;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    bool is_first = export->last[0] == '\0';
    slw_heap_free(&export->text);
    slw_json_init(&json, &export->text);
    json.needs_comma = !is_first;
    export->count = 0;
    filter->values[filter->count - 2] = slw_sql_text(slw_text_bytes(export->last));
    SLW_TRY(slw_sql_query(transaction, slw_heap_text(&filter->sql), filter->values, filter->count,
                          &rows, detail));
    if (is_first) {
        begin(export, &json);
    }
    while (export->count < PAGE && slw_rows_next(rows)) {
        slw_text_copy(slw_rows_bytes(rows, 0), sizeof export->behind, export->behind);
        put(export, rows, &json);
        export->count++;
    }
    if (export->count < PAGE && !export->is_csv) {
        slw_json_end_array(&json);
        slw_json_end_object(&json);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return export->text.status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

static enum slw_status next_page(struct export *export, struct slw_detail *detail)
{
    SLW_TRY(slw_database_transact(export->depot->database, SLW_DATABASE_READ, read_page, export,
                                  detail));
    export->is_over = export->count < PAGE;
    export->sent = 0;
    memcpy(export->last, export->behind, sizeof export->last);
    return SLW_OK;
}

static enum slw_status flow(void *context, uint8_t *buffer, size_t max, size_t *ret_len)
{
    struct export *export = context;
    struct slw_detail detail = {""};
    if (export->sent == export->text.len && !export->is_over) {
        enum slw_status status = next_page(export, &detail);
        if (status != SLW_OK) {
            depot_log("warning", "devices", "an export broke off: %s", detail.text);
            return status;
        }
    }
    size_t left = export->text.len - export->sent;
    *ret_len = left < max ? left : max;
    if (*ret_len > 0) {
        memcpy(buffer, export->text.ptr + export->sent, *ret_len);
    }
    export->sent += *ret_len;
    return SLW_OK;
}

static void end(void *context)
{
    struct export *export = context;
    slw_heap_drop(&export->filter.sql);
    slw_heap_drop(&export->text);
    free(export);
}

/* --- The call --- */

/* What the filter's values point into goes with the exchange: from here on they are its own. */
static void keep_values(struct export *export)
{
    for (size_t i = 0; i < export->filter.count; i++) {
        struct slw_sql_value *value = &export->filter.values[i];
        if (value->kind == SLW_SQL_TEXT) {
            slw_text_copy(value->bytes, sizeof export->values[i], export->values[i]);
            value->bytes = slw_text_bytes(export->values[i]);
        }
    }
}

static enum slw_status find_now(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct export *export = context;
    return slw_database_now(transaction, &export->now_us, detail);
}

/* The first page, too: whether there is anything to be sent is known before it is promised. */
static enum slw_status start(struct export *export, const struct slw_http_exchange *exchange,
                             struct slw_detail *detail)
{
    struct device_filter *filter = &export->filter;
    SLW_TRY(slw_database_transact(export->depot->database, SLW_DATABASE_READ_ONE, find_now, export,
                                  detail));
    SLW_TRY(device_filter_make(exchange, export->now_us, filter, detail));
    keep_values(export);
    device_filter_add(filter, " AND d.id > ", slw_sql_text(SLW_BYTES_OF("")), "");
    device_filter_add(filter, " ORDER BY d.id LIMIT ", slw_sql_int(PAGE), "");
    return filter->sql.status != SLW_OK ? slw_explain_no_memory(detail) : next_page(export, detail);
}

/* ?format=csv or json, and the filters of the list. */
void devices_export(void *context, struct slw_http_exchange *exchange)
{
    struct slw_bytes format = slw_http_query(exchange, "format");
    bool is_csv = slw_bytes_equal(format, SLW_BYTES_OF("csv"));
    struct slw_detail detail = {""};
    if (!is_csv && !slw_bytes_equal(format, SLW_BYTES_OF("json"))) {
        slw_http_refuse_as(exchange, 400, SLW_BAD_ARGUMENT, "format: csv or json");
        return;
    }
    struct export *export = calloc(1, sizeof *export);
    if (export == NULL) {
        slw_http_refuse_as(exchange, 503, SLW_NO_SPACE, "out of memory");
        return;
    }
    export->depot = depot_of(context);
    export->is_csv = is_csv;
    enum slw_status status = start(export, exchange, &detail);
    if (status != SLW_OK) {
        end(export);
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    slw_http_set_header(exchange, "Content-Disposition",
                        is_csv ? "attachment; filename=\"devices.csv\""
                               : "attachment; filename=\"devices.json\"");
    slw_http_answer_flow(exchange, is_csv ? "text/csv; charset=utf-8" : "application/json", flow,
                         end, export);
}
