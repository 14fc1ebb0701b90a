/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of the statements in a log: takeovers without the administrators' threshold, starts
 * elsewhere, requests and approvals put into people's mouths, transcripts that nobody signed.
 */
#include "test_audit.h"

#include "slipway/statements.h"

static struct slw_detail detail;

#define HERE "1111111111111111111111111111111111111111111111111111111111111111"
#define ELSEWHERE "2222222222222222222222222222222222222222222222222222222222222222"

static void add_start(struct test_log *test, int epoch, const char *instance)
{
    char text[256];
    (void)snprintf(text, sizeof text,
                   "{\"epoch\":%d,\"instance\":\"%s\",\"kind\":\"start\",\"random\":\"\","
                   "\"time\":\"" TEST_AUDIT_LATER "\"}",
                   epoch, instance);
    test_audit_record(test, text);
}

/* --- Takeovers and starts --- */

enum by { BOTH, ONE, ONE_AND_ADA, STRANGERS };

/* What a takeover says, and by whom. */
struct takeover {
    const char *signer;
    int epoch;
    int said_epoch; /* in its record */
    int size;       /* difference to the right one */
    bool other_root;
    enum by by;
    const char *instance;
    const char *finding;
};

static void add_takeover(struct test_log *test, const struct takeover *row)
{
    const struct slw_private_key *const signers[][2] = {
        [BOTH] = {test_administrator, test_other_administrator},
        [ONE] = {test_administrator, NULL},
        [ONE_AND_ADA] = {test_administrator, test_ada},
        [STRANGERS] = {test_signing, test_ada},
    };
    struct slw_merkle_hash root;
    struct slw_heap_buffer payload = {0};
    char more[256];
    slw_log_root(test->log, &root);
    struct slw_takeover takeover = {
        .signer = slw_bytes_make(row->signer, strlen(row->signer)),
        .epoch = (uint64_t)row->epoch,
        .size = slw_log_size(test->log) + (uint64_t)row->size,
        .issued_utc_s = 1767000000,
    };
    memcpy(takeover.root, root.bytes, sizeof takeover.root);
    takeover.root[0] ^= row->other_root ? 1 : 0;
    TAP_EQUAL_INT(slw_takeover_format(&takeover, &payload, &detail), SLW_OK);
    (void)snprintf(more, sizeof more, "\"epoch\":%d,\"instance\":\"%s\",", row->said_epoch,
                   row->instance);
    test_audit_said(test, "takeover", more, &payload, signers[row->by][0], signers[row->by][1]);
    slw_heap_free(&payload);
}

/* A log whose policy needs both administrators, and that started here. */
static bool setup_two(struct test_log *test)
{
    const struct test_audit_policy both = {
        .version = 2,
        .in_force = "2026-01-02T00:00:01Z",
        .threshold = 2,
        .has_other = true,
        .signers = {test_administrator, test_other_administrator}};
    if (!test_audit_setup(test)) {
        return false;
    }
    test_audit_policy(test, &both);
    add_start(test, 1, HERE);
    test_audit_commit(test);
    return true;
}

static void takes_a_takeover_by_the_threshold(void)
{
    static const struct takeover good = {TEST_AUDIT_ORIGIN, 2, 2, 0, false, BOTH, ELSEWHERE, NULL};
    struct test_log test;
    char path[128];
    TAP_REQUIRE(setup_two(&test));
    (void)snprintf(path, sizeof path, "%s/state", test.directory);
    add_takeover(&test, &good);
    test_audit_commit(&test);
    struct slw_audit audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    add_start(&test, 2, ELSEWHERE);
    TAP_CHECK(test_audit_finds(&test, NULL));
    /* It is remembered who signs now. */
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 0);
    TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    add_start(&test, 1, HERE);
    add_start(&test, 2, HERE);
    test_audit_commit(&test);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 2);
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

static void finds_takeovers_that_do_not_count(void)
{
    static const struct takeover rows[] = {
        {TEST_AUDIT_ORIGIN, 2, 2, 0, false, ONE, ELSEWHERE, "signed by 1 of its administrators"},
        {TEST_AUDIT_ORIGIN, 2, 2, 0, false, ONE_AND_ADA, ELSEWHERE, "signed by 1 of its"},
        {TEST_AUDIT_ORIGIN, 2, 2, 0, false, STRANGERS, ELSEWHERE, "signed by 0 of its"},
        {"example.com/other", 2, 2, 0, false, BOTH, ELSEWHERE, "it is for another service"},
        {TEST_AUDIT_ORIGIN, 1, 1, 0, false, BOTH, ELSEWHERE, "it isn't about the next epoch"},
        {TEST_AUDIT_ORIGIN, 3, 3, 0, false, BOTH, ELSEWHERE, "it isn't about the next epoch"},
        {TEST_AUDIT_ORIGIN, 2, 3, 0, false, BOTH, ELSEWHERE, "it isn't about the next epoch"},
        {TEST_AUDIT_ORIGIN, 2, 2, -1, false, BOTH, ELSEWHERE, "it isn't about the log before it"},
        {TEST_AUDIT_ORIGIN, 2, 2, 0, true, BOTH, ELSEWHERE, "it isn't about the log before it"},
        {TEST_AUDIT_ORIGIN, 2, 2, 0, false, BOTH, "", "it doesn't say which machine"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].finding);
        TAP_REQUIRE(setup_two(&test));
        add_takeover(&test, &rows[i]);
        add_start(&test, 1, HERE); /* nothing follows from it */
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

static void finds_a_start_that_nobody_stated(void)
{
    struct test_log test;
    TAP_REQUIRE(test_audit_setup(&test));
    add_start(&test, 1, HERE);
    add_start(&test, 1, HERE);
    add_start(&test, 1, ELSEWHERE);
    TAP_CHECK(test_audit_finds(&test, "a start on another machine or disk"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    add_start(&test, 2, HERE);
    TAP_CHECK(test_audit_finds(&test, "a start in another epoch than 1"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    add_start(&test, 1, "here");
    TAP_CHECK(test_audit_finds(&test, "doesn't say on which machine"));
    test_log_teardown(&test);
}

/* --- People --- */

/* "requester":"ada","requester_key":"…", with ada's key or another one. */
static const char *name_party(const char *who, const char *name, const char *key,
                              const struct slw_private_key *id_of, char more[static 512])
{
    struct slw_heap_buffer hex = {0};
    test_audit_hex(slw_bytes_make(slw_private_key_public(id_of)->id, SLW_SHA256_SIZE), &hex);
    (void)snprintf(more, 512, "\"%s\":\"%s\",\"%s\":\"%s\",\"request\":\"" HERE "\",", who, name,
                   key, slw_heap_text(&hex));
    slw_heap_free(&hex);
    return more;
}

static void format_request(const char *signer, struct slw_heap_buffer *ret_payload)
{
    const struct slw_request request = {
        .signer = slw_bytes_make(signer, strlen(signer)),
        .key = SLW_BYTES_OF("lamp-prod"),
        .issued_utc_s = 1767000000,
        .expires_utc_s = 1767000100,
        .operation = SLW_OPERATION_SIGN_TARGETS,
    };
    TAP_EQUAL_INT(slw_request_format(&request, ret_payload, &detail), SLW_OK);
}

static void finds_requests_put_into_mouths(void)
{
    const struct {
        const char *signer;
        const char *name;
        const struct slw_private_key *id_of;
        const struct slw_private_key *signers[2];
        const char *finding;
    } rows[] = {
        {TEST_AUDIT_ORIGIN, "ada", test_ada, {test_ada, NULL}, NULL},
        {TEST_AUDIT_ORIGIN, "ada", test_ada, {test_signing, NULL}, "request that doesn't hold"},
        {TEST_AUDIT_ORIGIN, "ada", test_ada, {test_administrator, NULL}, "that doesn't hold"},
        {TEST_AUDIT_ORIGIN, "ben", test_ada, {test_ada, NULL}, "isn't that of who is named"},
        {TEST_AUDIT_ORIGIN, "ada", test_signing, {test_ada, NULL}, "isn't that of who is named"},
        {"example.com/other", "ada", test_ada, {test_ada, NULL}, "it is for another service"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        struct slw_heap_buffer payload = {0};
        char more[512];
        TAP_ROW(rows[i].finding == NULL ? "good" : rows[i].finding);
        TAP_REQUIRE(test_audit_setup(&test));
        format_request(rows[i].signer, &payload);
        test_audit_said(&test, "request",
                        name_party("requester", rows[i].name, "requester_key", rows[i].id_of, more),
                        &payload, rows[i].signers[0], rows[i].signers[1]);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        slw_heap_free(&payload);
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* Logs of former versions name nobody. */
static void finds_stages_put_into_mouths(void)
{
    static const struct {
        const char *more;
        const char *finding;
    } rows[] = {
        {"\"who\":\"ada\",", NULL},
        {"", NULL},
        {"\"who\":\"ben\",", "isn't that of who is named"},
    };
    const struct slw_stage stage = {
        .signer = SLW_BYTES_OF(TEST_AUDIT_ORIGIN), .length = 7, .issued_utc_s = 1767000000};
    struct slw_heap_buffer payload = {0};
    TAP_EQUAL_INT(slw_stage_format(&stage, &payload, &detail), SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        TAP_ROW(rows[i].more);
        TAP_REQUIRE(test_audit_setup(&test));
        test_audit_said(&test, "stage", rows[i].more, &payload, test_ada, NULL);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    slw_heap_free(&payload);
}

/* The policy in force then says who that is: one that was taken away can't ask any more. */
static void finds_requests_of_who_was_taken_away(void)
{
    const struct test_audit_policy without = {
        .version = 2, .in_force = "2026-01-01T00:00:01Z", .lacks_ada = true};
    const struct test_audit_policy again = {
        .version = 3, .in_force = "2026-01-01T00:00:01Z", .lacks_ada = true};
    struct test_log test;
    struct slw_heap_buffer payload = {0};
    char more[512];
    TAP_REQUIRE(test_audit_setup(&test));
    format_request(TEST_AUDIT_ORIGIN, &payload);
    test_audit_policy(&test, &without);
    test_audit_policy(&test, &again);
    test_audit_said(&test, "request",
                    name_party("requester", "ada", "requester_key", test_ada, more), &payload,
                    test_ada, NULL);
    TAP_CHECK(test_audit_finds(&test, "none of the envelope's signatures is by a key that counts"));
    slw_heap_free(&payload);
    test_log_teardown(&test);
}

static void finds_approvals_put_into_mouths(void)
{
    const struct {
        const char *kind;
        bool approve;
        uint8_t request;
        const struct slw_private_key *signer;
        const char *finding;
    } rows[] = {
        {"approval", true, 0x11, test_ada, NULL},
        {"rejection", false, 0x11, test_ada, NULL},
        {"approval", true, 0x11, test_signing, "approval that doesn't hold"},
        {"approval", false, 0x11, test_ada, "it says the opposite"},
        {"rejection", true, 0x11, test_ada, "it says the opposite"},
        {"approval", true, 0x12, test_ada, "it is about another request"},
        {"request", true, 0x11, test_ada, "its statement is of another kind"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_log test;
        struct slw_heap_buffer payload = {0};
        char more[512];
        struct slw_approval approval = {
            .signer = SLW_BYTES_OF(TEST_AUDIT_ORIGIN),
            .approve = rows[i].approve,
            .key_class = SLW_KEY_CLASS_PROD,
            .policy_version = 1,
            .issued_utc_s = 1767000000,
            .expires_utc_s = 1767000100,
            .reason = rows[i].approve ? slw_bytes_make(NULL, 0) : SLW_BYTES_OF("no"),
        };
        memset(approval.request, rows[i].request, sizeof approval.request);
        TAP_ROW(rows[i].finding == NULL ? "good" : rows[i].finding);
        TAP_REQUIRE(test_audit_setup(&test));
        TAP_EQUAL_INT(slw_approval_format(&approval, &payload, &detail), SLW_OK);
        test_audit_said(&test, rows[i].kind, name_party("person", "ada", "key", test_ada, more),
                        &payload, rows[i].signer, NULL);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        slw_heap_free(&payload);
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* Whoever looks for a statement by its id must find that one. */
static void finds_statements_under_other_ids(void)
{
    static const int flipped[] = {-1, 0, 16, 31};
    struct slw_heap_buffer payload = {0};
    uint8_t own[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    char more[512];
    format_request(TEST_AUDIT_ORIGIN, &payload);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&payload));
    slw_sha256_final(&hash, own);
    for (size_t i = 0; i < sizeof flipped / sizeof flipped[0]; i++) {
        struct test_log test;
        uint8_t id[SLW_SHA256_SIZE];
        memcpy(id, own, sizeof id);
        if (flipped[i] >= 0) {
            id[flipped[i]] ^= 1;
        }
        TAP_ROW(flipped[i] < 0 ? "its own" : "another");
        TAP_REQUIRE(test_audit_setup(&test));
        test_audit_said_as(&test, id, "request",
                           name_party("requester", "ada", "requester_key", test_ada, more),
                           &payload, test_ada, NULL);
        TAP_CHECK(
            test_audit_finds(&test, flipped[i] < 0 ? NULL : "its id isn't that of its statement"));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    slw_heap_free(&payload);
}

static void finds_a_transcript_that_is_none(void)
{
    struct test_log test;
    struct slw_heap_buffer payload = {0};
    const uint8_t subject[SLW_SHA256_SIZE] = {0};
    slw_statement_format(SLW_STATEMENT_CEREMONY, SLW_BYTES_OF("lamp"), subject,
                         SLW_BYTES_OF("{\"entries\":[],\"plan\":{}}"), &payload);
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_said(&test, "ceremony", "\"who\":\"ada\",", &payload, test_ada, NULL);
    TAP_CHECK(test_audit_finds(&test, "ceremony that doesn't hold: plan"));
    test_log_teardown(&test);
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_said(&test, "ceremony", "\"who\":\"ada\",", &payload, test_signing, NULL);
    TAP_CHECK(test_audit_finds(&test, "ceremony that doesn't hold: "));
    test_log_teardown(&test);
    slw_heap_free(&payload);
}

/* Every member of a record of a statement that isn't there, or is of another type. */
static void finds_records_without_their_statements(void)
{
    static const char *const kinds[] = {"stage",     "request",  "approval",
                                        "rejection", "takeover", "ceremony"};
    static const char *const members[] = {
        "",
        "\"envelope\":{},",
        "\"envelope\":7,",
        "\"envelope\":{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]},",
    };
    char text[256];
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        for (size_t k = 0; k < sizeof members / sizeof members[0]; k++) {
            struct test_log test;
            TAP_ROW(kinds[i]);
            TAP_REQUIRE(test_audit_setup(&test));
            (void)snprintf(text, sizeof text,
                           "{%s\"kind\":\"%s\",\"time\":\"" TEST_AUDIT_LATER "\"}", members[k],
                           kinds[i]);
            test_audit_record(&test, text);
            TAP_CHECK(test_audit_finds(&test, "that doesn't"));
            test_log_teardown(&test);
        }
    }
    TAP_ROW(NULL);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(takes_a_takeover_by_the_threshold);
    TAP_RUN(finds_takeovers_that_do_not_count);
    TAP_RUN(finds_a_start_that_nobody_stated);
    TAP_RUN(finds_requests_put_into_mouths);
    TAP_RUN(finds_stages_put_into_mouths);
    TAP_RUN(finds_requests_of_who_was_taken_away);
    TAP_RUN(finds_approvals_put_into_mouths);
    TAP_RUN(finds_statements_under_other_ids);
    TAP_RUN(finds_a_transcript_that_is_none);
    TAP_RUN(finds_records_without_their_statements);
    test_audit_free_keys();
    return tap_finish();
}
