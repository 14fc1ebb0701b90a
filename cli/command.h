/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a command of `slipway` is: a row of a table that main.c looks up, with its options, its help
 * and the function that does it. To add a command: write such a row beside the function, and name
 * the table of its noun in main.c.
 *
 * What is private to this program has the prefix cli_; slw_ is the libraries'.
 */
#ifndef SLIPWAY_CLI_COMMAND_H
#define SLIPWAY_CLI_COMMAND_H

#include "arguments.h"
#include "output.h"

struct cli_command {
    const char *verb;     /* "create" */
    const char *usage;    /* "slipway bundle create" */
    const char *summary;  /* one line, as in the noun's help */
    const char *synopsis; /* what follows that, for people */
    unsigned positionals_min;
    unsigned positionals_max;
    const struct cli_option *options; /* the last has no name; NULL: none */
    const char *about;                /* what it does, and what to know about it */
    const char *examples;             /* command lines, one each line; NULL: none */
    enum cli_exit usage_exit;         /* of a bad command line; 0: CLI_USAGE */
    enum cli_exit (*run)(struct cli *cli, const struct cli_arguments *arguments);
};

/* The commands of one noun. */
struct cli_noun {
    const char *name;
    const char *usage; /* "slipway bundle" */
    const char *summary;
    const struct cli_command *commands; /* the last has no verb */
};

#endif
