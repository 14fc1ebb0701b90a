/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `slipway device`, a file or a few for each; device.c has their table. */
#ifndef SLIPWAY_CLI_DEVICE_H
#define SLIPWAY_CLI_DEVICE_H

#include "arguments.h"
#include "output.h"

/* device_run.c */
enum cli_exit cli_device_run(struct cli *cli, const struct cli_arguments *arguments);

/* device_update.c */
enum cli_exit cli_device_update(struct cli *cli, const struct cli_arguments *arguments);

/* device_connect.c */
enum cli_exit cli_device_connect_fleet(struct cli *cli, const struct cli_arguments *arguments);

/* device_calls.c */
enum cli_exit cli_device_status(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_device_verify(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_device_apply(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_device_abort(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_device_reset(struct cli *cli, const struct cli_arguments *arguments);

/* The program's own arguments, for starting it over (main.c). */
extern char **cli_argv;

#endif
