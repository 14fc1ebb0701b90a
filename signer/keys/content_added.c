/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is added to a production role: the finished bundle itself, of which a copy was staged.
 * "adding to a production role needs a bundle that it signed": these bytes, not merely ones of its
 * version. Called by content_role.c, in a worker.
 */
#include "content.h"

#include "staging.h"

#include "slipway/bundle_file.h"
#include "slipway/content_rules.h"
#include "slipway/signed_draft.h"

/* The very signature that this service made, as its log has it. */
static bool has_signature(const struct slw_content_task *task, const struct slw_signed_draft *draft)
{
    const struct slw_content_release *release = &task->release;
    for (size_t i = 0; i < draft->count; i++) {
        const struct slw_draft_signature *entry = &draft->signatures[i];
        if (slw_bytes_equal(slw_draft_signature_key_id(entry),
                            slw_bytes_make(release->key_id, sizeof release->key_id)) &&
            slw_bytes_equal(slw_draft_signature_sig(entry),
                            slw_bytes_make(release->sig, sizeof release->sig))) {
            return true;
        }
    }
    return false;
}

static enum slw_status metadata_check(const struct slw_content_task *task,
                                      const struct slw_signed_draft *draft,
                                      struct slw_detail *detail)
{
    struct slw_sha256 hash;
    uint8_t sha256[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, draft->serialized);
    slw_sha256_final(&hash, sha256);
    if (memcmp(sha256, task->release.sha256, sizeof sha256) != 0) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "the bundle that is added has other metadata than those that the named "
                           "request had signed");
    }
    if (!has_signature(task, draft)) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "the bundle that is added hasn't the signature that was made here");
    }
    return SLW_OK;
}

static enum slw_status metadata_read(const struct slw_content_task *task,
                                     const struct slw_bundle_index *index,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    struct slw_signed_draft draft;
    if (!index->has_targets) {
        return slw_explain(detail, SLW_MISSING_TARGETS,
                           "the bundle that is added has no targets metadata");
    }
    enum slw_status status = slw_source_load("what is added", index->source, index->targets,
                                             SLW_CONTENT_SIGNABLE_MAX + 65536u, &message, detail);
    if (status == SLW_OK) {
        status = slw_signed_draft_parse("what is added", slw_heap_bytes(&message), &draft, detail);
    }
    if (status == SLW_OK) {
        status = metadata_check(task, &draft, detail);
    }
    slw_heap_drop(&message);
    return status;
}

/* Their lengths and digests, and that none is missing but what was missing when it was signed. What
 * else rules say of them was found out then. */
static enum slw_status payloads_check(const struct slw_content_task *task,
                                      const struct slw_source *source, struct slw_detail *detail)
{
    const struct slw_content_rules rules = {
        .private_keys_allowed = true,
        .has_former = task->release.former != NULL,
        .former = task->release.former,
        .former_count = task->release.former_count,
    };
    struct slw_content_report report = {0};
    enum slw_status status = SLW_OK;
    SLW_TRY(slw_content_check("what is added", source, &rules, &report, detail));
    if (report.findings_count > 0) {
        status = slw_explain(detail, report.findings[0].status, "the bundle that is added: %s",
                             report.findings[0].text);
    }
    slw_content_report_free(&report);
    return status;
}

static enum slw_status bundle_check(const struct slw_content_task *task,
                                    const struct slw_source *source, struct slw_detail *detail)
{
    struct slw_bundle_index index;
    SLW_TRY(slw_bundle_index_read("what is added", source, &index, detail));
    enum slw_status status = metadata_read(task, &index, detail);
    slw_bundle_index_free(&index);
    return status == SLW_OK ? payloads_check(task, source, detail) : status;
}

enum slw_status slw_content_read_added(const struct slw_content_task *task,
                                       struct slw_content *content, struct slw_detail *detail)
{
    struct slw_descriptor_source from;
    if (!content->adds_one_file) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "what is added to a production role at one time is one bundle, of one "
                           "length and SHA-256");
    }
    /* All of its bytes: this is the digest that devices will compare the file with. */
    enum slw_status status = slw_staging_check(task->added, content->adds_sha256, detail);
    content->adds_damaged = status == SLW_WRONG_HASH;
    SLW_TRY(status);
    SLW_TRY(slw_descriptor_source_init(task->added, &from, detail));
    if (from.source.size != content->adds_length) {
        return slw_explain(
            detail, SLW_WRONG_LENGTH, "the bundle that is added has %llu bytes, not %llu",
            (unsigned long long)from.source.size, (unsigned long long)content->adds_length);
    }
    SLW_TRY(bundle_check(task, &from.source, detail));
    content->adds_is_release = true;
    return SLW_OK;
}
