/* SPDX-License-Identifier: Apache-2.0 */
/* The members of an object in the order of their names: for objects whose text has them in another
 * order. reader.c looks for equal names, canonical.c writes them. Private to host/json. */
#ifndef SLIPWAY_JSON_MEMBERS_H
#define SLIPWAY_JSON_MEMBERS_H

#define SLW_JSON_FETCH 8u /* names ahead */

#include "parser.h"

/* Below 0, 0, above 0: by the bytes of UTF-8, which is the order of the characters' numbers. */
static inline int slw_json_compare(struct slw_bytes left, struct slw_bytes right)
{
    size_t len = left.len < right.len ? left.len : right.len;
    int order = 0;
    if (len != 0) {
        order = left.ptr[0] != right.ptr[0] ? left.ptr[0] - right.ptr[0]
                                            : memcmp(left.ptr, right.ptr, len);
    }
    if (order != 0 || left.len == right.len) {
        return order;
    }
    return left.len < right.len ? -1 : 1;
}

/* slw_json_string() of what is a string. */
static inline struct slw_bytes slw_json_text_of(const struct slw_json_document *document,
                                                uint32_t string)
{
    const struct slw_json_value *value = &document->values[string];
    const uint8_t *base = (value->flags & SLW_JSON_DECODED) != 0 ? document->decoded.ptr //
                                                                 : document->text.ptr;
    return slw_bytes_make(base + value->start, value->end - value->start);
}

/*
 * Going through names in their order is going to and fro in the text: asks the processor for those
 * that come soon, first where they are, then what they are. They are step numbers apart, left of
 * them are still to come.
 */
static inline void slw_json_fetch_ahead(const struct slw_json_document *document,
                                        const uint32_t *names, size_t step, size_t left)
{
    if (left > 2 * SLW_JSON_FETCH) {
        __builtin_prefetch(&document->values[names[2 * SLW_JSON_FETCH * step]]);
        __builtin_prefetch(slw_json_text_of(document, names[SLW_JSON_FETCH * step]).ptr);
    }
}

/*
 * Writes the names of an object's members in ascending order, equal ones in the order of the text,
 * into names, which has room for slw_json_count() of them, and sets *ret_duplicate to the first
 * name in the text that was there before; SLW_JSON_NONE if none was. SLW_NO_SPACE when memory ran
 * out.
 */
SLW_MUST_USE enum slw_status slw_json_sort_names(const struct slw_json_document *document,
                                                 uint32_t object, uint32_t *names,
                                                 uint32_t *ret_duplicate);

/* The duplicate alone. */
SLW_MUST_USE enum slw_status slw_json_find_duplicate(const struct slw_json_document *document,
                                                     uint32_t object, uint32_t *ret_name);

#endif
