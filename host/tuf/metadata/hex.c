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

#define EACH_BYTE(byte) (UINT64_C(0x0101010101010101) * (byte))
#define HIGH_BITS EACH_BYTE(0x80)

/*
 * Of eight characters at once. What is added brings a byte
 * from a bound on to its high bit; a byte that has that already fails, whatever its sum carries.
 */
static bool are_lower(uint64_t characters)
{
    uint64_t from_0 = characters + EACH_BYTE(0x80u - '0');
    uint64_t above_9 = characters + EACH_BYTE(0x7Fu - '9');
    uint64_t from_a = characters + EACH_BYTE(0x80u - 'a');
    uint64_t above_f = characters + EACH_BYTE(0x7Fu - 'f');
    uint64_t good = ((from_0 & ~above_9) | (from_a & ~above_f)) & ~characters;
    return (good & HIGH_BITS) == HIGH_BITS;
}

bool slw_tuf_hex_is_lower(struct slw_bytes digits)
{
    unsigned seen = 0;
    size_t i = 0;
    for (; digits.len - i >= 8; i += 8) {
        if (!are_lower(slw_get_u64_le(digits.ptr + i))) {
            return false;
        }
    }
    for (; i < digits.len; i++) {
        seen |= digit(digits.ptr[i]);
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
