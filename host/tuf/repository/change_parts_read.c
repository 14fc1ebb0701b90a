/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the parts of changes (change_parts.h), as strictly as anything. Every name, key and hash
 * in them is checked again when the change is applied.
 */
#include "change_parts.h"

#include "../metadata/hex.h"

enum slw_status slw_tuf_read_only(const struct slw_json_document *json, uint32_t object,
                                  const char *const *names, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, object);
    struct slw_bytes name;
    uint32_t value = 0;
    while (slw_json_walk_member(&walk, &name, &value)) {
        size_t i = 0;
        while (names[i] != NULL &&
               !slw_bytes_equal(name, slw_bytes_make(names[i], strlen(names[i])))) {
            i++;
        }
        if (names[i] == NULL) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "isn't known here", detail);
        }
    }
    return SLW_OK;
}

enum slw_status slw_tuf_read_text(const struct slw_json_document *json, uint32_t object,
                                  const char *name, struct slw_bytes *ret_text,
                                  struct slw_detail *detail)
{
    uint32_t value = 0;
    SLW_TRY(slw_tuf_json_member(json, object, name, SLW_JSON_STRING, &value, detail));
    *ret_text = slw_json_string(json, value);
    return SLW_OK;
}

enum slw_status slw_tuf_read_sha256(const struct slw_json_document *json, uint32_t object,
                                    const char *name, uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                    struct slw_detail *detail)
{
    struct slw_bytes digits;
    SLW_TRY(slw_tuf_read_text(json, object, name, &digits, detail));
    if (!slw_tuf_hex_decode(digits, ret_sha256, SLW_SHA256_SIZE)) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "a hash isn't one", detail);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_read_artifact(const struct slw_json_document *json, uint32_t object,
                                      struct slw_tuf_artifact *ret_artifact,
                                      struct slw_detail *detail)
{
    static const char *const members[] = {"custom", "length", "path", "sha256", NULL};
    struct slw_tuf_artifact artifact = {0};
    uint32_t custom = SLW_JSON_NONE;
    int64_t length = 0;
    SLW_TRY(slw_tuf_json_object(json, object, detail));
    SLW_TRY(slw_tuf_read_only(json, object, members, detail));
    SLW_TRY(slw_tuf_read_text(json, object, "path", &artifact.path, detail));
    SLW_TRY(slw_tuf_read_sha256(json, object, "sha256", artifact.sha256, detail));
    SLW_TRY(slw_tuf_json_integer(json, object, "length", 0, &length, detail));
    SLW_TRY(slw_tuf_json_optional(json, object, "custom", SLW_JSON_STRING, &custom, detail));
    if (custom != SLW_JSON_NONE) {
        artifact.custom = slw_json_string(json, custom);
    }
    artifact.length = (uint64_t)length;
    *ret_artifact = artifact;
    return SLW_OK;
}

static enum slw_status read_key(const struct slw_json_document *json, uint32_t object,
                                struct slw_public_key *ret_key, struct slw_detail *detail)
{
    static const char *const members[] = {"type", "value", NULL};
    struct slw_public_key key = {.type = SLW_KEY_TYPE_ED25519, .value_len = SLW_ED25519_KEY_SIZE};
    struct slw_bytes type;
    struct slw_bytes digits;
    SLW_TRY(slw_tuf_json_object(json, object, detail));
    SLW_TRY(slw_tuf_read_only(json, object, members, detail));
    SLW_TRY(slw_tuf_read_text(json, object, "type", &type, detail));
    SLW_TRY(slw_tuf_read_text(json, object, "value", &digits, detail));
    if (slw_bytes_equal(type, SLW_BYTES_OF("p256"))) {
        key.type = SLW_KEY_TYPE_P256;
        key.value_len = SLW_P256_KEY_SIZE;
    } else if (!slw_bytes_equal(type, SLW_BYTES_OF("ed25519"))) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "isn't a key of ours", detail);
    }
    if (!slw_tuf_hex_decode(digits, key.value, key.value_len)) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "isn't a key of ours", detail);
    }
    slw_key_id((uint8_t)key.type, (uint8_t)key.type, slw_bytes_make(key.value, key.value_len),
               key.id);
    *ret_key = key;
    return SLW_OK;
}

enum slw_status slw_tuf_read_keys(const struct slw_json_document *json, uint32_t object,
                                  struct slw_public_key **ret_keys,
                                  struct slw_tuf_role_keys *ret_role, struct slw_detail *detail)
{
    struct slw_json_walk walk;
    uint32_t value = 0;
    int64_t threshold = 0;
    size_t count = 0;
    SLW_TRY(slw_tuf_json_integer(json, object, "threshold", 0, &threshold, detail));
    SLW_TRY(slw_tuf_json_member(json, object, "keys", SLW_JSON_ARRAY, &value, detail));
    walk = slw_json_walk_begin(json, value);
    while (slw_json_walk_element(&walk, &value)) {
        if (count == SLW_TUF_ROLE_KEYS_MAX) {
            return slw_json_refuse(json, value, SLW_TOO_LARGE, "too many keys", detail);
        }
        struct slw_public_key *keys = slw_heap_grow(*ret_keys, count, sizeof *keys);
        if (keys == NULL) {
            return slw_explain_no_memory(detail);
        }
        *ret_keys = keys;
        SLW_TRY(read_key(json, value, keys + count, detail));
        count++;
    }
    if (threshold > UINT32_MAX) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "threshold is too large", detail);
    }
    *ret_role = (struct slw_tuf_role_keys){*ret_keys, count, (uint32_t)threshold};
    return SLW_OK;
}

enum slw_status slw_tuf_read_role(const struct slw_json_document *json, uint32_t object,
                                  struct slw_public_key **ret_keys,
                                  struct slw_tuf_role_keys *ret_role, struct slw_detail *detail)
{
    static const char *const members[] = {"keys", "threshold", NULL};
    SLW_TRY(slw_tuf_read_only(json, object, members, detail));
    return slw_tuf_read_keys(json, object, ret_keys, ret_role, detail);
}

static enum slw_status read_paths(const struct slw_json_document *json, uint32_t object,
                                  struct slw_bytes **ret_paths, size_t *ret_count,
                                  struct slw_detail *detail)
{
    struct slw_json_walk walk;
    uint32_t value = 0;
    SLW_TRY(slw_tuf_json_member(json, object, "paths", SLW_JSON_ARRAY, &value, detail));
    walk = slw_json_walk_begin(json, value);
    while (slw_json_walk_element(&walk, &value)) {
        struct slw_bytes *paths = slw_heap_grow(*ret_paths, *ret_count, sizeof *paths);
        if (paths == NULL) {
            return slw_explain_no_memory(detail);
        }
        *ret_paths = paths;
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a pattern", detail);
        }
        paths[(*ret_count)++] = slw_json_string(json, value);
    }
    return SLW_OK;
}

enum slw_status slw_tuf_read_delegate(const struct slw_json_document *json, uint32_t object,
                                      struct slw_public_key **ret_keys,
                                      struct slw_bytes **ret_paths,
                                      struct slw_tuf_delegate *ret_delegate,
                                      struct slw_detail *detail)
{
    static const char *const members[] = {"bit_length",  "keys",      "name", "paths",
                                          "terminating", "threshold", NULL};
    struct slw_tuf_delegate delegate = {0};
    int64_t bit_length = 0;
    SLW_TRY(slw_tuf_json_object(json, object, detail));
    SLW_TRY(slw_tuf_read_only(json, object, members, detail));
    SLW_TRY(slw_tuf_read_text(json, object, "name", &delegate.name, detail));
    SLW_TRY(slw_tuf_json_integer(json, object, "bit_length", 0, &bit_length, detail));
    SLW_TRY(slw_tuf_json_boolean(json, object, "terminating", &delegate.terminating, detail));
    SLW_TRY(slw_tuf_read_keys(json, object, ret_keys, &delegate.signers, detail));
    SLW_TRY(read_paths(json, object, ret_paths, &delegate.paths_count, detail));
    if (bit_length > SLW_TUF_BIT_LENGTH_MAX) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "bit_length is too large", detail);
    }
    delegate.paths = *ret_paths;
    delegate.bit_length = (uint32_t)bit_length;
    *ret_delegate = delegate;
    return SLW_OK;
}
