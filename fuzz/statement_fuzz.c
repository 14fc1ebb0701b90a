/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of every kind: what is read can be written, and what is written is read as the same.
 */
#include "fuzz.h"

#include "slipway/provenance.h"
#include "slipway/statements.h"

static struct slw_detail detail;
static struct slw_heap_buffer written;

/* Reads what was written, which is one more statement of the kind. */
static void reopen(enum slw_status status, struct slw_statement *statement)
{
    FUZZ_CHECK(status == SLW_OK);
    FUZZ_CHECK(slw_statement_parse("again", slw_heap_bytes(&written), statement, &detail) ==
               SLW_OK);
}

static void check_stage(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_stage one;
    struct slw_stage other;
    if (slw_stage_read(statement, &one, &detail) == SLW_OK) {
        reopen(slw_stage_format(&one, &written, &detail), &again);
        FUZZ_CHECK(slw_stage_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(one.length == other.length && one.issued_utc_s == other.issued_utc_s);
        FUZZ_CHECK(slw_bytes_equal(one.signer, other.signer));
        FUZZ_CHECK(memcmp(one.sha256, other.sha256, sizeof one.sha256) == 0);
        slw_statement_free(&again);
    }
}

static void check_request(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_request one;
    struct slw_request other;
    if (slw_request_read(statement, &one, &detail) == SLW_OK) {
        reopen(slw_request_format(&one, &written, &detail), &again);
        FUZZ_CHECK(slw_request_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(one.operation == other.operation && one.has_release == other.has_release);
        FUZZ_CHECK(slw_bytes_equal(one.key, other.key));
        FUZZ_CHECK(slw_bytes_equal(one.channel, other.channel));
        FUZZ_CHECK(slw_bytes_equal(one.change, other.change));
        FUZZ_CHECK(one.expires_utc_s == other.expires_utc_s);
        slw_statement_free(&again);
    }
}

static void check_approval(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_approval one;
    struct slw_approval other;
    if (slw_approval_read(statement, &one, &detail) == SLW_OK) {
        reopen(slw_approval_format(&one, &written, &detail), &again);
        FUZZ_CHECK(slw_approval_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(one.approve == other.approve && one.key_class == other.key_class);
        FUZZ_CHECK(one.policy_version == other.policy_version);
        FUZZ_CHECK(slw_bytes_equal(one.channel, other.channel));
        FUZZ_CHECK(slw_bytes_equal(one.reason, other.reason));
        FUZZ_CHECK(memcmp(one.request, other.request, sizeof one.request) == 0);
        slw_statement_free(&again);
    }
}

static void check_takeover(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_takeover one;
    struct slw_takeover other;
    if (slw_takeover_read(statement, &one, &detail) == SLW_OK) {
        reopen(slw_takeover_format(&one, &written, &detail), &again);
        FUZZ_CHECK(slw_takeover_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(one.epoch == other.epoch && one.marks_count == other.marks_count);
        slw_takeover_free(&other);
        slw_takeover_free(&one);
        slw_statement_free(&again);
    }
}

static void check_provenance(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_provenance one;
    struct slw_provenance other;
    if (slw_provenance_read(statement, &one, &detail) != SLW_OK) {
        return;
    }
    enum slw_status status = slw_provenance_format(&one, &written, &detail);
    /* A string with a control character has no canonical form that is JSON. */
    if (status != SLW_BAD_ARGUMENT) {
        reopen(status, &again);
        FUZZ_CHECK(slw_provenance_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(slw_bytes_equal(one.source, other.source));
        FUZZ_CHECK(slw_bytes_equal(one.builder_id, other.builder_id));
        FUZZ_CHECK(one.parameters_count == other.parameters_count);
        for (size_t i = 0; i < one.parameters_count; i++) {
            FUZZ_CHECK(slw_bytes_equal(one.parameters[i].name, other.parameters[i].name));
            FUZZ_CHECK(slw_bytes_equal(one.parameters[i].value, other.parameters[i].value));
        }
        slw_provenance_free(&other);
        slw_statement_free(&again);
    }
    slw_provenance_free(&one);
}

static void check_test_result(const struct slw_statement *statement)
{
    struct slw_statement again;
    struct slw_test_result one;
    struct slw_test_result other;
    if (slw_test_result_read(statement, &one, &detail) == SLW_OK) {
        reopen(slw_test_result_format(&one, &written, &detail), &again);
        FUZZ_CHECK(slw_test_result_read(&again, &other, &detail) == SLW_OK);
        FUZZ_CHECK(one.outcome == other.outcome && slw_bytes_equal(one.suite, other.suite));
        slw_statement_free(&again);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slw_statement statement;
    if (slw_statement_parse("statement", slw_bytes_make(data, size), &statement, &detail) !=
        SLW_OK) {
        return 0;
    }
    check_stage(&statement);
    written.len = 0;
    check_request(&statement);
    written.len = 0;
    check_approval(&statement);
    written.len = 0;
    check_takeover(&statement);
    written.len = 0;
    check_provenance(&statement);
    written.len = 0;
    check_test_result(&statement);
    slw_heap_free(&written);
    slw_statement_free(&statement);
    return 0;
}
