/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements of a connection, by their text. Each text has one place; another one that
 * falls on it takes it over, so the cache neither grows nor has to be tended.
 */
#include "sqlite.h"

#include <stdlib.h>

static size_t place_of(const char *sql)
{
    uint64_t hash = 14695981039346656037U; /* FNV-1a */
    for (; *sql != '\0'; sql++) {
        hash = (hash ^ (uint8_t)*sql) * 1099511628211U;
    }
    return (size_t)((hash >> 32) % SQLITE_CACHE_SIZE);
}

static void drop(struct sqlite_prepared *prepared)
{
    (void)sqlite3_finalize(prepared->statement);
    free(prepared->sql);
    free(prepared->numbers);
    *prepared = (struct sqlite_prepared){0};
}

void sqlite_prepared_drop_all(struct sqlite_connection *connection)
{
    for (size_t i = 0; i < SQLITE_CACHE_SIZE; i++) {
        drop(&connection->cache[i]);
    }
}

/* 12 for "$12"; 0 for a parameter of another form. */
static size_t number_of(const char *name)
{
    size_t number = 0;
    if (name == NULL || name[0] != '$' || name[1] == '0') {
        return 0;
    }
    for (const char *at = name + 1; *at != '\0'; at++) {
        if (*at < '0' || *at > '9' || number > SLW_DATABASE_VALUES_MAX) {
            return 0;
        }
        number = number * 10 + (size_t)(*at - '0');
    }
    return number <= SLW_DATABASE_VALUES_MAX ? number : 0;
}

/* To SQLite `$2` is a name, and its first parameter when it stands first: so values are bound by
 * name, and what the names are is found out once. */
static enum slw_status read_numbers(struct sqlite_prepared *prepared, struct slw_detail *detail)
{
    int count = sqlite3_bind_parameter_count(prepared->statement);
    if (count > 0) {
        prepared->numbers = calloc((size_t)count, sizeof *prepared->numbers);
        if (prepared->numbers == NULL) {
            return slw_explain_no_memory(detail);
        }
    }
    prepared->parameters = count;
    for (int i = 0; i < count; i++) {
        size_t number = number_of(sqlite3_bind_parameter_name(prepared->statement, i + 1));
        if (number == 0) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "database: parameters are $1 to $%u in: %s", SLW_DATABASE_VALUES_MAX,
                               prepared->sql);
        }
        prepared->numbers[i] = (uint16_t)number;
        prepared->highest = number > prepared->highest ? number : prepared->highest;
    }
    return SLW_OK;
}

static enum slw_status prepare(struct sqlite_connection *connection, const char *sql,
                               struct sqlite_prepared *prepared, struct slw_detail *detail)
{
    const char *rest = NULL;
    prepared->sql = strdup(sql);
    if (prepared->sql == NULL) {
        return slw_explain_no_memory(detail);
    }
    int code = sqlite3_prepare_v3(connection->handle, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &prepared->statement, &rest);
    if (code != SQLITE_OK) {
        return sqlite_explain(connection, code, detail);
    }
    if (prepared->statement == NULL || rest[strspn(rest, " \t\n;")] != '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "database: not one statement: %s", sql);
    }
    return read_numbers(prepared, detail);
}

enum slw_status sqlite_prepared_find(struct sqlite_connection *connection, const char *sql,
                                     struct sqlite_prepared **ret_prepared,
                                     struct slw_detail *detail)
{
    struct sqlite_prepared *prepared = &connection->cache[place_of(sql)];
    if (prepared->sql == NULL || strcmp(prepared->sql, sql) != 0) {
        drop(prepared);
        enum slw_status status = prepare(connection, sql, prepared, detail);
        if (status != SLW_OK) {
            drop(prepared);
            return status;
        }
    }
    *ret_prepared = prepared;
    return SLW_OK;
}
