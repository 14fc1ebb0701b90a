/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata whose signatures were verified. Bytes go in, and what comes out is signed by those who
 * may; whether it is also new, current and what others say of it is for the refresh_*.c to check.
 */
#ifndef SLIPWAY_TUF_CLIENT_TRUSTED_H
#define SLIPWAY_TUF_CLIENT_TRUSTED_H

#include "slipway/tuf_metadata.h"

struct slw_tuf_trusted_root {
    struct slw_tuf_file file;
    struct slw_tuf_root content;
};

struct slw_tuf_trusted_timestamp {
    struct slw_tuf_file file;
    struct slw_tuf_timestamp content;
};

/* A file that a snapshot names. */
struct slw_tuf_snapshot_entry {
    struct slw_bytes name; /* "ROLE.json" */
    uint32_t value;
};

struct slw_tuf_trusted_snapshot {
    struct slw_tuf_file file;
    struct slw_tuf_snapshot content;
    struct slw_tuf_snapshot_entry *entries; /* sorted by name */
    size_t entries_count;
};

/* Targets metadata, top-level or delegated, in the list of all that are loaded for a role. */
struct slw_tuf_trusted_targets {
    struct slw_tuf_trusted_targets *next;
    struct slw_tuf_file file;
    struct slw_tuf_targets content;
    const struct slw_tuf_role *verified_for; /* the last delegation whose keys it was verified by */
};

/*
 * Each takes bytes over (they are empty afterwards, also when it fails) and gives an object on the
 * heap. name is what details call it, limit bytes the most that it may have.
 */

/* A root that stands for itself: SLW_ROOT_SELF_UNSIGNED unless its own threshold signed it. */
SLW_MUST_USE enum slw_status slw_tuf_trust_first_root(const char *name,
                                                      struct slw_heap_buffer *bytes, size_t limit,
                                                      enum slw_tuf_key_ids key_ids,
                                                      struct slw_tuf_trusted_root **ret_root,
                                                      struct slw_detail *detail);

/* The root that follows a trusted one: SLW_ROOT_UNTRUSTED, SLW_ROOT_SELF_UNSIGNED,
 * SLW_ROOT_ROLLBACK unless its version is the trusted one's and 1. */
SLW_MUST_USE enum slw_status
slw_tuf_trust_next_root(const char *name, struct slw_heap_buffer *bytes, size_t limit,
                        enum slw_tuf_key_ids key_ids, const struct slw_tuf_trusted_root *trusted,
                        struct slw_tuf_trusted_root **ret_root, struct slw_detail *detail);
void slw_tuf_trusted_root_free(struct slw_tuf_trusted_root *root);

/* Whether the keys that may sign for a role are others than before. */
SLW_MUST_USE bool slw_tuf_keys_rotated(const struct slw_tuf_trusted_root *before,
                                       const struct slw_tuf_trusted_root *after,
                                       enum slw_tuf_type role);

SLW_MUST_USE enum slw_status
slw_tuf_trust_timestamp(const char *name, struct slw_heap_buffer *bytes, size_t limit,
                        const struct slw_tuf_trusted_root *root,
                        struct slw_tuf_trusted_timestamp **ret_timestamp,
                        struct slw_detail *detail);
void slw_tuf_trusted_timestamp_free(struct slw_tuf_trusted_timestamp *timestamp);

SLW_MUST_USE enum slw_status slw_tuf_trust_snapshot(const char *name, struct slw_heap_buffer *bytes,
                                                    size_t limit,
                                                    const struct slw_tuf_trusted_root *root,
                                                    struct slw_tuf_trusted_snapshot **ret_snapshot,
                                                    struct slw_detail *detail);
void slw_tuf_trusted_snapshot_free(struct slw_tuf_trusted_snapshot *snapshot);

/* What the snapshot says of a file by its name, "ROLE.json"; SLW_NOT_FOUND when it doesn't name it.
 */
SLW_MUST_USE enum slw_status
slw_tuf_trusted_snapshot_find(const struct slw_tuf_trusted_snapshot *snapshot,
                              struct slw_bytes file_name, struct slw_tuf_meta *ret_meta);

SLW_MUST_USE enum slw_status slw_tuf_trust_targets(const char *name, struct slw_heap_buffer *bytes,
                                                   size_t limit, enum slw_tuf_key_ids key_ids,
                                                   const struct slw_tuf_keys *keys,
                                                   const struct slw_tuf_role *role,
                                                   struct slw_tuf_trusted_targets **ret_targets,
                                                   struct slw_detail *detail);
void slw_tuf_trusted_targets_free(struct slw_tuf_trusted_targets *targets);

/*
 * Whether bytes are what metadata say of them (meta, of the file that json is of): length and
 * hashes, as far as they are given. SLW_MIX_AND_MATCH; SLW_MISSING_HASH when only hashes of unknown
 * kinds are given.
 */
SLW_MUST_USE enum slw_status slw_tuf_check_meta(const char *name, struct slw_bytes bytes,
                                                const struct slw_json_document *json,
                                                const struct slw_tuf_meta *meta,
                                                struct slw_detail *detail);

#endif
