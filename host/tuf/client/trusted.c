/* SPDX-License-Identifier: Apache-2.0 */
/* From bytes to metadata that somebody vouches for: timestamp, snapshot and targets. */
#include "trusted.h"

#include "slipway/bytes_order.h"

#include <inttypes.h>
#include <stdlib.h>

enum slw_status slw_tuf_trust_timestamp(const char *name, struct slw_heap_buffer *bytes,
                                        size_t limit, const struct slw_tuf_trusted_root *root,
                                        struct slw_tuf_trusted_timestamp **ret_timestamp,
                                        struct slw_detail *detail)
{
    struct slw_tuf_trusted_timestamp *timestamp = calloc(1, sizeof *timestamp);
    if (timestamp == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        slw_tuf_file_parse(name, bytes, limit, SLW_TUF_TIMESTAMP, &timestamp->file, detail);
    /* "The new timestamp metadata file MUST have been signed by a threshold of keys specified in
     * the trusted root metadata file." */
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(&timestamp->file, &root->content.keys,
                                     &root->content.roles[SLW_TUF_TIMESTAMP], detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_timestamp_read(&timestamp->file, &timestamp->content, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_timestamp_free(timestamp);
        return status;
    }
    *ret_timestamp = timestamp;
    return SLW_OK;
}

void slw_tuf_trusted_timestamp_free(struct slw_tuf_trusted_timestamp *timestamp)
{
    if (timestamp != NULL) {
        slw_tuf_file_free(&timestamp->file);
        free(timestamp);
    }
}

static int compare_entries(const void *left, const void *right)
{
    return slw_bytes_compare(((const struct slw_tuf_snapshot_entry *)left)->name,
                             ((const struct slw_tuf_snapshot_entry *)right)->name);
}

/* Sorts the names of a snapshot, so that one of thousands of bins is found at once. */
static enum slw_status index_snapshot(struct slw_tuf_trusted_snapshot *snapshot,
                                      struct slw_detail *detail)
{
    const struct slw_json_document *json = &snapshot->file.json;
    size_t count = slw_json_count(json, snapshot->content.meta);
    if (count == 0) {
        return SLW_OK;
    }
    snapshot->entries = calloc(count, sizeof *snapshot->entries);
    if (snapshot->entries == NULL) {
        return slw_explain_no_memory(detail);
    }
    struct slw_tuf_snapshot_entry entry;
    struct slw_json_walk walk = slw_json_walk_begin(json, snapshot->content.meta);
    while (snapshot->entries_count < count &&
           slw_json_walk_member(&walk, &entry.name, &entry.value)) {
        snapshot->entries[snapshot->entries_count++] = entry;
    }
    qsort(snapshot->entries, snapshot->entries_count, sizeof *snapshot->entries, compare_entries);
    return SLW_OK;
}

enum slw_status slw_tuf_trust_snapshot(const char *name, struct slw_heap_buffer *bytes,
                                       size_t limit, const struct slw_tuf_trusted_root *root,
                                       struct slw_tuf_trusted_snapshot **ret_snapshot,
                                       struct slw_detail *detail)
{
    struct slw_tuf_trusted_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        slw_tuf_file_parse(name, bytes, limit, SLW_TUF_SNAPSHOT, &snapshot->file, detail);
    /* "The new snapshot metadata file MUST have been signed by a threshold of keys specified in the
     * trusted root metadata file." */
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(&snapshot->file, &root->content.keys,
                                     &root->content.roles[SLW_TUF_SNAPSHOT], detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_snapshot_read(&snapshot->file, &snapshot->content, detail);
    }
    if (status == SLW_OK) {
        status = index_snapshot(snapshot, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_snapshot_free(snapshot);
        return status;
    }
    *ret_snapshot = snapshot;
    return SLW_OK;
}

void slw_tuf_trusted_snapshot_free(struct slw_tuf_trusted_snapshot *snapshot)
{
    if (snapshot != NULL) {
        free(snapshot->entries);
        slw_tuf_file_free(&snapshot->file);
        free(snapshot);
    }
}

enum slw_status slw_tuf_trusted_snapshot_find(const struct slw_tuf_trusted_snapshot *snapshot,
                                              struct slw_bytes file_name,
                                              struct slw_tuf_meta *ret_meta)
{
    const struct slw_json_document *json = &snapshot->file.json;
    struct slw_tuf_snapshot_entry wanted = {.name = file_name};
    struct slw_detail unused;
    const struct slw_tuf_snapshot_entry *entry =
        snapshot->entries_count == 0 ? NULL
                                     : bsearch(&wanted, snapshot->entries, snapshot->entries_count,
                                               sizeof *snapshot->entries, compare_entries);
    if (entry == NULL) {
        return SLW_NOT_FOUND;
    }
    return slw_tuf_meta_read(json, entry->value, ret_meta, &unused);
}

enum slw_status slw_tuf_trust_targets(const char *name, struct slw_heap_buffer *bytes, size_t limit,
                                      enum slw_tuf_key_ids key_ids, const struct slw_tuf_keys *keys,
                                      const struct slw_tuf_role *role,
                                      struct slw_tuf_trusted_targets **ret_targets,
                                      struct slw_detail *detail)
{
    struct slw_tuf_trusted_targets *targets = calloc(1, sizeof *targets);
    if (targets == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status =
        slw_tuf_file_parse(name, bytes, limit, SLW_TUF_TARGETS, &targets->file, detail);
    /* "The new targets metadata file MUST have been signed by a threshold of keys specified in the
     * trusted root metadata file"; a delegated one by those that its delegator specifies. */
    if (status == SLW_OK) {
        status = slw_tuf_file_verify(&targets->file, keys, role, detail);
    }
    if (status == SLW_OK) {
        status = slw_tuf_targets_read(&targets->file, key_ids, &targets->content, detail);
    }
    if (status != SLW_OK) {
        slw_tuf_trusted_targets_free(targets);
        return status;
    }
    targets->verified_for = role;
    *ret_targets = targets;
    return SLW_OK;
}

void slw_tuf_trusted_targets_free(struct slw_tuf_trusted_targets *targets)
{
    if (targets != NULL) {
        slw_tuf_targets_free(&targets->content);
        slw_tuf_file_free(&targets->file);
        free(targets);
    }
}

enum slw_status slw_tuf_check_meta(const char *name, struct slw_bytes bytes,
                                   const struct slw_json_document *json,
                                   const struct slw_tuf_meta *meta, struct slw_detail *detail)
{
    if (meta->has_length && meta->length != bytes.len) {
        return slw_explain(detail, SLW_MIX_AND_MATCH, "%s: has %zu bytes, %s says %" PRIu64, name,
                           bytes.len, json->name, meta->length);
    }
    if (meta->hashes == SLW_JSON_NONE) {
        return SLW_OK;
    }
    struct slw_tuf_hasher hasher;
    enum slw_status status = slw_tuf_hasher_init(json, meta->hashes, &hasher);
    if (status == SLW_MISSING_HASH) {
        return slw_explain(detail, status, "%s: %s gives no hash of it that is known here", name,
                           json->name);
    }
    if (status != SLW_OK) {
        return slw_explain(detail, status, "%s: can't be hashed", name);
    }
    slw_tuf_hasher_update(&hasher, bytes);
    status = slw_tuf_hasher_check(&hasher, bytes.len);
    slw_tuf_hasher_free(&hasher);
    if (status == SLW_WRONG_HASH || status == SLW_WRONG_LENGTH) {
        return slw_explain(detail, SLW_MIX_AND_MATCH, "%s: isn't the file whose hash %s gives",
                           name, json->name);
    }
    return status == SLW_OK ? SLW_OK : slw_explain(detail, status, "%s: can't be hashed", name);
}
