/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merkle trees: roots against the definition, every proof of every small tree made and verified,
 * and every way of falsifying one refused.
 */
#include "test_tree.h"

#include "tap.h"

#define TREE_MAX 40u

static void has_the_roots_of_rfc_6962(void)
{
    static const uint8_t empty[] = {
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
        0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
        0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
    };
    struct slw_merkle_frontier tree = {0};
    struct slw_merkle_hash root;
    slw_merkle_frontier_root(&tree, &root);
    TAP_EQUAL_BYTES(root.bytes, empty, sizeof empty);
    for (uint64_t size = 1; size <= 200; size++) {
        struct slw_merkle_hash leaf;
        struct slw_merkle_hash expected;
        test_tree_leaf(size - 1, &leaf);
        TAP_CHECK(slw_merkle_frontier_append(&tree, &leaf));
        slw_merkle_frontier_root(&tree, &root);
        test_tree_root(0, size, &expected);
        TAP_CHECK(slw_merkle_equal(&root, &expected));
        struct slw_merkle_source source = test_tree_source(&size);
        TAP_EQUAL_INT(slw_merkle_root(&source, size, &root), SLW_OK);
        TAP_CHECK(slw_merkle_equal(&root, &expected));
    }
}

static void tells_a_leaf_from_a_node(void)
{
    struct slw_merkle_hash parts[2];
    struct slw_merkle_hash node;
    struct slw_merkle_hash leaf;
    test_tree_leaf(0, &parts[0]);
    test_tree_leaf(1, &parts[1]);
    slw_merkle_node(&parts[0], &parts[1], &node);
    slw_merkle_leaf(slw_bytes_make(parts, sizeof parts), &leaf);
    TAP_CHECK(!slw_merkle_equal(&node, &leaf));
}

/* Each single change of a proof that holds must be refused. */
static void refuse_changed_inclusion(uint64_t index, uint64_t size,
                                     const struct slw_merkle_hash *leaf,
                                     const struct slw_merkle_path *path,
                                     const struct slw_merkle_hash *root)
{
    struct slw_merkle_path changed = *path;
    for (size_t i = 0; i < path->count; i++) {
        changed.hashes[i].bytes[i % SLW_SHA256_SIZE] ^= 1;
        TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, leaf, &changed, root),
                      SLW_BAD_PROOF);
        changed = *path;
    }
    changed.hashes[changed.count++] = *root;
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, leaf, &changed, root), SLW_BAD_PROOF);
    if (path->count > 0) {
        changed.count = path->count - 1;
        TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, leaf, &changed, root),
                      SLW_BAD_PROOF);
    }
    struct slw_merkle_hash other = *leaf;
    other.bytes[31] ^= 0x80;
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, &other, path, root), SLW_BAD_PROOF);
    other = *root;
    other.bytes[0] ^= 1;
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, leaf, path, &other), SLW_BAD_PROOF);
    for (uint64_t claimed = 0; claimed < size; claimed++) {
        bool is_it = slw_merkle_verify_inclusion(claimed, size, leaf, path, root) == SLW_OK;
        TAP_EQUAL_INT(is_it, claimed == index);
    }
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(size, size, leaf, path, root), SLW_BAD_PROOF);
}

static void proves_inclusion_of_every_leaf_and_nothing_else(void)
{
    for (uint64_t size = 1; size <= TREE_MAX; size++) {
        struct slw_merkle_source source = test_tree_source(&size);
        struct slw_merkle_hash root;
        test_tree_root(0, size, &root);
        for (uint64_t index = 0; index < size; index++) {
            struct slw_merkle_path path;
            struct slw_merkle_hash leaf;
            test_tree_leaf(index, &leaf);
            TAP_EQUAL_INT(slw_merkle_prove_inclusion(&source, index, size, &path), SLW_OK);
            TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, &leaf, &path, &root), SLW_OK);
            refuse_changed_inclusion(index, size, &leaf, &path, &root);
        }
    }
}

static void refuse_changed_consistency(uint64_t start, uint64_t end, uint64_t size,
                                       const struct slw_merkle_hash *part,
                                       const struct slw_merkle_hash *root,
                                       const struct slw_merkle_path *path)
{
    struct slw_merkle_path changed = *path;
    for (size_t i = 0; i < path->count; i++) {
        changed.hashes[i].bytes[i % SLW_SHA256_SIZE] ^= 0x10;
        TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, end, size, part, root, &changed),
                      SLW_BAD_PROOF);
        changed = *path;
    }
    changed.hashes[changed.count++] = *root;
    TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, end, size, part, root, &changed),
                  SLW_BAD_PROOF);
    if (path->count > 0) {
        changed.count = path->count - 1;
        TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, end, size, part, root, &changed),
                      SLW_BAD_PROOF);
    }
    struct slw_merkle_hash other = *part;
    other.bytes[7] ^= 1;
    TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, end, size, &other, root, path),
                  SLW_BAD_PROOF);
    other = *root;
    other.bytes[7] ^= 1;
    TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, end, size, part, &other, path),
                  SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_subtree_consistency(start, size + 1, size, part, root, path),
                  SLW_BAD_PROOF);
}

static void proves_that_every_tree_continues_every_smaller_one(void)
{
    for (uint64_t size = 1; size <= TREE_MAX; size++) {
        struct slw_merkle_source source = test_tree_source(&size);
        struct slw_merkle_hash root;
        test_tree_root(0, size, &root);
        for (uint64_t old = 1; old <= size; old++) {
            struct slw_merkle_path path;
            struct slw_merkle_hash old_root;
            test_tree_root(0, old, &old_root);
            TAP_EQUAL_INT(slw_merkle_prove_consistency(&source, old, size, &path), SLW_OK);
            TAP_EQUAL_INT(slw_merkle_verify_consistency(old, size, &old_root, &root, &path),
                          SLW_OK);
            refuse_changed_consistency(0, old, size, &old_root, &root, &path);
        }
    }
}

static void proves_every_subtree(void)
{
    for (uint64_t size = 1; size <= TREE_MAX; size++) {
        struct slw_merkle_source source = test_tree_source(&size);
        struct slw_merkle_hash root;
        test_tree_root(0, size, &root);
        for (uint64_t start = 0; start < size; start++) {
            for (uint64_t end = start + 1; end <= size; end++) {
                struct slw_merkle_path path;
                struct slw_merkle_hash part;
                struct slw_merkle_hash expected;
                if (!slw_merkle_is_subtree(start, end)) {
                    TAP_EQUAL_INT(slw_merkle_subtree_root(&source, start, end, &part),
                                  SLW_BAD_ARGUMENT);
                    continue;
                }
                test_tree_root(start, end, &expected);
                TAP_EQUAL_INT(slw_merkle_subtree_root(&source, start, end, &part), SLW_OK);
                TAP_CHECK(slw_merkle_equal(&part, &expected));
                TAP_EQUAL_INT(
                    slw_merkle_prove_subtree_consistency(&source, start, end, size, &path), SLW_OK);
                TAP_EQUAL_INT(
                    slw_merkle_verify_subtree_consistency(start, end, size, &part, &root, &path),
                    SLW_OK);
                refuse_changed_consistency(start, end, size, &part, &root, &path);
            }
        }
    }
}

static void refuses_what_is_no_tree(void)
{
    struct slw_merkle_path path = {.count = 0};
    struct slw_merkle_hash leaf;
    uint64_t size = 4;
    struct slw_merkle_source source = test_tree_source(&size);
    test_tree_leaf(0, &leaf);
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(0, 0, &leaf, &path, &leaf), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(0, UINT64_MAX, &leaf, &path, &leaf), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(UINT64_MAX, 1, &leaf, &path, &leaf), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_consistency(0, 1, &leaf, &leaf, &path), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_consistency(2, 1, &leaf, &leaf, &path), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_consistency(1, UINT64_MAX, &leaf, &leaf, &path), SLW_BAD_PROOF);
    path.count = SLW_MERKLE_PATH_MAX + 1;
    TAP_EQUAL_INT(slw_merkle_verify_inclusion(0, 4, &leaf, &path, &leaf), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_verify_consistency(1, 4, &leaf, &leaf, &path), SLW_BAD_PROOF);
    TAP_EQUAL_INT(slw_merkle_prove_inclusion(&source, 4, 4, &path), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_merkle_prove_consistency(&source, 5, 4, &path), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_merkle_root(&source, UINT64_MAX, &leaf), SLW_BAD_ARGUMENT);
    TAP_CHECK(!slw_merkle_is_subtree(0, 0));
    TAP_CHECK(!slw_merkle_is_subtree(1, 3));
    TAP_CHECK(!slw_merkle_is_subtree(0, UINT64_MAX));
    struct slw_merkle_frontier full = {.size = SLW_MERKLE_SIZE_MAX};
    TAP_CHECK(!slw_merkle_frontier_append(&full, &leaf));
    TAP_CHECK(full.size == SLW_MERKLE_SIZE_MAX);
}

static void returns_what_its_source_returned(void)
{
    uint64_t told = 3; /* of a tree that should have 8 */
    struct slw_merkle_source source = test_tree_source(&told);
    struct slw_merkle_path path = {.count = 77};
    struct slw_merkle_hash root;
    TAP_EQUAL_INT(slw_merkle_root(&source, 8, &root), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_merkle_prove_inclusion(&source, 0, 8, &path), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_merkle_prove_consistency(&source, 3, 8, &path), SLW_NOT_FOUND);
    TAP_EQUAL_INT(path.count, 77);
}

int main(void)
{
    TAP_RUN(has_the_roots_of_rfc_6962);
    TAP_RUN(tells_a_leaf_from_a_node);
    TAP_RUN(proves_inclusion_of_every_leaf_and_nothing_else);
    TAP_RUN(proves_that_every_tree_continues_every_smaller_one);
    TAP_RUN(proves_every_subtree);
    TAP_RUN(refuses_what_is_no_tree);
    TAP_RUN(returns_what_its_source_returned);
    return tap_finish();
}
