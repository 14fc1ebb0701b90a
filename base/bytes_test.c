/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes.h promises: views, endianness, UTF-8 in pieces, wiping, comparing, CRC-32. */
#include "slipway/bytes.h"
#include "slipway/bytes_order.h"

#include "tap.h"

static void views_literals_without_their_zero(void)
{
    struct slw_bytes view = SLW_BYTES_OF("abc");
    TAP_EQUAL_INT(view.len, 3);
    TAP_EQUAL_BYTES(view.ptr, "abc", 3);
    TAP_EQUAL_INT(SLW_BYTES_OF("").len, 0);
    TAP_EQUAL_INT(SLW_BYTES_OF("a\0b").len, 3);
}

static void compares_views(void)
{
    struct slw_bytes none = slw_bytes_make(NULL, 0);
    TAP_CHECK(slw_bytes_equal(SLW_BYTES_OF("abc"), SLW_BYTES_OF("abc")));
    TAP_CHECK(slw_bytes_equal(none, SLW_BYTES_OF("")));
    TAP_CHECK(slw_bytes_equal(none, none));
    TAP_CHECK(!slw_bytes_equal(SLW_BYTES_OF("abc"), SLW_BYTES_OF("abd")));
    TAP_CHECK(!slw_bytes_equal(SLW_BYTES_OF("abc"), SLW_BYTES_OF("abcd")));
    TAP_CHECK(!slw_bytes_equal(SLW_BYTES_OF("abc"), SLW_BYTES_OF("ab")));
    TAP_CHECK(!slw_bytes_equal(none, SLW_BYTES_OF("a")));
    TAP_CHECK(!slw_bytes_equal(SLW_BYTES_OF("a\0b"), SLW_BYTES_OF("a\0c")));
}

static void orders_by_bytes(void)
{
    const struct slw_bytes ascending[] = {
        {NULL, 0},
        SLW_BYTES_OF("\0"),
        SLW_BYTES_OF("A"),
        SLW_BYTES_OF("a"),
        SLW_BYTES_OF("ab"),
        SLW_BYTES_OF("abc"),
        SLW_BYTES_OF("abd"),
        SLW_BYTES_OF("b"),
        SLW_BYTES_OF("\x7F"),
        SLW_BYTES_OF("\xC3\xA4"),
        SLW_BYTES_OF("\xFF"),
    };
    const size_t count = sizeof ascending / sizeof ascending[0];
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int order = slw_bytes_compare(ascending[i], ascending[j]);
            TAP_CHECK((order > 0) - (order < 0) == (i > j) - (i < j));
        }
    }
}

static void gets_and_puts_little_endian_anywhere(void)
{
    uint8_t memory[12] = {0xEE, 0x78, 0x56, 0x34, 0x92, 0xF0, 0xDE, 0xBC, 0x9A, 0xEE};
    TAP_EQUAL_INT(slw_get_u32_le(memory + 1), 0x92345678);
    TAP_CHECK(slw_get_u64_le(memory + 1) == UINT64_C(0x9ABCDEF092345678));
    uint8_t copy[12] = {0};
    slw_put_u32_le(copy + 1, 0x92345678);
    slw_put_u32_le(copy + 5, 0x9ABCDEF0);
    TAP_EQUAL_BYTES(copy + 1, memory + 1, 8);
    memset(copy, 0, sizeof copy);
    slw_put_u64_le(copy + 1, UINT64_C(0x9ABCDEF092345678));
    TAP_EQUAL_BYTES(copy + 1, memory + 1, 8);
    TAP_EQUAL_INT(copy[0], 0);
    TAP_EQUAL_INT(copy[9], 0);
}

static bool is_utf8(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker);
}

/* The same text, one byte at a time. */
static bool is_utf8_bytewise(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    for (size_t i = 0; i < text.len; i++) {
        if (!slw_utf8_accept(&checker, slw_bytes_make(text.ptr + i, 1))) {
            return false;
        }
    }
    return slw_utf8_complete(&checker);
}

/* The form of RFC 3629 with count bytes, whether or not the value may have it. */
static struct slw_bytes encode(uint32_t value, size_t count, uint8_t buffer[static 4])
{
    static const uint8_t leads[] = {0, 0x00, 0xC0, 0xE0, 0xF0};
    for (size_t i = count - 1; i > 0; i--) {
        buffer[i] = (uint8_t)(0x80 | (value & 0x3F));
        value >>= 6;
    }
    buffer[0] = (uint8_t)(leads[count] | value);
    return slw_bytes_make(buffer, count);
}

static size_t shortest_form(uint32_t value)
{
    if (value < 0x80) {
        return 1;
    }
    if (value < 0x800) {
        return 2;
    }
    return value < 0x10000 ? 3 : 4;
}

static void accepts_exactly_the_shortest_form_of_each_character(void)
{
    static const uint32_t capacity[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    unsigned wrong = 0;
    for (uint32_t value = 0; value < 0x200000; value++) {
        bool exists = value <= 0x10FFFF && (value < 0xD800 || value > 0xDFFF);
        for (size_t count = 1; count <= 4; count++) {
            if (value >= capacity[count]) {
                continue;
            }
            uint8_t buffer[4];
            struct slw_bytes text = encode(value, count, buffer);
            bool wanted = exists && count == shortest_form(value);
            wrong += is_utf8(text) == wanted && is_utf8_bytewise(text) == wanted ? 0 : 1;
        }
    }
    TAP_EQUAL_INT(wrong, 0);
}

static void refuses_what_is_not_utf8(void)
{
    static const struct {
        const char *name;
        struct slw_bytes text;
    } rows[] = {
        {"lone continuation", {(const uint8_t *)"\x80", 1}},
        {"lone continuation between",
         {(const uint8_t *)"a\xBF"
                           "b",
          3}},
        {"lead without continuation", {(const uint8_t *)"\xC3", 1}},
        {"lead, then ASCII", {(const uint8_t *)"\xC3(", 2}},
        {"lead, then lead", {(const uint8_t *)"\xC3\xC3\xA9", 3}},
        {"second of three missing", {(const uint8_t *)"\xE2\x82", 2}},
        {"third of three is ASCII", {(const uint8_t *)"\xE2\x82(", 3}},
        {"fourth of four missing", {(const uint8_t *)"\xF0\x9F\x98", 3}},
        {"surplus continuation", {(const uint8_t *)"\xC3\xA9\xA9", 3}},
        {"five bytes", {(const uint8_t *)"\xF8\x88\x80\x80\x80", 5}},
        {"six bytes", {(const uint8_t *)"\xFC\x84\x80\x80\x80\x80", 6}},
        {"FE", {(const uint8_t *)"\xFE", 1}},
        {"FF", {(const uint8_t *)"\xFF", 1}},
        {"overlong zero", {(const uint8_t *)"\xC0\x80", 2}},
        {"surrogate pair", {(const uint8_t *)"\xED\xA0\xBD\xED\xB8\x80", 6}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_CHECK(!is_utf8(rows[i].text));
        TAP_CHECK(!is_utf8_bytewise(rows[i].text));
    }
}

static void accepts_text_split_anywhere(void)
{
    struct slw_bytes text = SLW_BYTES_OF("z\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\0\xEF\xBF\xBF");
    for (size_t split = 0; split <= text.len; split++) {
        struct slw_utf8 checker = {0};
        TAP_CHECK(slw_utf8_accept(&checker, slw_bytes_make(text.ptr, split)));
        TAP_CHECK(slw_utf8_accept(&checker, slw_bytes_make(NULL, 0)));
        TAP_CHECK(slw_utf8_accept(&checker, slw_bytes_make(text.ptr + split, text.len - split)));
        TAP_CHECK(slw_utf8_complete(&checker));
    }
}

static void cuts_text_between_characters(void)
{
    struct slw_bytes text = SLW_BYTES_OF("z\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80x");
    static const size_t wanted[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11, 11};
    for (size_t max_len = 0; max_len < sizeof wanted / sizeof wanted[0]; max_len++) {
        TAP_EQUAL_INT(slw_utf8_cut(text, max_len), wanted[max_len]);
    }
    TAP_EQUAL_INT(slw_utf8_cut(slw_bytes_make(NULL, 0), 0), 0);
    TAP_EQUAL_INT(slw_utf8_cut(slw_bytes_make(NULL, 0), 5), 0);
}

static void wipes_exactly_what_it_is_given(void)
{
    uint8_t memory[18];
    memset(memory, 0xA5, sizeof memory);
    slw_wipe(memory + 1, 16);
    static const uint8_t zeros[16];
    TAP_EQUAL_BYTES(memory + 1, zeros, 16);
    TAP_EQUAL_INT(memory[0], 0xA5);
    TAP_EQUAL_INT(memory[17], 0xA5);
    slw_wipe(memory, 0);
    TAP_EQUAL_INT(memory[0], 0xA5);
}

static void compares_secrets_in_every_bit(void)
{
    uint8_t left[32] = {1, 2, 3};
    uint8_t right[32];
    memcpy(right, left, sizeof right);
    TAP_CHECK(slw_equal_constant_time(left, right, sizeof left));
    TAP_CHECK(slw_equal_constant_time(left, right, 0));
    for (size_t bit = 0; bit < 8 * sizeof right; bit++) {
        right[bit / 8] ^= (uint8_t)(1 << bit % 8);
        TAP_CHECK(!slw_equal_constant_time(left, right, sizeof left));
        right[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void computes_crc32_in_pieces(void)
{
    struct slw_bytes digits = SLW_BYTES_OF("123456789");
    TAP_EQUAL_INT(slw_crc32(0, digits), 0xCBF43926);
    TAP_EQUAL_INT(slw_crc32(0, slw_bytes_make(NULL, 0)), 0);
    TAP_EQUAL_INT(slw_crc32(0, SLW_BYTES_OF("\0\0\0\0")), 0x2144DF1C);
    for (size_t split = 0; split <= digits.len; split++) {
        uint32_t crc = slw_crc32(0, slw_bytes_make(digits.ptr, split));
        crc = slw_crc32(crc, slw_bytes_make(digits.ptr + split, digits.len - split));
        TAP_EQUAL_INT(crc, 0xCBF43926);
    }
}

/* Bit by bit, as the polynomial says. */
static uint32_t crc32_by_bits(uint32_t crc, const uint8_t *bytes, size_t len)
{
    crc = ~crc;
    for (size_t i = 0; i < len * 8; i++) {
        uint32_t bit = (crc ^ (uint32_t)(bytes[i / 8] >> i % 8)) & 1;
        crc = crc >> 1 ^ (bit != 0 ? 0xEDB88320u : 0);
    }
    return ~crc;
}

static void computes_crc32_of_any_length(void)
{
    uint8_t bytes[64];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 167 + 13);
    }
    for (size_t from = 0; from < 5; from++) {
        for (size_t len = 0; len <= sizeof bytes - from; len++) {
            TAP_EQUAL_INT(slw_crc32(0x12345678, slw_bytes_make(bytes + from, len)),
                          crc32_by_bits(0x12345678, bytes + from, len));
        }
    }
}

/* One bit at a time, as the polynomial is defined. */
static uint32_t plain_crc32(const uint8_t *bytes, size_t len)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xEDB88320 : 0);
        }
    }
    return ~crc;
}

static void computes_crc32_of_any_length_at_any_address(void)
{
    uint8_t bytes[80];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 151 + 7);
    }
    for (size_t start = 0; start < 8; start++) {
        for (size_t len = 0; start + len <= sizeof bytes; len++) {
            uint32_t wanted = plain_crc32(bytes + start, len);
            TAP_EQUAL_INT(slw_crc32(0, slw_bytes_make(bytes + start, len)), wanted);
            uint32_t head = slw_crc32(0, slw_bytes_make(bytes + start, len / 3));
            struct slw_bytes tail = slw_bytes_make(bytes + start + len / 3, len - len / 3);
            TAP_EQUAL_INT(slw_crc32(head, tail), wanted);
        }
    }
}

int main(void)
{
    TAP_RUN(views_literals_without_their_zero);
    TAP_RUN(compares_views);
    TAP_RUN(orders_by_bytes);
    TAP_RUN(gets_and_puts_little_endian_anywhere);
    TAP_RUN(accepts_exactly_the_shortest_form_of_each_character);
    TAP_RUN(refuses_what_is_not_utf8);
    TAP_RUN(accepts_text_split_anywhere);
    TAP_RUN(cuts_text_between_characters);
    TAP_RUN(wipes_exactly_what_it_is_given);
    TAP_RUN(compares_secrets_in_every_bit);
    TAP_RUN(computes_crc32_in_pieces);
    TAP_RUN(computes_crc32_of_any_length_at_any_address);
    TAP_RUN(computes_crc32_of_any_length);
    return tap_finish();
}
