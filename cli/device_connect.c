/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway device connect`: makes a device a member of a depot's fleet. Looks at the device, checks
 * in, reports, takes what it is offered, reports the outcome, waits as long as the depot says, and
 * begins again. Killed at any moment, the next one goes on: from what the device says it runs, and
 * what was noted beside the identity.
 */
#include "device_connect.h"

#include "device.h"

#include "slipway/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define ROUNDS_AT_ONCE 3 /* check-ins without a pause, while there is something to do */
#define PENDING_S 15     /* until the depot is asked whether somebody let us in */
#define LOG_READ_MAX 4194304u

static const struct cli_option to_option = {.name = "--to", .value = "LINK"};
static const struct cli_option from_option = {.name = "--from", .value = "URL"};

/* --- Opening --- */

static enum cli_exit add_argument(struct cli_connect *connect, const struct cli_option *option,
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
static enum cli_exit complete_arguments(struct cli_connect *connect,
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

static enum cli_exit open_member(struct cli_connect *connect)
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
        .product = connect->product,
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

static enum cli_exit check_in(struct cli_connect *connect, struct slw_fleet_answer *ret_answer)
{
    enum slw_status status =
        slw_fleet_member_check_in(connect->member, connect->device.answer.device.targets_version,
                                  ret_answer, &connect->cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_connect_fail(connect, status);
}

/* The end of a log, whole lines of it, and only what is text. */
static enum cli_exit send_log(struct cli_connect *connect)
{
    const char *given = cli_value(&connect->arguments, "--log-file");
    const char *path = given != NULL                ? given
                       : connect->child.process > 0 ? slw_heap_text(&connect->child.log)
                                                    : NULL;
    struct slw_heap_buffer text = {0};
    struct slw_bytes tail = SLW_BYTES_OF("no log is kept here\n");
    if (path != NULL && slw_file_read(path, LOG_READ_MAX, &text, &connect->cli->detail) == SLW_OK &&
        text.len > 0) {
        size_t begin = text.len > SLW_FLEET_LOG_MAX ? text.len - SLW_FLEET_LOG_MAX : 0;
        const uint8_t *line = begin == 0 ? NULL : memchr(text.ptr + begin, '\n', text.len - begin);
        begin = line == NULL ? begin : (size_t)(line - text.ptr) + 1;
        tail = slw_bytes_make(text.ptr + begin, text.len - begin);
    }
    enum slw_status status =
        slw_fleet_member_send_log(connect->member, tail, &connect->cli->detail);
    slw_heap_free(&text);
    return status == SLW_OK ? CLI_DONE : cli_connect_fail(connect, status);
}

static enum cli_exit report_state(struct cli_connect *connect)
{
    struct cli_connect_report report;
    cli_connect_fill(connect, SLW_FLEET_STATE, &report);
    enum cli_exit code = cli_connect_send(connect, &report);
    if (code == CLI_DONE) {
        cli_connect_print("reported version=%lld", (long long)report.report.version);
    }
    return code;
}

/* ret_again: there may be more to do at once. */
static enum cli_exit do_round(struct cli_connect *connect, int64_t *ret_next_s, bool *ret_again)
{
    struct slw_fleet_answer answer;
    *ret_again = false;
    enum cli_exit code = cli_connect_look(connect);
    if (code == CLI_DONE) {
        code = cli_connect_settle(connect);
    }
    if (code == CLI_DONE) {
        code = check_in(connect, &answer);
    }
    if (code != CLI_DONE) {
        return code;
    }
    *ret_next_s = answer.next_s;
    bool wants_report = answer.wants_report;
    if (answer.has_offer) {
        bool wants_log = answer.wants_log;
        code = cli_connect_update(connect, &answer.offer);
        if (code == CLI_DONE && wants_log) {
            code = send_log(connect);
        }
        *ret_again = code == CLI_DONE;
        return code;
    }
    if (answer.wants_log) {
        code = send_log(connect);
    }
    if (code == CLI_DONE && wants_report) {
        code = report_state(connect);
        *ret_again = code == CLI_DONE;
    }
    return code;
}

static enum cli_exit do_rounds(struct cli_connect *connect, int64_t *ret_next_s)
{
    bool again = true;
    enum cli_exit code = CLI_DONE;
    for (int i = 0; i < ROUNDS_AT_ONCE && again && code == CLI_DONE; i++) {
        code = do_round(connect, ret_next_s, &again);
    }
    return code;
}

/* --- For ever --- */

static void wait_ms(int64_t ms)
{
    for (; ms > 0 && !cli_device_interrupted(); ms -= 500) {
        struct timespec pause = {.tv_nsec = (ms < 500 ? ms : 500) * 1000000};
        (void)nanosleep(&pause, NULL);
    }
}

static enum cli_exit keep_on(struct cli_connect *connect)
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

static enum cli_exit run(struct cli_connect *connect, const struct cli_arguments *arguments)
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
    return cli_has(arguments, "--once") ? do_rounds(connect, &next_s) : keep_on(connect);
}

enum cli_exit cli_device_connect_fleet(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_connect *connect = calloc(1, sizeof *connect);
    if (connect == NULL) {
        return cli_error(cli, "out of memory");
    }
    connect->cli = cli;
    connect->device.link.descriptor = -1;
    connect->product = cli_value(arguments, "--product");
    connect->channel = cli_value(arguments, "--channel");
    enum cli_exit code = run(connect, arguments);
    cli_device_close(&connect->device);
    slw_fleet_member_free(connect->member);
    cli_device_child_stop(&connect->child);
    slw_heap_free(&connect->repository);
    free(connect->arguments.given);
    free(connect);
    return code;
}
