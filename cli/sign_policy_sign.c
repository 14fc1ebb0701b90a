/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway sign policy sign`: administrators sign a policy, one after the other. */
#include "sign.h"
#include "sign_policy.h"

#include <string.h>

/* Where to begin: the envelope as it is, or a new one that nobody signed yet. */
static enum slw_status begin(struct cli *cli, const struct cli_arguments *arguments,
                             const struct cli_policy_file *file, struct slw_heap_buffer *ret_text)
{
    const char *origin = cli_value(arguments, "--origin");
    struct slw_bytes name = slw_bytes_make(origin, origin == NULL ? 0 : strlen(origin));
    struct slw_heap_buffer payload = {0};
    if (file->is_envelope) {
        if (origin != NULL && !slw_bytes_equal(name, slw_heap_bytes(&file->origin))) {
            return slw_explain(&cli->detail, SLW_BAD_STATEMENT,
                               "the envelope is for another service: %.*s", (int)file->origin.len,
                               (const char *)file->origin.ptr);
        }
        slw_dsse_format(&file->envelope, ret_text);
        return ret_text->status;
    }
    enum slw_status status = slw_policy_statement(file->policy, name, &payload, &cli->detail);
    if (status == SLW_OK) {
        struct slw_dsse envelope = {.payload_type = SLW_DSSE_INTOTO,
                                    .payload = slw_heap_bytes(&payload)};
        slw_dsse_format(&envelope, ret_text);
        status = ret_text->status;
    }
    slw_heap_free(&payload);
    return status;
}

static void warn_of_stranger(const struct cli *cli, const struct slw_policy *policy,
                             const struct slw_public_key *key)
{
    char id[CLI_SHORT_ID_SIZE];
    for (size_t i = 0; i < policy->administrators.count; i++) {
        if (memcmp(policy->administrators.items[i].keys[0].id, key->id, sizeof key->id) == 0) {
            return;
        }
    }
    cli_warn(cli,
             "key %s isn't an administrator's in this policy: it counts only as a former one's",
             cli_short_id(slw_bytes_make(key->id, sizeof key->id), id));
}

static enum cli_exit sign(struct cli *cli, const struct cli_arguments *arguments,
                          const struct cli_policy_file *file, const struct cli_keys *keys)
{
    const char *output = cli_value(arguments, "--output");
    struct slw_heap_buffer text = {0};
    enum slw_status status = begin(cli, arguments, file, &text);
    for (size_t i = 0; status == SLW_OK && i < keys->count; i++) {
        warn_of_stranger(cli, file->policy, slw_private_key_public(keys->keys[i]));
        status = cli_envelope_sign(cli, keys->keys[i], &text);
    }
    if (status != SLW_OK) {
        slw_heap_free(&text);
        return cli_fail(cli, status);
    }
    slw_heap_append_text(&text, "\n");
    if (output == NULL) {
        return cli_print(cli, &text);
    }
    enum cli_exit code = cli_write_file(cli, output, cli_output_flags(arguments), &text);
    slw_heap_free(&text);
    return code;
}

enum cli_exit cli_policy_sign(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_policy_file file;
    struct cli_keys keys;
    if (cli_count(arguments, "--key") == 0) {
        return cli_usage(cli, "sign needs --key");
    }
    enum slw_status status = cli_policy_file_load(cli, arguments->positionals[1], &file);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    if (!file.is_envelope && cli_value(arguments, "--origin") == NULL) {
        cli_policy_file_free(&file);
        return cli_usage(cli, "sign needs --origin: a signature is for one service alone");
    }
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code == CLI_DONE) {
        code = sign(cli, arguments, &file, &keys);
        cli_keys_free(&keys);
    }
    cli_policy_file_free(&file);
    return code;
}
