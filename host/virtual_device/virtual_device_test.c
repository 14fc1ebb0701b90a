/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole virtual device in this process: what Pigweed's own clients sent (spec/vectors/sessions)
 * is played to it, reboots included, and it goes through the same states to the same verdict; and
 * bytes that nobody should send change nothing of what it runs.
 */
#include "slipway/files.h"
#include "slipway/flash_ram.h"
#include "slipway/rpc_packet.h"
#include "slipway/update_client.h"
#include "slipway/virtual_device.h"

#include "session_file.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

#define ROOT "spec/vectors/roots/v1.pb"
#define STATES_MAX 32
#define LINES_SIZE 16384

static struct slw_virtual_device *device;
static struct slw_virtual_options options;
static struct slw_heap_buffer root;
static char flash_path[64];
static uint64_t now_ms;
static char lines[LINES_SIZE];
/* what came back */
static uint8_t decoder_buffer[16384];
static struct slw_hdlc_decoder decoder;
static uint32_t states[STATES_MAX];
static size_t states_count;
static uint32_t last_result;
static unsigned unary_answers;
static unsigned completions;

static void keep_line(void *context, const char *line)
{
    (void)context;
    size_t len = strlen(lines);
    (void)snprintf(lines + len, sizeof lines - len, "%s\n", line);
}

static void note_status(struct slw_bytes payload)
{
    struct slw_update_status status;
    unary_answers++;
    if (slw_update_status_decode(payload, &status) != SLW_OK) {
        return;
    }
    last_result = status.result;
    if (states_count < STATES_MAX &&
        (states_count == 0 || states[states_count - 1] != status.state)) {
        states[states_count++] = status.state;
    }
}

static enum slw_status take_output(void *context, struct slw_bytes bytes, size_t *ret_written)
{
    struct slw_hdlc_frame frame;
    struct slw_rpc_packet packet;
    (void)context;
    *ret_written = bytes.len;
    while (slw_hdlc_decode(&decoder, &bytes, &frame)) {
        if (slw_rpc_packet_decode(frame.payload, &packet) != SLW_OK) {
            continue;
        }
        if (packet.type == SLW_RPC_RESPONSE &&
            packet.service_id == SLW_RPC_SERVICE_BUNDLED_UPDATE) {
            note_status(packet.payload);
        } else if (packet.type == SLW_RPC_SERVER_STREAM) {
            completions++;
        }
    }
    return SLW_OK;
}

static enum slw_consent_answer agree(void *context, const struct slw_consent_question *question)
{
    (void)context;
    (void)question;
    return SLW_CONSENT_YES;
}

static bool power_on(void)
{
    struct slw_detail detail;
    slw_virtual_device_close(device);
    device = NULL;
    return slw_virtual_device_open(&options, &device, &detail) == SLW_OK;
}

static bool make_device(void)
{
    static const struct slw_consent_port consent = {NULL, agree};
    static const struct slw_link_port link = {NULL, take_output};
    static const struct slw_virtual_slot slots[] = {
        {{(const uint8_t *)"app", 3}, 65536},
        {{(const uint8_t *)"rtos", 4}, 65536},
    };
    struct slw_detail detail;
    slw_heap_free(&root);
    (void)unlink(flash_path);
    (void)snprintf(flash_path, sizeof flash_path, "/tmp/virtual-device-test.XXXXXX");
    int descriptor = mkstemp(flash_path);
    if (descriptor < 0 || slw_file_read(ROOT, 65536, &root, &detail) != SLW_OK) {
        return false;
    }
    (void)close(descriptor);
    (void)unlink(flash_path);
    options = (struct slw_virtual_options){
        .flash_path = flash_path,
        .root = slw_heap_bytes(&root),
        .slots = slots,
        .slots_count = 2,
        .consent = &consent,
        .link = &link,
        .has_clock = true,
        .event = keep_line,
    };
    slw_hdlc_decoder_init(&decoder, decoder_buffer, sizeof decoder_buffer);
    lines[0] = '\0';
    states_count = 0;
    unary_answers = 0;
    completions = 0;
    return power_on();
}

static void put_away(void)
{
    slw_virtual_device_close(device);
    device = NULL;
    (void)unlink(flash_path);
}

/* Lets the device work until it waits for something, reboots included; 300 ms pass at least. */
static bool let_work(void)
{
    for (unsigned idle = 0; idle < 300;) {
        switch (slw_virtual_device_poll(device, now_ms++)) {
        case SLW_VIRTUAL_IDLE:
            idle++;
            break;
        case SLW_VIRTUAL_BUSY:
            break;
        case SLW_VIRTUAL_REBOOT:
            if (!power_on()) {
                return false;
            }
            break;
        }
    }
    return true;
}

/* patient: the client waits for the outcome of each call, as it would with a real device. */
static bool play(const char *name, bool patient)
{
    struct session_row row;
    FILE *session = session_open(name);
    bool worked = session != NULL;
    while (worked && session_next(session, &row)) {
        worked = row.frame.valid;
        if (worked && row.from_client && !row.lost) {
            struct slw_bytes frame = hex_view(&row.frame);
            worked = slw_virtual_device_receive(device, frame) == frame.len;
            (void)slw_virtual_device_poll(device, now_ms++);
            worked = worked && (!patient || let_work());
        }
    }
    if (session != NULL) {
        (void)fclose(session);
    }
    return worked && let_work();
}

static bool went_through(const uint32_t *wanted, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < states_count && at < count; i++) {
        at += states[i] == wanted[at];
    }
    return at == count;
}

static void recorded_updates_end_confirmed(void)
{
    static const uint32_t wanted[] = {
        SLW_UPDATE_STATE_INACTIVE, SLW_UPDATE_STATE_TRANSFERRING, SLW_UPDATE_STATE_TRANSFERRED,
        SLW_UPDATE_STATE_VERIFIED, SLW_UPDATE_STATE_FINISHED,
    };
    static const char *const names[] = {"good", "lossy"};
    for (size_t i = 0; i < 2; i++) {
        TAP_ROW(names[i]);
        TAP_REQUIRE(make_device());
        TAP_CHECK(play(names[i], true));
        TAP_CHECK(strstr(lines, "boot: app slot=A") != NULL);
        TAP_CHECK(strstr(lines, "confirmed version=") != NULL);
        TAP_CHECK(went_through(wanted, sizeof wanted / sizeof wanted[0]));
        TAP_EQUAL_INT(last_result, SLW_UPDATE_RESULT_SUCCESS);
        put_away();
    }
    TAP_ROW(NULL);
}

/* Verify and Apply come before the device is done with what was asked for before. */
static void a_client_in_a_hurry_reaches_the_same_end(void)
{
    TAP_REQUIRE(make_device());
    TAP_CHECK(play("good", false));
    TAP_CHECK(strstr(lines, "confirmed version=") != NULL);
    put_away();
}

static void a_recorded_bad_signature_is_refused(void)
{
    TAP_REQUIRE(make_device());
    TAP_CHECK(play("bad-signature", true));
    TAP_CHECK(strstr(lines, "refused: below-threshold") != NULL);
    TAP_CHECK(strstr(lines, "boot: app") == NULL);
    TAP_EQUAL_INT(last_result, SLW_UPDATE_RESULT_VERIFY_FAILED);
    put_away();
}

static void a_recorded_abort_ends_inactive(void)
{
    TAP_REQUIRE(make_device());
    TAP_CHECK(play("abort", true));
    TAP_REQUIRE(states_count > 2);
    TAP_EQUAL_INT(states[states_count - 2], SLW_UPDATE_STATE_FINISHED);
    TAP_EQUAL_INT(states[states_count - 1], SLW_UPDATE_STATE_INACTIVE);
    TAP_CHECK(strstr(lines, "boot: app") == NULL);
    put_away();
}

/* Legacy transfers are refused on their stream; the session stays where it was, ready for
 * version 2. */
static void legacy_transfers_are_refused_and_harm_nothing(void)
{
    TAP_REQUIRE(make_device());
    TAP_CHECK(play("legacy", true));
    TAP_CHECK(completions > 0);
    TAP_CHECK(strstr(lines, "boot: app") == NULL);
    TAP_CHECK(states[states_count - 1] == SLW_UPDATE_STATE_TRANSFERRING);
    put_away();
}

static void noise_changes_nothing_and_calls_are_still_answered(void)
{
    static const char get_status[] = "7ea50310011d37773aaf2501a6de87380130fcafd37e";
    struct hex_bytes request = hex(get_status);
    uint32_t random = 20261121;
    uint8_t noise[257];
    TAP_REQUIRE(make_device());
    TAP_REQUIRE(play("good", true));
    size_t said = strlen(lines);
    for (unsigned round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof noise; i++) {
            random = random * 1664525u + 1013904223u;
            noise[i] = (random >> 28) == 0 ? 0x7E : (uint8_t)(random >> 16);
        }
        struct slw_bytes rest = slw_bytes_make(noise, sizeof noise);
        while (rest.len > 0) {
            size_t taken = slw_virtual_device_receive(device, rest);
            rest = slw_bytes_make(rest.ptr + taken, rest.len - taken);
            (void)slw_virtual_device_poll(device, now_ms++);
        }
    }
    TAP_CHECK(strlen(lines) == said);
    unsigned before = unary_answers;
    slw_virtual_device_disconnected(device);
    slw_hdlc_decoder_reset(&decoder);
    struct slw_bytes frame = hex_view(&request);
    TAP_EQUAL_INT(slw_virtual_device_receive(device, frame), frame.len);
    (void)slw_virtual_device_poll(device, now_ms++);
    TAP_EQUAL_INT(unary_answers, before + 1);
    put_away();
}

/* As a simulator of many keeps them. */
static void runs_from_a_flash_in_memory(void)
{
    const struct slw_virtual_slot slot = {SLW_BYTES_OF("app"), 16384};
    const uint64_t size = slw_virtual_image_size(&slot, 1);
    const struct slw_flash_geometry geometry = {size, SLW_VIRTUAL_SECTOR_SIZE, 1, 0xFF};
    const struct slw_flash_geometry small = {size / 2, SLW_VIRTUAL_SECTOR_SIZE, 1, 0xFF};
    struct slw_flash_ram ram;
    struct slw_detail detail = {""};
    struct slw_virtual_device *other = NULL;
    uint8_t *bytes = malloc((size_t)size);
    TAP_REQUIRE(bytes != NULL);
    memset(bytes, 0xFF, (size_t)size);
    slw_flash_ram_init(&ram, &geometry, bytes, NULL);
    struct slw_virtual_options from_memory = options;
    from_memory.flash_path = "flash in memory";
    from_memory.flash = &ram.flash;
    from_memory.root = slw_bytes_make(NULL, 0);
    from_memory.slots_count = 0;
    from_memory.event = keep_line;
    lines[0] = '\0';
    TAP_EQUAL_INT(slw_virtual_device_open(&from_memory, &other, &detail), SLW_IO); /* erased */
    TAP_CHECK(other == NULL);
    TAP_EQUAL_INT(slw_virtual_image_provision(&ram.flash, slw_heap_bytes(&root), &slot, 0, &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_virtual_image_provision(&ram.flash, slw_heap_bytes(&root), &slot, 1, &detail),
                  SLW_OK);
    TAP_REQUIRE(slw_virtual_device_open(&from_memory, &other, &detail) == SLW_OK);
    slw_virtual_device_close(other);
    TAP_REQUIRE(slw_virtual_device_open(&from_memory, &other, &detail) == SLW_OK); /* and again */
    slw_virtual_device_close(other);
    TAP_CHECK(strstr(lines, "nothing installed") != NULL);
    slw_flash_ram_init(&ram, &small, bytes, NULL);
    TAP_EQUAL_INT(slw_virtual_image_provision(&ram.flash, slw_heap_bytes(&root), &slot, 1, &detail),
                  SLW_BAD_ARGUMENT);
    free(bytes);
}

int main(void)
{
    TAP_RUN(recorded_updates_end_confirmed);
    TAP_RUN(a_client_in_a_hurry_reaches_the_same_end);
    TAP_RUN(a_recorded_bad_signature_is_refused);
    TAP_RUN(a_recorded_abort_ends_inactive);
    TAP_RUN(legacy_transfers_are_refused_and_harm_nothing);
    TAP_RUN(noise_changes_nothing_and_calls_are_still_answered);
    TAP_RUN(runs_from_a_flash_in_memory);
    slw_heap_free(&root);
    return tap_finish();
}
