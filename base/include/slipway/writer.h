/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing into a caller's buffer, with a sticky error; or only counting, to size a buffer.
 *
 *     struct slw_writer writer;
 *     slw_writer_init(&writer, frame, sizeof frame);
 *     slw_writer_u8(&writer, 0x7E);
 *     slw_writer_put(&writer, payload);
 *     if (writer.status != SLW_OK)
 *         return writer.status;
 *     send(frame, writer.len);
 */
#ifndef SLIPWAY_WRITER_H
#define SLIPWAY_WRITER_H

#include "slipway/bytes.h"
#include "slipway/status.h"

struct slw_writer {
    enum slw_status status; /* the first error, SLW_NO_SPACE mostly; len then stays */
    uint8_t *buffer;        /* NULL: only counts */
    size_t capacity;
    size_t len; /* bytes written, or counted */
};

/* buffer must outlive the writer; what was written is buffer[0..len). */
void slw_writer_init(struct slw_writer *writer, uint8_t *buffer, size_t capacity);

/* Counts up to limit bytes and writes none. */
void slw_writer_init_counting(struct slw_writer *writer, size_t limit);

void slw_writer_put(struct slw_writer *writer, struct slw_bytes bytes);
void slw_writer_u8(struct slw_writer *writer, uint8_t byte);
void slw_writer_u32_le(struct slw_writer *writer, uint32_t value);
void slw_writer_u64_le(struct slw_writer *writer, uint64_t value);

/* Moves the bytes from position on by gap bytes towards the end and leaves the gap undefined. */
void slw_writer_insert(struct slw_writer *writer, size_t position, size_t gap);

static inline struct slw_bytes slw_writer_written(const struct slw_writer *writer)
{
    return slw_bytes_make(writer->buffer, writer->len);
}

#endif
