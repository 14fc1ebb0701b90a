/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings that hold more than plain ASCII: UTF-8 is checked, escapes are decoded. reader.c calls it
 * for the strings that it can't pass over at a glance.
 */
#include "parser.h"

#include "slipway/text.h"

#define NOT_UTF8 "not UTF-8"
#define NOT_CLOSED "the text ends within a string"

/* Behind the character that begins at at, beyond ASCII. */
static const uint8_t *skip_character(struct slw_json_parser *parser, const uint8_t *at)
{
    struct slw_utf8 checker = {0};
    const uint8_t *start = at;
    do {
        if (at == parser->end || !slw_utf8_accept(&checker, slw_bytes_make(at, 1))) {
            return slw_json_fail(parser, start, NOT_UTF8);
        }
        at++;
    } while (!slw_utf8_complete(&checker));
    return at;
}

/* Behind all that needs no decoding: at the closing quote or at a backslash. */
static const uint8_t *skip_literal(struct slw_json_parser *parser, const uint8_t *at)
{
    for (;;) {
        at = slw_json_skip_plain(at, parser->end);
        if (at == parser->end) {
            return slw_json_fail(parser, at, NOT_CLOSED);
        }
        if (*at < 0x20) {
            return slw_json_fail(parser, at, "a control character in a string, not escaped");
        }
        if (*at < 0x80) {
            return at;
        }
        at = skip_character(parser, at);
        if (at == NULL) {
            return NULL;
        }
    }
}

/* The four digits of a \u escape; at is its backslash. */
static const uint8_t *read_unit(struct slw_json_parser *parser, const uint8_t *at,
                                uint32_t *ret_unit)
{
    uint32_t unit = 0;
    for (int i = 2; i < 6; i++) {
        int value = parser->end - at > i ? slw_text_hex_value(at[i]) : -1;
        if (value < 0) {
            return slw_json_fail(parser, at, "\\u without four hexadecimal digits");
        }
        unit = unit << 4 | (uint32_t)value;
    }
    *ret_unit = unit;
    return at + 6;
}

static void append_character(struct slw_heap_buffer *text, uint32_t code)
{
    uint8_t bytes[4];
    size_t len = 0;
    if (code < 0x80) {
        bytes[len++] = (uint8_t)code;
    } else if (code < 0x800) {
        bytes[len++] = (uint8_t)(0xC0 | code >> 6);
        bytes[len++] = (uint8_t)(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        bytes[len++] = (uint8_t)(0xE0 | code >> 12);
        bytes[len++] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        bytes[len++] = (uint8_t)(0x80 | (code & 0x3F));
    } else {
        bytes[len++] = (uint8_t)(0xF0 | code >> 18);
        bytes[len++] = (uint8_t)(0x80 | (code >> 12 & 0x3F));
        bytes[len++] = (uint8_t)(0x80 | (code >> 6 & 0x3F));
        bytes[len++] = (uint8_t)(0x80 | (code & 0x3F));
    }
    slw_heap_append(text, slw_bytes_make(bytes, len));
}

/* RFC 8259, section 7: "To escape an extended character that is not in the Basic Multilingual
 * Plane, the character is represented as a 12-character sequence, encoding the UTF-16 surrogate
 * pair." One surrogate alone is no character, and UTF-8 has no place for it. */
static const uint8_t *read_unicode(struct slw_json_parser *parser, const uint8_t *at)
{
    const uint8_t *start = at;
    uint32_t code = 0;
    at = read_unit(parser, at, &code);
    if (at != NULL && code >= 0xD800 && code <= 0xDBFF && parser->end - at >= 2 && at[0] == '\\' &&
        at[1] == 'u') {
        uint32_t low = 0;
        at = read_unit(parser, at, &low);
        if (at != NULL && low >= 0xDC00 && low <= 0xDFFF) {
            code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
        }
    }
    if (at == NULL) {
        return NULL;
    }
    if (code >= 0xD800 && code <= 0xDFFF) {
        return slw_json_fail(parser, start, "half of a surrogate pair");
    }
    append_character(&parser->document.decoded, code);
    return at;
}

/* at is a backslash. */
static const uint8_t *read_escape(struct slw_json_parser *parser, const uint8_t *at)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    if (parser->end - at < 2) {
        return slw_json_fail(parser, parser->end, NOT_CLOSED);
    }
    uint8_t letter = at[1];
    if (letter == 'u') {
        return read_unicode(parser, at);
    }
    for (size_t i = 0; i < sizeof letters - 1; i++) {
        if (letter == (uint8_t)letters[i]) {
            slw_heap_append(&parser->document.decoded, slw_bytes_make(&meanings[i], 1));
            return at + 2;
        }
    }
    return slw_json_fail(parser, at, "an escape that JSON doesn't have");
}

/* at is the first backslash. Canonical form escapes what it must and no more: `"` and `\`. */
static const uint8_t *decode(struct slw_json_parser *parser, const uint8_t *start,
                             const uint8_t *at, struct slw_json_value *ret_value)
{
    struct slw_heap_buffer *decoded = &parser->document.decoded;
    size_t first = decoded->len;
    slw_heap_append(decoded, slw_bytes_make(start, (size_t)(at - start)));
    while (*at == '\\') {
        const uint8_t *escape = at;
        at = read_escape(parser, at);
        if (at == NULL) {
            return NULL;
        }
        if (escape[1] != '"' && escape[1] != '\\') {
            parser->impure = at;
        }
        const uint8_t *literal = at;
        at = skip_literal(parser, at);
        if (at == NULL) {
            return NULL;
        }
        slw_heap_append(decoded, slw_bytes_make(literal, (size_t)(at - literal)));
    }
    if (decoded->status != SLW_OK) {
        return slw_json_fail_memory(parser);
    }
    /* Decoded text is shorter than what it stands for, so that this fits as well. */
    ret_value->start = (uint32_t)first;
    ret_value->end = (uint32_t)decoded->len;
    ret_value->flags = SLW_JSON_DECODED;
    return at;
}

const uint8_t *slw_json_read_hard_string(struct slw_json_parser *parser, const uint8_t *start,
                                         const uint8_t *at, struct slw_json_value *ret_value)
{
    at = skip_literal(parser, at);
    if (at == NULL) {
        return NULL;
    }
    ret_value->start = slw_json_offset(parser, start);
    ret_value->end = slw_json_offset(parser, at);
    if (*at == '\\') {
        at = decode(parser, start, at, ret_value);
    }
    return at == NULL ? NULL : at + 1;
}
