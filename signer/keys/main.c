/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program slipway-signer-keys: the process of the signing service that holds the keys, and
 * decides. docs/SIGNER.md says how to run it.
 *
 *     slipway-signer-keys init --config FILE --administrators POLICY-ENVELOPE
 *     slipway-signer-keys run --config FILE
 *     slipway-signer-keys show --config FILE
 *     slipway-signer-keys takeover --config FILE --statement FILE
 *
 * Exit status: 0 done, 1 failed, 2 usage, 3 refused.
 */
/* For SCHED_BATCH. */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "minder.h"
#include "start.h"

#include "slipway/files.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define ENVELOPE_SIZE_MAX 1048576u
#define TURN_MS 1000
#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define HEALTHY_MS 60000
#define NOBODY 65534u

struct arguments {
    const char *verb;
    const char *config;
    const char *file; /* of --administrators or --statement */
};

static volatile sig_atomic_t ended;

static void end(int signal)
{
    (void)signal;
    ended = 1;
}

static int usage(void)
{
    (void)fputs("usage: slipway-signer-keys init --config FILE --administrators ENVELOPE\n"
                "       slipway-signer-keys run --config FILE\n"
                "       slipway-signer-keys show --config FILE\n"
                "       slipway-signer-keys takeover --config FILE --statement ENVELOPE\n",
                stderr);
    return 2;
}

static int outcome(enum slw_status status, const struct slw_detail *detail)
{
    if (status == SLW_OK) {
        return 0;
    }
    bool refused = slw_status_is_refusal(status);
    (void)fprintf(stderr, "slipway-signer-keys: %s%s: %s\n", refused ? "refused: " : "",
                  slw_status_word(status),
                  detail->text[0] == '\0' ? slw_status_meaning(status) : detail->text);
    return refused ? 3 : 1;
}

static bool arguments_parse(int argc, char **argv, struct arguments *ret_arguments)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"administrators", required_argument, NULL, 'a'},
                                            {"statement", required_argument, NULL, 's'},
                                            {NULL, 0, NULL, 0}};
    struct arguments arguments = {.verb = argc < 2 ? "" : argv[1]};
    int file = 0;
    optind = 2;
    for (int option = getopt_long(argc, argv, "", options, NULL); option != -1;
         option = getopt_long(argc, argv, "", options, NULL)) {
        if (option == 'c') {
            arguments.config = optarg;
        } else if (option == 'a' || option == 's') {
            arguments.file = optarg;
            file = option;
        } else {
            return false;
        }
    }
    int wanted = strcmp(arguments.verb, "init") == 0       ? 'a'
                 : strcmp(arguments.verb, "takeover") == 0 ? 's'
                                                           : 0;
    *ret_arguments = arguments;
    return argc >= 2 && optind == argc && arguments.config != NULL && file == wanted;
}

/* --- init, show, takeover --- */

static enum slw_status with_envelope(const struct arguments *arguments,
                                     enum slw_status (*act)(const struct slw_service_options *,
                                                            struct slw_bytes, struct slw_detail *),
                                     struct slw_detail *detail)
{
    static struct slw_start start;
    struct slw_heap_buffer envelope = {0};
    SLW_TRY(slw_file_read(arguments->file, ENVELOPE_SIZE_MAX, &envelope, detail));
    enum slw_status status = slw_start_log(arguments->config, &start, detail);
    if (status == SLW_OK) {
        status = slw_start_become_user(&start, detail);
        if (status == SLW_OK) {
            status = act(&start.options, slw_heap_bytes(&envelope), detail);
        }
        slw_start_free(&start);
    }
    slw_heap_drop(&envelope);
    return status;
}

static enum slw_status show(const struct arguments *arguments, struct slw_detail *detail)
{
    static struct slw_start start;
    struct slw_heap_buffer json = {0};
    SLW_TRY(slw_start_log(arguments->config, &start, detail));
    enum slw_status status = slw_start_become_user(&start, detail);
    if (status == SLW_OK) {
        status = slw_service_show(&start.options, &json, detail);
    }
    if (status == SLW_OK) {
        (void)puts(slw_heap_text(&json));
    }
    slw_heap_drop(&json);
    slw_start_free(&start);
    return status;
}

/* --- run --- */

struct running {
    struct slw_spawner spawner;
    struct slw_minder minder;
    struct slw_start start;
    struct slw_service *service;
};

/* By name; without a name, root's children are nobody, and others what their parent is. */
static enum slw_status user_find(const char *name, struct slw_sandbox_user *user,
                                 const struct slw_sandbox_user **ret_user,
                                 struct slw_detail *detail)
{
    *ret_user = NULL;
    if (name != NULL) {
        SLW_TRY(slw_sandbox_find_user(name, user, detail));
        *ret_user = user;
    } else if (getuid() == 0) {
        *user = (struct slw_sandbox_user){.uid = NOBODY, .gid = NOBODY};
        *ret_user = user;
    }
    return SLW_OK;
}

/* Everything that other processes are needed for, before there is a key in this one. */
static enum slw_status children_start(const struct slw_settings *settings, struct running *running,
                                      struct slw_detail *detail)
{
    static const char *const runnable[] = {"/usr"};
    struct slw_sandbox_user judge_user;
    struct slw_sandbox_user front_user;
    struct slw_spawner_options judge = {
        .program = settings->judge_program, .runnable = runnable, .runnable_count = 1};
    struct slw_minder_front front = {.program = settings->front_program,
                                     .settings = settings->front_settings};
    SLW_TRY(user_find(settings->judge_user, &judge_user, &judge.user, detail));
    if (settings->front_user != NULL) {
        SLW_TRY(user_find(settings->front_user, &front_user, &front.user, detail));
    }
    SLW_TRY(slw_spawner_open(&judge, &running->spawner, detail));
    SLW_TRY(slw_minder_start(&front, &running->minder, detail));
    if (running->spawner.missing[0] != '\0') {
        (void)fprintf(stderr, "slipway-signer-keys: judges: %s\n", running->spawner.missing);
    }
    return SLW_OK;
}

static enum slw_status front_connect(struct running *running, struct slw_detail *detail)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        return slw_explain_errno(detail, "the front's socket");
    }
    enum slw_status status = slw_minder_front(&running->minder, pair[1], detail);
    close(pair[1]);
    slw_service_connect(running->service, pair[0]);
    return status;
}

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A front that ends is started again, each time after a longer pause; the service goes on. */
static enum slw_status serve(struct running *running, struct slw_detail *detail)
{
    int64_t backoff_ms = BACKOFF_MIN_MS;
    int64_t started_ms = now_ms();
    SLW_TRY(front_connect(running, detail));
    bool connected = true;
    int64_t again_ms = 0;
    while (ended == 0) {
        enum slw_status status =
            slw_service_turn(running->service, connected ? TURN_MS : BACKOFF_MIN_MS, detail);
        if (status == SLW_IO_CLOSED) {
            (void)fprintf(stderr, "slipway-signer-keys: %s\n", detail->text);
            backoff_ms = now_ms() - started_ms > HEALTHY_MS ? BACKOFF_MIN_MS : backoff_ms;
            again_ms = now_ms() + backoff_ms;
            backoff_ms = backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : backoff_ms * 2;
            connected = false;
        } else if (status != SLW_OK) {
            return status;
        }
        if (!connected && now_ms() >= again_ms) {
            SLW_TRY(front_connect(running, detail));
            connected = true;
            started_ms = now_ms();
        }
    }
    return SLW_OK;
}

static void tell_keys(const struct slw_start *start)
{
    for (size_t i = 0; i < start->options.keys_count; i++) {
        (void)fprintf(stderr, "slipway-signer-keys: key %s: %s\n", start->keys[i].name,
                      start->facts[i].uri[0] == '\0' ? "a file" : start->facts[i].uri);
    }
}

static enum slw_status keys_load(struct running *running, struct slw_detail *detail)
{
    char missing[160] = "";
    SLW_TRY(slw_start_keys(&running->start, detail));
    tell_keys(&running->start);
    SLW_TRY(slw_start_confine(&running->start, missing, detail));
    if (missing[0] != '\0') {
        (void)fprintf(stderr, "slipway-signer-keys: %s\n", missing);
    }
    running->start.options.spawner = &running->spawner;
    SLW_TRY(slw_service_new(&running->start.options, &running->service, detail));
    (void)fputs("slipway-signer-keys: ready\n", stderr);
    return serve(running, detail);
}

static void signals_set(void)
{
    struct sigaction action = {.sa_handler = end};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

/*
 * Who wakes up waits until who works is done, in this process and those that it starts: a request
 * goes through many hands, and takes less of the processors when each does more at a time. It is no
 * other priority; where it may not be chosen, things go on as they are.
 */
static void schedule_in_batches(void)
{
    const struct sched_param usual = {.sched_priority = 0};
    if (sched_getscheduler(0) == SCHED_OTHER) {
        (void)sched_setscheduler(0, SCHED_BATCH, &usual);
    }
}

static enum slw_status run(const struct arguments *arguments, struct slw_detail *detail)
{
    static struct running running;
    struct slw_settings settings;
    const int kept[] = {0, 1, 2};
    SLW_TRY(slw_sandbox_keep_descriptors(kept, 3, detail));
    SLW_TRY(slw_settings_load(arguments->config, &settings, detail));
    schedule_in_batches();
    enum slw_status status = children_start(&settings, &running, detail);
    slw_settings_free(&settings);
    SLW_TRY(status);
    signals_set();
    status = slw_start_log(arguments->config, &running.start, detail);
    if (status == SLW_OK) {
        status = keys_load(&running, detail);
        slw_service_free(running.service);
        slw_start_free(&running.start);
    }
    slw_minder_end(&running.minder);
    slw_spawner_close(&running.spawner);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments;
    struct slw_detail detail = {""};
    if (!arguments_parse(argc, argv, &arguments)) {
        return usage();
    }
    if (strcmp(arguments.verb, "run") == 0) {
        return outcome(run(&arguments, &detail), &detail);
    }
    if (strcmp(arguments.verb, "init") == 0) {
        return outcome(with_envelope(&arguments, slw_service_init, &detail), &detail);
    }
    if (strcmp(arguments.verb, "takeover") == 0) {
        return outcome(with_envelope(&arguments, slw_service_takeover, &detail), &detail);
    }
    if (strcmp(arguments.verb, "show") == 0) {
        return outcome(show(&arguments, &detail), &detail);
    }
    return usage();
}
