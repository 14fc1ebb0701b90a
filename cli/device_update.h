/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a bundle to a device and seeing it confirmed, for `device update` and `device connect`.
 */
#ifndef SLIPWAY_CLI_DEVICE_UPDATE_H
#define SLIPWAY_CLI_DEVICE_UPDATE_H

#include "arguments.h"
#include "output.h"

#include "slipway/remote_device.h"

/* The whole update from a file, by --to, --timeout, --name and --no-apply of the arguments. name:
 * what the device calls it, without --name. watcher: told of
 * stages, and asked before it is applied; may be NULL. */
enum cli_exit cli_device_update_file(struct cli *cli, const struct cli_arguments *arguments,
                                     const char *path, const char *name,
                                     const struct slw_remote_watcher *watcher);

#endif
