/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looking at something of the depot once, or until it is over: a line for each change. Behind
 * `slipway rollout status` and `slipway release status`.
 */
#ifndef SLIPWAY_CLI_DEPOT_WATCH_H
#define SLIPWAY_CLI_DEPOT_WATCH_H

#include "depot.h"

#define CLI_DEPOT_WATCH_OPTIONS                                                                    \
    {.name = "--watch", .help = "go on until it is over, or somebody is needed"},                  \
    {                                                                                              \
        .name = "--every", .value = "DURATION", .help = "with --watch: how often to look (1s)"     \
    }

struct cli_depot_watched {
    const char *path; /* as of cli_depot_verb */
    /* One line of where it stands: --watch prints it when it is another than before. */
    void (*line)(const struct cli_depot_answer *answer, struct slw_heap_buffer *ret_line);
    /* The exit code if it ends here; whether it goes on. */
    enum cli_exit (*verdict)(const struct cli_depot_answer *answer,
                             const struct cli_arguments *arguments, bool *ret_goes_on);
    /* All of it, for people. */
    enum cli_exit (*print)(struct cli *cli, const struct cli_depot_answer *answer);
};

enum cli_exit cli_depot_watch(struct cli *cli, const struct cli_arguments *arguments,
                              const struct cli_depot_watched *watched);

/* Appends a member of an answer, escaped. */
void cli_depot_append(const struct cli_depot_answer *answer, const char *path,
                      struct slw_heap_buffer *text);
/* Whether a member is this text. */
bool cli_depot_is(const struct cli_depot_answer *answer, const char *path, const char *text);

#endif
