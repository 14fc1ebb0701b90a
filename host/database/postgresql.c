/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PostgreSQL: for several depots. Transactions are SERIALIZABLE, so that it finds those that would
 * not have come out so one after the other, and refuses them; transact.c runs them again. One that
 * is refused too often takes a lock that keeps other writers out, and then can't be refused.
 */
#include "postgresql.h"
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>

#define MIGRATION_MS_MAX 3600000u

/* Writers share the lock of this table; one that has to be alone has it for itself. */
#define BEGIN_SERIALIZABLE "BEGIN ISOLATION LEVEL SERIALIZABLE"
#define LOCK_SHARED "; LOCK TABLE schema_migrations IN ROW SHARE MODE"
#define LOCK_ALONE "; LOCK TABLE schema_migrations IN EXCLUSIVE MODE"

/* "In READ COMMITTED … each command sees what was committed before it began": who waited for the
 * lock sees what the one before did. The number is this library's alone. */
#define BEGIN_MIGRATE                                                                              \
    "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL statement_timeout = 3600000;"      \
    " SET LOCAL lock_timeout = 3600000; SET LOCAL idle_in_transaction_session_timeout = 0;"        \
    " SELECT pg_advisory_xact_lock(7308604897253745)"

static bool begins(const char *state, const char *with)
{
    return strncmp(state, with, strlen(with)) == 0;
}

/* "SQLSTATE" codes: the first two characters are the class. */
static enum slw_status status_of(const char *state)
{
    static const struct {
        const char *state;
        enum slw_status status;
    } rows[] = {
        {"08P01", SLW_INTERNAL},      /* fewer values than parameters */
        {"40", SLW_DATABASE_AWAY},    /* rolled back: a conflict */
        {"23505", SLW_VERSION_TAKEN}, /* unique_violation */
        {"23503", SLW_NOT_FOUND},     /* foreign_key_violation */
        {"23", SLW_BAD_ARGUMENT},     /* not null, check */
        {"22", SLW_BAD_ARGUMENT},     /* data */
        {"25006", SLW_INTERNAL},      /* read_only_sql_transaction */
        {"42804", SLW_BAD_ARGUMENT},  /* a value of another type than its column's */
        {"42", SLW_INTERNAL},         /* syntax, names, types */
        {"21", SLW_INTERNAL},
        {"26", SLW_INTERNAL},
        {"54", SLW_BAD_ARGUMENT},
        {"53100", SLW_IO}, /* disk_full */
        {"58", SLW_IO},
        {"XX", SLW_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (begins(state, rows[i].state)) {
            return rows[i].status;
        }
    }
    return SLW_DATABASE_AWAY; /* 08, 28, 3D, 53, 55, 57, … */
}

/* The first line of text, which may have more of them. */
static enum slw_status explain_line(struct slw_detail *detail, enum slw_status status,
                                    const char *text)
{
    size_t len = strcspn(text, "\n");
    return slw_explain(detail, status, "database: %.*s", (int)(len < 600 ? len : 600), text);
}

static enum slw_status explain_state(struct postgresql_connection *connection, const char *state,
                                     const char *message, struct slw_detail *detail)
{
    /* Another transaction got in the way (40001, 40P01), or a migration changed what a statement
     * that was prepared before gives (0A000: only a new connection forgets it). */
    bool is_stale = begins(state, "0A000");
    if (begins(state, "40") || is_stale) {
        connection->base.conflict = true;
        connection->base.lost = connection->base.lost || is_stale;
    }
    enum slw_status status = status_of(state);
    if (begins(state, "25006") && !connection->reads_only) {
        connection->base.lost = true; /* a standby: the next connection may find the primary */
        status = SLW_DATABASE_AWAY;
    }
    return explain_line(detail, status, message);
}

enum slw_status postgresql_explain(struct postgresql_connection *connection, const PGresult *result,
                                   struct slw_detail *detail)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message =
        result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (state != NULL && message != NULL) {
        return explain_state(connection, state, message, detail);
    }
    connection->base.lost = true;
    message = PQerrorMessage(connection->handle);
    return explain_line(detail, SLW_DATABASE_AWAY,
                        message[0] == '\0' ? "the server doesn't answer" : message);
}

/* A command whose rows, if any, nobody wants. */
static enum slw_status command(struct postgresql_connection *connection, const char *sql,
                               uint32_t timeout_ms, struct slw_detail *detail)
{
    PGresult *result = postgresql_execute(connection, sql, timeout_ms);
    ExecStatusType came = PQresultStatus(result);
    enum slw_status status = SLW_OK;
    if ((came != PGRES_COMMAND_OK && came != PGRES_TUPLES_OK) || connection->base.lost) {
        status = postgresql_explain(connection, result, detail);
    }
    PQclear(result);
    return status;
}

static enum slw_status postgresql_prepare(struct slw_database *database, struct slw_detail *detail)
{
    (void)database;
    if (PQisthreadsafe() == 0) {
        return slw_explain(detail, SLW_DATABASE_AWAY, "database: libpq isn't made for threads");
    }
    return SLW_OK;
}

static void postgresql_disconnect(struct sql_connection *connection)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    postgresql_prepared_drop_all(postgresql);
    PQclear(postgresql->row);
    PQfinish(postgresql->handle);
    free(postgresql);
}

/* Libraries never print, and libpq would. */
static void drop_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/*
 * What holds for all transactions of a session: a statement by itself sees what was committed when
 * it began and takes no part in what SERIALIZABLE keeps of who read what (its memory is the
 * server's, and bounded: thousands of reads a second beside one long write would use it up). No
 * statement, lock or idle transaction (of a process that was stopped in the middle) lasts longer
 * than the timeout, and what is committed is on the disk, whatever the server's settings say.
 */
static const char session[] =
    "SELECT current_setting('server_encoding'), to_regclass('schema_migrations') IS NOT NULL,"
    " set_config('statement_timeout', '%u', false), set_config('lock_timeout', '%u', false),"
    " set_config('idle_in_transaction_session_timeout', '%u', false),"
    " set_config('default_transaction_isolation', 'read committed', false),"
    " set_config('default_transaction_read_only', 'on', false),"
    " set_config('standard_conforming_strings', 'on', false),"
    " set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off'"
    " THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

static enum slw_status read_session(struct postgresql_connection *connection,
                                    const PGresult *result, struct slw_detail *detail)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        return postgresql_explain(connection, result, detail);
    }
    if (strcmp(PQgetvalue(result, 0, 0), "UTF8") != 0) {
        return slw_explain(detail, SLW_STORED_STATE, "database: its encoding is %s, not UTF8",
                           PQgetvalue(result, 0, 0));
    }
    if (PQgetvalue(result, 0, 1)[0] == 't') {
        atomic_store(&connection->base.database->migrated, true);
    }
    return SLW_OK;
}

static enum slw_status set_up(struct postgresql_connection *connection, struct slw_detail *detail)
{
    char sql[sizeof session + 32];
    uint32_t timeout_ms = connection->base.database->options.timeout_ms;
    (void)PQsetNoticeReceiver(connection->handle, drop_notice, NULL);
    if (!postgresql_wait_connected(connection->handle, timeout_ms) ||
        PQsetnonblocking(connection->handle, 1) != 0) {
        return postgresql_explain(connection, NULL, detail);
    }
    (void)snprintf(sql, sizeof sql, session, timeout_ms, timeout_ms, 2 * timeout_ms);
    PGresult *result = postgresql_execute(connection, sql, postgresql_answer_ms(connection));
    enum slw_status status = read_session(connection, result, detail);
    PQclear(result);
    return status;
}

static enum slw_status postgresql_connect(struct slw_database *database,
                                          struct sql_connection **ret_connection,
                                          struct slw_detail *detail)
{
    char timeout_ms[16];
    (void)snprintf(timeout_ms, sizeof timeout_ms, "%u", database->options.timeout_ms);
    const char *const names[] = {"dbname", "client_encoding", "tcp_user_timeout",
                                 "fallback_application_name", NULL};
    const char *const values[] = {database->place, "UTF8", timeout_ms, "slipway", NULL};
    struct postgresql_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return slw_explain_no_memory(detail);
    }
    connection->base.database = database;
    connection->handle = PQconnectStartParams(names, values, 1);
    enum slw_status status =
        connection->handle == NULL ? slw_explain_no_memory(detail) : set_up(connection, detail);
    if (status != SLW_OK) {
        postgresql_disconnect(&connection->base);
        return status;
    }
    *ret_connection = &connection->base;
    return SLW_OK;
}

static const char *begin_command(const struct slw_database *database, enum sql_begin how)
{
    bool locks = atomic_load(&database->migrated);
    switch (how) {
    case SQL_BEGIN_READ_ONE:
        break;
    case SQL_BEGIN_READ:
        return BEGIN_SERIALIZABLE " READ ONLY";
    case SQL_BEGIN_WRITE:
        return locks ? BEGIN_SERIALIZABLE " READ WRITE" LOCK_SHARED
                     : BEGIN_SERIALIZABLE " READ WRITE";
    case SQL_BEGIN_ALONE:
        return locks ? BEGIN_SERIALIZABLE " READ WRITE" LOCK_ALONE
                     : BEGIN_SERIALIZABLE " READ WRITE";
    case SQL_BEGIN_MIGRATE:
        return BEGIN_MIGRATE;
    }
    return "";
}

static void postgresql_rollback(struct sql_connection *connection)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    struct slw_detail detail = {""};
    bool conflict = connection->conflict;
    if (!connection->lost && PQtransactionStatus(postgresql->handle) != PQTRANS_IDLE &&
        command(postgresql, "ROLLBACK", postgresql_answer_ms(postgresql), &detail) != SLW_OK) {
        connection->lost = true;
    }
    connection->conflict = conflict;
}

static enum slw_status postgresql_begin(struct sql_connection *connection, enum sql_begin how,
                                        struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    uint32_t timeout_ms =
        how == SQL_BEGIN_MIGRATE ? MIGRATION_MS_MAX : postgresql_answer_ms(postgresql);
    postgresql->reads_only = how == SQL_BEGIN_READ || how == SQL_BEGIN_READ_ONE;
    postgresql->is_one = how == SQL_BEGIN_READ_ONE;
    if (postgresql->is_one) {
        return SLW_OK; /* as the session's defaults are */
    }
    enum slw_status status =
        command(postgresql, begin_command(connection->database, how), timeout_ms, detail);
    if (status != SLW_OK) {
        postgresql_rollback(connection);
    }
    connection->conflict = false;
    return status;
}

static enum slw_status postgresql_commit(struct sql_connection *connection,
                                         struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    if (postgresql->is_one) {
        return SLW_OK; /* its statement was all of it */
    }
    PGresult *result = postgresql_execute(postgresql, "COMMIT", postgresql_answer_ms(postgresql));
    enum slw_status status = SLW_OK;
    if (PQresultStatus(result) != PGRES_COMMAND_OK || connection->lost) {
        status = postgresql_explain(postgresql, result, detail);
    } else if (strcmp(PQcmdStatus(result), "COMMIT") != 0) {
        status = slw_explain(detail, SLW_DATABASE_AWAY, "database: rolled back at commit");
    }
    PQclear(result);
    return status;
}

static enum slw_status postgresql_now(struct sql_connection *connection, int64_t *ret_now_us,
                                      struct slw_detail *detail)
{
    static const struct sql_statement ask = {
        "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)", NULL, 0};
    SLW_TRY(postgresql_query(connection, &ask, detail));
    int64_t now_us = postgresql_next(connection) ? postgresql_get_int(connection, 0) : 0;
    SLW_TRY(postgresql_finish(connection, detail));
    *ret_now_us = now_us;
    return SLW_OK;
}

static enum slw_status postgresql_script(struct sql_connection *connection, const char *sql,
                                         struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    if (sql[strspn(sql, " \t\n;")] == '\0') {
        return SLW_OK;
    }
    SLW_TRY(command(postgresql, sql, MIGRATION_MS_MAX, detail));
    if (PQtransactionStatus(postgresql->handle) != PQTRANS_INTRANS) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "database: it ends its transaction");
    }
    return SLW_OK;
}

const struct sql_adapter sql_postgresql = {
    .kind = SLW_DATABASE_POSTGRESQL,
    .one_writer = false,
    .prepare = postgresql_prepare,
    .connect = postgresql_connect,
    .disconnect = postgresql_disconnect,
    .begin = postgresql_begin,
    .commit = postgresql_commit,
    .rollback = postgresql_rollback,
    .run = postgresql_run,
    .query = postgresql_query,
    .next = postgresql_next,
    .is_null = postgresql_is_null,
    .get_int = postgresql_get_int,
    .get_double = postgresql_get_double,
    .get_bytes = postgresql_get_bytes,
    .finish = postgresql_finish,
    .now = postgresql_now,
    .script = postgresql_script,
};
