/* SPDX-License-Identifier: Apache-2.0 */
/* One device: what it is and runs, slot by slot, which keys ask to be it, and its timeline. */
#include "parts.h"

#include <stdio.h>
#include <string.h>

#define HISTORY_MAX 200

static void put_key(struct slw_json *json, const char *name, struct slw_bytes pem)
{
    struct slw_public_key key;
    struct slw_detail detail;
    if (pem.len > 0 && slw_public_key_parse("key", pem, &key, &detail) == SLW_OK) {
        slw_json_hex(json, name, slw_bytes_make(key.id, sizeof key.id));
    }
}

static enum slw_status put_device(struct slw_transaction *transaction, const struct device_row *row,
                                  int64_t now_us, struct slw_json *json, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction, "SELECT " DEVICE_COLUMNS " FROM devices d WHERE d.product = $1 AND d.id = $2",
        values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        device_put_members(rows, now_us, json);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status put_history(struct slw_transaction *transaction,
                                   const struct device_row *row, int64_t before_us,
                                   struct slw_json *json, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(row->view.product),
                                           slw_sql_text(row->view.id), slw_sql_int(before_us),
                                           slw_sql_int(HISTORY_MAX)};
    char time[DEPOT_TIME_SIZE];
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT time_us, epoch, sequence, kind, release, rollout, data FROM "
                          "device_history WHERE product = $1 AND device = $2 AND time_us < $3 "
                          "ORDER BY epoch DESC, sequence DESC LIMIT $4",
                          values, 4, &rows, detail));
    slw_json_begin_array(json, "history");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "time", depot_time_format(slw_rows_int(rows, 0), time));
        slw_json_int(json, "epoch", slw_rows_int(rows, 1));
        slw_json_int(json, "sequence", slw_rows_int(rows, 2));
        slw_json_bytes(json, "kind", slw_rows_bytes(rows, 3));
        slw_json_int(json, "release", slw_rows_int(rows, 4));
        slw_json_int(json, "rollout", slw_rows_int(rows, 5));
        slw_json_embed(json, "data", slw_rows_bytes(rows, 6));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status show_row(struct depot_call *call, struct slw_transaction *transaction,
                                const struct device_row *row, struct slw_detail *detail)
{
    struct slw_json json;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    SLW_TRY(put_device(transaction, row, now_us, &json, detail));
    slw_json_int(&json, "epoch", row->epoch);
    slw_json_int(&json, "sequence", row->sequence);
    slw_json_int(&json, "utc_offset_s", row->view.utc_offset_s);
    slw_json_bool(&json, "log_wanted", row->log_wanted);
    put_key(&json, "key", row->key_pem);
    put_key(&json, "new_key", row->new_key_pem);
    slw_json_embed(&json, "attributes", row->view.attributes);
    slw_json_embed(&json, "slots", row->slots);
    SLW_TRY(put_history(transaction, row, INT64_MAX, &json, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    SLW_TRY(device_row_read(transaction, slw_http_parameter(call->exchange, 0),
                            slw_http_parameter(call->exchange, 1), &row, detail));
    enum slw_status status = show_row(call, transaction, &row, detail);
    device_row_free(&row);
    return status;
}

void devices_show(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

/* ?before=N: microseconds since 1970, of the last one that is known already. */
static enum slw_status history(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    struct slw_json json;
    int64_t before_us = INT64_MAX;
    if (slw_http_query(call->exchange, "before").len > 0 &&
        !slw_http_query_number(call->exchange, "before", 0, INT64_MAX, &before_us)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "before: not a number");
    }
    SLW_TRY(device_row_read(transaction, slw_http_parameter(call->exchange, 0),
                            slw_http_parameter(call->exchange, 1), &row, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    enum slw_status status = put_history(transaction, &row, before_us, &json, detail);
    slw_json_end_object(&json);
    device_row_free(&row);
    return status;
}

void devices_history(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, history, NULL);
}
