/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of RPC, transfer and update service: what protobuf-c writes, our codecs read and
 * write back as the same bytes; what they accept of damaged messages, protobuf-c accepts, and
 * reads the same in what they make of it.
 */
#include "slipway/bundled_update.h"
#include "slipway/device_status.h"
#include "slipway/rpc_packet.h"
#include "slipway/transfer_chunk.h"

#include "test_oracle.h"

#include "bundled_update.pb-c.h"
#include "rpc_packet.pb-c.h"
#include "slipway_device.pb-c.h"
#include "transfer.pb-c.h"

#include "tap.h"

#include <stdlib.h>

#define BUFFER_SIZE 16384u
#define SLOTS_MAX 64u

/* Reads a message and writes it again. */
typedef enum slw_status pass_function(struct slw_bytes encoded, struct slw_writer *writer);

static enum slw_status pass_rpc_packet(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_rpc_packet packet;
    SLW_TRY(slw_rpc_packet_decode(encoded, &packet));
    slw_rpc_packet_encode(writer, &packet);
    return SLW_OK;
}

static enum slw_status pass_chunk(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_transfer_chunk chunk;
    SLW_TRY(slw_transfer_chunk_decode(encoded, &chunk));
    slw_transfer_chunk_encode(writer, &chunk);
    return SLW_OK;
}

static enum slw_status pass_resource_request(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_resource_status_request request;
    SLW_TRY(slw_resource_status_request_decode(encoded, &request));
    slw_resource_status_request_encode(writer, &request);
    return SLW_OK;
}

static enum slw_status pass_resource_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_resource_status status;
    SLW_TRY(slw_resource_status_decode(encoded, &status));
    slw_resource_status_encode(writer, &status);
    return SLW_OK;
}

static enum slw_status pass_start_request(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_update_start_request request;
    SLW_TRY(slw_update_start_request_decode(encoded, &request));
    slw_update_start_request_encode(writer, &request);
    return SLW_OK;
}

static enum slw_status pass_update_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_update_status status;
    SLW_TRY(slw_update_status_decode(encoded, &status));
    slw_update_status_encode(writer, &status);
    return SLW_OK;
}

static enum slw_status pass_device_status(struct slw_bytes encoded, struct slw_writer *writer)
{
    struct slw_device_slot slots[SLOTS_MAX];
    struct slw_device_status device;
    SLW_TRY(slw_device_status_decode(encoded, slots, SLOTS_MAX, &device));
    slw_device_status_encode(writer, &device);
    return SLW_OK;
}

static const struct {
    const ProtobufCMessageDescriptor *type;
    pass_function *pass;
} codecs[] = {
    {&pw__rpc__internal__rpc_packet__descriptor, pass_rpc_packet},
    {&pw__transfer__chunk__descriptor, pass_chunk},
    {&pw__transfer__resource_status_request__descriptor, pass_resource_request},
    {&pw__transfer__resource_status__descriptor, pass_resource_status},
    {&pw__software_update__start_request__descriptor, pass_start_request},
    {&pw__software_update__bundled_update_status__descriptor, pass_update_status},
    {&slipway__device_status__descriptor, pass_device_status},
};
#define CODECS_COUNT (sizeof codecs / sizeof codecs[0])

/* A chunk of one session that wants another is an error of pw_transfer, whatever the encoding. */
static bool has_both_sessions(const ProtobufCMessage *message)
{
    const Pw__Transfer__Chunk *chunk = (const void *)message;
    return message->descriptor == &pw__transfer__chunk__descriptor &&
           chunk->_session_id_case != PW__TRANSFER__CHUNK___SESSION_ID__NOT_SET &&
           chunk->_desired_session_id_case != PW__TRANSFER__CHUNK___DESIRED_SESSION_ID__NOT_SET;
}

static void reads_what_protobuf_c_writes_and_writes_the_same(void)
{
    static uint8_t buffer[BUFFER_SIZE];
    for (size_t i = 0; i < CODECS_COUNT; i++) {
        TAP_ROW(codecs[i].type->short_name);
        for (uint32_t number = 1; number <= 2000; number++) {
            uint32_t seed = number * 2654435761u;
            ProtobufCMessage *message = oracle_make(codecs[i].type, &seed);
            struct slw_bytes packed;
            uint8_t *bytes = oracle_pack(message, &packed);
            struct slw_writer writer;
            slw_writer_init(&writer, buffer, sizeof buffer);
            enum slw_status status = codecs[i].pass(packed, &writer);
            TAP_EQUAL_INT(status, has_both_sessions(message) ? SLW_MALFORMED : SLW_OK);
            if (status == SLW_OK) {
                TAP_EQUAL_INT(writer.status, SLW_OK);
                TAP_CHECK(slw_bytes_equal(slw_writer_written(&writer), packed));
            }
            oracle_free(message);
            free(bytes);
        }
    }
}

struct tally {
    unsigned accepted;
    unsigned refused;
    unsigned padded; /* accepted by ours alone, because of long tags or lengths */
};

static void check_mutation(size_t codec, struct slw_bytes bytes, struct tally *tally)
{
    static uint8_t buffer[BUFFER_SIZE];
    struct slw_writer writer;
    slw_writer_init(&writer, buffer, sizeof buffer);
    if (codecs[codec].pass(bytes, &writer) != SLW_OK) {
        tally->refused++;
        return;
    }
    tally->accepted++;
    ProtobufCMessage *theirs = oracle_unpack(codecs[codec].type, bytes);
    ProtobufCMessage *passed = oracle_unpack(codecs[codec].type, slw_writer_written(&writer));
    TAP_CHECK(passed != NULL);
    if (theirs == NULL) {
        tally->padded++;
        TAP_CHECK(oracle_may_have_long_heads(bytes));
    } else if (passed != NULL) {
        TAP_CHECK(oracle_equal(theirs, passed));
    }
    oracle_free(theirs);
    oracle_free(passed);
}

static void accepts_no_damaged_message_that_protobuf_c_refuses(void)
{
    static uint8_t buffer[BUFFER_SIZE];
    for (size_t i = 0; i < CODECS_COUNT; i++) {
        struct tally tally = {0};
        TAP_ROW(codecs[i].type->short_name);
        for (uint32_t number = 1; number <= 1000; number++) {
            uint32_t seed = number * 2246822519u;
            ProtobufCMessage *message = oracle_make(codecs[i].type, &seed);
            struct slw_bytes packed;
            uint8_t *bytes = oracle_pack(message, &packed);
            for (unsigned k = 0; k < 10; k++) {
                memcpy(buffer, packed.ptr, packed.len);
                size_t len = oracle_mutate(buffer, packed.len, sizeof buffer, &seed);
                check_mutation(i, slw_bytes_make(buffer, len), &tally);
            }
            oracle_free(message);
            free(bytes);
        }
        TAP_CHECK(tally.accepted > 100);
        TAP_CHECK(tally.refused > 100);
        TAP_CHECK(tally.padded < 10);
    }
}

static void has_the_enums_of_the_schemas(void)
{
    TAP_EQUAL_INT(SLW_RPC_REQUEST, PW__RPC__INTERNAL__PACKET_TYPE__REQUEST);
    TAP_EQUAL_INT(SLW_RPC_RESPONSE, PW__RPC__INTERNAL__PACKET_TYPE__RESPONSE);
    TAP_EQUAL_INT(SLW_RPC_CLIENT_STREAM, PW__RPC__INTERNAL__PACKET_TYPE__CLIENT_STREAM);
    TAP_EQUAL_INT(SLW_RPC_CLIENT_ERROR, PW__RPC__INTERNAL__PACKET_TYPE__CLIENT_ERROR);
    TAP_EQUAL_INT(SLW_RPC_SERVER_ERROR, PW__RPC__INTERNAL__PACKET_TYPE__SERVER_ERROR);
    TAP_EQUAL_INT(SLW_RPC_SERVER_STREAM, PW__RPC__INTERNAL__PACKET_TYPE__SERVER_STREAM);
    TAP_EQUAL_INT(SLW_RPC_CLIENT_REQUEST_COMPLETION,
                  PW__RPC__INTERNAL__PACKET_TYPE__CLIENT_REQUEST_COMPLETION);
}

static void names_states_results_and_chunks_as_the_schemas_do(void)
{
    static const struct {
        const ProtobufCEnumDescriptor *type;
        const char *(*name)(uint32_t value);
    } rows[] = {
        {&pw__software_update__bundled_update_state__enum__descriptor, slw_update_state_name},
        {&pw__software_update__bundled_update_result__enum__descriptor, slw_update_result_name},
        {&pw__transfer__chunk__type__descriptor, slw_transfer_chunk_type_name},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_CHECK(rows[i].type->n_values > 0);
        for (unsigned k = 0; k < rows[i].type->n_values; k++) {
            const ProtobufCEnumValue *value = &rows[i].type->values[k];
            TAP_ROW(value->name);
            TAP_CHECK(strcmp(rows[i].name((uint32_t)value->value), value->name) == 0);
        }
        TAP_CHECK(strncmp(rows[i].name(rows[i].type->n_values), "unknown", 7) == 0);
    }
}

int main(void)
{
    TAP_RUN(has_the_enums_of_the_schemas);
    TAP_RUN(names_states_results_and_chunks_as_the_schemas_do);
    TAP_RUN(reads_what_protobuf_c_writes_and_writes_the_same);
    TAP_RUN(accepts_no_damaged_message_that_protobuf_c_refuses);
    return tap_finish();
}
