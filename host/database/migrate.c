/* SPDX-License-Identifier: Apache-2.0 */
/* Numbered migrations, in one transaction that nobody else writes beside: programs call it at
 * start, several at once on one PostgreSQL. */
#include "dialect.h"
#include "internal.h"

#include "slipway/crypto.h"

static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations (number BIGINT PRIMARY KEY, name TEXT NOT NULL,"
    " sha256 BYTEA NOT NULL, migrated_us BIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS leases (name TEXT PRIMARY KEY, holder TEXT NOT NULL,"
    " token BIGINT NOT NULL, until_us BIGINT NOT NULL)";

struct wanted {
    const struct slw_migration *migrations;
    size_t count;
};

static void digest_of(const char *text, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(text, strlen(text)));
    slw_sha256_final(&hash, ret_digest);
}

static enum slw_status run_script(struct slw_transaction *transaction, const char *sql,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer translated = {0};
    enum slw_database_kind kind = transaction->database->adapter->kind;
    enum slw_status status = sql_dialect_translate(kind, sql, &translated, detail);
    if (status == SLW_OK) {
        status = transaction->database->adapter->script(transaction->connection,
                                                        slw_heap_text(&translated), detail);
    }
    slw_heap_drop(&translated);
    return sql_note_failure(transaction, status, detail);
}

/* One row of schema_migrations, the at-th (from 0), against what this program knows. */
static enum slw_status compare_row(const struct slw_rows *rows, size_t at,
                                   const struct wanted *wanted, struct slw_detail *detail)
{
    struct slw_bytes name = slw_rows_bytes(rows, 1);
    int name_len = name.len < 64 ? (int)name.len : 64;
    const char *name_text = (const char *)name.ptr;
    uint8_t digest[SLW_SHA256_SIZE];
    if (at >= wanted->count || slw_rows_int(rows, 0) != (int64_t)at + 1) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "database: has migration %.*s of another version of this program",
                           name_len, name_text);
    }
    digest_of(wanted->migrations[at].sql, digest);
    if (!slw_bytes_equal(slw_rows_bytes(rows, 2), slw_bytes_make(digest, sizeof digest))) {
        return slw_explain(detail, SLW_STORED_STATE,
                           "database: migration %.*s isn't the one that this program knows",
                           name_len, name_text);
    }
    return SLW_OK;
}

static enum slw_status count_done(struct slw_transaction *transaction, const struct wanted *wanted,
                                  size_t *ret_done, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    size_t done = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT number, name, sha256 FROM schema_migrations ORDER BY number",
                          NULL, 0, &rows, detail));
    while (slw_rows_next(rows)) {
        SLW_TRY(compare_row(rows, done, wanted, detail));
        done++;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_done = done;
    return SLW_OK;
}

static enum slw_status run_one(struct slw_transaction *transaction, size_t at,
                               const struct slw_migration *migration, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    int64_t now_us = 0;
    digest_of(migration->sql, digest);
    SLW_TRY(run_script(transaction, migration->sql, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    struct slw_sql_value values[] = {
        slw_sql_int((int64_t)at + 1),
        slw_sql_text(slw_bytes_make(migration->name, strlen(migration->name))),
        slw_sql_blob(slw_bytes_make(digest, sizeof digest)), slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO schema_migrations (number, name, sha256, migrated_us)"
                       " VALUES ($1, $2, $3, $4)",
                       values, 4, NULL, detail);
}

static enum slw_status migrate(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    const struct wanted *wanted = context;
    size_t done = 0;
    SLW_TRY(run_script(transaction, own_tables, detail));
    SLW_TRY(count_done(transaction, wanted, &done, detail));
    for (size_t at = done; at < wanted->count; at++) {
        struct slw_detail why = {""};
        enum slw_status status = run_one(transaction, at, &wanted->migrations[at], &why);
        if (status != SLW_OK) {
            return slw_explain(detail, status, "%s: %s", wanted->migrations[at].name, why.text);
        }
    }
    return SLW_OK;
}

enum slw_status slw_database_migrate(struct slw_database *database,
                                     const struct slw_migration *migrations, size_t count,
                                     struct slw_detail *detail)
{
    struct wanted wanted = {migrations, count};
    SLW_TRY(sql_transact(database, SQL_BEGIN_MIGRATE, migrate, &wanted, detail));
    atomic_store(&database->migrated, true);
    return SLW_OK;
}
