/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Power fails at every program and every erase of what the store and the boot stage do: before it,
 * inside it in five ways, after it. Afterwards the device has the state of before or of after, goes
 * on from there, and has never programmed a granule twice.
 *
 * A failing check names the row "step, operation, kind of cut", which is deterministic. With
 * SLIPWAY_DEEP set, power fails once more at every operation of the start that follows; else only
 * after a commit whose bytes are weak.
 */
#include "store_private.h"
#include "test_board.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

#define V1 "roots/v1.pb"
#define COMMITS_COUNT 14u /* more than fit into a segment */
#define PROGRESS_COUNT 6u

static struct test_board board;
static struct slw_store store;
static struct slw_boot boot;
static struct test_bundle first;    /* version 1, with a user_manifest */
static struct test_bundle second;   /* version 2, with root 2 */
static struct test_bundle reset_to; /* version 4, with a root that resets the version */
static struct test_bundle at_20;

/* What a step starts from. */
static struct {
    struct test_copy flash;
    struct slw_store store;
    struct slw_anchor_flash anchor;
} before;

/* A state in a word: its snapshot's checksum. */
static uint32_t sum_of(const struct slw_state *state)
{
    static const struct slw_staging_progress none = {0};
    struct slw_record_writer writer;
    slw_record_writer_init(&writer, NULL, 0);
    slw_state_encode(&writer, state, state->sequence, &none);
    return writer.crc;
}

/* How a case ended: the sum that was, the sum that should be, and progress. */
static uint32_t old_sum;
static uint32_t new_sum;
static uint64_t old_offset;
static uint64_t new_offset;

enum step_kind {
    COMMITS,       /* at most once */
    COMMITS_TWICE, /* there is a state between */
    OPENS,         /* opens the store itself, or makes it */
};

struct step {
    const char *name;
    enum slw_status (*run)(void);
    void (*check)(void); /* after power is back and the store was opened */
    enum step_kind kind;
};

static void save(void)
{
    test_board_save(&board, &before.flash);
    before.store = store;
    before.anchor = board.anchor;
}

static void restore(void)
{
    test_board_restore(&board, &before.flash);
    store = before.store;
    board.anchor = before.anchor;
}

static enum slw_status reopen(void)
{
    test_board_power_on(&board);
    return slw_store_open(&store, &board.layout);
}

static void check_old_or_new(void)
{
    uint32_t sum = sum_of(&store.state);
    TAP_CHECK(sum == old_sum || sum == new_sum);
    TAP_CHECK(store.progress.offset == old_offset || store.progress.offset == new_offset);
}

/* What a start found, and may have been acted on, is what the next one finds. */
static void check_stays(void)
{
    uint32_t sum = sum_of(&store.state);
    TAP_REQUIRE(reopen() == SLW_OK);
    TAP_CHECK(sum_of(&store.state) == sum);
}

/* Power fails at the start after the cut, too. */
static void check_start_with_cuts(const struct step *step)
{
    static struct test_copy copy;
    test_board_power_on(&board);
    test_board_save(&board, &copy);
    uint64_t begun = board.flash.operations;
    TAP_REQUIRE(slw_store_open(&store, &board.layout) == SLW_OK);
    uint64_t operations = board.flash.operations - begun;
    for (uint64_t at = 0; at < operations; at++) {
        for (int point = SLW_CUT_BEFORE; point < SLW_CUT_POINTS_COUNT; point++) {
            test_board_restore(&board, &copy);
            slw_flash_faulty_cut(&board.flash, at, (enum slw_cut_point)point);
            TAP_CHECK(slw_store_open(&store, &board.layout) != SLW_OK);
            TAP_REQUIRE(reopen() == SLW_OK);
            if (step->kind != COMMITS_TWICE) {
                check_old_or_new();
            }
            check_stays();
        }
    }
    test_board_restore(&board, &copy);
}

static void run_case(const struct step *step, uint64_t operation, enum slw_cut_point point)
{
    static const char *const points[] = {"before", "untouched", "part", "garbage",
                                         "torn",   "weak",      "after"};
    char row[80];
    (void)snprintf(row, sizeof row, "%s, %u, %s", step->name, (unsigned)operation, points[point]);
    TAP_ROW(row);
    restore();
    slw_flash_faulty_cut(&board.flash, operation, point);
    TAP_CHECK(step->run() != SLW_OK);
    bool deep = getenv("SLIPWAY_DEEP") != NULL ||
                (point == SLW_CUT_WEAK && strcmp(step->name, "commit") == 0);
    if (step->kind != OPENS && deep) {
        check_start_with_cuts(step);
    }
    enum slw_status status = reopen();
    if (step->kind == OPENS && status == SLW_NOT_FOUND) {
        status = slw_store_format(&store, &board.layout);
    }
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        check_stays();
        step->check();
    }
    TAP_EQUAL_INT(board.ram.violations, 0);
}

/* Leaves the device as the step leaves it when nothing happens. */
static void run_step(const struct step *step)
{
    save();
    old_sum = sum_of(&store.state);
    old_offset = store.progress.offset;
    uint64_t begun = board.flash.operations;
    TAP_REQUIRE(step->run() == SLW_OK);
    uint64_t operations = board.flash.operations - begun;
    new_sum = sum_of(&store.state);
    new_offset = store.progress.offset;
    for (uint64_t at = 0; at < operations; at++) {
        for (int point = SLW_CUT_BEFORE; point < SLW_CUT_POINTS_COUNT; point++) {
            run_case(step, at, (enum slw_cut_point)point);
        }
    }
    TAP_ROW(NULL);
    restore();
    TAP_REQUIRE(step->run() == SLW_OK);
}

static enum slw_status format(void)
{
    return slw_store_format(&store, &board.layout);
}

static void check_boots(enum slw_boot_choice choice, uint32_t version)
{
    TAP_EQUAL_INT(test_boot(&board, &store, &boot), SLW_OK);
    TAP_EQUAL_INT(boot.choice, choice);
    TAP_EQUAL_INT(boot.version, version);
}

static void check_fresh(void)
{
    TAP_EQUAL_INT(sum_of(&store.state), new_sum);
    check_boots(SLW_BOOT_NOTHING, 0);
}

static enum slw_status commit(void)
{
    struct slw_state next = store.state;
    next.known_time_utc_s += 60;
    next.session.transfer_id++;
    next.session.name_len = SLW_BUNDLE_NAME_SIZE_MAX;
    next.session.subject_len = SLW_NAME_SIZE_MAX;
    return slw_store_commit(&store, &next);
}

static enum slw_status append_progress(void)
{
    const struct slw_staging_progress progress = {7, store.progress.offset + 65536};
    return slw_store_append_progress(&store, &progress);
}

static enum slw_status open_again(void)
{
    return slw_store_open(&store, &board.layout);
}

static enum slw_status put_metadata(void)
{
    struct slw_blob blob;
    return slw_store_put_blob(&store, SLW_BLOB_TARGETS, 20, at_20.trusted->source,
                              at_20.trusted->signed_targets.offset,
                              at_20.trusted->signed_targets.length, &blob);
}

static void check_metadata(void)
{
    check_old_or_new();
    TAP_EQUAL_INT(put_metadata(), SLW_OK);
    check_boots(SLW_BOOT_CONFIRMED, 1);
}

/* Fills the region with what may go, so that the next put has to make room. */
static enum slw_status fill_blobs(void)
{
    struct slw_blob blob;
    struct slw_state next = store.state;
    for (size_t at = 0; at < 64; at++) {
        enum slw_status status = slw_store_put_blob(&store, SLW_BLOB_TARGETS, 1,
                                                    &first.file.source.source, at, 16, &blob);
        if (status == SLW_NO_SPACE) {
            break;
        }
        SLW_TRY(status);
    }
    return slw_store_commit(&store, &next);
}

static enum slw_status accept_roots(void)
{
    return test_accept_roots(&store, &second);
}

static void check_confirmed_1(void)
{
    check_old_or_new();
    check_boots(SLW_BOOT_CONFIRMED, 1);
}

static enum slw_status install_first(void)
{
    return test_install(&store, &board.layout, &first);
}

static void check_first_trial(void)
{
    check_old_or_new();
    bool installed = store.state.trial.present;
    check_boots(installed ? SLW_BOOT_TRIAL : SLW_BOOT_NOTHING, installed ? 1 : 0);
}

static enum slw_status install_second(void)
{
    return test_install(&store, &board.layout, &second);
}

static void check_second_trial(void)
{
    check_old_or_new();
    bool installed = store.state.trial.present;
    check_boots(installed ? SLW_BOOT_TRIAL : SLW_BOOT_CONFIRMED, installed ? 2 : 1);
}

static enum slw_status boot_trial(void)
{
    return test_boot(&board, &store, &boot);
}

static void check_attempt(void)
{
    check_old_or_new();
    TAP_CHECK(store.state.trial.present);
    check_boots(SLW_BOOT_TRIAL, store.state.trial.version);
}

static enum slw_status confirm(void)
{
    return slw_boot_confirm(&store);
}

static void check_confirmed(void)
{
    check_old_or_new();
    bool confirmed = !store.state.trial.present;
    uint32_t version = confirmed ? store.state.confirmed.version : store.state.trial.version;
    TAP_EQUAL_INT(version, before.store.state.trial.version);
    check_boots(confirmed ? SLW_BOOT_CONFIRMED : SLW_BOOT_TRIAL, version);
}

/* Two commits: the attempt, then the way back. */
static void check_rolled_back(void)
{
    bool trial = store.state.trial.present;
    TAP_CHECK(!trial || store.state.trial_attempts <= 2);
    TAP_CHECK(trial || sum_of(&store.state) == new_sum);
    check_boots(trial ? SLW_BOOT_ROLLED_BACK : SLW_BOOT_CONFIRMED, 1);
    TAP_CHECK(!store.state.trial.present);
}

static bool make_board(const struct test_geometry *geometry)
{
    return test_board_make(&board, geometry, V1, SLW_ANCHOR_PROTECTED) &&
           test_bundle_verify(&first, "bundles/g07_user_manifest.pb", V1) &&
           test_bundle_verify(&second, "bundles/g12_root_rotation.pb", V1) &&
           test_bundle_verify(&at_20, "bundles/x258_own_plain.pb", V1) &&
           test_bundle_verify(&reset_to, "bundles/x054_floor_after_reset_4.pb", V1);
}

static const struct step step_format = {"format", format, check_fresh, OPENS};
static const struct step step_open = {"open", open_again, check_old_or_new, OPENS};
static const struct step step_commit = {"commit", commit, check_old_or_new, COMMITS};
static const struct step step_progress = {"progress", append_progress, check_old_or_new, COMMITS};
static const struct step step_install_1 = {"install 1", install_first, check_first_trial, COMMITS};
static const struct step step_trial = {"boot trial", boot_trial, check_attempt, COMMITS};
static const struct step step_confirm = {"confirm", confirm, check_confirmed, COMMITS};
static const struct step step_put = {"put metadata", put_metadata, check_metadata, COMMITS};
static const struct step step_roots = {"accept roots", accept_roots, check_confirmed_1, COMMITS};
static const struct step step_install_2 = {"install 2", install_second, check_second_trial,
                                           COMMITS};
static const struct step step_back = {"go back", boot_trial, check_rolled_back, COMMITS_TWICE};

static void cut_life_of_a_device(const struct test_geometry *geometry)
{
    TAP_REQUIRE(make_board(geometry));
    run_step(&step_format);
    for (unsigned i = 0; i < COMMITS_COUNT; i++) {
        run_step(&step_commit);
    }
    for (unsigned i = 0; i < PROGRESS_COUNT; i++) {
        run_step(&step_progress);
    }
    run_step(&step_open);
    run_step(&step_install_1);
    run_step(&step_open);
    run_step(&step_trial);
    run_step(&step_confirm);
    TAP_REQUIRE(fill_blobs() == SLW_OK);
    run_step(&step_put);
    run_step(&step_roots);
    run_step(&step_install_2);
    TAP_REQUIRE(reopen() == SLW_OK);
    board.bytes[board.components[1].slots[1].offset] ^= 1;
    run_step(&step_back);
    board.bytes[board.components[1].slots[1].offset] ^= 1;
    TAP_REQUIRE(install_second() == SLW_OK);
    run_step(&step_trial);
    run_step(&step_confirm);
}

static void life_of_a_device_with_sectors_of_4096_and_granules_of_1(void)
{
    cut_life_of_a_device(&test_geometries[0]);
}

static void life_of_a_device_with_sectors_of_512_and_granules_of_8(void)
{
    cut_life_of_a_device(&test_geometries[1]);
}

static void life_of_a_device_with_sectors_of_4096_and_granules_of_32(void)
{
    cut_life_of_a_device(&test_geometries[2]);
}

static void life_of_a_device_with_flash_erased_to_zero(void)
{
    cut_life_of_a_device(&test_geometries[3]);
}

static void life_of_a_device_with_sectors_of_528(void)
{
    cut_life_of_a_device(&test_geometries[4]);
}

/* The anchor goes down before the journal does. */
static void confirming_a_release_that_lowers_the_version(void)
{
    TAP_REQUIRE(make_board(&test_geometries[1]));
    TAP_REQUIRE(format() == SLW_OK);
    TAP_REQUIRE(test_install(&store, &board.layout, &at_20) == SLW_OK);
    TAP_REQUIRE(boot_trial() == SLW_OK && confirm() == SLW_OK);
    TAP_REQUIRE(test_accept_roots(&store, &reset_to) == SLW_OK);
    TAP_REQUIRE(test_install(&store, &board.layout, &reset_to) == SLW_OK);
    TAP_REQUIRE(boot_trial() == SLW_OK);
    run_step(&step_confirm);
    TAP_EQUAL_INT(store.state.targets_version, 4);
}

int main(void)
{
    TAP_RUN(life_of_a_device_with_sectors_of_4096_and_granules_of_1);
    TAP_RUN(life_of_a_device_with_sectors_of_512_and_granules_of_8);
    TAP_RUN(life_of_a_device_with_sectors_of_4096_and_granules_of_32);
    TAP_RUN(life_of_a_device_with_flash_erased_to_zero);
    TAP_RUN(life_of_a_device_with_sectors_of_528);
    TAP_RUN(confirming_a_release_that_lowers_the_version);
    return tap_finish();
}
