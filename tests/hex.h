/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes written as hex in tests: what a specification quotes, and the rows of recorded sessions.
 * Needs no library. Tests of the transport include it beside tap.h.
 *
 *     struct hex_bytes request = hex("10011d 37773aaf");
 *     TAP_CHECK(hex_equals(slw_writer_written(&writer), "7ea503 ... 7e"));
 */
#ifndef HEX_H
#define HEX_H

#include "slipway/bytes.h"

#define HEX_BYTES_MAX 1024

struct hex_bytes {
    uint8_t bytes[HEX_BYTES_MAX];
    size_t len;
    bool valid; /* only hex digits in pairs, spaces between pairs, and not too many */
};

static inline int hex_digit(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return -1;
}

static inline struct hex_bytes hex(const char *text)
{
    struct hex_bytes result = {.valid = true};
    while (*text != '\0') {
        if (*text == ' ') {
            text++;
            continue;
        }
        int high = hex_digit(text[0]);
        int low = high < 0 ? -1 : hex_digit(text[1]);
        if (low < 0 || result.len == HEX_BYTES_MAX) {
            result.valid = false;
            return result;
        }
        result.bytes[result.len++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
    return result;
}

/* A view of what hex() returned, which must outlive it. */
static inline struct slw_bytes hex_view(const struct hex_bytes *value)
{
    return slw_bytes_make(value->bytes, value->valid ? value->len : 0);
}

static inline bool hex_equals(struct slw_bytes actual, const char *expected)
{
    struct hex_bytes value = hex(expected);
    return value.valid && slw_bytes_equal(actual, hex_view(&value));
}

#endif
