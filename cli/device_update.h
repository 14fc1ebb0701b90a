/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing a bundle to a device and seeing it confirmed, for `device update` and `device connect`.
 */
#ifndef SLIPWAY_CLI_DEVICE_UPDATE_H
#define SLIPWAY_CLI_DEVICE_UPDATE_H

#include "arguments.h"
#include "output.h"

#define CLI_STAGE_CONSENT "waiting for consent on the device"

/* Who wants to know how far it is, and has a say before the device applies what it verified. */
struct cli_update_watcher {
    void *context;
    void (*stage)(void *context, const char *stage); /* once each, in words for people */
    bool (*may_apply)(void *context);                /* false: it is aborted, CLI_DENIED */
};

/* The whole update from a file, by --to, --timeout, --name and --no-apply of the arguments. name:
 * what the device calls it, without --name. watcher may be NULL. */
enum cli_exit cli_device_update_file(struct cli *cli, const struct cli_arguments *arguments,
                                     const char *path, const char *name,
                                     const struct cli_update_watcher *watcher);

#endif
