/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `slipway repo`, a file or a few for each; repo.c has their table. */
#ifndef SLIPWAY_CLI_REPO_H
#define SLIPWAY_CLI_REPO_H

#include "arguments.h"
#include "output.h"

/* repo_fetch.c */
enum cli_exit cli_repo_fetch(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_list(struct cli *cli, const struct cli_arguments *arguments);

/* repo_make.c */
enum cli_exit cli_repo_init(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_import(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_export(struct cli *cli, const struct cli_arguments *arguments);

/* repo_edit.c */
enum cli_exit cli_repo_add(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_remove(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_delegate(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_discard(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_rotate(struct cli *cli, const struct cli_arguments *arguments);

/* repo_sign.c */
enum cli_exit cli_repo_sign(struct cli *cli, const struct cli_arguments *arguments);

/* repo_publish.c */
enum cli_exit cli_repo_publish(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_refresh(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_repo_check(struct cli *cli, const struct cli_arguments *arguments);

#endif
