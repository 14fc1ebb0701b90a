/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Canonical JSON of what was read: what signatures and key ids are over. Often the text is it
 * already; usually only white space goes, and writing goes through the values once, in their order;
 * members that stand in another order are sorted first.
 *
 * TUF 1.0.34, section 4.1: "When calculating the digest of an object, we use the "canonical JSON"
 * subdialect as described at [Canonical JSON]". There: "Whitespace is not permitted between tokens.
 * […] keys in lexicographically sorted order", "char: any byte except hex 22 (") or hex 5C (\)".
 */
#include "members.h"

#include <stdlib.h>

#define COPY_STEP 16u /* bytes copied at a time, also where fewer are wanted */
#define SLACK 64u     /* room behind what is written, for that and for what a comma stands in for */

/* An object or array that is being written. */
struct level {
    uint32_t at; /* the next member or element; when sorted, its number in names */
    uint32_t end;
    uint32_t names_below; /* how many names the levels below have there */
    bool is_object;
    bool is_sorted;
};

struct writer {
    const struct slw_json_document *document;
    const uint8_t *text_end;
    uint8_t *place; /* where the next byte goes; there is room for all of them */
    struct level levels[SLW_JSON_DEPTH_MAX];
    uint32_t depth;
    uint32_t *names; /* of the levels that are sorted, one behind the other */
    uint32_t names_count;
    size_t names_capacity;
};

/* Short pieces are many, and a call for each costs more than a few bytes too many. */
static inline void put(struct writer *writer, const uint8_t *from, size_t len)
{
    if ((size_t)(writer->text_end - from) < len + COPY_STEP) {
        memcpy(writer->place, from, len);
    } else {
        for (size_t done = 0; done < len; done += COPY_STEP) {
            memcpy(writer->place + done, from + done, COPY_STEP);
        }
    }
    writer->place += len;
}

static uint8_t *put_escaped(uint8_t *place, struct slw_bytes text)
{
    const uint8_t *at = text.ptr;
    const uint8_t *end = text.len == 0 ? at : at + text.len; /* at may be NULL */
    *place++ = '"';
    while (at != end) {
        const uint8_t *plain = slw_json_skip_plain(at, end);
        memcpy(place, at, (size_t)(plain - at));
        place += plain - at;
        at = plain;
        /* What stops there may be a control character or one beyond ASCII as well. */
        if (at != end) {
            if (*at == '"' || *at == '\\') {
                *place++ = '\\';
            }
            *place++ = *at++;
        }
    }
    *place++ = '"';
    return place;
}

static inline void put_string(struct writer *writer, const struct slw_json_value *value,
                              uint32_t index)
{
    if ((value->flags & SLW_JSON_DECODED) != 0) {
        writer->place = put_escaped(writer->place, slw_json_text_of(writer->document, index));
        return;
    }
    put(writer, writer->document->text.ptr + value->start - 1, value->end - value->start + 2);
}

static bool is_minus_zero(const uint8_t *integer)
{
    return integer[0] == '-' && integer[1] == '0';
}

static void put_integer(struct writer *writer, const struct slw_json_value *value)
{
    const uint8_t *text = writer->document->text.ptr + value->start;
    size_t sign = is_minus_zero(text) ? 1 : 0;
    put(writer, text + sign, value->end - value->start - sign);
}

static enum slw_status sort_level(struct writer *writer, uint32_t object, struct level *level)
{
    size_t count = slw_json_count(writer->document, object);
    size_t wanted = writer->names_count + count;
    if (wanted > writer->names_capacity) {
        size_t capacity = wanted + writer->names_capacity;
        uint32_t *names = realloc(writer->names, capacity * sizeof *names);
        if (names == NULL) {
            return SLW_NO_SPACE;
        }
        writer->names = names;
        writer->names_capacity = capacity;
    }
    uint32_t duplicate; /* there is none in what was read */
    SLW_TRY(slw_json_sort_names(writer->document, object, writer->names + writer->names_count,
                                &duplicate));
    level->at = writer->names_count;
    level->end = (uint32_t)wanted;
    level->is_sorted = true;
    writer->names_count = (uint32_t)wanted;
    return SLW_OK;
}

static enum slw_status open_level(struct writer *writer, uint32_t index,
                                  const struct slw_json_value *value)
{
    struct level *level = &writer->levels[writer->depth++];
    *level = (struct level){index + 1, value->next, writer->names_count,
                            value->kind == SLW_JSON_OBJECT, false};
    *writer->place++ = level->is_object ? '{' : '[';
    if (level->is_object && (value->flags & SLW_JSON_SORTED) == 0) {
        return sort_level(writer, index, level);
    }
    return SLW_OK;
}

/* The bracket takes the place of the comma behind the last part. */
static inline void close_level(struct writer *writer, const struct level *level)
{
    if (writer->place[-1] == ',') {
        writer->place--;
    }
    *writer->place++ = level->is_object ? '}' : ']';
    *writer->place++ = ',';
    writer->names_count = level->names_below;
    writer->depth--;
}

/* A value and a comma, or as much of it as is in front of its first part. */
static inline enum slw_status put_value(struct writer *writer, uint32_t index)
{
    const struct slw_json_value *value = &writer->document->values[index];
    if (value->kind == SLW_JSON_STRING) {
        put_string(writer, value, index);
    } else if (value->kind == SLW_JSON_INTEGER) {
        put_integer(writer, value);
    } else if (value->kind <= SLW_JSON_ARRAY && (value->flags & SLW_JSON_CANONICAL) == 0) {
        return open_level(writer, index, value);
    } else {
        put(writer, writer->document->text.ptr + value->start, value->end - value->start);
    }
    *writer->place++ = ',';
    return SLW_OK;
}

/* One member or element of the innermost level. */
static inline enum slw_status put_next(struct writer *writer, struct level *level)
{
    const struct slw_json_value *values = writer->document->values;
    uint32_t part = level->at;
    if (level->is_sorted) {
        slw_json_fetch_ahead(writer->document, &writer->names[part], 1, level->end - part);
        part = writer->names[part];
    }
    if (level->is_object) {
        put_string(writer, &values[part], part);
        *writer->place++ = ':';
        part++;
    }
    level->at = level->is_sorted ? level->at + 1 : values[part].next;
    return put_value(writer, part);
}

static enum slw_status put_all(struct writer *writer, uint32_t value)
{
    SLW_TRY(put_value(writer, value));
    while (writer->depth != 0) {
        struct level *level = &writer->levels[writer->depth - 1];
        if (level->at == level->end) {
            close_level(writer, level);
        } else {
            SLW_TRY(put_next(writer, level));
        }
    }
    writer->place--; /* the comma behind the whole */
    return SLW_OK;
}

/* Escapes are never shorter than what canonical form has for them, so that it is never longer than
 * the text; only a single string doesn't know how long its text was. */
static size_t size_max(const struct slw_json_value *value)
{
    size_t len = value->end - value->start;
    return value->kind == SLW_JSON_STRING ? 2 * len + 2 : len;
}

/* A view of the text, empty when the value doesn't stand there in canonical form. */
static struct slw_bytes view(const struct slw_json_document *document, uint32_t value)
{
    const struct slw_json_value *found = &document->values[value];
    const uint8_t *start = document->text.ptr + found->start;
    size_t len = found->end - found->start;
    bool is_view = false;
    switch ((enum slw_json_kind)found->kind) {
    case SLW_JSON_OBJECT:
    case SLW_JSON_ARRAY:
        is_view = (found->flags & SLW_JSON_CANONICAL) != 0;
        break;
    case SLW_JSON_STRING:
        return (found->flags & SLW_JSON_DECODED) != 0 ? slw_bytes_make(NULL, 0)
                                                      : slw_bytes_make(start - 1, len + 2);
    case SLW_JSON_INTEGER:
        is_view = !is_minus_zero(start);
        break;
    case SLW_JSON_TRUE:
    case SLW_JSON_FALSE:
    case SLW_JSON_NULL:
        is_view = true;
        break;
    }
    return is_view ? slw_bytes_make(start, len) : slw_bytes_make(NULL, 0);
}

struct slw_bytes slw_json_canonical(const struct slw_json_document *document, uint32_t value,
                                    struct slw_heap_buffer *scratch)
{
    struct slw_bytes found = view(document, value);
    if (found.len != 0) {
        return found;
    }
    size_t before = scratch->len;
    struct writer writer = {
        .document = document,
        .text_end = document->text.ptr + document->text.len,
        .place = slw_heap_reserve(scratch, size_max(&document->values[value]) + SLACK),
    };
    if (writer.place == NULL) {
        return slw_bytes_make(NULL, 0);
    }
    enum slw_status status = put_all(&writer, value);
    free(writer.names);
    if (status != SLW_OK) {
        scratch->status = status;
        scratch->len = before;
        return slw_bytes_make(NULL, 0);
    }
    scratch->len = (size_t)(writer.place - scratch->ptr);
    return slw_bytes_make(scratch->ptr + before, scratch->len - before);
}

void slw_json_canonical_string(struct slw_bytes text, struct slw_heap_buffer *ret_text)
{
    size_t before = ret_text->len;
    if (text.len > (SIZE_MAX - 2) / 2) {
        ret_text->status = SLW_NO_SPACE;
        return;
    }
    uint8_t *place = slw_heap_reserve(ret_text, 2 * text.len + 2);
    if (place != NULL) {
        ret_text->len = before + (size_t)(put_escaped(place, text) - place);
    }
}
