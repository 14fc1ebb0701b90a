/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for a server, which may hang, be cut off or be stopped: never longer than so many
 * milliseconds, whatever libpq would do by itself.
 */
#include "internal.h"
#include "postgresql.h"

#include <errno.h>
#include <poll.h>

uint32_t postgresql_answer_ms(const struct postgresql_connection *connection)
{
    /* Half as long again, so that the server's own word that it took too long comes first. */
    return connection->base.database->options.timeout_ms / 2 * 3 + 100;
}

/* False when nothing happened until then. */
static bool wait_for(int descriptor, short events, int64_t until_ms)
{
    struct pollfd wait = {.fd = descriptor, .events = events};
    for (;;) {
        int64_t left = until_ms - sql_monotonic_ms();
        if (left <= 0 || descriptor < 0) {
            return false;
        }
        int ready = poll(&wait, 1, left < 1000000 ? (int)left : 1000000);
        if (ready > 0) {
            return true;
        }
        if (ready < 0 && errno != EINTR) {
            return false;
        }
    }
}

bool postgresql_wait_connected(PGconn *handle, uint32_t timeout_ms)
{
    int64_t until_ms = sql_monotonic_ms() + timeout_ms;
    PostgresPollingStatusType next = PGRES_POLLING_WRITING;
    while (next != PGRES_POLLING_OK) {
        if (next != PGRES_POLLING_READING && next != PGRES_POLLING_WRITING) {
            return false;
        }
        short events = next == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!wait_for(PQsocket(handle), events, until_ms)) {
            return false;
        }
        next = PQconnectPoll(handle);
    }
    return true;
}

/* Everything sent, and an answer there. */
static bool is_answered(PGconn *handle, int64_t until_ms)
{
    for (;;) {
        int unsent = PQflush(handle);
        if (unsent < 0) {
            return false;
        }
        if (unsent == 0 && PQisBusy(handle) == 0) {
            return true;
        }
        short events = (short)(unsent > 0 ? POLLIN | POLLOUT : POLLIN);
        if (!wait_for(PQsocket(handle), events, until_ms)) {
            return false;
        }
        /* It says 0 when the server is gone, whose last word may be there all the same. */
        if (PQconsumeInput(handle) == 0 && PQisBusy(handle) != 0) {
            return false;
        }
    }
}

PGresult *postgresql_receive(struct postgresql_connection *connection, uint32_t timeout_ms)
{
    if (!is_answered(connection->handle, sql_monotonic_ms() + timeout_ms)) {
        connection->base.lost = true;
        return NULL;
    }
    PGresult *result = PQgetResult(connection->handle);
    if (PQstatus(connection->handle) != CONNECTION_OK) {
        connection->base.lost = true;
    }
    return result;
}

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

PGresult *postgresql_execute(struct postgresql_connection *connection, const char *sql,
                             uint32_t timeout_ms)
{
    PGresult *last = NULL;
    if (PQsendQuery(connection->handle, sql) == 0) {
        connection->base.lost = true;
        return NULL;
    }
    for (;;) {
        PGresult *result = postgresql_receive(connection, timeout_ms);
        if (result == NULL) {
            break;
        }
        if (last == NULL || is_good(last)) {
            PQclear(last);
            last = result;
        } else {
            PQclear(result);
        }
    }
    return last;
}
