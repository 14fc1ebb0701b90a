/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Delegations of a targets role (section 4.5, and TAP 15 for succinct hash bins): to whom, with
 * which keys, and for which paths.
 */
#include "hex.h"
#include "json_fields.h"
#include "key.h"
#include "metadata.h"

#include "slipway/bytes_order.h"

#include <stdlib.h>

#define BIN_BITS_MAX 32u
#define BIN_DIGITS_MAX 8u
#define HASH_DIGITS ((size_t)2 * SLW_SHA256_SIZE)

/* A delegated role of the name of a top-level one would be taken for that, and its file for it. */
static enum slw_status read_name(const struct slw_json_document *json, uint32_t object,
                                 struct slw_bytes *ret_name, struct slw_detail *detail)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(json, object, "name", SLW_JSON_STRING, &value, detail));
    struct slw_bytes name = slw_json_string(json, value);
    enum slw_tuf_type type = SLW_TUF_ROOT;
    if (name.len == 0 || name.len > SLW_TUF_ROLE_NAME_MAX || slw_tuf_type_named(name, &type)) {
        return slw_json_refuse(json, value, SLW_BAD_NAME,
                               "must have 1 to 1,024 bytes, and not be a top-level role's", detail);
    }
    *ret_name = name;
    return SLW_OK;
}

/* ""path_hash_prefixes": A list of HEX_DIGESTs", of which a prefix is meant. */
static enum slw_status check_prefixes(const struct slw_json_document *json, uint32_t prefixes,
                                      struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, prefixes);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes prefix = slw_json_string(json, element);
        if (prefix.len > HASH_DIGITS || !slw_tuf_hex_is_lower(prefix)) {
            return slw_json_refuse(json, element, SLW_MALFORMED,
                                   "must be up to 64 lower-case hexadecimal digits", detail);
        }
    }
    return SLW_OK;
}

/*
 * "The "path_hash_prefixes" and "paths" attributes are OPTIONAL, if used, exactly one of them
 * should be set." With neither, a role would be trusted for nothing: a mistake, and refused.
 */
static enum slw_status read_scope(const struct slw_json_document *json, uint32_t object,
                                  struct slw_tuf_delegation *delegation, struct slw_detail *detail)
{
    SLW_TRY(
        slw_tuf_json_optional(json, object, "paths", SLW_JSON_ARRAY, &delegation->paths, detail));
    SLW_TRY(slw_tuf_json_optional(json, object, "path_hash_prefixes", SLW_JSON_ARRAY,
                                  &delegation->prefixes, detail));
    if ((delegation->paths == SLW_JSON_NONE) == (delegation->prefixes == SLW_JSON_NONE)) {
        return slw_json_refuse(json, object, SLW_MALFORMED,
                               "must have either paths or path_hash_prefixes", detail);
    }
    if (delegation->paths != SLW_JSON_NONE) {
        return slw_tuf_json_strings(json, delegation->paths, detail);
    }
    SLW_TRY(slw_tuf_json_strings(json, delegation->prefixes, detail));
    return check_prefixes(json, delegation->prefixes, detail);
}

static enum slw_status read_role(const struct slw_tuf_file *file, uint32_t object,
                                 struct slw_tuf_delegation *delegation, struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    SLW_TRY(slw_tuf_json_object(json, object, detail));
    SLW_TRY(read_name(json, object, &delegation->role.name, detail));
    SLW_TRY(slw_tuf_role_read(file, object, &delegation->role, detail));
    /*
     * "A boolean indicating whether subsequent delegations should be considered if a matching
     * target is not found in this delegation." The specification's own example lacks it.
     */
    SLW_TRY(slw_tuf_json_boolean(json, object, "terminating", &delegation->terminating, detail));
    return read_scope(json, object, delegation, detail);
}

static int compare_names(const void *left, const void *right)
{
    return slw_bytes_compare(*(const struct slw_bytes *)left, *(const struct slw_bytes *)right);
}

static bool are_ascending(const struct slw_bytes *names, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (compare_names(&names[i - 1], &names[i]) >= 0) {
            return false;
        }
    }
    return true;
}

/*
 * "The rolename MUST be unique in the delegations object: multiple roles with the same rolename are
 * not allowed within a DELEGATIONS."
 */
static enum slw_status check_unique(const struct slw_tuf_targets *targets, uint32_t roles,
                                    struct slw_detail *detail)
{
    size_t count = targets->delegations_count;
    struct slw_bytes *names = calloc(count + 1, sizeof *names);
    if (names == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = targets->delegations[i].role.name;
    }
    bool unique = are_ascending(names, count);
    if (!unique) {
        qsort(names, count, sizeof *names, compare_names);
        unique = are_ascending(names, count);
    }
    free(names);
    if (!unique) {
        return slw_json_refuse(&targets->file->json, roles, SLW_MALFORMED,
                               "two roles of the same name", detail);
    }
    return SLW_OK;
}

static enum slw_status make_room(struct slw_tuf_targets *targets, size_t count,
                                 struct slw_detail *detail)
{
    targets->delegations = calloc(count + 1, sizeof *targets->delegations);
    return targets->delegations == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

/* "the "roles" key in the DELEGATIONS object above points to an array of delegated roles" */
static enum slw_status read_roles(const struct slw_tuf_file *file, uint32_t roles,
                                  struct slw_tuf_targets *targets, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, roles);
    uint32_t object = SLW_JSON_NONE;
    size_t count = slw_json_count(&file->json, roles);
    if (count > SLW_TUF_DELEGATED_ROLES_MAX) {
        return slw_json_refuse(&file->json, roles, SLW_TOO_LARGE, "more than 65,536 roles", detail);
    }
    SLW_TRY(make_room(targets, count, detail));
    while (slw_json_walk_element(&walk, &object)) {
        struct slw_tuf_delegation delegation = {.paths = SLW_JSON_NONE, .prefixes = SLW_JSON_NONE};
        SLW_TRY(read_role(file, object, &delegation, detail));
        targets->delegations[targets->delegations_count++] = delegation;
    }
    return check_unique(targets, roles, detail);
}

/*
 * TAP 15: "succinct_roles": {"keyids", "threshold", "bit_length", "name_prefix"}. Its bins are the
 * only roles of the delegator, and a path belongs to one of them: they are terminating.
 */
static enum slw_status read_bins(const struct slw_tuf_file *file, uint32_t object,
                                 struct slw_tuf_targets *targets, struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    struct slw_tuf_delegation bins = {
        .paths = SLW_JSON_NONE, .prefixes = SLW_JSON_NONE, .terminating = true};
    int64_t bit_length = 0;
    uint32_t prefix = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_role_read(file, object, &bins.role, detail));
    SLW_TRY(slw_tuf_json_integer(json, object, "bit_length", 1, &bit_length, detail));
    SLW_TRY(slw_tuf_json_member(json, object, "name_prefix", SLW_JSON_STRING, &prefix, detail));
    if (bit_length > BIN_BITS_MAX) {
        return slw_json_refuse(json, object, SLW_MALFORMED, "bit_length must be 1 to 32", detail);
    }
    bins.bit_length = (uint32_t)bit_length;
    bins.role.name = slw_json_string(json, prefix);
    if (bins.role.name.len == 0 ||
        bins.role.name.len > SLW_TUF_ROLE_NAME_MAX - BIN_DIGITS_MAX - 1) {
        return slw_json_refuse(json, prefix, SLW_BAD_NAME, "must have 1 to 1,015 bytes", detail);
    }
    SLW_TRY(make_room(targets, 1, detail));
    targets->delegations[targets->delegations_count++] = bins;
    return SLW_OK;
}

enum slw_status slw_tuf_delegations_read(const struct slw_tuf_file *file, uint32_t object,
                                         enum slw_tuf_key_ids key_ids,
                                         struct slw_tuf_targets *ret_targets,
                                         struct slw_detail *detail)
{
    const struct slw_json_document *json = &file->json;
    uint32_t keys = SLW_JSON_NONE;
    uint32_t roles = SLW_JSON_NONE;
    uint32_t bins = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_json_member(json, object, "keys", SLW_JSON_OBJECT, &keys, detail));
    SLW_TRY(slw_tuf_json_optional(json, object, "roles", SLW_JSON_ARRAY, &roles, detail));
    SLW_TRY(slw_tuf_json_optional(json, object, "succinct_roles", SLW_JSON_OBJECT, &bins, detail));
    if ((roles == SLW_JSON_NONE) == (bins == SLW_JSON_NONE)) {
        return slw_json_refuse(json, object, SLW_MALFORMED,
                               "must have either roles or succinct_roles", detail);
    }
    SLW_TRY(slw_tuf_keys_read(file, keys, key_ids, &ret_targets->keys, detail));
    return roles != SLW_JSON_NONE ? read_roles(file, roles, ret_targets, detail)
                                  : read_bins(file, bins, ret_targets, detail);
}

static bool matches_a_path(const struct slw_json_document *json, uint32_t paths,
                           struct slw_bytes path)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, paths);
    uint32_t element = SLW_JSON_NONE;
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_tuf_pattern_matches(slw_json_string(json, element), path)) {
            return true;
        }
    }
    return false;
}

/*
 * "each target path, when hashed with the SHA-256 hash function to produce a 64-byte hexadecimal
 * digest (HEX_DIGEST), must share the same prefix as one of the prefixes in path_hash_prefixes"
 */
static bool matches_a_prefix(const struct slw_json_document *json, uint32_t prefixes,
                             struct slw_bytes path)
{
    char digits[SLW_TUF_KEY_ID_SIZE];
    struct slw_json_walk walk = slw_json_walk_begin(json, prefixes);
    uint32_t element = SLW_JSON_NONE;
    slw_tuf_sha256_hex(path, digits);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes prefix = slw_json_string(json, element);
        if (prefix.len <= sizeof digits &&
            slw_bytes_equal(prefix, slw_bytes_make(digits, prefix.len))) {
            return true;
        }
    }
    return false;
}

bool slw_tuf_delegation_matches(const struct slw_tuf_targets *delegator,
                                const struct slw_tuf_delegation *delegation, struct slw_bytes path,
                                struct slw_heap_buffer *ret_role)
{
    const struct slw_json_document *json = &delegator->file->json;
    if (delegation->bit_length != 0) {
        slw_tuf_bin_name(delegation->role.name, delegation->bit_length,
                         slw_tuf_bin_of(path, delegation->bit_length), ret_role);
        return true;
    }
    bool matches = delegation->paths != SLW_JSON_NONE
                       ? matches_a_path(json, delegation->paths, path)
                       : matches_a_prefix(json, delegation->prefixes, path);
    if (matches) {
        slw_heap_append(ret_role, delegation->role.name);
    }
    return matches;
}
