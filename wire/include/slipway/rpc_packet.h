/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packets of pw_rpc (package pw.rpc.internal), one in each HDLC frame of address 82.
 * Server (device/rpc_server.c) and client (host/rpc/) read and write them.
 *
 *     struct slw_rpc_packet request = {
 *         .type = SLW_RPC_REQUEST, .channel_id = 1, .call_id = 7,
 *         .service_id = SLW_RPC_SERVICE_ECHO, .method_id = SLW_RPC_METHOD_ECHO,
 *         .payload = message,
 *     };
 *     slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &request);
 */
#ifndef SLIPWAY_RPC_PACKET_H
#define SLIPWAY_RPC_PACKET_H

#include "slipway/hdlc.h"

/* Even: from the client. Odd: from the server. 3 and 6 are retired. */
enum {
    SLW_RPC_REQUEST = 0,
    SLW_RPC_RESPONSE = 1,
    SLW_RPC_CLIENT_STREAM = 2,
    SLW_RPC_CLIENT_ERROR = 4, /* status CANCELLED: the client cancels */
    SLW_RPC_SERVER_ERROR = 5,
    SLW_RPC_SERVER_STREAM = 7,
    SLW_RPC_CLIENT_REQUEST_COMPLETION = 8,
};

#define SLW_RPC_CHANNEL_DEFAULT 1u

/* Call ids of clients that don't count their calls. */
#define SLW_RPC_CALL_OPEN_LEGACY 0u
#define SLW_RPC_CALL_OPEN 0xFFFFFFFFu

/* Fields that are 0 or empty are left out on the wire, and are 0 or empty when absent. */
struct slw_rpc_packet {
    uint32_t type;       /* one of the above, or a number that isn't one */
    uint32_t channel_id; /* 0 isn't valid, nor in the two that follow; the codec doesn't judge */
    uint32_t service_id;
    uint32_t method_id;
    struct slw_bytes payload; /* after decoding, points into the packet's bytes */
    uint32_t status;          /* enum slw_rpc_status, or a number that isn't one */
    uint32_t call_id;         /* chosen by the client, echoed by the server */
};

/* The most bytes that a packet has besides its payload. */
#define SLW_RPC_PACKET_OVERHEAD 36u

SLW_MUST_USE enum slw_status slw_rpc_packet_decode(struct slw_bytes encoded,
                                                   struct slw_rpc_packet *ret_packet);

/* In ascending order of fields, as Pigweed's clients and servers do. */
void slw_rpc_packet_encode(struct slw_writer *writer, const struct slw_rpc_packet *packet);

/* As above, inside an HDLC frame, without a buffer between. */
void slw_rpc_packet_encode_frame(struct slw_writer *writer, uint64_t address,
                                 const struct slw_rpc_packet *packet);

/* The id of a service ("pw.rpc.EchoService") or method ("Echo"): Pigweed's 65599 hash. */
uint32_t slw_rpc_id(struct slw_bytes name);

/* Ids of what Slipway serves and calls; rpc_packet_test checks each against its name. */
#define SLW_RPC_SERVICE_BUNDLED_UPDATE 0xaf3a7737u /* pw.software_update.BundledUpdate */
#define SLW_RPC_METHOD_GET_STATUS 0x87dea601u
#define SLW_RPC_METHOD_START 0x25e59243u
#define SLW_RPC_METHOD_SET_TRANSFERRED 0x45336372u
#define SLW_RPC_METHOD_VERIFY 0xd607999fu
#define SLW_RPC_METHOD_APPLY 0xb5153737u
#define SLW_RPC_METHOD_ABORT 0xa855e135u
#define SLW_RPC_METHOD_RESET 0xf0fb83d6u

#define SLW_RPC_SERVICE_TRANSFER 0x5bd6c87bu /* pw.transfer.Transfer */
#define SLW_RPC_METHOD_READ 0x5b7866dau
#define SLW_RPC_METHOD_WRITE 0xd4630586u
#define SLW_RPC_METHOD_GET_RESOURCE_STATUS 0xc913c0bbu

#define SLW_RPC_SERVICE_ECHO 0x14fbd052u /* pw.rpc.EchoService */
#define SLW_RPC_METHOD_ECHO 0x8b470ee9u

#endif
