/* SPDX-License-Identifier: Apache-2.0 */
/* The audit trail as it is shown, searched and exported: GET /api/v1/audit and its like. */
#include "routes.h"

#include "core/trail.h"

#include "slipway/explain.h"

#include <stdio.h>

#define PAGE_MAX 10000
#define PAGE 100

/* `before`, newest first, is for people; `after`, oldest first, for who recomputes the chain. Those
 * of a product are found by their index. */
#define ENTRIES(end, of_product, order)                                                            \
    "SELECT number, time_us, who, action, product, subject, detail, hash FROM audit WHERE "        \
    "number " end " $1 AND " of_product                                                            \
    " AND ($3 = '' OR who = $3) AND ($4 = '' OR action = $4) ORDER BY "                            \
    "number" order " LIMIT $5"
static const char *const newest_first[] = {ENTRIES("<", "$2 = ''", " DESC"),
                                           ENTRIES("<", "product = $2", " DESC")};
static const char *const oldest_first[] = {ENTRIES(">", "$2 = ''", ""),
                                           ENTRIES(">", "product = $2", "")};

static struct depot_trail_entry entry_of(const struct slw_rows *rows)
{
    return (struct depot_trail_entry){
        .number = slw_rows_int(rows, 0),
        .time_us = slw_rows_int(rows, 1),
        .who = slw_rows_bytes(rows, 2),
        .action = slw_rows_bytes(rows, 3),
        .product = slw_rows_bytes(rows, 4),
        .subject = slw_rows_bytes(rows, 5),
        .detail = slw_rows_bytes(rows, 6),
    };
}

static void put_json(struct slw_rows *rows, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "entries");
    while (slw_rows_next(rows)) {
        struct depot_trail_entry entry = entry_of(rows);
        slw_json_begin_object(&json, NULL);
        depot_trail_members(&entry, &json);
        slw_json_hex(&json, "hash", slw_rows_bytes(rows, 7));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
}

static void put_csv(struct slw_rows *rows, struct slw_heap_buffer *text)
{
    char time[DEPOT_TIME_SIZE];
    slw_heap_append_text(text, "number,time,who,action,product,subject,detail,hash\r\n");
    while (slw_rows_next(rows)) {
        slw_heap_printf(text, "%lld,%s,", (long long)slw_rows_int(rows, 0),
                        depot_time_format(slw_rows_int(rows, 1), time));
        for (int column = 2; column < 7; column++) {
            depot_put_cell(text, slw_rows_bytes(rows, column), ",");
        }
        slw_hex(slw_rows_bytes(rows, 7), text);
        slw_heap_append_text(text, "\r\n");
    }
}

struct listing {
    struct slw_bytes product; /* empty: of all */
    bool is_csv;
};

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct listing *listing = call->more;
    const struct slw_http_exchange *exchange = call->exchange;
    struct slw_rows *rows = NULL;
    int64_t limit = PAGE;
    int64_t number = 0;
    bool has_limit = slw_http_query(exchange, "limit").len > 0;
    bool is_after = slw_http_query(exchange, "after").len > 0;
    bool is_before = slw_http_query(exchange, "before").len > 0;
    if ((has_limit && !slw_http_query_number(exchange, "limit", 1, PAGE_MAX, &limit)) ||
        (is_after && !slw_http_query_number(exchange, "after", 0, INT64_C(1) << 53, &number)) ||
        (is_before && !slw_http_query_number(exchange, "before", 0, INT64_C(1) << 53, &number)) ||
        (is_after && is_before)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "after or before is a number of an entry, limit one up to %d", PAGE_MAX);
    }
    struct slw_bytes product = listing->product;
    if (product.len == 0) {
        product = slw_http_query(exchange, "product");
    }
    const struct slw_sql_value values[] = {
        slw_sql_int(is_after || is_before ? number : INT64_MAX), slw_sql_text(product),
        slw_sql_text(slw_http_query(exchange, "who")),
        slw_sql_text(slw_http_query(exchange, "action")), slw_sql_int(limit)};
    const char *const *sql = is_after ? oldest_first : newest_first;
    SLW_TRY(slw_sql_query(transaction, sql[product.len > 0 ? 1 : 0], values, 5, &rows, detail));
    (listing->is_csv ? put_csv : put_json)(rows, &call->text);
    return slw_rows_close(rows, detail);
}

static enum slw_status list_text(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct depot_call *call = context;
    slw_heap_free(&call->text);
    return list(call, transaction, detail);
}

static void answer_csv(struct depot *depot, struct slw_http_exchange *exchange,
                       struct listing *listing)
{
    struct slw_detail detail = {""};
    struct depot_call call = {.depot = depot, .exchange = exchange, .more = listing};
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, list_text, &call, &detail);
    if (status == SLW_OK) {
        status = call.text.status;
    }
    if (status != SLW_OK) {
        slw_heap_free(&call.text);
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    slw_http_set_header(exchange, "Content-Disposition", "attachment; filename=\"audit.csv\"");
    slw_http_answer_bytes(exchange, 200, "text/csv; charset=utf-8", &call.text);
}

static void answer_list(struct depot *depot, struct slw_http_exchange *exchange,
                        struct slw_bytes product)
{
    struct slw_bytes format = slw_http_query(exchange, "format");
    struct listing listing = {product, slw_bytes_equal(format, SLW_BYTES_OF("csv"))};
    if (format.len > 0 && !listing.is_csv && !slw_bytes_equal(format, SLW_BYTES_OF("json"))) {
        slw_http_refuse_as(exchange, 400, SLW_BAD_ARGUMENT, "format is json or csv");
    } else if (listing.is_csv) {
        answer_csv(depot, exchange, &listing);
    } else {
        depot_serve(depot, exchange, SLW_DATABASE_READ, false, list, &listing);
    }
}

void people_list_audit(void *context, struct slw_http_exchange *exchange)
{
    answer_list(depot_of(context), exchange, SLW_BYTES_OF(""));
}

void people_list_product_audit(void *context, struct slw_http_exchange *exchange)
{
    answer_list(depot_of(context), exchange, slw_http_parameter(exchange, 0));
}

/* What whoever wants to keep the depot honest writes down elsewhere. */
static enum slw_status prove(struct depot_call *call, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    uint8_t hash[SLW_SHA256_SIZE];
    int64_t number = 0;
    struct slw_json json;
    SLW_TRY(depot_trail_last(transaction, &number, hash, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "number", number);
    slw_json_hex(&json, "hash", slw_bytes_make(hash, sizeof hash));
    slw_json_end_object(&json);
    return SLW_OK;
}

void people_prove_audit(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, prove, NULL);
}
