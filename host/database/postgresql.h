/* SPDX-License-Identifier: Apache-2.0 */
/* A connection to PostgreSQL: postgresql.c opens it and runs transactions, postgresql_wait.c waits
 * for answers, postgresql_statement.c has statements, postgresql_value.c reads columns. */
#ifndef SLIPWAY_DATABASE_POSTGRESQL_H
#define SLIPWAY_DATABASE_POSTGRESQL_H

#include "adapter.h"

#include <libpq-fe.h>

#define POSTGRESQL_CACHE_SIZE 256u

/* One that the server has prepared: as "sN", N its place. */
struct postgresql_prepared {
    char *sql;   /* NULL: nothing here */
    char *kinds; /* of its values, for a parameter has a type */
};

struct postgresql_connection {
    struct sql_connection base;
    PGconn *handle;
    bool reads_only; /* the transaction that runs */
    bool is_one;     /* is its one statement */
    bool runs;       /* rows are open, and there may be more of them */
    PGresult *row;   /* that columns are read from */
    bool row_waits;  /* next() gives the one that is there already */
    enum slw_status ended;
    struct slw_detail reason;
    struct postgresql_prepared cache[POSTGRESQL_CACHE_SIZE];
};

static inline struct postgresql_connection *postgresql_of(struct sql_connection *connection)
{
    return (struct postgresql_connection *)connection;
}

/* postgresql_wait.c: no call of these waits for longer than what was asked. */

/* The next result of what was sent; NULL when there is none any more, or, with the connection lost,
 * when it didn't come. */
PGresult *postgresql_receive(struct postgresql_connection *connection, uint32_t timeout_ms);
/* Waits until the connection is there. */
bool postgresql_wait_connected(PGconn *handle, uint32_t timeout_ms);
/* A command and its last result, which is the first that failed; NULL when the connection is lost.
 */
PGresult *postgresql_execute(struct postgresql_connection *connection, const char *sql,
                             uint32_t timeout_ms);
/* How long to wait for the answer to a statement, which the server ends before. */
uint32_t postgresql_answer_ms(const struct postgresql_connection *connection);

/* What the server said, or, without a result, why there is none; marks the connection when it was a
 * conflict or the end of it. */
enum slw_status postgresql_explain(struct postgresql_connection *connection, const PGresult *result,
                                   struct slw_detail *detail);

/* postgresql_statement.c */
enum slw_status postgresql_run(struct sql_connection *connection,
                               const struct sql_statement *statement, int64_t *ret_changed,
                               struct slw_detail *detail);
enum slw_status postgresql_query(struct sql_connection *connection,
                                 const struct sql_statement *statement, struct slw_detail *detail);
bool postgresql_next(struct sql_connection *connection);
enum slw_status postgresql_finish(struct sql_connection *connection, struct slw_detail *detail);
void postgresql_prepared_drop_all(struct postgresql_connection *connection);

/* postgresql_value.c */
bool postgresql_is_null(const struct sql_connection *connection, int column);
int64_t postgresql_get_int(const struct sql_connection *connection, int column);
double postgresql_get_double(const struct sql_connection *connection, int column);
struct slw_bytes postgresql_get_bytes(const struct sql_connection *connection, int column);
/* The type of a value that is sent; 0: the server finds out. */
Oid postgresql_type_of(enum slw_sql_kind kind);
/* Whether columns of it can be read. */
bool postgresql_type_is_known(Oid type);

#endif
