/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed metadata while it is being made: the bytes that are signed, and the signatures so far.
 * Signers on different machines add theirs one after the other.
 *
 * A detached signature is the same message without the signed bytes: field 2 alone, once for each
 * signature (spec/SPEC.md, section 2.2).
 */
#ifndef SLIPWAY_SIGNED_DRAFT_H
#define SLIPWAY_SIGNED_DRAFT_H

#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/keys.h"
#include "slipway/tuf.h"

struct slw_draft_signature {
    bool own; /* key_id and sig are in the memory below, else in the bytes that were parsed */
    struct slw_bytes parsed_key_id;
    struct slw_bytes parsed_sig;
    uint8_t own_key_id[SLW_SHA256_SIZE];
    uint8_t own_sig[SLW_SIGNATURE_SIZE];
};

struct slw_signed_draft {
    struct slw_bytes serialized; /* lives as long as the bytes that were parsed, or given */
    struct slw_draft_signature signatures[SLW_SIGNATURES_MAX];
    size_t count;
};

/* SLW_MALFORMED, or SLW_TOO_LARGE for more than 32 signatures. name is what details call it. */
enum slw_status slw_signed_draft_parse(const char *name, struct slw_bytes message,
                                       struct slw_signed_draft *ret_draft,
                                       struct slw_detail *detail);

static inline struct slw_bytes slw_draft_signature_key_id(const struct slw_draft_signature *entry)
{
    return entry->own ? slw_bytes_make(entry->own_key_id, sizeof entry->own_key_id)
                      : entry->parsed_key_id;
}

static inline struct slw_bytes slw_draft_signature_sig(const struct slw_draft_signature *entry)
{
    return entry->own ? slw_bytes_make(entry->own_sig, sizeof entry->own_sig) : entry->parsed_sig;
}

/* Adds a signature, or replaces the one by the same key. SLW_TOO_LARGE for the 33rd. */
enum slw_status slw_signed_draft_set(struct slw_signed_draft *draft,
                                     const uint8_t key_id[static SLW_SHA256_SIZE],
                                     const uint8_t sig[static SLW_SIGNATURE_SIZE],
                                     struct slw_detail *detail);

/* Signs the serialized bytes with key, and adds that. */
enum slw_status slw_signed_draft_sign(struct slw_signed_draft *draft,
                                      const struct slw_private_key *key, struct slw_detail *detail);

/* SLW_OK when the entry is key's signature over the serialized bytes; SLW_BAD_SIGNATURE. */
enum slw_status slw_signed_draft_verify(const struct slw_signed_draft *draft,
                                        const struct slw_draft_signature *entry,
                                        enum slw_key_type type,
                                        const uint8_t value[static SLW_P256_KEY_SIZE]);

enum slw_status slw_signed_draft_encode(const struct slw_signed_draft *draft,
                                        struct slw_heap_buffer *ret_message,
                                        struct slw_detail *detail);

#endif
