/* SPDX-License-Identifier: Apache-2.0 */
/* What reader.h promises of taps: each byte that passes, once, as the reader's caller saw it. */
#include "slipway/reader.h"

#include "tap.h"
#include "test_source.h"

/* What a tap saw, as it came. */
struct record {
    uint8_t bytes[2 * TEXT_SIZE];
    size_t len;
    unsigned empty_pieces;
};

static void observe(void *context, struct slw_bytes passed)
{
    struct record *record = context;
    record->empty_pieces += passed.len == 0 ? 1 : 0;
    if (passed.len <= sizeof record->bytes - record->len) {
        memcpy(record->bytes + record->len, passed.ptr, passed.len);
    }
    record->len += passed.len;
}

static struct slw_tap tap_into(struct record *record)
{
    *record = (struct record){.len = 0};
    return (struct slw_tap){.observe = observe, .context = record};
}

static void shows_a_tap_each_byte_once(void)
{
    static struct watched_source watched;
    static struct record record;
    watch(&watched);
    for (uint32_t seed = 1; seed <= 50; seed++) {
        for (size_t i = 0; i <= BLOCK_SIZES_COUNT; i++) {
            uint8_t block[BLOCK_SIZE_MAX];
            struct slw_reader reader;
            if (i == BLOCK_SIZES_COUNT) {
                slw_reader_init_bytes(&reader, slw_bytes_make(watched.bytes, TEXT_SIZE));
            } else {
                slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
            }
            slw_reader_skip(&reader, seed);
            struct slw_tap tapped = tap_into(&record);
            slw_reader_add_tap(&reader, &tapped);
            reader.end = TEXT_SIZE - seed;
            TAP_EQUAL_INT(read_through(&reader, watched.bytes, seed), 0);
            slw_reader_remove_tap(&reader, &tapped);
            reader.end = TEXT_SIZE;
            slw_reader_skip(&reader, seed);
            TAP_EQUAL_INT(record.len, TEXT_SIZE - 2 * seed);
            TAP_EQUAL_BYTES(record.bytes, watched.bytes + seed, TEXT_SIZE - 2 * seed);
            TAP_EQUAL_INT(record.empty_pieces, 0);
        }
    }
}

static void shows_nested_taps_their_own_stretches(void)
{
    static struct watched_source watched;
    static struct record outer_record;
    static struct record inner_record;
    watch(&watched);
    for (size_t i = 0; i < BLOCK_SIZES_COUNT; i++) {
        uint8_t block[BLOCK_SIZE_MAX];
        struct slw_reader reader;
        slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
        struct slw_tap outer = tap_into(&outer_record);
        struct slw_tap inner = tap_into(&inner_record);
        slw_reader_skip(&reader, 5);
        slw_reader_add_tap(&reader, &outer);
        slw_reader_skip(&reader, 100);
        slw_reader_add_tap(&reader, &inner);
        (void)slw_reader_u8(&reader);
        slw_reader_skip(&reader, 699);
        slw_reader_remove_tap(&reader, &inner);
        slw_reader_skip(&reader, 50);
        slw_reader_remove_tap(&reader, &outer);
        slw_reader_skip(&reader, 50);
        TAP_EQUAL_INT(reader.status, SLW_OK);
        TAP_EQUAL_INT(outer_record.len, 850);
        TAP_EQUAL_BYTES(outer_record.bytes, watched.bytes + 5, 850);
        TAP_EQUAL_INT(inner_record.len, 700);
        TAP_EQUAL_BYTES(inner_record.bytes, watched.bytes + 105, 700);
    }
}

static void shows_a_tap_what_the_caller_saw_though_the_storage_changes(void)
{
    static struct watched_source watched;
    static struct record record;
    for (size_t i = 0; i < BLOCK_SIZES_COUNT; i++) {
        watch(&watched);
        watched.changes = true;
        uint8_t block[BLOCK_SIZE_MAX];
        uint8_t seen[TEXT_SIZE] = {0};
        struct slw_reader reader;
        slw_reader_init(&reader, &watched.source, block, block_sizes[i]);
        struct slw_tap tapped = tap_into(&record);
        slw_reader_add_tap(&reader, &tapped);
        size_t len = 0;
        for (uint32_t seed = 1; len < TEXT_SIZE && reader.status == SLW_OK;) {
            size_t wanted = 1 + next_random(&seed) % 40;
            wanted = wanted > TEXT_SIZE - len ? TEXT_SIZE - len : wanted;
            len += move_on(&reader, seed >> 16, wanted, seen + len);
        }
        slw_reader_remove_tap(&reader, &tapped);
        TAP_EQUAL_INT(record.len, TEXT_SIZE);
        TAP_EQUAL_BYTES(record.bytes, seen, TEXT_SIZE);
    }
}

static void shows_a_tap_what_passed_before_the_source_failed(void)
{
    static struct watched_source watched;
    static struct record record;
    watch(&watched);
    watched.fails_from = 600;
    uint8_t block[100];
    struct slw_reader reader;
    slw_reader_init(&reader, &watched.source, block, sizeof block);
    struct slw_tap tapped = tap_into(&record);
    slw_reader_add_tap(&reader, &tapped);
    slw_reader_skip(&reader, 650);
    TAP_EQUAL_INT(reader.status, SLW_IO_TORN);
    slw_reader_remove_tap(&reader, &tapped);
    TAP_EQUAL_INT(record.len, 600);
    TAP_EQUAL_BYTES(record.bytes, watched.bytes, 600);
}

static void refuses_to_seek_while_a_tap_is_on(void)
{
    static struct record record;
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcdef"));
    struct slw_tap tapped = tap_into(&record);
    slw_reader_add_tap(&reader, &tapped);
    slw_reader_seek(&reader, 2, 6);
    TAP_EQUAL_INT(reader.status, SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(reader.position, 0);
}

static void refuses_to_remove_taps_out_of_order(void)
{
    static struct record outer_record;
    static struct record inner_record;
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, SLW_BYTES_OF("abcdef"));
    struct slw_tap outer = tap_into(&outer_record);
    struct slw_tap inner = tap_into(&inner_record);
    slw_reader_add_tap(&reader, &outer);
    slw_reader_add_tap(&reader, &inner);
    slw_reader_remove_tap(&reader, &outer);
    TAP_EQUAL_INT(reader.status, SLW_BAD_ARGUMENT);
}

int main(void)
{
    TAP_RUN(shows_a_tap_each_byte_once);
    TAP_RUN(shows_nested_taps_their_own_stretches);
    TAP_RUN(shows_a_tap_what_the_caller_saw_though_the_storage_changes);
    TAP_RUN(shows_a_tap_what_passed_before_the_source_failed);
    TAP_RUN(refuses_to_seek_while_a_tap_is_on);
    TAP_RUN(refuses_to_remove_taps_out_of_order);
    return tap_finish();
}
