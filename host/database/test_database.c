/* SPDX-License-Identifier: Apache-2.0 */
/* The databases of test_database.h: files and a server in a temporary directory. */
#include "test_database.h"

#include "postgresql_server.h"

#include <libpq-fe.h>

static struct {
    enum slw_database_kind kind;
    char directory[64];
    char url[256];
    char path[256];
    unsigned made; /* so far */
    struct postgresql_server server;
} test;

struct slw_detail test_detail;

static void require(bool holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "test_database: %s: %s\n", what, test_detail.text);
        exit(1);
    }
}

bool test_database_start(enum slw_database_kind kind)
{
    test.kind = kind;
    (void)snprintf(test.directory, sizeof test.directory, "/tmp/slipway-database-XXXXXX");
    require(mkdtemp(test.directory) != NULL, "no temporary directory");
    if (kind == SLW_DATABASE_SQLITE) {
        return true;
    }
    if (!postgresql_make(&test.server)) {
        remove_tree(test.directory);
        return false;
    }
    postgresql_start(&test.server);
    return true;
}

void test_database_stop(void)
{
    if (test.kind == SLW_DATABASE_POSTGRESQL) {
        postgresql_remove(&test.server);
    }
    remove_tree(test.directory);
}

enum slw_database_kind test_database_kind(void)
{
    return test.kind;
}

/* Quicker than a database for each case. */
static void empty_database(void)
{
    PGconn *handle = PQconnectdb(test.url);
    PGresult *result = PQexec(handle, "SET client_min_messages = error;"
                                      "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    require(PQresultStatus(result) == PGRES_COMMAND_OK, PQerrorMessage(handle));
    PQclear(result);
    PQfinish(handle);
}

void test_database_server_stop(int signal_number)
{
    postgresql_stop(&test.server, signal_number);
}

void test_database_server_start(void)
{
    postgresql_start(&test.server);
}

int test_database_server_pid(void)
{
    return (int)test.server.pid;
}

const char *test_database_fresh(void)
{
    test.made++;
    if (test.kind == SLW_DATABASE_SQLITE) {
        (void)snprintf(test.url, sizeof test.url, "sqlite:%s/%u.db", test.directory, test.made);
        return test.url;
    }
    (void)snprintf(test.url, sizeof test.url, "%s", postgresql_url(&test.server, "postgres"));
    empty_database();
    return test.url;
}

const char *test_database_url(void)
{
    return test.url;
}

const char *test_database_path(const char *name)
{
    (void)snprintf(test.path, sizeof test.path, "%s/%s", test.directory, name);
    return test.path;
}

struct slw_database *test_database_open_again(void)
{
    struct slw_database *database = NULL;
    require(slw_database_open(test.url, NULL, &database, &test_detail) == SLW_OK, "open");
    return database;
}

struct slw_database *test_database_open(const char *tables)
{
    struct slw_migration migration = {"tables", tables};
    (void)test_database_fresh();
    struct slw_database *database = test_database_open_again();
    require(slw_database_migrate(database, &migration, tables == NULL ? 0 : 1, &test_detail) ==
                SLW_OK,
            "migrate");
    return database;
}

struct statement {
    const char *sql;
    const struct slw_sql_value *values;
    size_t count;
    int64_t number;
};

static enum slw_status run(void *context, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    struct statement *statement = context;
    return slw_sql_run(transaction, statement->sql, statement->values, statement->count, NULL,
                       detail);
}

enum slw_status test_run(struct slw_database *database, const char *sql,
                         const struct slw_sql_value *values, size_t count)
{
    struct statement statement = {sql, values, count, 0};
    return slw_database_transact(database, SLW_DATABASE_WRITE, run, &statement, &test_detail);
}

static enum slw_status number(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct statement *statement = context;
    return slw_sql_number(transaction, statement->sql, statement->values, statement->count,
                          &statement->number, detail);
}

int64_t test_number(struct slw_database *database, const char *sql,
                    const struct slw_sql_value *values, size_t count)
{
    struct statement statement = {sql, values, count, -1};
    enum slw_status status =
        slw_database_transact(database, SLW_DATABASE_WRITE, number, &statement, &test_detail);
    return status == SLW_OK ? statement.number : -1;
}
