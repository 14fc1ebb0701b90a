/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of host/ceremony share. Private to this folder. */
#ifndef SLIPWAY_CEREMONY_INTERNAL_H
#define SLIPWAY_CEREMONY_INTERNAL_H

#include "slipway/ceremony.h"

#include "slipway/dsse.h"
#include "slipway/statement.h"

#include "../attest/fields.h"

#include <stdio.h>

#define SLW_CEREMONY_SIGNATURE_MAX 256u /* bytes in hexadecimal: 64 in bundles, DER in JSON */

/* A signature over what was made, as an entry has it. */
struct slw_ceremony_signature {
    struct slw_public_key key;
    char hex[SLW_CEREMONY_SIGNATURE_MAX + 1];
};

struct slw_ceremony {
    struct slw_heap_buffer plan_text;
    struct slw_json_document plan_json;
    struct slw_ceremony_plan plan;
    uint8_t plan_sha256[SLW_SHA256_SIZE];
    struct slw_heap_buffer former; /* the file */
    bool is_unmade;                /* the former root isn't at hand, so nothing can be made */

    struct slw_ceremony_step steps[SLW_CEREMONY_STEPS_MAX];
    size_t steps_count;
    size_t done;
    uint8_t last_sha256[SLW_SHA256_SIZE];
    int64_t last_utc_s;

    struct slw_public_key new_keys[SLW_CEREMONY_KEYS_MAX];
    size_t new_keys_count;
    struct slw_heap_buffer made; /* what is signed, once all new keys are there */
    uint8_t made_sha256[SLW_SHA256_SIZE];
    struct slw_ceremony_signature signatures[2 * SLW_CEREMONY_KEYS_MAX];
    size_t signatures_count;
    struct slw_heap_buffer entries; /* their texts, joined by commas: for the last one */
};

void slw_ceremony_hash(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE]);

/* ceremony.c: the same as slw_ceremony_open() without the former root that the plan may name. */
enum slw_status slw_ceremony_open_unmade(struct slw_bytes plan_text,
                                         struct slw_ceremony **ret_ceremony,
                                         struct slw_detail *detail);

/* plan.c: reads and checks; views are of the document. */
enum slw_status slw_ceremony_plan_read(const struct slw_json_document *json,
                                       struct slw_ceremony_plan *ret_plan,
                                       struct slw_detail *detail);

/* ceremony.c: makes what is signed, once all new keys are there; by format bundle_root.c and
 * repository_root.c. */
enum slw_status slw_ceremony_make(struct slw_ceremony *ceremony, struct slw_detail *detail);

/* How a format does it. */
struct slw_ceremony_maker {
    /* Appends what is signed, checked as clients check it. */
    enum slw_status (*make)(const struct slw_ceremony *ceremony, struct slw_heap_buffer *ret_made,
                            struct slw_detail *detail);
    /* Whether the former root is one, and the plan's signers are among its root keys. */
    enum slw_status (*check_former)(const struct slw_ceremony *ceremony, struct slw_detail *detail);
    /* Appends a signature over what was made, in hexadecimal. */
    enum slw_status (*sign)(const struct slw_ceremony *ceremony, const struct slw_private_key *key,
                            struct slw_heap_buffer *ret_hex, struct slw_detail *detail);
    enum slw_status (*verify)(const struct slw_ceremony *ceremony, const struct slw_public_key *key,
                              struct slw_bytes hex);
    /* Appends the file with all signatures. */
    enum slw_status (*assemble)(const struct slw_ceremony *ceremony,
                                struct slw_heap_buffer *ret_file, struct slw_detail *detail);
    /* Appends what the root says, in words. */
    void (*describe)(const struct slw_ceremony *ceremony, struct slw_heap_buffer *ret_text);
};

extern const struct slw_ceremony_maker slw_ceremony_bundle_maker;
extern const struct slw_ceremony_maker slw_ceremony_repository_maker;

static inline const struct slw_ceremony_maker *
slw_ceremony_maker(const struct slw_ceremony *ceremony)
{
    return ceremony->plan.format == SLW_CEREMONY_BUNDLE ? &slw_ceremony_bundle_maker
                                                        : &slw_ceremony_repository_maker;
}

/* Whether the former root's keys have to vouch for this one. */
static inline bool slw_ceremony_follows(const struct slw_ceremony_plan *plan)
{
    return plan->kind == SLW_CEREMONY_ROTATION || plan->kind == SLW_CEREMONY_REVOCATION;
}

/* describe.c: appends ", of NAME" for a key that is in this ceremony. */
void slw_ceremony_describe_holder(const struct slw_ceremony *ceremony,
                                  const struct slw_public_key *key, struct slw_heap_buffer *text);

static inline bool slw_ceremony_same_key(const struct slw_public_key *left,
                                         const struct slw_public_key *right)
{
    return memcmp(left->id, right->id, sizeof left->id) == 0;
}

#endif
