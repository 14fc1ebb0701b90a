/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign fetch`: what the service signed goes into the file that was submitted, after it was
 * verified: the signature by a key of the bundle's own root over the bundle's own metadata, the
 * proof by the log and its witnesses. What the service says isn't taken for either.
 */
#include "bundle.h"
#include "edit_lock.h"
#include "sign.h"

#include "slipway/bundle_release.h"
#include "slipway/files.h"
#include "slipway/signer_ask.h"

#include <string.h>

const struct cli_option cli_sign_fetch_options[] = {
    {.name = "--output",
     .letter = 'o',
     .value = "FILE",
     .help = "write the signed one here, and leave the first as it is"},
    CLI_SIGN_SERVICE_OPTIONS,
    {0},
};

struct delivery {
    struct cli_signer *signer;
    struct cli *cli;
    const struct cli_request *request;
    uint8_t key_id[SLW_SHA256_SIZE];
    struct slw_heap_buffer signature;
    struct slw_heap_buffer proof;
};

static enum slw_status get_results(struct delivery *delivery, bool with_proof)
{
    struct cli *cli = delivery->cli;
    struct slw_signer_client *client = delivery->signer->client;
    const uint8_t *id = delivery->request->id;
    if (!cli_request_digest(delivery->request, "key_id", delivery->key_id)) {
        return slw_explain(&cli->detail, SLW_UNAVAILABLE,
                           "the service doesn't say which key signed");
    }
    return slw_signer_ask_fetch(client, id, with_proof, &delivery->signature, &delivery->proof,
                                &cli->detail);
}

/* The key that the service names, as the root that goes with the file has it, for the role. */
static enum slw_status find_key(const struct delivery *delivery, const struct slw_root *root,
                                enum slw_role role, struct slw_public_key *ret_key)
{
    const struct slw_root_key *found =
        root == NULL ? NULL : slw_root_find_key(root, delivery->key_id);
    if (found == NULL || !slw_key_has_role(found, role)) {
        return slw_explain(&delivery->cli->detail, SLW_BELOW_THRESHOLD,
                           "the key that signed isn't one of this file's root for it");
    }
    *ret_key = (struct slw_public_key){.type = found->type};
    memcpy(ret_key->id, delivery->key_id, sizeof ret_key->id);
    ret_key->value_len =
        found->type == SLW_KEY_TYPE_ED25519 ? SLW_ED25519_KEY_SIZE : SLW_P256_KEY_SIZE;
    memcpy(ret_key->value, found->value, ret_key->value_len);
    return SLW_OK;
}

static enum slw_status verify(struct delivery *delivery, const struct slw_root *root,
                              enum slw_role role, struct slw_bytes serialized,
                              const struct slw_transparency *transparency)
{
    struct slw_public_key key;
    SLW_TRY(find_key(delivery, root, role, &key));
    return slw_signer_result_verify(serialized, &key, slw_heap_bytes(&delivery->signature),
                                    slw_heap_bytes(&delivery->proof), transparency,
                                    &delivery->cli->detail);
}

/* Signature and proof in one go, in place of the file or beside it. */
static enum slw_status write_signed(struct delivery *delivery, const struct cli_bundle_file *bundle,
                                    const char *path)
{
    struct slw_detail *detail = &delivery->cli->detail;
    struct slw_output output;
    SLW_TRY(slw_output_open(path, SLW_OUTPUT_REPLACE, &output, detail));
    enum slw_status status =
        slw_bundle_write_signed(&bundle->index, delivery->key_id, delivery->signature.ptr,
                                slw_heap_bytes(&delivery->proof), &output, detail);
    if (status == SLW_OK) {
        status = slw_file_source_check_unchanged(&bundle->file, detail);
    }
    if (status == SLW_OK) {
        status = slw_output_commit(&output, detail);
    }
    slw_output_discard(&output);
    return status;
}

static enum cli_exit deliver_verified(struct delivery *delivery,
                                      const struct cli_bundle_file *bundle, const char *output_path)
{
    const char *path = output_path != NULL ? output_path : bundle->path;
    enum slw_status status = write_signed(delivery, bundle, path);
    if (status != SLW_OK) {
        return cli_fail(delivery->cli, status);
    }
    cli_note(delivery->cli, "%s: signed%s", path,
             delivery->proof.len > 0 ? ", with its proof" : "");
    return CLI_DONE;
}

static enum cli_exit deliver_targets(struct delivery *delivery, const char *path,
                                     const char *output_path)
{
    struct cli *cli = delivery->cli;
    struct cli_bundle_file bundle;
    const struct slw_transparency *expected =
        cli_transparency_expected(&delivery->signer->transparency);
    if (output_path == NULL) {
        cli_lock_for_edit(path);
    }
    enum slw_status status = get_results(delivery, expected != NULL);
    if (status != SLW_OK) {
        return cli_signer_fail(delivery->signer, status);
    }
    enum cli_exit code = cli_bundle_open(cli, path, &bundle);
    if (code != CLI_DONE) {
        return code;
    }
    status = bundle.index.has_targets
                 ? verify(delivery, cli_bundle_root(&bundle), SLW_ROLE_TARGETS,
                          bundle.targets.serialized, expected)
                 : slw_explain(&cli->detail, SLW_MISSING_TARGETS, "%s: has no metadata", path);
    code = status == SLW_OK ? deliver_verified(delivery, &bundle, output_path)
                            : cli_unverified(cli, status);
    cli_bundle_close(&bundle);
    return code;
}

static enum cli_exit write_root(struct delivery *delivery, struct cli_root_file *root,
                                const char *path)
{
    struct cli *cli = delivery->cli;
    struct slw_heap_buffer message = {0};
    enum slw_status status =
        slw_signed_draft_set(&root->draft, delivery->key_id, delivery->signature.ptr, &cli->detail);
    if (status == SLW_OK) {
        status = slw_signed_draft_encode(&root->draft, &message, &cli->detail);
    }
    enum cli_exit code = status == SLW_OK ? cli_write_file(cli, path, SLW_OUTPUT_REPLACE, &message)
                                          : cli_fail(cli, status);
    slw_heap_drop(&message);
    if (code == CLI_DONE) {
        cli_note(cli, "%s: signed", path);
    }
    return code;
}

/* A root has no release in the log, so there is no proof. */
static enum cli_exit deliver_root(struct delivery *delivery, const char *path,
                                  const char *output_path)
{
    struct cli *cli = delivery->cli;
    struct cli_root_file root;
    enum slw_status status = get_results(delivery, false);
    if (status != SLW_OK) {
        return cli_signer_fail(delivery->signer, status);
    }
    enum cli_exit code = cli_root_file_load(cli, path, true, &root);
    if (code != CLI_DONE) {
        return code;
    }
    status = verify(delivery, &root.content.root, SLW_ROLE_ROOT, root.draft.serialized, NULL);
    code = status == SLW_OK ? write_root(delivery, &root, output_path != NULL ? output_path : path)
                            : cli_unverified(cli, status);
    cli_root_file_free(&root);
    return code;
}

enum cli_exit cli_sign_deliver(struct cli_signer *signer, const struct cli_request *request,
                               const char *path, const char *output_path)
{
    struct delivery delivery = {.signer = signer, .cli = signer->cli, .request = request};
    struct slw_bytes operation = cli_request_text(request, "operation");
    enum cli_exit code = CLI_FAILED;
    if (slw_bytes_equal(operation, SLW_BYTES_OF("sign-targets"))) {
        code = deliver_targets(&delivery, path, output_path);
    } else if (slw_bytes_equal(operation, SLW_BYTES_OF("sign-root"))) {
        code = deliver_root(&delivery, path, output_path);
    } else {
        code = cli_error(signer->cli, "the request isn't for a bundle or a root");
    }
    slw_heap_drop(&delivery.signature);
    slw_heap_drop(&delivery.proof);
    return code;
}

enum cli_exit cli_sign_fetch(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_signer signer;
    struct cli_request request;
    uint8_t id[SLW_SHA256_SIZE];
    if (!cli_request_id(cli, arguments->positionals[0], id)) {
        return CLI_USAGE;
    }
    enum cli_exit code = cli_signer_open(cli, arguments, false, &signer);
    if (code != CLI_DONE) {
        return code;
    }
    code = cli_request_load(&signer, id, &request);
    if (code == CLI_DONE) {
        code = cli_request_tell(cli, &request);
        if (code == CLI_DONE) {
            code = cli_sign_deliver(&signer, &request, arguments->positionals[1],
                                    cli_value(arguments, "--output"));
        }
        cli_request_free(&request);
    }
    cli_signer_close(&signer);
    return code;
}
