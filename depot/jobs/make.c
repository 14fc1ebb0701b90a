/* SPDX-License-Identifier: Apache-2.0 */
/* How a job comes to be queued: what the pipeline says of it, and what it is to be done with. See
 * part.h; its callers are people, webhooks, schedules, and the pipeline itself. */
#include "part.h"

#include "artifacts/artifacts.h"

enum slw_status jobs_read_pipeline(struct slw_transaction *transaction, struct slw_bytes product,
                                   struct jobs_pipeline *ret_pipeline, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(product);
    struct jobs_pipeline pipeline = {.text = {0}};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT document FROM pipelines WHERE product = $1 ORDER BY version DESC "
                          "LIMIT 1",
                          &value, 1, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        slw_heap_append(&pipeline.text, slw_rows_bytes(rows, 0));
    }
    enum slw_status status = slw_rows_close(rows, detail);
    if (status == SLW_OK && !found) {
        status = slw_explain(detail, SLW_NOT_FOUND, "the product has no pipeline yet");
    }
    if (status == SLW_OK) {
        status = slw_json_parse("pipeline", slw_heap_bytes(&pipeline.text), &pipeline.json, detail);
    }
    if (status != SLW_OK) {
        slw_heap_drop(&pipeline.text);
        return status;
    }
    *ret_pipeline = pipeline;
    return SLW_OK;
}

void jobs_free_pipeline(struct jobs_pipeline *pipeline)
{
    slw_json_document_free(&pipeline->json);
    slw_heap_drop(&pipeline->text);
}

/* --- What it is to be done with --- */

/* git-check-ref-format(1), and less: "They cannot have two consecutive dots `..` anywhere. They
 * cannot have ASCII control characters, space, tilde `~`, caret `^`, or colon `:` anywhere. They
 * cannot have question-mark `?`, asterisk `*`, or open bracket `[` anywhere." */
bool jobs_is_ref(struct slw_bytes text)
{
    if (text.len == 0 || text.len > JOBS_REF_MAX || text.ptr[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        bool is_second_dot = i > 0 && byte == '.' && text.ptr[i - 1] == '.';
        if (byte <= ' ' || byte >= 0x7f || strchr("~^:?*[\\\"'`$", byte) != NULL || is_second_dot) {
            return false;
        }
    }
    return true;
}

bool jobs_is_commit(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_digit = (text.ptr[i] >= '0' && text.ptr[i] <= '9') ||
                        (text.ptr[i] >= 'a' && text.ptr[i] <= 'f');
        if (!is_digit) {
            return false;
        }
    }
    return text.len == 40 || text.len == 64;
}

static enum slw_status check_source(const struct job_wish *wish, struct slw_detail *detail)
{
    if (wish->build.len > 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a build is made, and about none");
    }
    if (wish->ref.len > 0 && !jobs_is_ref(wish->ref)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "ref isn't the name of one");
    }
    if (wish->commit.len > 0 && !jobs_is_commit(wish->commit)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "commit must be 40 or 64 lower-case hexadecimal digits");
    }
    return SLW_OK;
}

static enum slw_status check_build(struct slw_transaction *transaction, const struct job_wish *wish,
                                   struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    int64_t count = 0;
    if (wish->ref.len > 0 || wish->commit.len > 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a test is about a build, not about a source");
    }
    if (!depot_digest_parse(wish->build, digest)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "a test wants build, 64 lower-case hexadecimal digits");
    }
    const struct slw_sql_value values[] = {slw_sql_text(wish->product), slw_sql_text(wish->build)};
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM builds WHERE product = $1 AND id = $2 AND "
                           "removed_us IS NULL AND state <> 'withdrawn'",
                           values, 2, &count, detail));
    return count == 1 ? SLW_OK
                      : slw_explain(detail, SLW_NOT_FOUND,
                                    "there is no such build of this product, or it was withdrawn");
}

static enum slw_status check_room(struct slw_transaction *transaction, struct slw_bytes product,
                                  struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(product);
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND product = $1",
                           &value, 1, &count, detail));
    return count < JOBS_QUEUED_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "%d jobs wait already", JOBS_QUEUED_MAX);
}

/* --- The row --- */

/* Without what spaces the document has between. */
static void write_labels(const struct slw_json_document *pipeline, uint32_t labels,
                         struct slw_heap_buffer *text)
{
    struct slw_json json;
    uint32_t label = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(pipeline, labels);
    slw_json_init(&json, text);
    slw_json_begin_array(&json, NULL);
    while (slw_json_walk_element(&walk, &label)) {
        slw_json_bytes(&json, NULL, slw_json_string(pipeline, label));
    }
    slw_json_end_array(&json);
}

static enum slw_status insert(struct slw_transaction *transaction,
                              const struct slw_json_document *pipeline, uint32_t definition,
                              const struct job_wish *wish, struct slw_bytes labels, int64_t *ret_id,
                              struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t timeout_s = JOBS_TIMEOUT_S;
    int64_t retries = JOBS_RETRIES;
    (void)!slw_json_integer(pipeline, jobs_member(pipeline, definition, "timeout_s"), &timeout_s);
    (void)!slw_json_integer(pipeline, jobs_member(pipeline, definition, "retries"), &retries);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(wish->product),
        slw_sql_text(wish->name),
        slw_sql_text(slw_json_string(pipeline, jobs_member(pipeline, definition, "kind"))),
        slw_sql_text(wish->build),
        slw_sql_text(wish->ref),
        slw_sql_text(wish->commit),
        slw_sql_text(slw_text_bytes(wish->cause)),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(wish->who)),
        slw_sql_text(labels),
        slw_sql_int(timeout_s),
        slw_sql_int(retries),
    };
    return slw_sql_number(
        transaction,
        "INSERT INTO jobs (product, job, kind, state, build, ref, git_commit, cause, made_us, "
        "made_by, labels, timeout_s, retries, tries, attempt, lease_until_us) VALUES ($1, $2, $3, "
        "'queued', $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, 0, 0) RETURNING id",
        values, 12, ret_id, detail);
}

static enum slw_status add(struct slw_transaction *transaction,
                           const struct slw_json_document *pipeline, uint32_t definition,
                           const struct job_wish *wish, int64_t *ret_id, struct slw_detail *detail)
{
    struct slw_heap_buffer labels = {0};
    struct job job;
    write_labels(pipeline, jobs_member(pipeline, definition, "labels"), &labels);
    enum slw_status status = labels.status != SLW_OK
                                 ? slw_explain_no_memory(detail)
                                 : insert(transaction, pipeline, definition, wish,
                                          slw_heap_bytes(&labels), ret_id, detail);
    slw_heap_drop(&labels);
    SLW_TRY(status);
    SLW_TRY(jobs_read(transaction, wish->product, *ret_id, &job, detail));
    return jobs_tell(transaction, &job, "queued", wish->who, "job.add", wish->cause, detail);
}

enum slw_status jobs_queue(struct slw_transaction *transaction,
                           const struct slw_json_document *pipeline, const struct job_wish *wish,
                           int64_t *ret_id, struct slw_detail *detail)
{
    uint32_t definition =
        slw_json_member(pipeline, jobs_member(pipeline, SLW_JSON_TOP, "jobs"), wish->name);
    if (definition == SLW_JSON_NONE) {
        return slw_explain(detail, SLW_NOT_FOUND, "the pipeline has no such job");
    }
    bool is_test = slw_bytes_equal(
        slw_json_string(pipeline, jobs_member(pipeline, definition, "kind")), SLW_BYTES_OF("test"));
    if (is_test) {
        SLW_TRY(check_build(transaction, wish, detail));
    } else {
        SLW_TRY(check_source(wish, detail));
    }
    SLW_TRY(check_room(transaction, wish->product, detail));
    return add(transaction, pipeline, definition, wish, ret_id, detail);
}

/* DEPOT.md, section 5.1: "Tests start by themselves when a build arrives (`"on": "build"`), or when
 * it enters a stage". The number that wait isn't looked at: nobody would start them later. */
enum slw_status depot_jobs_start_tests(struct slw_transaction *transaction,
                                       struct slw_bytes product, struct slw_bytes build,
                                       const struct slw_json_document *pipeline, const char *on,
                                       struct slw_detail *detail)
{
    struct job_wish wish = {.product = product,
                            .build = build,
                            .cause = strcmp(on, "build") == 0 ? "build" : "stage",
                            .who = "depot"};
    uint32_t definition = SLW_JSON_NONE;
    int64_t id = 0;
    struct slw_json_walk walk =
        slw_json_walk_begin(pipeline, jobs_member(pipeline, SLW_JSON_TOP, "jobs"));
    while (slw_json_walk_member(&walk, &wish.name, &definition)) {
        if (slw_bytes_equal(slw_json_string(pipeline, jobs_member(pipeline, definition, "on")),
                            slw_text_bytes(on))) {
            SLW_TRY(add(transaction, pipeline, definition, &wish, &id, detail));
        }
    }
    return SLW_OK;
}
