/* SPDX-License-Identifier: Apache-2.0 */
/* How the trees of RFC 6962 are divided: for what makes proofs and what verifies them. */
#ifndef SLIPWAY_MERKLE_SHAPE_H
#define SLIPWAY_MERKLE_SHAPE_H

#include "slipway/merkle.h"

/* RFC 6962, 2.1: "let k be the largest power of two smaller than n"; n is above 1. */
static inline uint64_t slw_merkle_split(uint64_t size)
{
    uint64_t split = 1;
    while (split < size - split) {
        split *= 2;
    }
    return split;
}

#endif
