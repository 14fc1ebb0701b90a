/* SPDX-License-Identifier: Apache-2.0 */
/* The runner's loop: wait for a job, run it, wait for the next. See slipway/runner.h. */
#include "part.h"

#include "slipway/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WAIT_S 20        /* of a call that waits for a job */
#define WAIT_IN_TURN_S 2 /* where several calls take turns */
#define AWAY_FIRST_MS 1000
#define AWAY_MOST_MS 30000
#define STALE_MAX 4096u

const char *slw_runner_outcome_word(enum slw_runner_outcome outcome)
{
    static const char *const words[] = {
        [0] = "none",
        [SLW_RUNNER_PASSED] = "passed",
        [SLW_RUNNER_WARNED] = "warned",
        [SLW_RUNNER_FAILED] = "failed",
        [SLW_RUNNER_ERROR] = "error",
        [SLW_RUNNER_CANCELLED] = "cancelled",
        [SLW_RUNNER_LOST] = "lost",
    };
    return (size_t)outcome < sizeof words / sizeof *words ? words[outcome] : "unknown";
}

void runner_say(const struct runner *runner, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (runner->watcher != NULL) {
        runner->watcher->say(runner->watcher->context, line);
    }
}

bool runner_pause(const struct runner *runner, int wake, int pause_ms)
{
    struct pollfd polled[] = {{.fd = runner->stop, .events = POLLIN},
                              {.fd = wake, .events = POLLIN}};
    return poll(polled, 2, pause_ms) == 0;
}

bool runner_is_stopped(const struct runner *runner)
{
    struct pollfd polled = {.fd = runner->stop, .events = POLLIN};
    return poll(&polled, 1, 0) != 0;
}

static bool is_given_up(void *context)
{
    const struct runner *runner = context;
    return runner_is_stopped(runner);
}

/* --- The directory --- */

/* What a runner that was killed left behind: a place to mount on, and a bundle. */
static void remove_stale(const char *work)
{
    static const struct {
        const char *name;
        int flags;
    } parts[] = {{"root", AT_REMOVEDIR}, {"bundle", 0}};
    const struct dirent *entry;
    DIR *entries = opendir(work);
    for (size_t i = 0; entries != NULL && i < STALE_MAX && (entry = readdir(entries)) != NULL;
         i++) {
        if (strncmp(entry->d_name, "job-", 4) != 0) {
            continue;
        }
        int place =
            openat(dirfd(entries), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        for (size_t j = 0; place >= 0 && j < sizeof parts / sizeof *parts; j++) {
            (void)unlinkat(place, parts[j].name, parts[j].flags);
        }
        if (place >= 0) {
            (void)close(place);
            (void)unlinkat(dirfd(entries), entry->d_name, AT_REMOVEDIR);
        }
    }
    if (entries != NULL) {
        (void)closedir(entries);
    }
}

/* Makes it where it isn't there, and keeps other runners out of it. */
static enum slw_status take_directory(const char *work, int *ret_lock, struct slw_detail *detail)
{
    if (mkdir(work, 0711) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, work);
    }
    int lock = open(work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0) {
        return slw_explain_errno(detail, work);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        (void)close(lock);
        return slw_explain(detail, SLW_WRONG_STATE, "%s: another runner is at work there", work);
    }
    remove_stale(work);
    *ret_lock = lock;
    return SLW_OK;
}

/* --- Who jobs run as --- */

enum slw_status runner_find_user(struct runner *runner, struct slw_detail *detail)
{
    const char *user = runner->settings->user;
    if (user == NULL) {
        return geteuid() != 0
                   ? SLW_OK
                   : slw_explain(detail, SLW_BAD_ARGUMENT,
                                 "%s: [runner] user: is missing, for jobs don't run as root",
                                 runner->settings->path);
    }
    SLW_TRY(slw_sandbox_find_user(user, &runner->user, detail));
    if (geteuid() != 0 && runner->user.uid != geteuid()) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: only root can run jobs as %s",
                           runner->settings->path, user);
    }
    runner->has_user = geteuid() == 0;
    return SLW_OK;
}

enum slw_status runner_give(const struct runner *runner, const char *path,
                            struct slw_detail *detail)
{
    return !runner->has_user || lchown(path, runner->user.uid, runner->user.gid) == 0
               ? SLW_OK
               : slw_explain_errno(detail, path);
}

/* --- Jobs --- */

static bool same_products(const struct slw_runner_job *left, const struct slw_runner_job *right)
{
    bool same = left->products.count == right->products.count;
    for (size_t i = 0; same && i < left->products.count; i++) {
        same = strcmp(left->products.words[i], right->products.words[i]) == 0;
    }
    return same;
}

/* Jobs for the same products are asked for in one call; the first of each such group stands for it.
 */
static bool is_first_of_group(const struct slw_runner_settings *settings, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (same_products(&settings->jobs[i], &settings->jobs[index])) {
            return false;
        }
    }
    return true;
}

static size_t count_groups(const struct slw_runner_settings *settings)
{
    size_t count = 0;
    for (size_t i = 0; i < settings->jobs_count; i++) {
        count += is_first_of_group(settings, i);
    }
    return count;
}

/* The first of the group behind this one's. */
static size_t next_group(const struct slw_runner_settings *settings, size_t index)
{
    do {
        index = (index + 1) % settings->jobs_count;
    } while (!is_first_of_group(settings, index));
    return index;
}

/* Asks until there is a job, or the runner is to stop (then there is none). */
static enum slw_status await_job(struct runner *runner, struct runner_lease *ret_lease,
                                 bool *ret_got, struct slw_detail *detail)
{
    const struct slw_runner_settings *settings = runner->settings;
    int wait_s = count_groups(settings) == 1 ? WAIT_S : WAIT_IN_TURN_S;
    int pause_ms = AWAY_FIRST_MS;
    *ret_got = false;
    for (size_t index = 0; !runner_is_stopped(runner); index = next_group(settings, index)) {
        enum slw_status status = runner_lease(runner->client, settings, index, wait_s, is_given_up,
                                              runner, ret_lease, ret_got, detail);
        if (status == SLW_OK && *ret_got) {
            return SLW_OK;
        }
        if (status == SLW_OK) {
            pause_ms = AWAY_FIRST_MS;
            continue;
        }
        if (runner_is_stopped(runner)) {
            return SLW_OK;
        }
        if (!runner_is_away(status) && status != SLW_MALFORMED) {
            return status;
        }
        runner_say(runner, "%s", detail->text);
        (void)runner_pause(runner, -1, pause_ms);
        pause_ms = 2 * pause_ms < AWAY_MOST_MS ? 2 * pause_ms : AWAY_MOST_MS;
    }
    return SLW_OK;
}

static enum slw_status loop(struct runner *runner, bool once, enum slw_runner_outcome *ret_outcome,
                            struct slw_detail *detail)
{
    bool got = true;
    while (got) {
        struct runner_lease lease;
        SLW_TRY(await_job(runner, &lease, &got, detail));
        if (got) {
            enum slw_status status = runner_work(runner, &lease, ret_outcome, detail);
            slw_wipe(&lease, sizeof lease);
            SLW_TRY(status);
        }
        got = got && !once;
    }
    return SLW_OK;
}

enum slw_status slw_runner_run(const struct slw_runner_settings *settings, bool once, int stop,
                               const struct slw_runner_watcher *watcher,
                               enum slw_runner_outcome *ret_outcome, struct slw_detail *detail)
{
    struct runner runner = {.settings = settings, .watcher = watcher, .stop = stop};
    enum slw_runner_outcome outcome = (enum slw_runner_outcome)0;
    int lock = -1;
    SLW_TRY(runner_find_user(&runner, detail));
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(take_directory(settings->work, &lock, detail));
    enum slw_status status = runner_client_new(settings, &runner.client, detail);
    if (status == SLW_OK) {
        runner_say(&runner, "waiting for jobs of %s", settings->depot);
        status = loop(&runner, once, &outcome, detail);
        slw_http_client_free(runner.client);
    }
    (void)close(lock);
    if (status == SLW_OK) {
        *ret_outcome = outcome;
    }
    return status;
}
