/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway rollout`: phased offers of a release to a group of devices (spec/DEPOT.md, section 6).
 */
#include "rollout.h"

#include "commands.h"
#include "depot_verb.h"

#define ROLLOUTS "/api/v1/products/{0}/rollouts"
#define OF_ROLLOUT ROLLOUTS "/{1}"

static const struct cli_option plain_options[] = {CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option list_options[] = {
    {.name = "--before", .value = "N", .help = "go on behind this one"},
    {.name = "--limit", .value = "N", .help = "at most so many (50)"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option devices_options[] = {
    {.name = "--state",
     .value = "STATE",
     .help = "only downloading, installing, succeeded, failed, silent, declined"},
    {.name = "--after", .value = "DEVICE", .help = "go on behind this one"},
    {.name = "--limit", .value = "N", .help = "at most so many (200)"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option reason_options[] = {
    {.name = "--reason", .value = "TEXT", .help = "why, for the audit trail and those who watch"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const list_queries[] = {"--before", "--limit", NULL};
static const char *const devices_queries[] = {"--state", "--after", "--limit", NULL};
static const struct cli_depot_member reason_members[] = {
    {"--reason", "reason", CLI_DEPOT_TEXT},
    {0},
};
static const char *const rollout_columns[] = {"id",    "release", "group",  "state",
                                              "phase", "since",   "reason", NULL};
static const char *const device_columns[] = {"device", "phase", "state",   "reason",
                                             "began",  "ended", "attempt", NULL};
static const char *const look_columns[] = {"time",      "phase",     "outcomes", "failures",
                                           "lower_ppm", "upper_ppm", "verdict",  NULL};

static const char *const series_columns[] = {"time",   "succeeded", "failed",
                                             "silent", "declined",  NULL};

static const struct cli_depot_verb verbs[] = {
    {"list", "GET", ROLLOUTS, NULL, list_queries, "rollouts", rollout_columns},
    {"show", "GET", OF_ROLLOUT, NULL, NULL, NULL, NULL},
    {"devices", "GET", OF_ROLLOUT "/devices", NULL, devices_queries, "devices", device_columns},
    {"looks", "GET", OF_ROLLOUT "/looks", NULL, NULL, "looks", look_columns},
    {"series", "GET", OF_ROLLOUT "/series", NULL, NULL, "steps", series_columns},
    {"start", "POST", OF_ROLLOUT "/start", reason_members, NULL, NULL, NULL},
    {"pause", "POST", OF_ROLLOUT "/pause", reason_members, NULL, NULL, NULL},
    {"resume", "POST", OF_ROLLOUT "/resume", reason_members, NULL, NULL, NULL},
    {"halt", "POST", OF_ROLLOUT "/halt", reason_members, NULL, NULL, NULL},
    {"abort", "POST", OF_ROLLOUT "/abort", reason_members, NULL, NULL, NULL},
    {"retry", "POST", OF_ROLLOUT "/retry", reason_members, NULL, NULL, NULL},
    {"decide", "POST", OF_ROLLOUT "/decide", reason_members, NULL, NULL, NULL},
    {0},
};

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

#define ACTION(word, what, more)                                                                   \
    {                                                                                              \
        .verb = word, .usage = "slipway rollout " word, .summary = what,                           \
        .synopsis = "PRODUCT ROLLOUT [--reason TEXT]\n" CLI_DEPOT_SYNOPSIS, .positionals_min = 2,  \
        .positionals_max = 2, .options = reason_options, .about = more, .run = run                 \
    }
#define CREATE_SYNOPSIS                                                                            \
    " --release N --group NAME [--phase PERCENT[:SOAK[:LIMIT]]… | --plan FILE]\n"                \
    "      [--failure-limit PERCENT] [--silence DURATION] [--rate N] [--canary DEVICE…]\n"       \
    "      [--start TIME] [--emergency]\n" CLI_DEPOT_SYNOPSIS

static const struct cli_command commands[] = {
    {
        .verb = "list",
        .usage = "slipway rollout list",
        .summary = "the rollouts of a product, the newest first",
        .synopsis = "PRODUCT [--before N] [--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = list_options,
        .run = run,
    },
    {
        .verb = "show",
        .usage = "slipway rollout show",
        .summary = "all that is known about one",
        .synopsis = "PRODUCT ROLLOUT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "status",
        .usage = "slipway rollout status",
        .summary = "where it is, why, and what happens next if nobody does anything",
        .synopsis = "PRODUCT ROLLOUT [--watch [--every DURATION]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_rollout_status_options,
        .about = "With --watch a line for each change (with --json an object), until it is done "
                 "(exit\n"
                 "code 0), or halted, aborted, or waiting for somebody's decision (7).",
        .examples = "slipway rollout status lamp 4 --watch",
        .run = cli_rollout_status,
    },
    {
        .verb = "create",
        .usage = "slipway rollout create",
        .summary = "plan one: a draft until it is started",
        .synopsis = "PRODUCT" CREATE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_rollout_create_options,
        .about = "A phase is a share of the group's devices; how long to wait behind it; and its "
                 "own\n"
                 "limit of failures. A first phase of ten devices can't show less than 30 %.",
        .examples = "slipway rollout create lamp --release 12 --group kitchens --phase 1:1h:30 "
                    "--phase 10:1d --phase 100",
        .run = cli_rollout_create,
    },
    {
        .verb = "change",
        .usage = "slipway rollout change",
        .summary = "plan a draft anew",
        .synopsis = "PRODUCT ROLLOUT" CREATE_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_rollout_create_options,
        .run = cli_rollout_create,
    },
    ACTION("start", "start it, now or when its time comes", NULL),
    ACTION("pause", "offer it to nobody until it is resumed", NULL),
    ACTION("resume", "go on with one that is paused or halted",
           "After a halt the count of the phase begins anew."),
    ACTION("halt", "stop its offers at once",
           "Anybody who develops, releases or approves may. It needs no signing service.\n"
           "Devices ask again before they apply, so those that are downloading stop, too."),
    ACTION("abort", "end it for good", NULL),
    ACTION("retry", "let the devices that failed try again", NULL),
    ACTION("decide", "let the phase pass, whatever its numbers say",
           "For when all devices of a phase have answered and the rule can't say."),
    {
        .verb = "devices",
        .usage = "slipway rollout devices",
        .summary = "the devices that began it, and how it went on each",
        .synopsis =
            "PRODUCT ROLLOUT [--state STATE] [--after DEVICE] [--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = devices_options,
        .run = run,
    },
    {
        .verb = "looks",
        .usage = "slipway rollout looks",
        .summary = "when its health was looked at, with the bounds and the verdict",
        .synopsis = "PRODUCT ROLLOUT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "series",
        .usage = "slipway rollout series",
        .summary = "how it went over time: how many devices ended when, and how",
        .synopsis = "PRODUCT ROLLOUT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {0},
};

const struct cli_noun cli_rollout_noun = {
    .name = "rollout",
    .usage = "slipway rollout",
    .summary = "offer a release to a group of devices in phases, watch, halt",
    .commands = commands,
};
