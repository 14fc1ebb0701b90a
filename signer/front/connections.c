/* SPDX-License-Identifier: Apache-2.0 */
/* Watches over open connections. See connections.h. */
#include "connections.h"

#include "clock.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static void *watch(void *context)
{
    struct front_connections *connections = context;
    (void)pthread_mutex_lock(&connections->lock);
    while (!connections->stopping) {
        struct timespec deadline = front_clock_after_ms(1000);
        (void)pthread_cond_timedwait(&connections->wake, &connections->lock, &deadline);
        (void)pthread_mutex_unlock(&connections->lock);
        (void)front_connections_look(connections, front_clock_ms());
        (void)pthread_mutex_lock(&connections->lock);
    }
    (void)pthread_mutex_unlock(&connections->lock);
    return NULL;
}

enum slw_status front_connections_start(struct front_connections *connections, uint32_t idle_s,
                                        uint32_t floor_bytes_per_s)
{
    pthread_condattr_t attributes;
    memset(connections, 0, sizeof *connections);
    connections->idle_s = idle_s;
    connections->floor_bytes_per_s = floor_bytes_per_s;
    (void)pthread_mutex_init(&connections->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&connections->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return pthread_create(&connections->thread, NULL, watch, connections) == 0 ? SLW_OK : SLW_IO;
}

void front_connections_stop(struct front_connections *connections)
{
    (void)pthread_mutex_lock(&connections->lock);
    connections->stopping = true;
    (void)pthread_cond_signal(&connections->wake);
    (void)pthread_mutex_unlock(&connections->lock);
    (void)pthread_join(connections->thread, NULL);
}

struct front_connection *front_connections_add(struct front_connections *connections,
                                               int descriptor)
{
    struct front_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return NULL;
    }
    connection->descriptor = descriptor;
    connection->phase = FRONT_IDLE;
    connection->since_ms = front_clock_ms();
    (void)pthread_mutex_lock(&connections->lock);
    connection->next = connections->first;
    connections->first = connection;
    (void)pthread_mutex_unlock(&connections->lock);
    return connection;
}

void front_connections_remove(struct front_connections *connections,
                              struct front_connection *connection)
{
    (void)pthread_mutex_lock(&connections->lock);
    struct front_connection **link = &connections->first;
    while (*link != NULL && *link != connection) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        *link = connection->next;
    }
    (void)pthread_mutex_unlock(&connections->lock);
    free(connection);
}

void front_connections_enter(struct front_connections *connections,
                             struct front_connection *connection, enum front_phase phase)
{
    (void)pthread_mutex_lock(&connections->lock);
    connection->phase = phase;
    connection->since_ms = front_clock_ms();
    connection->bytes = 0;
    (void)pthread_mutex_unlock(&connections->lock);
}

void front_connections_received(struct front_connections *connections,
                                struct front_connection *connection, uint64_t bytes)
{
    (void)pthread_mutex_lock(&connections->lock);
    connection->bytes += bytes;
    (void)pthread_mutex_unlock(&connections->lock);
}

/* Whether it took too long; a body's window of time begins anew when it was fast enough. */
static bool is_overdue(const struct front_connections *connections,
                       struct front_connection *connection, int64_t now_ms)
{
    int64_t passed_ms = now_ms - connection->since_ms;
    switch (connection->phase) {
    case FRONT_IDLE:
        return passed_ms >= (int64_t)connections->idle_s * 1000;
    case FRONT_ANSWER:
        return passed_ms >= FRONT_ANSWER_S * 1000;
    case FRONT_BODY:
        break;
    }
    if (passed_ms < FRONT_FLOOR_WINDOW_S * 1000) {
        return false;
    }
    bool slow =
        connection->bytes < (uint64_t)connections->floor_bytes_per_s * (uint64_t)passed_ms / 1000;
    connection->since_ms = now_ms;
    connection->bytes = 0;
    return slow;
}

unsigned front_connections_look(struct front_connections *connections, int64_t now_ms)
{
    unsigned count = 0;
    (void)pthread_mutex_lock(&connections->lock);
    for (struct front_connection *at = connections->first; at != NULL; at = at->next) {
        if (!at->is_shut && is_overdue(connections, at, now_ms)) {
            at->is_shut = true;
            (void)shutdown(at->descriptor, SHUT_RDWR);
            count++;
        }
    }
    (void)pthread_mutex_unlock(&connections->lock);
    return count;
}
