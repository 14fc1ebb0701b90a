/* SPDX-License-Identifier: Apache-2.0 */
/* Reading keys and roots, for every command that needs them. */
#include "inputs.h"

#include "slipway/files.h"
#include "slipway/token.h"

#include <stdio.h>

/* Signed metadata is its metadata and up to 32 signatures; room for unknown fields beside them. */
#define ROOT_FILE_SIZE_MAX (SLW_ROOT_SIZE_MAX + 65536u)

static enum slw_status load_root(struct cli *cli, const char *path, bool checked,
                                 struct cli_root_file *root)
{
    SLW_TRY(slw_file_read(path, ROOT_FILE_SIZE_MAX, &root->bytes, &cli->detail));
    SLW_TRY(slw_signed_draft_parse(path, slw_heap_bytes(&root->bytes), &root->draft, &cli->detail));
    if (root->draft.serialized.len == 0) {
        return slw_explain(&cli->detail, SLW_MALFORMED, "%s: no root metadata in it", path);
    }
    return checked
               ? slw_root_content_read(path, root->draft.serialized, &root->content, &cli->detail)
               : slw_root_content_parse(path, root->draft.serialized, &root->content, &cli->detail);
}

enum cli_exit cli_root_file_load(struct cli *cli, const char *path, bool checked,
                                 struct cli_root_file *ret_root)
{
    ret_root->bytes = (struct slw_heap_buffer){0};
    enum slw_status status = load_root(cli, path, checked, ret_root);
    if (status != SLW_OK) {
        cli_root_file_free(ret_root);
        return cli_fail(cli, status);
    }
    return CLI_DONE;
}

void cli_root_file_free(struct cli_root_file *root)
{
    slw_heap_free(&root->bytes);
}

enum cli_exit cli_public_key_load(struct cli *cli, const char *path, struct slw_public_key *ret_key)
{
    enum slw_status status = slw_public_key_load(path, ret_key, &cli->detail);
    if (status == SLW_NOT_FOUND) {
        return cli_error(cli, "%s; its public half is usually beside it, in %s.pub",
                         cli->detail.text, path);
    }
    /* A file that holds no key isn't something that was verified: a failure, not a refusal. */
    return status == SLW_OK ? CLI_DONE : cli_error(cli, "%s", cli->detail.text);
}

enum cli_exit cli_private_key_open(struct cli *cli, const char *text, const char *passphrase_path,
                                   struct slw_private_key **ret_key)
{
    const struct slw_key_settings settings = {.passphrase_path = passphrase_path};
    /* A key that can't be used isn't something that was verified: a failure, not a refusal. */
    if (slw_key_open(text, &settings, ret_key, NULL, &cli->detail) != SLW_OK) {
        return cli_error(cli, "%s", cli->detail.text);
    }
    if (!slw_token_is_uri(text) && slw_key_file_is_exposed(text)) {
        cli_warn(cli, "%s: others may read this private key; `chmod 600` hides it", text);
    }
    return CLI_DONE;
}

static enum cli_exit load_key(struct cli *cli, const char *text, const char *passphrase_path,
                              struct cli_keys *keys)
{
    if (keys->count == SLW_SIGNATURES_MAX) {
        return cli_error(cli, "more than %u keys", SLW_SIGNATURES_MAX);
    }
    enum cli_exit code = cli_private_key_open(cli, text, passphrase_path, &keys->keys[keys->count]);
    keys->count += code == CLI_DONE ? 1 : 0;
    return code;
}

enum cli_exit cli_keys_load(struct cli *cli, const struct cli_arguments *arguments,
                            const char *option, struct cli_keys *ret_keys)
{
    const char *passphrase_path = cli_value(arguments, "--passphrase-file");
    *ret_keys = (struct cli_keys){0};
    for (size_t i = 0; cli_nth(arguments, option, i) != NULL; i++) {
        enum cli_exit code =
            load_key(cli, cli_nth(arguments, option, i), passphrase_path, ret_keys);
        if (code != CLI_DONE) {
            cli_keys_free(ret_keys);
            return code;
        }
    }
    return CLI_DONE;
}

void cli_keys_free(struct cli_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        slw_private_key_free(keys->keys[i]);
    }
    keys->count = 0;
}

const char *cli_short_id(struct slw_bytes key_id, char buffer[static CLI_SHORT_ID_SIZE])
{
    size_t shown = key_id.len < 8 ? key_id.len : 8;
    buffer[0] = '\0';
    for (size_t i = 0; i < shown; i++) {
        (void)snprintf(buffer + 2 * i, CLI_SHORT_ID_SIZE - 2 * i, "%02x", key_id.ptr[i]);
    }
    return buffer;
}

unsigned cli_output_flags(const struct cli_arguments *arguments)
{
    return cli_has(arguments, "--force") ? SLW_OUTPUT_REPLACE : 0;
}

enum cli_exit cli_write_file(struct cli *cli, const char *path, unsigned flags,
                             struct slw_heap_buffer *bytes)
{
    enum slw_status status = bytes->status;
    if (status == SLW_OK) {
        status = slw_file_write(path, flags, slw_heap_bytes(bytes), &cli->detail);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}
