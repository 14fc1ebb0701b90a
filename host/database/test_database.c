/* SPDX-License-Identifier: Apache-2.0 */
/* The databases of test_database.h: files and a server in a temporary directory. */
#include "test_database.h"

#include "postgresql_server.h"

#include <libpq-fe.h>
#include <poll.h>

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

struct slw_database *test_database_open_with(const struct slw_database_options *options)
{
    struct slw_database *database = NULL;
    require(slw_database_open(test.url, options, &database, &test_detail) == SLW_OK, "open");
    return database;
}

struct slw_database *test_database_open_again(void)
{
    return test_database_open_with(NULL);
}

pid_t test_fork(int (*function)(void *context), void *context)
{
    pid_t parent = getpid();
    pid_t pid = fork();
    require(pid >= 0, "fork");
    if (pid == 0) {
        /* It must not outlive a test that fails, nor print what the parent hasn't printed yet. */
        bool is_child = prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
        _exit(is_child ? function(context) : 99);
    }
    return pid;
}

int test_wait(pid_t pid)
{
    int status = 0;
    require(waitpid(pid, &status, 0) == pid, "waitpid");
    return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

struct test_pipe test_pipe_open(void)
{
    int ends[2] = {-1, -1};
    require(pipe(ends) == 0, "pipe");
    return (struct test_pipe){ends[0], ends[1]};
}

void test_pipe_tell(struct test_pipe pipe)
{
    require(write(pipe.write, "!", 1) == 1, "write");
}

bool test_pipe_hear(struct test_pipe pipe)
{
    char byte = 0;
    struct pollfd wait = {.fd = pipe.read, .events = POLLIN};
    return poll(&wait, 1, 20000) == 1 && read(pipe.read, &byte, 1) == 1;
}

void test_pipe_close(struct test_pipe pipe)
{
    (void)close(pipe.read);
    (void)close(pipe.write);
}

void test_sleep_ms(unsigned milliseconds)
{
    (void)nanosleep(&(struct timespec){.tv_sec = (time_t)(milliseconds / 1000),
                                       .tv_nsec = (long)(milliseconds % 1000) * 1000000L},
                    NULL);
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
