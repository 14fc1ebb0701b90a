/* SPDX-License-Identifier: Apache-2.0 */
/* Publishing where something isn't as it should be: keys that aren't at hand, bases that were
 * overtaken, files that others left or changed. What clients see of it. */
#include "test_acts.h"
#include "test_refresh.h"

#include "tap.h"

#include <stdio.h>

static const struct slw_tuf_edition *published(const char *role)
{
    return slw_tuf_writer_find(test.writer, test_bytes(role))->published;
}

/* What a client that knows only the first root sees now. */
static enum slw_status look(char ret_state[static TEST_STATE_SIZE])
{
    struct test_moment now;
    struct test_fetch fetch;
    test_moment_take(&now);
    const struct slw_heap_buffer *root = test_moment_find(&now, "metadata/1.root.json");
    enum slw_status status = SLW_NO_TRUSTED_ROOT;
    if (root != NULL && test_client_trust("fresh", slw_heap_bytes(root))) {
        test_fetch_init(&now, &fetch);
        status = test_client_refresh("fresh", &fetch, ret_state);
    }
    test_moment_free(&now);
    return status;
}

static bool sees(const char *text)
{
    char state[TEST_STATE_SIZE];
    return look(state) == SLW_OK && strstr(state, text) != NULL;
}

static bool provide_new(void)
{
    return test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP_2, "team", KEY_TEAM,
                        (const char *)NULL);
}

/* A root for a new timestamp key, signed; the old key is gone. */
static bool lose_timestamp_key(void)
{
    return test_set_up_with_team() && test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2) == SLW_OK &&
           test_prepare() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK && provide_new();
}

static void a_lost_key_is_replaced_with_a_gap_that_is_told(void)
{
    TAP_REQUIRE(test_open() && lose_timestamp_key());
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    TAP_CHECK(test_told("before a timestamp that both roots accept"));
    TAP_CHECK(sees("root 2\n") && sees("team: team/x"));
    test_close();
}

/* The gap is as short as can be: only a kill between root and timestamp leaves it open, and the
 * next publish closes it. */
static void a_gap_that_a_kill_left_open_is_closed_by_the_next_publish(void)
{
    struct test_moment before;
    unsigned gaps = 0;
    char state[TEST_STATE_SIZE];
    TAP_REQUIRE(test_open() && lose_timestamp_key());
    test_moment_take(&before);
    for (uint64_t at = 1; at < 200; at++) {
        TAP_REQUIRE(test_moment_restore(&before) && provide_new());
        test.faulty.calls = 0;
        test.faulty.fail_at = at;
        test.faulty.dead = true;
        bool done = test_publish() == SLW_OK;
        test.faulty.fail_at = 0;
        test_new_process();
        test_pass(SLW_TUF_LEASE_S + 1);
        gaps += look(state) != SLW_OK ? 1 : 0;
        TAP_EQUAL_INT(test_publish(), SLW_OK);
        TAP_CHECK(sees("root 2\n") && sees("team: team/x"));
        if (done) {
            break;
        }
        TAP_CHECK(at < 199);
    }
    TAP_EQUAL_INT(gaps, 1);
    test_moment_free(&before);
    test_close();
}

static void a_root_waits_for_its_keys_and_nothing_waits_for_it(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2) == SLW_OK);
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(test_told("root 2 waits"));
    TAP_CHECK(sees("root 1\n") && sees("team: team/y"));
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_CHECK(provide_new());
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_CHECK(sees("root 2\n"));
    test_close();
}

static void a_root_waits_for_targets_that_its_keys_signed(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_targets());
    TAP_REQUIRE(test_rotate(SLW_TUF_TARGETS, KEY_TARGETS_2) == SLW_OK && test_prepare() == SLW_OK);
    TAP_CHECK(test_has("staged/targets.json"));
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 1);
    TAP_EQUAL_INT(test.published.pending, 2);
    /* The old key alone: the next targets can be published, the root can't. */
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(test.published.root_version, 1);
    TAP_CHECK(sees("targets: two"));
    /* It takes one more version, by both keys. */
    TAP_REQUIRE(test_add("targets", "three", "3") == SLW_OK && test_prepare() == SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS_2), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_CHECK(!test_told("before a timestamp"));
    TAP_CHECK(sees("root 2\n") && sees("targets: three"));
    test_close();
}

static void a_root_isnt_published_below_either_threshold(void)
{
    static const struct {
        enum test_key first;
        enum test_key second;
        bool complete;
    } rows[] = {
        {KEY_ROOT, KEY_ROOT, false},
        {KEY_ROOT_2, KEY_ROOT_2, false},
        {KEY_ROOT, KEY_ROOT_2, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_REQUIRE(test_open() && test_begin());
        TAP_REQUIRE(test_rotate(SLW_TUF_ROOT, KEY_ROOT_2) == SLW_OK && test_prepare() == SLW_OK);
        TAP_EQUAL_INT(test_sign("root", rows[i].first), SLW_OK);
        TAP_EQUAL_INT(test_sign("root", rows[i].second), SLW_OK);
        TAP_EQUAL_INT(test_sign("root", KEY_TARGETS), SLW_BAD_KEY);
        TAP_EQUAL_INT(test_publish(), SLW_OK);
        TAP_EQUAL_INT(test.published.pending, rows[i].complete ? 0 : 1);
        TAP_EQUAL_INT(test.published.root_version, rows[i].complete ? 2 : 1);
        test_close();
    }
}

static void many_roots_are_climbed(void)
{
    static const enum test_key keys[] = {KEY_ROOT_2, KEY_ROOT};
    TAP_REQUIRE(test_open() && test_set_up_with_targets());
    for (int i = 0; i < 9; i++) {
        TAP_REQUIRE(test_rotate(SLW_TUF_ROOT, keys[i % 2]) == SLW_OK && test_prepare() == SLW_OK);
        TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK);
        TAP_REQUIRE(test_sign("root", KEY_ROOT_2) == SLW_OK && test_publish() == SLW_OK);
        test_new_process();
    }
    TAP_REQUIRE(test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(published("root")->version, 10);
    TAP_CHECK(sees("root 10\n"));
    test_close();
}

/* Files that stand in the way. */

static bool keep_staged(struct test_moment *ret_moment)
{
    test_moment_take(ret_moment);
    return test_moment_find(ret_moment, "staged/targets.json") != NULL;
}

static bool put_staged_back(const struct test_moment *moment)
{
    static const char *const keys[] = {"staged/targets.json", "staged/changes/targets.json"};
    bool good = true;
    for (size_t i = 0; i < 2; i++) {
        struct slw_heap_buffer copy = {0};
        slw_heap_append(&copy, slw_heap_bytes(test_moment_find(moment, keys[i])));
        good = good && test_put(keys[i], slw_heap_text(&copy));
        slw_heap_free(&copy);
    }
    return good;
}

static void a_change_whose_base_was_overtaken_is_made_to_the_new_one(void)
{
    struct test_moment staged;
    TAP_REQUIRE(test_open() && test_set_up_with_targets());
    TAP_REQUIRE(test_add("targets", "mine", "m") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK && keep_staged(&staged));
    TAP_REQUIRE(slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail) ==
                SLW_OK);
    TAP_REQUIRE(test_add("targets", "theirs", "t") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    int64_t version = published("targets")->version;
    TAP_REQUIRE(put_staged_back(&staged));
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_CHECK(test_told("overtaken") && test_told("void"));
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(published("targets")->version, version);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(published("targets")->version, version + 1);
    TAP_CHECK(sees("targets: mine") && sees("targets: theirs"));
    test_moment_free(&staged);
    test_close();
}

static void a_staged_change_that_no_longer_applies_keeps_nobody_waiting(void)
{
    struct test_moment staged;
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    /* team/z goes to a delegation that is gone when it is to be applied. */
    TAP_REQUIRE(test_add("targets", "x", "x") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(keep_staged(&staged));
    TAP_REQUIRE(slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail) ==
                SLW_OK);
    TAP_REQUIRE(put_staged_back(&staged));
    /* A key that isn't one, in a delegation of the change. */
    TAP_REQUIRE(test_put("staged/changes/targets.json",
                         "{\"type\":\"targets\",\"role\":\"targets\",\"version\":9,\"expires\":"
                         "\"2030-01-01T00:00:00Z\",\"signed_sha256\":"
                         "\"0000000000000000000000000000000000000000000000000000000000000000\","
                         "\"base_version\":1,\"base_sha256\":"
                         "\"0000000000000000000000000000000000000000000000000000000000000000\","
                         "\"signs_again\":false,\"add\":[],\"remove\":[],\"delegate\":[{\"name\":"
                         "\"x\",\"bit_length\":0,\"keys\":[{\"type\":\"ed25519\",\"value\":"
                         "\"0000000000000000000000000000000000000000000000000000000000000000\"}],"
                         "\"threshold\":1,\"paths\":[\"x/*\"],\"terminating\":false}],\"revoke\":[]"
                         ",\"roles\":{}}"));
    test_new_process();
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_CHECK(test_told("can't be applied"));
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(sees("team: team/y"));
    TAP_EQUAL_INT(slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    test_moment_free(&staged);
    test_close();
}

static void staged_files_that_cant_be_read_keep_nobody_waiting(void)
{
    static const struct {
        const char *key;
        const char *text;
        bool waits; /* the change is lost with it */
    } rows[] = {
        {"staged/changes/targets.json", "{", true},
        {"staged/changes/targets.json", "{}", true},
        {"staged/changes/targets.json", "", true},
        {"staged/changes/root.json", "[]", true},
        {"staged/bins/targets.json", "null", true},
        {"staged/targets.json", "{\"signatures\":[],\"signed\":{}}", false},
        {"staged/changes/a b.json", "{}", false},
        {"staged/changes/snapshot.json", "{}", false},
        {"staged/changes/more/x.json", "{}", false},
        {"staged/something", "x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].key);
        TAP_REQUIRE(test_open() && test_set_up_with_team());
        test_new_process();
        TAP_REQUIRE(test_put(rows[i].key, rows[i].text));
        TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
        TAP_EQUAL_INT(test_publish(), SLW_OK);
        TAP_EQUAL_INT(test.published.roles, 1);
        TAP_EQUAL_INT(test.published.pending, rows[i].waits ? 1 : 0);
        TAP_CHECK(sees("team: team/y"));
        if (rows[i].waits && strstr(rows[i].key, "targets") != NULL) {
            TAP_EQUAL_INT(test_add("targets", "x", "x"), SLW_STORED_STATE);
            TAP_CHECK(test_said("discard"));
            TAP_EQUAL_INT(
                slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail), SLW_OK);
            TAP_EQUAL_INT(test_add("targets", "x", "x"), SLW_OK);
        }
        test_close();
    }
    TAP_ROW(NULL);
}

static void a_version_that_somebody_took_is_left_to_them(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_put("metadata/2.team.json", "somebody else's"));
    TAP_REQUIRE(test_put("metadata/3.team.json", "and another"));
    TAP_REQUIRE(test_put("metadata/4.snapshot.json", "and a third"));
    TAP_EQUAL_INT(test.published.snapshot_version, 3);
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(published("team")->version, 4);
    TAP_EQUAL_INT(test.published.snapshot_version, 5);
    TAP_CHECK(sees("team: team/y"));
    test_close();
}

static void a_staged_version_that_somebody_took_becomes_another(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_targets());
    TAP_REQUIRE(test_add("targets", "x", "x") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK);
    TAP_REQUIRE(test_put("metadata/3.targets.json", "somebody else's"));
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(test_told("it is version 4 now"));
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(published("targets")->version, 4);
    TAP_CHECK(sees("targets: x"));
    test_close();
}

/* Signed by whoever stole the timestamp's key. */
static bool drive_timestamp_to_the_end(void)
{
    struct slw_heap_buffer hex = {0};
    struct slw_tuf_edition *forged = NULL;
    struct slw_tuf_signature signature;
    struct slw_tuf_model *model = test.writer->timestamp->model;
    const struct slw_private_key *key = test_private_key(KEY_TIMESTAMP);
    struct slw_tuf_change change = {
        .type = SLW_TUF_TIMESTAMP,
        .role = SLW_BYTES_OF("timestamp"),
        .base_version = test.writer->timestamp->version,
        .version = SLW_TUF_NUMBER_MAX,
        .expires_utc_s = test.now_utc_s + 86400,
        .snapshot_version = test.writer->snapshot->version,
    };
    memcpy(change.base_sha256, test.writer->timestamp->digest, sizeof change.base_sha256);
    test.writer->timestamp->model = NULL;
    bool good =
        slw_tuf_model_apply(model, &change, &test_detail) == SLW_OK &&
        slw_tuf_edition_make(SLW_TUF_TIMESTAMP, model, &forged, &test_detail) == SLW_OK &&
        slw_tuf_public_key_id(slw_private_key_public(key), signature.key_id) == SLW_OK &&
        slw_tuf_sign(key, slw_heap_bytes(&forged->signed_part), &hex, &test_detail) == SLW_OK;
    signature.sig_hex = slw_heap_bytes(&hex);
    good = good && slw_tuf_edition_add_signature(forged, &signature, &test_detail) == SLW_OK &&
           slw_tuf_edition_format(forged, change.role, &test_detail) == SLW_OK &&
           test_put("metadata/timestamp.json", slw_heap_text(&forged->file));
    slw_heap_free(&hex);
    slw_tuf_edition_free(forged);
    test_new_process();
    return good;
}

static void a_version_that_cant_rise_is_told_with_what_to_do(void)
{
    struct test_moment before;
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    test_moment_take(&before);
    const struct slw_heap_buffer *good = test_moment_find(&before, "metadata/timestamp.json");
    TAP_REQUIRE(good != NULL && drive_timestamp_to_the_end());
    TAP_CHECK(sees("team: team/x"));
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_TOO_LARGE);
    TAP_CHECK(test_said("put back") && test_said("rotate"));
    /* As it says: and who saw the forged one goes on, too. */
    TAP_REQUIRE(test_client_copy("fresh", "fooled"));
    struct slw_heap_buffer copy = {0};
    slw_heap_append(&copy, slw_heap_bytes(good));
    TAP_REQUIRE(test_put("metadata/timestamp.json", slw_heap_text(&copy)));
    slw_heap_free(&copy);
    TAP_REQUIRE(test_provide("snapshot", KEY_SNAPSHOT_2, "timestamp", KEY_TIMESTAMP_2, "team",
                             KEY_TEAM, (const char *)NULL));
    TAP_REQUIRE(test_rotate(SLW_TUF_TIMESTAMP, KEY_TIMESTAMP_2) == SLW_OK);
    TAP_REQUIRE(test_rotate(SLW_TUF_SNAPSHOT, KEY_SNAPSHOT_2) == SLW_OK);
    TAP_REQUIRE(test_prepare() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    struct test_moment after;
    struct test_fetch fetch;
    char state[TEST_STATE_SIZE];
    test_moment_take(&after);
    test_fetch_init(&after, &fetch);
    TAP_EQUAL_INT(test_client_refresh("fooled", &fetch, state), SLW_OK);
    TAP_CHECK(strstr(state, "root 2\n") != NULL && strstr(state, "team/y") != NULL);
    test_moment_free(&after);
    test_moment_free(&before);
    test_close();
}

/* Without a file that is there, or with one that nobody signed: that role alone stands still. */
static void a_delegated_role_that_is_broken_keeps_nobody_waiting(void)
{
    static const char *const texts[] = {NULL, "{", "", "{\"signatures\":[],\"signed\":{}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        TAP_ROW(texts[i]);
        TAP_REQUIRE(test_open() && test_set_up_with_team());
        TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_prepare() == SLW_OK);
        TAP_REQUIRE(texts[i] == NULL ? test_take_away("metadata/1.team.json")
                                     : test_put("metadata/1.team.json", texts[i]));
        test_new_process();
        TAP_EQUAL_INT(test_writer_open(), SLW_OK);
        TAP_CHECK(test_told("team can't be gone on from"));
        TAP_EQUAL_INT(test_add("team", "team/z", "z"), SLW_STORED_STATE);
        TAP_EQUAL_INT(test_add("targets", "three", "3"), SLW_OK);
        TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
        TAP_EQUAL_INT(test.published.roles, 1);
        TAP_EQUAL_INT(test.published.pending, 1);
        TAP_CHECK(test_has("staged/changes/team.json"));
        test_pass(13 * 3600);
        TAP_EQUAL_INT(test_refresh(), SLW_OK);
        TAP_CHECK(!test_has("metadata/2.team.json"));
        test_close();
    }
    TAP_ROW(NULL);
}

static void a_bin_that_is_broken_keeps_only_its_changes_waiting(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_REQUIRE(test_take_away("metadata/1.bins-1.json"));
    int64_t timestamp = test.published.timestamp_version;
    test_pass(61 * 86400);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(test_told("bins-1 can't be gone on from"));
    TAP_EQUAL_INT(test.published.timestamp_version, timestamp + 1);
    TAP_EQUAL_INT(test.published.roles, 3);
    TAP_CHECK(!test_has("metadata/2.bins-1.json"));
    /* a/one is in it. */
    TAP_REQUIRE(test_add("targets", "a/one", "another") == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_CHECK(test.published.pending >= 1 && test_has("staged/bins/targets.json"));
    TAP_CHECK(!test_has("metadata/2.bins-1.json"));
    test_close();
}

static void nothing_is_built_on_what_isnt_signed(void)
{
    static const char *const keys[] = {"metadata/timestamp.json", "metadata/3.snapshot.json",
                                       "metadata/3.targets.json", "metadata/1.root.json"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct test_moment moment;
        struct slw_heap_buffer text = {0};
        TAP_ROW(keys[i]);
        TAP_REQUIRE(test_open() && test_set_up_with_team());
        test_moment_take(&moment);
        const struct slw_heap_buffer *file = test_moment_find(&moment, keys[i]);
        TAP_REQUIRE(file != NULL);
        slw_heap_append(&text, slw_heap_bytes(file));
        /* A digit of its expiry: still well-formed. */
        char *year = strstr((char *)(uintptr_t)slw_heap_text(&text), "\"expires\":\"202");
        TAP_REQUIRE(year != NULL);
        year[sizeof "\"expires\":\"202" - 1]++;
        TAP_REQUIRE(test_put(keys[i], slw_heap_text(&text)));
        test_new_process();
        TAP_EQUAL_INT(test_writer_open(), strstr(keys[i], "root") != NULL ? SLW_ROOT_SELF_UNSIGNED
                                                                          : SLW_BELOW_THRESHOLD);
        TAP_CHECK(test_said(strstr(keys[i], "root") != NULL ? "root" : keys[i]));
        slw_heap_free(&text);
        test_moment_free(&moment);
        test_close();
    }
    TAP_ROW(NULL);
}

/* What is staged says "1"; a publish that makes it "2" is killed wherever it may be. Once clients
 * saw "2", they don't see "1" again. */
static void what_replaced_a_staged_change_isnt_undone_by_it(void)
{
    static bool (*const set_ups[])(void) = {test_set_up_with_team, test_set_up_with_bins};
    static const char *const roles[] = {"team", "targets"};
    for (size_t i = 0; i < 2; i++) {
        struct test_moment before;
        TAP_REQUIRE(test_open() && set_ups[i]());
        TAP_REQUIRE(test_add(roles[i], "team/p", "1") == SLW_OK && test_prepare() == SLW_OK);
        test_moment_take(&before);
        for (uint64_t at = 1; at < 300; at++) {
            TAP_REQUIRE(test_moment_restore(&before));
            TAP_REQUIRE(test_add(roles[i], "team/p", "2") == SLW_OK);
            test.faulty.calls = 0;
            test.faulty.fail_at = at;
            test.faulty.dead = true;
            bool done = test_publish() == SLW_OK;
            test.faulty.fail_at = 0;
            test_new_process();
            test_pass(SLW_TUF_LEASE_S + 1);
            bool seen = sees("team/p d4735e3a");
            TAP_EQUAL_INT(test_publish(), SLW_OK);
            TAP_CHECK(sees("team/p d4735e3a") || (!seen && sees("team/p 6b86b273")));
            if (done) {
                break;
            }
            TAP_CHECK(at < 299);
        }
        test_moment_free(&before);
        test_close();
    }
}

int main(void)
{
    if (!test_clients_begin()) {
        return 1;
    }
    TAP_RUN(a_lost_key_is_replaced_with_a_gap_that_is_told);
    TAP_RUN(a_gap_that_a_kill_left_open_is_closed_by_the_next_publish);
    TAP_RUN(a_root_waits_for_its_keys_and_nothing_waits_for_it);
    TAP_RUN(a_root_waits_for_targets_that_its_keys_signed);
    TAP_RUN(a_root_isnt_published_below_either_threshold);
    TAP_RUN(many_roots_are_climbed);
    TAP_RUN(a_change_whose_base_was_overtaken_is_made_to_the_new_one);
    TAP_RUN(a_staged_change_that_no_longer_applies_keeps_nobody_waiting);
    TAP_RUN(staged_files_that_cant_be_read_keep_nobody_waiting);
    TAP_RUN(a_version_that_somebody_took_is_left_to_them);
    TAP_RUN(a_staged_version_that_somebody_took_becomes_another);
    TAP_RUN(a_version_that_cant_rise_is_told_with_what_to_do);
    TAP_RUN(a_delegated_role_that_is_broken_keeps_nobody_waiting);
    TAP_RUN(a_bin_that_is_broken_keeps_only_its_changes_waiting);
    TAP_RUN(nothing_is_built_on_what_isnt_signed);
    TAP_RUN(what_replaced_a_staged_change_isnt_undone_by_it);
    test_clients_end();
    return tap_finish();
}
