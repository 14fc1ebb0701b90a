/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal claims and nobody signed: the boot stage runs none of it. */
#include "test_boot.h"

#include "tap.h"

/* States that the journal might claim, and what the boot stage says of them. */
struct forgery {
    const char *name;
    void (*forge)(struct slw_state *state);
    enum slw_status status; /* of the trial */
};

static void lower_trial_version(struct slw_state *state)
{
    state->trial.version = 1;
}
static void raise_trial_version(struct slw_state *state)
{
    state->trial.version = 3;
}
static void change_floor(struct slw_state *state)
{
    state->trial.security_floor = 1;
}
static void change_metadata(struct slw_state *state)
{
    state->trial.metadata[0] ^= 1;
}
static void change_metadata_digest(struct slw_state *state)
{
    state->trial.metadata_sha256[31] ^= 1;
}
static void use_old_metadata(struct slw_state *state)
{
    memcpy(state->trial.metadata, state->confirmed.metadata, SLW_SHA256_SIZE);
}
static void point_to_other_slot(struct slw_state *state)
{
    state->trial.images[0].slot = 0;
    state->trial.images[0].length = 17;
}
static void shorten_image(struct slw_state *state)
{
    state->trial.images[0].length--;
}
static void lengthen_image(struct slw_state *state)
{
    state->trial.images[1].length = UINT64_MAX;
}
static void change_image_digest(struct slw_state *state)
{
    state->trial.images[1].sha256[5] ^= 4;
}
static void change_image_version(struct slw_state *state)
{
    state->trial.images[1].version = 1;
}
static void mix_in_old_image(struct slw_state *state)
{
    state->trial.images[1] = state->confirmed.images[1];
}
static void leave_out_image(struct slw_state *state)
{
    memset(&state->trial.images[1], 0, sizeof state->trial.images[1]);
}
static void claim_to_be_unlisted(struct slw_state *state)
{
    memset(&state->trial.images[1], 0, sizeof state->trial.images[1]);
    state->trial.images[1].present = true;
    memcpy(state->trial.images[1].metadata, state->confirmed.metadata, SLW_SHA256_SIZE);
    memcpy(state->trial.images[1].root, state->confirmed.root, SLW_SHA256_SIZE);
}
static void claim_a_root_that_is_none(struct slw_state *state)
{
    state->trial.images[1] = state->confirmed.images[1];
    memcpy(state->trial.images[1].root, state->confirmed.metadata, SLW_SHA256_SIZE);
}
static void make_metadata_a_root(struct slw_state *state)
{
    memcpy(state->trial.metadata, state->root, SLW_SHA256_SIZE);
}

static void discards_a_trial_that_the_journal_made_up(void)
{
    static const struct forgery rows[] = {
        {"older version", lower_trial_version, SLW_STORED_STATE},
        {"newer version", raise_trial_version, SLW_STORED_STATE},
        {"floor", change_floor, SLW_STORED_STATE},
        {"no such metadata", change_metadata, SLW_STORED_STATE},
        {"metadata digest", change_metadata_digest, SLW_STORED_STATE},
        {"old metadata", use_old_metadata, SLW_STORED_STATE},
        {"other slot", point_to_other_slot, SLW_STORED_STATE},
        {"shorter image", shorten_image, SLW_STORED_STATE},
        {"longer image", lengthen_image, SLW_STORED_STATE},
        {"image digest", change_image_digest, SLW_STORED_STATE},
        {"image version", change_image_version, SLW_STORED_STATE},
        {"old image mixed in", mix_in_old_image, SLW_STORED_STATE},
        {"image left out", leave_out_image, SLW_STORED_STATE},
        {"image that is none", claim_to_be_unlisted, SLW_STORED_STATE},
        {"image under no root", claim_a_root_that_is_none, SLW_STORED_STATE},
        {"root as metadata", make_metadata_a_root, SLW_BELOW_THRESHOLD},
    };
    static struct test_copy copy;
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(install(&second));
    test_board_save(&board, &copy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_board_restore(&board, &copy);
        TAP_REQUIRE(slw_store_open(&store, &board.layout) == SLW_OK);
        struct slw_state forged = store.state;
        rows[i].forge(&forged);
        TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
        TAP_EQUAL_INT(reboot(), SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
        TAP_EQUAL_INT(boot.trial_status, rows[i].status);
        TAP_EQUAL_INT(boot.version, 1);
        TAP_CHECK(!store.state.trial.present);
    }
}

static void lower_targets_version(struct slw_state *state)
{
    state->targets_version = 0;
}
static void raise_targets_version(struct slw_state *state)
{
    state->targets_version = 9;
}
static void raise_floor(struct slw_state *state)
{
    state->security_floor = 2;
}
static void forget_confirmed(struct slw_state *state)
{
    memset(&state->confirmed, 0, sizeof state->confirmed);
}
static void change_confirmed_metadata(struct slw_state *state)
{
    state->confirmed.metadata[9] ^= 1;
}
static void change_confirmed_root(struct slw_state *state)
{
    state->confirmed.root[9] ^= 1;
}
static void swap_images(struct slw_state *state)
{
    struct slw_image image = state->confirmed.images[0];
    state->confirmed.images[0] = state->confirmed.images[1];
    state->confirmed.images[1] = image;
}
static void change_current_root(struct slw_state *state)
{
    state->root[0] ^= 1;
}

static void refuses_a_confirmed_release_that_the_journal_made_up(void)
{
    static const struct forgery rows[] = {
        {"version fallen", lower_targets_version, SLW_STORED_STATE},
        {"version risen", raise_targets_version, SLW_STORED_STATE},
        {"below the floor", raise_floor, SLW_ROLLBACK},
        {"no release any more", forget_confirmed, SLW_STORED_STATE},
        {"no such metadata", change_confirmed_metadata, SLW_STORED_STATE},
        {"no such root", change_confirmed_root, SLW_STORED_STATE},
        {"images swapped", swap_images, SLW_STORED_STATE},
        {"no such current root", change_current_root, SLW_STORED_STATE},
    };
    static struct test_copy copy;
    TAP_REQUIRE(make_confirmed_device());
    test_board_save(&board, &copy);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        test_board_restore(&board, &copy);
        TAP_REQUIRE(slw_store_open(&store, &board.layout) == SLW_OK);
        struct slw_state forged = store.state;
        rows[i].forge(&forged);
        TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
        TAP_EQUAL_INT(reboot(), rows[i].status);
        TAP_EQUAL_INT(boot.finding.status, rows[i].status);
    }
}

static void a_reset_that_no_root_made_does_not_bring_back_an_old_version(void)
{
    static struct test_bundle at_20;
    TAP_REQUIRE(make_device(V1) && test_bundle_verify(&at_20, "bundles/x258_own_plain.pb", V1));
    TAP_REQUIRE(test_bundle_verify(&second, "bundles/g15_newer_version.pb", V1));
    TAP_REQUIRE(run_and_confirm(&at_20));
    TAP_REQUIRE(install(&second));
    static const bool claims[] = {false, true};
    static struct test_copy copy;
    test_board_save(&board, &copy);
    for (size_t i = 0; i < 2; i++) {
        test_board_restore(&board, &copy);
        TAP_REQUIRE(slw_store_open(&store, &board.layout) == SLW_OK);
        struct slw_state forged = store.state;
        forged.trial.resets_version = claims[i];
        TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
        TAP_EQUAL_INT(reboot(), SLW_OK);
        TAP_EQUAL_INT(boot.trial_status, SLW_ROLLBACK);
        TAP_EQUAL_INT(boot.version, 20);
    }
}

static void refuses_an_image_that_its_metadata_do_not_list(void)
{
    static struct test_bundle app_only;
    TAP_REQUIRE(make_confirmed_device());
    TAP_REQUIRE(test_bundle_verify(&app_only, "bundles/x072_all_fields.pb", V1));
    TAP_REQUIRE(install(&app_only));
    struct slw_state forged = store.state;
    memcpy(forged.trial.images[1].metadata, forged.trial.metadata, SLW_SHA256_SIZE);
    TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.trial_status, SLW_STORED_STATE);
    TAP_EQUAL_BYTES(boot.finding.name, "rtos", 4);
    TAP_EQUAL_INT(boot.version, 1);
}

/* Signed by the right key, and refused when it was to be installed: flash alone has it. */
static void refuses_metadata_whose_content_is_wrong(void)
{
    static const struct {
        const char *bundle;
        enum slw_status status;
    } rows[] = {
        {"bundles/b54_role_wrong_in_targets.pb", SLW_WRONG_ROLE},
        {"bundles/b58_spec_version_9.pb", SLW_BAD_SPEC_VERSION},
        {"bundles/b38_name_dotdot.pb", SLW_BAD_NAME},
        {"bundles/b25_missing_hashes.pb", SLW_MISSING_HASH},
        {"bundles/b01_unsigned.pb", SLW_UNSIGNED},
        {"bundles/b02_wrong_key.pb", SLW_BELOW_THRESHOLD},
        {"bundles/b03_bad_signature.pb", SLW_BELOW_THRESHOLD},
        {"bundles/b57_expired_targets.pb", SLW_STORED_STATE}, /* not for its expiry */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        static struct test_bundle bad;
        struct slw_blob blob;
        TAP_ROW(rows[i].bundle);
        TAP_REQUIRE(make_confirmed_device());
        (void)test_bundle_verify(&bad, rows[i].bundle, V1);
        struct slw_span span = bad.verifier.result.signed_targets;
        TAP_REQUIRE(span.length > 0);
        TAP_EQUAL_INT(slw_store_put_blob(&store, SLW_BLOB_TARGETS, 1, &bad.file.source.source,
                                         span.offset, span.length, &blob),
                      SLW_OK);
        struct slw_state forged = store.state;
        forged.trial = forged.confirmed;
        forged.trial.version = bad.verifier.result.targets.version;
        memcpy(forged.trial.metadata, blob.sha256, SLW_SHA256_SIZE);
        memcpy(forged.trial.metadata_sha256, bad.verifier.result.targets.sha256, SLW_SHA256_SIZE);
        TAP_EQUAL_INT(slw_store_commit(&store, &forged), SLW_OK);
        TAP_EQUAL_INT(reboot(), SLW_OK);
        TAP_EQUAL_INT(boot.choice, SLW_BOOT_ROLLED_BACK);
        TAP_EQUAL_INT(boot.trial_status, rows[i].status);
        TAP_EQUAL_INT(boot.version, 1);
    }
}

/* Whoever can write the journal, but not the anchor, works on it as on a device without one. */
static struct slw_layout without_anchor(void)
{
    struct slw_layout layout = board.layout;
    layout.anchor = (struct slw_anchor){.kind = SLW_ANCHOR_NONE};
    return layout;
}

static void a_journal_cannot_name_a_release_that_the_device_did_not_confirm(void)
{
    TAP_REQUIRE(make_confirmed_device());
    struct slw_layout forgers = without_anchor();
    TAP_REQUIRE(slw_store_open(&store, &forgers) == SLW_OK);
    TAP_REQUIRE(test_install(&store, &forgers, &second) == SLW_OK);
    static struct test_copy as_trial;
    test_board_save(&board, &as_trial);
    struct slw_state forged = store.state;
    forged.trial_attempts = 1;
    TAP_REQUIRE(slw_store_commit(&store, &forged) == SLW_OK);
    TAP_REQUIRE(slw_boot_confirm(&store) == SLW_OK);
    TAP_EQUAL_INT(store.state.targets_version, 2);
    TAP_EQUAL_INT(reboot(), SLW_STORED_STATE);
    /* As a trial it runs: it is signed by keys in force; and it may be confirmed. */
    test_board_restore(&board, &as_trial);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.choice, SLW_BOOT_TRIAL);
    TAP_EQUAL_INT(slw_boot_confirm(&store), SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_OK);
    TAP_EQUAL_INT(boot.version, 2);
}

static void a_trial_that_was_not_booted_vouches_for_nothing(void)
{
    TAP_REQUIRE(make_confirmed_device());
    struct slw_layout forgers = without_anchor();
    TAP_REQUIRE(slw_store_open(&store, &forgers) == SLW_OK);
    TAP_REQUIRE(test_install(&store, &forgers, &second) == SLW_OK);
    test_board_power_on(&board);
    TAP_REQUIRE(slw_store_open(&store, &board.layout) == SLW_OK); /* and power fails */
    TAP_REQUIRE(slw_store_open(&store, &forgers) == SLW_OK);
    struct slw_state forged = store.state;
    forged.trial_attempts = 1;
    TAP_REQUIRE(slw_store_commit(&store, &forged) == SLW_OK);
    TAP_REQUIRE(slw_boot_confirm(&store) == SLW_OK);
    TAP_EQUAL_INT(reboot(), SLW_STORED_STATE);
}

int main(void)
{
    TAP_RUN(refuses_an_image_that_its_metadata_do_not_list);
    TAP_RUN(refuses_metadata_whose_content_is_wrong);
    TAP_RUN(discards_a_trial_that_the_journal_made_up);
    TAP_RUN(refuses_a_confirmed_release_that_the_journal_made_up);
    TAP_RUN(a_reset_that_no_root_made_does_not_bring_back_an_old_version);
    TAP_RUN(a_journal_cannot_name_a_release_that_the_device_did_not_confirm);
    TAP_RUN(a_trial_that_was_not_booted_vouches_for_nothing);
    return tap_finish();
}
