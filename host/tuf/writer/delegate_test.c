/* SPDX-License-Identifier: Apache-2.0 */
/* Delegations and hash bins: what is refused when it is gathered, what moves into bins, and that
 * changes survive being written down. */
#include "test_acts.h"

#include "bins.h"

#include "tap.h"

#include <stdio.h>

static const struct slw_tuf_edition *published(const char *role)
{
    return slw_tuf_writer_find(test.writer, test_bytes(role))->published;
}

static void refuses_names_that_are_no_files_or_taken(void)
{
    static const struct {
        const char *name;
        const char *delegator;
    } rows[] = {
        {"", "targets"},       {"a/b", "targets"},     {"a b", "targets"},
        {"a%b", "targets"},    {"..", "targets"},      {"a\xc3\xa4", "targets"},
        {"root", "targets"},   {"targets", "targets"}, {"snapshot", "targets"},
        {"timestamp", "team"}, {"team", "root"},       {"x", "nobody"},
        {"bins-3", "targets"}, {"bins-0", "team"},
    };
    char long_name[202];
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_delegate_bins("team", "bins", 2, KEY_BINS) == SLW_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].name);
        /* ".." is a good name for a file, but with a version in front; it stays refused by none. */
        enum slw_status status = test_delegate(rows[i].delegator, rows[i].name, "x/*", KEY_TEAM);
        if (strcmp(rows[i].name, "..") == 0) {
            TAP_EQUAL_INT(status, SLW_OK);
        } else {
            TAP_EQUAL_INT(status,
                          strcmp(rows[i].delegator, "nobody") == 0 ? SLW_NOT_FOUND : SLW_BAD_NAME);
        }
    }
    memset(long_name, 'a', sizeof long_name);
    long_name[201] = '\0';
    TAP_EQUAL_INT(test_delegate("targets", long_name, "x/*", KEY_TEAM), SLW_BAD_NAME);
    TAP_EQUAL_INT(test_delegate("targets", long_name + 1, "x/*", KEY_TEAM), SLW_OK);
    TAP_ROW(NULL);
    test_close();
}

static void refuses_bins_that_would_be_called_as_others_are(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_delegate("targets", "hash-0f", "h/*", KEY_TEAM) == SLW_OK);
    TAP_EQUAL_INT(test_delegate_bins("team", "hash", 8, KEY_BINS), SLW_BAD_NAME);
    TAP_EQUAL_INT(test_delegate_bins("team", "hash", 3, KEY_BINS), SLW_OK);
    TAP_EQUAL_INT(test_delegate_bins("hash-0f", "hash", 12, KEY_BINS), SLW_BAD_NAME);
    TAP_EQUAL_INT(test_delegate_bins("team", "hash", 4, KEY_BINS), SLW_BAD_ARGUMENT);
    TAP_CHECK(test_said("another name"));
    TAP_EQUAL_INT(test_delegate_bins("hash-0f", "more", 17, KEY_BINS), SLW_BAD_ARGUMENT);
    test_close();
}

static void refuses_thresholds_that_cant_be_had(void)
{
    static const struct {
        int count;
        uint32_t threshold;
    } rows[] = {{0, 1}, {1, 0}, {1, 2}, {2, 3}, {0, 0}};
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct slw_bytes path = SLW_BYTES_OF("x/*");
        const struct slw_tuf_role_keys keys =
            test_role_keys(rows[i].threshold, rows[i].count, KEY_TEAM, KEY_TEAM_2);
        const struct slw_tuf_delegate delegate = {
            .name = SLW_BYTES_OF("x"), .signers = keys, .paths = &path, .paths_count = 1};
        TAP_EQUAL_INT(
            slw_tuf_writer_delegate(test.writer, SLW_BYTES_OF("targets"), &delegate, &test_detail),
            SLW_BAD_THRESHOLD);
        TAP_EQUAL_INT(slw_tuf_writer_rotate(test.writer, SLW_TUF_TIMESTAMP, &keys, &test_detail),
                      SLW_BAD_THRESHOLD);
    }
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    test_close();
}

static void refuses_paths_that_arent_delegated(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_EQUAL_INT(test_add("team", "other/x", "x"), SLW_BAD_ARGUMENT);
    TAP_CHECK(test_said("no client would find it"));
    TAP_EQUAL_INT(test_add("team", "team/a/b", "x"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_add("team", "team", "x"), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_add("team", "team/y", "x"), SLW_OK);
    /* What is gathered counts already. */
    TAP_EQUAL_INT(test_delegate("targets", "team", "other/?", KEY_TEAM), SLW_OK);
    TAP_EQUAL_INT(test_add("team", "other/x", "x"), SLW_OK);
    TAP_EQUAL_INT(test_add("team", "team/z", "x"), SLW_BAD_ARGUMENT);
    test_close();
}

static void revokes_what_is_delegated_and_nothing_else(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_EQUAL_INT(test_revoke("targets", "nobody"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_revoke("team", "team"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_revoke("nobody", "team"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_revoke("root", "team"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_revoke("targets", "team"), SLW_OK);
    TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_revoke("targets", "team"), SLW_NOT_FOUND);
    test_new_process();
    TAP_EQUAL_INT(test_add("team", "team/y", "y"), SLW_NOT_FOUND);
    test_close();
}

static void a_role_that_is_delegated_again_begins_empty_above_its_last_version(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_REQUIRE(test_add("team", "team/y", "y") == SLW_OK && test_publish() == SLW_OK);
    TAP_EQUAL_INT(published("team")->version, 2);
    TAP_REQUIRE(test_revoke("targets", "team") == SLW_OK);
    TAP_REQUIRE(test_sign_and_publish("targets", KEY_TARGETS) == SLW_OK);
    test_new_process();
    TAP_REQUIRE(test_delegate("targets", "team", "team/*", KEY_TEAM) == SLW_OK);
    TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(published("team")->version, 3);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("team")->model), 0);
    test_close();
}

static size_t bins_list(const char *role)
{
    struct slw_tuf_bins bins;
    size_t count = 0;
    if (!slw_tuf_bins_of(published(role), &bins)) {
        return SIZE_MAX;
    }
    for (uint32_t bin = 0; bin < (uint32_t)1 << bins.bit_length; bin++) {
        struct slw_tuf_edition *edition = NULL;
        if (slw_tuf_bins_fetch(test.writer, &bins, bin, &edition, &test_detail) != SLW_OK ||
            edition == NULL) {
            return SIZE_MAX;
        }
        count += slw_tuf_model_targets_count(edition->model);
        slw_tuf_edition_free(edition);
    }
    return count;
}

static void moves_what_is_listed_published_staged_or_gathered_into_bins(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_targets());
    TAP_REQUIRE(test_add("targets", "staged", "s") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_remove("targets", "two") == SLW_OK);
    TAP_REQUIRE(test_add("targets", "gathered", "g") == SLW_OK);
    TAP_EQUAL_INT(test_delegate_bins("targets", "bins", 3, KEY_BINS), SLW_OK);
    TAP_EQUAL_INT(test_add("targets", "later", "l"), SLW_OK);
    TAP_EQUAL_INT(test_sign_and_publish("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(slw_tuf_model_targets_count(published("targets")->model), 0);
    TAP_EQUAL_INT(bins_list("targets"), 4);
    TAP_EQUAL_INT(test_count("metadata/1.bins-"), 8);
    test_close();
}

static void removes_from_bins_what_they_list_and_nothing_else(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_EQUAL_INT(test_remove("targets", "nothing"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_remove("targets", "two"), SLW_OK);
    TAP_EQUAL_INT(test_remove("targets", "two"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_remove("targets", "two"), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_add("targets", "two", "again"), SLW_OK);
    TAP_EQUAL_INT(test_remove("targets", "two"), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(bins_list("targets"), 2);
    test_close();
}

static void an_unchanged_addition_makes_no_new_version(void)
{
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    struct slw_tuf_published before = test.published;
    TAP_EQUAL_INT(test_add("targets", "two", "2"), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.timestamp_version, before.timestamp_version);
    test_close();
    TAP_REQUIRE(test_open() && test_set_up_with_team());
    TAP_EQUAL_INT(test_add("team", "team/x", "x"), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_CHECK(test_told("team: nothing changes"));
    TAP_EQUAL_INT(test_delegate("targets", "team", "team/*", KEY_TEAM), SLW_OK);
    TAP_EQUAL_INT(test_rotate(SLW_TUF_SNAPSHOT, KEY_SNAPSHOT), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void a_refused_change_takes_all_that_was_gathered_with_it(void)
{
    const struct slw_tuf_delegate delegate = {.name = SLW_BYTES_OF("x"),
                                              .signers = test_role_keys(1, 1, KEY_TEAM)};
    TAP_REQUIRE(test_open() && test_set_up_with_bins());
    TAP_REQUIRE(test_add("targets", "six", "6") == SLW_OK);
    /* Bins and other delegations don't go together under one role. */
    TAP_EQUAL_INT(
        slw_tuf_writer_delegate(test.writer, SLW_BYTES_OF("targets"), &delegate, &test_detail),
        SLW_OK);
    TAP_CHECK(test_prepare() != SLW_OK);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(bins_list("targets"), 3);
    test_close();
}

/* A change says the same after it was a file. */
static void a_change_is_read_as_it_was_written(void)
{
    struct slw_tuf_draft *draft = NULL;
    struct slw_tuf_draft *again = NULL;
    struct slw_tuf_applied applied = {.base_version = 3, .version = 5, .expires_utc_s = 1893456000};
    struct slw_tuf_applied read = {0};
    struct slw_heap_buffer first = {0};
    struct slw_heap_buffer second = {0};
    const struct slw_bytes paths[] = {SLW_BYTES_OF("a/*"), SLW_BYTES_OF("b/?")};
    const struct slw_bytes role = SLW_BYTES_OF("team");
    const struct slw_tuf_artifact artifact = {
        .path = SLW_BYTES_OF("a/b"), .length = 7, .custom = SLW_BYTES_OF("{\"q\":\"\\\"\"}")};
    const struct slw_tuf_delegate delegate = {
        .name = SLW_BYTES_OF("x"),
        .signers = test_role_keys(2, 2, KEY_ROOT, KEY_TEAM),
        .paths = paths,
        .paths_count = 2,
        .terminating = true,
    };
    memset(applied.base_sha256, 0xb5, sizeof applied.base_sha256);
    memset(applied.signed_sha256, 0x5b, sizeof applied.signed_sha256);
    TAP_REQUIRE(slw_tuf_draft_new(SLW_TUF_TARGETS, &draft, &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_draft_add(draft, &artifact, &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_draft_remove(draft, SLW_BYTES_OF("c"), &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_draft_revoke(draft, SLW_BYTES_OF("y"), &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_draft_delegate(draft, &delegate, &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_draft_rotate(draft, SLW_TUF_ROOT, &delegate.signers, &test_detail) == SLW_OK);
    draft->signs_again = true;
    TAP_REQUIRE(slw_tuf_change_file_format(role, draft, &applied, &first, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_change_file_parse("x", slw_heap_bytes(&first), role, &again, &read,
                                          &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_change_file_format(role, again, &read, &second, &test_detail) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&first), slw_heap_bytes(&second)));
    TAP_EQUAL_INT(read.version, 5);
    TAP_EQUAL_INT(read.expires_utc_s, 1893456000);
    TAP_CHECK(slw_tuf_draft_find(again, SLW_BYTES_OF("c"))->removes);
    slw_tuf_draft_free(draft);
    slw_tuf_draft_free(again);
    slw_heap_free(&first);
    slw_heap_free(&second);
}

static void the_last_word_about_a_path_counts(void)
{
    struct slw_tuf_draft *draft = NULL;
    struct slw_tuf_draft_change change;
    struct slw_tuf_artifact artifact = {.path = SLW_BYTES_OF("b"), .length = 1};
    TAP_REQUIRE(slw_tuf_draft_new(SLW_TUF_TARGETS, &draft, &test_detail) == SLW_OK);
    for (uint32_t bits = 0; bits < 5; bits += 2) {
        for (uint64_t i = 1; i <= 3; i++) {
            artifact.length = i;
            TAP_CHECK(slw_tuf_draft_add(draft, &artifact, &test_detail) == SLW_OK);
        }
        TAP_CHECK(slw_tuf_draft_remove(draft, SLW_BYTES_OF("a"), &test_detail) == SLW_OK);
        TAP_CHECK(slw_tuf_draft_settle(draft, bits, &test_detail) == SLW_OK);
        TAP_EQUAL_INT(draft->entries_count, 2);
        TAP_CHECK(bits > 0 || (draft->entries[0].removes && draft->entries[1].length == 3));
    }
    TAP_CHECK(slw_tuf_draft_change(draft, NULL, 0, 2, &change, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(change.change.add_count, 1);
    TAP_EQUAL_INT(change.change.remove_count, 0); /* nothing is listed that could go */
    TAP_EQUAL_INT(change.add[0].length, 3);
    slw_tuf_draft_change_free(&change);
    slw_tuf_draft_free(draft);
}

int main(void)
{
    TAP_RUN(refuses_names_that_are_no_files_or_taken);
    TAP_RUN(refuses_bins_that_would_be_called_as_others_are);
    TAP_RUN(refuses_thresholds_that_cant_be_had);
    TAP_RUN(refuses_paths_that_arent_delegated);
    TAP_RUN(revokes_what_is_delegated_and_nothing_else);
    TAP_RUN(a_role_that_is_delegated_again_begins_empty_above_its_last_version);
    TAP_RUN(moves_what_is_listed_published_staged_or_gathered_into_bins);
    TAP_RUN(removes_from_bins_what_they_list_and_nothing_else);
    TAP_RUN(an_unchanged_addition_makes_no_new_version);
    TAP_RUN(a_refused_change_takes_all_that_was_gathered_with_it);
    TAP_RUN(a_change_is_read_as_it_was_written);
    TAP_RUN(the_last_word_about_a_path_counts);
    return tap_finish();
}
