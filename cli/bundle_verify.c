/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway bundle verify`: the device's own verdict on a bundle, for people and for scripts. */
#include "bundle.h"
#include "pigweed_rules.h"
#include "verdict.h"
#include "verification.h"

#include "slipway/explain.h"

#include <inttypes.h>

/* Calls visit for each target of an accepted bundle, in listed order. */
static enum slw_status for_each_target(struct cli_verification *verification,
                                       void (*visit)(void *context,
                                                     const struct slw_trusted_target *target),
                                       void *context)
{
    const struct slw_trusted_bundle *bundle = slw_verifier_result(&verification->verifier);
    struct slw_target_walk walk;
    struct slw_trusted_target target;
    slw_target_walk_start(&walk, bundle->source, &bundle->targets, verification->small_block,
                          sizeof verification->small_block);
    enum slw_status status = slw_trusted_bundle_next_target(bundle, &walk, &target);
    while (status == SLW_OK) {
        visit(context, &target);
        status = slw_trusted_bundle_next_target(bundle, &walk, &target);
    }
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static void json_target(void *context, const struct slw_trusted_target *target)
{
    struct slw_json *json = context;
    slw_json_begin_object(json, NULL);
    slw_json_bytes(json, "name", slw_bytes_make(target->target.name, target->target.name_len));
    slw_json_uint(json, "length", target->target.length);
    slw_json_hex(json, "sha256", slw_bytes_make(target->target.sha256, SLW_SHA256_SIZE));
    slw_json_bool(json, "present", target->present);
    slw_json_end_object(json);
}

static void text_target(void *context, const struct slw_trusted_target *target)
{
    struct slw_heap_buffer *text = context;
    slw_heap_append_text(text, "  ");
    slw_escape(slw_bytes_make(target->target.name, target->target.name_len), text);
    slw_heap_append_text(text, ": ");
    cli_format_size(target->target.length, text);
    slw_heap_append_text(text, target->present ? ", sha256 " : ", already installed, sha256 ");
    slw_hex(slw_bytes_make(target->target.sha256, SLW_SHA256_SIZE), text);
    slw_heap_append_text(text, "\n");
}

/* Where a log has the release, when one was asked about. */
static void json_proof(struct slw_json *json, const struct cli_verification *verification)
{
    const struct slw_proof *proof = &verification->verifier.proof;
    if (verification->transparency.given) {
        slw_json_begin_object(json, "proof");
        slw_json_text(json, "log", verification->transparency.log.name);
        slw_json_uint(json, "index", proof->index);
        slw_json_uint(json, "size", proof->size);
        slw_json_uint(json, "cosigned", proof->cosigned);
        slw_json_end_object(json);
    }
}

static void text_proof(struct slw_heap_buffer *text, const struct cli_verification *verification)
{
    const struct slw_proof *proof = &verification->verifier.proof;
    if (verification->transparency.given) {
        slw_heap_printf(text,
                        "  entry %" PRIu64 " of the log %s, which had %" PRIu64
                        ", cosigned by %zu witness%s\n",
                        proof->index, verification->transparency.log.name, proof->size,
                        proof->cosigned, proof->cosigned == 1 ? "" : "es");
    }
}

static enum slw_status accept_as_json(struct cli_verification *verification,
                                      struct slw_heap_buffer *text)
{
    const struct slw_trusted_bundle *bundle = slw_verifier_result(&verification->verifier);
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "verdict", "accept");
    slw_json_uint(&json, "root_version", bundle->root->content.version);
    slw_json_uint(&json, "targets_version", bundle->targets.version);
    slw_json_bool(&json, "root_upgraded", bundle->root_upgraded);
    json_proof(&json, verification);
    slw_json_begin_array(&json, "targets");
    enum slw_status status = for_each_target(verification, json_target, &json);
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    slw_heap_append_text(text, "\n");
    return status;
}

static enum slw_status accept_as_text(struct cli_verification *verification,
                                      struct slw_heap_buffer *text)
{
    const struct slw_trusted_bundle *bundle = slw_verifier_result(&verification->verifier);
    const struct cli *cli = verification->cli;
    slw_heap_printf(text, "%saccepted:%s %s: targets version %u, root version %u%s\n",
                    cli_out_style(cli, CLI_GOOD), cli_out_style(cli, CLI_PLAIN),
                    verification->bundle_path, bundle->targets.version,
                    bundle->root->content.version,
                    bundle->root_upgraded ? ", which the bundle brings" : "");
    text_proof(text, verification);
    return for_each_target(verification, text_target, text);
}

static enum cli_exit tell_accepted(struct cli_verification *verification)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = verification->cli->json ? accept_as_json(verification, &text)
                                                     : accept_as_text(verification, &text);
    if (status != SLW_OK) {
        slw_heap_free(&text);
        return cli_error(verification->cli, "%s: changed while it was being verified",
                         verification->bundle_path);
    }
    return cli_print(verification->cli, &text);
}

/* text replaces the finding's own words when it isn't NULL. */
static enum cli_exit tell_refused(struct cli_verification *verification,
                                  const struct slw_finding *finding, const char *text)
{
    struct cli *cli = verification->cli;
    const struct slw_root *root = slw_verifier_root(&verification->verifier);
    struct slw_heap_buffer object = {0};
    if (slw_status_class(finding->status) == SLW_CLASS_IO) {
        return cli_error(cli, "%s: %s", verification->bundle_path,
                         slw_status_meaning(finding->status));
    }
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &object);
        cli_json_refusal(&json, finding, verification->trusted_root_path, text);
        if (root != NULL) {
            slw_json_uint(&json, "root_version", root->version);
        }
        slw_json_end_object(&json);
        slw_heap_append_text(&object, "\n");
    }
    enum cli_exit code = text == NULL
                             ? cli_refuse_finding(cli, finding, verification->trusted_root_path)
                             : cli_refuse(cli, finding->status, text);
    return cli_print(cli, &object) == CLI_DONE ? code : CLI_FAILED;
}

static enum cli_exit verify_as_pigweed(struct cli_verification *verification,
                                       const char *trusted_root_path)
{
    struct slw_finding finding = {0};
    enum cli_exit code = cli_check_pigweed_rules(verification, trusted_root_path, &finding);
    if (code == CLI_DONE && finding.status != SLW_OK) {
        code = tell_refused(verification, &finding, verification->cli->detail.text);
    }
    return code;
}

enum cli_exit cli_bundle_verify(struct cli *cli, const struct cli_arguments *arguments,
                                const char *path, const char *trusted_root_path)
{
    struct cli_verification *verification = NULL;
    enum cli_exit code =
        cli_verification_new(cli, arguments, path, trusted_root_path, &verification);
    if (code != CLI_DONE) {
        return code;
    }
    if (cli_verification_run(verification) != SLW_OK) {
        code = tell_refused(verification, &verification->verifier.finding, NULL);
    } else if (cli_has(arguments, "--as-pigweed")) {
        code = verify_as_pigweed(verification, trusted_root_path);
    }
    if (code == CLI_DONE) {
        code = tell_accepted(verification);
    }
    cli_verification_free(verification);
    return code;
}
