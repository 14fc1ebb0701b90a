/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles as files: finding what is in one, and writing one. Payloads are never held in memory;
 * a bundle of any size takes a block and a few bytes for each name.
 *
 * What is written has root history, root, targets metadata, anything else that a former bundle had,
 * then the payloads in listed order, so that a device can install it as it arrives.
 */
#ifndef SLIPWAY_BUNDLE_FILE_H
#define SLIPWAY_BUNDLE_FILE_H

#include "slipway/files.h"
#include "slipway/progress.h"
#include "slipway/targets_draft.h"

/* Payload entries that are looked at before a bundle is too large to be worked on. */
#define SLW_PAYLOADS_MAX 65536u

struct slw_payload_entry {
    struct slw_bytes name;
    struct slw_span value;
    size_t name_offset; /* private: in the index's names */
};

/* Where everything is in a bundle; nothing is judged but its shape. */
struct slw_bundle_index {
    const struct slw_source *source;
    struct slw_span *history; /* each a SignedRootMetadata */
    size_t history_count;
    bool has_root;
    struct slw_span root; /* SignedRootMetadata */
    bool has_targets;
    struct slw_span targets; /* SignedTargetsMetadata */
    struct slw_span *others; /* whole fields, tags included */
    size_t others_count;
    struct slw_span *endorsements; /* their values; their fields are among the others */
    size_t endorsements_count;
    bool has_transparency_proof;        /* among the others */
    size_t proof_other;                 /* which of them, whole */
    struct slw_span proof;              /* its value */
    uint64_t payloads_offset;           /* of the first payload's field; without any, the end */
    struct slw_payload_entry *payloads; /* sorted by name */
    size_t payloads_count;
    struct slw_heap_buffer names; /* private: the memory of the payloads' names */
};

/* SLW_MALFORMED, SLW_TOO_LARGE or SLW_IO; name is what details call the bundle. */
enum slw_status slw_bundle_index_read(const char *name, const struct slw_source *source,
                                      struct slw_bundle_index *ret_index,
                                      struct slw_detail *detail);
void slw_bundle_index_free(struct slw_bundle_index *index);

/* NULL when there is none. */
const struct slw_payload_entry *slw_bundle_index_find(const struct slw_bundle_index *index,
                                                      struct slw_bytes name);

/*
 * Whether every payload that the metadata list and the bundle has is what they list:
 * SLW_WRONG_HASH, SLW_WRONG_LENGTH, SLW_IO. For whoever vouches for a bundle. name is what details
 * call it.
 */
SLW_MUST_USE enum slw_status slw_bundle_check_payloads(const char *name,
                                                       const struct slw_bundle_index *index,
                                                       const struct slw_targets_draft *targets,
                                                       struct slw_detail *detail);

/* Appends the bytes of a part; SLW_TOO_LARGE for more than limit. */
enum slw_status slw_source_load(const char *name, const struct slw_source *source,
                                struct slw_span span, size_t limit,
                                struct slw_heap_buffer *ret_bytes, struct slw_detail *detail);

/* Bytes that go into a bundle as they are: a view of memory, or part of a source. */
struct slw_piece {
    struct slw_bytes bytes;          /* when source is NULL */
    const struct slw_source *source; /* span of it otherwise */
    struct slw_span span;
};

struct slw_bundle_payload {
    struct slw_bytes name;
    const char *path; /* a file, opened when it is its turn; or NULL: piece */
    struct slw_piece piece;
    uint64_t length; /* of the payload, known beforehand */
    bool expected;   /* sha256 below is what it must have, else it is filled in */
    uint8_t sha256[SLW_SHA256_SIZE];
};

struct slw_bundle_parts {
    const struct slw_piece *root_history;
    size_t root_history_count;
    struct slw_piece root; /* length 0: none */
    const struct slw_piece *others;
    size_t others_count;
    struct slw_bundle_payload *payloads;
    size_t payloads_count;
    /*
     * Appends the SignedTargetsMetadata. Asked before the payloads are read, when the digests that
     * aren't expected are still zeros, and again after; both must have the same length.
     */
    enum slw_status (*targets)(void *context, bool final, struct slw_heap_buffer *ret_message,
                               struct slw_detail *detail);
    void *context;
    const struct slw_progress *progress;
};

/*
 * Writes the bundle, reading each payload once. SLW_WRONG_HASH or SLW_WRONG_LENGTH for one that
 * isn't as expected, SLW_IO for a file that changes while it is read.
 */
enum slw_status slw_bundle_write(const struct slw_bundle_parts *parts, struct slw_output *output,
                                 struct slw_detail *detail);

/*
 * Writes the bundle that was indexed with this transparency proof (SIGNING.md, section 3) before
 * its payloads, in place of another one; every other byte stays as it is. SLW_BAD_PROOF for no
 * bytes, or more than a proof can have; whether it proves anything isn't looked at.
 */
enum slw_status slw_bundle_write_with_proof(const struct slw_bundle_index *index,
                                            struct slw_bytes proof, struct slw_output *output,
                                            struct slw_detail *detail);

/* The same in place of the file, which changes all at once or not at all. */
enum slw_status slw_bundle_set_proof(const char *path, struct slw_bytes proof,
                                     struct slw_detail *detail);

/* Appends the field of a bundle that holds a proof: a piece of slw_bundle_parts.others. */
void slw_bundle_proof_encode(struct slw_bytes proof, struct slw_heap_buffer *ret_field);

#endif
