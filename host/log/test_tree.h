/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees for tests, computed as RFC 6962 defines them and in no other way: by recursion over all
 * leaves, whose entries are their numbers in four bytes, big endian. Included by the tests of
 * host/log, where it judges what is computed in cleverer ways.
 */
#ifndef SLIPWAY_TEST_TREE_H
#define SLIPWAY_TEST_TREE_H

#include "slipway/merkle.h"

static inline void test_tree_leaf(uint64_t index, struct slw_merkle_hash *ret_hash)
{
    const uint8_t entry[4] = {(uint8_t)(index >> 24), (uint8_t)(index >> 16), (uint8_t)(index >> 8),
                              (uint8_t)index};
    slw_merkle_leaf(slw_bytes_make(entry, sizeof entry), ret_hash);
}

/* MTH(D[start:end]) */
static inline void test_tree_root(uint64_t start, uint64_t end, struct slw_merkle_hash *ret_root)
{
    if (start == end) {
        slw_merkle_empty(ret_root);
        return;
    }
    if (end - start == 1) {
        test_tree_leaf(start, ret_root);
        return;
    }
    uint64_t split = 1;
    while (split * 2 < end - start) {
        split *= 2;
    }
    struct slw_merkle_hash left;
    struct slw_merkle_hash right;
    test_tree_root(start, start + split, &left);
    test_tree_root(start + split, end, &right);
    slw_merkle_node(&left, &right, ret_root);
}

static inline enum slw_status test_tree_node(void *context, unsigned level, uint64_t index,
                                             struct slw_merkle_hash *ret_hash)
{
    const uint64_t *size = context;
    if ((index + 1) << level > *size) {
        return SLW_NOT_FOUND; /* outside the tree: nobody may ask */
    }
    test_tree_root(index << level, (index + 1) << level, ret_hash);
    return SLW_OK;
}

/* A source of size leaves. */
static inline struct slw_merkle_source test_tree_source(uint64_t *size)
{
    return (struct slw_merkle_source){size, test_tree_node};
}

#endif
