/* SPDX-License-Identifier: Apache-2.0 */
/* What proto_writer.h promises: bytes as protobuf has them, proto3's absences, nested messages. */
#include "slipway/proto_writer.h"

#include "hex.h"
#include "tap.h"

static void writes_varints_of_one_to_ten_bytes(void)
{
    static const struct {
        uint64_t value;
        const char *wanted;
    } rows[] = {
        {0, "00"},
        {1, "01"},
        {127, "7f"},
        {128, "8001"},
        {300, "ac02"},
        {16383, "ff7f"},
        {16384, "808001"},
        {UINT32_MAX, "ffffffff0f"},
        {UINT64_C(1) << 32, "8080808010"},
        {INT64_MAX, "ffffffffffffffff7f"},
        {UINT64_C(1) << 63, "80808080808080808001"},
        {UINT64_MAX, "ffffffffffffffffff01"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].wanted);
        uint8_t buffer[10];
        struct slw_writer writer;
        slw_writer_init(&writer, buffer, sizeof buffer);
        slw_proto_put_varint(&writer, rows[i].value);
        TAP_CHECK(hex_equals(slw_writer_written(&writer), rows[i].wanted));
        TAP_EQUAL_INT(slw_varint_size(rows[i].value), writer.len);
    }
}

static void sizes_varints_at_each_power_of_two(void)
{
    for (unsigned bit = 0; bit < 64; bit++) {
        TAP_EQUAL_INT(slw_varint_size(UINT64_C(1) << bit), bit / 7 + 1);
        TAP_EQUAL_INT(slw_varint_size((UINT64_C(1) << bit) - 1), bit == 0 ? 1 : (bit - 1) / 7 + 1);
    }
}

static void leaves_out_what_proto3_leaves_out(void)
{
    uint8_t buffer[64];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_proto_put_uint(&writer, 1, 0);
    slw_proto_put_fixed32(&writer, 2, 0);
    slw_proto_put_bytes(&writer, 3, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(writer.len, 0);
    slw_proto_put_uint_always(&writer, 1, 0);
    slw_proto_put_bytes_always(&writer, 3, slw_bytes_make(NULL, 0));
    slw_proto_put_header(&writer, 4, 0);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "0800 1a00 2200"));
}

static void writes_fields_by_number_and_wire_type(void)
{
    uint8_t buffer[64];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_proto_put_uint(&writer, 1, 300);
    slw_proto_put_fixed32(&writer, 15, 0x12345678);
    slw_proto_put_bytes(&writer, 16, SLW_BYTES_OF("ab"));
    slw_proto_put_uint(&writer, 536870911, UINT64_MAX);
    slw_proto_put_header(&writer, 1002, UINT64_C(1) << 63);
    TAP_EQUAL_INT(writer.status, SLW_OK);
    TAP_CHECK(hex_equals(slw_writer_written(&writer),
                         "08ac02 7d78563412 82010261 62 f8ffffff0f ffffffffffffffffff01"
                         "d23e 80808080808080808001"));
}

static void puts_lengths_in_front_of_nested_messages(void)
{
    uint8_t buffer[600];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_proto_put_uint(&writer, 1, 1);
    size_t outer = slw_proto_open(&writer, 2);
    slw_proto_put_uint(&writer, 1, 2);
    size_t empty = slw_proto_open(&writer, 3);
    slw_proto_close(&writer, empty);
    size_t inner = slw_proto_open(&writer, 3);
    slw_proto_put_bytes(&writer, 4, SLW_BYTES_OF("ab"));
    slw_proto_close(&writer, inner);
    slw_proto_close(&writer, outer);
    slw_proto_put_uint(&writer, 5, 3);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "0801 120a 0802 1a00 1a04 22026162 2803"));
}

/* At 127 and 128 bytes, and at 16,383 and 16,384, the length in front grows by a byte. */
static void nests_messages_whose_length_takes_several_bytes(void)
{
    static const size_t lengths[] = {0, 1, 127, 128, 300, 16383, 16384};
    static uint8_t buffer[17000];
    static uint8_t filling[17000];
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        memset(filling, 0x55, sizeof filling);
        struct slw_writer writer;
        slw_writer_init(&writer, buffer, sizeof buffer);
        size_t mark = slw_proto_open(&writer, 1);
        slw_writer_put(&writer, slw_bytes_make(filling, lengths[i]));
        slw_proto_close(&writer, mark);
        TAP_EQUAL_INT(writer.status, SLW_OK);
        TAP_EQUAL_INT(writer.len, 1 + slw_varint_size(lengths[i]) + lengths[i]);
        TAP_EQUAL_BYTES(buffer + writer.len - lengths[i], filling, lengths[i]);

        struct slw_writer head;
        uint8_t wanted[16];
        slw_writer_init(&head, wanted, sizeof wanted);
        slw_proto_put_header(&head, 1, lengths[i]);
        TAP_EQUAL_BYTES(buffer, wanted, head.len);

        struct slw_writer counting;
        slw_writer_init_counting(&counting, SIZE_MAX);
        mark = slw_proto_open(&counting, 1);
        slw_writer_put(&counting, slw_bytes_make(filling, lengths[i]));
        slw_proto_close(&counting, mark);
        TAP_EQUAL_INT(counting.len, writer.len);
    }
}

static void reports_what_does_not_fit(void)
{
    for (size_t capacity = 0; capacity <= 6; capacity++) {
        uint8_t buffer[7];
        memset(buffer, 0xEE, sizeof buffer);
        struct slw_writer writer;
        slw_writer_init(&writer, buffer, capacity);
        size_t mark = slw_proto_open(&writer, 1);
        slw_proto_put_bytes(&writer, 2, SLW_BYTES_OF("ab"));
        slw_proto_close(&writer, mark);
        TAP_EQUAL_INT(writer.status, capacity == 6 ? SLW_OK : SLW_NO_SPACE);
        TAP_EQUAL_INT(buffer[capacity], 0xEE);
    }
}

static void refuses_marks_that_no_open_returned(void)
{
    uint8_t buffer[8];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_proto_put_uint(&writer, 1, 1);
    slw_proto_close(&writer, 3);
    TAP_EQUAL_INT(writer.status, SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(writer.len, 2);
}

int main(void)
{
    TAP_RUN(writes_varints_of_one_to_ten_bytes);
    TAP_RUN(sizes_varints_at_each_power_of_two);
    TAP_RUN(leaves_out_what_proto3_leaves_out);
    TAP_RUN(writes_fields_by_number_and_wire_type);
    TAP_RUN(puts_lengths_in_front_of_nested_messages);
    TAP_RUN(nests_messages_whose_length_takes_several_bytes);
    TAP_RUN(reports_what_does_not_fit);
    TAP_RUN(refuses_marks_that_no_open_returned);
    return tap_finish();
}
