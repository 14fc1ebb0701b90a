/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The update session over flash in memory: what each call does in each state, an update from the
 * first byte to its confirmation, consent, resuming, and reboots at every step of the way.
 */
#include "slipway/anchor_flash.h"
#include "slipway/boot.h"
#include "slipway/flash_ram.h"
#include "slipway/session.h"

#include "tap.h"

#include <stdio.h>

#define VECTORS "spec/vectors/"
#define SECTOR 4096u
#define FLASH_SIZE (64u * SECTOR)
#define FILE_SIZE_MAX 16384u

static uint8_t flash_bytes[FLASH_SIZE];
static struct slw_flash_ram ram;
static struct slw_anchor_flash anchor;
static struct slw_component components[2];
static struct slw_layout layout;
static struct slw_store store;
static struct slw_boot boot;
static struct slw_session session;
static struct slw_session_config config;
static struct slw_root_key root_keys[3 * 8];
static struct slw_signature signatures[8];
static struct slw_name names[16];
static uint8_t block[512];
static uint8_t page[512];
static uint8_t root_bytes[FILE_SIZE_MAX];
static uint8_t bundle_bytes[FILE_SIZE_MAX];
static size_t bundle_len;
static bool rebooted;
static enum slw_consent_answer consent;
static unsigned asked;
static uint32_t asked_version;

static const struct slw_limits limits = {8, 8, 16, 16, 8192, 8192};

static size_t read_file(const char *name, uint8_t *bytes)
{
    char path[256];
    (void)snprintf(path, sizeof path, VECTORS "%s", name);
    FILE *stream = fopen(path, "rb");
    if (stream == NULL) {
        return 0;
    }
    size_t len = fread(bytes, 1, FILE_SIZE_MAX, stream);
    (void)fclose(stream);
    return len;
}

static enum slw_consent_answer ask(void *context, const struct slw_consent_question *question)
{
    (void)context;
    asked++;
    asked_version = question->version;
    return consent;
}

static void reboot(void *context)
{
    (void)context;
    rebooted = true;
}

static struct slw_region region(uint32_t first, uint32_t sectors)
{
    return (struct slw_region){&ram.flash, (uint64_t)first * SECTOR, (uint64_t)sectors * SECTOR};
}

static struct slw_verifier_memory memory(void)
{
    return (struct slw_verifier_memory){block, sizeof block, root_keys, 3 * 8, signatures,
                                        8,     names,        16};
}

static void lay_out(void)
{
    struct slw_region anchor_place = region(0, 2);
    layout = (struct slw_layout){
        .journal = region(2, 4),
        .blobs = region(6, 16),
        .staging = region(22, 4),
        .components = components,
        .components_count = 2,
        .factory_root = layout.factory_root,
    };
    components[0] = (struct slw_component){SLW_BYTES_OF("app"), {region(26, 2), region(28, 2)}};
    components[1] = (struct slw_component){SLW_BYTES_OF("rtos"), {region(30, 2), region(32, 2)}};
    slw_anchor_flash_init(&anchor, &anchor_place, &layout.anchor);
}

/* Power on: open the store, boot, open the session. */
static enum slw_status power_on(void)
{
    static const struct slw_consent_port consent_port = {NULL, ask};
    static const struct slw_reboot_port reboot_port = {NULL, reboot};
    const struct slw_verifier_memory verifier_memory = memory();
    rebooted = false;
    SLW_TRY(slw_store_open(&store, &layout));
    SLW_TRY(slw_boot(&boot, &store, &layout, 2, &limits, &verifier_memory));
    config = (struct slw_session_config){
        .store = &store,
        .layout = &layout,
        .limits = limits,
        .consent = &consent_port,
        .reboot = &reboot_port,
        .transfer_idle_ms = 60000,
        .memory = verifier_memory,
        .page = page,
        .page_size = sizeof page,
    };
    return slw_session_open(&session, &config);
}

static bool make_device(const char *root)
{
    const struct slw_flash_geometry geometry = {FLASH_SIZE, SECTOR, 8, 0xFF};
    slw_flash_ram_init(&ram, &geometry, flash_bytes, NULL);
    slw_flash_ram_erase_all(&ram);
    layout.factory_root = slw_bytes_make(root_bytes, read_file(root, root_bytes));
    lay_out();
    consent = SLW_CONSENT_YES;
    asked = 0;
    return layout.factory_root.len > 0 && slw_store_format(&store, &layout) == SLW_OK &&
           power_on() == SLW_OK;
}

static bool take_bundle(const char *name)
{
    bundle_len = read_file(name, bundle_bytes);
    return bundle_len > 0;
}

static uint32_t state(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.state;
}

static uint32_t result(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.result;
}

static bool note_is(const char *text)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return slw_bytes_equal(status.note, slw_bytes_make(text, strlen(text)));
}

static uint32_t transfer_id(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.transfer_id;
}

/* Sends the bundle from where the session stands, in odd pieces. */
static enum slw_status send(size_t until)
{
    uint64_t offset = 0;
    uint32_t crc = 0;
    SLW_TRY(slw_session_stage_status(&session, transfer_id(), &offset, &crc));
    SLW_TRY(slw_session_stage_open(&session, transfer_id(), offset, &offset));
    while (offset < until) {
        size_t len = until - (size_t)offset < 97 ? until - (size_t)offset : 97;
        SLW_TRY(
            slw_session_stage_write(&session, offset, slw_bytes_make(bundle_bytes + offset, len)));
        offset += len;
    }
    return until == bundle_len ? slw_session_stage_finish(&session) : SLW_OK;
}

static void poll_until_idle(void)
{
    while (slw_session_poll(&session, 1)) {
    }
}

static enum slw_status start_and_send(void)
{
    SLW_TRY(slw_session_start(&session, SLW_BYTES_OF("bundle.pb")));
    return send(bundle_len);
}

/* The whole way: sent, verified, applied, rebooted, confirmed. */
static enum slw_status update(const char *name)
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
    if (!rebooted) {
        return session.finding.status != SLW_OK ? session.finding.status : SLW_WRONG_STATE;
    }
    SLW_TRY(power_on());
    return slw_session_confirm(&session);
}

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

/* Brings a fresh device into a state; false when that didn't work. */
static bool bring_to(enum slw_update_state wanted)
{
    if (!make_device("roots/v1.pb") || !take_bundle("bundles/g02_with_root_same.pb")) {
        return false;
    }
    if (wanted == SLW_UPDATE_STATE_INACTIVE) {
        return true;
    }
    if (slw_session_start(&session, SLW_BYTES_OF("b")) != SLW_OK) {
        return false;
    }
    if (wanted == SLW_UPDATE_STATE_TRANSFERRING) {
        return true;
    }
    if (wanted == SLW_UPDATE_STATE_FINISHED) {
        return slw_session_call(&session, SLW_CALL_ABORT) == SLW_OK;
    }
    if (send(bundle_len) != SLW_OK) {
        return false;
    }
    if (wanted == SLW_UPDATE_STATE_TRANSFERRED) {
        return true;
    }
    if (slw_session_call(&session, SLW_CALL_VERIFY) != SLW_OK) {
        return false;
    }
    if (wanted == SLW_UPDATE_STATE_VERIFYING) {
        return true;
    }
    poll_until_idle();
    if (wanted == SLW_UPDATE_STATE_VERIFIED) {
        return state() == SLW_UPDATE_STATE_VERIFIED;
    }
    if (slw_session_call(&session, SLW_CALL_APPLY) != SLW_OK) {
        return false;
    }
    (void)slw_session_poll(&session, 1);
    return state() == SLW_UPDATE_STATE_APPLYING;
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

int main(void)
{
    TAP_RUN(carries_an_update_to_its_confirmation);
    TAP_RUN(raises_the_version_only_at_confirm);
    TAP_RUN(refuses_an_older_release_after_a_newer_one);
    TAP_RUN(goes_back_when_a_trial_is_never_confirmed);
    TAP_RUN(allows_each_call_in_its_states_and_no_other);
    TAP_RUN(aborts_while_verifying);
    TAP_RUN(a_transfer_after_abort_revives_nothing);
    TAP_RUN(asks_before_anything_is_written_to_a_slot);
    TAP_RUN(installs_nothing_that_was_refused);
    TAP_RUN(resumes_a_transfer_after_a_reboot);
    TAP_RUN(cuts_a_long_bundle_name_between_characters);
    TAP_RUN(goes_on_from_every_state_after_a_reboot);
    TAP_RUN(refuses_a_bundle_larger_than_the_staging_area);
    TAP_RUN(gives_up_a_transfer_that_died);
    TAP_RUN(notices_a_staged_bundle_that_changes_after_verification);
    TAP_RUN(keeps_a_new_root_as_soon_as_a_bundle_is_accepted);
    TAP_RUN(keeps_a_history_of_roots_though_apply_comes_meanwhile);
    TAP_RUN(keeps_no_root_of_a_bundle_that_is_refused);
    return tap_finish();
}
