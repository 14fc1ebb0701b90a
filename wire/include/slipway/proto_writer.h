/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing protobuf fields, in ascending order when the caller calls in that order. Scalars that are
 * 0 and empty bytes are left out, as proto3 does; the _always forms write them (optional fields,
 * repeated elements, map entries).
 *
 *     size_t mark = slw_proto_open(&writer, 5);
 *     slw_proto_put_uint(&writer, 1, type);
 *     slw_proto_put_bytes(&writer, 2, payload);
 *     slw_proto_close(&writer, mark);
 */
#ifndef SLIPWAY_PROTO_WRITER_H
#define SLIPWAY_PROTO_WRITER_H

#include "slipway/writer.h"

/* Bytes that value takes as a varint: 1 to 10. */
size_t slw_varint_size(uint64_t value);
void slw_proto_put_varint(struct slw_writer *writer, uint64_t value);

void slw_proto_put_uint(struct slw_writer *writer, uint32_t number, uint64_t value);
void slw_proto_put_uint_always(struct slw_writer *writer, uint32_t number, uint64_t value);

/* An enum's value for the two functions above: one below 0, in 32 bits, goes out as ten bytes. */
static inline uint64_t slw_proto_enum(uint32_t value)
{
    return (uint64_t)(int64_t)(int32_t)value;
}

void slw_proto_put_fixed32(struct slw_writer *writer, uint32_t number, uint32_t value);
void slw_proto_put_bytes(struct slw_writer *writer, uint32_t number, struct slw_bytes value);
void slw_proto_put_bytes_always(struct slw_writer *writer, uint32_t number, struct slw_bytes value);

/* Tag and length of a value whose bytes the caller writes elsewhere (payloads, large metadata). */
void slw_proto_put_header(struct slw_writer *writer, uint32_t number, uint64_t length);

/* A nested message: the mark that open returns goes to the matching close. */
size_t slw_proto_open(struct slw_writer *writer, uint32_t number);
void slw_proto_close(struct slw_writer *writer, size_t mark);

#endif
