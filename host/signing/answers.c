/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the signing protocol: which fields each kind may have, as a table that reading and
 * writing both go by. See slipway/signer_protocol.h.
 */
#include "protocol.h"

#include "slipway/proto_writer.h"

enum {
    FIELD_NUMBER = 1,
    FIELD_KIND = 2,
    FIELD_STATE = 3,
    FIELD_ID = 4,
    FIELD_REASON = 5,
    FIELD_DETAIL = 6,
    FIELD_LENGTH = 7,
    FIELD_TOTAL = 8,
    FIELD_BYTES = 9,
    FIELD_STATUS = 10,
    FIELD_WORK = 11,
};

enum { FIELD_WORK_SIZE = 1, FIELD_WORK_NAME = 2, FIELD_WORK_URL = 3, FIELD_WORK_BODY = 4 };

static const struct slw_proto_rule answer_fields[] = {
    {FIELD_NUMBER, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_KIND, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_STATE, SLW_PROTO_ENUM, SLW_PROTO_SINGULAR},
    {FIELD_ID, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_REASON, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_DETAIL, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_LENGTH, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_TOTAL, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_BYTES, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
    {FIELD_STATUS, SLW_PROTO_UINT32, SLW_PROTO_SINGULAR},
    {FIELD_WORK, SLW_PROTO_MESSAGE, SLW_PROTO_REPEATED},
};
static const struct slw_proto_rules answer_rules = {answer_fields,
                                                    sizeof answer_fields / sizeof answer_fields[0]};

static const struct slw_proto_rule work_fields[] = {
    {FIELD_WORK_SIZE, SLW_PROTO_UINT64, SLW_PROTO_SINGULAR},
    {FIELD_WORK_NAME, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_WORK_URL, SLW_PROTO_STRING, SLW_PROTO_SINGULAR},
    {FIELD_WORK_BODY, SLW_PROTO_BYTES, SLW_PROTO_SINGULAR},
};
static const struct slw_proto_rules work_rules = {work_fields,
                                                  sizeof work_fields / sizeof work_fields[0]};

/* What an answer that refuses nothing may have beside number and kind. */
enum {
    HAS_ID = 1,     /* and must have it, and a state */
    HAS_LENGTH = 2, /* and total */
    HAS_BYTES = 4,
    HAS_TOTAL = 8,
    HAS_STATUS = 16, /* and must have one */
    HAS_WORK = 32,
};

static const uint8_t shapes[SLW_SIGNER_KINDS_END] = {
    [SLW_SIGNER_SUBMIT] = HAS_ID,
    [SLW_SIGNER_UPLOAD] = HAS_LENGTH | HAS_TOTAL,
    [SLW_SIGNER_UPLOADED] = HAS_LENGTH | HAS_TOTAL,
    [SLW_SIGNER_SHOW] = HAS_BYTES,
    [SLW_SIGNER_LIST] = HAS_BYTES,
    [SLW_SIGNER_BLOB] = HAS_BYTES | HAS_TOTAL,
    [SLW_SIGNER_LOG] = HAS_BYTES | HAS_TOTAL,
    [SLW_SIGNER_COSIGNED] = 0,
    [SLW_SIGNER_POLL] = HAS_WORK,
    [SLW_SIGNER_ADD_CHECKPOINT] = HAS_STATUS | HAS_BYTES,
    [SLW_SIGNER_HEALTH] = HAS_BYTES,
};

static bool is_word(struct slw_bytes reason)
{
    for (size_t i = 0; i < reason.len; i++) {
        if ((reason.ptr[i] < 'a' || reason.ptr[i] > 'z') && reason.ptr[i] != '-') {
            return false;
        }
    }
    return true;
}

static bool work_is_good(const struct slw_signer_answer *answer)
{
    for (size_t i = 0; i < answer->work_count && i < SLW_SIGNER_WORK_MAX; i++) {
        const struct slw_signer_work *work = &answer->work[i];
        if (work->size == 0 || work->name.len == 0 || work->url.len == 0 || work->body.len == 0 ||
            !slw_signer_text_is_good(work->name) || !slw_signer_text_is_good(work->url)) {
            return false;
        }
    }
    return true;
}

/* A refusal has its reason; id and state where there is a statement that was refused. */
static bool refusal_is_good(const struct slw_signer_answer *answer)
{
    bool about_statement = answer->has_id || answer->state != 0;
    return answer->length == 0 && answer->total == 0 && answer->bytes.len == 0 &&
           answer->status == 0 && answer->work_count == 0 &&
           (!about_statement || (answer->kind == SLW_SIGNER_SUBMIT && answer->has_id &&
                                 slw_signer_state_name(answer->state) != NULL));
}

static bool result_is_good(const struct slw_signer_answer *answer)
{
    unsigned shape = shapes[answer->kind];
    bool has_id = (shape & HAS_ID) != 0;
    bool has_status = (shape & HAS_STATUS) != 0;
    return answer->has_id == has_id &&
           (has_id ? slw_signer_state_name(answer->state) != NULL : answer->state == 0) &&
           ((shape & HAS_LENGTH) != 0 || answer->length == 0) &&
           ((shape & HAS_TOTAL) != 0 || answer->total == 0) &&
           ((shape & HAS_BYTES) != 0 || answer->bytes.len == 0) &&
           (has_status ? answer->status >= 200 && answer->status <= 599 : answer->status == 0) &&
           ((shape & HAS_WORK) != 0 || answer->work_count == 0) && answer->detail.len == 0 &&
           work_is_good(answer);
}

static bool sizes_are_good(const struct slw_signer_answer *answer)
{
    bool good = answer->reason.len <= SLW_SIGNER_REASON_SIZE_MAX &&
                answer->detail.len <= SLW_SIGNER_DETAIL_SIZE_MAX &&
                answer->bytes.len <= SLW_SIGNER_PIECE_SIZE_MAX &&
                answer->work_count <= SLW_SIGNER_WORK_MAX;
    for (size_t i = 0; good && i < answer->work_count; i++) {
        good = answer->work[i].name.len <= SLW_SIGNER_TEXT_SIZE_MAX &&
               answer->work[i].url.len <= SLW_SIGNER_URL_SIZE_MAX &&
               answer->work[i].body.len <= SLW_SIGNER_CHECKPOINT_SIZE_MAX;
    }
    return good;
}

static enum slw_status check_shape(const struct slw_signer_answer *answer)
{
    if (!sizes_are_good(answer)) {
        return SLW_TOO_LARGE;
    }
    if (answer->number == 0 || slw_signer_rule_find(answer->kind) == NULL ||
        !is_word(answer->reason) || !slw_signer_text_is_good(answer->detail)) {
        return SLW_MALFORMED;
    }
    bool good = answer->reason.len > 0 ? refusal_is_good(answer) : result_is_good(answer);
    return good ? SLW_OK : SLW_MALFORMED;
}

static void put_work(struct slw_writer *writer, const struct slw_signer_work *work)
{
    size_t mark = slw_proto_open(writer, FIELD_WORK);
    slw_proto_put_uint(writer, FIELD_WORK_SIZE, work->size);
    slw_proto_put_bytes(writer, FIELD_WORK_NAME, work->name);
    slw_proto_put_bytes(writer, FIELD_WORK_URL, work->url);
    slw_proto_put_bytes(writer, FIELD_WORK_BODY, work->body);
    slw_proto_close(writer, mark);
}

enum slw_status slw_signer_answer_encode(const struct slw_signer_answer *answer, uint8_t *packet,
                                         struct slw_bytes *ret_message)
{
    struct slw_writer writer;
    enum slw_status status = check_shape(answer);
    if (status != SLW_OK) {
        return status == SLW_MALFORMED ? SLW_BAD_ARGUMENT : status;
    }
    slw_writer_init(&writer, packet, SLW_SIGNER_PACKET_SIZE_MAX);
    slw_proto_put_uint(&writer, FIELD_NUMBER, answer->number);
    slw_proto_put_uint(&writer, FIELD_KIND, (uint64_t)answer->kind);
    slw_proto_put_uint(&writer, FIELD_STATE, (uint64_t)answer->state);
    if (answer->has_id) {
        slw_proto_put_bytes(&writer, FIELD_ID, slw_bytes_make(answer->id, sizeof answer->id));
    }
    slw_proto_put_bytes(&writer, FIELD_REASON, answer->reason);
    slw_proto_put_bytes(&writer, FIELD_DETAIL, answer->detail);
    slw_proto_put_uint(&writer, FIELD_LENGTH, answer->length);
    slw_proto_put_uint(&writer, FIELD_TOTAL, answer->total);
    slw_proto_put_bytes(&writer, FIELD_BYTES, answer->bytes);
    slw_proto_put_uint(&writer, FIELD_STATUS, answer->status);
    for (size_t i = 0; i < answer->work_count; i++) {
        put_work(&writer, &answer->work[i]);
    }
    if (writer.status != SLW_OK) {
        return SLW_TOO_LARGE;
    }
    *ret_message = slw_writer_written(&writer);
    return SLW_OK;
}

static void read_work(struct slw_signer_packet *packet, struct slw_signer_answer *answer)
{
    struct slw_signer_work work = {0};
    struct slw_proto_field field;
    slw_proto_enter(&packet->proto, &work_rules);
    while (slw_signer_packet_next(packet, &field)) {
        switch (field.number) {
        case FIELD_WORK_SIZE:
            work.size = field.varint;
            break;
        case FIELD_WORK_NAME:
            work.name = slw_signer_packet_view(packet, &field, SLW_SIGNER_TEXT_SIZE_MAX);
            break;
        case FIELD_WORK_URL:
            work.url = slw_signer_packet_view(packet, &field, SLW_SIGNER_URL_SIZE_MAX);
            break;
        default:
            work.body = slw_signer_packet_view(packet, &field, SLW_SIGNER_CHECKPOINT_SIZE_MAX);
            break;
        }
    }
    if (answer->work_count == SLW_SIGNER_WORK_MAX) {
        packet->limit = SLW_TOO_LARGE;
        slw_reader_fail(&packet->reader, SLW_TOO_LARGE);
        return;
    }
    answer->work[answer->work_count++] = work;
}

static void read_number(const struct slw_proto_field *field, struct slw_signer_answer *answer)
{
    switch (field->number) {
    case FIELD_NUMBER:
        answer->number = field->varint;
        break;
    case FIELD_KIND:
        answer->kind = (enum slw_signer_kind)(uint32_t)field->varint;
        break;
    case FIELD_STATE:
        answer->state = (enum slw_signer_state)(uint32_t)field->varint;
        break;
    case FIELD_LENGTH:
        answer->length = field->varint;
        break;
    case FIELD_TOTAL:
        answer->total = field->varint;
        break;
    default:
        answer->status = (uint32_t)field->varint;
        break;
    }
}

static void read_field(struct slw_signer_packet *packet, const struct slw_proto_field *field,
                       struct slw_signer_answer *answer)
{
    switch (field->number) {
    case FIELD_ID:
        answer->has_id = true;
        slw_signer_packet_exact(packet, field, answer->id, sizeof answer->id);
        break;
    case FIELD_REASON:
        answer->reason = slw_signer_packet_view(packet, field, SLW_SIGNER_REASON_SIZE_MAX);
        break;
    case FIELD_DETAIL:
        answer->detail = slw_signer_packet_view(packet, field, SLW_SIGNER_DETAIL_SIZE_MAX);
        break;
    case FIELD_BYTES:
        answer->bytes = slw_signer_packet_view(packet, field, SLW_SIGNER_PIECE_SIZE_MAX);
        break;
    case FIELD_WORK:
        read_work(packet, answer);
        break;
    default:
        read_number(field, answer);
        break;
    }
}

enum slw_status slw_signer_answer_decode(struct slw_bytes packet,
                                         struct slw_signer_answer *ret_answer,
                                         struct slw_detail *detail)
{
    struct slw_signer_answer answer = {0};
    struct slw_signer_packet reading;
    struct slw_proto_field field;
    slw_signer_packet_begin(&reading, packet, &answer_rules);
    while (slw_signer_packet_next(&reading, &field)) {
        read_field(&reading, &field, &answer);
    }
    SLW_TRY(slw_signer_packet_end(&reading, "answer", detail));
    enum slw_status status = check_shape(&answer);
    if (status != SLW_OK) {
        const struct slw_signer_rule *rule = slw_signer_rule_find(answer.kind);
        return slw_explain(detail, status, "answer to %s: not the fields of its kind",
                           rule != NULL ? rule->name : "a kind that isn't known");
    }
    *ret_answer = answer;
    return SLW_OK;
}
