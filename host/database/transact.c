/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: begun, run, committed, and once more from the start when another one got in the
 * way. After a few attempts one goes on alone, so that a long one among many short ones comes to
 * its end too.
 */
#include "internal.h"

#include <time.h>

#define ATTEMPTS_TOGETHER 3u /* before a writer asks to be alone */
#define PAUSE_MS_MAX 50u

/* What one attempt came to. */
struct attempt {
    enum slw_status status;
    bool again;
    bool lost; /* the connection went away */
};

/* Rows that were left open: fine when the work failed anyway. */
static void close_rows(struct slw_transaction *transaction)
{
    if (transaction->rows.open) {
        struct slw_detail detail = {""};
        (void)sql_note_failure(transaction, SLW_INTERNAL,
                               &(struct slw_detail){"database: rows were left open"});
        transaction->rows.open = false;
        (void)transaction->database->adapter->finish(transaction->connection, &detail);
    }
}

static enum slw_status run_work(struct slw_transaction *transaction, slw_transaction_work *work,
                                void *context, struct slw_detail *detail)
{
    enum slw_status status = work(context, transaction, detail);
    close_rows(transaction);
    if (status == SLW_OK && transaction->failed != SLW_OK) {
        *detail = transaction->reason;
        return transaction->failed;
    }
    return status;
}

static struct attempt try_once(struct slw_database *database, struct sql_connection *connection,
                               enum sql_begin how, slw_transaction_work *work, void *context,
                               struct slw_detail *detail)
{
    struct slw_transaction transaction = {
        .database = database, .connection = connection, .how = how};
    transaction.rows.transaction = &transaction;
    connection->conflict = false;
    enum slw_status status = run_work(&transaction, work, context, detail);
    if (status == SLW_OK && !connection->conflict) {
        status = database->adapter->commit(connection, detail);
    }
    if (status != SLW_OK || connection->conflict) {
        database->adapter->rollback(connection);
    }
    return (struct attempt){status, connection->conflict, false};
}

/* A connection that a transaction has begun on. One that lay idle may have been cut off meanwhile
 * (the server was started anew): nothing was done yet, so another one takes its place. */
static enum slw_status begin(struct slw_database *database, enum sql_begin how, bool fresh,
                             struct sql_connection **ret_connection, struct slw_detail *detail)
{
    struct sql_connection *connection = NULL;
    SLW_TRY(sql_pool_take(database, fresh, &connection, detail));
    enum slw_status status = database->adapter->begin(connection, how, detail);
    if (status != SLW_OK && connection->lost) {
        sql_pool_give(database, connection);
        SLW_TRY(sql_pool_take(database, true, &connection, detail));
        status = database->adapter->begin(connection, how, detail);
    }
    if (status != SLW_OK) {
        sql_pool_give(database, connection);
        return status;
    }
    *ret_connection = connection;
    return SLW_OK;
}

static struct attempt attempt(struct slw_database *database, enum sql_begin how, bool fresh,
                              slw_transaction_work *work, void *context, struct slw_detail *detail)
{
    struct sql_connection *connection = NULL;
    enum slw_status status = begin(database, how, fresh, &connection, detail);
    if (status != SLW_OK) {
        return (struct attempt){status, false, false};
    }
    struct attempt result = try_once(database, connection, how, work, context, detail);
    result.lost = connection->lost;
    sql_pool_give(database, connection);
    return result;
}

/* A pause of a length that differs from thread to thread, so that they don't meet again. */
static void pause_before(unsigned next_attempt)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    unsigned longest = next_attempt < 6 ? 1U << next_attempt : PAUSE_MS_MAX;
    long slice = (now.tv_nsec / 1000) % 1000; /* thousandths of it */
    struct timespec pause = {.tv_nsec = slice * (long)longest * 1000L};
    (void)nanosleep(&pause, NULL);
}

static enum slw_status attempts(struct slw_database *database, enum sql_begin how,
                                slw_transaction_work *work, void *context,
                                struct slw_detail *detail)
{
    bool fresh = false;
    for (unsigned number = 1; number <= SLW_DATABASE_ATTEMPTS; number++) {
        bool alone = how == SQL_BEGIN_WRITE && number > ATTEMPTS_TOGETHER;
        struct attempt result =
            attempt(database, alone ? SQL_BEGIN_ALONE : how, fresh, work, context, detail);
        /* What is only begun with its statement finds out no sooner that a connection is cut off.
         */
        fresh = how == SQL_BEGIN_READ_ONE && result.lost && !fresh;
        if (!result.again && !(fresh && result.status != SLW_OK)) {
            return result.status;
        }
        if (!alone) {
            pause_before(number);
        }
    }
    return slw_explain(detail, SLW_DATABASE_AWAY,
                       "database: others got in the way of a transaction %u times",
                       SLW_DATABASE_ATTEMPTS);
}

enum slw_status sql_transact(struct slw_database *database, enum sql_begin how,
                             slw_transaction_work *work, void *context, struct slw_detail *detail)
{
    bool reads = how == SQL_BEGIN_READ || how == SQL_BEGIN_READ_ONE;
    bool takes_turn = database->adapter->one_writer && !reads;
    if (takes_turn && !sql_turns_take(&database->writer, database->options.timeout_ms)) {
        return slw_explain(detail, SLW_DATABASE_AWAY,
                           "database: others have been writing for %u ms",
                           database->options.timeout_ms);
    }
    enum slw_status status = attempts(database, how, work, context, detail);
    if (takes_turn) {
        sql_turns_give(&database->writer);
    }
    return status;
}

enum slw_status slw_database_transact(struct slw_database *database, enum slw_database_mode mode,
                                      slw_transaction_work *work, void *context,
                                      struct slw_detail *detail)
{
    enum sql_begin how = SQL_BEGIN_WRITE;
    if (mode != SLW_DATABASE_WRITE) {
        how = mode == SLW_DATABASE_READ ? SQL_BEGIN_READ : SQL_BEGIN_READ_ONE;
    }
    return sql_transact(database, how, work, context, detail);
}
