/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keepers of validators: whatever a program starts, ends with the program, and with the
 * spawner, in whatever way that ends.
 */
#include "spawner.h"

#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* In a sanitized build everything takes longer; and where twenty others want the same processor,
 * one second of it may take most of a minute. Nothing here waits for it to pass. */
#define PATIENCE_MS 120000u
#define HELD_MS 2000u /* for what isn't let go */

static struct slw_detail detail;
static struct slw_spawner spawner;
static struct slw_verdict verdict;
static char path[] = "/tmp/slipway-keeper-test-XXXXXX";

static enum slw_status open_spawner(void)
{
    static const struct slw_sandbox_user nobody = {.uid = 65534, .gid = 65534};
    const struct slw_spawner_options options = {
        .program = JUDGE_PROGRAM,
        .user = geteuid() == 0 ? &nobody : NULL,
    };
    return slw_spawner_open(&options, &spawner, &detail);
}

/* What validators get; here it is a file that they lock and read. */
static int open_bundle(void)
{
    return open(path, O_RDONLY | O_CLOEXEC);
}

static enum slw_status wait_for(struct slw_judge *judge)
{
    slw_verdict_free(&verdict);
    enum slw_status status = slw_judge_finish(&spawner, judge, &verdict);
    while (status == SLW_IO_TIMEOUT) {
        struct pollfd polled = {.fd = judge->descriptor, .events = POLLIN};
        (void)poll(&polled, 1, 50);
        status = slw_judge_finish(&spawner, judge, &verdict);
    }
    return status == SLW_OK ? verdict.status : status;
}

/* Whether nobody has the bundle open any more, for those who end it took a lock on it before. */
static bool is_let_go(uint32_t patience_ms)
{
    int bundle = open(path, O_RDONLY | O_CLOEXEC);
    bool let_go = false;
    for (uint32_t i = 0; i < patience_ms / 10 && !let_go; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        let_go = flock(bundle, LOCK_EX | LOCK_NB) == 0;
        (void)nanosleep(&pause, NULL);
    }
    (void)close(bundle);
    return let_go;
}

/* Starts a script that has a lock on the bundle for as long as any of its processes lives: those in
 * the background too, whose standard input the shell takes away. */
static enum slw_status start_locked(const char *script, uint32_t time_ms, int bundle,
                                    struct slw_judge *ret_judge)
{
    char words[512];
    const char *const arguments[] = {"-c", words};
    const struct slw_validator validator = {"/bin/sh", arguments, 2};
    const struct slw_judge_limits limits = {.time_ms = time_ms};
    (void)snprintf(words, sizeof words, "exec 3<&0; %s", script);
    if (flock(bundle, LOCK_EX) != 0) {
        return SLW_IO;
    }
    return slw_validator_start(&spawner, bundle, &validator, &limits, ret_judge, &detail);
}

static enum slw_status run_locked(const char *script, uint32_t time_ms)
{
    struct slw_judge judge;
    int bundle = open_bundle();
    enum slw_status status = start_locked(script, time_ms, bundle, &judge);
    (void)close(bundle);
    SLW_TRY(status);
    return wait_for(&judge);
}

/* Whether the spawner has no child any more, dead or alive, without being asked for anything. */
static bool has_no_child(void)
{
    char list[64];
    char children[256] = "";
    (void)snprintf(list, sizeof list, "/proc/%d/task/%d/children", (int)spawner.pid,
                   (int)spawner.pid);
    for (unsigned i = 0; i < PATIENCE_MS / 10; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        int file = open(list, O_RDONLY | O_CLOEXEC);
        ssize_t len = read(file, children, sizeof children);
        (void)close(file);
        if (len <= 0) {
            return len == 0;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* Nor does a dead one stay, for its user may have only so many. */
static void nothing_is_left_unreaped(void)
{
    TAP_EQUAL_INT(run_locked("for i in 1 2 3 4 5 6 7 8; do (sleep 60 & sleep 60 &) & done; exit 0",
                             PATIENCE_MS),
                  SLW_OK);
    TAP_CHECK(has_no_child());
    TAP_EQUAL_INT(run_locked("sleep 60 & (sleep 60 &) ; sleep 60", 300), SLW_VALIDATOR_FAILED);
    TAP_CHECK(has_no_child());
}

static void nothing_outlives_a_validator(void)
{
    static const char *const scripts[] = {
        "sleep 60 >&2 & exit 0",
        "(sleep 60 & sleep 60 &) & exit 0",
        "setsid sleep 60 & sleep 0.2; exit 0",
        "(trap '' HUP TERM; while true; do sleep 0.01; done) & exit 0",
        "nohup sh -c 'while true; do sh -c \"sleep 0.01\" & wait; done' & exit 0",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        TAP_ROW(scripts[i]);
        TAP_EQUAL_INT(run_locked(scripts[i], PATIENCE_MS), SLW_OK);
        TAP_CHECK(is_let_go(PATIENCE_MS));
    }
    TAP_ROW(NULL);
    /* 63 of them at once, and no more, should this ever fail. */
    TAP_EQUAL_INT(run_locked("f() { if [ $1 -gt 0 ]; then f $(($1 - 1)) & f $(($1 - 1)) & fi; "
                             "sleep 60; }; f 5",
                             500),
                  SLW_VALIDATOR_FAILED);
    TAP_CHECK(is_let_go(PATIENCE_MS));
    TAP_EQUAL_INT(run_locked("sleep 60 & (sleep 60 &) ; sleep 60", 300), SLW_VALIDATOR_FAILED);
    TAP_CHECK(is_let_go(PATIENCE_MS));
}

/* Each process of the script reads a byte of the bundle once it runs. */
static bool have_read(int bundle, off_t count)
{
    for (unsigned i = 0; i < PATIENCE_MS / 10 && lseek(bundle, 0, SEEK_CUR) < count; i++) {
        const struct timespec pause = {.tv_nsec = 10000000};
        (void)nanosleep(&pause, NULL);
    }
    return lseek(bundle, 0, SEEK_CUR) == count;
}

#define SAYS_SO "dd bs=1 count=1 <&3 2>&1 >&2; "

/* What validators started ends with the spawner, when that is ended by force too. */
static void nothing_outlives_a_spawner(void)
{
    static const char *const scripts[] = {
        SAYS_SO "(" SAYS_SO "sleep 60) & (" SAYS_SO "sleep 60) & sleep 60",
        "(" SAYS_SO "(" SAYS_SO "exec setsid sleep 60) & sleep 60) & " SAYS_SO "wait",
        SAYS_SO "(trap '' HUP TERM; " SAYS_SO "(" SAYS_SO "sleep 60) & sleep 60; sleep 60) & wait",
    };
    for (size_t i = 0; i < sizeof scripts / sizeof *scripts; i++) {
        struct slw_judge judge;
        int bundle = open_bundle();
        TAP_ROW(scripts[i]);
        TAP_REQUIRE(start_locked(scripts[i], PATIENCE_MS, bundle, &judge) == SLW_OK);
        TAP_CHECK(have_read(bundle, 3));
        (void)close(bundle);
        TAP_CHECK(!is_let_go(HELD_MS));
        TAP_REQUIRE(kill(spawner.pid, SIGKILL) == 0);
        TAP_CHECK(is_let_go(PATIENCE_MS));
        TAP_EQUAL_INT(wait_for(&judge), SLW_VALIDATOR_FAILED);
        slw_spawner_close(&spawner);
        TAP_REQUIRE(open_spawner() == SLW_OK);
    }
    TAP_ROW(NULL);
}

/* The signal that ended the program is the keeper's end too, and is told. */
static void tells_which_signal_ended_a_program(void)
{
    TAP_EQUAL_INT(run_locked("ulimit -t 1; while true; do true; done", PATIENCE_MS),
                  SLW_VALIDATOR_FAILED);
    TAP_CHECK(strstr(verdict.text, "ended by signal 9") != NULL);
    TAP_CHECK(is_let_go(PATIENCE_MS));
    /* Nobody reads so much; the key process ignores this signal, and so does this one. */
    TAP_EQUAL_INT(run_locked("exec yes", PATIENCE_MS), SLW_VALIDATOR_FAILED);
    TAP_CHECK(strstr(verdict.text, "ended by signal 13") != NULL);
}

int main(void)
{
    const struct sigaction ignoring = {.sa_handler = SIG_IGN};
    int file = mkstemp(path);
    if (sigaction(SIGPIPE, &ignoring, NULL) != 0 || file < 0 ||
        write(file, "0123456789", 10) != 10 || fchmod(file, 0644) != 0 || close(file) != 0 ||
        open_spawner() != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return EXIT_FAILURE;
    }
    TAP_RUN(nothing_outlives_a_validator);
    TAP_RUN(nothing_is_left_unreaped);
    TAP_RUN(tells_which_signal_ended_a_program);
    TAP_RUN(nothing_outlives_a_spawner);
    slw_spawner_close(&spawner);
    slw_verdict_free(&verdict);
    (void)unlink(path);
    return tap_finish();
}
