/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may sign: the keys and roles that a root, or a targets role's delegations, list. root.c and
 * delegations.c read them here, verify.c asks for keys.
 */
#include "json_fields.h"
#include "key.h"
#include "metadata.h"

#include <stdlib.h>

static int compare_ids(struct slw_bytes left, struct slw_bytes right)
{
    size_t shared = left.len < right.len ? left.len : right.len;
    int order = shared == 0 ? 0 : memcmp(left.ptr, right.ptr, shared);
    return order != 0 ? order : (left.len > right.len) - (left.len < right.len);
}

static int compare_keys(const void *left, const void *right)
{
    return compare_ids(((const struct slw_tuf_listed_key *)left)->id,
                       ((const struct slw_tuf_listed_key *)right)->id);
}

const struct slw_tuf_listed_key *slw_tuf_keys_find(const struct slw_tuf_keys *keys,
                                                   struct slw_bytes id)
{
    const struct slw_tuf_listed_key wanted = {.id = id};
    if (keys->count == 0) {
        return NULL;
    }
    return bsearch(&wanted, keys->keys, keys->count, sizeof wanted, compare_keys);
}

/*
 * Section 4.3: "A KEYID, which MUST be correct for the specified KEY. Clients MUST calculate each
 * KEYID to verify this is correct for the associated key."
 */
static enum slw_status check_id(const struct slw_json_document *json,
                                const struct slw_tuf_listed_key *key, struct slw_detail *detail)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    if (slw_tuf_key_id(json, key->value, id) != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (!slw_bytes_equal(key->id, slw_bytes_make(id, sizeof id))) {
        return slw_json_refuse(json, key->value, SLW_BAD_KEY,
                               "its key id isn't the SHA-256 of the key", detail);
    }
    return SLW_OK;
}

/* A key of an unknown kind is passed over, its id included: it may follow rules to come. */
static enum slw_status read_key(const struct slw_json_document *json, enum slw_tuf_key_ids key_ids,
                                struct slw_tuf_listed_key *key, struct slw_detail *detail)
{
    enum slw_tuf_key_kind kind = SLW_TUF_KEY_UNKNOWN;
    uint32_t public = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_key_shape(json, key->value, &kind, &public, detail));
    key->known = kind != SLW_TUF_KEY_UNKNOWN;
    if (key->known && key_ids == SLW_TUF_KEY_IDS_CHECKED) {
        SLW_TRY(check_id(json, key, detail));
    }
    return SLW_OK;
}

static enum slw_status read_keys(const struct slw_json_document *json, uint32_t object,
                                 enum slw_tuf_key_ids key_ids, struct slw_tuf_keys *keys,
                                 struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_tuf_listed_key key = {0};
    bool sorted = true;
    while (slw_json_walk_member(&walk, &key.id, &key.value)) {
        SLW_TRY(read_key(json, key_ids, &key, detail));
        sorted =
            sorted && (keys->count == 0 || compare_keys(&keys->keys[keys->count - 1], &key) < 0);
        keys->keys[keys->count++] = key;
    }
    if (!sorted) {
        qsort(keys->keys, keys->count, sizeof key, compare_keys);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_keys_read(const struct slw_tuf_file *file, uint32_t object,
                                  enum slw_tuf_key_ids key_ids, struct slw_tuf_keys *ret_keys,
                                  struct slw_detail *detail)
{
    struct slw_tuf_keys keys = {.file = file};
    size_t count = slw_json_count(&file->json, object);
    if (count > SLW_TUF_KEYS_MAX) {
        return slw_json_refuse(&file->json, object, SLW_TOO_LARGE, "more than 1,024 keys", detail);
    }
    keys.keys = calloc(count == 0 ? 1 : count, sizeof *keys.keys);
    if (keys.keys == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = read_keys(&file->json, object, key_ids, &keys, detail);
    if (status != SLW_OK) {
        free(keys.keys);
        return status;
    }
    *ret_keys = keys;
    return SLW_OK;
}

/*
 * A key id twice in a role would say one thing and mean another: nobody could tell how many keys
 * the role has. That a key which is listed twice counts once is for verify.c to see to.
 */
static enum slw_status check_key_ids(const struct slw_json_document *json, uint32_t key_ids,
                                     struct slw_detail *detail)
{
    struct slw_bytes ids[SLW_TUF_ROLE_KEYS_MAX];
    struct slw_json_walk walk = slw_json_walk_begin(json, key_ids);
    uint32_t element = SLW_JSON_NONE;
    size_t count = 0;
    if (slw_json_count(json, key_ids) > SLW_TUF_ROLE_KEYS_MAX) {
        return slw_json_refuse(json, key_ids, SLW_TOO_LARGE, "more than 256 keys", detail);
    }
    SLW_TRY(slw_tuf_json_strings(json, key_ids, detail));
    while (slw_json_walk_element(&walk, &element)) {
        ids[count] = slw_json_string(json, element);
        for (size_t i = 0; i < count; i++) {
            if (slw_bytes_equal(ids[i], ids[count])) {
                return slw_json_refuse(json, element, SLW_BAD_KEY,
                                       "the same key id twice in a role", detail);
            }
        }
        count++;
    }
    return SLW_OK;
}

/*
 * "An integer number of keys of that role whose signatures are required in order to consider a file
 * as being properly signed by that role." None required would mean that anybody may sign.
 */
static enum slw_status read_threshold(const struct slw_json_document *json, uint32_t object,
                                      uint32_t *ret_threshold, struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    int64_t threshold = 0;
    SLW_TRY(slw_tuf_json_member(json, object, "threshold", SLW_JSON_INTEGER, &value, detail));
    if (!slw_json_integer(json, value, &threshold) || threshold < 1 || threshold > UINT32_MAX) {
        return slw_json_refuse(json, value, SLW_BAD_THRESHOLD, "must be a number of keys, from 1",
                               detail);
    }
    *ret_threshold = (uint32_t)threshold;
    return SLW_OK;
}

enum slw_status slw_tuf_role_read(const struct slw_tuf_file *file, uint32_t object,
                                  struct slw_tuf_role *ret_role, struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    struct slw_tuf_role role = {.name = ret_role->name};
    SLW_TRY(slw_tuf_json_member(json, object, "keyids", SLW_JSON_ARRAY, &role.key_ids, detail));
    SLW_TRY(check_key_ids(json, role.key_ids, detail));
    SLW_TRY(read_threshold(json, object, &role.threshold, detail));
    *ret_role = role;
    return SLW_OK;
}
