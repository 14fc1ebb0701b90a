/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An auditor of signatures that a lying service made: without a request, by one that had ended, of
 * something else than was asked for, without the approvals that its policy asks for. And of logs
 * that are good, which have none of that.
 */
#include "test_story.h"

#include "slipway/policy_decide.h"

static struct slw_detail detail;

#define NEXT_DAY "2026-01-04T00:00:00Z"
#define NOON "2026-01-03T12:00:00Z"
#define SOON "2026-01-03T12:00:30Z"
#define LATER_S 1767398400 /* TEST_AUDIT_LATER */
#define DAY_S 86400

static void expect(const struct test_story *story, const char *finding)
{
    struct test_log test;
    TAP_ROW(story->name);
    TAP_REQUIRE(test_audit_setup(&test));
    test_story_tell(&test, story);
    TAP_CHECK(test_audit_finds(&test, finding));
    test_log_teardown(&test);
    TAP_ROW(NULL);
}

static void expect_all(const struct test_story *stories, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        expect(&stories[i], stories[i].finding);
    }
}

/* --- Requests --- */

static void finds_signatures_that_nobody_asked_for(void)
{
    static const struct test_story stories[] = {
        {.name = "good"},
        {.name = "not in the log",
         .unasked = true,
         .unapproved = true,
         .finding = "of a request that isn't open"},
        {.name = "refused", .before = "refusal", .finding = "of a request that isn't open"},
        {.name = "expired", .before = "expiry", .finding = "of a request that isn't open"},
        {.name = "its time is over",
         .asking = {.expires_utc_s = LATER_S + DAY_S - 60},
         .approval = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .signature = {.time = NEXT_DAY},
         .finding = "wasn't allowed: the request expired"},
        {.name = "a moment before",
         .asking = {.expires_utc_s = LATER_S + DAY_S - 59},
         .approval = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .signature = {.time = NEXT_DAY}},
        {.name = "not at such a time",
         .asking = {.expires_utc_s = LATER_S + 3 * DAY_S},
         .approval = {.expires_utc_s = LATER_S + 3 * DAY_S},
         .signature = {.time = "2026-01-05T00:01:00Z"},
         .finding = "wasn't allowed: signed from 00:00 to 24:00"},
        {.name = "as the time ended",
         .asking = {.expires_utc_s = LATER_S + 3 * DAY_S},
         .approval = {.expires_utc_s = LATER_S + 3 * DAY_S},
         .signature = {.time = "2026-01-05T00:00:59Z"}},
    };
    expect_all(stories, sizeof stories / sizeof stories[0]);
}

static void finds_signatures_of_something_else_than_was_asked_for(void)
{
    static const struct test_story stories[] = {
        {.name = "another key",
         .asking = {.key = "lamp-test"},
         .signature = {.key = "lamp-test"},
         .finding = "wasn't allowed: there is no key with this name"},
        {.name = "a key under another name",
         .signature = {.key = "lamp-test"},
         .finding = "of something else than its request asks for"},
        {.name = "another channel",
         .asking = {.channel = "gamma"},
         .approval = {.channel = "gamma"},
         .finding = "wasn't allowed: no rule is for lamp"},
        {.name = "no channel",
         .asking = {.channel = ""},
         .approval = {.channel = ""},
         .finding = "wasn't allowed: no rule is for lamp"},
    };
    expect_all(stories, sizeof stories / sizeof stories[0]);
}

/* Under other operations versions are counted elsewhere. */
static void finds_a_bundle_that_was_asked_for_as_a_root(void)
{
    const struct test_story story = {.asking = {.operation = SLW_OPERATION_SIGN_ROOT}};
    struct test_log test;
    struct slw_audit audit;
    TAP_REQUIRE(test_audit_setup(&test));
    test_story_tell(&test, &story);
    test_audit_commit(&test);
    audit = test_auditor(&test);
    struct slw_audit_source source = slw_audit_directory(test.path);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.findings_count, 2);
    TAP_CHECK(strstr(audit.findings[0], "of something else than its request asks for") != NULL);
    TAP_CHECK(strstr(audit.findings[1], "is for targets, not for root") != NULL);
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

/* An answer is one to one request, which ends with it: not by what is signed again either. */
static void finds_a_request_that_is_signed_twice(void)
{
    static const struct test_story story = {.name = NULL};
    struct test_log test;
    struct test_audit_metadata metadata;
    struct test_audit_asking asking = {.nonce = {5}};
    uint8_t request[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_metadata(1, "release", &metadata);
    test_audit_ask(&test, &asking, request);
    test_story_approve(&test, &story, &metadata, request);
    test_story_sign(&test, &story.signature, 1, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_story_sign(&test, &story.signature, 1, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, "of a request that isn't open"));
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

static void finds_a_request_that_begins_again(void)
{
    static const char *const ends[] = {NULL, "refusal", "expiry"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct test_log test;
        struct test_audit_asking asking = {.nonce = {5}};
        uint8_t request[SLW_SHA256_SIZE];
        TAP_ROW(ends[i] == NULL ? "open" : ends[i]);
        TAP_REQUIRE(test_audit_setup(&test));
        test_audit_ask(&test, &asking, request);
        if (ends[i] != NULL) {
            test_story_end(&test, ends[i], request);
        }
        test_audit_ask(&test, &asking, request);
        TAP_CHECK(test_audit_finds(&test, "the log had it before"));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

static void finds_ends_of_nothing(void)
{
    static const char *const ends[] = {"refusal", "expiry"};
    static const uint8_t request[SLW_SHA256_SIZE] = {9};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        struct test_log test;
        TAP_ROW(ends[i]);
        TAP_REQUIRE(test_audit_setup(&test));
        test_story_end(&test, ends[i], request);
        TAP_CHECK(test_audit_finds(&test, "the end of a request that isn't open"));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* --- Approvals --- */

static void finds_signatures_without_their_approvals(void)
{
    static const struct test_story stories[] = {
        {.name = "none", .unapproved = true, .finding = "approved by 0 of 1 persons"},
        {.name = "another build",
         .approves_other_content = true,
         .finding = "not counted: ada, it is about another build"},
        {.name = "other metadata",
         .approves_other_metadata = true,
         .finding = "not counted: ada, it is about other metadata"},
        {.name = "another request",
         .approves_other_request = true,
         .finding = "approved by 0 of 1 persons"},
        {.name = "another key",
         .approval = {.other_key = true},
         .finding = "not counted: ada, it is for another key"},
        {.name = "another class",
         .approval = {.key_class = SLW_KEY_CLASS_TEST},
         .finding = "not counted: ada, it is for another class"},
        {.name = "another channel",
         .approval = {.channel = "beta"},
         .finding = "approved by 0 of 1 persons"},
        {.name = "another policy",
         .approval = {.policy_version = 2},
         .finding = "not counted: ada, it was given under another version"},
        {.name = "it expired",
         .approval = {.expires_utc_s = LATER_S + 3600 - 60},
         .signature = {.time = "2026-01-03T01:00:00Z"},
         .finding = "not counted: ada, it expired"},
        {.name = "it expired a moment before",
         .approval = {.expires_utc_s = LATER_S + 3600 - 59},
         .signature = {.time = "2026-01-03T01:00:00Z"}},
        {.name = "by who asked",
         .asking = {.by_ada = true},
         .finding = "approved by 1 of 1 persons: ada, who asked for it"},
        {.name = "by another person than who asked",
         .asking = {.by_ada = true},
         .approval = {.by_ben = true}},
        {.name = "rejected", .approval = {.reject = true}, .finding = "ada rejected it"},
        {.name = "rejected behind an approval",
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true, .reject = true},
         .finding = "ben rejected it"},
        {.name = "taken back",
         .second = {.time = TEST_AUDIT_LATER, .reject = true},
         .finding = "ada rejected it"},
    };
    expect_all(stories, sizeof stories / sizeof stories[0]);
}

static void counts_persons(void)
{
    static const struct test_story stories[] = {
        {.name = "one", .finding = "approved by 1 of 2 persons: ada"},
        {.name = "one twice",
         .second = {.time = TEST_AUDIT_LATER},
         .finding = "approved by 1 of 2 persons: ada"},
        {.name = "two", .second = {.time = TEST_AUDIT_LATER, .by_ben = true}},
        {.name = "two, one of whom asked",
         .asking = {.by_ada = true},
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true}},
    };
    test_approvals = 2;
    expect_all(stories, sizeof stories / sizeof stories[0]);
    test_approvals = 1;
}

/* In the log before it, not only at some time. */
static void finds_approvals_that_came_behind_the_signature(void)
{
    static const struct test_story story = {.unapproved = true};
    struct test_log test;
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_metadata(1, "release", &metadata);
    test_audit_ask(&test, &story.asking, request);
    test_story_sign(&test, &story.signature, 1, &metadata, request);
    test_story_answer(&test, &story.approval, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, "approved by 0 of 1 persons"));
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

/* Nobody's rejection is left out because others said so much. */
static void finds_more_answers_than_there_may_be(void)
{
    static const struct test_story story = {.name = NULL};
    struct test_log test;
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_metadata(1, "release", &metadata);
    test_audit_ask(&test, &story.asking, request);
    for (unsigned i = 0; i < SLW_POLICY_APPROVALS_MAX; i++) {
        test_story_approve(&test, &story, &metadata, request);
    }
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_story_approve(&test, &story, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, "there are more of one request than there may be"));
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

/* What is said while a request ends may be in the log behind its end. */
static void takes_answers_that_came_too_late(void)
{
    static const struct test_story story = {.name = NULL};
    static const struct test_audit_answer rejection = {.by_ben = true, .reject = true};
    struct test_log test;
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_metadata(1, "release", &metadata);
    test_audit_ask(&test, &story.asking, request);
    test_story_approve(&test, &story, &metadata, request);
    test_story_sign(&test, &story.signature, 1, &metadata, request);
    test_story_answer(&test, &rejection, &metadata, request);
    test_story_answer(&test, &story.approval, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, NULL));
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

/* --- Policies --- */

#define TIGHTER                                                                                    \
    {                                                                                              \
        .version = 2, .time = NOON, .in_force = NOON, .lacks_ben = true                            \
    }

static void decides_by_the_policy_in_force(void)
{
    static const struct test_story stories[] = {
        {.name = "approved under the former",
         .policy = TIGHTER,
         .signature = {.time = SOON},
         .finding = "not counted: ada, it was given under another version of the policy"},
        {.name = "by who may not any more",
         .approval = {.by_ben = true, .policy_version = 2},
         .policy = TIGHTER,
         .signature = {.time = SOON},
         .finding = "not counted: ben, it is by nobody who may approve this"},
        {.name = "under the new one",
         .approval = {.policy_version = 2},
         .policy = TIGHTER,
         .signature = {.time = NOON}},
        {.name = "whom nobody lets ask any more",
         .policy = {.version = 2,
                    .time = TEST_AUDIT_LATER,
                    .in_force = TEST_AUDIT_LATER,
                    .lacks_ada = true},
         .finding = "wasn't allowed: no rule is for lamp"},
        {.name = "under one that waits",
         .policy = {.version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY, .delay_s = 3600}},
        {.name = "under one that waited",
         .asking = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .approval = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .policy = {.version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY, .delay_s = 3600},
         .signature = {.time = "2026-01-04T00:01:00Z"},
         .finding = "it was given under another version of the policy"},
        {.name = "as the one that waited came",
         .asking = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .approval = {.expires_utc_s = LATER_S + 2 * DAY_S},
         .policy = {.version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY, .delay_s = 3600},
         .signature = {.time = "2026-01-04T00:00:59Z"}},
    };
    expect_all(stories, sizeof stories / sizeof stories[0]);
}

/* The key of that name is the one that the policy in force has, though an older one had another. */
static void finds_a_key_that_was_replaced(void)
{
    static const struct test_audit_policy next = {
        .version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY};
    static const struct test_audit_asking asking = {
        .operation = SLW_OPERATION_SIGN_ROLE,
        .channel = "",
        .time = NEXT_DAY,
        .change =
            "{\"base_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"base_version\":0,\"expires\":\"2027-01-01T00:00:00Z\",\"role\":\"timestamp\","
            "\"snapshot_version\":1,\"type\":\"timestamp\",\"version\":1}",
    };
    struct slw_private_key *former = test_signing;
    struct test_audit_signature signature = {
        .metadata = SLW_BYTES_OF("{\"_type\":\"timestamp\",\"version\":1}"),
        .version = 1,
        .operation = "sign-role",
        .scope = "\"class\":\"prod\",\"mark\":\"lamp/timestamp\"",
        .time = "2026-01-04T00:01:00Z",
    };
    test_signing_use = "role";
    for (int is_former = 0; is_former < 2; is_former++) {
        struct test_log test;
        uint8_t request[SLW_SHA256_SIZE];
        TAP_ROW(is_former != 0 ? "the former" : "the new one");
        TAP_REQUIRE(test_audit_setup(&test));
        test_signing = test_other_administrator;
        test_audit_policy(&test, &next);
        test_audit_ask(&test, &asking, request);
        signature.request = request;
        signature.signer = is_former != 0 ? former : test_signing;
        test_audit_signature(&test, &signature);
        test_signing = former;
        TAP_CHECK(
            test_audit_finds(&test, is_former != 0 ? "the key of this name is another one" : NULL));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_signing_use = "targets";
}

/* What a key was for once: versions of another class are counted elsewhere. */
static void finds_a_class_that_a_key_had_before(void)
{
    static const struct {
        const char *scope, *finding;
    } rows[] = {
        {"\"class\":\"prod\"", NULL},
        {"\"class\":\"test\"", "wasn't allowed: the key of this name is another one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct test_story story = {
            .name = rows[i].scope,
            .asking = {.expires_utc_s = LATER_S + 2 * DAY_S},
            .approval = {.expires_utc_s = LATER_S + 2 * DAY_S, .policy_version = 2},
            .policy = {.version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY},
            .signature = {.time = "2026-01-04T00:01:00Z", .scope = rows[i].scope},
        };
        struct test_log test;
        TAP_ROW(story.name);
        test_signing_class = "test";
        TAP_REQUIRE(test_audit_setup(&test));
        test_signing_class = "prod";
        test_story_tell(&test, &story);
        TAP_CHECK(test_audit_finds(&test, rows[i].finding));
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
}

/* "of roles PRODUCT/ROLE": one version of a role is one thing, whatever class its keys are of. */
static void finds_a_role_signed_twice_by_keys_of_two_classes(void)
{
    static const struct test_audit_policy next = {
        .version = 2, .time = TEST_AUDIT_LATER, .in_force = NEXT_DAY};
    struct test_audit_asking asking = {
        .operation = SLW_OPERATION_SIGN_ROLE,
        .channel = "",
        .change =
            "{\"base_sha256\":\"0000000000000000000000000000000000000000000000000000000000000000\","
            "\"base_version\":0,\"expires\":\"2027-01-01T00:00:00Z\",\"role\":\"timestamp\","
            "\"snapshot_version\":1,\"type\":\"timestamp\",\"version\":1}",
    };
    uint8_t request[SLW_SHA256_SIZE];
    struct test_audit_signature signature = {
        .request = request,
        .metadata = SLW_BYTES_OF("{\"_type\":\"timestamp\",\"version\":1}"),
        .version = 1,
        .operation = "sign-role",
        .scope = "\"class\":\"test\",\"mark\":\"lamp/timestamp\"",
    };
    struct test_log test;
    test_signing_use = "role";
    test_signing_class = "test";
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_ask(&test, &asking, request);
    test_audit_signature(&test, &signature);
    TAP_CHECK(test_audit_finds(&test, NULL));
    test_signing_class = "prod";
    test_audit_policy(&test, &next);
    asking.time = NEXT_DAY;
    test_audit_ask(&test, &asking, request);
    signature.metadata = SLW_BYTES_OF("{\"_type\":\"timestamp\",\"a\":1,\"version\":1}");
    signature.scope = "\"class\":\"prod\",\"mark\":\"lamp/timestamp\"";
    signature.time = "2026-01-04T00:01:00Z";
    test_audit_signature(&test, &signature);
    TAP_CHECK(test_audit_finds(&test, "version 1 was signed before with other content"));
    test_log_teardown(&test);
    test_signing_use = "targets";
}

/* --- Versions --- */

static void finds_versions_that_are_not_inside(void)
{
    static const struct test_story story = {
        .signature = {.version = 2}, .finding = "metadata of version 1, where its record says 2"};
    expect(&story, story.finding);
}

static void finds_metadata_that_are_none(void)
{
    struct test_log test;
    struct test_audit_metadata metadata = {.sha256 = {0}};
    struct slw_sha256 hash;
    uint8_t request[SLW_SHA256_SIZE];
    static const struct test_story story = {.name = NULL};
    TAP_REQUIRE(test_audit_setup(&test));
    slw_heap_append_text(&metadata.bytes, "none");
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&metadata.bytes));
    slw_sha256_final(&hash, metadata.sha256);
    test_audit_ask(&test, &story.asking, request);
    test_story_approve(&test, &story, &metadata, request);
    test_story_sign(&test, &story.signature, 1, &metadata, request);
    TAP_CHECK(test_audit_finds(&test, "metadata that can't be what was asked for"));
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(finds_signatures_that_nobody_asked_for);
    TAP_RUN(finds_signatures_of_something_else_than_was_asked_for);
    TAP_RUN(finds_a_bundle_that_was_asked_for_as_a_root);
    TAP_RUN(finds_a_request_that_is_signed_twice);
    TAP_RUN(finds_a_request_that_begins_again);
    TAP_RUN(finds_ends_of_nothing);
    TAP_RUN(finds_signatures_without_their_approvals);
    TAP_RUN(counts_persons);
    TAP_RUN(finds_approvals_that_came_behind_the_signature);
    TAP_RUN(finds_more_answers_than_there_may_be);
    TAP_RUN(takes_answers_that_came_too_late);
    TAP_RUN(decides_by_the_policy_in_force);
    TAP_RUN(finds_a_key_that_was_replaced);
    TAP_RUN(finds_a_class_that_a_key_had_before);
    TAP_RUN(finds_a_role_signed_twice_by_keys_of_two_classes);
    TAP_RUN(finds_versions_that_are_not_inside);
    TAP_RUN(finds_metadata_that_are_none);
    test_audit_free_keys();
    return tap_finish();
}
