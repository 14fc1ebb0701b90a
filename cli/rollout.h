/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway rollout`: what its files share. */
#ifndef SLIPWAY_CLI_ROLLOUT_H
#define SLIPWAY_CLI_ROLLOUT_H

#include "command.h"

extern const struct cli_option cli_rollout_create_options[];
extern const struct cli_option cli_rollout_status_options[];

/* `create`, and `change` of a draft: the plan from options, or from a file. */
enum cli_exit cli_rollout_create(struct cli *cli, const struct cli_arguments *arguments);
/* Where it is and what happens next; with --watch until it is over or somebody is needed. */
enum cli_exit cli_rollout_status(struct cli *cli, const struct cli_arguments *arguments);

#endif
