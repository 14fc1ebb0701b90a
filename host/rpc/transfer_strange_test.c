/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sender of transfer_client.h before a device that says what a case wants: mistaken, hostile or
 * merely odd. Whenever the client waits, it gets the next chunk of a script; then silence.
 */
#include "slipway/transfer_client.h"

#include "tap.h"

#define SIZE 1000u

static const struct slw_transfer_chunk *script;
static size_t script_len;
static size_t script_at;
static uint64_t now_ms;
static struct slw_rpc_packet last_request;
static struct slw_detail detail;
static struct slw_upload_report report;

/* What the client sent. */
static struct slw_transfer_chunk sent[256];
static size_t sent_count;
static uint64_t reads_outside; /* of the source */

static enum slw_status write_frame(void *context, struct slw_bytes bytes, uint32_t timeout_ms)
{
    static uint8_t buffer[SLW_HDLC_BUFFER_SIZE(65536)];
    struct slw_hdlc_decoder decoder;
    struct slw_hdlc_frame frame;
    (void)context;
    (void)timeout_ms;
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    TAP_CHECK(slw_hdlc_decode(&decoder, &bytes, &frame));
    TAP_CHECK(slw_rpc_packet_decode(frame.payload, &last_request) == SLW_OK);
    if (last_request.type == SLW_RPC_CLIENT_STREAM && sent_count < sizeof sent / sizeof sent[0]) {
        TAP_CHECK(slw_transfer_chunk_decode(last_request.payload, &sent[sent_count]) == SLW_OK);
        sent[sent_count].data.ptr = NULL;
        sent_count++;
    }
    return SLW_OK;
}

static enum slw_status read_frame(void *context, uint8_t *buffer, size_t capacity,
                                  uint32_t timeout_ms, size_t *ret_len)
{
    uint8_t message[128];
    struct slw_writer writer;
    struct slw_rpc_packet packet = last_request;
    (void)context;
    if (timeout_ms == 0 || script_at == script_len) {
        now_ms += timeout_ms;
        return SLW_IO_TIMEOUT;
    }
    struct slw_transfer_chunk chunk = script[script_at++];
    chunk.present |= SLW_CHUNK_TYPE | SLW_CHUNK_SESSION_ID;
    chunk.session_id = last_request.call_id;
    slw_writer_init(&writer, message, sizeof message);
    slw_transfer_chunk_encode(&writer, &chunk);
    packet.type = SLW_RPC_SERVER_STREAM;
    packet.payload = slw_writer_written(&writer);
    slw_writer_init(&writer, buffer, capacity);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    *ret_len = writer.len;
    return SLW_OK;
}

static uint64_t clock_ms(void *context)
{
    (void)context;
    return now_ms;
}

static enum slw_status read_source(void *context, uint64_t offset, uint8_t *buffer, size_t len)
{
    (void)context;
    reads_outside += len == 0 || len > SIZE || offset > SIZE - len;
    memset(buffer, 'x', len);
    return SLW_OK;
}

static enum slw_status run_from(uint64_t start_offset, const struct slw_transfer_chunk *chunks,
                                size_t count)
{
    const struct slw_source source = {NULL, read_source, SIZE};
    struct slw_rpc_client *client = slw_rpc_client_new(&(struct slw_rpc_client_config){
        .transport = {NULL, read_frame, write_frame, clock_ms},
    });
    script = chunks;
    script_len = count;
    script_at = 0;
    sent_count = 0;
    reads_outside = 0;
    struct slw_upload upload = {
        .rpc = client,
        .resource_id = 17,
        .source = &source,
        .unasked = true,
        .start_offset = start_offset,
        .sessions_max = 1,
    };
    enum slw_status status = slw_upload_run(&upload, &report, &detail);
    slw_rpc_client_free(client);
    TAP_EQUAL_INT(reads_outside, 0);
    TAP_EQUAL_INT(script_at, script_len);
    return status;
}

#define RUN_FROM(offset, chunks) run_from(offset, chunks, sizeof chunks / sizeof chunks[0])

#define START_ACK                                                                                  \
    {                                                                                              \
        .present = SLW_CHUNK_PROTOCOL_VERSION, .type = SLW_CHUNK_START_ACK, .protocol_version = 2  \
    }
#define PARAMETERS(kind, from, to, chunk_size)                                                     \
    {                                                                                              \
        .present = SLW_CHUNK_MAX_CHUNK_SIZE_BYTES, .type = SLW_CHUNK_PARAMETERS_##kind,            \
        .offset = (from), .window_end_offset = (to), .max_chunk_size_bytes = (chunk_size)          \
    }
#define COMPLETION(code)                                                                           \
    {                                                                                              \
        .present = SLW_CHUNK_STATUS, .type = SLW_CHUNK_COMPLETION, .status = (code)                \
    }

static size_t count_sent(uint32_t type)
{
    size_t count = 0;
    for (size_t i = 0; i < sent_count; i++) {
        count += sent[i].type == type;
    }
    return count;
}

static void success_before_the_last_byte_is_none(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 0, 500, 100), COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_DATA_LOSS);
    TAP_EQUAL_INT(count_sent(SLW_CHUNK_DATA), 5);
    static const struct slw_transfer_chunk at_once[] = {COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, at_once), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_DATA_LOSS);
}

/* The last chunk was on its way when the device asked for it again. */
static void success_after_a_late_retransmit_is_one(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 0, 2000, 500), PARAMETERS(RETRANSMIT, 500, 2000, 500),
        COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_OK);
    TAP_EQUAL_INT(count_sent(SLW_CHUNK_COMPLETION_ACK), 1);
}

static void an_offset_beyond_the_end_is_told_to_the_device(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, SIZE + 1, SIZE + 500, 100)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_OUT_OF_RANGE);
    TAP_REQUIRE(count_sent(SLW_CHUNK_COMPLETION) == 1);
    TAP_EQUAL_INT(sent[sent_count - 1].status, SLW_RPC_OUT_OF_RANGE);
    TAP_EQUAL_INT(count_sent(SLW_CHUNK_DATA), 0);
}

static void a_window_that_ends_before_it_begins_is_empty(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 500, 100, 100), PARAMETERS(CONTINUE, 500, 0, 100),
        PARAMETERS(RETRANSMIT, SIZE, 10, 100), COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_OK);
    TAP_EQUAL_INT(report.bytes_sent, 0);
    TAP_EQUAL_INT(report.chunks_sent, 1);
    TAP_EQUAL_INT(sent[2].offset, SIZE);
    TAP_CHECK(slw_transfer_chunk_has(&sent[2], SLW_CHUNK_REMAINING_BYTES));
}

static void a_continue_that_ends_behind_what_was_sent_sends_nothing(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 0, 600, 200), PARAMETERS(CONTINUE, 200, 400, 200),
        PARAMETERS(CONTINUE, 400, 1000, 200), COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_OK);
    TAP_EQUAL_INT(report.bytes_sent, SIZE);
    TAP_EQUAL_INT(report.chunks_sent, 5);
}

static void chunks_of_no_bytes_are_not_sent_for_ever(void)
{
    static const struct slw_transfer_chunk chunks[] = {START_ACK,
                                                       PARAMETERS(RETRANSMIT, 0, 500, 0)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_IO_TIMEOUT);
    TAP_CHECK(count_sent(SLW_CHUNK_DATA) <= SLW_UPLOAD_RETRIES_MAX);
}

static void a_huge_chunk_size_is_cut_to_ours(void)
{
    static const struct slw_transfer_chunk chunks[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 0, UINT64_MAX, UINT32_MAX), COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_OK);
    TAP_EQUAL_INT(report.chunks_sent, 1);
}

static void a_repeated_start_ack_is_confirmed_again(void)
{
    static const struct slw_transfer_chunk chunks[] = {START_ACK, START_ACK,
                                                       PARAMETERS(RETRANSMIT, 0, 2000, 500),
                                                       START_ACK, COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_OK);
    TAP_EQUAL_INT(count_sent(SLW_CHUNK_START_ACK_CONFIRMATION), 2);
    TAP_EQUAL_INT(report.bytes_sent, SIZE);
}

/* "Python: START_ACK_CONFIRMATION offset=O": where the device said that it begins. */
static void the_confirmation_says_where_the_device_begins(void)
{
    static const struct slw_transfer_chunk begins_anew[] = {
        START_ACK, PARAMETERS(RETRANSMIT, 0, 2000, 500), COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(300, begins_anew), SLW_OK);
    TAP_EQUAL_INT(sent[0].initial_offset, 300);
    TAP_EQUAL_INT(sent[1].type, SLW_CHUNK_START_ACK_CONFIRMATION);
    TAP_EQUAL_INT(sent[1].offset, 0);
    TAP_EQUAL_INT(report.bytes_sent, SIZE);
    static const struct slw_transfer_chunk goes_on[] = {{.present = SLW_CHUNK_PROTOCOL_VERSION,
                                                         .type = SLW_CHUNK_START_ACK,
                                                         .protocol_version = 2,
                                                         .initial_offset = 300},
                                                        PARAMETERS(RETRANSMIT, 300, 2000, 500),
                                                        COMPLETION(SLW_RPC_OK)};
    TAP_EQUAL_INT(RUN_FROM(300, goes_on), SLW_OK);
    TAP_EQUAL_INT(sent[1].offset, 300);
    TAP_EQUAL_INT(report.bytes_sent, SIZE - 300);
}

static void an_unknown_code_is_told(void)
{
    static const struct slw_transfer_chunk chunks[] = {START_ACK, COMPLETION(77)};
    TAP_EQUAL_INT(RUN_FROM(0, chunks), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, 77);
    TAP_CHECK(strstr(detail.text, "unknown code") != NULL);
}

int main(void)
{
    TAP_RUN(success_before_the_last_byte_is_none);
    TAP_RUN(success_after_a_late_retransmit_is_one);
    TAP_RUN(an_offset_beyond_the_end_is_told_to_the_device);
    TAP_RUN(a_window_that_ends_before_it_begins_is_empty);
    TAP_RUN(a_continue_that_ends_behind_what_was_sent_sends_nothing);
    TAP_RUN(chunks_of_no_bytes_are_not_sent_for_ever);
    TAP_RUN(a_huge_chunk_size_is_cut_to_ours);
    TAP_RUN(a_repeated_start_ack_is_confirmed_again);
    TAP_RUN(the_confirmation_says_where_the_device_begins);
    TAP_RUN(an_unknown_code_is_told);
    return tap_finish();
}
