/* SPDX-License-Identifier: Apache-2.0 */
/* in-toto's test result v0.1: what a tester says of a build. */
#include "slipway/provenance.h"

#include "statements.h"

static const char *const outcomes[] = {"PASSED", "WARNED", "FAILED", NULL};

const char *slw_test_outcome_word(enum slw_test_outcome outcome)
{
    return outcome >= SLW_TEST_PASSED && outcome <= SLW_TEST_FAILED
               ? outcomes[outcome - SLW_TEST_PASSED]
               : "unknown";
}

/* "configuration: list of ResourceDescriptor, required". SIGNING.md, section 2: "our `suite` is
 * configuration's first `name`". */
static enum slw_status read_suite(const struct slw_fields *predicate,
                                  struct slw_test_result *result)
{
    struct slw_fields first = {predicate->json, SLW_JSON_NONE, predicate->detail};
    struct slw_fields digest = first;
    uint32_t array = SLW_JSON_NONE;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(predicate, "configuration", SLW_JSON_ARRAY, &array));
    struct slw_json_walk walk = slw_json_walk_begin(predicate->json, array);
    if (!slw_json_walk_element(&walk, &first.object)) {
        return slw_fields_refuse(predicate, array, "must name what was run");
    }
    SLW_TRY(slw_fields_text(&first, "name", 1, SLW_STATEMENT_NAME_MAX, &result->suite));
    SLW_TRY(slw_fields_optional(&first, "digest", SLW_JSON_OBJECT, &digest.object));
    if (digest.object != SLW_JSON_NONE) {
        SLW_TRY(slw_fields_optional(&digest, "sha256", SLW_JSON_STRING, &value));
    }
    result->has_suite_sha256 = value != SLW_JSON_NONE;
    return result->has_suite_sha256
               ? slw_fields_hex(&digest, "sha256", result->suite_sha256, SLW_SHA256_SIZE)
               : SLW_OK;
}

/* A result that says PASSED and lists tests that failed says two things. */
static enum slw_status check_lists(const struct slw_fields *predicate,
                                   const struct slw_test_result *result)
{
    uint32_t failed = SLW_JSON_NONE;
    SLW_TRY(slw_fields_optional(predicate, "failedTests", SLW_JSON_ARRAY, &failed));
    return result->outcome != SLW_TEST_FAILED && slw_json_count(predicate->json, failed) != 0
               ? slw_fields_refuse(predicate, failed, "has tests, but the result isn't FAILED")
               : SLW_OK;
}

enum slw_status slw_test_result_read(const struct slw_statement *statement,
                                     struct slw_test_result *ret_result, struct slw_detail *detail)
{
    struct slw_test_result result = {.subject_name = statement->subject_name};
    struct slw_fields predicate = {0};
    size_t outcome = 0;
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_TEST_RESULT, &predicate, detail));
    SLW_TRY(slw_fields_word(&predicate, "result", outcomes, &outcome));
    result.outcome = (enum slw_test_outcome)(SLW_TEST_PASSED + (int)outcome);
    SLW_TRY(read_suite(&predicate, &result));
    SLW_TRY(check_lists(&predicate, &result));
    SLW_TRY(slw_fields_optional_text(&predicate, "url", SLW_STATEMENT_URI_MAX, &result.url));
    memcpy(result.content, statement->subject, sizeof result.content);
    *ret_result = result;
    return SLW_OK;
}

static enum slw_status read_again(const struct slw_statement *statement, struct slw_detail *detail)
{
    struct slw_test_result ignored;
    return slw_test_result_read(statement, &ignored, detail);
}

enum slw_status slw_test_result_format(const struct slw_test_result *result,
                                       struct slw_heap_buffer *ret_payload,
                                       struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_json_text(&writer.json, "result", slw_test_outcome_word(result->outcome));
    slw_json_begin_array(&writer.json, "configuration");
    slw_json_begin_object(&writer.json, NULL);
    slw_fields_put_text(&writer, "name", result->suite);
    if (result->has_suite_sha256) {
        slw_json_begin_object(&writer.json, "digest");
        slw_fields_put_hex(&writer, "sha256", result->suite_sha256, SLW_SHA256_SIZE);
        slw_json_end_object(&writer.json);
    }
    slw_json_end_object(&writer.json);
    slw_json_end_array(&writer.json);
    if (result->url.len != 0) {
        slw_fields_put_text(&writer, "url", result->url);
    }
    return slw_statement_close(&writer, SLW_STATEMENT_TEST_RESULT, result->subject_name,
                               result->content, read_again, ret_payload, detail);
}
