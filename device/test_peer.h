/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of an RPC server's link, in memory, for tests: sends packets, and reads what the
 * server answered. Needs no stdio.
 */
#ifndef SLIPWAY_TEST_PEER_H
#define SLIPWAY_TEST_PEER_H

#include "slipway/rpc_server.h"

#define TEST_PEER_FRAME_SIZE 4096
#define TEST_PEER_BUFFER_SIZE 65536

struct test_peer {
    struct slw_link_port link;
    size_t link_room; /* bytes that the link still takes; SIZE_MAX: any number */
    enum slw_status link_status;
    struct slw_rpc_server *server;
    uint8_t received[TEST_PEER_BUFFER_SIZE]; /* from the server */
    size_t received_len;
    size_t received_read;
    struct slw_hdlc_decoder decoder;
    uint8_t frame[TEST_PEER_FRAME_SIZE];
};

static inline enum slw_status test_peer_write(void *context, struct slw_bytes bytes,
                                              size_t *ret_written)
{
    struct test_peer *peer = context;
    size_t len = bytes.len < peer->link_room ? bytes.len : peer->link_room;
    if (peer->link_status != SLW_OK) {
        return peer->link_status;
    }
    if (peer->received_len + len > sizeof peer->received) {
        return SLW_NO_SPACE;
    }
    memcpy(peer->received + peer->received_len, bytes.ptr, len);
    peer->received_len += len;
    peer->link_room -= peer->link_room == SIZE_MAX ? 0 : len;
    *ret_written = len;
    return SLW_OK;
}

static inline void test_peer_init(struct test_peer *peer, struct slw_rpc_server *server)
{
    peer->link = (struct slw_link_port){peer, test_peer_write};
    peer->link_room = SIZE_MAX;
    peer->link_status = SLW_OK;
    peer->server = server;
    peer->received_len = 0;
    peer->received_read = 0;
    slw_hdlc_decoder_init(&peer->decoder, peer->frame, sizeof peer->frame);
}

/* How many of the packet's bytes the server took; all of them unless its link is blocked. */
static inline size_t test_peer_send(struct test_peer *peer, const struct slw_rpc_packet *packet)
{
    static uint8_t frame[2 * TEST_PEER_FRAME_SIZE];
    struct slw_writer writer;
    slw_writer_init(&writer, frame, sizeof frame);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, packet);
    return slw_rpc_server_receive(peer->server, slw_writer_written(&writer));
}

/* The next packet that the server sent; its payload lives until the next call. */
static inline bool test_peer_next(struct test_peer *peer, struct slw_rpc_packet *ret_packet)
{
    struct slw_hdlc_frame frame;
    struct slw_bytes rest = slw_bytes_make(peer->received + peer->received_read,
                                           peer->received_len - peer->received_read);
    bool found = slw_hdlc_decode(&peer->decoder, &rest, &frame);
    peer->received_read = peer->received_len - rest.len;
    if (peer->received_read == peer->received_len) {
        peer->received_len = 0;
        peer->received_read = 0;
    }
    return found && frame.address == SLW_HDLC_ADDRESS_RPC &&
           slw_rpc_packet_decode(frame.payload, ret_packet) == SLW_OK;
}

static inline bool test_peer_has_more(struct test_peer *peer)
{
    return peer->received_read < peer->received_len;
}

#endif
