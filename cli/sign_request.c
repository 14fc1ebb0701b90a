/* SPDX-License-Identifier: Apache-2.0 */
/* What the signing service says of a request, as the commands of `slipway sign` read it. */
#include "sign.h"

#include "slipway/explain.h"
#include "slipway/json_reader.h"

#include <string.h>

bool cli_digest_of_hex(struct slw_bytes text, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SLW_SHA256_SIZE] = {0};
    if (text.len != 2 * sizeof digest) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        const char *found = memchr(digits, text.ptr[i], 16);
        if (found == NULL) {
            return false;
        }
        digest[i / 2] = (uint8_t)(digest[i / 2] << 4 | (uint8_t)(found - digits));
    }
    memcpy(ret_digest, digest, sizeof digest);
    return true;
}

bool cli_request_id(struct cli *cli, const char *text, uint8_t ret_id[static SLW_SHA256_SIZE])
{
    if (!cli_digest_of_hex(slw_bytes_make(text, strlen(text)), ret_id)) {
        (void)cli_usage(cli, "%s: not a request's id, which is 64 hexadecimal digits", text);
        return false;
    }
    return true;
}

static enum slw_status read_state(struct cli_request *request, struct slw_detail *detail)
{
    uint8_t id[SLW_SHA256_SIZE];
    if (!slw_signer_state_find(cli_request_text(request, "state"), &request->state)) {
        return slw_explain(detail, SLW_UNAVAILABLE, "the service gives the request no state");
    }
    if (!cli_digest_of_hex(cli_request_text(request, "id"), id) ||
        memcmp(id, request->id, sizeof id) != 0) {
        return slw_explain(detail, SLW_UNAVAILABLE, "the service tells of another request");
    }
    return SLW_OK;
}

enum cli_exit cli_request_parse(struct cli *cli, const uint8_t id[static SLW_SHA256_SIZE],
                                struct slw_heap_buffer *text, struct cli_request *ret_request)
{
    *ret_request = (struct cli_request){.text = *text};
    *text = (struct slw_heap_buffer){0};
    memcpy(ret_request->id, id, sizeof ret_request->id);
    enum slw_status status = slw_json_parse("request", slw_heap_bytes(&ret_request->text),
                                            &ret_request->json, &cli->detail);
    if (status == SLW_OK) {
        status = read_state(ret_request, &cli->detail);
    }
    if (status != SLW_OK) {
        cli_request_free(ret_request);
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DEVICE; /* whoever answered isn't the service */
    }
    return CLI_DONE;
}

enum cli_exit cli_request_load(struct cli_signer *signer, const uint8_t id[static SLW_SHA256_SIZE],
                               struct cli_request *ret_request)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status =
        slw_signer_client_show(signer->client, id, &text, &signer->cli->detail);
    if (status != SLW_OK) {
        slw_heap_drop(&text);
        return cli_signer_fail(signer, status);
    }
    return cli_request_parse(signer->cli, id, &text, ret_request);
}

void cli_request_free(struct cli_request *request)
{
    slw_json_document_free(&request->json);
    slw_heap_drop(&request->text);
    *request = (struct cli_request){0};
}

static uint32_t member(const struct cli_request *request, const char *name)
{
    return slw_json_member(&request->json, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
}

struct slw_bytes cli_request_text(const struct cli_request *request, const char *name)
{
    return slw_json_string(&request->json, member(request, name));
}

int64_t cli_request_number(const struct cli_request *request, const char *name)
{
    int64_t number = 0;
    return slw_json_integer(&request->json, member(request, name), &number) ? number : 0;
}

bool cli_request_digest(const struct cli_request *request, const char *name,
                        uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    return cli_digest_of_hex(cli_request_text(request, name), ret_digest);
}

void cli_request_append_waiting(const struct cli_request *request, struct slw_heap_buffer *text)
{
    uint32_t element = 0;
    struct slw_json_walk walk = slw_json_walk_begin(&request->json, member(request, "waiting_for"));
    for (bool first = true; slw_json_walk_element(&walk, &element); first = false) {
        slw_heap_append_text(text, first ? " for: " : "; ");
        slw_escape(slw_json_string(&request->json, element), text);
    }
}

/* The service's own word for why it refuses, as far as it is one of ours. */
static enum slw_status refusal(const struct cli_request *request)
{
    char word[SLW_SIGNER_REASON_SIZE_MAX + 1] = {0};
    struct slw_bytes reason = cli_request_text(request, "reason");
    if (reason.len == 0 || reason.len >= sizeof word) {
        return SLW_NOT_PERMITTED;
    }
    memcpy(word, reason.ptr, reason.len);
    enum slw_status status = slw_status_from_word(word);
    return slw_status_is_refusal(status) ? status : SLW_NOT_PERMITTED;
}

enum cli_exit cli_request_tell(struct cli *cli, const struct cli_request *request)
{
    struct slw_heap_buffer text = {0};
    enum cli_exit code = CLI_DENIED;
    switch (request->state) {
    case SLW_SIGNER_SIGNED:
        cli_note(cli, "signed");
        code = CLI_DONE;
        break;
    case SLW_SIGNER_REFUSED:
        slw_escape(cli_request_text(request, "detail"), &text);
        (void)cli_refuse(cli, refusal(request), slw_heap_text(&text));
        break;
    case SLW_SIGNER_EXPIRED:
        cli_note(cli, "expired before it was signed");
        break;
    case SLW_SIGNER_RECEIVED:
    case SLW_SIGNER_JUDGING:
    case SLW_SIGNER_WAITING:
        cli_request_append_waiting(request, &text);
        cli_note(cli, "%s%s", slw_signer_state_name(request->state), slw_heap_text(&text));
        break;
    }
    slw_heap_drop(&text);
    return code;
}
