/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway root sign` and `slipway root add-signature`, and what `slipway bundle` shares with them:
 * signatures made in one place and added in another.
 */
#include "edit_lock.h"
#include "root.h"

#include "slipway/explain.h"
#include "slipway/files.h"

/* A file of detached signatures: 32 of them, and room for fields that we don't know. */
#define SIGNATURE_FILE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)

const struct slw_root_key *cli_signing_key(const struct slw_draft_signature *entry,
                                           const struct slw_root *root)
{
    struct slw_bytes key_id = slw_draft_signature_key_id(entry);
    return key_id.len == SLW_KEY_ID_SIZE ? slw_root_find_key(root, key_id.ptr) : NULL;
}

bool cli_is_good(const struct slw_signed_draft *draft, const struct slw_draft_signature *entry,
                 const struct slw_root_key *key)
{
    return key->type != 0 && slw_signed_draft_verify(draft, entry, (enum slw_key_type)key->type,
                                                     key->value) == SLW_OK;
}

uint32_t cli_count_good(const struct slw_signed_draft *draft, const struct slw_root *root,
                        enum slw_role role)
{
    uint32_t count = 0;
    for (size_t i = 0; i < draft->count; i++) {
        const struct slw_root_key *key = cli_signing_key(&draft->signatures[i], root);
        if (key != NULL && slw_key_has_role(key, role) &&
            cli_is_good(draft, &draft->signatures[i], key)) {
            count++;
        }
    }
    return count;
}

enum cli_exit cli_write_signatures(struct cli *cli, const struct slw_signed_draft *draft,
                                   const struct cli_keys *keys, const char *path, unsigned flags)
{
    struct slw_signed_draft only = {.serialized = draft->serialized};
    struct slw_heap_buffer message = {0};
    enum slw_status status = SLW_OK;
    for (size_t i = 0; status == SLW_OK && i < keys->count; i++) {
        status = slw_signed_draft_sign(&only, keys->keys[i], &cli->detail);
    }
    if (status == SLW_OK) {
        only.serialized = slw_bytes_make(NULL, 0);
        status = slw_signed_draft_encode(&only, &message, &cli->detail);
    }
    enum cli_exit code =
        status == SLW_OK ? cli_write_file(cli, path, flags, &message) : cli_fail(cli, status);
    slw_heap_free(&message);
    return code;
}

static void warn_of_strange_keys(struct cli *cli, const char *path, const struct slw_root *root,
                                 const struct cli_keys *keys)
{
    char shown[CLI_SHORT_ID_SIZE];
    for (size_t i = 0; i < keys->count; i++) {
        const struct slw_public_key *key = slw_private_key_public(keys->keys[i]);
        const struct slw_root_key *found = slw_root_find_key(root, key->id);
        if (found == NULL || !slw_key_has_role(found, SLW_ROLE_ROOT)) {
            cli_note(cli,
                     "%s: key %s… isn't a root key of this root; it counts only for devices "
                     "whose root has it",
                     path, cli_short_id(slw_bytes_make(key->id, sizeof key->id), shown));
        }
    }
}

static enum cli_exit sign_in_place(struct cli *cli, const char *path, const struct cli_keys *keys,
                                   struct cli_root_file *root)
{
    struct slw_heap_buffer message = {0};
    enum slw_status status = SLW_OK;
    for (size_t i = 0; status == SLW_OK && i < keys->count; i++) {
        status = slw_signed_draft_sign(&root->draft, keys->keys[i], &cli->detail);
    }
    if (status == SLW_OK) {
        status = slw_signed_draft_encode(&root->draft, &message, &cli->detail);
    }
    enum cli_exit code = status == SLW_OK ? cli_write_file(cli, path, SLW_OUTPUT_REPLACE, &message)
                                          : cli_fail(cli, status);
    slw_heap_free(&message);
    return code;
}

static void note_signed(const struct cli *cli, const char *path, const struct cli_root_file *root)
{
    uint32_t good = cli_count_good(&root->draft, &root->content.root, SLW_ROLE_ROOT);
    uint32_t needed = root->content.root.thresholds[SLW_ROLE_ROOT];
    cli_note(cli, "%s: root version %u, %u of %u signatures by its own root keys", path,
             root->content.root.version, good, needed);
}

enum cli_exit cli_root_sign(struct cli *cli, const char *path, const struct cli_keys *keys,
                            const char *signature_path, unsigned signature_flags)
{
    struct cli_root_file root;
    if (signature_path == NULL) {
        cli_lock_for_edit(path);
    }
    enum cli_exit code = cli_root_file_load(cli, path, true, &root);
    if (code != CLI_DONE) {
        return code;
    }
    warn_of_strange_keys(cli, path, &root.content.root, keys);
    if (signature_path != NULL) {
        code = cli_write_signatures(cli, &root.draft, keys, signature_path, signature_flags);
    } else {
        code = sign_in_place(cli, path, keys, &root);
    }
    if (code == CLI_DONE && signature_path == NULL) {
        note_signed(cli, path, &root);
    }
    cli_root_file_free(&root);
    return code;
}

/* Says why a signature would not count, as verification would say it. */
static enum cli_exit refuse_signature(struct cli *cli, const char *path, const char *why,
                                      const struct slw_draft_signature *entry)
{
    struct slw_heap_buffer id = {0};
    slw_hex(slw_draft_signature_key_id(entry), &id);
    (void)slw_explain(&cli->detail, SLW_BELOW_THRESHOLD, "%s: the signature by key %s %s", path,
                      slw_heap_text(&id), why);
    slw_heap_free(&id);
    return cli_fail(cli, SLW_BELOW_THRESHOLD);
}

static enum cli_exit add_signature(struct cli *cli, const char *path, const struct slw_root *root,
                                   enum slw_role role, bool lenient,
                                   const struct slw_draft_signature *entry,
                                   struct slw_signed_draft *draft)
{
    struct slw_bytes key_id = slw_draft_signature_key_id(entry);
    struct slw_bytes sig = slw_draft_signature_sig(entry);
    if (key_id.len != SLW_KEY_ID_SIZE || sig.len != SLW_SIGNATURE_SIZE) {
        return refuse_signature(cli, path, "has the wrong size", entry);
    }
    const struct slw_root_key *key = root == NULL ? NULL : cli_signing_key(entry, root);
    if (key != NULL && !cli_is_good(draft, entry, key)) {
        return refuse_signature(cli, path, "isn't over this metadata", entry);
    }
    if (root != NULL && (key == NULL || !slw_key_has_role(key, role)) && !lenient) {
        return refuse_signature(cli, path, "isn't by one of the root's targets keys", entry);
    }
    if (key == NULL) {
        char shown[CLI_SHORT_ID_SIZE];
        cli_note(cli, "%s: key %s… isn't known here, so its signature wasn't checked", path,
                 cli_short_id(key_id, shown));
    }
    enum slw_status status = slw_signed_draft_set(draft, key_id.ptr, sig.ptr, &cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_add_signatures(struct cli *cli, const char *path, const struct slw_root *root,
                                 enum slw_role role, bool lenient, struct slw_signed_draft *draft)
{
    struct slw_heap_buffer bytes = {0};
    struct slw_signed_draft more = {0};
    enum cli_exit code = CLI_DONE;
    enum slw_status status = slw_file_read(path, SIGNATURE_FILE_SIZE_MAX, &bytes, &cli->detail);
    if (status == SLW_OK) {
        status = slw_signed_draft_parse(path, slw_heap_bytes(&bytes), &more, &cli->detail);
    }
    if (status == SLW_OK && more.count == 0) {
        status = slw_explain(&cli->detail, SLW_UNSIGNED, "%s: no signature in it", path);
    }
    if (status == SLW_OK && more.serialized.len != 0 &&
        !slw_bytes_equal(more.serialized, draft->serialized)) {
        status = slw_explain(&cli->detail, SLW_BELOW_THRESHOLD,
                             "%s: holds other metadata with its signatures", path);
    }
    if (status != SLW_OK) {
        code = cli_fail(cli, status);
    } else {
        for (size_t i = 0; code == CLI_DONE && i < more.count; i++) {
            code = add_signature(cli, path, root, role, lenient, &more.signatures[i], draft);
        }
    }
    slw_heap_free(&bytes);
    return code;
}

enum cli_exit cli_root_add_signature(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *path = arguments->positionals[0];
    struct cli_root_file root;
    struct cli_keys none = {0};
    cli_lock_for_edit(arguments->positionals[0]);
    enum cli_exit code = cli_root_file_load(cli, path, true, &root);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 1; code == CLI_DONE && i < arguments->positionals_count; i++) {
        code = cli_add_signatures(cli, arguments->positionals[i], &root.content.root, SLW_ROLE_ROOT,
                                  true, &root.draft);
    }
    if (code == CLI_DONE) {
        code = sign_in_place(cli, path, &none, &root);
    }
    if (code == CLI_DONE) {
        note_signed(cli, path, &root);
    }
    cli_root_file_free(&root);
    return code;
}
