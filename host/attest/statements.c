/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stages and requests: what requesters say to a signing service; and what the files of the other
 * kinds of statements share with this one.
 */
#include "slipway/statements.h"

#include "statements.h"

enum slw_status slw_statement_open(const struct slw_statement *statement,
                                   enum slw_statement_kind kind, struct slw_fields *ret_predicate,
                                   struct slw_detail *detail)
{
    if (statement->kind != kind) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "%s: a %s, not a %s", statement->json.name,
                           slw_statement_word(statement->kind), slw_statement_word(kind));
    }
    *ret_predicate = (struct slw_fields){&statement->json, statement->predicate, detail};
    return SLW_OK;
}

static enum slw_status read_back(struct slw_bytes payload,
                                 enum slw_status (*read)(const struct slw_statement *statement,
                                                         struct slw_detail *detail),
                                 struct slw_detail *detail)
{
    struct slw_statement statement;
    enum slw_status status = slw_statement_parse("statement", payload, &statement, detail);
    if (status == SLW_OK) {
        status = read(&statement, detail);
        slw_statement_free(&statement);
    }
    return status == SLW_BAD_STATEMENT ? SLW_BAD_ARGUMENT : status;
}

enum slw_status slw_statement_close(struct slw_fields_writer *writer, enum slw_statement_kind kind,
                                    struct slw_bytes subject_name,
                                    const uint8_t subject[static SLW_SHA256_SIZE],
                                    enum slw_status (*read)(const struct slw_statement *statement,
                                                            struct slw_detail *detail),
                                    struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    struct slw_heap_buffer payload = {0};
    enum slw_status status = SLW_OK;
    slw_json_end_object(&writer->json);
    slw_statement_format(kind, subject_name, subject, slw_heap_bytes(&writer->text), &payload);
    if (writer->text.status != SLW_OK || payload.status != SLW_OK) {
        status = slw_explain_no_memory(detail);
    } else if (writer->is_bad) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "a text of the %s isn't UTF-8",
                             slw_statement_word(kind));
    } else {
        status = read_back(slw_heap_bytes(&payload), read, detail);
    }
    if (status == SLW_OK) {
        slw_heap_append(ret_payload, slw_heap_bytes(&payload));
        status = ret_payload->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
    }
    slw_heap_drop(&payload);
    slw_heap_drop(&writer->text);
    return status;
}

enum slw_status slw_stage_read(const struct slw_statement *statement, struct slw_stage *ret_stage,
                               struct slw_detail *detail)
{
    static const char *const members[] = {"signer", "length", "issued", NULL};
    struct slw_stage stage = {.subject_name = statement->subject_name};
    struct slw_fields fields = {0};
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_STAGE, &fields, detail));
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(slw_fields_text(&fields, "signer", 1, SLW_STATEMENT_NAME_MAX, &stage.signer));
    SLW_TRY(slw_fields_uint(&fields, "length", 0, SLW_STAGED_LENGTH_MAX, &stage.length));
    SLW_TRY(slw_fields_time(&fields, "issued", &stage.issued_utc_s));
    memcpy(stage.sha256, statement->subject, sizeof stage.sha256);
    *ret_stage = stage;
    return SLW_OK;
}

static enum slw_status read_stage(const struct slw_statement *statement, struct slw_detail *detail)
{
    struct slw_stage ignored;
    return slw_stage_read(statement, &ignored, detail);
}

enum slw_status slw_stage_format(const struct slw_stage *stage, struct slw_heap_buffer *ret_payload,
                                 struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_fields_put_text(&writer, "signer", stage->signer);
    slw_json_uint(&writer.json, "length", stage->length);
    slw_fields_put_time(&writer, "issued", stage->issued_utc_s);
    return slw_statement_close(&writer, SLW_STATEMENT_STAGE, stage->subject_name, stage->sha256,
                               read_stage, ret_payload, detail);
}

static const char *const operations[] = {"sign-targets", "sign-root", "sign-role", NULL};

const char *slw_operation_word(enum slw_operation operation)
{
    return operation >= SLW_OPERATION_SIGN_TARGETS && operation <= SLW_OPERATION_SIGN_ROLE
               ? operations[operation - SLW_OPERATION_SIGN_TARGETS]
               : "unknown";
}

static enum slw_status read_times(const struct slw_fields *fields, int64_t *ret_issued_utc_s,
                                  int64_t *ret_expires_utc_s)
{
    uint32_t expires = SLW_JSON_NONE;
    SLW_TRY(slw_fields_time(fields, "issued", ret_issued_utc_s));
    SLW_TRY(slw_fields_time(fields, "expires", ret_expires_utc_s));
    SLW_TRY(slw_fields_value(fields, "expires", SLW_JSON_STRING, &expires));
    return *ret_expires_utc_s < *ret_issued_utc_s
               ? slw_fields_refuse(fields, expires, "is before it was issued")
               : SLW_OK;
}

/* What only requests for roles have: the difference, and the release that is added. */
static enum slw_status read_change(const struct slw_fields *fields, struct slw_request *request)
{
    uint32_t change = SLW_JSON_NONE;
    uint32_t release = SLW_JSON_NONE;
    SLW_TRY(slw_fields_optional(fields, "change", SLW_JSON_OBJECT, &change));
    SLW_TRY(slw_fields_optional(fields, "release", SLW_JSON_STRING, &release));
    if (request->operation != SLW_OPERATION_SIGN_ROLE) {
        uint32_t stray = change != SLW_JSON_NONE ? change : release;
        return stray == SLW_JSON_NONE ? SLW_OK
                                      : slw_fields_refuse(fields, stray, "is for sign-role alone");
    }
    SLW_TRY(slw_fields_value(fields, "change", SLW_JSON_OBJECT, &change));
    request->change = slw_json_raw(fields->json, change);
    if (request->change.len > SLW_CHANGE_SIZE_MAX) {
        return slw_fields_refuse(fields, change, "is too large");
    }
    request->has_release = release != SLW_JSON_NONE;
    return request->has_release
               ? slw_fields_hex(fields, "release", request->release, SLW_SHA256_SIZE)
               : SLW_OK;
}

enum slw_status slw_request_read(const struct slw_statement *statement,
                                 struct slw_request *ret_request, struct slw_detail *detail)
{
    static const char *const members[] = {"signer",  "operation", "key",    "channel", "issued",
                                          "expires", "nonce",     "change", "release", NULL};
    struct slw_request request = {.subject_name = statement->subject_name};
    struct slw_fields fields = {0};
    size_t operation = 0;
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_REQUEST, &fields, detail));
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(slw_fields_text(&fields, "signer", 1, SLW_STATEMENT_NAME_MAX, &request.signer));
    SLW_TRY(slw_fields_word(&fields, "operation", operations, &operation));
    request.operation = (enum slw_operation)(SLW_OPERATION_SIGN_TARGETS + (int)operation);
    SLW_TRY(slw_fields_text(&fields, "key", 1, SLW_STATEMENT_NAME_MAX, &request.key));
    SLW_TRY(slw_fields_text(&fields, "channel", 0, SLW_STATEMENT_NAME_MAX, &request.channel));
    SLW_TRY(read_times(&fields, &request.issued_utc_s, &request.expires_utc_s));
    SLW_TRY(slw_fields_hex(&fields, "nonce", request.nonce, SLW_NONCE_SIZE));
    SLW_TRY(read_change(&fields, &request));
    memcpy(request.staged, statement->subject, sizeof request.staged);
    *ret_request = request;
    return SLW_OK;
}

static enum slw_status read_request(const struct slw_statement *statement,
                                    struct slw_detail *detail)
{
    struct slw_request ignored;
    return slw_request_read(statement, &ignored, detail);
}

enum slw_status slw_request_format(const struct slw_request *request,
                                   struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_fields_put_text(&writer, "signer", request->signer);
    slw_json_text(&writer.json, "operation", slw_operation_word(request->operation));
    slw_fields_put_text(&writer, "key", request->key);
    slw_fields_put_text(&writer, "channel", request->channel);
    slw_fields_put_time(&writer, "issued", request->issued_utc_s);
    slw_fields_put_time(&writer, "expires", request->expires_utc_s);
    slw_fields_put_hex(&writer, "nonce", request->nonce, SLW_NONCE_SIZE);
    if (request->change.len != 0) {
        slw_fields_put_raw(&writer, "change", request->change);
    }
    if (request->has_release) {
        slw_fields_put_hex(&writer, "release", request->release, SLW_SHA256_SIZE);
    }
    return slw_statement_close(&writer, SLW_STATEMENT_REQUEST, request->subject_name,
                               request->staged, read_request, ret_payload, detail);
}
