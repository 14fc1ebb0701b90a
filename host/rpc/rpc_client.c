/* SPDX-License-Identifier: Apache-2.0 */
/* The client of rpc_client.h. */
#include "slipway/rpc_client.h"

#include "slipway/checked.h"

#include <stdlib.h>

#define READ_SIZE 65536u
#define WRITE_TIMEOUT_MS 10000u

/* How long a wait goes on without a look at the interrupted flag. */
#define LOOK_MS 100u

/* Pigweed's clients count so far before they begin anew. */
#define CALL_IDS_MAX ((1u << 21) - 1)

struct slw_rpc_client {
    struct slw_rpc_client_config config;
    uint32_t last_call_id;
    struct slw_hdlc_decoder decoder;
    struct slw_bytes arrived; /* of bytes, what the decoder hasn't seen */
    uint8_t bytes[READ_SIZE];
    uint8_t frame[SLW_HDLC_BUFFER_SIZE(SLW_RPC_CLIENT_PACKET_MAX)];
    uint8_t sent[SLW_HDLC_ENCODED_SIZE_MAX(SLW_RPC_CLIENT_PAYLOAD_MAX + SLW_RPC_PACKET_OVERHEAD)];
};

static enum slw_status read_link(void *context, uint8_t *buffer, size_t capacity,
                                 uint32_t timeout_ms, size_t *ret_len)
{
    return slw_link_read(context, buffer, capacity, timeout_ms, ret_len);
}

static enum slw_status write_link(void *context, struct slw_bytes bytes, uint32_t timeout_ms)
{
    return slw_link_write(context, bytes, timeout_ms);
}

static uint64_t now_of_link(void *context)
{
    (void)context;
    return slw_link_now_ms();
}

struct slw_rpc_transport slw_rpc_transport_of_link(struct slw_link *link)
{
    return (struct slw_rpc_transport){link, read_link, write_link, now_of_link};
}

struct slw_rpc_client *slw_rpc_client_new(const struct slw_rpc_client_config *config)
{
    struct slw_rpc_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    client->config = *config;
    if (client->config.channel_id == 0) {
        client->config.channel_id = SLW_RPC_CHANNEL_DEFAULT;
    }
    slw_hdlc_decoder_init(&client->decoder, client->frame, sizeof client->frame);
    return client;
}

void slw_rpc_client_free(struct slw_rpc_client *client)
{
    free(client);
}

uint64_t slw_rpc_client_now_ms(const struct slw_rpc_client *client)
{
    return client->config.transport.now_ms(client->config.transport.context);
}

bool slw_rpc_client_is_interrupted(const struct slw_rpc_client *client)
{
    return client->config.interrupted != NULL && *client->config.interrupted != 0;
}

void slw_rpc_client_ignore_interrupts(struct slw_rpc_client *client)
{
    client->config.interrupted = NULL;
}

static uint32_t next_call_id(struct slw_rpc_client *client)
{
    client->last_call_id = client->last_call_id % CALL_IDS_MAX + 1;
    return client->last_call_id;
}

static enum slw_status send_packet(struct slw_rpc_client *client,
                                   const struct slw_rpc_packet *packet)
{
    const struct slw_rpc_transport *transport = &client->config.transport;
    struct slw_writer writer;
    slw_writer_init(&writer, client->sent, sizeof client->sent);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, packet);
    SLW_TRY(writer.status);
    return transport->write(transport->context, slw_writer_written(&writer), WRITE_TIMEOUT_MS);
}

/* Reads what is there, waiting in slices so that an interruption is seen. */
static enum slw_status read_more(struct slw_rpc_client *client, uint64_t deadline_ms)
{
    const struct slw_rpc_transport *transport = &client->config.transport;
    size_t len = 0;
    enum slw_status status = SLW_IO_TIMEOUT;
    for (bool last = false; status == SLW_IO_TIMEOUT && !last;) {
        if (slw_rpc_client_is_interrupted(client)) {
            return SLW_IO;
        }
        uint64_t now_ms = slw_rpc_client_now_ms(client);
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        last = left_ms <= LOOK_MS;
        status = transport->read(transport->context, client->bytes, sizeof client->bytes,
                                 (uint32_t)slw_min_u64(left_ms, LOOK_MS), &len);
    }
    SLW_TRY(status);
    client->arrived = slw_bytes_make(client->bytes, len);
    return SLW_OK;
}

static bool is_answer(const struct slw_rpc_client *client, const struct slw_rpc_packet *packet,
                      const struct slw_rpc_client_stream *call)
{
    return call->service_id != 0 && packet->channel_id == client->config.channel_id &&
           packet->service_id == call->service_id && packet->method_id == call->method_id &&
           packet->call_id == call->call_id;
}

/* Finds a packet of the call among what has arrived. */
static bool next_packet(struct slw_rpc_client *client, const struct slw_rpc_client_stream *call,
                        struct slw_rpc_packet *ret_packet)
{
    struct slw_hdlc_frame frame;
    struct slw_rpc_packet packet;
    while (slw_hdlc_decode(&client->decoder, &client->arrived, &frame)) {
        if (frame.address == SLW_HDLC_ADDRESS_LOG && client->config.log != NULL) {
            client->config.log(client->config.log_context, frame.payload);
        }
        if (frame.address == SLW_HDLC_ADDRESS_RPC &&
            slw_rpc_packet_decode(frame.payload, &packet) == SLW_OK &&
            is_answer(client, &packet, call)) {
            *ret_packet = packet;
            return true;
        }
    }
    return false;
}

enum slw_status slw_rpc_client_receive(struct slw_rpc_client *client,
                                       const struct slw_rpc_client_stream *stream,
                                       uint32_t timeout_ms, struct slw_rpc_packet *ret_packet)
{
    uint64_t deadline_ms = slw_rpc_client_now_ms(client) + timeout_ms;
    while (!next_packet(client, stream, ret_packet)) {
        SLW_TRY(read_more(client, deadline_ms));
    }
    return SLW_OK;
}

static struct slw_rpc_packet packet_of(const struct slw_rpc_client *client, uint32_t type,
                                       const struct slw_rpc_client_stream *call,
                                       struct slw_bytes payload)
{
    return (struct slw_rpc_packet){
        .type = type,
        .channel_id = client->config.channel_id,
        .service_id = call->service_id,
        .method_id = call->method_id,
        .payload = payload,
        .call_id = call->call_id,
    };
}

/* Waits for the end of a unary call; what else comes for it isn't that. */
static enum slw_status wait_for_reply(struct slw_rpc_client *client,
                                      const struct slw_rpc_client_stream *call,
                                      uint64_t deadline_ms, struct slw_rpc_reply *ret_reply)
{
    struct slw_rpc_packet packet;
    do {
        uint64_t now_ms = slw_rpc_client_now_ms(client);
        uint64_t left_ms = deadline_ms > now_ms ? deadline_ms - now_ms : 0;
        SLW_TRY(slw_rpc_client_receive(client, call, (uint32_t)left_ms, &packet));
    } while (packet.type != SLW_RPC_RESPONSE && packet.type != SLW_RPC_SERVER_ERROR);
    *ret_reply = (struct slw_rpc_reply){
        .is_error = packet.type == SLW_RPC_SERVER_ERROR,
        .code = packet.status,
        .payload = packet.payload,
    };
    return SLW_OK;
}

enum slw_status slw_rpc_client_call(struct slw_rpc_client *client, uint32_t service_id,
                                    uint32_t method_id, struct slw_bytes request,
                                    const struct slw_rpc_patience *patience,
                                    struct slw_rpc_reply *ret_reply)
{
    const struct slw_rpc_client_stream call = {service_id, method_id, next_call_id(client)};
    struct slw_rpc_packet packet = packet_of(client, SLW_RPC_REQUEST, &call, request);
    uint32_t timeout_ms = patience->timeout_ms;
    if (client->config.patience_ms != 0 && client->config.patience_ms < timeout_ms) {
        timeout_ms = client->config.patience_ms;
    }
    uint64_t deadline_ms = slw_rpc_client_now_ms(client) + timeout_ms;
    enum slw_status status = SLW_IO_TIMEOUT;
    uint64_t now_ms = 0;
    do {
        SLW_TRY(send_packet(client, &packet));
        now_ms = slw_rpc_client_now_ms(client);
        uint64_t until_ms = patience->repeat_ms == 0
                                ? deadline_ms
                                : slw_min_u64(deadline_ms, now_ms + patience->repeat_ms);
        status = wait_for_reply(client, &call, until_ms, ret_reply);
        now_ms = slw_rpc_client_now_ms(client);
    } while (status == SLW_IO_TIMEOUT && patience->repeat_ms != 0 && now_ms < deadline_ms);
    return status;
}

enum slw_status slw_rpc_client_open_stream(struct slw_rpc_client *client, uint32_t service_id,
                                           uint32_t method_id,
                                           struct slw_rpc_client_stream *ret_stream)
{
    const struct slw_rpc_client_stream stream = {service_id, method_id, next_call_id(client)};
    struct slw_rpc_packet packet =
        packet_of(client, SLW_RPC_REQUEST, &stream, slw_bytes_make(NULL, 0));
    SLW_TRY(send_packet(client, &packet));
    *ret_stream = stream;
    return SLW_OK;
}

enum slw_status slw_rpc_client_send(struct slw_rpc_client *client,
                                    const struct slw_rpc_client_stream *stream,
                                    struct slw_bytes message)
{
    struct slw_rpc_packet packet = packet_of(client, SLW_RPC_CLIENT_STREAM, stream, message);
    return send_packet(client, &packet);
}

enum slw_status slw_rpc_client_cancel_stream(struct slw_rpc_client *client,
                                             const struct slw_rpc_client_stream *stream)
{
    struct slw_rpc_packet packet =
        packet_of(client, SLW_RPC_CLIENT_ERROR, stream, slw_bytes_make(NULL, 0));
    packet.status = SLW_RPC_CANCELLED;
    return send_packet(client, &packet);
}

enum slw_status slw_rpc_client_pause(struct slw_rpc_client *client, uint32_t pause_ms)
{
    const struct slw_rpc_client_stream nobody = {0};
    struct slw_rpc_packet ignored;
    enum slw_status status = slw_rpc_client_receive(client, &nobody, pause_ms, &ignored);
    return status == SLW_IO_TIMEOUT ? SLW_OK : status;
}
