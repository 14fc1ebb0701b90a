/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign root`: tells the signing service of the roots that follow the one that it trusts of
 * a product's TUF repository. They speak for themselves; the key only says who brings them.
 */
#include "sign.h"
#include "values.h"

#include "slipway/base64.h"
#include "slipway/dsse.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/statements.h"

const struct cli_option cli_sign_root_options[] = {
    {.name = "--product",
     .value = "NAME",
     .required = true,
     .help = "whose repository the roots are of"},
    {.name = "--requester-key",
     .value = "KEY",
     .help = "your private key: a file, or a pkcs11: URI"},
    CLI_SIGN_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static enum cli_exit tell(struct cli *cli, const char *path, const uint8_t *id)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    if (!cli->json) {
        cli_note(cli, "%s: trusted", path);
        return CLI_DONE;
    }
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "file", path);
    slw_json_hex(&json, "id", slw_bytes_make(id, SLW_SHA256_SIZE));
    slw_json_end_object(&json);
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

/* The notice of a file, signed, appended. */
static enum slw_status make_envelope(struct cli_signer *signer, const struct slw_private_key *key,
                                     const struct slw_heap_buffer *file,
                                     struct slw_heap_buffer *ret_envelope)
{
    const char *product = cli_value(&signer->filled.arguments, "--product");
    struct slw_detail *detail = &signer->cli->detail;
    struct slw_heap_buffer root = {0};
    struct slw_heap_buffer payload = {0};
    struct slw_sha256 hash;
    struct slw_tuf_root_notice notice = {
        .signer = cli_signer_origin(signer),
        .product = slw_bytes_make(product, strlen(product)),
        .issued_utc_s = cli_now_utc_s(),
    };
    slw_base64_encode(slw_heap_bytes(file), &root);
    notice.root = slw_heap_bytes(&root);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(file));
    slw_sha256_final(&hash, notice.sha256);
    enum slw_status status = slw_tuf_root_notice_format(&notice, &payload, detail);
    if (status == SLW_OK) {
        status =
            slw_dsse_sign(key, SLW_DSSE_INTOTO, slw_heap_bytes(&payload), ret_envelope, detail);
    }
    slw_heap_drop(&payload);
    slw_heap_drop(&root);
    return status;
}

static enum cli_exit send_root(struct cli_signer *signer, const struct slw_private_key *key,
                               const char *path)
{
    struct cli *cli = signer->cli;
    struct slw_heap_buffer file = {0};
    struct slw_heap_buffer envelope = {0};
    struct slw_signer_receipt receipt = {0};
    enum slw_status status = slw_file_read(path, SLW_TUF_ROOT_SIZE_MAX, &file, &cli->detail);
    if (status == SLW_OK) {
        status = make_envelope(signer, key, &file, &envelope);
    }
    enum cli_exit code = CLI_DONE;
    if (status != SLW_OK) {
        code = cli_fail(cli, status);
    } else {
        status = slw_signer_client_submit(signer->client, slw_heap_bytes(&envelope), &receipt,
                                          &cli->detail);
        code = status == SLW_OK ? tell(cli, path, receipt.id) : cli_signer_fail(signer, status);
    }
    slw_heap_drop(&envelope);
    slw_heap_drop(&file);
    return code;
}

static enum cli_exit send_all(struct cli_signer *signer)
{
    const struct cli_arguments *arguments = &signer->filled.arguments;
    const char *path = cli_value(arguments, "--requester-key");
    struct slw_private_key *key = NULL;
    if (path == NULL) {
        return cli_usage(signer->cli, "--requester-key is missing");
    }
    enum cli_exit code =
        cli_private_key_open(signer->cli, path, cli_value(arguments, "--passphrase-file"), &key);
    for (size_t i = 0; code == CLI_DONE && i < arguments->positionals_count; i++) {
        code = send_root(signer, key, arguments->positionals[i]);
    }
    slw_private_key_free(key);
    return code;
}

enum cli_exit cli_sign_root(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_signer signer;
    enum cli_exit code = cli_signer_open(cli, arguments, true, &signer);
    if (code != CLI_DONE) {
        return code;
    }
    code = send_all(&signer);
    cli_signer_close(&signer);
    return code;
}
