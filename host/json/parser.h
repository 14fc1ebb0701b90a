/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the JSON reader share: the state of reading one text, with the two scanners
 * that see most of its bytes, eight at a time. Private to host/json.
 *
 * A function that reads something takes the place where it begins and returns the place behind it,
 * or NULL once it has said with slw_json_fail() what is wrong, and where.
 */
#ifndef SLIPWAY_JSON_PARSER_H
#define SLIPWAY_JSON_PARSER_H

#include "slipway/json_reader.h"

/* struct slw_json_value, flags */
#define SLW_JSON_DECODED 1u   /* a string: start and end are places in document->decoded */
#define SLW_JSON_SORTED 2u    /* an object: its members ascend by name */
#define SLW_JSON_CANONICAL 4u /* an object or array: its text is its canonical form */

/* An object or array that isn't closed yet. */
struct slw_json_level {
    uint32_t value;
    uint32_t last_name; /* SLW_JSON_NONE before the first */
    bool is_object;
    bool is_sorted;
};

struct slw_json_parser {
    struct slw_json_document document;
    size_t capacity; /* of document.values */
    const uint8_t *end;
    /* Behind the last thing that canonical form spells otherwise: what begins there or later, and
     * has no such thing in it, stands in canonical form. */
    const uint8_t *impure;
    struct slw_json_level levels[SLW_JSON_DEPTH_MAX];
    uint32_t depth;     /* how many levels are open */
    bool has_fractions; /* they may be there, and are read as null */
    /* The failure, when there was one. */
    enum slw_status status;
    const char *problem;
    const uint8_t *problem_at;
    uint32_t duplicate; /* the second of two equal names, else SLW_JSON_NONE */
};

static inline const uint8_t *slw_json_fail(struct slw_json_parser *parser, const uint8_t *at,
                                           const char *problem)
{
    parser->status = SLW_MALFORMED;
    parser->problem = problem;
    parser->problem_at = at;
    return NULL;
}

static inline const uint8_t *slw_json_fail_memory(struct slw_json_parser *parser)
{
    parser->status = SLW_NO_SPACE;
    return NULL;
}

static inline uint32_t slw_json_offset(const struct slw_json_parser *parser, const uint8_t *at)
{
    return (uint32_t)(at - parser->document.text.ptr);
}

/* strings.c: a string with more than plain ASCII in it, from its first character at start on; at is
 * where plain ASCII ends. */
const uint8_t *slw_json_read_hard_string(struct slw_json_parser *parser, const uint8_t *start,
                                         const uint8_t *at, struct slw_json_value *ret_value);

/* place.c: puts problem, place and the name of the text into detail, and returns the status. */
enum slw_status slw_json_explain_problem(const struct slw_json_parser *parser,
                                         struct slw_detail *detail);

#define SLW_JSON_EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define SLW_JSON_HIGH_BITS SLW_JSON_EACH_BYTE(0x80)

/* The number of the lowest byte that has its high bit set; there is one. */
static inline unsigned slw_json_lowest(uint64_t high_bits)
{
    return (unsigned)__builtin_ctzll(high_bits) / 8;
}

/*
 * The first byte of a string's text that isn't plain: `"`, `\`, a control character, or the begin
 * of a character beyond ASCII; end when there is none. The subtractions set the high bit of a byte
 * that is zero, or below a space; borrows reach only bytes above the first such one.
 */
static inline const uint8_t *slw_json_skip_plain(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint64_t bytes = slw_get_u64_le(at);
        uint64_t quote = (bytes ^ SLW_JSON_EACH_BYTE('"')) - SLW_JSON_EACH_BYTE(1);
        uint64_t backslash = (bytes ^ SLW_JSON_EACH_BYTE('\\')) - SLW_JSON_EACH_BYTE(1);
        uint64_t control = bytes - SLW_JSON_EACH_BYTE(0x20);
        uint64_t found = (quote | backslash | control | bytes) & SLW_JSON_HIGH_BITS;
        if (found != 0) {
            return at + slw_json_lowest(found);
        }
        at += 8;
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\') {
        at++;
    }
    return at;
}

static inline const uint8_t *slw_json_skip_spaces(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 8) {
        uint64_t bytes = slw_get_u64_le(at) ^ SLW_JSON_EACH_BYTE(' ');
        uint64_t others =
            (((bytes & ~SLW_JSON_HIGH_BITS) + ~SLW_JSON_HIGH_BITS) | bytes) & SLW_JSON_HIGH_BITS;
        if (others != 0) {
            return at + slw_json_lowest(others);
        }
        at += 8;
    }
    while (at < end && *at == ' ') {
        at++;
    }
    return at;
}

/* Behind white space (RFC 8259: space, tab, line feed, carriage return). */
static inline const uint8_t *slw_json_skip_white(struct slw_json_parser *parser, const uint8_t *at)
{
    if (at == parser->end || *at > ' ') {
        return at;
    }
    while (at < parser->end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) {
        at = slw_json_skip_spaces(at + 1, parser->end);
        parser->impure = at;
    }
    return at;
}

#endif
