/* SPDX-License-Identifier: Apache-2.0 */
/* Statements on SQLite: values bound, steps taken, columns read. */
#include "internal.h"
#include "sqlite.h"

static int bind_value(sqlite3_stmt *statement, int place, const struct slw_sql_value *value,
                      bool copies)
{
    /* A pointer that is NULL would be NULL to SQLite too, not an empty one. */
    const void *ptr = value->bytes.len == 0 ? "" : (const void *)value->bytes.ptr;
    sqlite3_destructor_type lives = copies ? SQLITE_TRANSIENT : SQLITE_STATIC;
    switch (value->kind) {
    case SLW_SQL_NULL:
        return sqlite3_bind_null(statement, place);
    case SLW_SQL_INT:
        return sqlite3_bind_int64(statement, place, value->number);
    case SLW_SQL_TEXT:
        return sqlite3_bind_text64(statement, place, ptr, value->bytes.len, lives, SQLITE_UTF8);
    case SLW_SQL_BLOB:
        return sqlite3_bind_blob64(statement, place, ptr, value->bytes.len, lives);
    case SLW_SQL_DOUBLE:
        return sqlite3_bind_double(statement, place, value->real);
    }
    return SQLITE_MISUSE;
}

static enum slw_status bind_values(struct sqlite_connection *connection,
                                   const struct sqlite_prepared *prepared,
                                   const struct sql_statement *statement, bool copies,
                                   struct slw_detail *detail)
{
    if (prepared->highest > statement->count) {
        return slw_explain(detail, SLW_INTERNAL, "database: no value for $%zu", prepared->highest);
    }
    for (int i = 0; i < prepared->parameters; i++) {
        const struct slw_sql_value *value = &statement->values[prepared->numbers[i] - 1];
        int code = bind_value(prepared->statement, i + 1, value, copies);
        if (code != SQLITE_OK) {
            return sqlite_explain(connection, code, detail);
        }
    }
    return SLW_OK;
}

/* has_rows: what the caller takes it for. */
static enum slw_status begin_statement(struct sqlite_connection *connection,
                                       const struct sql_statement *statement, bool has_rows,
                                       sqlite3_stmt **ret_statement, struct slw_detail *detail)
{
    struct sqlite_prepared *prepared = NULL;
    SLW_TRY(sqlite_prepared_find(connection, statement->sql, &prepared, detail));
    if ((sqlite3_column_count(prepared->statement) > 0) != has_rows) {
        return slw_explain(detail, SLW_INTERNAL, "database: a statement with%s rows",
                           has_rows ? "out" : "");
    }
    if (connection->reads_only && sqlite3_stmt_readonly(prepared->statement) == 0) {
        return slw_explain(detail, SLW_INTERNAL, "database: changes while it only reads");
    }
    /* Rows are stepped to after the call that had the values has returned. */
    SLW_TRY(bind_values(connection, prepared, statement, has_rows, detail));
    connection->deadline_ms = sql_monotonic_ms() + connection->base.database->options.timeout_ms;
    *ret_statement = prepared->statement;
    return SLW_OK;
}

static void end_statement(sqlite3_stmt *statement)
{
    (void)sqlite3_reset(statement); /* says again what step said */
    (void)sqlite3_clear_bindings(statement);
}

enum slw_status sqlite_run(struct sql_connection *connection, const struct sql_statement *statement,
                           int64_t *ret_changed, struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    sqlite3_stmt *running = NULL;
    SLW_TRY(begin_statement(sqlite, statement, false, &running, detail));
    int code = sqlite3_step(running);
    enum slw_status status = SLW_OK;
    if (code != SQLITE_DONE) {
        status = sqlite_explain(sqlite, code, detail);
    } else {
        *ret_changed = sqlite3_changes64(sqlite->handle);
    }
    end_statement(running);
    return status;
}

/* Steps to a row; notes how it ended when there is none. */
static bool step(struct sqlite_connection *connection)
{
    int code = sqlite3_step(connection->rows);
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code != SQLITE_DONE) {
        connection->ended = sqlite_explain(connection, code, &connection->reason);
    }
    end_statement(connection->rows);
    connection->rows = NULL;
    return false;
}

enum slw_status sqlite_query(struct sql_connection *connection,
                             const struct sql_statement *statement, struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    SLW_TRY(begin_statement(sqlite, statement, true, &sqlite->rows, detail));
    sqlite->ended = SLW_OK;
    sqlite->row_waits = step(sqlite);
    if (sqlite->ended != SLW_OK) {
        *detail = sqlite->reason;
    }
    return sqlite->ended;
}

bool sqlite_next(struct sql_connection *connection)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    if (sqlite->row_waits) {
        sqlite->row_waits = false;
        return true;
    }
    return sqlite->rows != NULL && step(sqlite);
}

enum slw_status sqlite_finish(struct sql_connection *connection, struct slw_detail *detail)
{
    struct sqlite_connection *sqlite = sqlite_of(connection);
    if (sqlite->rows != NULL) {
        end_statement(sqlite->rows);
        sqlite->rows = NULL;
    }
    sqlite->row_waits = false;
    if (sqlite->ended != SLW_OK) {
        *detail = sqlite->reason;
    }
    return sqlite->ended;
}

static sqlite3_stmt *rows_of(const struct sql_connection *connection)
{
    return ((const struct sqlite_connection *)connection)->rows;
}

static int type_of(const struct sql_connection *connection, int column)
{
    sqlite3_stmt *rows = rows_of(connection);
    return rows == NULL ? SQLITE_NULL : sqlite3_column_type(rows, column);
}

bool sqlite_is_null(const struct sql_connection *connection, int column)
{
    return type_of(connection, column) == SQLITE_NULL;
}

int64_t sqlite_get_int(const struct sql_connection *connection, int column)
{
    int type = type_of(connection, column);
    bool is_number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    return is_number ? sqlite3_column_int64(rows_of(connection), column) : 0;
}

double sqlite_get_double(const struct sql_connection *connection, int column)
{
    int type = type_of(connection, column);
    bool is_number = type == SQLITE_INTEGER || type == SQLITE_FLOAT;
    return is_number ? sqlite3_column_double(rows_of(connection), column) : 0;
}

struct slw_bytes sqlite_get_bytes(const struct sql_connection *connection, int column)
{
    int type = type_of(connection, column);
    if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
        return (struct slw_bytes){0};
    }
    const void *ptr = sqlite3_column_blob(rows_of(connection), column);
    return slw_bytes_make(ptr, (size_t)sqlite3_column_bytes(rows_of(connection), column));
}
