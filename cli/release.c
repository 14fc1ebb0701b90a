/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway release`: pipelines, builds on their way, and what is released (spec/DEPOT.md, section
 * 5). */
#include "release.h"

#include "commands.h"
#include "depot_verb.h"

#define OF_PRODUCT "/api/v1/products/{0}"
#define OF_BUILD OF_PRODUCT "/builds/{1}"

static const struct cli_option plain_options[] = {CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option list_options[] = {
    {.name = "--state", .value = "STATE", .help = "only in this one: published"},
    {.name = "--build", .value = "BUILD", .help = "only of this one"},
    {.name = "--before", .value = "N", .help = "go on behind this one"},
    {.name = "--limit", .value = "N", .help = "at most so many (50)"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option pipeline_options[] = {
    {.name = "--file", .value = "FILE", .required = true, .help = "the pipeline, as JSON"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option approve_options[] = {
    {.name = "--stage", .value = "STAGE", .required = true, .help = "what you let it into"},
    {.name = "--comment", .value = "TEXT", .help = "what you looked at"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option kind_options[] = {
    {.name = "--kind", .value = "KIND", .required = true, .help = "feature, patch, emergency"},
    {.name = "--changes",
     .value = "FILE",
     .help = "JSON: [{\"kind\": \"fix\" or \"security\", \"id\": …, \"text\": …}]"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option reason_options[] = {
    {.name = "--reason", .value = "TEXT", .required = true, .help = "why"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option number_options[] = {
    {.name = "--next", .value = "N", .required = true, .help = "the next targets version"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_option save_options[] = {CLI_DEPOT_SAVE_OPTIONS, CLI_DEPOT_OPTIONS, {0}};

static const char *const list_queries[] = {"--state", "--build", "--before", "--limit", NULL};
static const struct cli_depot_member pipeline_members[] = {{"--file", NULL, CLI_DEPOT_JSON}, {0}};
static const struct cli_depot_member approve_members[] = {
    {"--stage", "stage", CLI_DEPOT_TEXT},
    {"--comment", "comment", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member kind_members[] = {
    {"--kind", "kind", CLI_DEPOT_TEXT},
    {"--changes", "changes", CLI_DEPOT_JSON},
    {0},
};
static const struct cli_depot_member reason_members[] = {
    {"--reason", "reason", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member number_members[] = {
    {"--next", "next", CLI_DEPOT_NUMBER},
    {0},
};
static const struct cli_depot_member no_members[] = {{0}};
static const char *const release_columns[] = {"version", "release_version", "stage",  "channel",
                                              "kind",    "state",           "reason", NULL};

static const struct cli_depot_verb verbs[] = {
    {"list", "GET", OF_PRODUCT "/releases", NULL, list_queries, "releases", release_columns},
    {"show", "GET", OF_PRODUCT "/releases/{1}", NULL, NULL, NULL, NULL},
    {"bundle", "GET", OF_PRODUCT "/releases/{1}/bundle", NULL, NULL, CLI_DEPOT_BYTES, NULL},
    {"withdraw", "POST", OF_PRODUCT "/releases/{1}/withdraw", reason_members, NULL, NULL, NULL},
    {"number", "PUT", OF_PRODUCT "/release-number", number_members, NULL, NULL, NULL},
    {"pipeline", "GET", OF_PRODUCT "/pipeline", NULL, NULL, NULL, NULL},
    {"set-pipeline", "PUT", OF_PRODUCT "/pipeline", pipeline_members, NULL, NULL, NULL},
    {"approve", "POST", OF_BUILD "/approve", approve_members, NULL, NULL, NULL},
    {"kind", "POST", OF_BUILD "/kind", kind_members, NULL, NULL, NULL},
    {"retry", "POST", OF_BUILD "/retry", no_members, NULL, NULL, NULL},
    {"withdraw-build", "POST", OF_BUILD "/withdraw", reason_members, NULL, NULL, NULL},
    {0},
};

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

/* A command with as many names as it needs. */
#define COMMAND(word, words, count, choices, what, more)                                           \
    COMMAND_OF(word, words, count, choices, what, more, run)
#define COMMAND_OF(word, words, count, choices, what, more, runs)                                  \
    {                                                                                              \
        .verb = word, .usage = "slipway release " word, .summary = what,                           \
        .synopsis = words "\n" CLI_DEPOT_SYNOPSIS, .positionals_min = count,                       \
        .positionals_max = count, .options = choices, .about = more, .run = runs                   \
    }

static const struct cli_command commands[] = {
    COMMAND("list", "PRODUCT [--state STATE] [--build BUILD] [--before N] [--limit N]", 1,
            list_options, "releases: signed, published, withdrawn", NULL),
    COMMAND("show", "PRODUCT RELEASE", 2, plain_options, "show a release", NULL),
    {
        .verb = "status",
        .usage = "slipway release status",
        .summary = "where a build stands, and what its next stage waits for",
        .synopsis =
            "PRODUCT BUILD [--watch [--until STAGE] [--every DURATION]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_release_status_options,
        .about = "With --watch a line for each change, until the build is in the stage (exit code "
                 "0),\n"
                 "or failed or was withdrawn (7).",
        .examples = "slipway release status lamp 1a2b… --watch --until candidate",
        .run = cli_release_status,
    },
    COMMAND("approve", "PRODUCT BUILD --stage STAGE [--comment TEXT]", 2, approve_options,
            "let a build into a stage, as one of those whose approval it needs",
            "It is not a signature's approval: that is signed on your machine, by\n"
            "`slipway sign approve`."),
    COMMAND("kind", "PRODUCT BUILD --kind KIND [--changes FILE]", 2, kind_options,
            "say that a build is a feature, a patch or an emergency",
            "A patch's list of changes holds fixes alone; an emergency passes the gates of\n"
            "`emergency` instead of soak, health and approvals."),
    COMMAND("retry", "PRODUCT BUILD", 2, plain_options, "let a failed build go on", NULL),
    COMMAND("withdraw", "PRODUCT RELEASE --reason TEXT", 2, reason_options,
            "stop offering a release, at once", NULL),
    COMMAND("withdraw-build", "PRODUCT BUILD --reason TEXT", 2, reason_options,
            "take a build off its way, and withdraw all of its releases", NULL),
    COMMAND("bundle", "PRODUCT RELEASE [--output FILE [--force]]", 2, save_options,
            "fetch a release's signed bundle", NULL),
    {
        .verb = "drill",
        .usage = "slipway release drill",
        .summary = "rehearse an emergency, from the request to what clients find",
        .synopsis = "PRODUCT BUILD [--watch [--every DURATION]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_release_drill_options,
        .about =
            "It is signed by the last stage's key, with its approvals, and published for the\n"
            "channel drill, which no device follows. With --watch a line for each change, and how\n"
            "long each step took, until it is published (exit code 0) or refused (7).",
        .examples = "slipway release drill lamp 1a2b… --watch",
        .run = cli_release_drill,
    },
    COMMAND_OF("readiness", "PRODUCT", 1, plain_options, "whether an emergency could go out now",
               "Exit code 7 when something stands in its way. Steps are those of the last drill.",
               cli_release_readiness),
    COMMAND("pipeline", "PRODUCT", 1, plain_options, "show the product's pipeline", NULL),
    COMMAND("set-pipeline", "PRODUCT --file FILE", 1, pipeline_options,
            "set the product's pipeline (administrators)",
            "Builds that have begun keep the one that they began under."),
    COMMAND("number", "PRODUCT --next N", 1, number_options,
            "raise the number that the next release gets",
            "For a product that had releases before it came to this depot."),
    {0},
};

const struct cli_noun cli_release_noun = {
    .name = "release",
    .usage = "slipway release",
    .summary = "take builds of a depot through their stages, withdraw releases",
    .commands = commands,
};
