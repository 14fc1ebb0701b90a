/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an auditor remembers of requests between its runs, and no longer than it must.
 */
#include "audit_parts.h"
#include "test_story.h"

#include "slipway/files.h"

static struct slw_detail detail;

#define NEXT_DAY "2026-01-04T00:00:00Z"
#define LATER_S 1767398400 /* TEST_AUDIT_LATER */
#define DAY_S 86400

static void state_path(const struct test_log *test, char ret_path[static 128])
{
    (void)snprintf(ret_path, 128, "%s/state", test->directory);
}

/* What is found from where the state got to; saved unless something is. */
static size_t go_on(struct test_log *test, char *ret_finding)
{
    char path[128];
    struct slw_audit audit = test_auditor(test);
    struct slw_audit_source source = slw_audit_directory(test->path);
    state_path(test, path);
    test_audit_commit(test);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
    if (audit.findings_count == 0) {
        TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
    } else {
        (void)snprintf(ret_finding, 256, "%s", audit.findings[0]);
    }
    size_t count = audit.findings_count;
    slw_audit_free(&audit);
    return count;
}

/* The same as in one go, wherever it was in between. */
static void goes_on_from_what_it_saved(void)
{
    static const struct test_story stories[] = {
        {.name = "good", .second = {.time = TEST_AUDIT_LATER, .by_ben = true}},
        {.name = "rejected",
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true, .reject = true},
         .finding = "ben rejected it"},
        {.name = "another channel",
         .approval = {.channel = "beta"},
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true},
         .finding = "approved by 1 of 2 persons"},
        {.name = "another class",
         .approval = {.key_class = SLW_KEY_CLASS_TEST},
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true},
         .finding = "ada, it is for another class of key"},
        {.name = "refused",
         .second = {.time = TEST_AUDIT_LATER, .by_ben = true},
         .before = "refusal",
         .finding = "of a request that isn't open"},
    };
    test_approvals = 2;
    for (size_t i = 0; i < sizeof stories / sizeof stories[0]; i++) {
        const struct test_story *story = &stories[i];
        struct test_log test;
        struct test_audit_metadata metadata;
        char finding[256] = "";
        uint8_t request[SLW_SHA256_SIZE];
        TAP_ROW(story->name);
        TAP_REQUIRE(test_audit_setup(&test));
        test_audit_metadata(1, "release", &metadata);
        test_audit_ask(&test, &story->asking, request);
        TAP_EQUAL_INT(go_on(&test, finding), 0);
        test_story_approve(&test, story, &metadata, request);
        TAP_EQUAL_INT(go_on(&test, finding), 0);
        if (story->before != NULL) {
            test_story_end(&test, story->before, request);
            TAP_EQUAL_INT(go_on(&test, finding), 0);
        }
        test_story_sign(&test, &story->signature, 1, &metadata, request);
        TAP_EQUAL_INT(go_on(&test, finding), story->finding == NULL ? 0 : 1);
        TAP_CHECK(story->finding == NULL || strstr(finding, story->finding) != NULL);
        slw_heap_free(&metadata.bytes);
        test_log_teardown(&test);
    }
    TAP_ROW(NULL);
    test_approvals = 1;
}

static void remembers_what_has_ended_until_it_expires(void)
{
    struct test_log test;
    struct test_audit_asking asking = {.nonce = {5}, .expires_utc_s = LATER_S + 300};
    char finding[256] = "";
    uint8_t request[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_audit_setup(&test));
    test_audit_ask(&test, &asking, request);
    test_story_end(&test, "refusal", request);
    TAP_EQUAL_INT(go_on(&test, finding), 0);
    test_audit_ask(&test, &asking, request);
    TAP_EQUAL_INT(go_on(&test, finding), 1);
    TAP_CHECK(strstr(finding, "the log had it before") != NULL);
    test_log_teardown(&test);
}

static size_t state_size(const struct test_log *test)
{
    char path[128];
    struct slw_heap_buffer bytes = {0};
    state_path(test, path);
    TAP_EQUAL_INT(slw_file_read(path, 1u << 24, &bytes, &detail), SLW_OK);
    size_t size = bytes.len;
    slw_heap_free(&bytes);
    return size;
}

/* However many there were: what has expired is forgotten, in memory and in the file. */
static void forgets_what_has_expired(void)
{
    struct test_log test;
    char finding[256] = "";
    uint8_t request[SLW_SHA256_SIZE];
    size_t sizes[2];
    TAP_REQUIRE(test_audit_setup(&test));
    for (int day = 0; day < 2; day++) {
        const struct test_audit_asking asking = {
            .time = day == 0 ? TEST_AUDIT_LATER : NEXT_DAY,
            .expires_utc_s = LATER_S + 300 + day * DAY_S,
        };
        for (int i = 0; i < 40; i++) {
            test_audit_ask(&test, &asking, request);
            if (day == 0) {
                test_story_end(&test, "refusal", request);
            }
        }
        TAP_EQUAL_INT(go_on(&test, finding), 0);
        sizes[day] = state_size(&test);
    }
    /* 40 open ones, where 40 had ended: of these nothing is left. */
    struct slw_audit audit = test_auditor(&test);
    char path[128];
    state_path(&test, path);
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_EQUAL_INT(audit.requests_count, 40);
    TAP_EQUAL_INT(audit.open_count, 40);
    TAP_CHECK(sizes[0] < sizes[1]);
    slw_audit_free(&audit);
    test_log_teardown(&test);
}

static void rewrite(const char *path, struct slw_bytes bytes)
{
    struct slw_heap_buffer text = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    slw_heap_append(&text, bytes);
    slw_heap_append(&text, slw_bytes_make(digest, sizeof digest));
    TAP_EQUAL_INT(
        slw_file_write(path, SLW_OUTPUT_REPLACE | SLW_OUTPUT_LAZY, slw_heap_bytes(&text), &detail),
        SLW_OK);
    slw_heap_free(&text);
}

/* One of an auditor that didn't look at requests is where it got to, and all is judged anew. */
static void judges_all_anew_after_an_auditor_that_looked_at_less(void)
{
    static const struct test_story good = {.name = NULL};
    static const struct test_story bad = {.unapproved = true};
    for (int is_bad = 0; is_bad < 2; is_bad++) {
        struct test_log test;
        char path[128];
        char finding[256] = "";
        struct slw_heap_buffer kept = {0};
        TAP_REQUIRE(test_audit_setup(&test));
        TAP_EQUAL_INT(go_on(&test, finding), 0);
        test_story_tell(&test, is_bad != 0 ? &bad : &good);
        test_audit_commit(&test);
        struct slw_audit audit = test_auditor(&test);
        struct slw_audit_source source = slw_audit_directory(test.path);
        state_path(&test, path);
        TAP_EQUAL_INT(slw_audit_run(&audit, &source, &detail), SLW_OK);
        TAP_EQUAL_INT(slw_audit_save(&audit, path, &detail), SLW_OK);
        slw_audit_free(&audit);
        TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &kept, &detail), SLW_OK);
        TAP_EQUAL_INT(go_on(&test, finding), 0);
        kept.ptr[strlen("slipway audit ")] = '3';
        rewrite(path, slw_bytes_make(kept.ptr, kept.len - SLW_SHA256_SIZE));
        TAP_EQUAL_INT(go_on(&test, finding), is_bad);
        slw_heap_free(&kept);
        test_log_teardown(&test);
    }
}

/* Cut anywhere, or with numbers that can't be. */
static void refuses_a_state_whose_requests_are_not_whole(void)
{
    struct test_log test;
    char path[128];
    char finding[256] = "";
    uint8_t request[SLW_SHA256_SIZE];
    struct test_audit_metadata metadata;
    static const struct test_story story = {.name = NULL};
    struct slw_heap_buffer kept = {0};
    TAP_REQUIRE(test_audit_setup(&test));
    state_path(&test, path);
    test_audit_metadata(1, "release", &metadata);
    test_audit_ask(&test, &story.asking, request);
    test_story_approve(&test, &story, &metadata, request);
    TAP_EQUAL_INT(go_on(&test, finding), 0);
    TAP_EQUAL_INT(slw_file_read(path, 1u << 20, &kept, &detail), SLW_OK);
    const size_t len = kept.len - SLW_SHA256_SIZE;
    const size_t answer_size = 4 * 32 + 2 + 4 + 16;
    const size_t asked_size = 2 * 32 + 1 + 8 + (1 + 9) + (1 + 6) + 1 + 8 + 4 + answer_size;
    const size_t asked = len - 4 - asked_size; /* behind it is the count of roots */
    struct slw_audit audit = test_auditor(&test);
    for (size_t cut = asked - 45; cut < len; cut++) {
        rewrite(path, slw_bytes_make(kept.ptr, cut));
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    }
    const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"no operation", asked + 64, 0},
        {"another operation", asked + 64, 4},
        {"a name that is too long", asked + 73, 65},
        {"too many answers", asked + asked_size - answer_size - 3, 1},
        {"twice", asked - 45 + 3, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        uint8_t before = kept.ptr[rows[i].at];
        kept.ptr[rows[i].at] = rows[i].value;
        rewrite(path, slw_bytes_make(kept.ptr, len));
        TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
        kept.ptr[rows[i].at] = before;
    }
    TAP_ROW("the same request twice");
    struct slw_heap_buffer twice = {0};
    slw_heap_append(&twice, slw_bytes_make(kept.ptr, len - 4));
    slw_heap_append(&twice, slw_bytes_make(kept.ptr + asked - 41, len - (asked - 41)));
    twice.ptr[asked - 45 + 3] = 2;
    rewrite(path, slw_heap_bytes(&twice));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_STORED_STATE);
    slw_heap_free(&twice);
    TAP_ROW("as it was saved");
    rewrite(path, slw_bytes_make(kept.ptr, len));
    TAP_EQUAL_INT(slw_audit_load(&audit, path, &detail), SLW_OK);
    TAP_ROW(NULL);
    slw_audit_free(&audit);
    slw_heap_free(&kept);
    slw_heap_free(&metadata.bytes);
    test_log_teardown(&test);
}

/* --- Many --- */

static void id_of(uint32_t number, uint8_t ret_id[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(&number, sizeof number));
    slw_sha256_final(&hash, ret_id);
}

static enum slw_status open_one(struct slw_audit *audit, uint32_t number, int64_t expires_utc_s)
{
    const struct slw_request request = {.operation = SLW_OPERATION_SIGN_TARGETS,
                                        .expires_utc_s = expires_utc_s};
    uint8_t id[SLW_SHA256_SIZE];
    id_of(number, id);
    return slw_audit_request_open(audit, id, id, &request, &detail);
}

static void end_one(struct slw_audit *audit, uint32_t number)
{
    uint8_t id[SLW_SHA256_SIZE];
    id_of(number, id);
    struct slw_audit_request *request = slw_audit_request_find(audit, id);
    TAP_REQUIRE(request != NULL);
    slw_audit_request_end(audit, request);
    TAP_CHECK(slw_audit_request_find(audit, id) == NULL);
}

static void keeps_no_more_open_ones_than_a_service(void)
{
    struct slw_audit audit = {.time_utc_s = LATER_S};
    for (uint32_t i = 0; i < SLW_AUDIT_OPEN_MAX; i++) {
        TAP_EQUAL_INT(open_one(&audit, i, LATER_S + DAY_S), SLW_OK);
    }
    TAP_EQUAL_INT(open_one(&audit, SLW_AUDIT_OPEN_MAX, LATER_S + DAY_S), SLW_TOO_MANY);
    end_one(&audit, 7);
    TAP_EQUAL_INT(open_one(&audit, SLW_AUDIT_OPEN_MAX, LATER_S + DAY_S), SLW_OK);
    TAP_EQUAL_INT(open_one(&audit, 7, LATER_S + DAY_S), SLW_BAD_STATEMENT);
    slw_audit_free(&audit);
}

/* A minute of requests that end at once, for days: a service does a thousand a second. */
static void keeps_what_has_ended_until_it_expires_and_no_longer(void)
{
    struct slw_audit audit = {.time_utc_s = LATER_S};
    uint32_t number = 0;
    TAP_EQUAL_INT(open_one(&audit, number++, LATER_S), SLW_OK); /* one that nobody ends */
    for (int minute = 0; minute < 20; minute++) {
        for (int i = 0; i < 1000; i++) {
            TAP_EQUAL_INT(open_one(&audit, number, audit.time_utc_s + 60), SLW_OK);
            end_one(&audit, number++);
        }
        TAP_EQUAL_INT(open_one(&audit, number - 1000, audit.time_utc_s + 60), SLW_BAD_STATEMENT);
        audit.time_utc_s += 60;
        TAP_EQUAL_INT(open_one(&audit, number - 1000, audit.time_utc_s), SLW_BAD_STATEMENT);
    }
    TAP_CHECK(audit.requests_count < 10000);
    TAP_EQUAL_INT(audit.open_count, 1);
    end_one(&audit, 0);
    slw_audit_free(&audit);
}

int main(void)
{
    if (!test_audit_make_keys()) {
        return 1;
    }
    TAP_RUN(goes_on_from_what_it_saved);
    TAP_RUN(remembers_what_has_ended_until_it_expires);
    TAP_RUN(forgets_what_has_expired);
    TAP_RUN(judges_all_anew_after_an_auditor_that_looked_at_less);
    TAP_RUN(refuses_a_state_whose_requests_are_not_whole);
    TAP_RUN(keeps_no_more_open_ones_than_a_service);
    TAP_RUN(keeps_what_has_ended_until_it_expires_and_no_longer);
    test_audit_free_keys();
    return tap_finish();
}
