/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update session across reboots, and over flash that fails or changes: transfers go on, roots
 * are kept once a bundle is accepted, and what was verified isn't taken for what is read later.
 */
#include "test_session.h"

static void resumes_a_transfer_after_a_reboot(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/g02_with_root_same.pb"));
    TAP_REQUIRE(slw_session_start(&session, SLW_BYTES_OF("b")) == SLW_OK);
    TAP_REQUIRE(send(300) == SLW_OK);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_TRANSFERRING);
    poll_until_idle();
    TAP_EQUAL_INT(send(bundle_len), SLW_OK);
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_VERIFY), SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFIED);
}

static void goes_on_from_every_state_after_a_reboot(void)
{
    static const enum slw_update_state states[] = {
        SLW_UPDATE_STATE_TRANSFERRED,
        SLW_UPDATE_STATE_VERIFYING,
        SLW_UPDATE_STATE_VERIFIED,
        SLW_UPDATE_STATE_APPLYING,
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        TAP_ROW(slw_update_state_name(states[i]));
        TAP_REQUIRE(bring_to(states[i]));
        TAP_REQUIRE(power_on() == SLW_OK);
        if (states[i] != SLW_UPDATE_STATE_APPLYING) {
            TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
        }
        poll_until_idle();
        TAP_REQUIRE(rebooted && power_on() == SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
        TAP_EQUAL_INT(slw_session_confirm(&session), SLW_OK);
    }
    TAP_ROW(NULL);
}

static void notices_a_staged_bundle_that_changes_after_verification(void)
{
    uint64_t changed = 0;
    for (size_t at = 0; at < 701; at++) {
        TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
        flash_bytes[22 * SECTOR + at] ^= 1;
        TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
        poll_until_idle();
        if (!rebooted) {
            changed++;
            TAP_CHECK(!store.state.trial.present);
            continue;
        }
        /* A byte that isn't used again, or a signature: then the boot stage decides. */
        TAP_REQUIRE(power_on() == SLW_OK);
        TAP_CHECK(boot.choice == SLW_BOOT_TRIAL || boot.choice == SLW_BOOT_ROLLED_BACK);
    }
    TAP_CHECK(changed > 100);
}

static void keeps_a_new_root_as_soon_as_a_bundle_is_accepted(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/g12_root_rotation.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_VERIFY), SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFIED);
    TAP_EQUAL_INT(store.state.root_version, 2);
    TAP_EQUAL_INT(power_on(), SLW_OK);
    TAP_EQUAL_INT(store.state.root_version, 2);
}

static void keeps_a_history_of_roots_though_apply_comes_meanwhile(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/x100_climb_1_to_4.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
    while (session.history_left != 1) {
        TAP_REQUIRE(slw_session_poll(&session, 1));
    }
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFYING);
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(rebooted && power_on() == SLW_OK);
    TAP_EQUAL_INT(store.state.root_version, 4);
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_OK);
}

static void keeps_no_root_of_a_bundle_that_is_refused(void)
{
    TAP_REQUIRE(make_device("roots/v1_t2of3.pb"));
    TAP_REQUIRE(take_bundle("bundles/x151_revoked_needed.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_VERIFY), SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_VERIFY_FAILED);
    TAP_EQUAL_INT(store.state.root_version, 1);
}

/* The root that replaced the targets keys is kept at once; the version falls at confirm, later. */
static void a_version_reset_outlives_abort_and_reboot(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(update("bundles/x258_own_plain.pb") == SLW_OK);
    uint32_t before = store.state.targets_version;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_RESET) == SLW_OK);
    TAP_REQUIRE(take_bundle("bundles/x054_floor_after_reset_4.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(state() == SLW_UPDATE_STATE_VERIFIED && store.state.root_version == 2);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_ABORT) == SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, before);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(update("bundles/x054_floor_after_reset_4.pb"), SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, 4);
    TAP_CHECK(before > 4);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
}

static enum slw_status refuse_to_program(void *context, uint64_t address, const uint8_t *bytes,
                                         size_t len)
{
    (void)context;
    (void)address;
    (void)bytes;
    (void)len;
    return SLW_IO;
}

static void a_call_that_flash_fails_changes_nothing(void)
{
    static const enum slw_session_call calls[] = {SLW_CALL_VERIFY, SLW_CALL_APPLY};
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_TRANSFERRED));
        struct slw_session_record before = session.record;
        ram.flash.program = refuse_to_program;
        TAP_EQUAL_INT(slw_session_call(&session, calls[i]), SLW_IO);
        TAP_CHECK(memcmp(&before, &session.record, sizeof before) == 0);
        poll_until_idle();
        TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_TRANSFERRED);
    }
}

int main(void)
{
    TAP_RUN(resumes_a_transfer_after_a_reboot);
    TAP_RUN(goes_on_from_every_state_after_a_reboot);
    TAP_RUN(notices_a_staged_bundle_that_changes_after_verification);
    TAP_RUN(keeps_a_new_root_as_soon_as_a_bundle_is_accepted);
    TAP_RUN(keeps_a_history_of_roots_though_apply_comes_meanwhile);
    TAP_RUN(keeps_no_root_of_a_bundle_that_is_refused);
    TAP_RUN(a_version_reset_outlives_abort_and_reboot);
    TAP_RUN(a_call_that_flash_fails_changes_nothing);
    return tap_finish();
}
