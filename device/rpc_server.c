/* SPDX-License-Identifier: Apache-2.0 */
/* The server of rpc_server.h. In quotes: what pw_rpc's does; spec/SPEC.md, 4.3, has all of it. */
#include "slipway/rpc_server.h"

static const uint32_t default_channels[] = {SLW_RPC_CHANNEL_DEFAULT};

void slw_rpc_server_init(struct slw_rpc_server *server, const struct slw_rpc_server_config *config)
{
    *server = (struct slw_rpc_server){.config = *config};
    if (config->channels == NULL) {
        server->config.channels = default_channels;
        server->config.channels_count = 1;
    }
    slw_hdlc_decoder_init(&server->hdlc, config->receive_buffer, config->receive_buffer_size);
    slw_writer_init(&server->transmit, config->transmit_buffer, config->transmit_buffer_size);
}

static void clear_transmit(struct slw_rpc_server *server)
{
    slw_writer_init(&server->transmit, server->config.transmit_buffer,
                    server->config.transmit_buffer_size);
    server->transmit_sent = 0;
}

bool slw_rpc_server_has_output(const struct slw_rpc_server *server)
{
    return server->transmit_sent < server->transmit.len;
}

void slw_rpc_server_poll(struct slw_rpc_server *server)
{
    const struct slw_link_port *link = server->config.link;
    while (slw_rpc_server_has_output(server)) {
        size_t written = 0;
        struct slw_bytes rest = slw_bytes_make(server->transmit.buffer + server->transmit_sent,
                                               server->transmit.len - server->transmit_sent);
        if (link->write(link->context, rest, &written) != SLW_OK) {
            break;
        }
        if (written == 0) {
            return;
        }
        server->transmit_sent += written;
    }
    clear_transmit(server);
}

/* A frame is queued whole or not at all. */
static enum slw_status send_packet(struct slw_rpc_server *server,
                                   const struct slw_rpc_packet *packet)
{
    size_t len_before = server->transmit.len;
    slw_rpc_packet_encode_frame(&server->transmit, SLW_HDLC_ADDRESS_RPC, packet);
    enum slw_status status = server->transmit.status;
    if (status != SLW_OK) {
        server->transmit.status = SLW_OK;
        server->transmit.len = len_before;
        return status;
    }
    slw_rpc_server_poll(server);
    return SLW_OK;
}

/* An answer goes to the channel, method and call that asked. */
static struct slw_rpc_packet answer_to(const struct slw_rpc_packet *request, uint32_t type,
                                       enum slw_rpc_status status)
{
    return (struct slw_rpc_packet){
        .type = type,
        .channel_id = request->channel_id,
        .service_id = request->service_id,
        .method_id = request->method_id,
        .status = status,
        .call_id = request->call_id,
    };
}

static void send_error(struct slw_rpc_server *server, const struct slw_rpc_packet *request,
                       enum slw_rpc_status status)
{
    /* "never in answer to CLIENT_ERROR" */
    if (request->type == SLW_RPC_CLIENT_ERROR) {
        return;
    }
    struct slw_rpc_packet error = answer_to(request, SLW_RPC_SERVER_ERROR, status);
    /* An error that has no room is lost, as on the way: the client asks again. */
    (void)send_packet(server, &error);
}

static void call_unary(struct slw_rpc_server *server, const struct slw_rpc_service *service,
                       const struct slw_rpc_method *method, const struct slw_rpc_packet *request)
{
    struct slw_writer response;
    slw_writer_init(&response, server->config.response_buffer, server->config.response_buffer_size);
    enum slw_rpc_status status = method->call(service->context, request->payload, &response);
    struct slw_rpc_packet packet = answer_to(request, SLW_RPC_RESPONSE, status);
    packet.payload = slw_writer_written(&response);
    if (response.status == SLW_OK && send_packet(server, &packet) == SLW_OK) {
        return;
    }
    packet = answer_to(request, SLW_RPC_RESPONSE, SLW_RPC_INTERNAL);
    (void)send_packet(server, &packet);
}

static struct slw_rpc_stream *find_stream(struct slw_rpc_server *server,
                                          const struct slw_rpc_service *service,
                                          const struct slw_rpc_method *method)
{
    for (size_t i = 0; i < SLW_RPC_STREAMS_MAX; i++) {
        struct slw_rpc_stream *stream = &server->streams[i];
        if (stream->service == service && stream->method == method) {
            return stream;
        }
    }
    return NULL;
}

static void close_stream(struct slw_rpc_stream *stream)
{
    const struct slw_rpc_service *service = stream->service;
    const struct slw_rpc_method *method = stream->method;
    stream->service = NULL;
    stream->method = NULL;
    method->events->closed(service->context);
}

/* "A second REQUEST with same ids cancels the first"; so does one of another client. */
static void open_stream(struct slw_rpc_server *server, const struct slw_rpc_service *service,
                        const struct slw_rpc_method *method, const struct slw_rpc_packet *request)
{
    struct slw_rpc_stream *stream = find_stream(server, service, method);
    if (stream != NULL) {
        close_stream(stream);
    } else {
        stream = find_stream(server, NULL, NULL);
    }
    if (stream == NULL) {
        send_error(server, request, SLW_RPC_RESOURCE_EXHAUSTED);
        return;
    }
    *stream = (struct slw_rpc_stream){
        .server = server,
        .service = service,
        .method = method,
        .channel_id = request->channel_id,
        .call_id = request->call_id,
    };
    method->events->opened(service->context, stream);
}

/* The open call that a packet belongs to. Calls opened without an id take the first that comes. */
static struct slw_rpc_stream *find_call(struct slw_rpc_server *server,
                                        const struct slw_rpc_service *service,
                                        const struct slw_rpc_method *method,
                                        const struct slw_rpc_packet *packet)
{
    struct slw_rpc_stream *stream = find_stream(server, service, method);
    if (stream == NULL || stream->channel_id != packet->channel_id) {
        return NULL;
    }
    if (stream->call_id == SLW_RPC_CALL_OPEN || stream->call_id == SLW_RPC_CALL_OPEN_LEGACY) {
        stream->call_id = packet->call_id;
    }
    bool matches = stream->call_id == packet->call_id || packet->call_id == SLW_RPC_CALL_OPEN;
    return matches ? stream : NULL;
}

static void handle_request(struct slw_rpc_server *server, const struct slw_rpc_service *service,
                           const struct slw_rpc_method *method, const struct slw_rpc_packet *packet)
{
    if (method->call != NULL) {
        call_unary(server, service, method, packet);
    } else if (method->events != NULL) {
        open_stream(server, service, method, packet);
    } else {
        send_error(server, packet, SLW_RPC_UNIMPLEMENTED);
    }
}

static void handle_stream_packet(struct slw_rpc_server *server,
                                 const struct slw_rpc_service *service,
                                 const struct slw_rpc_method *method,
                                 const struct slw_rpc_packet *packet)
{
    /* "CLIENT_STREAM on a unary method: INVALID_ARGUMENT" */
    if (method->events == NULL) {
        send_error(server, packet, SLW_RPC_INVALID_ARGUMENT);
        return;
    }
    /* "CLIENT_STREAM for a call not open: SERVER_ERROR FAILED_PRECONDITION" */
    struct slw_rpc_stream *stream = find_call(server, service, method, packet);
    if (stream == NULL) {
        send_error(server, packet, SLW_RPC_FAILED_PRECONDITION);
        return;
    }
    if (packet->type == SLW_RPC_CLIENT_STREAM) {
        method->events->received(service->context, packet->payload);
        return;
    }
    close_stream(stream);
    if (packet->type == SLW_RPC_CLIENT_REQUEST_COMPLETION) {
        struct slw_rpc_packet response = answer_to(packet, SLW_RPC_RESPONSE, SLW_RPC_OK);
        (void)send_packet(server, &response);
    }
}

static bool knows_channel(const struct slw_rpc_server *server, uint32_t channel_id)
{
    for (size_t i = 0; i < server->config.channels_count; i++) {
        if (server->config.channels[i] == channel_id) {
            return true;
        }
    }
    return false;
}

static const struct slw_rpc_service *find_service(const struct slw_rpc_server *server, uint32_t id)
{
    for (size_t i = 0; i < server->config.services_count; i++) {
        if (server->config.services[i]->id == id) {
            return server->config.services[i];
        }
    }
    return NULL;
}

static const struct slw_rpc_method *find_method(const struct slw_rpc_service *service, uint32_t id)
{
    for (size_t i = 0; service != NULL && i < service->methods_count; i++) {
        if (service->methods[i].id == id) {
            return &service->methods[i];
        }
    }
    return NULL;
}

static bool may_call(const struct slw_rpc_server *server, const struct slw_rpc_packet *packet)
{
    const struct slw_access_port *access = server->config.access;
    struct slw_access_request request = {
        .channel_id = packet->channel_id,
        .service_id = packet->service_id,
        .method_id = packet->method_id,
    };
    return access->allows(access->context, &request);
}

/* "Malformed (channel, service or method 0): drop"; "unknown channel: drop"; types of a server too.
 */
static bool is_for_us(const struct slw_rpc_server *server, const struct slw_rpc_packet *packet)
{
    bool known_type = packet->type == SLW_RPC_REQUEST || packet->type == SLW_RPC_CLIENT_STREAM ||
                      packet->type == SLW_RPC_CLIENT_ERROR ||
                      packet->type == SLW_RPC_CLIENT_REQUEST_COMPLETION;
    return known_type && packet->channel_id != 0 && packet->service_id != 0 &&
           packet->method_id != 0 && knows_channel(server, packet->channel_id);
}

static void handle_packet(struct slw_rpc_server *server, const struct slw_rpc_packet *packet)
{
    if (!is_for_us(server, packet)) {
        server->packets_dropped++;
        return;
    }
    const struct slw_rpc_service *service = find_service(server, packet->service_id);
    const struct slw_rpc_method *method = find_method(service, packet->method_id);
    /* "Unknown service/method: SERVER_ERROR NOT_FOUND" */
    if (method == NULL) {
        send_error(server, packet, SLW_RPC_NOT_FOUND);
        return;
    }
    if (!may_call(server, packet)) {
        send_error(server, packet, SLW_RPC_PERMISSION_DENIED);
        return;
    }
    if (packet->type == SLW_RPC_REQUEST) {
        handle_request(server, service, method, packet);
    } else {
        handle_stream_packet(server, service, method, packet);
    }
}

static void handle_frame(struct slw_rpc_server *server, const struct slw_hdlc_frame *frame)
{
    struct slw_rpc_packet packet;
    if (frame->address != SLW_HDLC_ADDRESS_RPC ||
        slw_rpc_packet_decode(frame->payload, &packet) != SLW_OK) {
        server->packets_dropped++;
        return;
    }
    handle_packet(server, &packet);
}

size_t slw_rpc_server_receive(struct slw_rpc_server *server, struct slw_bytes arrived)
{
    struct slw_bytes rest = arrived;
    struct slw_hdlc_frame frame;
    while (!slw_rpc_server_has_output(server) && slw_hdlc_decode(&server->hdlc, &rest, &frame)) {
        handle_frame(server, &frame);
    }
    return arrived.len - rest.len;
}

void slw_rpc_server_reset(struct slw_rpc_server *server)
{
    for (size_t i = 0; i < SLW_RPC_STREAMS_MAX; i++) {
        if (server->streams[i].service != NULL) {
            close_stream(&server->streams[i]);
        }
    }
    slw_hdlc_decoder_reset(&server->hdlc);
    clear_transmit(server);
}

enum slw_status slw_rpc_stream_send(struct slw_rpc_stream *stream, struct slw_bytes message)
{
    if (stream->service == NULL) {
        return SLW_WRONG_STATE;
    }
    struct slw_rpc_packet packet = {
        .type = SLW_RPC_SERVER_STREAM,
        .channel_id = stream->channel_id,
        .service_id = stream->service->id,
        .method_id = stream->method->id,
        .payload = message,
        .call_id = stream->call_id,
    };
    return send_packet(stream->server, &packet);
}
