/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pool of connections: as many as are allowed, the one that was used last first, for its caches
 * are warm. transact.c takes one for each transaction.
 */
#include "internal.h"

static struct sql_connection *pop_idle(struct slw_database *database)
{
    struct sql_connection *connection = NULL;
    (void)pthread_mutex_lock(&database->mutex);
    if (database->idle_count > 0) {
        connection = database->idle[--database->idle_count];
    }
    (void)pthread_mutex_unlock(&database->mutex);
    return connection;
}

void sql_pool_empty(struct slw_database *database)
{
    for (struct sql_connection *connection = pop_idle(database); connection != NULL;
         connection = pop_idle(database)) {
        database->adapter->disconnect(connection);
    }
}

static enum slw_status idle_or_new(struct slw_database *database,
                                   struct sql_connection **ret_connection,
                                   struct slw_detail *detail)
{
    struct sql_connection *connection = pop_idle(database);
    if (connection == NULL) {
        return database->adapter->connect(database, ret_connection, detail);
    }
    *ret_connection = connection;
    return SLW_OK;
}

enum slw_status sql_pool_take(struct slw_database *database, bool fresh,
                              struct sql_connection **ret_connection, struct slw_detail *detail)
{
    if (!sql_turns_take(&database->connections, database->options.timeout_ms)) {
        return slw_explain(detail, SLW_DATABASE_AWAY, "database: no connection was free for %u ms",
                           database->options.timeout_ms);
    }
    if (fresh) {
        sql_pool_empty(database);
    }
    enum slw_status status = idle_or_new(database, ret_connection, detail);
    if (status != SLW_OK) {
        sql_turns_give(&database->connections);
    }
    return status;
}

void sql_pool_give(struct slw_database *database, struct sql_connection *connection)
{
    if (connection->lost) {
        database->adapter->disconnect(connection);
    } else {
        (void)pthread_mutex_lock(&database->mutex);
        database->idle[database->idle_count++] = connection; /* turns never let more be in use */
        (void)pthread_mutex_unlock(&database->mutex);
    }
    sql_turns_give(&database->connections);
}
