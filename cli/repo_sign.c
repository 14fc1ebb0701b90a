/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway repo sign`: signatures for what is prepared. On the machine of the repository it signs
 * in place; on a signer's own machine it shows what a file says and writes a signature alone, which
 * comes back and is added.
 */
#include "repo.h"
#include "repo_open.h"

#include "slipway/explain.h"
#include "slipway/time_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define STAGED_SIZE_MAX ((size_t)64 * 1024 * 1024)
#define SIGNATURE_SIZE_MAX 16384u

/* What a signer is about to put a name to: shown before it is signed. */
static void show_common(struct slw_heap_buffer *text, const char *type,
                        const struct slw_tuf_common *common)
{
    char expires[SLW_TIME_TEXT_SIZE];
    slw_heap_printf(text, "%s, version %" PRId64 ", expires %s", type, common->version,
                    slw_time_format(common->expires_utc_s, expires));
}

static enum slw_status show_root(const struct slw_tuf_file *file, struct slw_heap_buffer *text,
                                 struct slw_detail *detail)
{
    struct slw_tuf_root root = {0};
    enum slw_status status = slw_tuf_root_read(file, SLW_TUF_KEY_IDS_CHECKED, &root, detail);
    if (status == SLW_OK) {
        show_common(text, "root", &root.common);
        for (unsigned type = 0; type < SLW_TUF_TYPES; type++) {
            slw_heap_printf(text, "\n  %s: %" PRIu32 " of",
                            slw_tuf_type_name((enum slw_tuf_type)type), root.roles[type].threshold);
            struct slw_json_walk walk = slw_json_walk_begin(&file->json, root.roles[type].key_ids);
            uint32_t id = 0;
            while (slw_json_walk_element(&walk, &id)) {
                struct slw_bytes key_id = slw_json_string(&file->json, id);
                slw_heap_append_text(text, " ");
                slw_escape(slw_bytes_make(key_id.ptr, key_id.len < 16 ? key_id.len : 16), text);
            }
        }
    }
    slw_tuf_root_free(&root);
    return status;
}

#define SHOWN_TARGETS_MAX 20u

static void show_listed(const struct slw_tuf_file *file, const struct slw_tuf_targets *targets,
                        struct slw_heap_buffer *text)
{
    struct slw_json_walk walk = slw_json_walk_begin(&file->json, targets->targets);
    struct slw_bytes path;
    uint32_t value = 0;
    for (size_t i = 0; slw_json_walk_member(&walk, &path, &value); i++) {
        if (i == SHOWN_TARGETS_MAX) {
            slw_heap_printf(text, "\n  ... and %zu more", targets->targets_count - i);
            return;
        }
        slw_heap_append_text(text, "\n  lists ");
        slw_quote(path, text);
    }
}

static enum slw_status show_targets(const struct slw_tuf_file *file, struct slw_heap_buffer *text,
                                    struct slw_detail *detail)
{
    struct slw_tuf_targets targets = {0};
    enum slw_status status = slw_tuf_targets_read(file, SLW_TUF_KEY_IDS_CHECKED, &targets, detail);
    if (status == SLW_OK) {
        show_common(text, file->name, &targets.common);
        slw_heap_printf(text, "\n  %zu targets, %zu delegations", targets.targets_count,
                        targets.delegations_count);
        for (size_t i = 0; i < targets.delegations_count; i++) {
            slw_heap_append_text(text, "\n  delegates to ");
            slw_quote(targets.delegations[i].role.name, text);
        }
        show_listed(file, &targets, text);
    }
    slw_tuf_targets_free(&targets);
    return status;
}

static enum slw_status show(const struct slw_tuf_file *file, struct slw_heap_buffer *text,
                            struct slw_detail *detail)
{
    struct slw_tuf_snapshot snapshot;
    struct slw_tuf_timestamp timestamp;
    switch (file->type) {
    case SLW_TUF_ROOT:
        return show_root(file, text, detail);
    case SLW_TUF_TARGETS:
        return show_targets(file, text, detail);
    case SLW_TUF_SNAPSHOT:
        SLW_TRY(slw_tuf_snapshot_read(file, &snapshot, detail));
        show_common(text, "snapshot", &snapshot.common);
        return SLW_OK;
    case SLW_TUF_TIMESTAMP:
        SLW_TRY(slw_tuf_timestamp_read(file, &timestamp, detail));
        show_common(text, "timestamp", &timestamp.common);
        return SLW_OK;
    }
    return SLW_WRONG_ROLE;
}

/* {"keyid": …, "sig": …}, as it stands among a file's signatures. */
static enum slw_status format_signature(const struct slw_private_key *key,
                                        const struct slw_tuf_file *file,
                                        struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    struct slw_heap_buffer sig = {0};
    SLW_TRY(slw_tuf_public_key_id(slw_private_key_public(key), id));
    enum slw_status status = slw_tuf_sign(key, file->canonical, &sig, detail);
    if (status == SLW_OK) {
        slw_heap_printf(ret_text, "{\"keyid\":\"%.*s\",\"sig\":\"%s\"}\n", (int)sizeof id, id,
                        slw_heap_text(&sig));
    }
    slw_heap_free(&sig);
    return status;
}

/* Which of the four it is stands in the file; each is tried, for the file says it itself. */
static enum slw_status load_staged(struct cli *cli, const char *name, struct slw_heap_buffer *bytes,
                                   struct slw_tuf_file *ret_file)
{
    struct slw_heap_buffer copy = {0};
    enum slw_status status = SLW_WRONG_ROLE;
    for (unsigned type = 0; status == SLW_WRONG_ROLE && type < SLW_TUF_TYPES; type++) {
        slw_heap_append(&copy, slw_heap_bytes(bytes));
        status = copy.status != SLW_OK
                     ? slw_explain_no_memory(&cli->detail)
                     : slw_tuf_file_parse(name, &copy, STAGED_SIZE_MAX, (enum slw_tuf_type)type,
                                          ret_file, &cli->detail);
    }
    slw_heap_free(&copy);
    return status;
}

static enum cli_exit sign_alone(struct cli *cli, const struct cli_arguments *arguments,
                                const char *name, struct slw_heap_buffer *bytes)
{
    struct cli_keys keys;
    struct slw_tuf_file file;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer signature = {0};
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status =
        keys.count == 1 ? load_staged(cli, name, bytes, &file) : SLW_BAD_ARGUMENT;
    if (keys.count != 1) {
        cli_keys_free(&keys);
        return cli_usage(cli, "--signature-only takes one --key");
    }
    if (status == SLW_OK) {
        status = show(&file, &text, &cli->detail);
        if (status == SLW_OK) {
            cli_note(cli, "%s", slw_heap_text(&text));
            status = format_signature(keys.keys[0], &file, &signature, &cli->detail);
        }
        slw_tuf_file_free(&file);
    }
    code = status == SLW_OK ? cli_write_file(cli, cli_value(arguments, "--signature-only"),
                                             cli_output_flags(arguments), &signature)
                            : cli_fail(cli, status);
    slw_heap_free(&signature);
    slw_heap_free(&text);
    cli_keys_free(&keys);
    return code;
}

static enum slw_status add_signature(struct cli *cli, struct cli_repo *repo, struct slw_bytes role,
                                     const char *path)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_json_document json = {0};
    struct slw_tuf_signature signature;
    SLW_TRY(slw_file_read(path, SIGNATURE_SIZE_MAX, &bytes, &cli->detail));
    enum slw_status status = slw_json_parse(path, slw_heap_bytes(&bytes), &json, &cli->detail);
    if (status == SLW_OK) {
        uint32_t id = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("keyid"));
        uint32_t sig = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("sig"));
        struct slw_bytes key_id =
            id == SLW_JSON_NONE ? slw_bytes_make(NULL, 0) : slw_json_string(&json, id);
        if (sig == SLW_JSON_NONE || key_id.len != sizeof signature.key_id) {
            status = slw_explain(&cli->detail, SLW_MALFORMED, "%s: not a signature", path);
        } else {
            memcpy(signature.key_id, key_id.ptr, sizeof signature.key_id);
            signature.sig_hex = slw_json_string(&json, sig);
            status = slw_tuf_writer_add_signature(repo->writer, role, &signature, &cli->detail);
        }
        slw_json_document_free(&json);
    }
    slw_heap_free(&bytes);
    return status;
}

static enum slw_status sign_here(struct cli *cli, const struct cli_arguments *arguments,
                                 struct cli_repo *repo, struct slw_bytes role,
                                 const struct cli_keys *keys)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_heap_buffer text = {0};
    struct slw_tuf_file file;
    enum slw_status status = slw_tuf_writer_staged(repo->writer, role, &bytes, &cli->detail);
    if (status == SLW_OK) {
        status = load_staged(cli, arguments->positionals[1], &bytes, &file);
    }
    if (status == SLW_OK) {
        status = show(&file, &text, &cli->detail);
        slw_tuf_file_free(&file);
    }
    if (status == SLW_OK) {
        cli_note(cli, "%s", slw_heap_text(&text));
    }
    for (size_t i = 0; status == SLW_OK && i < keys->count; i++) {
        status = slw_tuf_writer_sign(repo->writer, role, keys->keys[i], &cli->detail);
    }
    for (size_t i = 0; status == SLW_OK && cli_nth(arguments, "--signature", i) != NULL; i++) {
        status = add_signature(cli, repo, role, cli_nth(arguments, "--signature", i));
    }
    slw_heap_free(&text);
    slw_heap_free(&bytes);
    return status;
}

static enum cli_exit sign_in_repository(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_repo repo;
    struct cli_keys keys;
    struct slw_heap_buffer bytes = {0};
    const char *role = arguments->positionals[1];
    enum cli_exit code = cli_repo_open(cli, arguments, &repo);
    if (code != CLI_DONE) {
        return code;
    }
    if (cli_has(arguments, "--signature-only")) {
        enum slw_status status = slw_tuf_writer_staged(
            repo.writer, slw_bytes_make(role, strlen(role)), &bytes, &cli->detail);
        code = status == SLW_OK ? sign_alone(cli, arguments, role, &bytes) : cli_fail(cli, status);
    } else {
        code = cli_keys_load(cli, arguments, "--key", &keys);
        if (code == CLI_DONE) {
            enum slw_status status =
                sign_here(cli, arguments, &repo, slw_bytes_make(role, strlen(role)), &keys);
            code = status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
            cli_keys_free(&keys);
        }
    }
    slw_heap_free(&bytes);
    cli_repo_close(&repo);
    return code;
}

enum cli_exit cli_repo_sign(struct cli *cli, const struct cli_arguments *arguments)
{
    if (!cli_has(arguments, "--key") && !cli_has(arguments, "--signature")) {
        return cli_usage(cli, "--key KEY or --signature FILE is missing");
    }
    if (arguments->positionals_count == 2) {
        return sign_in_repository(cli, arguments);
    }
    if (!cli_has(arguments, "--signature-only")) {
        return cli_usage(cli, "which role? Or --signature-only, to sign a file elsewhere");
    }
    struct slw_heap_buffer bytes = {0};
    const char *path = arguments->positionals[0];
    enum slw_status status = slw_file_read(path, STAGED_SIZE_MAX, &bytes, &cli->detail);
    enum cli_exit code =
        status == SLW_OK ? sign_alone(cli, arguments, path, &bytes) : cli_fail(cli, status);
    slw_heap_free(&bytes);
    return code;
}
