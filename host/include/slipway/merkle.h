/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merkle trees as RFC 6962 (section 2.1) has them: hashes, roots that grow leaf by leaf, proofs
 * that a leaf is in a tree and that a tree continues another one, made and verified. And the same
 * for subtrees [start, end) of a tree (draft-ietf-plants-merkle-tree-certs, section 4).
 *
 * Everything is over SHA-256 and 64-bit counts below 2^63; nothing allocates.
 *
 *     struct slw_merkle_frontier tree = {0};
 *     slw_merkle_leaf(entry, hash);
 *     slw_merkle_frontier_append(&tree, hash);
 *     slw_merkle_frontier_root(&tree, root);
 */
#ifndef SLIPWAY_MERKLE_H
#define SLIPWAY_MERKLE_H

#include "slipway/crypto.h"

#define SLW_MERKLE_PATH_MAX 64u /* hashes of any proof of a tree below SLW_MERKLE_SIZE_MAX */
#define SLW_MERKLE_SIZE_MAX ((uint64_t)1 << 62)

struct slw_merkle_hash {
    uint8_t bytes[SLW_SHA256_SIZE];
};

/* A proof: hashes in the order of RFC 6962, from the leaf's side on. */
struct slw_merkle_path {
    size_t count;
    struct slw_merkle_hash hashes[SLW_MERKLE_PATH_MAX];
};

bool slw_merkle_equal(const struct slw_merkle_hash *left, const struct slw_merkle_hash *right);

/* SHA-256 of nothing: the root of no leaves. */
void slw_merkle_empty(struct slw_merkle_hash *ret_root);
/* SHA-256(0x00 ‖ entry) */
void slw_merkle_leaf(struct slw_bytes entry, struct slw_merkle_hash *ret_hash);
/* SHA-256(0x01 ‖ left ‖ right); ret_hash may be one of them. */
void slw_merkle_node(const struct slw_merkle_hash *left, const struct slw_merkle_hash *right,
                     struct slw_merkle_hash *ret_hash);

/*
 * A tree that grows: the roots of its full subtrees, one for each bit of its size. Start with {0};
 * copyable.
 */
struct slw_merkle_frontier {
    uint64_t size;
    struct slw_merkle_hash full[63]; /* [i]: of 2^i leaves, there when bit i of size is set */
};

/* Costs one hash on average. False, and nothing changed, at SLW_MERKLE_SIZE_MAX leaves. */
SLW_MUST_USE bool slw_merkle_frontier_append(struct slw_merkle_frontier *frontier,
                                             const struct slw_merkle_hash *leaf);
void slw_merkle_frontier_root(const struct slw_merkle_frontier *frontier,
                              struct slw_merkle_hash *ret_root);

/* --- Verifying: SLW_OK, or SLW_BAD_PROOF for whatever is wrong --- */

SLW_MUST_USE enum slw_status slw_merkle_verify_inclusion(uint64_t index, uint64_t size,
                                                         const struct slw_merkle_hash *leaf,
                                                         const struct slw_merkle_path *path,
                                                         const struct slw_merkle_hash *root);

/* That the tree of new_size begins with the one of old_size. From no leaves there is nothing to
 * prove, and it is refused: every tree continues that one. */
SLW_MUST_USE enum slw_status slw_merkle_verify_consistency(uint64_t old_size, uint64_t new_size,
                                                           const struct slw_merkle_hash *old_root,
                                                           const struct slw_merkle_hash *new_root,
                                                           const struct slw_merkle_path *path);

/* Whether [start, end) is a subtree: not empty, start a multiple of the smallest power of two that
 * isn't below its length. */
bool slw_merkle_is_subtree(uint64_t start, uint64_t end);

/* index counts from the tree's first leaf, not the subtree's. */
SLW_MUST_USE enum slw_status slw_merkle_verify_subtree_inclusion(
    uint64_t index, uint64_t start, uint64_t end, const struct slw_merkle_hash *leaf,
    const struct slw_merkle_path *path, const struct slw_merkle_hash *subtree_root);

/* That the tree of size leaves has this subtree; one of no leaves, start being end, is in all. */
SLW_MUST_USE enum slw_status slw_merkle_verify_subtree_consistency(
    uint64_t start, uint64_t end, uint64_t size, const struct slw_merkle_hash *subtree_root,
    const struct slw_merkle_hash *root, const struct slw_merkle_path *path);

/* --- Making --- */

/*
 * Where hashes come from: the root of the full subtree of 2^level leaves whose first leaf is
 * index * 2^level. Is asked for nothing that doesn't lie in the tree.
 */
struct slw_merkle_source {
    void *context;
    enum slw_status (*node)(void *context, unsigned level, uint64_t index,
                            struct slw_merkle_hash *ret_hash);
};

/* Each returns what the source returned when that failed; SLW_BAD_ARGUMENT for counts that don't
 * fit each other. */
SLW_MUST_USE enum slw_status slw_merkle_root(const struct slw_merkle_source *source, uint64_t size,
                                             struct slw_merkle_hash *ret_root);
SLW_MUST_USE enum slw_status slw_merkle_prove_inclusion(const struct slw_merkle_source *source,
                                                        uint64_t index, uint64_t size,
                                                        struct slw_merkle_path *ret_path);
SLW_MUST_USE enum slw_status slw_merkle_prove_consistency(const struct slw_merkle_source *source,
                                                          uint64_t old_size, uint64_t new_size,
                                                          struct slw_merkle_path *ret_path);
SLW_MUST_USE enum slw_status slw_merkle_subtree_root(const struct slw_merkle_source *source,
                                                     uint64_t start, uint64_t end,
                                                     struct slw_merkle_hash *ret_root);
SLW_MUST_USE enum slw_status
slw_merkle_prove_subtree_consistency(const struct slw_merkle_source *source, uint64_t start,
                                     uint64_t end, uint64_t size, struct slw_merkle_path *ret_path);

#endif
