/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway product upload`: each file's SHA-256, its bytes from where an upload broke off, and what
 * it is (spec/DEPOT.md, section 4). Each step may be repeated.
 */
#include "depot_verb.h"
#include "product.h"
#include "progress.h"
#include "values.h"

#include "slipway/crypto.h"
#include "slipway/explain.h"
#include "slipway/files.h"

#include <string.h>

static const char *const kind_words[] = {
    "", "bundle", "endorsement", "test-result", "sbom", "log", NULL,
};

const struct cli_option cli_product_upload_options[] = {
    {.name = "--kind",
     .value = "KIND",
     .help = "bundle (unless given), endorsement, test-result, sbom, log"},
    {.name = "--build", .value = "BUILD", .help = "which build an SBOM or a log is about"},
    {.name = "--job", .value = "N", .help = "which job a log is of"},
    {.name = "--name", .value = "NAME", .help = "of an SBOM or a log"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_depot_member members[] = {
    {"--build", "build", CLI_DEPOT_TEXT},
    {"--job", "job", CLI_DEPOT_NUMBER},
    {"--name", "name", CLI_DEPOT_TEXT},
    {0},
};

struct uploading {
    struct cli *cli;
    const struct cli_arguments *arguments;
    struct cli_depot depot;
    const char *path;
    const char *kind;
    uint8_t sha256[SLW_SHA256_SIZE];
};

static enum slw_status hash_file(struct uploading *uploading, const struct slw_file_source *file,
                                 const struct slw_progress *progress)
{
    static uint8_t block[SLW_FILE_BLOCK_SIZE];
    struct slw_sha256 hash;
    struct slw_reader reader;
    slw_reader_init(&reader, &file->source, block, sizeof block);
    slw_sha256_init(&hash);
    while (slw_reader_left(&reader) > 0) {
        slw_sha256_update(&hash, slw_reader_take(&reader, sizeof block));
        slw_progress_report(progress, reader.position, file->source.size);
    }
    if (reader.status != SLW_OK) {
        return slw_explain(&uploading->cli->detail, reader.status, "%s: can't be read",
                           uploading->path);
    }
    slw_sha256_final(&hash, uploading->sha256);
    return slw_file_source_check_unchanged(file, &uploading->cli->detail);
}

static void append_sha256(const struct uploading *uploading, struct slw_heap_buffer *text)
{
    slw_hex(slw_bytes_make(uploading->sha256, sizeof uploading->sha256), text);
}

static enum cli_exit send_bytes(struct uploading *uploading, const struct slw_file_source *file)
{
    struct cli *cli = uploading->cli;
    struct cli_progress progress;
    struct slw_heap_buffer path = {0};
    cli_progress_begin(&progress, cli, "reading");
    enum slw_status status = hash_file(uploading, file, &progress.progress);
    cli_progress_end(&progress);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    slw_heap_append_text(&path, "/api/v1/blobs/");
    append_sha256(uploading, &path);
    cli_progress_begin(&progress, cli, "uploading");
    status = slw_http_upload(uploading->depot.client, slw_heap_text(&path), &file->source, true,
                             &progress.progress, &cli->detail);
    cli_progress_end(&progress);
    slw_heap_drop(&path);
    return cli_depot_fail(cli, status);
}

/* The id of the build that a bundle is, or the number of what else it is. */
static enum cli_exit print_id(struct cli *cli, const struct cli_depot_answer *answer)
{
    struct slw_heap_buffer text = {0};
    if (cli->json) {
        return cli_depot_print_object(cli, answer);
    }
    slw_escape(cli_depot_text(answer, "build.id"), &text);
    if (text.len == 0) {
        slw_heap_printf(&text, "%lld", (long long)cli_depot_number(answer, "artifact.id"));
    }
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

static enum cli_exit tell(struct uploading *uploading)
{
    struct cli *cli = uploading->cli;
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer body = {0};
    struct slw_heap_buffer sha256 = {0};
    struct cli_depot_answer answer;
    struct slw_json json;
    enum cli_exit code = CLI_USAGE;
    append_sha256(uploading, &sha256);
    slw_json_init(&json, &body);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "kind", uploading->kind);
    slw_json_bytes(&json, "blob", slw_heap_bytes(&sha256));
    if (cli_depot_verb_path(cli, uploading->arguments, "/api/v1/products/{0}/artifacts", NULL,
                            &path) &&
        cli_depot_members(cli, uploading->arguments, members, &json)) {
        slw_json_end_object(&json);
        code = cli_depot_call(&uploading->depot, "POST", slw_heap_text(&path), &body, &answer);
    }
    if (code == CLI_DONE) {
        code = print_id(cli, &answer);
        cli_depot_answer_free(&answer);
    }
    slw_heap_drop(&sha256);
    slw_heap_drop(&body);
    slw_heap_drop(&path);
    return code;
}

static enum cli_exit upload_one(struct uploading *uploading, const char *path)
{
    struct slw_file_source file;
    uploading->path = path;
    enum slw_status status = slw_file_source_open(path, &file, &uploading->cli->detail);
    if (status != SLW_OK) {
        return cli_fail(uploading->cli, status);
    }
    enum cli_exit code = send_bytes(uploading, &file);
    if (code == CLI_DONE) {
        code = tell(uploading);
    }
    slw_file_source_close(&file);
    return code;
}

enum cli_exit cli_product_upload(struct cli *cli, const struct cli_arguments *arguments)
{
    struct uploading uploading = {.cli = cli, .arguments = arguments};
    unsigned kind = 1;
    if (!cli_choice(cli, arguments, "--kind", kind_words, &kind)) {
        return CLI_USAGE;
    }
    uploading.kind = kind_words[kind];
    enum cli_exit code = cli_depot_open(cli, arguments, &uploading.depot);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 1; i < arguments->positionals_count && code == CLI_DONE; i++) {
        code = upload_one(&uploading, arguments->positionals[i]);
    }
    cli_depot_close(&uploading.depot);
    return code;
}
