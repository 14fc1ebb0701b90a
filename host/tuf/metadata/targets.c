/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets.json and delegated targets (section 4.5): what each target is. A file may list hundreds
 * of thousands: each is looked at once, where it stands, and nothing is kept of it.
 */
#include "json_fields.h"
#include "metadata.h"

#include <stdlib.h>

/* The members of a target that we know. */
struct entry {
    uint32_t length;
    uint32_t hashes;
    uint32_t custom;
};

static struct entry find_members(const struct slw_json_document *json, uint32_t value)
{
    struct entry entry = {SLW_JSON_NONE, SLW_JSON_NONE, SLW_JSON_NONE};
    struct slw_json_walk walk = slw_json_walk_begin(json, value);
    struct slw_bytes name;
    uint32_t member = SLW_JSON_NONE;
    while (slw_json_walk_member(&walk, &name, &member)) {
        if (slw_bytes_equal(name, SLW_BYTES_OF("length"))) {
            entry.length = member;
        } else if (slw_bytes_equal(name, SLW_BYTES_OF("hashes"))) {
            entry.hashes = member;
        } else if (slw_bytes_equal(name, SLW_BYTES_OF("custom"))) {
            entry.custom = member;
        }
    }
    return entry;
}

/* ""length": An integer length in bytes of the target file at TARGETPATH." */
static bool read_length(const struct slw_json_document *json, uint32_t value, uint64_t *ret_length)
{
    int64_t length = 0;
    if (value == SLW_JSON_NONE || !slw_json_integer(json, value, &length) || length < 0) {
        return false;
    }
    *ret_length = (uint64_t)length;
    return true;
}

/* "{ "length" : LENGTH, "hashes" : HASHES, ("custom" : CUSTOM) }" */
static enum slw_status check_target(const struct slw_json_document *json, struct slw_bytes path,
                                    uint32_t value, struct slw_detail *detail)
{
    uint64_t ignored = 0;
    if (path.len == 0) {
        return slw_json_refuse(json, value, SLW_BAD_NAME, "its path is empty", detail);
    }
    SLW_TRY(slw_tuf_json_object(json, value, detail));
    struct entry entry = find_members(json, value);
    if (!read_length(json, entry.length, &ignored)) {
        return slw_json_refuse(json, entry.length == SLW_JSON_NONE ? value : entry.length,
                               SLW_MALFORMED, "must have a length in bytes", detail);
    }
    if (entry.hashes == SLW_JSON_NONE) {
        return slw_json_refuse(json, value, SLW_MISSING_HASH, "has no hashes", detail);
    }
    SLW_TRY(slw_tuf_hashes_check(json, entry.hashes, detail));
    /* "the "custom" attribute maps to an object" */
    return entry.custom == SLW_JSON_NONE ? SLW_OK : slw_tuf_json_object(json, entry.custom, detail);
}

/* "It is allowed to have a TARGETS object with no TARGETPATH elements." */
static enum slw_status check_targets(const struct slw_tuf_file *file,
                                     struct slw_tuf_targets *targets, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, targets->targets);
    struct slw_bytes path;
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_member(&walk, &path, &value)) {
        SLW_TRY(check_target(&file->json, path, value, detail));
        targets->targets_count++;
    }
    return SLW_OK;
}

static enum slw_status read_targets(const struct slw_tuf_file *file, enum slw_tuf_key_ids key_ids,
                                    struct slw_tuf_targets *targets, struct slw_detail *detail)
{
    uint32_t delegations = SLW_JSON_NONE;
    SLW_TRY(slw_tuf_common_read(file, &targets->common, detail));
    SLW_TRY(slw_tuf_json_member(&file->json, file->signed_part, "targets", SLW_JSON_OBJECT,
                                &targets->targets, detail));
    SLW_TRY(check_targets(file, targets, detail));
    SLW_TRY(slw_tuf_json_optional(&file->json, file->signed_part, "delegations", SLW_JSON_OBJECT,
                                  &delegations, detail));
    if (delegations == SLW_JSON_NONE) {
        return SLW_OK;
    }
    return slw_tuf_delegations_read(file, delegations, key_ids, targets, detail);
}

enum slw_status slw_tuf_targets_read(const struct slw_tuf_file *file, enum slw_tuf_key_ids key_ids,
                                     struct slw_tuf_targets *ret_targets, struct slw_detail *detail)
{
    struct slw_tuf_targets targets = {.file = file, .keys = {.file = file}};
    enum slw_status status = read_targets(file, key_ids, &targets, detail);
    if (status != SLW_OK) {
        slw_tuf_targets_free(&targets);
        return status;
    }
    *ret_targets = targets;
    return SLW_OK;
}

void slw_tuf_targets_free(struct slw_tuf_targets *targets)
{
    free(targets->keys.keys);
    free(targets->delegations);
    *targets = (struct slw_tuf_targets){0};
}

enum slw_status slw_tuf_targets_find(const struct slw_tuf_targets *targets, struct slw_bytes path,
                                     struct slw_tuf_target *ret_target)
{
    const struct slw_json_document *json = &targets->file->json;
    uint32_t value = slw_json_member(json, targets->targets, path);
    if (value == SLW_JSON_NONE) {
        return SLW_NOT_FOUND;
    }
    /* The name in the file, which lives as long as that; the caller's may not. */
    return slw_tuf_targets_at(targets, slw_json_string(json, value - 1), value, ret_target);
}

enum slw_status slw_tuf_targets_at(const struct slw_tuf_targets *targets, struct slw_bytes path,
                                   uint32_t value, struct slw_tuf_target *ret_target)
{
    const struct slw_json_document *json = &targets->file->json;
    struct slw_tuf_target target = {.path = path, .json = json};
    struct entry entry = find_members(json, value);
    if (!read_length(json, entry.length, &target.length)) {
        return SLW_NOT_FOUND; /* can't be: it was checked */
    }
    if (slw_json_member(json, entry.hashes, SLW_BYTES_OF("sha256")) == SLW_JSON_NONE &&
        slw_json_member(json, entry.hashes, SLW_BYTES_OF("sha512")) == SLW_JSON_NONE) {
        return SLW_MISSING_HASH;
    }
    target.hashes = entry.hashes;
    target.custom = entry.custom;
    *ret_target = target;
    return SLW_OK;
}
