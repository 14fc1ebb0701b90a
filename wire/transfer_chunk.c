/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of chunks of transfer_chunk.h; resource_status.c has the rest of that header. */
#include "slipway/transfer_chunk.h"

#include "message.h"
#include "slipway/proto_writer.h"

enum {
    FIELD_TRANSFER_ID = 1,
    FIELD_PENDING_BYTES = 2,
    FIELD_MAX_CHUNK_SIZE_BYTES = 3,
    FIELD_MIN_DELAY_MICROSECONDS = 4,
    FIELD_OFFSET = 5,
    FIELD_DATA = 6,
    FIELD_REMAINING_BYTES = 7,
    FIELD_STATUS = 8,
    FIELD_WINDOW_END_OFFSET = 9,
    FIELD_TYPE = 10,
    FIELD_RESOURCE_ID = 11,
    FIELD_SESSION_ID = 12,
    FIELD_PROTOCOL_VERSION = 13,
    FIELD_DESIRED_SESSION_ID = 14,
    FIELD_INITIAL_OFFSET = 15,
};

static const struct slw_proto_rule chunk_fields[] = {
    {FIELD_TRANSFER_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_PENDING_BYTES, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_MAX_CHUNK_SIZE_BYTES, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_MIN_DELAY_MICROSECONDS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_OFFSET, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_DATA, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_REMAINING_BYTES, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_WINDOW_END_OFFSET, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_TYPE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_RESOURCE_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_SESSION_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_PROTOCOL_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_DESIRED_SESSION_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_INITIAL_OFFSET, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(chunk_rules, chunk_fields);

static uint32_t *optional_uint32(struct slw_transfer_chunk *chunk, uint32_t number,
                                 uint32_t *ret_bit)
{
    switch (number) {
    case FIELD_PENDING_BYTES:
        *ret_bit = SLW_CHUNK_PENDING_BYTES;
        return &chunk->pending_bytes;
    case FIELD_MAX_CHUNK_SIZE_BYTES:
        *ret_bit = SLW_CHUNK_MAX_CHUNK_SIZE_BYTES;
        return &chunk->max_chunk_size_bytes;
    case FIELD_MIN_DELAY_MICROSECONDS:
        *ret_bit = SLW_CHUNK_MIN_DELAY_MICROSECONDS;
        return &chunk->min_delay_microseconds;
    case FIELD_STATUS:
        *ret_bit = SLW_CHUNK_STATUS;
        return &chunk->status;
    case FIELD_TYPE:
        *ret_bit = SLW_CHUNK_TYPE;
        return &chunk->type;
    case FIELD_RESOURCE_ID:
        *ret_bit = SLW_CHUNK_RESOURCE_ID;
        return &chunk->resource_id;
    case FIELD_SESSION_ID:
        *ret_bit = SLW_CHUNK_SESSION_ID;
        return &chunk->session_id;
    case FIELD_PROTOCOL_VERSION:
        *ret_bit = SLW_CHUNK_PROTOCOL_VERSION;
        return &chunk->protocol_version;
    case FIELD_DESIRED_SESSION_ID:
        *ret_bit = SLW_CHUNK_DESIRED_SESSION_ID;
        return &chunk->desired_session_id;
    default:
        return NULL;
    }
}

static void read_field(const struct slw_message *message, const struct slw_proto_field *field,
                       struct slw_transfer_chunk *chunk)
{
    switch (field->number) {
    case FIELD_TRANSFER_ID:
        chunk->transfer_id = (uint32_t)field->varint;
        return;
    case FIELD_OFFSET:
        chunk->offset = field->varint;
        return;
    case FIELD_DATA:
        chunk->data = slw_message_view(message, field);
        return;
    case FIELD_REMAINING_BYTES:
        chunk->present |= SLW_CHUNK_REMAINING_BYTES;
        chunk->remaining_bytes = field->varint;
        return;
    case FIELD_WINDOW_END_OFFSET:
        chunk->window_end_offset = field->varint;
        return;
    case FIELD_INITIAL_OFFSET:
        chunk->initial_offset = field->varint;
        return;
    default:
        break;
    }
    uint32_t bit = 0;
    uint32_t *value = optional_uint32(chunk, field->number, &bit);
    if (value != NULL) {
        chunk->present |= bit;
        *value = (uint32_t)field->varint;
    }
}

enum slw_status slw_transfer_chunk_decode(struct slw_bytes encoded,
                                          struct slw_transfer_chunk *ret_chunk)
{
    struct slw_transfer_chunk chunk = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &chunk_rules);
    while (slw_proto_next(&message.proto, &field)) {
        read_field(&message, &field, &chunk);
    }
    SLW_TRY(message.reader.status);
    if (slw_transfer_chunk_has(&chunk, SLW_CHUNK_SESSION_ID) &&
        slw_transfer_chunk_has(&chunk, SLW_CHUNK_DESIRED_SESSION_ID)) {
        return SLW_MALFORMED;
    }
    *ret_chunk = chunk;
    return SLW_OK;
}

static void put_optional(struct slw_writer *writer, const struct slw_transfer_chunk *chunk,
                         uint32_t bit, uint32_t number, uint64_t value)
{
    if (slw_transfer_chunk_has(chunk, bit)) {
        slw_proto_put_uint_always(writer, number, value);
    }
}

void slw_transfer_chunk_encode(struct slw_writer *writer, const struct slw_transfer_chunk *chunk)
{
    slw_proto_put_uint(writer, FIELD_TRANSFER_ID, chunk->transfer_id);
    put_optional(writer, chunk, SLW_CHUNK_PENDING_BYTES, FIELD_PENDING_BYTES, chunk->pending_bytes);
    put_optional(writer, chunk, SLW_CHUNK_MAX_CHUNK_SIZE_BYTES, FIELD_MAX_CHUNK_SIZE_BYTES,
                 chunk->max_chunk_size_bytes);
    put_optional(writer, chunk, SLW_CHUNK_MIN_DELAY_MICROSECONDS, FIELD_MIN_DELAY_MICROSECONDS,
                 chunk->min_delay_microseconds);
    slw_proto_put_uint(writer, FIELD_OFFSET, chunk->offset);
    slw_proto_put_bytes(writer, FIELD_DATA, chunk->data);
    put_optional(writer, chunk, SLW_CHUNK_REMAINING_BYTES, FIELD_REMAINING_BYTES,
                 chunk->remaining_bytes);
    put_optional(writer, chunk, SLW_CHUNK_STATUS, FIELD_STATUS, chunk->status);
    slw_proto_put_uint(writer, FIELD_WINDOW_END_OFFSET, chunk->window_end_offset);
    put_optional(writer, chunk, SLW_CHUNK_TYPE, FIELD_TYPE, slw_proto_enum(chunk->type));
    put_optional(writer, chunk, SLW_CHUNK_RESOURCE_ID, FIELD_RESOURCE_ID, chunk->resource_id);
    put_optional(writer, chunk, SLW_CHUNK_SESSION_ID, FIELD_SESSION_ID, chunk->session_id);
    put_optional(writer, chunk, SLW_CHUNK_PROTOCOL_VERSION, FIELD_PROTOCOL_VERSION,
                 chunk->protocol_version);
    put_optional(writer, chunk, SLW_CHUNK_DESIRED_SESSION_ID, FIELD_DESIRED_SESSION_ID,
                 chunk->desired_session_id);
    slw_proto_put_uint(writer, FIELD_INITIAL_OFFSET, chunk->initial_offset);
}

uint32_t slw_transfer_chunk_version(const struct slw_transfer_chunk *chunk)
{
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_PROTOCOL_VERSION)) {
        return chunk->protocol_version;
    }
    bool names_session =
        slw_transfer_chunk_has(chunk, SLW_CHUNK_SESSION_ID | SLW_CHUNK_DESIRED_SESSION_ID);
    return names_session ? SLW_TRANSFER_VERSION_TWO : SLW_TRANSFER_LEGACY;
}

uint32_t slw_transfer_chunk_type(const struct slw_transfer_chunk *chunk)
{
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_TYPE)) {
        return chunk->type;
    }
    if (slw_transfer_chunk_has(chunk, SLW_CHUNK_STATUS)) {
        return SLW_CHUNK_COMPLETION;
    }
    if (chunk->data.len > 0) {
        return SLW_CHUNK_DATA;
    }
    return chunk->offset == 0 ? SLW_CHUNK_START : SLW_CHUNK_PARAMETERS_RETRANSMIT;
}

uint32_t slw_transfer_chunk_session(const struct slw_transfer_chunk *chunk)
{
    bool named = slw_transfer_chunk_has(chunk, SLW_CHUNK_SESSION_ID);
    return named ? chunk->session_id : chunk->transfer_id;
}

static const char *const type_names[] = {
    "DATA",           "START",     "PARAMETERS_RETRANSMIT",  "PARAMETERS_CONTINUE", "COMPLETION",
    "COMPLETION_ACK", "START_ACK", "START_ACK_CONFIRMATION",
};

const char *slw_transfer_chunk_type_name(uint32_t type)
{
    return type < sizeof type_names / sizeof type_names[0] ? type_names[type] : "unknown type";
}
