/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting and stopping: listening sockets, TLS, and the HTTP library's threads, each of which
 * waits for a share of the connections: by epoll, but of those with TLS by poll, because by epoll
 * the library doesn't wait for the next message of a handshake; it asks for it again and again, so
 * that a client that falls silent in one would take a processor. See http_server.h.
 */
#include "exchange.h"

#include "slipway/files.h"
#include "slipway/http_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PEM_SIZE_MAX (256u << 10)
#define CONNECTION_MEMORY                                                                          \
    (32u << 10) /* a head that is too large to be served must fit, to say so */
#define THREADS_MAX 256u
#define CONNECTIONS_MAX 1000000u
#define SURPLUS_PER_THREAD 16u /* connections that are told that there is no room */
#define STOP_LOOK_MS 10
#define STOP_SEND_MS 500 /* for what is said at the end to be sent */

/* TLS 1.2 and 1.3, with forward secrecy and authenticated encryption only. */
static const char priorities[] = "NONE:+VERS-TLS1.3:+VERS-TLS1.2:+ECDHE-ECDSA:+ECDHE-RSA"
                                 ":+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD"
                                 ":+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1"
                                 ":+SIGN-ECDSA-SECP256R1-SHA256:+SIGN-ECDSA-SECP384R1-SHA384"
                                 ":+SIGN-ECDSA-SHA256:+SIGN-ECDSA-SHA384:+SIGN-EDDSA-ED25519"
                                 ":+SIGN-RSA-PSS-RSAE-SHA256:+SIGN-RSA-PSS-RSAE-SHA384"
                                 ":+SIGN-RSA-SHA256:+SIGN-RSA-SHA384:+CTYPE-SRV-X509"
                                 ":+CTYPE-CLI-X509:+COMP-NULL:%SERVER_PRECEDENCE"
                                 ":%SAFE_RENEGOTIATION:%DISABLE_TLS13_COMPAT_MODE";

void http_server_release(struct slw_http_server *server)
{
    if (atomic_fetch_sub(&server->owners, 1) == 1) {
        free(server->patterns);
        free(server);
    }
}

static void tick(void *context, int64_t now_ms)
{
    struct slw_http_server *server = context;
    http_streams_tick(server, now_ms);
    (void)pthread_mutex_lock(&http_later_lock);
    http_abandon(server, now_ms - HTTP_OWED_MS);
    (void)pthread_mutex_unlock(&http_later_lock);
}

static void fill_defaults(struct slw_http_settings *settings)
{
    settings->threads = settings->threads == 0 ? 4 : settings->threads;
    settings->connections = settings->connections == 0 ? 1024 : settings->connections;
    settings->idle_s = settings->idle_s == 0 ? 60 : settings->idle_s;
    settings->floor_bytes_per_s =
        settings->floor_bytes_per_s == 0 ? 256 : settings->floor_bytes_per_s;
    settings->bodies_max = settings->bodies_max == 0 ? 256u << 20 : settings->bodies_max;
    if (settings->security_policy == NULL) {
        settings->security_policy = "default-src 'none'";
    }
}

static enum slw_status check_settings(const struct slw_http_settings *settings,
                                      struct slw_detail *detail)
{
    bool has_certificate = settings->tls_certificate != NULL;
    if (settings->threads > THREADS_MAX || settings->connections > CONNECTIONS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "too many threads or connections");
    }
    if (has_certificate != (settings->tls_key != NULL)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "TLS: certificate and key belong together");
    }
    if (settings->client_ca != NULL && !has_certificate) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "client certificates are shown in TLS alone");
    }
    return SLW_OK;
}

static struct http_listener *add_listener(struct slw_http_server *server, enum http_kind kind)
{
    struct http_listener *listener = &server->listeners[server->listeners_count++];
    *listener = (struct http_listener){.server = server, .kind = kind, .descriptor = -1};
    return listener;
}

static enum slw_status read_tls(struct slw_http_server *server, struct slw_detail *detail)
{
    const struct slw_http_settings *settings = &server->settings;
    SLW_TRY(slw_file_read(settings->tls_certificate, PEM_SIZE_MAX, &server->certificate, detail));
    SLW_TRY(slw_file_read(settings->tls_key, PEM_SIZE_MAX, &server->key, detail));
    if (settings->client_ca != NULL) {
        SLW_TRY(slw_file_read(settings->client_ca, PEM_SIZE_MAX, &server->authorities, detail));
        SLW_TRY(slw_http_trust_open(settings->client_ca, NULL, &server->trust, detail));
    }
    return SLW_OK;
}

static enum slw_status open_tcp(struct slw_http_server *server, struct slw_detail *detail)
{
    const struct slw_http_settings *settings = &server->settings;
    bool is_tls = settings->tls_certificate != NULL;
    struct http_listener *listener = add_listener(server, is_tls ? HTTP_TLS : HTTP_TCP);
    if (is_tls) {
        SLW_TRY(read_tls(server, detail));
    }
    return slw_http_listen_tcp(settings->listen, is_tls ? "https" : "http",
                               sizeof listener->address, listener->address, &listener->descriptor,
                               detail);
}

static enum slw_status open_local(struct slw_http_server *server, struct slw_detail *detail)
{
    const struct slw_http_settings *settings = &server->settings;
    struct http_listener *listener = add_listener(server, HTTP_LOCAL);
    uint32_t mode = settings->socket_mode == 0 ? 0600 : settings->socket_mode;
    SLW_TRY(slw_http_listen_local(settings->socket, mode, &listener->descriptor, detail));
    (void)snprintf(listener->address, sizeof listener->address, "unix:%s", settings->socket);
    return SLW_OK;
}

/* The library's option for text that it doesn't change. */
static struct MHD_OptionItem text_option(enum MHD_OPTION option, const char *text)
{
    return (struct MHD_OptionItem){option, 0, (void *)(uintptr_t)text};
}

static size_t put_tls_options(struct slw_http_server *server, struct MHD_OptionItem *options)
{
    size_t count = 0;
    options[count++] = text_option(MHD_OPTION_HTTPS_MEM_KEY, slw_heap_text(&server->key));
    options[count++] = text_option(MHD_OPTION_HTTPS_MEM_CERT, slw_heap_text(&server->certificate));
    options[count++] = text_option(MHD_OPTION_HTTPS_PRIORITIES, priorities);
    if (server->authorities.len > 0) {
        options[count++] =
            text_option(MHD_OPTION_HTTPS_MEM_TRUST, slw_heap_text(&server->authorities));
    }
    return count;
}

static size_t put_options(struct slw_http_server *server, const struct http_listener *listener,
                          struct MHD_OptionItem *options)
{
    const struct slw_http_settings *settings = &server->settings;
    unsigned most = settings->connections + SURPLUS_PER_THREAD * settings->threads;
    size_t count = 0;
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, (intptr_t)most, NULL};
    options[count++] =
        (struct MHD_OptionItem){MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL};
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 0, NULL};
    if (settings->threads > 1) {
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)settings->threads, NULL};
    }
    if (listener->descriptor >= 0) {
        options[count++] =
            (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, listener->descriptor, NULL};
    }
    if (listener->kind == HTTP_TLS) {
        count += put_tls_options(server, options + count);
    }
    options[count++] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    return count;
}

static enum slw_status serve(struct slw_http_server *server, struct http_listener *listener,
                             struct slw_detail *detail)
{
    struct MHD_OptionItem options[16];
    bool is_tls = listener->kind == HTTP_TLS;
    unsigned flags = MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    flags |= is_tls ? MHD_USE_POLL_INTERNAL_THREAD | (unsigned)MHD_USE_TLS
                    : (unsigned)MHD_USE_EPOLL_INTERNAL_THREAD;
    flags |= listener->descriptor < 0 ? (unsigned)MHD_USE_NO_LISTEN_SOCKET : 0;
    (void)put_options(server, listener, options);
    listener->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_serve, listener, MHD_OPTION_ARRAY, options,
        MHD_OPTION_URI_LOG_CALLBACK, http_serve_target, listener, MHD_OPTION_NOTIFY_COMPLETED,
        http_serve_completed, listener, MHD_OPTION_NOTIFY_CONNECTION, http_serve_connection,
        listener, MHD_OPTION_END);
    return listener->daemon != NULL
               ? SLW_OK
               : slw_explain(detail, SLW_IO, "%s: can't be served%s", listener->address,
                             listener->kind == HTTP_TLS ? "; are certificate and key each other's?"
                                                        : "");
}

static enum slw_status open_all(struct slw_http_server *server, struct slw_detail *detail)
{
    if (server->settings.listen != NULL) {
        SLW_TRY(open_tcp(server, detail));
    }
    if (server->settings.socket != NULL) {
        SLW_TRY(open_local(server, detail));
    }
    if (server->listeners_count == 0) {
        (void)add_listener(server, HTTP_TCP); /* for what is adopted */
    }
    for (size_t i = 0; i < server->listeners_count; i++) {
        SLW_TRY(serve(server, &server->listeners[i], detail));
    }
    return SLW_OK;
}

static void close_all(struct slw_http_server *server)
{
    for (size_t i = 0; i < server->listeners_count; i++) {
        struct http_listener *listener = &server->listeners[i];
        if (listener->daemon != NULL) {
            (void)MHD_quiesce_daemon(listener->daemon); /* the descriptor is ours again */
            MHD_stop_daemon(listener->daemon);
        }
        if (listener->descriptor >= 0) {
            (void)close(listener->descriptor);
        }
        if (listener->kind == HTTP_LOCAL && listener->descriptor >= 0) {
            (void)unlink(server->settings.socket);
        }
    }
    http_fetchers_stop(&server->fetchers);
    slw_http_connections_stop(&server->connections);
    slw_http_trust_close(server->trust);
    slw_heap_free(&server->certificate);
    slw_heap_free(&server->key);
    slw_heap_free(&server->authorities);
    http_server_release(server);
}

enum slw_status slw_http_server_start(const struct slw_http_settings *settings,
                                      const struct slw_http_route *routes, size_t routes_count,
                                      void *context, struct slw_http_server **ret_server,
                                      struct slw_detail *detail)
{
    struct slw_http_server *server = calloc(1, sizeof *server);
    if (server == NULL) {
        return slw_explain_no_memory(detail);
    }
    server->settings = *settings;
    server->context = context;
    atomic_init(&server->owners, 1);
    fill_defaults(&server->settings);
    enum slw_status status = check_settings(&server->settings, detail);
    if (status == SLW_OK) {
        status = http_routes_compile(server, routes, routes_count, detail);
    }
    if (status == SLW_OK) {
        status = slw_http_connections_start(&server->connections, server->settings.idle_s,
                                            server->settings.floor_bytes_per_s, tick, server);
    }
    if (status != SLW_OK) {
        http_server_release(server);
        return status;
    }
    status = http_fetchers_start(&server->fetchers, detail);
    if (status != SLW_OK) {
        slw_http_connections_stop(&server->connections);
        http_server_release(server);
        return status;
    }
    status = open_all(server, detail);
    if (status != SLW_OK) {
        close_all(server);
        return status;
    }
    *ret_server = server;
    return SLW_OK;
}

const char *slw_http_server_address(const struct slw_http_server *server)
{
    return server->listeners[0].address;
}

enum slw_status slw_http_server_adopt(struct slw_http_server *server, int descriptor,
                                      struct slw_detail *detail)
{
    static const struct sockaddr_un nobody = {.sun_family = AF_UNIX};
    if (MHD_add_connection(server->listeners[0].daemon, descriptor,
                           (const struct sockaddr *)&nobody, sizeof nobody.sun_family) != MHD_YES) {
        return slw_explain(detail, SLW_TOO_MANY, "the connection can't be served");
    }
    return SLW_OK;
}

static void stop_accepting(struct slw_http_server *server)
{
    atomic_store(&server->stopping, true);
    for (size_t i = 0; i < server->listeners_count; i++) {
        if (server->listeners[i].descriptor >= 0) {
            (void)MHD_quiesce_daemon(server->listeners[i].daemon);
        }
    }
}

/* Until no more than so many answers are owed, or sent. */
static void wait_for_answers(const struct slw_http_server *server, bool with_streams,
                             int64_t deadline_ms)
{
    const struct timespec pause = {.tv_nsec = STOP_LOOK_MS * 1000000};
    while (atomic_load(&server->owed) > (with_streams ? 0 : atomic_load(&server->streaming)) &&
           slw_http_clock_ms() < deadline_ms) {
        (void)nanosleep(&pause, NULL);
    }
}

void slw_http_server_stop(struct slw_http_server *server, uint32_t grace_ms)
{
    stop_accepting(server);
    wait_for_answers(server, false, slw_http_clock_ms() + grace_ms);
    (void)pthread_mutex_lock(&http_later_lock);
    server->ended = true;
    http_streams_end(server);
    http_fetches_end(server);
    http_abandon(server, INT64_MAX);
    (void)pthread_mutex_unlock(&http_later_lock);
    wait_for_answers(server, true, slw_http_clock_ms() + STOP_SEND_MS);
    close_all(server);
}

void slw_http_server_count(const struct slw_http_server *server, struct slw_http_counts *ret_counts)
{
    const struct slw_http_connections *connections = &server->connections;
    struct slw_http_counts counts = {
        .connections = slw_http_connections_count(connections),
        .accepted = atomic_load(&server->accepted),
        .evicted = connections->evicted,
        .cut = connections->cut,
        .busy = atomic_load(&server->owed),
        .streams = atomic_load(&server->streaming),
        .body_bytes = atomic_load(&server->body_bytes),
        .taken_us = atomic_load(&server->taken_us),
    };
    for (size_t i = 0; i < sizeof counts.answers / sizeof counts.answers[0]; i++) {
        counts.answers[i] = atomic_load(&server->answers[i]);
    }
    for (size_t i = 0; i < SLW_HTTP_TIMES; i++) {
        counts.times[i] = atomic_load(&server->times[i]);
    }
    *ret_counts = counts;
}
