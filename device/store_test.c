/* SPDX-License-Identifier: Apache-2.0 */
/* The store as a whole (store.h): the state across reboots, the anchor, and journals that somebody
 * wiped or replaced. Damaged ones: store_damage_test.c; power cuts: power_cut_test.c. */
#include "store_private.h"
#include "test_board.h"

#include "tap.h"

#define V1 "roots/v1.pb"

static struct test_board board;
static struct slw_store store;
static struct test_copy copy;

/* An anchor that tests look into and make fail. */
static struct {
    struct slw_anchor_record record;
    enum slw_status load_status;
    enum slw_status store_status;
    unsigned stores;
} anchor;

static enum slw_status load_anchor(void *context, struct slw_anchor_record *ret_record)
{
    (void)context;
    if (anchor.load_status == SLW_OK) {
        *ret_record = anchor.record;
    }
    return anchor.load_status;
}

static enum slw_status store_anchor(void *context, const struct slw_anchor_record *record)
{
    (void)context;
    anchor.stores++;
    if (anchor.store_status == SLW_OK) {
        anchor.record = *record;
    }
    return anchor.store_status;
}

static bool make_blank(enum slw_anchor_kind kind)
{
    memset(&anchor, 0, sizeof anchor);
    if (!test_board_make(&board, &test_geometries[1], V1, kind)) {
        return false;
    }
    if (kind == SLW_ANCHOR_PROTECTED) {
        board.layout.anchor.load = load_anchor;
        board.layout.anchor.store = store_anchor;
    }
    return true;
}

static bool make_device(enum slw_anchor_kind kind)
{
    return make_blank(kind) && slw_store_format(&store, &board.layout) == SLW_OK;
}

static enum slw_status reopen(void)
{
    slw_flash_faulty_power_on(&board.flash);
    return slw_store_open(&store, &board.layout);
}

static enum slw_status commit_time(int64_t time)
{
    struct slw_state next = store.state;
    next.known_time_utc_s = time;
    return slw_store_commit(&store, &next);
}

static void erase_journal(void)
{
    const struct slw_region *journal = &board.layout.journal;
    for (uint64_t at = 0; at < journal->size; at += journal->flash->sector_size) {
        TAP_EQUAL_INT(slw_region_erase(journal, at), SLW_OK);
    }
}

static void a_blank_device_is_not_found_until_it_is_formatted(void)
{
    TAP_REQUIRE(make_blank(SLW_ANCHOR_PROTECTED));
    TAP_EQUAL_INT(reopen(), SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.root_version, 1);
    TAP_EQUAL_INT(store.state.sequence, 1);
    TAP_CHECK(!store.state.confirmed.present && !store.state.trial.present);
    TAP_CHECK(anchor.record.provisioned);
    TAP_EQUAL_INT(anchor.record.root_version, 1);
    TAP_EQUAL_BYTES(anchor.record.root_sha256, store.state.root, SLW_SHA256_SIZE);
}

static void a_provisioned_device_is_not_formatted_again(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    TAP_EQUAL_INT(commit_time(5), SLW_OK);
    uint64_t operations = board.flash.operations;
    TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_WRONG_STATE);
    TAP_EQUAL_INT(board.flash.operations, operations);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.known_time_utc_s, 5);
}

static void refuses_to_format_without_a_root(void)
{
    static const char *const files[] = {"roots/bad_empty.pb", "roots/bad_truncated.pb",
                                        "roots/garbage.pb", "roots/targets_role.pb"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TAP_ROW(files[i]);
        TAP_REQUIRE(make_blank(SLW_ANCHOR_PROTECTED));
        TAP_REQUIRE(test_file_read(&board.factory, files[i]));
        board.layout.factory_root = board.factory.source.bytes;
        TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_NO_TRUSTED_ROOT);
        TAP_CHECK(!anchor.record.provisioned);
        TAP_EQUAL_INT(reopen(), SLW_NOT_FOUND);
    }
}

static void refuses_a_layout_that_makes_no_sense(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    board.layout.journal.size -= board.layout.journal.flash->sector_size;
    TAP_EQUAL_INT(reopen(), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_BAD_ARGUMENT);
}

static void the_last_of_many_commits_is_found(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    for (int64_t i = 1; i <= 300; i++) {
        TAP_EQUAL_INT(commit_time(i), SLW_OK);
        TAP_EQUAL_INT(store.state.sequence, i + 1);
        if (i % 17 == 0) {
            TAP_EQUAL_INT(reopen(), SLW_OK);
            TAP_EQUAL_INT(store.state.known_time_utc_s, i);
            TAP_EQUAL_INT(store.state.sequence, i + 1);
        }
    }
    TAP_EQUAL_INT(board.ram.violations, 0);
}

static void a_start_after_which_nothing_changes_writes_nothing(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    TAP_EQUAL_INT(commit_time(5), SLW_OK);
    unsigned stores = anchor.stores;
    uint64_t operations = board.flash.operations;
    for (unsigned i = 0; i < 3; i++) {
        TAP_EQUAL_INT(reopen(), SLW_OK);
    }
    TAP_EQUAL_INT(board.flash.operations, operations);
    TAP_EQUAL_INT(anchor.stores, stores);
}

struct change {
    const char *name;
    void (*make)(struct slw_state *state);
};

static void use_slot_2(struct slw_state *state)
{
    state->trial.present = true;
    state->trial.images[0] = (struct slw_image){.present = true, .slot = 2};
}
static void use_third_component(struct slw_state *state)
{
    state->trial.present = true;
    state->trial.images[2].present = true;
}
static void put_image_without_release(struct slw_state *state)
{
    state->confirmed.images[0].present = true;
}
static void make_name_longer(struct slw_state *state)
{
    state->session.name_len = 33;
}
static void make_subject_longer(struct slw_state *state)
{
    state->session.subject_len = 65;
}
static void lower_root(struct slw_state *state)
{
    state->root_version = 0;
}
static void lower_floor(struct slw_state *state)
{
    state->security_floor = 2;
}

static void refuses_to_commit_what_makes_no_sense(void)
{
    static const struct change rows[] = {
        {"slot 2", use_slot_2},
        {"third of two components", use_third_component},
        {"image without release", put_image_without_release},
        {"name of 33", make_name_longer},
        {"subject of 65", make_subject_longer},
        {"root falls", lower_root},
        {"floor falls", lower_floor},
    };
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    struct slw_state next = store.state;
    next.security_floor = 3;
    TAP_REQUIRE(slw_store_commit(&store, &next) == SLW_OK);
    uint64_t operations = board.flash.operations;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        next = store.state;
        rows[i].make(&next);
        TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_BAD_ARGUMENT);
        TAP_EQUAL_INT(store.state.sequence, 2);
    }
    TAP_EQUAL_INT(board.flash.operations, operations);
}

static void commits_its_own_state(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    store.state.session.intent = 3;
    TAP_EQUAL_INT(slw_store_commit(&store, &store.state), SLW_OK);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.session.intent, 3);
    TAP_EQUAL_INT(store.state.sequence, 2);
}

static void progress_lasts_until_the_next_commit(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    for (uint64_t i = 1; i <= 200; i++) {
        const struct slw_staging_progress progress = {9, i * 4096};
        TAP_EQUAL_INT(slw_store_append_progress(&store, &progress), SLW_OK);
        if (i % 7 == 0) {
            TAP_EQUAL_INT(reopen(), SLW_OK);
        }
        TAP_EQUAL_INT(store.progress.offset, i * 4096);
        TAP_EQUAL_INT(store.progress.transfer_id, 9);
    }
    TAP_EQUAL_INT(store.state.sequence, 1);
    TAP_EQUAL_INT(commit_time(1), SLW_OK);
    TAP_EQUAL_INT(store.progress.offset, 0);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.progress.offset, 0);
    TAP_EQUAL_INT(board.ram.violations, 0);
}

static void a_wiped_journal_is_never_a_fresh_device(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    erase_journal();
    TAP_EQUAL_INT(reopen(), SLW_STORED_STATE);
    TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_WRONG_STATE);
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    erase_journal();
    TAP_EQUAL_INT(reopen(), SLW_NOT_FOUND);
}

static void an_older_copy_of_flash_is_refused_by_the_anchor_alone(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    test_board_save(&board, &copy);
    TAP_EQUAL_INT(commit_time(5), SLW_OK);
    memcpy(board.bytes, copy.bytes, sizeof board.bytes);
    TAP_EQUAL_INT(reopen(), SLW_STORED_STATE);
    TAP_REQUIRE(make_device(SLW_ANCHOR_NONE));
    test_board_save(&board, &copy);
    TAP_EQUAL_INT(commit_time(5), SLW_OK);
    test_board_restore(&board, &copy);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.known_time_utc_s, 0);
}

/* What the anchor says, and what a journal with sequence 2, root 1, version 7 and floor 3 is then.
 */
static void compares_the_journal_with_the_anchor(void)
{
    static const struct {
        const char *name;
        uint64_t sequence;
        uint32_t root_version, targets_version, security_floor;
        enum slw_status status;
        bool provisioned;
        bool same_root;
    } rows[] = {
        {"as it is", 2, 1, 7, 3, SLW_OK, true, true},
        {"journal ahead", 1, 1, 0, 0, SLW_OK, true, true},
        {"never provisioned", 0, 0, 0, 0, SLW_OK, false, false},
        {"older root, another one", 2, 0, 7, 3, SLW_OK, true, false},
        {"sequence", 3, 1, 7, 3, SLW_STORED_STATE, true, true},
        {"root version", 2, 2, 7, 3, SLW_STORED_STATE, true, true},
        {"another root", 2, 1, 7, 3, SLW_STORED_STATE, true, false},
        {"targets version", 2, 1, 8, 3, SLW_STORED_STATE, true, true},
        {"floor", 2, 1, 7, 4, SLW_STORED_STATE, true, true},
        {"made-up sequence", 1, 1, 8, 3, SLW_STORED_STATE, true, true},
    };
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    struct slw_state next = store.state;
    next.targets_version = 7;
    next.security_floor = 3;
    TAP_REQUIRE(slw_store_commit(&store, &next) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        anchor.record = (struct slw_anchor_record){
            .provisioned = rows[i].provisioned,
            .sequence = rows[i].sequence,
            .root_version = rows[i].root_version,
            .targets_version = rows[i].targets_version,
            .security_floor = rows[i].security_floor,
        };
        if (rows[i].same_root) {
            memcpy(anchor.record.root_sha256, next.root, SLW_SHA256_SIZE);
        }
        anchor.stores = 0;
        TAP_EQUAL_INT(reopen(), rows[i].status);
        if (rows[i].status == SLW_OK) {
            TAP_CHECK(anchor.record.provisioned);
            TAP_EQUAL_INT(anchor.record.sequence, 2);
            TAP_EQUAL_INT(anchor.record.targets_version, 7);
            TAP_EQUAL_INT(anchor.record.security_floor, 3);
        } else {
            TAP_EQUAL_INT(anchor.stores, 0);
        }
    }
}

static void an_anchor_that_fails_is_an_error(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    anchor.load_status = SLW_IO;
    TAP_EQUAL_INT(reopen(), SLW_IO);
    TAP_EQUAL_INT(slw_store_format(&store, &board.layout), SLW_IO);
    anchor.load_status = SLW_OK;
    TAP_EQUAL_INT(reopen(), SLW_OK);
    anchor.store_status = SLW_IO;
    TAP_EQUAL_INT(commit_time(8), SLW_IO);
    TAP_EQUAL_INT(store.state.known_time_utc_s, 8);
    TAP_EQUAL_INT(anchor.record.sequence, 1);
    TAP_EQUAL_INT(reopen(), SLW_IO); /* it can't be brought up */
    anchor.store_status = SLW_OK;
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.known_time_utc_s, 8);
    TAP_EQUAL_INT(anchor.record.sequence, 2);
}

static void the_anchor_falls_before_the_journal_when_the_version_is_reset(void)
{
    TAP_REQUIRE(make_device(SLW_ANCHOR_PROTECTED));
    struct slw_state next = store.state;
    next.targets_version = 7;
    TAP_REQUIRE(slw_store_commit(&store, &next) == SLW_OK);
    next = store.state;
    next.targets_version = 4;
    slw_flash_faulty_cut(&board.flash, 0, SLW_CUT_BEFORE);
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_IO);
    TAP_EQUAL_INT(anchor.record.targets_version, 4);
    TAP_EQUAL_INT(anchor.record.sequence, 2);
    TAP_EQUAL_INT(reopen(), SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, 7);
    TAP_EQUAL_INT(anchor.record.targets_version, 7);
    anchor.store_status = SLW_IO;
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_IO);
    TAP_EQUAL_INT(store.state.targets_version, 7);
    anchor.store_status = SLW_OK;
    TAP_EQUAL_INT(slw_store_commit(&store, &next), SLW_OK);
    TAP_EQUAL_INT(anchor.record.targets_version, 4);
}

int main(void)
{
    TAP_RUN(a_blank_device_is_not_found_until_it_is_formatted);
    TAP_RUN(a_provisioned_device_is_not_formatted_again);
    TAP_RUN(refuses_to_format_without_a_root);
    TAP_RUN(refuses_a_layout_that_makes_no_sense);
    TAP_RUN(the_last_of_many_commits_is_found);
    TAP_RUN(a_start_after_which_nothing_changes_writes_nothing);
    TAP_RUN(refuses_to_commit_what_makes_no_sense);
    TAP_RUN(commits_its_own_state);
    TAP_RUN(progress_lasts_until_the_next_commit);
    TAP_RUN(a_wiped_journal_is_never_a_fresh_device);
    TAP_RUN(an_older_copy_of_flash_is_refused_by_the_anchor_alone);
    TAP_RUN(compares_the_journal_with_the_anchor);
    TAP_RUN(an_anchor_that_fails_is_an_error);
    TAP_RUN(the_anchor_falls_before_the_journal_when_the_version_is_reset);
    return tap_finish();
}
