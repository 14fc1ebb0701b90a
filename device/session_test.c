/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update session: what each call does in each state, an update from the first byte to its
 * confirmation, and consent.
 */
#include "test_session.h"

static void carries_an_update_to_its_confirmation(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_NOTHING);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_INACTIVE);
    TAP_EQUAL_INT(update("bundles/g02_with_root_same.pb"), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
    TAP_EQUAL_INT(power_on(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
}

static void raises_the_version_only_at_confirm(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/g15_newer_version.pb"));
    TAP_EQUAL_INT(start_and_send(), SLW_OK);
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(rebooted && power_on() == SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, 0);
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_OK);
    TAP_CHECK(store.state.targets_version > 0);
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_WRONG_STATE);
}

static void refuses_an_older_release_after_a_newer_one(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(update("bundles/g15_newer_version.pb") == SLW_OK);
    TAP_EQUAL_INT(update("bundles/g02_with_root_same.pb"), SLW_ROLLBACK);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_VERIFY_FAILED);
    TAP_CHECK(note_is("rollback"));
}

static void goes_back_when_a_trial_is_never_confirmed(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/g02_with_root_same.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(power_on() == SLW_OK && boot.choice == SLW_BOOT_TRIAL);
    TAP_REQUIRE(power_on() == SLW_OK && boot.choice == SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_APPLYING);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
}

static enum slw_status call(enum slw_session_call which)
{
    return which == SLW_CALL_START ? slw_session_start(&session, SLW_BYTES_OF("c"))
                                   : slw_session_call(&session, which);
}

/* Pigweed's calls: A allowed, . refused; in the order of enum slw_session_call. */
static void allows_each_call_in_its_states_and_no_other(void)
{
    static const struct {
        enum slw_update_state state;
        const char *allowed; /* SetTransferred Verify Apply Abort Reset Start */
    } rows[] = {
        {SLW_UPDATE_STATE_INACTIVE, "....AA"},    {SLW_UPDATE_STATE_TRANSFERRING, "...A.."},
        {SLW_UPDATE_STATE_TRANSFERRED, "AAAA.."}, {SLW_UPDATE_STATE_VERIFYING, ".AAA.."},
        {SLW_UPDATE_STATE_VERIFIED, ".AAA.."},    {SLW_UPDATE_STATE_APPLYING, "..A..."},
        {SLW_UPDATE_STATE_FINISHED, "....A."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (unsigned which = 0; which < SLW_CALLS_COUNT; which++) {
            TAP_ROW(slw_update_state_name(rows[i].state));
            TAP_REQUIRE(bring_to(rows[i].state));
            struct slw_session_record before = session.record;
            enum slw_status status = call((enum slw_session_call)which);
            if (rows[i].allowed[which] == 'A') {
                TAP_EQUAL_INT(status, SLW_OK);
            } else {
                TAP_EQUAL_INT(status, SLW_WRONG_STATE);
                TAP_CHECK(memcmp(&before, &session.record, sizeof before) == 0);
                TAP_EQUAL_INT(state(), rows[i].state);
            }
        }
    }
    TAP_ROW(NULL);
}

static void aborts_while_verifying(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFYING));
    for (unsigned i = 0; i < 3; i++) {
        TAP_CHECK(slw_session_poll(&session, 1));
    }
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_ABORT), SLW_OK);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_ABORTED);
    poll_until_idle();
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_ABORTED);
}

static void a_transfer_after_abort_revives_nothing(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_TRANSFERRING));
    uint32_t id = transfer_id();
    uint64_t offset = 0;
    uint32_t crc = 0;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_ABORT) == SLW_OK);
    TAP_EQUAL_INT(slw_session_stage_open(&session, id, 0, &offset), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_session_stage_status(&session, id, &offset, &crc), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_session_stage_write(&session, 0, SLW_BYTES_OF("x")), SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_session_stage_finish(&session), SLW_WRONG_STATE);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
}

static void applying_has_begun_when_apply_is_answered(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_APPLYING);
    poll_until_idle();
    TAP_CHECK(rebooted);
}

static void asks_before_anything_is_written_to_a_slot(void)
{
    uint8_t slot[SECTOR];
    uint8_t erased[SECTOR];
    memset(erased, 0xFF, sizeof erased);
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    consent = SLW_CONSENT_NOT_YET;
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFIED);
    TAP_CHECK(note_is("waiting for consent"));
    TAP_CHECK(asked > 0);
    TAP_REQUIRE(slw_region_read(&components[0].slots[0], 0, slot, sizeof slot) == SLW_OK);
    TAP_EQUAL_BYTES(slot, erased, sizeof slot);
    /* The wish to apply survives a reboot, and so does the question. */
    TAP_REQUIRE(power_on() == SLW_OK);
    poll_until_idle();
    TAP_CHECK(note_is("waiting for consent"));
    consent = SLW_CONSENT_YES;
    poll_until_idle();
    TAP_CHECK(rebooted);
}

static void installs_nothing_that_was_refused(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    consent = SLW_CONSENT_NO;
    TAP_EQUAL_INT(slw_session_call(&session, SLW_CALL_APPLY), SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
    TAP_CHECK(note_is("consent-refused"));
    TAP_CHECK(!store.state.trial.present && !rebooted);
}

/* Names are text in every reply: half a character would make all of them unreadable. */
static void cuts_a_long_bundle_name_between_characters(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(
        slw_session_start(&session, SLW_BYTES_OF("a-name-of-thirty-one-characters\xC3\xA9.pb")),
        SLW_OK);
    slw_session_status(&session, note, &status);
    TAP_CHECK(
        slw_bytes_equal(status.bundle_filename, SLW_BYTES_OF("a-name-of-thirty-one-characters")));
}

static void refuses_a_bundle_larger_than_the_staging_area(void)
{
    static uint8_t piece[SECTOR];
    uint64_t offset = 0;
    enum slw_status status = SLW_OK;
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_TRANSFERRING));
    TAP_REQUIRE(slw_session_stage_open(&session, transfer_id(), 0, &offset) == SLW_OK);
    while (status == SLW_OK && offset < FLASH_SIZE) {
        status = slw_session_stage_write(&session, offset, slw_bytes_make(piece, sizeof piece));
        offset += sizeof piece;
    }
    TAP_EQUAL_INT(status, SLW_NO_SPACE);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_TRANSFER_FAILED);
}

static void gives_up_a_transfer_that_died(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_TRANSFERRING));
    TAP_CHECK(!slw_session_poll(&session, 1000));
    TAP_CHECK(!slw_session_poll(&session, 60999));
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_TRANSFERRING);
    TAP_CHECK(!slw_session_poll(&session, 61000));
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_TRANSFER_FAILED);
}

static void a_note_holds_nothing_that_steers_a_terminal(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    TAP_REQUIRE(make_device("roots/v1.pb"));
    session.record.reason = SLW_UNLISTED_PAYLOAD;
    memcpy(session.record.subject, "\x1b[31mx\x7f", 7);
    session.record.subject_len = 7;
    slw_session_status(&session, note, &status);
    TAP_CHECK(slw_bytes_equal(status.note, SLW_BYTES_OF("unlisted-payload ?[31mx?")));
}

int main(void)
{
    TAP_RUN(carries_an_update_to_its_confirmation);
    TAP_RUN(raises_the_version_only_at_confirm);
    TAP_RUN(refuses_an_older_release_after_a_newer_one);
    TAP_RUN(goes_back_when_a_trial_is_never_confirmed);
    TAP_RUN(allows_each_call_in_its_states_and_no_other);
    TAP_RUN(aborts_while_verifying);
    TAP_RUN(a_transfer_after_abort_revives_nothing);
    TAP_RUN(applying_has_begun_when_apply_is_answered);
    TAP_RUN(asks_before_anything_is_written_to_a_slot);
    TAP_RUN(installs_nothing_that_was_refused);
    TAP_RUN(cuts_a_long_bundle_name_between_characters);
    TAP_RUN(refuses_a_bundle_larger_than_the_staging_area);
    TAP_RUN(gives_up_a_transfer_that_died);
    TAP_RUN(a_note_holds_nothing_that_steers_a_terminal);
    return tap_finish();
}
