/* SPDX-License-Identifier: Apache-2.0 */
/* Leases by the database's clock, and holders that slept through theirs. */
#include "test_database.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char tables[] = "CREATE TABLE works (id IDENTITY, token BIGINT NOT NULL)";

static struct slw_detail why;

static enum slw_status acquire(struct slw_database *database, const char *holder, uint32_t seconds,
                               int64_t *ret_token)
{
    return slw_database_lease_acquire(database, "publisher", holder, seconds, ret_token, &why);
}

/* The lease's time is over: as if so much of it had passed. */
static void run_out(struct slw_database *database)
{
    TAP_EQUAL_INT(test_run(database, "UPDATE leases SET until_us = until_us - 60000000", NULL, 0),
                  SLW_OK);
}

static enum slw_status work(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const int64_t *token = context;
    struct slw_sql_value value = slw_sql_int(*token);
    SLW_TRY(slw_transaction_fence(transaction, "publisher", *token, detail));
    return slw_sql_run(transaction, "INSERT INTO works (token) VALUES ($1)", &value, 1, NULL,
                       detail);
}

static enum slw_status work_with(struct slw_database *database, int64_t token)
{
    return slw_database_transact(database, SLW_DATABASE_WRITE, work, &token, &why);
}

static void one_holds_it_and_the_next_has_a_higher_token(void)
{
    int64_t first = 0;
    int64_t second = 0;
    struct slw_database *database = test_database_open(tables);
    TAP_EQUAL_INT(acquire(database, "a", 30, &first), SLW_OK);
    TAP_EQUAL_INT(acquire(database, "b", 30, &second), SLW_WRONG_STATE);
    TAP_EQUAL_INT(second, 0);
    TAP_EQUAL_INT(slw_database_lease_renew(database, "publisher", first, 30, &why), SLW_OK);
    TAP_EQUAL_INT(work_with(database, first), SLW_OK);
    TAP_EQUAL_INT(slw_database_lease_release(database, "publisher", first, &why), SLW_OK);
    TAP_EQUAL_INT(slw_database_lease_release(database, "publisher", first, &why), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, first), SLW_WRONG_STATE);
    TAP_EQUAL_INT(acquire(database, "b", 30, &second), SLW_OK);
    TAP_CHECK(second > first);
    /* The same one again, after a start: what it did before doesn't count any more. */
    int64_t again = 0;
    TAP_EQUAL_INT(acquire(database, "b", 30, &again), SLW_OK);
    TAP_CHECK(again > second);
    TAP_EQUAL_INT(work_with(database, second), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, again), SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM works", NULL, 0), 2);
    slw_database_close(database);
}

static void nothing_is_done_with_a_lease_that_ran_out(void)
{
    int64_t first = 0;
    int64_t second = 0;
    struct slw_database *database = test_database_open(tables);
    TAP_EQUAL_INT(acquire(database, "a", 30, &first), SLW_OK);
    run_out(database);
    TAP_EQUAL_INT(work_with(database, first), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_database_lease_renew(database, "publisher", first, 30, &why),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(acquire(database, "b", 30, &second), SLW_OK);
    TAP_EQUAL_INT(slw_database_lease_renew(database, "publisher", first, 30, &why),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_database_lease_release(database, "publisher", first, &why), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, first), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, second), SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM works", NULL, 0), 1);
    slw_database_close(database);
}

/* Seen from a clock that was set back, its end is days away. */
static void a_lease_of_before_the_clock_was_set_back_is_over(void)
{
    int64_t first = 0;
    int64_t second = 0;
    struct slw_database *database = test_database_open(tables);
    TAP_EQUAL_INT(acquire(database, "a", 30, &first), SLW_OK);
    TAP_EQUAL_INT(test_run(database, "UPDATE leases SET until_us = until_us + 25000000", NULL, 0),
                  SLW_OK);
    TAP_EQUAL_INT(acquire(database, "b", 30, &second), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_run(database, "UPDATE leases SET until_us = until_us + 60000000", NULL, 0),
                  SLW_OK);
    TAP_EQUAL_INT(acquire(database, "b", 30, &second), SLW_OK);
    TAP_CHECK(second > first);
    TAP_EQUAL_INT(work_with(database, first), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, second), SLW_OK);
    slw_database_close(database);
}

static void refuses_tokens_and_times_that_make_no_sense(void)
{
    int64_t token = 7;
    struct slw_database *database = test_database_open(tables);
    TAP_EQUAL_INT(acquire(database, "a", 0, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(acquire(database, "a", 86401, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(acquire(database, "\xFF", 10, &token), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(token, 7);
    TAP_EQUAL_INT(work_with(database, 1), SLW_WRONG_STATE);
    TAP_EQUAL_INT(acquire(database, "a", 30, &token), SLW_OK);
    TAP_EQUAL_INT(work_with(database, token + 1), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, token - 1), SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, INT64_MAX), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_database_lease_renew(database, "pipelines", token, 30, &why),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_database_lease_renew(database, "publisher", token, 0, &why),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_database_lease_release(database, "publisher", token + 1, &why),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(work_with(database, token), SLW_OK);
    slw_database_close(database);
}

static int race_in_child(void *context)
{
    int64_t token = 0;
    char holder[32];
    (void)context;
    (void)snprintf(holder, sizeof holder, "process %d", (int)getpid());
    struct slw_database *database = test_database_open_again();
    enum slw_status status = acquire(database, holder, 30, &token);
    slw_database_close(database);
    return status == SLW_OK ? 1 : status == SLW_WRONG_STATE ? 0 : 50;
}

static void one_of_many_processes_gets_it(void)
{
    enum { PROCESSES = 5 };
    pid_t pids[PROCESSES];
    int holders = 0;
    slw_database_close(test_database_open(tables));
    for (int i = 0; i < PROCESSES; i++) {
        pids[i] = test_fork(race_in_child, NULL);
    }
    for (int i = 0; i < PROCESSES; i++) {
        holders += test_wait(pids[i]);
    }
    TAP_EQUAL_INT(holders, 1);
}

struct sleeper {
    struct test_pipe to_parent;
    bool in_transaction; /* it falls asleep in there */
};

/* What a leader does: what hasn't been done yet, once. */
static enum slw_status do_once(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    const int64_t *token = context;
    struct slw_sql_value value = slw_sql_int(*token);
    int64_t done = 0;
    SLW_TRY(slw_transaction_fence(transaction, "publisher", *token, detail));
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM works", NULL, 0, &done, detail));
    if (done > 0) {
        return SLW_OK;
    }
    return slw_sql_run(transaction, "INSERT INTO works (token) VALUES ($1)", &value, 1, NULL,
                       detail);
}

struct nap {
    int64_t token;
    bool slept;
};

static enum slw_status do_once_and_sleep(void *context, struct slw_transaction *transaction,
                                         struct slw_detail *detail)
{
    struct nap *nap = context;
    SLW_TRY(do_once(&nap->token, transaction, detail));
    if (!nap->slept) {
        nap->slept = true;
        (void)raise(SIGSTOP);
    }
    return SLW_OK;
}

/* Takes the lease, is stopped, and goes on as if no time had passed. */
static int sleep_in_child(void *context)
{
    const struct sleeper *sleeper = context;
    struct nap nap = {0};
    struct slw_database *database = test_database_open_again();
    if (acquire(database, "sleeper", 30, &nap.token) != SLW_OK) {
        return 50;
    }
    if (!sleeper->in_transaction) {
        nap.slept = true;
        (void)raise(SIGSTOP);
    }
    enum slw_status status =
        slw_database_transact(database, SLW_DATABASE_WRITE, do_once_and_sleep, &nap, &why);
    slw_database_close(database);
    return status == SLW_WRONG_STATE ? 1 : status == SLW_DATABASE_AWAY ? 2 : 60;
}

/* How the sleeper ended, after another one took over and did the work. */
static int take_over(bool in_transaction)
{
    struct sleeper sleeper = {.in_transaction = in_transaction};
    int64_t token = 0;
    struct slw_database *database = test_database_open(tables);
    pid_t pid = test_fork(sleep_in_child, &sleeper);
    int state = 0;
    TAP_CHECK(waitpid(pid, &state, WUNTRACED) == pid && WIFSTOPPED(state));
    TAP_EQUAL_INT(acquire(database, "b", 30, &token), SLW_WRONG_STATE);
    run_out(database);
    TAP_EQUAL_INT(acquire(database, "b", 30, &token), SLW_OK);
    TAP_EQUAL_INT(slw_database_transact(database, SLW_DATABASE_WRITE, do_once, &token, &why),
                  SLW_OK);
    (void)kill(pid, SIGCONT);
    int result = test_wait(pid);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM works", NULL, 0), 1);
    struct slw_sql_value value = slw_sql_int(token);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM works WHERE token = $1", &value, 1),
                  1);
    slw_database_close(database);
    return result;
}

static void a_holder_that_was_stopped_changes_nothing(void)
{
    TAP_EQUAL_INT(take_over(false), 1);
}

/* On SQLite it would keep all others from writing meanwhile. */
static void a_holder_that_was_stopped_in_its_transaction_changes_nothing(void)
{
    TAP_EQUAL_INT(take_over(true), 1);
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(one_holds_it_and_the_next_has_a_higher_token),
        TEST_CASE(nothing_is_done_with_a_lease_that_ran_out),
        TEST_CASE(a_lease_of_before_the_clock_was_set_back_is_over),
        TEST_CASE(refuses_tokens_and_times_that_make_no_sense),
        TEST_CASE(one_of_many_processes_gets_it),
        TEST_CASE(a_holder_that_was_stopped_changes_nothing),
        TEST_CASE_ON(POSTGRESQL, a_holder_that_was_stopped_in_its_transaction_changes_nothing),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
