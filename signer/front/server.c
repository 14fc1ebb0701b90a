/* SPDX-License-Identifier: Apache-2.0 */
/* Sets up the HTTP library for each listening socket. See server.h. */
#include "server.h"

#include "handler.h"

#include "slipway/files.h"
#include "slipway/http_listen.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PEM_SIZE_MAX (256u << 10)
#define HEAD_MEMORY (32u << 10) /* of one connection: the head of a request must fit */
#define STACK_SIZE (256u << 10)

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

static enum slw_status add(struct front_server *server, enum front_listener_kind kind,
                           const char *text, struct slw_detail *detail)
{
    size_t at = server->count;
    char *address = server->listeners[at].address;
    size_t size = sizeof server->listeners[at].address;
    int *descriptor = &server->listeners[at].descriptor;
    if (kind == FRONT_LOCAL) {
        SLW_TRY(
            slw_http_listen_local(text, server->front->settings.socket_mode, descriptor, detail));
        (void)snprintf(address, size, "unix:%s", text);
    } else {
        SLW_TRY(slw_http_listen_tcp(text, kind == FRONT_TLS ? "https" : "http", size, address,
                                    descriptor, detail));
    }
    server->listeners[at].listener = (struct front_listener){server->front, kind};
    server->count++;
    return SLW_OK;
}

static enum slw_status read_tls(struct front_server *server, struct slw_detail *detail)
{
    const struct front_settings *settings = &server->front->settings;
    SLW_TRY(slw_file_read(settings->tls_certificate, PEM_SIZE_MAX, &server->certificate, detail));
    SLW_TRY(slw_file_read(settings->tls_key, PEM_SIZE_MAX, &server->key, detail));
    if (settings->client_ca[0] != '\0') {
        SLW_TRY(slw_file_read(settings->client_ca, PEM_SIZE_MAX, &server->authorities, detail));
    }
    return SLW_OK;
}

static enum slw_status open_all(struct front_server *server, struct slw_detail *detail)
{
    const struct front_settings *settings = &server->front->settings;
    if (settings->listen[0] != '\0') {
        SLW_TRY(add(server, FRONT_TLS, settings->listen, detail));
        SLW_TRY(read_tls(server, detail));
    }
    if (settings->plain_listen[0] != '\0') {
        SLW_TRY(add(server, FRONT_PLAIN, settings->plain_listen, detail));
    }
    if (settings->socket[0] != '\0') {
        SLW_TRY(add(server, FRONT_LOCAL, settings->socket, detail));
    }
    return SLW_OK;
}

enum slw_status front_server_open(struct front *front, struct front_server *ret_server,
                                  struct slw_detail *detail)
{
    *ret_server = (struct front_server){.front = front};
    enum slw_status status = open_all(ret_server, detail);
    if (status != SLW_OK) {
        front_server_close(ret_server);
    }
    return status;
}

static enum slw_status start(struct front_server *server, size_t at, struct slw_detail *detail)
{
    const struct front_settings *settings = &server->front->settings;
    struct front_listener *listener = &server->listeners[at].listener;
    bool is_tls = listener->kind == FRONT_TLS;
    unsigned flags = MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD |
                     MHD_USE_POLL | MHD_USE_ITC | (is_tls ? MHD_USE_TLS : 0);
    struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, server->listeners[at].descriptor, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)settings->connections, NULL},
        {MHD_OPTION_PER_IP_CONNECTION_LIMIT,
         listener->kind == FRONT_LOCAL ? 0 : (intptr_t)settings->connections_per_peer, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, (intptr_t)settings->idle_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MEMORY, NULL},
        {MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
        {MHD_OPTION_END, 0, NULL},
    };
    if (is_tls) {
        size_t next = sizeof options / sizeof options[0] - 5;
        options[next++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0,
                                                  (void *)(uintptr_t)slw_heap_text(&server->key)};
        options[next++] = (struct MHD_OptionItem){
            MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)slw_heap_text(&server->certificate)};
        options[next++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)priorities};
        if (server->authorities.len > 0) {
            options[next++] =
                (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                        (void *)(uintptr_t)slw_heap_text(&server->authorities)};
        }
    }
    server->listeners[at].daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, front_handler_serve, listener, MHD_OPTION_ARRAY, options,
        MHD_OPTION_URI_LOG_CALLBACK, front_handler_target, listener, MHD_OPTION_NOTIFY_COMPLETED,
        front_handler_completed, listener, MHD_OPTION_NOTIFY_CONNECTION, front_handler_connection,
        listener, MHD_OPTION_END);
    return server->listeners[at].daemon != NULL
               ? SLW_OK
               : slw_explain(detail, SLW_IO, "%s: can't be served%s", server->listeners[at].address,
                             is_tls ? "; are certificate and key each other's?" : "");
}

enum slw_status front_server_start(struct front_server *server, struct slw_detail *detail)
{
    for (size_t i = 0; i < server->count; i++) {
        SLW_TRY(start(server, i, detail));
    }
    return SLW_OK;
}

void front_server_close(struct front_server *server)
{
    for (size_t i = 0; i < server->count; i++) {
        if (server->listeners[i].daemon != NULL) {
            MHD_stop_daemon(server->listeners[i].daemon); /* closes the socket, too */
        } else {
            (void)close(server->listeners[i].descriptor);
        }
        if (server->listeners[i].listener.kind == FRONT_LOCAL) {
            (void)unlink(server->front->settings.socket);
        }
    }
    slw_heap_free(&server->certificate);
    slw_heap_free(&server->key);
    slw_heap_free(&server->authorities);
    *server = (struct front_server){.front = server->front};
}
