/* SPDX-License-Identifier: Apache-2.0 */
/* The bounded writer of writer.h. Every encoder goes through it. */
#include "slipway/writer.h"

void slw_writer_init(struct slw_writer *writer, uint8_t *buffer, size_t capacity)
{
    *writer = (struct slw_writer){SLW_OK, buffer, capacity, 0};
}

void slw_writer_init_counting(struct slw_writer *writer, size_t limit)
{
    *writer = (struct slw_writer){SLW_OK, NULL, limit, 0};
}

static bool reserve(struct slw_writer *writer, size_t len)
{
    if (writer->status == SLW_OK && len > writer->capacity - writer->len) {
        writer->status = SLW_NO_SPACE;
    }
    return writer->status == SLW_OK;
}

void slw_writer_put(struct slw_writer *writer, struct slw_bytes bytes)
{
    if (!reserve(writer, bytes.len)) {
        return;
    }
    if (writer->buffer != NULL && bytes.len != 0) {
        memcpy(writer->buffer + writer->len, bytes.ptr, bytes.len);
    }
    writer->len += bytes.len;
}

void slw_writer_u8(struct slw_writer *writer, uint8_t byte)
{
    slw_writer_put(writer, slw_bytes_make(&byte, 1));
}

void slw_writer_u32_le(struct slw_writer *writer, uint32_t value)
{
    uint8_t bytes[4];
    slw_put_u32_le(bytes, value);
    slw_writer_put(writer, slw_bytes_make(bytes, sizeof bytes));
}

void slw_writer_u64_le(struct slw_writer *writer, uint64_t value)
{
    uint8_t bytes[8];
    slw_put_u64_le(bytes, value);
    slw_writer_put(writer, slw_bytes_make(bytes, sizeof bytes));
}

void slw_writer_insert(struct slw_writer *writer, size_t position, size_t gap)
{
    if (writer->status == SLW_OK && position > writer->len) {
        writer->status = SLW_BAD_ARGUMENT;
    }
    if (!reserve(writer, gap)) {
        return;
    }
    if (writer->buffer != NULL) {
        memmove(writer->buffer + position + gap, writer->buffer + position, writer->len - position);
    }
    writer->len += gap;
}
