/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's life, as the HTTP library tells it: first line, head, pieces of the body, end. See
 * request.h for what a route does in each.
 */
#include "handler.h"

#include "reply.h"

#include <stdlib.h>
#include <string.h>

/* So much of a body is read and forgotten to answer why it was refused in the middle; behind more
 * the connection is cut. */
#define DRAIN_MAX (16u << 20)

static struct slw_http_connection *peer_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

void front_handler_connection(void *context, struct MHD_Connection *connection,
                              void **socket_context, enum MHD_ConnectionNotificationCode code)
{
    struct front_listener *listener = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
        *socket_context = info == NULL ? NULL
                                       : slw_http_connections_add(&listener->front->connections,
                                                                  info->connect_fd);
    } else if (*socket_context != NULL) {
        slw_http_connections_remove(&listener->front->connections, *socket_context);
        *socket_context = NULL;
    }
}

void *front_handler_target(void *context, const char *target, struct MHD_Connection *connection)
{
    const struct front_listener *listener = context;
    struct front_request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return NULL;
    }
    request->listener = listener;
    request->front = listener->front;
    request->connection = connection;
    request->peer = peer_of(connection);
    request->target_at = target;
    request->target_len = strlen(target);
    request->target_is_long = request->target_len >= FRONT_PATH_MAX;
    if (!request->target_is_long) {
        memcpy(request->target, target, request->target_len + 1);
    }
    return request;
}

static void begin(struct front_request *request, const char *method)
{
    if (!front_request_admit(request, method) ||
        (request->route->begin != NULL && !request->route->begin(request))) {
        return; /* after answering */
    }
    request->begun = true;
    slw_http_connections_enter(&request->front->connections, request->peer,
                               request->length > 0 ? SLW_HTTP_BODY : SLW_HTTP_ANSWER);
}

/*
 * The first call for a request. The library closes a connection behind what is answered here, so
 * that a request without a body goes on in the second call, at its end.
 */
static enum MHD_Result look(struct front_request *request, const char *method, const char *version)
{
    request->seen = true;
    if (front_request_look(request, method, version) && request->length > 0) {
        begin(request, method);
    }
    return MHD_YES;
}

static enum MHD_Result finish(struct front_request *request, const char *method)
{
    if (!request->begun) {
        begin(request, method);
    }
    if (request->answered) {
        return MHD_YES;
    }
    if (!request->begun || request->received != request->length) {
        return MHD_NO;
    }
    slw_http_connections_enter(&request->front->connections, request->peer, SLW_HTTP_ANSWER);
    return request->route->finish(request);
}

static enum MHD_Result take(struct front_request *request, const char *body, size_t *body_len)
{
    struct slw_bytes piece = slw_bytes_make(body, *body_len);
    *body_len = 0;
    request->received += piece.len;
    slw_http_connections_received(&request->front->connections, request->peer, piece.len);
    if (!request->begun || request->received > request->length) {
        return MHD_NO;
    }
    if (!request->draining) {
        request->route->take(request, piece);
    }
    return request->draining && request->length - request->received > DRAIN_MAX ? MHD_NO : MHD_YES;
}

enum MHD_Result front_handler_serve(void *context, struct MHD_Connection *connection,
                                    const char *url, const char *method, const char *version,
                                    const char *body, size_t *body_len, void **request)
{
    struct front_request *served = *request;
    (void)context;
    (void)connection;
    (void)url;
    if (served == NULL || served->peer == NULL || (served->seen && served->answered)) {
        return MHD_NO; /* memory ran out, or more comes though it was answered */
    }
    if (!served->seen) {
        return look(served, method, version);
    }
    return *body_len > 0 ? take(served, body, body_len) : finish(served, method);
}

void front_handler_completed(void *context, struct MHD_Connection *connection, void **request,
                             enum MHD_RequestTerminationCode code)
{
    struct front_request *served = *request;
    (void)context;
    (void)connection;
    (void)code;
    if (served == NULL) {
        return;
    }
    if (served->peer != NULL) {
        slw_http_connections_enter(&served->front->connections, served->peer, SLW_HTTP_IDLE);
    }
    slw_heap_drop(&served->body);
    free(served);
    *request = NULL;
}
