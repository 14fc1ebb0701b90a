/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway device connect`: makes a device a member of a depot's fleet. Looks at the device, checks
 * in, reports, takes what it is offered, reports the outcome, waits as long as the depot says, and
 * begins again. Killed at any moment, the next one goes on: from what the device says it runs, and
 * what was noted beside the identity.
 */
#include "device.h"
#include "device_child.h"
#include "device_link.h"
#include "device_update.h"
#include "downloads.h"

#include "slipway/files.h"
#include "slipway/fleet_agent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ROUNDS_AT_ONCE 3 /* check-ins without a pause, while there is something to do */
#define PENDING_S 15     /* until the depot is asked whether somebody let us in */
#define LOG_READ_MAX 4194304u

struct connect {
    struct cli *cli;
    struct cli_arguments arguments; /* with --to and --from, where they weren't given */
    struct slw_fleet_member *member;
    struct slw_fleet_agent agent;
    struct cli_device_child child;
    struct cli_device device;
    struct slw_heap_buffer repository; /* URL, where --from doesn't say it */
    enum cli_exit code;                /* what fetching or bringing said of itself */
};

static const struct cli_option to_option = {.name = "--to", .value = "LINK"};
static const struct cli_option from_option = {.name = "--from", .value = "URL"};

/* --- Opening --- */

static enum cli_exit add_argument(struct connect *connect, const struct cli_option *option,
                                  struct slw_heap_buffer *value)
{
    struct cli_arguments *arguments = &connect->arguments;
    if (value->status != SLW_OK) {
        return cli_error(connect->cli, "out of memory");
    }
    arguments->given[arguments->given_count++] =
        (struct cli_given){.option = option, .value = slw_heap_text(value)};
    return CLI_DONE;
}

/* --to of the virtual device, and --from where the depot itself serves the repository. */
static enum cli_exit complete_arguments(struct connect *connect,
                                        const struct cli_arguments *arguments)
{
    struct cli *cli = connect->cli;
    enum cli_exit code = CLI_DONE;
    connect->arguments = *arguments;
    connect->arguments.given = calloc(arguments->given_count + 2, sizeof *arguments->given);
    if (connect->arguments.given == NULL) {
        return cli_error(cli, "out of memory");
    }
    memcpy(connect->arguments.given, arguments->given,
           arguments->given_count * sizeof *arguments->given);
    if (cli_has(arguments, "--to") == cli_has(arguments, "--flash")) {
        return cli_usage(cli, "either --to a device, or --flash for a virtual one");
    }
    if (!cli_has(arguments, "--from")) {
        slw_heap_printf(&connect->repository, "%s/repository", cli_value(arguments, "--depot"));
        code = add_argument(connect, &from_option, &connect->repository);
    }
    if (code == CLI_DONE && cli_has(arguments, "--flash")) {
        code = cli_device_child_start(cli, arguments, &connect->child);
        if (code == CLI_DONE) {
            code = add_argument(connect, &to_option, &connect->child.link);
        }
    }
    return code;
}

static enum cli_exit open_member(struct connect *connect)
{
    const struct cli_arguments *arguments = &connect->arguments;
    const char *key_class = cli_value(arguments, "--class");
    const struct slw_fleet_member_settings settings = {
        .depot = {.url = cli_value(arguments, "--depot"),
                  .ca_file = cli_value(arguments, "--ca-file"),
                  .certificate_file = cli_value(arguments, "--certificate"),
                  .key_file = cli_value(arguments, "--certificate-key"),
                  .allows_plain = true},
        .identity_file = cli_value(arguments, "--identity"),
        .product = cli_value(arguments, "--product"),
        .device = cli_value(arguments, "--device"),
        .hardware = cli_value(arguments, "--hardware"),
        .key_class = key_class == NULL ? "prod" : key_class,
        .enrolment_token_file = cli_value(arguments, "--enrolment-token-file"),
    };
    enum slw_status status =
        slw_fleet_member_open(&settings, &connect->member, &connect->cli->detail);
    if (status == SLW_BAD_ARGUMENT) {
        return cli_usage(connect->cli, "%s", connect->cli->detail.text);
    }
    return status == SLW_OK ? CLI_DONE : cli_error(connect->cli, "%s", connect->cli->detail.text);
}

/* --- A round --- */

/* The end of a log, whole lines of it, and only what is text. */
static void read_log(void *context, struct slw_heap_buffer *ret_text)
{
    struct connect *connect = context;
    const char *given = cli_value(&connect->arguments, "--log-file");
    const char *path = given != NULL                ? given
                       : connect->child.process > 0 ? slw_heap_text(&connect->child.log)
                                                    : NULL;
    struct slw_heap_buffer text = {0};
    struct slw_detail ignored;
    if (path != NULL && slw_file_read(path, LOG_READ_MAX, &text, &ignored) == SLW_OK &&
        text.len > 0) {
        size_t begin = text.len > SLW_FLEET_LOG_MAX ? text.len - SLW_FLEET_LOG_MAX : 0;
        const uint8_t *line = begin == 0 ? NULL : memchr(text.ptr + begin, '\n', text.len - begin);
        begin = line == NULL ? begin : (size_t)(line - text.ptr) + 1;
        slw_heap_append(ret_text, slw_bytes_make(text.ptr + begin, text.len - begin));
    }
    slw_heap_free(&text);
}

static void print_event(void *context, const char *line)
{
    (void)context;
    (void)printf("%s\n", line);
    (void)fflush(stdout);
}

static enum slw_status fetch(void *context, const struct slw_fleet_offer *offer,
                             const char *channel, struct slw_heap_buffer *ret_path,
                             struct slw_detail *detail)
{
    struct connect *connect = context;
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct cli_repo_client client;
    struct slw_heap_buffer role = {0};
    enum slw_status failed = SLW_OK;
    (void)detail; /* the client says it, in connect->cli->detail */
    connect->code = cli_repo_client_open(connect->cli, &connect->arguments, &client);
    if (connect->code == CLI_DONE) {
        slw_heap_append(&role, offer->role);
        client.inspector.role = slw_heap_text(&role);
        connect->code = cli_downloads_fetch(&client, offer->path, channel, ret_path);
        failed = client.failed;
        cli_repo_client_close(&client);
    }
    (void)sigaction(SIGPIPE, &ignore, NULL); /* closing lets it end us again */
    slw_heap_free(&role);
    return connect->code == CLI_DONE ? SLW_OK : failed != SLW_OK ? failed : SLW_UNAVAILABLE;
}

/* The device is let go meanwhile: the update connects by itself. */
static enum slw_status bring(void *context, const char *path, const char *name,
                             const struct slw_remote_watcher *watcher, struct slw_detail *detail)
{
    struct connect *connect = context;
    (void)detail;
    slw_remote_disconnect(&connect->device.remote);
    connect->code = cli_device_update_file(connect->cli, &connect->arguments, path, name, watcher);
    cli_downloads_supersede(connect->cli, path);
    connect->code = connect->code == CLI_NOTHING ? CLI_DONE : connect->code;
    return connect->code == CLI_INTERRUPTED ? SLW_IO : SLW_OK;
}

/* What ended a round: a callback of ours said so itself already. */
static enum cli_exit fail(const struct connect *connect, enum slw_status status)
{
    struct cli *cli = connect->cli;
    if (cli_device_interrupted()) {
        return CLI_INTERRUPTED;
    }
    if (connect->code != CLI_DONE) {
        return connect->code;
    }
    if (connect->agent.device_is_lost) {
        return cli_device_fail(&connect->device);
    }
    if (status == SLW_CONSENT_PENDING || status == SLW_REVOKED_KEY) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DENIED;
    }
    return slw_status_is_refusal(status) ? cli_refuse(cli, status, cli->detail.text)
                                         : cli_error(cli, "depot: %s", cli->detail.text);
}

static enum cli_exit do_rounds(struct connect *connect, int64_t *ret_next_s)
{
    bool again = true;
    for (int i = 0; i < ROUNDS_AT_ONCE && again; i++) {
        connect->code = CLI_DONE;
        enum slw_status status =
            slw_fleet_agent_round(&connect->agent, ret_next_s, &again, &connect->cli->detail);
        if (status != SLW_OK) {
            return fail(connect, status);
        }
        if (connect->code != CLI_DONE) {
            return connect->code; /* the device refused it, as the depot knows by now */
        }
    }
    return CLI_DONE;
}

/* --- For ever --- */

static void wait_ms(int64_t ms)
{
    for (; ms > 0 && !cli_device_interrupted(); ms -= 500) {
        struct timespec pause = {.tv_nsec = (ms < 500 ? ms : 500) * 1000000};
        (void)nanosleep(&pause, NULL);
    }
}

static enum cli_exit keep_on(struct connect *connect)
{
    unsigned failures = 0;
    int64_t next_s = PENDING_S;
    for (;;) {
        uint64_t chance = 0;
        enum cli_exit code = do_rounds(connect, &next_s);
        if (cli_device_interrupted()) {
            return CLI_INTERRUPTED;
        }
        if (code == CLI_USAGE) {
            return code;
        }
        /* A device that refused something is well: only what didn't work is backed off from. */
        failures = code == CLI_FAILED || code == CLI_DEVICE ? failures + 1 : 0;
        if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance) {
            chance = slw_link_now_ms();
        }
        wait_ms(slw_fleet_wait_ms(next_s, failures, chance));
    }
}

static enum cli_exit run(struct connect *connect, const struct cli_arguments *arguments)
{
    int64_t next_s = 0;
    enum cli_exit code = complete_arguments(connect, arguments);
    if (code == CLI_DONE) {
        code = open_member(connect);
    }
    if (code == CLI_DONE) {
        code = cli_device_open(connect->cli, &connect->arguments, &connect->device);
    }
    if (code != CLI_DONE) {
        return code;
    }
    const struct slw_fleet_agent_port port = {.context = connect,
                                              .fetch = fetch,
                                              .bring = bring,
                                              .read_log = read_log,
                                              .event = print_event};
    connect->agent = (struct slw_fleet_agent){
        .member = connect->member,
        .device = &connect->device.remote,
        .product = cli_value(arguments, "--product"),
        .channel = cli_value(arguments, "--channel"),
        .port = &port,
    };
    return cli_has(arguments, "--once") ? do_rounds(connect, &next_s) : keep_on(connect);
}

enum cli_exit cli_device_connect_fleet(struct cli *cli, const struct cli_arguments *arguments)
{
    struct connect *connect = calloc(1, sizeof *connect);
    if (connect == NULL) {
        return cli_error(cli, "out of memory");
    }
    connect->cli = cli;
    connect->device.link.descriptor = -1;
    enum cli_exit code = run(connect, arguments);
    cli_device_close(&connect->device);
    slw_fleet_member_free(connect->member);
    cli_device_child_stop(&connect->child);
    slw_heap_free(&connect->repository);
    free(connect->arguments.given);
    free(connect);
    return code;
}
