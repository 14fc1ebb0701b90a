/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway bundle add`, `sign` and `add-signature`: changes of a bundle that is there already. */
#include "bundle.h"
#include "edit_lock.h"
#include "root.h"

static void note_signatures(const struct cli *cli, const struct cli_bundle_file *bundle)
{
    const struct slw_root *root = cli_bundle_root(bundle);
    if (root == NULL) {
        cli_note(cli, "%s: %zu signature%s; the bundle has no root to check against", bundle->path,
                 bundle->targets.count, bundle->targets.count == 1 ? "" : "s");
        return;
    }
    cli_note(cli, "%s: %u of %u signatures by targets keys of the bundle's root", bundle->path,
             cli_count_good(&bundle->targets, root, SLW_ROLE_TARGETS),
             root->thresholds[SLW_ROLE_TARGETS]);
}

static enum cli_exit add_to(struct cli *cli, struct cli_bundle_file *bundle,
                            const struct cli_payloads *payloads, struct slw_bytes new_root,
                            bool keep_signatures)
{
    size_t dropped = 0;
    if (!keep_signatures || payloads->count > 0) {
        dropped = bundle->targets.count;
        bundle->targets.count = 0;
    }
    struct cli_bundle_change change = {
        .new_root = new_root,
        .additions = payloads,
        .targets = &bundle->targets,
        .what = "adding",
    };
    enum cli_exit code = cli_bundle_rewrite(cli, bundle, &change);
    if (code == CLI_DONE && dropped > 0) {
        cli_note(cli, "%s: dropped %zu signature%s; sign it again", bundle->path, dropped,
                 dropped == 1 ? "" : "s");
    }
    return code;
}

enum cli_exit cli_bundle_add(struct cli *cli, const char *path, struct cli_payloads *payloads,
                             const char *root_path, bool keep_signatures)
{
    struct cli_bundle_file bundle;
    struct cli_root_file root = {0};
    cli_lock_for_edit(path);
    enum cli_exit code = CLI_DONE;
    if (root_path != NULL) {
        code = cli_root_file_load(cli, root_path, true, &root);
    }
    if (code == CLI_DONE) {
        code = cli_bundle_open(cli, path, &bundle);
        if (code == CLI_DONE) {
            code = add_to(cli, &bundle, payloads, slw_heap_bytes(&root.bytes), keep_signatures);
            cli_bundle_close(&bundle);
        }
        cli_root_file_free(&root);
    }
    return code;
}

/* What is signed must be metadata that a device could accept. */
static enum cli_exit check_signable(struct cli *cli, const struct cli_bundle_file *bundle)
{
    if (!bundle->index.has_targets) {
        (void)slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: %s", bundle->path,
                          slw_status_meaning(SLW_MISSING_TARGETS));
        return cli_fail(cli, SLW_MISSING_TARGETS);
    }
    enum slw_status status = slw_targets_check_content(bundle->targets.serialized, &cli->detail);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

static enum cli_exit sign_in_place(struct cli *cli, struct cli_bundle_file *bundle,
                                   const struct cli_keys *keys)
{
    for (size_t i = 0; i < keys->count; i++) {
        enum slw_status status =
            slw_signed_draft_sign(&bundle->targets, keys->keys[i], &cli->detail);
        if (status != SLW_OK) {
            return cli_fail(cli, status);
        }
    }
    struct cli_bundle_change change = {.targets = &bundle->targets, .what = "signing"};
    enum cli_exit code = cli_bundle_rewrite(cli, bundle, &change);
    if (code == CLI_DONE) {
        note_signatures(cli, bundle);
    }
    return code;
}

enum cli_exit cli_bundle_sign(struct cli *cli, const char *path, const struct cli_keys *keys,
                              bool any_key, const char *signature_path, unsigned signature_flags)
{
    struct cli_bundle_file bundle;
    if (signature_path == NULL) {
        cli_lock_for_edit(path);
    }
    enum cli_exit code = cli_bundle_open(cli, path, &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    code = check_signable(cli, &bundle);
    if (code == CLI_DONE && !any_key) {
        code = cli_check_signers(cli, path, cli_bundle_root(&bundle), keys);
    }
    if (code == CLI_DONE && signature_path != NULL) {
        code = cli_write_signatures(cli, &bundle.targets, keys, signature_path, signature_flags);
    } else if (code == CLI_DONE) {
        code = sign_in_place(cli, &bundle, keys);
    }
    cli_bundle_close(&bundle);
    return code;
}

enum cli_exit cli_bundle_add_signature(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_bundle_file bundle;
    cli_lock_for_edit(arguments->positionals[0]);
    enum cli_exit code = cli_bundle_open(cli, arguments->positionals[0], &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    code = check_signable(cli, &bundle);
    for (size_t i = 1; code == CLI_DONE && i < arguments->positionals_count; i++) {
        code =
            cli_add_signatures(cli, arguments->positionals[i], cli_bundle_root(&bundle),
                               SLW_ROLE_TARGETS, cli_has(arguments, "--any-key"), &bundle.targets);
    }
    if (code == CLI_DONE) {
        struct cli_keys none = {0};
        code = sign_in_place(cli, &bundle, &none);
    }
    cli_bundle_close(&bundle);
    return code;
}
