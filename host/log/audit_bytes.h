/* SPDX-License-Identifier: Apache-2.0 */
/* Integers of an auditor's state, big endian. */
#ifndef SLIPWAY_AUDIT_BYTES_H
#define SLIPWAY_AUDIT_BYTES_H

#include "slipway/heap.h"
#include "slipway/reader.h"

static inline void put_number(uint64_t value, unsigned size, struct slw_heap_buffer *bytes)
{
    uint8_t text[8];
    for (unsigned i = 0; i < size; i++) {
        text[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
    }
    slw_heap_append(bytes, slw_bytes_make(text, size));
}

static inline uint64_t get_number(struct slw_reader *reader, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size; i++) {
        value = value << 8 | slw_reader_u8(reader);
    }
    return value;
}

#endif
