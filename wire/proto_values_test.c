/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How values are read through proto_reader.h: where they are, copied, taken in pieces, compared,
 * left alone, entered too deep, and larger than memory.
 */
#include "slipway/proto_reader.h"

#include "slipway/proto_writer.h"

#include "hex.h"
#include "tap.h"

/* 1 uint32, 2 bytes, 3 string, 4 message of the same kind, 5 repeated uint32 */
static const struct slw_proto_rule fields[] = {
    {1, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR}, {2, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {3, SLW_PROTO_STRING, SLW_PROTO_SINGULAR}, {4, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {5, SLW_PROTO_UINT32, SLW_PROTO_REPEATED},
};
static const struct slw_proto_rules rules = {fields, sizeof fields / sizeof fields[0]};

struct fixture {
    struct hex_bytes message;
    struct slw_memory_source memory;
    uint8_t block[16];
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
};

/* In blocks of 16 bytes, so that longer values come in pieces. */
static void begin(struct fixture *fixture, const char *text)
{
    fixture->message = hex(text);
    TAP_CHECK(fixture->message.valid);
    slw_memory_source_init(&fixture->memory, hex_view(&fixture->message));
    slw_reader_init(&fixture->reader, &fixture->memory.source, fixture->block,
                    sizeof fixture->block);
    slw_proto_begin(&fixture->proto, &fixture->reader, &rules);
}

static bool next(struct fixture *fixture)
{
    return slw_proto_next(&fixture->proto, &fixture->field);
}

/* "abcdefghijklmnopqrstuvwx" with umlauts instead of c, o and x, then field 1 = 7 */
#define LONG_TEXT "1a 1b 6162c3a464656667 68696a6b6c6d6e c3b6 70717273747576 77c3bc 0807"
#define LONG_TEXT_LEN 27u
#define LONG_TEXT_BYTES                                                                            \
    "ab\xC3\xA4"                                                                                   \
    "defghijklmn\xC3\xB6pqrstuvw\xC3\xBC"

static void says_where_fields_and_values_are(void)
{
    struct fixture fixture;
    begin(&fixture, "0805 1203010203 a001 07 220408061200 2a020708 8a81808000 00");
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.start, 0);
    TAP_EQUAL_INT(fixture.field.length, 0);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.number, 2);
    TAP_EQUAL_INT(fixture.field.start, 2);
    TAP_EQUAL_INT(fixture.field.offset, 4);
    TAP_EQUAL_INT(fixture.field.length, 3);
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!fixture.field.known);
    TAP_EQUAL_INT(fixture.field.start, 7);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.start, 10);
    TAP_EQUAL_INT(fixture.field.offset, 12);
    TAP_EQUAL_INT(fixture.field.length, 4);
    slw_proto_enter(&fixture.proto, &rules);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.start, 12);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.start, 14);
    TAP_EQUAL_INT(fixture.field.offset, 16);
    TAP_CHECK(!next(&fixture));
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.varint, 7);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.varint, 8);
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!fixture.field.known);
    TAP_EQUAL_INT(fixture.field.start, 20);
    TAP_EQUAL_INT(fixture.field.offset, 26);
    TAP_EQUAL_INT(fixture.field.length, 0);
    TAP_CHECK(!next(&fixture));
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_OK);
}

static void leaves_the_field_alone_when_there_is_none(void)
{
    struct fixture fixture;
    begin(&fixture, "08");
    fixture.field = (struct slw_proto_field){.number = 77};
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
    TAP_EQUAL_INT(fixture.field.number, 77);
}

static void copies_as_much_as_there_is_room_for(void)
{
    static const size_t capacities[] = {0, 1, 2, 3, 4, 16, 17, 26, 27, 40};
    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        struct fixture fixture;
        uint8_t copy[40];
        memset(copy, 0xEE, sizeof copy);
        begin(&fixture, LONG_TEXT);
        TAP_REQUIRE(next(&fixture));
        TAP_EQUAL_INT(fixture.field.length, LONG_TEXT_LEN);
        slw_proto_copy(&fixture.proto, copy, capacities[i]);
        size_t len = capacities[i] < LONG_TEXT_LEN ? capacities[i] : LONG_TEXT_LEN;
        TAP_EQUAL_BYTES(copy, LONG_TEXT_BYTES, len);
        TAP_CHECK(len == sizeof copy || copy[len] == 0xEE);
        TAP_EQUAL_INT(slw_proto_value_left(&fixture.proto), 0);
        TAP_REQUIRE(next(&fixture));
        TAP_EQUAL_INT(fixture.field.varint, 7);
        TAP_EQUAL_INT(fixture.reader.status, SLW_OK);
    }
}

static void takes_a_value_in_pieces(void)
{
    struct fixture fixture;
    uint8_t gathered[40] = {0};
    size_t len = 0;
    begin(&fixture, LONG_TEXT);
    TAP_REQUIRE(next(&fixture));
    while (slw_proto_value_left(&fixture.proto) > 0) {
        TAP_EQUAL_INT(slw_proto_value_left(&fixture.proto), LONG_TEXT_LEN - len);
        struct slw_bytes piece = slw_proto_take(&fixture.proto);
        TAP_REQUIRE(piece.len > 0 && piece.len <= sizeof gathered - len);
        memcpy(gathered + len, piece.ptr, piece.len);
        len += piece.len;
    }
    TAP_EQUAL_INT(len, LONG_TEXT_LEN);
    TAP_EQUAL_BYTES(gathered, LONG_TEXT_BYTES, LONG_TEXT_LEN);
    TAP_EQUAL_INT(slw_proto_take(&fixture.proto).len, 0);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.varint, 7);
}

/* The first piece ends within a character: what is left of it still counts as part of the text. */
static void goes_on_after_a_value_read_in_part(void)
{
    struct fixture fixture;
    begin(&fixture, "1a 10 616263646566676869 6a6b6c6dc3a46e 0807");
    TAP_REQUIRE(next(&fixture));
    struct slw_bytes piece = slw_proto_take(&fixture.proto);
    TAP_EQUAL_INT(piece.len, 14);
    TAP_EQUAL_INT(piece.ptr[13], 0xC3);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.varint, 7);

    begin(&fixture, "1a 10 616263646566676869 6a6b6c6dc3ff6e 0807");
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(slw_proto_take(&fixture.proto).len, 14);
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
}

static void refuses_text_that_is_not_utf8_though_it_is_taken_in_pieces(void)
{
    static const char *const bad[] = {
        "1a 12 6162636465666768696a6b6c6d6e6f70ff71 0807", /* in the second piece */
        "1a 10 6162636465666768696a6b6c6d6e6fc3 0807",     /* the last character is cut off */
        "1a 01 ff 0807",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        struct fixture fixture;
        begin(&fixture, bad[i]);
        TAP_REQUIRE(next(&fixture));
        while (slw_proto_value_left(&fixture.proto) > 0) {
            (void)slw_proto_take(&fixture.proto);
        }
        TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
        TAP_EQUAL_INT(slw_proto_take(&fixture.proto).len, 0);
        TAP_CHECK(!next(&fixture));
    }
}

static void compares_values_whole(void)
{
    static const struct {
        struct slw_bytes wanted;
        bool equal;
    } rows[] = {
        {{(const uint8_t *)LONG_TEXT_BYTES, 27}, true},
        {{(const uint8_t *)LONG_TEXT_BYTES, 26}, false},
        {{(const uint8_t *)LONG_TEXT_BYTES, 28}, false},
        {{(const uint8_t *)"xb\xC3\xA4"
                           "defghijklmn\xC3\xB6pqrstuvw\xC3\xBC",
          27},
         false},
        {{(const uint8_t *)"ab\xC3\xA4"
                           "defghijklmn\xC3\xB6pqrstuvw\xC3\xBD",
          27},
         false},
        {{NULL, 0}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fixture fixture;
        begin(&fixture, LONG_TEXT);
        TAP_REQUIRE(next(&fixture));
        TAP_EQUAL_INT(slw_proto_value_equals(&fixture.proto, &fixture.field, rows[i].wanted),
                      rows[i].equal);
        TAP_REQUIRE(next(&fixture));
        TAP_EQUAL_INT(fixture.field.varint, 7);
    }
}

static void compares_values_of_one_byte(void)
{
    struct fixture fixture;
    begin(&fixture, "1a0161 120162");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(slw_proto_value_equals(&fixture.proto, &fixture.field, SLW_BYTES_OF("a")));
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field, SLW_BYTES_OF("a")));
}

static void compares_empty_values(void)
{
    struct fixture fixture;
    begin(&fixture, "1a00 1200");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(slw_proto_value_equals(&fixture.proto, &fixture.field, slw_bytes_make(NULL, 0)));
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field, SLW_BYTES_OF("a")));
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_OK);
}

static void refuses_text_that_is_not_utf8_when_it_is_compared(void)
{
    struct fixture fixture;
    begin(&fixture, "1a02 61ff");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field, SLW_BYTES_OF("a\xFF")));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
    begin(&fixture, "1a03 6261ff");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field, SLW_BYTES_OF("abc")));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
}

/* The first block differs already; what isn't UTF-8 comes in the second. */
static void reads_all_of_a_value_that_it_compares(void)
{
    struct fixture fixture;
    begin(&fixture, "1a 12 6162636465666768696a6b6c6d6e6f707172 0807");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field,
                                      SLW_BYTES_OF("xbcdefghijklmnopqr")));
    TAP_EQUAL_INT(slw_proto_value_left(&fixture.proto), 0);
    TAP_EQUAL_INT(fixture.reader.position, 20);

    begin(&fixture, "1a 12 6162636465666768696a6b6c6d6e6f70ff72 0807");
    TAP_REQUIRE(next(&fixture));
    TAP_CHECK(!slw_proto_value_equals(&fixture.proto, &fixture.field,
                                      SLW_BYTES_OF("xbcdefghijklmnopqr")));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
}

static void knows_the_last_of_as_many_fields_as_it_can(void)
{
    struct slw_proto_rule many[SLW_PROTO_RULES_MAX];
    for (uint32_t i = 0; i < SLW_PROTO_RULES_MAX; i++) {
        many[i] = (struct slw_proto_rule){i + 1, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR};
    }
    const struct slw_proto_rules all = {many, SLW_PROTO_RULES_MAX};
    struct fixture fixture;
    begin(&fixture, "800201 0801 f80100 800200"); /* 32, 1, 31, 32 again */
    slw_proto_begin(&fixture.proto, &fixture.reader, &all);
    for (unsigned i = 0; i < 3; i++) {
        TAP_REQUIRE(next(&fixture));
        TAP_CHECK(fixture.field.known);
    }
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_MALFORMED);
}

static void begins_anywhere_in_a_source(void)
{
    struct fixture fixture;
    begin(&fixture, "ffff 0805 1a0141 ffff");
    slw_reader_seek(&fixture.reader, 2, 7);
    slw_proto_begin(&fixture.proto, &fixture.reader, &rules);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.start, 2);
    TAP_EQUAL_INT(fixture.field.varint, 5);
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.offset, 6);
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_OK);
    TAP_EQUAL_INT(fixture.reader.position, 7);
}

static void skips_messages_that_nobody_enters(void)
{
    struct fixture fixture;
    begin(&fixture, "2203ffffff 0807");
    TAP_REQUIRE(next(&fixture));
    TAP_REQUIRE(next(&fixture));
    TAP_EQUAL_INT(fixture.field.varint, 7);
    TAP_CHECK(!next(&fixture));
    TAP_EQUAL_INT(fixture.reader.status, SLW_OK);
}

/* count messages, each in the one before, the innermost empty. */
static struct slw_bytes nest(unsigned count, uint8_t buffer[static 64])
{
    struct slw_writer writer;
    size_t marks[16];
    slw_writer_init(&writer, buffer, 64);
    for (unsigned i = 0; i < count; i++) {
        marks[i] = slw_proto_open(&writer, 4);
    }
    for (unsigned i = count; i > 0; i--) {
        slw_proto_close(&writer, marks[i - 1]);
    }
    return slw_writer_written(&writer);
}

static void enters_as_deep_as_it_says_and_no_deeper(void)
{
    for (unsigned count = 0; count <= SLW_PROTO_DEPTH_MAX; count++) {
        uint8_t buffer[64];
        struct slw_reader reader;
        struct slw_proto proto;
        struct slw_proto_field field;
        slw_reader_init_bytes(&reader, nest(count, buffer));
        slw_proto_begin(&proto, &reader, &rules);
        unsigned entered = 0;
        while (slw_proto_next(&proto, &field)) {
            slw_proto_enter(&proto, &rules);
            entered++;
        }
        TAP_EQUAL_INT(entered, count);
        TAP_EQUAL_INT(reader.status, count < SLW_PROTO_DEPTH_MAX ? SLW_OK : SLW_BAD_ARGUMENT);
    }
}

static void enters_only_what_was_just_returned(void)
{
    struct fixture fixture;
    begin(&fixture, "2200 0807");
    TAP_REQUIRE(next(&fixture));
    TAP_REQUIRE(next(&fixture));
    slw_proto_enter(&fixture.proto, &rules);
    TAP_EQUAL_INT(fixture.reader.status, SLW_BAD_ARGUMENT);
}

/* Larger than memory */

struct generated {
    struct slw_source source;
    uint8_t head[64]; /* the source's first bytes; every other one is 0x20, and the last are tail */
    size_t head_len;
    uint8_t tail[64];
    size_t tail_len;
    uint64_t bytes_read;
};

static enum slw_status read_generated(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct generated *generated = context;
    uint64_t tail_start = generated->source.size - generated->tail_len;
    generated->bytes_read += len;
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;
        buffer[i] = 0x20;
        if (at < generated->head_len) {
            buffer[i] = generated->head[at];
        } else if (at >= tail_start) {
            buffer[i] = generated->tail[at - tail_start];
        }
    }
    return SLW_OK;
}

/* A message 4 that holds bytes 2 of this length and 1 = 5; then 5 = 6 and 5 = 7 after it. */
static void generate(struct generated *generated, uint64_t length)
{
    *generated = (struct generated){.head_len = 0};
    struct slw_writer writer;
    uint64_t inner = 1 + slw_varint_size(length) + length + 2;
    slw_writer_init(&writer, generated->head, sizeof generated->head);
    slw_proto_put_header(&writer, 4, inner);
    slw_proto_put_header(&writer, 2, length);
    generated->head_len = writer.len;
    memcpy(generated->tail, "\x08\x05\x2A\x02\x06\x07", 6);
    generated->tail_len = 6;
    generated->source =
        (struct slw_source){generated, read_generated, generated->head_len + length + 6};
}

static void jumps_over_values_larger_than_4_gib(void)
{
    static const uint64_t lengths[] = {0xFFFFFFFF, 0x100000000, 0x100000001, UINT64_C(1) << 40,
                                       UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct generated generated;
        generate(&generated, lengths[i]);
        uint8_t block[16];
        struct slw_reader reader;
        struct slw_proto proto;
        struct slw_proto_field field;
        slw_reader_init(&reader, &generated.source, block, sizeof block);
        slw_proto_begin(&proto, &reader, &rules);
        TAP_REQUIRE(slw_proto_next(&proto, &field));
        slw_proto_enter(&proto, &rules);
        TAP_REQUIRE(slw_proto_next(&proto, &field));
        TAP_CHECK(field.length == lengths[i]);
        TAP_CHECK(slw_proto_value_left(&proto) == lengths[i]);
        TAP_REQUIRE(slw_proto_next(&proto, &field));
        TAP_EQUAL_INT(field.varint, 5);
        TAP_CHECK(!slw_proto_next(&proto, &field));
        TAP_REQUIRE(slw_proto_next(&proto, &field));
        TAP_REQUIRE(slw_proto_next(&proto, &field));
        TAP_EQUAL_INT(field.varint, 7);
        TAP_CHECK(!slw_proto_next(&proto, &field));
        TAP_EQUAL_INT(reader.status, SLW_OK);
        TAP_CHECK(reader.position == generated.source.size);
        TAP_CHECK(generated.bytes_read <= 3 * sizeof block);
    }
}

static void refuses_large_lengths_that_are_one_too_long(void)
{
    static const uint64_t lengths[] = {0xFFFFFFFF, UINT64_C(1) << 40, UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct generated generated;
        generate(&generated, lengths[i]);
        generated.source.size -= 5; /* what is left of the inner message lacks its last byte */
        uint8_t block[16];
        struct slw_reader reader;
        struct slw_proto proto;
        struct slw_proto_field field;
        slw_reader_init(&reader, &generated.source, block, sizeof block);
        slw_proto_begin(&proto, &reader, &rules);
        TAP_CHECK(!slw_proto_next(&proto, &field));
        TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    }
}

static enum slw_status fail_from_32(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    return offset + len > 32 ? SLW_IO : read_generated(context, offset, buffer, len);
}

static void passes_on_the_sources_error(void)
{
    struct generated generated;
    generate(&generated, 100);
    struct slw_source source = {&generated, fail_from_32, generated.source.size};
    uint8_t block[16];
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    uint8_t copy[100];
    slw_reader_init(&reader, &source, block, sizeof block);
    slw_proto_begin(&proto, &reader, &rules);
    TAP_REQUIRE(slw_proto_next(&proto, &field));
    slw_proto_enter(&proto, &rules);
    TAP_REQUIRE(slw_proto_next(&proto, &field));
    slw_proto_copy(&proto, copy, sizeof copy);
    TAP_EQUAL_INT(reader.status, SLW_IO);
    TAP_CHECK(!slw_proto_next(&proto, &field));
    TAP_EQUAL_INT(reader.status, SLW_IO);
}

/* 30 00: unknown field 6, a varint; 28 00: an element of field 5. */
static void counts_the_fields_of_a_message(void)
{
    static uint8_t bytes[2 * (SLW_PROTO_FIELDS_MAX + 1)];
    static const uint8_t tags[] = {0x30, 0x28};
    struct slw_reader reader;
    struct slw_proto proto;
    struct slw_proto_field field;
    for (size_t row = 0; row < 3; row++) {
        for (size_t i = 0; i < sizeof bytes; i += 2) {
            bytes[i] = tags[row % 2];
        }
        slw_reader_init_bytes(&reader, slw_bytes_make(bytes, sizeof bytes - 2));
        slw_proto_begin(&proto, &reader, &rules);
        while (slw_proto_next(&proto, &field)) {
        }
        TAP_EQUAL_INT(reader.status, SLW_OK);
        slw_reader_init_bytes(&reader, slw_bytes_make(bytes, sizeof bytes));
        slw_proto_begin(&proto, &reader, &rules);
        proto.unlimited = row == 2;
        while (slw_proto_next(&proto, &field)) {
        }
        TAP_EQUAL_INT(reader.status, row == 2 ? SLW_OK : SLW_TOO_LARGE);
    }
}

int main(void)
{
    TAP_RUN(says_where_fields_and_values_are);
    TAP_RUN(leaves_the_field_alone_when_there_is_none);
    TAP_RUN(copies_as_much_as_there_is_room_for);
    TAP_RUN(takes_a_value_in_pieces);
    TAP_RUN(goes_on_after_a_value_read_in_part);
    TAP_RUN(refuses_text_that_is_not_utf8_though_it_is_taken_in_pieces);
    TAP_RUN(compares_values_whole);
    TAP_RUN(compares_values_of_one_byte);
    TAP_RUN(compares_empty_values);
    TAP_RUN(refuses_text_that_is_not_utf8_when_it_is_compared);
    TAP_RUN(reads_all_of_a_value_that_it_compares);
    TAP_RUN(knows_the_last_of_as_many_fields_as_it_can);
    TAP_RUN(begins_anywhere_in_a_source);
    TAP_RUN(skips_messages_that_nobody_enters);
    TAP_RUN(enters_as_deep_as_it_says_and_no_deeper);
    TAP_RUN(enters_only_what_was_just_returned);
    TAP_RUN(jumps_over_values_larger_than_4_gib);
    TAP_RUN(refuses_large_lengths_that_are_one_too_long);
    TAP_RUN(passes_on_the_sources_error);
    TAP_RUN(counts_the_fields_of_a_message);
    return tap_finish();
}
