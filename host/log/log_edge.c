/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a log grows: a leaf's hash goes to the tile at the bottom, a full tile's root to the one
 * above.
 */
#include "log_edge.h"

/* Without what is behind the end of a tile: that is most of an edge. */
static void copy_tree(const struct slw_log_edge *edge, struct slw_log_edge *ret_copy)
{
    ret_copy->frontier = edge->frontier;
    ret_copy->records_len = edge->records_len;
    for (unsigned level = 0; level < SLW_LOG_TILE_LEVELS; level++) {
        ret_copy->tiles[level].width = edge->tiles[level].width;
        memcpy(ret_copy->tiles[level].hashes, edge->tiles[level].hashes,
               edge->tiles[level].width * sizeof(struct slw_merkle_hash));
    }
}

enum slw_status slw_log_edge_copy(const struct slw_log_edge *edge, struct slw_log_edge *ret_copy)
{
    struct slw_heap_buffer entries = {0};
    slw_heap_append(&entries, slw_heap_bytes(&edge->entries));
    if (entries.status != SLW_OK) {
        return entries.status;
    }
    copy_tree(edge, ret_copy);
    ret_copy->entries = entries;
    return SLW_OK;
}

void slw_log_edge_replace(struct slw_log_edge *edge, struct slw_log_edge *by)
{
    slw_heap_drop(&edge->entries);
    copy_tree(by, edge);
    edge->entries = by->entries;
    by->entries = (struct slw_heap_buffer){0};
}

void slw_log_edge_free(struct slw_log_edge *edge)
{
    slw_heap_drop(&edge->entries);
}

void slw_log_fold(const struct slw_merkle_hash *hashes, unsigned height,
                  struct slw_merkle_hash *ret_root)
{
    struct slw_merkle_hash folded[SLW_LOG_TILE_WIDTH];
    size_t count = (size_t)1 << height;
    memcpy(folded, hashes, count * sizeof folded[0]);
    for (; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            slw_merkle_node(&folded[2 * i], &folded[2 * i + 1], &folded[i]);
        }
    }
    *ret_root = folded[0];
}

static struct slw_bytes tile_bytes(const struct slw_log_tile *tile)
{
    return slw_bytes_make(tile->hashes, tile->width * sizeof tile->hashes[0]);
}

/* How many hashes a level has in a log of size leaves. */
static uint64_t level_count(uint64_t size, unsigned level)
{
    return size >> (8 * level);
}

/* "At "level 1" and above, each hash in a tile is the Merkle Tree Hash of a *full* tile at the
 * level below." */
static enum slw_status push_hash(struct slw_log_edge *edge, struct slw_merkle_hash hash,
                                 const struct slw_log_sink *sink, struct slw_detail *detail)
{
    const uint64_t size = edge->frontier.size; /* the leaf is counted already */
    for (unsigned level = 0; level < SLW_LOG_TILE_LEVELS; level++) {
        char path[SLW_LOG_PATH_SIZE];
        struct slw_log_tile *tile = &edge->tiles[level];
        tile->hashes[tile->width++] = hash;
        if (tile->width < SLW_LOG_TILE_WIDTH) {
            return SLW_OK;
        }
        uint64_t number = level_count(size, level) / SLW_LOG_TILE_WIDTH - 1;
        SLW_TRY(sink->file(sink->context, slw_log_tile_path(level, number, 0, path),
                           tile_bytes(tile), detail));
        slw_log_fold(tile->hashes, 8, &hash);
        tile->width = 0;
    }
    return slw_explain(detail, SLW_NO_SPACE, "the log is full");
}

static enum slw_status push_entry(struct slw_log_edge *edge, struct slw_bytes leaf,
                                  const struct slw_log_sink *sink, struct slw_detail *detail)
{
    const uint8_t len[2] = {(uint8_t)(leaf.len >> 8), (uint8_t)leaf.len};
    slw_heap_append(&edge->entries, slw_bytes_make(len, sizeof len));
    slw_heap_append(&edge->entries, leaf);
    if (edge->entries.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (edge->frontier.size % SLW_LOG_TILE_WIDTH == 0) {
        char path[SLW_LOG_PATH_SIZE];
        uint64_t number = edge->frontier.size / SLW_LOG_TILE_WIDTH - 1;
        SLW_TRY(sink->file(sink->context, slw_log_entries_path(number, 0, path),
                           slw_heap_bytes(&edge->entries), detail));
        edge->entries.len = 0;
        edge->records_len = 0;
    }
    return SLW_OK;
}

enum slw_status slw_log_edge_append_leaf(struct slw_log_edge *edge, struct slw_bytes leaf,
                                         const struct slw_log_sink *sink, struct slw_detail *detail)
{
    struct slw_merkle_hash hash;
    slw_merkle_leaf(leaf, &hash);
    if (leaf.len > SLW_LOG_LEAF_SIZE_MAX || !slw_merkle_frontier_append(&edge->frontier, &hash)) {
        return slw_explain(detail, SLW_NO_SPACE, "the log is full");
    }
    SLW_TRY(push_hash(edge, hash, sink, detail));
    return push_entry(edge, leaf, sink, detail);
}

enum slw_status slw_log_edge_append(struct slw_log_edge *edge, const struct slw_log_item *item,
                                    const struct slw_log_sink *sink, struct slw_detail *detail)
{
    SLW_TRY(sink->record(sink->context, edge->frontier.size / SLW_LOG_TILE_WIDTH, edge->records_len,
                         item->record, detail));
    edge->records_len += item->record.len;
    return slw_log_edge_append_leaf(edge, item->leaf, sink, detail);
}

/* "The partial tile at level *l* for a tree of size *s* has `floor(s / 256**l) mod 256` entries.
 * Empty tiles MUST NOT be served." */
enum slw_status slw_log_edge_finish(const struct slw_log_edge *edge, uint64_t from,
                                    const struct slw_log_sink *sink, struct slw_detail *detail)
{
    const uint64_t size = edge->frontier.size;
    char path[SLW_LOG_PATH_SIZE];
    for (unsigned level = 0; level < SLW_LOG_TILE_LEVELS; level++) {
        const struct slw_log_tile *tile = &edge->tiles[level];
        if (tile->width == 0 || level_count(size, level) == level_count(from, level)) {
            continue;
        }
        uint64_t number = level_count(size, level) / SLW_LOG_TILE_WIDTH;
        SLW_TRY(sink->file(sink->context, slw_log_tile_path(level, number, tile->width, path),
                           tile_bytes(tile), detail));
    }
    if (size != from && edge->tiles[0].width != 0) {
        (void)slw_log_entries_path(size / SLW_LOG_TILE_WIDTH, edge->tiles[0].width, path);
        SLW_TRY(sink->file(sink->context, path, slw_heap_bytes(&edge->entries), detail));
    }
    return SLW_OK;
}

bool slw_log_next_entry(struct slw_bytes bundle, size_t *at, struct slw_bytes *ret_leaf)
{
    if (bundle.len - *at < 2) {
        return false;
    }
    size_t len = (size_t)bundle.ptr[*at] << 8 | bundle.ptr[*at + 1];
    if (bundle.len - *at - 2 < len) {
        return false;
    }
    *ret_leaf = slw_bytes_make(bundle.ptr + *at + 2, len);
    *at += 2 + len;
    return true;
}
