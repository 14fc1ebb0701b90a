/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pw_rpc server on one link: takes bytes as they arrive, finds HDLC frames and packets in them,
 * calls the methods of a table, and answers. The firmware's main loop and `slipway device run` own
 * one a link. spec/SPEC.md, section 4, has the rules; Pigweed's clients rely on them.
 *
 * A service is a table of methods and a context:
 *
 *     static enum slw_rpc_status echo(void *context, struct slw_bytes request,
 *                                     struct slw_writer *response)
 *     {
 *         slw_writer_put(response, request);
 *         return SLW_RPC_OK;
 *     }
 *
 *     static const struct slw_rpc_method echo_methods[] = {
 *         {.id = SLW_RPC_METHOD_ECHO, .call = echo},
 *     };
 *     struct slw_rpc_service echo_service = {SLW_RPC_SERVICE_ECHO, &my_state, echo_methods, 1};
 *
 * and a server is run like this:
 *
 *     const struct slw_rpc_service *services[] = {&echo_service, &update_service};
 *     slw_rpc_server_init(&server, &(struct slw_rpc_server_config){.link = &uart_link, ...});
 *     for (;;) {
 *         size_t taken = slw_rpc_server_receive(&server, received);
 *         ...keep what wasn't taken, offer it again...
 *         slw_rpc_server_poll(&server);
 *     }
 *
 * No heap; the server is about 250 bytes besides the three buffers that its owner gives it.
 */
#ifndef SLIPWAY_RPC_SERVER_H
#define SLIPWAY_RPC_SERVER_H

#include "slipway/port_access.h"
#include "slipway/port_link.h"
#include "slipway/rpc_packet.h"
#include "slipway/rpc_status.h"

/* Streams that can be open at a time: one for each streaming method that is used. */
#define SLW_RPC_STREAMS_MAX 2u

struct slw_rpc_stream;

/* What a streaming method is told. Any of them may send on its stream, but for closed. */
struct slw_rpc_stream_events {
    /* A client opened the stream, which stays valid until closed. */
    void (*opened)(void *context, struct slw_rpc_stream *stream);
    /* message is valid until the function returns. */
    void (*received)(void *context, struct slw_bytes message);
    /* Cancelled, completed by the client, taken over by another client, or the link was reset. */
    void (*closed)(void *context);
};

/*
 * With call: unary. request is valid until the function returns; what it writes to response goes
 * out with the status it returns, also when that isn't SLW_RPC_OK. A response that didn't fit
 * becomes INTERNAL without a payload.
 * With events: bidirectional. With neither: known, and answered UNIMPLEMENTED.
 */
struct slw_rpc_method {
    uint32_t id;
    enum slw_rpc_status (*call)(void *context, struct slw_bytes request,
                                struct slw_writer *response);
    const struct slw_rpc_stream_events *events;
};

struct slw_rpc_service {
    uint32_t id;
    void *context; /* handed to its methods */
    const struct slw_rpc_method *methods;
    size_t methods_count;
};

/* Everything pointed to must outlive the server. */
struct slw_rpc_server_config {
    const struct slw_link_port *link;
    const struct slw_access_port *access;
    const struct slw_rpc_service *const *services;
    size_t services_count;
    const uint32_t *channels; /* packets of others are dropped; NULL: channel 1 alone */
    size_t channels_count;
    /* One unescaped frame as it comes in: bounds what a client can send. */
    uint8_t *receive_buffer;
    size_t receive_buffer_size;
    /* One response message. */
    uint8_t *response_buffer;
    size_t response_buffer_size;
    /* Frames on their way out. Always enough: SLW_RPC_TRANSMIT_BUFFER_SIZE(response buffer). */
    uint8_t *transmit_buffer;
    size_t transmit_buffer_size;
};

/* A response of which every byte is escaped, and two stream messages of up to 64 bytes before it.
 */
#define SLW_RPC_TRANSMIT_BUFFER_SIZE(response_size)                                                \
    (SLW_HDLC_ENCODED_SIZE_MAX((response_size) + SLW_RPC_PACKET_OVERHEAD) +                        \
     2u * SLW_HDLC_ENCODED_SIZE_MAX(64u + SLW_RPC_PACKET_OVERHEAD))

struct slw_rpc_server {
    /* For diagnosis; nothing resets them. hdlc has counters of its own. */
    uint32_t packets_dropped; /* malformed, or of an unknown channel or type */
    struct slw_hdlc_decoder hdlc;
    /* private */
    struct slw_rpc_server_config config;
    struct slw_writer transmit;
    size_t transmit_sent;
    struct slw_rpc_stream {
        struct slw_rpc_server *server;
        const struct slw_rpc_service *service; /* NULL: free */
        const struct slw_rpc_method *method;
        uint32_t channel_id;
        uint32_t call_id;
    } streams[SLW_RPC_STREAMS_MAX];
};

void slw_rpc_server_init(struct slw_rpc_server *server, const struct slw_rpc_server_config *config);

/*
 * Handles what arrived, as far as its answers fit on the link, and returns how many bytes it took.
 * The rest is to be offered again after slw_rpc_server_poll() found the link able to write.
 */
size_t slw_rpc_server_receive(struct slw_rpc_server *server, struct slw_bytes arrived);

/* Sends what is queued, as far as the link takes it. */
void slw_rpc_server_poll(struct slw_rpc_server *server);

/* True while something waits for the link. */
bool slw_rpc_server_has_output(const struct slw_rpc_server *server);

/* The peer is gone: closes streams, forgets half a frame in either direction. */
void slw_rpc_server_reset(struct slw_rpc_server *server);

/* SLW_NO_SPACE when the queue is full, SLW_WRONG_STATE when the stream isn't open. */
SLW_MUST_USE enum slw_status slw_rpc_stream_send(struct slw_rpc_stream *stream,
                                                 struct slw_bytes message);

#endif
