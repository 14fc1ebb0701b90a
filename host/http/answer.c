/* SPDX-License-Identifier: Apache-2.0 */
/* Answers, from whatever thread. See exchange.h for who may answer, and http_server.h. */
#include "exchange.h"

#include "slipway/http_clock.h"
#include "slipway/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define RETRY_S "5"
#define LARGE (256u << 10) /* bytes of an answer that isn't sent as one */

pthread_mutex_t http_later_lock = PTHREAD_MUTEX_INITIALIZER;

static unsigned status_of_misuse(enum slw_status reason)
{
    if (reason == SLW_NOT_FOUND) {
        return MHD_HTTP_NOT_FOUND;
    }
    return reason == SLW_WRONG_STATE ? MHD_HTTP_CONFLICT : MHD_HTTP_BAD_REQUEST;
}

static unsigned status_of_capacity(enum slw_status reason)
{
    if (reason == SLW_TOO_MANY) {
        return MHD_HTTP_TOO_MANY_REQUESTS;
    }
    return reason == SLW_NO_SPACE ? MHD_HTTP_INSUFFICIENT_STORAGE : MHD_HTTP_CONTENT_TOO_LARGE;
}

unsigned http_status_of(enum slw_status reason)
{
    switch (slw_status_class(reason)) {
    case SLW_CLASS_OK:
    case SLW_CLASS_IO:
        return reason == SLW_INTERNAL ? MHD_HTTP_INTERNAL_SERVER_ERROR
                                      : MHD_HTTP_SERVICE_UNAVAILABLE;
    case SLW_CLASS_MALFORMED:
        return MHD_HTTP_BAD_REQUEST;
    case SLW_CLASS_STALE:
        return reason == SLW_VERSION_TAKEN ? MHD_HTTP_CONFLICT : MHD_HTTP_FORBIDDEN;
    case SLW_CLASS_UNTRUSTED:
    case SLW_CLASS_REFUSED:
        return MHD_HTTP_FORBIDDEN;
    case SLW_CLASS_CAPACITY:
        return status_of_capacity(reason);
    case SLW_CLASS_MISUSE:
        break;
    }
    return status_of_misuse(reason);
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || (unsigned char)*text == 0x7F) {
            return true;
        }
    }
    return false;
}

void slw_http_set_header(struct slw_http_exchange *exchange, const char *name, const char *value)
{
    if (exchange->set_count == HTTP_HEADERS_MAX || has_control(name) || has_control(value)) {
        return; /* a header that isn't one would end the head */
    }
    exchange->set_count++;
    slw_heap_append(&exchange->set, slw_bytes_make(name, strlen(name) + 1));
    slw_heap_append(&exchange->set, slw_bytes_make(value, strlen(value) + 1));
}

static const char *next_text(const char *text)
{
    return text + strlen(text) + 1;
}

const char *http_set_next(const struct slw_http_exchange *exchange, const char *before,
                          const char **ret_value)
{
    const struct slw_heap_buffer *set = &exchange->set;
    if (set->len == 0 || set->status != SLW_OK) {
        return NULL;
    }
    const char *end = (const char *)set->ptr + set->len;
    const char *at = before == NULL ? (const char *)set->ptr : next_text(next_text(before));
    if (at >= end) {
        return NULL;
    }
    *ret_value = next_text(at);
    return at;
}

static bool is_set(const struct slw_http_exchange *exchange, const char *name)
{
    const char *value = NULL;
    const char *at = http_set_next(exchange, NULL, &value);
    while (at != NULL && strcasecmp(at, name) != 0) {
        at = http_set_next(exchange, at, &value);
    }
    return at != NULL;
}

void http_finish_response(const struct slw_http_exchange *exchange, unsigned http_status,
                          struct MHD_Response *response)
{
    const struct slw_http_server *server = exchange->server;
    const char *value = NULL;
    for (const char *at = http_set_next(exchange, NULL, &value); at != NULL;
         at = http_set_next(exchange, at, &value)) {
        (void)MHD_add_response_header(response, at, value);
    }
    if (!is_set(exchange, MHD_HTTP_HEADER_CACHE_CONTROL)) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    if ((http_status == MHD_HTTP_TOO_MANY_REQUESTS ||
         http_status == MHD_HTTP_SERVICE_UNAVAILABLE) &&
        !is_set(exchange, MHD_HTTP_HEADER_RETRY_AFTER)) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, RETRY_S);
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_X_CONTENT_TYPE_OPTIONS, "nosniff");
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(response, "Content-Security-Policy",
                                  server->settings.security_policy);
    if (exchange->head_is_bad || atomic_load(&server->stopping) || exchange->is_surplus) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
}

static void forget_suspended(struct slw_http_exchange *exchange)
{
    if (exchange->previous != NULL) {
        exchange->previous->next = exchange->next;
    } else {
        exchange->server->owing = exchange->next;
    }
    if (exchange->next != NULL) {
        exchange->next->previous = exchange->previous;
    }
}

/* Behind the handler's own call: the exchange is suspended, or was answered by the server itself,
 * which may have stopped by now. */
static void answer_later(struct slw_http_exchange *exchange)
{
    (void)pthread_mutex_lock(&http_later_lock);
    if (atomic_load(&exchange->state) == HTTP_SUSPENDED) {
        forget_suspended(exchange);
        atomic_store(&exchange->state, HTTP_ANSWERED);
        MHD_resume_connection(exchange->connection);
    }
    (void)pthread_mutex_unlock(&http_later_lock);
}

void http_answer(struct slw_http_exchange *exchange, unsigned http_status,
                 struct MHD_Response *response)
{
    int expected = HTTP_RUNNING;
    exchange->answer = response;
    exchange->answer_status = http_status;
    if (!atomic_compare_exchange_strong(&exchange->state, &expected, HTTP_ANSWERED)) {
        answer_later(exchange);
    }
    http_exchange_release(exchange);
}

void http_abandon(struct slw_http_server *server, int64_t suspended_before_ms)
{
    struct slw_http_exchange *next = NULL;
    for (struct slw_http_exchange *at = server->owing; at != NULL; at = next) {
        next = at->next;
        if (at->suspended_ms >= suspended_before_ms) {
            continue;
        }
        forget_suspended(at);
        at->forced_status = MHD_HTTP_SERVICE_UNAVAILABLE;
        at->forced =
            http_refusal_response(at, at->forced_status, SLW_IO_TIMEOUT, "no answer in time");
        atomic_store(&at->state, HTTP_ABANDONED);
        MHD_resume_connection(at->connection);
    }
}

/* Takes the buffer's memory over. */
static struct MHD_Response *response_of_buffer(const struct slw_http_exchange *exchange,
                                               struct slw_heap_buffer *bytes)
{
    struct MHD_Response *response = NULL;
    if (bytes->status == SLW_OK && bytes->len > LARGE) {
        response = http_memory_response(exchange, bytes);
    } else if (bytes->status == SLW_OK) {
        response = MHD_create_response_from_buffer(bytes->len, bytes->ptr, MHD_RESPMEM_MUST_FREE);
    }
    if (response == NULL) {
        slw_heap_drop(bytes);
    }
    *bytes = (struct slw_heap_buffer){0};
    return response;
}

/* Answers with a response, or, when memory ran out for it, closes the connection. */
static void finish(struct slw_http_exchange *exchange, unsigned http_status,
                   struct MHD_Response *response, const char *type)
{
    if (response != NULL) {
        if (type != NULL) {
            (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
        }
        http_finish_response(exchange, http_status, response);
    }
    http_answer(exchange, http_status, response);
}

void slw_http_answer_empty(struct slw_http_exchange *exchange, unsigned http_status)
{
    finish(exchange, http_status, MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT),
           NULL);
}

void slw_http_answer_json(struct slw_http_exchange *exchange, unsigned http_status,
                          struct slw_heap_buffer *text)
{
    slw_http_answer_bytes(exchange, http_status, "application/json", text);
}

void slw_http_answer_static(struct slw_http_exchange *exchange, const char *type,
                            struct slw_bytes bytes, const char *etag)
{
    struct slw_bytes known = slw_http_header(exchange, MHD_HTTP_HEADER_IF_NONE_MATCH);
    unsigned http_status = MHD_HTTP_OK;
    if (etag != NULL) {
        slw_http_set_header(exchange, MHD_HTTP_HEADER_ETAG, etag);
        bool is_same = slw_bytes_equal(known, slw_bytes_make(etag, strlen(etag)));
        http_status = is_same ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK;
    }
    if (http_status == MHD_HTTP_NOT_MODIFIED) {
        slw_http_answer_empty(exchange, http_status);
        return;
    }
    /* The library only reads from it. */
    void *content = (void *)(uintptr_t)bytes.ptr;
    finish(exchange, http_status,
           MHD_create_response_from_buffer(bytes.len, content, MHD_RESPMEM_PERSISTENT), type);
}

void slw_http_answer_bytes(struct slw_http_exchange *exchange, unsigned http_status,
                           const char *type, struct slw_heap_buffer *bytes)
{
    if (bytes->status != SLW_OK) {
        slw_heap_drop(bytes);
        slw_http_refuse_as(exchange, MHD_HTTP_SERVICE_UNAVAILABLE, SLW_NO_SPACE, "out of memory");
        return;
    }
    finish(exchange, http_status, response_of_buffer(exchange, bytes), type);
}

static void write_refusal(enum slw_status reason, const char *why, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "reason", slw_status_word(reason));
    slw_json_text(&json, "detail", why);
    slw_json_end_object(&json);
}

struct MHD_Response *http_refusal_response(const struct slw_http_exchange *exchange,
                                           unsigned http_status, enum slw_status reason,
                                           const char *why)
{
    struct slw_heap_buffer text = {0};
    write_refusal(reason, why, &text);
    struct MHD_Response *response = response_of_buffer(exchange, &text);
    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
        http_finish_response(exchange, http_status, response);
    }
    return response;
}

void slw_http_refuse_as(struct slw_http_exchange *exchange, unsigned http_status,
                        enum slw_status reason, const char *why)
{
    exchange->reason = reason;
    http_answer(exchange, http_status, http_refusal_response(exchange, http_status, reason, why));
}

void slw_http_refuse(struct slw_http_exchange *exchange, enum slw_status reason,
                     const struct slw_detail *detail)
{
    unsigned http_status = http_status_of(reason);
    const char *why = detail->text;
    if (slw_status_class(reason) == SLW_CLASS_IO || reason == SLW_OK) {
        exchange->problem = strdup(why);
        why = slw_status_meaning(reason == SLW_OK ? SLW_IO : reason);
        /* For clients one word stands for whatever is worth trying again. */
        reason = reason == SLW_DATABASE_AWAY ? SLW_UNAVAILABLE : reason;
    }
    slw_http_refuse_as(exchange, http_status, reason == SLW_OK ? SLW_IO : reason, why);
}
