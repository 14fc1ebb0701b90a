/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions that get in each other's way: none is lost, none sees half of another one, and what
 * wouldn't have come out so one after the other is refused. */
#include "test_database.h"
#include "turns.h"

#include <pthread.h>
#include <stdatomic.h>

static const char tables[] =
    "CREATE TABLE accounts (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL);"
    "INSERT INTO accounts (id, amount) VALUES (1, 100), (2, 100), (3, 0)";

enum { THREADS = 4, ROUNDS = 12 };

/* What threads of a case do, and what it came to. */
struct contest {
    struct slw_database *database;
    atomic_int arrived;
    atomic_int runs; /* of work functions */
    atomic_int failed;
    atomic_int wrong;
    atomic_bool stops;
};

struct contestant {
    struct contest *contest;
    int64_t number;
    bool met; /* it waited for the others once */
};

static void run_threads(struct contest *contest, size_t count, void *(*function)(void *))
{
    pthread_t threads[THREADS];
    struct contestant contestants[THREADS];
    for (size_t i = 0; i < count; i++) {
        contestants[i] = (struct contestant){.contest = contest, .number = (int64_t)i + 1};
        TAP_REQUIRE(pthread_create(&threads[i], NULL, function, &contestants[i]) == 0);
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
}

static enum slw_status transact(struct contestant *contestant, enum slw_database_mode mode,
                                slw_transaction_work *work)
{
    struct slw_detail detail = {""};
    enum slw_status status =
        slw_database_transact(contestant->contest->database, mode, work, contestant, &detail);
    if (status != SLW_OK) {
        atomic_fetch_add(&contestant->contest->failed, 1);
    }
    return status;
}

static enum slw_status amount_of(struct slw_transaction *transaction, int64_t account,
                                 int64_t *ret_amount, struct slw_detail *detail)
{
    struct slw_sql_value value = slw_sql_int(account);
    return slw_sql_number(transaction, "SELECT amount FROM accounts WHERE id = $1", &value, 1,
                          ret_amount, detail);
}

static enum slw_status set_amount(struct slw_transaction *transaction, int64_t account,
                                  int64_t amount, struct slw_detail *detail)
{
    struct slw_sql_value values[] = {slw_sql_int(account), slw_sql_int(amount)};
    return slw_sql_run(transaction, "UPDATE accounts SET amount = $2 WHERE id = $1", values, 2,
                       NULL, detail);
}

/* Waits, once, until all have read, so that they do get in each other's way. On SQLite the others
 * can't have begun. */
static void meet(struct contestant *contestant, int count)
{
    if (test_database_kind() == SLW_DATABASE_POSTGRESQL && !contestant->met) {
        contestant->met = true;
        atomic_fetch_add(&contestant->contest->arrived, 1);
        for (int i = 0; i < 4000 && contestant->contest->arrived < count; i++) {
            test_sleep_ms(1);
        }
    }
}

/* Reads, and writes what it read and one. */
static enum slw_status increment(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct contestant *contestant = context;
    int64_t amount = 0;
    atomic_fetch_add(&contestant->contest->runs, 1);
    SLW_TRY(amount_of(transaction, 3, &amount, detail));
    meet(contestant, THREADS);
    return set_amount(transaction, 3, amount + 1, detail);
}

static void *increment_often(void *context)
{
    for (int i = 0; i < ROUNDS; i++) {
        (void)transact(context, SLW_DATABASE_WRITE, increment);
    }
    return NULL;
}

static void loses_no_update(void)
{
    struct contest contest = {.database = test_database_open(tables)};
    run_threads(&contest, THREADS, increment_often);
    TAP_EQUAL_INT(contest.failed, 0);
    TAP_EQUAL_INT(
        test_number(contest.database, "SELECT amount FROM accounts WHERE id = 3", NULL, 0),
        THREADS * ROUNDS);
    if (test_database_kind() == SLW_DATABASE_POSTGRESQL) {
        TAP_CHECK(contest.runs > THREADS * ROUNDS); /* some were run again */
    }
    slw_database_close(contest.database);
}

/* Takes 150 from one account when both together have enough: each alone is right. */
static enum slw_status withdraw(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct contestant *contestant = context;
    int64_t sum = 0;
    int64_t amount = 0;
    atomic_fetch_add(&contestant->contest->runs, 1);
    SLW_TRY(slw_sql_number(transaction, "SELECT SUM(amount) FROM accounts", NULL, 0, &sum, detail));
    meet(contestant, 2);
    if (sum < 150) {
        return SLW_OK;
    }
    SLW_TRY(amount_of(transaction, contestant->number, &amount, detail));
    return set_amount(transaction, contestant->number, amount - 150, detail);
}

static void *withdraw_once(void *context)
{
    (void)transact(context, SLW_DATABASE_WRITE, withdraw);
    return NULL;
}

static void refuses_write_skew(void)
{
    struct contest contest = {.database = test_database_open(tables)};
    run_threads(&contest, 2, withdraw_once);
    TAP_EQUAL_INT(contest.failed, 0);
    TAP_EQUAL_INT(test_number(contest.database, "SELECT SUM(amount) FROM accounts", NULL, 0), 50);
    if (test_database_kind() == SLW_DATABASE_POSTGRESQL) {
        TAP_EQUAL_INT(contest.arrived, 2); /* they did read side by side */
        TAP_CHECK(contest.runs > 2);
    }
    slw_database_close(contest.database);
}

static enum slw_status transfer(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct contestant *contestant = context;
    int64_t from = 0;
    int64_t to = 0;
    SLW_TRY(amount_of(transaction, 1, &from, detail));
    SLW_TRY(amount_of(transaction, 2, &to, detail));
    SLW_TRY(set_amount(transaction, 1, from - contestant->number, detail));
    return set_amount(transaction, 2, to + contestant->number, detail);
}

static enum slw_status look(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct contestant *contestant = context;
    int64_t from = 0;
    int64_t to = 0;
    SLW_TRY(amount_of(transaction, 1, &from, detail));
    test_sleep_ms(1);
    SLW_TRY(amount_of(transaction, 2, &to, detail));
    if (from + to != 200) {
        atomic_fetch_add(&contestant->contest->wrong, 1);
    }
    return SLW_OK;
}

/* Thread 1 looks until the others have done their part. */
static void *transfer_or_look(void *context)
{
    struct contestant *contestant = context;
    struct contest *contest = contestant->contest;
    if (contestant->number == 1) {
        for (int i = 0; i < 2000 && contest->arrived < THREADS - 1; i++) {
            (void)transact(contestant, SLW_DATABASE_READ, look);
        }
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        (void)transact(contestant, SLW_DATABASE_WRITE, transfer);
    }
    atomic_fetch_add(&contest->arrived, 1);
    return NULL;
}

static void readers_see_one_state(void)
{
    struct contest contest = {.database = test_database_open(tables)};
    run_threads(&contest, THREADS, transfer_or_look);
    TAP_EQUAL_INT(contest.failed, 0);
    TAP_EQUAL_INT(contest.wrong, 0);
    TAP_EQUAL_INT(
        test_number(contest.database, "SELECT amount FROM accounts WHERE id = 2", NULL, 0),
        100 + ROUNDS * (2 + 3 + 4));
    slw_database_close(contest.database);
}

/* Reads everything, takes so long that another one is committed meanwhile, and writes: it would
 * never get through if it weren't alone in the end, when no other one can be. */
static enum slw_status take_long(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct contestant *contestant = context;
    struct contest *contest = contestant->contest;
    int64_t sum = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT SUM(amount) FROM accounts", NULL, 0, &sum, detail));
    int counted = contest->arrived; /* and one that is committed may not be counted yet */
    int longest_ms =
        test_database_kind() == SLW_DATABASE_POSTGRESQL && contest->runs < 3 ? 4000 : 30;
    atomic_fetch_add(&contest->runs, 1);
    for (int i = 0; i < longest_ms && contest->arrived < counted + 2; i++) {
        test_sleep_ms(1);
    }
    return set_amount(transaction, 1, sum, detail);
}

static void *be_long_or_short(void *context)
{
    struct contestant *contestant = context;
    struct contest *contest = contestant->contest;
    if (contestant->number == 1) {
        (void)transact(contestant, SLW_DATABASE_WRITE, take_long);
        atomic_store(&contest->stops, true);
        return NULL;
    }
    while (!contest->stops) {
        struct slw_detail detail = {""};
        if (slw_database_transact(contest->database, SLW_DATABASE_WRITE, transfer, contestant,
                                  &detail) != SLW_OK) {
            atomic_fetch_add(&contest->failed, 1);
        }
        atomic_fetch_add(&contest->arrived, 1);
        test_sleep_ms(1);
    }
    return NULL;
}

/* The short ones come one after the other: side by side they'd get in each other's way until one
 * asks to be alone, and then all would wait for the long one. */
static void a_long_one_comes_to_its_end_among_short_ones(void)
{
    struct contest contest = {.database = test_database_open(tables)};
    run_threads(&contest, 2, be_long_or_short);
    TAP_EQUAL_INT(contest.failed, 0);
    TAP_EQUAL_INT(contest.runs, test_database_kind() == SLW_DATABASE_POSTGRESQL ? 4 : 1);
    slw_database_close(contest.database);
}

/* Holds a transaction until the other thread has tried. */
static enum slw_status hold(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct contestant *contestant = context;
    SLW_TRY(set_amount(transaction, 3, 1, detail));
    atomic_fetch_add(&contestant->contest->arrived, 1);
    for (int i = 0; i < 4000 && contestant->contest->arrived < 2; i++) {
        test_sleep_ms(1);
    }
    return SLW_OK;
}

static void *hold_once(void *context)
{
    (void)transact(context, SLW_DATABASE_WRITE, hold);
    return NULL;
}

static void try_while_held(enum slw_database_mode mode, slw_transaction_work *work)
{
    static const struct slw_database_options narrow = {.connections = 1, .timeout_ms = 1000};
    struct contest contest = {.database = test_database_open_with(&narrow)};
    struct contestant holder = {.contest = &contest, .number = 1};
    struct contestant other = {.contest = &contest, .number = 2};
    pthread_t thread;
    TAP_REQUIRE(pthread_create(&thread, NULL, hold_once, &holder) == 0);
    for (int i = 0; i < 4000 && contest.arrived < 1; i++) {
        test_sleep_ms(1);
    }
    TAP_EQUAL_INT(transact(&other, mode, work), SLW_DATABASE_AWAY);
    atomic_fetch_add(&contest.arrived, 1);
    (void)pthread_join(thread, NULL);
    TAP_EQUAL_INT(contest.failed, 1);
    TAP_EQUAL_INT(transact(&other, mode, work), SLW_OK);
    slw_database_close(contest.database);
}

static void says_so_when_it_is_too_busy(void)
{
    slw_database_close(test_database_open(tables));
    try_while_held(SLW_DATABASE_READ, look);
    try_while_held(SLW_DATABASE_WRITE, transfer);
}

/* Another process has the lock; SQLite's is for the whole file, PostgreSQL's for a row. */
static void says_so_when_another_process_keeps_a_lock(void)
{
    static const struct slw_database_options impatient = {.timeout_ms = 1000};
    struct slw_database *first = test_database_open(tables);
    struct contest contest = {.database = first};
    struct contest outside = {.database = test_database_open_with(&impatient)};
    struct contestant holder = {.contest = &contest, .number = 1};
    struct contestant other = {.contest = &outside, .number = 2, .met = true};
    pthread_t thread;
    TAP_REQUIRE(pthread_create(&thread, NULL, hold_once, &holder) == 0);
    for (int i = 0; i < 4000 && contest.arrived < 1; i++) {
        test_sleep_ms(1);
    }
    TAP_EQUAL_INT(transact(&other, SLW_DATABASE_READ, look), SLW_OK);
    TAP_EQUAL_INT(transact(&other, SLW_DATABASE_WRITE, increment), SLW_DATABASE_AWAY);
    atomic_fetch_add(&contest.arrived, 1);
    (void)pthread_join(thread, NULL);
    TAP_EQUAL_INT(transact(&other, SLW_DATABASE_WRITE, increment), SLW_OK);
    TAP_EQUAL_INT(test_number(first, "SELECT amount FROM accounts WHERE id = 3", NULL, 0), 2);
    slw_database_close(first);
    slw_database_close(outside.database);
}

struct queue {
    struct sql_turns turns;
    int order[THREADS];
    int served;
};
struct in_queue {
    struct queue *queue;
    int number;
};

static void *wait_in_line(void *context)
{
    struct in_queue *place = context;
    if (sql_turns_take(&place->queue->turns, 20000)) {
        place->queue->order[place->queue->served++] = place->number;
        sql_turns_give(&place->queue->turns);
    }
    return NULL;
}

static const struct sql_waiter *last_in_line(struct queue *queue)
{
    (void)pthread_mutex_lock(&queue->turns.mutex);
    const struct sql_waiter *last = queue->turns.last;
    (void)pthread_mutex_unlock(&queue->turns.mutex);
    return last;
}

static void serves_writers_in_the_order_in_which_they_came(void)
{
    struct queue queue = {.served = 0};
    struct in_queue places[THREADS];
    pthread_t threads[THREADS];
    TAP_REQUIRE(sql_turns_init(&queue.turns, 1));
    TAP_CHECK(sql_turns_take(&queue.turns, 0));
    TAP_CHECK(!sql_turns_take(&queue.turns, 0));
    for (int i = 0; i < THREADS; i++) {
        const struct sql_waiter *before = last_in_line(&queue);
        places[i] = (struct in_queue){&queue, i};
        TAP_REQUIRE(pthread_create(&threads[i], NULL, wait_in_line, &places[i]) == 0);
        while (last_in_line(&queue) == before) {
            test_sleep_ms(1);
        }
    }
    TAP_CHECK(!sql_turns_take(&queue.turns, 5)); /* who goes away doesn't hold up the others */
    sql_turns_give(&queue.turns);
    for (int i = 0; i < THREADS; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    TAP_EQUAL_INT(queue.served, THREADS);
    for (int i = 0; i < THREADS; i++) {
        TAP_EQUAL_INT(queue.order[i], i);
    }
    TAP_CHECK(sql_turns_take(&queue.turns, 0));
    sql_turns_wipe(&queue.turns);
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(loses_no_update),
        TEST_CASE(refuses_write_skew),
        TEST_CASE(readers_see_one_state),
        TEST_CASE(a_long_one_comes_to_its_end_among_short_ones),
        TEST_CASE(says_so_when_it_is_too_busy),
        TEST_CASE(says_so_when_another_process_keeps_a_lock),
        TEST_CASE(serves_writers_in_the_order_in_which_they_came),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
