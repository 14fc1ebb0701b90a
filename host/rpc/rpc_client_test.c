/* SPDX-License-Identifier: Apache-2.0 */
/* What rpc_client.h promises, against the device's own server. */
#include "slipway/rpc_client.h"

#include "tap.h"
#include "test_device.h"

static struct test_device device;
static struct slw_rpc_client *client;
static volatile sig_atomic_t interrupted;
static unsigned calls;
static char logged[64];

static enum slw_rpc_status echo(void *context, struct slw_bytes request,
                                struct slw_writer *response)
{
    (void)context;
    calls++;
    slw_writer_put(response, request);
    return SLW_RPC_OK;
}

static void opened(void *context, struct slw_rpc_stream *stream)
{
    *(struct slw_rpc_stream **)context = stream;
}

static void received(void *context, struct slw_bytes message)
{
    struct slw_rpc_stream *stream = *(struct slw_rpc_stream **)context;
    calls += slw_rpc_stream_send(stream, message) == SLW_OK;
}

static void closed(void *context)
{
    *(struct slw_rpc_stream **)context = NULL;
}

#define METHOD_STREAM 77u

static struct slw_rpc_stream *open_stream;
static const struct slw_rpc_stream_events events = {opened, received, closed};
static const struct slw_rpc_method methods[] = {
    {.id = SLW_RPC_METHOD_ECHO, .call = echo},
    {.id = METHOD_STREAM, .events = &events},
};
static const struct slw_rpc_service service = {SLW_RPC_SERVICE_ECHO, &open_stream, methods, 2};

static void note_log(void *context, struct slw_bytes text)
{
    (void)context;
    memcpy(logged, text.ptr, text.len);
}

static const struct slw_rpc_patience patience = {.timeout_ms = 5000, .repeat_ms = 1000};

static void start(void)
{
    test_device_init(&device, 64, 256, &service);
    interrupted = 0;
    calls = 0;
    slw_rpc_client_free(client);
    client = slw_rpc_client_new(&(struct slw_rpc_client_config){
        .transport = device.transport,
        .interrupted = &interrupted,
        .log = note_log,
    });
}

static enum slw_status call(const char *text, struct slw_rpc_reply *ret_reply)
{
    return slw_rpc_client_call(client, SLW_RPC_SERVICE_ECHO, SLW_RPC_METHOD_ECHO,
                               slw_bytes_make(text, strlen(text)), &patience, ret_reply);
}

static void check_call(const char *text)
{
    struct slw_rpc_reply reply = {0};
    TAP_REQUIRE(call(text, &reply) == SLW_OK);
    TAP_CHECK(!reply.is_error);
    TAP_EQUAL_INT(reply.code, SLW_RPC_OK);
    TAP_CHECK(slw_bytes_equal(reply.payload, slw_bytes_make(text, strlen(text))));
}

static void calls_and_is_answered(void)
{
    start();
    check_call("hello");
    check_call("");
    check_call("~}~");
    TAP_EQUAL_INT(calls, 3);
    TAP_EQUAL_INT(device.now_ms, 1000);
}

static void a_lost_request_or_answer_is_made_up_for(void)
{
    start();
    device.to_device = (struct test_faults){.fault = TEST_LOSE, .every = 2};
    check_call("first");
    check_call("lost on the way");
    TAP_EQUAL_INT(device.now_ms, 2000);
    start();
    device.to_client = (struct test_faults){.fault = TEST_LOSE, .every = 2};
    check_call("first");
    check_call("lost on the way back");
    TAP_EQUAL_INT(calls, 3);
    start();
    device.to_client = (struct test_faults){.fault = TEST_REPEAT, .every = 1};
    check_call("twice");
    check_call("the copy of the former isn't the answer to this");
}

static void gives_up_in_time(void)
{
    struct slw_rpc_reply reply;
    start();
    device.deaf = true;
    TAP_EQUAL_INT(call("x", &reply), SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(device.now_ms, 6000);
    TAP_EQUAL_INT(device.to_device.frames, 5);
    const struct slw_rpc_patience once = {.timeout_ms = 3000};
    TAP_EQUAL_INT(slw_rpc_client_call(client, SLW_RPC_SERVICE_ECHO, SLW_RPC_METHOD_ECHO,
                                      slw_bytes_make(NULL, 0), &once, &reply),
                  SLW_IO_TIMEOUT);
    TAP_EQUAL_INT(device.now_ms, 9000);
    TAP_EQUAL_INT(device.to_device.frames, 6);
}

static void a_late_answer_is_not_that_of_the_next_call(void)
{
    struct slw_rpc_reply reply;
    start();
    device.to_client = (struct test_faults){.fault = TEST_SWAP, .every = 1};
    const struct slw_rpc_patience once = {.timeout_ms = 100};
    TAP_EQUAL_INT(slw_rpc_client_call(client, SLW_RPC_SERVICE_ECHO, SLW_RPC_METHOD_ECHO,
                                      SLW_BYTES_OF("late"), &once, &reply),
                  SLW_IO_TIMEOUT);
    device.to_client.every = 0;
    check_call("mine");
    check_call("mine again");
}

static void a_broken_link_is_said(void)
{
    struct slw_rpc_reply reply;
    start();
    device.link_status = SLW_IO_CLOSED;
    TAP_EQUAL_INT(call("x", &reply), SLW_IO_CLOSED);
    start();
    device.breaks_after = 1;
    device.deaf = true;
    TAP_EQUAL_INT(call("x", &reply), SLW_IO_CLOSED);
}

static void an_interruption_ends_the_wait(void)
{
    struct slw_rpc_reply reply;
    start();
    interrupted = 1;
    TAP_EQUAL_INT(call("x", &reply), SLW_IO);
    TAP_CHECK(slw_rpc_client_is_interrupted(client));
    slw_rpc_client_ignore_interrupts(client);
    check_call("after all");
}

static void an_error_of_the_server_is_told_apart(void)
{
    struct slw_rpc_reply reply;
    start();
    TAP_REQUIRE(slw_rpc_client_call(client, SLW_RPC_SERVICE_ECHO, 5, slw_bytes_make(NULL, 0),
                                    &patience, &reply) == SLW_OK);
    TAP_CHECK(reply.is_error);
    TAP_EQUAL_INT(reply.code, SLW_RPC_NOT_FOUND);
}

static void frames_of_a_log_and_noise_are_no_answers(void)
{
    struct slw_writer writer;
    start();
    slw_writer_init(&writer, device.output, sizeof device.output);
    slw_writer_put(&writer, SLW_BYTES_OF("boot\r\n~~garbage~"));
    slw_hdlc_encode(&writer, SLW_HDLC_ADDRESS_LOG, SLW_BYTES_OF("temperature 21"));
    slw_hdlc_encode(&writer, 7, SLW_BYTES_OF("of somebody else"));
    slw_hdlc_encode(&writer, SLW_HDLC_ADDRESS_RPC, SLW_BYTES_OF("\xff"));
    device.output_len = writer.len;
    check_call("hello");
    TAP_CHECK(strcmp(logged, "temperature 21") == 0);
}

static void a_stream_carries_messages_until_it_is_cancelled(void)
{
    struct slw_rpc_client_stream stream;
    struct slw_rpc_packet packet;
    start();
    TAP_REQUIRE(slw_rpc_client_open_stream(client, SLW_RPC_SERVICE_ECHO, METHOD_STREAM, &stream) ==
                SLW_OK);
    TAP_EQUAL_INT(slw_rpc_client_receive(client, &stream, 0, &packet), SLW_IO_TIMEOUT);
    TAP_REQUIRE(slw_rpc_client_send(client, &stream, SLW_BYTES_OF("one")) == SLW_OK);
    TAP_REQUIRE(slw_rpc_client_send(client, &stream, SLW_BYTES_OF("two")) == SLW_OK);
    TAP_REQUIRE(slw_rpc_client_receive(client, &stream, 0, &packet) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(packet.payload, SLW_BYTES_OF("one")));
    TAP_REQUIRE(slw_rpc_client_receive(client, &stream, 0, &packet) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(packet.payload, SLW_BYTES_OF("two")));
    TAP_EQUAL_INT(packet.type, SLW_RPC_SERVER_STREAM);
    TAP_REQUIRE(slw_rpc_client_cancel_stream(client, &stream) == SLW_OK);
    TAP_CHECK(open_stream == NULL);
    TAP_REQUIRE(slw_rpc_client_send(client, &stream, SLW_BYTES_OF("late")) == SLW_OK);
    TAP_REQUIRE(slw_rpc_client_receive(client, &stream, 1000, &packet) == SLW_OK);
    TAP_EQUAL_INT(packet.type, SLW_RPC_SERVER_ERROR);
    TAP_EQUAL_INT(packet.status, SLW_RPC_FAILED_PRECONDITION);
}

static void pauses_for_as_long_as_it_is_told(void)
{
    start();
    TAP_EQUAL_INT(slw_rpc_client_pause(client, 250), SLW_OK);
    TAP_EQUAL_INT(device.now_ms, 1250);
    interrupted = 1;
    TAP_EQUAL_INT(slw_rpc_client_pause(client, 250), SLW_IO);
}

static void the_largest_payload_goes_out(void)
{
    static uint8_t payload[SLW_RPC_CLIENT_PAYLOAD_MAX + 64];
    struct slw_rpc_client_stream stream = {SLW_RPC_SERVICE_ECHO, METHOD_STREAM, 1};
    start();
    memset(payload, 0x7E, sizeof payload);
    TAP_EQUAL_INT(
        slw_rpc_client_send(client, &stream, slw_bytes_make(payload, SLW_RPC_CLIENT_PAYLOAD_MAX)),
        SLW_OK);
    TAP_EQUAL_INT(slw_rpc_client_send(client, &stream, slw_bytes_make(payload, sizeof payload)),
                  SLW_NO_SPACE);
}

int main(void)
{
    TAP_RUN(calls_and_is_answered);
    TAP_RUN(a_lost_request_or_answer_is_made_up_for);
    TAP_RUN(gives_up_in_time);
    TAP_RUN(a_late_answer_is_not_that_of_the_next_call);
    TAP_RUN(a_broken_link_is_said);
    TAP_RUN(an_interruption_ends_the_wait);
    TAP_RUN(an_error_of_the_server_is_told_apart);
    TAP_RUN(frames_of_a_log_and_noise_are_no_answers);
    TAP_RUN(a_stream_carries_messages_until_it_is_cancelled);
    TAP_RUN(pauses_for_as_long_as_it_is_told);
    TAP_RUN(the_largest_payload_goes_out);
    slw_rpc_client_free(client);
    return tap_finish();
}
