/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite: for one depot, with nothing to set up. One writer at a time (transact.c queues them), any
 * number of readers beside it, each commit on the disk when it returns.
 */
#include "sqlite.h"
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define STEPS_BETWEEN_LOOKS 100000 /* at the clock: a few milliseconds */
#define MIGRATION_MS_MAX 3600000

/* What SQLite's codes mean to callers; the low byte is the class, the rest the cause. */
static enum slw_status constraint_status(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return SLW_VERSION_TAKEN;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return SLW_NOT_FOUND;
    }
    return SLW_BAD_ARGUMENT;
}

static enum slw_status status_of(int code)
{
    switch (code & 0xFF) {
    case SQLITE_CONSTRAINT:
        return constraint_status(code);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_PROTOCOL:
        return SLW_DATABASE_AWAY;
    case SQLITE_NOMEM:
        return SLW_NO_SPACE;
    case SQLITE_ERROR: /* syntax, names */
    case SQLITE_RANGE:
    case SQLITE_AUTH:
        return SLW_INTERNAL;
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return SLW_BAD_ARGUMENT;
    }
    return SLW_IO; /* SQLITE_FULL, SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_NOTADB, … */
}

enum slw_status sqlite_explain(struct sqlite_connection *connection, int code,
                               struct slw_detail *detail)
{
    int class = code & 0xFF;
    if (class == SQLITE_BUSY || class == SQLITE_LOCKED) {
        connection->base.conflict = true;
    }
    enum slw_status status = status_of(code);
    if (status == SLW_IO || class == SQLITE_CANTOPEN || class == SQLITE_READONLY) {
        connection->base.lost = true; /* whatever it holds in memory isn't what is on the disk */
    }
    return slw_explain(detail, status, "%s: %s", connection->base.database->place,
                       class == SQLITE_INTERRUPT ? "a statement took too long"
                                                 : sqlite3_errmsg(connection->handle));
}

static int look_at_clock(void *context)
{
    const struct sqlite_connection *connection = context;
    return sql_monotonic_ms() > connection->deadline_ms ? 1 : 0;
}

/* Makes the file, which only its owner reads, and the name of it durable. */
static enum slw_status sqlite_prepare(struct slw_database *database, struct slw_detail *detail)
{
    int descriptor = open(database->place, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0 && errno == EEXIST) {
        return SLW_OK;
    }
    if (descriptor < 0) {
        (void)slw_explain_errno(detail, database->place);
        return SLW_DATABASE_AWAY;
    }
    (void)close(descriptor);
    char *directory = strdup(database->place);
    if (directory == NULL) {
        return slw_explain_no_memory(detail);
    }
    char *slash = strrchr(directory, '/');
    if (slash != NULL) {
        slash[slash == directory ? 1 : 0] = '\0';
    }
    descriptor = open(slash == NULL ? "." : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    bool is_durable = descriptor >= 0 && fsync(descriptor) == 0;
    enum slw_status status = is_durable ? SLW_OK : slw_explain_errno(detail, database->place);
    if (descriptor >= 0) {
        (void)close(descriptor);
    }
    return status;
}

static enum slw_status execute(struct sqlite_connection *connection, const char *sql,
                               struct slw_detail *detail)
{
    int code = sqlite3_exec(connection->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? SLW_OK : sqlite_explain(connection, code, detail);
}

/* SQLite doesn't wait for a lock that this takes, so we do: two programs may open a new file at
 * once. */
static enum slw_status set_journal(struct sqlite_connection *connection, struct slw_detail *detail)
{
    int64_t until_ms = sql_monotonic_ms() + connection->base.database->options.timeout_ms;
    for (;;) {
        enum slw_status status = execute(connection, "PRAGMA journal_mode = WAL", detail);
        if (!connection->base.conflict || sql_monotonic_ms() > until_ms) {
            return status;
        }
        connection->base.conflict = false;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
}

static bool harden(sqlite3 *handle)
{
    return sqlite3_extended_result_codes(handle, 1) == SQLITE_OK &&
           sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) == SQLITE_OK &&
           sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL) == SQLITE_OK &&
           sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, NULL) == SQLITE_OK &&
           sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, NULL) == SQLITE_OK;
}

static enum slw_status set_up(struct sqlite_connection *connection, struct slw_detail *detail)
{
    const struct slw_database *database = connection->base.database;
    connection->deadline_ms = INT64_MAX;
    if (!harden(connection->handle)) {
        return slw_explain(detail, SLW_DATABASE_AWAY, "%s: SQLite is too old", database->place);
    }
    (void)sqlite3_busy_timeout(connection->handle, (int)database->options.timeout_ms);
    sqlite3_progress_handler(connection->handle, STEPS_BETWEEN_LOOKS, look_at_clock, connection);
    SLW_TRY(set_journal(connection, detail));
    return execute(connection,
                   "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                   "PRAGMA case_sensitive_like = ON; PRAGMA temp_store = MEMORY;"
                   "PRAGMA cache_size = -8192; PRAGMA journal_size_limit = 67108864",
                   detail);
}

static void sqlite_disconnect(struct sql_connection *connection)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    sqlite_prepared_drop_all(sqlite);
    (void)sqlite3_close_v2(sqlite->handle);
    free(sqlite);
}

/* A relative path gets "./" in front, so that no name means anything else to SQLite. */
static int open_file(const char *path, sqlite3 **ret_handle)
{
    size_t size = strlen(path) + 3;
    char *name = malloc(size);
    if (name == NULL) {
        return SQLITE_NOMEM;
    }
    (void)snprintf(name, size, "%s%s", path[0] == '/' ? "" : "./", path);
    /* Not made here: a file that went away must not come back empty. */
    int code = sqlite3_open_v2(name, ret_handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    free(name);
    return code;
}

static enum slw_status sqlite_connect(struct slw_database *database,
                                      struct sql_connection **ret_connection,
                                      struct slw_detail *detail)
{
    struct sqlite_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        return slw_explain_no_memory(detail);
    }
    connection->base.database = database;
    int code = open_file(database->place, &connection->handle);
    enum slw_status status =
        code == SQLITE_OK ? set_up(connection, detail) : sqlite_explain(connection, code, detail);
    if (status != SLW_OK) {
        sqlite_disconnect(&connection->base);
        return status;
    }
    *ret_connection = &connection->base;
    return SLW_OK;
}

/* BEGIN and the like, prepared once too. */
static enum slw_status command(struct sqlite_connection *connection, const char *sql,
                               struct slw_detail *detail)
{
    struct sqlite_prepared *prepared = NULL;
    SLW_TRY(sqlite_prepared_find(connection, sql, &prepared, detail));
    int code = sqlite3_step(prepared->statement);
    enum slw_status status =
        code == SQLITE_DONE ? SLW_OK : sqlite_explain(connection, code, detail);
    (void)sqlite3_reset(prepared->statement);
    return status;
}

static enum slw_status sqlite_begin(struct sql_connection *connection, enum sql_begin how,
                                    struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    bool reads = how == SQL_BEGIN_READ || how == SQL_BEGIN_READ_ONE;
    int has_moved = 0;
    sqlite->reads_only = reads;
    sqlite->deadline_ms = INT64_MAX; /* of waiting for a lock the busy timeout is */
    if (!reads) {
        (void)sqlite3_file_control(sqlite->handle, NULL, SQLITE_FCNTL_HAS_MOVED, &has_moved);
    }
    if (has_moved != 0) {
        connection->lost = true;
        return slw_explain(detail, SLW_DATABASE_AWAY, "%s: isn't there any more",
                           connection->database->place);
    }
    sqlite->is_one = how == SQL_BEGIN_READ_ONE;
    if (sqlite->is_one) {
        return SLW_OK;
    }
    enum slw_status status = command(sqlite, reads ? "BEGIN" : "BEGIN IMMEDIATE", detail);
    connection->conflict = false; /* it has waited for timeout_ms already */
    return status;
}

static enum slw_status sqlite_commit(struct sql_connection *connection, struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    sqlite->deadline_ms = INT64_MAX;
    return sqlite->is_one ? SLW_OK : command(sqlite, "COMMIT", detail);
}

static void sqlite_rollback(struct sql_connection *connection)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    struct slw_detail detail = {""};
    sqlite->deadline_ms = INT64_MAX;
    if (sqlite3_get_autocommit(sqlite->handle) == 0 &&
        command(sqlite, "ROLLBACK", &detail) != SLW_OK) {
        connection->lost = true;
    }
}

/* By the machine's clock, which is the only one here. */
static enum slw_status sqlite_now(struct sql_connection *connection, int64_t *ret_now_us,
                                  struct slw_detail *detail)
{
    struct timespec now = {0};
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) {
        return slw_explain_errno(detail, connection->database->place);
    }
    *ret_now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    return SLW_OK;
}

static enum slw_status sqlite_script(struct sql_connection *connection, const char *sql,
                                     struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    sqlite->deadline_ms = sql_monotonic_ms() + MIGRATION_MS_MAX;
    SLW_TRY(execute(sqlite, sql, detail));
    if (sqlite3_get_autocommit(sqlite->handle) != 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: it ends its transaction",
                           connection->database->place);
    }
    return SLW_OK;
}

/* The first row of a pragma that says what is wrong: *ret_found when there is one, and it isn't
 * "ok". */
static enum slw_status look_for_damage(struct sqlite_connection *connection, const char *pragma,
                                       bool *ret_found, struct slw_detail *detail)
{
    struct sqlite_prepared *prepared = NULL;
    SLW_TRY(sqlite_prepared_find(connection, pragma, &prepared, detail));
    int code = sqlite3_step(prepared->statement);
    enum slw_status status = SLW_OK;
    *ret_found = false;
    if (code == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(prepared->statement, 0);
        *ret_found = text == NULL || strcmp(text, "ok") != 0;
        if (*ret_found) {
            (void)slw_explain(detail, SLW_IO, "%s: damaged: %.200s",
                              connection->base.database->place, text == NULL ? "?" : text);
        }
    } else if (code != SQLITE_DONE) {
        status = sqlite_explain(connection, code, detail);
    }
    (void)sqlite3_reset(prepared->statement);
    return status;
}

static enum slw_status sqlite_check(struct sql_connection *connection, struct slw_detail *detail)
{
    static const char *const pragmas[] = {"PRAGMA integrity_check(1)", "PRAGMA foreign_key_check"};
    struct sqlite_connection *sqlite = sqlite_of(connection);
    sqlite->deadline_ms = INT64_MAX;
    for (size_t i = 0; i < sizeof pragmas / sizeof pragmas[0]; i++) {
        bool found = false;
        SLW_TRY(look_for_damage(sqlite, pragmas[i], &found, detail));
        if (found) {
            return SLW_IO;
        }
    }
    return SLW_OK;
}

const struct sql_adapter sql_sqlite = {
    .kind = SLW_DATABASE_SQLITE,
    .one_writer = true,
    .prepare = sqlite_prepare,
    .connect = sqlite_connect,
    .disconnect = sqlite_disconnect,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .run = sqlite_run,
    .query = sqlite_query,
    .next = sqlite_next,
    .is_null = sqlite_is_null,
    .get_int = sqlite_get_int,
    .get_double = sqlite_get_double,
    .get_bytes = sqlite_get_bytes,
    .finish = sqlite_finish,
    .now = sqlite_now,
    .script = sqlite_script,
    .check = sqlite_check,
};
