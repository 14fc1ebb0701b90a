/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the root that a ceremony made would be taken: by the verifier's own code, and that of
 * clients of repositories. */
#include "ceremony.h"
#include "root.h"
#include "values.h"

#include "slipway/files.h"
#include "slipway/tuf_metadata.h"

static bool follows(const struct cli_ceremony *folder)
{
    enum slw_ceremony_kind kind = slw_ceremony_get_plan(folder->ceremony)->kind;
    return kind == SLW_CEREMONY_ROTATION || kind == SLW_CEREMONY_REVOCATION;
}

static enum cli_exit verify_bundle_root(struct cli *cli, const struct cli_ceremony *folder,
                                        const char *path)
{
    struct slw_heap_buffer former = {0};
    cli_ceremony_path(folder->directory, "former-root", &former);
    enum cli_exit code =
        cli_root_verify(cli, path, follows(folder) ? slw_heap_text(&former) : NULL);
    slw_heap_drop(&former);
    return code;
}

/* A root.json, read; it can't be moved. */
struct json_root {
    struct slw_tuf_file file;
    struct slw_tuf_root root;
};

static enum slw_status read_json_root(struct cli *cli, const char *name,
                                      struct slw_heap_buffer *bytes, struct json_root *root)
{
    SLW_TRY(slw_tuf_file_parse(name, bytes, SLW_ROOT_SIZE_MAX, SLW_TUF_ROOT, &root->file,
                               &cli->detail));
    enum slw_status status =
        slw_tuf_root_read(&root->file, SLW_TUF_KEY_IDS_CHECKED, &root->root, &cli->detail);
    if (status != SLW_OK) {
        slw_tuf_file_free(&root->file);
    }
    return status;
}

static void free_json_root(struct json_root *root)
{
    slw_tuf_root_free(&root->root);
    slw_tuf_file_free(&root->file);
}

/* TUF 1.0.34, 5.3.4: "Version N+1 of the root metadata file MUST have been signed by: (1) a
 * threshold of keys specified in the trusted root metadata file (version N), and (2) a threshold of
 * keys specified in the new root metadata file being validated (version N+1)." */
static enum slw_status verify_by_former(struct cli *cli, const struct cli_ceremony *folder,
                                        const struct json_root *root)
{
    struct json_root former;
    struct slw_heap_buffer bytes = {0};
    slw_heap_append(&bytes, slw_heap_bytes(&folder->former));
    SLW_TRY(bytes.status);
    SLW_TRY(read_json_root(cli, "former root", &bytes, &former));
    enum slw_status status = slw_tuf_file_verify(&root->file, &former.root.keys,
                                                 &former.root.roles[SLW_TUF_ROOT], &cli->detail);
    /* 5.3.5: "the version number of the new root metadata file MUST be exactly the version in the
     * trusted root metadata file incremented by one" */
    if (status == SLW_OK && root->root.common.version != former.root.common.version + 1) {
        status = slw_explain(&cli->detail, SLW_ROOT_ROLLBACK,
                             "new root: its version isn't the former one's and one");
    }
    free_json_root(&former);
    return status;
}

static enum slw_status verify_json_root(struct cli *cli, const struct cli_ceremony *folder,
                                        const char *path)
{
    struct json_root root;
    struct slw_heap_buffer bytes = {0};
    SLW_TRY(slw_file_read(path, SLW_ROOT_SIZE_MAX, &bytes, &cli->detail));
    SLW_TRY(read_json_root(cli, path, &bytes, &root));
    enum slw_status status = slw_tuf_file_verify(&root.file, &root.root.keys,
                                                 &root.root.roles[SLW_TUF_ROOT], &cli->detail);
    if (status == SLW_OK && follows(folder)) {
        status = verify_by_former(cli, folder, &root);
    }
    if (status == SLW_OK && root.root.common.expires_utc_s <= cli_now_utc_s()) {
        status = slw_explain(&cli->detail, SLW_EXPIRED, "%s: is past its expiry", path);
    }
    if (status == SLW_OK) {
        cli_note(cli, "%s: root version %lld, which %s", path, (long long)root.root.common.version,
                 follows(folder) ? "the former root's keys and its own vouch for"
                                 : "its own keys vouch for");
    }
    free_json_root(&root);
    return status;
}

enum cli_exit cli_ceremony_verify_root(struct cli *cli, const struct cli_ceremony *folder,
                                       const char *path)
{
    if (slw_ceremony_get_plan(folder->ceremony)->format == SLW_CEREMONY_BUNDLE) {
        return verify_bundle_root(cli, folder, path);
    }
    enum slw_status status = verify_json_root(cli, folder, path);
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}
