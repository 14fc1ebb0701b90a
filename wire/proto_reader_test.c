/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What proto_reader.h promises: a table of encodings with what they say, or that they are refused,
 * each read from memory, through blocks of several sizes, alone, inside a larger source, and cut
 * off at every byte.
 */
#include "slipway/proto_reader.h"

#include "hex.h"
#include "tap.h"

#define DUMP_SIZE_MAX 4096u

/* A message of every type; 10 and 15 are messages of the same kind. */
static const struct slw_proto_rule fields[] = {
    {1, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},   {2, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {3, SLW_PROTO_INT32, SLW_PROTO_SINGULAR},    {4, SLW_PROTO_INT64, SLW_PROTO_SINGULAR},
    {5, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},     {6, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {7, SLW_PROTO_FIXED32, SLW_PROTO_SINGULAR},  {8, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {9, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},   {10, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
    {11, SLW_PROTO_UINT32, SLW_PROTO_REPEATED},  {12, SLW_PROTO_FIXED32, SLW_PROTO_REPEATED},
    {13, SLW_PROTO_BYTES, SLW_PROTO_REPEATED},   {14, SLW_PROTO_STRING, SLW_PROTO_REPEATED},
    {15, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED}, {16, SLW_PROTO_BOOL, SLW_PROTO_REPEATED},
    {17, SLW_PROTO_INT32, SLW_PROTO_REPEATED},
};
static const struct slw_proto_rules rules = {fields, sizeof fields / sizeof fields[0]};

/* What a message said, as text: "1=5 10={ 8=2:0aff } ?20=7". */
struct dump {
    char text[DUMP_SIZE_MAX];
    size_t len;
    enum slw_status status;
    size_t nesting; /* messages entered and not ended */
};

/* Appends to the text what printf() would print. */
#define SAY(dump, ...)                                                                             \
    note_said((dump),                                                                              \
              snprintf((dump)->text + (dump)->len, sizeof(dump)->text - (dump)->len, __VA_ARGS__))

static void note_said(struct dump *dump, int len)
{
    TAP_CHECK(len >= 0 && (size_t)len < sizeof dump->text - dump->len);
    dump->len += len > 0 ? (size_t)len : 0;
}

static const struct slw_proto_rule *rule_of(uint32_t number)
{
    for (size_t i = 0; i < rules.count; i++) {
        if (fields[i].number == number) {
            return &fields[i];
        }
    }
    return NULL;
}

static void dump_value(struct slw_proto *proto, const struct slw_proto_field *field,
                       struct dump *dump)
{
    const struct slw_proto_rule *rule = rule_of(field->number);
    SAY(dump, "%s%s%u=", dump->len > 0 ? " " : "", field->known ? "" : "?", field->number);
    if (rule != NULL && rule->type == SLW_PROTO_MESSAGE) {
        SAY(dump, "{");
        slw_proto_enter(proto, &rules);
        dump->nesting++;
    } else if (rule == NULL ? field->varint == 0
                            : rule->type == SLW_PROTO_BYTES || rule->type == SLW_PROTO_STRING) {
        SAY(dump, "%u:", (unsigned)field->length);
        while (slw_proto_value_left(proto) > 0) {
            struct slw_bytes piece = slw_proto_take(proto);
            for (size_t i = 0; i < piece.len; i++) {
                SAY(dump, "%02x", piece.ptr[i]);
            }
        }
    } else if (rule != NULL && (rule->type == SLW_PROTO_INT32 || rule->type == SLW_PROTO_INT64 ||
                                rule->type == SLW_PROTO_ENUM)) {
        SAY(dump, "%lld", (long long)field->varint);
    } else {
        SAY(dump, "%llu", (unsigned long long)field->varint);
    }
}

/* Walks all of a message, nested ones too. */
static void dump_message(struct slw_reader *reader, struct dump *dump)
{
    *dump = (struct dump){.len = 0};
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_proto_begin(&proto, reader, &rules);
    for (;;) {
        if (slw_proto_next(&proto, &field)) {
            dump_value(&proto, &field, dump);
        } else if (reader->status == SLW_OK && dump->nesting > 0) {
            SAY(dump, " }");
            dump->nesting--;
        } else {
            break;
        }
    }
    dump->status = reader->status;
}

/* Walks a message without looking at any value. */
static enum slw_status ignore_message(struct slw_reader *reader)
{
    struct slw_proto proto;
    struct slw_proto_field field;
    slw_proto_begin(&proto, reader, &rules);
    while (slw_proto_next(&proto, &field)) {
    }
    return reader->status;
}

static const size_t block_sizes[] = {16, 17, 64, 256};
#define BLOCK_SIZES_COUNT (sizeof block_sizes / sizeof block_sizes[0])

/* True when the walk gives the same from memory, from blocks, and inside other bytes. */
static bool agrees_everywhere(struct slw_bytes message, const struct dump *wanted)
{
    bool same = true;
    uint8_t framed[HEX_BYTES_MAX + 64];
    memset(framed, 0x80, sizeof framed); /* would go on with any varint */
    if (message.len > 0) {
        memcpy(framed + 32, message.ptr, message.len);
    }
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_bytes_make(framed, message.len + 64));
    for (size_t i = 0; i <= BLOCK_SIZES_COUNT; i++) {
        static struct dump dump;
        uint8_t block[256];
        struct slw_reader reader;
        if (i < BLOCK_SIZES_COUNT) {
            slw_reader_init(&reader, &memory.source, block, block_sizes[i]);
        } else {
            slw_reader_init_bytes(&reader, memory.bytes);
        }
        slw_reader_seek(&reader, 32, 32 + message.len);
        dump_message(&reader, &dump);
        same = same && dump.status == wanted->status &&
               (dump.status != SLW_OK || strcmp(dump.text, wanted->text) == 0) &&
               reader.position <= 32 + message.len;
    }
    return same;
}

/* Whether a message is accepted, by all ways of reading it alike. */
static enum slw_status walk(struct slw_bytes message, struct dump *ret_dump)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    dump_message(&reader, ret_dump);
    TAP_CHECK(agrees_everywhere(message, ret_dump));
    return ret_dump->status;
}

static size_t varint_at(struct slw_bytes message, size_t at, uint64_t *ret_value)
{
    size_t len = 0;
    *ret_value = 0;
    do {
        *ret_value |= (uint64_t)(message.ptr[at + len] & 0x7F) << (7 * len);
    } while ((message.ptr[at + len++] & 0x80) != 0);
    return len;
}

/* Where the field ends that begins at a place of a well-formed message, in the plainest way. */
static size_t end_of_field(struct slw_bytes message, size_t at)
{
    uint64_t tag = 0;
    uint64_t value = 0;
    at += varint_at(message, at, &tag);
    switch (tag & 7) {
    case 0:
        return at + varint_at(message, at, &value);
    case 1:
        return at + 8;
    case 2:
        at += varint_at(message, at, &value);
        return at + (size_t)value;
    default:
        return at + 4;
    }
}

/* A message cut off is one only where an outer field ended. */
static void check_prefixes(struct slw_bytes message, const struct dump *whole)
{
    static struct dump dump;
    size_t end = 0;
    for (size_t len = 0; len < message.len; len++) {
        enum slw_status status = walk(slw_bytes_make(message.ptr, len), &dump);
        TAP_EQUAL_INT(status, len == end ? SLW_OK : SLW_MALFORMED);
        TAP_CHECK(status != SLW_OK || strncmp(dump.text, whole->text, dump.len) == 0);
        end = len == end ? end_of_field(message, end) : end;
    }
    TAP_EQUAL_INT(end, message.len);
}

struct row {
    const char *name;
    const char *hex;
    const char *dump; /* NULL: refused */
};

static void check_rows(const struct row *rows, size_t count)
{
    static struct dump dump;
    for (size_t i = 0; i < count; i++) {
        TAP_ROW(rows[i].name);
        struct hex_bytes message = hex(rows[i].hex);
        TAP_REQUIRE(message.valid);
        enum slw_status status = walk(hex_view(&message), &dump);
        if (rows[i].dump == NULL) {
            TAP_EQUAL_INT(status, SLW_MALFORMED);
            continue;
        }
        TAP_EQUAL_INT(status, SLW_OK);
        if (!TAP_CHECK(strcmp(dump.text, rows[i].dump) == 0)) {
            printf("#   got %s\n", dump.text);
        }
        check_prefixes(hex_view(&message), &dump);
    }
}

#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void accepts_scalars_up_to_their_limits(void)
{
    static const struct row rows[] = {
        {"nothing", "", ""},
        {"uint32 0, written", "0800", "1=0"},
        {"uint32 largest", "08ffffffff0f", "1=4294967295"},
        {"uint64 largest", "10ffffffffffffffffff01", "2=18446744073709551615"},
        {"int32 largest", "18ffffffff07", "3=2147483647"},
        {"int32 smallest", "1880808080f8ffffffff01", "3=-2147483648"},
        {"int32 -1", "18ffffffffffffffffff01", "3=-1"},
        {"int64 largest", "20ffffffffffffffff7f", "4=9223372036854775807"},
        {"int64 smallest", "2080808080808080808001", "4=-9223372036854775808"},
        {"bool false", "2800", "5=0"},
        {"bool true", "2801", "5=1"},
        {"enum unknown value", "30ffffffff07", "6=2147483647"},
        {"enum -1", "30ffffffffffffffffff01", "6=-1"},
        {"fixed32", "3d78563412", "7=305419896"},
        {"fixed32 largest", "3dffffffff", "7=4294967295"},
    };
    CHECK_ROWS(rows);
}

static void accepts_padded_varints(void)
{
    static const struct row rows[] = {
        {"value of two bytes", "088500", "1=5"},
        {"value of ten bytes", "0885808080808080808000", "1=5"},
        {"0 of ten bytes", "0880808080808080808000", "1=0"},
        {"bool of three bytes", "28818000", "5=1"},
        {"largest uint32 of ten bytes", "08ffffffff8f8080808000", "1=4294967295"},
        {"tag of two bytes", "880005", "1=5"},
        {"tag of ten bytes", "8880808080808080800005", "1=5"},
        {"length of ten bytes", "4283808080808080808000616263", "8=3:616263"},
        {"length 0 of ten bytes", "4280808080808080808000", "8=0:"},
        {"packed value of ten bytes", "5a0c018580808080808080800002", "11=1 11=5 11=2"},
        {"unknown varint of ten bytes", "a00185808080808080808000", "?20=5"},
    };
    CHECK_ROWS(rows);
}

static void accepts_lengths_and_nesting(void)
{
    static const struct row rows[] = {
        {"bytes", "420300ff7f", "8=3:00ff7f"},
        {"empty bytes", "4200", "8=0:"},
        {"string", "4a05 7ac3a9 0041", "9=5:7ac3a90041"},
        {"string of four-byte characters", "4a08 f09f9880 f09f9880", "9=8:f09f9880f09f9880"},
        {"empty string", "4a00", "9=0:"},
        {"empty message", "5200", "10={ }"},
        {"message", "5202 0807", "10={ 1=7 }"},
        {"same field inside and outside", "0801 5204 0802 1003 1004", "1=1 10={ 1=2 2=3 } 2=4"},
        {"message in message", "5206 5204 5202 0807 0801", "10={ 10={ 10={ 1=7 } } } 1=1"},
        {"messages that end together", "7a06 7a04 7a00 7a00 7a00",
         "15={ 15={ 15={ } 15={ } } } 15={ }"},
        {"message after bytes that look like it", "42025202 5202 0807", "8=2:5202 10={ 1=7 }"},
    };
    CHECK_ROWS(rows);
}

static void accepts_any_order_and_unknown_fields(void)
{
    static const struct row rows[] = {
        {"descending", "4a0141 1002 0801", "9=1:41 2=2 1=1"},
        {"unknown varint", "a00107 0801", "?20=7 1=1"},
        {"unknown fixed64", "a1010102030405060708 0801", "?20=0: 1=1"},
        {"unknown fixed32", "a50101020304 0801", "?20=0: 1=1"},
        {"unknown bytes, not UTF-8", "a20102c0ff 0801", "?20=2:c0ff 1=1"},
        {"unknown ones twice", "a00107 a00108", "?20=7 ?20=8"},
        {"the largest field number", "f8ffffff0f07", "?536870911=7"},
        {"the largest field number of ten bytes", "f8ffffff8f808080800007", "?536870911=7"},
        {"field 18 is unknown though 17 is known", "900107", "?18=7"},
        {"unknown inside", "5203a00107", "10={ ?20=7 }"},
    };
    CHECK_ROWS(rows);
}

static void accepts_repeated_scalars_packed_or_not(void)
{
    static const struct row rows[] = {
        {"not packed", "5801 5802", "11=1 11=2"},
        {"packed", "5a03 01ac02", "11=1 11=300"},
        {"packed and not", "5a020102 5803 5a0104", "11=1 11=2 11=3 11=4"},
        {"empty packed", "5a00", ""},
        {"empty packed between", "5801 5a00 5802", "11=1 11=2"},
        {"only empty packed ones", "5a005a005a00", ""},
        {"packed fixed32", "6208 01000000 02000000", "12=1 12=2"},
        {"fixed32 not packed", "6501000000 6502000000", "12=1 12=2"},
        {"packed bool", "8201 03 010001", "16=1 16=0 16=1"},
        {"packed int32", "8a01 0b 05 ffffffffffffffffff01", "17=5 17=-1"},
        {"packed at the end of a message", "5204 5a020102 0801", "10={ 11=1 11=2 } 1=1"},
        {"empty packed at the end of a message", "5202 5a00 0801", "10={ } 1=1"},
        {"repeated bytes and strings", "6a0101 6a00 720141 7200", "13=1:01 13=0: 14=1:41 14=0:"},
    };
    CHECK_ROWS(rows);
}

static void refuses_varints_that_are_none(void)
{
    static const struct row rows[] = {
        {"value of eleven bytes", "088080808080808080808000", NULL},
        {"uint64 of eleven bytes", "108080808080808080808000", NULL},
        {"uint64 with bit 64", "1080808080808080808002", NULL},
        {"uint64 with bit 69", "108080808080808080807f", NULL},
        {"uint64 with bit 64 in a tenth byte that goes on", "10808080808080808080ff01", NULL},
        {"tag of eleven bytes", "888080808080808080800005", NULL},
        {"tag with bit 64", "8880808080808080800205", NULL},
        {"length of eleven bytes", "428080808080808080808000", NULL},
        {"length with bit 64", "4280808080808080808002", NULL},
        {"unknown of eleven bytes", "a0018080808080808080808000", NULL},
        {"unknown with bit 64", "a00180808080808080808002", NULL},
        {"packed of eleven bytes", "5a0b8080808080808080808000", NULL},
        {"never ending", "08ffffffffffffffffffffffffffffffffffffffff", NULL},
    };
    CHECK_ROWS(rows);
}

static void refuses_values_that_do_not_fit_their_type(void)
{
    static const struct row rows[] = {
        {"uint32 2^32", "088080808010", NULL},
        {"uint32 2^63", "0880808080808080808001", NULL},
        {"uint32 -1", "08ffffffffffffffffff01", NULL},
        {"int32 2^31", "188080808008", NULL},
        {"int32 2^32 - 1, as -1 in five bytes", "18ffffffff0f", NULL},
        {"int32 -2^31 - 1", "18fffffffff7ffffffff01", NULL},
        {"int32 2^63", "1880808080808080808001", NULL},
        {"bool 2", "2802", NULL},
        {"bool 2^63", "2880808080808080808001", NULL},
        {"enum 2^31", "308080808008", NULL},
        {"enum 2^32 + 1", "308180808010", NULL},
        {"packed uint32 2^32", "5a06018080808010", NULL},
        {"packed bool 2", "8201020102", NULL},
        {"repeated int32 2^31", "88018080808008", NULL},
    };
    CHECK_ROWS(rows);
}

static void refuses_tags_that_are_none(void)
{
    static const struct row rows[] = {
        {"field 0, varint", "0000", NULL},
        {"field 0, bytes", "0200", NULL},
        {"field 0, padded", "800000", NULL},
        {"field 2^29", "808080801000", NULL},
        {"field 2^32 + 1, which ends like 1", "88808080800105", NULL},
        {"field 2^61 - 1", "f8ffffffffffffffff0105", NULL},
        {"start group of a known field", "0b0c", NULL},
        {"start group of a message field", "530801 54", NULL},
        {"end group of a known field", "0c", NULL},
        {"start group of an unknown field", "a301a401", NULL},
        {"end group of an unknown field", "a401", NULL},
        {"wire type 6, known", "0e05", NULL},
        {"wire type 7, known", "0f05", NULL},
        {"wire type 6, unknown", "a60105", NULL},
        {"wire type 7, unknown", "a70105", NULL},
        {"wire type 6, repeated", "5e05", NULL},
    };
    CHECK_ROWS(rows);
}

/* Wire type that a field of this type has, and enough bytes for any. */
static unsigned right_wire_type(enum slw_proto_type type)
{
    if (type == SLW_PROTO_BYTES || type == SLW_PROTO_STRING || type == SLW_PROTO_MESSAGE) {
        return 2;
    }
    return type == SLW_PROTO_FIXED32 ? 5 : 0;
}

/* A tag, then zeros: the value 0 by any wire type. */
static struct slw_bytes zero_field(uint32_t number, unsigned wire, uint8_t buffer[static 10])
{
    static const size_t value_sizes[] = {1, 8, 1, 0, 0, 4, 1, 1};
    size_t tag_len = number < 16 ? 1 : 2;
    memset(buffer, 0, 10);
    buffer[0] = (uint8_t)(number << 3 | wire | (tag_len == 2 ? 0x80 : 0));
    if (tag_len == 2) {
        buffer[1] = (uint8_t)(number >> 4);
    }
    return slw_bytes_make(buffer, tag_len + value_sizes[wire]);
}

static void refuses_wrong_wire_types(void)
{
    static struct dump dump;
    for (size_t i = 0; i < rules.count; i++) {
        for (unsigned wire = 0; wire < 8; wire++) {
            uint8_t buffer[10];
            struct slw_bytes message = zero_field(fields[i].number, wire, buffer);
            unsigned right = right_wire_type(fields[i].type);
            bool packed = wire == 2 && fields[i].label == SLW_PROTO_REPEATED;
            char row[40];
            snprintf(row, sizeof row, "field %u, wire type %u", fields[i].number, wire);
            TAP_ROW(row);
            TAP_EQUAL_INT(walk(message, &dump), wire == right || packed ? SLW_OK : SLW_MALFORMED);
        }
    }
}

static void refuses_singular_fields_twice(void)
{
    static const uint8_t unknown[] = {0xA0, 0x01, 0x07}; /* a field between the two */
    static struct dump dump;
    for (size_t i = 0; i < rules.count; i++) {
        uint8_t first[10];
        uint8_t twice[32];
        struct slw_bytes field =
            zero_field(fields[i].number, right_wire_type(fields[i].type), first);
        memcpy(twice, field.ptr, field.len);
        memcpy(twice + field.len, unknown, sizeof unknown);
        memcpy(twice + field.len + sizeof unknown, field.ptr, field.len);
        char row[40];
        snprintf(row, sizeof row, "field %u", fields[i].number);
        TAP_ROW(row);
        bool singular = fields[i].label == SLW_PROTO_SINGULAR;
        TAP_EQUAL_INT(walk(slw_bytes_make(twice, 2 * field.len + sizeof unknown), &dump),
                      singular ? SLW_MALFORMED : SLW_OK);
    }
    static const struct row rows[] = {
        {"the same value twice", "0805 0805", NULL},
        {"message twice, which others merge", "52020801 52021002", NULL},
        {"padded the second time", "0805 880005", NULL},
        {"the second value would do as a field", "0805 0810 01", NULL},
        {"twice inside", "52040805 0805", NULL},
        {"twice after a message", "0805 5200 0805", NULL},
        {"once in each of two messages", "7a020805 7a020806", "15={ 1=5 } 15={ 1=6 }"},
    };
    CHECK_ROWS(rows);
}

static void refuses_lengths_beyond_the_message(void)
{
    static const struct row rows[] = {
        {"one more than there is", "42046162 63", NULL},
        {"2^31 - 1", "42ffffffff07 61", NULL},
        {"2^31", "428080808008 61", NULL},
        {"2^32", "428080808010 61", NULL},
        {"2^32 + 1, which ends like 1", "428180808010 61", NULL},
        {"2^63 - 1", "42ffffffffffffffff7f 61", NULL},
        {"2^63", "4280808080808080808001 61", NULL},
        {"2^64 - 1", "42ffffffffffffffffff01 61", NULL},
        {"2^64 - 11, back to the start", "42f5ffffffffffffffff01 61", NULL},
        {"string 2^64 - 1", "4affffffffffffffffff01 61", NULL},
        {"message 2^64 - 1", "52ffffffffffffffffff01 0801", NULL},
        {"packed 2^64 - 1", "5affffffffffffffffff01 01", NULL},
        {"packed one more than there is", "5a02 01", NULL},
        {"unknown one more than there is", "a2010461 6263", NULL},
        {"unknown 2^64 - 1", "a201ffffffffffffffffff01 61", NULL},
        {"fixed32 of three bytes", "3d010203", NULL},
        {"unknown fixed64 of seven bytes", "a10101020304050607", NULL},
        {"unknown fixed32 of three bytes", "a501010203", NULL},
    };
    CHECK_ROWS(rows);
}

/* In each, the bytes after the inner message would make its last field whole. */
static void refuses_fields_that_reach_beyond_their_message(void)
{
    static const struct row rows[] = {
        {"bytes", "5203 420361 6263", NULL},
        {"bytes by one", "5202 4201 61", NULL},
        {"message", "5202 5202 0801", NULL},
        {"message two levels out", "5204 5202 5202 0801", NULL},
        {"varint", "5202 0880 01", NULL},
        {"tag", "5201 88 0001", NULL},
        {"tag of an unknown field", "5201 a0 0107", NULL},
        {"tag without value", "5201 08 05", NULL},
        {"tag of bytes without length", "5201 42 00", NULL},
        {"length varint", "5202 4280 00", NULL},
        {"length varint of a message", "5202 5280 00", NULL},
        {"length varint of an unknown", "5203 a20180 00", NULL},
        {"length varint of packed", "5202 5a80 00", NULL},
        {"fixed32", "5203 3d0102 0304", NULL},
        {"unknown varint", "5203 a00180 01", NULL},
        {"unknown fixed64", "5207 a1010102030405 060708", NULL},
        {"unknown fixed32", "5204 a5010102 0304", NULL},
        {"unknown bytes", "5203 a20102 6162", NULL},
        {"packed", "5203 5a0201 02", NULL},
        {"packed element out of its field", "5a01 80 01", NULL},
        {"packed element out of field and message", "5203 5a0180 01", NULL},
        {"packed element out of its field, inside the message", "5204 5a0180 01", NULL},
        {"packed fixed32 out of its field", "6205 01000000 02000000", NULL},
        {"packed fixed32 of three bytes", "6203 010203", NULL},
        {"unknown varint out of the outer message too", "5202 a001", NULL},
    };
    CHECK_ROWS(rows);
}

static void refuses_strings_that_are_not_utf8(void)
{
    static const struct row rows[] = {
        {"lone continuation", "4a0180", NULL},
        {"cut off, though the next byte would do", "4a0161c3 a90107", NULL},
        {"cut off at the end of the string", "4a0261c3 a00107", NULL},
        {"overlong", "4a02c080", NULL},
        {"surrogate", "4a03eda080", NULL},
        {"above U+10FFFF", "4a04f4908080", NULL},
        {"in a repeated string", "7201 41 7201 ff", NULL},
        {"inside", "5203 4a01ff", NULL},
        {"after thirty good bytes",
         "4a1f 616161616161616161616161616161616161616161616161616161616161ff", NULL},
    };
    CHECK_ROWS(rows);
}

static void refuses_strings_that_are_not_utf8_though_nobody_reads_them(void)
{
    static const char *const bad[] = {"4a01ff", "4a02c3a9 7201c3", "7201c3 0801",
                                      "4a0161 7202c341"};
    static const char *const good[] = {"4a02c3a9", "4201ff 6a01ff a20101ff 0801", "5203 4a01ff"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        struct hex_bytes message = hex(bad[i]);
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, hex_view(&message));
        TAP_EQUAL_INT(ignore_message(&reader), SLW_MALFORMED);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        TAP_ROW(good[i]);
        struct hex_bytes message = hex(good[i]);
        TAP_REQUIRE(message.valid && message.len > 0);
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, hex_view(&message));
        TAP_EQUAL_INT(ignore_message(&reader), SLW_OK);
    }
}

int main(void)
{
    TAP_RUN(accepts_scalars_up_to_their_limits);
    TAP_RUN(accepts_padded_varints);
    TAP_RUN(accepts_lengths_and_nesting);
    TAP_RUN(accepts_any_order_and_unknown_fields);
    TAP_RUN(accepts_repeated_scalars_packed_or_not);
    TAP_RUN(refuses_varints_that_are_none);
    TAP_RUN(refuses_values_that_do_not_fit_their_type);
    TAP_RUN(refuses_tags_that_are_none);
    TAP_RUN(refuses_wrong_wire_types);
    TAP_RUN(refuses_singular_fields_twice);
    TAP_RUN(refuses_lengths_beyond_the_message);
    TAP_RUN(refuses_fields_that_reach_beyond_their_message);
    TAP_RUN(refuses_strings_that_are_not_utf8);
    TAP_RUN(refuses_strings_that_are_not_utf8_though_nobody_reads_them);
    return tap_finish();
}
