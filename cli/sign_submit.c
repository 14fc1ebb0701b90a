/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign submit`: stages a file at the signing service, uploads it, asks for its signature,
 * and, with --wait, gets it. Each step may be repeated, so a submit that was interrupted is simply
 * done again.
 */
#include "progress.h"
#include "sign.h"
#include "values.h"

#include "slipway/explain.h"
#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/signer_ask.h"
#include "slipway/time_text.h"

#include <stdlib.h>
#include <string.h>

#define EXPIRES_S (7 * 86400)
#define TIMEOUT_S 3600u

const struct cli_option cli_sign_submit_options[] = {
    {.name = "--key",
     .value = "NAME",
     .required = true,
     .help = "the key of the service that is to sign"},
    {.name = "--requester-key",
     .value = "KEY",
     .help = "your private key: a file, or a pkcs11: URI"},
    {.name = "--operation",
     .value = "WHAT",
     .help = "targets (unless given): BUNDLE's metadata; root: FILE is a root"},
    {.name = "--channel", .value = "NAME", .help = "where the release is to go"},
    {.name = "--expires", .value = "TIME", .help = "when the request is no longer good (7d)"},
    {.name = "--wait", .help = "wait until it is signed, and put the signature into FILE"},
    {.name = "--timeout", .value = "TIME", .help = "how long to wait (1h)"},
    {.name = "--output",
     .letter = 'o',
     .value = "FILE",
     .help = "with --wait: the signed one goes here, and the first stays as it is"},
    CLI_SIGN_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

struct submission {
    struct cli *cli;
    struct cli_signer signer;
    struct slw_private_key *key;
    struct slw_file_source file;
    uint8_t sha256[SLW_SHA256_SIZE];
    enum slw_operation operation;
    int64_t now_utc_s;
    int64_t expires_utc_s;
    uint32_t timeout_s;
    struct slw_signer_receipt receipt; /* of the request */
};

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static struct slw_bytes text_of(const char *text)
{
    return text == NULL ? slw_bytes_make(NULL, 0) : slw_bytes_make(text, strlen(text));
}

static enum slw_status hash_file(struct submission *submission)
{
    static uint8_t block[SLW_FILE_BLOCK_SIZE];
    struct cli_progress progress;
    struct slw_sha256 hash;
    struct slw_reader reader;
    const struct slw_source *source = &submission->file.source;
    cli_progress_begin(&progress, submission->cli, "reading");
    slw_reader_init(&reader, source, block, sizeof block);
    slw_sha256_init(&hash);
    while (slw_reader_left(&reader) > 0) {
        slw_sha256_update(&hash, slw_reader_take(&reader, sizeof block));
        slw_progress_report(&progress.progress, reader.position, source->size);
    }
    cli_progress_end(&progress);
    if (reader.status != SLW_OK) {
        return slw_explain(&submission->cli->detail, reader.status, "%s: can't be read",
                           submission->file.path);
    }
    slw_sha256_final(&hash, submission->sha256);
    return slw_file_source_check_unchanged(&submission->file, &submission->cli->detail);
}

static enum slw_status ask(struct submission *submission)
{
    const struct cli_arguments *arguments = &submission->signer.filled.arguments;
    struct slw_detail *detail = &submission->cli->detail;
    struct cli_progress progress;
    struct slw_signer_asked asked;
    struct slw_signer_ask what = {
        .name = text_of(file_name(submission->file.path)),
        .signer = cli_signer_origin(&submission->signer),
        .key = text_of(cli_value(arguments, "--key")),
        .channel = text_of(cli_value(arguments, "--channel")),
        .operation = submission->operation,
        .length = submission->file.source.size,
        .now_utc_s = submission->now_utc_s,
        .expires_utc_s = submission->expires_utc_s,
        .requester = submission->key,
    };
    memcpy(what.sha256, submission->sha256, sizeof what.sha256);
    SLW_TRY(slw_signer_ask_make(&what, &asked, detail));
    cli_progress_begin(&progress, submission->cli, "uploading");
    enum slw_status status =
        slw_signer_ask_send(submission->signer.client, &asked, &submission->file.source,
                            &progress.progress, &submission->receipt, detail);
    cli_progress_end(&progress);
    slw_signer_asked_free(&asked);
    return status;
}

static enum cli_exit print_receipt(const struct submission *submission)
{
    struct slw_heap_buffer text = {0};
    struct slw_bytes id = slw_bytes_make(submission->receipt.id, sizeof submission->receipt.id);
    const char *state = slw_signer_state_name(submission->receipt.state);
    if (submission->cli->json) {
        struct slw_json json;
        slw_json_init(&json, &text);
        slw_json_begin_object(&json, NULL);
        slw_json_hex(&json, "id", id);
        slw_json_text(&json, "state", state);
        slw_json_end_object(&json);
    } else {
        slw_hex(id, &text);
    }
    slw_heap_append_text(&text, "\n");
    return cli_print(submission->cli, &text);
}

/* Waits for the end of the request, and gets what was signed. */
static enum cli_exit wait_and_fetch(struct submission *submission)
{
    struct cli *cli = submission->cli;
    struct slw_heap_buffer text = {0};
    struct cli_request told;
    enum slw_signer_state state = SLW_SIGNER_RECEIVED;
    enum slw_status status =
        slw_signer_client_wait(submission->signer.client, submission->receipt.id,
                               submission->timeout_s, &state, &text, &cli->detail);
    if (status != SLW_OK) {
        slw_heap_drop(&text);
        return cli_signer_fail(&submission->signer, status);
    }
    enum cli_exit code = cli_request_parse(cli, submission->receipt.id, &text, &told);
    if (code != CLI_DONE) {
        return code;
    }
    code = cli_request_tell(cli, &told);
    if (code == CLI_DONE) {
        code = cli_sign_deliver(&submission->signer, &told, submission->file.path,
                                cli_value(&submission->signer.filled.arguments, "--output"));
    }
    cli_request_free(&told);
    return code;
}

static enum cli_exit run(struct submission *submission)
{
    struct cli *cli = submission->cli;
    enum slw_status status = hash_file(submission);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    status = ask(submission);
    if (status != SLW_OK) {
        return cli_signer_fail(&submission->signer, status);
    }
    enum cli_exit code = print_receipt(submission);
    if (code == CLI_DONE && cli_has(&submission->signer.filled.arguments, "--wait")) {
        code = wait_and_fetch(submission);
    } else if (code == CLI_DONE && submission->receipt.state != SLW_SIGNER_SIGNED) {
        cli_note(cli, "%s; `slipway sign show` tells how it goes on",
                 slw_signer_state_name(submission->receipt.state));
        code = CLI_DENIED;
    }
    return code;
}

static enum cli_exit read_timeout(struct submission *submission,
                                  const struct cli_arguments *arguments)
{
    const char *text = cli_value(arguments, "--timeout");
    int64_t seconds = TIMEOUT_S;
    if (text != NULL &&
        (slw_duration_parse(text, &seconds) != SLW_OK || seconds < 0 || seconds > 30 * 86400)) {
        return cli_usage(submission->cli, "--timeout %s: not a duration of up to 30 days", text);
    }
    submission->timeout_s = (uint32_t)seconds;
    return CLI_DONE;
}

static enum cli_exit read_options(struct submission *submission,
                                  const struct cli_arguments *arguments)
{
    static const char *const words[] = {"", "targets", "root", NULL};
    struct cli *cli = submission->cli;
    unsigned operation = SLW_OPERATION_SIGN_TARGETS;
    bool given = false;
    submission->now_utc_s = cli_now_utc_s();
    submission->expires_utc_s = submission->now_utc_s + EXPIRES_S;
    if (!cli_choice(cli, arguments, "--operation", words, &operation) ||
        !cli_time(cli, arguments, "--expires", &given, &submission->expires_utc_s)) {
        return CLI_USAGE;
    }
    submission->operation = (enum slw_operation)operation;
    if (cli_has(arguments, "--output") && !cli_has(arguments, "--wait")) {
        return cli_usage(cli, "--output wants --wait");
    }
    return read_timeout(submission, arguments);
}

static enum cli_exit open_key(struct submission *submission)
{
    const struct cli_arguments *arguments = &submission->signer.filled.arguments;
    const char *key = cli_value(arguments, "--requester-key");
    if (key == NULL) {
        return cli_usage(submission->cli, "--requester-key is missing");
    }
    return cli_private_key_open(submission->cli, key, cli_value(arguments, "--passphrase-file"),
                                &submission->key);
}

enum cli_exit cli_sign_submit(struct cli *cli, const struct cli_arguments *arguments)
{
    struct submission submission = {.cli = cli};
    enum cli_exit code = read_options(&submission, arguments);
    if (code == CLI_DONE) {
        code = cli_signer_open(cli, arguments, true, &submission.signer);
    }
    if (code != CLI_DONE) {
        return code;
    }
    code = open_key(&submission);
    if (code == CLI_DONE) {
        enum slw_status status =
            slw_file_source_open(arguments->positionals[0], &submission.file, &cli->detail);
        code = status == SLW_OK ? run(&submission) : cli_fail(cli, status);
        if (status == SLW_OK) {
            slw_file_source_close(&submission.file);
        }
        slw_private_key_free(submission.key);
    }
    cli_signer_close(&submission.signer);
    return code;
}
