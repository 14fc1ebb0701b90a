/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in the texts of logs: decimal, without leading zeroes, as all of C2SP's formats want. */
#ifndef SLIPWAY_NUMBER_TEXT_H
#define SLIPWAY_NUMBER_TEXT_H

#include "slipway/bytes.h"

/* False for anything but "0" or digits that don't begin with 0, and for what doesn't fit. */
SLW_MUST_USE static inline bool slw_number_parse(struct slw_bytes text, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > 20 || (text.len > 1 && text.ptr[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        uint64_t digit = (uint64_t)text.ptr[i] - '0';
        if (digit > 9 || number > (UINT64_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret_number = number;
    return true;
}

#endif
