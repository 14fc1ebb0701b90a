/* SPDX-License-Identifier: Apache-2.0 */
/* The buffered reader of reader.h. Everything that parses input from outside goes through it. */
#include "slipway/reader.h"

#include "slipway/checked.h"

static enum slw_status read_memory(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    const struct slw_memory_source *memory = context;
    memcpy(buffer, memory->bytes.ptr + (size_t)offset, len);
    return SLW_OK;
}

void slw_memory_source_init(struct slw_memory_source *memory, struct slw_bytes bytes)
{
    memory->source = (struct slw_source){memory, read_memory, bytes.len};
    memory->bytes = bytes;
}

void slw_reader_init(struct slw_reader *reader, const struct slw_source *source, uint8_t *block,
                     size_t block_size)
{
    *reader = (struct slw_reader){
        .status = SLW_OK,
        .end = source->size,
        .source = source,
        .block = block,
        .block_size = block_size,
        .bytes = block,
    };
}

void slw_reader_init_bytes(struct slw_reader *reader, struct slw_bytes bytes)
{
    *reader = (struct slw_reader){
        .status = SLW_OK,
        .end = bytes.len,
        .block_len = bytes.len,
        .bytes = bytes.ptr,
    };
}

void slw_reader_fail(struct slw_reader *reader, enum slw_status status)
{
    if (reader->status == SLW_OK) {
        reader->status = status;
    }
}

static uint64_t block_end(const struct slw_reader *reader)
{
    return reader->block_start + reader->block_len;
}

static bool in_block(const struct slw_reader *reader)
{
    return reader->position >= reader->block_start && reader->position < block_end(reader);
}

static const uint8_t *at(const struct slw_reader *reader, uint64_t position)
{
    return reader->bytes + (size_t)(position - reader->block_start);
}

/* Shows each tap what has passed since it last looked; that is always inside the block. */
static void flush_taps(struct slw_reader *reader)
{
    for (struct slw_tap *tap = reader->taps; tap != NULL; tap = tap->next) {
        if (tap->seen_to < reader->position) {
            size_t len = (size_t)(reader->position - tap->seen_to);
            tap->observe(tap->context, slw_bytes_make(at(reader, tap->seen_to), len));
            tap->seen_to = reader->position;
        }
    }
}

/* Brings the byte at position into the block. */
static bool load(struct slw_reader *reader)
{
    if (reader->status != SLW_OK) {
        return false;
    }
    if (reader->position >= reader->end) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return false;
    }
    if (in_block(reader)) {
        return true;
    }
    if (reader->source == NULL) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return false;
    }
    flush_taps(reader);
    bool goes_on = reader->position == block_end(reader) && reader->block_len != 0;
    uint64_t wanted = goes_on || reader->position == 0
                          ? reader->block_size
                          : slw_min_u64(reader->block_size, SLW_READER_PEEK_SIZE);
    size_t len = (size_t)slw_min_u64(wanted, reader->source->size - reader->position);
    enum slw_status status =
        reader->source->read(reader->source->context, reader->position, reader->block, len);
    if (status != SLW_OK) {
        reader->block_len = 0;
        slw_reader_fail(reader, status);
        return false;
    }
    reader->block_start = reader->position;
    reader->block_len = len;
    return true;
}

uint8_t slw_reader_u8(struct slw_reader *reader)
{
    if (!load(reader)) {
        return 0;
    }
    return *at(reader, reader->position++);
}

struct slw_bytes slw_reader_take(struct slw_reader *reader, uint64_t max_len)
{
    max_len = slw_min_u64(max_len, slw_reader_left(reader));
    if (max_len == 0 || !load(reader)) {
        return slw_bytes_make(NULL, 0);
    }
    size_t len = (size_t)slw_min_u64(max_len, block_end(reader) - reader->position);
    struct slw_bytes view = slw_bytes_make(at(reader, reader->position), len);
    reader->position += len;
    return view;
}

void slw_reader_copy(struct slw_reader *reader, uint8_t *destination, size_t len)
{
    if (len > slw_reader_left(reader)) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return;
    }
    while (len > 0) {
        struct slw_bytes piece = slw_reader_take(reader, len);
        if (piece.len == 0) {
            return;
        }
        memcpy(destination, piece.ptr, piece.len);
        destination += piece.len;
        len -= piece.len;
    }
}

void slw_reader_skip(struct slw_reader *reader, uint64_t len)
{
    if (len > slw_reader_left(reader)) {
        slw_reader_fail(reader, SLW_MALFORMED);
        return;
    }
    if (reader->taps == NULL) {
        reader->position += len;
        return;
    }
    while (len > 0 && reader->status == SLW_OK) {
        len -= slw_reader_take(reader, len).len;
    }
}

void slw_reader_seek(struct slw_reader *reader, uint64_t position, uint64_t end)
{
    uint64_t size = reader->source != NULL ? reader->source->size : reader->block_len;
    if (reader->taps != NULL || position > end || end > size) {
        slw_reader_fail(reader, SLW_BAD_ARGUMENT);
        return;
    }
    reader->position = position;
    reader->end = end;
}

void slw_reader_add_tap(struct slw_reader *reader, struct slw_tap *tap)
{
    flush_taps(reader);
    tap->seen_to = reader->position;
    tap->next = reader->taps;
    reader->taps = tap;
}

void slw_reader_remove_tap(struct slw_reader *reader, struct slw_tap *tap)
{
    flush_taps(reader);
    if (tap == NULL || reader->taps != tap) {
        slw_reader_fail(reader, SLW_BAD_ARGUMENT);
        return;
    }
    reader->taps = tap->next;
}
