/* SPDX-License-Identifier: Apache-2.0 */
/* The refresh where more than one mirror, other limits than the usual ones, or no network matter.
 */
#include "test_client.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct test_repository repository;

static enum slw_status refresh_with(const struct slw_tuf_client_options *options)
{
    struct slw_tuf_client *client = NULL;
    SLW_TRY(slw_tuf_client_open(options, &client, &test_detail));
    enum slw_status status = slw_tuf_client_refresh(client, &test_detail);
    slw_tuf_client_free(client);
    return status;
}

static struct slw_tuf_client_options options(void)
{
    return (struct slw_tuf_client_options){.metadata_directory = TEST_STATE,
                                           .fetch = &repository.port};
}

static bool requests_are(const char *expected)
{
    const char *actual = test_take_requests(&repository);
    if (strcmp(actual, expected) == 0) {
        return true;
    }
    (void)printf("# requests: %s\n", actual);
    return false;
}

static void a_refresh_asks_one_mirror_and_again_only_what_may_be_new(void)
{
    test_start(&repository, 2);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(requests_are("0:2.root.json 0:timestamp.json 0:1.snapshot.json 0:1.targets.json"));
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(requests_are("0:2.root.json 0:timestamp.json"));
    test_repository_free(&repository);
}

static void a_mirror_that_serves_one_bad_file_is_passed_over_from_there(void)
{
    test_start(&repository, 2);
    test_fault(&repository, 0, "snapshot.json", TEST_CORRUPT, 0);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(requests_are("0:2.root.json 0:timestamp.json 0:1.snapshot.json 1:1.snapshot.json "
                           "1:1.targets.json"));
    TAP_CHECK(test_is_current(&repository, "snapshot"));
    test_repository_free(&repository);
}

static void what_all_mirrors_forge_is_refused_with_its_reason(void)
{
    test_start(&repository, 2);
    test_fault(&repository, 0, "targets.json", TEST_UNAVAILABLE, 0);
    test_fault(&repository, 1, "targets.json", TEST_CORRUPT, 0);
    enum slw_status status = test_refresh(&repository, NULL);
    TAP_CHECK(slw_status_is_refusal(status));
    TAP_CHECK(!test_exists(TEST_STATE "/targets.json"));
    TAP_CHECK(test_is_current(&repository, "snapshot"));
    test_repository_free(&repository);
}

/* The mirror that is asked first has neither the new root nor anything that the new keys signed. */
static void a_mirror_cannot_withhold_a_new_root_for_ever(void)
{
    test_start(&repository, 2);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    test_rotate(&repository, "timestamp");
    test_publish(&repository, "root");
    test_publish_all(&repository);
    test_fault(&repository, 0, "2.root.json", TEST_ABSENT, 0);
    test_fault(&repository, 0, "timestamp.json", TEST_ABSENT, 0);
    (void)test_take_requests(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(requests_are("0:2.root.json 0:timestamp.json 1:timestamp.json 0:2.root.json "
                           "1:2.root.json 1:3.root.json 0:3.root.json 1:timestamp.json "
                           "1:2.snapshot.json 1:2.targets.json"));
    TAP_CHECK(test_is_current(&repository, "root") && test_is_current(&repository, "targets"));
    test_repository_free(&repository);
}

static void a_failure_that_no_new_root_explains_stays_what_it_was(void)
{
    test_start(&repository, 2);
    test_role(&repository, "timestamp")->expires = TEST_LONG_AGO;
    test_publish(&repository, "timestamp");
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_EXPIRED);
    TAP_CHECK(test_said("timestamp.json: version 2 expired at 2001-01-01T00:00:00Z"));
    test_repository_free(&repository);
}

static void one_mirror_with_a_forged_root_does_not_end_the_refresh(void)
{
    test_start(&repository, 2);
    test_rotate(&repository, "timestamp");
    test_publish(&repository, "root");
    test_publish_all(&repository);
    test_fault(&repository, 0, "2.root.json", TEST_CORRUPT, 0);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_CHECK(test_is_current(&repository, "root"));
    test_repository_free(&repository);
}

static void a_root_that_cannot_be_had_is_no_end_of_the_chain(void)
{
    test_start(&repository, 1);
    test_fault(&repository, 0, "2.root.json", TEST_UNAVAILABLE, 0);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_UNAVAILABLE);
    TAP_CHECK(requests_are("0:2.root.json"));
    test_repository_free(&repository);
}

static void as_many_roots_as_allowed_are_followed_in_a_refresh(void)
{
    struct slw_tuf_client_options few = {0};
    test_start(&repository, 1);
    for (int i = 0; i < 5; i++) {
        test_publish(&repository, "root");
    }
    few = options();
    few.limits.root_rotations = 2;
    TAP_EQUAL_INT(refresh_with(&few), SLW_OK);
    TAP_CHECK(requests_are("0:2.root.json 0:3.root.json 0:timestamp.json 0:1.snapshot.json "
                           "0:1.targets.json"));
    TAP_EQUAL_INT(refresh_with(&few), SLW_OK);
    TAP_CHECK(requests_are("0:4.root.json 0:5.root.json 0:timestamp.json"));
    TAP_EQUAL_INT(refresh_with(&few), SLW_OK);
    TAP_CHECK(requests_are("0:6.root.json 0:7.root.json 0:timestamp.json"));
    TAP_CHECK(test_is_current(&repository, "root"));
    test_repository_free(&repository);
}

static void each_kind_of_metadata_has_its_limit(void)
{
    static const struct {
        const char *file;
        size_t offset;
    } rows[] = {
        {"2.root.json", offsetof(struct slw_tuf_limits, root_bytes)},
        {"timestamp.json", offsetof(struct slw_tuf_limits, timestamp_bytes)},
        {"1.snapshot.json", offsetof(struct slw_tuf_limits, snapshot_bytes)},
        {"1.targets.json", offsetof(struct slw_tuf_limits, targets_bytes)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].file);
        test_start(&repository, 1);
        test_publish(&repository, "root");
        uint32_t size = (uint32_t)test_file(&repository, rows[i].file)->bytes.len;
        struct slw_tuf_client_options small = options();
        uint32_t limit = size - 1;
        memcpy((uint8_t *)&small.limits + rows[i].offset, &limit, sizeof limit);
        TAP_EQUAL_INT(refresh_with(&small), SLW_TOO_LARGE);
        memcpy((uint8_t *)&small.limits + rows[i].offset, &size, sizeof size);
        TAP_EQUAL_INT(refresh_with(&small), SLW_OK);
        test_repository_free(&repository);
    }
}

static void a_length_that_metadata_give_is_the_limit_instead(void)
{
    test_start(&repository, 1);
    repository.with_hashes = true;
    test_publish_all(&repository);
    struct slw_tuf_client_options small = options();
    small.limits.snapshot_bytes = 100;
    small.limits.targets_bytes = 100;
    TAP_CHECK(test_file(&repository, "2.snapshot.json")->bytes.len > 100);
    TAP_CHECK(test_file(&repository, "2.targets.json")->bytes.len > 100);
    TAP_EQUAL_INT(refresh_with(&small), SLW_OK);
    test_publish_all(&repository);
    test_fault(&repository, 0, "3.snapshot.json", TEST_LONGER, 1);
    TAP_EQUAL_INT(refresh_with(&small), SLW_TOO_LARGE);
    test_repository_free(&repository);
}

/* An online key signs lengths; it doesn't sign how much memory a client has. */
static void but_not_more_than_so_many_times_the_limit(void)
{
    static const struct {
        const char *file;
        size_t offset;
    } rows[] = {
        {"2.snapshot.json", offsetof(struct slw_tuf_limits, snapshot_bytes)},
        {"2.targets.json", offsetof(struct slw_tuf_limits, targets_bytes)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].file);
        test_start(&repository, 1);
        repository.with_hashes = true;
        test_publish_all(&repository);
        size_t size = test_file(&repository, rows[i].file)->bytes.len;
        struct slw_tuf_client_options small = options();
        uint32_t limit = (uint32_t)((size - 1) / SLW_TUF_SIGNED_LENGTH_FACTOR);
        memcpy((uint8_t *)&small.limits + rows[i].offset, &limit, sizeof limit);
        TAP_EQUAL_INT(refresh_with(&small), SLW_TOO_LARGE);
        TAP_CHECK(test_said("its length is said to be"));
        TAP_CHECK(strstr(test_take_requests(&repository), rows[i].file) == NULL);
        limit++;
        memcpy((uint8_t *)&small.limits + rows[i].offset, &limit, sizeof limit);
        TAP_EQUAL_INT(refresh_with(&small), SLW_OK);
        test_repository_free(&repository);
    }
}

/* A stored snapshot that is larger than a limit of today still forbids rollback. */
static void a_lowered_limit_does_not_lift_the_protection_from_rollback(void)
{
    test_start(&repository, 1);
    test_role(&repository, "targets")->version = 5;
    test_publish_all(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    test_role(&repository, "targets")->version = 1;
    repository.with_hashes = true;
    test_publish_all(&repository);
    struct slw_tuf_client_options small = options();
    small.limits.snapshot_bytes = 100;
    TAP_EQUAL_INT(refresh_with(&small), SLW_ROLLBACK);
    test_repository_free(&repository);
}

static void without_network_the_directory_must_do(void)
{
    struct slw_tuf_client_options offline = {.metadata_directory = TEST_STATE};
    test_start(&repository, 1);
    TAP_EQUAL_INT(refresh_with(&offline), SLW_UNAVAILABLE);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_EQUAL_INT(refresh_with(&offline), SLW_OK);
    static const char *const files[] = {"timestamp.json", "snapshot.json", "targets.json"};
    char path[64];
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        TAP_ROW(files[i]);
        TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
        (void)snprintf(path, sizeof path, TEST_STATE "/%s", files[i]);
        test_remove(path);
        TAP_EQUAL_INT(refresh_with(&offline), SLW_UNAVAILABLE);
        test_write(path, "{}");
        TAP_CHECK(refresh_with(&offline) != SLW_OK);
    }
    test_repository_free(&repository);
}

static char told[256];

static void on_expiry(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                      const char *text)
{
    size_t len = strlen(told);
    (void)context;
    (void)number;
    if (event == SLW_TUF_EVENT_EXPIRED) {
        (void)snprintf(told + len, sizeof told - len, "%s %s;", name, text);
    }
}

/* Media that were good when they were written. */
static void what_expired_is_told_and_used_only_when_somebody_decided_so(void)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    const struct slw_tuf_observer observer = {.event = on_expiry};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        char expected[128];
        TAP_ROW(roles[i]);
        test_start(&repository, 1);
        test_role(&repository, roles[i])->expires = TEST_LONG_AGO;
        test_publish(&repository, "root");
        test_publish_all(&repository);
        struct slw_tuf_client_options media = options();
        media.observer = &observer;
        told[0] = '\0';
        TAP_EQUAL_INT(refresh_with(&media), SLW_EXPIRED);
        TAP_CHECK(told[0] == '\0');
        media.expiry = SLW_TUF_EXPIRY_TOLD;
        TAP_EQUAL_INT(refresh_with(&media), SLW_OK);
        (void)snprintf(expected, sizeof expected, "%s.json 2001-01-01T00:00:00Z;", roles[i]);
        TAP_CHECK(strcmp(told, expected) == 0);
        media.fetch = NULL;
        TAP_EQUAL_INT(refresh_with(&media), SLW_OK);
        media.expiry = SLW_TUF_EXPIRY_ENFORCED;
        TAP_EQUAL_INT(refresh_with(&media), SLW_EXPIRED);
        test_repository_free(&repository);
    }
}

static void telling_of_expiry_forgives_nothing_else(void)
{
    test_start(&repository, 1);
    test_publish_all(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    struct slw_tuf_client_options media = options();
    media.expiry = SLW_TUF_EXPIRY_TOLD;
    test_role(&repository, "timestamp")->version = 0;
    test_role(&repository, "timestamp")->expires = TEST_LONG_AGO;
    test_publish(&repository, "timestamp");
    TAP_EQUAL_INT(refresh_with(&media), SLW_ROLLBACK);
    test_repository_free(&repository);
}

static void nothing_is_found_before_a_refresh_or_after_one_that_failed(void)
{
    struct slw_tuf_client *client = NULL;
    struct slw_tuf_target target;
    struct slw_tuf_common common;
    struct slw_heap_buffer path = {0};
    test_start(&repository, 1);
    test_add_target(&repository, "targets", "app", "release 1");
    test_publish_all(&repository);
    struct slw_tuf_client_options usual = options();
    TAP_REQUIRE(slw_tuf_client_open(&usual, &client, &test_detail) == SLW_OK);
    TAP_CHECK(slw_tuf_client_trusted(client, SLW_TUF_ROOT, &common) && common.version == 1);
    TAP_CHECK(!slw_tuf_client_trusted(client, SLW_TUF_TARGETS, &common));
    TAP_EQUAL_INT(slw_tuf_client_find(client, SLW_BYTES_OF("app"), &target, &test_detail),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_tuf_client_refresh(client, &test_detail), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_client_find(client, SLW_BYTES_OF("app"), &target, &test_detail), SLW_OK);
    TAP_CHECK(slw_tuf_client_trusted(client, SLW_TUF_TARGETS, &common) && common.version == 2);
    test_role(&repository, "timestamp")->version = 0;
    test_publish(&repository, "timestamp");
    TAP_EQUAL_INT(slw_tuf_client_refresh(client, &test_detail), SLW_ROLLBACK);
    TAP_EQUAL_INT(slw_tuf_client_find(client, SLW_BYTES_OF("app"), &target, &test_detail),
                  SLW_WRONG_STATE);
    TAP_EQUAL_INT(slw_tuf_client_download(client, &target, TEST_DOWNLOADS, &path, &test_detail),
                  SLW_WRONG_STATE);
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

/* Another program brought the root further while this one was open. */
static void a_client_goes_on_from_the_root_that_is_there_now(void)
{
    struct slw_tuf_client *client = NULL;
    struct slw_tuf_common common;
    test_start(&repository, 1);
    struct slw_tuf_client_options usual = options();
    TAP_REQUIRE(slw_tuf_client_open(&usual, &client, &test_detail) == SLW_OK);
    test_publish(&repository, "root");
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    (void)test_take_requests(&repository);
    TAP_EQUAL_INT(slw_tuf_client_refresh(client, &test_detail), SLW_OK);
    TAP_CHECK(requests_are("0:3.root.json 0:timestamp.json"));
    TAP_CHECK(slw_tuf_client_trusted(client, SLW_TUF_ROOT, &common) && common.version == 2);
    test_remove(TEST_STATE "/root.json");
    TAP_EQUAL_INT(slw_tuf_client_refresh(client, &test_detail), SLW_NO_TRUSTED_ROOT);
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

/* What was learnt since, versions that mustn't go back for one, isn't undone by the root that is
 * given at every start. */
static void beginning_again_with_an_old_root_changes_nothing(void)
{
    struct slw_heap_buffer first = {0};
    test_start(&repository, 1);
    slw_heap_append(&first, slw_heap_bytes(&test_file(&repository, "1.root.json")->bytes));
    test_remove(TEST_STATE "/root.json");
    TAP_EQUAL_INT(slw_tuf_client_trust_first(TEST_STATE, "root", SLW_BYTES_OF("{}"),
                                             SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_MALFORMED);
    TAP_CHECK(!test_exists(TEST_STATE "/root.json"));
    TAP_EQUAL_INT(slw_tuf_client_trust_first(TEST_STATE, "root", slw_heap_bytes(&first),
                                             SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_OK);
    test_publish(&repository, "root");
    test_publish_all(&repository);
    TAP_EQUAL_INT(test_refresh(&repository, NULL), SLW_OK);
    TAP_EQUAL_INT(slw_tuf_client_trust_first(TEST_STATE, "root", slw_heap_bytes(&first),
                                             SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_OK);
    TAP_CHECK(test_is_current(&repository, "root") && test_is_current(&repository, "timestamp") &&
              test_is_current(&repository, "snapshot"));
    TAP_EQUAL_INT(slw_tuf_client_trust(TEST_STATE, "root", slw_heap_bytes(&first),
                                       SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_OK);
    TAP_CHECK(!test_is_current(&repository, "root") && !test_exists(TEST_STATE "/timestamp.json"));
    slw_heap_free(&first);
    test_repository_free(&repository);
}

static void only_a_root_that_stands_for_itself_is_trusted(void)
{
    test_start(&repository, 1);
    struct slw_bytes root = slw_heap_bytes(&test_file(&repository, "1.root.json")->bytes);
    struct slw_bytes other = slw_heap_bytes(&test_file(&repository, "1.targets.json")->bytes);
    test_write(TEST_STATE "/timestamp.json", "kept");
    TAP_EQUAL_INT(
        slw_tuf_client_trust(TEST_STATE, "root", other, SLW_TUF_KEY_IDS_CHECKED, &test_detail),
        SLW_WRONG_ROLE);
    TAP_EQUAL_INT(slw_tuf_client_trust(TEST_STATE, "root", SLW_BYTES_OF("{}"),
                                       SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_MALFORMED);
    struct slw_heap_buffer forged = {0};
    slw_heap_append(&forged, root);
    uint8_t *version = (uint8_t *)strstr(slw_heap_text(&forged), "\"version\":1") + 10;
    *version = '2';
    TAP_EQUAL_INT(slw_tuf_client_trust(TEST_STATE, "root", slw_heap_bytes(&forged),
                                       SLW_TUF_KEY_IDS_CHECKED, &test_detail),
                  SLW_ROOT_SELF_UNSIGNED);
    slw_heap_free(&forged);
    TAP_CHECK(test_holds(TEST_STATE "/timestamp.json", SLW_BYTES_OF("kept")));
    TAP_CHECK(test_holds(TEST_STATE "/root.json", root));
    TAP_EQUAL_INT(
        slw_tuf_client_trust(TEST_STATE, "root", root, SLW_TUF_KEY_IDS_CHECKED, &test_detail),
        SLW_OK);
    TAP_CHECK(!test_exists(TEST_STATE "/timestamp.json"));
    test_repository_free(&repository);
}

static void a_port_has_one_to_sixteen_mirrors(void)
{
    struct slw_tuf_client *client = NULL;
    test_start(&repository, 1);
    struct slw_tuf_client_options usual = options();
    repository.port.mirrors = 0;
    TAP_EQUAL_INT(slw_tuf_client_open(&usual, &client, &test_detail), SLW_BAD_ARGUMENT);
    repository.port.mirrors = SLW_FETCH_MIRRORS_MAX + 1;
    TAP_EQUAL_INT(slw_tuf_client_open(&usual, &client, &test_detail), SLW_BAD_ARGUMENT);
    TAP_CHECK(client == NULL);
    test_repository_free(&repository);
}

int main(void)
{
    test_begin();
    TAP_RUN(a_refresh_asks_one_mirror_and_again_only_what_may_be_new);
    TAP_RUN(a_mirror_that_serves_one_bad_file_is_passed_over_from_there);
    TAP_RUN(what_all_mirrors_forge_is_refused_with_its_reason);
    TAP_RUN(a_mirror_cannot_withhold_a_new_root_for_ever);
    TAP_RUN(a_failure_that_no_new_root_explains_stays_what_it_was);
    TAP_RUN(one_mirror_with_a_forged_root_does_not_end_the_refresh);
    TAP_RUN(a_root_that_cannot_be_had_is_no_end_of_the_chain);
    TAP_RUN(as_many_roots_as_allowed_are_followed_in_a_refresh);
    TAP_RUN(each_kind_of_metadata_has_its_limit);
    TAP_RUN(a_length_that_metadata_give_is_the_limit_instead);
    TAP_RUN(but_not_more_than_so_many_times_the_limit);
    TAP_RUN(a_lowered_limit_does_not_lift_the_protection_from_rollback);
    TAP_RUN(without_network_the_directory_must_do);
    TAP_RUN(what_expired_is_told_and_used_only_when_somebody_decided_so);
    TAP_RUN(telling_of_expiry_forgives_nothing_else);
    TAP_RUN(nothing_is_found_before_a_refresh_or_after_one_that_failed);
    TAP_RUN(a_client_goes_on_from_the_root_that_is_there_now);
    TAP_RUN(beginning_again_with_an_old_root_changes_nothing);
    TAP_RUN(only_a_root_that_stands_for_itself_is_trusted);
    TAP_RUN(a_port_has_one_to_sixteen_mirrors);
    test_end();
    return tap_finish();
}
