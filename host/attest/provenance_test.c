/* SPDX-License-Identifier: Apache-2.0 */
/* Provenance and test results, which other tools may have written: what is read, what is ignored,
 * and what is refused. */
#include "test_statements.h"

static const char provenance[] = FRAME(
    "https://slsa.dev/provenance/v1",
    "{\"buildDefinition\":{\"buildType\":\"https://ci.example/build/v1\",\"externalParameters\":"
    "{\"source\":\"git+https://git.example/lamp\",\"variant\":\"user\",\"flags\":{\"b\":1, "
    "\"a\":[true]}},\"internalParameters\":{\"x\":1},\"resolvedDependencies\":[{\"uri\":"
    "\"git+https://git.example/lamp@refs/tags/v1\",\"digest\":{\"gitCommit\":\"abc\"}}]},"
    "\"runDetails\":{\"builder\":{\"id\":\"https://ci.example/prod\",\"version\":{}},"
    "\"metadata\":{\"invocationId\":\"run-7\",\"startedOn\":\"2026-05-01T07:00:00.5Z\","
    "\"finishedOn\":\"2026-05-01T07:10:00Z\"},\"byproducts\":[]}}");
static const char test_result[] =
    FRAME("https://in-toto.io/attestation/test-result/v0.1",
          "{\"result\":\"PASSED\",\"configuration\":[{\"name\":\"system\",\"digest\":{\"sha256\":"
          "\"" HEX "\"}},{\"name\":\"other\"}],\"url\":\"https://lab.example/7\","
          "\"passedTests\":[\"boots\"],\"failedTests\":[]}");

static void reads_provenance(void)
{
    struct slw_statement statement;
    struct slw_provenance read;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(provenance), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_provenance_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(is(read.builder_id, "https://ci.example/prod"));
    TAP_CHECK(is(read.build_type, "https://ci.example/build/v1"));
    TAP_CHECK(is(read.source, "git+https://git.example/lamp") && is(read.git_commit, "abc"));
    TAP_EQUAL_INT(read.parameters_count, 2);
    TAP_CHECK(is(read.parameters[0].name, "variant") && read.parameters[0].is_text &&
              is(read.parameters[0].value, "user"));
    TAP_CHECK(is(read.parameters[1].name, "flags") && !read.parameters[1].is_text &&
              is(read.parameters[1].value, "{\"a\":[true],\"b\":1}"));
    TAP_CHECK(is(read.invocation_id, "run-7") && is(read.started_on, "2026-05-01T07:00:00.5Z"));
    slw_provenance_free(&read);
    slw_statement_free(&statement);
}

/* A parameter for each number, each with a value that isn't canonical, so that memory grows. */
static void keeps_many_values_in_canonical_form(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_statement statement;
    struct slw_provenance read;
    slw_heap_append_text(&text, "{");
    for (unsigned i = 0; i < SLW_PROVENANCE_PARAMETERS_MAX; i++) {
        slw_heap_printf(&text, "%s\"p%u\":{ \"b\" : %u, \"a\" : \"%0100u\" }", i == 0 ? "" : ",", i,
                        i, i);
    }
    slw_heap_append_text(&text, "}");
    struct slw_heap_buffer edited = {0};
    edit(provenance,
         "{\"source\":\"git+https://git.example/lamp\",\"variant\":\"user\",\"flags\":"
         "{\"b\":1, \"a\":[true]}}",
         slw_heap_text(&text), &edited);
    TAP_REQUIRE(slw_statement_parse("s", slw_heap_bytes(&edited), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_provenance_read(&statement, &read, &detail) == SLW_OK);
    TAP_EQUAL_INT(read.parameters_count, SLW_PROVENANCE_PARAMETERS_MAX);
    TAP_CHECK(is(read.source, "git+https://git.example/lamp@refs/tags/v1"));
    for (unsigned i = 0; i < SLW_PROVENANCE_PARAMETERS_MAX; i++) {
        struct slw_heap_buffer expected = {0};
        slw_heap_printf(&expected, "{\"a\":\"%0100u\",\"b\":%u}", i, i);
        TAP_CHECK(is(read.parameters[i].value, slw_heap_text(&expected)));
        slw_heap_free(&expected);
    }
    slw_provenance_free(&read);
    slw_statement_free(&statement);
    slw_heap_free(&text);
    slw_heap_free(&edited);
}

/* count parameters, one of them with a name and a value so long. */
static enum slw_status read_sized(unsigned count, int name_len, int value_len)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "\"variant\":\"user\",\"%0*d\":\"%0*d\"", name_len, 0, value_len, 0);
    for (unsigned i = 2; i < count; i++) {
        slw_heap_printf(&text, ",\"p%u\":%u", i, i);
    }
    struct slw_heap_buffer edited = {0};
    edit(provenance, "\"variant\":\"user\",\"flags\":{\"b\":1, \"a\":[true]}", slw_heap_text(&text),
         &edited);
    enum slw_status status = read_text(slw_heap_bytes(&edited));
    slw_heap_free(&text);
    slw_heap_free(&edited);
    return status;
}

static void refuses_parameters_over_a_limit(void)
{
    const int name = (int)SLW_STATEMENT_NAME_MAX;
    const int value = (int)SLW_PROVENANCE_VALUE_MAX;
    TAP_EQUAL_INT(read_sized(SLW_PROVENANCE_PARAMETERS_MAX, name, value), SLW_OK);
    TAP_EQUAL_INT(read_sized(SLW_PROVENANCE_PARAMETERS_MAX + 1, 1, 1), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(read_sized(3, name + 1, 1), SLW_BAD_STATEMENT);
    TAP_EQUAL_INT(read_sized(3, 1, value + 1), SLW_BAD_STATEMENT);
}

static void reads_a_test_result(void)
{
    struct slw_statement statement;
    struct slw_test_result read;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(test_result), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_test_result_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(read.outcome == SLW_TEST_PASSED && is(read.suite, "system"));
    TAP_CHECK(is(read.url, "https://lab.example/7") && read.has_suite_sha256);
    slw_statement_free(&statement);
}

static void refuses_provenance_that_isnt_any(void)
{
    static const struct edit rows[] = {
        {"\"buildDefinition\":", "\"buildDefinitions\":"},
        {"\"buildType\":\"https://ci.example/build/v1\",", ""},
        {"\"https://ci.example/build/v1\"", "\"\""},
        {"\"https://ci.example/build/v1\"", "null"},
        {"\"https://ci.example/build/v1\"", "\"https://ci.example\\u0000/build/v1\""},
        {"\"externalParameters\":", "\"externalparameters\":"},
        {"{\"source\":\"git+https://git.example/lamp\",\"variant\":\"user\",\"flags\":{\"b\":1, "
         "\"a\":[true]}}",
         "[]"},
        {"{\"source\":\"git+https://git.example/lamp\",\"variant\":\"user\",\"flags\":{\"b\":1, "
         "\"a\":[true]}}",
         "null"},
        {"\"source\":\"git+https://git.example/lamp\"", "\"source\":{}"},
        {"\"source\":\"git+https://git.example/lamp\"", "\"source\":\"\""},
        {"\"source\":\"git+https://git.example/lamp\"", "\"source\":[\"a\"]"},
        {"\"source\":\"git+https://git.example/lamp\"",
         "\"source\":\"git+https://git.example/lamp\",\"source\":\"b\""},
        {"\"variant\":\"user\"", "\"variant\":\"user\",\"v\\u0061riant\":\"dev\""},
        {"\"flags\":{\"b\":1", "\"flags\":{\"b\":1.5"},
        {"\"resolvedDependencies\":[", "\"resolvedDependencies\":{\"a\":["},
        {"\"uri\":\"git+", "\"uri\":[],\"x\":\"git+"},
        {"{\"gitCommit\":\"abc\"}", "[]"},
        {"\"gitCommit\":\"abc\"", "\"gitCommit\":1"},
        {"\"runDetails\":", "\"runDetail\":"},
        {"\"builder\":{\"id\":\"https://ci.example/prod\",\"version\":{}},", ""},
        {"\"id\":\"https://ci.example/prod\",", ""},
        {"\"https://ci.example/prod\"", "\"\""},
        {"\"https://ci.example/prod\"", "[\"https://ci.example/prod\"]"},
        {"\"id\":\"https://ci.example/prod\"", "\"id\":\"a\",\"id\":\"https://ci.example/prod\""},
        {"\"metadata\":{", "\"metadata\":[],\"x\":{"},
        {"\"invocationId\":\"run-7\"", "\"invocationId\":7"},
        {"\"startedOn\":\"2026-05-01T07:00:00.5Z\"", "\"startedOn\":\"\\n\""},
        {"\"finishedOn\":\"2026-05-01T07:10:00Z\"", "\"finishedOn\":{}"},
    };
    CHECK_EDITS(provenance, rows, SLW_BAD_STATEMENT);
}

/* What SLSA and in-toto let others write beside what we read. */
static void ignores_what_foreign_statements_have_besides(void)
{
    static const struct edit rows[] = {
        {"{\"_type\"", "{\"more\":[1],\"_type\""},
        {"[{\"name\"", "[{\"uri\":\"x\",\"name\""},
        {"{\"sha256\":", "{\"sha512\":\"00\",\"sha256\":"},
        {"\"name\":\"lamp\",", ""},
        {"\"internalParameters\":{\"x\":1}", "\"internalParameters\":[]"},
        {",\"resolvedDependencies\":[{\"uri\":\"git+https://git.example/lamp@refs/tags/"
         "v1\",\"digest\":{\"gitCommit\":\"abc\"}}]",
         ""},
        {"\"resolvedDependencies\":[", "\"resolvedDependencies\":[{\"uri\":\"pkg:x\"},"},
        {",\"byproducts\":[]", ",\"byproducts\":[{}],\"extra\":null"},
        {"\"byproducts\":[]", "\"metadata2\":1"},
        {",\"version\":{}", ""},
        {"\"invocationId\":\"run-7\",", ""},
        {"{\"gitCommit\":\"abc\"}", "{\"sha1\":\"abc\"}"},
    };
    CHECK_EDITS(provenance, rows, SLW_OK);
}

static void takes_no_source_from_a_choice_of_dependencies(void)
{
    static const char *const rows[] = {
        "", "\"resolvedDependencies\":[],",
        "\"resolvedDependencies\":[{\"uri\":\"a\"},{\"uri\":\"b\"}],"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_statement statement;
        struct slw_provenance read;
        slw_heap_printf(
            &text,
            FRAME("https://slsa.dev/provenance/v1",
                  "{\"buildDefinition\":{%s\"buildType\":\"a\",\"externalParameters\":{}"
                  "},\"runDetails\":{\"builder\":{\"id\":\"b\"}}}"),
            rows[i]);
        TAP_REQUIRE(slw_statement_parse("s", slw_heap_bytes(&text), &statement, &detail) == SLW_OK);
        TAP_REQUIRE(slw_provenance_read(&statement, &read, &detail) == SLW_OK);
        TAP_CHECK(read.source.len == 0 && read.parameters_count == 0);
        slw_provenance_free(&read);
        slw_statement_free(&statement);
        slw_heap_free(&text);
    }
}

static void refuses_a_test_result_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"\"result\":\"PASSED\",", ""},
        {"\"PASSED\"", "\"passed\""},
        {"\"PASSED\"", "\"PASSED \""},
        {"\"PASSED\"", "\"SKIPPED\""},
        {"\"PASSED\"", "true"},
        {"\"PASSED\"", "null"},
        {"\"result\":", "\"result\":\"FAILED\",\"result\":"},
        {"\"configuration\":", "\"configurations\":"},
        {"[{\"name\":\"system\"", "[\"system\",{\"name\":\"system\""},
        {"[{\"name\":\"system\"", "[{},{\"name\":\"system\""},
        {"[{\"name\":\"system\"", "[null,{\"name\":\"system\""},
        {"\"name\":\"system\"", "\"name\":\"\""},
        {"\"name\":\"system\"", "\"name\":1"},
        {"\"name\":\"system\"", "\"uri\":\"system\""},
        {"\"digest\":{\"sha256\":\"" HEX "\"}},{\"name\"", "\"digest\":[]},{\"name\""},
        {"\"digest\":{\"sha256\":\"" HEX "\"}},{\"name\"",
         "\"digest\":{\"sha256\":\"ff\"}},{\"name\""},
        {"\"https://lab.example/7\"", "7"},
        {"\"failedTests\":[]", "\"failedTests\":[\"boots\"]"},
        {"\"failedTests\":[]", "\"failedTests\":{}"},
        {"\"failedTests\":[]", "\"failedTests\":\"boots\""},
    };
    static const struct edit empty[] = {
        {"[{\"name\":\"system\",\"digest\":{\"sha256\":\"" HEX "\"}},{\"name\":\"other\"}]", "[]"},
        {"[{\"name\":\"system\",\"digest\":{\"sha256\":\"" HEX "\"}},{\"name\":\"other\"}]", "{}"},
        {"[{\"name\":\"system\",\"digest\":{\"sha256\":\"" HEX "\"}},{\"name\":\"other\"}]",
         "\"system\""},
    };
    CHECK_EDITS(test_result, rows, SLW_BAD_STATEMENT);
    CHECK_EDITS(test_result, empty, SLW_BAD_STATEMENT);
}

static void refuses_them_cut_off_anywhere(void)
{
    static const char *const whole[] = {provenance, test_result};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        size_t taken = 0;
        for (size_t len = 0; len < strlen(whole[i]); len++) {
            taken += read_text(slw_bytes_make(whole[i], len)) == SLW_OK;
        }
        TAP_EQUAL_INT(taken, 0);
    }
}

static void refuses_one_for_the_other(void)
{
    struct slw_statement statement;
    struct slw_provenance one;
    struct slw_test_result other;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(provenance), &statement, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_test_result_read(&statement, &other, &detail), SLW_BAD_STATEMENT);
    slw_statement_free(&statement);
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(test_result), &statement, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_provenance_read(&statement, &one, &detail), SLW_BAD_STATEMENT);
    slw_statement_free(&statement);
}

int main(void)
{
    TAP_RUN(reads_provenance);
    TAP_RUN(keeps_many_values_in_canonical_form);
    TAP_RUN(refuses_parameters_over_a_limit);
    TAP_RUN(reads_a_test_result);
    TAP_RUN(refuses_provenance_that_isnt_any);
    TAP_RUN(ignores_what_foreign_statements_have_besides);
    TAP_RUN(takes_no_source_from_a_choice_of_dependencies);
    TAP_RUN(refuses_a_test_result_that_isnt_one);
    TAP_RUN(refuses_them_cut_off_anywhere);
    TAP_RUN(refuses_one_for_the_other);
    return tap_finish();
}
