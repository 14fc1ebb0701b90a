/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log in a temporary directory for tests: its key, entries that differ, and what is expected of
 * the log's content, kept apart from it.
 */
#ifndef SLIPWAY_TEST_LOG_H
#define SLIPWAY_TEST_LOG_H

#include "log_files.h"
#include "remove_tree.h"

#include "slipway/keys.h"
#include "slipway/log.h"

#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

/* Flushes that were asked of test_log_quick(). */
static unsigned test_log_flushes;

static inline int test_log_no_flush(void *context, int descriptor)
{
    (void)context;
    (void)descriptor;
    test_log_flushes++;
    return 0;
}

/* The system's files without waiting for the disk: no test cuts the power. */
static inline const struct slw_log_files *test_log_quick(void)
{
    static struct slw_log_files quick;
    quick = slw_log_files_system;
    quick.flush = test_log_no_flush;
    quick.flush_directory = test_log_no_flush;
    quick.flush_file_system = test_log_no_flush;
    return &quick;
}

struct test_log {
    char directory[64]; /* of the test; the log is in "log" below it */
    char path[80];
    struct slw_private_key *key;
    struct slw_note_signer signer;
    struct slw_log *log;
    struct slw_detail detail;
};

static inline struct slw_log_settings test_log_settings(const struct test_log *test,
                                                        const struct slw_log_files *files)
{
    return (struct slw_log_settings){test->path, &test->signer,
                                     files != NULL ? files : test_log_quick()};
}

/* With an open log of no entries; false when there can't be one. */
static inline bool test_log_setup(struct test_log *test, const struct slw_log_files *files)
{
    /* Logs are made and removed by the hundred: in memory, where there is such a place. */
    memset(test, 0, sizeof *test);
    (void)snprintf(test->directory, sizeof test->directory, "/dev/shm/slipway-log-XXXXXX");
    if (mkdtemp(test->directory) == NULL) {
        (void)snprintf(test->directory, sizeof test->directory, "/tmp/slipway-log-XXXXXX");
        if (!TAP_CHECK(mkdtemp(test->directory) != NULL)) {
            return false;
        }
    }
    (void)snprintf(test->path, sizeof test->path, "%s/log", test->directory);
    struct slw_log_settings settings = test_log_settings(test, files);
    return TAP_CHECK(slw_private_key_generate(SLW_KEY_TYPE_ED25519, &test->key, &test->detail) ==
                     SLW_OK) &&
           TAP_CHECK(slw_note_signer_init(test->key, SLW_BYTES_OF("example.com/log"),
                                          SLW_NOTE_ED25519, &test->signer,
                                          &test->detail) == SLW_OK) &&
           TAP_CHECK(slw_log_create(&settings, &test->log, &test->detail) == SLW_OK);
}

static inline void test_log_teardown(struct test_log *test)
{
    slw_log_close(test->log);
    slw_private_key_free(test->key);
    remove_tree(test->directory);
}

/* Closes it and opens it again. */
static inline enum slw_status test_log_reopen(struct test_log *test)
{
    struct slw_log_settings settings = test_log_settings(test, NULL);
    slw_log_close(test->log);
    test->log = NULL;
    return slw_log_open(&settings, &test->log, &test->detail);
}

/* Entry number index: each third a release, the others records. */
static inline void test_log_text(uint64_t index, char ret_text[static 64])
{
    (void)snprintf(ret_text, 64, "{\"kind\":\"test\",\"number\":%llu}", (unsigned long long)index);
}

static inline enum slw_status test_log_append(struct test_log *test, uint64_t index)
{
    char text[64];
    uint8_t digest[SLW_SHA256_SIZE] = {(uint8_t)index, (uint8_t)(index >> 8)};
    uint64_t got = UINT64_MAX;
    enum slw_status status;
    if (index % 3 == 2) {
        status = slw_log_append_release(test->log, SLW_BYTES_OF("lamp"), (uint32_t)index, digest,
                                        &got, &test->detail);
    } else {
        test_log_text(index, text);
        status = slw_log_append_record(test->log, slw_bytes_make(text, strlen(text)), &got,
                                       &test->detail);
    }
    return status == SLW_OK && got != index ? SLW_WRONG_STATE : status;
}

/* Appends entries up to size, and commits them in one. */
static inline enum slw_status test_log_grow(struct test_log *test, uint64_t size)
{
    for (uint64_t index = slw_log_size(test->log); index < size; index++) {
        enum slw_status status = test_log_append(test, index);
        if (status != SLW_OK) {
            return status;
        }
    }
    return slw_log_commit(test->log, &test->detail);
}

static inline enum slw_status test_log_check_entry(void *context, const struct slw_log_entry *entry,
                                                   struct slw_detail *detail)
{
    char text[64];
    uint64_t *expected = context;
    (void)detail;
    test_log_text(entry->index, text);
    bool is_right = entry->index == *expected;
    if (entry->index % 3 == 2) {
        is_right = is_right && entry->leaf.kind == SLW_LOG_RELEASE &&
                   entry->leaf.targets_version == entry->index && entry->text.len == 0;
    } else {
        is_right = is_right && entry->leaf.kind == SLW_LOG_RECORD &&
                   slw_bytes_equal(entry->text, slw_bytes_make(text, strlen(text)));
    }
    (*expected)++;
    return is_right ? SLW_OK : SLW_WRONG_STATE;
}

/* Whether the log has exactly the entries 0 to size - 1, as they were appended. */
static inline bool test_log_has(struct test_log *test, uint64_t size)
{
    uint64_t expected = 0;
    return slw_log_size(test->log) == size &&
           slw_log_visit(test->log, 0, test_log_check_entry, &expected, &test->detail) == SLW_OK &&
           expected == size;
}

#endif
