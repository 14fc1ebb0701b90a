/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic on lengths and offsets that come from outside. Each function says whether the result
 * fits, and leaves *ret_ untouched when it doesn't.
 */
#ifndef SLIPWAY_CHECKED_H
#define SLIPWAY_CHECKED_H

#include "slipway/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

SLW_MUST_USE static inline bool slw_add_u64(uint64_t left, uint64_t right, uint64_t *ret_sum)
{
    if (right > UINT64_MAX - left) {
        return false;
    }
    *ret_sum = left + right;
    return true;
}

SLW_MUST_USE static inline bool slw_add_size(size_t left, size_t right, size_t *ret_sum)
{
    if (right > SIZE_MAX - left) {
        return false;
    }
    *ret_sum = left + right;
    return true;
}

SLW_MUST_USE static inline bool slw_to_size(uint64_t value, size_t *ret_size)
{
    if (value > SIZE_MAX) {
        return false;
    }
    *ret_size = (size_t)value;
    return true;
}

static inline uint64_t slw_min_u64(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

static inline size_t slw_min_size(size_t left, size_t right)
{
    return left < right ? left : right;
}

#endif
