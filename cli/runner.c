/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway runner`: does the jobs of a depot, as its own settings say (slipway/runner.h). */
#include "commands.h"

#include "slipway/runner.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct cli_option run_options[] = {
    {.name = "--config", .value = "FILE", .required = true, .help = "the runner's settings"},
    {.name = "--once", .help = "end after one job"},
    {0},
};
static const struct cli_option check_options[] = {
    {.name = "--config", .value = "FILE", .required = true, .help = "the runner's settings"},
    {0},
};

static void say(void *context, const char *line)
{
    cli_note(context, "%s", line);
}

/* Readable once somebody wants it to end. The signals are blocked for all threads. */
static int open_stop(void)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t ending;
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigemptyset(&ending);
    (void)sigaddset(&ending, SIGTERM);
    (void)sigaddset(&ending, SIGINT);
    (void)sigaddset(&ending, SIGHUP);
    if (sigprocmask(SIG_BLOCK, &ending, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &ending, SFD_CLOEXEC);
}

static enum cli_exit fail(struct cli *cli, enum slw_status status)
{
    return status == SLW_BAD_ARGUMENT || status == SLW_MALFORMED
               ? cli_usage(cli, "%s", cli->detail.text)
               : cli_error(cli, "%s", cli->detail.text);
}

static enum cli_exit run_jobs(struct cli *cli, const struct slw_runner_settings *settings,
                              bool once)
{
    const struct slw_runner_watcher watcher = {.context = cli, .say = say};
    enum slw_runner_outcome outcome = (enum slw_runner_outcome)0;
    int stop = open_stop();
    if (stop < 0) {
        return cli_error(cli, "signals can't be waited for");
    }
    enum slw_status status = slw_runner_check(settings, &watcher, &cli->detail);
    if (status == SLW_OK) {
        status = slw_runner_run(settings, once, stop, &watcher, &outcome, &cli->detail);
    }
    (void)close(stop);
    if (status != SLW_OK) {
        return fail(cli, status);
    }
    bool good = outcome == SLW_RUNNER_PASSED || outcome == SLW_RUNNER_WARNED;
    return !once || good ? CLI_DONE : outcome == 0 ? CLI_NOTHING : CLI_FAILED;
}

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_runner_settings settings;
    enum slw_status status =
        slw_runner_settings_read(cli_value(arguments, "--config"), &settings, &cli->detail);
    if (status != SLW_OK) {
        return fail(cli, status);
    }
    enum cli_exit code = run_jobs(cli, &settings, cli_has(arguments, "--once"));
    slw_runner_settings_free(&settings);
    return code;
}

static enum cli_exit check(struct cli *cli, const struct cli_arguments *arguments)
{
    const struct slw_runner_watcher watcher = {.context = cli, .say = say};
    struct slw_runner_settings settings;
    enum slw_status status =
        slw_runner_settings_read(cli_value(arguments, "--config"), &settings, &cli->detail);
    if (status != SLW_OK) {
        return fail(cli, status);
    }
    status = slw_runner_check(&settings, &watcher, &cli->detail);
    slw_runner_settings_free(&settings);
    return status == SLW_OK ? CLI_DONE : fail(cli, status);
}

static const struct cli_command commands[] = {
    {
        .verb = "run",
        .usage = "slipway runner run",
        .summary = "lease jobs from a depot and run them",
        .synopsis = "--config FILE [--once]",
        .options = run_options,
        .about =
            "The depot names jobs; what each of them runs, with which files, key, network and\n"
            "limits, is in FILE. A job runs in a jail: its own processes, files and network, as\n"
            "another user where this one is root, and everything of it is gone at its end. What "
            "it\n"
            "leaves in $SLIPWAY_OUT is uploaded, with a statement that is signed with the job's\n"
            "key. Exit status 0 of a job is passed, 3 warned, 77 can't be told, any other failed.\n"
            "SIGTERM ends it tidily: its job is tried again, here or elsewhere.\n"
            "With --once the exit code is 0 for passed or warned, 6 without any job, else 1.",
        .examples = "slipway runner run --config /etc/slipway/runner.conf",
        .run = run,
    },
    {
        .verb = "check",
        .usage = "slipway runner check",
        .summary = "look whether this machine can run the jobs of its settings",
        .synopsis = "--config FILE",
        .options = check_options,
        .about = "Token and keys are there and hidden from others and from jobs, keys open,\n"
                 "programs are there for the job to see, and its jail can be made.",
        .examples = "slipway runner check --config /etc/slipway/runner.conf",
        .run = check,
    },
    {0},
};

const struct cli_noun cli_runner_noun = {
    .name = "runner",
    .usage = "slipway runner",
    .summary = "do the jobs of a depot on this machine: builds and tests",
    .commands = commands,
};
