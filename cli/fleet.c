/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway fleet`: groups, enrolment tokens and devices of a product (spec/DEPOT.md, section 7). */
#include "commands.h"
#include "depot_verb.h"

#define OF_PRODUCT "/api/v1/products/{0}"

static const struct cli_option plain_options[] = {CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option group_options[] = {
    {.name = "--query",
     .value = "FILE",
     .required = true,
     .help = "JSON: {\"all\": [{\"tag\": \"kitchen\"}]}"},
    {.name = "--consent",
     .value = "HOW",
     .required = true,
     .help = "who agrees to updates: ask (on the device), administrator, automatic"},
    {.name = "--windows",
     .value = "FILE",
     .help = "JSON: [{\"days\": [\"mon\"], \"from\": \"23:00\", \"to\": \"02:00\"}] (always)"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option token_options[] = {
    {.name = "--title", .value = "TEXT", .required = true, .help = "what it is for"},
    {.name = "--class", .value = "CLASS", .required = true, .help = "dev, test, prod"},
    {.name = "--channel", .value = "NAME", .required = true, .help = "what its devices follow"},
    {.name = "--tag", .value = "TAG", .repeated = true, .help = "that its devices get"},
    {.name = "--uses", .value = "N", .help = "how many devices (1)"},
    {.name = "--expires", .value = "DURATION", .help = "for how long it is good (7d)"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_depot_member group_members[] = {
    {"--query", "query", CLI_DEPOT_JSON},
    {"--consent", "consent", CLI_DEPOT_TEXT},
    {"--windows", "windows", CLI_DEPOT_JSON},
    {0},
};
static const struct cli_depot_member token_members[] = {
    {"--title", "title", CLI_DEPOT_TEXT},
    {"--class", "class", CLI_DEPOT_TEXT},
    {"--channel", "channel", CLI_DEPOT_TEXT},
    {"--tag", "tags", CLI_DEPOT_WORDS},
    {"--uses", "uses", CLI_DEPOT_NUMBER},
    {"--expires", "expires_s", CLI_DEPOT_SECONDS},
    {0},
};

static const char *const group_columns[] = {"name", "consent", "query", "windows", NULL};
static const char *const token_columns[] = {"id",   "title",     "class",   "channel",
                                            "tags", "uses_left", "expires", NULL};

static const struct cli_depot_verb verbs[] = {
    {"groups", "GET", OF_PRODUCT "/groups", NULL, NULL, "groups", group_columns},
    {"group", "GET", OF_PRODUCT "/groups/{1}", NULL, NULL, NULL, NULL},
    {"set-group", "PUT", OF_PRODUCT "/groups/{1}", group_members, NULL, NULL, NULL},
    {"remove-group", "DELETE", OF_PRODUCT "/groups/{1}", NULL, NULL, NULL, NULL},
    {"tokens", "GET", OF_PRODUCT "/enrolment-tokens", NULL, NULL, "enrolment_tokens",
     token_columns},
    {"create-token", "POST", OF_PRODUCT "/enrolment-tokens", token_members, NULL, NULL, NULL},
    {"revoke-token", "DELETE", OF_PRODUCT "/enrolment-tokens/{1}", NULL, NULL, NULL, NULL},
    {0},
};

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

/* A command whose words are names alone. */
#define PLAIN(word, words, count, what)                                                            \
    {                                                                                              \
        .verb = word, .usage = "slipway fleet " word, .summary = what,                             \
        .synopsis = words "\n" CLI_DEPOT_SYNOPSIS, .positionals_min = count,                       \
        .positionals_max = count, .options = plain_options, .run = run                             \
    }

static const struct cli_command commands[] = {
    PLAIN("groups", "PRODUCT", 1, "groups of devices, which rollouts are for"),
    PLAIN("group", "PRODUCT GROUP", 2, "show a group"),
    {
        .verb = "set-group",
        .usage = "slipway fleet set-group",
        .summary = "make a group, or change it",
        .synopsis =
            "PRODUCT GROUP --query FILE --consent HOW [--windows FILE]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = group_options,
        .about =
            "A group is a query over hardware, class, channel, version, what devices report, and\n"
            "tags; {\"all\": []} has every device. A FILE may be /dev/stdin.",
        .examples = "echo '{\"all\": [{\"tag\": \"kitchen\"}]}' |\n"
                    "    slipway fleet set-group lamp kitchens --query /dev/stdin --consent "
                    "automatic",
        .run = run,
    },
    PLAIN("remove-group", "PRODUCT GROUP", 2, "remove a group that no rollout needs"),
    PLAIN("tokens", "PRODUCT", 1, "enrolment tokens: what they give, and how often"),
    {
        .verb = "create-token",
        .usage = "slipway fleet create-token",
        .summary = "make a token that enrols devices without anybody's approval",
        .synopsis = "PRODUCT --title TEXT --class CLASS --channel NAME [--tag TAG…] [--uses N]\n"
                    "      [--expires DURATION]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = token_options,
        .about = "It is shown this once. Devices of class prod are enrolled by release managers.",
        .examples = "slipway fleet create-token lamp --title 'line 3' --class prod --channel "
                    "stable --uses 5000 --expires 1d",
        .run = run,
    },
    PLAIN("revoke-token", "PRODUCT TOKEN", 2, "let a token enrol nobody any more"),
    {0},
};

const struct cli_noun cli_fleet_noun = {
    .name = "fleet",
    .usage = "slipway fleet",
    .summary = "devices of a depot: groups, enrolment, approval",
    .commands = commands,
};
