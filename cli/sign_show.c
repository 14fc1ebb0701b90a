/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway sign list` and `slipway sign show`: what the service says of requests. Nothing here is
 * verified; approving and fetching look for themselves.
 */
#include "sign.h"
#include "values.h"

#include "slipway/explain.h"

#include <inttypes.h>
#include <string.h>

#define LIST_DEFAULT 20u

const struct cli_option cli_sign_list_options[] = {
    {.name = "--limit", .value = "N", .help = "how many, the newest first (20; at most 100)"},
    {.name = "--after", .value = "ID", .help = "those older than this one"},
    CLI_SIGN_SERVICE_OPTIONS,
    {0},
};

const struct cli_option cli_sign_show_options[] = {
    CLI_SIGN_SERVICE_OPTIONS,
    {0},
};

static struct slw_bytes text_in(const struct slw_json_document *json, uint32_t object,
                                const char *name)
{
    return slw_json_string(json, slw_json_member(json, object, slw_bytes_make(name, strlen(name))));
}

static void append_text(const struct slw_json_document *json, uint32_t object, const char *name,
                        const char *before, struct slw_heap_buffer *text)
{
    struct slw_bytes value = text_in(json, object, name);
    if (value.len > 0) {
        slw_heap_append_text(text, before);
        slw_escape(value, text);
    }
}

static void append_number(const struct slw_json_document *json, uint32_t object, const char *name,
                          const char *before, struct slw_heap_buffer *text)
{
    int64_t number = 0;
    uint32_t member = slw_json_member(json, object, slw_bytes_make(name, strlen(name)));
    if (slw_json_integer(json, member, &number)) {
        slw_heap_printf(text, "%s%" PRId64, before, number);
    }
}

/* Strings of an array, or a member of its objects. */
static void append_list(const struct slw_json_document *json, uint32_t object, const char *name,
                        const char *title, struct slw_heap_buffer *text)
{
    uint32_t element = 0;
    struct slw_json_walk walk = slw_json_walk_begin(
        json, slw_json_member(json, object, slw_bytes_make(name, strlen(name))));
    while (slw_json_walk_element(&walk, &element)) {
        slw_heap_printf(text, "  %s", title);
        if (slw_json_kind(json, element) == SLW_JSON_STRING) {
            slw_escape(slw_json_string(json, element), text);
        } else {
            append_text(json, element, "person", "", text);
            append_text(json, element, "machine", "", text);
            append_text(json, element, "suite", ": suite ", text);
            append_text(json, element, "id", " as ", text);
            append_text(json, element, "result", " ", text);
            append_text(json, element, "decision", ": ", text);
            append_text(json, element, "reason", ", because ", text);
            append_text(json, element, "time", ", ", text);
        }
        slw_heap_append_text(text, "\n");
    }
}

void cli_request_describe(const struct cli_request *request, struct slw_heap_buffer *ret_text)
{
    const struct slw_json_document *json = &request->json;
    const uint32_t top = SLW_JSON_TOP;
    slw_heap_append_text(ret_text, "request ");
    slw_hex(slw_bytes_make(request->id, sizeof request->id), ret_text);
    slw_heap_printf(ret_text, "\n  state: %s", slw_signer_state_name(request->state));
    append_text(json, top, "reason", ", ", ret_text);
    append_text(json, top, "detail", ": ", ret_text);
    append_text(json, top, "operation", "\n  operation: ", ret_text);
    append_text(json, top, "product", "\n  product: ", ret_text);
    append_number(json, top, "targets_version", ", targets version ", ret_text);
    append_text(json, top, "channel", "\n  channel: ", ret_text);
    append_text(json, top, "key", "\n  key: ", ret_text);
    append_text(json, top, "key_class", ", class ", ret_text);
    append_text(json, top, "key_id", ", id ", ret_text);
    append_text(json, top, "requester", "\n  asked for by ", ret_text);
    append_text(json, top, "received", " at ", ret_text);
    append_text(json, top, "expires", ", good until ", ret_text);
    append_text(json, top, "content_digest", "\n  content digest: ", ret_text);
    append_text(json, top, "targets_sha256", "\n  metadata SHA-256: ", ret_text);
    append_number(json, top, "policy_version", "\n  policy version: ", ret_text);
    append_number(json, top, "release", "\n  release in the log: entry ", ret_text);
    append_text(json, top, "signed", ", signed at ", ret_text);
    slw_heap_append_text(ret_text, "\n");
    append_list(json, top, "builders", "built by ", ret_text);
    append_list(json, top, "tests", "tested by ", ret_text);
    append_list(json, top, "approvals", "said by ", ret_text);
    append_list(json, top, "waiting_for", "waits for: ", ret_text);
}

enum cli_exit cli_sign_show(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_signer signer;
    struct cli_request request;
    struct slw_heap_buffer text = {0};
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
        if (cli->json) {
            slw_heap_append(&text, slw_heap_bytes(&request.text));
            slw_heap_append_text(&text, "\n");
        } else {
            cli_request_describe(&request, &text);
        }
        code = cli_print(cli, &text);
        cli_request_free(&request);
    }
    cli_signer_close(&signer);
    return code;
}

static void append_row(const struct slw_json_document *json, uint32_t request,
                       struct slw_heap_buffer *text)
{
    slw_escape(text_in(json, request, "id"), text);
    append_text(json, request, "state", " ", text);
    append_text(json, request, "operation", " ", text);
    append_text(json, request, "product", " ", text);
    append_number(json, request, "targets_version", " version ", text);
    append_text(json, request, "key", " by key ", text);
    append_text(json, request, "channel", " for ", text);
    append_text(json, request, "requester", ", asked for by ", text);
    append_text(json, request, "received", " at ", text);
    append_text(json, request, "reason", ": ", text);
    slw_heap_append_text(text, "\n");
}

static enum cli_exit print_list(struct cli *cli, struct slw_heap_buffer *answer)
{
    struct slw_json_document json;
    struct slw_heap_buffer text = {0};
    uint32_t request = 0;
    enum slw_status status = slw_json_parse("list", slw_heap_bytes(answer), &json, &cli->detail);
    if (status != SLW_OK) {
        return cli_fail(cli, status);
    }
    if (cli->json) {
        slw_heap_append(&text, slw_heap_bytes(answer));
        slw_heap_append_text(&text, "\n");
    } else {
        uint32_t list = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("requests"));
        struct slw_json_walk walk = slw_json_walk_begin(&json, list);
        while (slw_json_walk_element(&walk, &request)) {
            append_row(&json, request, &text);
        }
        struct slw_bytes next = text_in(&json, SLW_JSON_TOP, "next");
        if (next.len > 0) {
            cli_note(cli, "there are more: --after %.*s", (int)next.len, (const char *)next.ptr);
        }
    }
    slw_json_document_free(&json);
    return cli_print(cli, &text);
}

enum cli_exit cli_sign_list(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_signer signer;
    struct slw_heap_buffer answer = {0};
    const char *after = cli_value(arguments, "--after");
    uint32_t limit = LIST_DEFAULT;
    uint8_t id[SLW_SHA256_SIZE];
    if (!cli_number(cli, arguments, "--limit", &limit) ||
        (after != NULL && !cli_request_id(cli, after, id))) {
        return CLI_USAGE;
    }
    if (limit < 1 || limit > SLW_SIGNER_LIST_MAX) {
        return cli_usage(cli, "--limit %u: 1 to %u", limit, SLW_SIGNER_LIST_MAX);
    }
    enum cli_exit code = cli_signer_open(cli, arguments, false, &signer);
    if (code != CLI_DONE) {
        return code;
    }
    enum slw_status status = slw_signer_client_list(signer.client, after != NULL ? id : NULL, limit,
                                                    &answer, &cli->detail);
    code = status == SLW_OK ? print_list(cli, &answer) : cli_signer_fail(&signer, status);
    slw_heap_drop(&answer);
    cli_signer_close(&signer);
    return code;
}
