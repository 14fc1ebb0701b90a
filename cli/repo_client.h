/* SPDX-License-Identifier: Apache-2.0 */
/* A TUF repository as the commands see it that read one: `repo fetch`, `repo list`, `device update
 * --from`. */
#ifndef SLIPWAY_CLI_REPO_CLIENT_H
#define SLIPWAY_CLI_REPO_CLIENT_H

#include "arguments.h"
#include "output.h"
#include "progress.h"

#include "slipway/release.h"

/* The options that all of them have. */
#define CLI_REPO_CLIENT_OPTIONS                                                                    \
    {.name = "--from",                                                                             \
     .value = "URL",                                                                               \
     .repeated = true,                                                                             \
     .help =                                                                                       \
         "http(s)://… with metadata/ and targets/ below it, or a directory; more are mirrors"},    \
        {.name = "--root",                                                                         \
         .value = "ROOT",                                                                          \
         .help = "the root.json to begin with, from a place that you trust"},                      \
        {.name = "--metadata-dir",                                                                 \
         .value = "DIR",                                                                           \
         .help = "what is trusted is kept there (a directory of yours, by the root)"},             \
        {.name = "--budget",                                                                       \
         .value = "TIME",                                                                          \
         .help = "how long fetching may take altogether (10m)"},                                   \
        {.name = "--min-speed",                                                                    \
         .value = "BYTES",                                                                         \
         .help =                                                                                   \
             "bytes a second, on average over 15 s, below which a transfer is given up (1024)"},   \
        {.name = "--ca-file", .value = "FILE", .help = "authorities for https: (the system's)"},   \
        {.name = "--any-key-id", .help = "key ids needn't be hashes of the keys (TAP 12)"},        \
    {                                                                                              \
        .name = "--accept-expired",                                                                \
        .help = "from a directory: expired metadata are told, not refused"                         \
    }

/* Points into itself: not to be copied. */
struct cli_repo_client {
    struct cli *cli;
    struct slw_http_fetcher *http;
    struct slw_directory_fetcher *media;
    struct slw_heap_buffer metadata_directory;
    struct slw_tuf_observer observer;
    struct slw_release_inspector inspector;
    struct cli_progress progress;
    struct slw_tuf_client *client;
    enum slw_status failed; /* what the last call that failed said */
};

/* Opens what the options name, trusting --root when nothing is trusted yet, and refreshes it. Says
 * what is wrong. */
enum cli_exit cli_repo_client_open(struct cli *cli, const struct cli_arguments *arguments,
                                   struct cli_repo_client *ret_client);
void cli_repo_client_close(struct cli_repo_client *client);

/*
 * Finds a target and downloads it into a directory. A release is compared with its bundle first,
 * and a bundle that the repository says nothing of is refused. Appends where it is.
 */
enum cli_exit cli_repo_client_fetch(struct cli_repo_client *client, struct slw_bytes path,
                                    const char *directory, struct slw_heap_buffer *ret_path);

/* The same for a release, which must be one of this channel. */
enum cli_exit cli_repo_client_fetch_release(struct cli_repo_client *client, struct slw_bytes path,
                                            const char *channel, const char *directory,
                                            struct slw_heap_buffer *ret_path);

/* Says why a call to the repository failed, and returns the exit code. */
enum cli_exit cli_repo_client_fail(struct cli_repo_client *client, enum slw_status status);

#endif
