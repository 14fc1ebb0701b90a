/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root metadata while it is being made: keys, roles, thresholds, version. What is made is checked
 * by the verifier's own code, so that what would be refused on a device is refused here.
 */
#ifndef SLIPWAY_ROOT_DRAFT_H
#define SLIPWAY_ROOT_DRAFT_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/keys.h"
#include "slipway/root.h"

/* What our tools write; readers accept any of major 0 or 1. */
#define SLW_SPEC_VERSION "1.0.34"

struct slw_root_draft {
    uint32_t version;
    struct slw_expiry expires;
    enum slw_key_class key_class;
    bool consistent_snapshot;
    uint32_t thresholds[SLW_ROLES_COUNT];
    struct slw_root_key keys[SLW_ROOT_KEYS_MAX + 1]; /* one more, so that too many are refused */
    size_t keys_count;
};

/* A root's content, for inspection or for making the next one of it; the memory for its keys. */
struct slw_root_content {
    struct slw_root root;
    struct slw_root_key keys[SLW_ROOT_KEYS_MAX];
};

/* Parses and checks the serialized root metadata; refusals are explained with name in front. */
enum slw_status slw_root_content_read(const char *name, struct slw_bytes serialized,
                                      struct slw_root_content *ret_content,
                                      struct slw_detail *detail);

/* The same without checking what it says: SLW_MALFORMED or SLW_TOO_LARGE only. */
enum slw_status slw_root_content_parse(const char *name, struct slw_bytes serialized,
                                       struct slw_root_content *ret_content,
                                       struct slw_detail *detail);

/*
 * A draft with the content of a root, to be changed. SLW_BAD_ARGUMENT when the root has something
 * that would be lost: fields or kinds of keys that we don't know.
 */
enum slw_status slw_root_draft_from(const char *name, struct slw_bytes serialized,
                                    const struct slw_root_content *content,
                                    struct slw_root_draft *ret_draft, struct slw_detail *detail);

/* Gives a role a key; SLW_BAD_ARGUMENT when it has it already, SLW_TOO_LARGE for too many. */
enum slw_status slw_root_draft_add_key(struct slw_root_draft *draft, enum slw_role role,
                                       const struct slw_public_key *key);

/* Takes a key from a role, and out of the root when no other role has it; SLW_NOT_FOUND. */
enum slw_status slw_root_draft_remove_key(struct slw_root_draft *draft, enum slw_role role,
                                          const uint8_t key_id[static SLW_KEY_ID_SIZE]);

/*
 * The serialized RootMetadata, after checking it as the verifier does, and that its thresholds can
 * be met by what SLW_SIGNATURES_MAX allows; name as above.
 */
enum slw_status slw_root_draft_encode(const struct slw_root_draft *draft, const char *name,
                                      struct slw_heap_buffer *ret_serialized,
                                      struct slw_detail *detail);

#endif
