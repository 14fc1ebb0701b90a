/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What transfer_server.h promises of sessions: lost and late handshakes, other clients, resuming,
 * busy handlers, timers, legacy clients, and GetResourceStatus.
 */
#include "slipway/transfer_server.h"

#include "tap.h"
#include "test_transfer_client.h"

static void a_lost_start_ack_is_sent_again(void)
{
    open_stream();
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(test.opens, 1);
}

static void lost_first_parameters_are_sent_again(void)
{
    start();
    send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
    expect_retransmit(0, CHUNK);
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
    send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
    expect_silence();
}

static void a_late_copy_of_start_changes_nothing(void)
{
    start_and_send_three();
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect_silence();
    TAP_EQUAL_INT(test.opens, 1);
    send_data(192, 8, true);
    expect_completion(SLW_RPC_OK);
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, 200);
}

static void the_next_transfer_of_a_client_takes_over(void)
{
    start_and_send_three();
    send_start_of(2, TEST_RESOURCE, 192);
    expect_of(2, SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(answer.initial_offset, 192);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_CLOSED);
    TAP_EQUAL_INT(test.opens, 2);
}

static void another_resource_must_wait(void)
{
    start_and_send_three();
    send_start_of(2, 18, 0);
    expect_of(2, SLW_CHUNK_COMPLETION);
    TAP_EQUAL_INT(answer.status, SLW_RPC_RESOURCE_EXHAUSTED);
    send_data(192, CHUNK, false);
    TAP_EQUAL_INT(test.len, 256);
}

static void chunks_of_unknown_sessions_are_refused(void)
{
    start();
    send_type_of(9, SLW_CHUNK_DATA);
    expect_of(9, SLW_CHUNK_COMPLETION);
    TAP_EQUAL_INT(answer.status, SLW_RPC_FAILED_PRECONDITION);
    send_type_of(9, SLW_CHUNK_COMPLETION);
    expect_of(9, SLW_CHUNK_COMPLETION_ACK);
    send_type_of(9, SLW_CHUNK_COMPLETION_ACK);
    expect_silence();
    TAP_EQUAL_INT(test.transfer.state, SLW_TRANSFER_RECEIVING);
    open_stream();
    send_type(SLW_CHUNK_DATA);
    expect_completion(SLW_RPC_FAILED_PRECONDITION);
}

static void resumes_where_the_handler_stands(void)
{
    start_at(4096);
    send_data(4096, 10, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, 4106);
    TAP_CHECK(data_is_right());
}

static void a_handler_that_cannot_resume_begins_anew(void)
{
    open_stream();
    test.accepts_offsets = false;
    send_start_of(SESSION, TEST_RESOURCE, 4096);
    expect(SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(answer.initial_offset, 0);
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID | SLW_CHUNK_STATUS,
        .type = SLW_CHUNK_COMPLETION,
        .session_id = SESSION,
        .status = SLW_RPC_UNIMPLEMENTED,
    });
    expect(SLW_CHUNK_COMPLETION_ACK);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_CLOSED);
}

static void offsets_reach_past_4_gib(void)
{
    const uint64_t offset = UINT64_C(0x100000000) - CHUNK;
    start_at(offset);
    send_data(offset, CHUNK, false);
    expect_continue(offset + 64, offset + 64 + 128);
    send_data(offset + 64, CHUNK, false);
    expect_continue(offset + 128, offset + 128 + 256);
    send_data(offset + 320, CHUNK, false);
    expect_retransmit(offset + 128, offset + 128 + 128);
    send_data(offset + 128, 1, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, UINT64_C(0x100000041));
    TAP_CHECK(data_is_right());
}

static void offsets_that_overflow_are_wrong_offsets(void)
{
    start();
    send_data(UINT64_MAX - 10, CHUNK, false);
    expect_retransmit(0, CHUNK);
    send_data(UINT64_MAX, CHUNK, true);
    expect_silence();
    TAP_EQUAL_INT(test.writes, 0);
}

static void a_client_may_cancel(void)
{
    start_and_send_three();
    send_type(SLW_CHUNK_COMPLETION);
    expect(SLW_CHUNK_COMPLETION_ACK);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_CLOSED);
    send_type(SLW_CHUNK_COMPLETION);
    expect(SLW_CHUNK_COMPLETION_ACK);
    send_data(192, CHUNK, false);
    expect_completion(SLW_RPC_CANCELLED);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.writes, 3);
}

static void a_closed_stream_ends_the_session(void)
{
    start_and_send_three();
    send_packet(SLW_RPC_CLIENT_ERROR, CALL, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_CLOSED);
    TAP_EQUAL_INT(test.transfer.state, SLW_TRANSFER_IDLE);
    poll_at(100000);
    expect_silence();
}

static void another_client_takes_the_stream_over(void)
{
    start_and_send_three();
    send_packet(SLW_RPC_REQUEST, CALL, slw_bytes_make(NULL, 0));
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_CLOSED);
    send_data(192, CHUNK, false);
    expect_completion(SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(test.writes, 3);
    send_start_of(SESSION, TEST_RESOURCE, 192);
    expect(SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(answer.initial_offset, 192);
}

static void silence_is_asked_about_and_then_ends_it(void)
{
    start_and_send_three();
    poll_at(1100);
    poll_at(3099);
    expect_silence();
    poll_at(3100);
    expect_retransmit(192, 192 + 128);
    poll_at(3101);
    expect_silence();
    poll_at(5100);
    expect_retransmit(192, 192 + 64);
    poll_at(7100);
    expect_retransmit(192, 192 + 64);
    send_data(192, CHUNK, false);
    expect_continue(256, 256 + 128);
    poll_at(9000);
    poll_at(18999);
    expect_retransmit(256, 256 + 64);
    TAP_EQUAL_INT(test.closes, 0);
    poll_at(19000);
    expect_completion(SLW_RPC_DEADLINE_EXCEEDED);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_TIMEOUT);
}

/*
 * Pigweed's Python client stops its clock at a second START_ACK: if its confirmation is lost then,
 * it waits for ever.
 */
static void an_unconfirmed_start_gets_parameters_at_last_and_no_second_ack(void)
{
    open_stream();
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    poll_at(2000);
    poll_at(10999);
    expect_silence();
    poll_at(11000);
    expect_retransmit(0, CHUNK);
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
}

static void an_unconfirmed_start_ends_after_a_while(void)
{
    open_stream();
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    poll_at(2000);
    poll_at(11000);
    expect_retransmit(0, CHUNK);
    poll_at(12000);
    expect_completion(SLW_RPC_DEADLINE_EXCEEDED);
    TAP_EQUAL_INT(test.end, SLW_IO_TIMEOUT);
}

static void a_lost_completion_is_not_repeated_as_often_as_parameters(void)
{
    start();
    test.transfer.config.retry_ms = 500;
    send_data(0, 10, true);
    expect_completion(SLW_RPC_OK);
    poll_at(1000);
    poll_at(2999);
    expect_silence();
    poll_at(3000);
    expect_completion(SLW_RPC_OK);
}

static void an_unacknowledged_completion_is_repeated_for_a_while(void)
{
    start();
    send_data(0, 10, true);
    expect_completion(SLW_RPC_OK);
    poll_at(2000);
    expect_silence();
    poll_at(4000);
    expect_completion(SLW_RPC_OK);
    poll_at(6000);
    expect_completion(SLW_RPC_OK);
    poll_at(7000);
    TAP_EQUAL_INT(test.transfer.state, SLW_TRANSFER_COMPLETED);
    poll_at(20000);
    expect_silence();
}

static void a_busy_handler_is_asked_again_when_it_is_ready(void)
{
    start();
    test.room = 20;
    send_data(0, CHUNK, false);
    expect_silence();
    TAP_EQUAL_INT(test.transfer.state, SLW_TRANSFER_BUSY);
    send_data(64, CHUNK, false);
    expect_silence();
    poll_at(1100);
    expect_silence();
    test.is_ready = true;
    test.room = SIZE_MAX;
    poll_at(1200);
    expect_retransmit(20, 20 + 64);
    send_data(20, CHUNK, false);
    expect_continue(84, 84 + 128);
    TAP_EQUAL_INT(test.len, 84);
    TAP_CHECK(data_is_right());
    TAP_EQUAL_INT(test.out_of_order, 0);
}

static void a_client_of_a_busy_handler_is_kept_waiting(void)
{
    start();
    test.room = 0;
    send_data(0, CHUNK, false);
    poll_at(1100);
    expect_silence();
    for (uint64_t now = 2100; now <= 42100; now += 1000) {
        poll_at(now);
        expect_retransmit(0, 64);
        send_data(0, CHUNK, false);
        expect_silence();
    }
    test.is_ready = true;
    test.room = SIZE_MAX;
    poll_at(42200);
    expect_retransmit(0, 64);
    send_data(0, CHUNK, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, 64);
}

static void the_last_chunk_of_a_busy_handler_is_not_the_end(void)
{
    start();
    test.room = 10;
    send_data(0, 20, true);
    expect_silence();
    TAP_EQUAL_INT(test.closes, 0);
    test.is_ready = true;
    test.room = SIZE_MAX;
    poll_at(1100);
    expect_retransmit(10, 10 + 64);
    send_data(10, 10, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, 20);
}

static void a_client_that_leaves_a_busy_handler_times_out(void)
{
    start();
    test.room = 0;
    send_data(0, CHUNK, false);
    poll_at(2000);
    poll_at(11999);
    TAP_EQUAL_INT(test.closes, 0);
    poll_at(12000);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO_TIMEOUT);
}

static void the_owner_may_abort(void)
{
    start_and_send_three();
    slw_transfer_server_abort(&test.transfer, SLW_RPC_ABORTED);
    expect_completion(SLW_RPC_ABORTED);
    TAP_EQUAL_INT(test.closes, 0);
    send_data(192, CHUNK, false);
    expect_completion(SLW_RPC_ABORTED);
    TAP_EQUAL_INT(test.writes, 3);
    slw_transfer_server_abort(&test.transfer, SLW_RPC_INTERNAL);
    expect_silence();
}

static void legacy_clients_are_refused_in_their_words(void)
{
    struct slw_rpc_packet packet;
    static const uint8_t start_legacy[] = {0x08, 0x11, 0x50, 0x01, 0x58, 0x11};
    static const uint8_t refused[] = {0x08, 0x11, 0x40, 0x0c, 0x50, 0x04};
    static const uint8_t data_legacy[] = {0x08, 0x11, 0x32, 0x01, 0x61, 0x38, 0x00, 0x50, 0x00};
    open_stream();
    send_packet(SLW_RPC_CLIENT_STREAM, CALL, slw_bytes_make(start_legacy, sizeof start_legacy));
    TAP_REQUIRE(test_peer_next(&test.peer, &packet));
    TAP_CHECK(slw_bytes_equal(packet.payload, slw_bytes_make(refused, sizeof refused)));
    send_packet(SLW_RPC_CLIENT_STREAM, CALL, slw_bytes_make(data_legacy, sizeof data_legacy));
    expect_silence();
    TAP_EQUAL_INT(test.opens, 0);
}

static void newer_clients_are_told_our_version(void)
{
    open_stream();
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_PROTOCOL_VERSION |
                   SLW_CHUNK_DESIRED_SESSION_ID,
        .type = SLW_CHUNK_START,
        .resource_id = TEST_RESOURCE,
        .protocol_version = 3,
        .desired_session_id = SESSION,
    });
    expect(SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(answer.protocol_version, 2);
}

static void chunks_that_make_no_sense_change_nothing(void)
{
    start_and_send_three();
    send_packet(SLW_RPC_CLIENT_STREAM, CALL, SLW_BYTES_OF("\xff\xff\xff"));
    send_packet(SLW_RPC_CLIENT_STREAM, CALL, SLW_BYTES_OF("\x50\x09\x60\x01"));
    send_type(SLW_CHUNK_PARAMETERS_CONTINUE);
    send_type(SLW_CHUNK_START_ACK);
    send_type(SLW_CHUNK_COMPLETION_ACK);
    expect_silence();
    send_data(192, 8, true);
    expect_completion(SLW_RPC_OK);
    TAP_CHECK(data_is_right());
}

static void chunks_are_no_larger_than_the_receive_buffer(void)
{
    test_transfer_init(&test, 1000000, 4000000, NULL);
    send_packet(SLW_RPC_REQUEST, CALL, slw_bytes_make(NULL, 0));
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
    expect(SLW_CHUNK_PARAMETERS_RETRANSMIT);
    TAP_EQUAL_INT(answer.max_chunk_size_bytes, TEST_CHUNK_SIZE);
    TAP_EQUAL_INT(answer.window_end_offset, TEST_CHUNK_SIZE);
    send_data(0, TEST_CHUNK_SIZE, true);
    expect_completion(SLW_RPC_OK);
}

static void query(uint32_t resource_id, uint32_t expected_status,
                  struct slw_resource_status *ret_status)
{
    uint8_t bytes[16];
    struct slw_writer writer;
    struct slw_resource_status_request request = {resource_id};
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_resource_status_request_encode(&writer, &request);
    struct slw_rpc_packet packet = {
        .channel_id = SLW_RPC_CHANNEL_DEFAULT,
        .service_id = SLW_RPC_SERVICE_TRANSFER,
        .method_id = SLW_RPC_METHOD_GET_RESOURCE_STATUS,
        .payload = slw_writer_written(&writer),
        .call_id = 8,
    };
    test_peer_send(&test.peer, &packet);
    TAP_REQUIRE(test_peer_next(&test.peer, &packet));
    TAP_EQUAL_INT(packet.type, SLW_RPC_RESPONSE);
    TAP_EQUAL_INT(packet.call_id, 8);
    TAP_EQUAL_INT(packet.status, expected_status);
    TAP_REQUIRE(slw_resource_status_decode(packet.payload, ret_status) == SLW_OK);
    TAP_EQUAL_INT(ret_status->status, expected_status);
    TAP_EQUAL_INT(ret_status->resource_id, resource_id);
}

static void tells_what_it_has_of_a_resource(void)
{
    struct slw_resource_status status;
    start_and_send_three();
    query(TEST_RESOURCE, SLW_RPC_OK, &status);
    TAP_EQUAL_INT(status.writeable_offset, 192);
    TAP_CHECK(status.has_write_checksum);
    TAP_EQUAL_INT(status.write_checksum, slw_crc32(0, slw_bytes_make(test.data, 192)));
    query(99, SLW_RPC_NOT_FOUND, &status);
    TAP_CHECK(!status.has_write_checksum);
    test.still_looking = true;
    query(TEST_RESOURCE, SLW_RPC_UNAVAILABLE, &status);
    TAP_EQUAL_INT(status.writeable_offset, 0);
}

static void reading_is_unimplemented(void)
{
    struct slw_rpc_packet packet = {
        .channel_id = SLW_RPC_CHANNEL_DEFAULT,
        .service_id = SLW_RPC_SERVICE_TRANSFER,
        .method_id = SLW_RPC_METHOD_READ,
        .call_id = 5,
    };
    open_stream();
    test_peer_send(&test.peer, &packet);
    TAP_REQUIRE(test_peer_next(&test.peer, &packet));
    TAP_EQUAL_INT(packet.type, SLW_RPC_SERVER_ERROR);
    TAP_EQUAL_INT(packet.status, SLW_RPC_UNIMPLEMENTED);
}

int main(void)
{
    TAP_RUN(a_lost_start_ack_is_sent_again);
    TAP_RUN(lost_first_parameters_are_sent_again);
    TAP_RUN(a_late_copy_of_start_changes_nothing);
    TAP_RUN(the_next_transfer_of_a_client_takes_over);
    TAP_RUN(another_resource_must_wait);
    TAP_RUN(chunks_of_unknown_sessions_are_refused);
    TAP_RUN(resumes_where_the_handler_stands);
    TAP_RUN(a_handler_that_cannot_resume_begins_anew);
    TAP_RUN(offsets_reach_past_4_gib);
    TAP_RUN(offsets_that_overflow_are_wrong_offsets);
    TAP_RUN(a_client_may_cancel);
    TAP_RUN(a_closed_stream_ends_the_session);
    TAP_RUN(another_client_takes_the_stream_over);
    TAP_RUN(silence_is_asked_about_and_then_ends_it);
    TAP_RUN(an_unconfirmed_start_gets_parameters_at_last_and_no_second_ack);
    TAP_RUN(an_unconfirmed_start_ends_after_a_while);
    TAP_RUN(a_lost_completion_is_not_repeated_as_often_as_parameters);
    TAP_RUN(an_unacknowledged_completion_is_repeated_for_a_while);
    TAP_RUN(a_busy_handler_is_asked_again_when_it_is_ready);
    TAP_RUN(a_client_of_a_busy_handler_is_kept_waiting);
    TAP_RUN(the_last_chunk_of_a_busy_handler_is_not_the_end);
    TAP_RUN(a_client_that_leaves_a_busy_handler_times_out);
    TAP_RUN(the_owner_may_abort);
    TAP_RUN(legacy_clients_are_refused_in_their_words);
    TAP_RUN(newer_clients_are_told_our_version);
    TAP_RUN(chunks_that_make_no_sense_change_nothing);
    TAP_RUN(chunks_are_no_larger_than_the_receive_buffer);
    TAP_RUN(tells_what_it_has_of_a_resource);
    TAP_RUN(reading_is_unimplemented);
    return tap_finish();
}
