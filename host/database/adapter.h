/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two adapters (sqlite.c, postgresql.c) do for the rest of host/database: connections, one
 * transaction at a time on each, statements in it. Who calls it (pool.c, transact.c, statement.c)
 * keeps to the order: begin, then statements, rows only one set at a time, then commit or rollback.
 */
#ifndef SLIPWAY_DATABASE_ADAPTER_H
#define SLIPWAY_DATABASE_ADAPTER_H

#include "slipway/database.h"

/* How a transaction begins. */
enum sql_begin {
    SQL_BEGIN_READ_ONE, /* its one statement is the transaction: nothing is begun or committed */
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_BEGIN_ALONE,   /* no other writer meanwhile: for one that others got in the way of too often
                        */
    SQL_BEGIN_MIGRATE, /* the same, on a database that may be empty; takes scripts, for long */
};

/* What is common to both; an adapter's own connection has it as its first member. */
struct sql_connection {
    struct slw_database *database;
    bool conflict; /* another transaction got in the way of this one: once more from the start */
    bool lost;     /* it can't be used any more */
};

struct sql_statement {
    const char *sql;
    const struct slw_sql_value *values;
    size_t count;
};

struct sql_adapter {
    enum slw_database_kind kind;
    bool one_writer; /* a writer waits for its turn before it takes a connection */

    /* Makes the file, and whatever else is done once. */
    enum slw_status (*prepare)(struct slw_database *database, struct slw_detail *detail);
    enum slw_status (*connect)(struct slw_database *database,
                               struct sql_connection **ret_connection, struct slw_detail *detail);
    void (*disconnect)(struct sql_connection *connection);

    enum slw_status (*begin)(struct sql_connection *connection, enum sql_begin how,
                             struct slw_detail *detail);
    enum slw_status (*commit)(struct sql_connection *connection, struct slw_detail *detail);
    void (*rollback)(struct sql_connection *connection); /* also after a commit that failed */

    enum slw_status (*run)(struct sql_connection *connection, const struct sql_statement *statement,
                           int64_t *ret_changed, struct slw_detail *detail);
    /* Has the first row ready, or failed, when it returns. */
    enum slw_status (*query)(struct sql_connection *connection,
                             const struct sql_statement *statement, struct slw_detail *detail);
    bool (*next)(struct sql_connection *connection);
    bool (*is_null)(const struct sql_connection *connection, int column);
    int64_t (*get_int)(const struct sql_connection *connection, int column);
    double (*get_double)(const struct sql_connection *connection, int column);
    struct slw_bytes (*get_bytes)(const struct sql_connection *connection, int column);
    /* Ends rows; the status of whatever failed since query(). */
    enum slw_status (*finish)(struct sql_connection *connection, struct slw_detail *detail);

    enum slw_status (*now)(struct sql_connection *connection, int64_t *ret_now_us,
                           struct slw_detail *detail);
    /* A migration's statements, as dialect.h made them. */
    enum slw_status (*script)(struct sql_connection *connection, const char *sql,
                              struct slw_detail *detail);
    /* NULL: needs none. */
    enum slw_status (*check)(struct sql_connection *connection, struct slw_detail *detail);
};

extern const struct sql_adapter sql_sqlite, sql_postgresql;

#endif
