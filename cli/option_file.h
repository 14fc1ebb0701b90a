/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options that a command line doesn't have, from a file: `sign.conf`, `depot.conf`, in the user's
 * folder of settings or where --config says.
 */
#ifndef SLIPWAY_CLI_OPTION_FILE_H
#define SLIPWAY_CLI_OPTION_FILE_H

#include "arguments.h"
#include "output.h"

struct cli_option_file {
    const char *name;           /* "sign.conf" */
    const char *section;        /* "sign" */
    const char *const *options; /* that it may set, "--signer"; NULL ends */
};

/* The command line's options, and behind them those of the file. Free with cli_filled_free(). */
struct cli_filled {
    struct cli_arguments arguments;
    struct slw_heap_buffer words; /* private: the memory of what the file says */
};

/* --config names the file, which must be there then. Says itself what is wrong. */
enum cli_exit cli_fill_options(struct cli *cli, const struct cli_arguments *arguments,
                               const struct cli_option_file *file, struct cli_filled *ret_filled);
void cli_filled_free(struct cli_filled *filled);

#endif
