/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign send`: hands statements over that somebody signed elsewhere: the next policy, an
 * approval that was signed on a machine without a network. The service says whether they count.
 */
#include "sign.h"

#include "slipway/files.h"
#include "slipway/json.h"

const struct cli_option cli_sign_send_options[] = {
    CLI_SIGN_SERVICE_OPTIONS,
    {0},
};

static enum cli_exit tell(struct cli *cli, const char *path,
                          const struct slw_signer_receipt *receipt)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    const char *state = slw_signer_state_name(receipt->state);
    if (!cli->json) {
        cli_note(cli, "%s: %s", path, state);
        return CLI_DONE;
    }
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "file", path);
    slw_json_hex(&json, "id", slw_bytes_make(receipt->id, sizeof receipt->id));
    slw_json_text(&json, "state", state);
    slw_json_end_object(&json);
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

static enum cli_exit send_file(struct cli_signer *signer, const char *path)
{
    struct cli *cli = signer->cli;
    struct slw_heap_buffer envelope = {0};
    struct slw_signer_receipt receipt = {0};
    enum slw_status status =
        slw_file_read(path, SLW_SIGNER_STATEMENT_SIZE_MAX, &envelope, &cli->detail);
    enum cli_exit code = CLI_FAILED;
    if (status != SLW_OK) {
        code = cli_fail(cli, status);
    } else if (envelope.len == 0) {
        code = cli_error(cli, "%s: is empty", path);
    } else {
        status = slw_signer_client_submit(signer->client, slw_heap_bytes(&envelope), &receipt,
                                          &cli->detail);
        code = status == SLW_OK ? tell(cli, path, &receipt) : cli_signer_fail(signer, status);
    }
    slw_heap_drop(&envelope);
    return code;
}

enum cli_exit cli_sign_send(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_signer signer;
    enum cli_exit code = cli_signer_open(cli, arguments, false, &signer);
    if (code != CLI_DONE) {
        return code;
    }
    for (size_t i = 0; code == CLI_DONE && i < arguments->positionals_count; i++) {
        code = send_file(&signer, arguments->positionals[i]);
    }
    cli_signer_close(&signer);
    return code;
}
