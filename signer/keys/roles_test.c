/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of bundles, and roles of TUF repositories: made by the service of what it verified, never
 * of bytes that somebody hands it.
 */
#include "test_roles.h"

#include "service_parts.h"

#include "slipway/root_draft.h"
#include "slipway/signed_draft.h"
#include "slipway/tuf_change_json.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

/* --- Roots --- */

static void root_make(uint32_t version, enum test_party root_key, enum slw_key_class key_class,
                      struct slw_heap_buffer *ret_message)
{
    struct slw_root_draft *draft = calloc(1, sizeof *draft);
    struct slw_heap_buffer serialized = {0};
    struct slw_signed_draft signatures = {0};
    struct slw_detail detail = {""};
    draft->version = version;
    draft->key_class = key_class;
    draft->thresholds[SLW_ROLE_ROOT] = 1;
    draft->thresholds[SLW_ROLE_TARGETS] = 1;
    if (slw_root_draft_add_key(draft, SLW_ROLE_ROOT, slw_private_key_public(test_key(root_key))) !=
            SLW_OK ||
        slw_root_draft_add_key(draft, SLW_ROLE_TARGETS,
                               slw_private_key_public(test_key(TEST_KEY_TEST))) != SLW_OK ||
        slw_root_draft_encode(draft, "root", &serialized, &detail) != SLW_OK) {
        abort();
    }
    signatures.serialized = slw_heap_bytes(&serialized);
    if (slw_signed_draft_encode(&signatures, ret_message, &detail) != SLW_OK) {
        abort();
    }
    slw_heap_free(&serialized);
    free(draft);
}

static enum slw_status ask_root(struct test_signer *signer, uint32_t version,
                                enum test_party root_key, enum slw_key_class key_class)
{
    const struct test_asking how = {
        .by = TEST_ADA, .by_set = true, .key = "lamp-root", .operation = SLW_OPERATION_SIGN_ROOT};
    struct slw_heap_buffer message = {0};
    root_make(version, root_key, key_class, &message);
    enum slw_status status = test_submit_bytes(signer, slw_heap_bytes(&message), &how);
    slw_heap_free(&message);
    return status == SLW_OK ? test_refusal(signer) : status;
}

static void signs_roots_upwards_alone(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(ask_root(&signer, 1, TEST_OTHER, SLW_KEY_CLASS_TEST), SLW_WRONG_ROLE);
    TAP_EQUAL_INT(ask_root(&signer, 1, TEST_KEY_ROOT, SLW_KEY_CLASS_PROD), SLW_WRONG_CLASS);
    TAP_EQUAL_INT(ask_root(&signer, 1, TEST_KEY_ROOT, SLW_KEY_CLASS_NONE), SLW_WRONG_CLASS);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    TAP_EQUAL_INT(ask_root(&signer, 2, TEST_KEY_ROOT, SLW_KEY_CLASS_TEST), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(ask_root(&signer, 1, TEST_KEY_ROOT, SLW_KEY_CLASS_TEST), SLW_ROLLBACK);
    TAP_EQUAL_INT(ask_root(&signer, 3, TEST_KEY_ROOT, SLW_KEY_CLASS_TEST), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(test_signed_count(&signer), 2);
    test_signer_close(&signer);
}

static void signs_no_bundle_with_an_older_root(void)
{
    static const struct test_asking for_test_key = {.key = "lamp-test"};
    struct test_bundle bundle = {.root_class = SLW_KEY_CLASS_TEST, .targets_key = TEST_KEY_TEST};
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(ask_root(&signer, 2, TEST_KEY_ROOT, SLW_KEY_CLASS_TEST), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_ROOT_ROLLBACK);
    bundle.root_version = 2; /* another root of this version */
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_EQUAL_INT(test_refusal(&signer), SLW_ROOT_REPLACED);
    bundle.root_version = 3;
    TAP_EQUAL_INT(test_submit(&signer, &bundle, &for_test_key), SLW_OK);
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    test_signer_close(&signer);
}

/* --- Roles --- */

/* Version 1 with another expiry, signed by the very key. */
static void other_base_make(struct test_signer *signer, struct slw_heap_buffer *ret_file,
                            uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    const struct slw_tuf_change change = {.type = SLW_TUF_TARGETS,
                                          .role = SLW_BYTES_OF("lamp-stable"),
                                          .version = 1,
                                          .expires_utc_s = signer->now_utc_s + 777777};
    struct slw_tuf_model *model = NULL;
    struct slw_detail detail = {""};
    signer->metadata.len = 0;
    if (slw_tuf_model_new(SLW_TUF_TARGETS, change.role, &model, &detail) != SLW_OK ||
        slw_tuf_model_apply(model, &change, &detail) != SLW_OK ||
        slw_tuf_model_encode(model, &signer->metadata, &detail) != SLW_OK ||
        slw_tuf_model_digest(model, ret_sha256, &detail) != SLW_OK) {
        abort();
    }
    slw_tuf_model_free(model);
    publish(signer, ret_file);
}

static void makes_a_roles_next_version_of_its_base(void)
{
    struct test_signer signer;
    struct slw_heap_buffer base = {0};
    uint8_t first[SLW_SHA256_SIZE];
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){0}), SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    memcpy(first, signer.targets, sizeof first);
    publish(&signer, &base);

    TAP_ROW("another base of this version");
    uint8_t other[SLW_SHA256_SIZE] = {1};
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.base_version = 1,
                                                         .base_sha256 = other,
                                                         .version = 2,
                                                         .base = &base}),
                  SLW_STORED_STATE);
    TAP_ROW("no base at all");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.version = 2}), SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_ROLLBACK);
    TAP_ROW("another base that the key signed");
    struct slw_heap_buffer other_base = {0};
    uint8_t other_sha256[SLW_SHA256_SIZE];
    other_base_make(&signer, &other_base, other_sha256);
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.base_version = 1,
                                                         .base_sha256 = other_sha256,
                                                         .version = 2,
                                                         .base = &other_base}),
                  SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_REFUSED));
    TAP_EQUAL_INT(test_refusal(&signer), SLW_STORED_STATE);
    slw_heap_free(&other_base);
    TAP_ROW("a version that isn't the next");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.base_version = 1,
                                                         .base_sha256 = first,
                                                         .version = 1,
                                                         .base = &base}),
                  SLW_ROLLBACK);
    TAP_ROW("a base that the key didn't sign");
    struct slw_heap_buffer forged = {0};
    slw_heap_append(&forged, slw_heap_bytes(&base));
    for (size_t i = 0; i + 8 < forged.len; i++) {
        if (memcmp(forged.ptr + i, "\"sig\":\"", 7) == 0) {
            forged.ptr[i + 60] = forged.ptr[i + 60] == '0' ? '1' : '0';
        }
    }
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.base_version = 1,
                                                         .base_sha256 = first,
                                                         .version = 2,
                                                         .base = &forged}),
                  SLW_BELOW_THRESHOLD);
    TAP_ROW("the next");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.base_version = 1,
                                                         .base_sha256 = first,
                                                         .version = 2,
                                                         .base = &base}),
                  SLW_OK);
    approve_role(&signer, TEST_BEN, "stable");
    TAP_CHECK(test_await(&signer, SLW_SIGNER_SIGNED));
    TAP_EQUAL_INT(test_signed_count(&signer), 2);
    slw_heap_free(&base);
    slw_heap_free(&forged);
    test_signer_close(&signer);
}

static void refuses_roles_that_it_may_not_make(void)
{
    struct test_signer signer;
    TAP_REQUIRE(test_signer_open(&signer));
    TAP_ROW("a role that no rule names");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.role = "lamp-beta"}), SLW_NOT_PERMITTED);
    TAP_ROW("a role of a similar name");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.role = "Lamp-stable"}),
                  SLW_NOT_PERMITTED);
    TAP_ROW("another channel");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.channel = "beta"}), SLW_NOT_PERMITTED);
    TAP_ROW("a root");
    TAP_EQUAL_INT(
        ask_role(&signer,
                 &(struct asked_role){.role = "root", .type = SLW_TUF_ROOT, .type_set = true}),
        SLW_NOT_PERMITTED);
    TAP_ROW("a snapshot that drops a role");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.role = "snapshot",
                                                         .type = SLW_TUF_SNAPSHOT,
                                                         .type_set = true,
                                                         .drop = "lamp-stable",
                                                         .channel = ""}),
                  SLW_NOT_PERMITTED);
    TAP_ROW("a delegation of a production role, to a key of the requester's");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.delegate = "mine"}), SLW_NOT_PERMITTED);
    TAP_ROW("one that revokes a delegation");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.revoke = "theirs"}), SLW_NOT_PERMITTED);
    TAP_ROW("a version that no mark, no takeover and no auditor counts to");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.version = (int64_t)UINT32_MAX + 1}),
                  SLW_TOO_LARGE);
    TAP_ROW("one that has expired");
    TAP_EQUAL_INT(ask_role(&signer, &(struct asked_role){.expires = TEST_START}), SLW_EXPIRED);
    TAP_EQUAL_INT(test_signed_count(&signer), 0);
    test_signer_close(&signer);
}

int main(void)
{
    TAP_RUN(signs_roots_upwards_alone);
    TAP_RUN(signs_no_bundle_with_an_older_root);
    TAP_RUN(makes_a_roles_next_version_of_its_base);
    TAP_RUN(refuses_roles_that_it_may_not_make);
    return tap_finish();
}
