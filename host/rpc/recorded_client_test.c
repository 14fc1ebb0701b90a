/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device said to Pigweed's clients (spec/vectors/sessions), said to ours: whenever the
 * client has nothing more to send and waits, it gets the next recorded answer, under its own ids.
 */
#include "slipway/transfer_client.h"
#include "slipway/update_client.h"

#include "session_file.h"
#include "tap.h"

#define BUNDLE_SIZE_MAX 4096u

static FILE *session;
static uint64_t now_ms;
static uint8_t to_client[HEX_BYTES_MAX];
static size_t to_client_len;
static struct slw_rpc_packet last_request; /* of the client: its ids */
static struct slw_detail detail;

/* The upload as it arrives. */
static uint8_t bundle[BUNDLE_SIZE_MAX];
static size_t bundle_len;
static uint8_t arrived[BUNDLE_SIZE_MAX];
static bool has_byte[BUNDLE_SIZE_MAX];
static uint64_t granted; /* window_end_offset of the last parameters */
static unsigned beyond_window;
static unsigned acknowledged;

static void note_chunk(struct slw_bytes message)
{
    struct slw_transfer_chunk chunk;
    if (slw_transfer_chunk_decode(message, &chunk) != SLW_OK) {
        TAP_CHECK(false);
        return;
    }
    acknowledged += chunk.type == SLW_CHUNK_COMPLETION_ACK;
    if (chunk.type != SLW_CHUNK_DATA || chunk.offset + chunk.data.len > sizeof arrived) {
        return;
    }
    beyond_window += chunk.offset + chunk.data.len > granted;
    for (size_t i = 0; i < chunk.data.len; i++) {
        arrived[chunk.offset + i] = chunk.data.ptr[i];
        has_byte[chunk.offset + i] = true;
    }
}

static enum slw_status write_frame(void *context, struct slw_bytes bytes, uint32_t timeout_ms)
{
    static uint8_t buffer[SLW_HDLC_BUFFER_SIZE(HEX_BYTES_MAX)];
    struct slw_hdlc_decoder decoder;
    struct slw_hdlc_frame frame;
    (void)context;
    (void)timeout_ms;
    slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
    TAP_CHECK(slw_hdlc_decode(&decoder, &bytes, &frame) && bytes.len == 0);
    TAP_CHECK(slw_rpc_packet_decode(frame.payload, &last_request) == SLW_OK);
    if (last_request.type == SLW_RPC_CLIENT_STREAM) {
        note_chunk(last_request.payload);
    }
    return SLW_OK;
}

/* The recorded chunk, in the client's own session. */
static struct slw_bytes rename_session(struct slw_bytes message, uint8_t *buffer, size_t size)
{
    struct slw_writer writer;
    struct slw_transfer_chunk chunk;
    if (slw_transfer_chunk_decode(message, &chunk) != SLW_OK) {
        return message;
    }
    if (chunk.session_id != 0) {
        chunk.session_id = last_request.call_id;
    }
    granted = chunk.window_end_offset != 0 ? chunk.window_end_offset : granted;
    slw_writer_init(&writer, buffer, size);
    slw_transfer_chunk_encode(&writer, &chunk);
    return slw_writer_written(&writer);
}

/* The next recorded answer of the same service as the last request. */
static bool next_answer(void)
{
    static uint8_t buffer[SLW_HDLC_BUFFER_SIZE(HEX_BYTES_MAX)];
    uint8_t message[HEX_BYTES_MAX];
    struct session_row row;
    struct slw_hdlc_frame frame;
    struct slw_rpc_packet packet;
    while (session_next(session, &row)) {
        struct slw_hdlc_decoder decoder;
        struct slw_bytes input = hex_view(&row.frame);
        slw_hdlc_decoder_init(&decoder, buffer, sizeof buffer);
        if (row.from_client || !slw_hdlc_decode(&decoder, &input, &frame) ||
            slw_rpc_packet_decode(frame.payload, &packet) != SLW_OK ||
            packet.service_id != last_request.service_id) {
            continue;
        }
        struct slw_writer writer;
        packet.call_id = last_request.call_id;
        packet.method_id = last_request.method_id;
        if (packet.type == SLW_RPC_SERVER_STREAM) {
            packet.payload = rename_session(packet.payload, message, sizeof message);
        }
        slw_writer_init(&writer, to_client, sizeof to_client);
        slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
        to_client_len = writer.len;
        return true;
    }
    return false;
}

static enum slw_status read_frame(void *context, uint8_t *buffer, size_t capacity,
                                  uint32_t timeout_ms, size_t *ret_len)
{
    (void)context;
    now_ms += timeout_ms;
    if (timeout_ms == 0 || !next_answer() || to_client_len > capacity) {
        return SLW_IO_TIMEOUT;
    }
    memcpy(buffer, to_client, to_client_len);
    *ret_len = to_client_len;
    return SLW_OK;
}

static uint64_t clock_ms(void *context)
{
    (void)context;
    return now_ms;
}

static struct slw_rpc_client *open_client(const char *name)
{
    session = session_open(name);
    granted = 0;
    beyond_window = 0;
    acknowledged = 0;
    memset(has_byte, 0, sizeof has_byte);
    memset(arrived, 0, sizeof arrived);
    return slw_rpc_client_new(&(struct slw_rpc_client_config){
        .transport = {NULL, read_frame, write_frame, clock_ms},
    });
}

static void close_client(struct slw_rpc_client *client)
{
    slw_rpc_client_free(client);
    fclose(session);
}

static bool load_bundle(const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return false;
    }
    bundle_len = fread(bundle, 1, sizeof bundle, file);
    fclose(file);
    return bundle_len > 0;
}

static enum slw_status run_upload(const char *name, struct slw_upload_report *ret_report)
{
    struct slw_memory_source source;
    struct slw_rpc_client *client = open_client(name);
    slw_memory_source_init(&source, slw_bytes_make(bundle, bundle_len));
    struct slw_upload upload = {
        .rpc = client,
        .resource_id = 17,
        .source = &source.source,
        .unasked = true,
        .sessions_max = 1,
    };
    enum slw_status status = slw_upload_run(&upload, ret_report, &detail);
    close_client(client);
    return status;
}

static void check_upload(const char *name, const char *path)
{
    struct slw_upload_report report;
    TAP_ROW(name);
    TAP_REQUIRE(load_bundle(path));
    TAP_EQUAL_INT(run_upload(name, &report), SLW_OK);
    TAP_EQUAL_INT(report.code, SLW_RPC_OK);
    TAP_EQUAL_BYTES(arrived, bundle, bundle_len);
    for (size_t i = 0; i < bundle_len; i++) {
        TAP_CHECK(has_byte[i]);
    }
    TAP_EQUAL_INT(beyond_window, 0);
    TAP_EQUAL_INT(acknowledged, 1);
}

static void recorded_devices_get_every_byte(void)
{
    check_upload("good", "spec/vectors/bundles/g02_with_root_same.pb");
    check_upload("lossy", "spec/vectors/bundles/g02_with_root_same.pb");
    check_upload("bad-signature", "spec/vectors/bundles/b03_bad_signature.pb");
}

static void a_recorded_abort_is_told(void)
{
    struct slw_upload_report report;
    TAP_REQUIRE(load_bundle("spec/vectors/bundles/g02_with_root_same.pb"));
    TAP_EQUAL_INT(run_upload("abort", &report), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_ABORTED);
    TAP_CHECK(strstr(detail.text, "ABORTED") != NULL);
}

static void a_legacy_device_is_told_apart(void)
{
    struct slw_upload_report report;
    TAP_REQUIRE(load_bundle("spec/vectors/bundles/g02_with_root_same.pb"));
    TAP_EQUAL_INT(run_upload("legacy-fallback", &report), SLW_WRONG_STATE);
    TAP_EQUAL_INT(report.code, SLW_RPC_UNIMPLEMENTED);
    TAP_CHECK(strstr(detail.text, "legacy") != NULL);
}

/* Each recorded answer of BundledUpdate in turn, whatever was asked. */
static void recorded_statuses_are_understood(void)
{
    static const struct {
        uint32_t state;
        uint32_t result;
        const char *note;
    } expected[] = {
        {SLW_UPDATE_STATE_INACTIVE, 0, ""},
        {SLW_UPDATE_STATE_TRANSFERRING, 0, ""},
        {SLW_UPDATE_STATE_TRANSFERRED, 0, ""},
        {SLW_UPDATE_STATE_FINISHED, SLW_UPDATE_RESULT_VERIFY_FAILED,
         "Invalid signature, key_id=f080fe"},
        {SLW_UPDATE_STATE_FINISHED, SLW_UPDATE_RESULT_VERIFY_FAILED,
         "Invalid signature, key_id=f080fe"},
    };
    static struct slw_update_answer answer;
    struct slw_rpc_client *client = open_client("bad-signature");
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct slw_bytes note = slw_bytes_make(expected[i].note, strlen(expected[i].note));
        TAP_REQUIRE(slw_update_get_status(client, &answer, &detail) == SLW_OK);
        TAP_EQUAL_INT(answer.code, SLW_RPC_OK);
        TAP_EQUAL_INT(answer.status.state, expected[i].state);
        TAP_EQUAL_INT(answer.status.result, expected[i].result);
        TAP_CHECK(slw_bytes_equal(answer.status.note, note));
        TAP_CHECK(!answer.has_device);
    }
    close_client(client);
}

int main(void)
{
    TAP_RUN(recorded_devices_get_every_byte);
    TAP_RUN(a_recorded_abort_is_told);
    TAP_RUN(a_legacy_device_is_told_apart);
    TAP_RUN(recorded_statuses_are_understood);
    return tap_finish();
}
