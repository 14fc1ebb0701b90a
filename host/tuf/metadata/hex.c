/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hexadecimal by table: a targets file has 64 digits or more an entry, so that this is a good part
 * of what reading it costs.
 */
#include "hex.h"

#define NO_DIGIT 0x10u
#define UPPER 0x20u /* flags a digit that is an upper-case letter */

/* The digit's value, with flags; 0 stands for everything that isn't one, as it is xored below. */
static const uint8_t digit_of[256] = {
    ['0'] = 0x0 ^ NO_DIGIT,         ['1'] = 0x1 ^ NO_DIGIT,         ['2'] = 0x2 ^ NO_DIGIT,
    ['3'] = 0x3 ^ NO_DIGIT,         ['4'] = 0x4 ^ NO_DIGIT,         ['5'] = 0x5 ^ NO_DIGIT,
    ['6'] = 0x6 ^ NO_DIGIT,         ['7'] = 0x7 ^ NO_DIGIT,         ['8'] = 0x8 ^ NO_DIGIT,
    ['9'] = 0x9 ^ NO_DIGIT,         ['a'] = 0xA ^ NO_DIGIT,         ['b'] = 0xB ^ NO_DIGIT,
    ['c'] = 0xC ^ NO_DIGIT,         ['d'] = 0xD ^ NO_DIGIT,         ['e'] = 0xE ^ NO_DIGIT,
    ['f'] = 0xF ^ NO_DIGIT,         ['A'] = 0xA ^ NO_DIGIT ^ UPPER, ['B'] = 0xB ^ NO_DIGIT ^ UPPER,
    ['C'] = 0xC ^ NO_DIGIT ^ UPPER, ['D'] = 0xD ^ NO_DIGIT ^ UPPER, ['E'] = 0xE ^ NO_DIGIT ^ UPPER,
    ['F'] = 0xF ^ NO_DIGIT ^ UPPER,
};

static uint8_t digit(uint8_t character)
{
    return digit_of[character] ^ NO_DIGIT;
}

bool slw_tuf_hex_decode(struct slw_bytes digits, uint8_t *ret_bytes, size_t size)
{
    if (digits.len % 2 != 0 || digits.len / 2 != size) {
        return false;
    }
    unsigned seen = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned high = digit(digits.ptr[2 * i]);
        unsigned low = digit(digits.ptr[2 * i + 1]);
        seen |= high | low;
        ret_bytes[i] = (uint8_t)((high & 0xF) << 4 | (low & 0xF));
    }
    return (seen & NO_DIGIT) == 0;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/*
 * Eight characters at once. Below 0x80, adding 0x80 - c to a byte sets its highest bit when it is c
 * or above, and carries nothing into the next: so a range is one sum with the bit and one without.
 */
static bool are_lower_digits(uint64_t word)
{
    uint64_t is_figure = (word + EACH(0x80 - '0')) & ~(word + EACH(0x80 - ('9' + 1)));
    uint64_t is_letter = (word + EACH(0x80 - 'a')) & ~(word + EACH(0x80 - ('f' + 1)));
    return (word & EACH(0x80)) == 0 && ((is_figure | is_letter) & EACH(0x80)) == EACH(0x80);
}

bool slw_tuf_hex_is_lower(struct slw_bytes digits)
{
    size_t at = 0;
    unsigned seen = 0;
    for (; at + sizeof(uint64_t) <= digits.len; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, digits.ptr + at, sizeof word);
        if (!are_lower_digits(word)) {
            return false;
        }
    }
    for (; at < digits.len; at++) {
        seen |= digit(digits.ptr[at]);
    }
    return (seen & (NO_DIGIT | UPPER)) == 0;
}

void slw_tuf_hex_encode(const uint8_t *bytes, size_t size, char *ret_digits)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_digits[2 * i] = digits[bytes[i] >> 4];
        ret_digits[2 * i + 1] = digits[bytes[i] & 0xF];
    }
}
