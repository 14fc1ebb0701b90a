/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between texts that end with a zero and views of bytes.
 *
 *     status = slw_sql_text(slw_text_bytes(caller->name));
 *     slw_text_copy(slw_rows_bytes(rows, 0), sizeof row->product, row->product);
 */
#ifndef SLIPWAY_TEXT_H
#define SLIPWAY_TEXT_H

#include "slipway/bytes.h"

/* The characters of a text; NULL has none. */
static inline struct slw_bytes slw_text_bytes(const char *text)
{
    return slw_bytes_make(text, text == NULL ? 0 : strlen(text));
}

/* Copies as much as there is room for, and a zero behind it. size is at least 1. */
static inline void slw_text_copy(struct slw_bytes from, size_t size, char *ret_text)
{
    size_t len = from.len < size ? from.len : size - 1;
    if (len > 0) {
        memcpy(ret_text, from.ptr, len);
    }
    ret_text[len] = '\0';
}

#endif
