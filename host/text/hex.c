/* SPDX-License-Identifier: Apache-2.0 */
/* Reading hexadecimal digits: see slipway/text.h, whose slw_text_hex() writes them. */
#include "slipway/text.h"

int slw_text_hex_value(int character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    if (character >= 'a' && character <= 'f') {
        return character - 'a' + 10;
    }
    return character >= 'A' && character <= 'F' ? character - 'A' + 10 : -1;
}

static bool are_lower_digits(struct slw_bytes text)
{
    bool are = true;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        are = are && ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'));
    }
    return are;
}

bool slw_text_unhex(struct slw_bytes text, uint8_t *ret_bytes, size_t len)
{
    if (text.len % 2 != 0 || text.len / 2 != len || !are_lower_digits(text)) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = slw_text_hex_value(text.ptr[2 * i]);
        int low = slw_text_hex_value(text.ptr[2 * i + 1]);
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
