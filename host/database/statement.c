/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of a transaction: what both databases would judge differently is judged here first, so
 * that a mistake shows on the one that a developer happens to use.
 */
#include "internal.h"

#include <math.h>

enum slw_status sql_note_failure(struct slw_transaction *transaction, enum slw_status status,
                                 const struct slw_detail *detail)
{
    if (status != SLW_OK && transaction->failed == SLW_OK) {
        transaction->failed = status;
        transaction->reason = *detail;
    }
    return status;
}

/* Whether sql begins with a word that may be said in a transaction: nothing that ends it. */
static bool is_allowed(const char *sql)
{
    static const char *const words[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"};
    sql += strspn(sql, " \t\n");
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (strncmp(sql, words[i], len) == 0 && strspn(sql + len, " \t\n(") > 0) {
            return true;
        }
    }
    return false;
}

static bool is_good_text(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker) &&
           (text.len == 0 || memchr(text.ptr, 0, text.len) == NULL);
}

static enum slw_status check_value(const struct slw_sql_value *value, size_t number,
                                   struct slw_detail *detail)
{
    switch (value->kind) {
    case SLW_SQL_NULL:
    case SLW_SQL_INT:
        return SLW_OK;
    case SLW_SQL_TEXT:
        return is_good_text(value->bytes)
                   ? SLW_OK
                   : slw_explain(detail, SLW_BAD_ARGUMENT,
                                 "database: value %zu isn't UTF-8 without NUL", number);
    case SLW_SQL_BLOB:
        return SLW_OK;
    case SLW_SQL_DOUBLE:
        return isfinite(value->real) ? SLW_OK
                                     : slw_explain(detail, SLW_BAD_ARGUMENT,
                                                   "database: value %zu is no number", number);
    }
    return slw_explain(detail, SLW_BAD_ARGUMENT, "database: value %zu is of no kind", number);
}

static enum slw_status check(const struct slw_transaction *transaction,
                             const struct sql_statement *statement, struct slw_detail *detail)
{
    if (transaction->failed != SLW_OK) {
        *detail = transaction->reason;
        return transaction->failed;
    }
    if (transaction->rows.open) {
        return slw_explain(detail, SLW_INTERNAL, "database: a statement while rows are open");
    }
    if (transaction->how == SQL_BEGIN_READ_ONE && transaction->had_statement) {
        return slw_explain(detail, SLW_INTERNAL, "database: a second statement");
    }
    if (!is_allowed(statement->sql)) {
        return slw_explain(detail, SLW_INTERNAL, "database: not for a transaction");
    }
    if (statement->count > SLW_DATABASE_VALUES_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "database: more than %u values",
                           SLW_DATABASE_VALUES_MAX);
    }
    for (size_t i = 0; i < statement->count; i++) {
        SLW_TRY(check_value(&statement->values[i], i + 1, detail));
    }
    return SLW_OK;
}

/* A mistake of ours, which nobody but the log is told: with the statement that it is in. */
static enum slw_status name_statement(const struct slw_transaction *transaction,
                                      enum slw_status status, const char *sql,
                                      struct slw_detail *detail)
{
    if (status != SLW_INTERNAL || transaction->failed != SLW_OK) {
        return status;
    }
    const struct slw_detail why = *detail;
    return slw_explain(detail, SLW_INTERNAL, "%s in: %s", why.text, sql);
}

enum slw_status slw_sql_run(struct slw_transaction *transaction, const char *sql,
                            const struct slw_sql_value *values, size_t count, int64_t *ret_changed,
                            struct slw_detail *detail)
{
    struct sql_statement statement = {sql, values, count};
    int64_t changed = 0;
    enum slw_status status = check(transaction, &statement, detail);
    transaction->had_statement = true;
    if (status == SLW_OK) {
        status = transaction->database->adapter->run(transaction->connection, &statement, &changed,
                                                     detail);
    }
    if (status == SLW_OK && ret_changed != NULL) {
        *ret_changed = changed;
    }
    status = name_statement(transaction, status, sql, detail);
    return sql_note_failure(transaction, status, detail);
}

enum slw_status slw_sql_query(struct slw_transaction *transaction, const char *sql,
                              const struct slw_sql_value *values, size_t count,
                              struct slw_rows **ret_rows, struct slw_detail *detail)
{
    struct sql_statement statement = {sql, values, count};
    enum slw_status status = check(transaction, &statement, detail);
    transaction->had_statement = true;
    if (status == SLW_OK) {
        status = transaction->database->adapter->query(transaction->connection, &statement, detail);
    }
    if (status == SLW_OK) {
        transaction->rows.open = true;
        *ret_rows = &transaction->rows;
    }
    status = name_statement(transaction, status, sql, detail);
    return sql_note_failure(transaction, status, detail);
}

bool slw_rows_next(struct slw_rows *rows)
{
    return rows->open && rows->transaction->database->adapter->next(rows->transaction->connection);
}

bool slw_rows_is_null(const struct slw_rows *rows, int column)
{
    return rows->transaction->database->adapter->is_null(rows->transaction->connection, column);
}

int64_t slw_rows_int(const struct slw_rows *rows, int column)
{
    return rows->transaction->database->adapter->get_int(rows->transaction->connection, column);
}

double slw_rows_double(const struct slw_rows *rows, int column)
{
    return rows->transaction->database->adapter->get_double(rows->transaction->connection, column);
}

struct slw_bytes slw_rows_bytes(const struct slw_rows *rows, int column)
{
    return rows->transaction->database->adapter->get_bytes(rows->transaction->connection, column);
}

enum slw_status slw_rows_close(struct slw_rows *rows, struct slw_detail *detail)
{
    if (rows == NULL || !rows->open) {
        return SLW_OK;
    }
    struct slw_transaction *transaction = rows->transaction;
    rows->open = false;
    enum slw_status status =
        transaction->database->adapter->finish(transaction->connection, detail);
    return sql_note_failure(transaction, status, detail);
}

enum slw_status slw_sql_number(struct slw_transaction *transaction, const char *sql,
                               const struct slw_sql_value *values, size_t count,
                               int64_t *ret_number, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, sql, values, count, &rows, detail));
    bool is_there = slw_rows_next(rows);
    int64_t number = is_there ? slw_rows_int(rows, 0) : 0;
    SLW_TRY(slw_rows_close(rows, detail));
    if (!is_there) {
        return slw_explain(detail, SLW_NOT_FOUND, "database: no row");
    }
    *ret_number = number;
    return SLW_OK;
}

enum slw_status slw_database_now(struct slw_transaction *transaction, int64_t *ret_now_us,
                                 struct slw_detail *detail)
{
    if (transaction->failed != SLW_OK) {
        *detail = transaction->reason;
        return transaction->failed;
    }
    if (transaction->rows.open) {
        return sql_note_failure(
            transaction, slw_explain(detail, SLW_INTERNAL, "database: asked while rows are open"),
            detail);
    }
    if (transaction->now_us == 0) {
        enum slw_status status = transaction->database->adapter->now(transaction->connection,
                                                                     &transaction->now_us, detail);
        SLW_TRY(sql_note_failure(transaction, status, detail));
    }
    *ret_now_us = transaction->now_us;
    return SLW_OK;
}

static enum slw_status check_all(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    (void)context;
    const struct sql_adapter *adapter = transaction->database->adapter;
    enum slw_status status = SLW_OK;
    if (adapter->check != NULL) {
        status = adapter->check(transaction->connection, detail);
    }
    return sql_note_failure(transaction, status, detail);
}

enum slw_status slw_database_check(struct slw_database *database, struct slw_detail *detail)
{
    return sql_transact(database, SQL_BEGIN_READ, check_all, NULL, detail);
}
