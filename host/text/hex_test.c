/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal digits: all 256 characters, both ways, and what isn't taken. */
#include "slipway/text.h"

#include "tap.h"

static void knows_each_digit(void)
{
    static const char lower[] = "0123456789abcdef";
    static const char upper[] = "0123456789ABCDEF";
    unsigned known = 0;
    for (int i = 0; i < 16; i++) {
        TAP_EQUAL_INT(slw_text_hex_value(lower[i]), i);
        TAP_EQUAL_INT(slw_text_hex_value(upper[i]), i);
    }
    for (int character = -128; character < 256; character++) {
        known += slw_text_hex_value(character) >= 0 ? 1 : 0;
    }
    TAP_EQUAL_INT(known, 22);
}

static void reads_what_is_written(void)
{
    uint8_t bytes[256];
    uint8_t read[256] = {0};
    char text[2 * sizeof bytes + 1];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)i;
    }
    slw_text_hex(slw_bytes_make(bytes, sizeof bytes), text);
    TAP_CHECK(slw_text_unhex(slw_text_bytes(text), read, sizeof read));
    TAP_CHECK(memcmp(bytes, read, sizeof bytes) == 0);
    TAP_CHECK(slw_text_unhex(slw_bytes_make(NULL, 0), read, 0));
}

static void takes_one_form_alone(void)
{
    static const char *const others[] = {"",       "0",       "00f",  "0ff",  "00FF",  "00fF",
                                         "0xff",   "00fg",    "00 f", "00f ", " 00ff", "00ff ",
                                         "00ff00", "00f\xff", "+0ff", "-0ff"};
    uint8_t bytes[2] = {1, 2};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        TAP_ROW(others[i]);
        TAP_CHECK(!slw_text_unhex(slw_text_bytes(others[i]), bytes, sizeof bytes));
        TAP_CHECK(bytes[0] == 1 && bytes[1] == 2);
    }
    TAP_CHECK(!slw_text_unhex(slw_bytes_make("00f\0", 4), bytes, sizeof bytes));
    TAP_CHECK(!slw_text_unhex(SLW_BYTES_OF("00ff"), bytes, SIZE_MAX / 2 + 3));
    TAP_CHECK(slw_text_unhex(SLW_BYTES_OF("00ff"), bytes, sizeof bytes));
    TAP_CHECK(bytes[0] == 0 && bytes[1] == 0xFF);
}

int main(void)
{
    TAP_RUN(knows_each_digit);
    TAP_RUN(reads_what_is_written);
    TAP_RUN(takes_one_form_alone);
    return tap_finish();
}
