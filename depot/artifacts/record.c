/* SPDX-License-Identifier: Apache-2.0 */
/* What was found in an endorsement, a test result, an SBOM or a log becomes a row. */
#include "add.h"

#include "jobs/jobs.h"

#include "slipway/text.h"

static enum slw_status check_build(const struct addition *addition,
                                   struct slw_transaction *transaction, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(addition->content)),
                                           slw_sql_text(addition->product)};
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM builds WHERE id = $1 AND product = $2 AND "
                           "removed_us IS NULL",
                           values, 2, &count, detail));
    return count == 1 ? SLW_OK
                      : slw_explain(detail, SLW_NOT_FOUND, "%s isn't a build of this product",
                                    addition->content);
}

/* "Nothing is overwritten: the same again is a no-op, something else is `version-taken`." */
static enum slw_status find_same(const struct addition *addition,
                                 struct slw_transaction *transaction, int64_t *ret_id,
                                 struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(addition->product), slw_sql_text(addition->kind),
        slw_sql_text(slw_text_bytes(addition->content)), slw_sql_int(addition->job),
        slw_sql_text(addition->name)};
    struct slw_rows *rows = NULL;
    bool same = true;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id, blob FROM artifacts WHERE product = $1 AND kind = $2 AND "
                          "build = $3 AND job = $4 AND name = $5",
                          values, 5, &rows, detail));
    *ret_id = 0;
    if (slw_rows_next(rows)) {
        *ret_id = slw_rows_int(rows, 0);
        same = slw_bytes_equal(slw_rows_bytes(rows, 1), addition->blob);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return same ? SLW_OK
                : slw_explain(detail, SLW_VERSION_TAKEN, "there is another one of this name");
}

static enum slw_status check_count(const struct addition *addition,
                                   struct slw_transaction *transaction, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(addition->product), slw_sql_text(addition->kind),
        slw_sql_text(slw_text_bytes(addition->content)), slw_sql_int(addition->job)};
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM artifacts WHERE product = $1 AND kind = $2 AND "
                           "build = $3 AND job = $4",
                           values, 4, &count, detail));
    return count < (int64_t)ARTIFACTS_PER_BUILD_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "there are %u of this kind already",
                             ARTIFACTS_PER_BUILD_MAX);
}

static enum slw_status insert(const struct addition *addition, struct slw_transaction *transaction,
                              int64_t *ret_id, struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(addition->product),
        slw_sql_text(addition->kind),
        slw_sql_text(slw_text_bytes(addition->content)),
        slw_sql_int(addition->job),
        slw_sql_text(addition->name),
        slw_sql_text(addition->blob),
        slw_sql_int(addition->size),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(addition->caller->name)),
        slw_sql_text(slw_heap_bytes(&addition->builder)),
        slw_sql_text(slw_heap_bytes(&addition->source)),
        slw_sql_text(slw_heap_bytes(&addition->git_commit)),
        slw_sql_text(slw_heap_bytes(&addition->suite)),
        slw_sql_text(slw_text_bytes(addition->outcome)),
        slw_sql_text(slw_heap_bytes(&addition->url)),
        slw_sql_text(addition->signers.len > 0 ? slw_heap_bytes(&addition->signers)
                                               : SLW_BYTES_OF("[]")),
        slw_sql_text(slw_text_bytes(addition->has_sbom ? addition->sbom.format : "")),
        slw_sql_int(addition->has_sbom ? (int64_t)addition->sbom.count : 0),
    };
    return slw_sql_number(
        transaction,
        "INSERT INTO artifacts (product, kind, build, job, name, blob, size, made_us, made_by, "
        "builder, source, git_commit, suite, outcome, url, signers, format, packages) VALUES ($1, "
        "$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18) RETURNING id",
        values, 18, ret_id, detail);
}

/* The pipeline looks at builds that something new is known of. */
static enum slw_status tell(const struct addition *addition, int64_t id,
                            struct slw_transaction *transaction, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    struct slw_bytes subject = slw_text_bytes(addition->content);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "artifact", id);
    slw_json_bytes(&json, "kind", addition->kind);
    slw_json_bytes(&json, "blob", addition->blob);
    slw_json_bytes(&json, "name", addition->name);
    slw_json_bytes(&json, "suite", slw_heap_bytes(&addition->suite));
    slw_json_text(&json, "outcome", addition->outcome);
    slw_json_int(&json, "job", addition->job);
    slw_json_end_object(&json);
    enum slw_status status = text.status != SLW_OK ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = depot_audit(transaction, addition->caller->name, "artifact.add", addition->product,
                             subject, slw_heap_text(&text), detail);
    }
    if (status == SLW_OK) {
        status = depot_event(transaction, addition->product, "build", subject, slw_heap_text(&text),
                             detail);
    }
    slw_heap_free(&text);
    return status;
}

static enum slw_status add_row(struct addition *addition, struct slw_transaction *transaction,
                               int64_t *ret_id, struct slw_detail *detail)
{
    char subject[24];
    SLW_TRY(check_count(addition, transaction, detail));
    SLW_TRY(insert(addition, transaction, ret_id, detail));
    (void)snprintf(subject, sizeof subject, "%lld", (long long)*ret_id);
    SLW_TRY(depot_blob_keep(transaction, addition->sha256, (uint64_t)addition->size, "artifact",
                            slw_text_bytes(subject), detail));
    if (addition->has_sbom) {
        SLW_TRY(artifacts_record_packages(addition, *ret_id, transaction, detail));
    }
    return tell(addition, *ret_id, transaction, detail);
}

static enum slw_status answer(struct addition *addition, int64_t id,
                              struct slw_transaction *transaction, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction, "SELECT " ARTIFACTS_COLUMNS " FROM artifacts WHERE id = $1",
                          &value, 1, &rows, detail));
    slw_json_init(&json, &addition->answer);
    if (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_begin_object(&json, "artifact");
        artifacts_put_artifact(&json, rows);
        slw_json_end_object(&json);
        slw_json_end_object(&json);
    }
    return slw_rows_close(rows, detail);
}

enum slw_status artifacts_record(struct addition *addition, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    int64_t id = 0;
    if (addition->content[0] != '\0') {
        SLW_TRY(check_build(addition, transaction, detail));
    }
    SLW_TRY(find_same(addition, transaction, &id, detail));
    addition->http_status = id == 0 ? 201 : 200;
    if (id == 0 && addition->job > 0) {
        SLW_TRY(depot_job_check(transaction, addition->product, addition->job, addition->caller,
                                slw_text_bytes(addition->content), detail));
    }
    if (id == 0) {
        SLW_TRY(add_row(addition, transaction, &id, detail));
    }
    return answer(addition, id, transaction, detail);
}
