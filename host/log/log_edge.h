/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The right edge of a log: what its tiles and files will be after one more leaf is known from this
 * alone. Commits, recovery and the first comparison after opening all let an edge take in leaves,
 * and differ in what they do with the files that come out.
 */
#ifndef SLIPWAY_LOG_EDGE_H
#define SLIPWAY_LOG_EDGE_H

#include "log_path.h"

#include "slipway/log.h"

struct slw_log_tile {
    unsigned width; /* hashes, below SLW_LOG_TILE_WIDTH */
    struct slw_merkle_hash hashes[SLW_LOG_TILE_WIDTH];
};

struct slw_log_edge {
    struct slw_merkle_frontier frontier; /* its size is the log's */
    struct slw_log_tile tiles[SLW_LOG_TILE_LEVELS];
    struct slw_heap_buffer entries; /* of the bundle that isn't full yet */
    uint64_t records_len;           /* of the file of records of that bundle */
};

/* What comes out: each file whole, and records as they are added. Their statuses are returned. */
struct slw_log_sink {
    void *context;
    enum slw_status (*file)(void *context, const char *path, struct slw_bytes bytes,
                            struct slw_detail *detail);
    enum slw_status (*record)(void *context, uint64_t file_number, uint64_t offset,
                              struct slw_bytes bytes, struct slw_detail *detail);
};

/* A leaf as it is in the log, and what stands in the file of records for it. */
struct slw_log_item {
    struct slw_bytes leaf;
    struct slw_bytes salt; /* empty for a release */
    struct slw_bytes text;
    struct slw_bytes record; /* length, salt and text, of an item that is in a block already */
};

SLW_MUST_USE enum slw_status slw_log_edge_copy(const struct slw_log_edge *edge,
                                               struct slw_log_edge *ret_copy);
/* by, which it takes over, is of no use any more. */
void slw_log_edge_replace(struct slw_log_edge *edge, struct slw_log_edge *by);
void slw_log_edge_free(struct slw_log_edge *edge);

static inline uint64_t slw_log_edge_size(const struct slw_log_edge *edge)
{
    return edge->frontier.size;
}

/* Takes in a leaf, and puts out the files that are full with it. Undefined after a failure. */
SLW_MUST_USE enum slw_status slw_log_edge_append(struct slw_log_edge *edge,
                                                 const struct slw_log_item *item,
                                                 const struct slw_log_sink *sink,
                                                 struct slw_detail *detail);

/* The same without its record, whose file is known already: only records_len isn't right then. */
SLW_MUST_USE enum slw_status slw_log_edge_append_leaf(struct slw_log_edge *edge,
                                                      struct slw_bytes leaf,
                                                      const struct slw_log_sink *sink,
                                                      struct slw_detail *detail);

/* Puts out the partial files that a log has which had from leaves before. */
SLW_MUST_USE enum slw_status slw_log_edge_finish(const struct slw_log_edge *edge, uint64_t from,
                                                 const struct slw_log_sink *sink,
                                                 struct slw_detail *detail);

/* The next leaf of a bundle of entries; false at its end, and when it isn't one (*at stays). */
SLW_MUST_USE bool slw_log_next_entry(struct slw_bytes bundle, size_t *at,
                                     struct slw_bytes *ret_leaf);

/* The root of 2^height hashes. */
void slw_log_fold(const struct slw_merkle_hash *hashes, unsigned height,
                  struct slw_merkle_hash *ret_root);

#endif
