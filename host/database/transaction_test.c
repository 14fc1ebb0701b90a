/* SPDX-License-Identifier: Apache-2.0 */
/* What a transaction keeps, and what it may do, the same on both kinds of database. */
#include "test_database.h"

static const char things[] = "CREATE TABLE things (id IDENTITY, name TEXT UNIQUE, number BIGINT)";

static enum slw_status insert_name(struct slw_database *database, const char *name)
{
    struct slw_sql_value value = slw_sql_text(test_text(name));
    return test_run(database, "INSERT INTO things (name) VALUES ($1)", &value, 1);
}

/* What a case does in one transaction, with what it wants to check. */
struct check {
    int64_t number;
    size_t len;
    bool is_null;
    unsigned runs;
};

static enum slw_status change(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    (void)context;
    return slw_sql_run(transaction, "DELETE FROM things", NULL, 0, NULL, detail);
}

static void only_reads_when_it_said_so(void)
{
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    TAP_EQUAL_INT(slw_database_transact(database, SLW_DATABASE_READ, change, NULL, &test_detail),
                  SLW_INTERNAL);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 1);
    TAP_EQUAL_INT(slw_database_transact(database, SLW_DATABASE_WRITE, change, NULL, &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 0);
    slw_database_close(database);
}

/* Reads how many there are, and the time; then, when it is told to, once more, or changes. */
static enum slw_status read_one(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct check *check = context;
    int64_t now_us = 0;
    check->runs++;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    if (check->len == 2) {
        return slw_sql_run(transaction, "DELETE FROM things", NULL, 0, NULL, detail);
    }
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM things", NULL, 0, &check->number,
                           detail));
    if (check->len == 1) {
        return slw_sql_number(transaction, "SELECT 1", NULL, 0, &now_us, detail);
    }
    return SLW_OK;
}

static void reads_one_statement_by_itself_and_no_more(void)
{
    static const enum slw_status expected[] = {SLW_OK, SLW_INTERNAL, SLW_INTERNAL};
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    for (size_t i = 0; i < 3; i++) {
        struct check check = {.len = i, .number = -1};
        TAP_EQUAL_INT(
            slw_database_transact(database, SLW_DATABASE_READ_ONE, read_one, &check, &test_detail),
            expected[i]);
        TAP_EQUAL_INT(check.runs, 1);
        TAP_EQUAL_INT(check.number, i == 2 ? -1 : 1);
        TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 1);
    }
    slw_database_close(database);
}

static enum slw_status read_isolation(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    return slw_sql_number(transaction,
                          "SELECT CAST(CASE current_setting('transaction_isolation') WHEN "
                          "'serializable' THEN 1 ELSE 0 END AS BIGINT)",
                          NULL, 0, context, detail);
}

/* PostgreSQL remembers what serializable transactions read, in memory that many reads use up. */
static void reads_one_statement_without_what_serializable_needs(void)
{
    static const enum slw_database_mode modes[] = {SLW_DATABASE_READ, SLW_DATABASE_WRITE,
                                                   SLW_DATABASE_READ_ONE};
    struct slw_database *database = test_database_open(things);
    for (size_t i = 0; i < 3 && test_database_kind() == SLW_DATABASE_POSTGRESQL; i++) {
        int64_t is_serializable = -1;
        TAP_EQUAL_INT(slw_database_transact(database, modes[i], read_isolation, &is_serializable,
                                            &test_detail),
                      SLW_OK);
        TAP_EQUAL_INT(is_serializable, modes[i] == SLW_DATABASE_READ_ONE ? 0 : 1);
    }
    TAP_CHECK(database != NULL);
    slw_database_close(database);
}

static enum slw_status change_and_fail(void *context, struct slw_transaction *transaction,
                                       struct slw_detail *detail)
{
    int64_t changed = 0;
    (void)context;
    SLW_TRY(slw_sql_run(transaction, "UPDATE things SET number = 5", NULL, 0, &changed, detail));
    TAP_EQUAL_INT(changed, 2);
    return slw_explain(detail, SLW_CONSENT_REFUSED, "changed my mind");
}

static void keeps_nothing_of_what_failed(void)
{
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    TAP_EQUAL_INT(insert_name(database, "b"), SLW_OK);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_WRITE, change_and_fail, NULL, &test_detail),
        SLW_CONSENT_REFUSED);
    TAP_EQUAL_INT(strcmp(test_detail.text, "changed my mind"), 0);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things WHERE number = 5", NULL, 0),
                  0);
    slw_database_close(database);
}

/* Goes on after a statement that failed, as if nothing were. */
static enum slw_status ignore_failure(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct check *check = context;
    check->runs++;
    SLW_TRY(slw_sql_run(transaction, "UPDATE things SET number = 6", NULL, 0, NULL, detail));
    TAP_EQUAL_INT(
        slw_sql_run(transaction, "INSERT INTO things (name) VALUES ('a')", NULL, 0, NULL, detail),
        SLW_VERSION_TAKEN);
    TAP_EQUAL_INT(slw_sql_run(transaction, "UPDATE things SET number = 7", NULL, 0, NULL, detail),
                  SLW_VERSION_TAKEN);
    TAP_EQUAL_INT(slw_database_now(transaction, &check->number, detail), SLW_VERSION_TAKEN);
    return SLW_OK;
}

static void commits_nothing_after_a_statement_that_failed(void)
{
    struct slw_database *database = test_database_open(things);
    struct check check = {0};
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_WRITE, ignore_failure, &check, &test_detail),
        SLW_VERSION_TAKEN);
    TAP_EQUAL_INT(check.runs, 1);
    TAP_EQUAL_INT(
        test_number(database, "SELECT COUNT(*) FROM things WHERE number IS NULL", NULL, 0), 1);
    slw_database_close(database);
}

static enum slw_status leave_open(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct check *check = context;
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, "SELECT id FROM things", NULL, 0, &rows, detail));
    TAP_CHECK(slw_rows_next(rows));
    check->number = slw_rows_int(rows, 0);
    if (check->is_null) {
        return slw_sql_run(transaction, "UPDATE things SET number = 8", NULL, 0, NULL, detail);
    }
    return SLW_OK;
}

static void refuses_a_statement_while_rows_are_open_and_rows_left_open(void)
{
    struct slw_database *database = test_database_open(things);
    TAP_EQUAL_INT(insert_name(database, "a"), SLW_OK);
    TAP_EQUAL_INT(insert_name(database, "b"), SLW_OK);
    for (int i = 0; i < 2; i++) {
        struct check check = {.is_null = i == 0};
        TAP_EQUAL_INT(
            slw_database_transact(database, SLW_DATABASE_WRITE, leave_open, &check, &test_detail),
            SLW_INTERNAL);
        TAP_CHECK(check.number > 0);
    }
    TAP_EQUAL_INT(insert_name(database, "c"), SLW_OK);
    TAP_EQUAL_INT(test_number(database, "SELECT COUNT(*) FROM things", NULL, 0), 3);
    slw_database_close(database);
}

static enum slw_status read_the_clock(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct check *check = context;
    int64_t again = 0;
    SLW_TRY(slw_database_now(transaction, &check->number, detail));
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM things", NULL, 0, &again, detail));
    SLW_TRY(slw_database_now(transaction, &again, detail));
    TAP_EQUAL_INT(again, check->number);
    return SLW_OK;
}

static void tells_the_same_time_in_all_of_a_transaction(void)
{
    struct slw_database *database = test_database_open(things);
    struct check first = {0};
    struct check second = {0};
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_READ, read_the_clock, &first, &test_detail),
        SLW_OK);
    TAP_EQUAL_INT(
        slw_database_transact(database, SLW_DATABASE_WRITE, read_the_clock, &second, &test_detail),
        SLW_OK);
    TAP_CHECK(first.number > 1700000000000000);
    TAP_CHECK(second.number > first.number);
    TAP_CHECK(second.number - first.number < 60000000);
    slw_database_close(database);
}

int main(void)
{
    static const struct test_case cases[] = {
        TEST_CASE(only_reads_when_it_said_so),
        TEST_CASE(reads_one_statement_by_itself_and_no_more),
        TEST_CASE(reads_one_statement_without_what_serializable_needs),
        TEST_CASE(keeps_nothing_of_what_failed),
        TEST_CASE(commits_nothing_after_a_statement_that_failed),
        TEST_CASE(refuses_a_statement_while_rows_are_open_and_rows_left_open),
        TEST_CASE(tells_the_same_time_in_all_of_a_transaction),
    };
    return test_database_main(cases, sizeof cases / sizeof cases[0]);
}
