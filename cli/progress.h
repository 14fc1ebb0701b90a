/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, for what takes over a second, with rate and time left. */
#ifndef SLIPWAY_CLI_PROGRESS_H
#define SLIPWAY_CLI_PROGRESS_H

#include "output.h"

#include "slipway/progress.h"

struct cli_progress {
    struct slw_progress progress; /* give this to libraries */
    /* private */
    const struct cli *cli;
    const char *what;
    int64_t started_ms;
    int64_t shown_ms;
    bool shown;
};

/* what: "verifying". Both must live until cli_progress_end(). */
void cli_progress_begin(struct cli_progress *progress, const struct cli *cli, const char *what);

/* Takes the bar away; before anything else is printed. */
void cli_progress_end(struct cli_progress *progress);

#endif
