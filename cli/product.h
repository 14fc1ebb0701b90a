/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway product`: what its files share. */
#ifndef SLIPWAY_CLI_PRODUCT_H
#define SLIPWAY_CLI_PRODUCT_H

#include "command.h"

extern const struct cli_option cli_product_upload_options[];

/* Uploads files, goes on where an upload broke off, and says what they are. */
enum cli_exit cli_product_upload(struct cli *cli, const struct cli_arguments *arguments);

/* product_jobs.c */
extern const struct cli_option cli_product_jobs_options[];
extern const struct cli_option cli_product_job_options[];
extern const struct cli_option cli_product_run_options[];
extern const struct cli_option cli_product_webhook_options[];
enum cli_exit cli_product_jobs(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_product_job(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_product_run(struct cli *cli, const struct cli_arguments *arguments);

#endif
