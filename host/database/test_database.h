/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of host/database share: every case runs on each kind of database, on an empty one;
 * and statements in one line each.
 */
#ifndef SLIPWAY_TEST_DATABASE_H
#define SLIPWAY_TEST_DATABASE_H

#include "slipway/database.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

/* The kind that cases run on now; false when it isn't installed here. Ends the program when it
 * can't be set up. */
bool test_database_start(enum slw_database_kind kind);
void test_database_stop(void);
enum slw_database_kind test_database_kind(void);

/* Makes it empty, and where it is then. */
const char *test_database_fresh(void);
const char *test_database_url(void);
/* The server goes away and comes back, for PostgreSQL alone. */
void test_database_server_stop(int signal_number);
void test_database_server_start(void);
int test_database_server_pid(void);
/* A path for a file of a case; lives until the next call. */
const char *test_database_path(const char *name);

/* A fresh one with these tables (NULL: none), or the same once more, as another process would open
 * it. Ends the program when that fails. */
struct slw_database *test_database_open(const char *tables);
struct slw_database *test_database_open_again(void);
struct slw_database *test_database_open_with(const struct slw_database_options *options);

/* Processes of a case: a child that runs function and exits with what it returns, and a byte that
 * one tells another by. Nothing that the parent has open may be used there. */
pid_t test_fork(int (*function)(void *context), void *context);
int test_wait(pid_t pid); /* its exit status; 1000 + the signal that ended it */
struct test_pipe {
    int read;
    int write;
};
struct test_pipe test_pipe_open(void);
void test_pipe_tell(struct test_pipe pipe);
bool test_pipe_hear(struct test_pipe pipe); /* false: not within 20 s */
void test_pipe_close(struct test_pipe pipe);
void test_sleep_ms(unsigned milliseconds);

static inline struct slw_bytes test_text(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* One statement in a transaction of its own; what went wrong is in test_detail. */
enum slw_status test_run(struct slw_database *database, const char *sql,
                         const struct slw_sql_value *values, size_t count);
/* Its number; -1 when it failed. */
int64_t test_number(struct slw_database *database, const char *sql,
                    const struct slw_sql_value *values, size_t count);
extern struct slw_detail test_detail;

enum test_kinds { TEST_BOTH, TEST_SQLITE, TEST_POSTGRESQL };
struct test_case {
    const char *name;
    void (*function)(void);
    enum test_kinds kinds;
};
/* clang-format off */
#define TEST_CASE(function) {#function, function, TEST_BOTH}
#define TEST_CASE_ON(kind, function) {#function, function, TEST_##kind}
/* clang-format on */

static inline void test_database_is_not_installed(void)
{
    TAP_SKIP("PostgreSQL isn't installed");
}

/* All cases on each kind, named "CASE on KIND"; what main() returns. */
static inline int test_database_main(const struct test_case *cases, size_t count)
{
    static const enum slw_database_kind kinds[] = {SLW_DATABASE_SQLITE, SLW_DATABASE_POSTGRESQL};
    static const char *const names[] = {"sqlite", "postgresql"};
    for (size_t kind = 0; kind < sizeof kinds / sizeof kinds[0]; kind++) {
        bool is_there = test_database_start(kinds[kind]);
        for (size_t i = 0; i < count; i++) {
            char name[160];
            if (cases[i].kinds != TEST_BOTH && (size_t)cases[i].kinds != kind + 1) {
                continue;
            }
            (void)snprintf(name, sizeof name, "%s on %s", cases[i].name, names[kind]);
            tap_run(name, is_there ? cases[i].function : test_database_is_not_installed);
        }
        if (is_there) {
            test_database_stop();
        }
    }
    return tap_finish();
}

#endif
