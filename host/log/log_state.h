/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open log is, and what its files share: log_open.c makes it, log_commit.c lets it grow,
 * log_read.c and log_records.c read what is committed.
 */
#ifndef SLIPWAY_LOG_STATE_H
#define SLIPWAY_LOG_STATE_H

#include "log_edge.h"
#include "log_files.h"

#define SLW_LOG_JOURNAL "journal"
#define SLW_LOG_JOURNAL_NEW "journal.new"
#define SLW_LOG_CHECKPOINT "checkpoint"
#define SLW_LOG_CHECKPOINT_NEW "checkpoint.new"

/* The journal begins anew once it is longer than that. */
#define SLW_LOG_JOURNAL_TURN_SIZE 16777216u
/* Zeros that are put behind its end, for blocks to come: a flush is quicker when neither the file's
 * length nor its place on the disk changes. */
#define SLW_LOG_JOURNAL_ROOM_SIZE 524288u
#define SLW_LOG_BUNDLE_SIZE_MAX (SLW_LOG_TILE_WIDTH * (2u + SLW_LOG_LEAF_SIZE_MAX))

/* Where the records of a file begin, as far as somebody looked: what is committed doesn't move. */
struct slw_log_places {
    uint64_t number; /* of the file */
    unsigned count;  /* 0: of no file yet */
    uint64_t offsets[SLW_LOG_TILE_WIDTH];
};
#define SLW_LOG_PLACES_MAX 4u

struct slw_log {
    const struct slw_log_files *files;
    struct slw_note_signer signer;
    int directory; /* locked */
    int journal;
    uint64_t journal_len;
    uint64_t journal_size; /* of the file, with the room behind what it has */
    uint64_t journal_turn; /* the length at which it begins anew */
    uint64_t base;         /* leaves that it began with */
    struct slw_log_edge edge;
    struct slw_heap_buffer checkpoint; /* of edge, as it was signed */
    struct slw_heap_buffer published;  /* what the file has: with cosignatures */
    struct slw_heap_buffer pending;    /* what is appended, as a block of the journal has it */
    struct slw_heap_buffer spare;      /* memory of a former one */
    uint32_t pending_count;
    size_t pending_size;       /* of its texts */
    uint32_t committing_count; /* entries of the commit that is going on; 0: none is */
    struct slw_log_places places[SLW_LOG_PLACES_MAX]; /* of file N in N % SLW_LOG_PLACES_MAX */
    bool is_broken;
    bool is_damaged;
};

/* Notes that it is damaged, for good, and returns SLW_LOG_DAMAGED with what it was. */
enum slw_status slw_log_damaged(struct slw_log *log, struct slw_detail *detail, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));

/* Appends a file below the log's directory. SLW_NOT_FOUND, SLW_TOO_LARGE over limit, SLW_IO. */
SLW_MUST_USE enum slw_status slw_log_read_file(const struct slw_log *log, const char *path,
                                               size_t limit, struct slw_heap_buffer *ret_bytes,
                                               struct slw_detail *detail);

/* A new journal that begins at the edge, in the place of the former one, if there is one. */
SLW_MUST_USE enum slw_status slw_log_turn_journal(struct slw_log *log, struct slw_detail *detail);

/* Gives a file its content in one step, as far as readers see: TEMPORARY, then renamed. */
SLW_MUST_USE enum slw_status slw_log_write_file(const struct slw_log *log, const char *path,
                                                int flags, struct slw_bytes bytes,
                                                struct slw_detail *detail);
/* The new checkpoint in the place of the former one: 0, or -1 and errno. */
SLW_MUST_USE int slw_log_replace_checkpoint(const struct slw_log *log);
SLW_MUST_USE enum slw_status slw_log_publish(struct slw_log *log, struct slw_bytes checkpoint,
                                             struct slw_detail *detail);

/* Hashes of the log's tiles, as a source for proofs. */
struct slw_log_hashes {
    struct slw_log *log;
    struct slw_detail *detail;
    struct {
        bool is_there;
        unsigned level;
        uint64_t number;
        struct slw_merkle_hash hashes[SLW_LOG_TILE_WIDTH];
    } kept[SLW_LOG_TILE_LEVELS]; /* the tile read last, a level */
};
struct slw_merkle_source slw_log_source(struct slw_log_hashes *hashes, struct slw_log *log,
                                        struct slw_detail *detail);

#endif
