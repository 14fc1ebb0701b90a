/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of the transfer server, chunk by chunk, for tests: one of send_*() makes the server
 * answer, one of expect_*() checks what it answered. Chunks of 64 bytes, windows of up to 256.
 */
#ifndef SLIPWAY_TEST_TRANSFER_CLIENT_H
#define SLIPWAY_TEST_TRANSFER_CLIENT_H

#include "tap.h"
#include "test_transfer.h"

#define SESSION 1u
#define CALL 3u
#define CHUNK 64u
#define WINDOW 256u

static struct test_transfer test;
static struct slw_transfer_chunk answer; /* the last one read */

static inline void send_packet(uint32_t type, uint32_t call_id, struct slw_bytes payload)
{
    struct slw_rpc_packet packet = {
        .type = type,
        .channel_id = SLW_RPC_CHANNEL_DEFAULT,
        .service_id = SLW_RPC_SERVICE_TRANSFER,
        .method_id = SLW_RPC_METHOD_WRITE,
        .payload = payload,
        .call_id = call_id,
    };
    test_peer_send(&test.peer, &packet);
}

static inline void send_chunk(const struct slw_transfer_chunk *chunk)
{
    uint8_t bytes[2048];
    struct slw_writer writer;
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_transfer_chunk_encode(&writer, chunk);
    send_packet(SLW_RPC_CLIENT_STREAM, CALL, slw_writer_written(&writer));
}

static inline void send_start_of(uint32_t session_id, uint32_t resource_id, uint64_t initial_offset)
{
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_PROTOCOL_VERSION |
                   SLW_CHUNK_DESIRED_SESSION_ID,
        .transfer_id = resource_id,
        .type = SLW_CHUNK_START,
        .resource_id = resource_id,
        .protocol_version = SLW_TRANSFER_VERSION_TWO,
        .desired_session_id = session_id,
        .initial_offset = initial_offset,
    });
}

static inline void send_type_of(uint32_t session_id, uint32_t type)
{
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
        .type = type,
        .session_id = session_id,
    });
}

static inline void send_type(uint32_t type)
{
    send_type_of(SESSION, type);
}

/* len bytes that say where they stand; last: remaining_bytes=0. */
static inline void send_data(uint64_t offset, size_t len, bool last)
{
    uint8_t data[1024];
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)((offset + i) * 7);
    }
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID |
                   (uint32_t)(last ? SLW_CHUNK_REMAINING_BYTES : 0),
        .type = SLW_CHUNK_DATA,
        .session_id = SESSION,
        .offset = offset,
        .data = slw_bytes_make(data, len),
    });
}

static inline bool data_is_right(void)
{
    for (uint64_t at = test.base; at < test.len; at++) {
        if (test.data[at - test.base] != (uint8_t)(at * 7)) {
            return false;
        }
    }
    return true;
}

/* A chunk came, of this type and session, and no other. */
static inline void expect_of(uint32_t session_id, uint32_t type)
{
    struct slw_rpc_packet packet;
    memset(&answer, 0, sizeof answer);
    TAP_REQUIRE(test_peer_next(&test.peer, &packet));
    TAP_EQUAL_INT(packet.type, SLW_RPC_SERVER_STREAM);
    TAP_EQUAL_INT(packet.method_id, SLW_RPC_METHOD_WRITE);
    TAP_REQUIRE(slw_transfer_chunk_decode(packet.payload, &answer) == SLW_OK);
    TAP_EQUAL_INT(answer.type, type);
    TAP_EQUAL_INT(answer.session_id, session_id);
    TAP_CHECK(!test_peer_has_more(&test.peer));
}

static inline void expect(uint32_t type)
{
    expect_of(SESSION, type);
}

static inline void expect_parameters(uint32_t type, uint64_t offset, uint64_t window_end)
{
    expect(type);
    TAP_EQUAL_INT(answer.offset, offset);
    TAP_EQUAL_INT(answer.window_end_offset, window_end);
    TAP_EQUAL_INT(answer.max_chunk_size_bytes, CHUNK);
    TAP_CHECK(slw_transfer_chunk_has(&answer, SLW_CHUNK_MIN_DELAY_MICROSECONDS));
}

static inline void expect_retransmit(uint64_t offset, uint64_t window_end)
{
    expect_parameters(SLW_CHUNK_PARAMETERS_RETRANSMIT, offset, window_end);
}

static inline void expect_continue(uint64_t offset, uint64_t window_end)
{
    expect_parameters(SLW_CHUNK_PARAMETERS_CONTINUE, offset, window_end);
}

static inline void expect_completion(uint32_t status)
{
    expect(SLW_CHUNK_COMPLETION);
    TAP_CHECK(slw_transfer_chunk_has(&answer, SLW_CHUNK_STATUS));
    TAP_EQUAL_INT(answer.status, status);
}

static inline void expect_silence(void)
{
    TAP_CHECK(!test_peer_has_more(&test.peer));
}

static inline void poll_at(uint64_t now_ms)
{
    slw_transfer_server_poll(&test.transfer, now_ms);
}

static inline void open_stream(void)
{
    test_transfer_init(&test, CHUNK, WINDOW, NULL);
    send_packet(SLW_RPC_REQUEST, CALL, slw_bytes_make(NULL, 0));
    expect_silence();
    poll_at(1000);
}

/* Up to the first parameters. */
static inline void start_at(uint64_t offset)
{
    open_stream();
    test.base = offset;
    send_start_of(SESSION, TEST_RESOURCE, offset);
    expect(SLW_CHUNK_START_ACK);
    send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
    expect_retransmit(offset, offset + CHUNK);
}

static inline void start(void)
{
    start_at(0);
}

/* Three chunks have come, and the window is 256 from 192 on. */
static inline void start_and_send_three(void)
{
    start();
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
    send_data(64, CHUNK, false);
    expect_continue(128, 128 + 256);
    send_data(128, CHUNK, false);
    expect_silence();
}

#endif
