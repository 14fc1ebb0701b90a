/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The depot as the commands of `slipway product`, `fleet`, `release` and `rollout` reach it
 * (spec/DEPOT.md): options, and depot.conf for those that aren't given. What it says is shown;
 * nothing of it is trusted for anything.
 */
#ifndef SLIPWAY_CLI_DEPOT_H
#define SLIPWAY_CLI_DEPOT_H

#include "inputs.h"
#include "option_file.h"

#include "slipway/http_client.h"
#include "slipway/json_reader.h"

#define CLI_DEPOT_OPTIONS                                                                          \
    {.name = "--config",                                                                           \
     .value = "FILE",                                                                              \
     .help = "settings of options (~/.config/slipway/depot.conf, where that is there)"},           \
        {.name = "--depot",                                                                        \
         .value = "URL",                                                                           \
         .help = "https://HOST[:PORT], http:// on this machine, or unix:/PATH"},                   \
        {.name = "--token-file", .value = "FILE", .help = "whose first line is your API token"},   \
        {.name = "--ca-file", .value = "FILE", .help = "authorities for https: (the system's)"},   \
        {.name = "--certificate", .value = "FILE", .help = "yours, instead of a token"},           \
    {                                                                                              \
        .name = "--certificate-key", .value = "FILE", .help = "the private key of that"            \
    }

#define CLI_DEPOT_SYNOPSIS                                                                         \
    "      [--config FILE] [--depot URL] [--token-file FILE] [--ca-file FILE]\n"                   \
    "      [--certificate FILE --certificate-key FILE]"

struct cli_depot {
    struct cli *cli;
    struct cli_filled filled;
    struct slw_http_client *client;
    const char *csrf; /* of a session, in each call from here on; NULL: none */
    char session[SLW_HTTP_COOKIE_SIZE_MAX]; /* its cookie, as it was set last */
};

enum cli_exit cli_depot_open(struct cli *cli, const struct cli_arguments *arguments,
                             struct cli_depot *ret_depot);
void cli_depot_close(struct cli_depot *depot);

/* What an option says, in the command line or in depot.conf. */
const char *cli_depot_value(const struct cli_depot *depot, const char *name);

/* An answer of the depot; views into text. */
struct cli_depot_answer {
    struct slw_heap_buffer text;
    struct slw_json_document json; /* when has_json */
    bool has_json;
};

/* Calls it: body NULL for none. Says itself what went wrong: a refusal is CLI_DENIED, no answer
 * CLI_DEVICE. */
enum cli_exit cli_depot_call(struct cli_depot *depot, const char *method, const char *path,
                             const struct slw_heap_buffer *body,
                             struct cli_depot_answer *ret_answer);
/* The same for answers that aren't JSON: bytes, at most 1 GiB of them. */
enum cli_exit cli_depot_fetch(struct cli_depot *depot, const char *path,
                              struct cli_depot_answer *ret_answer);
void cli_depot_answer_free(struct cli_depot_answer *answer);

/* Says why a call of the client failed, with cli->detail; CLI_DONE for SLW_OK. */
enum cli_exit cli_depot_fail(struct cli *cli, enum slw_status status);

/* Members of an answer, by path: "phases.0.failed". */
uint32_t cli_depot_find(const struct cli_depot_answer *answer, const char *path);
struct slw_bytes cli_depot_text(const struct cli_depot_answer *answer, const char *path);
int64_t cli_depot_number(const struct cli_depot_answer *answer, const char *path); /* 0: none */

/* A table of the objects in an array, a column for each member that is named: "id release state
 * reason"; as JSON what came. */
enum cli_exit cli_depot_print_table(struct cli *cli, const struct cli_depot_answer *answer,
                                    const char *array, const char *const *columns, size_t count);
/* JSON as it came with --json, else every member of the object as a line. */
enum cli_exit cli_depot_print_object(struct cli *cli, const struct cli_depot_answer *answer);

#endif
