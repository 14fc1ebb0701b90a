/* SPDX-License-Identifier: Apache-2.0 */
/* One job, from its lease to its end: see part.h. Called by run.c. */
#include "part.h"

#include "slipway/explain.h"
#include "slipway/http_clock.h"
#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define EXIT_WARNED 3
#define EXIT_CANNOT 77 /* what automake and others say for "skipped": it can't be told */
#define AWAY_FIRST_MS 1000
#define AWAY_MOST_MS 15000
#define NOTE_EVERY_MS 1000
#define VARIABLES_MAX 16u
#define VARIABLE_SIZE 400u

static enum slw_status decide(struct runner_work *work, enum slw_runner_outcome outcome,
                              const char *why)
{
    work->outcome = outcome;
    (void)slw_explain(&work->why, SLW_OK, "%s", why);
    return SLW_OK;
}

/* --- Before it --- */

/* Whom jobs run as has to get there, and nobody else. */
static enum slw_status make_directory(const struct runner_work *work, const char *path,
                                      struct slw_detail *detail)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, path);
    }
    return runner_give(work->runner, path, detail);
}

static enum slw_status make_place(struct runner_work *work, struct slw_detail *detail)
{
    slw_heap_printf(&work->directory, "%s/job-%lld", work->runner->settings->work,
                    (long long)work->lease->id);
    struct slw_heap_buffer root = {0};
    slw_heap_printf(&root, "%s/root", slw_heap_text(&work->directory));
    enum slw_status status = work->directory.status != SLW_OK || root.status != SLW_OK
                                 ? slw_explain_no_memory(detail)
                                 : make_directory(work, slw_heap_text(&work->directory), detail);
    if (status == SLW_OK) {
        status = make_directory(work, slw_heap_text(&root), detail);
    }
    slw_heap_drop(&root);
    return status;
}

static void remove_place(struct runner_work *work)
{
    struct slw_heap_buffer root = {0};
    slw_heap_printf(&root, "%s/root", slw_heap_text(&work->directory));
    if (work->bundle.len > 0) {
        (void)unlink(slw_heap_text(&work->bundle));
    }
    (void)rmdir(slw_heap_text(&root));
    (void)rmdir(slw_heap_text(&work->directory));
    slw_heap_drop(&root);
}

/* The bundle that is tested: what came has to be the build that was named. */
static enum slw_status fetch_bundle(struct runner_work *work, struct slw_detail *detail)
{
    struct slw_file_source source;
    struct slw_heap_buffer hex = {0};
    uint8_t content[SLW_SHA256_SIZE];
    slw_heap_printf(&work->bundle, "%s/bundle", slw_heap_text(&work->directory));
    const char *path = slw_heap_text(&work->bundle);
    (void)unlink(path);
    SLW_TRY(runner_download(work->runner->client, work->lease, path, detail));
    SLW_TRY(runner_give(work->runner, path, detail));
    SLW_TRY(slw_file_source_open(path, &source, detail));
    enum slw_status status = runner_measure("bundle", &source.source, content, NULL, detail);
    slw_file_source_close(&source);
    SLW_TRY(status);
    slw_hex(slw_bytes_make(content, sizeof content), &hex);
    bool same = strcmp(slw_heap_text(&hex), work->lease->build) == 0;
    slw_heap_drop(&hex);
    return same ? SLW_OK
                : slw_explain(detail, SLW_WRONG_HASH, "the depot sent another build's bundle");
}

/* --- In the jail --- */

struct environment {
    char lines[VARIABLES_MAX][VARIABLE_SIZE];
    const char *list[VARIABLES_MAX + 1];
    size_t count;
};

static void put(struct environment *environment, const char *name, const char *value)
{
    if (environment->count < VARIABLES_MAX) {
        char *line = environment->lines[environment->count];
        (void)snprintf(line, VARIABLE_SIZE, "%s=%s", name, value);
        environment->list[environment->count++] = line;
        environment->list[environment->count] = NULL;
    }
}

static void fill_environment(const struct runner_work *work, struct environment *environment)
{
    char number[24];
    const struct runner_lease *lease = work->lease;
    (void)snprintf(number, sizeof number, "%lld", (long long)lease->id);
    put(environment, "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    put(environment, "LC_ALL", "C.UTF-8");
    put(environment, "HOME", "/job");
    put(environment, "TMPDIR", "/job/tmp");
    put(environment, "SLIPWAY_PRODUCT", lease->product);
    put(environment, "SLIPWAY_JOB", lease->job);
    put(environment, "SLIPWAY_JOB_ID", number);
    put(environment, "SLIPWAY_BUILD", lease->build);
    put(environment, "SLIPWAY_REF", lease->ref);
    put(environment, "SLIPWAY_COMMIT", lease->commit);
    put(environment, "SLIPWAY_BUNDLE", work->bundle.len > 0 ? SLW_JAIL_INPUT : "");
    put(environment, "SLIPWAY_OUT", SLW_JAIL_OUT);
}

union words {
    char *const *owned;
    const char *const *shown;
};

static enum slw_status start(struct runner_work *work, struct slw_detail *detail)
{
    struct environment environment = {.count = 0};
    struct slw_heap_buffer root = {0};
    const union words command = {work->job->command.words};
    const union words readable = {work->job->read.words};
    fill_environment(work, &environment);
    slw_heap_printf(&root, "%s/root", slw_heap_text(&work->directory));
    const struct slw_jail_settings settings = {
        .directory = slw_heap_text(&root),
        .readable = readable.shown,
        .readable_count = work->job->read.count,
        .input = work->bundle.len > 0 ? slw_heap_text(&work->bundle) : NULL,
        .user = work->runner->has_user ? &work->runner->user : NULL,
        .network = work->job->network,
        .files_bytes = (uint64_t)work->job->files_mb << 20,
        .memory_bytes = (uint64_t)work->job->memory_mb << 20,
        .processes = work->job->processes,
        .command = command.shown,
        .environment = environment.list,
    };
    enum slw_status status = slw_jail_start(&settings, &work->jail, detail);
    slw_heap_drop(&root);
    return status;
}

/* Reads what is there; false when there will be no more. */
static bool read_output(struct runner_work *work)
{
    static uint8_t block[65536]; /* the main thread's alone */
    ssize_t len = read(work->jail.output, block, sizeof block);
    if (len > 0) {
        runner_output_add(&work->output, slw_bytes_make(block, (size_t)len));
    }
    return len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Whether it has to end although it runs; why is decided then. */
static bool must_end(struct runner_work *work, int64_t until_ms)
{
    char why[96];
    switch (runner_heart_word(&work->heart)) {
    case RUNNER_LOST:
        (void)decide(work, SLW_RUNNER_LOST, "the lease is over");
        return true;
    case RUNNER_CANCELLED:
        (void)decide(work, SLW_RUNNER_CANCELLED, "cancelled");
        return true;
    case RUNNER_GO_ON:
        break;
    }
    if (runner_is_stopped(work->runner)) {
        (void)decide(work, SLW_RUNNER_ERROR, "the runner was stopped");
        return true;
    }
    if (slw_http_clock_ms() >= until_ms) {
        (void)decide(work, SLW_RUNNER_ERROR, "it took longer than it may");
        return true;
    }
    if (work->output.total > RUNNER_OUTPUT_MAX) {
        (void)snprintf(why, sizeof why, "it printed more than %" PRIu64 " MiB",
                       RUNNER_OUTPUT_MAX >> 20);
        (void)decide(work, SLW_RUNNER_ERROR, why);
        return true;
    }
    return false;
}

static int64_t deadline_of(const struct runner_work *work)
{
    int64_t timeout_s = work->job->timeout_s;
    if (work->lease->timeout_s > 0 && work->lease->timeout_s < timeout_s) {
        timeout_s = work->lease->timeout_s;
    }
    return slw_http_clock_ms() + timeout_s * 1000;
}

/* Until it has ended, or has to. */
static void attend(struct runner_work *work)
{
    int64_t until_ms = deadline_of(work);
    bool prints = true;
    while (!work->jail.ended && !must_end(work, until_ms)) {
        struct pollfd polled[] = {
            {.fd = work->jail.control, .events = POLLIN},
            {.fd = work->heart.wake, .events = POLLIN},
            {.fd = work->runner->stop, .events = POLLIN},
            {.fd = prints ? work->jail.output : -1, .events = POLLIN},
        };
        char note[RUNNER_NOTE_MAX + 1];
        int64_t left_ms = until_ms - slw_http_clock_ms();
        left_ms = left_ms < NOTE_EVERY_MS ? left_ms : NOTE_EVERY_MS;
        (void)poll(polled, 4, left_ms > 0 ? (int)left_ms : 0);
        if (polled[3].revents != 0) {
            prints = read_output(work);
            runner_output_last(&work->output, note);
            runner_heart_note(&work->heart, note);
        }
        slw_jail_listen(&work->jail);
    }
    slw_jail_end(&work->jail);
    while (work->output.total <= RUNNER_OUTPUT_MAX && read_output(work) && errno != EAGAIN) {
        errno = 0;
    }
}

/* A job that filled its files ends as it likes; that isn't what the test found out. */
static bool files_are_full(const struct runner_work *work)
{
    struct statfs about;
    return fstatfs(work->jail.files, &about) == 0 && (about.f_bavail == 0 || about.f_ffree == 0);
}

static void judge_exit(struct runner_work *work)
{
    char why[96] = "";
    int code = work->jail.value;
    bool good = code == 0 || code == EXIT_WARNED;
    (void)snprintf(why, sizeof why, "exit status %d", code);
    if (!good && files_are_full(work)) {
        (void)snprintf(why, sizeof why, "its files have more than %u MiB", work->job->files_mb);
        (void)decide(work, SLW_RUNNER_ERROR, why);
    } else if (code == EXIT_CANNOT) {
        (void)decide(work, SLW_RUNNER_ERROR, "it says that it can't be run here (exit status 77)");
    } else if (good) {
        (void)decide(work, code == 0 ? SLW_RUNNER_PASSED : SLW_RUNNER_WARNED, "");
    } else {
        (void)decide(work, SLW_RUNNER_FAILED, why);
    }
}

static void judge(struct runner_work *work)
{
    char why[160] = "";
    switch (work->jail.how) {
    case SLW_JAIL_EXITED:
        judge_exit(work);
        return;
    case SLW_JAIL_SIGNALLED:
        (void)snprintf(why, sizeof why, "ended by signal %d", work->jail.value);
        (void)decide(work, files_are_full(work) ? SLW_RUNNER_ERROR : SLW_RUNNER_FAILED, why);
        return;
    case SLW_JAIL_TOO_MUCH_MEMORY:
        (void)snprintf(why, sizeof why, "it had %d MiB of memory, and may have %u",
                       work->jail.value, work->job->memory_mb);
        break;
    case SLW_JAIL_NOT_RUN:
        (void)snprintf(why, sizeof why, "its program can't be started: %s",
                       strerror(work->jail.value));
        break;
    case SLW_JAIL_ENDED:
        (void)snprintf(why, sizeof why, "something ended it from outside");
        break;
    }
    (void)decide(work, SLW_RUNNER_ERROR, why);
}

static enum slw_status run(struct runner_work *work, struct slw_detail *detail)
{
    SLW_TRY(make_place(work, detail));
    if (work->job->kind == SLW_RUNNER_TEST) {
        SLW_TRY(fetch_bundle(work, detail));
        slw_text_copy(slw_text_bytes(work->lease->build), sizeof work->build, work->build);
    }
    work->began_utc_s = (int64_t)time(NULL);
    SLW_TRY(start(work, detail));
    attend(work);
    work->ended_utc_s = (int64_t)time(NULL);
    if (work->outcome == 0) {
        judge(work);
    }
    return SLW_OK;
}

/* --- After it --- */

/* Says how it ended until the depot has heard it, the lease is over, or the runner is to stop. */
static void finish(struct runner_work *work)
{
    struct slw_detail detail;
    int pause_ms = AWAY_FIRST_MS;
    for (;;) {
        enum slw_status status = runner_finish(work->runner->client, work->lease, work->outcome,
                                               work->why.text, &detail);
        if (status == SLW_OK) {
            return;
        }
        runner_say(work->runner, "job %lld: %s", (long long)work->lease->id, detail.text);
        bool refused = !runner_is_away(status);
        if (refused && status != SLW_WRONG_STATE && work->outcome != SLW_RUNNER_ERROR) {
            (void)decide(work, SLW_RUNNER_ERROR, detail.text);
            continue;
        }
        if (refused || runner_heart_word(&work->heart) == RUNNER_LOST ||
            !runner_pause(work->runner, -1, pause_ms)) {
            work->outcome = SLW_RUNNER_LOST;
            return;
        }
        pause_ms = 2 * pause_ms < AWAY_MOST_MS ? 2 * pause_ms : AWAY_MOST_MS;
    }
}

/* What it left goes to the depot; when it can't, that is how the job ended. */
static void deliver(struct runner_work *work)
{
    struct slw_detail detail = {""};
    if (work->jail.files < 0 || runner_heart_word(&work->heart) != RUNNER_GO_ON) {
        return;
    }
    enum slw_status status = runner_deliver(work, &detail);
    if (status == SLW_OK || status == SLW_WRONG_STATE) {
        return; /* the heart, or finish, knows more of a lease that is over */
    }
    bool no_build = work->job->kind == SLW_RUNNER_BUILD && work->build[0] == '\0';
    (void)decide(work, no_build && !runner_is_away(status) ? SLW_RUNNER_FAILED : SLW_RUNNER_ERROR,
                 detail.text);
}

static void clean_up(struct runner_work *work)
{
    runner_heart_stop(&work->heart);
    slw_jail_close(&work->jail);
    if (work->directory.len > 0) {
        remove_place(work);
    }
    runner_output_free(&work->output);
    slw_heap_drop(&work->directory);
    slw_heap_drop(&work->bundle);
}

/* A job that isn't what the settings say it is, is none of this runner's. */
static const char *objection(const struct runner_work *work)
{
    if (work->job == NULL) {
        return "this runner has no such job for this product";
    }
    return work->job->kind != work->lease->kind ? "this runner has it as a job of another kind"
                                                : NULL;
}

static enum slw_status carry_out(struct runner_work *work, struct slw_detail *detail)
{
    const char *wrong = objection(work);
    if (wrong != NULL) {
        return decide(work, SLW_RUNNER_ERROR, wrong);
    }
    enum slw_status status = run(work, detail);
    if (status != SLW_OK) {
        (void)decide(work, SLW_RUNNER_ERROR, detail->text);
    }
    deliver(work);
    switch (runner_heart_word(&work->heart)) {
    case RUNNER_GO_ON:
        break;
    case RUNNER_CANCELLED:
        (void)decide(work, SLW_RUNNER_CANCELLED, "cancelled");
        break;
    case RUNNER_LOST:
        (void)decide(work, SLW_RUNNER_LOST, "the lease is over");
        break;
    }
    return status;
}

enum slw_status runner_work(struct runner *runner, const struct runner_lease *lease,
                            enum slw_runner_outcome *ret_outcome, struct slw_detail *detail)
{
    struct runner_work work = {
        .runner = runner,
        .lease = lease,
        .job = slw_runner_find_job(runner->settings, slw_text_bytes(lease->product),
                                   slw_text_bytes(lease->job)),
        .jail = {.output = -1, .control = -1, .files = -1},
        .heart = {.wake = -1},
    };
    runner_say(runner, "job %lld: %s of %s, attempt %lld", (long long)lease->id, lease->job,
               lease->product, (long long)lease->attempt);
    SLW_TRY(runner_output_init(&work.output, detail));
    enum slw_status status = runner_heart_start(&work.heart, runner->settings, lease, detail);
    if (status == SLW_OK) {
        status = carry_out(&work, detail);
    }
    if (work.outcome != SLW_RUNNER_LOST && work.heart.wake >= 0) {
        finish(&work);
    }
    runner_say(runner, "job %lld: %s%s%s", (long long)lease->id,
               slw_runner_outcome_word(work.outcome), work.why.text[0] == '\0' ? "" : ": ",
               work.why.text);
    clean_up(&work);
    *ret_outcome = work.outcome;
    /* A machine that can't make jails can't run the next job either. */
    return status == SLW_NOT_PERMITTED && work.jail.files < 0 && work.began_utc_s != 0 ? status
                                                                                       : SLW_OK;
}
