/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the store share: store.c (open, commit, anchor), store_journal.c (segments and
 * records), store_state.c (what a record holds), store_blobs.c and store_extents.c (metadata).
 * spec/SPEC.md, section 6, has every bit of it.
 */
#ifndef SLIPWAY_STORE_PRIVATE_H
#define SLIPWAY_STORE_PRIVATE_H

#include "slipway/store.h"

/*
 * Journal and blob headers are programmed in cells of this size, each in one call: a multiple of
 * every program size, so that the formats don't depend on the flash, and no granule is ever
 * programmed twice.
 */
#define SLW_CELL_SIZE 64u

/* Counters from flash above this aren't believed: the next one must always exist. */
#define SLW_COUNTER_MAX (UINT64_MAX >> 2)

/* What was found at a cell's place. */
enum slw_cell_kind {
    SLW_CELL_ERASED,
    SLW_CELL_WRITTEN,
    SLW_CELL_TORN, /* can't be read: a power cut was there */
};

/* SLW_IO only when the flash fails otherwise than by a torn word. */
enum slw_status slw_cell_read(const struct slw_region *region, uint64_t offset,
                              uint8_t cell[static SLW_CELL_SIZE], enum slw_cell_kind *ret_kind);

/* Programs a cell whose first len bytes are given; the rest stays erased. */
enum slw_status slw_cell_program(const struct slw_region *region, uint64_t offset,
                                 const uint8_t *bytes, size_t len);

/*
 * Writes a record's bytes cell by cell as they come, or only counts them (region NULL). The CRC is
 * of everything put so far.
 */
struct slw_record_writer {
    enum slw_status status;
    const struct slw_region *region;
    uint64_t at; /* offset of the cell being filled */
    uint64_t len;
    uint32_t crc;
    struct slw_sha256 *hash; /* of the same, when not NULL */
    size_t filled;
    uint8_t cell[SLW_CELL_SIZE];
};

void slw_record_writer_init(struct slw_record_writer *writer, const struct slw_region *region,
                            uint64_t at);
void slw_record_put(struct slw_record_writer *writer, const void *bytes, size_t len);
void slw_record_put_u8(struct slw_record_writer *writer, uint8_t value);
void slw_record_put_u16(struct slw_record_writer *writer, uint16_t value);
void slw_record_put_u32(struct slw_record_writer *writer, uint32_t value);
void slw_record_put_u64(struct slw_record_writer *writer, uint64_t value);
/* Programs the last cell. */
void slw_record_flush(struct slw_record_writer *writer);

/* store_state.c: a snapshot's payload. */
#define SLW_SNAPSHOT_SIZE_MAX 2304u

bool slw_state_makes_sense(const struct slw_state *state, size_t components_count);
void slw_state_encode(struct slw_record_writer *writer, const struct slw_state *state,
                      uint64_t sequence, const struct slw_staging_progress *progress);
/* SHA-256 of a release as it is encoded; zeros for none. */
void slw_release_digest(const struct slw_release *release,
                        uint8_t ret_digest[static SLW_SHA256_SIZE]);
/* SLW_STORED_STATE for what slw_state_encode() doesn't write for this number of components. */
enum slw_status slw_state_decode(struct slw_reader *reader, size_t components_count,
                                 struct slw_state *ret_state,
                                 struct slw_staging_progress *ret_progress);

/* store_journal.c */

/* Erases all segments, the one that holds the newest state last. */
enum slw_status slw_journal_erase(struct slw_store *store);
/*
 * Reads the newest state into the store, which then knows where to go on. ret_sealed: it was
 * written whole; else it must be written again before it is acted on. SLW_NOT_FOUND: nothing but
 * what an interrupted format may have left; SLW_STORED_STATE: there was a state.
 */
enum slw_status slw_journal_load(struct slw_store *store, bool *ret_sealed);
/* Appends a snapshot and its seal, in a new segment when need be. The store's state stays. */
enum slw_status slw_journal_put_snapshot(struct slw_store *store, const struct slw_state *state,
                                         uint64_t sequence,
                                         const struct slw_staging_progress *progress);
enum slw_status slw_journal_put_progress(struct slw_store *store,
                                         const struct slw_staging_progress *progress);

/* store_extents.c: a run of sectors that holds a blob, or what a power cut left of one. */
struct slw_extent {
    uint64_t offset; /* in the blobs region */
    uint64_t size;   /* whole sectors */
    uint8_t kind;
    bool complete;
    uint32_t version;
    uint32_t length;
    uint64_t serial;
    uint8_t sha256[SLW_SHA256_SIZE];
};

/* The first extent at or behind *at, which moves behind it; SLW_NOT_FOUND. */
enum slw_status slw_extent_next(const struct slw_store *store, uint64_t *at,
                                struct slw_extent *ret_extent);
/*
 * Free sectors that hold length bytes; SLW_NO_SPACE. The first, and for roots the last: those never
 * go, and mustn't break up what the metadata of all later releases will need.
 */
enum slw_status slw_extent_find_free(const struct slw_store *store, enum slw_blob_kind kind,
                                     uint64_t length, struct slw_extent *ret_extent);
enum slw_status slw_extent_begin(const struct slw_store *store, const struct slw_extent *extent);
enum slw_status slw_extent_complete(const struct slw_store *store, const struct slw_extent *extent);
/* Erases it from its end, so that it stays an extent until all of it is gone. */
enum slw_status slw_extent_drop(const struct slw_store *store, const struct slw_extent *extent);
/* Digest of what its data are now. */
enum slw_status slw_extent_digest(const struct slw_store *store, const struct slw_extent *extent,
                                  uint8_t ret_sha256[static SLW_SHA256_SIZE]);
/* Where in the blobs region its data begin. */
uint64_t slw_extent_data(const struct slw_extent *extent);

/* store_blobs.c */

/* Notes the newest serial. */
enum slw_status slw_store_blobs_open(struct slw_store *store);
enum slw_status slw_store_blobs_erase(struct slw_store *store);
/* slw_store_put_blob() without the rules for roots. */
enum slw_status slw_store_blobs_put(struct slw_store *store, enum slw_blob_kind kind,
                                    uint32_t version, const struct slw_source *source,
                                    uint64_t offset, uint64_t length, struct slw_blob *ret_blob);

#endif
