/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo publish`, `refresh` and `check`: what clients get to see, and whether it will last.
 */
#include "repo.h"
#include "repo_open.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <inttypes.h>
#include <string.h>

static enum cli_exit print_published(const struct cli *cli,
                                     const struct slw_tuf_published *published)
{
    struct slw_heap_buffer text = {0};
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_uint(&json, "roles", published->roles);
        slw_json_uint(&json, "pending", published->pending);
        slw_json_int(&json, "root_version", published->root_version);
        slw_json_int(&json, "snapshot_version", published->snapshot_version);
        slw_json_int(&json, "timestamp_version", published->timestamp_version);
        slw_json_uint(&json, "metadata_bytes", published->metadata_bytes);
        slw_json_end_object(&json);
        slw_heap_append_text(&text, "\n");
    } else {
        slw_heap_printf(&text,
                        "root %" PRId64 ", snapshot %" PRId64 ", timestamp %" PRId64
                        "; %zu role%s renewed, %zu waiting for signatures\n",
                        published->root_version, published->snapshot_version,
                        published->timestamp_version, published->roles,
                        published->roles == 1 ? "" : "s", published->pending);
    }
    return cli_print(cli, &text);
}

static enum cli_exit run_writer(struct cli *cli, const struct cli_arguments *arguments,
                                enum slw_status (*run)(struct slw_tuf_writer *writer,
                                                       struct slw_tuf_published *ret_published,
                                                       struct slw_detail *detail))
{
    struct cli_repo repo;
    struct slw_tuf_published published = {0};
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = run(repo.writer, &published, &cli->detail);
    code = status == SLW_OK ? print_published(cli, &published) : cli_fail(cli, status);
    if (status == SLW_OK && published.pending > 0) {
        cli_note(cli, "`slipway repo check %s` tells who is waited for", arguments->positionals[0]);
    }
    cli_repo_close(&repo);
    return code;
}

enum cli_exit cli_repo_publish(struct cli *cli, const struct cli_arguments *arguments)
{
    return run_writer(cli, arguments, slw_tuf_writer_publish);
}

enum cli_exit cli_repo_refresh(struct cli *cli, const struct cli_arguments *arguments)
{
    return run_writer(cli, arguments, slw_tuf_writer_refresh);
}

struct report {
    const struct cli *cli;
    struct slw_heap_buffer text;
    struct slw_json json;
    unsigned worst;
};

static const char *const severities[] = {"info", "weak", "due"};

static void report_finding(void *context, unsigned severity, const char *role, const char *what,
                           int64_t expires_utc_s)
{
    struct report *report = context;
    char expires[SLW_TIME_TEXT_SIZE];
    const char *word = severities[severity < 3 ? severity : 2];
    report->worst = severity > report->worst ? severity : report->worst;
    if (expires_utc_s != 0) {
        (void)slw_time_format(expires_utc_s, expires);
    }
    if (report->cli->json) {
        slw_json_begin_object(&report->json, NULL);
        slw_json_text(&report->json, "severity", word);
        slw_json_text(&report->json, "role", role);
        slw_json_text(&report->json, "finding", what);
        if (expires_utc_s != 0) {
            slw_json_text(&report->json, "expires", expires);
        }
        slw_json_end_object(&report->json);
    } else {
        slw_heap_printf(&report->text, "%-5s %s: %s%s%s\n", word, role, what,
                        expires_utc_s != 0 ? ", expires " : "", expires_utc_s != 0 ? expires : "");
    }
}

enum cli_exit cli_repo_check(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    struct report report = {.cli = cli};
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    slw_json_init(&report.json, &report.text);
    if (cli->json) {
        slw_json_begin_array(&report.json, NULL);
    }
    enum slw_status status =
        slw_tuf_writer_check(repo.writer, report_finding, &report, &cli->detail);
    if (cli->json) {
        slw_json_end_array(&report.json);
        slw_heap_append_text(&report.text, "\n");
    }
    cli_repo_close(&repo);
    code = cli_print(cli, &report.text);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    return code == CLI_DONE && report.worst >= 2 ? CLI_FAILED : code;
}
