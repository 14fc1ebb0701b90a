/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of host/database know of each other: the database, a transaction, its rows. */
#ifndef SLIPWAY_DATABASE_INTERNAL_H
#define SLIPWAY_DATABASE_INTERNAL_H

#include "adapter.h"
#include "turns.h"

#include <pthread.h>
#include <stdatomic.h>

struct slw_database {
    const struct sql_adapter *adapter;
    char *place; /* a path, or a URL */
    struct slw_database_options options;
    struct sql_turns connections; /* who may have one */
    struct sql_turns writer;
    pthread_mutex_t mutex; /* guards idle */
    struct sql_connection *idle[SLW_DATABASE_CONNECTIONS_MAX];
    size_t idle_count;
    atomic_bool migrated; /* schema_migrations is there */
};

struct slw_rows {
    struct slw_transaction *transaction;
    bool open;
};

struct slw_transaction {
    struct slw_database *database;
    struct sql_connection *connection;
    enum sql_begin how;
    bool had_statement;
    enum slw_status failed;   /* of the first statement that failed */
    struct slw_detail reason; /* of that one */
    int64_t now_us;           /* 0: not asked for yet */
    struct slw_rows rows;
};

/* pool.c: a connection for one transaction. fresh: none that lay idle, for those are broken. */
SLW_MUST_USE enum slw_status sql_pool_take(struct slw_database *database, bool fresh,
                                           struct sql_connection **ret_connection,
                                           struct slw_detail *detail);
void sql_pool_give(struct slw_database *database, struct sql_connection *connection);
void sql_pool_empty(struct slw_database *database);

/* transact.c: one attempt after the other, beginning with how. */
SLW_MUST_USE enum slw_status sql_transact(struct slw_database *database, enum sql_begin how,
                                          slw_transaction_work *work, void *context,
                                          struct slw_detail *detail);

/* statement.c: notes that a statement failed, so that its transaction is over; returns status. */
enum slw_status sql_note_failure(struct slw_transaction *transaction, enum slw_status status,
                                 const struct slw_detail *detail);

/* A moment on the clock that never jumps, in milliseconds. */
int64_t sql_monotonic_ms(void);

#endif
