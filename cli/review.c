/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway review`: gathers what a security reviewer asks for into one folder, with a summary and
 * pointers to what explains it. It judges little: what has an expiry that is near, and what one
 * person alone can do.
 */
#include "review.h"

#include "audit.h"
#include "commands.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/time_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (16u << 20)

static const char readme[] =
    "# For a security review\n"
    "\n"
    "Gathered by `slipway review`. summary.json lists the files here, what couldn't be gathered\n"
    "and why, each role of the repository with its keys, threshold and expiry, and what stood "
    "out.\n"
    "Nothing here is secret, and nothing is proven by being here: signatures are in the files.\n"
    "\n"
    "| file | what it is |\n"
    "|---|---|\n"
    "| depot/people.json, depot/tokens.json | who may do what everywhere (ACL); hashes aren't "
    "shown |\n"
    "| depot/proof.json | number and hash of the audit trail's last entry; `slipway audit depot`\n"
    "  recomputes the chain |\n"
    "| depot/PRODUCT/people.json | who may do what in the product |\n"
    "| depot/PRODUCT/pipeline.json | stages, gates, freezes, who may approve |\n"
    "| depot/PRODUCT/groups.json, enrolment-tokens.json | whom rollouts reach; how devices join |\n"
    "| depot/PRODUCT/jobs.json, webhooks.json | what ran on which machine; who may start jobs |\n"
    "| depot/PRODUCT/readiness.json | whether an emergency could go out, and the last drill |\n"
    "| depot/PRODUCT/releases.json, rollouts.json, audit.json | what was released, and by whom |\n"
    "| repository/ | the newest TUF metadata of each role |\n"
    "| signer/checkpoint | the signing service's log, signed; `slipway audit verify` verifies it "
    "|\n"
    "| signer/policy.envelope, policy.json | the policy in force, as administrators signed it in "
    "the\n"
    "  log, and what it says: keys, who may ask, approve, build and test; policy-next when one "
    "waits |\n"
    "| files/ | what was named: roots |\n"
    "\n"
    "What to read: docs/SECURITY-MODEL.md (attackers, what stops each, which test shows it),\n"
    "spec/SIGNING.md and spec/DEPOT.md (formats and rules), docs/SIGNING-POLICY.md, "
    "docs/AUDITING.md.\n"
    "What to run: `make check` (each attack of the security model is a test of that name),\n"
    "`slipway audit verify`, `slipway audit depot`, `slipway sign policy explain`, and\n"
    "`slipway-depot routes`: every call that there is, with the right that it asks for.\n";

static const struct cli_option options[] = {
    {.name = "--output",
     .letter = 'o',
     .value = "DIR",
     .required = true,
     .help = "the folder to make"},
    {.name = "--repo", .value = "DIR", .help = "a TUF repository, or its folder metadata"},
    {.name = "--signing-log",
     .value = "LOG",
     .help = "the signing service's log: a copy, its URL, or unix:PATH of the service"},
    CLI_TRANSPARENCY_OPTIONS,
    CLI_AUDIT_ROOT_OPTION,
    {.name = "--include", .value = "FILE", .repeated = true, .help = "also this: a root"},
    CLI_DEPOT_OPTIONS,
    {0},
};

/* --- What goes into the folder --- */

static void write_file(struct cli_review *review, const char *name, struct slw_bytes bytes)
{
    struct slw_output output;
    if (review->status != SLW_OK) {
        return;
    }
    enum slw_status status = slw_output_open_below(
        review->directory, slw_bytes_make(name, strlen(name)), 0, &output, &review->cli->detail);
    if (status == SLW_OK) {
        status = slw_output_write(&output, bytes, &review->cli->detail);
        if (status == SLW_OK) {
            status = slw_output_commit(&output, &review->cli->detail);
        }
        slw_output_discard(&output);
    }
    review->status = status;
}

void cli_review_keep(struct cli_review *review, const char *name, struct slw_bytes bytes)
{
    write_file(review, name, bytes);
    slw_json_text(&review->files_json, NULL, name);
}

void cli_review_miss(struct cli_review *review, const char *what, const char *why)
{
    slw_json_begin_object(&review->missing_json, NULL);
    slw_json_text(&review->missing_json, "what", what);
    slw_json_text(&review->missing_json, "why", why);
    slw_json_end_object(&review->missing_json);
}

void cli_review_find(struct cli_review *review, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    slw_json_text(&review->findings_json, NULL, text);
}

static void keep_file(struct cli_review *review, const char *path, const char *folder,
                      const char *name)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer place = {0};
    struct slw_detail why = {""};
    slw_heap_printf(&place, "%s/%s", folder, name);
    if (slw_file_read(path, FILE_MAX, &bytes, &why) == SLW_OK) {
        cli_review_keep(review, slw_heap_text(&place), slw_heap_bytes(&bytes));
    } else {
        cli_review_miss(review, path, why.text);
    }
    slw_heap_drop(&place);
    slw_heap_drop(&bytes);
}

static void keep_named(struct cli_review *review)
{
    const char *log = cli_value(review->arguments, "--signing-log");
    const char *repository = cli_value(review->arguments, "--repo");
    for (size_t i = 0; i < cli_count(review->arguments, "--include"); i++) {
        const char *path = cli_nth(review->arguments, "--include", i);
        const char *slash = strrchr(path, '/');
        keep_file(review, path, "files", slash == NULL ? path : slash + 1);
    }
    if (log != NULL) {
        cli_review_log(review, log);
    } else {
        cli_review_miss(review, "signer/checkpoint", "--signing-log wasn't given");
    }
    if (repository != NULL) {
        cli_review_repository(review, repository);
    } else {
        cli_review_miss(review, "repository", "--repo wasn't given");
    }
}

/* --- The summary --- */

static void summarize(struct cli_review *review, struct slw_heap_buffer *ret_text)
{
    static const char *const names[] = {"findings", "roles", "missing", "files"};
    struct slw_heap_buffer *const parts[] = {&review->findings, &review->roles, &review->missing,
                                             &review->files};
    struct slw_json *const writers[] = {&review->findings_json, &review->roles_json,
                                        &review->missing_json, &review->files_json};
    char time[SLW_TIME_TEXT_SIZE];
    struct slw_json json;
    slw_json_init(&json, ret_text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "gathered", slw_time_format(review->now_utc_s, time));
    slw_json_text(&json, "by", "slipway " SLIPWAY_VERSION);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        slw_json_end_array(writers[i]);
        slw_json_embed(&json, names[i], slw_heap_bytes(parts[i]));
        if (parts[i]->status != SLW_OK) {
            review->status = slw_explain_no_memory(&review->cli->detail);
        }
    }
    slw_json_end_object(&json);
    slw_heap_append_text(ret_text, "\n");
}

static void append_texts(const struct slw_json_document *json, const char *array,
                         const char *member, const char *title, struct slw_heap_buffer *text)
{
    uint32_t value;
    uint32_t values = slw_json_member(json, SLW_JSON_TOP, slw_bytes_make(array, strlen(array)));
    struct slw_json_walk walk = slw_json_walk_begin(json, values);
    while (slw_json_walk_element(&walk, &value)) {
        uint32_t inner = member == NULL
                             ? value
                             : slw_json_member(json, value, slw_bytes_make(member, strlen(member)));
        slw_heap_append_text(text, title);
        slw_escape(slw_json_string(json, inner), text);
        if (member != NULL) {
            slw_heap_append_text(text, ": ");
            slw_escape(slw_json_string(json, slw_json_member(json, value, SLW_BYTES_OF("why"))),
                       text);
        }
        slw_heap_append_text(text, "\n");
    }
}

static enum cli_exit print_summary(struct cli_review *review, struct slw_heap_buffer *summary)
{
    struct slw_json_document json;
    struct slw_heap_buffer text = {0};
    if (review->cli->json) {
        return cli_print(review->cli, summary);
    }
    enum slw_status status =
        slw_json_parse("summary", slw_heap_bytes(summary), &json, &review->cli->detail);
    if (status != SLW_OK) {
        slw_heap_drop(summary);
        return cli_fail(review->cli, status);
    }
    append_texts(&json, "findings", NULL, "look at: ", &text);
    append_texts(&json, "missing", "what", "missing: ", &text);
    slw_heap_printf(
        &text, "%zu files in %s; begin with README.md and summary.json\n",
        slw_json_count(&json, slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("files"))),
        review->directory);
    slw_json_document_free(&json);
    slw_heap_drop(summary);
    return cli_print(review->cli, &text);
}

static enum cli_exit finish(struct cli_review *review)
{
    struct slw_heap_buffer summary = {0};
    cli_review_keep(review, "README.md", slw_bytes_make(readme, sizeof readme - 1));
    slw_json_text(&review->files_json, NULL, "summary.json");
    summarize(review, &summary);
    write_file(review, "summary.json", slw_heap_bytes(&summary));
    if (review->status != SLW_OK) {
        slw_heap_drop(&summary);
        return cli_fail(review->cli, review->status);
    }
    return print_summary(review, &summary);
}

static void begin(struct slw_json *json, struct slw_heap_buffer *text)
{
    slw_json_init(json, text);
    slw_json_begin_array(json, NULL);
}

static enum cli_exit review_run(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_review review = {.cli = cli,
                                .arguments = arguments,
                                .directory = cli_value(arguments, "--output"),
                                .now_utc_s = cli_now_utc_s()};
    if (!cli_transparency_read(cli, arguments, &review.transparency)) {
        return CLI_USAGE;
    }
    if (mkdir(review.directory, 0755) != 0) {
        return cli_fail(cli, slw_explain_errno(&cli->detail, review.directory));
    }
    begin(&review.files_json, &review.files);
    begin(&review.missing_json, &review.missing);
    begin(&review.roles_json, &review.roles);
    begin(&review.findings_json, &review.findings);
    keep_named(&review);
    enum cli_exit code = cli_review_depot(&review);
    if (code == CLI_DONE) {
        code = finish(&review);
    }
    slw_heap_drop(&review.files);
    slw_heap_drop(&review.missing);
    slw_heap_drop(&review.roles);
    slw_heap_drop(&review.findings);
    return code;
}

const struct cli_command cli_review_commands[] = {
    {
        .verb = "review",
        .usage = "slipway review",
        .summary = "gather what a security reviewer needs into one folder",
        .synopsis =
            "--output DIR [--repo DIR] [--signing-log LOG --log VKEY [--witness VKEY…]\n"
            "      [--witness-quorum N] [--tuf-root FILE…]] [--include FILE…]\n" CLI_DEPOT_SYNOPSIS,
        .options = options,
        .about = "Keys, thresholds, expiries, policies, who may do what, gates of the pipelines, "
                 "the\n"
                 "log's checkpoint, the trail's last hash, and pointers to the security model and "
                 "its\n"
                 "tests. The signing policy comes out of the log, once all of that is verified by\n"
                 "--log. What couldn't be gathered is listed with the reason. With --json the "
                 "summary.",
        .examples = "slipway review -o review --repo /srv/lamp --signing-log log-copy --log "
                    "\"$LOG\"",
        .run = review_run,
    },
    {0},
};
