/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of test_oracle.h, by the descriptors that protoc-c generates. */
#include "test_oracle.h"

#include <stdlib.h>

#define REPEATED_MAX 4u
#define TEXT_SIZE_MAX 300u

uint32_t oracle_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void *allocate(size_t size)
{
    void *memory = calloc(1, size > 0 ? size : 1);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static ProtobufCMessage *make_empty(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = allocate(type->sizeof_message);
    type->message_init(message);
    return message;
}

void oracle_free(ProtobufCMessage *message)
{
    if (message != NULL) {
        protobuf_c_message_free_unpacked(message, NULL);
    }
}

static bool is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static void *member_of(ProtobufCMessage *message, unsigned offset)
{
    return (uint8_t *)(void *)message + offset;
}

static const void *const_member_of(const ProtobufCMessage *message, unsigned offset)
{
    return (const uint8_t *)(const void *)message + offset;
}

/* Of the types that spec/ uses. */
static size_t size_of(const ProtobufCFieldDescriptor *field)
{
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_INT64:
        return sizeof(uint64_t);
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
        return sizeof(char *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(ProtobufCMessage *);
    default:
        return sizeof(uint32_t);
    }
}

/* A place for one more value of the field: the next of an array, or its only one. */
static void *place_for_value(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *count = member_of(message, field->quantifier_offset);
        uint8_t **values = member_of(message, field->offset);
        uint8_t *grown = realloc(*values, (*count + 1) * size_of(field));
        if (grown == NULL) {
            abort();
        }
        *values = grown;
        return grown + (*count)++ * size_of(field);
    }
    if (is_oneof(field)) {
        *(uint32_t *)member_of(message, field->quantifier_offset) = field->id;
    }
    return member_of(message, field->offset);
}

static void store_number(void *place, const ProtobufCFieldDescriptor *field, uint64_t number)
{
    if (field->type == PROTOBUF_C_TYPE_BOOL) {
        *(protobuf_c_boolean *)place = number != 0;
    } else if (size_of(field) == sizeof(uint64_t)) {
        *(uint64_t *)place = number;
    } else {
        *(uint32_t *)place = (uint32_t)number;
    }
}

static void store_bytes(void *place, const ProtobufCFieldDescriptor *field, struct slw_bytes bytes)
{
    uint8_t *copy = allocate(bytes.len + 1);
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        *(uint8_t **)place = copy;
    } else {
        *(ProtobufCBinaryData *)place = (ProtobufCBinaryData){bytes.len, copy};
    }
}

/* Making */

static uint64_t random_number(uint32_t *seed)
{
    static const uint64_t edges[] = {
        0,          1,
        127,        128,
        16383,      16384,
        INT32_MAX,  0x80000000,
        UINT32_MAX, UINT64_C(1) << 32,
        INT64_MAX,  UINT64_C(1) << 63,
        UINT64_MAX, UINT64_MAX - INT32_MAX,
    };
    uint32_t random = oracle_random(seed);
    if (random % 3 == 0) {
        return edges[(random >> 8) % (sizeof edges / sizeof edges[0])];
    }
    uint64_t wide = (uint64_t)oracle_random(seed) << 32 | oracle_random(seed);
    return wide >> (random >> 8) % 64;
}

/* Text of one- to four-byte characters without zeros, or any bytes. */
static struct slw_bytes random_bytes(bool text, uint8_t buffer[static TEXT_SIZE_MAX + 4],
                                     uint32_t *seed)
{
    static const char *const characters[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    size_t wanted = oracle_random(seed) % (oracle_random(seed) % 8 == 0 ? TEXT_SIZE_MAX : 40);
    size_t len = 0;
    while (len < wanted) {
        uint32_t random = oracle_random(seed);
        if (!text) {
            buffer[len++] = (uint8_t)random;
            continue;
        }
        for (const char *at = characters[random % 4]; *at != '\0'; at++) {
            buffer[len++] = (uint8_t)*at;
        }
    }
    return slw_bytes_make(buffer, len);
}

static void make_value(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       uint32_t *seed)
{
    uint8_t buffer[TEXT_SIZE_MAX + 4];
    void *place = place_for_value(message, field);
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        *(ProtobufCMessage **)place = oracle_make(field->descriptor, seed);
        break;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        store_bytes(place, field,
                    random_bytes(field->type == PROTOBUF_C_TYPE_STRING, buffer, seed));
        break;
    default:
        store_number(place, field, random_number(seed));
        break;
    }
}

ProtobufCMessage *oracle_make(const ProtobufCMessageDescriptor *type, uint32_t *seed)
{
    ProtobufCMessage *message = make_empty(type);
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
        uint32_t count = oracle_random(seed) % (repeated ? REPEATED_MAX + 1 : 2);
        for (uint32_t k = 0; k < count; k++) {
            make_value(message, field, seed);
        }
    }
    return message;
}

uint8_t *oracle_pack(const ProtobufCMessage *message, struct slw_bytes *ret_view)
{
    uint8_t *bytes = allocate(protobuf_c_message_get_packed_size(message));
    *ret_view = slw_bytes_make(bytes, protobuf_c_message_pack(message, bytes));
    return bytes;
}

bool oracle_equal(const ProtobufCMessage *left, const ProtobufCMessage *right)
{
    struct slw_bytes left_view;
    struct slw_bytes right_view;
    uint8_t *left_bytes = oracle_pack(left, &left_view);
    uint8_t *right_bytes = oracle_pack(right, &right_view);
    bool equal = slw_bytes_equal(left_view, right_view);
    free(left_bytes);
    free(right_bytes);
    return equal;
}

/* How many values of the field there are, and the first of them. */
static size_t values_of(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                        const uint8_t **ret_first)
{
    const void *member = const_member_of(message, field->offset);
    *ret_first = member;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        *ret_first = *(uint8_t *const *)member;
        return *(const size_t *)const_member_of(message, field->quantifier_offset);
    }
    if (is_oneof(field)) {
        return *(const uint32_t *)const_member_of(message, field->quantifier_offset) == field->id
                   ? 1
                   : 0;
    }
    bool absent = field->type == PROTOBUF_C_TYPE_MESSAGE && *(void *const *)member == NULL;
    return absent ? 0 : 1;
}

static void forget_unknown(ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        free(message->unknown_fields[i].data);
    }
    free(message->unknown_fields);
    message->unknown_fields = NULL;
    message->n_unknown_fields = 0;
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const uint8_t *first = NULL;
        size_t count = values_of(message, field, &first);
        for (size_t k = 0; field->type == PROTOBUF_C_TYPE_MESSAGE && k < count; k++) {
            forget_unknown(((ProtobufCMessage *const *)(const void *)first)[k]);
        }
    }
}

ProtobufCMessage *oracle_unpack(const ProtobufCMessageDescriptor *type, struct slw_bytes bytes)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, bytes.len, bytes.ptr);
    if (message != NULL) {
        forget_unknown(message);
    }
    return message;
}

/* Reading with ours */

static void read_message(struct slw_proto *proto, ProtobufCMessage *message,
                         oracle_rules_of *rules_of);

static void read_value(struct slw_proto *proto, const struct slw_proto_field *found,
                       ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       oracle_rules_of *rules_of)
{
    void *place = place_for_value(message, field);
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        ProtobufCMessage *inner = make_empty(field->descriptor);
        *(ProtobufCMessage **)place = inner;
        slw_proto_enter(proto, rules_of(field->descriptor));
        read_message(proto, inner, rules_of);
    } else if (field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES) {
        uint8_t *copy = allocate((size_t)found->length);
        slw_proto_copy(proto, copy, (size_t)found->length);
        store_bytes(place, field, slw_bytes_make(copy, (size_t)found->length));
        free(copy);
    } else {
        store_number(place, field, found->varint);
    }
}

static void read_message(struct slw_proto *proto, ProtobufCMessage *message,
                         oracle_rules_of *rules_of)
{
    struct slw_proto_field found;
    while (slw_proto_next(proto, &found)) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(message->descriptor, found.number);
        if (field != NULL) {
            read_value(proto, &found, message, field, rules_of);
        }
    }
}

ProtobufCMessage *oracle_read(const ProtobufCMessageDescriptor *type, oracle_rules_of *rules_of,
                              struct slw_reader *reader)
{
    struct slw_proto proto;
    ProtobufCMessage *message = make_empty(type);
    slw_proto_begin(&proto, reader, rules_of(type));
    read_message(&proto, message, rules_of);
    if (reader->status != SLW_OK) {
        oracle_free(message);
        return NULL;
    }
    return message;
}

/* Writing with ours */

static uint64_t number_at(const void *place, const ProtobufCFieldDescriptor *field)
{
    if (size_of(field) == sizeof(uint64_t)) {
        return *(const uint64_t *)place;
    }
    uint32_t number = *(const uint32_t *)place;
    bool is_signed = field->type == PROTOBUF_C_TYPE_INT32 || field->type == PROTOBUF_C_TYPE_ENUM;
    return is_signed ? (uint64_t)(int64_t)(int32_t)number : number;
}

static struct slw_bytes bytes_at(const void *place, const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_BYTES) {
        const ProtobufCBinaryData *data = place;
        return slw_bytes_make(data->data, data->len);
    }
    const char *text = *(const char *const *)place;
    return slw_bytes_make(text, strlen(text));
}

/* always: also what is 0 or empty, since somebody set it. */
static void write_value(struct slw_writer *writer, const ProtobufCFieldDescriptor *field,
                        const void *place, bool always)
{
    size_t mark;
    switch ((int)field->type) {
    case PROTOBUF_C_TYPE_MESSAGE:
        mark = slw_proto_open(writer, field->id);
        oracle_write(writer, *(const ProtobufCMessage *const *)place);
        slw_proto_close(writer, mark);
        break;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
        (always ? slw_proto_put_bytes_always : slw_proto_put_bytes)(writer, field->id,
                                                                    bytes_at(place, field));
        break;
    case PROTOBUF_C_TYPE_FIXED32:
        slw_proto_put_fixed32(writer, field->id, *(const uint32_t *)place);
        break;
    default:
        (always ? slw_proto_put_uint_always : slw_proto_put_uint)(writer, field->id,
                                                                  number_at(place, field));
        break;
    }
}

void oracle_write(struct slw_writer *writer, const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        const uint8_t *first = NULL;
        size_t count = values_of(message, field, &first);
        bool always = field->label == PROTOBUF_C_LABEL_REPEATED || is_oneof(field);
        bool packed = (field->flags & PROTOBUF_C_FIELD_FLAG_PACKED) != 0 && count > 0;
        size_t mark = packed ? slw_proto_open(writer, field->id) : 0;
        for (size_t k = 0; k < count; k++) {
            const void *place = first + k * size_of(field);
            if (packed) {
                slw_proto_put_varint(writer, number_at(place, field));
            } else {
                write_value(writer, field, place, always);
            }
        }
        if (packed) {
            slw_proto_close(writer, mark);
        }
    }
}

/* Mutating */

static size_t mutate_once(uint8_t *bytes, size_t len, size_t capacity, uint32_t *seed)
{
    static const uint8_t edges[] = {0x00, 0x01, 0x7F, 0x80, 0xFF, 0x08, 0x0A, 0x12, 0x1A};
    uint32_t how = oracle_random(seed) % 7;
    size_t at = oracle_random(seed) % (len + 1);
    size_t count = 1 + oracle_random(seed) % 8;
    uint32_t random = oracle_random(seed);
    if (how == 0 && at < len) {
        bytes[at] ^= (uint8_t)(1u << random % 8);
    } else if (how == 1 && at < len) {
        bytes[at] = (uint8_t)random;
    } else if (how == 2 && at < len) {
        bytes[at] = edges[random % sizeof edges];
    } else if (how == 3) {
        return at;
    } else if (how == 4 && at + count <= len) {
        memmove(bytes + at, bytes + at + count, len - at - count);
        return len - count;
    } else if (how >= 5 && len + count <= capacity && at + count <= len) {
        /* Twice the same bytes, or new ones. */
        memmove(bytes + at + count, bytes + at, len - at);
        for (size_t i = 0; how == 6 && i < count; i++) {
            bytes[at + i] = edges[oracle_random(seed) % sizeof edges];
        }
        return len + count;
    }
    return len;
}

size_t oracle_mutate(uint8_t *bytes, size_t len, size_t capacity, uint32_t *seed)
{
    uint32_t times = 1 + oracle_random(seed) % 3;
    for (uint32_t i = 0; i < times; i++) {
        len = mutate_once(bytes, len, capacity, seed);
    }
    return len;
}

bool oracle_may_have_long_heads(struct slw_bytes bytes)
{
    size_t in_a_row = 0;
    for (size_t i = 0; i < bytes.len && in_a_row < 5; i++) {
        in_a_row = (bytes.ptr[i] & 0x80) != 0 ? in_a_row + 1 : 0;
    }
    return in_a_row >= 5;
}
