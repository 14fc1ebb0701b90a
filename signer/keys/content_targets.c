/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle's targets metadata, and a next root: read strictly, and made again from what was
 * understood. "No call signs raw bytes": what was submitted and what was made must be equal.
 */
#include "content.h"

#include "slipway/bundle_file.h"
#include "slipway/content_digest.h"
#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"

/* --- Roots --- */

struct root_reading {
    struct slw_signed_draft draft;
    struct slw_root_content content;
};

static void sha256_of(struct slw_bytes bytes, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_sha256);
}

/* Whether enough of the root's own keys signed it, as every device would want. */
static bool signed_by_itself(const struct root_reading *reading)
{
    const struct slw_root *root = &reading->content.root;
    uint32_t good = 0;
    for (size_t i = 0; i < root->keys_count; i++) {
        const struct slw_root_key *key = &root->keys[i];
        if (!key->defined || key->type == 0 || !slw_key_has_role(key, SLW_ROLE_ROOT)) {
            continue;
        }
        for (size_t k = 0; k < reading->draft.count; k++) {
            const struct slw_draft_signature *entry = &reading->draft.signatures[k];
            if (slw_bytes_equal(slw_draft_signature_key_id(entry),
                                slw_bytes_make(key->id, sizeof key->id)) &&
                slw_signed_draft_verify(&reading->draft, entry, (enum slw_key_type)key->type,
                                        key->value) == SLW_OK) {
                good++;
                break;
            }
        }
    }
    return good >= root->thresholds[SLW_ROLE_ROOT];
}

static enum slw_status root_read(struct slw_bytes message, struct root_reading *reading,
                                 struct slw_known_root *ret_root, struct slw_detail *detail)
{
    SLW_TRY(slw_signed_draft_parse("root", message, &reading->draft, detail));
    SLW_TRY(slw_root_content_read("root", reading->draft.serialized, &reading->content, detail));
    slw_known_root_of(&reading->content.root, ret_root);
    return SLW_OK;
}

static enum slw_status root_check(const struct slw_content_task *task,
                                  const struct slw_known_root *root, struct slw_content *content,
                                  struct slw_detail *detail)
{
    if (slw_expired(&root->expires, &(struct slw_time){true, task->now_utc_s})) {
        return slw_explain(detail, SLW_EXPIRED, "the root has expired");
    }
    /* "The key class in the bundle's root must be that of the key": the policy compares classes. */
    if (root->key_class == SLW_KEY_CLASS_NONE) {
        return slw_explain(detail, SLW_WRONG_CLASS,
                           "the root doesn't say of which class its keys are");
    }
    content->root_class = root->key_class;
    content->root.given = true;
    content->root.version = root->version;
    memcpy(content->root.sha256, root->sha256, sizeof content->root.sha256);
    return SLW_OK;
}

/* The root that a bundle carries: signed by itself, and one that this key signs targets of. What
 * isn't known yet is read and verified, and is known then. */
static enum slw_status bundle_root_check(const struct slw_content_task *task,
                                         struct slw_bytes message, struct slw_content *content,
                                         struct slw_detail *detail)
{
    struct root_reading reading;
    struct slw_known_root root;
    uint8_t sha256[SLW_SHA256_SIZE];
    sha256_of(message, sha256);
    const bool is_known = slw_known_roots_find(task->known_roots, sha256, &root);
    if (!is_known) {
        SLW_TRY(root_read(message, &reading, &root, detail));
    }
    SLW_TRY(root_check(task, &root, content, detail));
    if (!is_known && !signed_by_itself(&reading)) {
        return slw_explain(detail, SLW_ROOT_SELF_UNSIGNED,
                           "the bundle's root isn't signed by its own threshold");
    }
    if (!is_known) {
        slw_known_roots_add(task->known_roots, sha256, &root);
    }
    if (!slw_known_root_lists(&root, task->key->key.id, SLW_ROLE_TARGETS)) {
        return slw_explain(detail, SLW_WRONG_ROLE,
                           "the key isn't a targets key of the bundle's root");
    }
    return SLW_OK;
}

static enum slw_status bundle_root_read(const struct slw_content_task *task,
                                        const struct slw_bundle_index *index,
                                        struct slw_content *content, struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    if (!index->has_root) {
        return slw_explain(detail, SLW_NO_TRUSTED_ROOT, "the bundle has no root");
    }
    enum slw_status status = slw_source_load("root", index->source, index->root,
                                             SLW_ROOT_SIZE_MAX + 65536u, &message, detail);
    if (status == SLW_OK) {
        status = bundle_root_check(task, slw_heap_bytes(&message), content, detail);
    }
    slw_heap_drop(&message);
    return status;
}

/* "re-encoding must equal what was submitted, unknown fields are refused" */
static enum slw_status same_again(struct slw_bytes submitted, const struct slw_heap_buffer *made,
                                  struct slw_detail *detail)
{
    SLW_TRY(made->status);
    if (!slw_bytes_equal(submitted, slw_heap_bytes(made))) {
        return slw_explain(detail, SLW_MALFORMED,
                           "the metadata aren't as this service would write them");
    }
    return SLW_OK;
}

static enum slw_status root_make(const struct slw_content_task *task, struct slw_bytes message,
                                 struct slw_content *content, struct slw_detail *detail)
{
    struct root_reading reading;
    struct slw_known_root root;
    struct slw_root_draft draft;
    SLW_TRY(root_read(message, &reading, &root, detail));
    SLW_TRY(root_check(task, &root, content, detail));
    SLW_TRY(
        slw_root_draft_from("root", reading.draft.serialized, &reading.content, &draft, detail));
    SLW_TRY(slw_root_draft_encode(&draft, "root", &content->bytes, detail));
    SLW_TRY(same_again(reading.draft.serialized, &content->bytes, detail));
    if (!slw_known_root_lists(&root, task->key->key.id, SLW_ROLE_ROOT)) {
        return slw_explain(detail, SLW_WRONG_ROLE, "the key isn't a root key of this root");
    }
    content->version = draft.version;
    memcpy(content->sha256, content->root.sha256, sizeof content->sha256);
    memcpy(content->digest, task->staged, sizeof content->digest);
    return SLW_OK;
}

enum slw_status slw_content_read_root(const struct slw_content_task *task,
                                      struct slw_content *content, struct slw_detail *detail)
{
    struct slw_descriptor_source from;
    struct slw_heap_buffer message = {0};
    SLW_TRY(slw_descriptor_source_init(task->descriptor, &from, detail));
    enum slw_status status =
        slw_source_load("root", &from.source, (struct slw_span){0, from.source.size},
                        SLW_ROOT_SIZE_MAX + 65536u, &message, detail);
    if (status == SLW_OK) {
        status = root_make(task, slw_heap_bytes(&message), content, detail);
    }
    slw_heap_drop(&message);
    return status;
}

/* --- Targets metadata --- */

static enum slw_status draft_check(const struct slw_content_task *task, struct slw_bytes serialized,
                                   const struct slw_targets_draft *draft,
                                   struct slw_content *content, struct slw_detail *detail)
{
    SLW_TRY(slw_targets_draft_encode(draft, &content->bytes, detail));
    SLW_TRY(same_again(serialized, &content->bytes, detail));
    SLW_TRY(slw_targets_check_content(slw_heap_bytes(&content->bytes), detail));
    if (slw_expired(&draft->expires, &(struct slw_time){true, task->now_utc_s})) {
        return slw_explain(detail, SLW_EXPIRED, "the targets metadata have expired");
    }
    return slw_content_digest(draft, content->digest, detail);
}

static enum slw_status serialized_read(const struct slw_content_task *task,
                                       struct slw_bytes serialized, struct slw_content *content,
                                       struct slw_detail *detail)
{
    struct slw_targets_draft draft = {0};
    SLW_TRY(slw_targets_draft_parse(serialized, &draft, detail));
    enum slw_status status = draft_check(task, serialized, &draft, content, detail);
    if (status == SLW_OK) {
        sha256_of(slw_heap_bytes(&content->bytes), content->sha256);
        content->version = draft.version;
        content->build_type = (enum slw_build_type)draft.build_type;
        slw_heap_append(&content->product, draft.product);
        status = content->product.status;
    }
    slw_targets_draft_free(&draft);
    return status;
}

static enum slw_status targets_read(const struct slw_content_task *task,
                                    const struct slw_bundle_index *index,
                                    struct slw_content *content, struct slw_detail *detail)
{
    struct slw_heap_buffer message = {0};
    struct slw_signed_draft draft;
    if (!index->has_targets) {
        return slw_explain(detail, SLW_MISSING_TARGETS, "the bundle has no targets metadata");
    }
    enum slw_status status = slw_source_load("targets metadata", index->source, index->targets,
                                             SLW_CONTENT_SIGNABLE_MAX + 65536u, &message, detail);
    if (status == SLW_OK) {
        status =
            slw_signed_draft_parse("targets metadata", slw_heap_bytes(&message), &draft, detail);
    }
    if (status == SLW_OK && draft.serialized.len > SLW_CONTENT_SIGNABLE_MAX) {
        status = slw_explain(detail, SLW_TOO_LARGE, "targets metadata of more than a megabyte");
    }
    if (status == SLW_OK) {
        status = serialized_read(task, draft.serialized, content, detail);
    }
    slw_heap_drop(&message);
    return status;
}

enum slw_status slw_content_read_targets(const struct slw_content_task *task,
                                         struct slw_content *content, struct slw_detail *detail)
{
    struct slw_descriptor_source from;
    struct slw_bundle_index index;
    SLW_TRY(slw_descriptor_source_init(task->descriptor, &from, detail));
    SLW_TRY(slw_bundle_index_read("bundle", &from.source, &index, detail));
    enum slw_status status = targets_read(task, &index, content, detail);
    if (status == SLW_OK) {
        status = bundle_root_read(task, &index, content, detail);
    }
    if (status == SLW_OK) {
        status = slw_content_endorsements(task, &index, content, detail);
    }
    slw_bundle_index_free(&index);
    return status;
}
