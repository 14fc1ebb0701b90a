/* SPDX-License-Identifier: Apache-2.0 */
/* A bundle that is there already, as the commands want it that show or change one. */
#include "bundle.h"

#include "slipway/explain.h"

#define TARGETS_MESSAGE_SIZE_MAX (SLW_TARGETS_SIZE_MAX + 65536u)
#define ROOT_MESSAGE_SIZE_MAX (SLW_ROOT_SIZE_MAX + 65536u)

static enum slw_status load_targets(struct cli *cli, struct cli_bundle_file *bundle)
{
    if (!bundle->index.has_targets) {
        return SLW_OK;
    }
    SLW_TRY(slw_source_load(bundle->path, &bundle->file.source, bundle->index.targets,
                            TARGETS_MESSAGE_SIZE_MAX, &bundle->targets_message, &cli->detail));
    return slw_signed_draft_parse(bundle->path, slw_heap_bytes(&bundle->targets_message),
                                  &bundle->targets, &cli->detail);
}

static enum slw_status load_root(struct cli *cli, struct cli_bundle_file *bundle)
{
    if (!bundle->index.has_root) {
        return SLW_OK;
    }
    SLW_TRY(slw_source_load(bundle->path, &bundle->file.source, bundle->index.root,
                            ROOT_MESSAGE_SIZE_MAX, &bundle->root_message, &cli->detail));
    SLW_TRY(slw_signed_draft_parse(bundle->path, slw_heap_bytes(&bundle->root_message),
                                   &bundle->root, &cli->detail));
    return slw_root_content_parse(bundle->path, bundle->root.serialized, &bundle->root_content,
                                  &cli->detail);
}

static enum slw_status load(struct cli *cli, struct cli_bundle_file *bundle)
{
    SLW_TRY(
        slw_bundle_index_read(bundle->path, &bundle->file.source, &bundle->index, &cli->detail));
    SLW_TRY(load_targets(cli, bundle));
    return load_root(cli, bundle);
}

enum cli_exit cli_bundle_open(struct cli *cli, const char *path, struct cli_bundle_file *ret_bundle)
{
    *ret_bundle = (struct cli_bundle_file){.path = path};
    enum slw_status status = slw_file_source_open(path, &ret_bundle->file, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    status = load(cli, ret_bundle);
    if (status != SLW_OK) {
        cli_bundle_close(ret_bundle);
        return cli_fail(cli, status);
    }
    return CLI_DONE;
}

void cli_bundle_close(struct cli_bundle_file *bundle)
{
    slw_file_source_close(&bundle->file);
    slw_bundle_index_free(&bundle->index);
    slw_heap_free(&bundle->targets_message);
    slw_heap_free(&bundle->root_message);
}

const struct slw_root *cli_bundle_root(const struct cli_bundle_file *bundle)
{
    return bundle->index.has_root ? &bundle->root_content.root : NULL;
}

enum cli_exit cli_check_signers(struct cli *cli, const char *path, const struct slw_root *root,
                                const struct cli_keys *keys)
{
    for (size_t i = 0; root != NULL && i < keys->count; i++) {
        const struct slw_public_key *key = slw_private_key_public(keys->keys[i]);
        const struct slw_root_key *found = slw_root_find_key(root, key->id);
        if (found == NULL || !slw_key_has_role(found, SLW_ROLE_TARGETS)) {
            struct slw_heap_buffer id = {0};
            slw_hex(slw_bytes_make(key->id, sizeof key->id), &id);
            (void)slw_explain(&cli->detail, SLW_BELOW_THRESHOLD,
                              "%s: key %s isn't a targets key of the bundle's root, so its "
                              "signature could not count (--any-key signs all the same)",
                              path, slw_heap_text(&id));
            slw_heap_free(&id);
            return cli_fail(cli, SLW_BELOW_THRESHOLD);
        }
    }
    return CLI_DONE;
}
