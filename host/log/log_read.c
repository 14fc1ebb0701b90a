/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a log: its size and root, proofs, and leaves. Everything that comes from the disk is
 * verified against the root in memory before it is handed out, so that somebody who changed a file
 * while the log is open is found then.
 */
#include "log_state.h"

uint64_t slw_log_size(const struct slw_log *log)
{
    return slw_log_edge_size(&log->edge);
}

void slw_log_root(const struct slw_log *log, struct slw_merkle_hash *ret_root)
{
    slw_merkle_frontier_root(&log->edge.frontier, ret_root);
}

struct slw_bytes slw_log_checkpoint(const struct slw_log *log)
{
    return slw_heap_bytes(&log->checkpoint);
}

uint64_t slw_log_next_index(const struct slw_log *log)
{
    return slw_log_size(log) + log->committing_count + log->pending_count;
}

size_t slw_log_pending_count(const struct slw_log *log)
{
    return log->pending_count;
}

static enum slw_status root_at(struct slw_log_hashes *hashes,
                               const struct slw_merkle_source *source, uint64_t size,
                               struct slw_merkle_hash *ret_root)
{
    struct slw_log *log = hashes->log;
    struct slw_merkle_path path;
    struct slw_merkle_hash now;
    struct slw_merkle_hash root;
    slw_log_root(log, &now);
    if (size == slw_log_size(log) || size == 0) {
        return slw_merkle_root(source, size, ret_root);
    }
    SLW_TRY(slw_merkle_root(source, size, &root));
    SLW_TRY(slw_merkle_prove_consistency(source, size, slw_log_size(log), &path));
    if (slw_merkle_verify_consistency(size, slw_log_size(log), &root, &now, &path) != SLW_OK) {
        return slw_log_damaged(log, hashes->detail, "its tiles aren't what was committed");
    }
    *ret_root = root;
    return SLW_OK;
}

static enum slw_status check_size(const struct slw_log *log, uint64_t size,
                                  struct slw_detail *detail)
{
    return size <= slw_log_size(log)
               ? SLW_OK
               : slw_explain(detail, SLW_NOT_FOUND, "the log has no %llu entries",
                             (unsigned long long)size);
}

enum slw_status slw_log_root_at(struct slw_log *log, uint64_t size,
                                struct slw_merkle_hash *ret_root, struct slw_detail *detail)
{
    struct slw_log_hashes hashes;
    struct slw_merkle_source source = slw_log_source(&hashes, log, detail);
    SLW_TRY(check_size(log, size, detail));
    if (size == slw_log_size(log)) {
        slw_log_root(log, ret_root);
        return SLW_OK;
    }
    return root_at(&hashes, &source, size, ret_root);
}

/* Also gives the leaf's hash, which is the log's once the proof is verified. */
static enum slw_status prove_inclusion(struct slw_log *log, uint64_t index, uint64_t size,
                                       struct slw_merkle_path *ret_path,
                                       struct slw_merkle_hash *ret_leaf, struct slw_detail *detail)
{
    struct slw_log_hashes hashes;
    struct slw_merkle_source source = slw_log_source(&hashes, log, detail);
    struct slw_merkle_hash root;
    struct slw_merkle_path path;
    SLW_TRY(check_size(log, size, detail));
    if (index >= size) {
        return slw_explain(detail, SLW_NOT_FOUND, "the log has no entry %llu",
                           (unsigned long long)index);
    }
    if (size == slw_log_size(log)) {
        slw_log_root(log, &root);
    } else {
        SLW_TRY(root_at(&hashes, &source, size, &root));
    }
    SLW_TRY(source.node(source.context, 0, index, ret_leaf));
    SLW_TRY(slw_merkle_prove_inclusion(&source, index, size, &path));
    if (slw_merkle_verify_inclusion(index, size, ret_leaf, &path, &root) != SLW_OK) {
        return slw_log_damaged(log, detail, "its tiles aren't what was committed");
    }
    *ret_path = path;
    return SLW_OK;
}

enum slw_status slw_log_prove_inclusion(struct slw_log *log, uint64_t index, uint64_t size,
                                        struct slw_merkle_path *ret_path, struct slw_detail *detail)
{
    struct slw_merkle_hash leaf;
    return prove_inclusion(log, index, size, ret_path, &leaf, detail);
}

enum slw_status slw_log_prove_consistency(struct slw_log *log, uint64_t old_size, uint64_t new_size,
                                          struct slw_merkle_path *ret_path,
                                          struct slw_detail *detail)
{
    struct slw_log_hashes hashes;
    struct slw_merkle_source source = slw_log_source(&hashes, log, detail);
    struct slw_merkle_hash old_root;
    struct slw_merkle_hash new_root;
    struct slw_merkle_path path;
    SLW_TRY(check_size(log, new_size, detail));
    if (old_size > new_size) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a log doesn't shrink");
    }
    SLW_TRY(slw_log_root_at(log, old_size, &old_root, detail));
    SLW_TRY(slw_log_root_at(log, new_size, &new_root, detail));
    SLW_TRY(slw_merkle_prove_consistency(&source, old_size, new_size, &path));
    if (old_size != 0 &&
        slw_merkle_verify_consistency(old_size, new_size, &old_root, &new_root, &path) != SLW_OK) {
        return slw_log_damaged(log, detail, "its tiles aren't what was committed");
    }
    *ret_path = path;
    return SLW_OK;
}

/* The leaf at a place in a bundle. */
static bool find_entry(struct slw_bytes bundle, uint64_t place, struct slw_bytes *ret_leaf)
{
    size_t at = 0;
    for (uint64_t i = 0; i <= place; i++) {
        if (!slw_log_next_entry(bundle, &at, ret_leaf)) {
            return false;
        }
    }
    return true;
}

enum slw_status slw_log_read_leaf(struct slw_log *log, uint64_t index,
                                  struct slw_heap_buffer *ret_leaf, struct slw_detail *detail)
{
    struct slw_heap_buffer bundle = {0};
    struct slw_merkle_path path;
    struct slw_merkle_hash expected;
    struct slw_merkle_hash found;
    struct slw_bytes leaf = {NULL, 0};
    char name[SLW_LOG_PATH_SIZE];
    SLW_TRY(prove_inclusion(log, index, slw_log_size(log), &path, &expected, detail));
    const uint64_t number = index / SLW_LOG_TILE_WIDTH;
    const bool is_in_memory = number == slw_log_size(log) / SLW_LOG_TILE_WIDTH;
    enum slw_status status = SLW_OK;
    (void)slw_log_entries_path(number, 0, name);
    if (!is_in_memory) {
        status = slw_log_read_file(log, name, SLW_LOG_BUNDLE_SIZE_MAX, &bundle, detail);
    }
    if (status == SLW_OK || status == SLW_NOT_FOUND || status == SLW_TOO_LARGE) {
        struct slw_bytes bytes =
            is_in_memory ? slw_heap_bytes(&log->edge.entries) : slw_heap_bytes(&bundle);
        bool is_there = status == SLW_OK && find_entry(bytes, index % SLW_LOG_TILE_WIDTH, &leaf);
        slw_merkle_leaf(leaf, &found);
        if (!is_there || !slw_merkle_equal(&found, &expected)) {
            status = slw_log_damaged(log, detail, "%s isn't what was committed", name);
        } else {
            slw_heap_append(ret_leaf, leaf);
            status = ret_leaf->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
        }
    }
    slw_heap_drop(&bundle);
    return status;
}
