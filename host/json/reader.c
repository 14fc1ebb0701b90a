/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The strict JSON reader of json_reader.h: one pass over the text, from value to value, with the
 * open objects and arrays in a fixed array. Whoever reads metadata of a repository calls it.
 */
#include "members.h"

#include <stdlib.h>

/* Metadata has a value every 17 bytes or more, so that most texts need no second allocation. */
#define BYTES_PER_VALUE 16u
#define CAPACITY_MIN 16u

static bool grow(struct slw_json_parser *parser)
{
    size_t first = parser->document.text.len / BYTES_PER_VALUE + CAPACITY_MIN;
    size_t capacity = parser->capacity == 0 ? first : parser->capacity * 2;
    struct slw_json_value *values =
        realloc(parser->document.values, capacity * sizeof *parser->document.values);
    if (values == NULL) {
        return false;
    }
    parser->document.values = values;
    parser->capacity = capacity;
    return true;
}

/* A new value, which begins at at; NULL when memory ran out. */
static inline struct slw_json_value *add(struct slw_json_parser *parser, enum slw_json_kind kind,
                                         const uint8_t *at)
{
    if (parser->document.count == parser->capacity && !grow(parser)) {
        return NULL;
    }
    struct slw_json_value *value = &parser->document.values[parser->document.count++];
    *value = (struct slw_json_value){.start = slw_json_offset(parser, at),
                                     .next = parser->document.count,
                                     .kind = (uint8_t)kind};
    return value;
}

/* at is behind the opening quote. */
static inline const uint8_t *read_string(struct slw_json_parser *parser, const uint8_t *at)
{
    struct slw_json_value *value = add(parser, SLW_JSON_STRING, at);
    if (value == NULL) {
        return slw_json_fail_memory(parser);
    }
    const uint8_t *end = slw_json_skip_plain(at, parser->end);
    if (end == parser->end || *end != '"') {
        return slw_json_read_hard_string(parser, at, end, value);
    }
    value->end = slw_json_offset(parser, end);
    return end + 1;
}

/* RFC 8259, section 6: "frac = decimal-point 1*DIGIT", "exp = e [ minus / plus ] 1*DIGIT". at is
 * behind the integer. */
static const uint8_t *read_fraction(struct slw_json_parser *parser, const uint8_t *start,
                                    const uint8_t *at)
{
    static const char why[] = "a number that ends too early";
    const uint8_t *end = parser->end;
    const uint8_t *first = at;
    if (*at == '.') {
        first = ++at;
        while (at < end && *at >= '0' && *at <= '9') {
            at++;
        }
        if (at == first) {
            return slw_json_fail(parser, start, why);
        }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-') ? 1 : 0;
        first = at;
        while (at < end && *at >= '0' && *at <= '9') {
            at++;
        }
        if (at == first) {
            return slw_json_fail(parser, start, why);
        }
    }
    struct slw_json_value *value = add(parser, SLW_JSON_NULL, start);
    if (value == NULL) {
        return slw_json_fail_memory(parser);
    }
    value->end = slw_json_offset(parser, at);
    parser->impure = at;
    return at;
}

/*
 * RFC 8259, section 6: "Leading zeros are not allowed." Fractions and exponents are JSON, but have
 * no place in canonical JSON: "floating point numbers are not allowed".
 */
static const uint8_t *read_integer(struct slw_json_parser *parser, const uint8_t *start)
{
    const uint8_t *end = parser->end;
    const uint8_t *first = *start == '-' ? start + 1 : start;
    const uint8_t *at = first;
    while (at < end && *at >= '0' && *at <= '9') {
        at++;
    }
    if (at == first) {
        return slw_json_fail(parser, start, "a minus sign without a number");
    }
    if (*first == '0' && at - first > 1) {
        return slw_json_fail(parser, start, "a number with a leading zero");
    }
    if (at < end && (*at == '.' || *at == 'e' || *at == 'E')) {
        if (parser->has_fractions) {
            return read_fraction(parser, start, at);
        }
        return slw_json_fail(parser, start,
                             "a number with a fraction or exponent has no canonical form");
    }
    struct slw_json_value *value = add(parser, SLW_JSON_INTEGER, start);
    if (value == NULL) {
        return slw_json_fail_memory(parser);
    }
    value->end = slw_json_offset(parser, at);
    if (*first == '0' && first != start) {
        parser->impure = at; /* -0 */
    }
    return at;
}

static const uint8_t *read_word(struct slw_json_parser *parser, const uint8_t *at,
                                struct slw_bytes word, enum slw_json_kind kind)
{
    if ((size_t)(parser->end - at) < word.len || memcmp(at, word.ptr, word.len) != 0) {
        return slw_json_fail(parser, at, "a word that JSON doesn't have");
    }
    struct slw_json_value *value = add(parser, kind, at);
    if (value == NULL) {
        return slw_json_fail_memory(parser);
    }
    value->end = value->start + (uint32_t)word.len;
    return at + word.len;
}

static const uint8_t *open_level(struct slw_json_parser *parser, const uint8_t *at,
                                 enum slw_json_kind kind)
{
    if (parser->depth == SLW_JSON_DEPTH_MAX) {
        return slw_json_fail(parser, at, "too many objects and arrays inside each other");
    }
    if (add(parser, kind, at) == NULL) {
        return slw_json_fail_memory(parser);
    }
    parser->levels[parser->depth++] = (struct slw_json_level){
        parser->document.count - 1, SLW_JSON_NONE, kind == SLW_JSON_OBJECT, true};
    return at + 1;
}

static inline const uint8_t *read_value(struct slw_json_parser *parser, const uint8_t *at)
{
    if (at == parser->end) {
        return slw_json_fail(parser, at, "the text ends where a value should be");
    }
    switch (*at) {
    case '"':
        return read_string(parser, at + 1);
    case '{':
        return open_level(parser, at, SLW_JSON_OBJECT);
    case '[':
        return open_level(parser, at, SLW_JSON_ARRAY);
    case 't':
        return read_word(parser, at, SLW_BYTES_OF("true"), SLW_JSON_TRUE);
    case 'f':
        return read_word(parser, at, SLW_BYTES_OF("false"), SLW_JSON_FALSE);
    case 'n':
        return read_word(parser, at, SLW_BYTES_OF("null"), SLW_JSON_NULL);
    }
    if (*at == '-' || (*at >= '0' && *at <= '9')) {
        return read_integer(parser, at);
    }
    return slw_json_fail(parser, at, "not a value");
}

static const uint8_t *fail_duplicate(struct slw_json_parser *parser, uint32_t name)
{
    parser->duplicate = name;
    return slw_json_fail(parser, NULL, "twice");
}

/* RFC 8259, section 4: "The names within an object SHOULD be unique." Here they must be. */
static const uint8_t *check_members(struct slw_json_parser *parser, uint32_t object,
                                    const uint8_t *at)
{
    uint32_t duplicate = SLW_JSON_NONE;
    if (slw_json_find_duplicate(&parser->document, object, &duplicate) != SLW_OK) {
        return slw_json_fail_memory(parser);
    }
    if (duplicate != SLW_JSON_NONE) {
        return fail_duplicate(parser, duplicate);
    }
    parser->impure = at;
    return at;
}

/* at is the closing bracket. */
static inline const uint8_t *close_level(struct slw_json_parser *parser, const uint8_t *at)
{
    const struct slw_json_level *level = &parser->levels[--parser->depth];
    struct slw_json_value *value = &parser->document.values[level->value];
    at++;
    value->end = slw_json_offset(parser, at);
    value->next = parser->document.count;
    if (!level->is_sorted) {
        return check_members(parser, level->value, at);
    }
    bool is_pure = parser->impure <= parser->document.text.ptr + value->start;
    value->flags =
        (uint8_t)((level->is_object ? SLW_JSON_SORTED : 0) | (is_pure ? SLW_JSON_CANONICAL : 0));
    return at;
}

/* Behind the comma in front of a member or an element, if it isn't the first. */
static inline const uint8_t *pass_comma(struct slw_json_parser *parser,
                                        const struct slw_json_level *level, const uint8_t *at)
{
    if (level->value + 1 == parser->document.count) {
        return at;
    }
    if (*at != ',') {
        return slw_json_fail(parser, at,
                             level->is_object ? "expected a comma or }" : "expected a comma or ]");
    }
    return slw_json_skip_white(parser, at + 1);
}

/* A name that is above the one before is another than all before, if they ascended as well. Those
 * of an object whose names don't are compared when it closes. */
static inline bool is_new_name(struct slw_json_parser *parser, struct slw_json_level *level)
{
    uint32_t name = parser->document.count - 1;
    if (level->is_sorted && level->last_name != SLW_JSON_NONE) {
        int order = slw_bytes_compare(slw_json_text_of(&parser->document, level->last_name),
                                      slw_json_text_of(&parser->document, name));
        if (order == 0) {
            return false;
        }
        level->is_sorted = order < 0;
    }
    level->last_name = name;
    return true;
}

/* at is where a member should begin. */
static inline const uint8_t *read_member(struct slw_json_parser *parser,
                                         struct slw_json_level *level, const uint8_t *at)
{
    if (at == parser->end || *at != '"') {
        return slw_json_fail(parser, at, "expected the name of a member, in quotes");
    }
    at = read_string(parser, at + 1);
    if (at == NULL) {
        return NULL;
    }
    if (!is_new_name(parser, level)) {
        return fail_duplicate(parser, parser->document.count - 1);
    }
    at = slw_json_skip_white(parser, at);
    if (at == parser->end || *at != ':') {
        return slw_json_fail(parser, at, "expected a colon behind the name");
    }
    return read_value(parser, slw_json_skip_white(parser, at + 1));
}

/* One member or element of the innermost open level, or its end. */
static inline const uint8_t *read_next(struct slw_json_parser *parser, const uint8_t *at)
{
    struct slw_json_level *level = &parser->levels[parser->depth - 1];
    at = slw_json_skip_white(parser, at);
    if (at == parser->end) {
        return slw_json_fail(parser, at,
                             level->is_object ? "the text ends within an object"
                                              : "the text ends within an array");
    }
    if (*at == (level->is_object ? '}' : ']')) {
        return close_level(parser, at);
    }
    at = pass_comma(parser, level, at);
    if (at == NULL) {
        return NULL;
    }
    return level->is_object ? read_member(parser, level, at) : read_value(parser, at);
}

static const uint8_t *read_text(struct slw_json_parser *parser)
{
    struct slw_bytes text = parser->document.text;
    if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0) {
        return slw_json_fail(parser, text.ptr, "a byte order mark in front of the text");
    }
    const uint8_t *at = read_value(parser, slw_json_skip_white(parser, text.ptr));
    while (at != NULL && parser->depth != 0) {
        at = read_next(parser, at);
    }
    if (at == NULL) {
        return NULL;
    }
    at = slw_json_skip_white(parser, at);
    return at == parser->end ? at : slw_json_fail(parser, at, "something behind the value");
}

/* A text without a byte may have no address, but reading one needs one. */
static struct slw_bytes with_address(struct slw_bytes text)
{
    return text.len != 0 ? text : SLW_BYTES_OF("");
}

static enum slw_status parse(const char *name, struct slw_bytes text, bool has_fractions,
                             struct slw_json_document *ret_document, struct slw_detail *detail)
{
    if (text.len > SLW_JSON_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "%s: more than %u bytes", name,
                           SLW_JSON_SIZE_MAX);
    }
    text = with_address(text);
    struct slw_json_parser parser = {.document = {.name = name, .text = text},
                                     .end = text.ptr + text.len,
                                     .impure = text.ptr,
                                     .has_fractions = has_fractions,
                                     .duplicate = SLW_JSON_NONE};
    if (read_text(&parser) == NULL) {
        enum slw_status status = slw_json_explain_problem(&parser, detail);
        slw_json_document_free(&parser.document);
        return status;
    }
    *ret_document = parser.document;
    return SLW_OK;
}

enum slw_status slw_json_parse(const char *name, struct slw_bytes text,
                               struct slw_json_document *ret_document, struct slw_detail *detail)
{
    return parse(name, text, false, ret_document, detail);
}

enum slw_status slw_json_parse_foreign(const char *name, struct slw_bytes text,
                                       struct slw_json_document *ret_document,
                                       struct slw_detail *detail)
{
    return parse(name, text, true, ret_document, detail);
}

void slw_json_document_free(struct slw_json_document *document)
{
    free(document->values);
    slw_heap_free(&document->decoded);
    *document = (struct slw_json_document){0};
}
