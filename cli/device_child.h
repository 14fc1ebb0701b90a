/* SPDX-License-Identifier: Apache-2.0 */
/* A virtual device of its own for `device connect --flash`: `device run` as a child. */
#ifndef SLIPWAY_CLI_DEVICE_CHILD_H
#define SLIPWAY_CLI_DEVICE_CHILD_H

#include "arguments.h"
#include "output.h"

#include <sys/types.h>

struct cli_device_child {
    pid_t process; /* 0: none */
    struct slw_heap_buffer log, link;
};

/* Starts it, with the options that `device run` has too, and waits until it listens at link. What
 * it says is in the file log, FLASH.log. It ends with us, however we end. */
enum cli_exit cli_device_child_start(struct cli *cli, const struct cli_arguments *arguments,
                                     struct cli_device_child *ret_child);
void cli_device_child_stop(struct cli_device_child *child);

#endif
