/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uploads of what statements staged: the body goes to the key process in pieces, in constant
 * memory, and a broken one goes on where the key process says that it is.
 */
#include "reply.h"
#include "routes.h"

static bool parse_digest(struct front_request *request)
{
    const char *end = NULL;
    return front_parse_digest(request->rest, request->digest, &end) && *end == '\0';
}

/* Asks how much is there. SLW_OK with the lengths, or false after answering. */
static bool ask_uploaded(struct front_request *request, uint64_t *ret_length, uint64_t *ret_total,
                         enum MHD_Result *ret_result)
{
    struct slw_detail detail = {0};
    struct front_answer got = {0};
    struct slw_signer_call call = {.kind = SLW_SIGNER_UPLOADED, .has_digest = true};
    memcpy(call.digest, request->digest, sizeof call.digest);
    enum slw_status status =
        front_channel_ask(request->front->channel, &call, FRONT_ASK_TIMEOUT_MS, &got, &detail);
    if (status != SLW_OK) {
        *ret_result = front_reply_refuse(request, status, &detail);
        return false;
    }
    bool good = got.answer.reason.len == 0;
    if (good) {
        *ret_length = got.answer.length;
        *ret_total = got.answer.total;
    } else {
        *ret_result = front_reply_refused(request, &got.answer);
    }
    front_answer_free(&got);
    return good;
}

enum MHD_Result front_uploaded_finish(struct front_request *request)
{
    uint64_t length = 0;
    uint64_t total = 0;
    enum MHD_Result result = MHD_NO;
    if (!parse_digest(request)) {
        return front_reply_refuse_as(request, 404, SLW_NOT_FOUND, "no SHA-256 in the path");
    }
    return ask_uploaded(request, &length, &total, &result)
               ? front_reply_offset(request, 204, length, &total)
               : result;
}

bool front_upload_begin(struct front_request *request)
{
    uint64_t length = 0;
    uint64_t total = 0;
    enum MHD_Result result = MHD_NO;
    if (!parse_digest(request)) {
        (void)front_reply_refuse_as(request, 404, SLW_NOT_FOUND, "no SHA-256 in the path");
        return false;
    }
    if (!front_parse_number(front_request_header(request, "Upload-Offset"), &request->position)) {
        (void)front_reply_refuse_as(request, 400, SLW_MALFORMED,
                                    "Upload-Offset is missing, or no number");
        return false;
    }
    if (!ask_uploaded(request, &length, &total, &result)) {
        return false;
    }
    if (request->position > length) {
        (void)front_reply_offset(request, 409, length, &total);
        return false;
    }
    if (request->length > total || request->position > total - request->length) {
        (void)front_reply_refuse_as(request, 413, SLW_TOO_LARGE,
                                    "more bytes than the statement announced");
        return false;
    }
    request->total = total;
    return true;
}

static void refuse_rest(struct front_request *request, unsigned http_status, enum slw_status reason,
                        const struct slw_detail *detail)
{
    request->draining = true;
    request->refused_status = http_status;
    request->refused_reason = reason;
    request->refused_detail = *detail;
    request->body.len = 0;
}

static void refuse_rest_as_told(struct front_request *request,
                                const struct slw_signer_answer *answer)
{
    char word[SLW_SIGNER_REASON_SIZE_MAX + 1] = {0};
    struct slw_detail detail = {0};
    memcpy(word, answer->reason.ptr, answer->reason.len);
    memcpy(detail.text, answer->detail.ptr, slw_utf8_cut(answer->detail, sizeof detail.text - 1));
    enum slw_status reason = slw_status_from_word(word);
    refuse_rest(request, front_reply_status(reason), reason, &detail);
}

/*
 * Sends what is at hand. Another uploader may have sent some of it already: then the key process
 * has more than up to here, and only the rest goes on. It never takes bytes that leave a hole.
 */
static void send_piece(struct front_request *request)
{
    struct slw_detail detail = {0};
    struct slw_bytes piece = slw_heap_bytes(&request->body);
    while (piece.len > 0 && !request->draining) {
        struct front_answer got = {0};
        struct slw_signer_call call = {.kind = SLW_SIGNER_UPLOAD,
                                       .has_digest = true,
                                       .position = request->position,
                                       .bytes = piece};
        memcpy(call.digest, request->digest, sizeof call.digest);
        enum slw_status status =
            front_channel_ask(request->front->channel, &call, FRONT_ASK_TIMEOUT_MS, &got, &detail);
        if (status != SLW_OK) {
            refuse_rest(request, front_reply_status(status), status, &detail);
        } else if (got.answer.reason.len > 0) {
            refuse_rest_as_told(request, &got.answer);
        } else if (got.answer.length <= request->position) {
            (void)slw_explain(&detail, SLW_WRONG_STATE, "it begins anew, or is behind");
            refuse_rest(request, 409, SLW_WRONG_STATE, &detail);
        } else {
            uint64_t taken = got.answer.length - request->position;
            size_t step = taken < piece.len ? (size_t)taken : piece.len;
            piece = slw_bytes_make(piece.ptr + step, piece.len - step);
            request->position += step;
            request->total = got.answer.total;
        }
        front_answer_free(&got);
    }
    request->body.len = 0;
}

void front_upload_take(struct front_request *request, struct slw_bytes piece)
{
    while (piece.len > 0 && !request->draining) {
        size_t room = SLW_SIGNER_PIECE_SIZE_MAX - request->body.len;
        size_t step = piece.len < room ? piece.len : room;
        slw_heap_append(&request->body, slw_bytes_make(piece.ptr, step));
        if (request->body.status != SLW_OK) {
            struct slw_detail detail = {0};
            (void)slw_explain_no_memory(&detail);
            refuse_rest(request, 503, SLW_NO_SPACE, &detail);
            return;
        }
        piece = slw_bytes_make(piece.ptr + step, piece.len - step);
        if (request->body.len == SLW_SIGNER_PIECE_SIZE_MAX) {
            send_piece(request);
        }
    }
}

enum MHD_Result front_upload_finish(struct front_request *request)
{
    uint64_t length = 0;
    uint64_t total = 0;
    enum MHD_Result result = MHD_NO;
    send_piece(request);
    if (!request->draining) {
        return front_reply_offset(request, 204, request->position, &request->total);
    }
    if (request->refused_status != 409) {
        return front_reply_refuse_as(request, request->refused_status, request->refused_reason,
                                     request->refused_detail.text);
    }
    return ask_uploaded(request, &length, &total, &result)
               ? front_reply_offset(request, 409, length, &total)
               : result;
}
