/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of bundled_update.h. */
#include "slipway/bundled_update.h"

#include "message.h"
#include "slipway/proto_writer.h"

enum { FIELD_START_BUNDLE_FILENAME = 1 };

enum {
    FIELD_STATE = 1,
    FIELD_RESULT = 2,
    FIELD_PROGRESS = 3,
    FIELD_TRANSFER_ID = 4,
    FIELD_BUNDLE_FILENAME = 5,
    FIELD_NOTE = 6,
    FIELD_EXTENDED_STATUS = 7,
};

/* google.protobuf.Any */
enum { FIELD_ANY_TYPE_URL = 1, FIELD_ANY_VALUE = 2 };

static const struct slw_proto_rule start_fields[] = {
    {FIELD_START_BUNDLE_FILENAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(start_rules, start_fields);

static const struct slw_proto_rule status_fields[] = {
    {FIELD_STATE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_RESULT, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_PROGRESS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_TRANSFER_ID, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_BUNDLE_FILENAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_NOTE, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_EXTENDED_STATUS, SLW_PROTO_MESSAGE, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(status_rules, status_fields);

static const struct slw_proto_rule any_fields[] = {
    {FIELD_ANY_TYPE_URL, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_ANY_VALUE, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(any_rules, any_fields);

enum slw_status slw_update_start_request_decode(struct slw_bytes encoded,
                                                struct slw_update_start_request *ret_request)
{
    struct slw_update_start_request request = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &start_rules);
    while (slw_proto_next(&message.proto, &field)) {
        if (field.number == FIELD_START_BUNDLE_FILENAME) {
            request.has_bundle_filename = true;
            request.bundle_filename = slw_message_view(&message, &field);
        }
    }
    SLW_TRY(message.reader.status);
    *ret_request = request;
    return SLW_OK;
}

void slw_update_start_request_encode(struct slw_writer *writer,
                                     const struct slw_update_start_request *request)
{
    if (request->has_bundle_filename) {
        slw_proto_put_bytes_always(writer, FIELD_START_BUNDLE_FILENAME, request->bundle_filename);
    }
}

static void read_any(struct slw_message *message, struct slw_update_status *status)
{
    struct slw_proto_field field;
    slw_proto_enter(&message->proto, &any_rules);
    while (slw_proto_next(&message->proto, &field)) {
        if (field.number == FIELD_ANY_TYPE_URL) {
            status->extended_type = slw_message_view(message, &field);
        } else if (field.number == FIELD_ANY_VALUE) {
            status->extended_value = slw_message_view(message, &field);
        }
    }
}

static void read_field(struct slw_message *message, const struct slw_proto_field *field,
                       struct slw_update_status *status)
{
    uint32_t value = (uint32_t)field->varint;
    switch (field->number) {
    case FIELD_STATE:
        status->state = value;
        break;
    case FIELD_RESULT:
        status->present |= SLW_UPDATE_RESULT;
        status->result = value;
        break;
    case FIELD_PROGRESS:
        status->present |= SLW_UPDATE_PROGRESS;
        status->progress_hundreth_percent = value;
        break;
    case FIELD_TRANSFER_ID:
        status->present |= SLW_UPDATE_TRANSFER_ID;
        status->transfer_id = value;
        break;
    case FIELD_BUNDLE_FILENAME:
        status->present |= SLW_UPDATE_BUNDLE_FILENAME;
        status->bundle_filename = slw_message_view(message, field);
        break;
    case FIELD_NOTE:
        status->present |= SLW_UPDATE_NOTE;
        status->note = slw_message_view(message, field);
        break;
    case FIELD_EXTENDED_STATUS:
        status->present |= SLW_UPDATE_EXTENDED_STATUS;
        read_any(message, status);
        break;
    default:
        break;
    }
}

enum slw_status slw_update_status_decode(struct slw_bytes encoded,
                                         struct slw_update_status *ret_status)
{
    struct slw_update_status status = {0};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &status_rules);
    while (slw_proto_next(&message.proto, &field)) {
        read_field(&message, &field, &status);
    }
    SLW_TRY(message.reader.status);
    *ret_status = status;
    return SLW_OK;
}

void slw_update_status_encode(struct slw_writer *writer, const struct slw_update_status *status)
{
    slw_proto_put_uint(writer, FIELD_STATE, slw_proto_enum(status->state));
    if (slw_update_status_has(status, SLW_UPDATE_RESULT)) {
        slw_proto_put_uint_always(writer, FIELD_RESULT, slw_proto_enum(status->result));
    }
    if (slw_update_status_has(status, SLW_UPDATE_PROGRESS)) {
        slw_proto_put_uint_always(writer, FIELD_PROGRESS, status->progress_hundreth_percent);
    }
    if (slw_update_status_has(status, SLW_UPDATE_TRANSFER_ID)) {
        slw_proto_put_uint_always(writer, FIELD_TRANSFER_ID, status->transfer_id);
    }
    if (slw_update_status_has(status, SLW_UPDATE_BUNDLE_FILENAME)) {
        slw_proto_put_bytes_always(writer, FIELD_BUNDLE_FILENAME, status->bundle_filename);
    }
    if (slw_update_status_has(status, SLW_UPDATE_NOTE)) {
        slw_proto_put_bytes_always(writer, FIELD_NOTE, status->note);
    }
    if (slw_update_status_has(status, SLW_UPDATE_EXTENDED_STATUS)) {
        size_t mark = slw_proto_open(writer, FIELD_EXTENDED_STATUS);
        slw_proto_put_bytes(writer, FIELD_ANY_TYPE_URL, status->extended_type);
        slw_proto_put_bytes(writer, FIELD_ANY_VALUE, status->extended_value);
        slw_proto_close(writer, mark);
    }
}

static const char *const state_names[] = {
    "UNKNOWN",  "INACTIVE", "TRANSFERRING", "TRANSFERRED", "VERIFYING",
    "VERIFIED", "APPLYING", "ABORTING",     "FINISHED",
};

static const char *const result_names[] = {
    "UNKNOWN",         "SUCCESS",       "UNKNOWN_ERROR", "ABORTED",
    "TRANSFER_FAILED", "VERIFY_FAILED", "APPLY_FAILED",
};

const char *slw_update_state_name(uint32_t state)
{
    return state < sizeof state_names / sizeof state_names[0] ? state_names[state] : "unknown";
}

const char *slw_update_result_name(uint32_t result)
{
    return result < sizeof result_names / sizeof result_names[0] ? result_names[result] : "unknown";
}
