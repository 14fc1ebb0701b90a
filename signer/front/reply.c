/* SPDX-License-Identifier: Apache-2.0 */
/* Makes answers. See reply.h. */
#include "reply.h"

#include "slipway/json.h"

#include <inttypes.h>
#include <stdio.h>

static unsigned status_of_misuse(enum slw_status reason)
{
    if (reason == SLW_NOT_FOUND) {
        return MHD_HTTP_NOT_FOUND;
    }
    return reason == SLW_WRONG_STATE ? MHD_HTTP_CONFLICT : MHD_HTTP_BAD_REQUEST;
}

static unsigned status_of_capacity(enum slw_status reason)
{
    if (reason == SLW_TOO_MANY) {
        return MHD_HTTP_TOO_MANY_REQUESTS;
    }
    return reason == SLW_NO_SPACE ? MHD_HTTP_INSUFFICIENT_STORAGE : MHD_HTTP_CONTENT_TOO_LARGE;
}

unsigned front_reply_status(enum slw_status reason)
{
    switch (slw_status_class(reason)) {
    case SLW_CLASS_OK:
    case SLW_CLASS_IO:
        return MHD_HTTP_SERVICE_UNAVAILABLE;
    case SLW_CLASS_MALFORMED:
        return MHD_HTTP_BAD_REQUEST;
    case SLW_CLASS_UNTRUSTED:
    case SLW_CLASS_STALE:
    case SLW_CLASS_REFUSED:
        return MHD_HTTP_FORBIDDEN;
    case SLW_CLASS_CAPACITY:
        return status_of_capacity(reason);
    case SLW_CLASS_MISUSE:
        break;
    }
    return status_of_misuse(reason);
}

enum MHD_Result front_reply_queue(struct front_request *request, unsigned http_status,
                                  struct MHD_Response *response)
{
    if (response == NULL) {
        return MHD_NO;
    }
    bool rest_is_unknown = !request->begun && (!request->head_is_good || request->length > 0);
    if (rest_is_unknown || http_status >= 500) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    if (http_status == MHD_HTTP_TOO_MANY_REQUESTS) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1");
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_X_CONTENT_TYPE_OPTIONS, "nosniff");
    request->answered = true;
    if (request->peer != NULL) {
        slw_http_connections_enter(&request->front->connections, request->peer, SLW_HTTP_ANSWER);
    }
    enum MHD_Result queued = MHD_queue_response(request->connection, http_status, response);
    MHD_destroy_response(response);
    return queued;
}

enum MHD_Result front_reply_bytes(struct front_request *request, unsigned http_status,
                                  const char *content_type, struct slw_bytes bytes)
{
    /* The library only reads from it, and copies it at once. */
    void *content = (void *)(uintptr_t)bytes.ptr;
    struct MHD_Response *response =
        MHD_create_response_from_buffer(bytes.len, content, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    return front_reply_queue(request, http_status, response);
}

enum MHD_Result front_reply_refuse_as(struct front_request *request, unsigned http_status,
                                      enum slw_status reason, const char *why)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "reason", slw_status_word(reason));
    slw_json_text(&json, "detail", why);
    slw_json_end_object(&json);
    enum MHD_Result result =
        text.status == SLW_OK
            ? front_reply_bytes(request, http_status, "application/json", slw_heap_bytes(&text))
            : MHD_NO;
    slw_heap_drop(&text);
    return result;
}

enum MHD_Result front_reply_refuse(struct front_request *request, enum slw_status reason,
                                   const struct slw_detail *detail)
{
    return front_reply_refuse_as(request, front_reply_status(reason), reason, detail->text);
}

/* Whether there was a statement at all: the id of one that nobody could read is zeros. */
static bool has_statement(const struct slw_signer_answer *answer)
{
    static const uint8_t none[SLW_SHA256_SIZE];
    return answer->has_id && memcmp(answer->id, none, sizeof none) != 0;
}

static void put_statement(struct slw_json *json, const struct slw_signer_answer *answer)
{
    if (has_statement(answer)) {
        slw_json_hex(json, "id", slw_bytes_make(answer->id, sizeof answer->id));
        slw_json_text(json, "state", slw_signer_state_name(answer->state));
    }
}

enum MHD_Result front_reply_refused(struct front_request *request,
                                    const struct slw_signer_answer *answer)
{
    char word[SLW_SIGNER_REASON_SIZE_MAX + 1] = {0};
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    memcpy(word, answer->reason.ptr, answer->reason.len);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    put_statement(&json, answer);
    slw_json_text(&json, "reason", word);
    slw_json_bytes(&json, "detail", answer->detail);
    slw_json_end_object(&json);
    unsigned http_status = front_reply_status(slw_status_from_word(word));
    if (has_statement(answer) && http_status < 500 && http_status != MHD_HTTP_TOO_MANY_REQUESTS) {
        http_status = MHD_HTTP_FORBIDDEN; /* a statement that was understood, and refused */
    }
    enum MHD_Result result =
        text.status == SLW_OK
            ? front_reply_bytes(request, http_status, "application/json", slw_heap_bytes(&text))
            : MHD_NO;
    slw_heap_drop(&text);
    return result;
}

static void add_number(struct MHD_Response *response, const char *name, uint64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, number);
    (void)MHD_add_response_header(response, name, text);
}

enum MHD_Result front_reply_offset(struct front_request *request, unsigned http_status,
                                   uint64_t offset, const uint64_t *length)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response != NULL) {
        add_number(response, "Upload-Offset", offset);
        if (length != NULL) {
            add_number(response, "Upload-Length", *length);
        }
        (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    }
    return front_reply_queue(request, http_status, response);
}
