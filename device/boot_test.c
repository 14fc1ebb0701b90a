/* SPDX-License-Identifier: Apache-2.0 */
/* The boot stage's decision (boot.h), with the bundles of spec/vectors. */
#include "test_boot.h"

#include "slipway/bundled_update.h"

#include "tap.h"

static void boots_nothing_on_a_fresh_device(void)
{
    TAP_REQUIRE(make_device(V1));
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_NOTHING);
    TAP_EQUAL_INT(boot.version, 0);
    TAP_CHECK(!boot.images[0].present);
    TAP_EQUAL_INT(slw_boot_confirm(&store), SLW_WRONG_STATE);
}

static void boots_a_new_release_on_trial_and_keeps_it_once_confirmed(void)
{
    TAP_REQUIRE(make_confirmed_device());
    TAP_EQUAL_INT(store.state.targets_version, 1);
    TAP_REQUIRE(install(&second));
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(boot.version, 2);
    TAP_EQUAL_INT(boot.images[0].slot, 1);
    TAP_EQUAL_INT(store.state.trial_attempts, 1);
    TAP_EQUAL_INT(store.state.targets_version, 1);
    TAP_EQUAL_INT(slw_boot_confirm(&store), SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, 2);
    TAP_EQUAL_INT(store.state.session.state, SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(store.state.session.result, SLW_UPDATE_RESULT_SUCCESS);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(boot.version, 2);
    TAP_EQUAL_INT(slw_boot_confirm(&store), SLW_WRONG_STATE);
}

static void refuses_to_confirm_a_trial_that_was_never_booted(void)
{
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(install(&second));
    TAP_EQUAL_INT(slw_boot_confirm(&store), SLW_WRONG_STATE);
    TAP_CHECK(store.state.trial.present);
    TAP_EQUAL_INT(store.state.targets_version, 1);
}

static void goes_back_when_the_attempts_run_out(void)
{
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(install(&second));
    for (unsigned i = 1; i <= SLW_BOOT_TRIAL_ATTEMPTS_MAX; i++) {
        TAP_EQUAL_INT(reboot(), SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
        TAP_EQUAL_INT(store.state.trial_attempts, i);
    }
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
    TAP_EQUAL_INT(boot.version, 1);
    TAP_EQUAL_INT(boot.failed_version, 2);
    TAP_EQUAL_INT(boot.trial_status, SLW_OK);
    TAP_EQUAL_INT(store.state.session.state, SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(store.state.session.result, SLW_UPDATE_RESULT_APPLY_FAILED);
    TAP_EQUAL_INT(store.state.session.reason, 0);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(boot.version, 1);
}

static void goes_back_to_nothing_when_the_first_release_fails(void)
{
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_bundle_verify(&first, "bundles/g07_user_manifest.pb", V1));
    TAP_REQUIRE(install(&first));
    board.bytes[board.components[0].slots[0].offset] ^= 1;
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
    TAP_EQUAL_INT(boot.version, 0);
    TAP_EQUAL_INT(boot.trial_status, SLW_WRONG_HASH);
    TAP_EQUAL_INT(boot.finding.status, SLW_WRONG_HASH);
    TAP_EQUAL_BYTES(boot.finding.name, "app", 3);
    TAP_EQUAL_INT(store.state.session.reason, SLW_WRONG_HASH);
    TAP_EQUAL_INT(store.state.session.subject_len, 3);
    TAP_CHECK(!boot.images[0].present);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_NOTHING);
}

static void refuses_to_run_a_confirmed_image_that_was_changed(void)
{
    TAP_REQUIRE(make_confirmed_device());
    board.bytes[board.components[1].slots[0].offset + 3] ^= 0x40;
    TAP_EQUAL_INT(reboot(), SLW_WRONG_HASH);
    TAP_EQUAL_BYTES(boot.finding.name, "rtos", 4);
}

static void goes_back_although_the_trial_was_tampered_with_in_any_byte(void)
{
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(install(&second));
    static struct test_copy copy;
    test_board_save(&board, &copy);
    for (size_t i = 0; i < store.state.trial.images[0].length; i++) {
        test_board_restore(&board, &copy);
        board.bytes[board.components[0].slots[1].offset + i] ^= 1;
        TAP_EQUAL_INT(reboot(), SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
        TAP_EQUAL_INT(boot.version, 1);
        TAP_EQUAL_INT(boot.trial_status, SLW_WRONG_HASH);
    }
}

static void keeps_the_image_of_a_component_that_a_release_does_not_list(void)
{
    static struct test_bundle app_only; /* version 7, floor 7 */
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(test_bundle_verify(&app_only, "bundles/x072_all_fields.pb", V1));
    TAP_REQUIRE(run_and_confirm(&app_only));
    TAP_EQUAL_INT(store.state.security_floor, 7);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.version, 7);
    TAP_EQUAL_INT(boot.images[0].version, 7);
    TAP_EQUAL_INT(boot.images[1].version, 1);
    board.bytes[board.components[1].slots[0].offset] ^= 1;
    TAP_EQUAL_INT(reboot(), SLW_WRONG_HASH);
}

static void climbs_over_stored_roots(void)
{
    static struct test_bundle climbing;
    struct slw_blob root;
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_bundle_verify(&climbing, "bundles/x100_climb_1_to_4.pb", V1));
    TAP_REQUIRE(run_and_confirm(&climbing));
    TAP_EQUAL_INT(store.state.root_version, 4);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(slw_store_find_blob(&store, store.state.root, &root), SLW_OK);
    TAP_EQUAL_INT(root.version, 4);
}

/* Finds a root blob's first data byte in flash. */
static uint8_t *root_bytes(uint32_t version)
{
    struct slw_blob blob;
    if (slw_store_next_root(&store, version - 1, &blob) != SLW_OK || blob.version != version) {
        return NULL;
    }
    return &board.bytes[blob.place.region.offset];
}

static void refuses_a_chain_with_a_missing_root(void)
{
    static struct test_bundle climbing;
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_bundle_verify(&climbing, "bundles/x100_climb_1_to_4.pb", V1));
    TAP_REQUIRE(run_and_confirm(&climbing));
    static struct test_copy copy;
    test_board_save(&board, &copy);
    static const struct {
        uint32_t version;
        enum slw_status status;
    } rows[] = {
        {2, SLW_ROOT_UNTRUSTED}, /* 3 is signed by 2 alone */
        {3, SLW_ROOT_UNTRUSTED},
        {4, SLW_STORED_STATE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_board_restore(&board, &copy);
        uint8_t *bytes = root_bytes(rows[i].version);
        TAP_REQUIRE(bytes != NULL);
        bytes[100] ^= 1;
        TAP_EQUAL_INT(reboot(), rows[i].status);
    }
}

static void refuses_a_root_of_another_version_than_it_was_stored_with(void)
{
    static struct test_file file;
    struct slw_blob blob;
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_file_read(&file, "roots/v2_newroot.pb"));
    TAP_EQUAL_INT(slw_store_put_blob(&store, SLW_BLOB_ROOT, 3, &file.source.source, 0,
                                     file.source.source.size, &blob),
                  SLW_OK);
    struct slw_state forged = store.state;
    forged.root_version = 3;
    memcpy(forged.root, blob.sha256, SLW_SHA256_SIZE);
    TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_STORED_STATE);
}

static void a_broken_chain_of_roots_is_not_held_against_the_trial(void)
{
    static struct test_bundle climbing;
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_bundle_verify(&climbing, "bundles/x100_climb_1_to_4.pb", V1));
    TAP_REQUIRE(install(&climbing));
    uint8_t *bytes = root_bytes(2);
    TAP_REQUIRE(bytes != NULL);
    bytes[100] ^= 1;
    TAP_EQUAL_INT(reboot(), SLW_ROOT_UNTRUSTED);
    TAP_CHECK(store.state.trial.present);
    TAP_CHECK(boot.choice != SLW_BOOT_ROLLED_BACK);
    bytes[100] ^= 1;
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
}

static void a_root_left_by_an_update_that_was_not_accepted_is_no_obstacle(void)
{
    static struct test_bundle other;
    static struct test_bundle jump; /* root 1 to 7, signed by 1 */
    static struct test_file stray;
    struct slw_blob blob;
    TAP_REQUIRE(make_device(V1));
    TAP_REQUIRE(test_bundle_verify(&jump, "bundles/b53_root_jump.pb", V1));
    TAP_REQUIRE(test_bundle_verify(&other, "bundles/g07_user_manifest.pb", V1));
    TAP_REQUIRE(test_file_read(&stray, "roots/v3_newroot.pb"));
    TAP_EQUAL_INT(slw_store_put_blob(&store, SLW_BLOB_ROOT, 3, &stray.source.source, 0,
                                     stray.source.source.size, &blob),
                  SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_REQUIRE(test_accept_roots(&store, &jump) == SLW_OK);
    TAP_EQUAL_INT(store.state.root_version, 7);
    TAP_EQUAL_INT(reboot(), SLW_OK);
}

static void discards_a_trial_whose_key_was_revoked_meanwhile(void)
{
    static struct test_bundle revoking; /* new targets key, version 4 */
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(test_bundle_verify(&revoking, "bundles/x054_floor_after_reset_4.pb", V1));
    TAP_REQUIRE(install(&second));
    TAP_REQUIRE(test_accept_roots(&store, &revoking) == SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
    TAP_EQUAL_INT(boot.trial_status, SLW_BELOW_THRESHOLD);
    /* The confirmed release was signed by the same key; it runs under the root of its time. */
    TAP_EQUAL_INT(boot.version, 1);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
}

static bool make_device_at_20(struct test_bundle *revoking)
{
    static struct test_bundle at_20;
    return make_device(V1) && test_bundle_verify(&at_20, "bundles/x258_own_plain.pb", V1) &&
           test_bundle_verify(revoking, "bundles/x054_floor_after_reset_4.pb", V1) &&
           run_and_confirm(&at_20) && store.state.targets_version == 20;
}

static void lowers_the_version_when_a_root_resets_it(void)
{
    static struct test_bundle revoking;
    struct slw_anchor_record record;
    TAP_REQUIRE(make_device_at_20(&revoking));
    TAP_REQUIRE(run_and_confirm(&revoking));
    TAP_EQUAL_INT(store.state.targets_version, 4);
    TAP_EQUAL_INT(board.layout.anchor.load(board.layout.anchor.context, &record), SLW_OK);
    TAP_EQUAL_INT(record.targets_version, 4);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.version, 4);
}

static void refuses_a_factory_root_that_is_none(void)
{
    TAP_REQUIRE(make_confirmed_device());
    board.factory.bytes[20] ^= 1;
    TAP_CHECK(reboot() != SLW_OK);
    board.factory.bytes[20] ^= 1;
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_REQUIRE(test_file_read(&board.factory, "roots/v1_prod.pb"));
    board.layout.factory_root = board.factory.source.bytes;
    TAP_EQUAL_INT(reboot(), SLW_STORED_STATE);
}

int main(void)
{
    TAP_RUN(boots_nothing_on_a_fresh_device);
    TAP_RUN(boots_a_new_release_on_trial_and_keeps_it_once_confirmed);
    TAP_RUN(refuses_to_confirm_a_trial_that_was_never_booted);
    TAP_RUN(goes_back_when_the_attempts_run_out);
    TAP_RUN(goes_back_to_nothing_when_the_first_release_fails);
    TAP_RUN(refuses_to_run_a_confirmed_image_that_was_changed);
    TAP_RUN(goes_back_although_the_trial_was_tampered_with_in_any_byte);
    TAP_RUN(keeps_the_image_of_a_component_that_a_release_does_not_list);
    TAP_RUN(climbs_over_stored_roots);
    TAP_RUN(refuses_a_root_of_another_version_than_it_was_stored_with);
    TAP_RUN(a_broken_chain_of_roots_is_not_held_against_the_trial);
    TAP_RUN(refuses_a_chain_with_a_missing_root);
    TAP_RUN(a_root_left_by_an_update_that_was_not_accepted_is_no_obstacle);
    TAP_RUN(discards_a_trial_whose_key_was_revoked_meanwhile);
    TAP_RUN(lowers_the_version_when_a_root_resets_it);
    TAP_RUN(refuses_a_factory_root_that_is_none);
    return tap_finish();
}
