/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo`: its commands and what their help says. */
#include "repo.h"

#include "commands.h"
#include "repo_client.h"

static const struct cli_option fetch_options[] = {
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--dir", .value = "DIR", .help = "where to (the working directory)"},
    {0},
};

static const struct cli_option list_options[] = {
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--role", .value = "ROLE", .help = "only what this role lists"},
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "fetch",
        .usage = "slipway repo fetch",
        .summary = "get targets from a TUF repository, verified",
        .synopsis = "TARGET… --from URL… --root ROOT [--dir DIR] [--metadata-dir DIR]",
        .positionals_min = 1,
        .positionals_max = 64,
        .options = fetch_options,
        .about =
            "Brings what is trusted up to date, finds each target through the repository's\n"
            "delegations, and downloads it, verified, under its percent-encoded path. Prints "
            "where\n"
            "each is. A target that is there already isn't fetched again; a mirror that fails or\n"
            "lies is passed over for the next. A release is compared with the bundle it "
            "describes.\n"
            "Trust begins with --root and goes on from what is kept in the metadata directory.",
        .examples =
            "slipway repo fetch lamp/stable/2.0.0.bundle --from https://updates.example.com --root "
            "root.json\n"
            "slipway repo fetch tool.tar --from /media/usb --root root.json --dir downloads",
        .run = cli_repo_fetch,
    },
    {
        .verb = "list",
        .usage = "slipway repo list",
        .summary = "list the targets of a TUF repository",
        .synopsis = "[PATTERN] --from URL… --root ROOT [--role ROLE] [--metadata-dir DIR]",
        .positionals_max = 1,
        .options = list_options,
        .about = "One line each: path, size, hash, the role that lists it, and what a release is.\n"
                 "PATTERN's * and ? stand for anything but a slash.",
        .examples = "slipway repo list --from https://updates.example.com --root root.json\n"
                    "slipway repo list 'lamp/stable/*' --from /media/usb --root root.json",
        .run = cli_repo_list,
    },
    {0},
};

const struct cli_noun cli_repo_noun = {
    .name = "repo",
    .usage = "slipway repo",
    .summary = "make TUF repositories, and fetch from them",
    .commands = commands,
};
