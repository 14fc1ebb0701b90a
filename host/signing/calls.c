/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of the signing protocol: which fields each kind has, as a table that reading and writing
 * both go by, and the parts of a long envelope. See slipway/signer_protocol.h.
 */
#include "protocol.h"

#include "slipway/checked.h"
#include "slipway/proto_writer.h"

enum {
    FIELD_NUMBER = 1,
    FIELD_KIND = 2,
    FIELD_DIGEST = 3,
    FIELD_POSITION = 4,
    FIELD_VALUE = 5,
    FIELD_TEXT = 6,
    FIELD_BYTES = 7,
    FIELD_MORE = 8,
};

static const struct slw_proto_rule call_fields[] = {
    {FIELD_NUMBER, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_KIND, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_DIGEST, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_POSITION, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_VALUE, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_TEXT, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_BYTES, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_MORE, SLW_PROTO_BOOL, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules call_rules = {call_fields,
                                                  sizeof call_fields / sizeof call_fields[0]};

enum presence { ABSENT, OPTIONAL, PRESENT };

struct shape {
    enum presence digest, position, value, text, bytes;
    uint32_t value_min, value_max;
};

/* A position of 0 is left out on the wire, so where there is one it is optional. */
static const struct shape shapes[SLW_SIGNER_KINDS_END] = {
    [SLW_SIGNER_SUBMIT] = {.bytes = PRESENT},
    [SLW_SIGNER_UPLOAD] = {.digest = PRESENT, .position = OPTIONAL, .bytes = PRESENT},
    [SLW_SIGNER_UPLOADED] = {.digest = PRESENT},
    [SLW_SIGNER_SHOW] = {.digest = PRESENT},
    [SLW_SIGNER_LIST] = {OPTIONAL, ABSENT, PRESENT, ABSENT, ABSENT, 1, SLW_SIGNER_LIST_MAX},
    [SLW_SIGNER_BLOB] = {PRESENT, OPTIONAL, PRESENT, ABSENT, ABSENT, 1, SLW_SIGNER_PROOF},
    [SLW_SIGNER_LOG] = {.position = OPTIONAL, .text = PRESENT},
    [SLW_SIGNER_COSIGNED] = {ABSENT, PRESENT, OPTIONAL, PRESENT, OPTIONAL, 0, 599},
    [SLW_SIGNER_POLL] = {.digest = ABSENT},
    [SLW_SIGNER_ADD_CHECKPOINT] = {.bytes = PRESENT},
    [SLW_SIGNER_HEALTH] = {.digest = ABSENT},
};

static bool fits(enum presence wanted, bool there)
{
    return wanted == OPTIONAL || (wanted == PRESENT) == there;
}

/* Whether a call has exactly the fields of its kind; SLW_OK, SLW_MALFORMED or SLW_TOO_LARGE. */
static enum slw_status check_shape(const struct slw_signer_call *call)
{
    const struct slw_signer_rule *rule = slw_signer_rule_find(call->kind);
    if (rule == NULL || call->number == 0) {
        return SLW_MALFORMED;
    }
    const struct shape *shape = &shapes[call->kind];
    bool good = fits(shape->digest, call->has_digest) &&
                fits(shape->position, call->position != 0) &&
                fits(shape->value, call->value != 0) && fits(shape->text, call->text.len > 0) &&
                fits(shape->bytes, call->bytes.len > 0) &&
                (!call->more || call->kind == SLW_SIGNER_SUBMIT) &&
                (shape->value == ABSENT ||
                 (call->value >= shape->value_min && call->value <= shape->value_max)) &&
                slw_signer_text_is_good(call->text);
    if (!good) {
        return SLW_MALFORMED;
    }
    return call->bytes.len > rule->bytes_max || call->text.len > SLW_SIGNER_TEXT_SIZE_MAX
               ? SLW_TOO_LARGE
               : SLW_OK;
}

enum slw_status slw_signer_call_encode(const struct slw_signer_call *call, uint8_t *packet,
                                       struct slw_bytes *ret_message)
{
    struct slw_writer writer;
    enum slw_status status = check_shape(call);
    if (status != SLW_OK) {
        return status == SLW_MALFORMED ? SLW_BAD_ARGUMENT : status;
    }
    slw_writer_init(&writer, packet, SLW_SIGNER_PACKET_SIZE_MAX);
    slw_proto_put_uint(&writer, FIELD_NUMBER, call->number);
    slw_proto_put_uint(&writer, FIELD_KIND, (uint64_t)call->kind);
    if (call->has_digest) {
        slw_proto_put_bytes(&writer, FIELD_DIGEST,
                            slw_bytes_make(call->digest, sizeof call->digest));
    }
    slw_proto_put_uint(&writer, FIELD_POSITION, call->position);
    slw_proto_put_uint(&writer, FIELD_VALUE, call->value);
    slw_proto_put_bytes(&writer, FIELD_TEXT, call->text);
    slw_proto_put_bytes(&writer, FIELD_BYTES, call->bytes);
    slw_proto_put_uint(&writer, FIELD_MORE, call->more ? 1 : 0);
    SLW_TRY(writer.status);
    *ret_message = slw_writer_written(&writer);
    return SLW_OK;
}

static void read_field(struct slw_signer_packet *packet, const struct slw_proto_field *field,
                       struct slw_signer_call *call)
{
    switch (field->number) {
    case FIELD_NUMBER:
        call->number = field->varint;
        break;
    case FIELD_KIND:
        call->kind = (enum slw_signer_kind)(uint32_t)field->varint;
        break;
    case FIELD_DIGEST:
        call->has_digest = true;
        slw_signer_packet_exact(packet, field, call->digest, sizeof call->digest);
        break;
    case FIELD_POSITION:
        call->position = field->varint;
        break;
    case FIELD_VALUE:
        call->value = (uint32_t)field->varint;
        break;
    case FIELD_TEXT:
        call->text = slw_signer_packet_view(packet, field, SLW_SIGNER_TEXT_SIZE_MAX);
        break;
    case FIELD_BYTES:
        call->bytes = slw_signer_packet_view(packet, field, SLW_SIGNER_PIECE_SIZE_MAX);
        break;
    default:
        call->more = field->varint != 0;
        break;
    }
}

enum slw_status slw_signer_call_decode(struct slw_bytes packet, struct slw_signer_call *ret_call,
                                       struct slw_detail *detail)
{
    struct slw_signer_call call = {0};
    struct slw_signer_packet reading;
    struct slw_proto_field field;
    slw_signer_packet_begin(&reading, packet, &call_rules);
    while (slw_signer_packet_next(&reading, &field)) {
        read_field(&reading, &field, &call);
    }
    SLW_TRY(slw_signer_packet_end(&reading, "call", detail));
    enum slw_status status = check_shape(&call);
    if (status != SLW_OK) {
        const struct slw_signer_rule *rule = slw_signer_rule_find(call.kind);
        return slw_explain(detail, status, "call %s: not the fields of its kind",
                           rule != NULL ? rule->name : "of a kind that isn't known");
    }
    *ret_call = call;
    return SLW_OK;
}

static enum slw_status join_part(struct slw_signer_joiner *joiner, struct slw_signer_call *call,
                                 struct slw_detail *detail)
{
    if (joiner->number == 0) {
        joiner->parts.len = 0;
        joiner->number = call->number;
    }
    if (call->bytes.len > SLW_SIGNER_STATEMENT_SIZE_MAX - joiner->parts.len) {
        return slw_explain(detail, SLW_TOO_LARGE, "call SUBMIT: an envelope of over %u bytes",
                           SLW_SIGNER_STATEMENT_SIZE_MAX);
    }
    slw_heap_append(&joiner->parts, call->bytes);
    if (joiner->parts.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    if (!call->more) {
        call->bytes = slw_heap_bytes(&joiner->parts);
        joiner->number = 0;
    }
    return SLW_OK;
}

enum slw_status slw_signer_joiner_accept(struct slw_signer_joiner *joiner,
                                         struct slw_signer_call *call, bool *ret_complete,
                                         struct slw_detail *detail)
{
    bool going_on = joiner->number != 0;
    if (going_on && (call->kind != SLW_SIGNER_SUBMIT || call->number != joiner->number)) {
        return slw_explain(detail, SLW_MALFORMED,
                           "call %s: stands between the parts of an envelope",
                           slw_signer_rule_find(call->kind)->name);
    }
    if (going_on || call->more) {
        SLW_TRY(join_part(joiner, call, detail));
    }
    *ret_complete = !call->more;
    return SLW_OK;
}

void slw_signer_joiner_free(struct slw_signer_joiner *joiner)
{
    slw_heap_drop(&joiner->parts);
    *joiner = (struct slw_signer_joiner){0};
}
