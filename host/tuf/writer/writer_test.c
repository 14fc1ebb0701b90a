/* SPDX-License-Identifier: Apache-2.0 */
/* Making a repository, changing targets, signatures that are waited for: what the writer stages,
 * publishes and refuses. What clients see of it is in publish_test.c. */
#include "test_writer.h"

#include "tap.h"

static void begins_with_version_1(void)
{
    TAP_REQUIRE(test_open());
    TAP_EQUAL_INT(test_init(), SLW_OK);
    TAP_EQUAL_INT(test_count("metadata/"), 0);
    TAP_CHECK(test_has("staged/root.json") && test_has("staged/targets.json"));
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test_count("metadata/"), 4);
    TAP_CHECK(test_has("metadata/1.root.json") && test_has("metadata/1.targets.json"));
    TAP_CHECK(test_has("metadata/1.snapshot.json") && test_has("metadata/timestamp.json"));
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test.published.roles, 2);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_CHECK(test.published.metadata_bytes > 1000);
    test_close();
}

static void publishes_nothing_before_root_and_targets_are_signed(void)
{
    static const enum test_key wrong[] = {KEY_ROOT_2, KEY_TARGETS, KEY_SNAPSHOT};
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(test_init() == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 2);
    TAP_EQUAL_INT(test.published.roles, 0);
    for (size_t i = 0; i < 3; i++) {
        TAP_EQUAL_INT(test_sign("root", wrong[i]), SLW_BAD_KEY);
    }
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test_count("metadata/"), 0);
    TAP_EQUAL_INT(test.published.pending, 2);
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(test_count("metadata/"), 4);
    test_close();
}

static void isnt_made_twice(void)
{
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(test_init() == SLW_OK);
    TAP_EQUAL_INT(test_init(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("already"));
    TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK);
    TAP_EQUAL_INT(test_init(), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test_init(), SLW_WRONG_STATE);
    test_close();
}

static void isnt_opened_before_it_is_made(void)
{
    TAP_REQUIRE(test_open());
    TAP_EQUAL_INT(test_writer_open(), SLW_NOT_FOUND);
    TAP_CHECK(test_said("no repository"));
    test_close();
}

static void refuses_roles_that_cant_be_signed(void)
{
    struct slw_tuf_init init = {
        .roles = {[SLW_TUF_ROOT] = test_role_keys(2, 1, KEY_ROOT),
                  [SLW_TUF_TIMESTAMP] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_SNAPSHOT] = test_role_keys(1, 1, KEY_SNAPSHOT),
                  [SLW_TUF_TARGETS] = test_role_keys(1, 1, KEY_TARGETS)},
    };
    TAP_REQUIRE(test_open());
    TAP_EQUAL_INT(slw_tuf_writer_init(&test.options, &init, &test_detail), SLW_BAD_THRESHOLD);
    init.roles[SLW_TUF_ROOT] = test_role_keys(0, 1, KEY_ROOT);
    TAP_EQUAL_INT(slw_tuf_writer_init(&test.options, &init, &test_detail), SLW_BAD_THRESHOLD);
    init.roles[SLW_TUF_ROOT] = test_role_keys(2, 2, KEY_ROOT, KEY_ROOT);
    TAP_CHECK(slw_tuf_writer_init(&test.options, &init, &test_detail) != SLW_OK);
    init.roles[SLW_TUF_ROOT] = (struct slw_tuf_role_keys){NULL, 0, 1};
    TAP_CHECK(slw_tuf_writer_init(&test.options, &init, &test_detail) != SLW_OK);
    init.roles[SLW_TUF_ROOT] = test_role_keys(1, 1, KEY_ROOT);
    init.periods[SLW_TUF_ROOT] = (struct slw_tuf_period){100, 100};
    TAP_EQUAL_INT(slw_tuf_writer_init(&test.options, &init, &test_detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(test_count(""), 0);
    test_close();
}

static void stages_a_target_and_publishes_it_once_it_is_signed(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_EQUAL_INT(test_add("targets", "dir/file.bin", "content"), SLW_OK);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_count("targets/dir/"), 1);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_CHECK(test_has("staged/targets.json") && test_has("staged/changes/targets.json"));
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_EQUAL_INT(test.published.timestamp_version, 1);
    test_new_process();
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(test.published.timestamp_version, 2);
    TAP_CHECK(test_has("metadata/2.targets.json"));
    TAP_EQUAL_INT(test_count("staged/"), 0);
    test_close();
}

static void publishing_again_changes_nothing(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    size_t objects = test_count("");
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 0);
    TAP_EQUAL_INT(test.published.timestamp_version, 1);
    TAP_EQUAL_INT(test.published.metadata_bytes, 0);
    TAP_EQUAL_INT(test_count(""), objects);
    test_close();
}

static void joins_a_second_change_and_says_that_signatures_are_void(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK && test_prepare() == SLW_OK);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK);
    TAP_CHECK(!test_told("void"));
    test_new_process();
    TAP_REQUIRE(test_add("targets", "b", "2") == SLW_OK);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_CHECK(test_told("1 signatures that it had are void"));
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 1);
    TAP_REQUIRE(test_sign("targets", KEY_TARGETS) == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    const struct slw_tuf_model *model = slw_tuf_writer_targets(test.writer)->published->model;
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 2);
    TAP_EQUAL_INT(slw_tuf_model_version(model), 2);
    test_close();
}

static void removes_what_is_listed_and_nothing_else(void)
{
    const struct slw_bytes targets = SLW_BYTES_OF("targets");
    TAP_REQUIRE(test_open() && test_begin());
    TAP_EQUAL_INT(slw_tuf_writer_remove(test.writer, targets, SLW_BYTES_OF("a"), &test_detail),
                  SLW_NOT_FOUND);
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK && test_add("targets", "b", "1") == SLW_OK);
    TAP_REQUIRE(test_prepare() == SLW_OK && test_sign("targets", KEY_TARGETS) == SLW_OK);
    TAP_REQUIRE(test_publish() == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_remove(test.writer, targets, SLW_BYTES_OF("a"), &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_remove(test.writer, targets, SLW_BYTES_OF("a"), &test_detail),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_remove(test.writer, targets, SLW_BYTES_OF("a"), &test_detail),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    const struct slw_tuf_model *model = slw_tuf_writer_targets(test.writer)->published->model;
    TAP_EQUAL_INT(slw_tuf_model_targets_count(model), 1);
    test_close();
}

static void refuses_paths_that_clients_and_servers_would_differ_over(void)
{
    static const char *const paths[] = {
        "",    "/a",    "a/",  "a//b", ".",    "..",        "a/../b", "a/./b", "a%20b",
        "%",   "a?b",   "a#b", "a:b",  "a\\b", "a\nb",      "a\"b",   "a&b",   "a*b",
        "a;b", "a\x7f", "a|b", "a<b",  "a'b",  "a\xc3\xa4", "a(b",    "a!b",   "a$b",
    };
    char long_name[SLW_TUF_TARGET_PATH_MAX + 2];
    TAP_REQUIRE(test_open() && test_begin());
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        TAP_ROW(paths[i]);
        TAP_EQUAL_INT(test_add("targets", paths[i], "x"), SLW_BAD_NAME);
    }
    TAP_ROW(NULL);
    memset(long_name, 'n', sizeof long_name);
    long_name[191] = '\0';
    TAP_EQUAL_INT(test_add("targets", long_name, "x"), SLW_BAD_NAME);
    TAP_EQUAL_INT(test_add("targets", long_name + 1, "x"), SLW_OK);
    for (size_t i = 0; i < sizeof long_name - 1; i++) {
        long_name[i] = i % 100 == 99 ? '/' : 'n';
    }
    long_name[sizeof long_name - 1] = '\0';
    TAP_EQUAL_INT(test_add("targets", long_name, "x"), SLW_BAD_NAME);
    TAP_EQUAL_INT(test_add("targets", long_name + 1, "x"), SLW_OK);
    TAP_EQUAL_INT(test_count("targets/"), 2);
    TAP_EQUAL_INT(test_add("targets", ".well-known/a b/~x+1@y=z,w_v-u.t", "x"), SLW_OK);
    test_close();
}

static void refuses_artifacts_that_cant_be_listed(void)
{
    static const char *const customs[] = {
        "[]",          "1",    "{",  "{ }", "{\"b\":1,\"a\":2}", "{\"a\":1,\"a\":1}",
        "{\"a\":1.5}", "null", "{}x"};
    struct slw_tuf_artifact artifact = {.path = SLW_BYTES_OF("a")};
    TAP_REQUIRE(test_open() && test_begin());
    for (size_t i = 0; i < sizeof customs / sizeof customs[0]; i++) {
        TAP_ROW(customs[i]);
        artifact.custom = test_bytes(customs[i]);
        TAP_CHECK(slw_tuf_writer_add(test.writer, SLW_BYTES_OF("targets"), &artifact,
                                     &test_detail) != SLW_OK);
    }
    TAP_ROW(NULL);
    artifact.custom = test_bytes("{\"a\":{\"b\":[1]}}");
    TAP_EQUAL_INT(slw_tuf_writer_add(test.writer, SLW_BYTES_OF("targets"), &artifact, &test_detail),
                  SLW_OK);
    artifact.length = (uint64_t)SLW_TUF_NUMBER_MAX + 1;
    TAP_EQUAL_INT(slw_tuf_writer_add(test.writer, SLW_BYTES_OF("targets"), &artifact, &test_detail),
                  SLW_TOO_LARGE);
    artifact.length = 0;
    static const char *const roles[] = {"root", "snapshot", "timestamp", "team", "", "tar gets"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        TAP_ROW(roles[i]);
        TAP_CHECK(slw_tuf_writer_add(test.writer, test_bytes(roles[i]), &artifact, &test_detail) !=
                  SLW_OK);
    }
    test_close();
}

static void gathers_signatures_of_several_people(void)
{
    const struct slw_tuf_init init = {
        .roles = {[SLW_TUF_ROOT] = test_role_keys(2, 2, KEY_ROOT, KEY_ROOT_2),
                  [SLW_TUF_TIMESTAMP] = test_role_keys(1, 1, KEY_TIMESTAMP),
                  [SLW_TUF_SNAPSHOT] = test_role_keys(1, 1, KEY_SNAPSHOT),
                  [SLW_TUF_TARGETS] = test_role_keys(2, 3, KEY_TARGETS, KEY_TARGETS_2, KEY_TEAM)},
    };
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(slw_tuf_writer_init(&test.options, &init, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TEAM), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 2);
    test_new_process();
    TAP_EQUAL_INT(test_sign("root", KEY_ROOT_2), SLW_OK);
    test_new_process();
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    TAP_EQUAL_INT(slw_tuf_writer_root(test.writer)->published->signatures_count, 2);
    TAP_EQUAL_INT(slw_tuf_writer_targets(test.writer)->published->signatures_count, 2);
    test_close();
}

static void takes_a_signature_that_was_made_elsewhere(void)
{
    struct slw_heap_buffer file = {0};
    struct slw_heap_buffer hex = {0};
    struct slw_tuf_file parsed;
    struct slw_tuf_signature signature;
    TAP_REQUIRE(test_open());
    TAP_REQUIRE(test_init() == SLW_OK && test_writer_open() == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_staged(test.writer, SLW_BYTES_OF("team"), &file, &test_detail),
                  SLW_NOT_FOUND);
    TAP_EQUAL_INT(slw_tuf_writer_staged(test.writer, SLW_BYTES_OF("targets"), &file, &test_detail),
                  SLW_OK);
    TAP_REQUIRE(slw_tuf_file_parse("staged", &file, 10000, SLW_TUF_TARGETS, &parsed,
                                   &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_sign(test_private_key(KEY_TARGETS), parsed.canonical, &hex, &test_detail) ==
                SLW_OK);
    signature.sig_hex = slw_heap_bytes(&hex);
    const struct slw_public_key *key = slw_private_key_public(test_private_key(KEY_TARGETS));
    TAP_REQUIRE(slw_tuf_public_key_id(key, signature.key_id) == SLW_OK);
    TAP_EQUAL_INT(
        slw_tuf_writer_add_signature(test.writer, SLW_BYTES_OF("root"), &signature, &test_detail),
        SLW_BAD_KEY);
    hex.ptr[20] = hex.ptr[20] == '0' ? '1' : '0';
    TAP_EQUAL_INT(slw_tuf_writer_add_signature(test.writer, SLW_BYTES_OF("targets"), &signature,
                                               &test_detail),
                  SLW_BAD_SIGNATURE);
    hex.len = 0;
    (void)slw_tuf_sign(test_private_key(KEY_TARGETS), parsed.canonical, &hex, &test_detail);
    TAP_EQUAL_INT(slw_tuf_writer_add_signature(test.writer, SLW_BYTES_OF("targets"), &signature,
                                               &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_add_signature(test.writer, SLW_BYTES_OF("snapshot"), &signature,
                                               &test_detail),
                  SLW_NOT_FOUND);
    TAP_REQUIRE(test_sign("root", KEY_ROOT) == SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    slw_heap_free(&hex);
    slw_tuf_file_free(&parsed);
    test_close();
}

static void discards_what_is_staged(void)
{
    TAP_REQUIRE(test_open() && test_begin());
    TAP_EQUAL_INT(slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail),
                  SLW_NOT_FOUND);
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK && test_prepare() == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_writer_discard(test.writer, SLW_BYTES_OF("targets"), &test_detail),
                  SLW_OK);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_NOT_FOUND);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.pending, 0);
    test_close();
}

static void names_who_holds_the_lease(void)
{
    const struct slw_lease *lease = NULL;
    uint64_t token = 0;
    TAP_REQUIRE(test_open() && test_begin());
    lease = test.options.lease;
    TAP_REQUIRE(test_add("targets", "a", "1") == SLW_OK);
    TAP_REQUIRE(lease->acquire(lease->context, "somebody else", 60, &token, &test_detail) ==
                SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_WRONG_STATE);
    TAP_CHECK(test_said("somebody else"));
    TAP_EQUAL_INT(test_prepare(), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count("staged/"), 0);
    slw_memory_storage_set_clock(test.memory, test.now_utc_s + 60);
    TAP_EQUAL_INT(test_prepare(), SLW_OK);
    TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
    TAP_EQUAL_INT(test_publish(), SLW_OK);
    TAP_EQUAL_INT(test.published.roles, 1);
    test_close();
}

int main(void)
{
    TAP_RUN(begins_with_version_1);
    TAP_RUN(publishes_nothing_before_root_and_targets_are_signed);
    TAP_RUN(isnt_made_twice);
    TAP_RUN(isnt_opened_before_it_is_made);
    TAP_RUN(refuses_roles_that_cant_be_signed);
    TAP_RUN(stages_a_target_and_publishes_it_once_it_is_signed);
    TAP_RUN(publishing_again_changes_nothing);
    TAP_RUN(joins_a_second_change_and_says_that_signatures_are_void);
    TAP_RUN(removes_what_is_listed_and_nothing_else);
    TAP_RUN(refuses_paths_that_clients_and_servers_would_differ_over);
    TAP_RUN(refuses_artifacts_that_cant_be_listed);
    TAP_RUN(gathers_signatures_of_several_people);
    TAP_RUN(takes_a_signature_that_was_made_elsewhere);
    TAP_RUN(discards_what_is_staged);
    TAP_RUN(names_who_holds_the_lease);
    return tap_finish();
}
