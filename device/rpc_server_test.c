/* SPDX-License-Identifier: Apache-2.0 */
/* What rpc_server.h promises: who is answered, with what, and what is dropped. */
#include "slipway/rpc_server.h"

#include "hex.h"
#include "tap.h"
#include "test_peer.h"

#define CHANNEL SLW_RPC_CHANNEL_DEFAULT
#define SERVICE 0x11u
#define METHOD_ECHO 0x21u
#define METHOD_REFUSE 0x22u
#define METHOD_HUGE 0x23u
#define METHOD_NOTHING 0x24u
#define METHOD_STREAM 0x25u
#define METHOD_STREAM_2 0x26u
#define METHOD_STREAM_3 0x27u

static struct {
    struct slw_rpc_server server;
    struct test_peer peer;
    uint8_t receive_buffer[SLW_HDLC_BUFFER_SIZE(256)];
    uint8_t response_buffer[128];
    uint8_t transmit_buffer[SLW_RPC_TRANSMIT_BUFFER_SIZE(128)];
    unsigned calls;
    unsigned opened;
    unsigned closed;
    unsigned received;
    unsigned echoed;
    struct slw_rpc_stream *stream;
    bool denied;
    struct slw_rpc_packet answer; /* the last one read */
} test;

static enum slw_rpc_status echo(void *context, struct slw_bytes request,
                                struct slw_writer *response)
{
    (void)context;
    test.calls++;
    slw_writer_put(response, request);
    return SLW_RPC_OK;
}

static enum slw_rpc_status refuse(void *context, struct slw_bytes request,
                                  struct slw_writer *response)
{
    (void)context;
    (void)request;
    slw_writer_put(response, SLW_BYTES_OF("true state"));
    return SLW_RPC_FAILED_PRECONDITION;
}

static enum slw_rpc_status huge(void *context, struct slw_bytes request,
                                struct slw_writer *response)
{
    (void)context;
    (void)request;
    for (size_t i = 0; i <= sizeof test.response_buffer; i++) {
        slw_writer_u8(response, 0x7E);
    }
    return SLW_RPC_OK;
}

static void opened(void *context, struct slw_rpc_stream *stream)
{
    (void)context;
    test.opened++;
    test.stream = stream;
}

static void received(void *context, struct slw_bytes message)
{
    (void)context;
    test.received++;
    test.echoed += slw_rpc_stream_send(test.stream, message) == SLW_OK;
}

static void closed(void *context)
{
    (void)context;
    test.closed++;
}

static const struct slw_rpc_stream_events events = {opened, received, closed};

static const struct slw_rpc_method methods[] = {
    {.id = METHOD_ECHO, .call = echo},          {.id = METHOD_REFUSE, .call = refuse},
    {.id = METHOD_HUGE, .call = huge},          {.id = METHOD_NOTHING},
    {.id = METHOD_STREAM, .events = &events},   {.id = METHOD_STREAM_2, .events = &events},
    {.id = METHOD_STREAM_3, .events = &events},
};

static const struct slw_rpc_service service = {SERVICE, NULL, methods,
                                               sizeof methods / sizeof methods[0]};
static const struct slw_rpc_service *const services[] = {&service};

static bool allows(void *context, const struct slw_access_request *request)
{
    (void)context;
    return !test.denied || request->method_id != METHOD_ECHO;
}

static void start_with(const struct slw_access_port *access, const uint32_t *channels,
                       size_t channels_count)
{
    memset(&test, 0, sizeof test);
    test_peer_init(&test.peer, &test.server);
    slw_rpc_server_init(&test.server, &(struct slw_rpc_server_config){
                                          .link = &test.peer.link,
                                          .access = access,
                                          .services = services,
                                          .services_count = 1,
                                          .channels = channels,
                                          .channels_count = channels_count,
                                          .receive_buffer = test.receive_buffer,
                                          .receive_buffer_size = sizeof test.receive_buffer,
                                          .response_buffer = test.response_buffer,
                                          .response_buffer_size = sizeof test.response_buffer,
                                          .transmit_buffer = test.transmit_buffer,
                                          .transmit_buffer_size = sizeof test.transmit_buffer,
                                      });
}

static void start(void)
{
    start_with(&slw_access_open, NULL, 0);
}

static struct slw_rpc_packet packet_of(uint32_t type, uint32_t method_id, uint32_t call_id,
                                       const char *payload)
{
    return (struct slw_rpc_packet){
        .type = type,
        .channel_id = CHANNEL,
        .service_id = SERVICE,
        .method_id = method_id,
        .payload = slw_bytes_make(payload, strlen(payload)),
        .call_id = call_id,
    };
}

static void send(uint32_t type, uint32_t method_id, uint32_t call_id, const char *payload)
{
    struct slw_rpc_packet packet = packet_of(type, method_id, call_id, payload);
    test_peer_send(&test.peer, &packet);
}

/* One packet came, of this type, status and call; and no other. */
static void expect(uint32_t type, uint32_t status, uint32_t method_id, uint32_t call_id,
                   const char *payload)
{
    TAP_REQUIRE(test_peer_next(&test.peer, &test.answer));
    TAP_EQUAL_INT(test.answer.type, type);
    TAP_EQUAL_INT(test.answer.status, status);
    TAP_EQUAL_INT(test.answer.channel_id, CHANNEL);
    TAP_EQUAL_INT(test.answer.service_id, SERVICE);
    TAP_EQUAL_INT(test.answer.method_id, method_id);
    TAP_EQUAL_INT(test.answer.call_id, call_id);
    TAP_CHECK(slw_bytes_equal(test.answer.payload, slw_bytes_make(payload, strlen(payload))));
    TAP_CHECK(!test_peer_has_more(&test.peer));
}

static void expect_silence(void)
{
    TAP_CHECK(!test_peer_has_more(&test.peer));
}

static void answers_a_call_with_its_ids(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1234567, "hello");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1234567, "hello");
    send(SLW_RPC_REQUEST, METHOD_ECHO, SLW_RPC_CALL_OPEN, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, SLW_RPC_CALL_OPEN, "");
    TAP_EQUAL_INT(test.calls, 2);
}

static void an_error_of_a_method_carries_its_response(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_REFUSE, 1, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_FAILED_PRECONDITION, METHOD_REFUSE, 1, "true state");
}

static void a_response_without_room_is_internal(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_HUGE, 1, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_INTERNAL, METHOD_HUGE, 1, "");
}

static void a_frame_may_come_byte_by_byte(void)
{
    struct hex_bytes frame = {0};
    struct slw_writer writer;
    struct slw_rpc_packet packet = packet_of(SLW_RPC_REQUEST, METHOD_ECHO, 7, "~}~");
    start();
    slw_writer_init(&writer, frame.bytes, sizeof frame.bytes);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    for (size_t i = 0; i < writer.len; i++) {
        TAP_EQUAL_INT(slw_rpc_server_receive(&test.server, slw_bytes_make(frame.bytes + i, 1)), 1);
    }
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 7, "~}~");
}

static void drops_what_is_not_for_it(void)
{
    static const struct {
        const char *name;
        struct slw_rpc_packet packet;
    } rows[] = {
        {"unknown channel", {.channel_id = 2, .service_id = SERVICE, .method_id = METHOD_ECHO}},
        {"no channel", {.service_id = SERVICE, .method_id = METHOD_ECHO}},
        {"no service", {.channel_id = CHANNEL, .method_id = METHOD_ECHO}},
        {"no method", {.channel_id = CHANNEL, .service_id = SERVICE}},
        {"a response", {SLW_RPC_RESPONSE, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
        {"a server's error", {SLW_RPC_SERVER_ERROR, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
        {"a server's stream", {SLW_RPC_SERVER_STREAM, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
        {"a retired type", {3, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
        {"another one", {6, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
        {"an unknown type", {10, CHANNEL, SERVICE, METHOD_ECHO, {0}, 0, 1}},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_peer_send(&test.peer, &rows[i].packet);
        expect_silence();
        TAP_EQUAL_INT(test.server.packets_dropped, i + 1);
    }
    TAP_EQUAL_INT(test.calls, 0);
}

static void drops_frames_that_hold_no_packet(void)
{
    uint8_t bytes[64];
    struct slw_writer writer;
    start();
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_hdlc_encode(&writer, SLW_HDLC_ADDRESS_RPC, SLW_BYTES_OF("\xff\xff"));
    slw_hdlc_encode(&writer, SLW_HDLC_ADDRESS_LOG, SLW_BYTES_OF("log"));
    TAP_EQUAL_INT(slw_rpc_server_receive(&test.server, slw_writer_written(&writer)), writer.len);
    expect_silence();
    TAP_EQUAL_INT(test.server.packets_dropped, 2);
}

static void drops_frames_larger_than_its_buffer_and_goes_on(void)
{
    static char text[300];
    start();
    memset(text, 'x', sizeof text - 1);
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, text);
    expect_silence();
    TAP_EQUAL_INT(test.server.hdlc.frames_too_large, 1);
    send(SLW_RPC_REQUEST, METHOD_ECHO, 2, "x");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 2, "x");
}

static void unknown_methods_are_not_found(void)
{
    struct slw_rpc_packet packet = packet_of(SLW_RPC_REQUEST, METHOD_ECHO, 5, "");
    start();
    send(SLW_RPC_REQUEST, 0x99, 4, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_NOT_FOUND, 0x99, 4, "");
    packet.service_id = 0x77;
    test_peer_send(&test.peer, &packet);
    TAP_REQUIRE(test_peer_next(&test.peer, &test.answer));
    TAP_EQUAL_INT(test.answer.type, SLW_RPC_SERVER_ERROR);
    TAP_EQUAL_INT(test.answer.status, SLW_RPC_NOT_FOUND);
    TAP_EQUAL_INT(test.answer.service_id, 0x77);
    TAP_EQUAL_INT(test.answer.call_id, 5);
}

static void client_errors_are_never_answered(void)
{
    start();
    send(SLW_RPC_CLIENT_ERROR, 0x99, 1, "");
    send(SLW_RPC_CLIENT_ERROR, METHOD_ECHO, 1, "");
    send(SLW_RPC_CLIENT_ERROR, METHOD_NOTHING, 1, "");
    send(SLW_RPC_CLIENT_ERROR, METHOD_STREAM, 1, "");
    expect_silence();
}

static void known_methods_without_code_are_unimplemented(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_NOTHING, 1, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_UNIMPLEMENTED, METHOD_NOTHING, 1, "");
}

static void serves_the_channels_it_is_given(void)
{
    static const uint32_t channels[] = {5, 300};
    struct slw_rpc_packet packet = packet_of(SLW_RPC_REQUEST, METHOD_ECHO, 1, "");
    start_with(&slw_access_open, channels, 2);
    test_peer_send(&test.peer, &packet);
    expect_silence();
    packet.channel_id = 300;
    test_peer_send(&test.peer, &packet);
    TAP_REQUIRE(test_peer_next(&test.peer, &test.answer));
    TAP_EQUAL_INT(test.answer.channel_id, 300);
}

static void who_may_not_call_is_told_so_and_nothing_runs(void)
{
    const struct slw_access_port access = {NULL, allows};
    start_with(&access, NULL, 0);
    test.denied = true;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_PERMISSION_DENIED, METHOD_ECHO, 1, "");
    TAP_EQUAL_INT(test.calls, 0);
    send(SLW_RPC_REQUEST, METHOD_REFUSE, 1, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_FAILED_PRECONDITION, METHOD_REFUSE, 1, "true state");
    test.denied = false;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1, "");
}

static void a_stream_goes_both_ways_until_it_is_cancelled(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 3, "");
    expect_silence();
    TAP_EQUAL_INT(test.opened, 1);
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 3, "ping");
    expect(SLW_RPC_SERVER_STREAM, SLW_RPC_OK, METHOD_STREAM, 3, "ping");
    send(SLW_RPC_CLIENT_ERROR, METHOD_STREAM, 3, "");
    expect_silence();
    TAP_EQUAL_INT(test.closed, 1);
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 3, "ping");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_FAILED_PRECONDITION, METHOD_STREAM, 3, "");
    TAP_EQUAL_INT(test.received, 1);
    TAP_EQUAL_INT(slw_rpc_stream_send(test.stream, SLW_BYTES_OF("late")), SLW_WRONG_STATE);
}

static void a_completed_stream_is_answered_and_closed(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 3, "");
    send(SLW_RPC_CLIENT_REQUEST_COMPLETION, METHOD_STREAM, 3, "");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_STREAM, 3, "");
    TAP_EQUAL_INT(test.closed, 1);
    send(SLW_RPC_CLIENT_REQUEST_COMPLETION, METHOD_STREAM, 3, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_FAILED_PRECONDITION, METHOD_STREAM, 3, "");
}

static void stray_stream_packets_are_a_failed_precondition(void)
{
    start();
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 3, "x");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_FAILED_PRECONDITION, METHOD_STREAM, 3, "");
    send(SLW_RPC_REQUEST, METHOD_STREAM, 4, "");
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 3, "x");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_FAILED_PRECONDITION, METHOD_STREAM, 3, "");
    send(SLW_RPC_CLIENT_ERROR, METHOD_STREAM, 3, "");
    TAP_EQUAL_INT(test.closed, 0);
}

static void stream_packets_on_a_unary_method_are_invalid(void)
{
    start();
    send(SLW_RPC_CLIENT_STREAM, METHOD_ECHO, 3, "x");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_INVALID_ARGUMENT, METHOD_ECHO, 3, "");
    send(SLW_RPC_CLIENT_REQUEST_COMPLETION, METHOD_ECHO, 3, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_INVALID_ARGUMENT, METHOD_ECHO, 3, "");
}

static void a_second_request_takes_the_stream_over(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 3, "");
    send(SLW_RPC_REQUEST, METHOD_STREAM, 9, "");
    TAP_EQUAL_INT(test.opened, 2);
    TAP_EQUAL_INT(test.closed, 1);
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 9, "x");
    expect(SLW_RPC_SERVER_STREAM, SLW_RPC_OK, METHOD_STREAM, 9, "x");
}

static void open_call_ids_match_any_call(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 3, "");
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, SLW_RPC_CALL_OPEN, "x");
    expect(SLW_RPC_SERVER_STREAM, SLW_RPC_OK, METHOD_STREAM, 3, "x");
    send(SLW_RPC_REQUEST, METHOD_STREAM, SLW_RPC_CALL_OPEN_LEGACY, "");
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 8, "x");
    expect(SLW_RPC_SERVER_STREAM, SLW_RPC_OK, METHOD_STREAM, 8, "x");
    send(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 9, "x");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_FAILED_PRECONDITION, METHOD_STREAM, 9, "");
}

static void more_streams_than_room_are_refused(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 1, "");
    send(SLW_RPC_REQUEST, METHOD_STREAM_2, 2, "");
    expect_silence();
    send(SLW_RPC_REQUEST, METHOD_STREAM_3, 3, "");
    expect(SLW_RPC_SERVER_ERROR, SLW_RPC_RESOURCE_EXHAUSTED, METHOD_STREAM_3, 3, "");
    send(SLW_RPC_CLIENT_ERROR, METHOD_STREAM, 1, "");
    send(SLW_RPC_REQUEST, METHOD_STREAM_3, 4, "");
    expect_silence();
    TAP_EQUAL_INT(test.opened, 3);
}

static void a_stream_belongs_to_its_channel(void)
{
    static const uint32_t channels[] = {CHANNEL, 2};
    struct slw_rpc_packet packet = packet_of(SLW_RPC_CLIENT_STREAM, METHOD_STREAM, 3, "x");
    start_with(&slw_access_open, channels, 2);
    send(SLW_RPC_REQUEST, METHOD_STREAM, 3, "");
    packet.channel_id = 2;
    test_peer_send(&test.peer, &packet);
    TAP_REQUIRE(test_peer_next(&test.peer, &test.answer));
    TAP_EQUAL_INT(test.answer.type, SLW_RPC_SERVER_ERROR);
    TAP_EQUAL_INT(test.answer.status, SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(test.received, 0);
}

static void half_a_frame_is_forgotten_by_a_reset(void)
{
    start();
    slw_rpc_server_receive(&test.server, SLW_BYTES_OF("\x7e\xa5\x03 half a frame"));
    slw_rpc_server_reset(&test.server);
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "hi");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1, "hi");
    TAP_EQUAL_INT(test.server.hdlc.frames_damaged, 0);
}

static void another_client_starts_afresh_after_a_reset(void)
{
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 1, "");
    test.peer.link_room = 3;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 2, "cut off");
    slw_rpc_server_reset(&test.server);
    TAP_EQUAL_INT(test.closed, 1);
    TAP_CHECK(!slw_rpc_server_has_output(&test.server));
    test_peer_init(&test.peer, &test.server);
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "hi");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1, "hi");
}

static void waits_for_a_link_that_is_full(void)
{
    uint8_t frame[64];
    struct slw_writer writer;
    struct slw_rpc_packet packet = packet_of(SLW_RPC_REQUEST, METHOD_ECHO, 2, "second");
    start();
    test.peer.link_room = 5;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "first");
    TAP_CHECK(slw_rpc_server_has_output(&test.server));
    slw_writer_init(&writer, frame, sizeof frame);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    TAP_EQUAL_INT(slw_rpc_server_receive(&test.server, slw_writer_written(&writer)), 0);
    for (int i = 0; i < 40 && slw_rpc_server_has_output(&test.server); i++) {
        test.peer.link_room = 1;
        slw_rpc_server_poll(&test.server);
    }
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1, "first");
    test.peer.link_room = SIZE_MAX;
    TAP_EQUAL_INT(slw_rpc_server_receive(&test.server, slw_writer_written(&writer)), writer.len);
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 2, "second");
}

static void a_full_queue_is_said_and_keeps_whole_frames(void)
{
    enum slw_status status = SLW_OK;
    unsigned sent = 0;
    start();
    send(SLW_RPC_REQUEST, METHOD_STREAM, 1, "");
    test.peer.link_room = 0;
    while (status == SLW_OK && sent < 1000) {
        status = slw_rpc_stream_send(test.stream, SLW_BYTES_OF("some message"));
        sent += status == SLW_OK;
    }
    TAP_EQUAL_INT(status, SLW_NO_SPACE);
    TAP_CHECK(sent > 0);
    test.peer.link_room = SIZE_MAX;
    slw_rpc_server_poll(&test.server);
    while (sent > 0 && test_peer_next(&test.peer, &test.answer)) {
        TAP_CHECK(slw_bytes_equal(test.answer.payload, SLW_BYTES_OF("some message")));
        sent--;
    }
    TAP_EQUAL_INT(sent, 0);
    expect_silence();
}

static void a_broken_link_loses_what_was_for_it(void)
{
    start();
    test.peer.link_status = SLW_IO_CLOSED;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "lost");
    TAP_CHECK(!slw_rpc_server_has_output(&test.server));
    test.peer.link_status = SLW_OK;
    send(SLW_RPC_REQUEST, METHOD_ECHO, 2, "heard");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 2, "heard");
}

/* Bytes of a generator, with whole packets of random fields between: all must come out unharmed. */
static void survives_arbitrary_bytes(void)
{
    uint32_t state = 12345;
    start();
    for (int i = 0; i < 20000; i++) {
        uint8_t noise[16];
        for (size_t j = 0; j < sizeof noise; j++) {
            state = state * 1664525u + 1013904223u;
            noise[j] = (uint8_t)(state >> 24);
        }
        slw_rpc_server_receive(&test.server, slw_bytes_make(noise, noise[0] % sizeof noise));
        struct slw_rpc_packet packet = {
            .type = noise[1] % 10,
            .channel_id = noise[2] % 2,
            .service_id = noise[3] % 8 == 0 ? 7 : SERVICE,
            .method_id = METHOD_ECHO + noise[4] % 8,
            .payload = slw_bytes_make(noise, noise[5] % sizeof noise),
            .status = noise[6] % 20,
            .call_id = noise[7] % 4,
        };
        test_peer_send(&test.peer, &packet);
        test.peer.received_len = 0;
        test.peer.received_read = 0;
    }
    TAP_CHECK(test.calls > 100 && test.opened > 100 && test.closed > 100);
    slw_rpc_server_receive(&test.server, SLW_BYTES_OF("\x7e"));
    slw_hdlc_decoder_reset(&test.peer.decoder);
    send(SLW_RPC_REQUEST, METHOD_ECHO, 1, "alive");
    expect(SLW_RPC_RESPONSE, SLW_RPC_OK, METHOD_ECHO, 1, "alive");
}

int main(void)
{
    TAP_RUN(answers_a_call_with_its_ids);
    TAP_RUN(an_error_of_a_method_carries_its_response);
    TAP_RUN(a_response_without_room_is_internal);
    TAP_RUN(a_frame_may_come_byte_by_byte);
    TAP_RUN(drops_what_is_not_for_it);
    TAP_RUN(drops_frames_that_hold_no_packet);
    TAP_RUN(drops_frames_larger_than_its_buffer_and_goes_on);
    TAP_RUN(unknown_methods_are_not_found);
    TAP_RUN(client_errors_are_never_answered);
    TAP_RUN(known_methods_without_code_are_unimplemented);
    TAP_RUN(serves_the_channels_it_is_given);
    TAP_RUN(who_may_not_call_is_told_so_and_nothing_runs);
    TAP_RUN(a_stream_goes_both_ways_until_it_is_cancelled);
    TAP_RUN(a_completed_stream_is_answered_and_closed);
    TAP_RUN(stray_stream_packets_are_a_failed_precondition);
    TAP_RUN(stream_packets_on_a_unary_method_are_invalid);
    TAP_RUN(a_second_request_takes_the_stream_over);
    TAP_RUN(open_call_ids_match_any_call);
    TAP_RUN(more_streams_than_room_are_refused);
    TAP_RUN(a_stream_belongs_to_its_channel);
    TAP_RUN(half_a_frame_is_forgotten_by_a_reset);
    TAP_RUN(another_client_starts_afresh_after_a_reset);
    TAP_RUN(waits_for_a_link_that_is_full);
    TAP_RUN(a_full_queue_is_said_and_keeps_whole_frames);
    TAP_RUN(a_broken_link_loses_what_was_for_it);
    TAP_RUN(survives_arbitrary_bytes);
    return tap_finish();
}
