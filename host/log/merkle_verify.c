/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether proofs of Merkle trees hold, by the algorithms of RFC 9162 (2.1.3.2, 2.1.4.2) and of
 * draft-ietf-plants-merkle-tree-certs (4.3.2, 4.4.2). Auditors, witnesses and the log itself, which
 * verifies what it read from its disk, call this with what anybody may have sent.
 */
#include "merkle_shape.h"

bool slw_merkle_is_subtree(uint64_t start, uint64_t end)
{
    if (start >= end || end > SLW_MERKLE_SIZE_MAX) {
        return false;
    }
    uint64_t width = 1;
    while (width < end - start) {
        width *= 2;
    }
    return start % width == 0;
}

/* Where a proof stands: the numbers of a node on the way up and of the tree's last one beside it.
 */
struct climb {
    uint64_t node;
    uint64_t last;
};

/* "right-shift both fn and sn equally until either LSB(fn) is set or fn is 0" */
static void shift_to_set_bit(struct climb *climb)
{
    while (climb->node % 2 == 0 && climb->node != 0) {
        climb->node >>= 1;
        climb->last >>= 1;
    }
}

enum slw_status slw_merkle_verify_inclusion(uint64_t index, uint64_t size,
                                            const struct slw_merkle_hash *leaf,
                                            const struct slw_merkle_path *path,
                                            const struct slw_merkle_hash *root)
{
    /* "Compare leaf_index ... against tree_size. If leaf_index is greater than or equal to
     * tree_size, then stop the iteration and fail the proof verification." */
    if (index >= size || size > SLW_MERKLE_SIZE_MAX || path->count > SLW_MERKLE_PATH_MAX) {
        return SLW_BAD_PROOF;
    }
    struct climb climb = {index, size - 1};
    struct slw_merkle_hash hash = *leaf;
    for (size_t i = 0; i < path->count; i++) {
        /* "If sn is 0, then stop the iteration and fail the proof verification." */
        if (climb.last == 0) {
            return SLW_BAD_PROOF;
        }
        if (climb.node % 2 == 1 || climb.node == climb.last) {
            slw_merkle_node(&path->hashes[i], &hash, &hash);
            shift_to_set_bit(&climb);
        } else {
            slw_merkle_node(&hash, &path->hashes[i], &hash);
        }
        climb.node >>= 1;
        climb.last >>= 1;
    }
    /* "Compare sn to 0. Compare r against the root_hash. If sn is equal to 0 and r and the
     * root_hash are equal, then the log has proven the inclusion" */
    return climb.last == 0 && slw_merkle_equal(&hash, root) ? SLW_OK : SLW_BAD_PROOF;
}

enum slw_status slw_merkle_verify_subtree_inclusion(uint64_t index, uint64_t start, uint64_t end,
                                                    const struct slw_merkle_hash *leaf,
                                                    const struct slw_merkle_path *path,
                                                    const struct slw_merkle_hash *subtree_root)
{
    if (!slw_merkle_is_subtree(start, end) || index < start) {
        return SLW_BAD_PROOF;
    }
    return slw_merkle_verify_inclusion(index - start, end - start, leaf, path, subtree_root);
}

/* The subtree's first and last leaf and the tree's last one, as numbers of nodes on the way up. */
struct subtree_climb {
    uint64_t first;
    uint64_t last;
    uint64_t tree_last;
};

static void shift(struct subtree_climb *climb)
{
    climb->first >>= 1;
    climb->last >>= 1;
    climb->tree_last >>= 1;
}

/* Up to the largest node that ends where the subtree ends and lies in it. */
static void shift_to_start(struct subtree_climb *climb)
{
    if (climb->last == climb->tree_last) {
        while (climb->first != climb->last) {
            shift(climb);
        }
        return;
    }
    while (climb->first != climb->last && climb->last % 2 == 1) {
        shift(climb);
    }
}

/* One hash of the proof, on the way to the subtree's root and to the tree's. */
static void climb_one(struct subtree_climb *climb, const struct slw_merkle_hash *step,
                      struct slw_merkle_hash *subtree, struct slw_merkle_hash *tree)
{
    if (climb->last % 2 == 1 || climb->last == climb->tree_last) {
        if (climb->first < climb->last) {
            slw_merkle_node(step, subtree, subtree);
        }
        slw_merkle_node(step, tree, tree);
        while (climb->last % 2 == 0 && climb->last != 0) {
            shift(climb);
        }
    } else {
        slw_merkle_node(tree, step, tree);
    }
    shift(climb);
}

enum slw_status slw_merkle_verify_subtree_consistency(uint64_t start, uint64_t end, uint64_t size,
                                                      const struct slw_merkle_hash *subtree_root,
                                                      const struct slw_merkle_hash *root,
                                                      const struct slw_merkle_path *path)
{
    if (end > size || size > SLW_MERKLE_SIZE_MAX || path->count > SLW_MERKLE_PATH_MAX) {
        return SLW_BAD_PROOF;
    }
    if (start == end) { /* no leaves, which are in every tree */
        struct slw_merkle_hash empty;
        slw_merkle_empty(&empty);
        return path->count == 0 && slw_merkle_equal(subtree_root, &empty) ? SLW_OK : SLW_BAD_PROOF;
    }
    if (!slw_merkle_is_subtree(start, end)) {
        return SLW_BAD_PROOF;
    }
    struct subtree_climb climb = {start, end - 1, size - 1};
    struct slw_merkle_hash subtree = *subtree_root;
    size_t at = 0;
    shift_to_start(&climb);
    if (climb.first !=
        climb.last) { /* its root isn't a node of the tree: the proof starts inside */
        if (path->count == 0) {
            return SLW_BAD_PROOF;
        }
        subtree = path->hashes[at++];
    }
    struct slw_merkle_hash tree = subtree;
    for (; at < path->count; at++) {
        if (climb.tree_last == 0) {
            return SLW_BAD_PROOF;
        }
        climb_one(&climb, &path->hashes[at], &subtree, &tree);
    }
    bool holds = climb.tree_last == 0 && slw_merkle_equal(&subtree, subtree_root) &&
                 slw_merkle_equal(&tree, root);
    return holds ? SLW_OK : SLW_BAD_PROOF;
}

enum slw_status slw_merkle_verify_consistency(uint64_t old_size, uint64_t new_size,
                                              const struct slw_merkle_hash *old_root,
                                              const struct slw_merkle_hash *new_root,
                                              const struct slw_merkle_path *path)
{
    if (old_size == 0) {
        return SLW_BAD_PROOF;
    }
    return slw_merkle_verify_subtree_consistency(0, old_size, new_size, old_root, new_root, path);
}
