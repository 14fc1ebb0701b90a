/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign approve` and `slipway sign reject`. An approval is of bytes that this machine saw:
 * it downloads the metadata, works out by itself what differs from the last release of the product,
 * by a key of the same class, that the log
 * proves, shows that, asks, and signs the digests of exactly what it showed.
 */
#include "bundle.h"
#include "root.h"
#include "sign.h"
#include "values.h"

#include "slipway/content_digest.h"
#include "slipway/dsse.h"
#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/signer_releases.h"
#include "slipway/statements.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPIRES_S 86400
#define SHOWN_SIZE_MAX 262144u /* of metadata that aren't a bundle's */

#define APPROVER_OPTIONS                                                                           \
    {.name = "--approver-key",                                                                     \
     .value = "KEY",                                                                               \
     .help = "your private key: a file, or a pkcs11: URI"},                                        \
        {.name = "--ssh-key",                                                                      \
         .value = "FILE",                                                                          \
         .help = "or a key of OpenSSH, with FILE.pub beside it; ssh-keygen signs"},                \
        {.name = "--expires", .value = "TIME", .help = "when this is no longer good (24h)"},       \
        CLI_SIGN_SERVICE_OPTIONS, CLI_PASSPHRASE_OPTION

const struct cli_option cli_sign_approve_options[] = {
    {.name = "--previous",
     .value = "BUNDLE",
     .help = "the last release, when the service doesn't have its metadata any more"},
    {.name = "--yes", .help = "approve without being asked"},
    APPROVER_OPTIONS,
    {0},
};

const struct cli_option cli_sign_reject_options[] = {
    {.name = "--reason",
     .value = "TEXT",
     .required = true,
     .help = "why, for the requester and the log"},
    APPROVER_OPTIONS,
    {0},
};

/* What somebody decides about. */
struct decision {
    struct cli *cli;
    struct cli_signer signer;
    struct cli_request request;
    struct slw_heap_buffer metadata; /* what would be signed */
    struct slw_heap_buffer former;   /* the last release's; empty: there is none */
    struct slw_heap_buffer product;  /* by the metadata */
    struct slw_signer_release release;
    struct slw_approval approval;
    bool is_release; /* a bundle's targets metadata */
};

static void sha256_of(struct slw_bytes bytes, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, ret_digest);
}

static enum slw_status disagree(struct cli *cli, const char *about)
{
    return slw_explain(&cli->detail, SLW_BAD_STATEMENT,
                       "what the service says of the request isn't what its metadata are: %s",
                       about);
}

static bool find_class(struct slw_bytes word, enum slw_key_class *ret_class)
{
    for (unsigned i = 1; i < 4; i++) {
        if (slw_bytes_equal(
                word, slw_bytes_make(cli_key_class_words[i], strlen(cli_key_class_words[i])))) {
            *ret_class = (enum slw_key_class)i;
            return true;
        }
    }
    return false;
}

/* What the approval says that the service decides: the key, its class, the policy. */
static enum slw_status take_told(struct decision *decision, int64_t now_utc_s,
                                 int64_t expires_utc_s)
{
    const struct cli_request *request = &decision->request;
    struct slw_approval *approval = &decision->approval;
    int64_t policy = cli_request_number(request, "policy_version");
    approval->signer = cli_signer_origin(&decision->signer);
    approval->channel = cli_request_text(request, "channel");
    approval->issued_utc_s = now_utc_s;
    approval->expires_utc_s = expires_utc_s;
    memcpy(approval->request, request->id, sizeof approval->request);
    if (!cli_request_digest(request, "key_id", approval->key_id) ||
        !find_class(cli_request_text(request, "key_class"), &approval->key_class) || policy < 1 ||
        policy > UINT32_MAX) {
        return disagree(decision->cli, "key, class or policy version are missing");
    }
    approval->policy_version = (uint32_t)policy;
    return SLW_OK;
}

/* The digests of what was downloaded, which must be those that the service tells. */
static enum slw_status take_digests(struct decision *decision)
{
    uint8_t told[SLW_SHA256_SIZE];
    const struct cli_request *request = &decision->request;
    struct slw_approval *approval = &decision->approval;
    struct slw_bytes metadata = slw_heap_bytes(&decision->metadata);
    sha256_of(metadata, approval->targets_sha256);
    if (!cli_request_digest(request, "targets_sha256", told) ||
        memcmp(told, approval->targets_sha256, sizeof told) != 0) {
        return disagree(decision->cli, "their SHA-256");
    }
    if (!decision->is_release) {
        return cli_request_digest(request, "staged", approval->content)
                   ? SLW_OK
                   : disagree(decision->cli, "what was staged is missing");
    }
    SLW_TRY(slw_content_digest_of(metadata, approval->content, &decision->cli->detail));
    return cli_request_digest(request, "content_digest", told) &&
                   memcmp(told, approval->content, sizeof told) == 0
               ? SLW_OK
               : disagree(decision->cli, "their content digest");
}

static enum slw_status download(struct decision *decision)
{
    struct cli *cli = decision->cli;
    decision->is_release = slw_bytes_equal(cli_request_text(&decision->request, "operation"),
                                           SLW_BYTES_OF("sign-targets"));
    return slw_signer_client_blob(decision->signer.client, decision->request.id,
                                  SLW_SIGNER_METADATA, SLW_TARGETS_SIZE_MAX, &decision->metadata,
                                  &cli->detail);
}

/* The metadata out of a bundle that the approver has; it must be the release of the log. */
static enum slw_status load_previous(struct decision *decision, const char *path)
{
    struct cli *cli = decision->cli;
    struct cli_bundle_file bundle;
    uint8_t digest[SLW_SHA256_SIZE];
    if (cli_bundle_open(cli, path, &bundle) != CLI_DONE) {
        return SLW_IO;
    }
    sha256_of(bundle.targets.serialized, digest);
    bool is_it =
        bundle.index.has_targets && memcmp(digest, decision->release.digest, sizeof digest) == 0;
    if (is_it) {
        slw_heap_append(&decision->former, bundle.targets.serialized);
    }
    cli_bundle_close(&bundle);
    return is_it ? SLW_OK
                 : slw_explain(&cli->detail, SLW_WRONG_HASH,
                               "%s: not release %" PRIu32 ", which is the last one in the log",
                               path, decision->release.version);
}

static enum slw_status find_former(struct decision *decision, const struct cli_arguments *arguments)
{
    struct cli *cli = decision->cli;
    const char *previous = cli_value(arguments, "--previous");
    struct slw_targets_draft now = {0};
    struct slw_signer_log_files files = slw_signer_client_log_files(decision->signer.client);
    SLW_TRY(slw_targets_draft_parse(slw_heap_bytes(&decision->metadata), &now, &cli->detail));
    enum slw_status status =
        slw_signer_last_release(&files, &decision->signer.transparency.log, now.product,
                                decision->approval.key_class, &decision->release, &cli->detail);
    if (status == SLW_OK && decision->release.found && previous != NULL) {
        status = load_previous(decision, previous);
    } else if (status == SLW_OK && decision->release.found) {
        status = slw_signer_release_metadata(decision->signer.client, now.product,
                                             &decision->release, &decision->former, &cli->detail);
    }
    slw_heap_append(&decision->product, now.product);
    slw_targets_draft_free(&now);
    return status;
}

/* A root as a tree; false when it isn't one. */
static bool describe_root(const struct decision *decision, struct slw_heap_buffer *text)
{
    static struct slw_root_content content;
    struct cli_tree tree = {0};
    struct slw_detail unused;
    if (slw_root_content_parse("root", slw_heap_bytes(&decision->metadata), &content, &unused) !=
        SLW_OK) {
        return false;
    }
    slw_heap_printf(cli_tree_line(&tree, 0), "root version %" PRIu32, content.root.version);
    cli_tree_root(&tree, 1, &content.root, NULL);
    cli_tree_draw(&tree, decision->cli, text);
    return true;
}

static void describe_other(const struct decision *decision, struct slw_heap_buffer *text)
{
    struct slw_bytes metadata = slw_heap_bytes(&decision->metadata);
    slw_heap_append_text(text, "what would be signed:\n");
    if (slw_bytes_equal(cli_request_text(&decision->request, "operation"),
                        SLW_BYTES_OF("sign-root")) &&
        describe_root(decision, text)) {
        return;
    }
    slw_escape(
        slw_bytes_make(metadata.ptr, metadata.len < SHOWN_SIZE_MAX ? metadata.len : SHOWN_SIZE_MAX),
        text);
    slw_heap_append_text(text, "\n");
}

/* What is shown before anything is asked. */
static enum slw_status describe(struct decision *decision, struct slw_heap_buffer *text)
{
    cli_request_describe(&decision->request, text);
    if (!decision->is_release) {
        describe_other(decision, text);
        return SLW_OK;
    }
    const char *class_word = cli_key_class_words[decision->approval.key_class];
    if (decision->release.found) {
        slw_heap_printf(text, "difference to release %" PRIu32 " of ", decision->release.version);
        slw_quote(slw_heap_bytes(&decision->product), text);
        slw_heap_printf(
            text, ", class %s, entry %" PRIu64 " of %" PRIu64 " in the log, which was verified:\n",
            class_word, decision->release.index, decision->release.log_size);
    } else {
        slw_heap_append_text(text, "the first release of ");
        slw_quote(slw_heap_bytes(&decision->product), text);
        slw_heap_printf(text, ", class %s: none of the %" PRIu64 " entries of the log is one:\n",
                        class_word, decision->release.log_size);
    }
    return cli_difference_describe(slw_heap_bytes(&decision->former),
                                   slw_heap_bytes(&decision->metadata), text,
                                   &decision->cli->detail);
}

static bool ask(const struct cli *cli)
{
    char answer[16] = "";
    (void)cli;
    (void)fputs("Approve exactly this? [yes/no] ", stderr);
    (void)fflush(stderr);
    return fgets(answer, sizeof answer, stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* In the envelope, by the key that the options name. */
static enum slw_status sign(struct decision *decision, struct slw_bytes payload,
                            struct slw_heap_buffer *ret_envelope)
{
    struct cli *cli = decision->cli;
    const struct cli_arguments *arguments = &decision->signer.filled.arguments;
    const char *ssh_key = cli_value(arguments, "--ssh-key");
    const char *key_name = cli_value(arguments, "--approver-key");
    struct slw_private_key *key = NULL;
    if (ssh_key != NULL) {
        return cli_ssh_sign(cli, ssh_key, payload, ret_envelope);
    }
    if (cli_private_key_open(cli, key_name, cli_value(arguments, "--passphrase-file"), &key) !=
        CLI_DONE) {
        return SLW_IO;
    }
    enum slw_status status =
        slw_dsse_sign(key, SLW_DSSE_INTOTO, payload, ret_envelope, &cli->detail);
    slw_private_key_free(key);
    return status;
}

/* Where the request stands now, and what it waits for: the receipt doesn't say that. The decision
 * was taken, whatever comes of asking. */
static void append_state(const struct decision *decision, enum slw_signer_state state,
                         struct slw_heap_buffer *text)
{
    struct slw_heap_buffer answer = {0};
    struct slw_heap_buffer waiting = {0};
    struct slw_detail unused = {""};
    struct cli_request request;
    enum slw_status status =
        slw_signer_client_show(decision->signer.client, decision->request.id, &answer, &unused);
    if (status == SLW_OK &&
        cli_request_parse(decision->cli, decision->request.id, &answer, &request) == CLI_DONE) {
        state = request.state;
        cli_request_append_waiting(&request, &waiting);
        cli_request_free(&request);
    }
    slw_heap_printf(text, "%s%s", slw_signer_state_name(state),
                    waiting.len > 0 ? slw_heap_text(&waiting) : " now");
    slw_heap_drop(&answer);
    slw_heap_drop(&waiting);
}

static enum cli_exit tell(const struct decision *decision, const struct slw_signer_receipt *receipt)
{
    struct cli *cli = decision->cli;
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    if (!cli->json) {
        append_state(decision, receipt->state, &text);
        cli_note(cli, "%s; the request is %s", decision->approval.approve ? "approved" : "rejected",
                 slw_heap_text(&text));
        slw_heap_drop(&text);
        return CLI_DONE;
    }
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_hex(&json, "id", slw_bytes_make(receipt->id, sizeof receipt->id));
    slw_json_text(&json, "decision", decision->approval.approve ? "approve" : "reject");
    slw_json_text(&json, "state", slw_signer_state_name(receipt->state));
    slw_json_end_object(&json);
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

static enum cli_exit submit(struct decision *decision)
{
    struct cli *cli = decision->cli;
    struct slw_heap_buffer payload = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_signer_receipt receipt = {0};
    enum cli_exit code = CLI_FAILED;
    cli->detail.text[0] = '\0';
    enum slw_status status = slw_approval_format(&decision->approval, &payload, &cli->detail);
    if (status == SLW_OK) {
        status = sign(decision, slw_heap_bytes(&payload), &envelope);
    }
    if (status != SLW_OK) {
        code = cli->detail.text[0] != '\0' ? cli_fail(cli, status) : CLI_FAILED;
    } else {
        status = slw_signer_client_submit(decision->signer.client, slw_heap_bytes(&envelope),
                                          &receipt, &cli->detail);
        code = status == SLW_OK ? tell(decision, &receipt)
                                : cli_signer_fail(&decision->signer, status);
    }
    slw_heap_drop(&payload);
    slw_heap_drop(&envelope);
    return code;
}

static enum cli_exit check_options(struct cli *cli, const struct cli_arguments *arguments)
{
    if ((cli_value(arguments, "--approver-key") == NULL) ==
        (cli_value(arguments, "--ssh-key") == NULL)) {
        return cli_usage(cli, "one of --approver-key and --ssh-key is wanted");
    }
    return CLI_DONE;
}

/* Connects, and reads the request and what would be signed. */
static enum cli_exit begin(struct cli *cli, const struct cli_arguments *arguments,
                           struct decision *ret_decision)
{
    uint8_t id[SLW_SHA256_SIZE];
    bool given = false;
    int64_t now_utc_s = cli_now_utc_s();
    int64_t expires_utc_s = now_utc_s + EXPIRES_S;
    *ret_decision = (struct decision){.cli = cli};
    if (!cli_request_id(cli, arguments->positionals[0], id) ||
        !cli_time(cli, arguments, "--expires", &given, &expires_utc_s)) {
        return CLI_USAGE;
    }
    enum cli_exit code = cli_signer_open(cli, arguments, true, &ret_decision->signer);
    if (code != CLI_DONE) {
        return code;
    }
    code = check_options(cli, &ret_decision->signer.filled.arguments);
    if (code == CLI_DONE) {
        code = cli_request_load(&ret_decision->signer, id, &ret_decision->request);
    }
    if (code == CLI_DONE) {
        enum slw_status status = download(ret_decision);
        code = status == SLW_OK ? CLI_DONE : cli_signer_fail(&ret_decision->signer, status);
    }
    if (code == CLI_DONE) {
        enum slw_status status = take_told(ret_decision, now_utc_s, expires_utc_s);
        if (status == SLW_OK) {
            status = take_digests(ret_decision);
        }
        code = status == SLW_OK ? CLI_DONE : cli_unverified(cli, status);
    }
    return code;
}

static void end(struct decision *decision)
{
    cli_request_free(&decision->request);
    slw_heap_drop(&decision->metadata);
    slw_heap_drop(&decision->former);
    slw_heap_drop(&decision->product);
    cli_signer_close(&decision->signer);
}

static enum cli_exit show_and_ask(struct decision *decision, const struct cli_arguments *arguments)
{
    struct cli *cli = decision->cli;
    struct slw_heap_buffer text = {0};
    enum slw_status status = decision->is_release ? find_former(decision, arguments) : SLW_OK;
    if (status == SLW_OK) {
        status = describe(decision, &text);
    }
    if (status != SLW_OK) {
        slw_heap_drop(&text);
        return cli_unverified(cli, status);
    }
    if (cli->json) {
        (void)fputs(slw_heap_text(&text), stderr); /* stdout is for the result */
        slw_heap_drop(&text);
    } else {
        enum cli_exit code = cli_print(cli, &text);
        if (code != CLI_DONE || !cli_flush(cli)) {
            return CLI_FAILED;
        }
    }
    if (cli_has(arguments, "--yes")) {
        return CLI_DONE;
    }
    if (isatty(STDIN_FILENO) != 1) {
        return cli_usage(cli, "nobody to ask: --yes approves what is shown above");
    }
    if (!ask(cli)) {
        cli_note(cli, "not approved");
        return CLI_DENIED;
    }
    return CLI_DONE;
}

enum cli_exit cli_sign_approve(struct cli *cli, const struct cli_arguments *arguments)
{
    struct decision decision;
    enum cli_exit code = begin(cli, arguments, &decision);
    decision.approval.approve = true;
    if (code == CLI_DONE) {
        code = show_and_ask(&decision, arguments);
    }
    if (code == CLI_DONE) {
        code = submit(&decision);
    }
    end(&decision);
    return code;
}

enum cli_exit cli_sign_reject(struct cli *cli, const struct cli_arguments *arguments)
{
    struct decision decision;
    enum cli_exit code = begin(cli, arguments, &decision);
    if (code == CLI_DONE) {
        const char *reason = cli_value(arguments, "--reason");
        decision.approval.reason = slw_bytes_make(reason, strlen(reason));
        code = submit(&decision);
    }
    end(&decision);
    return code;
}
