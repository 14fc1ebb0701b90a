/* SPDX-License-Identifier: Apache-2.0 */
/* The files that go into a bundle: --file NAME=PATH, --dir DIR, --user-manifest FILE. */
#ifndef SLIPWAY_CLI_PAYLOADS_H
#define SLIPWAY_CLI_PAYLOADS_H

#include "arguments.h"
#include "output.h"

#include "slipway/bundle_file.h"

/* Names and paths are the list's own. */
struct cli_payloads {
    struct slw_bundle_payload *items;
    size_t count;
};

/* Adds a file under a name; looks at its size, and that it is a regular file that can be read. */
enum cli_exit cli_payloads_add(struct cli *cli, struct cli_payloads *payloads,
                               struct slw_bytes name, const char *path);

/* All of --file and --dir in the order of the command line, then --user-manifest. */
enum cli_exit cli_payloads_gather(struct cli *cli, const struct cli_arguments *arguments,
                                  struct cli_payloads *ret_payloads);

void cli_payloads_free(struct cli_payloads *payloads);

/*
 * A TargetFile for each payload, whose digest is a view of the payload's: it may be filled in
 * later, but the list may not grow any more.
 */
enum slw_status cli_payloads_list(const struct cli_payloads *payloads,
                                  struct slw_targets_draft *draft);

#endif
