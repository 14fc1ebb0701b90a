/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway root create` and `slipway root rotate`: root metadata, without signatures yet. */
#include "root.h"
#include "values.h"

#include "slipway/files.h"
#include "slipway/text.h"

#include <string.h>

/* Thresholds, expiry: what create and rotate have in common. */
static bool read_common_options(struct cli *cli, const struct cli_arguments *arguments,
                                struct slw_root_draft *draft)
{
    int64_t expires = 0;
    bool given = false;
    if (!cli_number(cli, arguments, "--root-threshold", &draft->thresholds[SLW_ROLE_ROOT]) ||
        !cli_number(cli, arguments, "--targets-threshold", &draft->thresholds[SLW_ROLE_TARGETS]) ||
        !cli_time(cli, arguments, "--expires", &given, &expires)) {
        return false;
    }
    if (given) {
        draft->expires = (struct slw_expiry){true, expires, 0};
    }
    return true;
}

static enum cli_exit add_keys(struct cli *cli, const struct cli_arguments *arguments,
                              const char *option, enum slw_role role, struct slw_root_draft *draft)
{
    for (size_t i = 0; cli_nth(arguments, option, i) != NULL; i++) {
        const char *path = cli_nth(arguments, option, i);
        struct slw_public_key key;
        enum cli_exit code = cli_public_key_load(cli, path, &key);
        if (code != CLI_DONE) {
            return code;
        }
        enum slw_status status = slw_root_draft_add_key(draft, role, &key);
        if (status == SLW_BAD_ARGUMENT) {
            return cli_usage(cli, "%s %s: the role %s has this key already", option, path,
                             slw_role_name(role));
        }
        if (status != SLW_OK) {
            (void)slw_explain(&cli->detail, status, "more than %u keys", SLW_ROOT_KEYS_MAX);
            return cli_fail(cli, status);
        }
    }
    return CLI_DONE;
}

/* The signed wrapper around a new root, without signatures. */
static enum cli_exit write_root(struct cli *cli, const struct cli_arguments *arguments,
                                const struct slw_root_draft *draft)
{
    const char *path = cli_value(arguments, "--out");
    struct slw_heap_buffer serialized = {0};
    struct slw_heap_buffer message = {0};
    enum cli_exit code = CLI_DONE;
    enum slw_status status = slw_root_draft_encode(draft, path, &serialized, &cli->detail);
    if (status == SLW_OK) {
        struct slw_signed_draft wrapper = {.serialized = slw_heap_bytes(&serialized)};
        status = slw_signed_draft_encode(&wrapper, &message, &cli->detail);
    }
    if (status == SLW_OK) {
        code = cli_write_file(cli, path, cli_output_flags(arguments), &message);
    } else {
        code = cli_fail(cli, status);
    }
    if (code == CLI_DONE) {
        cli_note(cli, "%s: root version %u, unsigned; `slipway root sign %s --key …` comes next",
                 path, draft->version, path);
    }
    slw_heap_free(&serialized);
    slw_heap_free(&message);
    return code;
}

enum cli_exit cli_root_create(struct cli *cli, const struct cli_arguments *arguments,
                              const char *root_keys_option, const char *targets_keys_option)
{
    struct slw_root_draft draft = {.version = 1};
    unsigned key_class = SLW_KEY_CLASS_NONE;
    draft.thresholds[SLW_ROLE_ROOT] = 1;
    draft.thresholds[SLW_ROLE_TARGETS] = 1;
    if (!cli_number(cli, arguments, "--version", &draft.version) ||
        !read_common_options(cli, arguments, &draft) ||
        !cli_choice(cli, arguments, "--key-class", cli_key_class_words, &key_class)) {
        return CLI_USAGE;
    }
    draft.key_class = (enum slw_key_class)key_class;
    enum cli_exit code = add_keys(cli, arguments, root_keys_option, SLW_ROLE_ROOT, &draft);
    if (code == CLI_DONE) {
        code = add_keys(cli, arguments, targets_keys_option, SLW_ROLE_TARGETS, &draft);
    }
    return code == CLI_DONE ? write_root(cli, arguments, &draft) : code;
}

static bool parse_key_id(const char *text, uint8_t key_id[static SLW_KEY_ID_SIZE])
{
    if (strlen(text) != (size_t)2 * SLW_KEY_ID_SIZE) {
        return false;
    }
    for (size_t i = 0; i < SLW_KEY_ID_SIZE; i++) {
        int high = slw_text_hex_value(text[2 * i]);
        int low = slw_text_hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        key_id[i] = (uint8_t)(high * 16 + low);
    }
    return true;
}

static enum cli_exit remove_keys(struct cli *cli, const struct cli_arguments *arguments,
                                 const char *option, enum slw_role role,
                                 struct slw_root_draft *draft)
{
    for (size_t i = 0; cli_nth(arguments, option, i) != NULL; i++) {
        const char *text = cli_nth(arguments, option, i);
        struct slw_public_key key = {0};
        if (!parse_key_id(text, key.id)) {
            enum cli_exit code = cli_public_key_load(cli, text, &key);
            if (code != CLI_DONE) {
                return code;
            }
        }
        if (slw_root_draft_remove_key(draft, role, key.id) != SLW_OK) {
            return cli_usage(cli, "%s %s: the role %s doesn't have this key", option, text,
                             slw_role_name(role));
        }
    }
    return CLI_DONE;
}

/* Removed before added, so that a key can move from one role to the other. */
static enum cli_exit change_keys(struct cli *cli, const struct cli_arguments *arguments,
                                 struct slw_root_draft *draft)
{
    enum cli_exit code = remove_keys(cli, arguments, "--remove-root-key", SLW_ROLE_ROOT, draft);
    if (code == CLI_DONE) {
        code = remove_keys(cli, arguments, "--remove-targets-key", SLW_ROLE_TARGETS, draft);
    }
    if (code == CLI_DONE) {
        code = add_keys(cli, arguments, "--add-root-key", SLW_ROLE_ROOT, draft);
    }
    if (code == CLI_DONE) {
        code = add_keys(cli, arguments, "--add-targets-key", SLW_ROLE_TARGETS, draft);
    }
    return code;
}

static enum cli_exit rotate(struct cli *cli, const struct cli_arguments *arguments,
                            const struct cli_root_file *old)
{
    const char *path = arguments->positionals[0];
    struct slw_root_draft draft;
    struct slw_time now = {true, cli_now_utc_s()};
    enum slw_status status =
        slw_root_draft_from(path, old->draft.serialized, &old->content, &draft, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    if (draft.version == UINT32_MAX) {
        return cli_error(cli, "%s: its version is the last there is", path);
    }
    draft.version++;
    if (!read_common_options(cli, arguments, &draft)) {
        return CLI_USAGE;
    }
    enum cli_exit code = change_keys(cli, arguments, &draft);
    if (code != CLI_DONE) {
        return code;
    }
    if (slw_expired(&draft.expires, &now)) {
        cli_warn(cli, "%s: keeps an expiry that is past; --expires sets another",
                 cli_value(arguments, "--out"));
    }
    return write_root(cli, arguments, &draft);
}

enum cli_exit cli_root_rotate(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_root_file old;
    enum cli_exit code = cli_root_file_load(cli, arguments->positionals[0], true, &old);
    if (code == CLI_DONE) {
        code = rotate(cli, arguments, &old);
        cli_root_file_free(&old);
    }
    return code;
}
