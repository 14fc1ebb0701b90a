/* SPDX-License-Identifier: Apache-2.0 */
/* The way of a request through the whole service: what is signed, and what the log has of it. */
#include "test_signer.h"

#include "tap.h"

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
    TAP_EQUAL_INT(test_approve(&signer, &(struct test_approving){.by = TEST_BEN}), SLW_OK);
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

int main(void)
{
    TAP_RUN(signs_a_test_bundle_without_anybody_else);
    TAP_RUN(signs_a_production_bundle_that_two_people_approved);
    TAP_RUN(compares_with_the_former_release);
    return tap_finish();
}
