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

#define BEFORE_OPTION                                                                              \
    {                                                                                              \
        .name = "--before", .value = "N", .help = "go on behind this one"                          \
    }

#define FILTER_OPTIONS                                                                             \
    {.name = "--state", .value = "STATE", .help = "registered, pending, enrolled, revoked"},       \
        {.name = "--name", .value = "PREFIX", .help = "whose names begin so"},                     \
        {.name = "--tag", .value = "TAG", .help = "that have it"},                                 \
        {.name = "--class", .value = "CLASS", .help = "dev, test, prod"},                          \
        {.name = "--hardware", .value = "ID", .help = "of this board"},                            \
        {.name = "--channel", .value = "NAME", .help = "that follow it"},                          \
        {.name = "--version", .value = "N", .help = "that run this release"},                      \
        {.name = "--boot-state", .value = "STATE", .help = "confirmed, trial, rolled-back"},       \
        {.name = "--healthy", .value = "0|1", .help = "that aren't, or are"},                      \
        {.name = "--online", .value = "0|1", .help = "that aren't, or are"},                       \
    {                                                                                              \
        .name = "--replacement", .value = "0|1", .help = "whose new key waits for somebody"        \
    }

static const struct cli_option devices_options[] = {
    FILTER_OPTIONS,
    {.name = "--after", .value = "DEVICE", .help = "go on behind this one"},
    {.name = "--limit", .value = "N", .help = "at most so many"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option export_options[] = {
    {.name = "--format", .value = "csv|json", .required = true, .help = "how it is written"},
    CLI_DEPOT_SAVE_OPTIONS,
    FILTER_OPTIONS,
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option register_options[] = {
    {.name = "--key", .value = "FILE", .required = true, .help = "the device's public key"},
    {.name = "--class", .value = "CLASS", .required = true, .help = "dev, test, prod"},
    {.name = "--hardware", .value = "ID", .required = true, .help = "its board"},
    {.name = "--channel", .value = "NAME", .required = true, .help = "what it follows"},
    {.name = "--tag", .value = "TAG", .repeated = true, .help = "that it gets"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option change_options[] = {
    {.name = "--channel", .value = "NAME", .help = "what it follows from now on"},
    {.name = "--pin", .value = "N", .help = "stay on this release; 0: no more"},
    {.name = "--tag", .value = "TAG", .repeated = true, .help = "all that it has from now on"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option approve_options[] = {
    {.name = "--key",
     .value = "ID",
     .required = true,
     .help = "id of the key that you let in, as `slipway fleet device` shows it"},
    {.name = "--channel",
     .value = "NAME",
     .help = "what it follows; must be given while it follows none"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option history_options[] = {BEFORE_OPTION, CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option consent_options[] = {
    {.name = "--device", .value = "DEVICE", .help = "for this one"},
    {.name = "--group", .value = "GROUP", .help = "for all of these"},
    {.name = "--release", .value = "N", .required = true, .help = "to this release"},
    {.name = "--decision", .value = "yes|no", .required = true, .help = "what is agreed"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const devices_queries[] = {
    "--state",       "--name",    "--tag",        "--class",   "--hardware",
    "--channel",     "--version", "--boot-state", "--healthy", "--online",
    "--replacement", "--after",   "--limit",      NULL,
};
static const char *const export_queries[] = {
    "--format",   "--state",       "--name",    "--tag",        "--class",
    "--hardware", "--channel",     "--version", "--boot-state", "--healthy",
    "--online",   "--replacement", NULL,
};
static const char *const before_queries[] = {"--before", NULL};
static const struct cli_depot_member register_members[] = {
    {"1", "device", CLI_DEPOT_POSITION},
    {"--key", "key", CLI_DEPOT_CONTENT},
    {"--class", "class", CLI_DEPOT_TEXT},
    {"--hardware", "hardware", CLI_DEPOT_TEXT},
    {"--channel", "channel", CLI_DEPOT_TEXT},
    {"--tag", "tags", CLI_DEPOT_WORDS},
    {0},
};
static const struct cli_depot_member change_members[] = {
    {"--channel", "channel", CLI_DEPOT_TEXT},
    {"--pin", "pin", CLI_DEPOT_NUMBER},
    {"--tag", "tags", CLI_DEPOT_SOME},
    {0},
};
static const struct cli_depot_member pin_members[] = {{"2", "pin", CLI_DEPOT_PLACE}, {0}};
static const struct cli_depot_member approve_members[] = {
    {"--key", "key", CLI_DEPOT_TEXT},
    {"--channel", "channel", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member consent_members[] = {
    {"--device", "device", CLI_DEPOT_TEXT},
    {"--group", "group", CLI_DEPOT_TEXT},
    {"--release", "release", CLI_DEPOT_NUMBER},
    {"--decision", "decision", CLI_DEPOT_TEXT},
    {0},
};
static const char *const update_columns[] = {"time", "version", "count", NULL};
static const char *const device_columns[] = {"device",  "state",   "class",      "hardware",
                                             "channel", "version", "boot_state", "healthy",
                                             "online",  "seen",    "tags",       NULL};
static const char *const history_columns[] = {"time", "kind", "release", "result", "reason", NULL};
static const char *const log_columns[] = {"id", "time", NULL};
static const char *const consent_columns[] = {"id",      "time",     "device", "group",
                                              "release", "decision", "who",    NULL};

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

#define OF_DEVICE OF_PRODUCT "/devices/{1}"

static const struct cli_depot_verb verbs[] = {
    {"summary", "GET", OF_PRODUCT "/fleet", NULL, NULL, NULL, NULL},
    {"versions", "GET", OF_PRODUCT "/fleet/versions", NULL, NULL, "updates", update_columns},
    {"export", "GET", OF_PRODUCT "/fleet/export", NULL, export_queries, CLI_DEPOT_BYTES, NULL},
    {"devices", "GET", OF_PRODUCT "/devices", NULL, devices_queries, "devices", device_columns},
    {"device", "GET", OF_DEVICE, NULL, NULL, NULL, NULL},
    {"history", "GET", OF_DEVICE "/history", NULL, before_queries, "history", history_columns},
    {"register", "POST", OF_PRODUCT "/devices", register_members, NULL, NULL, NULL},
    {"change", "PATCH", OF_DEVICE, change_members, NULL, NULL, NULL},
    {"pin", "PATCH", OF_DEVICE, pin_members, NULL, NULL, NULL},
    {"approve", "POST", OF_DEVICE "/approve", approve_members, NULL, NULL, NULL},
    {"reject", "POST", OF_DEVICE "/reject", NULL, NULL, NULL, NULL},
    {"revoke", "POST", OF_DEVICE "/revoke", NULL, NULL, NULL, NULL},
    {"ask-log", "POST", OF_DEVICE "/ask-log", NULL, NULL, NULL, NULL},
    {"logs", "GET", OF_DEVICE "/logs", NULL, NULL, "logs", log_columns},
    {"log", "GET", OF_DEVICE "/logs/{2}", NULL, NULL, NULL, NULL},
    {"consents", "GET", OF_PRODUCT "/consents", NULL, before_queries, "consents", consent_columns},
    {"consent", "POST", OF_PRODUCT "/consents", consent_members, NULL, NULL, NULL},
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

#define WITH(word, words, count, choices, what, more)                                              \
    {                                                                                              \
        .verb = word, .usage = "slipway fleet " word, .summary = what,                             \
        .synopsis = words "\n" CLI_DEPOT_SYNOPSIS, .positionals_min = count,                       \
        .positionals_max = count, .options = choices, .about = more, .run = run                    \
    }

static const struct cli_command commands[] = {
    PLAIN("summary", "PRODUCT", 1, "how many devices there are, online, failing, by version"),
    PLAIN("versions", "PRODUCT", 1, "how devices came to their versions, over time"),
    WITH("export", "PRODUCT --format csv|json [--output FILE] [FILTER…]", 1, export_options,
         "take the list of devices away, as a table or as JSON", "At most 20,000 of them."),
    WITH("devices", "PRODUCT [FILTER…]", 1, devices_options, "devices, by what they are and run",
         NULL),
    PLAIN("device", "PRODUCT DEVICE", 2, "show a device: its keys, slots, state"),
    WITH("history", "PRODUCT DEVICE [--before N]", 2, history_options, "what a device reported",
         "N is the time of the last one that you know, in microseconds since 1970."),
    WITH("register",
         "PRODUCT DEVICE --key FILE --class CLASS --hardware ID --channel NAME [--tag TAG…]", 2,
         register_options, "tell of a device before it comes, by its public key", NULL),
    WITH("change", "PRODUCT DEVICE [--channel NAME] [--pin N] [--tag TAG…]", 2, change_options,
         "change a device's channel, tags, or the release that it stays on", NULL),
    PLAIN("pin", "PRODUCT DEVICE RELEASE", 3,
          "keep a device from going beyond a release; 0: no more"),
    WITH("approve", "PRODUCT DEVICE --key ID [--channel NAME]", 2, approve_options,
         "let a device in that waits, or its new key",
         "You name the key, so that it isn't whichever came last."),
    PLAIN("reject", "PRODUCT DEVICE", 2, "turn away what waits"),
    PLAIN("revoke", "PRODUCT DEVICE", 2, "shut a device out"),
    PLAIN("ask-log", "PRODUCT DEVICE", 2, "ask a device for its log"),
    PLAIN("logs", "PRODUCT DEVICE", 2, "the logs that it sent"),
    PLAIN("log", "PRODUCT DEVICE LOG", 3, "show one"),
    PLAIN("consents", "PRODUCT", 1, "who agreed to what, and when"),
    WITH("consent", "PRODUCT (--device DEVICE | --group GROUP) --release N --decision yes|no", 1,
         consent_options, "agree to a release for others, where their group has it so", NULL),
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
