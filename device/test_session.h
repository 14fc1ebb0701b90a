/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small device over flash in memory, with an update session, for session_test.c,
 * session_install_test.c and session_reboot_test.c: two components, and bundles of spec/vectors.
 */
#ifndef SLIPWAY_TEST_SESSION_H
#define SLIPWAY_TEST_SESSION_H

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

static inline size_t read_file(const char *name, uint8_t *bytes)
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

static inline enum slw_consent_answer ask(void *context,
                                          const struct slw_consent_question *question)
{
    (void)context;
    asked++;
    asked_version = question->version;
    return consent;
}

static inline void reboot(void *context)
{
    (void)context;
    rebooted = true;
}

static inline struct slw_region region(uint32_t first, uint32_t sectors)
{
    return (struct slw_region){&ram.flash, (uint64_t)first * SECTOR, (uint64_t)sectors * SECTOR};
}

static inline struct slw_verifier_memory memory(void)
{
    return (struct slw_verifier_memory){block, sizeof block, root_keys, 3 * 8, signatures,
                                        8,     names,        16};
}

static inline void lay_out(void)
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
static inline enum slw_status power_on(void)
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

static inline bool make_device(const char *root)
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

static inline bool take_bundle(const char *name)
{
    bundle_len = read_file(name, bundle_bytes);
    return bundle_len > 0;
}

static inline uint32_t state(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.state;
}

static inline uint32_t result(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.result;
}

static inline bool note_is(const char *text)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return slw_bytes_equal(status.note, slw_bytes_make(text, strlen(text)));
}

static inline uint32_t transfer_id(void)
{
    struct slw_update_status status;
    uint8_t note[32];
    slw_session_status(&session, note, &status);
    return status.transfer_id;
}

/* Sends the bundle from where the session stands, in odd pieces. */
static inline enum slw_status send(size_t until)
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

static inline void poll_until_idle(void)
{
    while (slw_session_poll(&session, 1)) {
    }
}

static inline enum slw_status start_and_send(void)
{
    SLW_TRY(slw_session_start(&session, SLW_BYTES_OF("bundle.pb")));
    return send(bundle_len);
}

/* The whole way: sent, verified, applied, rebooted, confirmed. */
static inline enum slw_status update(const char *name)
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

/* Brings a fresh device into a state; false when that didn't work. */
static inline bool bring_to(enum slw_update_state wanted)
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

#endif
