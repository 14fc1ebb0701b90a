/* SPDX-License-Identifier: Apache-2.0 */
/* Journals that are damaged, made up, or change while they are read: the state that was, one before
 * it where there is no anchor, or a refusal. What happens to whole ones: store_test.c. */
#include "store_private.h"
#include "test_board.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define V1 "roots/v1.pb"

static struct test_board board;
static struct slw_store store;
static struct test_copy copy;

static bool make_device(enum slw_anchor_kind kind)
{
    return test_board_make(&board, &test_geometries[1], V1, kind) &&
           slw_store_format(&store, &board.layout) == SLW_OK;
}

static enum slw_status reopen(void)
{
    test_board_power_on(&board);
    return slw_store_open(&store, &board.layout);
}

static enum slw_status commit_time(int64_t time)
{
    struct slw_state next = store.state;
    next.known_time_utc_s = time;
    return slw_store_commit(&store, &next);
}

static void make_used_journal(void)
{
    for (int64_t i = 1; i <= 12; i++) {
        TAP_EQUAL_INT(commit_time(i), SLW_OK);
    }
    const struct slw_staging_progress progress = {9, 4096};
    TAP_EQUAL_INT(slw_store_append_progress(&store, &progress), SLW_OK);
    test_board_save(&board, &copy);
}

/* PROTECTED: the state that was, or refused. NONE: an earlier one, too. */
static void check_damaged(enum slw_anchor_kind kind)
{
    enum slw_status status = slw_store_open(&store, &board.layout);
    if (status != SLW_OK) {
        TAP_EQUAL_INT(status, SLW_STORED_STATE);
        return;
    }
    TAP_EQUAL_INT(store.state.sequence, store.state.known_time_utc_s + 1);
    TAP_EQUAL_INT(store.state.root_version, 1);
    TAP_CHECK(store.progress.offset == 0 || store.progress.offset == 4096);
    TAP_CHECK(kind == SLW_ANCHOR_NONE || store.state.sequence == 13);
}

static void damage_every_byte(enum slw_anchor_kind kind)
{
    const struct slw_region *journal = &board.layout.journal;
    bool deep = getenv("SLIPWAY_DEEP") != NULL;
    TAP_REQUIRE(make_device(kind));
    make_used_journal();
    for (uint64_t at = 0; at < journal->size; at++) {
        for (unsigned bit = deep ? 0 : at % 8; bit < (deep ? 8 : at % 8 + 1); bit++) {
            char row[80];
            (void)snprintf(row, sizeof row, "byte %u, bit %u", (unsigned)at, bit);
            TAP_ROW(row);
            memcpy(board.bytes, copy.bytes, sizeof board.bytes);
            memcpy(board.granules, copy.granules, sizeof board.granules);
            board.bytes[journal->offset + at] ^= (uint8_t)(1u << bit);
            check_damaged(kind);
        }
    }
    TAP_ROW(NULL);
}

static void a_changed_bit_anywhere_brings_back_nothing_old_with_an_anchor(void)
{
    damage_every_byte(SLW_ANCHOR_PROTECTED);
}

static void a_changed_bit_anywhere_leaves_a_state_that_was_without_one(void)
{
    damage_every_byte(SLW_ANCHOR_NONE);
}

static void a_torn_word_anywhere_is_no_failure(void)
{
    const struct slw_region *journal = &board.layout.journal;
    uint32_t granule = journal->flash->program_size;
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    make_used_journal();
    for (uint64_t at = 0; at < journal->size; at += granule) {
        test_board_restore(&board, &copy);
        board.granules[(journal->offset + at) / granule] = 2; /* torn: flash_faulty.c */
        check_damaged(SLW_ANCHOR_NONE);
    }
}

static void noise_for_a_journal_is_refused(void)
{
    const struct slw_region *journal = &board.layout.journal;
    uint32_t x = 1;
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    for (unsigned round = 0; round < 20; round++) {
        for (uint64_t at = 0; at < journal->size; at++) {
            x = x * 1664525u + 1013904223u;
            board.bytes[journal->offset + at] = (uint8_t)(x >> 24);
        }
        TAP_EQUAL_INT(reopen(), SLW_STORED_STATE);
    }
}

/* Appends a record of the test's own behind the newest one. */
static void append_record(uint32_t type, const uint8_t *payload, uint32_t length, uint64_t number)
{
    struct slw_record_writer writer;
    slw_record_writer_init(&writer, &board.layout.journal, store.journal_at);
    slw_record_put_u32(&writer, type);
    slw_record_put_u32(&writer, length);
    slw_record_put_u64(&writer, number);
    slw_record_put_u32(&writer, writer.crc);
    slw_record_put(&writer, payload, length);
    slw_record_put_u32(&writer, writer.crc);
    slw_record_flush(&writer);
    TAP_EQUAL_INT(writer.status, SLW_OK);
}

static void passes_over_records_of_unknown_types(void)
{
    static const uint8_t payload[100] = {1};
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    append_record(99, payload, sizeof payload, store.record + 1);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.sequence, 1);
    TAP_EQUAL_INT(commit_time(4), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.known_time_utc_s, 4);
}

static void refuses_a_state_that_it_cannot_read(void)
{
    static const struct {
        const char *name;
        uint8_t format;
        uint32_t length;
    } rows[] = {{"another format", 2, 100}, {"too short", 1, 40}, {"empty", 1, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint8_t payload[100] = {rows[i].format};
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
        append_record(1, payload, rows[i].length, store.record + 1);
        TAP_EQUAL_INT(reopen(), SLW_STORED_STATE);
    }
}

static void ignores_records_that_cannot_be(void)
{
    static const uint8_t payload[100] = {[0] = 1, [12] = 9}; /* of sequence 1; at offset 9 */
    static const struct {
        const char *name;
        uint32_t type;
        uint32_t length; /* bytes there are at most 100 of */
        uint64_t number;
    } rows[] = {
        {"number without a next one", 1, 100, UINT64_MAX},
        {"older than the state", 1, 100, 1},
        {"progress of another length", 2, 21, 1000},
        {"progress of another state", 2, 20, 1000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
        TAP_EQUAL_INT(commit_time(4), SLW_OK);
        append_record(rows[i].type, payload, rows[i].length, rows[i].number);
        TAP_EQUAL_INT(reopen(), SLW_OK);
        TAP_EQUAL_INT(store.state.known_time_utc_s, 4);
        TAP_EQUAL_INT(store.progress.offset, 0);
        TAP_EQUAL_INT(commit_time(5), SLW_OK);
        TAP_EQUAL_INT(reopen(), SLW_OK);
        TAP_EQUAL_INT(store.state.known_time_utc_s, 5);
    }
}

/* Flash that shows another byte from some read on. */
static struct {
    enum slw_status (*read)(void *context, uint64_t address, uint8_t *buffer, size_t len);
    unsigned reads;
    unsigned limit;
    uint64_t address;
} changing;

static enum slw_status read_changing(void *context, uint64_t address, uint8_t *buffer, size_t len)
{
    SLW_TRY(changing.read(context, address, buffer, len));
    bool inside = changing.address >= address && changing.address - address < len;
    if (changing.reads++ >= changing.limit && inside) {
        buffer[changing.address - address] ^= 1;
    }
    return SLW_OK;
}

/* The byte is in the state's sequence number, the first thing that would be taken for true. */
static void a_journal_that_changes_while_it_is_read_is_never_believed(void)
{
    unsigned refused = 0;
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    TAP_REQUIRE(reopen() == SLW_OK && commit_time(77) == SLW_OK);
    changing.read = board.flash.flash.read;
    changing.address = board.layout.journal.offset + store.journal_segment + SLW_CELL_SIZE + 21;
    board.flash.flash.read = read_changing;
    for (changing.limit = 0;; changing.limit++) {
        changing.reads = 0;
        enum slw_status status = slw_store_open(&store, &board.layout);
        if (status == SLW_OK) {
            TAP_CHECK(store.state.sequence == 1 || store.state.sequence == 2);
        } else {
            TAP_CHECK(status == SLW_IO || status == SLW_STORED_STATE);
            refused++;
        }
        if (changing.reads < changing.limit) {
            break;
        }
    }
    TAP_CHECK(refused > 0);
}

static void goes_on_in_another_segment_when_flash_fails_for_once(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    for (uint64_t at = 0; at < 12; at++) {
        for (int64_t i = 0; i < 5; i++) {
            slw_flash_faulty_cut(&board.flash, at, SLW_CUT_PART);
            enum slw_status status = commit_time(100);
            slw_flash_faulty_power_on(&board.flash); /* without a restart */
            TAP_CHECK(status == SLW_IO || status == SLW_OK);
            TAP_EQUAL_INT(commit_time(i), SLW_OK);
            TAP_EQUAL_INT(store.state.known_time_utc_s, i);
        }
        TAP_EQUAL_INT(reopen(), SLW_OK);
        TAP_EQUAL_INT(store.state.known_time_utc_s, 4);
    }
    TAP_EQUAL_INT(board.ram.violations, 0);
}

int main(void)
{
    TAP_RUN(a_changed_bit_anywhere_brings_back_nothing_old_with_an_anchor);
    TAP_RUN(a_changed_bit_anywhere_leaves_a_state_that_was_without_one);
    TAP_RUN(a_torn_word_anywhere_is_no_failure);
    TAP_RUN(noise_for_a_journal_is_refused);
    TAP_RUN(passes_over_records_of_unknown_types);
    TAP_RUN(refuses_a_state_that_it_cannot_read);
    TAP_RUN(ignores_records_that_cannot_be);
    TAP_RUN(a_journal_that_changes_while_it_is_read_is_never_believed);
    TAP_RUN(goes_on_in_another_segment_when_flash_fails_for_once);
    return tap_finish();
}
