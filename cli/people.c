/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway people`: accounts of the depot, their roles and tokens, and what was changed everywhere
 * (spec/DEPOT.md, section 3). What a person does with their own password and second factor takes a
 * session, which is the page's. */
#include "people.h"

#include "commands.h"
#include "depot_verb.h"

#define PERSON "/api/v1/people/{0}"
#define ROLE_OPTION                                                                                \
    {                                                                                              \
        .name = "--role", .value = "PRODUCT:ROLE", .repeated = true,                               \
        .help = "lamp:developer, *:viewer; none: no roles"                                         \
    }

static const struct cli_option plain_options[] = {CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option role_options[] = {ROLE_OPTION, CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option accept_options[] = {
    {.name = "--secret-file",
     .value = "FILE",
     .required = true,
     .help = "whose first line is the invitation"},
    {.name = "--password-file",
     .value = "FILE",
     .required = true,
     .help = "whose first line is to be your password, 10 to 256 bytes"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option tokens_options[] = {
    {.name = "--everybody", .help = "not your own alone (administrators)"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option trail_options[] = {
    {.name = "--who", .value = "NAME", .help = "only what this person did"},
    {.name = "--action", .value = "ACTION", .help = "only this: people.disable"},
    {.name = "--product", .value = "PRODUCT", .help = "only in this one"},
    {.name = "--after", .value = "N", .help = "the ones behind this one, oldest first"},
    {.name = "--before", .value = "N", .help = "the ones before it, newest first"},
    {.name = "--limit", .value = "N", .help = "at most so many"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const tokens_queries[] = {"--everybody", NULL};
static const char *const trail_queries[] = {"--who",    "--action", "--product", "--after",
                                            "--before", "--limit",  NULL};
static const struct cli_depot_member invite_members[] = {
    {"0", "name", CLI_DEPOT_POSITION},
    {"person", "kind", CLI_DEPOT_WORD},
    {"--role", "roles", CLI_DEPOT_GRANTS},
    {0},
};
static const struct cli_depot_member machine_members[] = {
    {"0", "name", CLI_DEPOT_POSITION},
    {"machine", "kind", CLI_DEPOT_WORD},
    {"--role", "roles", CLI_DEPOT_GRANTS},
    {0},
};
static const struct cli_depot_member role_members[] = {{"--role", "roles", CLI_DEPOT_GRANTS}, {0}};
static const struct cli_depot_member accept_members[] = {
    {"--secret-file", "secret", CLI_DEPOT_LINE},
    {"--password-file", "password", CLI_DEPOT_LINE},
    {0},
};
static const char *const people_columns[] = {"name",     "machine", "totp",  "invited",
                                             "disabled", "locked",  "roles", NULL};
static const char *const token_columns[] = {"id",      "person", "title", "expires",
                                            "revoked", "roles",  NULL};
static const char *const trail_columns[] = {"number",  "time",    "who",    "action",
                                            "product", "subject", "detail", NULL};

static const struct cli_depot_verb verbs[] = {
    {"list", "GET", "/api/v1/people", NULL, NULL, "people", people_columns},
    {"invite", "POST", "/api/v1/people", invite_members, NULL, NULL, NULL},
    {"create-machine", "POST", "/api/v1/people", machine_members, NULL, NULL, NULL},
    {"accept", "POST", "/api/v1/invitation", accept_members, NULL, NULL, NULL},
    {"invite-again", "POST", PERSON "/invitation", NULL, NULL, NULL, NULL},
    {"set-roles", "PUT", PERSON "/roles", role_members, NULL, NULL, NULL},
    {"disable", "POST", PERSON "/disable", NULL, NULL, NULL, NULL},
    {"enable", "POST", PERSON "/enable", NULL, NULL, NULL, NULL},
    {"unlock", "POST", PERSON "/unlock", NULL, NULL, NULL, NULL},
    {"remove-totp", "DELETE", PERSON "/totp", NULL, NULL, NULL, NULL},
    {"tokens", "GET", "/api/v1/tokens", NULL, tokens_queries, "tokens", token_columns},
    {"revoke-token", "DELETE", "/api/v1/tokens/{0}", NULL, NULL, NULL, NULL},
    {"whoami", "GET", "/api/v1/session", NULL, NULL, NULL, NULL},
    {"trail", "GET", "/api/v1/audit", NULL, trail_queries, "entries", trail_columns},
    {0},
};

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

#define COMMAND(word, words, count, choices, what, more)                                           \
    {                                                                                              \
        .verb = word, .usage = "slipway people " word, .summary = what,                            \
        .synopsis = words CLI_DEPOT_SYNOPSIS, .positionals_min = count, .positionals_max = count,  \
        .options = choices, .about = more, .run = run                                              \
    }

static const struct cli_command commands[] = {
    COMMAND("list", "", 0, plain_options, "accounts, what is up with them, and their roles", NULL),
    COMMAND("invite", "NAME [--role PRODUCT:ROLE…]\n", 1, role_options,
            "make an account for a person, with an invitation",
            "The invitation is good for 72 hours, once, and shown this once."),
    COMMAND("create-machine", "NAME [--role PRODUCT:ROLE…]\n", 1, role_options,
            "make an account for a machine, by its certificate's common name",
            "Machines can't be approver or administrator."),
    COMMAND("accept", "--secret-file FILE --password-file FILE\n", 0, accept_options,
            "set your password, by the invitation that you got", NULL),
    COMMAND("invite-again", "NAME\n", 1, plain_options,
            "give somebody another invitation: they lost their password", NULL),
    COMMAND("set-roles", "NAME [--role PRODUCT:ROLE…]\n", 1, role_options,
            "say which roles somebody has, in all products, and no others",
            "Of one product alone: `slipway product grant`."),
    COMMAND("disable", "NAME\n", 1, plain_options,
            "shut somebody out: their sessions and tokens end", NULL),
    COMMAND("enable", "NAME\n", 1, plain_options, "let somebody in again", NULL),
    COMMAND("unlock", "NAME\n", 1, plain_options, "forget the wrong passwords of an account", NULL),
    COMMAND("remove-totp", "NAME\n", 1, plain_options,
            "take away a second factor that somebody lost", NULL),
    COMMAND("tokens", "[--everybody]\n", 0, tokens_options,
            "API tokens: whose, what for, and until when",
            "A token makes no tokens: they are made on the page, or by create-token."),
    {
        .verb = "create-token",
        .usage = "slipway people create-token",
        .summary = "make an API token of yours, by your password",
        .synopsis = "NAME --password-file FILE [--code DIGITS] --title TEXT --role PRODUCT:ROLE…\n"
                    "      [--expires DURATION] --output FILE [--force]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_people_token_options,
        .about = "Logs in as NAME, and out again. It may at most what you may, at each use.",
        .examples = "slipway people create-token ada --password-file password --title runner "
                    "--role lamp:developer -o runner.token",
        .run = cli_people_create_token,
    },
    COMMAND("revoke-token", "TOKEN\n", 1, plain_options, "end a token, by its number", NULL),
    COMMAND("whoami", "", 0, plain_options, "who you are for the depot, and what you may", NULL),
    COMMAND("trail",
            "[--who NAME] [--action ACTION] [--product PRODUCT] [--after N | --before N]\n"
            "      [--limit N]\n",
            0, trail_options, "the audit trail of everything (viewers of *)", NULL),
    {0},
};

const struct cli_noun cli_people_noun = {
    .name = "people",
    .usage = "slipway people",
    .summary = "accounts of a depot: invitations, roles, tokens, the trail of all changes",
    .commands = commands,
};
