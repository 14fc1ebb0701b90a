/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between texts that end with a zero and views of bytes.
 *
 *     status = slw_sql_text(slw_text_bytes(caller->name));
 *     slw_text_copy(slw_rows_bytes(rows, 0), sizeof row->product, row->product);
 *     slw_text_hex(slw_bytes_make(digest, sizeof digest), text);
 *     if (!slw_text_unhex(slw_text_bytes(text), digest, sizeof digest)) ...
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

/* Two lower-case hexadecimal digits a byte and a zero: 2 * bytes.len + 1 characters. */
static inline void slw_text_hex(struct slw_bytes bytes, char *ret_text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *ret_text++ = digits[bytes.ptr[i] >> 4];
        *ret_text++ = digits[bytes.ptr[i] & 15];
    }
    *ret_text = '\0';
}

/* What a hexadecimal digit of either case stands for; -1 for every other character. */
int slw_text_hex_value(int character);

/* len bytes from exactly 2 * len lower-case digits, as slw_text_hex() writes them. False for
 * everything else, and then ret_bytes stays as it was. */
SLW_MUST_USE bool slw_text_unhex(struct slw_bytes text, uint8_t *ret_bytes, size_t len);

#endif
