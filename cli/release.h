/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway release`: what its files share. */
#ifndef SLIPWAY_CLI_RELEASE_H
#define SLIPWAY_CLI_RELEASE_H

#include "command.h"

extern const struct cli_option cli_release_status_options[];

/* Where a build stands in the pipeline, and what its next stage waits for. */
enum cli_exit cli_release_status(struct cli *cli, const struct cli_arguments *arguments);

extern const struct cli_option cli_release_drill_options[];

/* Rehearses an emergency with a build; with --watch until it is through, and how long each step
 * took. */
enum cli_exit cli_release_drill(struct cli *cli, const struct cli_arguments *arguments);
/* Whether an emergency could go out now, and what the last drill took. */
enum cli_exit cli_release_readiness(struct cli *cli, const struct cli_arguments *arguments);

#endif
