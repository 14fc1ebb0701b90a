/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements on PostgreSQL: prepared once a connection for each text and types of values, values
 * sent in binary, rows taken one by one as they come.
 */
#include "dialect.h"
#include "postgresql.h"

#include <stdio.h>
#include <stdlib.h>

#define VALUES_ON_STACK 32u

/* Values as libpq wants them: five arrays. Small statements need no heap. */
struct bound {
    size_t count;
    Oid *types;
    const char **values;
    int *lengths;
    int *formats;
    uint64_t *numbers; /* big-endian */
    Oid own_types[VALUES_ON_STACK];
    const char *own_values[VALUES_ON_STACK];
    int own_lengths[VALUES_ON_STACK];
    int own_formats[VALUES_ON_STACK];
    uint64_t own_numbers[VALUES_ON_STACK];
};

static void bound_free(struct bound *bound)
{
    if (bound->count > VALUES_ON_STACK) {
        free(bound->types);
        free(bound->values);
        free(bound->lengths);
        free(bound->formats);
        free(bound->numbers);
    }
}

static bool bound_init(struct bound *bound, size_t count)
{
    bound->count = count;
    bound->types = bound->own_types;
    bound->values = bound->own_values;
    bound->lengths = bound->own_lengths;
    bound->formats = bound->own_formats;
    bound->numbers = bound->own_numbers;
    if (count <= VALUES_ON_STACK) {
        return true;
    }
    bound->types = calloc(count, sizeof *bound->types);
    bound->values = calloc(count, sizeof *bound->values);
    bound->lengths = calloc(count, sizeof *bound->lengths);
    bound->formats = calloc(count, sizeof *bound->formats);
    bound->numbers = calloc(count, sizeof *bound->numbers);
    return bound->types != NULL && bound->values != NULL && bound->lengths != NULL &&
           bound->formats != NULL && bound->numbers != NULL;
}

static void put_big_endian(uint64_t value, uint64_t *ret_bytes)
{
    uint8_t bytes[8];
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (56 - 8 * i));
    }
    memcpy(ret_bytes, bytes, sizeof bytes);
}

static void bind_value(struct bound *bound, size_t at, const struct slw_sql_value *value)
{
    uint64_t number = (uint64_t)value->number;
    bound->types[at] = postgresql_type_of(value->kind);
    bound->formats[at] = 1;
    bound->values[at] = NULL;
    bound->lengths[at] = 0;
    switch (value->kind) {
    case SLW_SQL_NULL:
        return;
    case SLW_SQL_TEXT:
    case SLW_SQL_BLOB:
        bound->values[at] = value->bytes.len == 0 ? "" : (const char *)value->bytes.ptr;
        bound->lengths[at] = (int)value->bytes.len;
        return;
    case SLW_SQL_DOUBLE:
        memcpy(&number, &value->real, sizeof number);
        break;
    case SLW_SQL_INT:
        break;
    }
    put_big_endian(number, &bound->numbers[at]);
    bound->values[at] = (const char *)&bound->numbers[at];
    bound->lengths[at] = 8;
}

static enum slw_status bind_all(struct bound *bound, const struct sql_statement *statement,
                                struct slw_detail *detail)
{
    if (!bound_init(bound, statement->count)) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < statement->count; i++) {
        if (statement->values[i].bytes.len > (1U << 30) - 64) { /* PostgreSQL's own limit */
            return slw_explain(detail, SLW_BAD_ARGUMENT, "database: value %zu is over 1 GiB",
                               i + 1);
        }
        bind_value(bound, i, &statement->values[i]);
    }
    return SLW_OK;
}

/* The kinds of values as text, a letter each. */
static char *kinds_of(const struct sql_statement *statement)
{
    char *kinds = malloc(statement->count + 1);
    if (kinds != NULL) {
        for (size_t i = 0; i < statement->count; i++) {
            kinds[i] = (char)('a' + (int)statement->values[i].kind);
        }
        kinds[statement->count] = '\0';
    }
    return kinds;
}

static void forget(struct postgresql_prepared *prepared)
{
    free(prepared->sql);
    free(prepared->kinds);
    *prepared = (struct postgresql_prepared){0};
}

void postgresql_prepared_drop_all(struct postgresql_connection *connection)
{
    for (size_t i = 0; i < POSTGRESQL_CACHE_SIZE; i++) {
        forget(&connection->cache[i]);
    }
}

/* The one result of what was sent, and everything behind it. */
static enum slw_status take_result(struct postgresql_connection *connection, int sent,
                                   PGresult **ret_result, struct slw_detail *detail)
{
    PGresult *first = NULL;
    if (sent == 0) {
        connection->base.lost = true;
        return postgresql_explain(connection, NULL, detail);
    }
    for (;;) {
        PGresult *result = postgresql_receive(connection, postgresql_answer_ms(connection));
        if (result == NULL) {
            break;
        }
        if (first == NULL) {
            first = result;
        } else {
            PQclear(result);
        }
    }
    ExecStatusType came = PQresultStatus(first);
    if (connection->base.lost || (came != PGRES_COMMAND_OK && came != PGRES_TUPLES_OK)) {
        enum slw_status status = postgresql_explain(connection, first, detail);
        PQclear(first);
        return status;
    }
    *ret_result = first;
    return SLW_OK;
}

static enum slw_status deallocate(struct postgresql_connection *connection, const char *name,
                                  struct slw_detail *detail)
{
    char sql[64];
    PGresult *result = NULL;
    (void)snprintf(sql, sizeof sql, "DEALLOCATE %s", name);
    SLW_TRY(take_result(connection, PQsendQuery(connection->handle, sql), &result, detail));
    PQclear(result);
    return SLW_OK;
}

static enum slw_status prepare(struct postgresql_connection *connection,
                               struct postgresql_prepared *prepared, const char *name,
                               const struct sql_statement *statement, const struct bound *bound,
                               struct slw_detail *detail)
{
    PGresult *result = NULL;
    if (prepared->sql != NULL) {
        forget(prepared);
        SLW_TRY(deallocate(connection, name, detail));
    }
    SLW_TRY(take_result(connection,
                        PQsendPrepare(connection->handle, name, statement->sql,
                                      (int)statement->count, bound->types),
                        &result, detail));
    PQclear(result);
    return SLW_OK;
}

/* Sends a statement that the server has prepared, or prepares now. */
static enum slw_status send(struct postgresql_connection *connection,
                            const struct sql_statement *statement, const struct bound *bound,
                            char *kinds, struct slw_detail *detail)
{
    char name[16];
    uint64_t hash = sql_hash_text(sql_hash_text(SQL_HASH_BASIS, statement->sql), kinds);
    size_t place = (size_t)(hash % POSTGRESQL_CACHE_SIZE);
    struct postgresql_prepared *prepared = &connection->cache[place];
    (void)snprintf(name, sizeof name, "s%zu", place);
    if (prepared->sql == NULL || strcmp(prepared->sql, statement->sql) != 0 ||
        strcmp(prepared->kinds, kinds) != 0) {
        SLW_TRY(prepare(connection, prepared, name, statement, bound, detail));
        prepared->sql = strdup(statement->sql);
        prepared->kinds = strdup(kinds);
        if (prepared->sql == NULL || prepared->kinds == NULL) {
            connection->base.lost = true; /* the server has what we couldn't note */
            return slw_explain_no_memory(detail);
        }
    }
    if (PQsendQueryPrepared(connection->handle, name, (int)bound->count, bound->values,
                            bound->lengths, bound->formats, 1) == 0) {
        return postgresql_explain(connection, NULL, detail);
    }
    return SLW_OK;
}

static enum slw_status bind_and_send(struct postgresql_connection *connection,
                                     const struct sql_statement *statement,
                                     struct slw_detail *detail)
{
    struct bound bound = {0};
    char *kinds = kinds_of(statement);
    enum slw_status status =
        kinds == NULL ? slw_explain_no_memory(detail) : bind_all(&bound, statement, detail);
    if (status == SLW_OK) {
        status = send(connection, statement, &bound, kinds, detail);
    }
    bound_free(&bound);
    free(kinds);
    return status;
}

static int64_t changed_rows(PGresult *result)
{
    const char *text = PQcmdTuples(result); /* "" for what changes none */
    return (int64_t)strtoll(text, NULL, 10);
}

enum slw_status postgresql_run(struct sql_connection *connection,
                               const struct sql_statement *statement, int64_t *ret_changed,
                               struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    PGresult *result = NULL;
    SLW_TRY(bind_and_send(postgresql, statement, detail));
    SLW_TRY(take_result(postgresql, 1, &result, detail));
    enum slw_status status = SLW_OK;
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        status = slw_explain(detail, SLW_INTERNAL, "database: a statement with rows");
    } else {
        *ret_changed = changed_rows(result);
    }
    PQclear(result);
    return status;
}

/* Until the server is ready for something else. */
static void drain(struct postgresql_connection *connection)
{
    while (connection->runs) {
        PGresult *result = postgresql_receive(connection, postgresql_answer_ms(connection));
        connection->runs = result != NULL;
        ExecStatusType came = PQresultStatus(result);
        if (result != NULL && came != PGRES_SINGLE_TUPLE && came != PGRES_TUPLES_OK &&
            connection->ended == SLW_OK) {
            connection->ended = postgresql_explain(connection, result, &connection->reason);
        }
        PQclear(result);
    }
    if (connection->base.lost && connection->ended == SLW_OK) {
        connection->ended = postgresql_explain(connection, NULL, &connection->reason);
    }
}

static enum slw_status check_columns(const PGresult *row, struct slw_detail *detail)
{
    for (int column = 0; column < PQnfields(row); column++) {
        if (!postgresql_type_is_known(PQftype(row, column))) {
            return slw_explain(detail, SLW_INTERNAL,
                               "database: column %d is of another type than BIGINT, TEXT, BYTEA and"
                               " DOUBLE PRECISION",
                               column + 1);
        }
    }
    return SLW_OK;
}

/* Takes the next row; notes how it ended when there is none. */
static bool take_row(struct postgresql_connection *connection)
{
    PQclear(connection->row);
    connection->row = postgresql_receive(connection, postgresql_answer_ms(connection));
    ExecStatusType came = PQresultStatus(connection->row);
    if (came == PGRES_SINGLE_TUPLE && !connection->base.lost) {
        return true;
    }
    if (came == PGRES_COMMAND_OK) {
        connection->ended =
            slw_explain(&connection->reason, SLW_INTERNAL, "database: a statement without rows");
    } else if (came != PGRES_TUPLES_OK) {
        connection->ended = postgresql_explain(connection, connection->row, &connection->reason);
    }
    connection->runs = connection->row != NULL;
    PQclear(connection->row);
    connection->row = NULL;
    drain(connection);
    return false;
}

enum slw_status postgresql_query(struct sql_connection *connection,
                                 const struct sql_statement *statement, struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    SLW_TRY(bind_and_send(postgresql, statement, detail));
    postgresql->ended = SLW_OK;
    postgresql->runs = true;
    if (PQsetSingleRowMode(postgresql->handle) == 0) {
        return postgresql_explain(postgresql, NULL, detail);
    }
    postgresql->row_waits = take_row(postgresql);
    if (postgresql->row_waits) {
        enum slw_status status = check_columns(postgresql->row, &postgresql->reason);
        if (status != SLW_OK) {
            postgresql->row_waits = false;
            drain(postgresql);
            postgresql->ended = status;
        }
    }
    if (postgresql->ended != SLW_OK) {
        *detail = postgresql->reason;
    }
    return postgresql->ended;
}

bool postgresql_next(struct sql_connection *connection)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    if (postgresql->row_waits) {
        postgresql->row_waits = false;
        return true;
    }
    return postgresql->runs && take_row(postgresql);
}

enum slw_status postgresql_finish(struct sql_connection *connection, struct slw_detail *detail)
{
    struct postgresql_connection *postgresql = postgresql_of(connection);
    PQclear(postgresql->row);
    postgresql->row = NULL;
    postgresql->row_waits = false;
    drain(postgresql);
    if (postgresql->ended != SLW_OK) {
        *detail = postgresql->reason;
    }
    return postgresql->ended;
}
