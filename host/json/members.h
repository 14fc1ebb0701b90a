/* SPDX-License-Identifier: Apache-2.0 */
/* The members of an object in the order of their names: for objects whose text has them in another
 * order. reader.c looks for equal names, canonical.c writes them. Private to host/json. */
#ifndef SLIPWAY_JSON_MEMBERS_H
#define SLIPWAY_JSON_MEMBERS_H

#define SLW_JSON_FETCH ((size_t)8) /* names ahead */

#include "parser.h"

#include "slipway/bytes_order.h"

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
