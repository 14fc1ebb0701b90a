/* SPDX-License-Identifier: Apache-2.0 */
/* One request: its life, and what handlers ask about it. See exchange.h and http_server.h. */
#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

int64_t http_now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct slw_http_exchange *http_exchange_new(const struct http_listener *listener,
                                            struct MHD_Connection *connection, const char *target)
{
    size_t len = strlen(target);
    size_t kept = len > HTTP_TARGET_MAX ? 0 : len;
    struct slw_http_exchange *exchange = calloc(1, sizeof *exchange + kept + 1);
    if (exchange == NULL) {
        return NULL;
    }
    memcpy(exchange->target, target, kept);
    exchange->target_len = len;
    exchange->server = listener->server;
    exchange->listener = listener;
    exchange->connection = connection;
    exchange->begun_us = http_now_us();
    atomic_init(&exchange->owners, 1);
    atomic_init(&exchange->state, HTTP_READING);
    atomic_fetch_add(&listener->server->owners, 1);
    return exchange;
}

void http_exchange_release(struct slw_http_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->owners, 1) != 1) {
        return;
    }
    if (exchange->answer != NULL) {
        MHD_destroy_response(exchange->answer); /* nobody was there to send it to */
    }
    if (exchange->forced != NULL) {
        MHD_destroy_response(exchange->forced);
    }
    if (exchange->free_attached != NULL) {
        exchange->free_attached(exchange->attached);
    }
    slw_heap_drop(&exchange->body);
    slw_heap_free(&exchange->head); /* has tokens */
    slw_heap_free(&exchange->set);
    free(exchange->problem);
    http_server_release(exchange->server);
    free(exchange);
}

struct slw_http_server *slw_http_server_of(const struct slw_http_exchange *exchange)
{
    return exchange->server;
}

const struct slw_http_route *slw_http_route_of(const struct slw_http_exchange *exchange)
{
    return exchange->route;
}

const char *slw_http_method(const struct slw_http_exchange *exchange)
{
    return exchange->method;
}

struct slw_bytes slw_http_path(const struct slw_http_exchange *exchange)
{
    return exchange->path;
}

uint32_t slw_http_flags(const struct slw_http_exchange *exchange)
{
    return exchange->route->flags;
}

struct slw_bytes slw_http_parameter(const struct slw_http_exchange *exchange, size_t n)
{
    return n < exchange->parameters_count ? exchange->parameters[n] : slw_bytes_make(NULL, 0);
}

struct slw_bytes slw_http_query(const struct slw_http_exchange *exchange, const char *name)
{
    struct slw_bytes wanted = slw_bytes_make(name, strlen(name));
    for (size_t i = 0; i < exchange->queries_count; i++) {
        if (slw_bytes_equal(exchange->queries[i].name, wanted)) {
            return exchange->queries[i].value;
        }
    }
    return slw_bytes_make(NULL, 0);
}

bool slw_http_query_number(const struct slw_http_exchange *exchange, const char *name, int64_t min,
                           int64_t max, int64_t *ret_number)
{
    struct slw_bytes text = slw_http_query(exchange, name);
    bool is_negative = text.len > 0 && text.ptr[0] == '-';
    int64_t number = 0;
    if (text.len == (is_negative ? 1u : 0u)) {
        return false;
    }
    for (size_t i = is_negative ? 1 : 0; i < text.len; i++) {
        unsigned digit = (unsigned)text.ptr[i] - '0';
        if (digit > 9 || number > (INT64_MAX - (int64_t)digit) / 10) {
            return false;
        }
        number = number * 10 + (int64_t)digit;
    }
    number = is_negative ? -number : number;
    if (number < min || number > max) {
        return false;
    }
    *ret_number = number;
    return true;
}

struct slw_bytes slw_http_header(const struct slw_http_exchange *exchange, const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < exchange->fields_count; i++) {
        const struct http_field *field = &exchange->fields[i];
        if (field->name_len == len &&
            strncasecmp((const char *)exchange->head.ptr + field->name, name, len) == 0) {
            return slw_bytes_make(exchange->head.ptr + field->value, field->value_len);
        }
    }
    return slw_bytes_make(NULL, 0);
}

/* RFC 6265, 4.2.1: cookie-string = cookie-pair *( ";" SP cookie-pair ). One that stands twice isn't
 * there: another site of the same host may have set it. */
struct slw_bytes slw_http_cookie(const struct slw_http_exchange *exchange, const char *name)
{
    struct slw_bytes all = slw_http_header(exchange, MHD_HTTP_HEADER_COOKIE);
    struct slw_bytes found = {NULL, 0};
    size_t name_len = strlen(name);
    unsigned count = 0;
    for (size_t at = 0; at < all.len;) {
        const uint8_t *end = memchr(all.ptr + at, ';', all.len - at);
        size_t len = end == NULL ? all.len - at : (size_t)(end - (all.ptr + at));
        if (len > name_len && memcmp(all.ptr + at, name, name_len) == 0 &&
            all.ptr[at + name_len] == '=') {
            found = slw_bytes_make(all.ptr + at + name_len + 1, len - name_len - 1);
            count++;
        }
        at += len + 1;
        while (at < all.len && all.ptr[at] == ' ') {
            at++;
        }
    }
    return count == 1 ? found : slw_bytes_make(NULL, 0);
}

struct slw_bytes slw_http_body(const struct slw_http_exchange *exchange)
{
    return slw_heap_bytes(&exchange->body);
}

bool slw_http_is_secure(const struct slw_http_exchange *exchange)
{
    return exchange->is_secure;
}

struct slw_bytes slw_http_client_name(const struct slw_http_exchange *exchange)
{
    return slw_bytes_make(exchange->client_name, strlen(exchange->client_name));
}

struct slw_bytes slw_http_client(const struct slw_http_exchange *exchange)
{
    return slw_bytes_make(exchange->client, strlen(exchange->client));
}

void slw_http_attach(struct slw_http_exchange *exchange, void *value,
                     void (*free_value)(void *value))
{
    if (exchange->free_attached != NULL) {
        exchange->free_attached(exchange->attached);
    }
    exchange->attached = value;
    exchange->free_attached = free_value;
}

void *slw_http_attached(const struct slw_http_exchange *exchange)
{
    return exchange->attached;
}
