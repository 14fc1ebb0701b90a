/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets metadata while it is being made, and targets metadata as a list to show or to add to.
 * All views point into memory of the caller's.
 */
#ifndef SLIPWAY_TARGETS_DRAFT_H
#define SLIPWAY_TARGETS_DRAFT_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/targets.h"

struct slw_encoding_draft {
    uint32_t kind; /* enum slw_encoding_kind, or one that we don't know */
    struct slw_bytes payload_name;
    uint64_t length;
    struct slw_bytes sha256; /* empty: there is none */
    struct slw_bytes base_sha256;
};

struct slw_target_draft {
    struct slw_bytes name;
    struct slw_bytes slot; /* empty: the name */
    uint64_t length;
    struct slw_bytes sha256; /* empty: there is none */
    size_t other_hashes;     /* by functions that we don't know; they aren't kept here */
    struct slw_encoding_draft *encodings;
    size_t encodings_count;
};

struct slw_targets_draft {
    struct slw_bytes spec_version;
    struct slw_bytes role;
    uint32_t version;
    struct slw_expiry expires;
    struct slw_target_draft *targets;
    size_t targets_count;
    struct slw_bytes *hardware_ids;
    size_t hardware_ids_count;
    struct slw_bytes release_version;
    uint32_t min_installed_version;
    uint32_t urgency;
    uint32_t build_type;
    struct slw_bytes release_notes;
    struct slw_bytes product;
    uint32_t security_floor;
    uint32_t *critical_fields;
    size_t critical_fields_count;
    size_t unknown_fields; /* how many were there; they aren't kept here */
};

/* Frees the arrays, not what the views point to. */
void slw_targets_draft_free(struct slw_targets_draft *draft);

/* Adds an element to the array and returns it, all zeros; NULL when memory ran out. */
struct slw_target_draft *slw_targets_draft_add(struct slw_targets_draft *draft);
bool slw_targets_draft_add_hardware(struct slw_targets_draft *draft, struct slw_bytes id);

/* Appends a TargetsMetadata with its fields in ascending order. */
enum slw_status slw_targets_draft_encode(const struct slw_targets_draft *draft,
                                         struct slw_heap_buffer *ret_serialized,
                                         struct slw_detail *detail);

/* Appends only the TargetFile fields of these targets. */
enum slw_status slw_target_drafts_encode(const struct slw_target_draft *targets, size_t count,
                                         struct slw_heap_buffer *ret_fields,
                                         struct slw_detail *detail);

/* Reads one; SLW_MALFORMED or SLW_TOO_LARGE. */
enum slw_status slw_targets_draft_parse(struct slw_bytes serialized,
                                        struct slw_targets_draft *ret_draft,
                                        struct slw_detail *detail);

/*
 * Appends a copy of serialized with more targets behind those that it has; everything else stays
 * byte for byte, fields that we don't know included.
 */
enum slw_status slw_targets_append(struct slw_bytes serialized, const struct slw_target_draft *more,
                                   size_t more_count, struct slw_heap_buffer *ret_serialized,
                                   struct slw_detail *detail);

/*
 * Whether every device would refuse this metadata, whatever signs it: the verifier's own checks,
 * without those that depend on a device or on the time.
 */
enum slw_status slw_targets_check_content(struct slw_bytes serialized, struct slw_detail *detail);

#endif
