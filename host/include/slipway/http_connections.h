/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every open connection and what it is at, so that none stays open for want of bytes: a thread goes
 * over them once a second and shuts those down that are too long in a handshake or in the head of a
 * request, send a body more slowly than the floor, or don't fetch their answer. The HTTP library's
 * own time limit only notices a connection on which nothing at all happens.
 */
#ifndef SLIPWAY_HTTP_CONNECTIONS_H
#define SLIPWAY_HTTP_CONNECTIONS_H

#include "slipway/status.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SLW_HTTP_ANSWER_S                                                                          \
    120 /* to work on a request, and to have a piece of its answer fetched                         \
         */
#define SLW_HTTP_FLOOR_WINDOW_S 10

enum slw_http_phase {
    SLW_HTTP_IDLE, /* between requests, and in a handshake or a head */
    SLW_HTTP_BODY,
    SLW_HTTP_ANSWER,
    SLW_HTTP_QUIET, /* nothing is expected of it: a stream without news */
};

struct slw_http_connection {
    struct slw_http_connection *next;
    struct slw_http_connection *previous;
    int descriptor;
    /* Written by the connection's own thread at each request, without the lock: the phase last,
     * which whoever looks reads first, so that none counts for longer than it is. */
    _Atomic enum slw_http_phase phase;
    atomic_int_fast64_t since_ms; /* of the phase; of the floor's window for a body */
    atomic_uint_fast64_t bytes;   /* of the body, in that window */
    bool is_shut;                 /* by the thread */
    int64_t verified_to_ms;       /* the peer's certificate counts as good until then */
    unsigned verified_by;         /* generation of what it was verified with */
    uint8_t client[48];           /* who it is, for limits */
    uint8_t client_len;
    char name[65];    /* of the certificate that it showed; "": none */
    char address[48]; /* where it comes from, as text; "": not known */
    bool is_surplus;  /* there was no room for it */
};

struct slw_http_connections {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    struct slw_http_connection *first;
    uint32_t idle_s;
    uint32_t floor_bytes_per_s;
    bool stopping;
    atomic_size_t count;
    atomic_uint_fast64_t cut;                    /* for being slow, so far */
    atomic_uint_fast64_t evicted;                /* to make room */
    void (*tick)(void *context, int64_t now_ms); /* each second, by the thread; NULL: none */
    void *context;
};

/* tick may be NULL. */
SLW_MUST_USE enum slw_status slw_http_connections_start(struct slw_http_connections *connections,
                                                        uint32_t idle_s, uint32_t floor_bytes_per_s,
                                                        void (*tick)(void *context, int64_t now_ms),
                                                        void *context);
void slw_http_connections_stop(struct slw_http_connections *connections);

/* NULL when memory ran out. The descriptor is shut down here, and closed by who opened it, after
 * removing it here. */
struct slw_http_connection *slw_http_connections_add(struct slw_http_connections *connections,
                                                     int descriptor);
void slw_http_connections_remove(struct slw_http_connections *connections,
                                 struct slw_http_connection *connection);

void slw_http_connections_enter(struct slw_http_connections *connections,
                                struct slw_http_connection *connection, enum slw_http_phase phase);
void slw_http_connections_received(struct slw_http_connections *connections,
                                   struct slw_http_connection *connection, uint64_t bytes);

/* How many there are. */
static inline size_t slw_http_connections_count(const struct slw_http_connections *connections)
{
    return atomic_load(&connections->count);
}

/* Shuts down the one that has been idle for longest, to make room for a new one; where no other is
 * idle, the one whose body comes most slowly. False: all are busy. */
bool slw_http_connections_evict(struct slw_http_connections *connections,
                                const struct slw_http_connection *newcomer, int64_t now_ms);

/* What the thread does each second, for tests: how many were shut down. */
unsigned slw_http_connections_look(struct slw_http_connections *connections, int64_t now_ms);

#endif
