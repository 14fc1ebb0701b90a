/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle becomes a build: its metadata and every payload are looked at by the code that judges
 * bundles for the signing service, without rules of a product's own.
 */
#include "add.h"

#include "jobs/jobs.h"
#include "pipeline/pipeline.h"

#include "slipway/content_digest.h"
#include "slipway/content_rules.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"

#define TARGETS_MESSAGE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)

static const char *build_type_word(uint32_t build_type)
{
    static const char *const words[] = {"", "dev", "test", "user"};
    return build_type < sizeof words / sizeof words[0] ? words[build_type] : "unknown";
}

static void list_targets(const struct slw_targets_draft *draft, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_array(&json, NULL);
    for (size_t i = 0; i < draft->targets_count; i++) {
        const struct slw_target_draft *target = &draft->targets[i];
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "name", target->name);
        slw_json_bytes(&json, "slot", target->slot.len > 0 ? target->slot : target->name);
        slw_json_uint(&json, "length", target->length);
        slw_json_hex(&json, "sha256", target->sha256);
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
}

static void list_hardware(const struct slw_targets_draft *draft, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_array(&json, NULL);
    for (size_t i = 0; i < draft->hardware_ids_count; i++) {
        slw_json_bytes(&json, NULL, draft->hardware_ids[i]);
    }
    slw_json_end_array(&json);
}

/* DEPOT.md, section 4: "unsigned bundle of this product". */
static enum slw_status read_draft(struct addition *addition, const struct slw_signed_draft *message,
                                  struct slw_detail *detail)
{
    struct slw_targets_draft draft = {.version = 0};
    uint8_t digest[SLW_SHA256_SIZE];
    if (message->count > 0) {
        return slw_explain(detail, SLW_WRONG_CONTENT,
                           "it is signed already: a build is a bundle without signatures");
    }
    SLW_TRY(slw_targets_draft_parse(message->serialized, &draft, detail));
    enum slw_status status = SLW_OK;
    if (!slw_bytes_equal(draft.product, addition->product)) {
        status = slw_explain(detail, SLW_WRONG_PRODUCT, "a bundle of another product");
    }
    if (status == SLW_OK) {
        status = slw_content_digest(&draft, digest, detail);
    }
    if (status == SLW_OK) {
        (void)depot_digest_format(digest, addition->content);
        addition->version = draft.version;
        addition->build_type = build_type_word(draft.build_type);
        list_targets(&draft, &addition->targets);
        list_hardware(&draft, &addition->hardware);
    }
    slw_targets_draft_free(&draft);
    if (status == SLW_OK &&
        (addition->targets.status != SLW_OK || addition->hardware.status != SLW_OK)) {
        status = slw_explain_no_memory(detail);
    }
    return status;
}

static enum slw_status read_metadata(struct addition *addition, const struct slw_source *source,
                                     struct slw_detail *detail)
{
    struct slw_bundle_index index;
    struct slw_signed_draft message;
    SLW_TRY(slw_bundle_index_read("bundle", source, &index, detail));
    enum slw_status status = SLW_OK;
    if (!index.has_targets) {
        status = slw_explain(detail, SLW_MISSING_TARGETS, "bundle: %s",
                             slw_status_meaning(SLW_MISSING_TARGETS));
    }
    if (status == SLW_OK) {
        status = slw_source_load("bundle", source, index.targets, TARGETS_MESSAGE_MAX,
                                 &addition->text, detail);
    }
    slw_bundle_index_free(&index);
    if (status == SLW_OK) {
        status =
            slw_signed_draft_parse("bundle", slw_heap_bytes(&addition->text), &message, detail);
    }
    return status == SLW_OK ? read_draft(addition, &message, detail) : status;
}

static enum slw_status check_content(const struct addition *addition,
                                     const struct slw_source *source, struct slw_detail *detail)
{
    const struct slw_content_rules rules = {
        .private_keys_allowed = true, .has_product = true, .product = addition->product};
    struct slw_content_report report;
    SLW_TRY(slw_content_check("bundle", source, &rules, &report, detail));
    enum slw_status status = SLW_OK;
    if (report.findings_count > 0) {
        status =
            slw_explain(detail, report.findings[0].status, "bundle: %s", report.findings[0].text);
    }
    slw_content_report_free(&report);
    return status;
}

enum slw_status artifacts_examine_bundle(struct addition *addition, struct slw_detail *detail)
{
    struct slw_blob blob;
    SLW_TRY(slw_blob_open(addition->depot->blobs, addition->sha256, &blob, detail));
    enum slw_status status = read_metadata(addition, &blob.source, detail);
    if (status == SLW_OK) {
        status = check_content(addition, &blob.source, detail);
    }
    slw_blob_close(&blob);
    if (status == SLW_OK && addition->build.len > 0 &&
        !slw_bytes_equal(addition->build, slw_text_bytes(addition->content))) {
        status =
            slw_explain(detail, SLW_WRONG_CONTENT, "this bundle is build %s", addition->content);
    }
    return status;
}

static enum slw_status insert_build(struct addition *addition, struct slw_transaction *transaction,
                                    int64_t *ret_made, struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_text_bytes(addition->content)),
        slw_sql_text(addition->product),
        slw_sql_text(addition->blob),
        slw_sql_int(addition->size),
        slw_sql_int(addition->version),
        slw_sql_text(slw_text_bytes(addition->build_type)),
        slw_sql_text(slw_heap_bytes(&addition->hardware)),
        slw_sql_text(slw_heap_bytes(&addition->targets)),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(addition->caller->name)),
    };
    /* A build that went by retention comes back with its bundle, as new; whoever may upload can't
     * undo what a release manager withdrew. */
    return slw_sql_run(
        transaction,
        "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, targets, "
        "made_us, made_by, state, state_us, furthest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, "
        "$10, 'new', $9, 0) ON CONFLICT (id) DO UPDATE SET bundle = $3, size = $4, version = $5, "
        "made_us = $9, made_by = $10, removed_us = NULL, state = CASE WHEN builds.state = "
        "'withdrawn' THEN builds.state ELSE 'new' END, state_us = $9, furthest = 0 WHERE "
        "builds.removed_us IS NOT NULL",
        values, 10, ret_made, detail);
}

static enum slw_status answer_build(struct addition *addition, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_text_bytes(addition->content));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " ARTIFACTS_BUILD_COLUMNS " FROM builds WHERE id = $1", &value, 1,
                          &rows, detail));
    slw_json_init(&json, &addition->answer);
    if (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_begin_object(&json, "build");
        artifacts_put_build(&json, rows);
        slw_json_end_object(&json);
        slw_json_end_object(&json);
    }
    return slw_rows_close(rows, detail);
}

enum slw_status artifacts_record_bundle(struct addition *addition,
                                        struct slw_transaction *transaction,
                                        struct slw_detail *detail)
{
    int64_t made = 0;
    struct slw_bytes build = slw_text_bytes(addition->content);
    if (addition->job > 0) {
        SLW_TRY(depot_job_made(transaction, addition->product, addition->job, addition->caller,
                               build, detail));
    }
    SLW_TRY(insert_build(addition, transaction, &made, detail));
    addition->http_status = made > 0 ? 201 : 200;
    if (made > 0) {
        char text[160];
        (void)snprintf(text, sizeof text, "{\"bundle\":\"%.64s\",\"size\":%lld}",
                       (const char *)addition->blob.ptr, (long long)addition->size);
        SLW_TRY(depot_blob_keep(transaction, addition->sha256, (uint64_t)addition->size, "build",
                                build, detail));
        SLW_TRY(depot_audit(transaction, addition->caller->name, "build.add", addition->product,
                            build, text, detail));
        SLW_TRY(depot_event(transaction, addition->product, "build", build, "{\"state\":\"new\"}",
                            detail));
        SLW_TRY(depot_pipeline_forget(transaction, build, detail));
        SLW_TRY(depot_pipeline_begin(transaction, addition->product, build, detail));
    }
    return answer_build(addition, transaction, detail);
}
