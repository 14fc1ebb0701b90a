/* SPDX-License-Identifier: Apache-2.0 */
/* What transfer_chunk.h promises: the bytes of Pigweed's chunks both ways, versions and types. */
#include "slipway/transfer_chunk.h"

#include "hex.h"
#include "tap.h"

#define SESSION_1 .session_id = 1
#define HAS(name) SLW_CHUNK_##name

/* Every chunk that the specification quotes: resource 17, session 1. */
static const struct {
    const char *encoded;
    struct slw_transfer_chunk chunk;
} specified[] = {
    {"08115001581168027001",
     {.present = HAS(TYPE) | HAS(RESOURCE_ID) | HAS(PROTOCOL_VERSION) | HAS(DESIRED_SESSION_ID),
      .transfer_id = 17,
      .type = SLW_CHUNK_START,
      .resource_id = 17,
      .protocol_version = 2,
      .desired_session_id = 1}},
    {"5006581160016802",
     {.present = HAS(TYPE) | HAS(RESOURCE_ID) | HAS(SESSION_ID) | HAS(PROTOCOL_VERSION),
      .type = SLW_CHUNK_START_ACK,
      .resource_id = 17,
      SESSION_1,
      .protocol_version = 2}},
    {"500760016802",
     {.present = HAS(TYPE) | HAS(SESSION_ID) | HAS(PROTOCOL_VERSION),
      .type = SLW_CHUNK_START_ACK_CONFIRMATION,
      SESSION_1,
      .protocol_version = 2}},
    {"18840720d00f48804050026001",
     {.present =
          HAS(MAX_CHUNK_SIZE_BYTES) | HAS(MIN_DELAY_MICROSECONDS) | HAS(TYPE) | HAS(SESSION_ID),
      .max_chunk_size_bytes = 900,
      .min_delay_microseconds = 2000,
      .window_end_offset = 8192,
      .type = SLW_CHUNK_PARAMETERS_RETRANSMIT,
      SESSION_1}},
    {"18840728942348946350036001",
     {.present = HAS(MAX_CHUNK_SIZE_BYTES) | HAS(TYPE) | HAS(SESSION_ID),
      .max_chunk_size_bytes = 900,
      .offset = 4500,
      .window_end_offset = 12692,
      .type = SLW_CHUNK_PARAMETERS_CONTINUE,
      SESSION_1}},
    {"2884073203616263380050006001",
     {.present = HAS(REMAINING_BYTES) | HAS(TYPE) | HAS(SESSION_ID),
      .offset = 900,
      .data = {(const uint8_t *)"abc", 3},
      .type = SLW_CHUNK_DATA,
      SESSION_1}},
    {"400050046001",
     {.present = HAS(STATUS) | HAS(TYPE) | HAS(SESSION_ID),
      .type = SLW_CHUNK_COMPLETION,
      SESSION_1}},
    {"50056001",
     {.present = HAS(TYPE) | HAS(SESSION_ID), .type = SLW_CHUNK_COMPLETION_ACK, SESSION_1}},
    /* legacy */
    {"081150015811",
     {.present = HAS(TYPE) | HAS(RESOURCE_ID),
      .transfer_id = 17,
      .type = SLW_CHUNK_START,
      .resource_id = 17}},
    {"08111080401884074880405002",
     {.present = HAS(PENDING_BYTES) | HAS(MAX_CHUNK_SIZE_BYTES) | HAS(TYPE),
      .transfer_id = 17,
      .pending_bytes = 8192,
      .max_chunk_size_bytes = 900,
      .window_end_offset = 8192,
      .type = SLW_CHUNK_PARAMETERS_RETRANSMIT}},
    {"0811320361626338005000",
     {.present = HAS(REMAINING_BYTES) | HAS(TYPE),
      .transfer_id = 17,
      .data = {(const uint8_t *)"abc", 3},
      .type = SLW_CHUNK_DATA}},
    {"081140005004",
     {.present = HAS(STATUS) | HAS(TYPE), .transfer_id = 17, .type = SLW_CHUNK_COMPLETION}},
};

#define SPECIFIED_COUNT (sizeof specified / sizeof specified[0])

static void encodes_the_chunks_of_the_specification(void)
{
    for (size_t i = 0; i < SPECIFIED_COUNT; i++) {
        uint8_t bytes[64];
        struct slw_writer writer;
        TAP_ROW(specified[i].encoded);
        slw_writer_init(&writer, bytes, sizeof bytes);
        slw_transfer_chunk_encode(&writer, &specified[i].chunk);
        TAP_CHECK(hex_equals(slw_writer_written(&writer), specified[i].encoded));
    }
}

static void check_equal(const struct slw_transfer_chunk *actual,
                        const struct slw_transfer_chunk *expected)
{
    TAP_EQUAL_INT(actual->present, expected->present);
    TAP_EQUAL_INT(actual->transfer_id, expected->transfer_id);
    TAP_EQUAL_INT(actual->pending_bytes, expected->pending_bytes);
    TAP_EQUAL_INT(actual->max_chunk_size_bytes, expected->max_chunk_size_bytes);
    TAP_EQUAL_INT(actual->min_delay_microseconds, expected->min_delay_microseconds);
    TAP_EQUAL_INT(actual->offset, expected->offset);
    TAP_CHECK(slw_bytes_equal(actual->data, expected->data));
    TAP_EQUAL_INT(actual->remaining_bytes, expected->remaining_bytes);
    TAP_EQUAL_INT(actual->status, expected->status);
    TAP_EQUAL_INT(actual->window_end_offset, expected->window_end_offset);
    TAP_EQUAL_INT(actual->type, expected->type);
    TAP_EQUAL_INT(actual->resource_id, expected->resource_id);
    TAP_EQUAL_INT(actual->session_id, expected->session_id);
    TAP_EQUAL_INT(actual->protocol_version, expected->protocol_version);
    TAP_EQUAL_INT(actual->desired_session_id, expected->desired_session_id);
    TAP_EQUAL_INT(actual->initial_offset, expected->initial_offset);
}

static void decodes_the_chunks_of_the_specification(void)
{
    for (size_t i = 0; i < SPECIFIED_COUNT; i++) {
        struct hex_bytes encoded = hex(specified[i].encoded);
        struct slw_transfer_chunk chunk;
        TAP_ROW(specified[i].encoded);
        TAP_REQUIRE(encoded.valid);
        TAP_REQUIRE(slw_transfer_chunk_decode(hex_view(&encoded), &chunk) == SLW_OK);
        check_equal(&chunk, &specified[i].chunk);
    }
}

static void the_largest_chunk_keeps_to_its_overhead(void)
{
    uint8_t bytes[SLW_TRANSFER_CHUNK_OVERHEAD + 1];
    struct slw_writer writer;
    struct slw_transfer_chunk chunk = {
        .present = UINT32_MAX & ~(uint32_t)SLW_CHUNK_DESIRED_SESSION_ID,
        .transfer_id = UINT32_MAX,
        .pending_bytes = UINT32_MAX,
        .max_chunk_size_bytes = UINT32_MAX,
        .min_delay_microseconds = UINT32_MAX,
        .offset = UINT64_MAX,
        .data = SLW_BYTES_OF("x"),
        .remaining_bytes = UINT64_MAX,
        .status = UINT32_MAX,
        .window_end_offset = UINT64_MAX,
        .type = 0x7FFFFFFF,
        .resource_id = UINT32_MAX,
        .session_id = UINT32_MAX,
        .protocol_version = UINT32_MAX,
        .initial_offset = UINT64_MAX,
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_transfer_chunk_encode(&writer, &chunk);
    TAP_REQUIRE(writer.status == SLW_OK);
    struct slw_transfer_chunk decoded;
    TAP_REQUIRE(slw_transfer_chunk_decode(slw_writer_written(&writer), &decoded) == SLW_OK);
    chunk.present &= 0x3FF;
    check_equal(&decoded, &chunk);
}

static void refuses_malformed_chunks_and_leaves_the_result_alone(void)
{
    static const char *const rows[] = {
        "5000 6001 7001",         /* session_id and desired_session_id */
        "28ffffffffffffffffff02", /* offset beyond 64 bits */
        "60ffffffff1f",           /* session_id beyond 32 bits */
        "3205616263",             /* data beyond the end */
        "2801 2801",              /* offset twice */
        "3001",                   /* data as varint */
        "50ffffffff0f",           /* type beyond int32 */
        "58",                     /* cut off */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i]);
        struct slw_transfer_chunk chunk = {.offset = 7};
        TAP_ROW(rows[i]);
        TAP_CHECK(encoded.valid);
        TAP_EQUAL_INT(slw_transfer_chunk_decode(hex_view(&encoded), &chunk), SLW_MALFORMED);
        TAP_EQUAL_INT(chunk.offset, 7);
    }
}

/* Explicit protocol_version wins; else session_id or desired_session_id present = 2; else legacy.
 */
static void deduces_the_version(void)
{
    static const struct {
        const char *encoded;
        uint32_t version;
    } rows[] = {
        {"5000", 1},         {"50006000", 2}, {"50007001", 2},
        {"500060016801", 1}, {"50016802", 2}, {"5001581168fe01", 254},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i].encoded);
        struct slw_transfer_chunk chunk;
        TAP_ROW(rows[i].encoded);
        TAP_REQUIRE(slw_transfer_chunk_decode(hex_view(&encoded), &chunk) == SLW_OK);
        TAP_EQUAL_INT(slw_transfer_chunk_version(&chunk), rows[i].version);
    }
}

static void deduces_the_type_of_very_old_chunks(void)
{
    static const struct {
        const char *encoded;
        uint32_t type;
    } rows[] = {
        {"0811", SLW_CHUNK_START},
        {"0811 320161", SLW_CHUNK_DATA},
        {"0811 2805 1020", SLW_CHUNK_PARAMETERS_RETRANSMIT},
        {"0811 4000", SLW_CHUNK_COMPLETION},
        {"0811 4000 5005", SLW_CHUNK_COMPLETION_ACK},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hex_bytes encoded = hex(rows[i].encoded);
        struct slw_transfer_chunk chunk;
        TAP_ROW(rows[i].encoded);
        TAP_REQUIRE(slw_transfer_chunk_decode(hex_view(&encoded), &chunk) == SLW_OK);
        TAP_EQUAL_INT(slw_transfer_chunk_type(&chunk), rows[i].type);
    }
}

static void the_session_is_the_transfer_id_in_legacy_chunks(void)
{
    struct slw_transfer_chunk chunk = {.transfer_id = 17};
    TAP_EQUAL_INT(slw_transfer_chunk_session(&chunk), 17);
    chunk.present = SLW_CHUNK_SESSION_ID;
    chunk.session_id = 4;
    TAP_EQUAL_INT(slw_transfer_chunk_session(&chunk), 4);
}

static void types_have_names(void)
{
    TAP_CHECK(strcmp(slw_transfer_chunk_type_name(SLW_CHUNK_DATA), "DATA") == 0);
    TAP_CHECK(strcmp(slw_transfer_chunk_type_name(SLW_CHUNK_START_ACK_CONFIRMATION),
                     "START_ACK_CONFIRMATION") == 0);
    TAP_CHECK(strcmp(slw_transfer_chunk_type_name(8), "unknown type") == 0);
}

static void resource_status_goes_both_ways(void)
{
    uint8_t bytes[64];
    struct slw_writer writer;
    struct slw_resource_status decoded;
    struct slw_resource_status status = {
        .resource_id = 17,
        .writeable_offset = UINT64_C(0x123456789),
        .has_write_checksum = true,
        .write_checksum = 0,
    };
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_resource_status_encode(&writer, &status);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "0811 18 89cf95 9a12 2800"));
    TAP_REQUIRE(slw_resource_status_decode(slw_writer_written(&writer), &decoded) == SLW_OK);
    TAP_EQUAL_INT(decoded.resource_id, 17);
    TAP_EQUAL_INT(decoded.writeable_offset, status.writeable_offset);
    TAP_CHECK(decoded.has_write_checksum && !decoded.has_read_checksum);
    struct hex_bytes other = hex("0811 1005 2002 3007");
    TAP_REQUIRE(slw_resource_status_decode(hex_view(&other), &decoded) == SLW_OK);
    TAP_EQUAL_INT(decoded.status, 5);
    TAP_EQUAL_INT(decoded.readable_offset, 2);
    TAP_EQUAL_INT(decoded.read_checksum, 7);
    TAP_CHECK(decoded.has_read_checksum && !decoded.has_write_checksum);
}

static void resource_status_requests_go_both_ways(void)
{
    uint8_t bytes[8];
    struct slw_writer writer;
    struct slw_resource_status_request request = {.resource_id = 300};
    slw_writer_init(&writer, bytes, sizeof bytes);
    slw_resource_status_request_encode(&writer, &request);
    TAP_CHECK(hex_equals(slw_writer_written(&writer), "08ac02"));
    request.resource_id = 0;
    TAP_REQUIRE(slw_resource_status_request_decode(slw_writer_written(&writer), &request) ==
                SLW_OK);
    TAP_EQUAL_INT(request.resource_id, 300);
    struct hex_bytes bad = hex("0811 0811");
    TAP_EQUAL_INT(slw_resource_status_request_decode(hex_view(&bad), &request), SLW_MALFORMED);
}

int main(void)
{
    TAP_RUN(encodes_the_chunks_of_the_specification);
    TAP_RUN(decodes_the_chunks_of_the_specification);
    TAP_RUN(the_largest_chunk_keeps_to_its_overhead);
    TAP_RUN(refuses_malformed_chunks_and_leaves_the_result_alone);
    TAP_RUN(deduces_the_version);
    TAP_RUN(deduces_the_type_of_very_old_chunks);
    TAP_RUN(the_session_is_the_transfer_id_in_legacy_chunks);
    TAP_RUN(types_have_names);
    TAP_RUN(resource_status_goes_both_ways);
    TAP_RUN(resource_status_requests_go_both_ways);
    return tap_finish();
}
