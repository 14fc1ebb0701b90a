/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reader.h promises: the same bytes from memory and from a source in blocks of any size, a
 * sticky error, and jumps that read nothing. Taps: reader_taps_test.c.
 */
#include "slipway/reader.h"

#include "tap.h"
#include "test_source.h"

static void reads_memory_in_place(void)
{
    struct slw_bytes text = SLW_BYTES_OF("abcdef");
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, text);
    TAP_EQUAL_INT(slw_reader_left(&reader), 6);
    TAP_EQUAL_INT(slw_reader_u8(&reader), 'a');
    struct slw_bytes view = slw_reader_take(&reader, 3);
    TAP_CHECK(view.ptr == text.ptr + 1);
    TAP_EQUAL_INT(view.len, 3);
    view = slw_reader_take(&reader, UINT64_MAX);
    TAP_CHECK(view.ptr == text.ptr + 4);
    TAP_EQUAL_INT(view.len, 2);
    TAP_EQUAL_INT(slw_reader_take(&reader, 1).len, 0);
    TAP_EQUAL_INT(reader.status, SLW_OK);
    TAP_EQUAL_INT(slw_reader_left(&reader), 0);
}

static void reads_the_same_from_memory_and_in_blocks_of_any_size(void)
{
    static struct watched_source watched;
    watch(&watched);
    for (uint32_t seed = 1; seed <= 50; seed++) {
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, slw_bytes_make(watched.bytes, TEXT_SIZE));
        TAP_EQUAL_INT(read_through(&reader, watched.bytes, seed), 0);
        for (size_t i = 0; i < BLOCK_SIZES_COUNT; i++) {
            uint8_t block[BLOCK_SIZE_MAX];
            slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
            TAP_EQUAL_INT(read_through(&reader, watched.bytes, seed), 0);
        }
    }
    TAP_EQUAL_INT(watched.bad_requests, 0);
}

static void reads_each_byte_of_a_source_once(void)
{
    static struct watched_source watched;
    for (size_t i = 0; i < BLOCK_SIZES_COUNT; i++) {
        watch(&watched);
        uint8_t block[BLOCK_SIZE_MAX];
        uint8_t seen[TEXT_SIZE];
        struct slw_reader reader;
        slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
        slw_reader_copy(&reader, seen, sizeof seen);
        TAP_EQUAL_INT(reader.status, SLW_OK);
        TAP_EQUAL_BYTES(seen, watched.bytes, sizeof seen);
        TAP_EQUAL_INT(watched.bytes_read, TEXT_SIZE);
        TAP_EQUAL_INT(watched.reads, (TEXT_SIZE + block_sizes[i] - 1) / block_sizes[i]);
    }
}

static void reads_nothing_of_what_it_jumps_over(void)
{
    static struct watched_source watched;
    watch(&watched);
    uint8_t block[500];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    slw_reader_skip(&reader, 700);
    TAP_EQUAL_INT(watched.reads, 0);
    TAP_EQUAL_INT(slw_reader_u8(&reader), watched.bytes[700]);
    TAP_EQUAL_INT(watched.bytes_read, SLW_READER_PEEK_SIZE);
    slw_reader_skip(&reader, slw_reader_left(&reader));
    TAP_EQUAL_INT(watched.reads, 1);
    TAP_EQUAL_INT(reader.position, TEXT_SIZE);
    TAP_EQUAL_INT(reader.status, SLW_OK);
}

static void reads_little_after_each_jump(void)
{
    static struct watched_source watched;
    watch(&watched);
    uint8_t block[300];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    TAP_EQUAL_INT(slw_reader_u8(&reader), watched.bytes[0]);
    TAP_EQUAL_INT(watched.bytes_read, 300);
    slw_reader_skip(&reader, 400);
    TAP_EQUAL_INT(slw_reader_u8(&reader), watched.bytes[401]);
    TAP_EQUAL_INT(watched.bytes_read, 300 + SLW_READER_PEEK_SIZE);
    slw_reader_seek(&reader, 300, TEXT_SIZE);
    TAP_EQUAL_INT(slw_reader_u8(&reader), watched.bytes[300]);
    TAP_EQUAL_INT(watched.bytes_read, 300 + 2 * SLW_READER_PEEK_SIZE);
    TAP_EQUAL_INT(watched.bad_requests, 0);
}

static void goes_back_to_whole_blocks_after_a_jump(void)
{
    static struct watched_source watched;
    watch(&watched);
    uint8_t block[256];
    uint8_t seen[TEXT_SIZE];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    slw_reader_skip(&reader, 300);
    slw_reader_copy(&reader, seen, 128 + 256 + 1);
    TAP_EQUAL_INT(watched.reads, 3);
    TAP_EQUAL_BYTES(seen, watched.bytes + 300, 128 + 256 + 1);
    TAP_EQUAL_INT(watched.bytes_read, 128 + 256 + 256);
}

static void refuses_to_read_past_the_end(void)
{
    for (uint32_t how = 0; how < 3; how++) {
        uint8_t seen[8];
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcd"));
        slw_reader_skip(&reader, how == 0 ? 4 : 2);
        if (how == 0) {
            TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
        } else if (how == 1) {
            slw_reader_copy(&reader, seen, 3);
        } else {
            slw_reader_skip(&reader, 3);
        }
        TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
        TAP_EQUAL_INT(reader.position, how == 0 ? 4 : 2);
        TAP_EQUAL_INT(slw_reader_left(&reader), 0);
    }
}

static void refuses_lengths_that_would_overflow(void)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcd"));
    slw_reader_skip(&reader, 2);
    slw_reader_skip(&reader, UINT64_MAX);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    TAP_EQUAL_INT(reader.position, 2);

    uint8_t seen[1];
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcd"));
    slw_reader_skip(&reader, 2);
    slw_reader_copy(&reader, seen, SIZE_MAX);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    TAP_EQUAL_INT(reader.position, 2);
}

static void reads_memory_as_a_source_too(void)
{
    struct slw_memory_source memory;
    uint8_t block[16];
    uint8_t seen[20];
    struct slw_reader reader;
    slw_memory_source_init(&memory, SLW_BYTES_OF("abcdefghijklmnopqrstuvwxyz"));
    TAP_EQUAL_INT(memory.source.size, 26);
    TAP_EQUAL_INT(memory.source.read(memory.source.context, 6, seen, 20), SLW_OK);
    TAP_EQUAL_BYTES(seen, "ghijklmnopqrstuvwxyz", 20);
    slw_reader_init(&reader, &memory.source, block, sizeof block);
    slw_reader_skip(&reader, 3);
    slw_reader_copy(&reader, seen, 20);
    TAP_EQUAL_BYTES(seen, "defghijklmnopqrstuvw", 20);
    TAP_EQUAL_INT(slw_reader_left(&reader), 3);
}

static void reads_no_memory_beyond_its_view_though_the_end_says_so(void)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, slw_bytes_make("abcdef", 3));
    reader.end = 6;
    slw_reader_skip(&reader, 3);
    TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    slw_reader_init_bytes(&reader, slw_bytes_make("abcdef", 3));
    reader.end = 6;
    TAP_EQUAL_INT(slw_reader_take(&reader, 6).len, 3);
    TAP_EQUAL_INT(slw_reader_take(&reader, 3).len, 0);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
}

static void reads_nothing_from_nothing(void)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(slw_reader_left(&reader), 0);
    TAP_EQUAL_INT(slw_reader_take(&reader, 1).len, 0);
    slw_reader_skip(&reader, 0);
    slw_reader_copy(&reader, NULL, 0);
    TAP_EQUAL_INT(reader.status, SLW_OK);
    TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
}

static void reads_nothing_at_or_after_a_lowered_end(void)
{
    static struct watched_source watched;
    watch(&watched);
    uint8_t block[16];
    uint8_t seen[8];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    reader.end = 5;
    TAP_EQUAL_INT(slw_reader_take(&reader, 100).len, 5);
    TAP_EQUAL_INT(slw_reader_take(&reader, 100).len, 0);
    TAP_EQUAL_INT(reader.status, SLW_OK);
    reader.end = 9;
    slw_reader_copy(&reader, seen, 4);
    TAP_EQUAL_BYTES(seen, watched.bytes + 5, 4);
    TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
}

static void has_nothing_left_when_the_end_is_behind_it(void)
{
    struct slw_reader reader;
    uint8_t seen[4];
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcdef"));
    slw_reader_skip(&reader, 4);
    reader.end = 2;
    TAP_EQUAL_INT(slw_reader_left(&reader), 0);
    TAP_EQUAL_INT(slw_reader_take(&reader, 1).len, 0);
    TAP_EQUAL_INT(reader.status, SLW_OK);
    slw_reader_copy(&reader, seen, 1);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcdef"));
    slw_reader_skip(&reader, 4);
    reader.end = 2;
    slw_reader_skip(&reader, 1);
    TAP_EQUAL_INT(reader.status, SLW_MALFORMED);
    TAP_EQUAL_INT(reader.position, 4);
}

static void keeps_the_first_error_and_stays(void)
{
    struct slw_reader reader;
    uint8_t seen[2] = {0xEE, 0xEE};
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcd"));
    slw_reader_skip(&reader, 1);
    slw_reader_fail(&reader, SLW_TOO_LARGE);
    slw_reader_fail(&reader, SLW_MALFORMED);
    TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
    TAP_EQUAL_INT(slw_reader_take(&reader, 2).len, 0);
    slw_reader_copy(&reader, seen, 2);
    slw_reader_skip(&reader, 1);
    slw_reader_seek(&reader, 9, 8);
    TAP_EQUAL_INT(reader.status, SLW_TOO_LARGE);
    TAP_EQUAL_INT(reader.position, 1);
    TAP_EQUAL_INT(slw_reader_left(&reader), 0);
    TAP_EQUAL_INT(seen[0], 0xEE);
}

static void passes_on_the_sources_error_and_asks_no_more(void)
{
    static struct watched_source watched;
    for (size_t i = 0; i < BLOCK_SIZES_COUNT; i++) {
        watch(&watched);
        watched.fails_from = 600;
        uint8_t block[BLOCK_SIZE_MAX];
        uint8_t seen[TEXT_SIZE];
        struct slw_reader reader;
        slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
        slw_reader_copy(&reader, seen, sizeof seen);
        TAP_EQUAL_INT(reader.status, SLW_IO_TORN);
        TAP_EQUAL_INT(reader.position, 600 / block_sizes[i] * block_sizes[i]);
        unsigned reads = watched.reads;
        TAP_EQUAL_INT(slw_reader_u8(&reader), 0);
        TAP_EQUAL_INT(slw_reader_take(&reader, 1).len, 0);
        TAP_EQUAL_INT(watched.reads, reads);
        TAP_EQUAL_INT(reader.status, SLW_IO_TORN);
    }
}

static void seeks_forth_and_back(void)
{
    static struct watched_source watched;
    watch(&watched);
    uint8_t block[64];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    static const uint64_t places[] = {999, 0, 500, 501, 499, 563, 564, 436, 0};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        slw_reader_seek(&reader, places[i], TEXT_SIZE);
        TAP_EQUAL_INT(slw_reader_u8(&reader), watched.bytes[places[i]]);
    }
    slw_reader_seek(&reader, TEXT_SIZE, TEXT_SIZE);
    TAP_EQUAL_INT(slw_reader_left(&reader), 0);
    slw_reader_seek(&reader, 10, 12);
    TAP_EQUAL_INT(slw_reader_left(&reader), 2);
    TAP_EQUAL_INT(reader.status, SLW_OK);
    TAP_EQUAL_INT(watched.bad_requests, 0);
}

static void refuses_to_seek_out_of_bounds(void)
{
    static const uint64_t bad[][2] = {{0, 7}, {7, 7}, {4, 3}, {7, 6}, {UINT64_MAX, UINT64_MAX}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct slw_reader reader;
        slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcdef"));
        slw_reader_seek(&reader, bad[i][0], bad[i][1]);
        TAP_EQUAL_INT(reader.status, SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(reader.position, 0);
        TAP_EQUAL_INT(reader.end, 6);
    }
}

/* 1 TiB, each byte made from its offset. */
#define HUGE_SIZE (UINT64_C(1) << 40)

static uint8_t generated_byte(uint64_t offset)
{
    return (uint8_t)(offset ^ offset >> 8 ^ offset >> 32);
}

static enum slw_status read_generated(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    for (size_t i = 0; i < len; i++) {
        buffer[i] = generated_byte(offset + i);
    }
    return SLW_OK;
}

static void reads_beyond_4_gib(void)
{
    struct slw_source source = {NULL, read_generated, HUGE_SIZE};
    uint8_t block[16];
    uint8_t seen[40];
    struct slw_reader reader;
    slw_reader_init(&reader, &source, block, sizeof block);
    static const uint64_t places[] = {0xFFFFFFF0, 0x100000000, 0x7FFFFFFFFF, HUGE_SIZE - 40};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        slw_reader_seek(&reader, 0, HUGE_SIZE);
        TAP_EQUAL_INT(slw_reader_u8(&reader), generated_byte(0));
        slw_reader_skip(&reader, places[i] - 1);
        TAP_EQUAL_INT(slw_reader_left(&reader), HUGE_SIZE - places[i]);
        slw_reader_copy(&reader, seen, sizeof seen);
        for (size_t k = 0; k < sizeof seen; k++) {
            TAP_EQUAL_INT(seen[k], generated_byte(places[i] + k));
        }
    }
    TAP_EQUAL_INT(reader.position, HUGE_SIZE);
    TAP_EQUAL_INT(reader.status, SLW_OK);
}

int main(void)
{
    TAP_RUN(reads_memory_in_place);
    TAP_RUN(reads_the_same_from_memory_and_in_blocks_of_any_size);
    TAP_RUN(reads_each_byte_of_a_source_once);
    TAP_RUN(reads_nothing_of_what_it_jumps_over);
    TAP_RUN(reads_little_after_each_jump);
    TAP_RUN(goes_back_to_whole_blocks_after_a_jump);
    TAP_RUN(refuses_to_read_past_the_end);
    TAP_RUN(refuses_lengths_that_would_overflow);
    TAP_RUN(reads_memory_as_a_source_too);
    TAP_RUN(reads_no_memory_beyond_its_view_though_the_end_says_so);
    TAP_RUN(reads_nothing_from_nothing);
    TAP_RUN(reads_nothing_at_or_after_a_lowered_end);
    TAP_RUN(has_nothing_left_when_the_end_is_behind_it);
    TAP_RUN(keeps_the_first_error_and_stays);
    TAP_RUN(passes_on_the_sources_error_and_asks_no_more);
    TAP_RUN(seeks_forth_and_back);
    TAP_RUN(refuses_to_seek_out_of_bounds);
    TAP_RUN(reads_beyond_4_gib);
    return tap_finish();
}
