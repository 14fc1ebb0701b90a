/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Views of bytes, by value: a pointer never travels without its length.
 * A struct slw_bytes owns nothing; it lives as long as what it points into.
 *
 *     struct slw_bytes name = SLW_BYTES_OF("targets");
 *     if (slw_bytes_equal(name, key)) ...
 */
#ifndef SLIPWAY_BYTES_H
#define SLIPWAY_BYTES_H

#include "slipway/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slw_bytes {
    const uint8_t *ptr; /* may be NULL when len is 0 */
    size_t len;
};

/* The bytes of a string literal, without its terminating zero. */
#define SLW_BYTES_OF(literal)                                                                      \
    ((struct slw_bytes){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct slw_bytes slw_bytes_make(const void *ptr, size_t len)
{
    return (struct slw_bytes){(const uint8_t *)ptr, len};
}

static inline bool slw_bytes_equal(struct slw_bytes left, struct slw_bytes right)
{
    return left.len == right.len && (left.len == 0 || memcmp(left.ptr, right.ptr, left.len) == 0);
}

/* Little and big endian access to unaligned memory. */
static inline uint32_t slw_get_u32_le(const uint8_t bytes[static 4])
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static inline uint64_t slw_get_u64_le(const uint8_t bytes[static 8])
{
    return (uint64_t)slw_get_u32_le(bytes) | (uint64_t)slw_get_u32_le(bytes + 4) << 32;
}

static inline void slw_put_u32_le(uint8_t bytes[static 4], uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

static inline void slw_put_u64_le(uint8_t bytes[static 8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(value >> (8 * i));
    }
}

/*
 * Checks UTF-8 as it comes, in pieces of any size (RFC 3629: no overlong forms, no surrogates,
 * nothing above U+10FFFF). Start with {0}; at the end slw_utf8_complete() must hold too.
 */
struct slw_utf8 {
    uint8_t pending; /* continuation bytes still to come */
    uint8_t lowest;  /* bounds of the next one, when pending > 0 */
    uint8_t highest;
};

/* False as soon as a byte can't stand where it does. */
SLW_MUST_USE bool slw_utf8_accept(struct slw_utf8 *checker, struct slw_bytes piece);

static inline bool slw_utf8_complete(const struct slw_utf8 *checker)
{
    return checker->pending == 0;
}

/* Length of the longest beginning of text, which is UTF-8, that has whole characters and fits max.
 */
size_t slw_utf8_cut(struct slw_bytes text, size_t max_len);

/* Overwrites secrets so that the compiler can't leave it out. */
void slw_wipe(void *memory, size_t len);

/* Compares in a time that depends on len alone. */
bool slw_equal_constant_time(const void *left, const void *right, size_t len);

/* CRC-32 as in zlib and HDLC (reflected 0xEDB88320). Start with 0; feed the result back in. */
uint32_t slw_crc32(uint32_t crc, struct slw_bytes piece);

#endif
