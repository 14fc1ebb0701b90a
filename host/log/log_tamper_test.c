/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Somebody changes the log's files, while it is open and while it isn't: nothing is appended to
 * them, no proof is made of them, and they aren't mended.
 */
#include "log_state.h"
#include "test_log.h"

#include "slipway/files.h"

#include <fcntl.h>
#include <sys/stat.h>

#define SIZE 600u

static const char *const lasting[] = {
    "tile/0/000",
    "tile/0/001",
    "tile/entries/000",
    "tile/entries/001",
};

static void path_of(const struct test_log *test, const char *name, char ret_path[static 256])
{
    (void)snprintf(ret_path, 256, "%s/%s", test->path, name);
}

/* Changes one byte at a place, from the file's end when it is negative. */
static void flip(const struct test_log *test, const char *name, off_t place)
{
    char path[256];
    uint8_t byte = 0;
    path_of(test, name, path);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    TAP_REQUIRE(descriptor >= 0);
    off_t at = place >= 0 ? place : lseek(descriptor, 0, SEEK_END) + place;
    TAP_CHECK(pread(descriptor, &byte, 1, at) == 1);
    byte ^= 0x40;
    TAP_CHECK(pwrite(descriptor, &byte, 1, at) == 1);
    (void)close(descriptor);
}

static bool setup(struct test_log *test)
{
    return test_log_setup(test, NULL) && TAP_CHECK(test_log_grow(test, SIZE - 1) == SLW_OK) &&
           TAP_CHECK(test_log_grow(test, SIZE) == SLW_OK);
}

static void finds_every_changed_file_when_it_is_opened(void)
{
    static const char *const names[] = {
        "tile/0/000",     "tile/0/001",       "tile/0/002.p/88",
        "tile/1/000.p/2", "tile/entries/000", "tile/entries/002.p/88",
        "records/000",    "records/002",      "checkpoint",
        "journal",        "tile/0/002.p/87",  "tile/entries/002.p/87",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (int place = 0; place < 3; place++) {
            struct test_log test;
            off_t places[] = {20, 31, -3};
            TAP_ROW(names[i]);
            TAP_REQUIRE(setup(&test));
            if (strcmp(names[i], SLW_LOG_JOURNAL) == 0) {
                places[2] = (off_t)test.log->journal_len - 3; /* behind it there is room */
            }
            flip(&test, names[i], places[place]);
            TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
            TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
            flip(&test, names[i], places[place]); /* nothing was mended meanwhile */
            TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
            TAP_CHECK(test_log_has(&test, SIZE));
            test_log_teardown(&test);
        }
    }
}

/* Fills a part of a file with zeros. */
static void blank(const struct test_log *test, const char *name, off_t place, size_t len)
{
    static const uint8_t zeros[1024];
    char path[256];
    path_of(test, name, path);
    int descriptor = open(path, O_WRONLY | O_CLOEXEC);
    TAP_REQUIRE(descriptor >= 0 && len <= sizeof zeros);
    TAP_CHECK(pwrite(descriptor, zeros, len, place) == (ssize_t)len);
    (void)close(descriptor);
}

/* What the journal knows is written again where a power cut can have kept a sector of 512 bytes
 * from the disk. Less than a sector is somebody's doing. */
static void tells_holes_of_a_power_cut_from_damage(void)
{
    static const char *const names[] = {
        "tile/0/000",  "tile/0/002.p/88", "tile/entries/000", "tile/entries/002.p/88",
        "records/000", "records/002",
    };
    static const struct {
        off_t place;
        size_t len;
        enum slw_status expected;
    } holes[] = {
        {20, 8, SLW_LOG_DAMAGED},    {504, 16, SLW_LOG_DAMAGED}, {512, 256, SLW_LOG_DAMAGED},
        {768, 512, SLW_LOG_DAMAGED}, {512, 512, SLW_OK},         {0, 1024, SLW_OK},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        for (size_t k = 0; k < sizeof holes / sizeof holes[0]; k++) {
            struct test_log test;
            char row[64];
            (void)snprintf(row, sizeof row, "%s, %zu at %lld", names[i], holes[k].len,
                           (long long)holes[k].place);
            TAP_ROW(row);
            TAP_REQUIRE(setup(&test));
            blank(&test, names[i], holes[k].place, holes[k].len);
            TAP_EQUAL_INT(test_log_reopen(&test), holes[k].expected);
            TAP_CHECK(holes[k].expected != SLW_OK || test_log_has(&test, SIZE));
            test_log_teardown(&test);
        }
    }
}

static void finds_missing_and_longer_files_of_what_was_flushed(void)
{
    static const char *const names[] = {
        "tile/0/000",
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/001",
        "tile/entries/002.p/88",
        "records/002",
        "checkpoint",
        "journal",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct test_log test;
        char path[256];
        char aside[256];
        TAP_ROW(names[i]);
        TAP_REQUIRE(setup(&test));
        test.log->journal_turn = 0; /* with the next commit everything else is flushed */
        TAP_EQUAL_INT(test_log_grow(&test, SIZE), SLW_OK);
        TAP_EQUAL_INT(slw_log_turn_journal(test.log, &test.detail), SLW_OK);
        path_of(&test, names[i], path);
        path_of(&test, "aside", aside);
        TAP_EQUAL_INT(rename(path, aside), 0);
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
        TAP_EQUAL_INT(rename(aside, path), 0);
        TAP_EQUAL_INT(truncate(path, 10), 0);
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
        test_log_teardown(&test);
    }
}

static void refuses_to_append_to_files_that_somebody_changed(void)
{
    static const char *const names[] = {
        "tile/0/002.p/88",
        "tile/1/000.p/2",
        "tile/entries/002.p/88",
        "checkpoint",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct test_log test;
        TAP_ROW(names[i]);
        TAP_REQUIRE(setup(&test));
        flip(&test, names[i], 9);
        TAP_EQUAL_INT(test_log_append(&test, SIZE), SLW_OK);
        TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_LOG_DAMAGED);
        TAP_EQUAL_INT(slw_log_size(test.log), SIZE);
        flip(&test, names[i], 9); /* it isn't believed again until it is opened again */
        TAP_EQUAL_INT(test_log_append(&test, SIZE), SLW_LOG_DAMAGED);
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        TAP_EQUAL_INT(test_log_grow(&test, SIZE + 1), SLW_OK);
        test_log_teardown(&test);
    }
}

static void notices_a_journal_that_was_cut_or_exchanged(void)
{
    struct test_log test;
    char path[256];
    char copy[256];
    struct slw_heap_buffer bytes = {0};
    for (int how = 0; how < 4; how++) {
        TAP_REQUIRE(setup(&test));
        path_of(&test, "journal", path);
        path_of(&test, "copy", copy);
        bytes.len = 0;
        TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &bytes, &test.detail), SLW_OK);
        if (how == 0) {
            TAP_EQUAL_INT(truncate(path, (off_t)bytes.len - 1), 0);
        } else if (how == 1) {
            TAP_EQUAL_INT(truncate(path, (off_t)bytes.len + 1), 0);
        } else if (how == 2) { /* all of the room behind its blocks */
            TAP_EQUAL_INT(truncate(path, (off_t)test.log->journal_len), 0);
        } else {
            TAP_EQUAL_INT(slw_file_write(copy, 0, slw_heap_bytes(&bytes), &test.detail), SLW_OK);
            TAP_EQUAL_INT(rename(copy, path), 0);
        }
        TAP_EQUAL_INT(test_log_append(&test, SIZE), SLW_OK);
        TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_LOG_DAMAGED);
        test_log_teardown(&test);
    }
    slw_heap_free(&bytes);
}

static void makes_no_proof_of_changed_tiles(void)
{
    for (size_t i = 0; i < sizeof lasting / sizeof lasting[0]; i++) {
        struct test_log test;
        struct slw_merkle_path path;
        struct slw_merkle_hash root;
        struct slw_heap_buffer leaf = {0};
        uint64_t expected = 0;
        bool is_tile = i < 2;
        TAP_ROW(lasting[i]);
        TAP_REQUIRE(setup(&test));
        flip(&test, lasting[i], 40);
        uint64_t index = i % 2 == 0 ? 1 : 257;
        TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, index, SIZE, &path, &test.detail),
                      is_tile ? SLW_LOG_DAMAGED : SLW_OK);
        TAP_EQUAL_INT(slw_log_root_at(test.log, 300, &root, &test.detail),
                      lasting[i] == lasting[1] ? SLW_LOG_DAMAGED : SLW_OK);
        TAP_EQUAL_INT(slw_log_read_leaf(test.log, i % 2 == 0 ? 0 : 256, &leaf, &test.detail),
                      SLW_LOG_DAMAGED);
        if (!is_tile) {
            TAP_EQUAL_INT(slw_log_visit(test.log, 0, test_log_check_entry, &expected, &test.detail),
                          SLW_LOG_DAMAGED);
        }
        TAP_EQUAL_INT(test_log_append(&test, SIZE), SLW_LOG_DAMAGED);
        slw_heap_free(&leaf);
        test_log_teardown(&test);
    }
}

static void reads_no_record_that_was_changed(void)
{
    struct test_log test;
    struct slw_heap_buffer text = {0};
    uint64_t expected = 0;
    TAP_REQUIRE(setup(&test));
    flip(&test, "records/000", 21); /* the first text's second byte */
    TAP_EQUAL_INT(slw_log_read_record(test.log, 0, &text, &test.detail), SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(text.len, 0);
    TAP_EQUAL_INT(slw_log_visit(test.log, 0, test_log_check_entry, &expected, &test.detail),
                  SLW_LOG_DAMAGED);
    TAP_EQUAL_INT(test_log_append(&test, SIZE), SLW_LOG_DAMAGED);
    test_log_teardown(&test);
}

/* Yesterday's directory is a good log; only others can know better. But not parts of it. */
static void refuses_a_mixture_of_days(void)
{
    static const char *const names[] = {"journal", "checkpoint"};
    for (size_t i = 0; i < 2; i++) {
        struct test_log test;
        char path[256];
        struct slw_heap_buffer bytes = {0};
        TAP_ROW(names[i]);
        TAP_REQUIRE(setup(&test));
        path_of(&test, names[i], path);
        TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &bytes, &test.detail), SLW_OK);
        TAP_EQUAL_INT(slw_log_turn_journal(test.log, &test.detail), SLW_OK);
        TAP_EQUAL_INT(test_log_grow(&test, SIZE + 50), SLW_OK);
        TAP_EQUAL_INT(slw_log_turn_journal(test.log, &test.detail), SLW_OK);
        TAP_EQUAL_INT(
            slw_file_write(path, SLW_OUTPUT_REPLACE, slw_heap_bytes(&bytes), &test.detail), SLW_OK);
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
        slw_heap_free(&bytes);
        test_log_teardown(&test);
    }
}

static void refuses_the_log_of_another_key(void)
{
    struct test_log test;
    struct slw_private_key *key = NULL;
    TAP_REQUIRE(setup(&test));
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_signer_init(key, SLW_BYTES_OF("example.com/log"), SLW_NOTE_ED25519,
                                       &test.signer, &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_LOG_DAMAGED);
    slw_private_key_free(key);
    test_log_teardown(&test);
}

int main(void)
{
    TAP_RUN(finds_every_changed_file_when_it_is_opened);
    TAP_RUN(tells_holes_of_a_power_cut_from_damage);
    TAP_RUN(finds_missing_and_longer_files_of_what_was_flushed);
    TAP_RUN(refuses_to_append_to_files_that_somebody_changed);
    TAP_RUN(notices_a_journal_that_was_cut_or_exchanged);
    TAP_RUN(makes_no_proof_of_changed_tiles);
    TAP_RUN(reads_no_record_that_was_changed);
    TAP_RUN(refuses_a_mixture_of_days);
    TAP_RUN(refuses_the_log_of_another_key);
    return tap_finish();
}
