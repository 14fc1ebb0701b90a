/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of rpc_packet.h. */
#include "slipway/rpc_packet.h"

#include "message.h"
#include "slipway/proto_writer.h"

enum {
    FIELD_TYPE = 1,
    FIELD_CHANNEL_ID = 2,
    FIELD_SERVICE_ID = 3,
    FIELD_METHOD_ID = 4,
    FIELD_PAYLOAD = 5,
    FIELD_STATUS = 6,
    FIELD_CALL_ID = 7,
};

static const struct slw_proto_rule packet_fields[] = {
    {FIELD_TYPE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_CHANNEL_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_SERVICE_ID, SLW_PROTO_FIXED32, SLW_PROTO_SINGULAR},
    {FIELD_METHOD_ID, SLW_PROTO_FIXED32, SLW_PROTO_SINGULAR},
    {FIELD_PAYLOAD, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_CALL_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(packet_rules, packet_fields);

enum slw_status slw_rpc_packet_decode(struct slw_bytes encoded, struct slw_rpc_packet *ret_packet)
{
    struct slw_rpc_packet packet = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &packet_rules);
    while (slw_proto_next(&message.proto, &field)) {
        uint32_t value = (uint32_t)field.varint;
        switch (field.number) {
        case FIELD_TYPE:
            packet.type = value;
            break;
        case FIELD_CHANNEL_ID:
            packet.channel_id = value;
            break;
        case FIELD_SERVICE_ID:
            packet.service_id = value;
            break;
        case FIELD_METHOD_ID:
            packet.method_id = value;
            break;
        case FIELD_PAYLOAD:
            packet.payload = slw_message_view(&message, &field);
            break;
        case FIELD_STATUS:
            packet.status = value;
            break;
        case FIELD_CALL_ID:
            packet.call_id = value;
            break;
        default:
            break;
        }
    }
    SLW_TRY(message.reader.status);
    *ret_packet = packet;
    return SLW_OK;
}

/* What stands before the payload's bytes. */
static void put_head(struct slw_writer *writer, const struct slw_rpc_packet *packet)
{
    slw_proto_put_uint(writer, FIELD_TYPE, slw_proto_enum(packet->type));
    slw_proto_put_uint(writer, FIELD_CHANNEL_ID, packet->channel_id);
    slw_proto_put_fixed32(writer, FIELD_SERVICE_ID, packet->service_id);
    slw_proto_put_fixed32(writer, FIELD_METHOD_ID, packet->method_id);
    if (packet->payload.len > 0) {
        slw_proto_put_header(writer, FIELD_PAYLOAD, packet->payload.len);
    }
}

static void put_tail(struct slw_writer *writer, const struct slw_rpc_packet *packet)
{
    slw_proto_put_uint(writer, FIELD_STATUS, packet->status);
    slw_proto_put_uint(writer, FIELD_CALL_ID, packet->call_id);
}

void slw_rpc_packet_encode(struct slw_writer *writer, const struct slw_rpc_packet *packet)
{
    put_head(writer, packet);
    slw_writer_put(writer, packet->payload);
    put_tail(writer, packet);
}

void slw_rpc_packet_encode_frame(struct slw_writer *writer, uint64_t address,
                                 const struct slw_rpc_packet *packet)
{
    uint8_t bytes[SLW_RPC_PACKET_OVERHEAD];
    struct slw_writer part;
    struct slw_hdlc_encoder frame;
    slw_hdlc_begin(&frame, writer, address);
    slw_writer_init(&part, bytes, sizeof bytes);
    put_head(&part, packet);
    slw_hdlc_put(&frame, slw_writer_written(&part));
    slw_hdlc_put(&frame, packet->payload);
    slw_writer_init(&part, bytes, sizeof bytes);
    put_tail(&part, packet);
    slw_hdlc_put(&frame, slw_writer_written(&part));
    slw_hdlc_end(&frame);
}

/* h = length; coefficient = 65599; for each byte: h += coefficient * byte, coefficient *= 65599 */
uint32_t slw_rpc_id(struct slw_bytes name)
{
    const uint32_t constant = 65599;
    uint32_t coefficient = constant;
    uint32_t hash = (uint32_t)name.len;
    for (size_t i = 0; i < name.len; i++) {
        hash += coefficient * name.ptr[i];
        coefficient *= constant;
    }
    return hash;
}
