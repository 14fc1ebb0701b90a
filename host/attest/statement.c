/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of in-toto statements (Statement v1), read before anything that is in one. */
#include "slipway/statement.h"

#include "fields.h"

#define STATEMENT_V1 "https://in-toto.io/Statement/v1"

static const struct {
    const char *type;
    const char *word;
    bool is_ours;
} kinds[SLW_STATEMENT_KINDS] = {
    [SLW_STATEMENT_OTHER] = {"", "statement", false},
    [SLW_STATEMENT_PROVENANCE] = {"https://slsa.dev/provenance/v1", "provenance", false},
    [SLW_STATEMENT_TEST_RESULT] = {"https://in-toto.io/attestation/test-result/v0.1", "test-result",
                                   false},
    [SLW_STATEMENT_STAGE] = {"urn:slipway:stage:v1", "stage", true},
    [SLW_STATEMENT_REQUEST] = {"urn:slipway:request:v1", "request", true},
    [SLW_STATEMENT_APPROVAL] = {"urn:slipway:approval:v1", "approval", true},
    [SLW_STATEMENT_POLICY] = {"urn:slipway:policy:v1", "policy", true},
    [SLW_STATEMENT_TAKEOVER] = {"urn:slipway:takeover:v1", "takeover", true},
    [SLW_STATEMENT_CEREMONY] = {"urn:slipway:ceremony:v1", "ceremony", true},
    [SLW_STATEMENT_TUF_ROOT] = {"urn:slipway:tuf-root:v1", "tuf-root", true},
};

struct slw_bytes slw_statement_type(enum slw_statement_kind kind)
{
    const char *type = kinds[kind < SLW_STATEMENT_KINDS ? kind : SLW_STATEMENT_OTHER].type;
    return slw_bytes_make(type, strlen(type));
}

const char *slw_statement_word(enum slw_statement_kind kind)
{
    return kinds[kind < SLW_STATEMENT_KINDS ? kind : SLW_STATEMENT_OTHER].word;
}

static enum slw_statement_kind kind_of(struct slw_bytes type)
{
    for (size_t i = SLW_STATEMENT_OTHER + 1; i < SLW_STATEMENT_KINDS; i++) {
        if (slw_bytes_equal(type, slw_statement_type((enum slw_statement_kind)i))) {
            return (enum slw_statement_kind)i;
        }
    }
    return SLW_STATEMENT_OTHER;
}

/* "Each element MUST have `digest` set." One of them, for we compare with one thing. */
static enum slw_status read_subject(const struct slw_fields *top, bool is_ours,
                                    struct slw_statement *statement)
{
    static const char *const subject_members[] = {"name", "digest", NULL};
    static const char *const digest_members[] = {"sha256", NULL};
    struct slw_fields subject = {top->json, SLW_JSON_NONE, top->detail};
    struct slw_fields digest = subject;
    uint32_t array = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(top, "subject", SLW_JSON_ARRAY, &array));
    struct slw_json_walk walk = slw_json_walk_begin(top->json, array);
    if (slw_json_count(top->json, array) != 1 || !slw_json_walk_element(&walk, &subject.object)) {
        return slw_fields_refuse(top, array, "must have exactly one subject");
    }
    SLW_TRY(slw_fields_value(&subject, "digest", SLW_JSON_OBJECT, &digest.object));
    SLW_TRY(slw_fields_optional_text(&subject, "name", SLW_STATEMENT_NAME_MAX,
                                     &statement->subject_name));
    if (is_ours) {
        SLW_TRY(slw_fields_only(&subject, subject_members));
        SLW_TRY(slw_fields_only(&digest, digest_members));
    }
    /* "Subject artifacts are matched purely by digest" */
    return slw_fields_hex(&digest, "sha256", statement->subject, SLW_SHA256_SIZE);
}

static enum slw_status read_statement(const struct slw_fields *top, struct slw_statement *statement)
{
    static const char *const members[] = {"_type", "subject", "predicateType", "predicate", NULL};
    struct slw_bytes type;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_text(top, "_type", 0, SLW_STATEMENT_URI_MAX, &type));
    /* "Always `https://in-toto.io/Statement/v1` for this version of the spec." */
    if (!slw_bytes_equal(type, SLW_BYTES_OF(STATEMENT_V1))) {
        SLW_TRY(slw_fields_value(top, "_type", SLW_JSON_STRING, &value));
        return slw_fields_refuse(top, value, "isn't " STATEMENT_V1);
    }
    SLW_TRY(slw_fields_text(top, "predicateType", 1, SLW_STATEMENT_URI_MAX,
                            &statement->predicate_type));
    statement->kind = kind_of(statement->predicate_type);
    bool is_ours = kinds[statement->kind].is_ours;
    if (is_ours) {
        SLW_TRY(slw_fields_only(top, members));
    }
    SLW_TRY(read_subject(top, is_ours, statement));
    return slw_fields_value(top, "predicate", SLW_JSON_OBJECT, &statement->predicate);
}

enum slw_status slw_statement_parse(const char *name, struct slw_bytes payload,
                                    struct slw_statement *ret_statement, struct slw_detail *detail)
{
    struct slw_statement statement = {0};
    struct slw_sha256 hash;
    enum slw_status status = slw_json_parse(name, payload, &statement.json, detail);
    if (status != SLW_OK) {
        return status == SLW_MALFORMED ? SLW_BAD_STATEMENT : status;
    }
    struct slw_fields top = {&statement.json, SLW_JSON_TOP, detail};
    status = read_statement(&top, &statement);
    if (status != SLW_OK) {
        slw_json_document_free(&statement.json);
        return status;
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, payload);
    slw_sha256_final(&hash, statement.id);
    *ret_statement = statement;
    return SLW_OK;
}

void slw_statement_free(struct slw_statement *statement)
{
    slw_json_document_free(&statement->json);
    *statement = (struct slw_statement){0};
}

void slw_statement_format(enum slw_statement_kind kind, struct slw_bytes subject_name,
                          const uint8_t subject[static SLW_SHA256_SIZE], struct slw_bytes predicate,
                          struct slw_heap_buffer *ret_payload)
{
    struct slw_json json;
    slw_json_init(&json, ret_payload);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "_type", STATEMENT_V1);
    slw_json_begin_array(&json, "subject");
    slw_json_begin_object(&json, NULL);
    if (subject_name.len != 0) {
        slw_json_bytes(&json, "name", subject_name);
    }
    slw_json_begin_object(&json, "digest");
    slw_json_hex(&json, "sha256", slw_bytes_make(subject, SLW_SHA256_SIZE));
    slw_json_end_object(&json);
    slw_json_end_object(&json);
    slw_json_end_array(&json);
    slw_json_bytes(&json, "predicateType", slw_statement_type(kind));
    slw_heap_append_text(ret_payload, ",\"predicate\":");
    slw_heap_append(ret_payload, predicate);
    slw_json_end_object(&json);
}
