/* SPDX-License-Identifier: Apache-2.0 */
/* See tables.h. Names are read from our own migrations alone, never from outside. */
#include "tables.h"

#include <ctype.h>
#include <stdio.h>

/* The next word, behind spaces; a comment isn't one. */
static struct slw_bytes next_word(const char **at)
{
    for (;;) {
        *at += strspn(*at, " \t\n,()");
        if (strncmp(*at, "--", 2) != 0) {
            break;
        }
        *at += strcspn(*at, "\n");
    }
    size_t len = strcspn(*at, " \t\n,();");
    struct slw_bytes word = slw_bytes_make(*at, len);
    *at += len + (len == 0 && **at == ';' ? 1 : 0);
    return word;
}

static bool is_word(struct slw_bytes word, const char *text)
{
    return slw_bytes_equal(word, slw_bytes_make(text, strlen(text)));
}

static bool copy_name(struct slw_bytes word, char ret_name[static DEPOT_TABLE_NAME_SIZE])
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.ptr[i] != '_' && islower(word.ptr[i]) == 0 && isdigit(word.ptr[i]) == 0) {
            return false;
        }
    }
    if (word.len == 0 || word.len >= DEPOT_TABLE_NAME_SIZE) {
        return false;
    }
    memcpy(ret_name, word.ptr, word.len);
    ret_name[word.len] = '\0';
    return true;
}

static enum slw_status read_migration(const struct slw_migration *migration,
                                      struct depot_tables *tables, struct slw_detail *detail)
{
    const char *at = migration->sql;
    struct slw_bytes before = {NULL, 0};
    struct slw_bytes before_that = {NULL, 0};
    while (*at != '\0') {
        struct slw_bytes word = next_word(&at);
        bool is_table = is_word(before_that, "CREATE") && is_word(before, "TABLE");
        if (is_table) {
            if (tables->count == DEPOT_TABLES_MAX) {
                return slw_explain(detail, SLW_TOO_LARGE, "more than %u tables", DEPOT_TABLES_MAX);
            }
            struct depot_table *table = &tables->each[tables->count++];
            *table = (struct depot_table){.columns_count = 0};
            if (!copy_name(word, table->name)) {
                return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: a table's name", migration->name);
            }
        } else if (is_word(word, "IDENTITY") && tables->count > 0 &&
                   !copy_name(before, tables->each[tables->count - 1].identity)) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: a column's name", migration->name);
        }
        before_that = before;
        before = word;
    }
    return SLW_OK;
}

enum slw_status depot_tables_read(size_t migrations, struct depot_tables *ret_tables,
                                  struct slw_detail *detail)
{
    ret_tables->count = 0;
    for (size_t i = 0; i < migrations && i < depot_migrations_count; i++) {
        SLW_TRY(read_migration(&depot_migrations[i], ret_tables, detail));
    }
    return SLW_OK;
}

/* "INT", "bigint", "INTEGER": i; "TEXT": t; "BLOB", "bytea": b; "REAL", "double precision": d. */
static char type_of(struct slw_bytes type)
{
    static const struct {
        const char *word;
        char type;
    } types[] = {{"int", 'i'},  {"integer", 'i'}, {"bigint", 'i'}, {"text", 't'},
                 {"blob", 'b'}, {"bytea", 'b'},   {"real", 'd'},   {"double precision", 'd'}};
    char lower[32];
    size_t len = type.len < sizeof lower ? type.len : sizeof lower - 1;
    for (size_t i = 0; i < len; i++) {
        lower[i] = (char)tolower(type.ptr[i]);
    }
    lower[len] = '\0';
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].word, lower) == 0) {
            return types[i].type;
        }
    }
    return '\0';
}

static enum slw_status add_column(struct depot_table *table, const struct slw_rows *rows,
                                  struct slw_detail *detail)
{
    size_t at = table->columns_count;
    if (at == DEPOT_COLUMNS_MAX || !copy_name(slw_rows_bytes(rows, 0), table->columns[at])) {
        return slw_explain(detail, SLW_STORED_STATE, "%s: a column that isn't ours", table->name);
    }
    table->types[at] = type_of(slw_rows_bytes(rows, 1));
    if (table->types[at] == '\0') {
        return slw_explain(detail, SLW_STORED_STATE, "%s: %s is of a type that isn't ours",
                           table->name, table->columns[at]);
    }
    table->columns_count++;
    return SLW_OK;
}

enum slw_status depot_table_describe(struct slw_transaction *transaction,
                                     enum slw_database_kind kind, struct depot_table *table,
                                     struct slw_detail *detail)
{
    const struct slw_sql_value name =
        slw_sql_text(slw_bytes_make(table->name, strlen(table->name)));
    const char *sql = kind == SLW_DATABASE_SQLITE
                          ? "SELECT name, type FROM pragma_table_info($1) ORDER BY cid"
                          : "SELECT CAST(column_name AS TEXT), CAST(data_type AS TEXT) FROM "
                            "information_schema.columns WHERE table_schema = current_schema() AND "
                            "table_name = $1 ORDER BY ordinal_position";
    struct slw_rows *rows = NULL;
    table->columns_count = 0;
    SLW_TRY(slw_sql_query(transaction, sql, &name, 1, &rows, detail));
    while (slw_rows_next(rows)) {
        SLW_TRY(add_column(table, rows, detail));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return table->columns_count > 0
               ? SLW_OK
               : slw_explain(detail, SLW_STORED_STATE, "there is no table %s", table->name);
}
