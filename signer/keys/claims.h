/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who staged a digest, and how long each says that its bytes are. Nobody can tell which of them is
 * right before the bytes are there: what is true is what has the digest. Kept by the book for each
 * digest, read by staging.c.
 */
#ifndef SIGNER_KEYS_CLAIMS_H
#define SIGNER_KEYS_CLAIMS_H

#include "slipway/policy.h"

struct slw_claim {
    char who[SLW_POLICY_NAME_SIZE_MAX + 1]; /* "": a log of former versions doesn't say */
    uint64_t length;
    int64_t staged_utc_s; /* when it was taken */
};

/* Each name once; whoever said something last stands last. */
struct slw_claims {
    struct slw_claim *list;
    size_t count;
};

/* What somebody says now replaces what they said before. who has at most SLW_POLICY_NAME_SIZE_MAX
 * bytes. False: no memory, and nothing is changed. */
SLW_MUST_USE bool slw_claims_put(struct slw_claims *claims, struct slw_bytes who, uint64_t length,
                                 int64_t staged_utc_s);
void slw_claims_free(struct slw_claims *claims);

/* 0 when there are none. */
uint64_t slw_claims_longest(const struct slw_claims *claims);
uint64_t slw_claims_shortest(const struct slw_claims *claims);

#endif
