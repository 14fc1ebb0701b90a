/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reader.h promises: the same bytes from memory and from a source in blocks of any size, a
 * sticky error, jumps that read nothing, and taps that see what passes exactly once.
 */
#include "slipway/reader.h"

#include "tap.h"

#define TEXT_SIZE 1000u

/* A source that watches over how it is asked. */
struct watched_source {
    struct slw_source source;
    uint8_t bytes[TEXT_SIZE];
    unsigned reads;
    uint64_t bytes_read;
    unsigned bad_requests; /* outside of the source, or for no bytes */
    uint64_t fails_from;   /* offset of the first byte that can't be read */
    bool changes;          /* each read finds other bytes */
};

static enum slw_status read_watched(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    struct watched_source *watched = context;
    watched->reads++;
    watched->bytes_read += len;
    if (len == 0 || offset > TEXT_SIZE || len > TEXT_SIZE - offset) {
        watched->bad_requests++;
        return SLW_IO;
    }
    if (offset + len > watched->fails_from) {
        memset(buffer, 0xDD, len);
        return SLW_IO_TORN;
    }
    if (watched->changes) {
        for (size_t i = 0; i < TEXT_SIZE; i++) {
            watched->bytes[i]++;
        }
    }
    memcpy(buffer, watched->bytes + offset, len);
    return SLW_OK;
}

static void watch(struct watched_source *watched)
{
    *watched = (struct watched_source){.fails_from = UINT64_MAX};
    watched->source = (struct slw_source){watched, read_watched, TEXT_SIZE};
    for (size_t i = 0; i < TEXT_SIZE; i++) {
        watched->bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
}

static const size_t block_sizes[] = {16, 17, 31, 64, 127, 128, 129, 500, 999, 1000, 1001};
#define BLOCK_SIZES_COUNT (sizeof block_sizes / sizeof block_sizes[0])
#define BLOCK_SIZE_MAX 1001u

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

/* xorshift32: the same numbers on each run. */
static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* One of the ways to move on by up to len bytes; returns how many, and copies those it saw. */
static size_t move_on(struct slw_reader *reader, uint32_t how, size_t len, uint8_t *ret_seen)
{
    struct slw_bytes view;
    switch (how % 3) {
    case 0:
        ret_seen[0] = slw_reader_u8(reader);
        return 1;
    case 1:
        slw_reader_copy(reader, ret_seen, len);
        return len;
    default:
        view = slw_reader_take(reader, len);
        if (view.len > 0) {
            memcpy(ret_seen, view.ptr, view.len);
        }
        return view.len;
    }
}

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

/* Random moves from start to end; wrong counts what differs from the text. */
static unsigned read_through(struct slw_reader *reader, const uint8_t *text, uint32_t seed)
{
    unsigned wrong = 0;
    while (slw_reader_left(reader) > 0 && wrong == 0) {
        size_t position = (size_t)reader->position;
        uint32_t random = next_random(&seed);
        size_t len = 1 + (random >> 8) % 200;
        len = len > slw_reader_left(reader) ? (size_t)slw_reader_left(reader) : len;
        uint8_t seen[TEXT_SIZE];
        if (random % 4 == 3) {
            slw_reader_skip(reader, len);
        } else {
            len = move_on(reader, random % 4, len, seen);
            wrong += memcmp(seen, text + position, len) != 0 ? 1 : 0;
        }
        wrong += len == 0 || reader->position != position + len ? 1 : 0;
    }
    return wrong + (reader->status != SLW_OK ? 1 : 0);
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
        uint8_t seen[TEXT_SIZE];
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
    TAP_RUN(goes_back_to_whole_blocks_after_a_jump);
    TAP_RUN(refuses_to_read_past_the_end);
    TAP_RUN(refuses_lengths_that_would_overflow);
    TAP_RUN(reads_nothing_from_nothing);
    TAP_RUN(reads_nothing_at_or_after_a_lowered_end);
    TAP_RUN(has_nothing_left_when_the_end_is_behind_it);
    TAP_RUN(keeps_the_first_error_and_stays);
    TAP_RUN(passes_on_the_sources_error_and_asks_no_more);
    TAP_RUN(seeks_forth_and_back);
    TAP_RUN(refuses_to_seek_out_of_bounds);
    TAP_RUN(shows_a_tap_each_byte_once);
    TAP_RUN(shows_nested_taps_their_own_stretches);
    TAP_RUN(shows_a_tap_what_the_caller_saw_though_the_storage_changes);
    TAP_RUN(shows_a_tap_what_passed_before_the_source_failed);
    TAP_RUN(refuses_to_seek_while_a_tap_is_on);
    TAP_RUN(refuses_to_remove_taps_out_of_order);
    TAP_RUN(reads_beyond_4_gib);
    return tap_finish();
}
