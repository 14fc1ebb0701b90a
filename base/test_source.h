/* SPDX-License-Identifier: Apache-2.0 */
/* A source that watches over how it is read, and random ways to read it: for the reader's tests. */
#ifndef TEST_SOURCE_H
#define TEST_SOURCE_H

#include "slipway/reader.h"

#define TEXT_SIZE 1000u

/* A source that watches over how it is asked. */
struct watched_source {
    struct slw_source source;
    uint8_t bytes[TEXT_SIZE];
    unsigned reads;
    uint64_t bytes_read;
    unsigned bad_requests; /* outside of the source, or for no bytes */
    uint64_t fails_from;   /* offset of the first byte that can't be read */
    bool changes;          /* each read finds other bytes */
};

static inline enum slw_status read_watched(void *context, uint64_t offset, uint8_t *buffer,
                                           size_t len)
{
    struct watched_source *watched = context;
    watched->reads++;
    watched->bytes_read += len;
    if (len == 0 || offset > TEXT_SIZE || len > TEXT_SIZE - offset) {
        watched->bad_requests++;
        return SLW_IO;
    }
    if (offset + len > watched->fails_from) {
        memset(buffer, 0xDD, len);
        return SLW_IO_TORN;
    }
    if (watched->changes) {
        for (size_t i = 0; i < TEXT_SIZE; i++) {
            watched->bytes[i]++;
        }
    }
    memcpy(buffer, watched->bytes + offset, len);
    return SLW_OK;
}

static inline void watch(struct watched_source *watched)
{
    *watched = (struct watched_source){.fails_from = UINT64_MAX};
    watched->source = (struct slw_source){watched, read_watched, TEXT_SIZE};
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        watched->bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
}

static const size_t block_sizes[] = {16, 17, 31, 64, 127, 128, 129, 500, 999, 1000, 1001};
#define BLOCK_SIZES_COUNT (sizeof block_sizes / sizeof block_sizes[0])
#define BLOCK_SIZE_MAX 1001u

/* xorshift32: the same numbers on each run. */
static inline uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* One of the ways to move on by up to len bytes; returns how many, and copies those it saw. */
static inline size_t move_on(struct slw_reader *reader, uint32_t how, size_t len, uint8_t *ret_seen)
{
    struct slw_bytes view;
    switch (how % 3) {
    case 0:
        ret_seen[0] = slw_reader_u8(reader);
        return 1;
    case 1:
        slw_reader_copy(reader, ret_seen, len);
        return len;
    default:
        view = slw_reader_take(reader, len);
        if (view.len > 0) {
            memcpy(ret_seen, view.ptr, view.len);
        }
        return view.len;
    }
}

/* Random moves from start to end; wrong counts what differs from the text. */
static inline unsigned read_through(struct slw_reader *reader, const uint8_t *text, uint32_t seed)
{
    unsigned wrong = 0;
    while (slw_reader_left(reader) > 0 && wrong == 0) {
        size_t position = (size_t)reader->position;
        uint32_t random = next_random(&seed);
        size_t len = 1 + (random >> 8) % 200;
        len = len > slw_reader_left(reader) ? (size_t)slw_reader_left(reader) : len;
        uint8_t seen[TEXT_SIZE];
        if (random % 4 == 3) {
            slw_reader_skip(reader, len);
        } else {
            len = move_on(reader, random % 4, len, seen);
            wrong += memcmp(seen, text + position, len) != 0 ? 1 : 0;
        }
        wrong += len == 0 || reader->position != position + len ? 1 : 0;
    }
    return wrong + (reader->status != SLW_OK ? 1 : 0);
}

#endif
