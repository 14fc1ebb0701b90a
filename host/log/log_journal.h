/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of a log: which commits there were since everything else was flushed to the disk. A
 * commit is one block of it, written and flushed in one go, with all that is needed to write the
 * other files again: they aren't flushed until the journal begins anew.
 *
 *     header  "slipway journal\n", u64 size, 32 bytes root: what was flushed; 32 bytes SHA-256 of
 * that block   "SLWB", u32 length, that many bytes: u64 first index, u32 count, count times u16
 * length, leaf, u32 length of text, and if that isn't 0: salt, text u32 length, the signed
 * checkpoint 32 bytes SHA-256 of all of the block before them
 *
 * Integers are big endian. What follows the last good block was never committed: zeros, where the
 * log made room for the blocks to come, or what a crash left of one.
 */
#ifndef SLIPWAY_LOG_JOURNAL_H
#define SLIPWAY_LOG_JOURNAL_H

#include "log_edge.h"

#define SLW_LOG_JOURNAL_HEADER_SIZE 88u
#define SLW_LOG_JOURNAL_BLOCK_SIZE_MAX                                                             \
    (SLW_LOG_COMMIT_SIZE_MAX +                                                                     \
     SLW_LOG_COMMIT_ENTRIES_MAX * (SLW_LOG_LEAF_SIZE_MAX + SLW_LOG_SALT_SIZE + 6u) +               \
     SLW_NOTE_SIZE_MAX + 64u)

void slw_log_journal_header(uint64_t size, const struct slw_merkle_hash *root,
                            uint8_t ret_header[static SLW_LOG_JOURNAL_HEADER_SIZE]);
SLW_MUST_USE bool
slw_log_journal_read_header(const uint8_t header[static SLW_LOG_JOURNAL_HEADER_SIZE],
                            uint64_t *ret_size, struct slw_merkle_hash *ret_root);

/* A block is begun, gets its items, which may be read meanwhile, and is finished; errors stay in
 * the buffer. */
void slw_log_journal_begin(struct slw_heap_buffer *block);
void slw_log_journal_add(const struct slw_log_item *item, struct slw_heap_buffer *block);
struct slw_bytes slw_log_journal_items(const struct slw_heap_buffer *block);
void slw_log_journal_finish(uint64_t first, uint32_t count, struct slw_bytes checkpoint,
                            struct slw_heap_buffer *block);

/* A block that was read back. */
struct slw_log_block {
    uint64_t first;
    uint32_t count;
    struct slw_bytes items; /* read one by one */
    struct slw_bytes checkpoint;
};

/* The size that the block at the start of bytes says it has, hash included; 0 when it is none, or
 * there aren't even those 8 bytes. */
uint64_t slw_log_journal_block_size(struct slw_bytes bytes);

/* Reads a whole block; false when it isn't what was written. */
SLW_MUST_USE bool slw_log_journal_read_block(struct slw_bytes bytes,
                                             struct slw_log_block *ret_block);

/* The next item of block->items, which is taken away. */
SLW_MUST_USE bool slw_log_journal_next_item(struct slw_bytes *items, struct slw_log_item *ret_item);

#endif
