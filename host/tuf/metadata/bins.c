/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Succinct hash bins (TAP 15): which bin a path falls into, and what bins are called. The writer
 * spreads artifacts over them; the client comes to the same bin by it.
 */
#include "slipway/tuf_metadata.h"

#define DIGITS_MAX 8u

static const char DIGITS[] = "0123456789abcdef";

/*
 * TAP 15: "target files will be distributed to bins based on the SHA2-256 hash of the target path
 * and a prefix associated with each bin ... The prefix field will include the first BIT_LENGTH bits
 * of the hash".
 */
uint32_t slw_tuf_bin_of(struct slw_bytes path, uint32_t bit_length)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, path);
    slw_sha256_final(&hash, digest);
    uint32_t first = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
                     (uint32_t)digest[2] << 8 | digest[3];
    return bit_length == 0 ? 0 : first >> (32 - bit_length);
}

/* As many hexadecimal digits as the highest number needs. */
static uint32_t digits_count(uint32_t bit_length)
{
    return (bit_length + 3) / 4;
}

void slw_tuf_bin_name(struct slw_bytes prefix, uint32_t bit_length, uint32_t bin,
                      struct slw_heap_buffer *ret_name)
{
    char digits[DIGITS_MAX + 1] = "-";
    uint32_t count = digits_count(bit_length);
    for (uint32_t i = 0; i < count; i++) {
        digits[count - i] = DIGITS[bin >> (4 * i) & 0xF];
    }
    slw_heap_append(ret_name, prefix);
    slw_heap_append(ret_name, slw_bytes_make(digits, count + 1));
}

bool slw_tuf_is_bin(struct slw_bytes name, struct slw_bytes prefix, uint32_t bit_length)
{
    uint32_t count = digits_count(bit_length);
    uint64_t bin = 0;
    if (name.len != prefix.len + 1 + count || name.ptr[prefix.len] != '-' ||
        !slw_bytes_equal(slw_bytes_make(name.ptr, prefix.len), prefix)) {
        return false;
    }
    for (size_t i = prefix.len + 1; i < name.len; i++) {
        const char *digit = memchr(DIGITS, name.ptr[i], sizeof DIGITS - 1);
        if (digit == NULL) {
            return false;
        }
        bin = bin << 4 | (uint64_t)(digit - DIGITS);
    }
    return bin >> bit_length == 0;
}
