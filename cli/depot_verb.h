/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that are one call of the depot each, as rows of a table: what their words become in the
 * path, the query and the body, and what of the answer is shown. `slipway product`, `fleet`,
 * `release` and `rollout` are made of them; what needs more has a function of its own.
 *
 *     static const struct cli_depot_verb verbs[] = {
 *         {"pause", "POST", "/api/v1/products/{0}/rollouts/{1}/pause", .members = reason},
 *         {0},
 *     };
 *     enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
 *     {
 *         return cli_depot_verb_run(cli, arguments, verbs);
 *     }
 */
#ifndef SLIPWAY_CLI_DEPOT_VERB_H
#define SLIPWAY_CLI_DEPOT_VERB_H

#include "depot.h"

#include "slipway/json.h"

/* How an option's value stands in a body. */
enum cli_depot_form {
    CLI_DEPOT_TEXT,
    CLI_DEPOT_WORDS,    /* an array, however often the option is given; empty too */
    CLI_DEPOT_SOME,     /* likewise, but absent when it isn't given */
    CLI_DEPOT_CONTENT,  /* the text of a file */
    CLI_DEPOT_NUMBER,   /* decimal, up to 2^53 - 1 */
    CLI_DEPOT_SECONDS,  /* a duration */
    CLI_DEPOT_MOMENT,   /* a time, or a duration from now on */
    CLI_DEPOT_FLAG,     /* true */
    CLI_DEPOT_JSON,     /* a file of JSON */
    CLI_DEPOT_POSITION, /* a text that isn't an option: option is its number, "1" */
    CLI_DEPOT_PLACE,    /* a number that isn't an option, likewise */
    CLI_DEPOT_WORD,     /* option is the value itself, whatever was given */
    CLI_DEPOT_LINE,     /* the first line of a file: a password */
    CLI_DEPOT_GRANTS,   /* PRODUCT:ROLE, however often: an array of objects; empty too */
};

struct cli_depot_member {
    const char *option; /* "--title"; NULL ends */
    const char *name;   /* "title"; NULL with CLI_DEPOT_JSON: the file is the whole body */
    enum cli_depot_form form;
};

/* As array: the answer is bytes, for the option --output, or standard output. */
#define CLI_DEPOT_BYTES ""

struct cli_depot_verb {
    const char *verb; /* as the command's; NULL ends */
    const char *method;
    const char *path;                       /* {N} is the Nth word that isn't an option, from 0 */
    const struct cli_depot_member *members; /* of the body; NULL: there is none */
    const char *const *queries;             /* options in the query, `_` for `-`; NULL ends */
    const char *array;          /* what the table shows; NULL: the object; CLI_DEPOT_BYTES */
    const char *const *columns; /* of the table; NULL ends */
};

#define CLI_DEPOT_SAVE_OPTIONS                                                                     \
    {.name = "--output",                                                                           \
     .letter = 'o',                                                                                \
     .value = "FILE",                                                                              \
     .help = "where to put it (standard output)"},                                                 \
        CLI_FORCE_OPTION

/* Runs the row of the command that was named. */
enum cli_exit cli_depot_verb_run(struct cli *cli, const struct cli_arguments *arguments,
                                 const struct cli_depot_verb *verbs);

/* The path of a row for these arguments, with its query. False after saying what can't be part of
 * it. */
bool cli_depot_verb_path(struct cli *cli, const struct cli_arguments *arguments, const char *path,
                         const char *const *queries, struct slw_heap_buffer *ret_path);

/* Puts the members that were given into json. False after saying what is wrong. */
bool cli_depot_members(struct cli *cli, const struct cli_arguments *arguments,
                       const struct cli_depot_member *members, struct slw_json *json);

#endif
