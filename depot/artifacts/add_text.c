/* SPDX-License-Identifier: Apache-2.0 */
/* SBOMs, and logs: which are any text, and are only ever shown as text. */
#include "add.h"

#include "slipway/text.h"

#include <stdlib.h>

#define BLOCK_SIZE 131072u
#define ROWS_AT_ONCE 200u
#define ROW_COLUMNS 7u

enum slw_status artifacts_examine_sbom(struct addition *addition, struct slw_detail *detail)
{
    (void)snprintf(addition->content, sizeof addition->content, "%.64s",
                   (const char *)addition->build.ptr);
    SLW_TRY(artifacts_load(addition, SLW_SBOM_SIZE_MAX, detail));
    SLW_TRY(slw_sbom_parse("SBOM", slw_heap_bytes(&addition->text), &addition->sbom, detail));
    addition->has_sbom = true;
    return SLW_OK;
}

static enum slw_status check_text(const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_utf8 checker = {0};
    bool good = true;
    uint8_t *block = malloc(BLOCK_SIZE);
    enum slw_status status = block == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (uint64_t offset = 0; status == SLW_OK && good && offset < source->size;) {
        uint64_t left = source->size - offset;
        size_t len = left < BLOCK_SIZE ? (size_t)left : BLOCK_SIZE;
        status = source->read(source->context, offset, block, len);
        good = status != SLW_OK || (slw_utf8_accept(&checker, slw_bytes_make(block, len)) &&
                                    memchr(block, '\0', len) == NULL);
        offset += len;
    }
    free(block);
    if (status == SLW_OK && (!good || !slw_utf8_complete(&checker))) {
        status = slw_explain(detail, SLW_MALFORMED, "a log must be text in UTF-8 without zeros");
    }
    return status;
}

enum slw_status artifacts_examine_log(struct addition *addition, struct slw_detail *detail)
{
    struct slw_blob blob;
    if (addition->build.len > 0) {
        (void)snprintf(addition->content, sizeof addition->content, "%.64s",
                       (const char *)addition->build.ptr);
    }
    if (addition->size > (int64_t)ARTIFACTS_LOG_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a log of more than %u bytes", ARTIFACTS_LOG_MAX);
    }
    SLW_TRY(slw_blob_open(addition->depot->blobs, addition->sha256, &blob, detail));
    enum slw_status status = check_text(&blob.source, detail);
    slw_blob_close(&blob);
    return status;
}

/* "INSERT … VALUES ($1, …, $7), ($8, …", for so many rows. */
static void make_insert(size_t rows, struct slw_heap_buffer *sql)
{
    slw_heap_append_text(sql, "INSERT INTO sbom_packages (artifact, number, build, package, name, "
                              "version, purl) VALUES ");
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 1; j <= ROW_COLUMNS; j++) {
            slw_heap_printf(sql, "%s$%zu", j > 1 ? ", " : (i == 0 ? "(" : ", ("),
                            i * ROW_COLUMNS + j);
        }
        slw_heap_append_text(sql, ")");
    }
}

struct rows {
    struct slw_sql_value values[ROWS_AT_ONCE * ROW_COLUMNS];
    struct slw_purl purls[ROWS_AT_ONCE];
};

static void fill_row(const struct addition *addition, int64_t artifact, size_t number, size_t at,
                     struct rows *rows)
{
    const struct slw_sbom_package *package = &addition->sbom.packages[number];
    struct slw_purl *purl = &rows->purls[at];
    bool has_purl = slw_purl_parse(package->purl, purl) == SLW_OK;
    struct slw_bytes version = package->version;
    if (version.len == 0 && has_purl) {
        version = slw_text_bytes(purl->version);
    }
    const struct slw_sql_value row[ROW_COLUMNS] = {
        slw_sql_int(artifact),
        slw_sql_int((int64_t)number + 1),
        slw_sql_text(slw_text_bytes(addition->content)),
        slw_sql_text(has_purl ? slw_text_bytes(purl->package) : SLW_BYTES_OF("")),
        slw_sql_text(package->name),
        slw_sql_text(version),
        slw_sql_text(package->purl),
    };
    memcpy(&rows->values[at * ROW_COLUMNS], row, sizeof row);
}

static enum slw_status insert_rows(const struct addition *addition, int64_t artifact, size_t first,
                                   size_t count, struct rows *rows,
                                   struct slw_transaction *transaction, struct slw_detail *detail)
{
    struct slw_heap_buffer sql = {0};
    for (size_t i = 0; i < count; i++) {
        fill_row(addition, artifact, first + i, i, rows);
    }
    make_insert(count, &sql);
    enum slw_status status = sql.status != SLW_OK
                                 ? slw_explain_no_memory(detail)
                                 : slw_sql_run(transaction, slw_heap_text(&sql), rows->values,
                                               count * ROW_COLUMNS, NULL, detail);
    slw_heap_drop(&sql);
    return status;
}

enum slw_status artifacts_record_packages(const struct addition *addition, int64_t artifact,
                                          struct slw_transaction *transaction,
                                          struct slw_detail *detail)
{
    struct rows *rows = malloc(sizeof *rows);
    enum slw_status status = rows == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    for (size_t first = 0; status == SLW_OK && first < addition->sbom.count;) {
        size_t left = addition->sbom.count - first;
        size_t count = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        status = insert_rows(addition, artifact, first, count, rows, transaction, detail);
        first += count;
    }
    free(rows);
    return status;
}
