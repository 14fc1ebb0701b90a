/* SPDX-License-Identifier: Apache-2.0 */
/* A device at the other end of --to: connecting, calling, and telling what it answered. */
#ifndef SLIPWAY_CLI_DEVICE_LINK_H
#define SLIPWAY_CLI_DEVICE_LINK_H

#include "arguments.h"
#include "output.h"

#include "slipway/link.h"
#include "slipway/remote_device.h"

/* Points into itself: not to be copied. */
struct cli_device {
    struct cli *cli;
    const char *to;
    struct slw_link link;
    struct slw_rpc_client *client; /* over the link */
    struct slw_remote_port port;
    struct slw_remote_device remote;
};

/* Reads --to and --timeout, catches SIGINT and SIGTERM, and connects; says what is wrong. */
enum cli_exit cli_device_open(struct cli *cli, const struct cli_arguments *arguments,
                              struct cli_device *device);
void cli_device_close(struct cli_device *device);

/* Ctrl-C was pressed. */
bool cli_device_interrupted(void);

/* A call that got no answer: says so; CLI_DEVICE, or CLI_INTERRUPTED. */
enum cli_exit cli_device_fail(const struct cli_device *device);

/*
 * The device answered with another code than OK: says so, with its state; CLI_DEVICE. CLI_DONE when
 * it answered OK.
 */
enum cli_exit cli_device_check_code(const struct cli_device *device, const char *call);

/* Says why the finished session didn't succeed, as the device tells; the exit code for it. */
enum cli_exit cli_device_tell_failure(const struct cli_device *device);

/* Prints the last answer, as text or JSON. */
enum cli_exit cli_device_print_status(const struct cli_device *device);

#endif
