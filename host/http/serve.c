/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's life, as the HTTP library tells it: first line, head, pieces of the body, end, answer
 * sent. Given to it by server.c. See exchange.h.
 */
#include "exchange.h"

#include "slipway/http_clock.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

const uint64_t slw_http_times_us[SLW_HTTP_TIMES] = {1000,  2500,   5000,   10000,   25000,
                                                    50000, 100000, 500000, 2500000, UINT64_MAX};

/* RFC 9110, 9.1: methods are case-sensitive; one that is longer than any of ours isn't one. */
static void keep_text(char *place, size_t size, const char *text, size_t len)
{
    size_t kept = len < size ? len : 0;
    memcpy(place, text, kept);
    place[kept] = '\0';
}

static struct slw_http_connection *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void note_address(struct slw_http_connection *peer, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
    socklen_t len = 0;
    if (address == NULL) {
        return;
    }
    if (address->sa_family == AF_INET) {
        len = sizeof(struct sockaddr_in);
    } else if (address->sa_family == AF_INET6) {
        len = sizeof(struct sockaddr_in6);
    } else {
        return;
    }
    if (getnameinfo(address, len, peer->address, sizeof peer->address, NULL, 0, NI_NUMERICHOST) !=
        0) {
        peer->address[0] = '\0';
    }
}

static void *begin_connection(struct http_listener *listener, struct MHD_Connection *connection)
{
    struct slw_http_server *server = listener->server;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct slw_http_connection *peer =
        info == NULL ? NULL : slw_http_connections_add(&server->connections, info->connect_fd);
    if (peer == NULL) {
        return NULL;
    }
    atomic_fetch_add(&server->accepted, 1);
    note_address(peer, connection);
    peer->is_surplus =
        slw_http_connections_count(&server->connections) > server->settings.connections &&
        !slw_http_connections_evict(&server->connections, peer, slw_http_clock_ms());
    return peer;
}

void http_serve_connection(void *context, struct MHD_Connection *connection, void **socket_context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct http_listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = begin_connection(listener, connection);
    } else if (*socket_context != NULL) {
        slw_http_connections_remove(&listener->server->connections, *socket_context);
        *socket_context = NULL;
    }
}

void *http_serve_target(void *context, const char *target, struct MHD_Connection *connection)
{
    struct slw_http_connection *peer = peer_of(connection);
    struct slw_http_exchange *exchange =
        peer == NULL ? NULL : http_exchange_new(context, connection, target);
    if (exchange != NULL) {
        exchange->peer = peer;
        exchange->is_surplus = peer->is_surplus;
    }
    return exchange;
}

/* Who the proxy at the local socket says that it speaks for: what it appended, which is the last.
 */
static void believe_proxy(struct slw_http_exchange *exchange)
{
    struct slw_bytes name = slw_http_header(exchange, "X-Slipway-Client-Name");
    struct slw_bytes scheme = slw_http_header(exchange, "X-Forwarded-Proto");
    struct slw_bytes hops = slw_http_header(exchange, "X-Forwarded-For");
    size_t begin = hops.len;
    while (begin > 0 && hops.ptr[begin - 1] != ',' && hops.ptr[begin - 1] != ' ') {
        begin--;
    }
    keep_text(exchange->client, sizeof exchange->client,
              hops.ptr == NULL ? "" : (const char *)hops.ptr + begin, hops.len - begin);
    keep_text(exchange->client_name, sizeof exchange->client_name,
              name.ptr == NULL ? "" : (const char *)name.ptr, name.len);
    exchange->is_secure = slw_bytes_equal(scheme, SLW_BYTES_OF("https"));
}

static void identify(struct slw_http_exchange *exchange)
{
    struct slw_http_connection *peer = exchange->peer;
    struct slw_http_trust *trust = exchange->server->trust;
    struct slw_detail detail;
    if (exchange->listener->kind == HTTP_LOCAL) {
        believe_proxy(exchange);
        return;
    }
    keep_text(exchange->client, sizeof exchange->client, peer->address, strlen(peer->address));
    exchange->is_secure = exchange->listener->kind == HTTP_TLS;
    if (trust == NULL) {
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL && slw_http_trust_verify(trust, info->tls_session, peer, &detail) == SLW_OK) {
        keep_text(exchange->client_name, sizeof exchange->client_name, peer->name,
                  strlen(peer->name));
    }
}

static struct http_refusal check_body(const struct slw_http_exchange *exchange)
{
    if (exchange->length == 0 || exchange->length <= exchange->route->body_max) {
        return (struct http_refusal){0, SLW_OK, NULL};
    }
    return exchange->route->body_max == 0
               ? (struct http_refusal){400, SLW_MALFORMED, "a body where there is none"}
               : (struct http_refusal){413, SLW_TOO_LARGE, "the body is too large"};
}

static struct http_refusal check_room(const struct slw_http_exchange *exchange)
{
    if (atomic_load(&exchange->server->stopping)) {
        return (struct http_refusal){503, SLW_UNAVAILABLE, "the server is about to stop"};
    }
    if (exchange->is_surplus) {
        return (struct http_refusal){503, SLW_TOO_MANY, "too many connections"};
    }
    return (struct http_refusal){0, SLW_OK, NULL};
}

/* Sends a response, which is of the library from then on. */
static enum MHD_Result queue(struct slw_http_exchange *exchange, unsigned http_status,
                             struct MHD_Response **taken)
{
    struct MHD_Response *response = *taken;
    if (response == NULL) {
        return MHD_NO;
    }
    *taken = NULL;
    exchange->queued = true;
    exchange->answer_status = http_status;
    slw_http_connections_enter(&exchange->server->connections, exchange->peer, SLW_HTTP_ANSWER);
    enum MHD_Result result = MHD_queue_response(exchange->connection, http_status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_refusal(struct slw_http_exchange *exchange)
{
    const struct http_refusal *refusal = &exchange->refusal;
    exchange->reason = refusal->reason;
    if (exchange->allow[0] != '\0') {
        slw_http_set_header(exchange, MHD_HTTP_HEADER_ALLOW, exchange->allow);
    }
    atomic_store(&exchange->state, HTTP_ANSWERED);
    exchange->answer =
        http_refusal_response(exchange, refusal->http_status, refusal->reason, refusal->why);
    return queue(exchange, refusal->http_status, &exchange->answer);
}

/* Each check when those before it found nothing. */
static void check(struct slw_http_exchange *exchange, const char *method, const char *version)
{
    struct http_refusal *refusal = &exchange->refusal;
    *refusal = http_head_check(exchange, method, version);
    exchange->head_is_bad = refusal->http_status != 0;
    if (refusal->http_status == 0) {
        *refusal = http_target_check(exchange);
    }
    if (refusal->http_status == 0) {
        *refusal = http_routes_find(exchange);
    }
    if (refusal->http_status == 0) {
        *refusal = check_room(exchange);
    }
    if (refusal->http_status == 0) {
        *refusal = check_body(exchange);
    }
    if (refusal->http_status == 0) {
        identify(exchange);
    }
}

/*
 * The first call for a request. The library closes a connection behind what is answered here, so
 * that nothing behind a refused head is taken for another request; one without a body is answered
 * in the second call, at its end, and the connection stays.
 */
static enum MHD_Result look(struct slw_http_exchange *exchange, const char *method,
                            const char *version)
{
    exchange->seen = true;
    keep_text(exchange->method, sizeof exchange->method, method, strlen(method));
    check(exchange, method, version);
    if (exchange->head_is_bad || (exchange->refusal.http_status != 0 && exchange->length > 0)) {
        return answer_refusal(exchange);
    }
    if (exchange->length > 0) {
        slw_http_connections_enter(&exchange->server->connections, exchange->peer, SLW_HTTP_BODY);
    }
    return MHD_YES;
}

static void keep_piece(struct slw_http_exchange *exchange, struct slw_bytes piece)
{
    struct slw_http_server *server = exchange->server;
    uint64_t before = atomic_fetch_add(&server->body_bytes, piece.len);
    slw_heap_append(&exchange->body, piece);
    if (before + piece.len <= server->settings.bodies_max && exchange->body.status == SLW_OK) {
        return;
    }
    exchange->draining = true;
    exchange->refusal = (struct http_refusal){503, SLW_NO_SPACE, "too many bodies at once"};
}

static enum MHD_Result take(struct slw_http_exchange *exchange, const char *body, size_t *body_len)
{
    struct slw_bytes piece = slw_bytes_make(body, *body_len);
    *body_len = 0;
    exchange->received += piece.len;
    slw_http_connections_received(&exchange->server->connections, exchange->peer, piece.len);
    if (exchange->received > exchange->length) {
        return MHD_NO;
    }
    if (!exchange->draining) {
        keep_piece(exchange, piece);
    }
    bool too_much = exchange->length - exchange->received > HTTP_DRAIN_MAX;
    return exchange->draining && too_much ? MHD_NO : MHD_YES;
}

/* The handler has returned without an answer: it comes later. False: it came meanwhile. */
static bool suspend(struct slw_http_exchange *exchange)
{
    struct slw_http_server *server = exchange->server;
    int expected = HTTP_RUNNING;
    exchange->suspended_ms = slw_http_clock_ms();
    (void)pthread_mutex_lock(&http_later_lock);
    bool suspended = atomic_compare_exchange_strong(&exchange->state, &expected, HTTP_SUSPENDED);
    if (suspended) {
        MHD_suspend_connection(exchange->connection);
        exchange->next = server->owing;
        exchange->previous = NULL;
        if (exchange->next != NULL) {
            exchange->next->previous = exchange;
        }
        server->owing = exchange;
        if (server->ended) {
            http_abandon(server, INT64_MAX);
        }
    }
    (void)pthread_mutex_unlock(&http_later_lock);
    return suspended;
}

static enum MHD_Result send_answer(struct slw_http_exchange *exchange)
{
    if (atomic_load(&exchange->state) == HTTP_ABANDONED) {
        return queue(exchange, exchange->forced_status, &exchange->forced);
    }
    return queue(exchange, exchange->answer_status, &exchange->answer);
}

/* All of the request is there: the handler's turn. */
static enum MHD_Result run(struct slw_http_exchange *exchange)
{
    if (exchange->received != exchange->length) {
        return MHD_NO;
    }
    if (exchange->refusal.http_status != 0) {
        return answer_refusal(exchange);
    }
    slw_http_connections_enter(&exchange->server->connections, exchange->peer, SLW_HTTP_ANSWER);
    exchange->is_owed = true;
    atomic_fetch_add(&exchange->server->owed, 1);
    atomic_fetch_add(&exchange->owners, 1);
    atomic_store(&exchange->state, HTTP_RUNNING);
    exchange->route->handle(exchange->server->context, exchange);
    if (atomic_load(&exchange->state) == HTTP_RUNNING && suspend(exchange)) {
        return MHD_YES;
    }
    return send_answer(exchange);
}

enum MHD_Result http_serve(void *context, struct MHD_Connection *connection, const char *url,
                           const char *method, const char *version, const char *body,
                           size_t *body_len, void **request)
{
    struct slw_http_exchange *exchange = *request;
    (void)context;
    (void)connection;
    (void)url;
    if (exchange == NULL || exchange->queued) {
        return MHD_NO; /* memory ran out, or more comes though it was answered */
    }
    if (!exchange->seen) {
        return look(exchange, method, version);
    }
    if (*body_len > 0) {
        return take(exchange, body, body_len);
    }
    return atomic_load(&exchange->state) == HTTP_READING ? run(exchange) : send_answer(exchange);
}

static void count(struct slw_http_exchange *exchange, unsigned http_status, uint64_t taken_us)
{
    struct slw_http_server *server = exchange->server;
    size_t class = http_status / 100 < 6 ? http_status / 100 : 5;
    size_t at = 0;
    while (taken_us > slw_http_times_us[at]) {
        at++;
    }
    atomic_fetch_add(&server->answers[class], 1);
    atomic_fetch_add(&server->times[at], 1);
    atomic_fetch_add(&server->taken_us, taken_us);
    atomic_fetch_sub(&server->body_bytes, exchange->body.len);
}

static void observe(struct slw_http_exchange *exchange, unsigned http_status, uint64_t taken_us)
{
    const struct slw_http_server *server = exchange->server;
    bool is_abandoned = atomic_load(&exchange->state) == HTTP_ABANDONED;
    enum slw_status reason = is_abandoned ? SLW_IO_TIMEOUT : exchange->reason;
    const char *problem = is_abandoned || exchange->problem == NULL ? "" : exchange->problem;
    const struct slw_http_done done = {
        .method = exchange->method,
        .route = exchange->route == NULL ? NULL : exchange->route->path,
        .status = http_status,
        .received = exchange->received,
        .taken_us = taken_us,
        .reason = http_status == 0 || reason == SLW_OK ? NULL : slw_status_word(reason),
        .detail = problem,
    };
    server->settings.observe(server->context, &done);
}

void http_serve_completed(void *context, struct MHD_Connection *connection, void **request,
                          enum MHD_RequestTerminationCode code)
{
    struct slw_http_exchange *exchange = *request;
    (void)context;
    (void)connection;
    (void)code;
    if (exchange == NULL) {
        return;
    }
    unsigned http_status = exchange->queued ? exchange->answer_status : 0;
    uint64_t taken_us = (uint64_t)(http_now_us() - exchange->begun_us);
    slw_http_connections_enter(&exchange->server->connections, exchange->peer, SLW_HTTP_IDLE);
    count(exchange, http_status, taken_us);
    if (exchange->server->settings.observe != NULL) {
        observe(exchange, http_status, taken_us);
    }
    if (exchange->is_owed) {
        atomic_fetch_sub(&exchange->server->owed, 1);
    }
    http_exchange_release(exchange);
    *request = NULL;
}
