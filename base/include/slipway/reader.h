/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading bytes that may be anywhere (memory, a file, flash) and of any size, through one small
 * buffer of the caller's, with a sticky error: read everything, check once, before any effect.
 *
 *     struct slw_reader reader;
 *     slw_reader_init(&reader, &file_source, block, sizeof block);
 *     uint8_t kind = slw_reader_u8(&reader);
 *     slw_reader_copy(&reader, digest, sizeof digest);
 *     if (reader.status != SLW_OK)
 *         return reader.status;
 *
 * The codec above it (wire) only ever moves forward inside a message; moving back is for callers
 * who know their source can do it.
 */
#ifndef SLIPWAY_READER_H
#define SLIPWAY_READER_H

#include "slipway/bytes.h"
#include "slipway/status.h"

#include <stdint.h>

/*
 * Bytes by position. An implementation
 *  1. fills the whole buffer and returns SLW_OK, or returns another status (buffer then undefined);
 *  2. is never asked for bytes outside [0, size), nor for zero bytes;
 *  3. may be asked for the same bytes again; a source that can only go forward returns SLW_IO when
 *     asked to go back.
 */
struct slw_source {
    void *context;
    enum slw_status (*read)(void *context, uint64_t offset, uint8_t *buffer, size_t len);
    uint64_t size; /* bytes */
};

/* A source over memory. Both structures must outlive what reads from them. */
struct slw_memory_source {
    struct slw_source source;
    struct slw_bytes bytes;
};

void slw_memory_source_init(struct slw_memory_source *memory, struct slw_bytes bytes);

/*
 * Sees every byte that a reader passes, in order, exactly once, and exactly the bytes that the
 * reader's caller saw: a digest taken through a tap belongs to what was parsed, also when the
 * storage changes between two reads.
 */
struct slw_tap {
    void (*observe)(void *context, struct slw_bytes passed);
    void *context;
    uint64_t seen_to;     /* private to the reader */
    struct slw_tap *next; /* private to the reader */
};

struct slw_reader {
    enum slw_status status; /* the first error; nothing moves after it */
    uint64_t position;      /* of the next byte, from the start of the source */
    uint64_t end;           /* no byte at or after it is read; lower it to bound a message */
    /* private */
    const struct slw_source *source;
    uint8_t *block;
    size_t block_size;
    uint64_t block_start;
    size_t block_len;
    const uint8_t *bytes;
    struct slw_tap *taps;
};

/* What a reader loads after a jump, since after a jump often only a few bytes are wanted. */
#define SLW_READER_PEEK_SIZE 128

/* block is used until the reader is no longer; at least 16 bytes. Position 0, end = source->size.
 */
void slw_reader_init(struct slw_reader *reader, const struct slw_source *source, uint8_t *block,
                     size_t block_size);

/* Reads from memory directly; views that it returns live as long as bytes does. */
void slw_reader_init_bytes(struct slw_reader *reader, struct slw_bytes bytes);

/* Notes the first error. */
void slw_reader_fail(struct slw_reader *reader, enum slw_status status);

static inline uint64_t slw_reader_left(const struct slw_reader *reader)
{
    if (reader->status != SLW_OK || reader->end < reader->position) {
        return 0;
    }
    return reader->end - reader->position;
}

/* The next byte; 0 after an error. Reading past end is SLW_MALFORMED. */
uint8_t slw_reader_u8(struct slw_reader *reader);

/* Fills destination, or leaves it partly filled with the reader's status set. */
void slw_reader_copy(struct slw_reader *reader, uint8_t *destination, size_t len);

/*
 * A view of the next 1 to max_len bytes, as many as are at hand, and moves past them; valid until
 * the reader moves again. Empty at end or after an error: check status.
 */
struct slw_bytes slw_reader_take(struct slw_reader *reader, uint64_t max_len);

/* Moves forward. Jumps without reading when nothing taps; past end is SLW_MALFORMED. */
void slw_reader_skip(struct slw_reader *reader, uint64_t len);

/* Goes anywhere in [0, source size], and sets end; not while a tap is on. */
void slw_reader_seek(struct slw_reader *reader, uint64_t position, uint64_t end);

/*
 * From here on, tap sees what passes. Taps nest: the last one added is removed first, and removing
 * another one is SLW_BAD_ARGUMENT.
 */
void slw_reader_add_tap(struct slw_reader *reader, struct slw_tap *tap);
void slw_reader_remove_tap(struct slw_reader *reader, struct slw_tap *tap);

#endif
