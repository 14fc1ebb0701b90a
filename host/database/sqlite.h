/* SPDX-License-Identifier: Apache-2.0 */
/* A connection of SQLite's: sqlite.c opens it and runs transactions, sqlite_statement.c statements,
 * sqlite_cache.c keeps them prepared. */
#ifndef SLIPWAY_DATABASE_SQLITE_H
#define SLIPWAY_DATABASE_SQLITE_H

#include "adapter.h"

#include <sqlite3.h>

#define SQLITE_CACHE_SIZE 256u

struct sqlite_prepared {
    char *sql; /* NULL: nothing here */
    sqlite3_stmt *statement;
    uint16_t *numbers; /* which value each of SQLite's parameters takes: 12 where $12 stood */
    int parameters;
    size_t highest; /* of the numbers */
};

struct sqlite_connection {
    struct sql_connection base;
    sqlite3 *handle;
    bool reads_only;       /* the transaction that runs */
    bool is_one;           /* is its one statement */
    int64_t deadline_ms;   /* of what runs; INT64_MAX: none */
    sqlite3_stmt *rows;    /* whose rows are open */
    bool row_waits;        /* next() gives the one that rows stands on */
    enum slw_status ended; /* of rows: what its last step came to */
    struct slw_detail reason;
    struct sqlite_prepared cache[SQLITE_CACHE_SIZE];
};

static inline struct sqlite_connection *sqlite_of(struct sql_connection *connection)
{
    return (struct sqlite_connection *)connection;
}

/* Explains what SQLite said, and marks the connection when it was a conflict or the end of it. */
enum slw_status sqlite_explain(struct sqlite_connection *connection, int code,
                               struct slw_detail *detail);

/* sqlite_cache.c: a statement that isn't running; it belongs to the cache. */
SLW_MUST_USE enum slw_status sqlite_prepared_find(struct sqlite_connection *connection,
                                                  const char *sql,
                                                  struct sqlite_prepared **ret_prepared,
                                                  struct slw_detail *detail);
void sqlite_prepared_drop_all(struct sqlite_connection *connection);

/* sqlite_statement.c */
enum slw_status sqlite_run(struct sql_connection *connection, const struct sql_statement *statement,
                           int64_t *ret_changed, struct slw_detail *detail);
enum slw_status sqlite_query(struct sql_connection *connection,
                             const struct sql_statement *statement, struct slw_detail *detail);
bool sqlite_next(struct sql_connection *connection);
bool sqlite_is_null(const struct sql_connection *connection, int column);
int64_t sqlite_get_int(const struct sql_connection *connection, int column);
double sqlite_get_double(const struct sql_connection *connection, int column);
struct slw_bytes sqlite_get_bytes(const struct sql_connection *connection, int column);
enum slw_status sqlite_finish(struct sql_connection *connection, struct slw_detail *detail);

#endif
