/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What transfer_server.h promises of data, chunk by chunk: handshake, window, recovery, end.
 * transfer_sessions_test.c has the sessions and timers, transfer_link_test.c whole files.
 */
#include "slipway/transfer_server.h"

#include "tap.h"
#include "test_transfer_client.h"

static void shakes_hands_as_specified(void)
{
    open_stream();
    send_start_of(SESSION, TEST_RESOURCE, 0);
    expect(SLW_CHUNK_START_ACK);
    TAP_EQUAL_INT(answer.present, SLW_CHUNK_TYPE | SLW_CHUNK_RESOURCE_ID | SLW_CHUNK_SESSION_ID |
                                      SLW_CHUNK_PROTOCOL_VERSION);
    TAP_EQUAL_INT(answer.resource_id, TEST_RESOURCE);
    TAP_EQUAL_INT(answer.protocol_version, SLW_TRANSFER_VERSION_TWO);
    TAP_EQUAL_INT(answer.initial_offset, 0);
    send_type(SLW_CHUNK_START_ACK_CONFIRMATION);
    expect_retransmit(0, CHUNK);
    TAP_EQUAL_INT(test.opens, 1);
}

static void receives_data_to_the_end(void)
{
    start_and_send_three();
    send_data(192, 40, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_OK);
    TAP_EQUAL_INT(test.len, 232);
    TAP_CHECK(data_is_right());
    send_type(SLW_CHUNK_COMPLETION_ACK);
    expect_silence();
    TAP_EQUAL_INT(test.transfer.state, SLW_TRANSFER_COMPLETED);
}

static void an_empty_last_chunk_ends_it_too(void)
{
    start();
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
    send_data(64, 0, true);
    expect_completion(SLW_RPC_OK);
    TAP_EQUAL_INT(test.len, 64);
}

/* What Pigweed's Python client repeats when an older CONTINUE has overtaken a newer one. */
static void an_empty_chunk_is_told_the_window_again(void)
{
    start();
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
    for (int i = 0; i < 3; i++) {
        send_data(64, 0, false);
        expect_continue(64, 64 + 128);
    }
    send_data(64, CHUNK, false);
    expect_continue(128, 128 + 256);
}

static void what_the_handler_says_at_the_end_is_the_status(void)
{
    start();
    test.close_status = SLW_TOO_LARGE;
    send_data(0, 10, true);
    expect_completion(SLW_RPC_RESOURCE_EXHAUSTED);
}

static void stray_chunks_after_the_end_are_answered_with_the_completion(void)
{
    static const uint32_t types[] = {SLW_CHUNK_DATA, SLW_CHUNK_PARAMETERS_CONTINUE,
                                     SLW_CHUNK_START_ACK_CONFIRMATION};
    start();
    send_data(0, 10, true);
    expect_completion(SLW_RPC_OK);
    for (int acknowledged = 0; acknowledged < 2; acknowledged++) {
        for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
            send_type(types[i]);
            expect_completion(SLW_RPC_OK);
        }
        send_data(10, 0, true);
        expect_completion(SLW_RPC_OK);
        send_type(SLW_CHUNK_COMPLETION_ACK);
        expect_silence();
    }
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.len, 10);
}

static void a_gap_is_answered_once(void)
{
    start_and_send_three();
    send_data(256, CHUNK, false);
    expect_retransmit(192, 192 + 128);
    send_data(320, CHUNK, false);
    expect_silence();
    send_data(192, CHUNK, false);
    expect_continue(256, 256 + 192);
    send_data(256, CHUNK, false);
    send_data(320, 10, true);
    TAP_EQUAL_INT(test.len, 330);
    TAP_CHECK(data_is_right());
    TAP_EQUAL_INT(test.out_of_order, 0);
}

static void the_same_wrong_offset_again_is_answered_again(void)
{
    start_and_send_three();
    send_data(256, CHUNK, false);
    expect_retransmit(192, 192 + 128);
    send_data(256, CHUNK, false);
    expect_retransmit(192, 192 + 64);
    send_data(320, CHUNK, false);
    expect_silence();
    send_data(320, CHUNK, false);
    expect_retransmit(192, 192 + 64);
}

static void a_chunk_seen_before_is_answered_with_continue(void)
{
    start_and_send_three();
    send_data(64, CHUNK, false);
    expect_continue(192, 128 + 256);
    send_data(0, 192, false);
    expect_continue(192, 128 + 256);
    TAP_EQUAL_INT(test.writes, 3);
    send_data(192, CHUNK, false);
    send_data(256, CHUNK, false);
    expect_silence();
    send_data(320, CHUNK, false);
    expect_continue(384, 384 + 128);
    TAP_EQUAL_INT(test.len, 384);
    TAP_CHECK(data_is_right());
}

/* Part of it is new: it isn't the next byte, so it is a gap. */
static void a_chunk_seen_in_part_is_asked_for_again(void)
{
    start_and_send_three();
    send_data(160, CHUNK, false);
    expect_retransmit(192, 192 + 128);
    TAP_EQUAL_INT(test.writes, 3);
}

static void data_beyond_the_window_is_asked_for_again(void)
{
    start();
    send_data(0, CHUNK + 1, false);
    expect_retransmit(0, CHUNK);
    TAP_EQUAL_INT(test.writes, 0);
    send_data(0, CHUNK, false);
    expect_continue(64, 64 + 128);
}

static void a_client_that_never_keeps_to_its_window_is_sent_away(void)
{
    start();
    for (int i = 0; i < 1500; i++) {
        send_data(0, CHUNK + 1, false);
        expect_retransmit(0, CHUNK);
    }
    send_data(0, CHUNK + 1, false);
    expect_completion(SLW_RPC_INTERNAL);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_MALFORMED);
}

static void send_data_with_window_end(uint64_t offset, size_t len, uint64_t end)
{
    uint8_t data[CHUNK] = {0};
    send_chunk(&(struct slw_transfer_chunk){
        .present = SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID,
        .session_id = SESSION,
        .offset = offset,
        .data = slw_bytes_make(data, len),
        .window_end_offset = end,
    });
}

static void a_sender_may_cut_its_window_short(void)
{
    start();
    send_data_with_window_end(0, 16, 64);
    expect_silence();
    send_data_with_window_end(16, 4, 24);
    expect_continue(20, 20 + 128);
    send_data_with_window_end(20, 10, 31);
    expect_continue(30, 30 + 256);
}

static void a_window_end_of_the_sender_must_make_sense(void)
{
    start();
    send_data_with_window_end(0, 16, 65);
    expect_completion(SLW_RPC_INTERNAL);
    start();
    send_data_with_window_end(0, 16, 15);
    expect_completion(SLW_RPC_INTERNAL);
    TAP_EQUAL_INT(test.end, SLW_MALFORMED);
}

static void an_unknown_resource_is_refused_by_name(void)
{
    open_stream();
    send_start_of(5, 99, 0);
    expect_of(5, SLW_CHUNK_COMPLETION);
    TAP_EQUAL_INT(answer.status, SLW_RPC_NOT_FOUND);
    TAP_CHECK(slw_transfer_chunk_has(&answer, SLW_CHUNK_RESOURCE_ID));
    TAP_EQUAL_INT(answer.resource_id, 99);
    TAP_EQUAL_INT(test.closes, 0);
    test.open_status = SLW_WRONG_STATE;
    send_start_of(6, TEST_RESOURCE, 0);
    expect_of(6, SLW_CHUNK_COMPLETION);
    TAP_EQUAL_INT(answer.status, SLW_RPC_FAILED_PRECONDITION);
}

static void a_failed_write_ends_the_session(void)
{
    start();
    test.write_status = SLW_IO;
    send_data(0, CHUNK, false);
    expect_completion(SLW_RPC_INTERNAL);
    TAP_EQUAL_INT(test.closes, 1);
    TAP_EQUAL_INT(test.end, SLW_IO);
}

int main(void)
{
    TAP_RUN(shakes_hands_as_specified);
    TAP_RUN(receives_data_to_the_end);
    TAP_RUN(an_empty_last_chunk_ends_it_too);
    TAP_RUN(an_empty_chunk_is_told_the_window_again);
    TAP_RUN(what_the_handler_says_at_the_end_is_the_status);
    TAP_RUN(stray_chunks_after_the_end_are_answered_with_the_completion);
    TAP_RUN(a_gap_is_answered_once);
    TAP_RUN(the_same_wrong_offset_again_is_answered_again);
    TAP_RUN(a_chunk_seen_before_is_answered_with_continue);
    TAP_RUN(a_chunk_seen_in_part_is_asked_for_again);
    TAP_RUN(data_beyond_the_window_is_asked_for_again);
    TAP_RUN(a_client_that_never_keeps_to_its_window_is_sent_away);
    TAP_RUN(a_sender_may_cut_its_window_short);
    TAP_RUN(a_window_end_of_the_sender_must_make_sense);
    TAP_RUN(an_unknown_resource_is_refused_by_name);
    TAP_RUN(a_failed_write_ends_the_session);
    return tap_finish();
}
