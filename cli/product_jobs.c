/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway product jobs`, `job`, `run`, `cancel`, `retry` and webhooks: what runners do for a
 * product (spec/DEPOT.md, section 5.1). */
#include "depot_verb.h"
#include "depot_watch.h"
#include "product.h"

#include <stdio.h>

#define OF_PRODUCT "/api/v1/products/{0}"

const struct cli_option cli_product_jobs_options[] = {
    {.name = "--state",
     .value = "STATE",
     .help = "only queued, running, passed, warned, failed, error, cancelled"},
    {.name = "--build", .value = "BUILD", .help = "only those of this one"},
    {.name = "--job", .value = "NAME", .help = "only those of this name"},
    {.name = "--before", .value = "N", .help = "go on behind this one"},
    {.name = "--limit", .value = "N", .help = "at most so many"},
    CLI_DEPOT_OPTIONS,
    {0},
};
const struct cli_option cli_product_job_options[] = {
    CLI_DEPOT_WATCH_OPTIONS,
    CLI_DEPOT_OPTIONS,
    {0},
};
const struct cli_option cli_product_run_options[] = {
    {.name = "--build", .value = "BUILD", .help = "which build to test"},
    {.name = "--ref", .value = "REF", .help = "what to build: refs/heads/main"},
    {.name = "--commit", .value = "HEX", .help = "which commit of it"},
    CLI_DEPOT_WATCH_OPTIONS,
    CLI_DEPOT_OPTIONS,
    {0},
};
const struct cli_option cli_product_webhook_options[] = {
    {.name = "--kind",
     .value = "KIND",
     .required = true,
     .help = "push: starts builds; result: takes test results"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const char *const jobs_queries[] = {"--state",  "--build", "--job",
                                           "--before", "--limit", NULL};
static const struct cli_depot_member run_members[] = {
    {"1", "job", CLI_DEPOT_POSITION},
    {"--build", "build", CLI_DEPOT_TEXT},
    {"--ref", "ref", CLI_DEPOT_TEXT},
    {"--commit", "commit", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member webhook_members[] = {
    {"1", "name", CLI_DEPOT_POSITION},
    {"--kind", "kind", CLI_DEPOT_TEXT},
    {0},
};
static const struct cli_depot_member no_members[] = {{0}};
static const char *const job_columns[] = {"id",      "job",    "state",  "cause", "made",
                                          "attempt", "runner", "detail", NULL};
static const char *const webhook_columns[] = {"name", "kind", "made", "made_by", "called", NULL};

static const struct cli_depot_verb verbs[] = {
    {"jobs", "GET", OF_PRODUCT "/jobs", NULL, jobs_queries, "jobs", job_columns},
    {"cancel", "POST", OF_PRODUCT "/jobs/{1}/cancel", no_members, NULL, NULL, NULL},
    {"retry", "POST", OF_PRODUCT "/jobs/{1}/retry", no_members, NULL, NULL, NULL},
    {"webhooks", "GET", OF_PRODUCT "/webhooks", NULL, NULL, "webhooks", webhook_columns},
    {"add-webhook", "POST", OF_PRODUCT "/webhooks", webhook_members, NULL, NULL, NULL},
    {"remove-webhook", "DELETE", OF_PRODUCT "/webhooks/{1}", NULL, NULL, NULL, NULL},
    {0},
};

enum cli_exit cli_product_jobs(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_depot_verb_run(cli, arguments, verbs);
}

/* "job 7 build: running, attempt 1 on arm-1: [ 42%] main.o" */
static void append_line(const struct cli_depot_answer *answer, struct slw_heap_buffer *ret_line)
{
    slw_heap_printf(ret_line, "job %lld ", (long long)cli_depot_number(answer, "id"));
    cli_depot_append(answer, "job", ret_line);
    slw_heap_append_text(ret_line, ": ");
    cli_depot_append(answer, "state", ret_line);
    if (cli_depot_text(answer, "runner").len > 0) {
        slw_heap_printf(ret_line, ", attempt %lld on ",
                        (long long)cli_depot_number(answer, "attempt"));
        cli_depot_append(answer, "runner", ret_line);
    }
    const char *more = cli_depot_text(answer, "detail").len > 0 ? "detail" : "note";
    if (cli_depot_text(answer, more).len > 0) {
        slw_heap_append_text(ret_line, ": ");
        cli_depot_append(answer, more, ret_line);
    }
}

static enum cli_exit verdict(const struct cli_depot_answer *answer,
                             const struct cli_arguments *arguments, bool *ret_goes_on)
{
    (void)arguments;
    *ret_goes_on =
        cli_depot_is(answer, "state", "queued") || cli_depot_is(answer, "state", "running");
    return cli_depot_is(answer, "state", "passed") || cli_depot_is(answer, "state", "warned")
               ? CLI_DONE
               : CLI_DENIED;
}

static enum cli_exit print_job(struct cli *cli, const struct cli_depot_answer *answer)
{
    return cli_depot_print_object(cli, answer);
}

enum cli_exit cli_product_job(struct cli *cli, const struct cli_arguments *arguments)
{
    static const struct cli_depot_watched watched = {
        .path = OF_PRODUCT "/jobs/{1}",
        .line = append_line,
        .verdict = verdict,
        .print = print_job,
    };
    return cli_depot_watch(cli, arguments, &watched);
}

static enum cli_exit start(struct cli *cli, const struct cli_arguments *arguments,
                           struct cli_depot_answer *ret_answer)
{
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    struct slw_json json;
    struct cli_depot depot;
    enum cli_exit code = CLI_USAGE;
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    if (cli_depot_verb_path(cli, arguments, OF_PRODUCT "/jobs", NULL, &path) &&
        cli_depot_members(cli, arguments, run_members, &json)) {
        slw_json_end_object(&json);
        code = cli_depot_open(cli, arguments, &depot);
    }
    if (code == CLI_DONE) {
        code = cli_depot_call(&depot, "POST", slw_heap_text(&path), &body, ret_answer);
        cli_depot_close(&depot);
    }
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return code;
}

enum cli_exit cli_product_run(struct cli *cli, const struct cli_arguments *arguments)
{
    char path[64];
    struct cli_depot_watched watched = {
        .path = path, .line = append_line, .verdict = verdict, .print = print_job};
    struct cli_depot_answer answer;
    struct slw_heap_buffer text = {0};
    enum cli_exit code = start(cli, arguments, &answer);
    if (code != CLI_DONE) {
        return code;
    }
    long long id = (long long)cli_depot_number(&answer, "id");
    if (!cli_has(arguments, "--watch")) {
        slw_heap_printf(&text, "%lld\n", id);
        code = cli->json ? cli_depot_print_object(cli, &answer) : cli_print(cli, &text);
        slw_heap_drop(&text);
        cli_depot_answer_free(&answer);
        return code;
    }
    cli_depot_answer_free(&answer);
    (void)snprintf(path, sizeof path, OF_PRODUCT "/jobs/%lld", id);
    return cli_depot_watch(cli, arguments, &watched);
}
