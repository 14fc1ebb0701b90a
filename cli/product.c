/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway product`: products of the depot, their people, builds and artifacts, and what happened
 * (spec/DEPOT.md, sections 3 and 4). */
#include "product.h"

#include "commands.h"
#include "depot_verb.h"

#define OF_PRODUCT "/api/v1/products/{0}"
#define LIMIT_OPTION                                                                               \
    {                                                                                              \
        .name = "--limit", .value = "N", .help = "at most so many"                                 \
    }
#define PRODUCT_OPTIONS                                                                            \
    {.name = "--title", .value = "TEXT", .help = "what people read"},                              \
        {.name = "--keep-days",                                                                    \
         .value = "N",                                                                             \
         .help = "how long builds that got nowhere are kept (90)"},                                \
    {                                                                                              \
        .name = "--log-days", .value = "N", .help = "how long logs of devices are kept (30)"       \
    }

static const struct cli_option plain_options[] = {CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option product_options[] = {PRODUCT_OPTIONS, CLI_DEPOT_OPTIONS, {0}};
static const struct cli_option grant_options[] = {
    {.name = "--role",
     .value = "ROLE",
     .repeated = true,
     .required = true,
     .help = "viewer, developer, release-manager, approver, administrator"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option builds_options[] = {
    {.name = "--state", .value = "STATE", .help = "only those in this one: candidate"},
    {.name = "--before", .value = "BUILD", .help = "go on behind this one"},
    LIMIT_OPTION,
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option artifacts_options[] = {
    {.name = "--build", .value = "BUILD", .help = "only those of this one"},
    {.name = "--kind",
     .value = "KIND",
     .help = "only endorsement, test-result, sbom, log or bundle"},
    {.name = "--before", .value = "N", .help = "go on behind this one"},
    LIMIT_OPTION,
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option affected_options[] = {
    {.name = "--id", .value = "ADVISORY", .help = "an advisory that the depot has: OSV-2024-1"},
    {.name = "--purl", .value = "PURL", .help = "a package: pkg:generic/zlib@1.2.11"},
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option events_options[] = {
    {.name = "--kind", .value = "KIND", .help = "build, job, stage, signing, release, rollout, …"},
    {.name = "--subject", .value = "NAME", .help = "only about this"},
    {.name = "--after", .value = "N", .help = "the ones behind this one, oldest first"},
    {.name = "--before", .value = "N", .help = "the ones before it, newest first"},
    LIMIT_OPTION,
    CLI_DEPOT_OPTIONS,
    {0},
};
static const struct cli_option audit_options[] = {
    {.name = "--who", .value = "NAME", .help = "only what this person did"},
    {.name = "--action", .value = "ACTION", .help = "only this: rollout.halt"},
    {.name = "--after", .value = "N", .help = "the ones behind this one, oldest first"},
    {.name = "--before", .value = "N", .help = "the ones before it, newest first"},
    LIMIT_OPTION,
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_option save_options[] = {CLI_DEPOT_SAVE_OPTIONS, CLI_DEPOT_OPTIONS, {0}};

static const char *const builds_queries[] = {"--state", "--before", "--limit", NULL};
static const char *const artifacts_queries[] = {"--build", "--kind", "--before", "--limit", NULL};
static const char *const affected_queries[] = {"--id", "--purl", NULL};
static const char *const events_queries[] = {"--kind",   "--subject", "--after",
                                             "--before", "--limit",   NULL};
static const char *const audit_queries[] = {"--who",    "--action", "--after",
                                            "--before", "--limit",  NULL};

static const struct cli_depot_member create_members[] = {
    {"0", "name", CLI_DEPOT_POSITION},
    {"--title", "title", CLI_DEPOT_TEXT},
    {"--keep-days", "keep_days", CLI_DEPOT_NUMBER},
    {"--log-days", "log_days", CLI_DEPOT_NUMBER},
    {0},
};
static const struct cli_depot_member grant_members[] = {{"--role", "roles", CLI_DEPOT_WORDS}, {0}};

static const char *const product_columns[] = {"name", "title", "keep_days", "log_days", NULL};
static const char *const people_columns[] = {"name",    "product",  "role",
                                             "machine", "disabled", NULL};
static const char *const build_columns[] = {"id", "state", "version", "build_type", "made", NULL};
static const char *const artifact_columns[] = {"id",      "kind", "build",   "name",
                                               "outcome", "made", "made_by", NULL};
static const char *const package_columns[] = {"name", "version", "purl", NULL};
static const char *const affected_columns[] = {"id", "packages", "releases", NULL};
static const char *const event_columns[] = {"id", "time", "kind", "subject", "data", NULL};
static const char *const audit_columns[] = {"number",  "time",   "who", "action",
                                            "subject", "detail", NULL};

static const struct cli_depot_verb verbs[] = {
    {"list", "GET", "/api/v1/products", NULL, NULL, "products", product_columns},
    {"show", "GET", OF_PRODUCT, NULL, NULL, NULL, NULL},
    {"create", "POST", "/api/v1/products", create_members, NULL, NULL, NULL},
    {"change", "PATCH", OF_PRODUCT, create_members + 1, NULL, NULL, NULL},
    {"people", "GET", OF_PRODUCT "/people", NULL, NULL, "people", people_columns},
    {"grant", "PUT", OF_PRODUCT "/people/{1}", grant_members, NULL, NULL, NULL},
    {"revoke", "PUT", OF_PRODUCT "/people/{1}", grant_members, NULL, NULL, NULL},
    {"builds", "GET", OF_PRODUCT "/builds", NULL, builds_queries, "builds", build_columns},
    {"build", "GET", OF_PRODUCT "/builds/{1}", NULL, NULL, NULL, NULL},
    {"bundle", "GET", OF_PRODUCT "/builds/{1}/bundle", NULL, NULL, CLI_DEPOT_BYTES, NULL},
    {"artifact", "GET", OF_PRODUCT "/artifacts/{1}/content", NULL, NULL, CLI_DEPOT_BYTES, NULL},
    {"artifacts", "GET", OF_PRODUCT "/artifacts", NULL, artifacts_queries, "artifacts",
     artifact_columns},
    {"packages", "GET", OF_PRODUCT "/builds/{1}/packages", NULL, NULL, "packages", package_columns},
    {"affected", "GET", OF_PRODUCT "/affected", NULL, affected_queries, "builds", affected_columns},
    {"events", "GET", OF_PRODUCT "/events", NULL, events_queries, "events", event_columns},
    {"trail", "GET", OF_PRODUCT "/audit", NULL, audit_queries, "entries", audit_columns},
    {0},
};

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

static const struct cli_command commands[] = {
    {
        .verb = "list",
        .usage = "slipway product list",
        .summary = "the products that you may see",
        .synopsis = CLI_DEPOT_SYNOPSIS,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "show",
        .usage = "slipway product show",
        .summary = "show a product",
        .synopsis = "PRODUCT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "create",
        .usage = "slipway product create",
        .summary = "make a product (administrators)",
        .synopsis = "PRODUCT [--title TEXT] [--keep-days N] [--log-days N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = product_options,
        .examples = "slipway product create lamp --title 'The lamp'",
        .run = run,
    },
    {
        .verb = "change",
        .usage = "slipway product change",
        .summary = "change a product's title, and how long things are kept",
        .synopsis = "PRODUCT [--title TEXT] [--keep-days N] [--log-days N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = product_options,
        .run = run,
    },
    {
        .verb = "people",
        .usage = "slipway product people",
        .summary = "who has which role in it",
        .synopsis = "PRODUCT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "grant",
        .usage = "slipway product grant",
        .summary = "say which roles somebody has in it, and no others",
        .synopsis = "PRODUCT PERSON --role ROLE…\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = grant_options,
        .examples = "slipway product grant lamp ada --role release-manager --role approver",
        .run = run,
    },
    {
        .verb = "revoke",
        .usage = "slipway product revoke",
        .summary = "take all roles in it away from somebody",
        .synopsis = "PRODUCT PERSON\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "upload",
        .usage = "slipway product upload",
        .summary = "upload bundles, endorsements, test results, SBOMs, logs",
        .synopsis = "PRODUCT FILE… [--kind KIND] [--build BUILD | --job N] [--name "
                    "NAME]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 64,
        .options = cli_product_upload_options,
        .about =
            "A bundle without a signature makes a build; its id is printed. An upload that was\n"
            "interrupted goes on where it broke off, and the same again changes nothing.",
        .examples = "slipway product upload lamp app.bundle\n"
                    "slipway product upload lamp app.spdx.json --kind sbom --build 1a2b…\n"
                    "slipway product upload lamp result.json --kind test-result",
        .run = cli_product_upload,
    },
    {
        .verb = "builds",
        .usage = "slipway product builds",
        .summary = "its builds, the newest first",
        .synopsis = "PRODUCT [--state STATE] [--before BUILD] [--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = builds_options,
        .run = run,
    },
    {
        .verb = "build",
        .usage = "slipway product build",
        .summary = "show a build and what is known about it",
        .synopsis = "PRODUCT BUILD\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "bundle",
        .usage = "slipway product bundle",
        .summary = "fetch the unsigned bundle of a build",
        .synopsis = "PRODUCT BUILD [--output FILE [--force]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = save_options,
        .run = run,
    },
    {
        .verb = "artifact",
        .usage = "slipway product artifact",
        .summary = "fetch an endorsement, a test result, an SBOM or a log",
        .synopsis = "PRODUCT ARTIFACT [--output FILE [--force]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = save_options,
        .run = run,
    },
    {
        .verb = "artifacts",
        .usage = "slipway product artifacts",
        .summary = "what was uploaded about its builds",
        .synopsis =
            "PRODUCT [--build BUILD] [--kind KIND] [--before N] [--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = artifacts_options,
        .run = run,
    },
    {
        .verb = "packages",
        .usage = "slipway product packages",
        .summary = "what the SBOMs of a build say is in it",
        .synopsis = "PRODUCT BUILD\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = run,
    },
    {
        .verb = "affected",
        .usage = "slipway product affected",
        .summary = "which builds and devices contain a package or what an advisory is about",
        .synopsis = "PRODUCT (--id ADVISORY | --purl PURL)\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = affected_options,
        .examples = "slipway product affected lamp --purl pkg:generic/zlib@1.2.11",
        .run = run,
    },
    {
        .verb = "jobs",
        .usage = "slipway product jobs",
        .summary = "its jobs, the newest first",
        .synopsis = "PRODUCT [--state STATE] [--build BUILD] [--job NAME] [--before N] [--limit "
                    "N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_product_jobs_options,
        .run = cli_product_jobs,
    },
    {
        .verb = "job",
        .usage = "slipway product job",
        .summary = "show a job, its attempts, and how they went",
        .synopsis = "PRODUCT N [--watch [--every DURATION]]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_product_job_options,
        .about = "With --watch a line for each change, until it is over: exit code 0 for passed or "
                 "warned,\n"
                 "7 for every other end.",
        .run = cli_product_job,
    },
    {
        .verb = "run",
        .usage = "slipway product run",
        .summary = "start a job by hand",
        .synopsis =
            "PRODUCT JOB [--build BUILD | --ref REF [--commit HEX]] [--watch]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_product_run_options,
        .about = "Prints its number; with --watch what becomes of it, as `job` does. JOB is a name "
                 "in the\n"
                 "product's pipeline; what it does is in the settings of the runners.",
        .examples = "slipway product run lamp build --ref refs/heads/main --watch\n"
                    "slipway product run lamp system --build 1a2b…",
        .run = cli_product_run,
    },
    {
        .verb = "cancel",
        .usage = "slipway product cancel",
        .summary = "end a job that waits or runs",
        .synopsis = "PRODUCT N\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = cli_product_jobs,
    },
    {
        .verb = "retry",
        .usage = "slipway product retry",
        .summary = "have a job that is over done again",
        .synopsis = "PRODUCT N\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = cli_product_jobs,
    },
    {
        .verb = "webhooks",
        .usage = "slipway product webhooks",
        .summary = "who may start builds or report results by a call",
        .synopsis = "PRODUCT\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = plain_options,
        .run = cli_product_jobs,
    },
    {
        .verb = "add-webhook",
        .usage = "slipway product add-webhook",
        .summary = "make a webhook; its secret is shown once (administrators)",
        .synopsis = "PRODUCT NAME --kind push|result\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_product_webhook_options,
        .examples = "slipway product add-webhook lamp forge --kind push",
        .run = cli_product_jobs,
    },
    {
        .verb = "remove-webhook",
        .usage = "slipway product remove-webhook",
        .summary = "take a webhook away (administrators)",
        .synopsis = "PRODUCT NAME\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = plain_options,
        .run = cli_product_jobs,
    },
    {
        .verb = "events",
        .usage = "slipway product events",
        .summary = "what happened, as the page shows it",
        .synopsis = "PRODUCT [--kind KIND] [--subject NAME] [--after N | --before N] "
                    "[--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = events_options,
        .run = run,
    },
    {
        .verb = "trail",
        .usage = "slipway product trail",
        .summary = "the audit trail of it: who changed what, and when",
        .synopsis = "PRODUCT [--who NAME] [--action ACTION] [--after N | --before N] "
                    "[--limit N]\n" CLI_DEPOT_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = audit_options,
        .run = run,
    },
    {0},
};

const struct cli_noun cli_product_noun = {
    .name = "product",
    .usage = "slipway product",
    .summary = "products of a depot: builds, artifacts, people, what happened",
    .commands = commands,
};
