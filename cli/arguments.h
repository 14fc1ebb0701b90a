/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command lines: options before or after positional arguments, `--name value` and `--name=value`,
 * `-o value` and `-ovalue`, `--` before what isn't an option. No abbreviations, since a script that
 * relies on one breaks when another option joins.
 */
#ifndef SLIPWAY_CLI_ARGUMENTS_H
#define SLIPWAY_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli_option {
    const char *name;  /* "--output" */
    const char *value; /* what the value is, "FILE"; NULL: a flag */
    const char *help;  /* one line or more */
    char letter;       /* 'o' for -o; 0: none */
    bool repeated;     /* may be given more than once */
    bool required;
};

#define CLI_FORCE_OPTION                                                                           \
    {                                                                                              \
        .name = "--force", .help = "replace an existing file"                                      \
    }
#define CLI_PASSPHRASE_OPTION                                                                      \
    {                                                                                              \
        .name = "--passphrase-file", .value = "FILE",                                              \
        .help = "file whose first line opens an encrypted private key"                             \
    }

struct cli_given {
    const struct cli_option *option;
    const char *value; /* NULL for a flag */
};

struct cli;
struct cli_noun;
struct cli_command;

/* What was on the command line; the arrays are as long as argv, the texts are argv's own. */
struct cli_arguments {
    const struct cli_noun *noun; /* NULL for a command of one word, and when none is named */
    const struct cli_command *command;
    struct cli_given *given; /* in the order of the command line */
    size_t given_count;
    const char **positionals;
    size_t positionals_count;
};

/* The options that every command has. */
extern const struct cli_option cli_global_options[];

/* Whether an option was given; how often; its nth value (NULL beyond), counted from 0. */
bool cli_has(const struct cli_arguments *arguments, const char *name);
size_t cli_count(const struct cli_arguments *arguments, const char *name);
const char *cli_nth(const struct cli_arguments *arguments, const char *name, size_t index);

/* The value of an option that may be given once; NULL when it isn't there. */
const char *cli_value(const struct cli_arguments *arguments, const char *name);

/*
 * Reads argc words, those behind the program's name. Leaves arguments->command NULL when none is
 * named. False after saying on stderr what is wrong: exit with CLI_USAGE. Free in either case.
 */
bool cli_parse(struct cli *cli, int argc, char *const *argv, struct cli_arguments *ret_arguments);
void cli_arguments_free(struct cli_arguments *arguments);

/* --help or --version was given: nothing else needs to be complete. */
bool cli_asks_for_help(const struct cli_arguments *arguments);

#endif
