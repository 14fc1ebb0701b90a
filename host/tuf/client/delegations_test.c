/* SPDX-License-Identifier: Apache-2.0 */
/* Finding and listing: who wins, how far the search goes, and that both say the same. */
#include "test_client.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>

static struct test_repository repository;

/* A client that is refreshed; the case has failed when there is none. */
static struct slw_tuf_client *open_client(void)
{
    enum slw_status status = SLW_OK;
    struct slw_tuf_client *client = test_open(&repository, &status);
    TAP_EQUAL_INT(status, SLW_OK);
    (void)test_take_requests(&repository);
    return client;
}

static enum slw_status find(struct slw_tuf_client *client, const char *path)
{
    struct slw_tuf_target target;
    return slw_tuf_client_find(client, slw_bytes_make(path, strlen(path)), &target, &test_detail);
}

static bool found_in(const struct slw_tuf_client *client, const char *role)
{
    return slw_bytes_equal(slw_tuf_client_found_in(client), slw_bytes_make(role, strlen(role)));
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

static char listed[4096];
static int listed_at_most;

static enum slw_status on_target(void *context, struct slw_bytes role,
                                 const struct slw_tuf_target *target)
{
    size_t len = strlen(listed);
    (void)context;
    (void)snprintf(listed + len, sizeof listed - len, "%s%.*s:%.*s=%u", len == 0 ? "" : " ",
                   (int)role.len, (const char *)role.ptr, (int)target->path.len,
                   (const char *)target->path.ptr, (unsigned)target->length);
    return --listed_at_most == 0 ? SLW_CONSENT_REFUSED : SLW_OK;
}

static enum slw_status list(struct slw_tuf_client *client, const char *role, const char *pattern)
{
    listed[0] = '\0';
    listed_at_most = 1000;
    return slw_tuf_client_list(client, role, pattern, on_target, NULL, &test_detail);
}

static bool listed_are(const char *expected)
{
    if (strcmp(listed, expected) == 0) {
        return true;
    }
    (void)printf("# listed: %s\n", listed);
    return false;
}

/*
 * targets has app. A is trusted for what is in directory a, C for directory c and ends the search
 * there, B for all directories, and D by B for directory d.
 */
static void plant(void)
{
    test_start(&repository, 1);
    test_add_target(&repository, "targets", "app", "1");
    test_delegate(&repository, "targets", "A", "a/*", false);
    test_delegate(&repository, "targets", "C", "c/*", true);
    test_delegate(&repository, "targets", "B", "*/*", false);
    test_delegate(&repository, "B", "D", "d/*", false);
    test_add_target(&repository, "A", "a/one", "22");
    test_add_target(&repository, "A", "app", "not A's to say");
    test_add_target(&repository, "C", "c/one", "333");
    test_add_target(&repository, "B", "a/one", "4444");
    test_add_target(&repository, "B", "a/two", "55555");
    test_add_target(&repository, "B", "c/two", "666666");
    test_add_target(&repository, "D", "d/one", "7777777");
    test_publish_all(&repository);
}

static void the_search_ends_with_the_first_that_is_trusted_for_it(void)
{
    static const struct {
        const char *path;
        const char *role; /* NULL: not found */
    } rows[] = {{"app", "targets"}, {"a/one", "A"},  {"a/two", "B"},  {"c/one", "C"},
                {"c/two", NULL},    {"d/one", "D"},  {"d/two", NULL}, {"e", NULL},
                {"A/one", NULL},    {"a/one/", NULL}};
    plant();
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_CHECK(found_in(client, ""));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].path);
        TAP_EQUAL_INT(find(client, rows[i].path), rows[i].role == NULL ? SLW_NOT_FOUND : SLW_OK);
        TAP_CHECK(rows[i].role == NULL || found_in(client, rows[i].role));
    }
    TAP_ROW(NULL);
    /* Each role once, whatever was looked for. */
    TAP_CHECK(requests_are("0:1.A.json 0:1.B.json 0:1.C.json 0:1.D.json"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void the_list_has_what_would_be_found_and_from_where(void)
{
    plant();
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    TAP_CHECK(listed_are("targets:app=1 A:a/one=2 C:c/one=3 B:a/two=5 D:d/one=7"));
    TAP_CHECK(requests_are("0:1.A.json 0:1.C.json 0:1.B.json 0:1.D.json"));
    TAP_EQUAL_INT(list(client, NULL, "a/*"), SLW_OK);
    TAP_CHECK(listed_are("A:a/one=2 B:a/two=5"));
    TAP_EQUAL_INT(list(client, "B", NULL), SLW_OK);
    TAP_CHECK(listed_are("B:a/two=5"));
    TAP_EQUAL_INT(list(client, "none", NULL), SLW_OK);
    TAP_CHECK(listed_are(""));
    listed[0] = '\0';
    listed_at_most = 2;
    TAP_EQUAL_INT(slw_tuf_client_list(client, NULL, NULL, on_target, NULL, &test_detail),
                  SLW_CONSENT_REFUSED);
    TAP_CHECK(listed_are("targets:app=1 A:a/one=2"));
    TAP_CHECK(requests_are(""));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void listing_one_role_asks_for_no_more_than_leads_there(void)
{
    plant();
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(list(client, "targets", NULL), SLW_OK);
    TAP_CHECK(listed_are("targets:app=1"));
    TAP_CHECK(requests_are(""));
    TAP_EQUAL_INT(list(client, "A", NULL), SLW_OK);
    TAP_CHECK(requests_are("0:1.A.json"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void bins_are_listed_one_by_one(void)
{
    test_start(&repository, 1);
    test_delegate_to_bins(&repository, "targets", "bin", 2);
    for (int i = 0; i < 4; i++) {
        char bin[16];
        (void)snprintf(bin, sizeof bin, "bin-%d", i);
        test_add_target(&repository, bin, "a", "1");
        test_add_target(&repository, bin, "b", "1");
        test_add_target(&repository, bin, "c", "1");
    }
    test_publish_all(&repository);
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    /* SHA-256 of a, b and c begin with ca, 3e and 2e. */
    TAP_CHECK(listed_are("bin-0:b=1 bin-0:c=1 bin-3:a=1"));
    TAP_EQUAL_INT(repository.requests_count, 4);
    TAP_EQUAL_INT(find(client, "a"), SLW_OK);
    TAP_CHECK(found_in(client, "bin-3"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

/* 2 to the 32 bins, of which the snapshot names none, end within the limit. */
static void more_roles_than_are_listed_at_most_are_refused(void)
{
    test_start(&repository, 1);
    struct test_role *targets = test_role(&repository, "targets");
    test_delegate(&repository, "targets", "A", "*", false);
    slw_heap_append_text(&targets->bins, "\"succinct_roles\":{\"threshold\":1,\"keyids\":[],"
                                         "\"bit_length\":32,\"name_prefix\":\"bin\"}");
    test_publish_all(&repository);
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_TOO_LARGE);
    TAP_CHECK(requests_are(""));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void a_role_that_nobody_has_signed_ends_a_search_and_not_the_list(void)
{
    test_start(&repository, 1);
    test_delegate(&repository, "targets", "A", "a*", false)->is_omitted = true;
    test_delegate(&repository, "targets", "B", "*", false);
    test_add_target(&repository, "B", "app", "1");
    test_add_target(&repository, "B", "box", "22");
    test_publish_all(&repository);
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(find(client, "app"), SLW_MIX_AND_MATCH);
    TAP_CHECK(test_said("A.json"));
    TAP_EQUAL_INT(find(client, "box"), SLW_OK);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    TAP_CHECK(listed_are("B:box=2"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void a_target_whose_hashes_are_unknown_is_refused_and_the_others_are_found(void)
{
    test_start(&repository, 1);
    struct test_role *targets = test_role(&repository, "targets");
    slw_heap_append_text(&targets->targets,
                         "\"new\":{\"length\":1,\"hashes\":{\"blake9\":\"00\"}}");
    test_add_target(&repository, "targets", "app", "1");
    test_delegate(&repository, "targets", "A", "*", false);
    test_add_target(&repository, "A", "new", "not A's to say");
    test_publish_all(&repository);
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_EQUAL_INT(find(client, "new"), SLW_MISSING_HASH);
    TAP_CHECK(test_said("\"new\""));
    TAP_EQUAL_INT(find(client, "app"), SLW_OK);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    TAP_CHECK(listed_are("targets:app=1"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

static void a_role_that_is_bad_ends_the_list_with_its_reason(void)
{
    plant();
    test_fault(&repository, 0, "1.B.json", TEST_CORRUPT, 0);
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    TAP_CHECK(slw_status_is_refusal(list(client, NULL, NULL)));
    TAP_CHECK(listed_are("targets:app=1 A:a/one=2 C:c/one=3"));
    TAP_CHECK(!test_exists(TEST_STATE "/B.json"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

/* A chain of roles, of which only the last has the target. */
static void as_many_roles_are_searched_as_are_allowed(void)
{
    test_start(&repository, 1);
    const char *before = "targets";
    static char names[6][16];
    for (int i = 0; i < 6; i++) {
        (void)snprintf(names[i], sizeof names[i], "role%d", i);
        test_delegate(&repository, before, names[i], "*", false);
        before = names[i];
    }
    test_add_target(&repository, before, "app", "1");
    test_publish_all(&repository);
    for (uint32_t limit = 4; limit <= 7; limit++) {
        struct slw_tuf_client *client = NULL;
        const struct slw_tuf_client_options options = {.metadata_directory = TEST_STATE,
                                                       .fetch = &repository.port,
                                                       .limits = {.delegations = limit}};
        TAP_REQUIRE(slw_tuf_client_open(&options, &client, &test_detail) == SLW_OK);
        TAP_EQUAL_INT(slw_tuf_client_refresh(client, &test_detail), SLW_OK);
        TAP_EQUAL_INT(find(client, "app"), limit < 6 ? SLW_NOT_FOUND : SLW_OK);
        TAP_CHECK(limit >= 6 || test_said("delegated roles that are searched at most"));
        TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
        TAP_CHECK(listed_are(limit < 6 ? "" : "role5:app=1"));
        slw_tuf_client_free(client);
    }
    test_repository_free(&repository);
}

/* A and B delegate to one role, but B by another key. */
static void plant_diamond(void)
{
    test_start(&repository, 1);
    test_delegate(&repository, "targets", "A", "a/*", false);
    test_delegate(&repository, "targets", "B", "b/*", false);
    struct test_role *shared = test_delegate(&repository, "A", "shared", "a/*", false);
    struct slw_private_key *key = shared->key;
    if (slw_private_key_generate(SLW_KEY_TYPE_ED25519, &shared->key, &test_detail) != SLW_OK) {
        abort();
    }
    test_delegate(&repository, "B", "shared", "b/*", false);
    slw_private_key_free(shared->key);
    shared->key = key;
    test_add_target(&repository, "shared", "a/file", "1");
    test_add_target(&repository, "shared", "b/file", "1");
    test_publish_all(&repository);
}

static void a_role_in_memory_is_verified_for_each_delegator(void)
{
    plant_diamond();
    struct slw_tuf_client *client = open_client();
    TAP_REQUIRE(client != NULL);
    for (int i = 0; i < 3; i++) {
        TAP_EQUAL_INT(find(client, "a/file"), SLW_OK);
        TAP_EQUAL_INT(find(client, "b/file"), SLW_BELOW_THRESHOLD);
        TAP_CHECK(test_said("shared"));
    }
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    TAP_CHECK(listed_are("shared:a/file=1"));
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

/* A role may delegate to thousands, of megabytes each: what is in memory at once has a limit, and
 * nothing is left out of a list silently. */
static void metadata_in_memory_have_a_limit_altogether(void)
{
    struct slw_tuf_client_options small = {.metadata_directory = TEST_STATE,
                                           .fetch = &repository.port};
    struct slw_tuf_client *client = NULL;
    test_start(&repository, 1);
    for (int i = 0; i < 8; i++) {
        char role[8];
        char path[16];
        (void)snprintf(role, sizeof role, "r%d", i);
        (void)snprintf(path, sizeof path, "r%d/one", i);
        test_delegate(&repository, "targets", role, "*/*", false);
        test_add_target(&repository, role, path, "content");
    }
    test_publish_all(&repository);
    uint64_t top = test_file(&repository, "2.targets.json")->bytes.len;
    uint64_t each = test_file(&repository, "1.r0.json")->bytes.len;
    small.limits.loaded_bytes = top + 3 * each;
    TAP_REQUIRE(slw_tuf_client_open(&small, &client, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_client_refresh(client, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(find(client, "r2/one"), SLW_OK);
    (void)test_take_requests(&repository);
    TAP_EQUAL_INT(find(client, "r7/one"), SLW_NO_SPACE);
    TAP_CHECK(test_said("of targets metadata altogether"));
    (void)test_take_requests(&repository);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_NO_SPACE);
    TAP_EQUAL_INT(list(client, "r7", NULL), SLW_NO_SPACE);
    TAP_CHECK(requests_are(""));
    TAP_REQUIRE(slw_tuf_client_refresh(client, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(find(client, "r2/one"), SLW_OK);
    slw_tuf_client_free(client);
    small.limits.loaded_bytes = top + 8 * each;
    TAP_REQUIRE(slw_tuf_client_open(&small, &client, &test_detail) == SLW_OK);
    TAP_REQUIRE(slw_tuf_client_refresh(client, &test_detail) == SLW_OK);
    TAP_EQUAL_INT(list(client, NULL, NULL), SLW_OK);
    slw_tuf_client_free(client);
    test_repository_free(&repository);
}

int main(void)
{
    test_begin();
    TAP_RUN(the_search_ends_with_the_first_that_is_trusted_for_it);
    TAP_RUN(the_list_has_what_would_be_found_and_from_where);
    TAP_RUN(listing_one_role_asks_for_no_more_than_leads_there);
    TAP_RUN(bins_are_listed_one_by_one);
    TAP_RUN(more_roles_than_are_listed_at_most_are_refused);
    TAP_RUN(a_role_that_nobody_has_signed_ends_a_search_and_not_the_list);
    TAP_RUN(a_target_whose_hashes_are_unknown_is_refused_and_the_others_are_found);
    TAP_RUN(a_role_that_is_bad_ends_the_list_with_its_reason);
    TAP_RUN(as_many_roles_are_searched_as_are_allowed);
    TAP_RUN(a_role_in_memory_is_verified_for_each_delegator);
    TAP_RUN(metadata_in_memory_have_a_limit_altogether);
    test_end();
    return tap_finish();
}
