/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command restore: a backup into an empty depot, on whichever database. What had been made
 * since is gone, and whoever saw it mustn't be confused: sessions end, and every enrolment begins a
 * new epoch (counters.restores).
 */
#include "check.h"
#include "commands.h"
#include "tables.h"

#include "slipway/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define RESTORE_TIMEOUT_MS 600000u

struct restore {
    const char *path;
    FILE *file;
    enum slw_database_kind kind;
    struct depot_tables *tables;
    struct depot_table *table; /* whose rows come; NULL: none yet */
    struct slw_sha256 hash;
    char *line;
    size_t line_size;
    size_t line_len;
    int64_t number; /* of the line, from 1 */
    int64_t rows;
    bool has_ended;
    struct slw_heap_buffer bytes; /* of blobs in a row */
};

static enum slw_status refuse(const struct restore *restore, const char *what,
                              struct slw_detail *detail)
{
    return slw_explain(detail, SLW_MALFORMED, "%s: line %lld: %s", restore->path,
                       (long long)restore->number, what);
}

/* SLW_NOT_FOUND at the end. */
static enum slw_status read_line(struct restore *restore, struct slw_json_document *ret_document,
                                 struct slw_detail *detail)
{
    errno = 0;
    ssize_t len = getline(&restore->line, &restore->line_size, restore->file);
    if (len < 0) {
        return ferror(restore->file) != 0 ? slw_explain_errno(detail, restore->path)
                                          : SLW_NOT_FOUND;
    }
    restore->number++;
    restore->line_len = (size_t)len;
    if (restore->line[len - 1] != '\n') {
        return refuse(restore, "the file was cut off", detail);
    }
    return slw_json_parse(restore->path, slw_bytes_make(restore->line, (size_t)len - 1),
                          ret_document, detail);
}

static void hash_line(struct restore *restore)
{
    slw_sha256_update(&restore->hash, slw_bytes_make(restore->line, restore->line_len));
}

static bool parse_hex(struct slw_bytes text, struct slw_heap_buffer *ret_bytes)
{
    const size_t before = ret_bytes->len;
    uint8_t *place = slw_heap_reserve(ret_bytes, text.len / 2);
    if (place != NULL && !slw_text_unhex(text, place, text.len / 2)) {
        ret_bytes->len = before;
        return false;
    }
    return true;
}

/* Bytes go to restore->bytes, whose memory may move: their place is kept, and made a view later. */
static bool read_value(struct restore *restore, const struct slw_json_document *row, uint32_t at,
                       char type, struct slw_sql_value *ret_value)
{
    enum slw_json_kind kind = slw_json_kind(row, at);
    if (kind == SLW_JSON_NULL) {
        *ret_value = slw_sql_null();
        return true;
    }
    if (type == 'i') {
        *ret_value = slw_sql_int(0);
        return slw_json_integer(row, at, &ret_value->number);
    }
    if (type == 't') {
        *ret_value = slw_sql_text(slw_json_string(row, at));
        return kind == SLW_JSON_STRING;
    }
    uint32_t member = slw_json_member(row, at, type == 'b' ? SLW_BYTES_OF("b") : SLW_BYTES_OF("d"));
    struct slw_bytes text = slw_json_string(row, member);
    if (slw_json_kind(row, member) != SLW_JSON_STRING) {
        return false;
    }
    if (type == 'd') {
        char number[64];
        char *end = NULL;
        (void)snprintf(number, sizeof number, "%.*s", (int)(text.len < 63 ? text.len : 63),
                       (const char *)text.ptr);
        *ret_value = slw_sql_double(strtod(number, &end));
        return text.len > 0 && *end == '\0';
    }
    size_t before = restore->bytes.len;
    *ret_value = slw_sql_blob(slw_bytes_make(NULL, text.len / 2));
    ret_value->number = (int64_t)before;
    return parse_hex(text, &restore->bytes);
}

static void settle_bytes(const struct restore *restore, struct slw_sql_value *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i].kind == SLW_SQL_BLOB) {
            bool is_empty = values[i].bytes.len == 0;
            values[i].bytes.ptr =
                is_empty ? (const uint8_t *)"" : restore->bytes.ptr + values[i].number;
        }
    }
}

static enum slw_status insert(struct slw_transaction *transaction, const struct depot_table *table,
                              const struct slw_sql_value *values, struct slw_detail *detail)
{
    struct slw_heap_buffer sql = {0};
    slw_heap_printf(&sql, "INSERT INTO \"%s\" (", table->name);
    for (size_t i = 0; i < table->columns_count; i++) {
        slw_heap_printf(&sql, "%s\"%s\"", i == 0 ? "" : ", ", table->columns[i]);
    }
    slw_heap_append_text(&sql, ") VALUES (");
    for (size_t i = 0; i < table->columns_count; i++) {
        slw_heap_printf(&sql, "%s$%zu", i == 0 ? "" : ", ", i + 1);
    }
    slw_heap_append_text(&sql, ")");
    enum slw_status status = sql.status;
    if (status == SLW_OK) {
        status = slw_sql_run(transaction, slw_heap_text(&sql), values, table->columns_count, NULL,
                             detail);
    }
    slw_heap_free(&sql);
    return status;
}

static enum slw_status take_row(struct restore *restore, struct slw_transaction *transaction,
                                const struct slw_json_document *row, struct slw_detail *detail)
{
    struct slw_sql_value values[DEPOT_COLUMNS_MAX];
    struct slw_json_walk walk = slw_json_walk_begin(row, SLW_JSON_TOP);
    uint32_t at = SLW_JSON_NONE;
    size_t count = 0;
    restore->bytes.len = 0;
    if (restore->table == NULL) {
        return refuse(restore, "a row before any table", detail);
    }
    while (slw_json_walk_element(&walk, &at)) {
        if (count == restore->table->columns_count ||
            !read_value(restore, row, at, restore->table->types[count], &values[count])) {
            return refuse(restore, "not a row of this table", detail);
        }
        count++;
    }
    if (count != restore->table->columns_count) {
        return refuse(restore, "not a row of this table", detail);
    }
    SLW_TRY(restore->bytes.status);
    settle_bytes(restore, values, count);
    restore->rows++;
    return insert(transaction, restore->table, values, detail);
}

static bool has_same_columns(const struct depot_table *table, const struct slw_json_document *head)
{
    uint32_t columns = slw_json_member(head, SLW_JSON_TOP, SLW_BYTES_OF("columns"));
    struct slw_bytes types =
        slw_json_string(head, slw_json_member(head, SLW_JSON_TOP, SLW_BYTES_OF("types")));
    struct slw_json_walk walk = slw_json_walk_begin(head, columns);
    uint32_t at = SLW_JSON_NONE;
    size_t count = 0;
    while (slw_json_walk_element(&walk, &at)) {
        const char *name = count < table->columns_count ? table->columns[count] : "";
        if (!slw_bytes_equal(slw_json_string(head, at), slw_bytes_make(name, strlen(name)))) {
            return false;
        }
        count++;
    }
    return count == table->columns_count &&
           slw_bytes_equal(types, slw_bytes_make(table->types, count));
}

static enum slw_status take_table(struct restore *restore, struct slw_transaction *transaction,
                                  const struct slw_json_document *head, struct slw_bytes name,
                                  struct slw_detail *detail)
{
    for (size_t i = 0; i < restore->tables->count; i++) {
        struct depot_table *table = &restore->tables->each[i];
        if (slw_bytes_equal(name, slw_bytes_make(table->name, strlen(table->name)))) {
            restore->table = table;
            SLW_TRY(depot_table_describe(transaction, restore->kind, table, detail));
            return has_same_columns(table, head)
                       ? SLW_OK
                       : refuse(restore, "other columns than this depot's", detail);
        }
    }
    return refuse(restore, "a table that this depot hasn't", detail);
}

static enum slw_status take_end(struct restore *restore, const struct slw_json_document *end,
                                struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    int64_t rows = -1;
    struct slw_bytes text =
        slw_json_string(end, slw_json_member(end, SLW_JSON_TOP, SLW_BYTES_OF("sha256")));
    slw_sha256_final(&restore->hash, digest);
    restore->bytes.len = 0;
    if (!slw_json_integer(end, slw_json_member(end, SLW_JSON_TOP, SLW_BYTES_OF("rows")), &rows) ||
        rows != restore->rows || !parse_hex(text, &restore->bytes) ||
        !slw_bytes_equal(slw_heap_bytes(&restore->bytes), slw_bytes_make(digest, sizeof digest))) {
        return refuse(restore, "it isn't as it was written", detail);
    }
    restore->has_ended = true;
    return SLW_OK;
}

static enum slw_status take_line(struct restore *restore, struct slw_transaction *transaction,
                                 const struct slw_json_document *line, struct slw_detail *detail)
{
    uint32_t table = slw_json_member(line, SLW_JSON_TOP, SLW_BYTES_OF("table"));
    if (restore->has_ended) {
        return refuse(restore, "something behind the end", detail);
    }
    if (slw_json_kind(line, SLW_JSON_TOP) == SLW_JSON_ARRAY) {
        SLW_TRY(take_row(restore, transaction, line, detail));
    } else if (table != SLW_JSON_NONE) {
        SLW_TRY(take_table(restore, transaction, line, slw_json_string(line, table), detail));
    } else {
        return take_end(restore, line, detail);
    }
    hash_line(restore);
    return SLW_OK;
}

/* What the migrations put there goes; a depot that is in use isn't touched. */
static enum slw_status empty_all(const struct restore *restore, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    int64_t people = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM people", NULL, 0, &people, detail));
    if (people > 0) {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "this depot has people already: restore into an empty database");
    }
    for (size_t i = restore->tables->count; i > 0; i--) {
        char sql[DEPOT_TABLE_NAME_SIZE + 32];
        (void)snprintf(sql, sizeof sql, "DELETE FROM \"%s\"", restore->tables->each[i - 1].name);
        SLW_TRY(slw_sql_run(transaction, sql, NULL, 0, NULL, detail));
    }
    return SLW_OK;
}

/* SQLite numbers on behind the highest by itself. */
static enum slw_status number_on(const struct restore *restore, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    for (size_t i = 0; i < restore->tables->count; i++) {
        const struct depot_table *table = &restore->tables->each[i];
        char sql[4 * DEPOT_TABLE_NAME_SIZE + 128];
        int64_t next = 0;
        if (table->identity[0] == '\0' || restore->kind == SLW_DATABASE_SQLITE) {
            continue;
        }
        (void)snprintf(sql, sizeof sql,
                       "SELECT setval(pg_get_serial_sequence('%s', '%s'), COALESCE((SELECT "
                       "MAX(\"%s\") FROM \"%s\"), 0) + 1, false)",
                       table->name, table->identity, table->identity, table->name);
        SLW_TRY(slw_sql_number(transaction, sql, NULL, 0, &next, detail));
    }
    return SLW_OK;
}

static enum slw_status begin_anew(struct slw_transaction *transaction, struct slw_detail *detail)
{
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM sessions", NULL, 0, NULL, detail));
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE counters SET value = value + 1 WHERE name = "
                        "'restores'",
                        NULL, 0, NULL, detail));
    return depot_audit(transaction, "depot", "depot.restore", SLW_BYTES_OF(""), SLW_BYTES_OF(""),
                       NULL, detail);
}

static enum slw_status take_lines(struct restore *restore, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    for (;;) {
        struct slw_json_document line;
        enum slw_status status = read_line(restore, &line, detail);
        if (status == SLW_NOT_FOUND) {
            return restore->has_ended ? SLW_OK : refuse(restore, "the file was cut off", detail);
        }
        SLW_TRY(status);
        status = take_line(restore, transaction, &line, detail);
        slw_json_document_free(&line);
        SLW_TRY(status);
    }
}

/* Reads the file from its first line each time that it is run. */
static enum slw_status restore_all(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct restore *restore = context;
    struct slw_json_document head;
    rewind(restore->file);
    restore->number = restore->rows = 0;
    restore->has_ended = false;
    restore->table = NULL;
    slw_sha256_init(&restore->hash);
    SLW_TRY(read_line(restore, &head, detail));
    slw_json_document_free(&head);
    hash_line(restore);
    SLW_TRY(empty_all(restore, transaction, detail));
    SLW_TRY(take_lines(restore, transaction, detail));
    SLW_TRY(number_on(restore, transaction, detail));
    return begin_anew(transaction, detail);
}

/* How many migrations the backup had; all must be ours, in the same order. */
static enum slw_status read_migrations(struct restore *restore, size_t *ret_count,
                                       struct slw_detail *detail)
{
    struct slw_json_document head;
    size_t count = 0;
    enum slw_status status = read_line(restore, &head, detail);
    if (status == SLW_NOT_FOUND) {
        return refuse(restore, "empty", detail);
    }
    SLW_TRY(status);
    struct slw_bytes format =
        slw_json_string(&head, slw_json_member(&head, SLW_JSON_TOP, SLW_BYTES_OF("format")));
    struct slw_json_walk walk = slw_json_walk_begin(
        &head, slw_json_member(&head, SLW_JSON_TOP, SLW_BYTES_OF("migrations")));
    uint32_t at = SLW_JSON_NONE;
    bool is_ours = slw_bytes_equal(format, SLW_BYTES_OF(DEPOT_BACKUP_FORMAT));
    while (slw_json_walk_element(&walk, &at)) {
        const char *name = count < depot_migrations_count ? depot_migrations[count].name : "";
        is_ours = is_ours &&
                  slw_bytes_equal(slw_json_string(&head, at), slw_bytes_make(name, strlen(name)));
        count++;
    }
    slw_json_document_free(&head);
    if (!is_ours || count == 0) {
        return refuse(restore, "not a backup of a depot, or one of a newer version", detail);
    }
    *ret_count = count;
    return SLW_OK;
}

/* Into the schema that it was taken from; later migrations then do their work on it. */
static enum slw_status restore_database(struct restore *restore, struct slw_database *database,
                                        struct slw_detail *detail)
{
    size_t count = 0;
    restore->kind = slw_database_kind(database);
    SLW_TRY(read_migrations(restore, &count, detail));
    SLW_TRY(depot_tables_read(count, restore->tables, detail));
    SLW_TRY(slw_database_migrate(database, depot_migrations, count, detail));
    SLW_TRY(slw_database_transact(database, SLW_DATABASE_WRITE, restore_all, restore, detail));
    return slw_database_migrate(database, depot_migrations, depot_migrations_count, detail);
}

static enum slw_status open_and_restore(const struct depot_settings *settings, const char *path,
                                        int64_t *ret_rows, struct slw_detail *detail)
{
    const struct slw_database_options options = {.connections = 1,
                                                 .timeout_ms = RESTORE_TIMEOUT_MS};
    struct slw_database *database = NULL;
    struct restore restore = {.path = path, .file = fopen(path, "re")};
    if (restore.file == NULL) {
        return slw_explain_errno(detail, path);
    }
    restore.tables = calloc(1, sizeof *restore.tables);
    enum slw_status status = restore.tables == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = slw_database_open(settings->database, &options, &database, detail);
    }
    if (status == SLW_OK) {
        status = restore_database(&restore, database, detail);
        slw_database_close(database);
    }
    *ret_rows = restore.rows;
    (void)fclose(restore.file);
    slw_heap_free(&restore.bytes);
    free(restore.line);
    free(restore.tables);
    return status;
}

enum slw_status depot_command_restore(const struct depot_command *command,
                                      struct slw_detail *detail)
{
    static struct depot_settings settings;
    char path[4096];
    int64_t blobs = 0;
    int64_t rows = 0;
    SLW_TRY(depot_settings_read(command->config, &settings, detail));
    if (snprintf(path, sizeof path, "%s/" DEPOT_BACKUP_FILE, command->directory) >=
        (int)sizeof path) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "the directory's name is too long");
    }
    SLW_TRY(depot_copy_blobs(&settings, command->directory, false, &blobs, detail));
    SLW_TRY(open_and_restore(&settings, path, &rows, detail));
    (void)printf("%lld rows, %lld blobs\n", (long long)rows, (long long)blobs);
    return SLW_OK;
}
