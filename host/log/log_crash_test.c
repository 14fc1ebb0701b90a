/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each call by which a log changes its disk fails, writes half, or is the last one of its process:
 * what was committed stays, what wasn't is gone, and the log goes on.
 */
#include "log_state.h"
#include "test_log.h"

#include "slipway/files.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#define CALLS_MAX 2000u

enum fault {
    FAULT_FAILS,       /* nothing is done, ENOSPC */
    FAULT_HALF,        /* half is written, then ENOSPC */
    FAULT_KILL_BEFORE, /* the process ends in front of the call */
    FAULT_KILL_HALF,
    FAULT_KILL_BEHIND,
    FAULTS_END,
};

/* Of all calls since armed, the one of this number. */
static struct {
    bool armed;
    unsigned at;
    enum fault fault;
    unsigned count;
    bool was_there;
} injected;

/* Whether this call is the one; a fault that ends the process in front of it does so. */
static bool is_hit(void)
{
    if (!injected.armed || injected.count++ != injected.at) {
        return false;
    }
    injected.was_there = true;
    if (injected.fault == FAULT_KILL_BEFORE) {
        (void)raise(SIGKILL);
    }
    return true;
}

/* The result of a call that can only be done or not. */
static int settle(bool hit, int result)
{
    if (hit && (injected.fault == FAULT_KILL_HALF || injected.fault == FAULT_KILL_BEHIND)) {
        (void)raise(SIGKILL);
    }
    return result;
}

static bool fails(bool hit)
{
    if (hit && (injected.fault == FAULT_FAILS || injected.fault == FAULT_HALF)) {
        errno = ENOSPC;
        return true;
    }
    return false;
}

static int faulty_open_at(void *context, int directory, const char *path, int flags, mode_t mode)
{
    bool hit = is_hit();
    const struct slw_log_files *real = &slw_log_files_system;
    return fails(hit) ? -1 : settle(hit, real->open_at(context, directory, path, flags, mode));
}

static ssize_t faulty_write_at(void *context, int descriptor, const uint8_t *bytes, size_t len,
                               off_t offset)
{
    const struct slw_log_files *real = &slw_log_files_system;
    bool hit = is_hit();
    if (hit && (injected.fault == FAULT_HALF || injected.fault == FAULT_KILL_HALF)) {
        (void)real->write_at(context, descriptor, bytes, len / 2, offset);
    } else if (!hit || injected.fault != FAULT_FAILS) {
        ssize_t count = real->write_at(context, descriptor, bytes, len, offset);
        (void)settle(hit, 0);
        return count;
    }
    (void)settle(hit, 0);
    errno = ENOSPC;
    return -1;
}

static int faulty_truncate(void *context, int descriptor, off_t len)
{
    bool hit = is_hit();
    return fails(hit) ? -1 : settle(hit, slw_log_files_system.truncate(context, descriptor, len));
}

static int faulty_flush(void *context, int descriptor)
{
    bool hit = is_hit();
    return fails(hit) ? -1 : settle(hit, test_log_no_flush(context, descriptor));
}

static int faulty_rename_at(void *context, int directory, const char *from, const char *to)
{
    bool hit = is_hit();
    return fails(hit) ? -1
                      : settle(hit, slw_log_files_system.rename_at(context, directory, from, to));
}

static int faulty_exchange_at(void *context, int directory, const char *one, const char *other)
{
    bool hit = is_hit();
    return fails(hit)
               ? -1
               : settle(hit, slw_log_files_system.exchange_at(context, directory, one, other));
}

static int faulty_unlink_at(void *context, int directory, const char *path, int flags)
{
    bool hit = is_hit();
    return fails(hit)
               ? -1
               : settle(hit, slw_log_files_system.unlink_at(context, directory, path, flags));
}

static int faulty_make_directory_at(void *context, int directory, const char *path, mode_t mode)
{
    bool hit = is_hit();
    return fails(hit) ? -1
                      : settle(hit, slw_log_files_system.make_directory_at(context, directory, path,
                                                                           mode));
}

static const struct slw_log_files faulty = {
    .open_at = faulty_open_at,
    .write_at = faulty_write_at,
    .truncate = faulty_truncate,
    .flush = faulty_flush,
    .flush_directory = faulty_flush,
    .flush_file_system = faulty_flush,
    .rename_at = faulty_rename_at,
    .exchange_at = faulty_exchange_at,
    .unlink_at = faulty_unlink_at,
    .make_directory_at = faulty_make_directory_at,
};

static void arm(unsigned at, enum fault fault)
{
    injected.armed = true;
    injected.at = at;
    injected.fault = fault;
    injected.count = 0;
    injected.was_there = false;
}

static enum slw_status reopen_faulty(struct test_log *test)
{
    struct slw_log_settings settings = test_log_settings(test, &faulty);
    slw_log_close(test->log);
    test->log = NULL;
    return slw_log_open(&settings, &test->log, &test->detail);
}

/* Sizes of a commit's log before and after: within a tile, over its end, exactly to its end. */
struct growth {
    uint64_t from;
    uint64_t to;
    bool turns; /* and begins the journal anew */
};

static const struct growth growths[] = {
    {0, 3, false},
    {250, 270, false},
    {255, 256, true},
    {254, 300, true},
};

/* A log that has grown to growth.from and does every call through the faulty port. */
static bool setup(struct test_log *test, const struct growth *growth)
{
    injected.armed = false;
    if (!test_log_setup(test, NULL) || !TAP_CHECK(test_log_grow(test, growth->from) == SLW_OK) ||
        !TAP_CHECK(reopen_faulty(test) == SLW_OK)) {
        return false;
    }
    return true;
}

static enum slw_status grow(struct test_log *test, const struct growth *growth)
{
    enum slw_status status = SLW_OK;
    for (uint64_t index = growth->from; index < growth->to && status == SLW_OK; index++) {
        status = test_log_append(test, index);
    }
    if (growth->turns) {
        test->log->journal_turn = 0;
    }
    return status == SLW_OK ? slw_log_commit(test->log, &test->detail) : status;
}

/* After a call that failed: the log has all of the commit or nothing, and it goes on. */
static void check_goes_on(struct test_log *test, const struct growth *growth,
                          enum slw_status status)
{
    injected.armed = false;
    bool was_broken = slw_log_is_broken(test->log);
    if (!was_broken) {
        TAP_CHECK(test_log_has(test, status == SLW_OK ? growth->to : growth->from));
    } else {
        TAP_CHECK(test_log_append(test, slw_log_next_index(test->log)) != SLW_OK);
        TAP_EQUAL_INT(reopen_faulty(test), SLW_OK);
    }
    uint64_t size = slw_log_size(test->log);
    TAP_CHECK(size == growth->to || (size == growth->from && status != SLW_OK));
    TAP_CHECK(test_log_has(test, size));
    TAP_EQUAL_INT(test_log_grow(test, growth->to + 3), SLW_OK);
    TAP_CHECK(test_log_has(test, growth->to + 3));
    TAP_EQUAL_INT(test_log_reopen(test), SLW_OK);
    TAP_CHECK(test_log_has(test, growth->to + 3));
}

static void commit_with(enum fault fault)
{
    for (size_t i = 0; i < sizeof growths / sizeof growths[0]; i++) {
        unsigned at = 0;
        for (injected.was_there = true; injected.was_there && at < CALLS_MAX; at++) {
            struct test_log test;
            char row[40];
            (void)snprintf(row, sizeof row, "growth %zu, call %u", i, at);
            TAP_ROW(row);
            TAP_REQUIRE(setup(&test, &growths[i]));
            arm(at, fault);
            enum slw_status status = grow(&test, &growths[i]);
            bool was_there = injected.was_there;
            check_goes_on(&test, &growths[i], status);
            test_log_teardown(&test);
            injected.was_there = was_there;
        }
        TAP_CHECK(at > 5 && at < CALLS_MAX);
    }
    injected.armed = false;
}

static void survives_a_full_disk_at_each_call(void)
{
    commit_with(FAULT_FAILS);
}

static void survives_a_disk_that_fills_up_within_each_call(void)
{
    commit_with(FAULT_HALF);
}

/* Runs in a child. */
static void grow_and_tell(struct test_log *test, const struct growth *growth)
{
    _exit(grow(test, growth) == SLW_OK && slw_log_size(test->log) == growth->to ? 0 : 1);
}

/* The larger ones: a child for each call takes its time. */
static void kill_with(enum fault fault)
{
    for (size_t i = 1; i < sizeof growths / sizeof growths[0]; i += 2) {
        bool was_killed = true;
        unsigned at = 0;
        for (; was_killed && at < CALLS_MAX; at++) {
            struct test_log test;
            char row[40];
            int result = 0;
            (void)snprintf(row, sizeof row, "growth %zu, call %u", i, at);
            TAP_ROW(row);
            TAP_REQUIRE(setup(&test, &growths[i]));
            arm(at, fault);
            pid_t child = fork();
            if (child == 0) {
                grow_and_tell(&test, &growths[i]);
            }
            TAP_REQUIRE(child > 0 && waitpid(child, &result, 0) == child);
            was_killed = WIFSIGNALED(result) && WTERMSIG(result) == SIGKILL;
            TAP_CHECK(was_killed || (WIFEXITED(result) && WEXITSTATUS(result) == 0));
            injected.armed = false;
            TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
            uint64_t size = slw_log_size(test.log);
            TAP_CHECK(size == growths[i].to || (was_killed && size == growths[i].from));
            TAP_CHECK(test_log_has(&test, size));
            TAP_EQUAL_INT(test_log_grow(&test, growths[i].to + 3), SLW_OK);
            TAP_CHECK(test_log_has(&test, growths[i].to + 3));
            TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
            TAP_CHECK(test_log_has(&test, growths[i].to + 3));
            test_log_teardown(&test);
        }
        TAP_CHECK(at > 5 && at < CALLS_MAX);
    }
}

static void survives_a_kill_in_front_of_each_call(void)
{
    kill_with(FAULT_KILL_BEFORE);
}

static void survives_a_kill_within_each_call(void)
{
    kill_with(FAULT_KILL_HALF);
}

static void survives_a_kill_behind_each_call(void)
{
    kill_with(FAULT_KILL_BEHIND);
}

/* Opening after a crash writes, too, and may fail or be killed in turn. */
static void recovers_from_crashes_of_its_recovery(void)
{
    const struct growth growth = {250, 270, false};
    bool was_there = true;
    unsigned at = 0;
    for (; was_there && at < CALLS_MAX; at++) {
        struct test_log test;
        char command[256];
        TAP_REQUIRE(setup(&test, &growth));
        TAP_EQUAL_INT(grow(&test, &growth), SLW_OK);
        slw_log_close(test.log);
        test.log = NULL;
        /* A power cut: nothing but the journal came to the disk. */
        static const char *const lost[] = {"tile", "records", "checkpoint"};
        for (size_t i = 0; i < sizeof lost / sizeof lost[0]; i++) {
            (void)snprintf(command, sizeof command, "%s/%s", test.path, lost[i]);
            remove_tree(command);
        }
        struct slw_log_settings settings = test_log_settings(&test, &faulty);
        arm(at, FAULT_FAILS);
        enum slw_status status = slw_log_open(&settings, &test.log, &test.detail);
        was_there = injected.was_there;
        injected.armed = false;
        TAP_CHECK(status == SLW_OK || (was_there && status == SLW_IO));
        TAP_EQUAL_INT(test_log_reopen(&test), SLW_OK);
        TAP_CHECK(test_log_has(&test, growth.to));
        test_log_teardown(&test);
    }
    TAP_CHECK(at > 5 && at < CALLS_MAX);
}

/* Most blocks go into room that is there already: the journal ends where the last whole one does,
 * however much of the next one came to the disk. */
static void ends_its_journal_within_the_room(void)
{
    struct test_log test;
    struct slw_heap_buffer journal = {0};
    char path[256];
    TAP_REQUIRE(test_log_setup(&test, NULL));
    TAP_EQUAL_INT(test_log_grow(&test, 5), SLW_OK);
    const size_t start = (size_t)test.log->journal_len;
    const uint64_t size = test.log->journal_size;
    TAP_EQUAL_INT(test_log_grow(&test, 9), SLW_OK);
    TAP_EQUAL_INT(test.log->journal_size, size);
    const size_t len = (size_t)test.log->journal_len - start;
    (void)snprintf(path, sizeof path, "%s/journal", test.path);
    TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &journal, &test.detail), SLW_OK);
    for (size_t lost = 1; lost < len; lost += 7) { /* the end of it, or the beginning */
        for (int is_beginning = 0; is_beginning < 2; is_beginning++) {
            struct test_log cut;
            TAP_REQUIRE(test_log_setup(&cut, NULL));
            TAP_EQUAL_INT(test_log_grow(&cut, 5), SLW_OK);
            const size_t at = is_beginning != 0 ? lost : 0;
            TAP_CHECK(pwrite(cut.log->journal, journal.ptr + start + at, len - lost,
                             (off_t)(cut.log->journal_len + at)) == (ssize_t)(len - lost));
            TAP_EQUAL_INT(test_log_reopen(&cut), SLW_OK);
            TAP_EQUAL_INT(cut.log->journal_size, cut.log->journal_len);
            TAP_EQUAL_INT(test_log_grow(&cut, 12), SLW_OK);
            TAP_EQUAL_INT(test_log_reopen(&cut), SLW_OK);
            TAP_CHECK(test_log_has(&cut, 12));
            test_log_teardown(&cut);
        }
    }
    slw_heap_free(&journal);
    test_log_teardown(&test);
}

/* What a power cut takes of a checkpoint is made again from the journal, where that has it. */
static void flushes_a_checkpoint_that_is_not_in_the_journal(void)
{
    static const unsigned expected[] = {0, 1, 0}; /* with blocks, without any, with one again */
    struct test_log test;
    TAP_REQUIRE(test_log_setup(&test, NULL));
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        if (i == 1) {
            TAP_EQUAL_INT(slw_log_turn_journal(test.log, &test.detail), SLW_OK);
        } else {
            TAP_EQUAL_INT(test_log_grow(&test, i + 1), SLW_OK);
        }
        test_log_flushes = 0;
        TAP_EQUAL_INT(slw_log_publish(test.log, slw_log_checkpoint(test.log), &test.detail),
                      SLW_OK);
        TAP_EQUAL_INT(test_log_flushes, expected[i]);
    }
    test_log_teardown(&test);
}

int main(void)
{
    TAP_RUN(survives_a_full_disk_at_each_call);
    TAP_RUN(survives_a_disk_that_fills_up_within_each_call);
    TAP_RUN(survives_a_kill_in_front_of_each_call);
    TAP_RUN(survives_a_kill_within_each_call);
    TAP_RUN(survives_a_kill_behind_each_call);
    TAP_RUN(recovers_from_crashes_of_its_recovery);
    TAP_RUN(ends_its_journal_within_the_room);
    TAP_RUN(flushes_a_checkpoint_that_is_not_in_the_journal);
    return tap_finish();
}
