/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the session does to slots and to the store, and what it asks of a release: the running slot
 * stays as it is, what was agreed to is what is installed, and nothing that changes in between
 * becomes a release or a root.
 */
#include "test_session.h"

#define FIRST "bundles/g02_with_root_same.pb"
#define SECOND "bundles/g15_newer_version.pb"
#define STAGING (22 * SECTOR)
#define SLOT_A (26 * SECTOR)
#define SLOT_B (28 * SECTOR)

/* Verified, and applied as far as the consumer lets it. */
static enum slw_status apply(const char *name)
{
    if (!take_bundle(name)) {
        return SLW_NOT_FOUND;
    }
    if (state() == SLW_UPDATE_STATE_FINISHED) {
        SLW_TRY(slw_session_call(&session, SLW_CALL_RESET));
    }
    SLW_TRY(start_and_send());
    SLW_TRY(slw_session_call(&session, SLW_CALL_APPLY));
    poll_until_idle();
    return session.finding.status;
}

static void the_slot_that_runs_stays_as_it_is(void)
{
    static uint8_t before[2 * SECTOR];
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(update(FIRST) == SLW_OK);
    TAP_EQUAL_INT(store.state.confirmed.images[0].slot, 0);
    memcpy(before, flash_bytes + SLOT_A, sizeof before);
    TAP_EQUAL_INT(apply(SECOND), SLW_OK);
    TAP_EQUAL_INT(store.state.trial.images[0].slot, 1);
    TAP_EQUAL_BYTES(flash_bytes + SLOT_A, before, sizeof before);
    for (int i = 0; i < 3; i++) {
        TAP_REQUIRE(power_on() == SLW_OK);
    }
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
    TAP_EQUAL_INT(boot.version, store.state.confirmed.version);
    /* And the other way round. */
    TAP_REQUIRE(update(SECOND) == SLW_OK);
    memcpy(before, flash_bytes + SLOT_B, sizeof before);
    TAP_EQUAL_INT(apply(SECOND), SLW_OK);
    TAP_EQUAL_INT(store.state.trial.images[0].slot, 0);
    TAP_EQUAL_BYTES(flash_bytes + SLOT_B, before, sizeof before);
}

static void a_component_that_a_release_does_not_list_keeps_its_image(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(update(FIRST) == SLW_OK);
    struct slw_image kept = store.state.confirmed.images[1];
    TAP_REQUIRE(kept.present);
    TAP_EQUAL_INT(update("bundles/g01_one_target.pb"), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(store.state.confirmed.images[0].slot, 1);
    const struct slw_image *image = &store.state.confirmed.images[1];
    TAP_CHECK(image->present && image->slot == kept.slot && image->version == kept.version);
    TAP_EQUAL_BYTES(image->sha256, kept.sha256, sizeof kept.sha256);
    TAP_EQUAL_BYTES(image->metadata, kept.metadata, sizeof kept.metadata);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
}

static void an_image_that_is_left_out_must_be_in_its_slot(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(update("bundles/g08_personalised_out_one.pb"), SLW_MISSING_PAYLOAD);
    TAP_REQUIRE(update(FIRST) == SLW_OK);
    TAP_EQUAL_INT(apply("bundles/g08_personalised_out_one.pb"), SLW_OK);
    TAP_EQUAL_INT(store.state.trial.images[0].slot, 0);
    TAP_EQUAL_INT(store.state.trial.images[1].slot, 1);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
}

static void bytes_go_to_their_transfer_up_to_the_last_that_fits(void)
{
    static uint8_t piece[SECTOR];
    uint64_t offset = 0;
    uint32_t crc = 0;
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_TRANSFERRING));
    TAP_EQUAL_INT(slw_session_stage_status(&session, transfer_id() + 1, &offset, &crc),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_session_stage_open(&session, transfer_id() + 1, 0, &offset), SLW_NOT_FOUND);
    TAP_REQUIRE(slw_session_stage_open(&session, transfer_id(), 0, &offset) == SLW_OK);
    TAP_EQUAL_INT(slw_session_stage_write(&session, 1, slw_bytes_make(piece, 1)), SLW_WRONG_STATE);
    for (; offset < layout.staging.size; offset += sizeof piece) {
        TAP_EQUAL_INT(
            slw_session_stage_write(&session, offset, slw_bytes_make(piece, sizeof piece)), SLW_OK);
    }
    TAP_EQUAL_INT(slw_session_stage_finish(&session), SLW_OK);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_TRANSFERRED);
}

/* Flash that drops a bit while the image is being written. */
static void an_image_is_judged_by_what_its_slot_holds(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    while (session.install_phase != SLW_INSTALL_READ_BACK) {
        TAP_REQUIRE(slw_session_poll(&session, 1));
    }
    flash_bytes[SLOT_A] ^= 1;
    poll_until_idle();
    TAP_CHECK(!rebooted && !store.state.trial.present);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
    TAP_EQUAL_INT(session.finding.status, SLW_WRONG_HASH);
}

/* Another bundle takes the staged one's place, as who rewrites flash can do. */
static bool swap_staged(const char *name)
{
    size_t whole = (size_t)session.record.staged_size;
    if (!take_bundle(name) || bundle_len + 3 > whole) {
        return false;
    }
    /* What is left is one field that nobody knows, its length in two bytes. */
    size_t left = whole - bundle_len - 3;
    const uint8_t header[] = {15 << 3 | 2, (uint8_t)(0x80 | (left & 0x7F)), (uint8_t)(left >> 7)};
    memcpy(flash_bytes + STAGING, bundle_bytes, bundle_len);
    memcpy(flash_bytes + STAGING + bundle_len, header, sizeof header);
    return true;
}

static void an_answer_is_for_the_metadata_that_it_was_given_for(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    TAP_EQUAL_INT(asked, 1);
    TAP_REQUIRE(power_on() == SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(asked, 1); /* the same release: the answer is known */
    TAP_REQUIRE(rebooted);
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    TAP_REQUIRE(swap_staged(SECOND));
    consent = SLW_CONSENT_NOT_YET;
    TAP_REQUIRE(power_on() == SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(session.finding.status, SLW_OK);
    TAP_CHECK(asked > 1 && !rebooted);
    TAP_CHECK(note_is("waiting for consent"));
}

static void applies_only_what_it_was_told_to_apply(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    TAP_REQUIRE(power_on() == SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFIED);
    TAP_EQUAL_INT(asked, 0);
    TAP_CHECK(!rebooted);
}

/* A root that changes behind its verification must not become the one that boots. */
static void a_root_that_changes_in_staging_is_never_kept(void)
{
    size_t refused = 0;
    for (size_t at = 0; at < 400; at += 7) {
        TAP_REQUIRE(make_device("roots/v1.pb"));
        TAP_REQUIRE(take_bundle("bundles/g12_root_rotation.pb"));
        TAP_REQUIRE(start_and_send() == SLW_OK);
        TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
        while (session.trusted == NULL) {
            TAP_REQUIRE(slw_session_poll(&session, 1));
        }
        size_t offset = (size_t)session.trusted->signed_root.offset + at;
        flash_bytes[STAGING + offset] ^= 1;
        poll_until_idle();
        refused += result() == SLW_UPDATE_RESULT_VERIFY_FAILED;
        TAP_EQUAL_INT(store.state.root_version, state() == SLW_UPDATE_STATE_VERIFIED ? 2 : 1);
        TAP_REQUIRE(power_on() == SLW_OK);
    }
    TAP_CHECK(refused > 40);
}

/* Where the payload of a verified target is in the staged bundle. */
static uint64_t payload_of(struct slw_bytes name)
{
    struct slw_target_walk walk;
    struct slw_trusted_target target;
    uint8_t walk_block[128];
    slw_target_walk_start(&walk, session.trusted->source, &session.trusted->targets, walk_block,
                          sizeof walk_block);
    while (slw_trusted_bundle_next_target(session.trusted, &walk, &target) == SLW_OK) {
        if (slw_bytes_equal(slw_bytes_make(target.target.name, target.target.name_len), name)) {
            return target.payload.offset;
        }
    }
    return 0;
}

static void a_user_manifest_that_changes_in_staging_is_never_kept(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(update("bundles/g07_user_manifest.pb"), SLW_OK);
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(state() == SLW_UPDATE_STATE_VERIFIED && payload_of(SLW_USER_MANIFEST) > 0);
    flash_bytes[STAGING + payload_of(SLW_USER_MANIFEST)] ^= 1;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(session.finding.status, SLW_WRONG_HASH);
    TAP_CHECK(!rebooted && !store.state.trial.present);
}

/* Only a yes is a yes, from the port and from the store. */
static void an_answer_that_is_none_is_no_consent(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    consent = (enum slw_consent_answer)7;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    for (int i = 0; i < 100 && slw_session_poll(&session, 1); i++) {
    }
    TAP_CHECK(!slw_session_poll(&session, 1));
    TAP_CHECK(note_is("waiting for consent"));
    TAP_EQUAL_INT(store.state.session.consent, SLW_CONSENT_NOT_YET);
    struct slw_state odd = store.state;
    odd.session.consent = 7;
    memcpy(odd.session.consent_metadata, session.trusted->targets.sha256, SLW_SHA256_SIZE);
    TAP_REQUIRE(slw_store_commit(&store, &odd) == SLW_OK);
    consent = SLW_CONSENT_NOT_YET;
    TAP_REQUIRE(power_on() == SLW_OK);
    for (int i = 0; i < 1000 && slw_session_poll(&session, 1); i++) {
    }
    TAP_CHECK(note_is("waiting for consent"));
    TAP_CHECK(!rebooted);
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

static struct slw_flash working_flash;

static enum slw_status refuse_to_program_the_journal(void *context, uint64_t address,
                                                     const uint8_t *bytes, size_t len)
{
    const struct slw_region *journal = &layout.journal;
    return address >= journal->offset && address < journal->offset + journal->size
               ? SLW_IO
               : working_flash.program(context, address, bytes, len);
}

static enum slw_status refuse_to_store(void *context, const struct slw_anchor_record *record)
{
    (void)context;
    (void)record;
    return SLW_IO;
}

static void an_answer_counts_once_it_is_durable(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_VERIFIED));
    consent = SLW_CONSENT_NOT_YET;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    poll_until_idle();
    consent = SLW_CONSENT_YES;
    const struct slw_flash working = ram.flash;
    ram.flash.program = refuse_to_program;
    (void)slw_session_poll(&session, 1);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_VERIFIED);
    TAP_CHECK(note_is("waiting for consent"));
    ram.flash = working;
    poll_until_idle();
    TAP_CHECK(rebooted);
    TAP_EQUAL_INT(store.state.session.consent, SLW_CONSENT_YES);
}

/* What a power cut between the journal and the anchor leaves: the trial boots, and nobody is told
 * that applying failed. */
static void an_anchor_that_fails_keeps_no_release_from_its_trial(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    while (session.install_phase != SLW_INSTALL_METADATA) {
        TAP_REQUIRE(slw_session_poll(&session, 1));
    }
    const struct slw_anchor working = layout.anchor;
    layout.anchor.store = refuse_to_store;
    poll_until_idle();
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_APPLYING);
    TAP_REQUIRE(rebooted && store.state.trial.present);
    layout.anchor = working;
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_APPLYING);
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_OK);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
}

/* Confirmed by the journal, it isn't taken for a release that is still to be installed. */
static void an_anchor_that_fails_keeps_no_release_from_its_confirmation(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    poll_until_idle();
    TAP_REQUIRE(rebooted && power_on() == SLW_OK);
    TAP_REQUIRE(boot.choice == SLW_BOOT_TRIAL);
    const struct slw_anchor working = layout.anchor;
    layout.anchor.store = refuse_to_store;
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_IO);
    TAP_CHECK(store.state.confirmed.present && !store.state.trial.present);
    TAP_EQUAL_INT(state(), SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
    poll_until_idle();
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
    layout.anchor = working;
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_SUCCESS);
}

/* The anchor missed a confirmation, and isn't brought up by a start before the next release. */
static void an_anchor_that_failed_once_bears_the_next_release(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    poll_until_idle();
    TAP_REQUIRE(rebooted && power_on() == SLW_OK);
    const struct slw_anchor working = layout.anchor;
    layout.anchor.store = refuse_to_store;
    TAP_EQUAL_INT(slw_session_confirm(&session), SLW_IO);
    layout.anchor = working;
    TAP_EQUAL_INT(update("bundles/g15_newer_version.pb"), SLW_OK);
    TAP_REQUIRE(power_on() == SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_CONFIRMED);
}

/* And when the journal fails, nothing is on trial, which is what is told. */
static void a_journal_that_fails_puts_nothing_on_trial(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    while (session.install_phase != SLW_INSTALL_METADATA) {
        TAP_REQUIRE(slw_session_poll(&session, 1));
    }
    working_flash = ram.flash;
    ram.flash.program = refuse_to_program_the_journal;
    poll_until_idle();
    ram.flash = working_flash;
    TAP_CHECK(!rebooted && !store.state.trial.present);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
    TAP_EQUAL_INT(session.finding.status, SLW_IO);
}

/* Until the last moment before the release counts. */
static void metadata_that_change_in_staging_are_never_kept(void)
{
    TAP_REQUIRE(bring_to(SLW_UPDATE_STATE_APPLYING));
    while (session.install_phase != SLW_INSTALL_METADATA) {
        TAP_REQUIRE(slw_session_poll(&session, 1));
    }
    flash_bytes[STAGING + session.trusted->targets.serialized.offset + 5] ^= 1;
    poll_until_idle();
    TAP_CHECK(!rebooted && !store.state.trial.present);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
}

/* What the consumer reads is what was signed. */
static void notes_that_change_in_staging_are_never_asked_about(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_REQUIRE(take_bundle("bundles/x064_notes_1024.pb"));
    TAP_REQUIRE(start_and_send() == SLW_OK);
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_VERIFY) == SLW_OK);
    poll_until_idle();
    TAP_REQUIRE(state() == SLW_UPDATE_STATE_VERIFIED);
    flash_bytes[STAGING + session.trusted->targets.release_notes.offset + 100] ^= 1;
    TAP_REQUIRE(slw_session_call(&session, SLW_CALL_APPLY) == SLW_OK);
    poll_until_idle();
    TAP_EQUAL_INT(asked, 0);
    TAP_CHECK(!rebooted);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_APPLY_FAILED);
}

static void the_floor_of_a_release_is_the_devices_once_confirmed(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(update("bundles/x053_floor_lower_than_stored.pb"), SLW_OK);
    TAP_CHECK(store.state.confirmed.security_floor > 0);
    TAP_EQUAL_INT(store.state.security_floor, store.state.confirmed.security_floor);
    struct slw_state higher = store.state;
    higher.security_floor = 4;
    TAP_REQUIRE(slw_store_commit(&store, &higher) == SLW_OK);
    TAP_EQUAL_INT(update("bundles/x055_floor_after_reset_3.pb"), SLW_ROLLBACK);
    TAP_EQUAL_INT(update("bundles/x054_floor_after_reset_4.pb"), SLW_OK);
    TAP_EQUAL_INT(store.state.security_floor, 4);
}

static void a_release_must_be_for_this_device(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    TAP_EQUAL_INT(apply("bundles/x043_hardware_one.pb"), SLW_WRONG_HARDWARE);
    config.hardware = SLW_BYTES_OF("board-a");
    TAP_EQUAL_INT(apply("bundles/x072_all_fields.pb"), SLW_WRONG_PRODUCT);
    config.key_class = SLW_KEY_CLASS_PROD;
    TAP_EQUAL_INT(apply("bundles/x043_hardware_one.pb"), SLW_WRONG_KEY_CLASS);
    config.key_class = SLW_KEY_CLASS_NONE;
    config.build_type = SLW_BUILD_TYPE_USER;
    TAP_EQUAL_INT(apply("bundles/x043_hardware_one.pb"), SLW_WRONG_BUILD_TYPE);
    config.build_type = SLW_BUILD_TYPE_NONE;
    TAP_EQUAL_INT(apply("bundles/x081_enc_lz.pb"), SLW_UNSUPPORTED_ENCODING);
    TAP_EQUAL_INT(apply("bundles/b35_name_33.pb"), SLW_UNKNOWN_SLOT);
    TAP_EQUAL_INT(result(), SLW_UPDATE_RESULT_VERIFY_FAILED); /* before anybody was asked */
    TAP_EQUAL_INT(apply("bundles/x043_hardware_one.pb"), SLW_OK);
    TAP_CHECK(rebooted);
}

static struct slw_time now(void *context)
{
    (void)context;
    return (struct slw_time){.known = true, .utc_s = 1700000000};
}

static void a_release_may_have_expired_where_there_is_a_clock(void)
{
    static const struct slw_clock_port clock = {NULL, now};
    TAP_REQUIRE(make_device("roots/v1.pb"));
    config.clock = &clock;
    TAP_EQUAL_INT(apply("bundles/x162_expires_2001.pb"), SLW_EXPIRED);
    config.clock = NULL;
    TAP_EQUAL_INT(apply("bundles/x162_expires_2001.pb"), SLW_OK);
}

/* Whichever of them comes next, the image must fit. */
static void the_smaller_slot_of_a_component_counts(void)
{
    TAP_REQUIRE(make_device("roots/v1.pb"));
    for (size_t small = 0; small < 2; small++) {
        uint64_t capacity = 0;
        lay_out();
        components[0].slots[small].size = SECTOR;
        TAP_EQUAL_INT(session.slots.capacity(session.slots.context, SLW_BYTES_OF("app"), &capacity),
                      SLW_OK);
        TAP_EQUAL_INT(capacity, SECTOR);
    }
}

int main(void)
{
    TAP_RUN(the_slot_that_runs_stays_as_it_is);
    TAP_RUN(a_component_that_a_release_does_not_list_keeps_its_image);
    TAP_RUN(an_image_that_is_left_out_must_be_in_its_slot);
    TAP_RUN(bytes_go_to_their_transfer_up_to_the_last_that_fits);
    TAP_RUN(an_image_is_judged_by_what_its_slot_holds);
    TAP_RUN(an_answer_is_for_the_metadata_that_it_was_given_for);
    TAP_RUN(applies_only_what_it_was_told_to_apply);
    TAP_RUN(a_root_that_changes_in_staging_is_never_kept);
    TAP_RUN(a_user_manifest_that_changes_in_staging_is_never_kept);
    TAP_RUN(an_answer_that_is_none_is_no_consent);
    TAP_RUN(an_answer_counts_once_it_is_durable);
    TAP_RUN(an_anchor_that_fails_keeps_no_release_from_its_trial);
    TAP_RUN(an_anchor_that_fails_keeps_no_release_from_its_confirmation);
    TAP_RUN(an_anchor_that_failed_once_bears_the_next_release);
    TAP_RUN(a_journal_that_fails_puts_nothing_on_trial);
    TAP_RUN(metadata_that_change_in_staging_are_never_kept);
    TAP_RUN(notes_that_change_in_staging_are_never_asked_about);
    TAP_RUN(the_floor_of_a_release_is_the_devices_once_confirmed);
    TAP_RUN(a_release_must_be_for_this_device);
    TAP_RUN(a_release_may_have_expired_where_there_is_a_clock);
    TAP_RUN(the_smaller_slot_of_a_component_counts);
    return tap_finish();
}
