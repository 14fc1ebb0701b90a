/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at what was read: members by name, strings, integers, and going through objects and
 * arrays. */
#include "members.h"

uint32_t slw_json_member(const struct slw_json_document *document, uint32_t value,
                         struct slw_bytes name)
{
    if (slw_json_kind(document, value) != SLW_JSON_OBJECT) {
        return SLW_JSON_NONE;
    }
    uint32_t end = document->values[value].next;
    for (uint32_t at = value + 1; at < end; at = document->values[at + 1].next) {
        if (slw_bytes_equal(slw_json_text_of(document, at), name)) {
            return at + 1;
        }
    }
    return SLW_JSON_NONE;
}

struct slw_bytes slw_json_string(const struct slw_json_document *document, uint32_t value)
{
    if (slw_json_kind(document, value) != SLW_JSON_STRING) {
        return slw_bytes_make(NULL, 0);
    }
    return slw_json_text_of(document, value);
}

bool slw_json_integer(const struct slw_json_document *document, uint32_t value, int64_t *ret_number)
{
    if (slw_json_kind(document, value) != SLW_JSON_INTEGER) {
        return false;
    }
    const uint8_t *at = document->text.ptr + document->values[value].start;
    const uint8_t *end = document->text.ptr + document->values[value].end;
    bool is_negative = *at == '-';
    /* Below zero all the way: there is one more number there. */
    int64_t number = 0;
    for (at += is_negative ? 1 : 0; at < end; at++) {
        int digit = *at - '0';
        if (number < INT64_MIN / 10 || number * 10 < INT64_MIN + digit) {
            return false;
        }
        number = number * 10 - digit;
    }
    if (!is_negative && number == INT64_MIN) {
        return false;
    }
    *ret_number = is_negative ? number : -number;
    return true;
}

struct slw_bytes slw_json_raw(const struct slw_json_document *document, uint32_t value)
{
    enum slw_json_kind kind = slw_json_kind(document, value);
    if (kind != SLW_JSON_OBJECT && kind != SLW_JSON_ARRAY) {
        return slw_bytes_make(NULL, 0);
    }
    const struct slw_json_value *found = &document->values[value];
    return slw_bytes_make(document->text.ptr + found->start, found->end - found->start);
}

size_t slw_json_count(const struct slw_json_document *document, uint32_t value)
{
    struct slw_json_walk walk = slw_json_walk_begin(document, value);
    uint32_t name_len = walk.kind == SLW_JSON_OBJECT ? 1 : 0;
    size_t count = 0;
    for (uint32_t at = walk.at; at < walk.end; at = document->values[at + name_len].next) {
        count++;
    }
    return count;
}

struct slw_json_walk slw_json_walk_begin(const struct slw_json_document *document, uint32_t value)
{
    enum slw_json_kind kind = slw_json_kind(document, value);
    if (kind != SLW_JSON_OBJECT && kind != SLW_JSON_ARRAY) {
        return (struct slw_json_walk){document, 0, 0, kind};
    }
    return (struct slw_json_walk){document, value + 1, document->values[value].next, kind};
}

bool slw_json_walk_member(struct slw_json_walk *walk, struct slw_bytes *ret_name,
                          uint32_t *ret_value)
{
    if (walk->at == walk->end || walk->kind != SLW_JSON_OBJECT) {
        return false;
    }
    *ret_name = slw_json_text_of(walk->document, walk->at);
    *ret_value = walk->at + 1;
    walk->at = walk->document->values[walk->at + 1].next;
    return true;
}

bool slw_json_walk_element(struct slw_json_walk *walk, uint32_t *ret_value)
{
    if (walk->at == walk->end || walk->kind != SLW_JSON_ARRAY) {
        return false;
    }
    *ret_value = walk->at;
    walk->at = walk->document->values[walk->at].next;
    return true;
}
