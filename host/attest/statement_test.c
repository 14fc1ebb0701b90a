/* SPDX-License-Identifier: Apache-2.0 */
/* Statements of every kind: what is written is read again, and hundreds of texts that aren't one.
 */
#include "test_statements.h"

static const char stage[] =
    FRAME("urn:slipway:stage:v1",
          "{\"signer\":\"sign.example/log\",\"length\":1234,\"issued\":\"2026-05-01T08:00:00Z\"}");
static const char request[] = FRAME(
    "urn:slipway:request:v1",
    "{\"signer\":\"sign.example/log\",\"operation\":\"sign-targets\",\"key\":\"lamp-prod\","
    "\"channel\":\"stable\",\"issued\":\"2026-05-01T08:00:00Z\",\"expires\":\"2026-05-08T08:00:"
    "00Z\",\"nonce\":\"000102030405060708090a0b0c0d0e0f\"}");
static const char role_request[] = FRAME(
    "urn:slipway:request:v1",
    "{\"signer\":\"sign.example/log\",\"operation\":\"sign-role\",\"key\":\"lamp-prod\","
    "\"channel\":\"stable\",\"issued\":\"2026-05-01T08:00:00Z\",\"expires\":\"2026-05-08T08:00:"
    "00Z\",\"nonce\":\"000102030405060708090a0b0c0d0e0f\",\"change\":{ \"a\":[1, 2],\"b\":\"\\n\"},"
    "\"release\":\"" HEX2 "\"}");
static const char approval[] =
    FRAME("urn:slipway:approval:v1",
          "{\"signer\":\"sign.example/log\",\"decision\":\"approve\",\"request\":\"" HEX
          "\",\"targets_sha256\":\"" HEX "\",\"key_id\":\"" HEX
          "\",\"key_class\":\"prod\",\"channel\":\"stable\",\"policy_version\":7,"
          "\"issued\":\"2026-05-01T08:00:00Z\",\"expires\":\"2026-05-08T08:00:00Z\"}");
static const char rejection[] =
    FRAME("urn:slipway:approval:v1",
          "{\"signer\":\"sign.example/log\",\"decision\":\"reject\",\"request\":\"" HEX
          "\",\"targets_sha256\":\"" HEX "\",\"key_id\":\"" HEX
          "\",\"key_class\":\"test\",\"channel\":\"\",\"policy_version\":7,"
          "\"issued\":\"2026-05-01T08:00:00Z\",\"expires\":\"2026-05-01T08:00:00Z\",\"reason\":"
          "\"the notes are wrong\"}");
static const char takeover[] = FRAME(
    "urn:slipway:takeover:v1",
    "{\"signer\":\"sign.example/log\",\"epoch\":2,\"size\":1000,\"root\":\"" HEX
    "\",\"marks\":[{\"kind\":\"targets\",\"name\":\"lamp\",\"version\":41},{\"kind\":\"root\","
    "\"name\":\"lamp\",\"version\":3}],\"issued\":\"2026-05-01T08:00:00Z\"}");
static void reads_a_stage(void)
{
    struct slw_statement statement;
    struct slw_stage read;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(stage), &statement, &detail) == SLW_OK);
    TAP_EQUAL_INT(statement.kind, SLW_STATEMENT_STAGE);
    TAP_REQUIRE(slw_stage_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(is(read.subject_name, "lamp") && is(read.signer, "sign.example/log"));
    TAP_CHECK(read.sha256[1] == 0x11 && read.sha256[31] == 0xFF);
    TAP_EQUAL_INT(read.length, 1234);
    TAP_EQUAL_INT(read.issued_utc_s, 1777622400);
    slw_statement_free(&statement);
}

static void reads_requests(void)
{
    struct slw_statement statement;
    struct slw_request read;
    struct slw_sha256 hash;
    uint8_t id[SLW_SHA256_SIZE];
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(request), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_request_read(&statement, &read, &detail) == SLW_OK);
    TAP_EQUAL_INT(read.operation, SLW_OPERATION_SIGN_TARGETS);
    TAP_CHECK(is(read.key, "lamp-prod") && is(read.channel, "stable"));
    TAP_EQUAL_INT(read.expires_utc_s - read.issued_utc_s, 7 * 86400);
    TAP_CHECK(read.nonce[15] == 15 && !read.has_release && read.change.len == 0);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes_of(request));
    slw_sha256_final(&hash, id);
    TAP_EQUAL_BYTES(statement.id, id, sizeof id);
    slw_statement_free(&statement);
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(role_request), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_request_read(&statement, &read, &detail) == SLW_OK);
    TAP_EQUAL_INT(read.operation, SLW_OPERATION_SIGN_ROLE);
    TAP_CHECK(is(read.change, "{ \"a\":[1, 2],\"b\":\"\\n\"}"));
    TAP_CHECK(read.has_release && read.release[0] == 0xF0);
    slw_statement_free(&statement);
}

static void reads_approvals_and_rejections(void)
{
    struct slw_statement statement;
    struct slw_approval read;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(approval), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_approval_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(read.approve && read.key_class == SLW_KEY_CLASS_PROD && read.policy_version == 7);
    TAP_CHECK(is(read.channel, "stable") && read.reason.len == 0);
    slw_statement_free(&statement);
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(rejection), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_approval_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(!read.approve && read.key_class == SLW_KEY_CLASS_TEST);
    TAP_CHECK(is(read.reason, "the notes are wrong"));
    slw_statement_free(&statement);
}

static void reads_a_takeover(void)
{
    struct slw_statement statement;
    struct slw_takeover read;
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(takeover), &statement, &detail) == SLW_OK);
    TAP_REQUIRE(slw_takeover_read(&statement, &read, &detail) == SLW_OK);
    TAP_CHECK(read.epoch == 2 && read.size == 1000 && read.marks_count == 2);
    TAP_CHECK(is(read.marks[0].kind, "targets") && is(read.marks[1].kind, "root"));
    TAP_CHECK(is(read.marks[0].name, "lamp") && read.marks[0].version == 41);
    slw_takeover_free(&read);
    slw_statement_free(&statement);
}

/* The frame, in a statement of our own. */
static void refuses_a_frame_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"{\"_type\"", "[{\"_type\""},
        {"{\"_type\"", ""},
        {"{\"_type\"", "\xEF\xBB\xBF{\"_type\""},
        {"\"_type\":\"https://in-toto.io/Statement/v1\",", ""},
        {"Statement/v1", "Statement/v0.1"},
        {"Statement/v1", "Statement/v1/"},
        {"Statement/v1", "statement/v1"},
        {"https://in-toto.io", "http://in-toto.io"},
        {"\"https://in-toto.io/Statement/v1\"", "null"},
        {"\"https://in-toto.io/Statement/v1\"", "1"},
        {"\"https://in-toto.io/Statement/v1\"", "[\"https://in-toto.io/Statement/v1\"]"},
        {"\"_type\":", "\"_type\":\"https://in-toto.io/Statement/v1\",\"_type\":"},
        {"\"_type\":", "\"_typ\\u0065\":\"x\",\"_type\":"},
        {"\"_type\":", "\"type\":"},
        {"\"_type\":", "\"more\":1,\"_type\":"},
        {"\"predicateType\":", "\"predicate_type\":"},
        {"\"urn:slipway:stage:v1\"", "null"},
        {"\"urn:slipway:stage:v1\"", "\"\""},
        {"\"urn:slipway:stage:v1\"", "{}"},
        {"\"urn:slipway:stage:v1\"", "\"urn:slipway:request:v1\""},
        {"\"urn:slipway:stage:v1\"", "\"urn:slipway:approval:v1\""},
        {"\"urn:slipway:stage:v1\"", "\"urn:slipway:takeover:v1\""},
        {"\"urn:slipway:stage:v1\"", "\"https://slsa.dev/provenance/v1\""},
        {"\"urn:slipway:stage:v1\"", "\"https://in-toto.io/attestation/test-result/v0.1\""},
        {"\"predicate\":{", "\"predicates\":{"},
        {"\"predicate\":{", "\"predicate\":{},\"predicate\":{"},
        {"\"predicate\":{", "\"predicate\":null,\"x\":{"},
        {"{\"signer\":\"sign.example/log\",\"length\":1234,\"issued\":\"2026-05-01T08:00:00Z\"}",
         "null"},
        {"{\"signer\":\"sign.example/log\",\"length\":1234,\"issued\":\"2026-05-01T08:00:00Z\"}",
         "[]"},
        {"{\"signer\":\"sign.example/log\",\"length\":1234,\"issued\":\"2026-05-01T08:00:00Z\"}",
         "\"x\""},
        {"{\"signer\":\"sign.example/log\",\"length\":1234,\"issued\":\"2026-05-01T08:00:00Z\"}",
         "{}"},
        {"Z\"}}", "Z\"}"},
        {"Z\"}}", "Z\"}}}"},
        {"Z\"}}", "Z\"}} x"},
        {"Z\"}}", "Z\"},}"},
    };
    CHECK_EDITS(stage, rows, SLW_BAD_STATEMENT);
}

static void refuses_a_subject_that_isnt_one_digest(void)
{
    static const struct edit rows[] = {
        {"\"subject\":", "\"subjects\":"},
        {"[{\"name\"", "{\"name\""},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]", "[]"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]", "null"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]", "\"" HEX "\""},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]",
         "{\"digest\":{\"sha256\":\"" HEX "\"}}"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]",
         "[{\"digest\":{\"sha256\":\"" HEX "\"}},{\"digest\":{\"sha256\":\"" HEX2 "\"}}]"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]",
         "[{\"digest\":{\"sha256\":\"" HEX "\"}},{\"digest\":{\"sha256\":\"" HEX "\"}}]"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]",
         "[{\"digest\":{\"sha256\":\"" HEX "\"}},null]"},
        {"[{\"name\":\"lamp\",\"digest\":{\"sha256\":\"" HEX "\"}}]",
         "[[{\"digest\":{\"sha256\":\"" HEX "\"}}]]"},
        {"[{\"name\"", "[{\"uri\":\"x\",\"name\""},
        {"\"name\":\"lamp\"", "\"name\":null"},
        {"\"name\":\"lamp\"", "\"name\":1"},
        {"\"name\":\"lamp\"", "\"name\":\"la\\u0000mp\""},
        {"\"name\":\"lamp\"", "\"name\":\"la\\nmp\""},
        {"\"name\":\"lamp\"", "\"name\":\"la\\u009bmp\""},
        {"\"name\":\"lamp\"", "\"name\":\"la\\u007fmp\""},
        {"\"name\":\"lamp\"", "\"name\":\"lamp\",\"name\":\"lamp\""},
        {"\"digest\":", "\"digests\":"},
        {"{\"sha256\":\"" HEX "\"}", "{}"},
        {"{\"sha256\":\"" HEX "\"}", "null"},
        {"{\"sha256\":\"" HEX "\"}", "\"" HEX "\""},
        {"{\"sha256\":\"" HEX "\"}", "[\"" HEX "\"]"},
        {"\"sha256\"", "\"sha512\""},
        {"\"sha256\"", "\"SHA256\""},
        {"{\"sha256\":", "{\"sha512\":\"00\",\"sha256\":"},
        {"{\"sha256\":", "{\"sha256\":\"" HEX2 "\",\"sha256\":"},
        {"\"" HEX "\"", "null"},
        {"\"" HEX "\"", "\"\""},
        {"0011223344", "001122334"},
        {"0011223344", "00112233440"},
        {"0011223344", "001122334400"},
        {"0011223344", "00112233"},
        {"99aabb", "99AABB"},
        {"99aabb", "99aabg"},
        {"99aabb", "99aa b"},
        {"99aabb", "99aa\\u0000b"},
    };
    CHECK_EDITS(stage, rows, SLW_BAD_STATEMENT);
}

static void refuses_a_stage_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"\"signer\":\"sign.example/log\",", ""},
        {"\"signer\":", "\"Signer\":"},
        {"\"sign.example/log\"", "\"\""},
        {"\"sign.example/log\"", "null"},
        {"\"sign.example/log\"", "1"},
        {"\"sign.example/log\"", "[\"sign.example/log\"]"},
        {"\"sign.example/log\"", "\"sign.example\\u001b/log\""},
        {"\"length\":1234,", ""},
        {"1234", "-1"},
        {"1234", "1.5"},
        {"1234", "1e3"},
        {"1234", "\"1234\""},
        {"1234", "null"},
        {"1234", "true"},
        {"1234", "1099511627777"},
        {"1234", "99999999999999999999"},
        {"1234", "01234"},
        {"1234", "0x4d2"},
        {",\"issued\":\"2026-05-01T08:00:00Z\"", ""},
        {"\"issued\":", "\"issued\":\"2026-05-01T08:00:00Z\",\"issued\":"},
        {"\"issued\":", "\"expires\":\"2026-05-01T08:00:00Z\",\"issued\":"},
        {"\"signer\":", "\"comment\":\"\",\"signer\":"},
        {"\"signer\":", "\"\":\"\",\"signer\":"},
        {"\"2026-05-01T08:00:00Z\"", "1777622400"},
        {"\"2026-05-01T08:00:00Z\"", "null"},
        {"2026-05-01T08:00:00Z", ""},
        {"2026-05-01T08:00:00Z", "30d"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00z"},
        {"2026-05-01T08:00:00Z", "2026-05-01t08:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01 08:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00.0Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00+00:00"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00Z"},
        {"2026-05-01T08:00:00Z", "20260501T080000Z"},
        {"2026-05-01T08:00:00Z", "2026-02-30T08:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-13-01T08:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T24:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:60:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:60Z"},
        {"2026-05-01T08:00:00Z", " 2026-05-01T08:00:00Z"},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z "},
        {"2026-05-01T08:00:00Z", "2026-05-01T08:00:00Z\\u0000"},
        {"2026-05-01T08:00:00Z", "+026-05-01T08:00:00Z"},
        {"2026-05-01T08:00:00Z", "12026-05-01T08:00:00Z"},
    };
    CHECK_EDITS(stage, rows, SLW_BAD_STATEMENT);
}

static void refuses_a_request_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"\"operation\":\"sign-targets\",", ""},
        {"sign-targets", "sign-bytes"},
        {"sign-targets", "Sign-targets"},
        {"sign-targets", "sign-targets "},
        {"sign-targets", ""},
        {"\"sign-targets\"", "1"},
        {"sign-targets", "sign-role"}, /* without a change */
        {"\"key\":\"lamp-prod\",", ""},
        {"\"lamp-prod\"", "\"\""},
        {"\"lamp-prod\"", "[]"},
        {"\"lamp-prod\"", "\"lamp\\tprod\""},
        {"\"channel\":\"stable\",", ""},
        {"\"stable\"", "null"},
        {"\"issued\":\"2026-05-01T08:00:00Z\",", ""},
        {"\"expires\":\"2026-05-08T08:00:00Z\",", ""},
        {"2026-05-08T08:00:00Z", "2026-05-01T07:59:59Z"},
        {"2026-05-08T08:00:00Z", "1970-01-01T00:00:00Z"},
        {",\"nonce\":\"000102030405060708090a0b0c0d0e0f\"", ""},
        {"000102030405060708090a0b0c0d0e0f", ""},
        {"000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e"},
        {"000102030405060708090a0b0c0d0e0f", "000102030405060708090a0b0c0d0e0f00"},
        {"000102030405060708090a0b0c0d0e0f", "000102030405060708090A0B0C0D0E0F"},
        {"\"nonce\":", "\"change\":{},\"nonce\":"},
        {"\"nonce\":", "\"release\":\"" HEX "\",\"nonce\":"},
        {"\"nonce\":", "\"priority\":1,\"nonce\":"},
        {"\"nonce\":", "\"signer\":\"other\",\"nonce\":"},
        {"sign.example/log", ""},
    };
    static const struct edit role_rows[] = {
        {"\"change\":{ \"a\":[1, 2],\"b\":\"\\n\"},", ""},
        {"{ \"a\":[1, 2],\"b\":\"\\n\"}", "[]"},
        {"{ \"a\":[1, 2],\"b\":\"\\n\"}", "\"{}\""},
        {"{ \"a\":[1, 2],\"b\":\"\\n\"}", "null"},
        {"{ \"a\":[1, 2],\"b\":\"\\n\"}", "{\"a\":1,\"a\":1}"},
        {"sign-role", "sign-root"},
        {"sign-role", "sign-targets"},
        {"\"" HEX2 "\"", "null"},
        {"\"" HEX2 "\"", "\"\""},
        {"\"" HEX2 "\"", "\"f0\""},
        {"\"" HEX2 "\"", "1"},
    };
    CHECK_EDITS(request, rows, SLW_BAD_STATEMENT);
    CHECK_EDITS(role_request, role_rows, SLW_BAD_STATEMENT);
}

static void refuses_an_approval_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"\"signer\":\"sign.example/log\",", ""},
        {"\"decision\":\"approve\",", ""},
        {"\"approve\"", "\"approved\""},
        {"\"approve\"", "\"APPROVE\""},
        {"\"approve\"", "true"},
        {"\"approve\"", "\"\""},
        {"\"approve\"", "\"reject\""}, /* without a reason */
        {"\"request\":\"" HEX "\",", ""},
        {"\"request\":\"00", "\"request\":\""},
        {"\"request\":\"" HEX "\"", "\"request\":[\"" HEX "\",\"" HEX2 "\"]"},
        {"\"targets_sha256\":\"" HEX "\",", ""},
        {"\"targets_sha256\":\"00", "\"targets_sha256\":\"0g"},
        {"\"key_id\":\"" HEX "\",", ""},
        {"\"key_id\":\"" HEX "\"", "\"key_id\":\"*\""},
        {"\"key_class\":\"prod\",", ""},
        {"\"prod\"", "\"none\""},
        {"\"prod\"", "\"PROD\""},
        {"\"prod\"", "3"},
        {"\"prod\"", "\"\""},
        {"\"channel\":\"stable\",", ""},
        {"\"channel\":\"stable\"", "\"channel\":[\"stable\"]"},
        {"\"policy_version\":7,", ""},
        {"\"policy_version\":7", "\"policy_version\":0"},
        {"\"policy_version\":7", "\"policy_version\":-7"},
        {"\"policy_version\":7", "\"policy_version\":4294967296"},
        {"\"policy_version\":7", "\"policy_version\":\"7\""},
        {"\"issued\":\"2026-05-01T08:00:00Z\",", ""},
        {",\"expires\":\"2026-05-08T08:00:00Z\"", ""},
        {"2026-05-08", "2026-04-08"},
        {"\"issued\":", "\"reason\":\"fine\",\"issued\":"},
        {"\"issued\":", "\"reason\":\"\",\"issued\":"},
        {"\"issued\":", "\"person\":\"ada\",\"issued\":"},
        {"\"issued\":", "\"decision\":\"reject\",\"issued\":"},
    };
    static const struct edit rejection_rows[] = {
        {",\"reason\":\"the notes are wrong\"", ""},
        {"the notes are wrong", ""},
        {"the notes are wrong", "the notes\\nare wrong"},
        {"the notes are wrong", "\\u001b[2J"},
        {"\"the notes are wrong\"", "null"},
        {"\"the notes are wrong\"", "[]"},
        {"\"reject\"", "\"approve\""},
    };
    CHECK_EDITS(approval, rows, SLW_BAD_STATEMENT);
    CHECK_EDITS(rejection, rejection_rows, SLW_BAD_STATEMENT);
}

static void refuses_a_takeover_that_isnt_one(void)
{
    static const struct edit rows[] = {
        {"\"signer\":\"sign.example/log\",", ""},
        {"\"epoch\":2,", ""},
        {"\"epoch\":2", "\"epoch\":0"},
        {"\"epoch\":2", "\"epoch\":-1"},
        {"\"epoch\":2", "\"epoch\":9223372036854775808"},
        {"\"size\":1000,", ""},
        {"\"size\":1000", "\"size\":-1000"},
        {"\"size\":1000", "\"size\":\"1000\""},
        {"\"root\":\"" HEX "\",", ""},
        {"\"root\":\"" HEX "\"", "\"root\":\"" HEX2 "\""},
        {"\"root\":\"00", "\"root\":\""},
        {"[{\"kind\"", "[[],{\"kind\""},
        {"[{\"kind\"", "[null,{\"kind\""},
        {"[{\"kind\"", "[{},{\"kind\""},
        {"\"kind\":\"targets\"", "\"kind\":\"target\""},
        {"\"kind\":\"targets\"", "\"kind\":1"},
        {"\"kind\":\"targets\",", ""},
        {"\"kind\":\"targets\"", "\"kind\":\"root\""}, /* as the second */
        {"\"name\":\"lamp\",\"version\":41", "\"name\":\"\",\"version\":41"},
        {"\"name\":\"lamp\",\"version\":41", "\"version\":41"},
        {"\"version\":41", "\"version\":-41"},
        {"\"version\":41", "\"version\":4294967296"},
        {"\"version\":41", "\"version\":41,\"more\":1"},
        {",\"version\":41", ""},
        {"\"issued\":\"2026-05-01T08:00:00Z\"", "\"issued\":\"2026-05-01T08:00:00Z\",\"x\":1"},
        {",\"issued\":\"2026-05-01T08:00:00Z\"", ""},
    };
    CHECK_EDITS(takeover, rows, SLW_BAD_STATEMENT);
}

static void refuses_statements_cut_off_anywhere(void)
{
    static const char *const whole[] = {stage, request, role_request, approval, takeover};
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        size_t taken = 0;
        for (size_t len = 0; len < strlen(whole[i]); len++) {
            taken += read_text(slw_bytes_make(whole[i], len)) == SLW_OK;
        }
        TAP_EQUAL_INT(taken, 0);
    }
}

static void refuses_the_predicate_of_another_kind(void)
{
    static const char *const texts[] = {stage, request, approval, takeover};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct slw_statement statement;
        size_t taken = 0;
        TAP_REQUIRE(slw_statement_parse("s", bytes_of(texts[i]), &statement, &detail) == SLW_OK);
        enum slw_statement_kind own = statement.kind;
        for (size_t kind = 0; kind < SLW_STATEMENT_KINDS; kind++) {
            statement.kind = (enum slw_statement_kind)kind;
            bool is_read = statement.kind != SLW_STATEMENT_OTHER &&
                           statement.kind != SLW_STATEMENT_POLICY &&
                           statement.kind != SLW_STATEMENT_CEREMONY;
            taken += is_read && read_predicate(&statement) == SLW_OK ? 1 : 0;
        }
        TAP_EQUAL_INT(taken, 1);
        statement.kind = own;
        struct slw_stage one;
        if (own != SLW_STATEMENT_STAGE) {
            TAP_EQUAL_INT(slw_stage_read(&statement, &one, &detail), SLW_BAD_STATEMENT);
        }
        slw_statement_free(&statement);
    }
}

static void says_where_something_is_wrong(void)
{
    struct slw_heap_buffer edited = {0};
    edit(approval, "\"policy_version\":7", "\"policy_version\":0", &edited);
    TAP_EQUAL_INT(read_text(slw_heap_bytes(&edited)), SLW_BAD_STATEMENT);
    TAP_CHECK(strcmp(detail.text, "statement: predicate.policy_version: must be an integer of 1 to "
                                  "4294967295") == 0);
    slw_heap_free(&edited);
    edit(approval, "\"issued\":", "\"person\":\"ada\",\"issued\":", &edited);
    TAP_EQUAL_INT(read_text(slw_heap_bytes(&edited)), SLW_BAD_STATEMENT);
    TAP_CHECK(strcmp(detail.text, "statement: predicate.person: is no member that may be here") ==
              0);
    slw_heap_free(&edited);
}

static void knows_other_kinds_only_by_their_frame(void)
{
    struct slw_statement statement;
    static const char other[] = FRAME("https://example.com/other/v1", "{\"anything\":[1,2]}");
    TAP_REQUIRE(slw_statement_parse("s", bytes_of(other), &statement, &detail) == SLW_OK);
    TAP_EQUAL_INT(statement.kind, SLW_STATEMENT_OTHER);
    TAP_CHECK(is(statement.predicate_type, "https://example.com/other/v1"));
    struct slw_provenance read;
    TAP_EQUAL_INT(slw_provenance_read(&statement, &read, &detail), SLW_BAD_STATEMENT);
    slw_statement_free(&statement);
}

int main(void)
{
    TAP_RUN(reads_a_stage);
    TAP_RUN(reads_requests);
    TAP_RUN(reads_approvals_and_rejections);
    TAP_RUN(reads_a_takeover);
    TAP_RUN(refuses_a_frame_that_isnt_one);
    TAP_RUN(refuses_a_subject_that_isnt_one_digest);
    TAP_RUN(refuses_a_stage_that_isnt_one);
    TAP_RUN(refuses_a_request_that_isnt_one);
    TAP_RUN(refuses_an_approval_that_isnt_one);
    TAP_RUN(refuses_a_takeover_that_isnt_one);
    TAP_RUN(refuses_statements_cut_off_anywhere);
    TAP_RUN(refuses_the_predicate_of_another_kind);
    TAP_RUN(says_where_something_is_wrong);
    TAP_RUN(knows_other_kinds_only_by_their_frame);
    return tap_finish();
}
