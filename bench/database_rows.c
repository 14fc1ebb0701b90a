/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast host/database reads a row, and writes many with one statement, against the same
 * statements given to SQLite or libpq themselves, in turn. tools/bench-database runs it and prints
 * its objects.
 *
 *     database_rows sqlite:PATH|postgresql://…
 */
#include "slipway/database.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS 200u   /* of one statement */
#define COLUMNS 3u  /* of one row */
#define SLICE_S 0.3 /* one side, then the other */
#define SLICES 6u

static const char tables[] =
    "CREATE TABLE states (id BIGINT PRIMARY KEY, seen_us BIGINT NOT NULL, state TEXT NOT NULL)";
static const char read_sql[] = "SELECT seen_us FROM states WHERE id = $1";
static const char state[] = "confirmed, 7 slots of 3 components, healthy";

static struct {
    struct slw_database *database;
    char upsert[32768];
    struct slw_sql_value values[ROWS * COLUMNS];
    int64_t round;
    sqlite3 *sqlite;
    sqlite3_stmt *sqlite_read, *sqlite_upsert;
    PGconn *server;
} bench;

static double now(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "database_rows: %s\n", what);
        exit(EXIT_FAILURE);
    }
}

static void write_upsert(void)
{
    size_t at =
        (size_t)snprintf(bench.upsert, 128, "INSERT INTO states (id, seen_us, state) VALUES ");
    for (unsigned i = 0; i < ROWS; i++) {
        at += (size_t)snprintf(bench.upsert + at, 48, "%s($%u, $%u, $%u)", i == 0 ? "" : ", ",
                               3 * i + 1, 3 * i + 2, 3 * i + 3);
    }
    (void)snprintf(bench.upsert + at, 160,
                   " ON CONFLICT (id) DO UPDATE SET seen_us = excluded.seen_us,"
                   " state = excluded.state");
}

/* The rows of the next statement: devices report in whatever order. */
static int64_t next_row(unsigned at)
{
    return (int64_t)((uint64_t)(bench.round * ROWS + at) * 7919 % 20000);
}

static enum slw_status upsert_work(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    (void)context;
    return slw_sql_run(transaction, bench.upsert, bench.values, ROWS * COLUMNS, NULL, detail);
}

static void upsert_ours(void)
{
    struct slw_detail detail = {""};
    for (unsigned i = 0; i < ROWS; i++) {
        bench.values[3 * i] = slw_sql_int(next_row(i));
        bench.values[3 * i + 1] = slw_sql_int(bench.round);
        bench.values[3 * i + 2] = slw_sql_text(slw_bytes_make(state, sizeof state - 1));
    }
    bench.round++;
    require(slw_database_transact(bench.database, SLW_DATABASE_WRITE, upsert_work, NULL, &detail) ==
                SLW_OK,
            detail.text);
}

static enum slw_status read_work(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct slw_sql_value id = slw_sql_int(next_row(0));
    return slw_sql_number(transaction, read_sql, &id, 1, context, detail);
}

static void read_ours(void)
{
    struct slw_detail detail = {""};
    int64_t seen_us = 0;
    bench.round++;
    enum slw_status status =
        slw_database_transact(bench.database, SLW_DATABASE_READ_ONE, read_work, &seen_us, &detail);
    require(status == SLW_OK || status == SLW_NOT_FOUND, detail.text);
}

static void upsert_sqlite(void)
{
    require(sqlite3_exec(bench.sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK, "BEGIN");
    for (unsigned i = 0; i < ROWS; i++) {
        int at = (int)(3 * i);
        (void)sqlite3_bind_int64(bench.sqlite_upsert, at + 1, next_row(i));
        (void)sqlite3_bind_int64(bench.sqlite_upsert, at + 2, bench.round);
        (void)sqlite3_bind_text(bench.sqlite_upsert, at + 3, state, sizeof state - 1,
                                SQLITE_STATIC);
    }
    bench.round++;
    require(sqlite3_step(bench.sqlite_upsert) == SQLITE_DONE, sqlite3_errmsg(bench.sqlite));
    (void)sqlite3_reset(bench.sqlite_upsert);
    require(sqlite3_exec(bench.sqlite, "COMMIT", NULL, NULL, NULL) == SQLITE_OK, "COMMIT");
}

static void read_sqlite(void)
{
    (void)sqlite3_bind_int64(bench.sqlite_read, 1, next_row(0));
    bench.round++;
    int code = sqlite3_step(bench.sqlite_read);
    require(code == SQLITE_ROW || code == SQLITE_DONE, sqlite3_errmsg(bench.sqlite));
    (void)sqlite3_reset(bench.sqlite_read);
}

static void run_on_server(const char *statement, int count, const char *const *values)
{
    PGresult *result = PQexecPrepared(bench.server, statement, count, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(result);
    require(status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK, PQerrorMessage(bench.server));
    PQclear(result);
}

static void command_server(const char *sql)
{
    PGresult *result = PQexec(bench.server, sql);
    require(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(bench.server));
    PQclear(result);
}

static void upsert_server(void)
{
    static char texts[ROWS * 2][24];
    static const char *values[ROWS * COLUMNS];
    for (unsigned i = 0; i < ROWS; i++) {
        (void)snprintf(texts[2 * i], 24, "%" PRId64, next_row(i));
        (void)snprintf(texts[2 * i + 1], 24, "%" PRId64, bench.round);
        values[3 * i] = texts[2 * i];
        values[3 * i + 1] = texts[2 * i + 1];
        values[3 * i + 2] = state;
    }
    bench.round++;
    command_server("BEGIN");
    run_on_server("upsert", ROWS * COLUMNS, values);
    command_server("COMMIT");
}

static void read_server(void)
{
    char text[24];
    const char *values[] = {text};
    (void)snprintf(text, sizeof text, "%" PRId64, next_row(0));
    bench.round++;
    run_on_server("read", 1, values);
}

static void prepare_server(const char *name, const char *sql)
{
    PGresult *result = PQprepare(bench.server, name, sql, 0, NULL);
    require(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(bench.server));
    PQclear(result);
}

/* The library itself, with the same durability and isolation. */
static void open_bare(const char *url)
{
    if (slw_database_kind(bench.database) == SLW_DATABASE_POSTGRESQL) {
        bench.server = PQconnectdb(url);
        require(PQstatus(bench.server) == CONNECTION_OK, PQerrorMessage(bench.server));
        command_server("SET default_transaction_isolation = serializable");
        prepare_server("upsert", bench.upsert);
        prepare_server("read", read_sql);
        return;
    }
    static char text[sizeof bench.upsert]; /* the quickest way there is: plain ? */
    size_t at = 0;
    for (const char *from = bench.upsert; *from != '\0'; at++) {
        text[at] = *from == '$' ? '?' : *from;
        from += *from == '$' ? 1 + strspn(from + 1, "0123456789") : 1;
    }
    text[at] = '\0';
    require(sqlite3_open(url + strlen("sqlite:"), &bench.sqlite) == SQLITE_OK &&
                sqlite3_exec(bench.sqlite, "PRAGMA synchronous = FULL", NULL, NULL, NULL) ==
                    SQLITE_OK &&
                sqlite3_prepare_v2(bench.sqlite, text, -1, &bench.sqlite_upsert, NULL) ==
                    SQLITE_OK &&
                sqlite3_prepare_v2(bench.sqlite, "SELECT seen_us FROM states WHERE id = ?", -1,
                                   &bench.sqlite_read, NULL) == SQLITE_OK,
            "SQLite");
}

/* How often a second. */
static double rate(void (*function)(void))
{
    double start = now();
    double until = start + SLICE_S;
    unsigned count = 0;
    while (now() < until) {
        function();
        count++;
    }
    return count / (now() - start);
}

static void compare(const char *what, const char *kind, void (*ours)(void), void (*bare)(void),
                    unsigned rows)
{
    double best_ours = 0;
    double best_bare = 0;
    for (unsigned i = 0; i < SLICES; i++) {
        double one = rate(ours);
        double other = rate(bare);
        best_ours = one > best_ours ? one : best_ours;
        best_bare = other > best_bare ? other : best_bare;
    }
    (void)printf("{\"name\": \"%s, %s: rows a second\", \"value\": %.2f, \"unit\": \"x\", "
                 "\"against\": \"%.0f with the library alone\"}\n",
                 what, kind, best_ours / best_bare, best_bare * rows);
}

int main(int argc, char **argv)
{
    static const struct slw_migration migration = {"0001-states", tables};
    struct slw_detail detail = {""};
    require(argc == 2, "usage: database_rows URL");
    write_upsert();
    require(slw_database_open(argv[1], NULL, &bench.database, &detail) == SLW_OK, detail.text);
    require(slw_database_migrate(bench.database, &migration, 1, &detail) == SLW_OK, detail.text);
    open_bare(argv[1]);
    bool is_sqlite = bench.sqlite != NULL;
    const char *kind = is_sqlite ? "SQLite" : "PostgreSQL";
    compare("upserts of 200 rows each", kind, upsert_ours,
            is_sqlite ? upsert_sqlite : upsert_server, ROWS);
    compare("reads by key", kind, read_ours, is_sqlite ? read_sqlite : read_server, 1);
    (void)sqlite3_finalize(bench.sqlite_upsert);
    (void)sqlite3_finalize(bench.sqlite_read);
    (void)sqlite3_close(bench.sqlite);
    PQfinish(bench.server);
    slw_database_close(bench.database);
    return EXIT_SUCCESS;
}
