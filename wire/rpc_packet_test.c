/* SPDX-License-Identifier: Apache-2.0 */
/* What rpc_packet.h and rpc_status.h promise: exact bytes, ids by name, and what is malformed. */
#include "slipway/rpc_packet.h"

#include "hex.h"
#include "slipway/rpc_status.h"
#include "tap.h"

static void encodes_a_request_as_specified(void)
{
    uint8_t bytes[64];
    struct slw_writer writer;
    struct slw_rpc_packet packet = {
        .type = SLW_RPC_REQUEST,
        .channel_id = 1,
        .service_id = SLW_RPC_SERVICE_BUNDLED_UPDATE,
        .method_id = SLW_RPC_METHOD_GET_STATUS,
        .call_id = 1,
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_rpc_packet_encode(&writer, &packet);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "10011d37773aaf2501a6de873801"));
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_rpc_packet_encode_frame(&writer, SLW_HDLC_ADDRESS_RPC, &packet);
    TAP_CHECK(
        hex_equals(slw_writer_written(&writer), "7ea50310011d37773aaf2501a6de87380130fcafd37e"));
}

static void encodes_payloads_as_specified(void)
{
    uint8_t bytes[64];
    struct slw_writer writer;
    struct hex_bytes request = hex("0a04622e7062");
    struct hex_bytes response = hex("080220112a04622e7062");
    struct slw_rpc_packet packet = {
        .channel_id = 1,
        .service_id = SLW_RPC_SERVICE_BUNDLED_UPDATE,
        .method_id = SLW_RPC_METHOD_START,
        .payload = hex_view(&request),
        .call_id = 2,
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_rpc_packet_encode(&writer, &packet);
    TAP_CHECK(
        hex_equals(slw_writer_written(&writer), "10011d37773aaf254392e5252a060a04622e70623802"));
    packet.type = SLW_RPC_RESPONSE;
    packet.payload = hex_view(&response);
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_rpc_packet_encode(&writer, &packet);
    TAP_CHECK(hex_equals(slw_writer_written(&writer),
                         "080110011d37773aaf254392e5252a0a080220112a04622e70623802"));
}

static void decodes_every_field_in_any_order(void)
{
    struct hex_bytes encoded = hex("38ffffffff0f 3009 2a026869 25430d6ed4 1d7bc8d65b 1005 0807");
    struct slw_rpc_packet packet;
    TAP_REQUIRE(encoded.valid);
    TAP_REQUIRE(slw_rpc_packet_decode(hex_view(&encoded), &packet) == SLW_OK);
    TAP_EQUAL_INT(packet.type, SLW_RPC_SERVER_STREAM);
    TAP_EQUAL_INT(packet.channel_id, 5);
    TAP_EQUAL_INT(packet.service_id, SLW_RPC_SERVICE_TRANSFER);
    TAP_EQUAL_INT(packet.method_id, 0xd46e0d43);
    TAP_CHECK(slw_bytes_equal(packet.payload, SLW_BYTES_OF("hi")));
    TAP_EQUAL_INT(packet.status, SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(packet.call_id, SLW_RPC_CALL_OPEN);
}

static void absent_fields_are_zero(void)
{
    struct slw_rpc_packet packet = {.call_id = 7};
    TAP_REQUIRE(slw_rpc_packet_decode(slw_bytes_make(NULL, 0), &packet) == SLW_OK);
    TAP_EQUAL_INT(packet.type, SLW_RPC_REQUEST);
    TAP_EQUAL_INT(packet.channel_id, 0);
    TAP_EQUAL_INT(packet.payload.len, 0);
    TAP_EQUAL_INT(packet.call_id, 0);
}

static void skips_unknown_fields(void)
{
    struct hex_bytes encoded = hex("10011d37773aaf2501a6de873801 4005 520161");
    struct slw_rpc_packet packet;
    TAP_REQUIRE(slw_rpc_packet_decode(hex_view(&encoded), &packet) == SLW_OK);
    TAP_EQUAL_INT(packet.call_id, 1);
}

static void refuses_malformed_packets_and_leaves_the_result_alone(void)
{
    static const char *const rows[] = {
        "10",                     /* a tag alone */
        "1d37773a",               /* fixed32 cut off */
        "2a056869",               /* payload beyond the end */
        "1001 1001",              /* channel_id twice */
        "1801",                   /* service_id as varint */
        "10ffffffffff0f",         /* channel_id beyond 32 bits */
        "0001",                   /* field 0 */
        "3b3c",                   /* a group */
        "38808080808080808080ff", /* varint over ten bytes */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i]);
        struct slw_rpc_packet packet = {.call_id = 7};
        TAP_ROW(rows[i]);
        TAP_CHECK(encoded.valid);
        TAP_EQUAL_INT(slw_rpc_packet_decode(hex_view(&encoded), &packet), SLW_MALFORMED);
        TAP_EQUAL_INT(packet.call_id, 7);
    }
}

static void overhead_covers_the_largest_fields(void)
{
    uint8_t bytes[SLW_RPC_PACKET_OVERHEAD + 1];
    struct slw_writer writer;
    struct slw_rpc_packet packet = {
        .type = 0x7FFFFFFF,
        .channel_id = UINT32_MAX,
        .service_id = 1,
        .method_id = 1,
        .payload = SLW_BYTES_OF("x"),
        .status = UINT32_MAX,
        .call_id = UINT32_MAX,
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_rpc_packet_encode(&writer, &packet);
    TAP_EQUAL_INT(writer.status, SLW_OK);
}

static void ids_are_the_hash_of_the_names(void)
{
    static const struct {
        const char *name;
        uint32_t id;
    } rows[] = {
        {"pw.software_update.BundledUpdate", SLW_RPC_SERVICE_BUNDLED_UPDATE},
        {"GetStatus", SLW_RPC_METHOD_GET_STATUS},
        {"Start", SLW_RPC_METHOD_START},
        {"SetTransferred", SLW_RPC_METHOD_SET_TRANSFERRED},
        {"Verify", SLW_RPC_METHOD_VERIFY},
        {"Apply", SLW_RPC_METHOD_APPLY},
        {"Abort", SLW_RPC_METHOD_ABORT},
        {"Reset", SLW_RPC_METHOD_RESET},
        {"pw.transfer.Transfer", SLW_RPC_SERVICE_TRANSFER},
        {"Read", SLW_RPC_METHOD_READ},
        {"Write", SLW_RPC_METHOD_WRITE},
        {"GetResourceStatus", SLW_RPC_METHOD_GET_RESOURCE_STATUS},
        {"pw.rpc.EchoService", SLW_RPC_SERVICE_ECHO},
        {"Echo", SLW_RPC_METHOD_ECHO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(slw_rpc_id(slw_bytes_make(rows[i].name, strlen(rows[i].name))), rows[i].id);
    }
}

static void a_status_of_ours_becomes_one_of_theirs(void)
{
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_OK), SLW_RPC_OK);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_IO), SLW_RPC_INTERNAL);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_IO_TORN), SLW_RPC_DATA_LOSS);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_IO_TIMEOUT), SLW_RPC_DEADLINE_EXCEEDED);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_MALFORMED), SLW_RPC_INVALID_ARGUMENT);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_BELOW_THRESHOLD), SLW_RPC_UNAUTHENTICATED);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_ROLLBACK), SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_WRONG_HARDWARE), SLW_RPC_PERMISSION_DENIED);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_NO_SPACE), SLW_RPC_RESOURCE_EXHAUSTED);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_WRONG_STATE), SLW_RPC_FAILED_PRECONDITION);
    TAP_EQUAL_INT(slw_rpc_status_of(SLW_NOT_FOUND), SLW_RPC_NOT_FOUND);
    TAP_EQUAL_INT(slw_rpc_status_of((enum slw_status)0x7F01), SLW_RPC_UNKNOWN);
}

static void codes_have_names(void)
{
    TAP_CHECK(strcmp(slw_rpc_status_name(SLW_RPC_OK), "OK") == 0);
    TAP_CHECK(strcmp(slw_rpc_status_name(SLW_RPC_UNAUTHENTICATED), "UNAUTHENTICATED") == 0);
    TAP_CHECK(strcmp(slw_rpc_status_name(17), "unknown code") == 0);
}

int main(void)
{
    TAP_RUN(encodes_a_request_as_specified);
    TAP_RUN(encodes_payloads_as_specified);
    TAP_RUN(decodes_every_field_in_any_order);
    TAP_RUN(absent_fields_are_zero);
    TAP_RUN(skips_unknown_fields);
    TAP_RUN(refuses_malformed_packets_and_leaves_the_result_alone);
    TAP_RUN(overhead_covers_the_largest_fields);
    TAP_RUN(ids_are_the_hash_of_the_names);
    TAP_RUN(a_status_of_ours_becomes_one_of_theirs);
    TAP_RUN(codes_have_names);
    return tap_finish();
}
