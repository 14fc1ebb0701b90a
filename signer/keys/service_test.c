/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a request through the whole service: what is signed, and what the log has of it. */
#include "test_signer.h"

#include "case.h"

#include "tap.h"

#include <stdio.h>

static const struct test_asking for_test_key = {.key = "lamp-test"};
static const struct test_bundle test_bundle = {.root_class = SLW_KEY_CLASS_TEST,
                                               .targets_key = TEST_KEY_TEST};

static void signs_a_test_bundle_without_anybody_else(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &test_bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_SIGNED);
    TAP_CHECK(test_signature_is_good(&signer));
    test_signer_close(&signer);
}

static void signs_a_production_bundle_that_two_people_approved(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(test_submit(&signer, &(struct test_bundle){0}, &(struct test_asking){0}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_ADA}), SLW_OK);
    TAP_EQUAL_INT(test_outcome(&signer), SLW_SIGNER_WAITING);
    const struct slw_book_request *request = signer.service->book.list[0];
    TAP_CHECK(request->work != NULL &&
              strstr(request->work->waiting_for, "approved by 1 of 2") != NULL);
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
    /* Nobody is told to wait for somebody who has spoken. */
    TAP_CHECK(request->work == NULL || strstr(request->work->waiting_for, "approved by") == NULL);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_CHECK(test_signature_is_good(&signer));
    test_signer_close(&signer);
}

static enum slw_status submit_test(struct test_signer *signer, uint32_t version,
                                   const char *payload, unsigned hardware)
{
    struct test_bundle bundle = test_bundle;
    bundle.version = version;
    bundle.payload = payload;
    bundle.more_hardware = hardware;
    TAP_EQUAL_INT(test_submit(signer, &bundle, &for_test_key), SLW_OK);
    return test_outcome(signer) == SLW_SIGNER_SIGNED ? SLW_OK : test_refusal(signer);
}

/* However it knows the former release: from memory, from the log because it is large, and both
 * after a start. */
static void compares_with_the_former_release(void)
{
    struct test_signer signer;
    struct slw_detail detail = {""};
    const struct test_policy policy = {.test_more = ",\"content\":{\"growth_percent\":50}"};
    static const unsigned hardware[] = {0, TEST_HARDWARE_MAX};
    TAP_REQUIRE(test_signer_open_with(&signer, &policy));
    TAP_EQUAL_INT(submit_test(&signer, 1, "sixteen bytes ..", 0), SLW_OK);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t version = 2 + 3 * i;
        TAP_EQUAL_INT(submit_test(&signer, version, "sixteen bytes :)", hardware[i]), SLW_OK);
        TAP_EQUAL_INT(submit_test(&signer, version + 1, "more than half as long again!", 0),
                      SLW_WRONG_CONTENT);
        test_signer_stop(&signer);
        TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
        TAP_EQUAL_INT(submit_test(&signer, version + 2, "and more than half as long ag", 0),
                      SLW_WRONG_CONTENT);
    }
    test_signer_close(&signer);
}

/* The versions on a page, the newest first, and "next" where there is more: "3 2 next". */
static bool page_is(struct test_signer *signer, const uint8_t *after, uint32_t limit,
                    const char *expected)
{
    char text[64] = "";
    struct slw_signer_call call = {
        .kind = SLW_SIGNER_LIST, .has_digest = after != NULL, .value = limit};
    struct slw_json_document json;
    struct slw_detail detail = {""};
    uint32_t request = 0;
    size_t len = 0;
    if (after != NULL) {
        memcpy(call.digest, after, sizeof call.digest);
    }
    if (!test_call(signer, &call) ||
        slw_json_parse("list", signer->answer.bytes, &json, &detail) != SLW_OK) {
        return false;
    }
    uint32_t list = slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("requests"));
    struct slw_json_walk walk = slw_json_walk_begin(&json, list);
    while (slw_json_walk_element(&walk, &request)) {
        int64_t version = 0;
        uint32_t member = slw_json_member(&json, request, SLW_BYTES_OF("targets_version"));
        if (slw_json_integer(&json, member, &version)) {
            len += (size_t)snprintf(text + len, sizeof text - len, "%s%d", len == 0 ? "" : " ",
                                    (int)version);
        }
    }
    if (slw_json_member(&json, SLW_JSON_TOP, SLW_BYTES_OF("next")) != SLW_JSON_NONE) {
        (void)snprintf(text + len, sizeof text - len, " next");
    }
    slw_json_document_free(&json);
    return strcmp(text, expected) == 0;
}

static void goes_on_with_a_list_behind_the_request_that_it_is_told(void)
{
    static const uint8_t nobodys[SLW_SHA256_SIZE] = {1};
    struct test_signer signer;
    struct slw_detail detail = {""};
    TAP_REQUIRE(test_signer_open(&signer));
    for (uint32_t version = 1; version <= 3; version++) {
        TAP_EQUAL_INT(submit_test(&signer, version, NULL, 0), SLW_OK);
    }
    for (int i = 0; i < 2; i++) {
        TAP_ROW(i == 0 ? "as they came" : "as a start read them");
        struct slw_book_request **list = signer.service->book.list;
        TAP_CHECK(page_is(&signer, NULL, 2, "3 2 next"));
        TAP_CHECK(page_is(&signer, list[1]->id, 2, "1"));
        TAP_CHECK(page_is(&signer, list[2]->id, 1, "2 next"));
        TAP_CHECK(page_is(&signer, list[0]->id, 2, ""));
        TAP_CHECK(page_is(&signer, nobodys, 2, ""));
        /* It is found by its id alone: whoever looks through the list takes this for the second. */
        struct slw_book_request decoy = *list[2];
        struct slw_book_request *newest = list[2];
        memcpy(decoy.id, list[1]->id, sizeof decoy.id);
        list[2] = &decoy;
        TAP_CHECK(page_is(&signer, list[1]->id, 1, "1"));
        list[2] = newest;
        test_signer_stop(&signer);
        TAP_EQUAL_INT(test_signer_start(&signer, &detail), SLW_OK);
    }
    TAP_ROW(NULL);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(signs_a_test_bundle_without_anybody_else);
    TAP_RUN(signs_a_production_bundle_that_two_people_approved);
    TAP_RUN(compares_with_the_former_release);
    TAP_RUN(goes_on_with_a_list_behind_the_request_that_it_is_told);
    return tap_finish();
}
