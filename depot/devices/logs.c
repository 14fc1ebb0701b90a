/* SPDX-License-Identifier: Apache-2.0 */
/* Logs of devices: sent because a person asked, kept as text, shown as text and nothing else. */
#include "parts.h"

#include "slipway/fleet_member.h"

#include <string.h>

#define KEPT_OF_DEVICE 20 /* the newest; older ones go when another comes */

struct taking {
    const struct device_row *row;
    struct slw_bytes text;
};

static enum slw_status take(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct taking *taking = context;
    const struct depot_device_view *view = &taking->row->view;
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(view->product), slw_sql_text(view->id),
                                           slw_sql_int(now_us), slw_sql_text(taking->text)};
    /* Only one for each time that somebody asked. */
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE devices SET log_wanted = 0 WHERE product = $1 AND id = $2 AND "
                        "log_wanted = 1",
                        values, 2, &changed, detail));
    if (changed == 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "nobody asked for a log");
    }
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO device_logs (product, device, time_us, text) VALUES ($1, $2, "
                        "$3, $4)",
                        values, 4, NULL, detail));
    const struct slw_sql_value kept[] = {values[0], values[1], slw_sql_int(KEPT_OF_DEVICE)};
    SLW_TRY(slw_sql_run(transaction,
                        "DELETE FROM device_logs WHERE product = $1 AND device = $2 AND id NOT IN "
                        "(SELECT id FROM device_logs WHERE product = $1 AND device = $2 ORDER BY "
                        "id DESC LIMIT $3)",
                        kept, 3, NULL, detail));
    return depot_event(transaction, view->product, "device", view->id, "{\"what\":\"log\"}",
                       detail);
}

static bool is_text(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker) &&
           memchr(text.ptr, 0, text.len) == NULL;
}

void devices_take_log(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    struct device_row row = {.epoch = 0};
    struct taking taking = {&row, slw_http_body(exchange)};
    enum slw_status status = device_row_identify(depot, exchange, &row, &detail);
    if (status == SLW_OK && (taking.text.len == 0 || !is_text(taking.text))) {
        status = slw_explain(&detail, SLW_MALFORMED, "a log is text in UTF-8");
    }
    if (status == SLW_OK) {
        status = slw_database_transact(depot->database, SLW_DATABASE_WRITE, take, &taking, &detail);
    }
    device_row_free(&row);
    if (status == SLW_OK) {
        slw_http_answer_empty(exchange, 204);
    } else {
        slw_http_refuse(exchange, status, &detail);
    }
}

/* --- People's calls --- */

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_parameter(call->exchange, 1))};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id, time_us FROM device_logs WHERE product = $1 AND device = $2 "
                          "ORDER BY id DESC",
                          values, 2, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "logs");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_int(&json, "id", slw_rows_int(rows, 0));
        slw_json_text(&json, "time", depot_time_format(slw_rows_int(rows, 1), time));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void devices_list_logs(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(call->exchange, 2);
    int64_t id = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    for (size_t i = 0; i < text.len && i < 15; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        id = is_digit && id >= 0 ? id * 10 + (text.ptr[i] - '0') : -1;
    }
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_parameter(call->exchange, 1)),
                                           slw_sql_int(text.len < 15 ? id : -1)};
    SLW_TRY(slw_sql_query(
        transaction, "SELECT text FROM device_logs WHERE product = $1 AND device = $2 AND id = $3",
        values, 3, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        slw_json_init(&json, &call->text);
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "text", slw_rows_bytes(rows, 0));
        slw_json_end_object(&json);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such log");
}

void devices_show_log(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}
