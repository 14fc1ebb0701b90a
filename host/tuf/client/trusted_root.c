/* SPDX-License-Identifier: Apache-2.0 */
/* Roots: the first one, which stands for itself, and those that follow a trusted one. */
#include "trusted.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

static enum slw_status verify_as_root(const struct slw_tuf_file *file,
                                      const struct slw_tuf_root *signers,
                                      enum slw_status when_it_is_not, struct slw_detail *detail)
{
    enum slw_status status =
        slw_tuf_file_verify(file, &signers->keys, &signers->roles[SLW_TUF_ROOT], detail);
    return status == SLW_UNSIGNED || status == SLW_BELOW_THRESHOLD ? when_it_is_not : status;
}

/* A root that stands for itself. */
static enum slw_status read_root(struct slw_tuf_trusted_root *root, enum slw_tuf_key_ids key_ids,
                                 struct slw_detail *detail)
{
    SLW_TRY(slw_tuf_root_read(&root->file, key_ids, &root->content, detail));
    return verify_as_root(&root->file, &root->content, SLW_ROOT_SELF_UNSIGNED, detail);
}

/* 5.3.4 and 5.3.5 */
static enum slw_status read_next_root(struct slw_tuf_trusted_root *root,
                                      enum slw_tuf_key_ids key_ids,
                                      const struct slw_tuf_trusted_root *trusted,
                                      struct slw_detail *detail)
{
    /* "Version N+1 of the root metadata file MUST have been signed by: (1) a threshold of keys
     * specified in the trusted root metadata file (version N), and (2) a threshold of keys
     * specified in the new root metadata file being validated (version N+1)." */
    SLW_TRY(verify_as_root(&root->file, &trusted->content, SLW_ROOT_UNTRUSTED, detail));
    SLW_TRY(read_root(root, key_ids, detail));
    int64_t before = trusted->content.common.version;
    int64_t version = root->content.common.version;
    /* "The version number of the new root metadata (version N+1) MUST be exactly the version in the
     * trusted root metadata (version N) incremented by one, that is precisely N+1." */
    if (before == INT64_MAX || version != before + 1) {
        return slw_explain(detail, SLW_ROOT_ROLLBACK,
                           "%s: is version %" PRId64 ", and the trusted root is version %" PRId64,
                           root->file.name, version, before);
    }
    return SLW_OK;
}

/* trusted is NULL for the first root. */
static enum slw_status trust_root(const char *name, struct slw_heap_buffer *bytes, size_t limit,
                                  enum slw_tuf_key_ids key_ids,
                                  const struct slw_tuf_trusted_root *trusted,
                                  struct slw_tuf_trusted_root **ret_root, struct slw_detail *detail)
{
    struct slw_tuf_trusted_root *root = calloc(1, sizeof *root);
    if (root == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        slw_tuf_file_parse(name, bytes, limit, SLW_TUF_ROOT, &root->file, detail);
    if (status == SLW_OK) {
        status = trusted == NULL ? read_root(root, key_ids, detail)
                                 : read_next_root(root, key_ids, trusted, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_root_free(root);
        return status;
    }
    *ret_root = root;
    return SLW_OK;
}

enum slw_status slw_tuf_trust_first_root(const char *name, struct slw_heap_buffer *bytes,
                                         size_t limit, enum slw_tuf_key_ids key_ids,
                                         struct slw_tuf_trusted_root **ret_root,
                                         struct slw_detail *detail)
{
    return trust_root(name, bytes, limit, key_ids, NULL, ret_root, detail);
}

enum slw_status slw_tuf_trust_next_root(const char *name, struct slw_heap_buffer *bytes,
                                        size_t limit, enum slw_tuf_key_ids key_ids,
                                        const struct slw_tuf_trusted_root *trusted,
                                        struct slw_tuf_trusted_root **ret_root,
                                        struct slw_detail *detail)
{
    return trust_root(name, bytes, limit, key_ids, trusted, ret_root, detail);
}

void slw_tuf_trusted_root_free(struct slw_tuf_trusted_root *root)
{
    if (root != NULL) {
        slw_tuf_root_free(&root->content);
        slw_tuf_file_free(&root->file);
        free(root);
    }
}

/* The key that a root lists under an id, in canonical form; empty when it lists none. */
static struct slw_bytes key_of(const struct slw_tuf_keys *keys, struct slw_bytes id,
                               struct slw_heap_buffer *scratch)
{
    for (size_t i = 0; i < keys->count; i++) {
        if (slw_bytes_equal(keys->keys[i].id, id)) {
            return slw_json_canonical(&keys->file->json, keys->keys[i].value, scratch);
        }
    }
    return (struct slw_bytes){0};
}

static bool lists_id(const struct slw_tuf_keys *keys, const struct slw_tuf_role *role,
                     struct slw_bytes id)
{
    const struct slw_json_document *json = &keys->file->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, role->key_ids);
    uint32_t value = 0;
    while (slw_json_walk_element(&walk, &value)) {
        if (slw_bytes_equal(slw_json_string(json, value), id)) {
            return true;
        }
    }
    return false;
}

/* Whether each key of a role stands in another root for that role too, the same under its id. */
static bool keeps_keys(const struct slw_tuf_root *from, const struct slw_tuf_root *to,
                       enum slw_tuf_type type)
{
    const struct slw_json_document *json = &from->keys.file->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, from->roles[type].key_ids);
    bool keeps = true;
    uint32_t value = 0;
    while (keeps && slw_json_walk_element(&walk, &value)) {
        struct slw_bytes id = slw_json_string(json, value);
        struct slw_heap_buffer old_scratch = {0};
        struct slw_heap_buffer new_scratch = {0};
        keeps = lists_id(&to->keys, &to->roles[type], id) &&
                slw_bytes_equal(key_of(&from->keys, id, &old_scratch),
                                key_of(&to->keys, id, &new_scratch));
        slw_heap_free(&old_scratch);
        slw_heap_free(&new_scratch);
    }
    return keeps;
}

bool slw_tuf_keys_rotated(const struct slw_tuf_trusted_root *before,
                          const struct slw_tuf_trusted_root *after, enum slw_tuf_type role)
{
    return !keeps_keys(&before->content, &after->content, role) ||
           !keeps_keys(&after->content, &before->content, role);
}
