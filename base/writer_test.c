/* SPDX-License-Identifier: Apache-2.0 */
/* What writer.h promises: exact bounds, a sticky error, counting, and gaps. */
#include "slipway/writer.h"

#include "tap.h"

static void writes_bytes_one_after_the_other(void)
{
    static const uint8_t wanted[] = {0x7E, 'a', 'b', 0x78, 0x56, 0x34, 0x12, 0x08,
                                     7,    6,   5,   4,    3,    2,    1};
    uint8_t buffer[15];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_u8(&writer, 0x7E);
    slw_writer_put(&writer, SLW_BYTES_OF("ab"));
    slw_writer_put(&writer, slw_bytes_make(NULL, 0));
    slw_writer_u32_le(&writer, 0x12345678);
    slw_writer_u64_le(&writer, UINT64_C(0x0102030405060708));
    TAP_EQUAL_INT(writer.status, SLW_OK);
    TAP_EQUAL_INT(writer.len, sizeof wanted);
    TAP_EQUAL_BYTES(buffer, wanted, sizeof wanted);
    TAP_CHECK(slw_bytes_equal(slw_writer_written(&writer), slw_bytes_make(wanted, sizeof wanted)));
}

static void refuses_the_byte_after_the_last(void)
{
    uint8_t buffer[4] = {0, 0, 0, 0xEE};
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, 3);
    slw_writer_put(&writer, SLW_BYTES_OF("abc"));
    TAP_EQUAL_INT(writer.status, SLW_OK);
    slw_writer_u8(&writer, 'd');
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_EQUAL_INT(writer.len, 3);
    TAP_EQUAL_INT(buffer[3], 0xEE);
}

static void writes_nothing_of_what_does_not_fit_and_nothing_after_it(void)
{
    uint8_t buffer[4] = {0};
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_u8(&writer, 'a');
    slw_writer_u32_le(&writer, 0x12345678);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    slw_writer_u8(&writer, 'b');
    slw_writer_put(&writer, slw_bytes_make(NULL, 0));
    slw_writer_insert(&writer, 0, 1);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_EQUAL_INT(writer.len, 1);
    TAP_EQUAL_BYTES(buffer, "a\0\0\0", 4);
}

static void writes_nothing_into_an_empty_buffer(void)
{
    struct slw_writer writer;
    uint8_t nothing = 0xEE;
    slw_writer_init(&writer, &nothing, 0);
    slw_writer_put(&writer, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(writer.status, SLW_OK);
    slw_writer_u8(&writer, 1);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_EQUAL_INT(nothing, 0xEE);
}

static void counts_as_much_as_it_would_write(void)
{
    struct slw_writer writer;
    slw_writer_init_counting(&writer, 15);
    slw_writer_u8(&writer, 0x7E);
    slw_writer_put(&writer, SLW_BYTES_OF("ab"));
    slw_writer_u32_le(&writer, 1);
    slw_writer_insert(&writer, 2, 8);
    TAP_EQUAL_INT(writer.status, SLW_OK);
    TAP_EQUAL_INT(writer.len, 15);
    slw_writer_u8(&writer, 1);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_EQUAL_INT(writer.len, 15);
}

static void counts_to_the_end_of_memory_without_overflow(void)
{
    struct slw_writer writer;
    slw_writer_init_counting(&writer, SIZE_MAX);
    slw_writer_u8(&writer, 1);
    slw_writer_insert(&writer, 0, SIZE_MAX - 1);
    TAP_EQUAL_INT(writer.status, SLW_OK);
    TAP_CHECK(writer.len == SIZE_MAX);
    slw_writer_u8(&writer, 1);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_CHECK(writer.len == SIZE_MAX);
}

static void makes_room_anywhere(void)
{
    for (size_t position = 0; position <= 4; position++) {
        for (size_t gap = 0; gap <= 4; gap++) {
            uint8_t buffer[9];
            memset(buffer, 0xEE, sizeof buffer);
            struct slw_writer writer;
            slw_writer_init(&writer, buffer, 8);
            slw_writer_put(&writer, SLW_BYTES_OF("abcd"));
            slw_writer_insert(&writer, position, gap);
            TAP_EQUAL_INT(writer.status, SLW_OK);
            TAP_EQUAL_INT(writer.len, 4 + gap);
            TAP_EQUAL_BYTES(buffer, "abcd", position);
            TAP_EQUAL_BYTES(buffer + position + gap, &"abcd"[position], 4 - position);
            TAP_EQUAL_INT(buffer[8], 0xEE);
        }
    }
}

static void refuses_gaps_that_do_not_fit_or_lie_outside(void)
{
    uint8_t buffer[8];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_put(&writer, SLW_BYTES_OF("abcd"));
    slw_writer_insert(&writer, 2, 5);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);
    TAP_EQUAL_INT(writer.len, 4);
    TAP_EQUAL_BYTES(buffer, "abcd", 4);

    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_put(&writer, SLW_BYTES_OF("abcd"));
    slw_writer_insert(&writer, 5, 1);
    TAP_EQUAL_INT(writer.status, SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(writer.len, 4);
    slw_writer_u8(&writer, 'e');
    TAP_EQUAL_INT(writer.len, 4);
}

static void keeps_the_first_error(void)
{
    uint8_t buffer[2];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_put(&writer, SLW_BYTES_OF("abc"));
    slw_writer_insert(&writer, 1, 0);
    TAP_EQUAL_INT(writer.status, SLW_NO_SPACE);

    slw_writer_init(&writer, buffer, sizeof buffer);
    slw_writer_insert(&writer, 1, 0);
    slw_writer_put(&writer, SLW_BYTES_OF("abc"));
    TAP_EQUAL_INT(writer.status, SLW_BAD_ARGUMENT);
}

int main(void)
{
    TAP_RUN(writes_bytes_one_after_the_other);
    TAP_RUN(refuses_the_byte_after_the_last);
    TAP_RUN(writes_nothing_of_what_does_not_fit_and_nothing_after_it);
    TAP_RUN(writes_nothing_into_an_empty_buffer);
    TAP_RUN(counts_as_much_as_it_would_write);
    TAP_RUN(counts_to_the_end_of_memory_without_overflow);
    TAP_RUN(makes_room_anywhere);
    TAP_RUN(refuses_gaps_that_do_not_fit_or_lie_outside);
    TAP_RUN(keeps_the_first_error);
    return tap_finish();
}
