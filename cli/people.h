/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway people`: what its files share. */
#ifndef SLIPWAY_CLI_PEOPLE_H
#define SLIPWAY_CLI_PEOPLE_H

#include "command.h"

extern const struct cli_option cli_people_token_options[];

/* Makes an API token of a person's own, who shows password and second factor. */
enum cli_exit cli_people_create_token(struct cli *cli, const struct cli_arguments *arguments);

#endif
