/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pw_rpc client on one link: unary calls with a deadline and repeats, and the stream that
 * transfers go through. One thread, one call at a time. `slipway device` and the agent use it.
 *
 *     struct slw_rpc_client *client = slw_rpc_client_new(&config);
 *     struct slw_rpc_reply reply;
 *     SLW_TRY(slw_rpc_client_call(client, SLW_RPC_SERVICE_ECHO, SLW_RPC_METHOD_ECHO, text,
 *                                 &patience, &reply));
 *     slw_rpc_client_free(client);
 *
 * Answers to other calls than the one that waits are dropped, and so are frames of other addresses
 * unless log is set.
 */
#ifndef SLIPWAY_RPC_CLIENT_H
#define SLIPWAY_RPC_CLIENT_H

#include "slipway/link.h"
#include "slipway/rpc_packet.h"
#include "slipway/rpc_status.h"

#include <signal.h>

/*
 * What the client stands on: a link and a clock.
 *  1. read waits up to timeout_ms for 1 byte at least, and returns SLW_IO_TIMEOUT when none came;
 *  2. write takes all bytes, or returns SLW_IO_TIMEOUT when they can't go within timeout_ms;
 *  3. both return SLW_IO_CLOSED when the other end is gone;
 *  4. now_ms doesn't go back; read advances it while it waits.
 */
struct slw_rpc_transport {
    void *context;
    enum slw_status (*read)(void *context, uint8_t *buffer, size_t capacity, uint32_t timeout_ms,
                            size_t *ret_len);
    enum slw_status (*write)(void *context, struct slw_bytes bytes, uint32_t timeout_ms);
    uint64_t (*now_ms)(void *context);
};

/* A transport over link, which must outlive it. */
struct slw_rpc_transport slw_rpc_transport_of_link(struct slw_link *link);

struct slw_rpc_client_config {
    struct slw_rpc_transport transport;
    uint32_t channel_id;  /* 0: SLW_RPC_CHANNEL_DEFAULT */
    uint32_t patience_ms; /* no call waits longer, whatever its own patience; 0: no such limit */
    /* Set by a signal handler: whatever waits then returns SLW_IO within 100 ms. May be NULL. */
    const volatile sig_atomic_t *interrupted;
    /* Text that a device logs beside its answers (HDLC address 1). May be NULL. */
    void (*log)(void *context, struct slw_bytes text);
    void *log_context;
};

/* The largest payload of a packet that is sent, and the largest packet that is received. */
#define SLW_RPC_CLIENT_PAYLOAD_MAX 65536u
#define SLW_RPC_CLIENT_PACKET_MAX 65536u

struct slw_rpc_client;

/* NULL when memory ran out. */
struct slw_rpc_client *slw_rpc_client_new(const struct slw_rpc_client_config *config);
void slw_rpc_client_free(struct slw_rpc_client *client);

struct slw_rpc_patience {
    uint32_t timeout_ms; /* for all of it */
    uint32_t repeat_ms;  /* silence after which the request is sent once more; 0: never */
};

struct slw_rpc_reply {
    bool is_error; /* the server doesn't know the method, or doesn't allow it: no payload */
    uint32_t code; /* enum slw_rpc_status */
    struct slw_bytes payload; /* valid until the client is used again */
};

/*
 * SLW_OK: answered, with whatever code. SLW_IO_TIMEOUT: not answered in time. SLW_IO_CLOSED: the
 * link is gone. SLW_IO: the link failed, or the wait was interrupted.
 * A repeated request has the same call id; the method must bear being run twice.
 */
enum slw_status slw_rpc_client_call(struct slw_rpc_client *client, uint32_t service_id,
                                    uint32_t method_id, struct slw_bytes request,
                                    const struct slw_rpc_patience *patience,
                                    struct slw_rpc_reply *ret_reply);

/* A bidirectional call. */
struct slw_rpc_client_stream {
    uint32_t service_id;
    uint32_t method_id;
    uint32_t call_id;
};

enum slw_status slw_rpc_client_open_stream(struct slw_rpc_client *client, uint32_t service_id,
                                           uint32_t method_id,
                                           struct slw_rpc_client_stream *ret_stream);
enum slw_status slw_rpc_client_send(struct slw_rpc_client *client,
                                    const struct slw_rpc_client_stream *stream,
                                    struct slw_bytes message);

/*
 * The next packet of the stream: SERVER_STREAM, SERVER_ERROR or RESPONSE. SLW_IO_TIMEOUT when none
 * came in time, timeout_ms 0 being: none is there. Its payload is valid until the next use.
 */
enum slw_status slw_rpc_client_receive(struct slw_rpc_client *client,
                                       const struct slw_rpc_client_stream *stream,
                                       uint32_t timeout_ms, struct slw_rpc_packet *ret_packet);

/* Tells the server that the stream is over; nothing comes back. */
enum slw_status slw_rpc_client_cancel_stream(struct slw_rpc_client *client,
                                             const struct slw_rpc_client_stream *stream);

/* Waits, at least so long, for nothing in particular; SLW_IO when interrupted. */
enum slw_status slw_rpc_client_pause(struct slw_rpc_client *client, uint32_t pause_ms);

uint64_t slw_rpc_client_now_ms(const struct slw_rpc_client *client);
bool slw_rpc_client_is_interrupted(const struct slw_rpc_client *client);

/* From here on; for what has to be said after an interruption (Abort). */
void slw_rpc_client_ignore_interrupts(struct slw_rpc_client *client);

#endif
