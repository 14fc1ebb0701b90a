/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this machine is as a runner's settings want it: secrets that nobody else can read, no job
 * either, keys that open, programs that are there, and jails that can be made. Before the first job
 * instead of in the middle of one. See slipway/runner.h.
 */
#include "part.h"

#include "slipway/text.h"
#include "slipway/token.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROBE_MS 30000

static enum slw_status check_secret(const char *path, struct slw_detail *detail)
{
    struct stat about;
    if (stat(path, &about) != 0) {
        enum slw_status status = errno == ENOENT ? SLW_NOT_FOUND : SLW_IO;
        (void)slw_explain_errno(detail, path);
        return status;
    }
    return (about.st_mode & (S_IRWXG | S_IRWXO)) == 0
               ? SLW_OK
               : slw_explain(detail, SLW_NOT_PERMITTED, "%s: others may read it", path);
}

/* Whether path is directory, or below it, links resolved. */
static bool is_below(const char *path, const char *directory)
{
    char *real = realpath(path, NULL);
    char *above = realpath(directory, NULL);
    size_t len = above == NULL ? 0 : strlen(above);
    bool below = real != NULL && above != NULL && strncmp(real, above, len) == 0 &&
                 (real[len] == '\0' || real[len] == '/' || len == 1);
    free(real);
    free(above);
    return below;
}

/* What all jobs read besides their own; see jail.h. */
static const char *const everywhere[] = {"/usr", "/etc/ssl/certs", "/etc/alternatives"};

static enum slw_status check_hidden(const struct slw_runner_job *job, const char *secret,
                                    struct slw_detail *detail)
{
    for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++) {
        if (is_below(secret, everywhere[i])) {
            return slw_explain(detail, SLW_NOT_PERMITTED, "%s: jobs can read what is in %s", secret,
                               everywhere[i]);
        }
    }
    for (size_t i = 0; i < job->read.count; i++) {
        if (is_below(secret, job->read.words[i])) {
            return slw_explain(detail, SLW_NOT_PERMITTED,
                               "[job %s] read: %s would show %s to the job", job->name,
                               job->read.words[i], secret);
        }
    }
    return SLW_OK;
}

/* The key opens, and where it or its PIN is, no job looks. */
static enum slw_status check_key(const struct slw_runner_job *asked,
                                 const struct slw_runner_job *owner, struct slw_detail *detail)
{
    struct slw_token_uri uri;
    if (!slw_token_is_uri(owner->key)) {
        SLW_TRY(check_secret(owner->key, detail));
        SLW_TRY(check_hidden(asked, owner->key, detail));
    } else {
        SLW_TRY(slw_token_uri_parse(owner->key, &uri, detail));
        if (uri.pin_kind == SLW_TOKEN_PIN_FILE) {
            SLW_TRY(check_secret(uri.pin_place, detail));
            SLW_TRY(check_hidden(asked, uri.pin_place, detail));
        }
    }
    if (owner->passphrase_file == NULL) {
        return SLW_OK;
    }
    SLW_TRY(check_secret(owner->passphrase_file, detail));
    return check_hidden(asked, owner->passphrase_file, detail);
}

static enum slw_status open_key(const struct slw_runner_job *job, struct slw_detail *detail)
{
    const struct slw_key_settings settings = {.passphrase_path = job->passphrase_file};
    struct slw_private_key *key = NULL;
    SLW_TRY(slw_key_open(job->key, &settings, &key, NULL, detail));
    slw_private_key_free(key);
    return SLW_OK;
}

/* A link may lead to where the kernel shows other processes and devices. */
static enum slw_status check_kernel(const struct slw_runner_job *job, const char *path,
                                    struct slw_detail *detail)
{
    static const char *const never[] = {"/proc", "/sys", "/dev"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (is_below(path, never[i]) || is_below(never[i], path)) {
            return slw_explain(detail, SLW_NOT_PERMITTED, "[job %s] read: %s would show %s",
                               job->name, path, never[i]);
        }
    }
    return SLW_OK;
}

static enum slw_status check_job(const struct slw_runner_settings *settings,
                                 const struct slw_runner_job *job, struct slw_detail *detail)
{
    SLW_TRY(check_hidden(job, settings->token_file, detail));
    SLW_TRY(check_hidden(job, settings->path, detail));
    for (size_t i = 0; i < settings->jobs_count; i++) {
        SLW_TRY(check_key(job, &settings->jobs[i], detail));
    }
    for (size_t i = 0; i < job->read.count; i++) {
        struct stat about;
        if (stat(job->read.words[i], &about) != 0) {
            (void)slw_explain_errno(detail, job->read.words[i]);
            return SLW_NOT_FOUND;
        }
        SLW_TRY(check_kernel(job, job->read.words[i], detail));
    }
    return open_key(job, detail);
}

/* The program is there for a job, and the jail as the job gets it can be made: it is started with a
 * program that does nothing, for the job's own does something. */
static enum slw_status probe(const struct runner *runner, const struct slw_runner_job *job,
                             const char *place, struct slw_detail *detail)
{
    static const char *const environment[] = {NULL};
    const char *const command[] = {"/usr/bin/test", "-x", job->command.words[0], NULL};
    const union {
        char *const *owned;
        const char *const *shown;
    } readable = {job->read.words};
    const struct slw_jail_settings settings = {
        .directory = place,
        .readable = readable.shown,
        .readable_count = job->read.count,
        .user = runner->has_user ? &runner->user : NULL,
        .network = job->network,
        .files_bytes = (uint64_t)job->files_mb << 20,
        .memory_bytes = (uint64_t)job->memory_mb << 20,
        .processes = job->processes,
        .command = command,
        .environment = environment,
    };
    struct slw_jail jail;
    SLW_TRY(slw_jail_start(&settings, &jail, detail));
    struct pollfd polled = {.fd = jail.control, .events = POLLIN};
    if (poll(&polled, 1, PROBE_MS) == 1) {
        slw_jail_listen(&jail);
    }
    slw_jail_close(&jail);
    if (jail.how != SLW_JAIL_EXITED || jail.value != 0) {
        return slw_explain(detail, SLW_NOT_FOUND,
                           "[job %s] command: %s isn't a program that the job could see (read)",
                           job->name, job->command.words[0]);
    }
    return SLW_OK;
}

static enum slw_status check_jobs(const struct runner *runner, const char *place,
                                  struct slw_detail *detail)
{
    const struct slw_runner_settings *settings = runner->settings;
    for (size_t i = 0; i < settings->jobs_count; i++) {
        SLW_TRY(check_job(settings, &settings->jobs[i], detail));
        SLW_TRY(probe(runner, &settings->jobs[i], place, detail));
        runner_say(runner, "job %s: good", settings->jobs[i].name);
    }
    return SLW_OK;
}

enum slw_status slw_runner_check(const struct slw_runner_settings *settings,
                                 const struct slw_runner_watcher *watcher,
                                 struct slw_detail *detail)
{
    struct runner runner = {.settings = settings, .watcher = watcher, .stop = -1};
    char place[PATH_MAX];
    int len = snprintf(place, sizeof place, "%s/check-XXXXXX", settings->work);
    SLW_TRY(check_secret(settings->token_file, detail));
    SLW_TRY(runner_find_user(&runner, detail));
    if (len < 0 || len >= (int)sizeof place) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too long", settings->work);
    }
    if (mkdir(settings->work, 0711) != 0 && errno != EEXIST) {
        return slw_explain_errno(detail, settings->work);
    }
    if (mkdtemp(place) == NULL) {
        return slw_explain_errno(detail, settings->work);
    }
    enum slw_status status = runner_give(&runner, place, detail);
    if (status == SLW_OK) {
        status = check_jobs(&runner, place, detail);
    }
    (void)rmdir(place);
    return status;
}
