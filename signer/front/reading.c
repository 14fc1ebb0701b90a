/* SPDX-License-Identifier: Apache-2.0 */
/* What may be read: requests, what belongs to them, the log, and whether all is well. */
#include "reply.h"
#include "routes.h"

#include <stdlib.h>
#include <string.h>

#define LIST_LIMIT_DEFAULT 50u

/* Something that is fetched from the key process piece by piece while it is sent. */
struct flow {
    struct front *front;
    struct slw_http_connection *peer;
    struct slw_signer_call call;
    char text[SLW_SIGNER_TEXT_SIZE_MAX];
    uint64_t total;
    struct front_answer piece; /* the latest */
    uint64_t piece_at;
};

static enum slw_status fetch(struct flow *flow, uint64_t position, struct slw_detail *detail)
{
    front_answer_free(&flow->piece);
    flow->call.position = position;
    flow->piece_at = position;
    /* Each piece has its time: what is large may take long, but not for nothing. */
    slw_http_connections_enter(&flow->front->connections, flow->peer, SLW_HTTP_ANSWER);
    return front_channel_ask(flow->front->channel, &flow->call, FRONT_ASK_TIMEOUT_MS, &flow->piece,
                             detail);
}

/* Whether the latest piece has the byte at position. */
static bool has(const struct flow *flow, uint64_t position)
{
    return flow->piece.packet != NULL && position >= flow->piece_at &&
           position - flow->piece_at < flow->piece.answer.bytes.len;
}

static ssize_t read_flow(void *context, uint64_t position, char *buffer, size_t room)
{
    struct flow *flow = context;
    struct slw_detail detail;
    if (position >= flow->total) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    if (!has(flow, position) &&
        (fetch(flow, position, &detail) != SLW_OK || flow->piece.answer.reason.len > 0 ||
         flow->piece.answer.total != flow->total || !has(flow, position))) {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
    struct slw_bytes bytes = flow->piece.answer.bytes;
    size_t skip = (size_t)(position - flow->piece_at);
    size_t step = bytes.len - skip < room ? bytes.len - skip : room;
    memcpy(buffer, bytes.ptr + skip, step);
    return (ssize_t)step;
}

static void free_flow(void *context)
{
    struct flow *flow = context;
    front_answer_free(&flow->piece);
    free(flow);
}

static enum MHD_Result reply_flow(struct front_request *request, struct flow *flow,
                                  const char *content_type, const char *cache)
{
    struct slw_detail detail = {0};
    enum MHD_Result result;
    enum slw_status status = fetch(flow, 0, &detail);
    if (status != SLW_OK || flow->piece.answer.reason.len > 0) {
        result = status != SLW_OK ? front_reply_refuse(request, status, &detail)
                                  : front_reply_refused(request, &flow->piece.answer);
        free_flow(flow);
        return result;
    }
    flow->total = flow->piece.answer.total;
    struct MHD_Response *response = MHD_create_response_from_callback(
        flow->total, SLW_SIGNER_PIECE_SIZE_MAX, read_flow, flow, free_flow);
    if (response == NULL) {
        free_flow(flow);
        return MHD_NO;
    }
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, content_type);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
    return front_reply_queue(request, 200, response);
}

static enum MHD_Result not_found(struct front_request *request)
{
    return front_reply_refuse_as(request, 404, SLW_NOT_FOUND, "there is no such path");
}

static enum MHD_Result reply_json(struct front_request *request, struct slw_signer_call *call)
{
    struct slw_detail detail = {0};
    struct front_answer got = {0};
    enum slw_status status =
        front_channel_ask(request->front->channel, call, FRONT_ASK_TIMEOUT_MS, &got, &detail);
    if (status != SLW_OK) {
        return front_reply_refuse(request, status, &detail);
    }
    enum MHD_Result result =
        got.answer.reason.len > 0
            ? front_reply_refused(request, &got.answer)
            : front_reply_bytes(request, 200, "application/json", got.answer.bytes);
    front_answer_free(&got);
    return result;
}

/* "limit=20&after=ID", each at most once. */
static bool parse_query(const char *query, struct slw_signer_call *call)
{
    bool has_limit = false;
    while (query != NULL) {
        char number[4] = {0};
        uint64_t limit = 0;
        const char *end = query + strcspn(query, "&");
        size_t len = (size_t)(end - query);
        if (strncmp(query, "limit=", 6) == 0 && !has_limit && len > 6 && len < 10) {
            memcpy(number, query + 6, len - 6);
            if (!front_parse_number(number, &limit) || limit < 1 || limit > SLW_SIGNER_LIST_MAX) {
                return false;
            }
            has_limit = true;
            call->value = (uint32_t)limit;
        } else if (strncmp(query, "after=", 6) == 0 && !call->has_digest) {
            const char *behind = NULL;
            call->has_digest = front_parse_digest(query + 6, call->digest, &behind);
            if (!call->has_digest || behind != end) {
                return false;
            }
        } else {
            return false;
        }
        query = *end == '&' ? end + 1 : NULL;
    }
    return true;
}

enum MHD_Result front_list_finish(struct front_request *request)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_LIST, .value = LIST_LIMIT_DEFAULT};
    if (!parse_query(request->query, &call)) {
        return front_reply_refuse_as(request, 400, SLW_MALFORMED,
                                     "the query may have limit (1 to 100) and after (an id)");
    }
    return reply_json(request, &call);
}

static struct flow *new_flow(struct front_request *request, enum slw_signer_kind kind)
{
    struct flow *flow = calloc(1, sizeof *flow);
    if (flow != NULL) {
        flow->front = request->front;
        flow->peer = request->peer;
        flow->call.kind = kind;
    }
    return flow;
}

static enum MHD_Result show_blob(struct front_request *request, const char *name)
{
    for (unsigned blob = SLW_SIGNER_METADATA; blob <= SLW_SIGNER_PROOF; blob++) {
        if (strcmp(name, slw_signer_blob_name((enum slw_signer_blob)blob)) != 0) {
            continue;
        }
        struct flow *flow = new_flow(request, SLW_SIGNER_BLOB);
        if (flow == NULL) {
            return MHD_NO;
        }
        flow->call.value = blob;
        flow->call.has_digest = true;
        memcpy(flow->call.digest, request->digest, sizeof flow->call.digest);
        return reply_flow(request, flow, "application/octet-stream", "no-store");
    }
    return not_found(request);
}

enum MHD_Result front_show_finish(struct front_request *request)
{
    const char *end = NULL;
    if (!front_parse_digest(request->rest, request->digest, &end)) {
        return not_found(request);
    }
    if (*end == '/') {
        return show_blob(request, end + 1);
    }
    if (*end != '\0') {
        return not_found(request);
    }
    struct slw_signer_call call = {.kind = SLW_SIGNER_SHOW, .has_digest = true};
    memcpy(call.digest, request->digest, sizeof call.digest);
    return reply_json(request, &call);
}

/* C2SP tlog-tiles: checkpoints change, a full tile never does. Partial ones are replaced by fuller
 * ones under other names, but are immutable too. */
static bool is_immutable(const char *path)
{
    return strncmp(path, "tile/", 5) == 0;
}

enum MHD_Result front_log_finish(struct front_request *request)
{
    const char *path = request->rest;
    size_t len = strlen(path);
    bool known = strcmp(path, "checkpoint") == 0 || strncmp(path, "tile/", 5) == 0 ||
                 strncmp(path, "records/", 8) == 0;
    if (!known || len > SLW_SIGNER_TEXT_SIZE_MAX) {
        return not_found(request);
    }
    struct flow *flow = new_flow(request, SLW_SIGNER_LOG);
    if (flow == NULL) {
        return MHD_NO;
    }
    memcpy(flow->text, path, len);
    flow->call.text = slw_bytes_make(flow->text, len);
    return reply_flow(request, flow,
                      strcmp(path, "checkpoint") == 0 ? "text/plain; charset=utf-8"
                                                      : "application/octet-stream",
                      is_immutable(path) ? "max-age=31536000, immutable" : "no-store");
}

enum MHD_Result front_health_finish(struct front_request *request)
{
    struct slw_signer_call call = {.kind = SLW_SIGNER_HEALTH};
    return reply_json(request, &call);
}
