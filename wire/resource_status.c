/* SPDX-License-Identifier: Apache-2.0 */
/* The messages of GetResourceStatus, declared in transfer_chunk.h. */
#include "slipway/transfer_chunk.h"

#include "message.h"
#include "slipway/proto_writer.h"

enum {
    FIELD_RESOURCE_ID = 1, /* of both messages */
    FIELD_STATUS = 2,
    FIELD_WRITEABLE_OFFSET = 3,
    FIELD_READABLE_OFFSET = 4,
    FIELD_WRITE_CHECKSUM = 5,
    FIELD_READ_CHECKSUM = 6,
};

static const struct slw_proto_rule request_fields[] = {
    {FIELD_RESOURCE_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(request_rules, request_fields);

static const struct slw_proto_rule status_fields[] = {
    {FIELD_RESOURCE_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_WRITEABLE_OFFSET, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_READABLE_OFFSET, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_WRITE_CHECKSUM, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_READ_CHECKSUM, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(status_rules, status_fields);

enum slw_status slw_resource_status_request_decode(struct slw_bytes encoded,
                                                   struct slw_resource_status_request *ret_request)
{
    struct slw_resource_status_request request = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &request_rules);
    while (slw_proto_next(&message.proto, &field)) {
        if (field.number == FIELD_RESOURCE_ID) {
            request.resource_id = (uint32_t)field.varint;
        }
    }
    SLW_TRY(message.reader.status);
    *ret_request = request;
    return SLW_OK;
}

void slw_resource_status_request_encode(struct slw_writer *writer,
                                        const struct slw_resource_status_request *request)
{
    slw_proto_put_uint(writer, FIELD_RESOURCE_ID, request->resource_id);
}

static void read_status_field(const struct slw_proto_field *field,
                              struct slw_resource_status *status)
{
    switch (field->number) {
    case FIELD_RESOURCE_ID:
        status->resource_id = (uint32_t)field->varint;
        break;
    case FIELD_STATUS:
        status->status = (uint32_t)field->varint;
        break;
    case FIELD_WRITEABLE_OFFSET:
        status->writeable_offset = field->varint;
        break;
    case FIELD_READABLE_OFFSET:
        status->readable_offset = field->varint;
        break;
    case FIELD_WRITE_CHECKSUM:
        status->has_write_checksum = true;
        status->write_checksum = field->varint;
        break;
    case FIELD_READ_CHECKSUM:
        status->has_read_checksum = true;
        status->read_checksum = field->varint;
        break;
    default:
        break;
    }
}

enum slw_status slw_resource_status_decode(struct slw_bytes encoded,
                                           struct slw_resource_status *ret_status)
{
    struct slw_resource_status status = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &status_rules);
    while (slw_proto_next(&message.proto, &field)) {
        read_status_field(&field, &status);
    }
    SLW_TRY(message.reader.status);
    *ret_status = status;
    return SLW_OK;
}

void slw_resource_status_encode(struct slw_writer *writer, const struct slw_resource_status *status)
{
    slw_proto_put_uint(writer, FIELD_RESOURCE_ID, status->resource_id);
    slw_proto_put_uint(writer, FIELD_STATUS, status->status);
    slw_proto_put_uint(writer, FIELD_WRITEABLE_OFFSET, status->writeable_offset);
    slw_proto_put_uint(writer, FIELD_READABLE_OFFSET, status->readable_offset);
    if (status->has_write_checksum) {
        slw_proto_put_uint_always(writer, FIELD_WRITE_CHECKSUM, status->write_checksum);
    }
    if (status->has_read_checksum) {
        slw_proto_put_uint_always(writer, FIELD_READ_CHECKSUM, status->read_checksum);
    }
}
