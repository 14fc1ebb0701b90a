/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every frame that was recorded between Pigweed's clients and a device (spec/vectors/sessions)
 * decodes, layer by layer, and encodes from its decoded fields to the same bytes.
 */
#include "slipway/bundled_update.h"
#include "slipway/rpc_packet.h"
#include "slipway/transfer_chunk.h"

#include "session_file.h"
#include "tap.h"

struct layers {
    struct slw_hdlc_frame frame;
    struct slw_rpc_packet packet;
    uint8_t buffer[HEX_BYTES_MAX];
};

static bool decode_frame(const struct session_row *row, struct layers *layers)
{
    struct slw_hdlc_decoder decoder;
    struct slw_bytes input = hex_view(&row->frame);
    slw_hdlc_decoder_init(&decoder, layers->buffer, sizeof layers->buffer);
    return slw_hdlc_decode(&decoder, &input, &layers->frame) && input.len == 0 &&
           slw_rpc_packet_decode(layers->frame.payload, &layers->packet) == SLW_OK;
}

static bool chunk_round_trips(const struct slw_rpc_packet *packet, struct slw_writer *writer)
{
    struct slw_transfer_chunk chunk;
    if (packet->payload.len == 0) {
        return packet->type == SLW_RPC_REQUEST;
    }
    if (slw_transfer_chunk_decode(packet->payload, &chunk) != SLW_OK) {
        return false;
    }
    slw_transfer_chunk_encode(writer, &chunk);
    return true;
}

static bool update_round_trips(const struct slw_rpc_packet *packet, struct slw_writer *writer)
{
    struct slw_update_start_request request;
    struct slw_update_status status;
    if (packet->type == SLW_RPC_RESPONSE) {
        bool decodes = slw_update_status_decode(packet->payload, &status) == SLW_OK;
        slw_update_status_encode(writer, &status);
        return decodes;
    }
    if (packet->method_id == SLW_RPC_METHOD_START) {
        bool decodes = slw_update_start_request_decode(packet->payload, &request) == SLW_OK;
        slw_update_start_request_encode(writer, &request);
        return decodes;
    }
    return packet->payload.len == 0;
}

/* The payload's bytes from its decoded fields, in writer. */
static bool payload_round_trips(const struct slw_rpc_packet *packet, struct slw_writer *writer)
{
    bool decodes = packet->service_id == SLW_RPC_SERVICE_TRANSFER
                       ? chunk_round_trips(packet, writer)
                       : update_round_trips(packet, writer);
    return decodes && writer->status == SLW_OK &&
           slw_bytes_equal(slw_writer_written(writer), packet->payload);
}

static bool frame_round_trips(const struct session_row *row)
{
    struct layers layers;
    uint8_t payload[HEX_BYTES_MAX];
    uint8_t frame[HEX_BYTES_MAX];
    struct slw_writer payload_writer;
    struct slw_writer writer;
    if (!row->frame.valid || !decode_frame(row, &layers)) {
        return false;
    }
    slw_writer_init(&payload_writer, payload, sizeof payload);
    if (!payload_round_trips(&layers.packet, &payload_writer)) {
        return false;
    }
    struct slw_rpc_packet packet = layers.packet;
    packet.payload = slw_writer_written(&payload_writer);
    slw_writer_init(&writer, frame, sizeof frame);
    slw_rpc_packet_encode_frame(&writer, layers.frame.address, &packet);
    return writer.status == SLW_OK && layers.frame.control == SLW_HDLC_CONTROL_UI &&
           slw_bytes_equal(slw_writer_written(&writer), hex_view(&row->frame));
}

static void every_recorded_frame_encodes_to_itself(void)
{
    int frames = 0;
    for (size_t i = 0; session_names[i] != NULL; i++) {
        struct session_row row;
        FILE *file = session_open(session_names[i]);
        TAP_ROW(session_names[i]);
        TAP_REQUIRE(file != NULL);
        while (session_next(file, &row)) {
            frames++;
            TAP_CHECK(frame_round_trips(&row));
        }
        fclose(file);
    }
    TAP_EQUAL_INT(frames, 39 + 44 + 36 + 36 + 26 + 24);
}

int main(void)
{
    TAP_RUN(every_recorded_frame_encodes_to_itself);
    return tap_finish();
}
