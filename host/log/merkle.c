/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes of Merkle trees, trees that grow leaf by leaf, and proofs made from stored hashes. The log
 * on disk and the auditor use it; merkle_verify.c is the other half.
 */
#include "merkle_shape.h"

bool slw_merkle_equal(const struct slw_merkle_hash *left, const struct slw_merkle_hash *right)
{
    return memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

/* RFC 6962, 2.1: "The hash of an empty list is the hash of an empty string" */
void slw_merkle_empty(struct slw_merkle_hash *ret_root)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_final(&hash, ret_root->bytes);
}

/* RFC 6962, 2.1: "MTH({d(0)}) = SHA-256(0x00 || d(0))" */
void slw_merkle_leaf(struct slw_bytes entry, struct slw_merkle_hash *ret_hash)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("\0"));
    slw_sha256_update(&hash, entry);
    slw_sha256_final(&hash, ret_hash->bytes);
}

/* RFC 6962, 2.1: "MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n]))" */
void slw_merkle_node(const struct slw_merkle_hash *left, const struct slw_merkle_hash *right,
                     struct slw_merkle_hash *ret_hash)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("\1"));
    slw_sha256_update(&hash, slw_bytes_make(left->bytes, sizeof left->bytes));
    slw_sha256_update(&hash, slw_bytes_make(right->bytes, sizeof right->bytes));
    slw_sha256_final(&hash, ret_hash->bytes);
}

bool slw_merkle_frontier_append(struct slw_merkle_frontier *frontier,
                                const struct slw_merkle_hash *leaf)
{
    if (frontier->size >= SLW_MERKLE_SIZE_MAX) {
        return false;
    }
    struct slw_merkle_hash carried = *leaf;
    unsigned level = 0;
    for (; (frontier->size >> level & 1) != 0; level++) {
        slw_merkle_node(&frontier->full[level], &carried, &carried);
    }
    frontier->full[level] = carried;
    frontier->size++;
    return true;
}

void slw_merkle_frontier_root(const struct slw_merkle_frontier *frontier,
                              struct slw_merkle_hash *ret_root)
{
    bool has_some = false;
    slw_merkle_empty(ret_root);
    for (unsigned level = 0; level < 63; level++) {
        if ((frontier->size >> level & 1) == 0) {
            continue;
        }
        if (has_some) {
            slw_merkle_node(&frontier->full[level], ret_root, ret_root);
        } else {
            *ret_root = frontier->full[level];
            has_some = true;
        }
    }
}

/*
 * The root of the leaves [start, end), where start is a multiple of the smallest power of two that
 * isn't below their number: the full subtrees that the bits of the length name, from the right.
 */
static enum slw_status range_root(const struct slw_merkle_source *source, uint64_t start,
                                  uint64_t end, struct slw_merkle_hash *ret_root)
{
    struct slw_merkle_hash root;
    bool has_some = false;
    for (unsigned level = 0; level < 63; level++) {
        if (((end - start) >> level & 1) == 0) {
            continue;
        }
        struct slw_merkle_hash full;
        uint64_t first = start + ((end - start) >> level << level) - ((uint64_t)1 << level);
        SLW_TRY(source->node(source->context, level, first >> level, &full));
        if (has_some) {
            slw_merkle_node(&full, &root, &root);
        } else {
            root = full;
            has_some = true;
        }
    }
    *ret_root = root;
    return SLW_OK;
}

enum slw_status slw_merkle_root(const struct slw_merkle_source *source, uint64_t size,
                                struct slw_merkle_hash *ret_root)
{
    if (size > SLW_MERKLE_SIZE_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    if (size == 0) {
        slw_merkle_empty(ret_root);
        return SLW_OK;
    }
    return range_root(source, 0, size, ret_root);
}

enum slw_status slw_merkle_subtree_root(const struct slw_merkle_source *source, uint64_t start,
                                        uint64_t end, struct slw_merkle_hash *ret_root)
{
    if (!slw_merkle_is_subtree(start, end) || end > SLW_MERKLE_SIZE_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    return range_root(source, start, end, ret_root);
}

static enum slw_status path_add(struct slw_merkle_path *path,
                                const struct slw_merkle_source *source, uint64_t start,
                                uint64_t end)
{
    if (path->count >= SLW_MERKLE_PATH_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    SLW_TRY(range_root(source, start, end, &path->hashes[path->count]));
    path->count++;
    return SLW_OK;
}

/* Proofs are found from the root down, and are told from the leaf up. */
static void reverse(struct slw_merkle_path *path)
{
    for (size_t i = 0; i < path->count / 2; i++) {
        struct slw_merkle_hash other = path->hashes[path->count - 1 - i];
        path->hashes[path->count - 1 - i] = path->hashes[i];
        path->hashes[i] = other;
    }
}

/*
 * RFC 6962, 2.1.1: "PATH(m, D[n]) = PATH(m, D[0:k]) : MTH(D[k:n]) for m < k; and PATH(m, D[n]) =
 * PATH(m - k, D[k:n]) : MTH(D[0:k]) for m >= k"
 */
enum slw_status slw_merkle_prove_inclusion(const struct slw_merkle_source *source, uint64_t index,
                                           uint64_t size, struct slw_merkle_path *ret_path)
{
    if (index >= size || size > SLW_MERKLE_SIZE_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    struct slw_merkle_path path = {.count = 0};
    uint64_t start = 0;
    uint64_t end = size;
    while (end - start > 1) {
        uint64_t middle = start + slw_merkle_split(end - start);
        if (index < middle) {
            SLW_TRY(path_add(&path, source, middle, end));
            end = middle;
        } else {
            SLW_TRY(path_add(&path, source, start, middle));
            start = middle;
        }
    }
    reverse(&path);
    *ret_path = path;
    return SLW_OK;
}

/*
 * The draft's SUBTREE_SUBPROOF(start, end, D[n], b), which is RFC 6962's SUBPROOF(m, D[n], b) when
 * start is 0: down the tree to where [start, end) is a whole node; "b" is whether the verifier has
 * that node's hash already.
 */
enum slw_status slw_merkle_prove_subtree_consistency(const struct slw_merkle_source *source,
                                                     uint64_t start, uint64_t end, uint64_t size,
                                                     struct slw_merkle_path *ret_path)
{
    if (!slw_merkle_is_subtree(start, end) || end > size || size > SLW_MERKLE_SIZE_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    struct slw_merkle_path path = {.count = 0};
    uint64_t low = 0; /* the node that is being looked into: [low, high) */
    uint64_t high = size;
    bool is_known = true;
    while (low != start || high != end) {
        uint64_t middle = low + slw_merkle_split(high - low);
        if (end <= middle) {
            SLW_TRY(path_add(&path, source, middle, high));
            high = middle;
        } else if (start >= middle) {
            SLW_TRY(path_add(&path, source, low, middle));
            low = middle;
        } else { /* start is low: what is left of it is a whole node, the rest goes on */
            SLW_TRY(path_add(&path, source, low, middle));
            low = middle;
            start = middle;
            is_known = false;
        }
    }
    if (!is_known) {
        SLW_TRY(path_add(&path, source, low, high));
    }
    reverse(&path);
    *ret_path = path;
    return SLW_OK;
}

/* RFC 6962, 2.1.2: "PROOF(m, D[n]) = SUBPROOF(m, D[n], true)" */
enum slw_status slw_merkle_prove_consistency(const struct slw_merkle_source *source,
                                             uint64_t old_size, uint64_t new_size,
                                             struct slw_merkle_path *ret_path)
{
    if (old_size > new_size || new_size > SLW_MERKLE_SIZE_MAX) {
        return SLW_BAD_ARGUMENT;
    }
    if (old_size == 0) {
        ret_path->count = 0;
        return SLW_OK;
    }
    return slw_merkle_prove_subtree_consistency(source, 0, old_size, new_size, ret_path);
}
