/* SPDX-License-Identifier: Apache-2.0 */
/* Watches over open connections. See http_connections.h. */
#include "slipway/http_connections.h"

#include "slipway/http_clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define EVICTED_BELOW_PER_S 16384u /* bytes of a body */

static void *watch(void *context)
{
    struct slw_http_connections *connections = context;
    (void)pthread_mutex_lock(&connections->lock);
    while (!connections->stopping) {
        struct timespec deadline = slw_http_clock_after_ms(1000);
        (void)pthread_cond_timedwait(&connections->wake, &connections->lock, &deadline);
        (void)pthread_mutex_unlock(&connections->lock);
        int64_t now_ms = slw_http_clock_ms();
        (void)slw_http_connections_look(connections, now_ms);
        if (connections->tick != NULL) {
            connections->tick(connections->context, now_ms);
        }
        (void)pthread_mutex_lock(&connections->lock);
    }
    (void)pthread_mutex_unlock(&connections->lock);
    return NULL;
}

enum slw_status slw_http_connections_start(struct slw_http_connections *connections,
                                           uint32_t idle_s, uint32_t floor_bytes_per_s,
                                           void (*tick)(void *context, int64_t now_ms),
                                           void *context)
{
    pthread_condattr_t attributes;
    memset(connections, 0, sizeof *connections);
    connections->idle_s = idle_s;
    connections->floor_bytes_per_s = floor_bytes_per_s;
    connections->tick = tick;
    connections->context = context;
    (void)pthread_mutex_init(&connections->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&connections->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return pthread_create(&connections->thread, NULL, watch, connections) == 0 ? SLW_OK : SLW_IO;
}

void slw_http_connections_stop(struct slw_http_connections *connections)
{
    (void)pthread_mutex_lock(&connections->lock);
    connections->stopping = true;
    (void)pthread_cond_signal(&connections->wake);
    (void)pthread_mutex_unlock(&connections->lock);
    (void)pthread_join(connections->thread, NULL);
}

struct slw_http_connection *slw_http_connections_add(struct slw_http_connections *connections,
                                                     int descriptor)
{
    struct slw_http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->descriptor = descriptor;
    connection->phase = SLW_HTTP_IDLE;
    connection->since_ms = slw_http_clock_ms();
    (void)pthread_mutex_lock(&connections->lock);
    connection->next = connections->first;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    connections->first = connection;
    connections->count++;
    (void)pthread_mutex_unlock(&connections->lock);
    return connection;
}

void slw_http_connections_remove(struct slw_http_connections *connections,
                                 struct slw_http_connection *connection)
{
    (void)pthread_mutex_lock(&connections->lock);
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        connections->first = connection->next;
    }
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    connections->count--;
    (void)pthread_mutex_unlock(&connections->lock);
    free(connection);
}

void slw_http_connections_enter(struct slw_http_connections *connections,
                                struct slw_http_connection *connection, enum slw_http_phase phase)
{
    (void)connections;
    atomic_store(&connection->since_ms, slw_http_clock_ms());
    atomic_store(&connection->bytes, 0);
    atomic_store(&connection->phase, phase);
}

void slw_http_connections_received(struct slw_http_connections *connections,
                                   struct slw_http_connection *connection, uint64_t bytes)
{
    (void)connections;
    atomic_fetch_add(&connection->bytes, bytes);
}

/* Whether it took too long; a body's window of time begins anew when it was fast enough. */
static bool is_overdue(const struct slw_http_connections *connections,
                       struct slw_http_connection *connection, int64_t now_ms)
{
    enum slw_http_phase phase = connection->phase;
    int64_t passed_ms = now_ms - connection->since_ms;
    switch (phase) {
    case SLW_HTTP_IDLE:
        return passed_ms >= (int64_t)connections->idle_s * 1000;
    case SLW_HTTP_ANSWER:
        return passed_ms >= SLW_HTTP_ANSWER_S * 1000;
    case SLW_HTTP_QUIET:
        return false;
    case SLW_HTTP_BODY:
        break;
    }
    if (passed_ms < SLW_HTTP_FLOOR_WINDOW_S * 1000) {
        return false;
    }
    bool slow =
        connection->bytes < (uint64_t)connections->floor_bytes_per_s * (uint64_t)passed_ms / 1000;
    connection->since_ms = now_ms;
    connection->bytes = 0;
    return slow;
}

unsigned slw_http_connections_look(struct slw_http_connections *connections, int64_t now_ms)
{
    unsigned count = 0;
    (void)pthread_mutex_lock(&connections->lock);
    for (struct slw_http_connection *at = connections->first; at != NULL; at = at->next) {
        if (!at->is_shut && is_overdue(connections, at, now_ms)) {
            at->is_shut = true;
            (void)shutdown(at->descriptor, SHUT_RDWR);
            count++;
        }
    }
    connections->cut += count;
    (void)pthread_mutex_unlock(&connections->lock);
    return count;
}

/* Who was idle for longest; the lock is held. */
static struct slw_http_connection *find_idle(const struct slw_http_connections *connections,
                                             const struct slw_http_connection *newcomer)
{
    struct slw_http_connection *longest = NULL;
    for (struct slw_http_connection *at = connections->first; at != NULL; at = at->next) {
        if (at != newcomer && !at->is_shut && at->phase == SLW_HTTP_IDLE &&
            (longest == NULL || at->since_ms <= longest->since_ms)) {
            longest = at;
        }
    }
    return longest;
}

/* Who sends a body most slowly, of those who had a second to show it; the lock is held. */
static struct slw_http_connection *find_slow(const struct slw_http_connections *connections,
                                             int64_t now_ms)
{
    struct slw_http_connection *slowest = NULL;
    uint64_t least = EVICTED_BELOW_PER_S;
    for (struct slw_http_connection *at = connections->first; at != NULL; at = at->next) {
        bool sends = !at->is_shut && at->phase == SLW_HTTP_BODY;
        int64_t passed_ms = now_ms - at->since_ms;
        if (!sends || passed_ms < 1000) {
            continue;
        }
        uint64_t per_s = at->bytes * 1000 / (uint64_t)passed_ms;
        if (per_s < least) {
            least = per_s;
            slowest = at;
        }
    }
    return slowest;
}

bool slw_http_connections_evict(struct slw_http_connections *connections,
                                const struct slw_http_connection *newcomer, int64_t now_ms)
{
    (void)pthread_mutex_lock(&connections->lock);
    struct slw_http_connection *found = find_idle(connections, newcomer);
    if (found == NULL) {
        found = find_slow(connections, now_ms);
    }
    if (found != NULL) {
        found->is_shut = true;
        (void)shutdown(found->descriptor, SHUT_RDWR);
        connections->evicted++;
    }
    (void)pthread_mutex_unlock(&connections->lock);
    return found != NULL;
}
