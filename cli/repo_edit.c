/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo add`, `remove`, `delegate` and `rotate`: what changes a TUF repository, prepared
 * and not published. */
#include "repo.h"
#include "repo_open.h"
#include "values.h"

#include "slipway/release.h"

#include <stdlib.h>
#include <string.h>

static struct slw_bytes text_bytes(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* An artifact on its way into the repository. */
struct addition {
    struct slw_heap_buffer role;
    struct slw_heap_buffer path;
    struct slw_heap_buffer custom;
};

static void free_addition(struct addition *addition)
{
    slw_heap_free(&addition->role);
    slw_heap_free(&addition->path);
    slw_heap_free(&addition->custom);
}

/* --custom FILE, which must be JSON with an object in it; in canonical form from here on. */
static enum slw_status read_custom(struct cli *cli, const char *path,
                                   struct slw_heap_buffer *ret_custom)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer scratch = {0};
    struct slw_json_document json;
    SLW_TRY(slw_file_read(path, 65536, &text, &cli->detail));
    enum slw_status status = slw_json_parse(path, slw_heap_bytes(&text), &json, &cli->detail);
    if (status == SLW_OK) {
        if (slw_json_kind(&json, SLW_JSON_TOP) == SLW_JSON_OBJECT) {
            slw_heap_append(ret_custom, slw_json_canonical(&json, SLW_JSON_TOP, &scratch));
        } else {
            status = slw_explain(&cli->detail, SLW_MALFORMED, "%s: not a JSON object", path);
        }
        slw_json_document_free(&json);
    }
    slw_heap_free(&scratch);
    slw_heap_free(&text);
    return status;
}

/* A release: role, path and custom follow from the bundle; a --custom must be exactly that. */
static enum slw_status describe_release(struct cli *cli, const struct cli_arguments *arguments,
                                        const char *file, const struct slw_source *source,
                                        const char *channel, struct addition *addition)
{
    struct slw_heap_buffer product = {0};
    struct slw_heap_buffer given = {0};
    const char *custom = cli_value(arguments, "--custom");
    enum slw_status status = slw_release_custom(file, source, text_bytes(channel),
                                                &addition->custom, &product, &cli->detail);
    if (status == SLW_OK && custom != NULL) {
        status = read_custom(cli, custom, &given);
        if (status == SLW_OK &&
            !slw_bytes_equal(slw_heap_bytes(&given), slw_heap_bytes(&addition->custom))) {
            status =
                slw_explain(&cli->detail, SLW_WRONG_CUSTOM,
                            "%s: isn't what the bundle says itself; leave --custom out", custom);
        }
    }
    if (status == SLW_OK) {
        const char *name = slw_heap_text(&product);
        const char *role = cli_value(arguments, "--role");
        slw_heap_printf(&addition->role, "%s-%s", name, channel);
        slw_heap_printf(&addition->path, "%s/%s/%s", name, channel, base_name(file));
        struct slw_heap_buffer rollout = {0};
        slw_heap_printf(&rollout, "%s-%s-rollout", name, channel);
        if (role != NULL && strcmp(role, slw_heap_text(&rollout)) == 0) {
            slw_heap_append_text(&addition->role, "-rollout"); /* its rollout isn't over yet */
        } else if (role != NULL && strcmp(role, slw_heap_text(&addition->role)) != 0) {
            status = slw_explain(&cli->detail, SLW_WRONG_CHANNEL,
                                 "%s: a release for %s, which role %s doesn't list", file,
                                 slw_heap_text(&addition->role), role);
        }
        slw_heap_free(&rollout);
    }
    slw_heap_free(&given);
    slw_heap_free(&product);
    return status;
}

static enum slw_status describe_file(struct cli *cli, const struct cli_arguments *arguments,
                                     const char *file, const struct slw_source *source,
                                     struct addition *addition)
{
    const char *role = cli_value(arguments, "--role");
    const char *custom = cli_value(arguments, "--custom");
    if (slw_release_is_bundle(file, source)) {
        return slw_explain(&cli->detail, SLW_WRONG_CUSTOM,
                           "%s: a bundle; --channel says which channel it is released to", file);
    }
    slw_heap_append_text(&addition->role, role == NULL ? "targets" : role);
    slw_heap_append_text(&addition->path, base_name(file));
    return custom == NULL ? SLW_OK : read_custom(cli, custom, &addition->custom);
}

static enum slw_status add_file(struct cli *cli, const struct cli_arguments *arguments,
                                const char *file, struct cli_repo *repo)
{
    struct slw_file_source source;
    struct addition addition = {0};
    const char *channel = cli_value(arguments, "--channel");
    const char *as = cli_value(arguments, "--as");
    SLW_TRY(slw_file_source_open(file, &source, &cli->detail));
    enum slw_status status =
        channel != NULL ? describe_release(cli, arguments, file, &source.source, channel, &addition)
                        : describe_file(cli, arguments, file, &source.source, &addition);
    if (status == SLW_OK && as != NULL) {
        slw_heap_free(&addition.path);
        slw_heap_append_text(&addition.path, as);
    }
    if (status == SLW_OK) {
        status = slw_tuf_writer_add_file(
            repo->writer, slw_heap_bytes(&addition.role), slw_heap_bytes(&addition.path),
            slw_heap_bytes(&addition.custom), &source.source, &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_file_source_check_unchanged(&source, &cli->detail);
    }
    if (status == SLW_OK) {
        cli_note(cli, "%s: %s, in role %s", file, slw_heap_text(&addition.path),
                 slw_heap_text(&addition.role));
    }
    free_addition(&addition);
    slw_file_source_close(&source);
    return status;
}

enum cli_exit cli_repo_add(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    if (cli_has(arguments, "--as") && arguments->positionals_count > 2) {
        return cli_usage(cli, "--as names one file");
    }
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 1; code == CLI_DONE && i < arguments->positionals_count; i++) {
        enum slw_status status = add_file(cli, arguments, arguments->positionals[i], &repo);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    if (code == CLI_DONE) {
        code = cli_repo_finish(&repo);
    }
    cli_repo_close(&repo);
    return code;
}

enum cli_exit cli_repo_remove(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    const char *role = cli_value(arguments, "--role");
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 1; code == CLI_DONE && i < arguments->positionals_count; i++) {
        enum slw_status status =
            slw_tuf_writer_remove(repo.writer, text_bytes(role == NULL ? "targets" : role),
                                  text_bytes(arguments->positionals[i]), &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    if (code == CLI_DONE) {
        code = cli_repo_finish(&repo);
    }
    cli_repo_close(&repo);
    return code;
}

/* 2, 4, 8, … 65536 bins; 2 to the power of what comes back. */
static bool read_bins(struct cli *cli, const struct cli_arguments *arguments,
                      uint32_t *ret_bit_length)
{
    uint32_t bins = 0;
    if (!cli_number(cli, arguments, "--bins", &bins)) {
        return false;
    }
    *ret_bit_length = 0;
    while (bins > 1 && *ret_bit_length < 16 && (1u << *ret_bit_length) < bins) {
        (*ret_bit_length)++;
    }
    if (cli_has(arguments, "--bins") && (*ret_bit_length == 0 || (1u << *ret_bit_length) != bins)) {
        (void)cli_usage(cli, "--bins %u: a power of two from 2 to 65536", bins);
        return false;
    }
    return true;
}

static enum slw_status delegate(struct cli *cli, const struct cli_arguments *arguments,
                                const struct cli_repo_signers *signers, uint32_t bit_length,
                                struct cli_repo *repo)
{
    const char *from = cli_value(arguments, "--by");
    size_t count = cli_count(arguments, "--path");
    struct slw_bytes *paths = calloc(count + 1, sizeof *paths);
    if (paths == NULL) {
        return slw_explain_no_memory(&cli->detail);
    }
    for (size_t i = 0; i < count; i++) {
        paths[i] = text_bytes(cli_nth(arguments, "--path", i));
    }
    const struct slw_tuf_delegate delegation = {
        .name = text_bytes(arguments->positionals[1]),
        .signers = signers->role,
        .paths = paths,
        .paths_count = count,
        .bit_length = bit_length,
        .terminating = cli_has(arguments, "--terminating"),
    };
    enum slw_status status = slw_tuf_writer_delegate(
        repo->writer, text_bytes(from == NULL ? "targets" : from), &delegation, &cli->detail);
    free(paths);
    return status;
}

enum cli_exit cli_repo_delegate(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    struct cli_repo_signers signers;
    uint32_t bit_length = 0;
    bool revoke = cli_has(arguments, "--revoke");
    const char *by = cli_value(arguments, "--by");
    if (!read_bins(cli, arguments, &bit_length)) {
        return CLI_USAGE;
    }
    if (!revoke && (bit_length > 0) == cli_has(arguments, "--path")) {
        return cli_usage(cli, "a role is trusted for --path PATTERN…, or for --bins");
    }
    enum cli_exit code =
        revoke ? CLI_DONE : cli_repo_signers(cli, arguments, "--key", "--threshold", &signers);
    if (code == CLI_DONE) {
        code = cli_repo_open(cli, arguments, &repo);
    }
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status =
        revoke ? slw_tuf_writer_revoke(repo.writer, text_bytes(by == NULL ? "targets" : by),
                                       text_bytes(arguments->positionals[1]), &cli->detail)
               : delegate(cli, arguments, &signers, bit_length, &repo);
    code = status == SLW_OK ? cli_repo_finish(&repo) : cli_fail(cli, status);
    cli_repo_close(&repo);
    return code;
}

enum cli_exit cli_repo_rotate(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    struct cli_repo_signers signers;
    unsigned type = 0;
    while (type < SLW_TUF_TYPES &&
           strcmp(slw_tuf_type_name((enum slw_tuf_type)type), arguments->positionals[1]) != 0) {
        type++;
    }
    if (type == SLW_TUF_TYPES) {
        return cli_usage(cli,
                         "%s: root, targets, snapshot or timestamp; `repo delegate` changes the "
                         "keys of another role",
                         arguments->positionals[1]);
    }
    enum cli_exit code = cli_repo_signers(cli, arguments, "--key", "--threshold", &signers);
    if (code == CLI_DONE) {
        code = cli_repo_open(cli, arguments, &repo);
    }
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status =
        slw_tuf_writer_rotate(repo.writer, (enum slw_tuf_type)type, &signers.role, &cli->detail);
    code = status == SLW_OK ? cli_repo_finish(&repo) : cli_fail(cli, status);
    cli_repo_close(&repo);
    return code;
}

enum cli_exit cli_repo_discard(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 1; code == CLI_DONE && i < arguments->positionals_count; i++) {
        enum slw_status status = slw_tuf_writer_discard(
            repo.writer, text_bytes(arguments->positionals[i]), &cli->detail);
        code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
    }
    cli_repo_close(&repo);
    return code;
}
