/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway product`: what its files share. */
#ifndef SLIPWAY_CLI_PRODUCT_H
#define SLIPWAY_CLI_PRODUCT_H

#include "command.h"

extern const struct cli_option cli_product_upload_options[];

/* Uploads files, goes on where an upload broke off, and says what they are. */
enum cli_exit cli_product_upload(struct cli *cli, const struct cli_arguments *arguments);

#endif
