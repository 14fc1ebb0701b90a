/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A role of a TUF repository: its next version is made here, of the base as it was published and a
 * typed difference. The base counts when keys that speak for the role signed it: for top-level
 * roles by the root that is trusted, for delegated ones the very key that is asked to sign.
 */
#include "content.h"

#include "slipway/bundle_file.h"
#include "slipway/files.h"
#include "slipway/release.h"
#include "slipway/tuf_change_json.h"

#define BASE_SIZE_MAX 67108864u

/* --- The base --- */

static bool signed_by(const struct slw_tuf_file *base, const struct slw_public_key *public_key)
{
    struct slw_tuf_key key = {.kind = public_key->type == SLW_KEY_TYPE_P256 ? SLW_TUF_KEY_P256
                                                                            : SLW_TUF_KEY_ED25519};
    struct slw_json_walk walk = slw_json_walk_begin(&base->json, base->signatures);
    uint32_t element = SLW_JSON_NONE;
    memcpy(key.value, public_key->value, public_key->value_len);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes sig_hex = slw_json_string(
            &base->json, slw_json_member(&base->json, element, SLW_BYTES_OF("sig")));
        if (slw_tuf_key_verify(&key, base->canonical, base->digest, sig_hex) == SLW_OK) {
            return true;
        }
    }
    return false;
}

static enum slw_status verify_by_root(struct slw_bytes tuf_root, const struct slw_tuf_file *base,
                                      enum slw_tuf_type type, struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_tuf_file file;
    struct slw_tuf_root root;
    slw_heap_append(&bytes, tuf_root);
    SLW_TRY(slw_tuf_file_parse("trusted root", &bytes, BASE_SIZE_MAX, SLW_TUF_ROOT, &file, detail));
    enum slw_status status = slw_tuf_root_read(&file, SLW_TUF_KEY_IDS_ANY, &root, detail);
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(base, &root.keys, &root.roles[type], detail);
        slw_tuf_root_free(&root);
    }
    slw_tuf_file_free(&file);
    return status;
}

static enum slw_status base_verify(const struct slw_content_task *task,
                                   const struct slw_tuf_change *change,
                                   const struct slw_tuf_file *base, struct slw_detail *detail)
{
    enum slw_tuf_type named;
    if (slw_tuf_type_named(change->role, &named)) {
        if (task->tuf_root.len == 0) {
            return slw_explain(detail, SLW_NO_TRUSTED_ROOT,
                               "no TUF root is trusted for this product");
        }
        return verify_by_root(task->tuf_root, base, named, detail);
    }
    if (!signed_by(base, &task->key->key.as.public_key)) {
        return slw_explain(detail, SLW_BELOW_THRESHOLD,
                           "the base isn't signed by the key that is to sign the next version");
    }
    return SLW_OK;
}

static enum slw_status model_load(const struct slw_content_task *task,
                                  const struct slw_tuf_change *change,
                                  struct slw_tuf_model **ret_model, struct slw_detail *detail)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_descriptor_source from;
    struct slw_tuf_file base;
    if (task->descriptor < 0) {
        return slw_tuf_model_new(change->type, change->role, ret_model, detail);
    }
    SLW_TRY(slw_descriptor_source_init(task->descriptor, &from, detail));
    enum slw_status status =
        slw_source_load("base", &from.source, (struct slw_span){0, from.source.size}, BASE_SIZE_MAX,
                        &bytes, detail);
    if (status != SLW_OK) {
        slw_heap_drop(&bytes);
        return status;
    }
    SLW_TRY(slw_tuf_file_parse("base", &bytes, BASE_SIZE_MAX, change->type, &base, detail));
    status = base_verify(task, change, &base, detail);
    if (status == SLW_OK) {
        status = slw_tuf_model_load(&base, change->role, ret_model, detail);
    }
    slw_tuf_file_free(&base);
    return status;
}

/* --- What is added --- */

struct added {
    struct slw_content *content;
    bool any;
};

/* "adding to a production role needs a bundle that it signed": what a target says of itself in
 * `custom`; all of them are to be one release. */
static enum slw_status artifact_look(const struct slw_tuf_artifact *artifact, struct added *added,
                                     struct slw_detail *detail)
{
    struct slw_json_document json;
    struct slw_release release;
    struct slw_content *content = added->content;
    if (!added->any) {
        content->adds_length = artifact->length;
        memcpy(content->adds_sha256, artifact->sha256, sizeof content->adds_sha256);
    } else if (artifact->length != content->adds_length ||
               memcmp(artifact->sha256, content->adds_sha256, sizeof content->adds_sha256) != 0) {
        content->adds_one_file = false;
    }
    content->adds_targets = true;
    SLW_TRY(slw_json_parse("custom",
                           artifact->custom.len == 0 ? SLW_BYTES_OF("{}") : artifact->custom, &json,
                           detail));
    const struct slw_tuf_target target = {
        .path = artifact->path, .custom = SLW_JSON_TOP, .json = &json};
    struct slw_detail ignored;
    if (slw_release_read(&target, &release, &ignored) != SLW_OK || release.counter < 0) {
        content->adds_one_release = false;
    } else if (!added->any) {
        content->adds_version = (uint64_t)release.counter;
        slw_heap_append(&content->adds_product, release.product);
        slw_heap_append(&content->adds_channel, release.channel);
    } else if ((uint64_t)release.counter != content->adds_version ||
               !slw_bytes_equal(release.product, slw_heap_bytes(&content->adds_product)) ||
               !slw_bytes_equal(release.channel, slw_heap_bytes(&content->adds_channel))) {
        content->adds_one_release = false;
    }
    added->any = true;
    slw_json_document_free(&json);
    return SLW_OK;
}

static enum slw_status additions_look(const struct slw_tuf_change *change,
                                      struct slw_content *content, struct slw_detail *detail)
{
    struct added added = {.content = content};
    content->adds_one_release = change->add_count > 0;
    content->adds_one_file = change->add_count > 0;
    for (size_t i = 0; i < change->add_count; i++) {
        SLW_TRY(artifact_look(&change->add[i], &added, detail));
    }
    return SLW_OK;
}

/* --- The next version --- */

static enum slw_status model_make(struct slw_tuf_model *model, const struct slw_tuf_change *change,
                                  struct slw_content *content, struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_model_apply(model, change, detail));
    SLW_TRY(slw_tuf_model_encode(model, &content->bytes, detail));
    SLW_TRY(slw_tuf_model_digest(model, content->sha256, detail));
    content->version = (uint64_t)slw_tuf_model_version(model);
    return SLW_OK;
}

/*
 * "refuses an online role that drops a role or lowers a version"; the model refuses the latter. A
 * delegation in a production role would list, by somebody else's key, what was never signed here.
 */
static enum slw_status change_check(const struct slw_content_task *task,
                                    const struct slw_tuf_change *change, struct slw_detail *detail)
{
    if (change->drop_count > 0 || change->revoke_count > 0) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "an online role may not drop a role");
    }
    if (change->delegate_count > 0 && task->key->key_class == SLW_KEY_CLASS_PROD) {
        return slw_explain(detail, SLW_NOT_PERMITTED,
                           "whom a production role delegates to is signed offline");
    }
    if (change->expires_utc_s <= task->now_utc_s) {
        return slw_explain(detail, SLW_EXPIRED, "the next version would have expired already");
    }
    if (change->type == SLW_TUF_ROOT) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "roots of repositories are signed offline");
    }
    /* Marks, takeovers and auditors count to there. */
    if (change->version > UINT32_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "version %lld is above %lu",
                           (long long)change->version, (unsigned long)UINT32_MAX);
    }
    return SLW_OK;
}

static enum slw_status role_read(const struct slw_content_task *task,
                                 const struct slw_tuf_change *change, struct slw_content *content,
                                 struct slw_detail *detail)
{
    struct slw_tuf_model *model = NULL;
    SLW_TRY(change_check(task, change, detail));
    slw_heap_append(&content->role, change->role);
    SLW_TRY(content->role.status);
    content->base_version = (uint64_t)change->base_version;
    memcpy(content->base_sha256, change->base_sha256, sizeof content->base_sha256);
    memcpy(content->digest, task->staged, sizeof content->digest);
    SLW_TRY(additions_look(change, content, detail));
    if (content->adds_targets && task->added >= 0) {
        SLW_TRY(slw_content_read_added(task, content, detail));
    }
    SLW_TRY(model_load(task, change, &model, detail));
    enum slw_status status = model_make(model, change, content, detail);
    slw_tuf_model_free(model);
    return status;
}

enum slw_status slw_content_read_role(const struct slw_content_task *task,
                                      struct slw_content *content, struct slw_detail *detail)
{
    struct slw_tuf_parsed_change parsed;
    SLW_TRY(slw_tuf_change_parse("change", task->request->change, &parsed, detail));
    enum slw_status status = role_read(task, &parsed.change, content, detail);
    slw_tuf_parsed_change_free(&parsed);
    return status;
}
