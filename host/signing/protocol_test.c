/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What signer_protocol.h promises: every kind comes through as it was, nothing else does, whatever
 * is missing, added, repeated, cut or too large.
 */
#include "slipway/proto_writer.h"
#include "slipway/signer_protocol.h"

#include "tap.h"

#include <string.h>

static struct slw_detail detail;
static uint8_t packet[SLW_SIGNER_PACKET_SIZE_MAX];
static uint8_t large[SLW_SIGNER_STATEMENT_SIZE_MAX + 1];

static const struct slw_signer_call calls[] = {
    {.number = 1, .kind = SLW_SIGNER_SUBMIT, .bytes = {(const uint8_t *)"{}", 2}},
    {.number = 1, .kind = SLW_SIGNER_SUBMIT, .bytes = {(const uint8_t *)"{", 1}, .more = true},
    {.number = 2,
     .kind = SLW_SIGNER_UPLOAD,
     .has_digest = true,
     .digest = {1},
     .bytes = {(const uint8_t *)"x", 1}},
    {.number = 3,
     .kind = SLW_SIGNER_UPLOAD,
     .has_digest = true,
     .position = UINT64_MAX,
     .bytes = {(const uint8_t *)"x", 1}},
    {.number = 4, .kind = SLW_SIGNER_UPLOADED, .has_digest = true, .digest = {[31] = 9}},
    {.number = 5, .kind = SLW_SIGNER_SHOW, .has_digest = true},
    {.number = 6, .kind = SLW_SIGNER_LIST, .value = 1},
    {.number = 7, .kind = SLW_SIGNER_LIST, .has_digest = true, .value = SLW_SIGNER_LIST_MAX},
    {.number = 8, .kind = SLW_SIGNER_BLOB, .has_digest = true, .value = 1},
    {.number = 9, .kind = SLW_SIGNER_BLOB, .has_digest = true, .value = 3, .position = 70000},
    {.number = 10, .kind = SLW_SIGNER_LOG, .text = {(const uint8_t *)"checkpoint", 10}},
    {.number = 11,
     .kind = SLW_SIGNER_COSIGNED,
     .position = 5,
     .value = 200,
     .text = {(const uint8_t *)"w", 1},
     .bytes = {(const uint8_t *)"\xE2\x80\x94 w x\n", 8}},
    {.number = 12, .kind = SLW_SIGNER_COSIGNED, .position = 5, .text = {(const uint8_t *)"w", 1}},
    {.number = UINT64_MAX, .kind = SLW_SIGNER_POLL},
    {.number = 14, .kind = SLW_SIGNER_ADD_CHECKPOINT, .bytes = {(const uint8_t *)"old 0\n", 6}},
    {.number = 15, .kind = SLW_SIGNER_HEALTH},
};
#define CALLS (sizeof calls / sizeof calls[0])

static void tells_every_kind_of_call_as_it_was(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct slw_bytes message;
        struct slw_signer_call call;
        TAP_ROW(slw_signer_rule_find(calls[i].kind)->name);
        TAP_REQUIRE(slw_signer_call_encode(&calls[i], packet, &message) == SLW_OK);
        TAP_REQUIRE(slw_signer_call_decode(message, &call, &detail) == SLW_OK);
        TAP_EQUAL_INT(call.number, calls[i].number);
        TAP_EQUAL_INT(call.kind, calls[i].kind);
        TAP_CHECK(call.has_digest == calls[i].has_digest && call.more == calls[i].more);
        TAP_EQUAL_BYTES(call.digest, calls[i].digest, sizeof call.digest);
        TAP_CHECK(call.position == calls[i].position && call.value == calls[i].value);
        TAP_CHECK(slw_bytes_equal(call.text, calls[i].text));
        TAP_CHECK(slw_bytes_equal(call.bytes, calls[i].bytes));
    }
    TAP_ROW(NULL);
}

static void refuses_calls_cut_anywhere(void)
{
    for (size_t i = 0; i < CALLS; i++) {
        struct slw_bytes message;
        struct slw_signer_call call;
        bool fields_are_optional = calls[i].kind == SLW_SIGNER_LIST ||
                                   calls[i].kind == SLW_SIGNER_COSIGNED || calls[i].more ||
                                   calls[i].position != 0;
        TAP_ROW(slw_signer_rule_find(calls[i].kind)->name);
        TAP_REQUIRE(slw_signer_call_encode(&calls[i], packet, &message) == SLW_OK);
        for (size_t len = 0; len < message.len && !fields_are_optional; len++) {
            TAP_EQUAL_INT(slw_signer_call_decode(slw_bytes_make(packet, len), &call, &detail),
                          SLW_MALFORMED);
        }
    }
    TAP_ROW(NULL);
    TAP_CHECK(true);
}

/* A call with one thing wrong. */
static const struct {
    const char *what;
    struct slw_signer_call call;
    enum slw_status status;
} wrong_calls[] = {
    {"number 0", {.kind = SLW_SIGNER_POLL}, SLW_BAD_ARGUMENT},
    {"kind 0", {.number = 1}, SLW_BAD_ARGUMENT},
    {"kind 12", {.number = 1, .kind = (enum slw_signer_kind)12}, SLW_BAD_ARGUMENT},
    {"kind below 0", {.number = 1, .kind = (enum slw_signer_kind)0xFFFFFFFFu}, SLW_BAD_ARGUMENT},
    {"no envelope", {.number = 1, .kind = SLW_SIGNER_SUBMIT}, SLW_BAD_ARGUMENT},
    {"submit with a digest",
     {.number = 1,
      .kind = SLW_SIGNER_SUBMIT,
      .has_digest = true,
      .bytes = {(const uint8_t *)"{}", 2}},
     SLW_BAD_ARGUMENT},
    {"upload without digest",
     {.number = 1, .kind = SLW_SIGNER_UPLOAD, .bytes = {(const uint8_t *)"x", 1}},
     SLW_BAD_ARGUMENT},
    {"upload of nothing",
     {.number = 1, .kind = SLW_SIGNER_UPLOAD, .has_digest = true},
     SLW_BAD_ARGUMENT},
    {"upload with more",
     {.number = 1,
      .kind = SLW_SIGNER_UPLOAD,
      .has_digest = true,
      .bytes = {(const uint8_t *)"x", 1},
      .more = true},
     SLW_BAD_ARGUMENT},
    {"show with a position",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .has_digest = true, .position = 1},
     SLW_BAD_ARGUMENT},
    {"list of none", {.number = 1, .kind = SLW_SIGNER_LIST}, SLW_BAD_ARGUMENT},
    {"list of 101", {.number = 1, .kind = SLW_SIGNER_LIST, .value = 101}, SLW_BAD_ARGUMENT},
    {"blob 0", {.number = 1, .kind = SLW_SIGNER_BLOB, .has_digest = true}, SLW_BAD_ARGUMENT},
    {"blob 4",
     {.number = 1, .kind = SLW_SIGNER_BLOB, .has_digest = true, .value = 4},
     SLW_BAD_ARGUMENT},
    {"log without a path", {.number = 1, .kind = SLW_SIGNER_LOG}, SLW_BAD_ARGUMENT},
    {"log path that isn't UTF-8",
     {.number = 1, .kind = SLW_SIGNER_LOG, .text = {(const uint8_t *)"\xC3", 1}},
     SLW_BAD_ARGUMENT},
    {"log path too long",
     {.number = 1, .kind = SLW_SIGNER_LOG, .text = {large, SLW_SIGNER_TEXT_SIZE_MAX + 1}},
     SLW_TOO_LARGE},
    {"cosigned size 0",
     {.number = 1, .kind = SLW_SIGNER_COSIGNED, .value = 200, .text = {(const uint8_t *)"w", 1}},
     SLW_BAD_ARGUMENT},
    {"cosigned status 600",
     {.number = 1,
      .kind = SLW_SIGNER_COSIGNED,
      .value = 600,
      .position = 1,
      .text = {(const uint8_t *)"w", 1}},
     SLW_BAD_ARGUMENT},
    {"cosigned by nobody",
     {.number = 1, .kind = SLW_SIGNER_COSIGNED, .value = 200, .position = 1},
     SLW_BAD_ARGUMENT},
    {"poll with bytes",
     {.number = 1, .kind = SLW_SIGNER_POLL, .bytes = {(const uint8_t *)"x", 1}},
     SLW_BAD_ARGUMENT},
    {"checkpoint too long",
     {.number = 1,
      .kind = SLW_SIGNER_ADD_CHECKPOINT,
      .bytes = {large, SLW_SIGNER_CHECKPOINT_SIZE_MAX + 1}},
     SLW_TOO_LARGE},
    {"piece too long",
     {.number = 1,
      .kind = SLW_SIGNER_UPLOAD,
      .has_digest = true,
      .bytes = {large, SLW_SIGNER_PIECE_SIZE_MAX + 1}},
     SLW_TOO_LARGE},
};

static void writes_no_call_that_would_be_refused(void)
{
    for (size_t i = 0; i < sizeof wrong_calls / sizeof wrong_calls[0]; i++) {
        struct slw_bytes message = {NULL, 77};
        TAP_ROW(wrong_calls[i].what);
        TAP_EQUAL_INT(slw_signer_call_encode(&wrong_calls[i].call, packet, &message),
                      wrong_calls[i].status);
        TAP_EQUAL_INT(message.len, 77);
    }
    TAP_ROW(NULL);
}

/* Writes a call without looking at what it says. */
static struct slw_bytes write_blindly(const struct slw_signer_call *call)
{
    struct slw_writer writer;
    slw_writer_init(&writer, packet, sizeof packet);
    slw_proto_put_uint(&writer, 1, call->number);
    slw_proto_put_uint(&writer, 2, slw_proto_enum((uint32_t)call->kind));
    if (call->has_digest) {
        slw_proto_put_bytes(&writer, 3, slw_bytes_make(call->digest, sizeof call->digest));
    }
    slw_proto_put_uint(&writer, 4, call->position);
    slw_proto_put_uint(&writer, 5, call->value);
    slw_proto_put_bytes(&writer, 6, call->text);
    slw_proto_put_bytes(&writer, 7, call->bytes);
    slw_proto_put_uint(&writer, 8, call->more ? 1 : 0);
    return slw_writer_written(&writer);
}

static void reads_no_call_with_other_fields_than_its_kind_has(void)
{
    for (size_t i = 0; i < sizeof wrong_calls / sizeof wrong_calls[0]; i++) {
        struct slw_signer_call call = {.number = 99};
        enum slw_status wanted =
            wrong_calls[i].status == SLW_BAD_ARGUMENT ? SLW_MALFORMED : wrong_calls[i].status;
        TAP_ROW(wrong_calls[i].what);
        detail.text[0] = '\0';
        TAP_EQUAL_INT(slw_signer_call_decode(write_blindly(&wrong_calls[i].call), &call, &detail),
                      wanted);
        TAP_CHECK(detail.text[0] != '\0');
        TAP_EQUAL_INT(call.number, 99);
    }
    TAP_ROW(NULL);
}

static const struct {
    const char *what;
    const char *bytes;
    size_t len;
} wrong_packets[] = {
    {"nothing", "", 0},
    {"an unknown field", "\x08\x01\x10\x09\x78\x01", 6},
    {"number twice", "\x08\x01\x08\x01\x10\x09", 6},
    {"kind twice", "\x08\x01\x10\x09\x10\x09", 6},
    {"kind as bytes", "\x08\x01\x12\x01\x09", 5},
    {"number of 11 bytes", "\x08\x81\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01\x10\x09", 14},
    {"a digest of 31 bytes",
     "\x08\x01\x10\x04\x1A\x1F"
     "0123456789012345678901234567890",
     37},
    {"a digest of 0 bytes", "\x08\x01\x10\x04\x1A\x00", 6},
    {"a length beyond the packet", "\x08\x01\x10\x01\x3A\x7F{}", 8},
    {"a length of 2^63", "\x08\x01\x10\x01\x3A\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01{}", 17},
    {"trailing byte", "\x08\x01\x10\x09\x00", 5},
    {"a group", "\x08\x01\x10\x09\x0B\x0C", 6},
    {"more of 2", "\x08\x01\x10\x01\x3A\x01{\x40\x80", 9},
    {"an answer", "\x08\x01\x10\x03\x50\xC8\x01", 7},
};

static void reads_no_packet_that_is_no_call(void)
{
    for (size_t i = 0; i < sizeof wrong_packets / sizeof wrong_packets[0]; i++) {
        struct slw_signer_call call;
        TAP_ROW(wrong_packets[i].what);
        TAP_EQUAL_INT(
            slw_signer_call_decode(slw_bytes_make(wrong_packets[i].bytes, wrong_packets[i].len),
                                   &call, &detail),
            SLW_MALFORMED);
    }
    TAP_ROW(NULL);
    struct slw_signer_call call;
    TAP_EQUAL_INT(slw_signer_call_decode(slw_bytes_make(large, sizeof packet + 1), &call, &detail),
                  SLW_TOO_LARGE);
}

static const struct slw_signer_answer answers[] = {
    {.number = 1, .kind = SLW_SIGNER_SUBMIT, .has_id = true, .id = {1}, .state = SLW_SIGNER_SIGNED},
    {.number = 2,
     .kind = SLW_SIGNER_SUBMIT,
     .has_id = true,
     .state = SLW_SIGNER_REFUSED,
     .reason = {(const uint8_t *)"not-permitted", 13},
     .detail = {(const uint8_t *)"no rule", 7}},
    {.number = 3, .kind = SLW_SIGNER_SUBMIT, .reason = {(const uint8_t *)"malformed", 9}},
    {.number = 4, .kind = SLW_SIGNER_UPLOAD, .length = 5, .total = 1u << 30},
    {.number = 5, .kind = SLW_SIGNER_UPLOADED},
    {.number = 6, .kind = SLW_SIGNER_SHOW, .bytes = {(const uint8_t *)"{}", 2}},
    {.number = 7, .kind = SLW_SIGNER_LIST, .bytes = {(const uint8_t *)"[]", 2}},
    {.number = 8, .kind = SLW_SIGNER_BLOB, .bytes = {(const uint8_t *)"abc", 3}, .total = 3},
    {.number = 9, .kind = SLW_SIGNER_LOG, .total = 3},
    {.number = 10, .kind = SLW_SIGNER_LOG, .reason = {(const uint8_t *)"not-found", 9}},
    {.number = 11, .kind = SLW_SIGNER_COSIGNED},
    {.number = 12, .kind = SLW_SIGNER_POLL},
    {.number = 13,
     .kind = SLW_SIGNER_POLL,
     .work = {{7,
               {(const uint8_t *)"w1", 2},
               {(const uint8_t *)"https://a", 9},
               {(const uint8_t *)"old 0\n", 6}},
              {8,
               {(const uint8_t *)"w2", 2},
               {(const uint8_t *)"https://b", 9},
               {(const uint8_t *)"old 1\n", 6}}},
     .work_count = 2},
    {.number = 14,
     .kind = SLW_SIGNER_ADD_CHECKPOINT,
     .status = 409,
     .bytes = {(const uint8_t *)"12\n", 3}},
    {.number = 15, .kind = SLW_SIGNER_HEALTH, .bytes = {(const uint8_t *)"{}", 2}},
};
#define ANSWERS (sizeof answers / sizeof answers[0])

static void tells_every_kind_of_answer_as_it_was(void)
{
    for (size_t i = 0; i < ANSWERS; i++) {
        const struct slw_signer_answer *wanted = &answers[i];
        struct slw_bytes message;
        struct slw_signer_answer answer;
        TAP_ROW(slw_signer_rule_find(wanted->kind)->name);
        TAP_REQUIRE(slw_signer_answer_encode(wanted, packet, &message) == SLW_OK);
        TAP_REQUIRE(slw_signer_answer_decode(message, &answer, &detail) == SLW_OK);
        TAP_CHECK(answer.number == wanted->number && answer.kind == wanted->kind);
        TAP_CHECK(answer.state == wanted->state && answer.has_id == wanted->has_id);
        TAP_EQUAL_BYTES(answer.id, wanted->id, sizeof answer.id);
        TAP_CHECK(slw_bytes_equal(answer.reason, wanted->reason));
        TAP_CHECK(slw_bytes_equal(answer.detail, wanted->detail));
        TAP_CHECK(answer.length == wanted->length && answer.total == wanted->total);
        TAP_CHECK(slw_bytes_equal(answer.bytes, wanted->bytes));
        TAP_CHECK(answer.status == wanted->status && answer.work_count == wanted->work_count);
        for (size_t j = 0; j < answer.work_count; j++) {
            TAP_CHECK(answer.work[j].size == wanted->work[j].size);
            TAP_CHECK(slw_bytes_equal(answer.work[j].name, wanted->work[j].name));
            TAP_CHECK(slw_bytes_equal(answer.work[j].url, wanted->work[j].url));
            TAP_CHECK(slw_bytes_equal(answer.work[j].body, wanted->work[j].body));
        }
    }
    TAP_ROW(NULL);
}

static const struct {
    const char *what;
    struct slw_signer_answer answer;
    enum slw_status status;
} wrong_answers[] = {
    {"number 0", {.kind = SLW_SIGNER_COSIGNED}, SLW_BAD_ARGUMENT},
    {"kind 99", {.number = 1, .kind = (enum slw_signer_kind)99}, SLW_BAD_ARGUMENT},
    {"submit without id",
     {.number = 1, .kind = SLW_SIGNER_SUBMIT, .state = SLW_SIGNER_SIGNED},
     SLW_BAD_ARGUMENT},
    {"submit without state",
     {.number = 1, .kind = SLW_SIGNER_SUBMIT, .has_id = true},
     SLW_BAD_ARGUMENT},
    {"state 7",
     {.number = 1, .kind = SLW_SIGNER_SUBMIT, .has_id = true, .state = (enum slw_signer_state)7},
     SLW_BAD_ARGUMENT},
    {"a refusal with a result",
     {.number = 1,
      .kind = SLW_SIGNER_BLOB,
      .bytes = {(const uint8_t *)"x", 1},
      .reason = {(const uint8_t *)"not-found", 9}},
     SLW_BAD_ARGUMENT},
    {"a refusal of something else with an id",
     {.number = 1,
      .kind = SLW_SIGNER_SHOW,
      .has_id = true,
      .state = SLW_SIGNER_REFUSED,
      .reason = {(const uint8_t *)"not-found", 9}},
     SLW_BAD_ARGUMENT},
    {"a reason with a capital",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .reason = {(const uint8_t *)"Not", 3}},
     SLW_BAD_ARGUMENT},
    {"a reason with a line end",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .reason = {(const uint8_t *)"a\r\nb", 4}},
     SLW_BAD_ARGUMENT},
    {"a reason too long",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .reason = {large, SLW_SIGNER_REASON_SIZE_MAX + 1}},
     SLW_TOO_LARGE},
    {"a detail without a reason",
     {.number = 1, .kind = SLW_SIGNER_POLL, .detail = {(const uint8_t *)"x", 1}},
     SLW_BAD_ARGUMENT},
    {"status where there is none",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .status = 200, .bytes = {(const uint8_t *)"x", 1}},
     SLW_BAD_ARGUMENT},
    {"no status", {.number = 1, .kind = SLW_SIGNER_ADD_CHECKPOINT}, SLW_BAD_ARGUMENT},
    {"status 199",
     {.number = 1, .kind = SLW_SIGNER_ADD_CHECKPOINT, .status = 199},
     SLW_BAD_ARGUMENT},
    {"status 600",
     {.number = 1, .kind = SLW_SIGNER_ADD_CHECKPOINT, .status = 600},
     SLW_BAD_ARGUMENT},
    {"length where there is none",
     {.number = 1, .kind = SLW_SIGNER_COSIGNED, .length = 1},
     SLW_BAD_ARGUMENT},
    {"work where there is none",
     {.number = 1,
      .kind = SLW_SIGNER_COSIGNED,
      .work = {{7,
                {(const uint8_t *)"w1", 2},
                {(const uint8_t *)"https://a", 9},
                {(const uint8_t *)"old 0\n", 6}}},
      .work_count = 1},
     SLW_BAD_ARGUMENT},
    {"work without a url",
     {.number = 1,
      .kind = SLW_SIGNER_POLL,
      .work = {{7, {(const uint8_t *)"w1", 2}, {NULL, 0}, {(const uint8_t *)"old 0\n", 6}}},
      .work_count = 1},
     SLW_BAD_ARGUMENT},
    {"too much work",
     {.number = 1, .kind = SLW_SIGNER_POLL, .work_count = SLW_SIGNER_WORK_MAX + 1},
     SLW_TOO_LARGE},
    {"too many bytes",
     {.number = 1, .kind = SLW_SIGNER_SHOW, .bytes = {large, SLW_SIGNER_PIECE_SIZE_MAX + 1}},
     SLW_TOO_LARGE},
};

static void writes_no_answer_that_would_be_refused(void)
{
    for (size_t i = 0; i < sizeof wrong_answers / sizeof wrong_answers[0]; i++) {
        struct slw_bytes message;
        TAP_ROW(wrong_answers[i].what);
        TAP_EQUAL_INT(slw_signer_answer_encode(&wrong_answers[i].answer, packet, &message),
                      wrong_answers[i].status);
    }
    TAP_ROW(NULL);
}

static void reads_no_packet_that_is_no_answer(void)
{
    static const struct {
        const char *what;
        const char *bytes;
        size_t len;
    } rows[] = {
        {"nothing", "", 0},
        {"an unknown field", "\x08\x01\x10\x08\xA2\x01\x00", 7},
        {"an unknown field of work", "\x08\x01\x10\x09\x5A\x02\x28\x01", 8},
        {"state below 0", "\x08\x01\x10\x01\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 15},
        {"an id of 2 bytes", "\x08\x01\x10\x01\x18\x01\x22\x02xx", 10},
        {"work beyond the packet", "\x08\x01\x10\x09\x5A\x7F\x08\x01", 8},
        {"a call", "\x08\x01\x10\x09\x38\x01", 6},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_signer_answer answer;
        TAP_ROW(rows[i].what);
        TAP_EQUAL_INT(
            slw_signer_answer_decode(slw_bytes_make(rows[i].bytes, rows[i].len), &answer, &detail),
            SLW_MALFORMED);
    }
    TAP_ROW(NULL);
}

static void refuses_a_seventeenth_piece_of_work(void)
{
    struct slw_writer writer;
    struct slw_signer_answer answer;
    slw_writer_init(&writer, packet, sizeof packet);
    slw_proto_put_uint(&writer, 1, 1);
    slw_proto_put_uint(&writer, 2, SLW_SIGNER_POLL);
    for (unsigned i = 0; i < SLW_SIGNER_WORK_MAX + 1; i++) {
        size_t mark = slw_proto_open(&writer, 11);
        slw_proto_put_uint(&writer, 1, 1);
        slw_proto_put_bytes(&writer, 2, SLW_BYTES_OF("w"));
        slw_proto_put_bytes(&writer, 3, SLW_BYTES_OF("https://w"));
        slw_proto_put_bytes(&writer, 4, SLW_BYTES_OF("old 0\n"));
        slw_proto_close(&writer, mark);
    }
    TAP_EQUAL_INT(slw_signer_answer_decode(slw_writer_written(&writer), &answer, &detail),
                  SLW_TOO_LARGE);
}

int main(void)
{
    memset(large, 'x', sizeof large);
    TAP_RUN(tells_every_kind_of_call_as_it_was);
    TAP_RUN(refuses_calls_cut_anywhere);
    TAP_RUN(writes_no_call_that_would_be_refused);
    TAP_RUN(reads_no_call_with_other_fields_than_its_kind_has);
    TAP_RUN(reads_no_packet_that_is_no_call);
    TAP_RUN(tells_every_kind_of_answer_as_it_was);
    TAP_RUN(writes_no_answer_that_would_be_refused);
    TAP_RUN(reads_no_packet_that_is_no_answer);
    TAP_RUN(refuses_a_seventeenth_piece_of_work);
    return tap_finish();
}
