/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648), written and strictly read. OpenSSL's reader skips spaces and takes bits that
 * no byte uses; what envelopes, notes and keys say must have one spelling.
 */
#include "slipway/base64.h"

#define SIX_BITS 0x3Fu
#define STANDARD 0x40u
#define URL_SAFE 0x80u

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void slw_base64_encode(struct slw_bytes bytes, struct slw_heap_buffer *ret_text)
{
    if (bytes.len > SIZE_MAX / 2) {
        ret_text->status = SLW_NO_SPACE;
        return;
    }
    uint8_t *place = slw_heap_reserve(ret_text, SLW_BASE64_SIZE(bytes.len));
    if (place == NULL) {
        return;
    }
    for (size_t at = 0; at < bytes.len; at += 3, place += 4) {
        size_t left = bytes.len - at;
        uint32_t group = (uint32_t)bytes.ptr[at] << 16;
        group |= left > 1 ? (uint32_t)bytes.ptr[at + 1] << 8 : 0;
        group |= left > 2 ? (uint32_t)bytes.ptr[at + 2] : 0;
        place[0] = (uint8_t)digits[group >> 18];
        place[1] = (uint8_t)digits[group >> 12 & 63];
        place[2] = (uint8_t)(left > 1 ? digits[group >> 6 & 63] : '=');
        place[3] = (uint8_t)(left > 2 ? digits[group & 63] : '=');
    }
}

/*
 * The six bits of a character, and of which alphabet it is: "the URL and Filename safe Alphabet"
 * (section 5) has others for 62 and 63. 0: of none.
 */
/* clang-format off */
static const uint8_t values[256] = {
    ['A'] = 0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB, 0xCC,
            0xCD, 0xCE, 0xCF, 0xD0, 0xD1, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9,
    ['a'] = 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6,
            0xE7, 0xE8, 0xE9, 0xEA, 0xEB, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF2, 0xF3,
    ['0'] = 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD,
    ['+'] = 62 | STANDARD, ['/'] = 63 | STANDARD,
    ['-'] = 62 | URL_SAFE, ['_'] = 63 | URL_SAFE,
};
/* clang-format on */

/*
 * Characters of the last group that aren't padding: 2 to 4; 0 for a text that can't be. "Special
 * processing is performed if fewer than 24 bits are available at the end" (section 4).
 */
static size_t count_last(struct slw_bytes text)
{
    if (text.len % 4 != 0) {
        return 0;
    }
    size_t padding = text.ptr[text.len - 1] != '=' ? 0 : text.ptr[text.len - 2] != '=' ? 1 : 2;
    return 4 - padding;
}

static bool read_group(const uint8_t text[static 4], uint8_t alphabet, uint8_t place[static 3])
{
    const unsigned first = values[text[0]];
    const unsigned second = values[text[1]];
    const unsigned third = values[text[2]];
    const unsigned fourth = values[text[3]];
    place[0] = (uint8_t)(first << 2 | (second & SIX_BITS) >> 4);
    place[1] = (uint8_t)(second << 4 | (third & SIX_BITS) >> 2);
    place[2] = (uint8_t)(third << 6 | (fourth & SIX_BITS));
    return (first & second & third & fourth & alphabet) != 0;
}

static bool read_last(const uint8_t *text, size_t count, uint8_t alphabet, uint8_t *place)
{
    uint8_t characters[4] = {'A', 'A', 'A', 'A'}; /* zeros */
    uint8_t bytes[3];
    memcpy(characters, text, count);
    /* "These pad bits MUST be set to zero by conforming encoders" (section 3.5). */
    if (!read_group(characters, alphabet, bytes) || (count == 2 && bytes[1] != 0) ||
        (count == 3 && bytes[2] != 0)) {
        return false;
    }
    memcpy(place, bytes, count - 1);
    return true;
}

static enum slw_status decode(struct slw_bytes text, uint8_t alphabet,
                              struct slw_heap_buffer *ret_bytes)
{
    size_t before = ret_bytes->len;
    if (text.len == 0) {
        return SLW_OK;
    }
    size_t last = count_last(text);
    if (last == 0) {
        return SLW_MALFORMED;
    }
    uint8_t *place = slw_heap_reserve(ret_bytes, text.len / 4 * 3 - (4 - last));
    if (place == NULL) {
        return SLW_NO_SPACE;
    }
    bool good = true;
    size_t at = 0;
    for (; good && at + 4 < text.len; at += 4, place += 3) {
        good = read_group(text.ptr + at, alphabet, place);
    }
    if (!good || !read_last(text.ptr + at, last, alphabet, place)) {
        ret_bytes->len = before;
        return SLW_MALFORMED;
    }
    return SLW_OK;
}

enum slw_status slw_base64_decode(struct slw_bytes text, struct slw_heap_buffer *ret_bytes)
{
    return decode(text, STANDARD, ret_bytes);
}

enum slw_status slw_base64_decode_any(struct slw_bytes text, struct slw_heap_buffer *ret_bytes)
{
    bool is_url_safe = text.len != 0 && (memchr(text.ptr, '-', text.len) != NULL ||
                                         memchr(text.ptr, '_', text.len) != NULL);
    return decode(text, is_url_safe ? URL_SAFE : STANDARD, ret_bytes);
}
