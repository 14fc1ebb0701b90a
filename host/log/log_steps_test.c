/* SPDX-License-Identifier: Apache-2.0 */
/* Commits in steps: what comes while one is going on, and what becomes of it when that fails. */
#include "test_log.h"

#include <errno.h>
#include <unistd.h>

/* What a commit has is nobody's before it ends, and what comes meanwhile is behind it. */
static void commits_in_steps_while_more_comes(void)
{
    struct test_log test;
    struct slw_log_commit *commit = NULL;
    struct slw_log_commit *second = NULL;
    struct slw_heap_buffer text = {0};
    uint64_t index = 0;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 3), SLW_OK);
    TAP_EQUAL_INT(slw_log_commit_begin(test.log, &commit, &test.detail), SLW_OK);
    TAP_CHECK(commit == NULL);
    TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("first"), &index, &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(index, 3);
    TAP_EQUAL_INT(slw_log_commit_begin(test.log, &commit, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("second"), &index, &test.detail),
                  SLW_OK);
    TAP_EQUAL_INT(index, 4);
    TAP_EQUAL_INT(slw_log_pending_count(test.log), 1);
    TAP_EQUAL_INT(slw_log_commit_begin(test.log, &second, &test.detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_log_publish_cosignatures(test.log, 3, SLW_BYTES_OF("x"), &test.detail),
                  SLW_WRONG_STATE);
    slw_log_commit_run(commit);
    TAP_EQUAL_INT(slw_log_size(test.log), 3);
    TAP_EQUAL_INT(slw_log_read_record(test.log, 3, &text, &test.detail), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_log_commit_end(test.log, commit, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(test.log), 4);
    TAP_EQUAL_INT(slw_log_next_index(test.log), 5);
    TAP_EQUAL_INT(slw_log_commit(test.log, &test.detail), SLW_OK);
    TAP_EQUAL_INT(slw_log_read_record(test.log, 4, &text, &test.detail), SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&text), SLW_BYTES_OF("second")));
    slw_heap_free(&text);
    TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
    TAP_EQUAL_INT(slw_log_size(test.log), 5);
    test_log_teardown(&test);
}

static int fail_to_flush(void *context, int descriptor)
{
    (void)descriptor;
    int *failures = context;
    errno = EIO;
    return (*failures)-- > 0 ? -1 : 0;
}

static ssize_t fail_to_write(void *context, int descriptor, const uint8_t *bytes, size_t len,
                             off_t offset)
{
    int *failures = context;
    errno = EIO;
    return (*failures)-- > 0 ? -1 : pwrite(descriptor, bytes, len, offset);
}

/* What came meanwhile was told places that it doesn't have: it goes, too. So does a commit that
 * nobody ran, and one after which nobody knows what the disk has. */
static void drops_what_comes_during_a_commit_that_fails(void)
{
    enum { NOT_RUN, NOT_WRITTEN, NOT_FLUSHED, WAYS };
    static const enum slw_status expected[WAYS] = {SLW_WRONG_STATE, SLW_IO, SLW_IO};
    for (int way = 0; way < WAYS; way++) {
        struct test_log test;
        struct slw_log_files files = *test_log_quick();
        struct slw_log_commit *commit = NULL;
        int failures = 0;
        uint64_t index = 0;
        files.context = &failures;
        files.write_at = way == NOT_WRITTEN ? fail_to_write : files.write_at;
        files.flush = way == NOT_FLUSHED ? fail_to_flush : files.flush;
        TAP_REQUIRE(test_log_setup(&test, &files));
        TAP_EQUAL_INT(test_log_grow(&test, 2), SLW_OK);
        failures = 1;
        TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("first"), &index, &test.detail),
                      SLW_OK);
        TAP_EQUAL_INT(slw_log_commit_begin(test.log, &commit, &test.detail), SLW_OK);
        TAP_EQUAL_INT(slw_log_append_record(test.log, SLW_BYTES_OF("second"), &index, &test.detail),
                      SLW_OK);
        if (way != NOT_RUN) {
            slw_log_commit_run(commit);
        }
        TAP_EQUAL_INT(slw_log_commit_end(test.log, commit, &test.detail), expected[way]);
        TAP_EQUAL_INT(slw_log_next_index(test.log), 2);
        TAP_EQUAL_INT(slw_log_is_broken(test.log), way == NOT_FLUSHED);
        failures = 0;
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        TAP_CHECK(slw_log_size(test.log) == 2 || way == NOT_FLUSHED);
        test_log_teardown(&test);
    }
}

int main(void)
{
    TAP_RUN(commits_in_steps_while_more_comes);
    TAP_RUN(drops_what_comes_during_a_commit_that_fails);
    return tap_finish();
}
