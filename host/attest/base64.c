/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648), written and strictly read. OpenSSL's reader skips spaces and takes bits that
 * no byte uses; what envelopes, notes and keys say must have one spelling.
 */
#include "slipway/base64.h"

#define NONE 0xFFu

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
        place[0] = (uint8_t)alphabet[group >> 18];
        place[1] = (uint8_t)alphabet[group >> 12 & 63];
        place[2] = (uint8_t)(left > 1 ? alphabet[group >> 6 & 63] : '=');
        place[3] = (uint8_t)(left > 2 ? alphabet[group & 63] : '=');
    }
}

/* The six bits of a character, NONE for one that isn't in the alphabet. */
static uint8_t value_of(uint8_t character, char plus, char slash)
{
    if (character >= 'A' && character <= 'Z') {
        return (uint8_t)(character - 'A');
    }
    if (character >= 'a' && character <= 'z') {
        return (uint8_t)(character - 'a' + 26);
    }
    if (character >= '0' && character <= '9') {
        return (uint8_t)(character - '0' + 52);
    }
    if (character == (uint8_t)plus) {
        return 62;
    }
    return character == (uint8_t)slash ? 63 : NONE;
}

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

static bool read_group(const uint8_t text[static 4], size_t count, char plus, char slash,
                       uint8_t *place)
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        uint8_t value = i < count ? value_of(text[i], plus, slash) : 0;
        if (value == NONE) {
            return false;
        }
        group = group << 6 | value;
    }
    /* "These pad bits MUST be set to zero by conforming encoders" (section 3.5). */
    if ((count == 2 && (group & 0xFFFF) != 0) || (count == 3 && (group & 0xFF) != 0)) {
        return false;
    }
    for (size_t i = 0; i + 1 < count; i++) {
        place[i] = (uint8_t)(group >> (16 - 8 * i));
    }
    return true;
}

static enum slw_status decode(struct slw_bytes text, char plus, char slash,
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
    for (size_t at = 0; at < text.len; at += 4, place += 3) {
        if (!read_group(text.ptr + at, at + 4 < text.len ? 4 : last, plus, slash, place)) {
            ret_bytes->len = before;
            return SLW_MALFORMED;
        }
    }
    return SLW_OK;
}

enum slw_status slw_base64_decode(struct slw_bytes text, struct slw_heap_buffer *ret_bytes)
{
    return decode(text, '+', '/', ret_bytes);
}

enum slw_status slw_base64_decode_any(struct slw_bytes text, struct slw_heap_buffer *ret_bytes)
{
    bool is_url_safe = text.len != 0 && (memchr(text.ptr, '-', text.len) != NULL ||
                                         memchr(text.ptr, '_', text.len) != NULL);
    return is_url_safe ? decode(text, '-', '_', ret_bytes) : decode(text, '+', '/', ret_bytes);
}
