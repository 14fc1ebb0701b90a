/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway ceremony submit`: a finished ceremony's transcript goes into the log of the signing
 * service. */
#include "ceremony.h"
#include "sign.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/json.h"

const struct cli_option cli_ceremony_submit_options[] = {
    CLI_SIGN_SERVICE_OPTIONS,
    {0},
};

static enum cli_exit print_receipt(struct cli *cli, const struct slw_signer_receipt *receipt)
{
    struct slw_heap_buffer text = {0};
    struct slw_bytes id = slw_bytes_make(receipt->id, sizeof receipt->id);
    if (cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_hex(&json, "id", id);
        slw_json_end_object(&json);
    } else {
        slw_hex(id, &text);
    }
    slw_heap_append_text(&text, "\n");
    return cli_print(cli, &text);
}

/* The last entry, which has all others in it. It was verified when the folder was opened. */
static enum cli_exit submit_last(struct cli *cli, const struct cli_arguments *arguments,
                                 const struct cli_ceremony *folder)
{
    struct cli_signer signer = {.cli = cli};
    struct slw_signer_receipt receipt = {.id = {0}};
    struct slw_heap_buffer path = {0};
    struct slw_heap_buffer entry = {0};
    cli_ceremony_entry_path(folder->directory, slw_ceremony_steps_count(folder->ceremony) - 1,
                            &path);
    enum slw_status status =
        slw_file_read(slw_heap_text(&path), SLW_CEREMONY_ENTRY_SIZE_MAX, &entry, &cli->detail);
    enum cli_exit code =
        status == SLW_OK ? cli_signer_open(cli, arguments, false, &signer) : cli_fail(cli, status);
    if (code == CLI_DONE) {
        status =
            slw_signer_client_submit(signer.client, slw_heap_bytes(&entry), &receipt, &cli->detail);
        code = status == SLW_OK ? print_receipt(cli, &receipt) : cli_signer_fail(&signer, status);
        cli_signer_close(&signer);
    }
    slw_heap_drop(&entry);
    slw_heap_drop(&path);
    return code;
}

enum cli_exit cli_ceremony_submit(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_ceremony folder;
    enum cli_exit code = cli_ceremony_open(cli, arguments->positionals[0], NULL, &folder);
    if (code != CLI_DONE) {
        return code;
    }
    size_t steps = slw_ceremony_steps_count(folder.ceremony);
    code = slw_ceremony_steps_done(folder.ceremony) < steps
               ? cli_error(cli,
                           "%s: %zu of %zu steps are done; what is submitted is the last one's "
                           "entry",
                           folder.directory, slw_ceremony_steps_done(folder.ceremony), steps)
               : submit_last(cli, arguments, &folder);
    cli_ceremony_close(&folder);
    return code;
}
