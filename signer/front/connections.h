/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every open connection and what it is at, so that none stays open for want of bytes: a thread goes
 * over them once a second and shuts those down that are too long in a handshake or in the head of a
 * request, send a body more slowly than the floor, or don't fetch their answer. The HTTP library's
 * own time limit only notices a connection on which nothing at all happens.
 */
#ifndef SLIPWAY_FRONT_CONNECTIONS_H
#define SLIPWAY_FRONT_CONNECTIONS_H

#include "slipway/status.h"

#include <pthread.h>
#include <stdint.h>

#define FRONT_ANSWER_S 120 /* to work on a request, and to have a piece of its answer fetched */
#define FRONT_FLOOR_WINDOW_S 10

enum front_phase { FRONT_IDLE, FRONT_BODY, FRONT_ANSWER };

struct front_connection {
    struct front_connection *next;
    int descriptor;
    enum front_phase phase;
    int64_t since_ms;       /* of the phase; of the floor's window for a body */
    uint64_t bytes;         /* of the body, in that window */
    bool is_shut;           /* by the thread */
    int64_t verified_to_ms; /* the peer's certificate counts as good until then */
    unsigned verified_by;   /* generation of what it was verified with */
    uint8_t client[36];     /* who it is, for limits */
    uint8_t client_len;
};

struct front_connections {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct front_connection *first;
    uint32_t idle_s;
    uint32_t floor_bytes_per_s;
    bool stopping;
};

enum slw_status front_connections_start(struct front_connections *connections, uint32_t idle_s,
                                        uint32_t floor_bytes_per_s);
void front_connections_stop(struct front_connections *connections);

/* NULL when memory ran out. The descriptor is shut down here, and closed by who opened it, after
 * removing it here. */
struct front_connection *front_connections_add(struct front_connections *connections,
                                               int descriptor);
void front_connections_remove(struct front_connections *connections,
                              struct front_connection *connection);

void front_connections_enter(struct front_connections *connections,
                             struct front_connection *connection, enum front_phase phase);
void front_connections_received(struct front_connections *connections,
                                struct front_connection *connection, uint64_t bytes);

/* What the thread does each second, for tests: how many were shut down. */
unsigned front_connections_look(struct front_connections *connections, int64_t now_ms);

#endif
