/* SPDX-License-Identifier: Apache-2.0 */
/* Refresh: what is due is signed again, by whom; and what is old is removed, and when. */
#include "test_acts.h"

#include "tap.h"

#define HOUR_S 3600
#define DAY_S 86400

static const struct slw_tuf_edition *published(const char *role)
{
    return slw_tuf_writer_find(test.writer, test_bytes(role))->published;
}

static void signs_nothing_before_it_is_due(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    size_t objects = test_count("metadata/");
    test_pass(11 * HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.metadata_bytes, 0);
    TAP_EQUAL_INT(test_count("metadata/"), objects);
    test_close();
}

static void signs_a_timestamp_again_that_is_due(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    struct slw_tuf_published before = test.published;
    test_pass(12 * HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, before.timestamp_version + 1);
    TAP_EQUAL_INT(test.published.snapshot_version, before.snapshot_version);
    TAP_EQUAL_INT(test.writer->timestamp->expires_utc_s, test.now_utc_s + DAY_S);
    test_pass(HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, before.timestamp_version + 1);
    test_close();
}

/* Whoever publishes for others may be away for a while, and says for how long at least. */
static void keeps_as_much_life_as_it_is_told(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    test.options.online_life_s = 3 * DAY_S;
    test_new_process();
    TAP_REQUIRE(test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(test_refresh(), SLW_OK); /* a day is less */
    TAP_EQUAL_INT(test.writer->timestamp->expires_utc_s, test.now_utc_s + 6 * DAY_S);
    int64_t version = test.published.timestamp_version;
    test_pass(3 * DAY_S - HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, version);
    test_pass(HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, version + 1);
    TAP_EQUAL_INT(test.writer->timestamp->expires_utc_s, test.now_utc_s + 6 * DAY_S);
    /* What the settings say is more, for the snapshot. */
    TAP_EQUAL_INT(test.writer->settings.periods[SLW_TUF_SNAPSHOT].expires_s, 7 * DAY_S);
    test.options.online_life_s = UINT32_MAX / 2;
    test_new_process();
    TAP_EQUAL_INT(test_writer_open(), SLW_BAD_ARGUMENT);
    test_close();
}

static void signs_a_timestamp_again_that_has_expired(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    struct slw_tuf_published before = test.published;
    test_pass(3 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, before.timestamp_version + 1);
    TAP_EQUAL_INT(test.published.snapshot_version, before.snapshot_version);
    test_close();
}

static void signs_a_snapshot_again_with_its_timestamp(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    struct slw_tuf_published before = test.published;
    test_pass(4 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.snapshot_version, before.snapshot_version + 1);
    TAP_EQUAL_INT(test.published.timestamp_version, before.timestamp_version + 1);
    TAP_EQUAL_INT(test.published.roles, 0);
    test_close();
}

static void signs_roles_again_whose_keys_are_at_hand_and_stages_the_others(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    int64_t team = published("team")->version;
    int64_t targets = published("targets")->version;
    test_pass(60 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(published("team")->version, team + 1);
    TAP_EQUAL_INT(published("team")->expires_utc_s, test.now_utc_s + 90 * DAY_S);
    TAP_EQUAL_INT(published("targets")->version, targets);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_CHECK(test_has("staged/targets.json"));
    size_t staged = test_count("staged/");
    test_pass(13 * HOUR_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(test_count("staged/"), staged);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(published("targets")->version, targets + 1);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void stages_a_root_that_is_due(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    test_pass(305 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(test_has("staged/root.json"));
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.root_version, 2);
    TAP_EQUAL_INT(published("root")->expires_utc_s, test.now_utc_s + 365 * DAY_S);
    test_close();
}

static void leaves_revoked_roles_to_expire(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_revoke("targets", "team") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    int64_t team = published("team")->version;
    test_pass(60 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(published("team")->version, team);
    test_new_process();
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(slw_tuf_writer_find(test.writer, SLW_BYTES_OF("team")) == NULL);
    /* Its entry stays, or clients would refuse the snapshot. */
    int64_t listed = 0;
    TAP_EQUAL_INT(
        slw_tuf_model_find_meta(test.writer->snapshot->model, SLW_BYTES_OF("team"), &listed),
        SLW_OK);
    TAP_EQUAL_INT(listed, team);
    test_close();
}

static void signs_bins_again(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    test_pass(10 * DAY_S);
    TAP_REQUIRE(test_add("targets", "four", "4") == SLW_OK && test_publish() == SLW_OK);
    test_pass(51 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    /* The one that got "four" lives 10 days longer; targets is pending. */
    TAP_EQUAL_INT(test.published.roles, 3);
    TAP_EQUAL_INT(test.published.pending, 1);
    test_close();
}

static void isnt_kept_from_it_by_bins_that_cant_be_signed(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    int64_t timestamp = test.published.timestamp_version;
    TAP_REQUIRE(test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "targets",
                             KEY_TARGETS, (const char *)NULL));
    test_pass(61 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, timestamp + 1);
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(test.published.pending, 1);
    test_close();
}

static void renews_what_was_staged_too_long_ago(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK && test_prepare() == SLW_OK);
    test_pass(59 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(!test_told("so long ago"));
    test_pass(2 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(test_told("so long ago"));
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(published("targets")->expires_utc_s, test.now_utc_s + 90 * DAY_S);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("targets")->model), 1);
    test_close();
}

static void fails_when_the_keys_for_the_timestamp_arent_at_hand(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_REQUIRE(
        test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP_2, (const char *)NULL));
    test_pass(DAY_S);
    size_t objects = test_count("");
    TAP_EQUAL_INT(test_refresh(), SLW_BELOW_THRESHOLD);
    TAP_CHECK(test_said("at hand"));
    TAP_EQUAL_INT(test_count(""), objects);
    TAP_REQUIRE(
        test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, (const char *)NULL));
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test.published.timestamp_version, 2);
    test_close();
}

/* Files that nothing refers to any more. */

static bool replace_target(void)
{
    return test_set_up_with_targets() && test_add("targets", "two", "another") == SLW_OK &&
           test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK;
}

static void removes_files_7_days_after_it_saw_them_without_a_reference(void)
{
    TAP_REQUIRE(test_open() && replace_target());
    TAP_EQUAL_INT(test_count("targets/"), 3);
    test_pass(30 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 3);
    TAP_CHECK(test_has("metadata/1.targets.json") && test_has("metadata/1.snapshot.json"));
    test_pass(7 * DAY_S - 1);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 3);
    TAP_CHECK(test_has("metadata/1.targets.json"));
    test_pass(1);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 2);
    TAP_CHECK(!test_has("metadata/1.targets.json") && !test_has("metadata/1.snapshot.json"));
    TAP_CHECK(!test_has("metadata/2.targets.json") && test_has("metadata/3.targets.json"));
    TAP_CHECK(test_has("metadata/1.root.json") && test_has("metadata/timestamp.json"));
    test_close();
}

static void keeps_roots_for_ever(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    for (int year = 0; year < 3; year++) {
        test_pass(350 * DAY_S);
        TAP_REQUIRE(test_refresh() == SLW_OK && test_sign("root", KEY_ROOT) == SLW_OK);
        TAP_REQUIRE(test_publish() == SLW_OK);
    }
    test_pass(30 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    test_pass(8 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_CHECK(test_has("metadata/1.root.json") && test_has("metadata/2.root.json") &&
              test_has("metadata/3.root.json") && test_has("metadata/4.root.json"));
    test_close();
}

static void keeps_payloads_of_what_is_staged(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_REQUIRE(
        test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, (const char *)NULL));
    TAP_REQUIRE(test_add("targets", "staged/one", "x") == SLW_OK && test_prepare() == SLW_OK);
    TAP_CHECK(test_has("staged/bins/targets.json"));
    for (int week = 0; week < 3; week++) {
        test_pass(8 * DAY_S);
        TAP_EQUAL_INT(test_refresh(), SLW_OK);
        TAP_EQUAL_INT(test.published.pending, 1);
        TAP_EQUAL_INT(test_count("targets/staged/"), 1);
    }
    TAP_REQUIRE(test_provide("snapshot", KEY_SNAPSHOT, "timestamp", KEY_TIMESTAMP, "bins*",
                             KEY_BINS, (const char *)NULL));
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void starts_again_for_a_file_that_was_referenced_in_between(void)
{
    TAP_REQUIRE(test_open() && replace_target());
    TAP_REQUIRE(test_refresh() == SLW_OK);
    test_pass(6 * DAY_S);
    TAP_REQUIRE(test_add("targets", "two", "2") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    TAP_REQUIRE(test_refresh() == SLW_OK);
    TAP_REQUIRE(test_add("targets", "two", "another") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    test_pass(2 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 3);
    test_pass(7 * DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 2);
    test_close();
}

/* No refresh saw it referenced: what it was seen without before doesn't count. */
static void starts_again_for_a_file_that_was_referenced_between_two_refreshes(void)
{
    TAP_REQUIRE(test_open() && replace_target());
    TAP_REQUIRE(test_refresh() == SLW_OK);
    test_pass(6 * DAY_S);
    TAP_REQUIRE(test_add("targets", "two", "2") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    TAP_REQUIRE(test_add("targets", "two", "another") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    test_pass(DAY_S);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 3);
    test_pass(7 * DAY_S - 1);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 3);
    test_pass(1);
    TAP_EQUAL_INT(test_refresh(), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 2);
    test_close();
}

static void survives_a_state_that_isnt_one(void)
{
    static const char *const states[] = {
        "",
        "{",
        "[]",
        "null",
        "{\"metadata/1.targets.json\":\"x\"}",
        "{\"metadata/1.targets.json\":99999999999}", /* in the future */
    };
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        TAP_ROW(states[i]);
        TAP_REQUIRE(test_open() && replace_target());
        TAP_CHECK(test_put("state/unreferenced.json", states[i]));
        TAP_EQUAL_INT(test_refresh(), SLW_OK);
        TAP_CHECK(test_has("metadata/1.targets.json"));
        test_pass(7 * DAY_S);
        TAP_EQUAL_INT(test_refresh(), SLW_OK);
        TAP_CHECK(!test_has("metadata/1.targets.json"));
        test_close();
    }
    TAP_ROW(NULL);
}

static void removes_nothing_while_something_cant_be_read(void)
{
    static const char *const broken[] = {"metadata/1.team.json", "staged/changes/team.json"};
    for (size_t i = 0; i < 2; i++) {
        TAP_ROW(broken[i]);
        TAP_REQUIRE(test_open() && test_set_up_with_team());
        TAP_REQUIRE(test_add("targets", "two", "another") == SLW_OK);
        TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
        TAP_REQUIRE(test_refresh() == SLW_OK && test_put(broken[i], "{"));
        test_pass(8 * DAY_S);
        test_new_process();
        TAP_EQUAL_INT(test_refresh(), SLW_OK);
        TAP_EQUAL_INT(test_count("targets/"), 4);
        TAP_CHECK(test_has("metadata/1.targets.json"));
        test_close();
    }
    TAP_ROW(NULL);
}

static void says_that_a_payload_was_collected_before_it_was_prepared(void)
{
    TAP_REQUIRE(test_open() && replace_target());
    TAP_REQUIRE(test_refresh() == SLW_OK);
    test_pass(6 * DAY_S);
    /* "2" is there, and is found again without being put. */
    TAP_REQUIRE(test_add("targets", "two", "2") == SLW_OK);
    struct slw_tuf_writer *first = test.writer;
    test.writer = NULL;
    test_pass(DAY_S);
    TAP_REQUIRE(test_refresh() == SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 2);
    test_new_process();
    test.writer = first;
    TAP_EQUAL_INT(test_prepare(), SLW_NOT_FOUND);
    TAP_CHECK(test_said("add it again"));
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_add("targets", "two", "2"), SLW_OK);
    TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
    test_close();
}

int main(void)
{
    TAP_RUN(signs_nothing_before_it_is_due);
    TAP_RUN(signs_a_timestamp_again_that_is_due);
    TAP_RUN(keeps_as_much_life_as_it_is_told);
    TAP_RUN(signs_a_timestamp_again_that_has_expired);
    TAP_RUN(signs_a_snapshot_again_with_its_timestamp);
    TAP_RUN(signs_roles_again_whose_keys_are_at_hand_and_stages_the_others);
    TAP_RUN(stages_a_root_that_is_due);
    TAP_RUN(leaves_revoked_roles_to_expire);
    TAP_RUN(signs_bins_again);
    TAP_RUN(isnt_kept_from_it_by_bins_that_cant_be_signed);
    TAP_RUN(renews_what_was_staged_too_long_ago);
    TAP_RUN(fails_when_the_keys_for_the_timestamp_arent_at_hand);
    TAP_RUN(removes_files_7_days_after_it_saw_them_without_a_reference);
    TAP_RUN(keeps_roots_for_ever);
    TAP_RUN(keeps_payloads_of_what_is_staged);
    TAP_RUN(starts_again_for_a_file_that_was_referenced_in_between);
    TAP_RUN(starts_again_for_a_file_that_was_referenced_between_two_refreshes);
    TAP_RUN(survives_a_state_that_isnt_one);
    TAP_RUN(removes_nothing_while_something_cant_be_read);
    TAP_RUN(says_that_a_payload_was_collected_before_it_was_prepared);
    return tap_finish();
}
