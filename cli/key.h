/* SPDX-License-Identifier: Apache-2.0 */
/* What key.c does for other commands. */
#ifndef SLIPWAY_CLI_KEY_H
#define SLIPWAY_CLI_KEY_H

#include "output.h"

#include "slipway/keys.h"

/* Writes path and path.pub, and prints the key id. passphrase_path may be NULL. */
enum cli_exit cli_key_generate(struct cli *cli, const char *path, enum slw_key_type type,
                               const char *passphrase_path, bool force);

#endif
