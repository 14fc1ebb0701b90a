/* SPDX-License-Identifier: Apache-2.0 */
/* The protobuf encoder of proto_writer.h; every message that we send or store is made with it. */
#include "slipway/proto_writer.h"

#define WIRE_VARINT 0u
#define WIRE_LEN 2u
#define WIRE_FIXED32 5u

size_t slw_varint_size(uint64_t value)
{
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

void slw_proto_put_varint(struct slw_writer *writer, uint64_t value)
{
    while (value >= 0x80) {
        slw_writer_u8(writer, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    slw_writer_u8(writer, (uint8_t)value);
}

static void put_tag(struct slw_writer *writer, uint32_t number, uint32_t wire)
{
    slw_proto_put_varint(writer, (uint64_t)number << 3 | wire);
}

void slw_proto_put_uint_always(struct slw_writer *writer, uint32_t number, uint64_t value)
{
    put_tag(writer, number, WIRE_VARINT);
    slw_proto_put_varint(writer, value);
}

void slw_proto_put_uint(struct slw_writer *writer, uint32_t number, uint64_t value)
{
    if (value != 0) {
        slw_proto_put_uint_always(writer, number, value);
    }
}

void slw_proto_put_fixed32(struct slw_writer *writer, uint32_t number, uint32_t value)
{
    if (value != 0) {
        put_tag(writer, number, WIRE_FIXED32);
        slw_writer_u32_le(writer, value);
    }
}

void slw_proto_put_header(struct slw_writer *writer, uint32_t number, uint64_t length)
{
    put_tag(writer, number, WIRE_LEN);
    slw_proto_put_varint(writer, length);
}

void slw_proto_put_bytes_always(struct slw_writer *writer, uint32_t number, struct slw_bytes value)
{
    slw_proto_put_header(writer, number, value.len);
    slw_writer_put(writer, value);
}

void slw_proto_put_bytes(struct slw_writer *writer, uint32_t number, struct slw_bytes value)
{
    if (value.len != 0) {
        slw_proto_put_bytes_always(writer, number, value);
    }
}

size_t slw_proto_open(struct slw_writer *writer, uint32_t number)
{
    put_tag(writer, number, WIRE_LEN);
    return writer->len;
}

/* The length goes in front once it is known: nested messages here are short, so moving is cheap. */
void slw_proto_close(struct slw_writer *writer, size_t mark)
{
    if (writer->status != SLW_OK) {
        return;
    }
    size_t length = writer->len - mark;
    slw_writer_insert(writer, mark, slw_varint_size(length));
    if (writer->status != SLW_OK || writer->buffer == NULL) {
        return;
    }
    struct slw_writer front;
    slw_writer_init(&front, writer->buffer + mark, slw_varint_size(length));
    slw_proto_put_varint(&front, length);
}
