/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened, and what happens (DEPOT.md, section 8): lists of events, and streams of them. See
 * events.h.
 */
#include "events.h"

#include "core/serve.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 500
#define LIST_USUAL 100
#define REMOVED_AT_ONCE 10000
#define DAY_US (INT64_C(86400) * 1000000)

/* From where on somebody is to be told; where they can't go on, they are told that they missed
 * something. */
struct place {
    int64_t wanted; /* -1: from now on */
    int64_t newest;
    bool has_missed;
};

static enum slw_status find_place(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct place *place = context;
    return slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'events'", NULL, 0,
                          &place->newest, detail);
}

/* HTML, 9.2.5: the id of the last event that a client got comes back as Last-Event-ID. */
static int64_t last_id(const struct slw_http_exchange *exchange)
{
    struct slw_bytes text = slw_http_header(exchange, "Last-Event-ID");
    int64_t number = 0;
    if (text.len == 0 || text.len > 15) {
        return -1;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return -1;
        }
        number = number * 10 + (text.ptr[i] - '0');
    }
    return number;
}

static void begin_watching(struct depot *depot, struct slw_http_exchange *exchange,
                           struct events_watcher *watcher, const struct place *place)
{
    watcher->stream = slw_http_answer_stream(exchange);
    if (watcher->stream == NULL) {
        free(watcher);
        return;
    }
    if (place->has_missed) {
        (void)slw_http_stream_send(watcher->stream, "missed", place->newest, SLW_BYTES_OF("{}"));
    }
    events_feed_add(depot->events, watcher);
}

static void watch(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    const struct depot_caller *caller = depot_caller(exchange);
    struct place place = {.wanted = last_id(exchange)};
    struct slw_detail detail = {""};
    if (!events_feed_has_room(depot->events, caller->person)) {
        slw_http_refuse_as(exchange, 503, SLW_TOO_MANY, "too many watch already");
        return;
    }
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, find_place, &place, &detail);
    struct events_watcher *watcher = status == SLW_OK ? calloc(1, sizeof *watcher) : NULL;
    if (watcher == NULL) {
        slw_http_refuse(exchange, status == SLW_OK ? slw_explain_no_memory(&detail) : status,
                        &detail);
        return;
    }
    /* A number that wasn't given yet is one of before a backup was restored. */
    place.has_missed = place.wanted > place.newest ||
                       (place.wanted >= 0 && place.newest - place.wanted > EVENTS_BEHIND_MAX);
    watcher->caller = *caller;
    watcher->is_admitted = true; /* by the gate, just now */
    watcher->position = place.wanted < 0 || place.has_missed ? place.newest : place.wanted;
    begin_watching(depot, exchange, watcher, &place);
}

static enum slw_status query(struct depot_call *call, struct slw_transaction *transaction,
                             struct slw_rows **ret_rows, struct slw_detail *detail)
{
    int64_t after = 0;
    int64_t before = INT64_MAX;
    int64_t limit = LIST_USUAL;
    bool is_backwards = slw_http_query(call->exchange, "before").len > 0;
    SLW_TRY(depot_query_number(call, "before", 1, INT64_MAX, &before, detail));
    SLW_TRY(depot_query_number(call, "after", 0, INT64_MAX, &after, detail));
    SLW_TRY(depot_query_number(call, "limit", 1, LIST_MAX, &limit, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_http_parameter(call->exchange, 0)),
        slw_sql_int(after),
        slw_sql_int(before),
        slw_sql_text(slw_http_query(call->exchange, "kind")),
        slw_sql_text(slw_http_query(call->exchange, "subject")),
        slw_sql_int(limit),
    };
    return slw_sql_query(
        transaction,
        is_backwards ? "SELECT " EVENTS_COLUMNS " FROM events WHERE product = $1 AND id > $2 AND "
                       "id < $3 AND ($4 = '' OR kind = $4) AND ($5 = '' OR subject = $5) ORDER BY "
                       "id DESC LIMIT $6"
                     : "SELECT " EVENTS_COLUMNS " FROM events WHERE product = $1 AND id > $2 AND "
                       "id < $3 AND ($4 = '' OR kind = $4) AND ($5 = '' OR subject = $5) ORDER BY "
                       "id LIMIT $6",
        values, 6, ret_rows, detail);
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    struct slw_json json;
    int64_t newest = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'events'", NULL, 0,
                           &newest, detail));
    SLW_TRY(query(call, transaction, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "newest", newest);
    slw_json_begin_array(&json, "events");
    while (slw_rows_next(rows)) {
        events_put(&json, rows);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

static void list_of_product(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

struct expiry {
    int64_t token;
};

static enum slw_status remove_old(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct expiry *expiry = context;
    struct slw_sql_value values[2];
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, "housekeeping", expiry->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    values[0] = slw_sql_int(now_us - EVENTS_KEEP_DAYS * DAY_US);
    values[1] = slw_sql_int(REMOVED_AT_ONCE);
    return slw_sql_run(transaction,
                       "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE time_us < $1 "
                       "ORDER BY time_us LIMIT $2)",
                       values, 2, NULL, detail);
}

static enum slw_status work(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct expiry expiry = {token};
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, remove_old, &expiry, detail);
}

static const struct slw_http_route routes[] = {
    {"GET", "/api/v1/events", watch, 0, DEPOT_ANYBODY},
    {"GET", "/api/v1/products/{product}/events", list_of_product, 0, DEPOT_SEE},
};

const struct depot_part depot_events = {
    .name = "events",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = "housekeeping",
    .period_ms = 600000,
    .work = work,
    .open = events_feed_start,
    .close = events_feed_stop,
};
