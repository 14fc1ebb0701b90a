/* SPDX-License-Identifier: Apache-2.0 */
/* Whole bodies handed on: statements to the key process, checkpoints to a witness. */
#include "reply.h"
#include "routes.h"

#include "slipway/json.h"

static bool begin(struct front_request *request, size_t most)
{
    if (request->length == 0) {
        (void)front_reply_refuse_as(request, 400, SLW_MALFORMED, "an empty body");
        return false;
    }
    if (request->length > most) {
        (void)front_reply_refuse_as(request, 413, SLW_TOO_LARGE, "the body is too long");
        return false;
    }
    return true;
}

bool front_statement_begin(struct front_request *request)
{
    return begin(request, SLW_SIGNER_STATEMENT_SIZE_MAX);
}

bool front_checkpoint_begin(struct front_request *request)
{
    return begin(request, SLW_SIGNER_CHECKPOINT_SIZE_MAX);
}

void front_body_take(struct front_request *request, struct slw_bytes piece)
{
    if (piece.len <= request->length - request->body.len) {
        slw_heap_append(&request->body, piece);
    }
}

/* Asks with the body; false after answering why there is no answer. */
static bool ask(struct front_request *request, enum slw_signer_kind kind,
                struct front_answer *ret_answer, enum MHD_Result *ret_result)
{
    struct slw_detail detail = {0};
    struct slw_signer_call call = {.kind = kind, .bytes = slw_heap_bytes(&request->body)};
    if (request->body.status != SLW_OK || request->body.len != request->length) {
        *ret_result = front_reply_refuse_as(request, 503, SLW_NO_SPACE, "out of memory");
        return false;
    }
    enum slw_status status = front_channel_ask(request->front->channel, &call, FRONT_ASK_TIMEOUT_MS,
                                               ret_answer, &detail);
    if (status != SLW_OK) {
        *ret_result = front_reply_refuse(request, status, &detail);
        return false;
    }
    return true;
}

static enum MHD_Result reply_accepted(struct front_request *request,
                                      const struct slw_signer_answer *answer)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_hex(&json, "id", slw_bytes_make(answer->id, sizeof answer->id));
    slw_json_text(&json, "state", slw_signer_state_name(answer->state));
    slw_json_end_object(&json);
    enum MHD_Result result =
        text.status == SLW_OK
            ? front_reply_bytes(request, 202, "application/json", slw_heap_bytes(&text))
            : MHD_NO;
    slw_heap_drop(&text);
    return result;
}

enum MHD_Result front_statement_finish(struct front_request *request)
{
    struct front_answer got = {0};
    enum MHD_Result result = MHD_NO;
    if (ask(request, SLW_SIGNER_SUBMIT, &got, &result)) {
        result = got.answer.reason.len > 0 ? front_reply_refused(request, &got.answer)
                                           : reply_accepted(request, &got.answer);
        front_answer_free(&got);
    }
    return result;
}

/* C2SP tlog-witness: "409 Conflict [...] a text/x.tlog.size body". */
enum MHD_Result front_checkpoint_finish(struct front_request *request)
{
    struct front_answer got = {0};
    enum MHD_Result result = MHD_NO;
    if (ask(request, SLW_SIGNER_ADD_CHECKPOINT, &got, &result)) {
        result =
            got.answer.reason.len > 0
                ? front_reply_refused(request, &got.answer)
                : front_reply_bytes(request, got.answer.status,
                                    got.answer.status == 409 ? "text/x.tlog.size" : "text/plain",
                                    got.answer.bytes);
        front_answer_free(&got);
    }
    return result;
}
