/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Server-sent events. A stream belongs to two: who feeds it, and the HTTP library's response, which
 * takes what was fed and is suspended while there is nothing. See http_server.h.
 */
#include "exchange.h"

#include "slipway/http_clock.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define BEHIND_MAX (1u << 20)  /* bytes that a client may be behind */
#define COMPACT_AT (64u << 10) /* bytes that were taken before the rest is moved over them */
#define COMMENT_MS (15 * 1000)

struct slw_http_stream {
    pthread_mutex_t lock; /* of what follows */
    struct slw_heap_buffer text;
    size_t taken; /* of text */
    bool is_suspended, is_closed, is_gone;
    int64_t fed_ms;
    /* Those of the connection, while it isn't gone. */
    struct MHD_Connection *connection;
    struct slw_http_connection *peer;
    struct slw_http_server *server;
    struct slw_http_stream *next, *previous; /* http_later_lock */
    atomic_uint owners;
};

static void free_stream(struct slw_http_stream *stream)
{
    slw_heap_free(&stream->text);
    (void)pthread_mutex_destroy(&stream->lock);
    free(stream);
}

static void release(struct slw_http_stream *stream)
{
    if (atomic_fetch_sub(&stream->owners, 1) == 1) {
        free_stream(stream);
    }
}

/* The lock is held. */
static void wake(struct slw_http_stream *stream)
{
    if (stream->is_suspended) {
        stream->is_suspended = false;
        MHD_resume_connection(stream->connection);
    }
}

/* The lock is held. */
static void feed(struct slw_http_stream *stream, struct slw_bytes text)
{
    if (stream->taken > COMPACT_AT) {
        stream->text.len -= stream->taken;
        memmove(stream->text.ptr, stream->text.ptr + stream->taken, stream->text.len);
        stream->taken = 0;
    }
    slw_heap_append(&stream->text, text);
    stream->fed_ms = slw_http_clock_ms();
}

/* Some of what was fed; the lock is held. */
static size_t take(struct slw_http_stream *stream, char *buffer, size_t max)
{
    size_t left = stream->text.len - stream->taken;
    size_t len = left < max ? left : max;
    if (len > 0) {
        memcpy(buffer, stream->text.ptr + stream->taken, len);
    }
    stream->taken += len;
    if (stream->taken == stream->text.len) {
        stream->taken = 0;
        stream->text.len = 0;
    }
    return len;
}

static ssize_t read_piece(void *context, uint64_t position, char *buffer, size_t max)
{
    struct slw_http_stream *stream = context;
    ssize_t result = 0;
    (void)position;
    (void)pthread_mutex_lock(&stream->lock);
    size_t len = take(stream, buffer, max);
    if (len > 0) {
        result = (ssize_t)len;
    } else if (stream->is_closed || stream->text.status != SLW_OK) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        stream->is_suspended = true;
        MHD_suspend_connection(stream->connection);
    }
    (void)pthread_mutex_unlock(&stream->lock);
    slw_http_connections_enter(&stream->server->connections, stream->peer,
                               result == 0 ? SLW_HTTP_QUIET : SLW_HTTP_ANSWER);
    return result;
}

/* The connection is over. */
static void end_reading(void *context)
{
    struct slw_http_stream *stream = context;
    (void)pthread_mutex_lock(&http_later_lock);
    if (stream->previous != NULL) {
        stream->previous->next = stream->next;
    } else {
        stream->server->streams = stream->next;
    }
    if (stream->next != NULL) {
        stream->next->previous = stream->previous;
    }
    atomic_fetch_sub(&stream->server->streaming, 1);
    (void)pthread_mutex_unlock(&http_later_lock);
    (void)pthread_mutex_lock(&stream->lock);
    stream->is_gone = true;
    (void)pthread_mutex_unlock(&stream->lock);
    release(stream);
}

static void enlist(struct slw_http_stream *stream)
{
    struct slw_http_server *server = stream->server;
    (void)pthread_mutex_lock(&http_later_lock);
    stream->is_closed = server->ended;
    stream->next = server->streams;
    if (stream->next != NULL) {
        stream->next->previous = stream;
    }
    server->streams = stream;
    atomic_fetch_add(&server->streaming, 1);
    (void)pthread_mutex_unlock(&http_later_lock);
}

static struct slw_http_stream *stream_new(const struct slw_http_exchange *exchange)
{
    struct slw_http_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    (void)pthread_mutex_init(&stream->lock, NULL);
    stream->connection = exchange->connection;
    stream->peer = exchange->peer;
    stream->server = exchange->server;
    atomic_init(&stream->owners, 2);
    feed(stream, SLW_BYTES_OF("retry: 2000\n\n"));
    return stream;
}

struct slw_http_stream *slw_http_answer_stream(struct slw_http_exchange *exchange)
{
    struct slw_http_stream *stream = stream_new(exchange);
    struct MHD_Response *response =
        stream == NULL ? NULL
                       : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, HTTP_PIECE_SIZE,
                                                           read_piece, stream, end_reading);
    if (response == NULL) {
        if (stream != NULL) {
            free_stream(stream); /* nobody else has it yet */
        }
        slw_http_refuse_as(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, SLW_NO_SPACE, "out of memory");
        return NULL;
    }
    enlist(stream);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/event-stream");
    /* A proxy that collects answers would keep events back. */
    (void)MHD_add_response_header(response, "X-Accel-Buffering", "no");
    http_finish_response(exchange, MHD_HTTP_OK, response);
    http_answer(exchange, MHD_HTTP_OK, response);
    return stream;
}

/* A field's lines: each of the text's lines with the name before it. */
static void append_lines(struct slw_heap_buffer *text, const char *name, struct slw_bytes value)
{
    size_t at = 0;
    do {
        size_t len = 0;
        while (at + len < value.len && value.ptr[at + len] != '\n' && value.ptr[at + len] != '\r') {
            len++;
        }
        slw_heap_append_text(text, name);
        slw_heap_append(text, slw_bytes_make(value.ptr == NULL ? NULL : value.ptr + at, len));
        slw_heap_append_text(text, "\n");
        at += len + 1;
    } while (at <= value.len && value.len > 0);
}

bool slw_http_stream_send(struct slw_http_stream *stream, const char *event, int64_t id,
                          struct slw_bytes data)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "id: %" PRId64 "\n", id);
    append_lines(&text, "event: ", slw_bytes_make(event, strcspn(event, "\r\n")));
    append_lines(&text, "data: ", data);
    slw_heap_append_text(&text, "\n");
    (void)pthread_mutex_lock(&stream->lock);
    size_t behind = stream->text.len - stream->taken;
    bool is_open = !stream->is_gone && !stream->is_closed;
    if (is_open && (text.status != SLW_OK || behind + text.len > BEHIND_MAX)) {
        is_open = false;
        stream->is_closed = true; /* it comes again, and goes on where it was */
    }
    if (is_open) {
        feed(stream, slw_heap_bytes(&text));
    }
    wake(stream);
    is_open = is_open && stream->text.status == SLW_OK;
    (void)pthread_mutex_unlock(&stream->lock);
    slw_heap_drop(&text);
    return is_open;
}

void slw_http_stream_close(struct slw_http_stream *stream)
{
    (void)pthread_mutex_lock(&stream->lock);
    stream->is_closed = true;
    wake(stream);
    (void)pthread_mutex_unlock(&stream->lock);
    release(stream);
}

void http_streams_tick(struct slw_http_server *server, int64_t now_ms)
{
    (void)pthread_mutex_lock(&http_later_lock);
    for (struct slw_http_stream *at = server->streams; at != NULL; at = at->next) {
        (void)pthread_mutex_lock(&at->lock);
        if (now_ms - at->fed_ms >= COMMENT_MS && at->text.len < BEHIND_MAX) {
            feed(at, SLW_BYTES_OF(":\n\n"));
            wake(at);
        }
        (void)pthread_mutex_unlock(&at->lock);
    }
    (void)pthread_mutex_unlock(&http_later_lock);
}

void http_streams_end(struct slw_http_server *server)
{
    for (struct slw_http_stream *at = server->streams; at != NULL; at = at->next) {
        (void)pthread_mutex_lock(&at->lock);
        at->is_closed = true;
        wake(at);
        (void)pthread_mutex_unlock(&at->lock);
    }
}
