/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command backup: one consistent view of the database as lines of JSON, whichever database it
 * is, and the blobs as a directory. The secret file isn't in it: keep that elsewhere.
 *
 *     {"format": "slipway depot backup v1", "migrations": ["0001-people", …]}
 *     {"table": "people", "columns": ["name", …], "types": "ti…"}
 *     [null, 5, "text", {"b": "00ff"}, {"d": "0x1p+0"}]      a row, in the order of columns
 *     {"rows": 123, "sha256": HEX}                            of everything before this line
 */
#include "commands.h"
#include "tables.h"

#include "slipway/files.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define BACKUP_TIMEOUT_MS 600000u

struct dump {
    enum slw_database_kind kind;
    struct depot_tables *tables;
    const char *path;
    struct slw_output output;
    struct slw_sha256 hash;
    struct slw_heap_buffer line;
    int64_t rows;
};

static enum slw_status write_line(struct dump *dump, struct slw_detail *detail)
{
    slw_heap_append_text(&dump->line, "\n");
    SLW_TRY(dump->line.status);
    struct slw_bytes line = slw_heap_bytes(&dump->line);
    slw_sha256_update(&dump->hash, line);
    enum slw_status status = slw_output_write(&dump->output, line, detail);
    dump->line.len = 0;
    return status;
}

static void put_value(struct slw_json *json, char type, const struct slw_rows *rows, int column)
{
    char number[64];
    if (slw_rows_is_null(rows, column)) {
        slw_json_null(json, NULL);
    } else if (type == 'i') {
        slw_json_int(json, NULL, slw_rows_int(rows, column));
    } else if (type == 't') {
        slw_json_bytes(json, NULL, slw_rows_bytes(rows, column));
    } else if (type == 'b') {
        slw_json_begin_object(json, NULL);
        slw_json_hex(json, "b", slw_rows_bytes(rows, column));
        slw_json_end_object(json);
    } else {
        (void)snprintf(number, sizeof number, "%a", slw_rows_double(rows, column));
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "d", number);
        slw_json_end_object(json);
    }
}

static enum slw_status write_table_head(struct dump *dump, const struct depot_table *table,
                                        struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, &dump->line);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "table", table->name);
    slw_json_begin_array(&json, "columns");
    for (size_t i = 0; i < table->columns_count; i++) {
        slw_json_text(&json, NULL, table->columns[i]);
    }
    slw_json_end_array(&json);
    slw_json_bytes(&json, "types", slw_bytes_make(table->types, table->columns_count));
    slw_json_end_object(&json);
    return write_line(dump, detail);
}

static enum slw_status write_row(struct dump *dump, const struct depot_table *table,
                                 const struct slw_rows *rows, struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, &dump->line);
    slw_json_begin_array(&json, NULL);
    for (size_t i = 0; i < table->columns_count; i++) {
        put_value(&json, table->types[i], rows, (int)i);
    }
    slw_json_end_array(&json);
    dump->rows++;
    return write_line(dump, detail);
}

static enum slw_status dump_table(struct dump *dump, struct slw_transaction *transaction,
                                  struct depot_table *table, struct slw_detail *detail)
{
    struct slw_heap_buffer sql = {0};
    struct slw_rows *rows = NULL;
    SLW_TRY(depot_table_describe(transaction, dump->kind, table, detail));
    SLW_TRY(write_table_head(dump, table, detail));
    slw_heap_append_text(&sql, "SELECT ");
    for (size_t i = 0; i < table->columns_count; i++) {
        slw_heap_printf(&sql, "%s\"%s\"", i == 0 ? "" : ", ", table->columns[i]);
    }
    slw_heap_printf(&sql, " FROM \"%s\"", table->name);
    enum slw_status status = sql.status;
    if (status == SLW_OK) {
        status = slw_sql_query(transaction, slw_heap_text(&sql), NULL, 0, &rows, detail);
    }
    slw_heap_free(&sql);
    SLW_TRY(status);
    while (slw_rows_next(rows)) {
        SLW_TRY(write_row(dump, table, rows, detail));
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status write_head(struct dump *dump, struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, &dump->line);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "format", DEPOT_BACKUP_FORMAT);
    slw_json_begin_array(&json, "migrations");
    for (size_t i = 0; i < depot_migrations_count; i++) {
        slw_json_text(&json, NULL, depot_migrations[i].name);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return write_line(dump, detail);
}

static enum slw_status write_end(struct dump *dump, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_json json;
    slw_sha256_final(&dump->hash, digest);
    slw_json_init(&json, &dump->line);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "rows", dump->rows);
    slw_json_hex(&json, "sha256", slw_bytes_make(digest, sizeof digest));
    slw_json_end_object(&json);
    slw_sha256_init(&dump->hash); /* write_line() feeds it */
    return write_line(dump, detail);
}

/* From the first line on, each time that it is run: others may get in the way of a transaction. */
static enum slw_status dump_all(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct dump *dump = context;
    slw_output_discard(&dump->output);
    SLW_TRY(slw_output_open(dump->path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_PRIVATE, &dump->output,
                            detail));
    slw_sha256_init(&dump->hash);
    dump->line.len = 0;
    dump->rows = 0;
    SLW_TRY(write_head(dump, detail));
    for (size_t i = 0; i < dump->tables->count; i++) {
        SLW_TRY(dump_table(dump, transaction, &dump->tables->each[i], detail));
    }
    return write_end(dump, detail);
}

static enum slw_status dump_database(struct slw_database *database, const char *path,
                                     int64_t *ret_rows, struct slw_detail *detail)
{
    struct dump dump = {.kind = slw_database_kind(database), .path = path};
    dump.output.descriptor = dump.output.directory = -1;
    dump.tables = calloc(1, sizeof *dump.tables);
    if (dump.tables == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = depot_tables_read(depot_migrations_count, dump.tables, detail);
    if (status == SLW_OK) {
        status = slw_database_transact(database, SLW_DATABASE_READ, dump_all, &dump, detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&dump.output, detail);
    }
    slw_output_discard(&dump.output);
    slw_heap_free(&dump.line);
    free(dump.tables);
    *ret_rows = dump.rows;
    return status;
}

enum slw_status depot_command_backup(const struct depot_command *command, struct slw_detail *detail)
{
    static struct depot_settings settings;
    const struct slw_database_options options = {.connections = 1, .timeout_ms = BACKUP_TIMEOUT_MS};
    struct slw_database *database = NULL;
    char path[4096];
    int64_t rows = 0;
    int64_t blobs = 0;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    if (snprintf(path, sizeof path, "%s/" DEPOT_BACKUP_FILE, command->directory) >=
        (int)sizeof path) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "the directory's name is too long");
    }
    if (mkdir(command->directory, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, command->directory);
    }
    SLW_TRY(slw_database_open(settings.database, &options, &database, detail));
    enum slw_status status =
        slw_database_migrate(database, depot_migrations, depot_migrations_count, detail);
    if (status == SLW_OK) {
        status = dump_database(database, path, &rows, detail);
    }
    slw_database_close(database);
    SLW_TRY(status);
    /* Blobs later: whatever a row names was there when the row was read. */
    SLW_TRY(depot_copy_blobs(&settings, command->directory, true, &blobs, detail));
    (void)printf("%lld rows, %lld blobs\n", (long long)rows, (long long)blobs);
    return SLW_OK;
}
