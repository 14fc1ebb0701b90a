/* SPDX-License-Identifier: Apache-2.0 */
/* Releases, listed, shown, withdrawn; the number that the next one gets. */
#include "part.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_MAX 200
#define REASON_MAX 500u
#define COLUMNS                                                                                    \
    "version, build, stage, channel, key_name, key_class, kind, release_version, urgency, "        \
    "min_installed_version, hardware, notes, changes, state, state_us, reason, request, blob, "    \
    "size, path, role, is_complete, made_us, made_by, published_us, withdrawn_us"

/* Leaves the object open. */
static void put_release(struct slw_json *json, const struct slw_rows *rows)
{
    static const char *const texts[] = {"build",     "stage", "channel",         "key",
                                        "key_class", "kind",  "release_version", "urgency"};
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "version", slw_rows_int(rows, 0));
    for (int i = 0; i < 8; i++) {
        slw_json_bytes(json, texts[i], slw_rows_bytes(rows, 1 + i));
    }
    slw_json_int(json, "min_installed_version", slw_rows_int(rows, 9));
    slw_json_embed(json, "hardware", slw_rows_bytes(rows, 10));
    slw_json_bytes(json, "notes", slw_rows_bytes(rows, 11));
    slw_json_embed(json, "changes", slw_rows_bytes(rows, 12));
    slw_json_bytes(json, "state", slw_rows_bytes(rows, 13));
    depot_put_time(json, "since", rows, 14);
    slw_json_bytes(json, "reason", slw_rows_bytes(rows, 15));
    slw_json_bytes(json, "request", slw_rows_bytes(rows, 16));
    slw_json_bytes(json, "sha256", slw_rows_bytes(rows, 17));
    slw_json_int(json, "size", slw_rows_int(rows, 18));
    slw_json_bytes(json, "path", slw_rows_bytes(rows, 19));
    slw_json_bytes(json, "role", slw_rows_bytes(rows, 20));
    slw_json_bool(json, "complete", slw_rows_int(rows, 21) != 0);
    depot_put_time(json, "made", rows, 22);
    slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 23));
    depot_put_time(json, "published", rows, 24);
    depot_put_time(json, "withdrawn", rows, 25);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    int64_t before = INT64_MAX;
    int64_t limit = 50;
    int64_t last = 0;
    int64_t count = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    if ((slw_http_query(call->exchange, "before").len > 0 &&
         !slw_http_query_number(call->exchange, "before", 1, INT64_MAX, &before)) ||
        (slw_http_query(call->exchange, "limit").len > 0 &&
         !slw_http_query_number(call->exchange, "limit", 1, PAGE_MAX, &limit))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "before is a number from 1, limit one from 1 to %d", PAGE_MAX);
    }
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_http_parameter(call->exchange, 0)), slw_sql_int(before),
        slw_sql_text(slw_http_query(call->exchange, "state")),
        slw_sql_text(slw_http_query(call->exchange, "build")), slw_sql_int(limit)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " COLUMNS
                          " FROM releases WHERE product = $1 AND version < $2 AND "
                          "($3 = '' OR state = $3) AND ($4 = '' OR build = $4) ORDER BY version "
                          "DESC LIMIT $5",
                          values, 5, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "releases");
    for (; slw_rows_next(rows); count++) {
        last = slw_rows_int(rows, 0);
        put_release(&json, rows);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    if (count == limit) {
        slw_json_int(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void releases_list_all(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* --- One --- */

static enum slw_status read_version(struct slw_http_exchange *exchange, int64_t *ret_version,
                                    struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(exchange, 1);
    int64_t version = 0;
    bool good = text.len > 0 && text.len <= 10 && text.ptr[0] != '0';
    for (size_t i = 0; good && i < text.len; i++) {
        good = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        version = version * 10 + (good ? text.ptr[i] - '0' : 0);
    }
    if (!good) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such release");
    }
    *ret_version = version;
    return SLW_OK;
}

/* What devices that can't go straight to it are offered first: see rollouts/offer.c. */
static enum slw_status put_stones(struct slw_transaction *transaction, struct slw_json *json,
                                  const struct slw_sql_value values[static 2],
                                  struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT s.version, s.min_installed_version FROM releases s JOIN releases r ON r.product = "
        "s.product AND r.channel = s.channel AND s.version < r.version AND s.version >= "
        "r.min_installed_version WHERE r.product = $1 AND r.version = $2 AND "
        "r.min_installed_version > 0 AND s.state = 'published' AND s.kind <> 'drill' ORDER BY "
        "s.version DESC LIMIT 100",
        values, 2, &rows, detail));
    slw_json_begin_array(json, "stepping_stones");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_int(json, "version", slw_rows_int(rows, 0));
        slw_json_int(json, "min_installed_version", slw_rows_int(rows, 1));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status show_version(struct depot_call *call, struct slw_transaction *transaction,
                                    int64_t version, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(version)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " COLUMNS " FROM releases WHERE product = $1 AND version = $2",
                          values, 2, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        slw_json_init(&json, &call->text);
        put_release(&json, rows);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (!found) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such release");
    }
    SLW_TRY(put_stones(transaction, &json, values, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    int64_t version = 0;
    SLW_TRY(read_version(call->exchange, &version, detail));
    return show_version(call, transaction, version, detail);
}

void releases_show(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

static enum slw_status withdraw(struct depot_call *call, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct slw_bytes reason;
    int64_t version = 0;
    SLW_TRY(read_version(call->exchange, &version, detail));
    SLW_TRY(depot_read_text(call, "reason", REASON_MAX, &reason, detail));
    if (reason.len == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: reason is empty");
    }
    SLW_TRY(depot_release_withdraw(transaction, slw_http_parameter(call->exchange, 0), version,
                                   call->caller->name, reason, detail));
    return show_version(call, transaction, version, detail);
}

void releases_withdraw(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, withdraw, NULL);
}

/* --- Numbers --- */

/* For a product that had releases before it came to this depot. Only ever rises. */
static enum slw_status set_number(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    int64_t next = 0;
    int64_t now = 0;
    char text[64];
    struct slw_json json;
    SLW_TRY(depot_read_number(call, "next", 1, UINT32_MAX, -1, &next, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(next)};
    SLW_TRY(slw_sql_number(transaction,
                           "INSERT INTO release_numbers (product, next) VALUES ($1, $2) ON "
                           "CONFLICT (product) DO UPDATE SET next = CASE WHEN release_numbers.next "
                           "> $2 THEN release_numbers.next ELSE $2 END RETURNING next",
                           values, 2, &now, detail));
    if (now != next) {
        return slw_explain(detail, SLW_ROLLBACK, "the next number is %lld already", (long long)now);
    }
    (void)snprintf(text, sizeof text, "{\"next\":%lld}", (long long)next);
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "next", next);
    slw_json_end_object(&json);
    return depot_audit(transaction, call->caller->name, "release.number", product, product, text,
                       detail);
}

void releases_set_number(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, set_number, NULL);
}

/* --- Its bundle --- */

struct sending {
    struct slw_blob blob;
    struct slw_detail detail;
    char name[160];
};

static void close_sending(void *context)
{
    struct sending *sending = context;
    slw_blob_close(&sending->blob);
    free(sending);
}

struct finding {
    struct slw_bytes product;
    int64_t version;
    uint8_t sha256[SLW_SHA256_SIZE];
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct finding *finding = context;
    const struct slw_sql_value values[] = {slw_sql_text(finding->product),
                                           slw_sql_int(finding->version)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT blob FROM releases WHERE product = $1 AND version = $2", values,
                          2, &rows, detail));
    bool found =
        slw_rows_next(rows) && depot_digest_parse(slw_rows_bytes(rows, 0), finding->sha256);
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK
                 : slw_explain(detail, SLW_NOT_FOUND, "there is no signed bundle of that number");
}

static enum slw_status open_bundle(struct depot *depot, struct slw_http_exchange *exchange,
                                   struct sending *sending, struct slw_detail *detail)
{
    struct finding finding = {.product = slw_http_parameter(exchange, 0)};
    SLW_TRY(read_version(exchange, &finding.version, detail));
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, find, &finding, detail));
    (void)snprintf(sending->name, sizeof sending->name, "attachment; filename=\"%.*s-%lld.bundle\"",
                   (int)finding.product.len, (const char *)finding.product.ptr,
                   (long long)finding.version);
    return slw_blob_open(depot->blobs, finding.sha256, &sending->blob, &sending->detail);
}

void releases_get_bundle(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct sending *sending = calloc(1, sizeof *sending);
    enum slw_status status = sending == NULL
                                 ? slw_explain_no_memory(&detail)
                                 : open_bundle(depot_of(context), exchange, sending, &detail);
    if (status != SLW_OK) {
        free(sending);
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    slw_http_set_header(exchange, "Content-Disposition", sending->name);
    slw_http_answer_source(exchange, "application/octet-stream", &sending->blob.source,
                           close_sending, sending);
}
