/* SPDX-License-Identifier: Apache-2.0 */
/* Releases in logs for tests of the auditor. See test_story.h. */
#include "test_story.h"

static struct slw_detail detail;

void test_story_end(struct test_log *test, const char *kind, const uint8_t *request)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "{\"kind\":\"%s\",\"time\":\"" TEST_AUDIT_LATER "\",\"request\":\"",
                    kind);
    test_audit_hex(slw_bytes_make(request, SLW_SHA256_SIZE), &text);
    slw_heap_append_text(&text, "\"}");
    test_audit_record(test, slw_heap_text(&text));
    slw_heap_free(&text);
}

void test_story_answer(struct test_log *test, const struct test_audit_answer *answer,
                       const struct test_audit_metadata *metadata, const uint8_t *request)
{
    struct test_audit_answer said = *answer;
    said.request = said.request == NULL ? request : said.request;
    said.content = said.content == NULL ? metadata->content : said.content;
    said.sha256 = said.sha256 == NULL ? metadata->sha256 : said.sha256;
    test_audit_answer(test, &said);
}

void test_story_approve(struct test_log *test, const struct test_story *story,
                        const struct test_audit_metadata *metadata, const uint8_t *request)
{
    static const uint8_t other[SLW_SHA256_SIZE] = {7};
    struct test_audit_answer said = story->approval;
    said.content = story->approves_other_content ? other : NULL;
    said.sha256 = story->approves_other_metadata ? other : NULL;
    said.request = story->approves_other_request ? other : NULL;
    if (!story->unapproved) {
        test_story_answer(test, &said, metadata, request);
    }
    if (story->second.time != NULL) {
        test_story_answer(test, &story->second, metadata, request);
    }
}

void test_story_sign(struct test_log *test, const struct test_audit_signature *told,
                     uint32_t version, const struct test_audit_metadata *metadata,
                     const uint8_t *request)
{
    struct test_audit_signature signature = *told;
    signature.request = request;
    signature.metadata = slw_heap_bytes(&metadata->bytes);
    signature.version = signature.version == 0 ? version : signature.version;
    TAP_REQUIRE(slw_log_append_release(test->log, SLW_BYTES_OF("lamp"), signature.version,
                                       metadata->sha256, &signature.leaf, &detail) == SLW_OK);
    test_audit_signature(test, &signature);
}

void test_story_tell(struct test_log *test, const struct test_story *story)
{
    const uint32_t version = story->version == 0 ? 1 : story->version;
    struct test_audit_metadata metadata;
    uint8_t request[SLW_SHA256_SIZE] = {9};
    test_audit_metadata(version, "release", &metadata);
    if (!story->unasked) {
        test_audit_ask(test, &story->asking, request);
    }
    test_story_approve(test, story, &metadata, request);
    if (story->before != NULL) {
        test_story_end(test, story->before, request);
    }
    if (story->policy.version != 0) {
        test_audit_policy(test, &story->policy);
    }
    test_story_sign(test, &story->signature, version, &metadata, request);
    slw_heap_free(&metadata.bytes);
}
