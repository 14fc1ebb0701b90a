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

int main(void)
{
    TAP_RUN(signs_a_test_bundle_without_anybody_else);
    TAP_RUN(signs_a_production_bundle_that_two_people_approved);
    return tap_finish();
}
