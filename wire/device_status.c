/* SPDX-License-Identifier: Apache-2.0 */
/* The codec of device_status.h. */
#include "slipway/device_status.h"

#include "message.h"
#include "slipway/proto_writer.h"

enum {
    FIELD_REASON = 1,
    FIELD_ROLE = 2,
    FIELD_KEY_ID = 3,
    FIELD_TARGET = 4,
    FIELD_DETAIL = 5,
    FIELD_TARGETS_VERSION = 6,
    FIELD_ROOT_VERSION = 7,
    FIELD_TARGETS_METADATA_SHA256 = 8,
    FIELD_SLOTS = 9,
    FIELD_WAITING_FOR_CONSENT = 10,
};

enum {
    FIELD_SLOT_NAME = 1,
    FIELD_SLOT_ACTIVE = 2,
    FIELD_SLOT_VERSION = 3,
    FIELD_SLOT_SHA256 = 4,
    FIELD_SLOT_TRIAL = 5,
    FIELD_SLOT_CONFIRMED = 6,
};

/* Of BundledUpdateStatus, and of the google.protobuf.Any in it. */
enum { FIELD_EXTENDED_STATUS = 7, FIELD_ANY_TYPE_URL = 1, FIELD_ANY_VALUE = 2 };

static const struct slw_proto_rule device_fields[] = {
    {FIELD_REASON, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_ROLE, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_KEY_ID, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_TARGET, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_DETAIL, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_TARGETS_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_ROOT_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_TARGETS_METADATA_SHA256, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_SLOTS, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
    {FIELD_WAITING_FOR_CONSENT, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(device_rules, device_fields);

static const struct slw_proto_rule slot_fields[] = {
    {FIELD_SLOT_NAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_SLOT_ACTIVE, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_SLOT_VERSION, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_SLOT_SHA256, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_SLOT_TRIAL, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
    {FIELD_SLOT_CONFIRMED, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
};
SLW_MESSAGE_RULES(slot_rules, slot_fields);

static void read_slot(struct slw_message *message, struct slw_device_slot *slot)
{
    struct slw_proto_field field;
    *slot = (struct slw_device_slot){0};
    slw_proto_enter(&message->proto, &slot_rules);
    while (slw_proto_next(&message->proto, &field)) {
        switch (field.number) {
        case FIELD_SLOT_NAME:
            slot->name = slw_message_view(message, &field);
            break;
        case FIELD_SLOT_ACTIVE:
            slot->active = slw_message_view(message, &field);
            break;
        case FIELD_SLOT_VERSION:
            slot->version = (uint32_t)field.varint;
            break;
        case FIELD_SLOT_SHA256:
            slot->sha256 = slw_message_view(message, &field);
            break;
        case FIELD_SLOT_TRIAL:
            slot->trial = field.varint != 0;
            break;
        case FIELD_SLOT_CONFIRMED:
            slot->confirmed = field.varint != 0;
            break;
        default:
            break;
        }
    }
}

static void read_scalar(const struct slw_proto_field *field, struct slw_device_status *device)
{
    if (field->number == FIELD_TARGETS_VERSION) {
        device->targets_version = (uint32_t)field->varint;
    } else if (field->number == FIELD_ROOT_VERSION) {
        device->root_version = (uint32_t)field->varint;
    } else if (field->number == FIELD_WAITING_FOR_CONSENT) {
        device->waiting_for_consent = field->varint != 0;
    }
}

static struct slw_bytes *view_of(struct slw_device_status *device, uint32_t number)
{
    switch (number) {
    case FIELD_REASON:
        return &device->reason;
    case FIELD_ROLE:
        return &device->role;
    case FIELD_KEY_ID:
        return &device->key_id;
    case FIELD_TARGET:
        return &device->target;
    case FIELD_DETAIL:
        return &device->detail;
    case FIELD_TARGETS_METADATA_SHA256:
        return &device->targets_metadata_sha256;
    default:
        return NULL;
    }
}

enum slw_status slw_device_status_decode(struct slw_bytes encoded, struct slw_device_slot *slots,
                                         size_t capacity, struct slw_device_status *ret_device)
{
    struct slw_device_status device = {.slots = slots};
    struct slw_message message;
    struct slw_proto_field field;
    slw_message_begin(&message, encoded, &device_rules);
    while (slw_proto_next(&message.proto, &field)) {
        struct slw_bytes *view = view_of(&device, field.number);
        if (view != NULL) {
            *view = slw_message_view(&message, &field);
        } else if (field.number != FIELD_SLOTS) {
            read_scalar(&field, &device);
        } else if (device.slots_count == capacity) {
            return SLW_NO_SPACE;
        } else {
            read_slot(&message, &slots[device.slots_count++]);
        }
    }
    SLW_TRY(message.reader.status);
    *ret_device = device;
    return SLW_OK;
}

static void put_slot(struct slw_writer *writer, const struct slw_device_slot *slot)
{
    size_t mark = slw_proto_open(writer, FIELD_SLOTS);
    slw_proto_put_bytes(writer, FIELD_SLOT_NAME, slot->name);
    slw_proto_put_bytes(writer, FIELD_SLOT_ACTIVE, slot->active);
    slw_proto_put_uint(writer, FIELD_SLOT_VERSION, slot->version);
    slw_proto_put_bytes(writer, FIELD_SLOT_SHA256, slot->sha256);
    slw_proto_put_uint(writer, FIELD_SLOT_TRIAL, slot->trial);
    slw_proto_put_uint(writer, FIELD_SLOT_CONFIRMED, slot->confirmed);
    slw_proto_close(writer, mark);
}

void slw_device_status_encode(struct slw_writer *writer, const struct slw_device_status *device)
{
    slw_proto_put_bytes(writer, FIELD_REASON, device->reason);
    slw_proto_put_bytes(writer, FIELD_ROLE, device->role);
    slw_proto_put_bytes(writer, FIELD_KEY_ID, device->key_id);
    slw_proto_put_bytes(writer, FIELD_TARGET, device->target);
    slw_proto_put_bytes(writer, FIELD_DETAIL, device->detail);
    slw_proto_put_uint(writer, FIELD_TARGETS_VERSION, device->targets_version);
    slw_proto_put_uint(writer, FIELD_ROOT_VERSION, device->root_version);
    slw_proto_put_bytes(writer, FIELD_TARGETS_METADATA_SHA256, device->targets_metadata_sha256);
    for (size_t i = 0; i < device->slots_count; i++) {
        put_slot(writer, &device->slots[i]);
    }
    slw_proto_put_uint(writer, FIELD_WAITING_FOR_CONSENT, device->waiting_for_consent);
}

void slw_device_status_put_extended(struct slw_writer *writer,
                                    const struct slw_device_status *device)
{
    size_t any = slw_proto_open(writer, FIELD_EXTENDED_STATUS);
    slw_proto_put_bytes(writer, FIELD_ANY_TYPE_URL, SLW_BYTES_OF(SLW_DEVICE_STATUS_TYPE_URL));
    size_t value = slw_proto_open(writer, FIELD_ANY_VALUE);
    slw_device_status_encode(writer, device);
    slw_proto_close(writer, value);
    slw_proto_close(writer, any);
}

bool slw_device_status_is_extended(const struct slw_update_status *status)
{
    return slw_update_status_has(status, SLW_UPDATE_EXTENDED_STATUS) &&
           slw_bytes_equal(status->extended_type, SLW_BYTES_OF(SLW_DEVICE_STATUS_TYPE_URL));
}
