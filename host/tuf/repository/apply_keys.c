/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may sign for a role, as a change says it: thresholds, and the keys that a root or delegations
 * list. A key that is there already stays as it was written, for its id depends on each byte.
 */
#include "apply.h"

#include <stdlib.h>

/*
 * TUF 1.0.34, section 4.3, THRESHOLD: "An integer number of keys of that role whose signatures are
 * required in order to consider a file as being properly signed by that role."
 */
static enum slw_status check_threshold(const struct slw_tuf_model *model,
                                       const struct slw_tuf_role_keys *signers,
                                       struct slw_detail *detail)
{
    if (signers->count > SLW_TUF_ROLE_KEYS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: a role has at most %u keys", model->label,
                           SLW_TUF_ROLE_KEYS_MAX);
    }
    if (signers->threshold == 0 || signers->threshold > signers->count) {
        return slw_explain(detail, SLW_BAD_THRESHOLD,
                           "%s: a threshold of %u can't be reached by %zu keys", model->label,
                           signers->threshold, signers->count);
    }
    return SLW_OK;
}

/*
 * TUF 1.0.34, section 4.3: "Clients MUST ensure that for any KEYID represented in this key list and
 * in other files, only one unique key has that KEYID."
 */
static enum slw_status check_distinct(const struct slw_tuf_model *model,
                                      const struct slw_tuf_role_keys *signers,
                                      struct slw_detail *detail)
{
    for (size_t i = 1; i < signers->count; i++) {
        const struct slw_public_key *key = &signers->keys[i];
        for (size_t j = 0; j < i; j++) {
            const struct slw_public_key *other = &signers->keys[j];
            if (key->type == other->type && key->value_len == other->value_len &&
                memcmp(key->value, other->value, key->value_len) == 0) {
                return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: one key twice in a role",
                                   model->label);
            }
        }
    }
    return SLW_OK;
}

/* What the key is, whatever it is called; looked up once for each object. */
static void look_at(struct slw_tuf_kept *key)
{
    struct slw_tuf_key parsed = {.kind = SLW_TUF_KEY_UNKNOWN};
    struct slw_detail detail;
    char id[SLW_TUF_KEY_ID_SIZE];
    if (key->is_looked_at) {
        return;
    }
    key->is_looked_at = true;
    if (slw_tuf_key_id(&key->json, SLW_JSON_TOP, id) == SLW_OK &&
        slw_bytes_equal(slw_heap_bytes(&key->name), slw_bytes_make(id, sizeof id)) &&
        slw_tuf_key_parse(&key->json, SLW_JSON_TOP, &parsed, &detail) == SLW_OK &&
        parsed.kind != SLW_TUF_KEY_UNKNOWN) {
        memcpy(key->fingerprint, parsed.fingerprint, sizeof key->fingerprint);
        key->is_usable = true;
    }
}

/* The key's object as we write it, named by its id. */
static enum slw_status make_key(const struct slw_tuf_model *model, const struct slw_public_key *key,
                                struct slw_tuf_kept **ret_kept, struct slw_detail *detail)
{
    struct slw_heap_buffer object = {0};
    struct slw_tuf_kept *kept = NULL;
    char id[SLW_TUF_KEY_ID_SIZE];
    enum slw_status status = slw_tuf_public_key_id(key, id);
    if (status == SLW_OK) {
        slw_tuf_key_format(key, &object);
        status = object.status == SLW_OK ? slw_tuf_kept_new(slw_bytes_make(id, sizeof id),
                                                            slw_heap_bytes(&object), &kept, detail)
                                         : slw_explain_no_memory(detail);
        slw_heap_free(&object);
    }
    if (status != SLW_OK) {
        (void)slw_explain(detail, status, "%s: a key of the role can't be written", model->label);
        return status;
    }
    look_at(kept);
    if (!kept->is_usable) {
        slw_tuf_kept_drop(kept);
        (void)slw_explain(detail, SLW_BAD_KEY, "%s: a key of the role isn't one", model->label);
        return SLW_BAD_KEY;
    }
    *ret_kept = kept;
    return SLW_OK;
}

/* Lists the key unless it is listed, whatever members its object has there, and appends its id. */
static enum slw_status list_key(const struct slw_tuf_model *model, const struct slw_public_key *key,
                                struct slw_tuf_parts *keys, struct slw_heap_buffer *ids,
                                struct slw_detail *detail)
{
    struct slw_tuf_kept *made = NULL;
    SLW_TRY(make_key(model, key, &made, detail));
    for (size_t i = 0; i < keys->count; i++) {
        struct slw_tuf_kept *listed = keys->list[i];
        look_at(listed);
        if (listed->is_usable &&
            memcmp(listed->fingerprint, made->fingerprint, sizeof made->fingerprint) == 0) {
            slw_json_canonical_string(slw_heap_bytes(&listed->name), ids);
            slw_tuf_kept_drop(made);
            return SLW_OK;
        }
    }
    slw_json_canonical_string(slw_heap_bytes(&made->name), ids);
    return slw_tuf_parts_put(keys, made, detail);
}

enum slw_status slw_tuf_list_keys(const struct slw_tuf_model *model,
                                  const struct slw_tuf_role_keys *signers,
                                  struct slw_tuf_parts *keys, struct slw_heap_buffer *ret_ids,
                                  struct slw_detail *detail)
{
    SLW_TRY(check_threshold(model, signers, detail));
    SLW_TRY(check_distinct(model, signers, detail));
    slw_heap_append(ret_ids, SLW_BYTES_OF("["));
    for (size_t i = 0; i < signers->count; i++) {
        if (i != 0) {
            slw_heap_append(ret_ids, SLW_BYTES_OF(","));
        }
        SLW_TRY(list_key(model, &signers->keys[i], keys, ret_ids, detail));
    }
    slw_heap_append(ret_ids, SLW_BYTES_OF("]"));
    return ret_ids->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

/* Marks the keys that a role of the listing refers to. */
static void mark(const struct slw_tuf_listing *listing, const struct slw_tuf_parts *keys,
                 bool *marks)
{
    for (size_t i = 0; i < listing->roles.count; i++) {
        const struct slw_tuf_kept *role = listing->roles.list[i];
        uint32_t ids = slw_tuf_kept_member(role, "keyids");
        if (ids == SLW_JSON_NONE) {
            continue;
        }
        struct slw_json_walk walk = slw_json_walk_begin(&role->json, ids);
        uint32_t id = 0;
        while (slw_json_walk_element(&walk, &id)) {
            size_t at = slw_tuf_parts_find(keys, slw_json_string(&role->json, id));
            if (at != SLW_TUF_NOWHERE) {
                marks[at] = true;
            }
        }
    }
}

enum slw_status slw_tuf_drop_keys(const struct slw_tuf_listing *before, struct slw_tuf_listing *now,
                                  struct slw_detail *detail)
{
    size_t count = now->keys.count;
    bool *was = calloc(2 * count + 1, sizeof *was);
    if (was == NULL) {
        return slw_explain_no_memory(detail);
    }
    bool *is = was + count;
    mark(before, &now->keys, was);
    mark(now, &now->keys, is);
    for (size_t at = count; at-- > 0;) {
        if (was[at] && !is[at]) {
            slw_tuf_parts_remove(&now->keys, at);
        }
    }
    free(was);
    if (now->keys.count > SLW_TUF_KEYS_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "more than %u keys", SLW_TUF_KEYS_MAX);
    }
    return SLW_OK;
}
