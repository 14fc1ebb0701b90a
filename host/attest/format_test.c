/* SPDX-License-Identifier: Apache-2.0 */
/* Statements as they are written: each is read again as it was meant, or isn't written at all. */
#include "test_statements.h"

#define SIGNER SLW_BYTES_OF("sign.example/log")

static struct slw_statement parsed;

/* Reads what was written, which must be in memory until it is forgotten. */
static bool reopen(const struct slw_heap_buffer *payload)
{
    return slw_statement_parse("written", slw_heap_bytes(payload), &parsed, &detail) == SLW_OK;
}

static void forget(struct slw_heap_buffer *payload)
{
    slw_statement_free(&parsed);
    slw_heap_free(payload);
}

static void writes_stages_that_are_read_again(void)
{
    const struct slw_stage stage = {.subject_name = SLW_BYTES_OF("lamp \"1\".bundle"),
                                    .sha256 = {1, 2, 3},
                                    .signer = SIGNER,
                                    .length = SLW_STAGED_LENGTH_MAX,
                                    .issued_utc_s = 1777622400};
    struct slw_heap_buffer payload = {0};
    struct slw_stage read;
    TAP_REQUIRE(slw_stage_format(&stage, &payload, &detail) == SLW_OK);
    TAP_REQUIRE(reopen(&payload) && slw_stage_read(&parsed, &read, &detail) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(read.subject_name, stage.subject_name));
    TAP_EQUAL_BYTES(read.sha256, stage.sha256, sizeof stage.sha256);
    TAP_CHECK(read.length == stage.length && read.issued_utc_s == stage.issued_utc_s);
    forget(&payload);
}

static struct slw_request a_request(enum slw_operation operation)
{
    return (struct slw_request){.staged = {9},
                                .signer = SIGNER,
                                .operation = operation,
                                .key = SLW_BYTES_OF("lamp-prod"),
                                .channel = SLW_BYTES_OF("stable"),
                                .issued_utc_s = 1777622400,
                                .expires_utc_s = 1777622401,
                                .nonce = {0xFF}};
}

static void writes_requests_that_are_read_again(void)
{
    for (int i = SLW_OPERATION_SIGN_TARGETS; i <= SLW_OPERATION_SIGN_ROLE; i++) {
        struct slw_request request = a_request((enum slw_operation)i);
        struct slw_heap_buffer payload = {0};
        struct slw_request read;
        if (request.operation == SLW_OPERATION_SIGN_ROLE) {
            request.change = SLW_BYTES_OF("{\"version\":2}");
            request.has_release = true;
            request.release[31] = 7;
        }
        TAP_REQUIRE(slw_request_format(&request, &payload, &detail) == SLW_OK);
        TAP_REQUIRE(reopen(&payload) && slw_request_read(&parsed, &read, &detail) == SLW_OK);
        TAP_CHECK(read.operation == request.operation && read.staged[0] == 9);
        TAP_CHECK(slw_bytes_equal(read.change, request.change));
        TAP_CHECK(read.has_release == request.has_release &&
                  read.release[31] == request.release[31]);
        TAP_CHECK(read.nonce[0] == 0xFF && read.expires_utc_s == request.expires_utc_s);
        forget(&payload);
    }
}

static struct slw_approval an_approval(bool approve)
{
    return (struct slw_approval){.content = {1},
                                 .signer = SIGNER,
                                 .approve = approve,
                                 .request = {2},
                                 .targets_sha256 = {3},
                                 .key_id = {4},
                                 .key_class = SLW_KEY_CLASS_PROD,
                                 .channel = SLW_BYTES_OF("stable"),
                                 .policy_version = UINT32_MAX,
                                 .issued_utc_s = 1777622400,
                                 .expires_utc_s = 1777622400,
                                 .reason = approve ? SLW_BYTES_OF("") : SLW_BYTES_OF("no")};
}

static void writes_approvals_that_are_read_again(void)
{
    for (int i = 0; i < 2; i++) {
        struct slw_approval approval = an_approval(i == 0);
        struct slw_heap_buffer payload = {0};
        struct slw_approval read;
        TAP_REQUIRE(slw_approval_format(&approval, &payload, &detail) == SLW_OK);
        TAP_REQUIRE(reopen(&payload) && slw_approval_read(&parsed, &read, &detail) == SLW_OK);
        TAP_CHECK(read.approve == approval.approve && read.key_class == SLW_KEY_CLASS_PROD);
        TAP_CHECK(read.content[0] == 1 && read.request[0] == 2 && read.targets_sha256[0] == 3 &&
                  read.key_id[0] == 4);
        TAP_CHECK(read.policy_version == UINT32_MAX);
        TAP_CHECK(slw_bytes_equal(read.reason, approval.reason));
        forget(&payload);
    }
}

static void writes_takeovers_that_are_read_again(void)
{
    struct slw_mark marks[] = {{SLW_BYTES_OF("targets"), SLW_BYTES_OF("lamp"), 4},
                               {SLW_BYTES_OF("targets"), SLW_BYTES_OF("lamp2"), 4},
                               {SLW_BYTES_OF("role"), SLW_BYTES_OF("lamp"), UINT32_MAX}};
    const struct slw_takeover takeover = {.signer = SIGNER,
                                          .epoch = 2,
                                          .size = 77,
                                          .root = {5},
                                          .issued_utc_s = 1777622400,
                                          .marks = marks,
                                          .marks_count = 3};
    struct slw_heap_buffer payload = {0};
    struct slw_takeover read;
    TAP_REQUIRE(slw_takeover_format(&takeover, &payload, &detail) == SLW_OK);
    TAP_REQUIRE(reopen(&payload) && slw_takeover_read(&parsed, &read, &detail) == SLW_OK);
    TAP_CHECK(read.epoch == 2 && read.size == 77 && read.root[0] == 5 && read.marks_count == 3);
    TAP_CHECK(slw_bytes_equal(read.marks[2].name, marks[2].name) &&
              read.marks[2].version == UINT32_MAX);
    slw_takeover_free(&read);
    forget(&payload);
}

static struct slw_provenance a_provenance(void)
{
    return (struct slw_provenance){
        .content = {6},
        .builder_id = SLW_BYTES_OF("https://ci.example/prod"),
        .build_type = SLW_BYTES_OF("https://ci.example/build/v1"),
        .source = SLW_BYTES_OF("git+https://git.example/lamp"),
        .git_commit = SLW_BYTES_OF("0123"),
        .parameters = {{SLW_BYTES_OF("variant"), true, SLW_BYTES_OF("user \"x\"")},
                       {SLW_BYTES_OF("a \"name\""), true, SLW_BYTES_OF("")},
                       {SLW_BYTES_OF("flags"), false, SLW_BYTES_OF("{\"b\":1, \"a\":[]}")}},
        .parameters_count = 3,
        .invocation_id = SLW_BYTES_OF("run-7"),
    };
}

static void writes_provenance_that_is_read_again(void)
{
    const struct slw_provenance provenance = a_provenance();
    struct slw_heap_buffer payload = {0};
    struct slw_provenance read;
    TAP_REQUIRE(slw_provenance_format(&provenance, &payload, &detail) == SLW_OK);
    TAP_REQUIRE(reopen(&payload) && slw_provenance_read(&parsed, &read, &detail) == SLW_OK);
    TAP_CHECK(read.content[0] == 6 && slw_bytes_equal(read.builder_id, provenance.builder_id));
    TAP_CHECK(slw_bytes_equal(read.source, provenance.source));
    TAP_CHECK(slw_bytes_equal(read.git_commit, provenance.git_commit));
    TAP_EQUAL_INT(read.parameters_count, 3);
    TAP_CHECK(is(read.parameters[0].value, "user \"x\"") &&
              is(read.parameters[1].name, "a \"name\""));
    TAP_CHECK(is(read.parameters[2].value, "{\"a\":[],\"b\":1}") && !read.parameters[2].is_text);
    TAP_CHECK(is(read.invocation_id, "run-7") && read.started_on.len == 0);
    TAP_CHECK(strstr(slw_heap_text(&payload),
                     "\"externalParameters\":{\"source\":\"git+https://git.example/lamp\",") !=
              NULL);
    slw_provenance_free(&read);
    forget(&payload);
}

static void writes_test_results_that_are_read_again(void)
{
    for (int i = SLW_TEST_PASSED; i <= SLW_TEST_FAILED; i++) {
        struct slw_test_result result = {.outcome = (enum slw_test_outcome)i,
                                         .suite = SLW_BYTES_OF("system"),
                                         .has_suite_sha256 = i == SLW_TEST_PASSED,
                                         .suite_sha256 = {8}};
        struct slw_heap_buffer payload = {0};
        struct slw_test_result read;
        TAP_REQUIRE(slw_test_result_format(&result, &payload, &detail) == SLW_OK);
        TAP_REQUIRE(reopen(&payload) && slw_test_result_read(&parsed, &read, &detail) == SLW_OK);
        TAP_CHECK(read.outcome == result.outcome && is(read.suite, "system"));
        TAP_CHECK(read.has_suite_sha256 == result.has_suite_sha256);
        forget(&payload);
    }
}

static void writes_no_request_that_wouldnt_be_read(void)
{
    static uint8_t long_name[SLW_STATEMENT_NAME_MAX + 1];
    struct slw_request rows[10];
    memset(long_name, 'x', sizeof long_name);
    for (size_t i = 0; i < 10; i++) {
        rows[i] = a_request(SLW_OPERATION_SIGN_TARGETS);
    }
    rows[0].signer = SLW_BYTES_OF("");
    rows[1].key = SLW_BYTES_OF("");
    rows[2].key = SLW_BYTES_OF("lamp\xFFprod");
    rows[3].key = slw_bytes_make(long_name, sizeof long_name);
    rows[4].channel = SLW_BYTES_OF("a\nb");
    rows[5].expires_utc_s = rows[5].issued_utc_s - 1;
    rows[6].change = SLW_BYTES_OF("{}");
    rows[7].operation = (enum slw_operation)9;
    rows[8].subject_name = slw_bytes_make(long_name, sizeof long_name);
    rows[9].operation = SLW_OPERATION_SIGN_ROLE;
    rows[9].change = SLW_BYTES_OF("{}}");
    for (size_t i = 0; i < 10; i++) {
        struct slw_heap_buffer payload = {0};
        TAP_EQUAL_INT(slw_request_format(&rows[i], &payload, &detail), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(payload.len, 0);
        slw_heap_free(&payload);
    }
}

static void writes_no_approval_that_wouldnt_be_read(void)
{
    struct slw_approval rows[6];
    for (size_t i = 0; i < 6; i++) {
        rows[i] = an_approval(true);
    }
    rows[0].reason = SLW_BYTES_OF("fine");
    rows[1].approve = false;
    rows[2].key_class = SLW_KEY_CLASS_NONE;
    rows[3].policy_version = 0;
    rows[4].expires_utc_s--;
    rows[5].issued_utc_s = INT64_MAX;
    for (size_t i = 0; i < 6; i++) {
        struct slw_heap_buffer payload = {0};
        TAP_EQUAL_INT(slw_approval_format(&rows[i], &payload, &detail), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(payload.len, 0);
        slw_heap_free(&payload);
    }
}

static void writes_no_provenance_that_wouldnt_be_read(void)
{
    struct slw_provenance rows[5];
    for (size_t i = 0; i < 5; i++) {
        rows[i] = a_provenance();
    }
    rows[0].builder_id = SLW_BYTES_OF("");
    rows[1].build_type = SLW_BYTES_OF("");
    rows[2].parameters[1].name = rows[2].parameters[0].name;
    rows[3].parameters[1].name = SLW_BYTES_OF("source");
    rows[4].parameters[2].value = SLW_BYTES_OF("1.5");
    for (size_t i = 0; i < 5; i++) {
        struct slw_heap_buffer payload = {0};
        TAP_EQUAL_INT(slw_provenance_format(&rows[i], &payload, &detail), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(payload.len, 0);
        slw_heap_free(&payload);
    }
}

static void writes_provenance_without_a_source(void)
{
    struct slw_provenance provenance = a_provenance();
    struct slw_heap_buffer payload = {0};
    struct slw_provenance read;
    provenance.source.len = 0;
    TAP_REQUIRE(slw_provenance_format(&provenance, &payload, &detail) == SLW_OK);
    TAP_REQUIRE(reopen(&payload) && slw_provenance_read(&parsed, &read, &detail) == SLW_OK);
    TAP_EQUAL_INT(read.source.len, 0);
    slw_provenance_free(&read);
    forget(&payload);
}

/* A difference of len bytes. */
static enum slw_status request_change(size_t len)
{
    struct slw_request request = a_request(SLW_OPERATION_SIGN_ROLE);
    struct slw_heap_buffer change = {0};
    struct slw_heap_buffer payload = {0};
    slw_heap_printf(&change, "{\"a\":\"%0*d\"}", (int)len - 8, 0);
    request.change = slw_heap_bytes(&change);
    TAP_EQUAL_INT(change.len, len);
    enum slw_status status = slw_request_format(&request, &payload, &detail);
    slw_heap_free(&change);
    slw_heap_free(&payload);
    return status;
}

static enum slw_status take_over_with_marks(size_t count)
{
    static char names[SLW_MARKS_MAX + 1][8];
    static struct slw_mark marks[SLW_MARKS_MAX + 1];
    const struct slw_takeover takeover = {
        .signer = SIGNER, .epoch = 1, .marks = marks, .marks_count = count};
    struct slw_heap_buffer payload = {0};
    for (size_t i = 0; i < count; i++) {
        int len = snprintf(names[i], sizeof names[i], "p%zu", i);
        marks[i] =
            (struct slw_mark){SLW_BYTES_OF("root"), slw_bytes_make(names[i], (size_t)len), 1};
    }
    enum slw_status status = slw_takeover_format(&takeover, &payload, &detail);
    slw_heap_free(&payload);
    return status;
}

static void writes_nothing_over_a_limit(void)
{
    TAP_EQUAL_INT(request_change(SLW_CHANGE_SIZE_MAX), SLW_OK);
    TAP_EQUAL_INT(request_change(SLW_CHANGE_SIZE_MAX + 1), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(take_over_with_marks(SLW_MARKS_MAX), SLW_OK);
    TAP_EQUAL_INT(take_over_with_marks(SLW_MARKS_MAX + 1), SLW_BAD_ARGUMENT);
}

int main(void)
{
    TAP_RUN(writes_stages_that_are_read_again);
    TAP_RUN(writes_requests_that_are_read_again);
    TAP_RUN(writes_approvals_that_are_read_again);
    TAP_RUN(writes_takeovers_that_are_read_again);
    TAP_RUN(writes_provenance_that_is_read_again);
    TAP_RUN(writes_test_results_that_are_read_again);
    TAP_RUN(writes_provenance_without_a_source);
    TAP_RUN(writes_nothing_over_a_limit);
    TAP_RUN(writes_no_request_that_wouldnt_be_read);
    TAP_RUN(writes_no_approval_that_wouldnt_be_read);
    TAP_RUN(writes_no_provenance_that_wouldnt_be_read);
    return tap_finish();
}
