/* SPDX-License-Identifier: Apache-2.0 */
/* The payload of a snapshot, byte by byte as spec/SPEC.md has it: the format is frozen. */
#include "store_private.h"
#include "test_board.h"

#include "tap.h"

#define BYTES_MAX 4096u
#define COMPONENTS 2u

static uint8_t memory[BYTES_MAX];
static uint8_t granules[BYTES_MAX];

/* Where the encoder writes to. */
static struct slw_region make_region(struct slw_flash_ram *ram)
{
    const struct slw_flash_geometry geometry = {BYTES_MAX, BYTES_MAX, 1, 0xFF};
    slw_flash_ram_init(ram, &geometry, memory, granules);
    slw_flash_ram_erase_all(ram);
    return (struct slw_region){&ram->flash, 0, BYTES_MAX};
}

static size_t encode(const struct slw_state *state, const struct slw_staging_progress *progress)
{
    static struct slw_flash_ram ram;
    static struct slw_region region;
    struct slw_record_writer writer;
    region = make_region(&ram);
    slw_record_writer_init(&writer, &region, 0);
    slw_state_encode(&writer, state, state->sequence, progress);
    slw_record_flush(&writer);
    return writer.status == SLW_OK ? (size_t)writer.len : 0;
}

static enum slw_status decode(size_t len, struct slw_state *state,
                              struct slw_staging_progress *progress)
{
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, slw_bytes_make(memory, len));
    return slw_state_decode(&reader, COMPONENTS, state, progress);
}

static void fill(uint8_t *bytes, size_t len, uint8_t value)
{
    memset(bytes, value, len);
}

/* A state in which every field is its own. */
static struct slw_state make_state(void)
{
    struct slw_state state = {
        .sequence = 0x0102030405060708,
        .root_version = 0x11121314,
        .targets_version = 0x21222324,
        .security_floor = 0x31323334,
        .known_time_utc_s = -2,
        .trial_attempts = 0x41,
        .confirmed = {.present = true,
                      .version = 0x51525354,
                      .security_floor = 0x61626364,
                      .resets_version = true},
        .session = {.state = 7,
                    .result = 8,
                    .intent = 9,
                    .reason = 0x7172,
                    .transfer_id = 0x81828384,
                    .staged_size = 0x9192939495969798,
                    .name_len = 3,
                    .name = "abc",
                    .subject_len = 2,
                    .subject = "de",
                    .consent = 2},
    };
    struct slw_image *image = &state.confirmed.images[1];
    *image = (struct slw_image){
        .present = true, .slot = 1, .version = 0xA1A2A3A4, .length = 0xB1B2B3B4B5B6B7B8};
    fill(state.root, SLW_SHA256_SIZE, 0xC1);
    fill(state.confirmed.metadata, SLW_SHA256_SIZE, 0xC2);
    fill(state.confirmed.metadata_sha256, SLW_SHA256_SIZE, 0xC3);
    fill(state.confirmed.root, SLW_SHA256_SIZE, 0xC4);
    fill(state.confirmed.user_manifest, SLW_SHA256_SIZE, 0xC5);
    fill(image->sha256, SLW_SHA256_SIZE, 0xC6);
    fill(image->metadata, SLW_SHA256_SIZE, 0xC7);
    fill(image->root, SLW_SHA256_SIZE, 0xC8);
    fill(state.session.consent_metadata, SLW_SHA256_SIZE, 0xC9);
    return state;
}

static const struct slw_staging_progress progress_set = {0xD1D2D3D4, 0xE1E2E3E4E5E6E7E8};

#define TIMES_32(byte)                                                                             \
    byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,      \
        byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte, byte,  \
        byte, byte

/* clang-format off */
static const uint8_t golden[] = {
    1,                                              /* format */
    8, 7, 6, 5, 4, 3, 2, 1,                         /* sequence */
    0x14, 0x13, 0x12, 0x11, TIMES_32(0xC1),         /* root */
    0x24, 0x23, 0x22, 0x21,                         /* targets_version */
    0x34, 0x33, 0x32, 0x31,                         /* security_floor */
    0xFE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, /* known_time */
    0x41,                                           /* trial_attempts */
    1,                                              /* confirmed */
    0x54, 0x53, 0x52, 0x51, 0x64, 0x63, 0x62, 0x61, 1,
    TIMES_32(0xC2), TIMES_32(0xC3), TIMES_32(0xC4), TIMES_32(0xC5),
    2,                                              /* bit 1: its second image */
    1, 0xA4, 0xA3, 0xA2, 0xA1, 0xB8, 0xB7, 0xB6, 0xB5, 0xB4, 0xB3, 0xB2, 0xB1,
    TIMES_32(0xC6), TIMES_32(0xC7), TIMES_32(0xC8),
    0,                                              /* no trial */
    7, 8, 9, 0x72, 0x71,                            /* session */
    0x84, 0x83, 0x82, 0x81, 0x98, 0x97, 0x96, 0x95, 0x94, 0x93, 0x92, 0x91,
    3, 'a', 'b', 'c', 2, 'd', 'e', 2, TIMES_32(0xC9),
    0xD4, 0xD3, 0xD2, 0xD1, 0xE8, 0xE7, 0xE6, 0xE5, 0xE4, 0xE3, 0xE2, 0xE1, /* progress */
};
/* clang-format on */

/* Where in it a byte is. */
enum {
    AT_FORMAT = 0,
    AT_SEQUENCE_TOP = 8,
    AT_CONFIRMED = 62,
    AT_RESETS = 71,
    AT_MASK = 200,
    AT_SLOT = 201,
    AT_TRIAL = 310,
    AT_NAME_LEN = 328,
    AT_SUBJECT_LEN = 332,
};

static void writes_the_frozen_format(void)
{
    struct slw_state state = make_state();
    size_t len = encode(&state, &progress_set);
    TAP_EQUAL_INT(len, sizeof golden);
    TAP_EQUAL_BYTES(memory, golden, sizeof golden);
}

static void reads_the_frozen_format(void)
{
    struct slw_state expected = make_state();
    struct slw_state state;
    struct slw_staging_progress progress;
    memcpy(memory, golden, sizeof golden);
    TAP_EQUAL_INT(decode(sizeof golden, &state, &progress), SLW_OK);
    TAP_EQUAL_INT(state.sequence, expected.sequence);
    TAP_EQUAL_INT(state.root_version, expected.root_version);
    TAP_EQUAL_BYTES(state.root, expected.root, SLW_SHA256_SIZE);
    TAP_EQUAL_INT(state.known_time_utc_s, -2);
    TAP_EQUAL_INT(state.trial_attempts, 0x41);
    TAP_CHECK(state.confirmed.present && !state.trial.present);
    TAP_CHECK(!state.confirmed.images[0].present && state.confirmed.images[1].present);
    TAP_EQUAL_INT(state.confirmed.images[1].length, expected.confirmed.images[1].length);
    TAP_EQUAL_BYTES(state.confirmed.user_manifest, expected.confirmed.user_manifest,
                    SLW_SHA256_SIZE);
    TAP_EQUAL_INT(state.session.reason, 0x7172);
    TAP_EQUAL_BYTES(state.session.name, "abc", 4);
    TAP_EQUAL_INT(progress.offset, progress_set.offset);
    TAP_EQUAL_INT(encode(&state, &progress), sizeof golden);
    TAP_EQUAL_BYTES(memory, golden, sizeof golden);
}

static void every_component_and_the_longest_texts_fit_and_come_back(void)
{
    struct slw_state state = make_state();
    struct slw_staging_progress progress;
    struct slw_state again;
    state.trial = state.confirmed;
    state.session.name_len = SLW_BUNDLE_NAME_SIZE_MAX;
    state.session.subject_len = SLW_NAME_SIZE_MAX;
    for (size_t i = 0; i < SLW_COMPONENTS_MAX; i++) {
        state.confirmed.images[i] = state.confirmed.images[1];
        state.trial.images[i] = state.confirmed.images[1];
    }
    size_t len = encode(&state, &progress_set);
    TAP_CHECK(len > 2200 && len <= SLW_SNAPSHOT_SIZE_MAX);
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, slw_bytes_make(memory, len));
    TAP_EQUAL_INT(slw_state_decode(&reader, SLW_COMPONENTS_MAX, &again, &progress), SLW_OK);
    TAP_CHECK(again.trial.images[SLW_COMPONENTS_MAX - 1].present);
}

static void refuses_what_it_does_not_write(void)
{
    static const struct {
        const char *name;
        size_t at;
        uint8_t value;
    } rows[] = {
        {"format 0", AT_FORMAT, 0},
        {"format 2", AT_FORMAT, 2},
        {"sequence without a next one", AT_SEQUENCE_TOP, 0x40},
        {"confirmed is 2", AT_CONFIRMED, 2},
        {"resets_version is 255", AT_RESETS, 255},
        {"image of a component that isn't there", AT_MASK, 4},
        {"two images where there is one", AT_MASK, 3},
        {"no image where there is one", AT_MASK, 0},
        {"slot 2", AT_SLOT, 2},
        {"trial is 1", AT_TRIAL, 1},
        {"name of 33", AT_NAME_LEN, 33},
        {"name of 255", AT_NAME_LEN, 255},
        {"subject of 65", AT_SUBJECT_LEN, 65},
    };
    struct slw_state state;
    struct slw_staging_progress progress;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        memcpy(memory, golden, sizeof golden);
        memory[rows[i].at] = rows[i].value;
        TAP_EQUAL_INT(decode(sizeof golden, &state, &progress), SLW_STORED_STATE);
    }
}

static void refuses_every_other_length(void)
{
    struct slw_state state;
    struct slw_staging_progress progress;
    memset(memory, 0, sizeof memory);
    memcpy(memory, golden, sizeof golden);
    for (size_t len = 0; len < sizeof golden; len++) {
        TAP_EQUAL_INT(decode(len, &state, &progress), SLW_STORED_STATE);
    }
    TAP_EQUAL_INT(decode(sizeof golden + 1, &state, &progress), SLW_STORED_STATE);
    TAP_EQUAL_INT(decode(sizeof golden, &state, &progress), SLW_OK);
}

int main(void)
{
    TAP_RUN(writes_the_frozen_format);
    TAP_RUN(reads_the_frozen_format);
    TAP_RUN(every_component_and_the_longest_texts_fit_and_come_back);
    TAP_RUN(refuses_what_it_does_not_write);
    TAP_RUN(refuses_every_other_length);
    return tap_finish();
}
