/* SPDX-License-Identifier: Apache-2.0 */
/* The strict protobuf reader of proto_reader.h: the one parser of everything that we take in. */
#include "slipway/proto_reader.h"

#include "slipway/checked.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LEN = 2, WIRE_FIXED32 = 5 };

#define VARINT_BYTES_MAX 10

static void malformed(struct slw_proto *proto)
{
    slw_reader_fail(proto->reader, SLW_MALFORMED);
}

/* Up to ten bytes, least significant group first; the tenth can only hold bit 63. */
static uint64_t read_varint(struct slw_proto *proto)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = slw_reader_u8(proto->reader);
        if (i == VARINT_BYTES_MAX - 1 && byte > 1) {
            malformed(proto);
            return 0;
        }
        value |= (uint64_t)(byte & 0x7F) << (7 * i);
        if ((byte & 0x80) == 0) {
            return value;
        }
    }
    malformed(proto);
    return 0;
}

static bool fits(enum slw_proto_type type, uint64_t value)
{
    switch (type) {
    case SLW_PROTO_BOOL:
        return value <= 1;
    case SLW_PROTO_UINT32:
    case SLW_PROTO_FIXED32:
        return value <= UINT32_MAX;
    case SLW_PROTO_INT32:
    case SLW_PROTO_ENUM:
        return value <= INT32_MAX || value >= UINT64_MAX - INT32_MAX;
    case SLW_PROTO_UINT64:
    case SLW_PROTO_INT64:
    case SLW_PROTO_BYTES:
    case SLW_PROTO_STRING:
    case SLW_PROTO_MESSAGE:
        return true;
    }
    return false;
}

static bool is_length_delimited(enum slw_proto_type type)
{
    return type == SLW_PROTO_BYTES || type == SLW_PROTO_STRING || type == SLW_PROTO_MESSAGE;
}

static enum wire_type wire_type_of(enum slw_proto_type type)
{
    if (is_length_delimited(type)) {
        return WIRE_LEN;
    }
    return type == SLW_PROTO_FIXED32 ? WIRE_FIXED32 : WIRE_VARINT;
}

static uint64_t innermost_end(const struct slw_proto *proto)
{
    return proto->levels[proto->depth].end;
}

static void push(struct slw_proto *proto, const struct slw_proto_rules *rules, uint64_t end)
{
    proto->levels[proto->depth].rules = rules;
    proto->levels[proto->depth].end = end;
    proto->levels[proto->depth].seen = 0;
    proto->levels[proto->depth].fields = 0;
    proto->value_end = 0;
    proto->packed_end = 0;
}

void slw_proto_begin(struct slw_proto *proto, struct slw_reader *reader,
                     const struct slw_proto_rules *rules)
{
    proto->reader = reader;
    proto->depth = 0;
    proto->unlimited = false;
    push(proto, rules, reader->end);
}

void slw_proto_enter(struct slw_proto *proto, const struct slw_proto_rules *rules)
{
    if (proto->depth + 1 >= SLW_PROTO_DEPTH_MAX || proto->value_end < proto->reader->position) {
        slw_reader_fail(proto->reader, SLW_BAD_ARGUMENT);
        return;
    }
    uint64_t end = proto->value_end;
    proto->depth++;
    push(proto, rules, end);
}

uint64_t slw_proto_value_left(const struct slw_proto *proto)
{
    if (proto->reader->status != SLW_OK || proto->value_end <= proto->reader->position) {
        return 0;
    }
    return proto->value_end - proto->reader->position;
}

/* Text is checked as it passes; when its last piece did, no character may be left half. */
struct slw_bytes slw_proto_take(struct slw_proto *proto)
{
    struct slw_bytes piece = slw_reader_take(proto->reader, slw_proto_value_left(proto));
    if (!proto->value_is_text || proto->reader->status != SLW_OK) {
        return piece;
    }
    bool last = slw_proto_value_left(proto) == 0;
    if (!slw_utf8_accept(&proto->text, piece) || (last && !slw_utf8_complete(&proto->text))) {
        malformed(proto);
        return slw_bytes_make(NULL, 0);
    }
    return piece;
}

/* Text is read and checked even when nobody wants it; anything else may be jumped over. */
static void finish_value(struct slw_proto *proto)
{
    while (slw_proto_value_left(proto) > 0 && proto->value_is_text) {
        (void)slw_proto_take(proto);
    }
    slw_reader_skip(proto->reader, slw_proto_value_left(proto));
    proto->value_end = 0;
}

void slw_proto_copy(struct slw_proto *proto, uint8_t *destination, size_t capacity)
{
    size_t copied = 0;
    while (copied < capacity && slw_proto_value_left(proto) > 0) {
        struct slw_bytes piece = slw_proto_take(proto);
        size_t len = slw_min_size(piece.len, capacity - copied);
        if (len > 0) {
            memcpy(destination + copied, piece.ptr, len);
            copied += len;
        }
    }
    finish_value(proto);
}

bool slw_proto_value_equals(struct slw_proto *proto, const struct slw_proto_field *field,
                            struct slw_bytes wanted)
{
    bool equal = field->length == wanted.len && slw_proto_value_left(proto) == wanted.len;
    size_t compared = 0;
    while (equal && slw_proto_value_left(proto) > 0) {
        struct slw_bytes piece = slw_proto_take(proto);
        equal = slw_bytes_equal(piece, slw_bytes_make(wanted.ptr + compared, piece.len));
        compared += piece.len;
    }
    finish_value(proto);
    return equal && proto->reader->status == SLW_OK;
}

static const struct slw_proto_rule *find_rule(const struct slw_proto *proto, uint32_t number,
                                              size_t *ret_index)
{
    const struct slw_proto_rules *rules = proto->levels[proto->depth].rules;
    for (size_t i = 0; i < rules->count && i < SLW_PROTO_RULES_MAX; i++) {
        if (rules->fields[i].number == number) {
            *ret_index = i;
            return &rules->fields[i];
        }
    }
    return NULL;
}

static bool start_length_delimited(struct slw_proto *proto, struct slw_proto_field *field)
{
    uint64_t length = read_varint(proto);
    if (proto->reader->status != SLW_OK) {
        return false;
    }
    if (proto->reader->position > innermost_end(proto) ||
        length > innermost_end(proto) - proto->reader->position) {
        malformed(proto);
        return false;
    }
    field->offset = proto->reader->position;
    field->length = length;
    proto->value_end = proto->reader->position + length;
    proto->text = (struct slw_utf8){0};
    return true;
}

static bool read_unknown(struct slw_proto *proto, unsigned wire, struct slw_proto_field *field)
{
    switch (wire) {
    case WIRE_VARINT:
        field->varint = read_varint(proto);
        break;
    case WIRE_FIXED64:
        slw_reader_skip(proto->reader, 8);
        break;
    case WIRE_FIXED32:
        slw_reader_skip(proto->reader, 4);
        break;
    case WIRE_LEN:
        proto->value_is_text = false;
        return start_length_delimited(proto, field);
    default:
        malformed(proto);
        break;
    }
    return proto->reader->status == SLW_OK;
}

static bool read_scalar(struct slw_proto *proto, const struct slw_proto_rule *rule,
                        struct slw_proto_field *field)
{
    if (rule->type == SLW_PROTO_FIXED32) {
        uint8_t bytes[4] = {0};
        slw_reader_copy(proto->reader, bytes, sizeof bytes);
        field->varint = slw_get_u32_le(bytes);
    } else {
        field->varint = read_varint(proto);
    }
    if (!fits(rule->type, field->varint)) {
        malformed(proto);
    }
    return proto->reader->status == SLW_OK;
}

static bool read_packed(struct slw_proto *proto, struct slw_proto_field *field)
{
    *field = (struct slw_proto_field){.number = proto->packed_rule->number, .known = true};
    if (!read_scalar(proto, proto->packed_rule, field)) {
        return false;
    }
    if (proto->reader->position > proto->packed_end) {
        malformed(proto);
        return false;
    }
    return true;
}

/* Returns false, without an error, when the field was an empty packed one: there is no element. */
static bool read_known(struct slw_proto *proto, const struct slw_proto_rule *rule, unsigned wire,
                       struct slw_proto_field *field)
{
    if (wire == wire_type_of(rule->type)) {
        if (!is_length_delimited(rule->type)) {
            return read_scalar(proto, rule, field);
        }
        proto->value_is_text = rule->type == SLW_PROTO_STRING;
        return start_length_delimited(proto, field);
    }
    bool packed = wire == WIRE_LEN && rule->label == SLW_PROTO_REPEATED;
    if (!packed || is_length_delimited(rule->type)) {
        malformed(proto);
        return false;
    }
    if (!start_length_delimited(proto, field)) {
        return false;
    }
    proto->packed_end = proto->value_end;
    proto->packed_rule = rule;
    proto->value_end = 0;
    return proto->reader->position < proto->packed_end && read_packed(proto, field);
}

/* Reads a tag and its value's head. False without an error: nothing to return, go on. */
static bool read_field(struct slw_proto *proto, struct slw_proto_field *field)
{
    uint64_t start = proto->reader->position;
    uint64_t tag = read_varint(proto);
    uint64_t number = tag >> 3;
    if (number == 0 || number > SLW_PROTO_FIELD_NUMBER_MAX) {
        malformed(proto);
    }
    if (proto->reader->status != SLW_OK) {
        return false;
    }
    *field = (struct slw_proto_field){.number = (uint32_t)number, .start = start};
    size_t index = 0;
    const struct slw_proto_rule *rule = find_rule(proto, field->number, &index);
    if (rule == NULL) {
        return read_unknown(proto, tag & 7, field);
    }
    uint32_t bit = (uint32_t)1 << index;
    if (rule->label == SLW_PROTO_SINGULAR && (proto->levels[proto->depth].seen & bit) != 0) {
        malformed(proto);
        return false;
    }
    proto->levels[proto->depth].seen |= bit;
    field->known = true;
    return read_known(proto, rule, tag & 7, field);
}

/* A varint or fixed value may not reach beyond its message, though the reader has more bytes. */
static bool inside_message(struct slw_proto *proto)
{
    if (proto->reader->position > innermost_end(proto)) {
        malformed(proto);
    }
    return proto->reader->status == SLW_OK;
}

static void count_field(struct slw_proto *proto)
{
    bool limited = proto->depth > 0 || !proto->unlimited;
    if (limited && ++proto->levels[proto->depth].fields > SLW_PROTO_FIELDS_MAX) {
        slw_reader_fail(proto->reader, SLW_TOO_LARGE);
    }
}

bool slw_proto_next(struct slw_proto *proto, struct slw_proto_field *ret_field)
{
    struct slw_proto_field field = {0};
    finish_value(proto);
    while (proto->reader->status == SLW_OK) {
        if (proto->reader->position < proto->packed_end) {
            count_field(proto);
            if (!read_packed(proto, &field)) {
                return false;
            }
            *ret_field = field;
            return true;
        }
        if (proto->reader->position >= innermost_end(proto)) {
            if (proto->depth > 0) {
                proto->depth--;
            }
            return false;
        }
        count_field(proto);
        if (read_field(proto, &field) && inside_message(proto)) {
            *ret_field = field;
            return true;
        }
        (void)inside_message(proto);
    }
    return false;
}
