/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prepared statements of a connection, by their text. Each text has one place; another one that
 * falls on it takes it over, so the cache neither grows nor has to be tended.
 */
#include "dialect.h"
#include "sqlite.h"

#include <stdlib.h>

static size_t place_of(const char *sql)
{
    return (size_t)(sql_hash_text(SQL_HASH_BASIS, sql) % SQLITE_CACHE_SIZE);
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

/* The number at text ("12" for 12), and how long it is; 0 when it is none that may be. */
static size_t read_number(const char *text, size_t *ret_len)
{
    size_t number = 0;
    size_t len = 0;
    for (; text[len] >= '0' && text[len] <= '9' && number <= SLW_DATABASE_VALUES_MAX; len++) {
        number = number * 10 + (size_t)(text[len] - '0');
    }
    *ret_len = len;
    return text[0] != '0' && number <= SLW_DATABASE_VALUES_MAX ? number : 0;
}

static size_t count_of(const char *text, char wanted)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == wanted ? 1 : 0;
    }
    return count;
}

/*
 * To SQLite `$2` is a name: its first parameter when it stands first, and the longer to find the
 * more there are, so that thousands take seconds. So each becomes a `?` here, with a note of the
 * value that belongs there. text has room for sql.
 */
static enum slw_status take_parameters(struct sqlite_prepared *prepared, char *text,
                                       struct slw_detail *detail)
{
    const char *at = prepared->sql;
    while (*at != '\0') {
        size_t len = sql_opaque_length(at);
        if (len == SIZE_MAX) {
            return slw_explain(detail, SLW_INTERNAL, "database: never ends");
        }
        if (len == 0 && *at == '$') {
            size_t number = read_number(at + 1, &len);
            if (number == 0) {
                return slw_explain(detail, SLW_INTERNAL, "database: $1 to $%u",
                                   SLW_DATABASE_VALUES_MAX);
            }
            prepared->numbers[prepared->parameters++] = (uint16_t)number;
            prepared->highest = number > prepared->highest ? number : prepared->highest;
            *text++ = '?';
            at += len + 1;
            continue;
        }
        len = len == 0 ? 1 : len;
        memcpy(text, at, len);
        text += len;
        at += len;
    }
    *text = '\0';
    return SLW_OK;
}

static enum slw_status prepare_text(struct sqlite_connection *connection, const char *text,
                                    struct sqlite_prepared *prepared, struct slw_detail *detail)
{
    const char *rest = NULL;
    int code = sqlite3_prepare_v3(connection->handle, text, -1, SQLITE_PREPARE_PERSISTENT,
                                  &prepared->statement, &rest);
    if (code != SQLITE_OK) {
        return sqlite_explain(connection, code, detail);
    }
    if (prepared->statement == NULL || rest[strspn(rest, " \t\n;")] != '\0') {
        return slw_explain(detail, SLW_INTERNAL, "database: not one statement");
    }
    if (sqlite3_bind_parameter_count(prepared->statement) != prepared->parameters) {
        return slw_explain(detail, SLW_INTERNAL, "database: parameters are $1, $2, …");
    }
    return SLW_OK;
}

static enum slw_status prepare(struct sqlite_connection *connection, const char *sql,
                               struct sqlite_prepared *prepared, struct slw_detail *detail)
{
    char *text = malloc(strlen(sql) + 1);
    prepared->sql = strdup(sql);
    prepared->numbers = calloc(count_of(sql, '$') + 1, sizeof *prepared->numbers);
    enum slw_status status = SLW_OK;
    if (text == NULL || prepared->sql == NULL || prepared->numbers == NULL) {
        status = slw_explain_no_memory(detail);
    } else {
        status = take_parameters(prepared, text, detail);
    }
    if (status == SLW_OK) {
        status = prepare_text(connection, text, prepared, detail);
    }
    free(text);
    return status;
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
