/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of bytes, which is also that of names in canonical JSON: what is sorted and searched
 * by name asks here.
 */
#ifndef SLIPWAY_BYTES_ORDER_H
#define SLIPWAY_BYTES_ORDER_H

#include "slipway/bytes.h"

/*
 * Below 0, 0, above 0: by the bytes, a beginning before what it begins. For UTF-8 that is the order
 * of the characters' numbers.
 */
static inline int slw_bytes_compare(struct slw_bytes left, struct slw_bytes right)
{
    size_t len = left.len < right.len ? left.len : right.len;
    int order = 0;
    if (len != 0) { /* most differ at once, which saves a call */
        order = left.ptr[0] != right.ptr[0] ? left.ptr[0] - right.ptr[0]
                                            : memcmp(left.ptr, right.ptr, len);
    }
    if (order != 0 || left.len == right.len) {
        return order;
    }
    return left.len < right.len ? -1 : 1;
}

#endif
