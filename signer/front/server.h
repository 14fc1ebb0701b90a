/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening sockets, and the HTTP library behind each of them: a thread a connection, as many as
 * settings allow. Called by main.c.
 */
#ifndef SLIPWAY_FRONT_SERVER_H
#define SLIPWAY_FRONT_SERVER_H

#include "request.h"

#define FRONT_LISTENERS_MAX 3u

struct front_server {
    struct front *front;
    size_t count;
    struct {
        struct front_listener listener;
        int descriptor;
        char address[FRONT_TEXT_MAX + 16]; /* "https://127.0.0.1:8443", "unix:/run/…" */
        struct MHD_Daemon *daemon;
    } listeners[FRONT_LISTENERS_MAX];
    struct slw_heap_buffer certificate; /* PEM */
    struct slw_heap_buffer key;         /* wiped */
    struct slw_heap_buffer authorities; /* of clients, which the handshake names */
};

/* Binds all sockets and reads what TLS needs: before the process gives up its rights. */
enum slw_status front_server_open(struct front *front, struct front_server *ret_server,
                                  struct slw_detail *detail);

/* Begins to serve. */
enum slw_status front_server_start(struct front_server *server, struct slw_detail *detail);

/* Stops, and waits for requests that are being served. */
void front_server_close(struct front_server *server);

#endif
