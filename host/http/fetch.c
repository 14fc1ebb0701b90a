/* SPDX-License-Identifier: Apache-2.0 */
/* See fetch.h. */
#include "fetch.h"

#include "exchange.h"

#include <stdlib.h>
#include <string.h>

struct http_fetch {
    struct slw_source source;
    slw_http_flow *flow; /* instead of it; NULL */
    uint64_t offset;     /* of the part */
    uint64_t length;
    void (*close)(void *context);
    void *context;
    /* Those of the connection, while it isn't gone. */
    struct slw_http_server *server;
    struct MHD_Connection *connection;
    struct slw_http_connection *peer;
    struct http_fetch *next, *previous; /* in the server's list; http_later_lock */

    pthread_mutex_t lock; /* of what follows; of bytes but while they are being read */
    uint64_t position;    /* of what is read next, in the part */
    size_t len, taken;    /* of bytes */
    bool is_reading;      /* it is a fetcher's */
    bool is_suspended, is_gone, has_failed;
    bool is_over;              /* what flows has ended */
    struct http_fetch *behind; /* in the fetchers' queue; their lock */
    uint8_t bytes[HTTP_FETCH_SIZE];
};

static void destroy(struct http_fetch *fetch)
{
    if (fetch->close != NULL) {
        fetch->close(fetch->context);
    }
    (void)pthread_mutex_destroy(&fetch->lock);
    free(fetch);
}

/* The fetch's lock is held. */
static void read_next(struct http_fetch *fetch)
{
    struct http_fetchers *fetchers = &fetch->server->fetchers;
    if (fetch->is_reading || fetch->has_failed || fetch->is_over ||
        fetch->position == fetch->length) {
        return;
    }
    fetch->is_reading = true;
    fetch->behind = NULL;
    (void)pthread_mutex_lock(&fetchers->lock);
    if (fetchers->last != NULL) {
        fetchers->last->behind = fetch;
    } else {
        fetchers->first = fetch;
    }
    fetchers->last = fetch;
    (void)pthread_cond_signal(&fetchers->work);
    (void)pthread_mutex_unlock(&fetchers->lock);
}

/* At most len bytes; of a source all of them. */
static enum slw_status read_bytes(struct http_fetch *fetch, uint64_t from, size_t *len)
{
    return fetch->flow != NULL
               ? fetch->flow(fetch->context, fetch->bytes, *len, len)
               : fetch->source.read(fetch->source.context, from, fetch->bytes, *len);
}

/* In a fetcher: one piece, for who waits for it or will ask for it. */
static void read_piece(struct http_fetch *fetch)
{
    (void)pthread_mutex_lock(&fetch->lock);
    uint64_t left = fetch->length - fetch->position;
    size_t len = left < sizeof fetch->bytes ? (size_t)left : sizeof fetch->bytes;
    uint64_t from = fetch->offset + fetch->position;
    bool is_wanted = !fetch->is_gone && !fetch->has_failed;
    (void)pthread_mutex_unlock(&fetch->lock);
    enum slw_status status = is_wanted ? read_bytes(fetch, from, &len) : SLW_IO;
    (void)pthread_mutex_lock(&fetch->lock);
    fetch->is_reading = false;
    if (status == SLW_OK) {
        fetch->position += len;
        fetch->len = len;
        fetch->taken = 0;
        fetch->is_over = len == 0;
    } else {
        fetch->has_failed = true;
    }
    if (fetch->is_suspended) {
        fetch->is_suspended = false;
        MHD_resume_connection(fetch->connection);
    }
    bool is_gone = fetch->is_gone;
    (void)pthread_mutex_unlock(&fetch->lock);
    if (is_gone) {
        destroy(fetch);
    }
}

/* The next one to read for; NULL at the end. */
static struct http_fetch *take_next(struct http_fetchers *fetchers)
{
    (void)pthread_mutex_lock(&fetchers->lock);
    while (fetchers->first == NULL && !fetchers->stops) {
        (void)pthread_cond_wait(&fetchers->work, &fetchers->lock);
    }
    struct http_fetch *fetch = fetchers->first;
    if (fetch != NULL) {
        fetchers->first = fetch->behind;
        fetchers->last = fetchers->first == NULL ? NULL : fetchers->last;
    }
    (void)pthread_mutex_unlock(&fetchers->lock);
    return fetch;
}

static void *run(void *context)
{
    struct http_fetch *fetch = NULL;
    while ((fetch = take_next(context)) != NULL) {
        read_piece(fetch);
    }
    return NULL;
}

enum slw_status http_fetchers_start(struct http_fetchers *fetchers, struct slw_detail *detail)
{
    (void)pthread_mutex_init(&fetchers->lock, NULL);
    (void)pthread_cond_init(&fetchers->work, NULL);
    for (; fetchers->count < HTTP_FETCHERS; fetchers->count++) {
        int failed = pthread_create(&fetchers->threads[fetchers->count], NULL, run, fetchers);
        if (failed != 0) {
            http_fetchers_stop(fetchers);
            return slw_explain(detail, SLW_IO, "threads: %s", strerror(failed));
        }
    }
    return SLW_OK;
}

void http_fetchers_stop(struct http_fetchers *fetchers)
{
    (void)pthread_mutex_lock(&fetchers->lock);
    fetchers->stops = true;
    (void)pthread_cond_broadcast(&fetchers->work);
    (void)pthread_mutex_unlock(&fetchers->lock);
    while (fetchers->count > 0) {
        (void)pthread_join(fetchers->threads[--fetchers->count], NULL);
    }
    (void)pthread_cond_destroy(&fetchers->work);
    (void)pthread_mutex_destroy(&fetchers->lock);
}

/* Some of what is there; the lock is held. */
static size_t take(struct http_fetch *fetch, char *buffer, size_t max)
{
    size_t left = fetch->is_reading ? 0 : fetch->len - fetch->taken;
    size_t len = left < max ? left : max;
    if (len > 0) {
        memcpy(buffer, fetch->bytes + fetch->taken, len);
        fetch->taken += len;
    }
    if (len > 0 && len == left) {
        fetch->len = 0;
        fetch->taken = 0;
        read_next(fetch);
    }
    return len;
}

static ssize_t give_piece(void *context, uint64_t position, char *buffer, size_t max)
{
    struct http_fetch *fetch = context;
    ssize_t result = 0;
    (void)position; /* always behind what was taken */
    (void)pthread_mutex_lock(&fetch->lock);
    size_t len = take(fetch, buffer, max);
    if (len > 0) {
        result = (ssize_t)len;
    } else if (fetch->has_failed) {
        result = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (fetch->is_over) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        fetch->is_suspended = true;
        MHD_suspend_connection(fetch->connection);
        read_next(fetch);
    }
    (void)pthread_mutex_unlock(&fetch->lock);
    slw_http_connections_enter(&fetch->server->connections, fetch->peer,
                               result == 0 ? SLW_HTTP_QUIET : SLW_HTTP_ANSWER);
    return result;
}

/* The response is over, sent or not. */
static void end(void *context)
{
    struct http_fetch *fetch = context;
    (void)pthread_mutex_lock(&http_later_lock);
    if (fetch->previous != NULL) {
        fetch->previous->next = fetch->next;
    } else {
        fetch->server->fetches = fetch->next;
    }
    if (fetch->next != NULL) {
        fetch->next->previous = fetch->previous;
    }
    (void)pthread_mutex_unlock(&http_later_lock);
    (void)pthread_mutex_lock(&fetch->lock);
    fetch->is_gone = true;
    bool is_reading = fetch->is_reading;
    (void)pthread_mutex_unlock(&fetch->lock);
    if (!is_reading) {
        destroy(fetch);
    }
}

static void enlist(struct http_fetch *fetch)
{
    struct slw_http_server *server = fetch->server;
    (void)pthread_mutex_lock(&http_later_lock);
    fetch->has_failed = server->ended;
    fetch->next = server->fetches;
    if (fetch->next != NULL) {
        fetch->next->previous = fetch;
    }
    server->fetches = fetch;
    (void)pthread_mutex_unlock(&http_later_lock);
}

/* What is sent is set; takes it over. */
static struct MHD_Response *respond(const struct slw_http_exchange *exchange,
                                    struct http_fetch *fetch, void (*close)(void *context),
                                    void *context)
{
    fetch->server = exchange->server;
    fetch->connection = exchange->connection;
    fetch->peer = exchange->peer;
    (void)pthread_mutex_init(&fetch->lock, NULL);
    struct MHD_Response *response =
        MHD_create_response_from_callback(fetch->length, HTTP_PIECE_SIZE, give_piece, fetch, end);
    if (response == NULL) {
        destroy(fetch);
        return NULL;
    }
    fetch->close = close;
    fetch->context = context;
    enlist(fetch);
    return response;
}

static struct http_fetch *fetch_new(void)
{
    struct http_fetch *fetch = malloc(sizeof *fetch);
    if (fetch != NULL) {
        memset(fetch, 0, offsetof(struct http_fetch, bytes));
    }
    return fetch;
}

struct MHD_Response *http_fetch_response(const struct slw_http_exchange *exchange,
                                         const struct slw_source *source, uint64_t offset,
                                         uint64_t length, void (*close)(void *context),
                                         void *context)
{
    struct http_fetch *fetch = fetch_new();
    if (fetch == NULL) {
        return NULL;
    }
    fetch->source = *source;
    fetch->offset = offset;
    fetch->length = length;
    return respond(exchange, fetch, close, context);
}

struct MHD_Response *http_flow_response(const struct slw_http_exchange *exchange,
                                        slw_http_flow *next, void (*close)(void *context),
                                        void *context)
{
    struct http_fetch *fetch = fetch_new();
    if (fetch == NULL) {
        return NULL;
    }
    fetch->flow = next;
    fetch->length = MHD_SIZE_UNKNOWN;
    return respond(exchange, fetch, close, context);
}

void http_fetches_end(struct slw_http_server *server)
{
    for (struct http_fetch *at = server->fetches; at != NULL; at = at->next) {
        (void)pthread_mutex_lock(&at->lock);
        at->has_failed = true;
        if (at->is_suspended) {
            at->is_suspended = false;
            MHD_resume_connection(at->connection);
        }
        (void)pthread_mutex_unlock(&at->lock);
    }
}
