/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway build endorse` and `slipway build test-result`: what a builder and a tester say of a
 * build, signed with their keys.
 */
#include "build.h"
#include "values.h"

#include "slipway/dsse.h"
#include "slipway/files.h"
#include "slipway/provenance.h"
#include "slipway/time_text.h"

#include <string.h>

#define SUITE_FILE_SIZE_MAX 0x10000000u
#define KEY_OPTION                                                                                 \
    {                                                                                              \
        .name = "--key", .value = "KEY", .required = true, .help = "private key to sign with"      \
    }
#define OUTPUT_OPTION                                                                              \
    {                                                                                              \
        .name = "--output", .letter = 'o', .value = "FILE",                                        \
        .help = "write the envelope to FILE and leave BUNDLE alone"                                \
    }
#define FORCE_OPTION                                                                               \
    {                                                                                              \
        .name = "--force", .help = "replace an existing FILE"                                      \
    }

const struct cli_option cli_build_endorse_options[] = {
    KEY_OPTION,
    {.name = "--builder-id",
     .value = "URI",
     .required = true,
     .help = "what the builder is called, with all that it is trusted with"},
    {.name = "--build-type",
     .value = "URI",
     .required = true,
     .help = "how it was built, and what the parameters mean"},
    {.name = "--source", .value = "URI", .required = true, .help = "what was built"},
    {.name = "--commit", .value = "HEX", .help = "the commit of the source, if it is in Git"},
    {.name = "--parameter",
     .value = "NAME=VALUE",
     .repeated = true,
     .help = "something else that whoever started the build chose"},
    {.name = "--invocation", .value = "ID", .help = "what the builder calls this run"},
    {.name = "--started", .value = "TIME", .help = "2030-01-31T00:00:00Z"},
    {.name = "--finished", .value = "TIME", .help = "2030-01-31T00:10:00Z"},
    OUTPUT_OPTION,
    CLI_PASSPHRASE_OPTION,
    FORCE_OPTION,
    {0},
};

const struct cli_option cli_build_test_result_options[] = {
    KEY_OPTION,
    {.name = "--suite", .value = "NAME", .required = true, .help = "what was run"},
    {.name = "--result", .value = "WORD", .required = true, .help = "passed, warned or failed"},
    {.name = "--suite-file",
     .value = "FILE",
     .help = "what the suite consists of: its SHA-256 goes in"},
    {.name = "--url", .value = "URL", .help = "where to read about the run"},
    OUTPUT_OPTION,
    CLI_PASSPHRASE_OPTION,
    FORCE_OPTION,
    {0},
};

static struct slw_bytes value_of(const struct cli_arguments *arguments, const char *name)
{
    const char *value = cli_value(arguments, name);
    return slw_bytes_make(value, value == NULL ? 0 : strlen(value));
}

/* A time as it is written, which makes the reader's form of it; false after saying what is wrong.
 */
static bool take_time(struct cli *cli, const struct cli_arguments *arguments, const char *name,
                      char buffer[static SLW_TIME_TEXT_SIZE], struct slw_bytes *ret_text)
{
    bool given = false;
    int64_t utc_s = 0;
    if (!cli_time(cli, arguments, name, &given, &utc_s)) {
        return false;
    }
    if (given) {
        const char *text = slw_time_format(utc_s, buffer);
        *ret_text = slw_bytes_make(text, strlen(text));
    }
    return true;
}

static enum cli_exit take_parameters(struct cli *cli, const struct cli_arguments *arguments,
                                     struct slw_provenance *provenance)
{
    for (size_t i = 0; cli_nth(arguments, "--parameter", i) != NULL; i++) {
        const char *text = cli_nth(arguments, "--parameter", i);
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text) {
            return cli_usage(cli, "--parameter %s: NAME=VALUE is wanted", text);
        }
        if (i == SLW_PROVENANCE_PARAMETERS_MAX) {
            return cli_usage(cli, "more than %u parameters", SLW_PROVENANCE_PARAMETERS_MAX);
        }
        if (strncmp(text, "source=", 7) == 0) {
            return cli_usage(cli, "--parameter %s: that is --source", text);
        }
        provenance->parameters[provenance->parameters_count++] = (struct slw_provenance_parameter){
            .name = slw_bytes_make(text, (size_t)(equals - text)),
            .is_text = true,
            .value = slw_bytes_make(equals + 1, strlen(equals + 1)),
        };
    }
    return CLI_DONE;
}

/* Signs what is said, and puts it where it was asked for. */
static enum cli_exit sign_and_deliver(struct cli *cli, const struct cli_arguments *arguments,
                                      const struct cli_build *build, struct slw_bytes payload)
{
    struct slw_heap_buffer envelope = {0};
    struct slw_private_key *key = NULL;
    enum cli_exit code = cli_private_key_open(cli, cli_value(arguments, "--key"),
                                              cli_value(arguments, "--passphrase-file"), &key);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = slw_dsse_sign(key, SLW_DSSE_INTOTO, payload, &envelope, &cli->detail);
    slw_private_key_free(key);
    code = status == SLW_OK
               ? cli_build_deliver(cli, build, slw_heap_bytes(&envelope),
                                   cli_value(arguments, "--output"), cli_output_flags(arguments))
               : cli_fail(cli, status);
    slw_heap_free(&envelope);
    return code;
}

/* What can't be written is a mistake on the command line. */
static enum cli_exit explain_payload(struct cli *cli, enum slw_status status)
{
    return status == SLW_BAD_ARGUMENT ? cli_usage(cli, "%s", cli->detail.text)
                                      : cli_fail(cli, status);
}

static enum cli_exit endorse(struct cli *cli, const struct cli_arguments *arguments,
                             const struct cli_build *build, struct slw_provenance *provenance)
{
    struct slw_heap_buffer payload = {0};
    provenance->subject_name = build->targets.product;
    memcpy(provenance->content, build->content, sizeof provenance->content);
    enum slw_status status = slw_provenance_format(provenance, &payload, &cli->detail);
    enum cli_exit code = status == SLW_OK
                             ? sign_and_deliver(cli, arguments, build, slw_heap_bytes(&payload))
                             : explain_payload(cli, status);
    slw_heap_free(&payload);
    return code;
}

enum cli_exit cli_build_endorse(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_provenance provenance = {.builder_id = value_of(arguments, "--builder-id"),
                                        .build_type = value_of(arguments, "--build-type"),
                                        .source = value_of(arguments, "--source"),
                                        .git_commit = value_of(arguments, "--commit"),
                                        .invocation_id = value_of(arguments, "--invocation")};
    char started[SLW_TIME_TEXT_SIZE];
    char finished[SLW_TIME_TEXT_SIZE];
    struct cli_build build;
    enum cli_exit code = take_parameters(cli, arguments, &provenance);
    if (code != CLI_DONE) {
        return code;
    }
    if (!take_time(cli, arguments, "--started", started, &provenance.started_on) ||
        !take_time(cli, arguments, "--finished", finished, &provenance.finished_on)) {
        return CLI_USAGE;
    }
    code = cli_build_open(cli, arguments->positionals[0], cli_value(arguments, "--output") == NULL,
                          &build);
    if (code == CLI_DONE) {
        code = endorse(cli, arguments, &build, &provenance);
        cli_build_close(&build);
    }
    return code;
}

static enum slw_status take_suite_file(struct cli *cli, const struct cli_arguments *arguments,
                                       struct slw_test_result *result)
{
    const char *path = cli_value(arguments, "--suite-file");
    struct slw_heap_buffer bytes = {0};
    struct slw_sha256 hash;
    if (path == NULL) {
        return SLW_OK;
    }
    enum slw_status status = slw_file_read(path, SUITE_FILE_SIZE_MAX, &bytes, &cli->detail);
    if (status == SLW_OK) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, slw_heap_bytes(&bytes));
        slw_sha256_final(&hash, result->suite_sha256);
        result->has_suite_sha256 = true;
    }
    slw_heap_free(&bytes);
    return status;
}

static enum cli_exit report(struct cli *cli, const struct cli_arguments *arguments,
                            const struct cli_build *build, struct slw_test_result *result)
{
    struct slw_heap_buffer payload = {0};
    result->subject_name = build->targets.product;
    memcpy(result->content, build->content, sizeof result->content);
    enum slw_status status = slw_test_result_format(result, &payload, &cli->detail);
    enum cli_exit code = status == SLW_OK
                             ? sign_and_deliver(cli, arguments, build, slw_heap_bytes(&payload))
                             : explain_payload(cli, status);
    slw_heap_free(&payload);
    return code;
}

enum cli_exit cli_build_test_result(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const outcomes[] = {"", "passed", "warned", "failed", NULL};
    struct slw_test_result result = {.suite = value_of(arguments, "--suite"),
                                     .url = value_of(arguments, "--url")};
    struct cli_build build;
    unsigned outcome = 0;
    if (!cli_choice(cli, arguments, "--result", outcomes, &outcome)) {
        return CLI_USAGE;
    }
    result.outcome = (enum slw_test_outcome)outcome;
    enum slw_status status = take_suite_file(cli, arguments, &result);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    enum cli_exit code = cli_build_open(cli, arguments->positionals[0],
                                        cli_value(arguments, "--output") == NULL, &build);
    if (code == CLI_DONE) {
        code = report(cli, arguments, &build, &result);
        cli_build_close(&build);
    }
    return code;
}
