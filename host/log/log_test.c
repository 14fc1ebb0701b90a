/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that grows, is closed and opened: its tree is that of RFC 6962, its files are where
 * tlog-tiles says, and what isn't committed isn't there.
 */
#include "log_path.h"
#include "test_log.h"

#include "slipway/files.h"

#include <fcntl.h>
#include <sys/stat.h>

static void starts_without_entries(void)
{
    struct test_log test;
    struct slw_merkle_hash root;
    struct slw_merkle_hash empty;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(slw_log_size(test.log), 0);
    slw_log_root(test.log, &root);
    slw_merkle_empty(&empty);
    TAP_CHECK(slw_merkle_equal(&root, &empty));
    TAP_EQUAL_INT(slw_log_checkpoint(test.log).len, 0);
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
    TAP_CHECK(test_log_has(&test, 0));
    TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(test.log), 0);
    test_log_teardown(&test);
}

static void keeps_what_was_committed_in_pieces_of_any_size(void)
{
    static const uint64_t sizes[] = {1, 2, 3, 10, 255, 256, 257, 300, 512, 513, 1400, 1536, 1537};
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TAP_EQUAL_INT(slw_log_next_index(test.log), i == 0 ? 0 : sizes[i - 1]);
        TAP_EQUAL_INT(test_log_grow(&test, sizes[i] - 1), SLW_OK);
        TAP_EQUAL_INT(test_log_grow(&test, sizes[i]), SLW_OK);
        TAP_CHECK(test_log_has(&test, sizes[i]));
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        TAP_CHECK(test_log_has(&test, sizes[i]));
    }
    test_log_teardown(&test);
}

static void signs_the_root_of_its_leaves(void)
{
    struct test_log test;
    struct slw_merkle_frontier tree = {0};
    struct slw_merkle_hash hash;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    for (uint64_t size = 1; size <= 70; size++) {
        struct slw_heap_buffer leaf = {0};
        struct slw_note note;
        struct slw_checkpoint checkpoint;
        TAP_EQUAL_INT(test_log_grow(&test, size), SLW_OK);
        TAP_EQUAL_INT(slw_log_read_leaf(test.log, size - 1, &leaf, &test.detail), SLW_OK);
        slw_merkle_leaf(slw_heap_bytes(&leaf), &hash);
        TAP_CHECK(slw_merkle_frontier_append(&tree, &hash));
        slw_merkle_frontier_root(&tree, &hash);
        TAP_EQUAL_INT(slw_checkpoint_open("c", slw_log_checkpoint(test.log), &test.signer.key,
                                          &note, &checkpoint, &test.detail),
                      SLW_OK);
        TAP_EQUAL_INT(checkpoint.size, size);
        TAP_EQUAL_BYTES(checkpoint.root, hash.bytes, sizeof hash.bytes);
        slw_heap_free(&leaf);
    }
    test_log_teardown(&test);
}

static void proves_every_entry_at_every_size(void)
{
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 600), SLW_OK);
    for (uint64_t size = 1; size <= 600; size += 59) {
        struct slw_merkle_hash root;
        TAP_EQUAL_INT(slw_log_root_at(test.log, size, &root, &test.detail), SLW_OK);
        for (uint64_t index = 0; index < size; index += 7) {
            struct slw_heap_buffer leaf = {0};
            struct slw_merkle_path path;
            struct slw_merkle_hash hash;
            TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, index, size, &path, &test.detail),
                          SLW_OK);
            TAP_EQUAL_INT(slw_log_read_leaf(test.log, index, &leaf, &test.detail), SLW_OK);
            slw_merkle_leaf(slw_heap_bytes(&leaf), &hash);
            TAP_EQUAL_INT(slw_merkle_verify_inclusion(index, size, &hash, &path, &root), SLW_OK);
            slw_heap_free(&leaf);
        }
        for (uint64_t old = 1; old <= size; old += 13) {
            struct slw_merkle_path path;
            struct slw_merkle_hash old_root;
            TAP_EQUAL_INT(slw_log_root_at(test.log, old, &old_root, &test.detail), SLW_OK);
            TAP_EQUAL_INT(slw_log_prove_consistency(test.log, old, size, &path, &test.detail),
                          SLW_OK);
            TAP_EQUAL_INT(slw_merkle_verify_consistency(old, size, &old_root, &root, &path),
                          SLW_OK);
        }
    }
    test_log_teardown(&test);
}

static void refuses_to_prove_what_is_not_there(void)
{
    struct test_log test;
    struct slw_merkle_path path;
    struct slw_merkle_hash root;
    struct slw_heap_buffer bytes = {0};
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 9), SLW_OK);
    TAP_EQUAL_INT(test_log_append(&test, 9), SLW_OK); /* and not committed */
    TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, 9, 9, &path, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, 9, 10, &path, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, 0, 0, &path, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_prove_inclusion(test.log, UINT64_MAX, UINT64_MAX, &path, &test.detail),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_prove_consistency(test.log, 5, 10, &path, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_prove_consistency(test.log, 6, 5, &path, &test.detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_log_root_at(test.log, 10, &root, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_read_leaf(test.log, 9, &bytes, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_read_record(test.log, 9, &bytes, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(bytes.len, 0);
    slw_log_drop(test.log);
    TAP_EQUAL_INT(slw_log_next_index(test.log), 9);
    TAP_CHECK(test_log_has(&test, 9));
    test_log_teardown(&test);
}

static void reads_records_by_index(void)
{
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 530), SLW_OK);
    for (uint64_t index = 0; index < 530; index += 5) {
        struct slw_heap_buffer text = {0};
        char expected[64];
        test_log_text(index, expected);
        TAP_EQUAL_INT(slw_log_read_record(test.log, index, &text, &test.detail), SLW_OK);
        TAP_CHECK(strcmp(slw_heap_text(&text), index % 3 == 2 ? "" : expected) == 0);
        slw_heap_free(&text);
    }
    uint64_t from = 300;
    TAP_EQUAL_INT(slw_log_visit(test.log, 300, test_log_check_entry, &from, &test.detail), SLW_OK);
    TAP_EQUAL_INT(from, 530);
    from = 77; /* a visitor's failure is the visit's */
    TAP_EQUAL_INT(slw_log_visit(test.log, 78, test_log_check_entry, &from, &test.detail),
                  SLW_WRONG_STATE);
    test_log_teardown(&test);
}

static bool is_file(const struct test_log *test, const char *name, off_t size)
{
    char path[256];
    struct stat found;
    (void)snprintf(path, sizeof path, "%s/%s", test->path, name);
    return stat(path, &found) == 0 && (size < 0 || found.st_size == size);
}

/* "a tree of size 70,000 will be represented by 273 full level 0 tiles, one partial level 0 tile of
 * width 112, one full level 1 tile, one partial level 1 tile of width 17, and one partial level 2
 * tile of width 1." */
static void has_the_tiles_of_the_specification(void)
{
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    for (uint64_t size = 1000; size <= 70000; size += 1000) {
        TAP_EQUAL_INT(test_log_grow(&test, size), SLW_OK);
    }
    TAP_CHECK(is_file(&test, "tile/0/272", 8192));
    TAP_CHECK(!is_file(&test, "tile/0/273", -1));
    TAP_CHECK(is_file(&test, "tile/0/273.p/112", 3584));
    TAP_CHECK(is_file(&test, "tile/1/000", 8192));
    TAP_CHECK(is_file(&test, "tile/1/001.p/17", 544));
    TAP_CHECK(is_file(&test, "tile/2/000.p/1", 32));
    TAP_CHECK(is_file(&test, "tile/entries/000", -1));
    TAP_CHECK(is_file(&test, "tile/entries/273.p/112", -1));
    TAP_CHECK(is_file(&test, "records/273", -1));
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
    TAP_CHECK(test_log_has(&test, 70000));
    test_log_teardown(&test);
}

static void names_files_as_the_specification_does(void)
{
    static const char *const good[] = {
        "checkpoint",  "tile/0/000",       "tile/0/x001/x234/067", "tile/7/000.p/255",
        "tile/0/999",  "tile/0/x001/000",  "tile/entries/000",     "tile/entries/x001/000.p/1",
        "records/000", "records/x001/002", "tile/0/x999/999.p/10",
    };
    static const char *const bad[] = {
        "",
        "/checkpoint",
        "checkpoint/",
        "journal",
        "checkpoint.new",
        "../log/checkpoint",
        "tile",
        "tile/",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/001/002",
        "tile/0/1000",
        "tile/8/000",
        "tile/00/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "tile/0//000",
        "tile/0/x000/x001/000",
        "tile/entries/0",
        "records/0",
        "records/000.p/1",
        "records/000/..",
        "tile/0/../0/000",
        "tile/0/000\n",
        "tile/0/ 000",
        "tile/0/x18446744073709551616",
        "TILE/0/000",
        "tile/a/000",
        "tile/entries",
        "records",
    };
    char path[SLW_LOG_PATH_SIZE];
    TAP_CHECK(strcmp(slw_log_tile_path(0, 1234067, 0, path), "tile/0/x001/x234/067") == 0);
    TAP_CHECK(strcmp(slw_log_tile_path(7, UINT64_MAX, 255, path),
                     "tile/7/x018/x446/x744/x073/x709/x551/615.p/255") == 0);
    TAP_CHECK(slw_log_path_is_good(slw_bytes_make(path, strlen(path))));
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        TAP_ROW(good[i]);
        TAP_CHECK(slw_log_path_is_good(slw_bytes_make(good[i], strlen(good[i]))));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_ROW(bad[i]);
        TAP_CHECK(!slw_log_path_is_good(slw_bytes_make(bad[i], strlen(bad[i]))));
    }
    TAP_CHECK(!slw_log_path_is_good(slw_bytes_make("tile/0/000\0x", 12)));
}

static void serves_its_files_and_no_others(void)
{
    struct test_log test;
    struct slw_heap_buffer bytes = {0};
    uint64_t total = 0;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 300), SLW_OK);
    TAP_EQUAL_INT(slw_log_serve(test.log, SLW_BYTES_OF("tile/0/000"), 8000, 1000, &bytes, &total,
                                &test.detail),
                  SLW_OK);
    TAP_CHECK(bytes.len == 192 && total == 8192);
    TAP_EQUAL_INT(
        slw_log_serve(test.log, SLW_BYTES_OF("tile/0/000"), 100, 50, &bytes, &total, &test.detail),
        SLW_OK);
    TAP_CHECK(bytes.len == 242 && total == 8192);
    TAP_EQUAL_INT(slw_log_serve(test.log, SLW_BYTES_OF("tile/0/000"), UINT64_MAX, 50, &bytes,
                                &total, &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(bytes.len, 242);
    bytes.len = 0;
    TAP_EQUAL_INT(
        slw_log_serve(test.log, SLW_BYTES_OF("checkpoint"), 0, 10000, &bytes, &total, &test.detail),
        SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&bytes), slw_log_checkpoint(test.log)));
    static const char *const bad[] = {"journal", "tile/0/001", "../log/checkpoint", "tile", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        TAP_EQUAL_INT(slw_log_serve(test.log, slw_bytes_make(bad[i], strlen(bad[i])), 0, 10, &bytes,
                                    &total, &test.detail),
                      SLW_NOT_FOUND);
    }
    slw_heap_free(&bytes);
    test_log_teardown(&test);
}

static void publishes_cosignatures_of_its_last_checkpoint(void)
{
    struct test_log test;
    struct slw_private_key *key = NULL;
    struct slw_note_signer witness;
    struct slw_heap_buffer line = {0};
    struct slw_heap_buffer published = {0};
    struct slw_note note;
    uint64_t total = 0;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &key, &test.detail), SLW_OK);
    TAP_EQUAL_INT(
        slw_note_signer_init(key, SLW_BYTES_OF("w1"), SLW_NOTE_COSIGNATURE, &witness, &test.detail),
        SLW_OK);
    TAP_EQUAL_INT(test_log_grow(&test, 3), SLW_OK);
    TAP_EQUAL_INT(slw_note_parse("c", slw_log_checkpoint(test.log), &note, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_note_sign_text(&witness, note.text, 1700000000, &line, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_publish_cosignatures(test.log, 2, slw_heap_bytes(&line), &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_log_publish_cosignatures(test.log, 3, slw_heap_bytes(&line), &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(
        slw_log_publish_cosignatures(test.log, 3, SLW_BYTES_OF("no line\n"), &test.detail),
        SLW_MALFORMED);
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
    TAP_EQUAL_INT(slw_log_serve(test.log, SLW_BYTES_OF("checkpoint"), 0, 10000, &published, &total,
                                &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_note_parse("c", slw_heap_bytes(&published), &note, &test.detail), SLW_OK);
    TAP_EQUAL_INT(note.count, 2);
    TAP_EQUAL_INT(test_log_grow(&test, 4), SLW_OK);
    TAP_CHECK(test_log_has(&test, 4));
    slw_private_key_free(key);
    slw_heap_free(&line);
    slw_heap_free(&published);
    test_log_teardown(&test);
}

/* Each checkpoint is a file of its own, for whoever opened the former one still reads it: also when
 * the process ended before that one's name went. */
static void leaves_readers_the_checkpoint_that_they_opened(void)
{
    struct test_log test;
    char path[256];
    char left[256];
    TAP_REQUIRE(test_log_setup(&test, NULL));
    (void)snprintf(path, sizeof path, "%s/checkpoint", test.path);
    (void)snprintf(left, sizeof left, "%s/checkpoint.new", test.path);
    for (int was_killed = 0; was_killed < 2; was_killed++) {
        struct slw_heap_buffer expected = {0};
        char found[512];
        TAP_EQUAL_INT(test_log_grow(&test, slw_log_size(test.log) + 3), SLW_OK);
        slw_heap_append(&expected, slw_log_checkpoint(test.log));
        int descriptor = open(path, O_RDONLY | O_CLOEXEC);
        TAP_REQUIRE(descriptor >= 0);
        TAP_CHECK(was_killed == 0 || link(path, left) == 0);
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        for (unsigned i = 0; i < 3; i++) {
            TAP_EQUAL_INT(test_log_grow(&test, slw_log_size(test.log) + 1), SLW_OK);
            TAP_CHECK(!is_file(&test, "checkpoint.new", -1));
        }
        TAP_EQUAL_INT(pread(descriptor, found, sizeof found, 0), expected.len);
        TAP_EQUAL_BYTES(found, expected.ptr, expected.len);
        (void)close(descriptor);
        slw_heap_free(&expected);
    }
    test_log_teardown(&test);
}

static void bounds_what_is_appended(void)
{
    struct test_log test;
    struct slw_heap_buffer text = {0};
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    uint64_t index = 0;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    memset(slw_heap_reserve(&text, SLW_LOG_TEXT_SIZE_MAX + 1), 'x', SLW_LOG_TEXT_SIZE_MAX + 1);

    TAP_EQUAL_INT(slw_log_append_record(test.log, slw_heap_bytes(&text), &index, &test.detail),
                  SLW_TOO_LARGE);
    text.len--;
    for (unsigned i = 0; i < SLW_LOG_COMMIT_SIZE_MAX / SLW_LOG_TEXT_SIZE_MAX; i++) {
        TAP_EQUAL_INT(slw_log_append_record(test.log, slw_heap_bytes(&text), &index, &test.detail),
                      SLW_OK);
    }
    TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("x"), &index, &test.detail),
                  SLW_TOO_LARGE);
    slw_log_drop(test.log);
    TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF(""), &index, &test.detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_log_append_release(test.log,
                                         slw_bytes_make(text.ptr, SLW_LOG_PRODUCT_SIZE_MAX + 1), 1,
                                         digest, &index, &test.detail),
                  SLW_BAD_ARGUMENT);
    for (unsigned i = 0; i < SLW_LOG_COMMIT_ENTRIES_MAX; i++) {
        TAP_EQUAL_INT(test_log_append(&test, i), SLW_OK);
    }
    TAP_EQUAL_INT(test_log_append(&test, SLW_LOG_COMMIT_ENTRIES_MAX), SLW_TOO_LARGE);
    TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_OK);
    TAP_CHECK(test_log_has(&test, SLW_LOG_COMMIT_ENTRIES_MAX));
    slw_heap_drop(&text);
    test_log_teardown(&test);
}

/* The journal begins anew many times, and the partial tiles of full ones go. */
static void turns_its_journal(void)
{
    struct test_log test;
    struct slw_heap_buffer text = {0};
    uint64_t index = 0;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    memset(slw_heap_reserve(&text, SLW_LOG_TEXT_SIZE_MAX), 'x', SLW_LOG_TEXT_SIZE_MAX);

    for (unsigned round = 0; round < 3; round++) {
        TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("x"), &index, &test.detail),
                      SLW_OK);
        TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_OK);
        for (unsigned i = 0; i < 300; i++) {
            struct slw_bytes record = i % 32 == 0 ? slw_heap_bytes(&text) : SLW_BYTES_OF("y");
            TAP_EQUAL_INT(slw_log_append_record(test.log, record, &index, &test.detail), SLW_OK);
        }
        TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_OK);
        TAP_EQUAL_INT(index + 1, 301 * (round + 1));
        TAP_CHECK(is_file(&test, "journal", 88));
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        TAP_EQUAL_INT(slw_log_size(test.log), 301 * (round + 1));
    }
    TAP_CHECK(is_file(&test, "tile/0/000", 8192));
    TAP_CHECK(!is_file(&test, "tile/0/000.p", -1));
    TAP_CHECK(!is_file(&test, "tile/entries/000.p", -1));
    TAP_CHECK(is_file(&test, "tile/0/003.p/135", -1));
    TAP_EQUAL_INT(slw_log_read_record(test.log, 903 - 300, &text, &test.detail), SLW_OK);
    slw_heap_drop(&text);
    test_log_teardown(&test);
}

static bool reads_record(struct test_log *test, uint64_t index)
{
    struct slw_heap_buffer text = {0};
    char expected[64];
    test_log_text(index, expected);
    bool is_right = slw_log_read_record(test->log, index, &text, &test->detail) == SLW_OK &&
                    strcmp(slw_heap_text(&text), index % 3 == 2 ? "" : expected) == 0;
    slw_heap_free(&text);
    return is_right;
}

/* More files of records than the log remembers places of, and files that grew since. */
static void reads_records_in_any_order_while_it_grows(void)
{
    static const uint64_t sizes[] = {100, 101, 250, 256, 300, 1000, 1536};
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        TAP_EQUAL_INT(test_log_grow(&test, sizes[i]), SLW_OK);
        TAP_CHECK(reads_record(&test, sizes[i] - 1));
        for (uint64_t k = 0; k < 200; k++) {
            TAP_CHECK(reads_record(&test, k * 7919 % sizes[i]));
        }
        TAP_CHECK(reads_record(&test, 0));
    }
    TAP_EQUAL_INT(test_log_append(&test, 1536), SLW_OK);
    slw_log_drop(test.log); /* what is taken back leaves nothing behind */
    TAP_EQUAL_INT(test_log_grow(&test, 1540), SLW_OK);
    TAP_CHECK(reads_record(&test, 1539));
    TAP_CHECK(reads_record(&test, 1536));
    test_log_teardown(&test);
}

static void flushes_once_for_many_entries(void)
{
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    static const uint64_t sizes[] = {1, 65, 129, 300, 600};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        test_log_flushes = 0;
        TAP_EQUAL_INT(test_log_grow(&test, sizes[i]), SLW_OK);
        TAP_EQUAL_INT(test_log_flushes, 1);
    }
    test_log_teardown(&test);
}

static void is_open_once(void)
{
    struct test_log test;
    struct slw_log *second = NULL;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    struct slw_log_settings settings = test_log_settings(&test, NULL);
    TAP_EQUAL_INT(slw_log_open(&settings, &second, &test.detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_log_create(&settings, &second, &test.detail), SLW_WRONG_STATE);
    slw_log_close(test.log);
    test.log = NULL;
    TAP_EQUAL_INT(slw_log_create(&settings, &second, &test.detail), SLW_WRONG_STATE);
    settings.directory = "/nonexistent/log";
    TAP_EQUAL_INT(slw_log_open(&settings, &second, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_create(&settings, &second, &test.detail), SLW_IO);
    settings.directory = test.directory; /* of something else */
    TAP_EQUAL_INT(slw_log_create(&settings, &second, &test.detail), SLW_WRONG_STATE);
    test_log_teardown(&test);
}

static enum slw_status refuse_to_sign(void *context, struct slw_bytes message,
                                      uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                      struct slw_detail *detail)
{
    (void)context;
    (void)message;
    (void)ret_signature;
    return slw_explain(detail, SLW_TOKEN, "away");
}

static void commits_nothing_that_it_cannot_sign(void)
{
    struct test_log test;
    struct slw_log *log = NULL;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 5), SLW_OK);
    slw_log_close(test.log);
    struct slw_note_signer signer = test.signer;
    signer.sign = refuse_to_sign;
    struct slw_log_settings settings = {test.path, &signer, NULL};
    TAP_EQUAL_INT(slw_log_open(&settings, &log, &test.detail), SLW_OK);
    test.log = log;
    TAP_EQUAL_INT(test_log_grow(&test, 9), SLW_TOKEN);
    TAP_CHECK(!slw_log_is_broken(test.log));
    TAP_CHECK(test_log_has(&test, 5));
    TAP_EQUAL_INT(slw_log_next_index(test.log), 5);
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
    TAP_EQUAL_INT(test_log_grow(&test, 9), SLW_OK);
    TAP_CHECK(test_log_has(&test, 9));
    test_log_teardown(&test);
}

static void tells_leaves_apart(void)
{
    struct slw_log_leaf leaf = {
        .kind = SLW_LOG_RELEASE, .product = SLW_BYTES_OF("lamp"), .targets_version = 0x01020304};
    struct slw_log_leaf read;
    struct slw_heap_buffer bytes = {0};
    TAP_EQUAL_INT(slw_log_leaf_format(&leaf, &bytes), SLW_OK);
    TAP_EQUAL_INT(bytes.len, 16 + 2 + 4 + 4 + 32);
    TAP_CHECK(memcmp(bytes.ptr, "slipway release\n\0\4lamp\1\2\3\4", 26) == 0);
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_heap_bytes(&bytes), &read), SLW_OK);
    TAP_CHECK(read.kind == SLW_LOG_RELEASE && read.targets_version == 0x01020304);
    for (size_t len = 0; len < bytes.len; len++) {
        TAP_EQUAL_INT(slw_log_leaf_parse(slw_bytes_make(bytes.ptr, len), &read), SLW_MALFORMED);
    }
    slw_heap_append_text(&bytes, "x");
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_heap_bytes(&bytes), &read), SLW_MALFORMED);
    bytes.ptr[17] = 5; /* a longer name would fit now, and end where the leaf does */
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_heap_bytes(&bytes), &read), SLW_OK);
    memcpy(bytes.ptr, SLW_LOG_RECORD_TAG, 16);
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_heap_bytes(&bytes), &read), SLW_MALFORMED);
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_bytes_make(bytes.ptr, 48), &read), SLW_OK);
    TAP_CHECK(read.kind == SLW_LOG_RECORD);
    bytes.ptr[0] = 'S';
    TAP_EQUAL_INT(slw_log_leaf_parse(slw_bytes_make(bytes.ptr, 48), &read), SLW_MALFORMED);
    slw_heap_free(&bytes);
}

int main(void)
{
    TAP_RUN(starts_without_entries);
    TAP_RUN(keeps_what_was_committed_in_pieces_of_any_size);
    TAP_RUN(signs_the_root_of_its_leaves);
    TAP_RUN(proves_every_entry_at_every_size);
    TAP_RUN(refuses_to_prove_what_is_not_there);
    TAP_RUN(reads_records_by_index);
    TAP_RUN(reads_records_in_any_order_while_it_grows);
    TAP_RUN(has_the_tiles_of_the_specification);
    TAP_RUN(names_files_as_the_specification_does);
    TAP_RUN(serves_its_files_and_no_others);
    TAP_RUN(publishes_cosignatures_of_its_last_checkpoint);
    TAP_RUN(leaves_readers_the_checkpoint_that_they_opened);
    TAP_RUN(bounds_what_is_appended);
    TAP_RUN(turns_its_journal);
    TAP_RUN(flushes_once_for_many_entries);
    TAP_RUN(is_open_once);
    TAP_RUN(commits_nothing_that_it_cannot_sign);
    TAP_RUN(tells_leaves_apart);
    return tap_finish();
}
