/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bytes of bundles and artifacts, for who may see the product: as attachments, and never of a
 * type that a browser would show or run as ours.
 */
#include "part.h"

#include <stdlib.h>

struct sending {
    struct depot *depot;
    struct slw_http_exchange *exchange;
    uint8_t sha256[SLW_SHA256_SIZE];
    char name[DEPOT_DIGEST_SIZE + 16];
    const char *type;
    struct slw_blob blob;
    struct slw_detail detail;
};

static void close_sending(void *context)
{
    struct sending *sending = context;
    slw_blob_close(&sending->blob);
    free(sending);
}

static void send_work(void *context)
{
    struct sending *sending = context;
    char disposition[160];
    enum slw_status status =
        slw_blob_open(sending->depot->blobs, sending->sha256, &sending->blob, &sending->detail);
    if (status != SLW_OK) {
        slw_http_refuse(sending->exchange, status == SLW_NOT_FOUND ? SLW_UNAVAILABLE : status,
                        &sending->detail);
        free(sending);
        return;
    }
    (void)snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", sending->name);
    slw_http_set_header(sending->exchange, "Content-Disposition", disposition);
    slw_http_answer_source(sending->exchange, sending->type, &sending->blob.source, close_sending,
                           sending);
}

/* sql gives blob and kind of what is asked for. */
struct finding {
    const char *sql;
    struct slw_sql_value values[2];
    struct sending *sending;
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct finding *finding = context;
    struct sending *sending = finding->sending;
    struct slw_rows *rows = NULL;
    bool found = false;
    SLW_TRY(slw_sql_query(transaction, finding->sql, finding->values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        struct slw_bytes kind = slw_rows_bytes(rows, 1);
        bool is_log = slw_bytes_equal(kind, SLW_BYTES_OF("log"));
        char digest[DEPOT_DIGEST_SIZE];
        found = depot_digest_parse(slw_rows_bytes(rows, 0), sending->sha256);
        sending->type = is_log ? "text/plain; charset=utf-8" : "application/octet-stream";
        (void)snprintf(sending->name, sizeof sending->name, "%.16s.%.*s",
                       found ? depot_digest_format(sending->sha256, digest) : "",
                       (int)(kind.len < 12 ? kind.len : 12), (const char *)kind.ptr);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such thing here");
}

static void send(struct depot *depot, struct slw_http_exchange *exchange, struct finding *finding)
{
    struct slw_detail detail = {""};
    struct sending *sending = calloc(1, sizeof *sending);
    finding->sending = sending;
    enum slw_status status =
        sending == NULL
            ? slw_explain_no_memory(&detail)
            : slw_database_transact(depot->database, SLW_DATABASE_READ, find, finding, &detail);
    if (status == SLW_OK) {
        sending->depot = depot;
        sending->exchange = exchange;
        status = depot_later(send_work, sending, &detail);
    }
    if (status != SLW_OK) {
        free(sending);
        slw_http_refuse(exchange, status, &detail);
    }
}

void artifacts_get_bundle(void *context, struct slw_http_exchange *exchange)
{
    struct finding finding = {
        .sql = "SELECT bundle, 'bundle' FROM builds WHERE product = $1 AND id = $2 AND removed_us "
               "IS NULL",
        .values = {slw_sql_text(slw_http_parameter(exchange, 0)),
                   slw_sql_text(slw_http_parameter(exchange, 1))}};
    send(depot_of(context), exchange, &finding);
}

void artifacts_get_content(void *context, struct slw_http_exchange *exchange)
{
    struct slw_bytes text = slw_http_parameter(exchange, 1);
    int64_t id = 0;
    for (size_t i = 0; i < text.len && i < 18; i++) {
        bool is_digit = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        id = is_digit && id >= 0 ? id * 10 + (text.ptr[i] - '0') : -1;
    }
    struct finding finding = {.sql =
                                  "SELECT blob, kind FROM artifacts WHERE product = $1 AND id = $2",
                              .values = {slw_sql_text(slw_http_parameter(exchange, 0)),
                                         slw_sql_int(text.len <= 18 ? id : -1)}};
    send(depot_of(context), exchange, &finding);
}
