/* SPDX-License-Identifier: Apache-2.0 */
/* Reads events as they come, and gives them to those who may see them. See events.h. */
#include "events.h"

#include "slipway/http_clock.h"

#include <stdlib.h>
#include <string.h>

#define ADMITTED_EVERY 10u /* looks without news until it is asked again who still may watch */

/* One event that was read. */
struct event {
    int64_t id;
    size_t product;   /* index in products */
    size_t text, len; /* of its JSON, in texts */
    char kind[32];
};

/* One look at the table. */
struct look {
    struct depot_events_state *state;
    struct events_watcher *watchers[EVENTS_WATCHERS_MAX];
    size_t watchers_count;
    unsigned number;
    int64_t after;
    struct event events[EVENTS_BATCH_MAX];
    size_t count;
    char products[EVENTS_BATCH_MAX][DEPOT_NAME_MAX + 1];
    size_t products_count;
    struct slw_heap_buffer texts;
    bool may[EVENTS_WATCHERS_MAX][EVENTS_BATCH_MAX]; /* see this product */
};

void events_put(struct slw_json *json, const struct slw_rows *rows)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "id", slw_rows_int(rows, 0));
    slw_json_text(json, "time", depot_time_format(slw_rows_int(rows, 1), time));
    slw_json_bytes(json, "product", slw_rows_bytes(rows, 2));
    slw_json_bytes(json, "kind", slw_rows_bytes(rows, 3));
    slw_json_bytes(json, "subject", slw_rows_bytes(rows, 4));
    slw_json_embed(json, "data", slw_rows_bytes(rows, 5));
    slw_json_end_object(json);
}

static void keep_text(char *place, size_t size, struct slw_bytes text)
{
    size_t len = text.len < size ? text.len : size - 1;
    if (len > 0) {
        memcpy(place, text.ptr, len);
    }
    place[len] = '\0';
}

/* What concerns no product is for who may see all of them. */
static size_t find_product(struct look *look, struct slw_bytes name)
{
    char text[DEPOT_NAME_MAX + 1];
    keep_text(text, sizeof text, name.len == 0 ? SLW_BYTES_OF("*") : name);
    size_t i = 0;
    while (i < look->products_count && strcmp(look->products[i], text) != 0) {
        i++;
    }
    if (i == look->products_count) {
        memcpy(look->products[look->products_count++], text, sizeof text);
    }
    return i;
}

static enum slw_status read_events(struct look *look, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(look->after), slw_sql_int(EVENTS_BATCH_MAX)};
    struct slw_rows *rows = NULL;
    look->count = 0;
    look->products_count = 0;
    look->texts.len = 0;
    SLW_TRY(slw_sql_query(
        transaction, "SELECT " EVENTS_COLUMNS " FROM events WHERE id > $1 ORDER BY id LIMIT $2",
        values, 2, &rows, detail));
    while (slw_rows_next(rows) && look->count < EVENTS_BATCH_MAX) {
        struct event *event = &look->events[look->count++];
        struct slw_json json;
        event->id = slw_rows_int(rows, 0);
        event->product = find_product(look, slw_rows_bytes(rows, 2));
        keep_text(event->kind, sizeof event->kind, slw_rows_bytes(rows, 3));
        event->text = look->texts.len;
        slw_json_init(&json, &look->texts);
        events_put(&json, rows);
        event->len = look->texts.len - event->text;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return look->texts.status;
}

/* Whether a session still is one, or a token: who logged out, or whose time is over, sees no more.
 * Accounts that were disabled and tokens that were revoked have no rights any more. */
static enum slw_status check_admitted(struct slw_transaction *transaction,
                                      struct events_watcher *watcher, struct slw_detail *detail)
{
    static const uint8_t none[sizeof watcher->caller.session];
    struct slw_sql_value values[2];
    int64_t now_us = 0;
    int64_t count = 1;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    values[1] = slw_sql_int(now_us);
    if (watcher->caller.token != 0) {
        values[0] = slw_sql_int(watcher->caller.token);
        SLW_TRY(slw_sql_number(transaction,
                               "SELECT COUNT(*) FROM tokens WHERE id = $1 AND expires_us > $2 AND "
                               "revoked_us IS NULL",
                               values, 2, &count, detail));
    } else if (memcmp(watcher->caller.session, none, sizeof none) != 0) {
        values[0] = slw_sql_blob(slw_bytes_make(watcher->caller.session, sizeof none));
        SLW_TRY(slw_sql_number(
            transaction, "SELECT COUNT(*) FROM sessions WHERE secret = $1 AND expires_us > $2",
            values, 2, &count, detail));
    }
    watcher->is_admitted = count == 1;
    return SLW_OK;
}

static enum slw_status look_at_table(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    struct look *look = context;
    SLW_TRY(read_events(look, transaction, detail));
    if (look->count == 0 && look->number % ADMITTED_EVERY != 0) {
        return SLW_OK;
    }
    for (size_t i = 0; i < look->watchers_count; i++) {
        SLW_TRY(check_admitted(transaction, look->watchers[i], detail));
        for (size_t p = 0; p < look->products_count; p++) {
            const char *product = look->products[p];
            SLW_TRY(depot_may(transaction, &look->watchers[i]->caller,
                              slw_bytes_make(product, strlen(product)), DEPOT_SEE, &look->may[i][p],
                              detail));
        }
    }
    return SLW_OK;
}

/* Gives one watcher what there is for them; false when they are gone. */
static bool feed(const struct look *look, size_t at)
{
    struct events_watcher *watcher = look->watchers[at];
    bool is_there = watcher->is_admitted;
    for (size_t i = 0; i < look->count && is_there; i++) {
        const struct event *event = &look->events[i];
        if (event->id <= watcher->position) {
            continue;
        }
        watcher->position = event->id;
        if (look->may[at][event->product]) {
            is_there =
                slw_http_stream_send(watcher->stream, event->kind, event->id,
                                     slw_bytes_make(look->texts.ptr + event->text, event->len));
        }
    }
    return is_there;
}

static void remove_watcher(struct depot_events_state *state, struct events_watcher *watcher)
{
    (void)pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->count; i++) {
        if (state->watchers[i] == watcher) {
            state->watchers[i] = state->watchers[--state->count];
            break;
        }
    }
    (void)pthread_mutex_unlock(&state->lock);
    slw_http_stream_close(watcher->stream);
    free(watcher);
}

/* Those who watch now; from where on there may be news for one of them. */
static void take_watchers(struct look *look)
{
    struct depot_events_state *state = look->state;
    look->after = INT64_MAX;
    look->number++;
    look->watchers_count = state->count;
    for (size_t i = 0; i < state->count; i++) {
        look->watchers[i] = state->watchers[i];
        if (state->watchers[i]->position < look->after) {
            look->after = state->watchers[i]->position;
        }
    }
}

/* One look, and what follows from it; whether there is more at once. */
static bool serve(struct look *look)
{
    struct slw_detail detail = {""};
    enum slw_status status = slw_database_transact(look->state->depot->database, SLW_DATABASE_READ,
                                                   look_at_table, look, &detail);
    if (status != SLW_OK) {
        depot_log("warning", "events", "%s", detail.text);
        look->texts.status = SLW_OK;
        return false;
    }
    for (size_t i = 0; i < look->watchers_count; i++) {
        if (!feed(look, i)) {
            remove_watcher(look->state, look->watchers[i]);
        }
    }
    return look->count == EVENTS_BATCH_MAX;
}

/* Waits for somebody who watches, and for the next look; false at the end. */
static bool wait_for_next(struct depot_events_state *state, bool at_once)
{
    struct timespec next = slw_http_clock_after_ms(at_once ? 0 : EVENTS_PERIOD_MS);
    int waited = 0;
    while (!state->stops && (state->count == 0 || waited == 0)) {
        if (state->count == 0) {
            (void)pthread_cond_wait(&state->changed, &state->lock);
        } else {
            waited = pthread_cond_timedwait(&state->changed, &state->lock, &next);
        }
    }
    return !state->stops;
}

static void *run(void *context)
{
    struct look *look = context;
    struct depot_events_state *state = look->state;
    bool more = false;
    (void)pthread_mutex_lock(&state->lock);
    while (wait_for_next(state, more)) {
        take_watchers(look);
        (void)pthread_mutex_unlock(&state->lock);
        more = serve(look);
        (void)pthread_mutex_lock(&state->lock);
    }
    (void)pthread_mutex_unlock(&state->lock);
    slw_heap_free(&look->texts);
    free(look);
    return NULL;
}

bool events_feed_has_room(struct depot_events_state *state, const char *person)
{
    size_t own = 0;
    (void)pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->count; i++) {
        own += strcmp(state->watchers[i]->caller.person, person) == 0;
    }
    bool has_room = own < EVENTS_OWN_MAX && state->count < EVENTS_WATCHERS_MAX && !state->stops;
    (void)pthread_mutex_unlock(&state->lock);
    return has_room;
}

void events_feed_add(struct depot_events_state *state, struct events_watcher *watcher)
{
    (void)pthread_mutex_lock(&state->lock);
    bool is_taken = state->count < EVENTS_WATCHERS_MAX && !state->stops;
    if (is_taken) {
        state->watchers[state->count++] = watcher;
        (void)pthread_cond_signal(&state->changed);
    }
    (void)pthread_mutex_unlock(&state->lock);
    if (!is_taken) { /* others came between; who is sent away comes again */
        slw_http_stream_close(watcher->stream);
        free(watcher);
    }
}

static enum slw_status start_thread(struct depot_events_state *state, struct slw_detail *detail)
{
    struct look *look = calloc(1, sizeof *look);
    if (look == NULL) {
        return slw_explain_no_memory(detail);
    }
    look->state = state;
    int failed = pthread_create(&state->thread, NULL, run, look);
    if (failed != 0) {
        free(look);
        return slw_explain(detail, SLW_IO, "events: %s", strerror(failed));
    }
    return SLW_OK;
}

enum slw_status events_feed_start(struct depot *depot, struct slw_detail *detail)
{
    struct depot_events_state *state = calloc(1, sizeof *state);
    pthread_condattr_t attributes;
    if (state == NULL) {
        return slw_explain_no_memory(detail);
    }
    state->depot = depot;
    (void)pthread_mutex_init(&state->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&state->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    enum slw_status status = start_thread(state, detail);
    if (status != SLW_OK) {
        free(state);
        return status;
    }
    depot->events = state;
    return SLW_OK;
}

void events_feed_stop(struct depot *depot)
{
    struct depot_events_state *state = depot->events;
    if (state == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&state->lock);
    state->stops = true;
    (void)pthread_cond_signal(&state->changed);
    (void)pthread_mutex_unlock(&state->lock);
    (void)pthread_join(state->thread, NULL);
    while (state->count > 0) {
        remove_watcher(state, state->watchers[0]);
    }
    (void)pthread_cond_destroy(&state->changed);
    (void)pthread_mutex_destroy(&state->lock);
    free(state);
    depot->events = NULL;
}
