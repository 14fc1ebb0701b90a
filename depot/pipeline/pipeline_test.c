/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipelines and their gates: what is a pipeline and what isn't, what each gate wants, and what
 * doesn't count for it. Builds, results and devices are rows that the test writes; the calls and
 * the thread that advances are the real ones. Signatures are tests/depot-releases.bats' matter.
 */
#include "pipeline/part.h"
#include "test_depot.h"

#include "tap.h"

#include "slipway/text.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define PIPELINE "/api/v1/products/lamp/pipeline"
#define OF(build) "/api/v1/products/lamp/builds/" build

#define LOOKS 1200 /* at intervals of 50 ms */

static struct test_depot depot;

static void add_key(struct depot_settings *settings)
{
    settings->signer.keys_count = 1;
    (void)snprintf(settings->signer.keys[0].name, sizeof settings->signer.keys[0].name,
                   "lamp-prod");
    (void)snprintf(settings->signer.keys[0].file, sizeof settings->signer.keys[0].file, "p.pub");
}

/* It came in just now: one that is older than what the product keeps would be removed again. */
static bool add_build(const char *build)
{
    char sql[1024];
    (void)snprintf(
        sql, sizeof sql,
        "INSERT INTO builds (id, product, bundle, size, version, build_type, hardware, "
        "targets, made_us, made_by, state, state_us, furthest) VALUES ('%s', 'lamp', '', "
        "0, 1, 'user', '[]', '[]', %lld, 'ci', 'new', 1, 0)",
        build, (long long)time(NULL) * 1000000);
    return test_sql(&depot, sql);
}

static bool add_artifact(const char *build, const char *kind, const char *outcome, const char *who,
                         int number)
{
    char sql[1024];
    (void)snprintf(sql, sizeof sql,
                   "INSERT INTO artifacts (product, kind, build, job, name, blob, size, made_us, "
                   "made_by, builder, source, git_commit, suite, outcome, url, signers, format, "
                   "packages) VALUES ('lamp', '%s', '%s', 0, 'n%d', '', 0, 1, '%s', '', '', '', "
                   "'system', '%s', '', '[]', '', 0)",
                   kind, build, number, who, outcome);
    return test_sql(&depot, sql);
}

/* Waits until a member of GET …/pipeline is this text; not for ever, but for as long as a machine
 * may take that has much else to do. */
static bool sees(const char *path, const char *member, const char *expected)
{
    for (int i = 0; i < LOOKS; i++) {
        struct test_answer answer;
        test_call(&depot, "GET", path, NULL, &answer);
        struct slw_bytes found = SLW_BYTES_OF("");
        if (answer.status == 200) {
            found = slw_json_string(&answer.json, test_find(&answer, member));
        }
        bool is_so = slw_bytes_equal(found, slw_text_bytes(expected));
        if (i == LOOKS - 1 && !is_so) {
            printf("# %s: %s\n", path, slw_heap_text(&answer.body));
        }
        test_answer_free(&answer);
        if (is_so) {
            return true;
        }
        (void)usleep(50000);
    }
    return false;
}

static bool set_pipeline(const char *text)
{
    return test_status(&depot, "PUT", PIPELINE, text) == 200;
}

static bool begin(const char *pipeline)
{
    return test_depot_open(&depot, add_key) && test_product(&depot, "lamp") &&
           set_pipeline(pipeline) && add_build(A);
}

static void refuses_what_is_no_pipeline(void)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"stages\":{}}",
        "{\"stages\":{\"nightly\":{\"gates\":[]}}}",
        "{\"stages\":{\"daily\":{}}}",
        "{\"stages\":{\"daily\":{\"gates\":{}}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"sooak_s\":1}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"soak_s\":-1}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"soak_s\":9000000000000000}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"soak_s\":1,\"endorsed\":true}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"endorsed\":false}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"test\":\"\"}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"test\":\"a\",\"machines\":[]}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"test\":\"a\",\"warned\":1}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":0}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":\"1\"}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":1,\"people\":[1]}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"healthy\":{\"percent\":101,\"devices\":1}}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"healthy\":{\"percent\":1}}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[{\"signed\":\"other-key\"}]}}}",
        "{\"stages\":{\"daily\":{\"gates\":[],\"key\":\"other-key\"}}}",
        "{\"stages\":{\"daily\":{\"gates\":[],\"channel\":\"stable\"}}}",
        "{\"stages\":{\"daily\":{\"gates\":[],\"key\":\"lamp-prod\",\"channel\":\"../up\"}}}",
        "{\"stages\":{\"daily\":{\"gates\":[]}},\"freezes\":[{\"from\":\"2026-01-01T00:00:00Z\"}]}",
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one row
        "{\"stages\":{\"daily\":{\"gates\":[]}},\"freezes\":[{\"from\":\"2026-01-02T00:00:00Z\","
        "\"to\":"
        "\"2026-01-01T00:00:00Z\",\"why\":\"\"}]}",
        "{\"stages\":{\"daily\":{\"gates\":[]}},\"freezes\":[{\"from\":\"2026-01-01T00:00:00Z\","
        "\"to\":"
        "\"2026-01-02T00:00:00Z\",\"why\":\"\",\"stages\":[\"prod\"]}]}",
        "{\"stages\":{\"daily\":{\"gates\":[]}},\"emergency\":{\"gates\":[{\"hurry\":true}]}}",
        "{\"stages\":{\"daily\":{\"gates\":[]}},\"extra\":1}",
    };
    TAP_REQUIRE(test_depot_open(&depot, add_key));
    TAP_REQUIRE(test_product(&depot, "lamp"));
    TAP_EQUAL_INT(test_status(&depot, "GET", PIPELINE, NULL), 404);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        TAP_ROW(wrong[i]);
        long status = test_status(&depot, "PUT", PIPELINE, wrong[i]);
        TAP_CHECK(status == 400 || status == 422);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM pipelines"), 0);
    TAP_CHECK(set_pipeline("{\"stages\":{\"daily\":{\"gates\":[]}}}"));
    TAP_CHECK(set_pipeline("{\"stages\":{\"daily\":{\"gates\":[{\"soak_s\":0}]}}}"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT MAX(version) FROM pipelines"), 2);
    test_depot_close(&depot);
}

static void takes_the_newest_result_of_who_is_named(void)
{
    TAP_REQUIRE(begin("{\"stages\":{\"daily\":{\"gates\":[{\"test\":\"system\",\"machines\":["
                      "\"lab\"]}]},\"production\":{\"gates\":[{\"approvals\":32}]}}}"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "there is no result yet"));
    TAP_REQUIRE(add_artifact(A, "test-result", "PASSED", "mallory#1", 1));
    TAP_REQUIRE(add_artifact(B, "test-result", "PASSED", "lab#1", 2));
    TAP_REQUIRE(add_artifact(A, "endorsement", "PASSED", "lab#1", 3));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "there is no result yet"));
    TAP_REQUIRE(add_artifact(A, "test-result", "FAILED", "lab#1", 4));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "the last result is FAILED"));
    TAP_REQUIRE(add_artifact(A, "test-result", "WARNED", "lab#1", 5));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "the last result is WARNED"));
    (void)usleep(700000);
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "new"));
    TAP_REQUIRE(add_artifact(A, "test-result", "PASSED", "lab", 6));
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "daily"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'build.state'"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM events WHERE kind = 'stage'"), 1);
    test_depot_close(&depot);
}

static long approve(const char *path, const char *token, const char *stage)
{
    char body[96];
    (void)snprintf(body, sizeof body, "{\"stage\":\"%s\"}", stage);
    depot.use_token = token;
    long status = test_status(&depot, "POST", path, body);
    depot.use_token = depot.token;
    return status;
}

static void counts_people_and_no_one_twice(void)
{
    char ada[128];
    char ben[128];
    char dev[128];
    TAP_REQUIRE(begin("{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":2}]},\"production\":{"
                      "\"gates\":[{\"approvals\":32}]}}}"));
    TAP_REQUIRE(add_build(B));
    TAP_REQUIRE(test_person(&depot, "ada", "lamp", "approver", ada));
    TAP_REQUIRE(test_person(&depot, "ben", "lamp", "approver", ben));
    TAP_REQUIRE(test_person(&depot, "dev", "lamp", "developer release-manager", dev));
    TAP_REQUIRE(sees(OF(A) "/pipeline", "next.gates.0.why", "0 of 2 approvals"));
    TAP_REQUIRE(sees(OF(B) "/pipeline", "next.gates.0.why", "0 of 2 approvals"));
    TAP_EQUAL_INT(approve(OF(A) "/approve", dev, "daily"), 403);
    TAP_EQUAL_INT(approve(OF(A) "/approve", ada, "nightly"), 400);
    TAP_EQUAL_INT(approve(OF(A) "/approve", ada, "candidate"), 400); /* left out */
    TAP_EQUAL_INT(approve(OF(A) "/approve", ada, "daily"), 200);
    TAP_EQUAL_INT(approve(OF(A) "/approve", ada, "daily"), 200);
    TAP_EQUAL_INT(approve(OF(B) "/approve", ben, "daily"), 200);      /* of another build */
    TAP_EQUAL_INT(approve(OF(A) "/approve", ben, "production"), 200); /* of another stage */
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "1 of 2 approvals"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'build.approve'"),
                  3);
    /* Whose role or account is gone doesn't count. */
    TAP_REQUIRE(test_sql(&depot, "UPDATE people SET disabled_us = 1 WHERE name = 'ada'"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "0 of 2 approvals"));
    TAP_REQUIRE(test_sql(&depot,
                         "UPDATE people SET disabled_us = NULL, is_machine = 1 WHERE name = "
                         "'ada'"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "0 of 2 approvals"));
    TAP_EQUAL_INT(approve(OF(B) "/approve", ada, "daily"), 403);
    TAP_REQUIRE(test_sql(&depot, "UPDATE people SET is_machine = 0 WHERE name = 'ada'"));
    TAP_EQUAL_INT(approve(OF(A) "/approve", ben, "daily"), 200);
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "daily"));
    TAP_CHECK(sees(OF(B) "/pipeline", "state", "new"));
    TAP_EQUAL_INT(approve(OF(A) "/approve", ada, "daily"), 409); /* it is past that */
    test_depot_close(&depot);
}

static void stands_still_in_a_freeze_and_soaks(void)
{
    TAP_REQUIRE(begin(
        "{\"stages\":{\"daily\":{\"gates\":[{\"soak_s\":3600}]},\"production\":{\"gates\":[]}},"
        "\"freezes\":[{\"from\":\"2020-01-01T00:00:00Z\",\"to\":\"2120-01-01T00:00:00Z\","
        "\"stages\":"
        "[\"production\"],\"why\":\"holidays\"}],\"emergency\":{\"gates\":[{\"approvals\":1}]},"
        "\"patch\":{\"gates\":[]}}"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.stage", "daily"));
    (void)usleep(700000);
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "new"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE qualifications SET began_us = began_us - 3700000000"));
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "daily"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.freeze", "holidays"));
    (void)usleep(700000);
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "daily"));
    /* Kinds: what a patch may hold; who lets an emergency through. */
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind", "{\"kind\":\"hurry\"}"), 400);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind", "{\"kind\":\"stages\"}"), 400);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind", "{\"kind\":\"patch\"}"), 400);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind",
                              "{\"kind\":\"patch\",\"changes\":[{\"kind\":\"fix\",\"text\":\"a\"},{"
                              "\"kind\":\"feature\",\"text\":\"b\"}]}"),
                  400);
    TAP_EQUAL_INT(
        test_status(&depot, "POST", OF(A) "/kind",
                    "{\"kind\":\"patch\",\"changes\":[{\"kind\":\"fix\",\"text\":\"a\"}]}"),
        200);
    TAP_CHECK(sees(OF(A) "/pipeline", "next.freeze", "holidays"));
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind", "{\"kind\":\"emergency\"}"), 200);
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.0.why", "0 of 1 approvals"));
    TAP_EQUAL_INT(approve(OF(A) "/approve", depot.token, "production"), 200);
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "production"));
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/kind", "{\"kind\":\"feature\"}"), 409);
    test_depot_close(&depot);
}

static void asks_for_a_signature_only_after_the_gates_before_it(void)
{
    TAP_REQUIRE(begin("{\"stages\":{\"production\":{\"gates\":[{\"endorsed\":true},{\"signed\":"
                      "\"lamp-prod\"},{\"approvals\":1}],\"key\":\"lamp-prod\",\"channel\":"
                      "\"stable\"}}}"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.1.why", "asked for once the gates before hold"));
    (void)usleep(700000);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM releases"), 0);
    TAP_REQUIRE(add_artifact(A, "endorsement", "", "ci", 1));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.1.why",
                   "release 1 is prepared: this depot has no signing service in its settings"));
    (void)usleep(600000);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM releases"), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT next FROM release_numbers"), 2);
    /* Refused: the build has failed, with the reason; tried again, it is another number. */
    TAP_REQUIRE(test_sql(&depot, "UPDATE releases SET state = 'refused', reason = 'not-permitted: "
                                 "no'"));
    TAP_CHECK(sees(OF(A) "/pipeline", "reason", "release 1 is refused: not-permitted: no"));
    TAP_CHECK(sees(OF(A) "/pipeline", "state", "failed"));
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/retry", "{}"), 200);
    TAP_CHECK(sees(OF(A) "/pipeline", "next.gates.1.why",
                   "release 2 is prepared: this depot has no signing service in its settings"));
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/retry", "{}"), 409);
    /* Withdrawn: everything of it stops, for good. */
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/withdraw", "{}"), 400);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/withdraw", "{\"reason\":\"bad\"}"), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM releases WHERE state = 'withdrawn'"), 2);
    TAP_EQUAL_INT(test_status(&depot, "POST", OF(A) "/retry", "{}"), 409);
    /* Numbers only rise. */
    TAP_EQUAL_INT(
        test_status(&depot, "PUT", "/api/v1/products/lamp/release-number", "{\"next\":2}"), 403);
    TAP_EQUAL_INT(
        test_status(&depot, "PUT", "/api/v1/products/lamp/release-number", "{\"next\":70}"), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT next FROM release_numbers"), 70);
    test_depot_close(&depot);
}

/* A document that some version wrote and another can't read is one build's trouble. */
static void one_that_cannot_go_on_holds_no_other_up(void)
{
    TAP_REQUIRE(begin("{\"stages\":{\"daily\":{\"gates\":[{\"approvals\":1}]}}}"));
    TAP_CHECK(sees(OF(A) "/pipeline", "next.stage", "daily"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE pipelines SET document = '{'"));
    TAP_REQUIRE(set_pipeline("{\"stages\":{\"daily\":{\"gates\":[]}}}") && add_build(B));
    TAP_CHECK(sees(OF(B) "/pipeline", "state", "daily"));
    TAP_CHECK(test_status(&depot, "GET", OF(A) "/pipeline", NULL) >= 400);
    test_depot_close(&depot);
}

static void shows_nothing_beside_the_repository(void)
{
    TAP_REQUIRE(test_depot_open(&depot, NULL));
    depot.use_token = NULL;
    TAP_EQUAL_INT(test_status(&depot, "GET", "/repository/metadata/1.root.json", NULL), 404);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/repository/keys.conf", NULL), 404);
    TAP_EQUAL_INT(test_status(&depot, "GET", "/repository/metadata/%2e%2e/keys.conf", NULL), 400);
    depot.use_token = depot.token;
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(refuses_what_is_no_pipeline);
    TAP_RUN(takes_the_newest_result_of_who_is_named);
    TAP_RUN(counts_people_and_no_one_twice);
    TAP_RUN(stands_still_in_a_freeze_and_soaks);
    TAP_RUN(asks_for_a_signature_only_after_the_gates_before_it);
    TAP_RUN(one_that_cannot_go_on_holds_no_other_up);
    TAP_RUN(shows_nothing_beside_the_repository);
    return tap_finish();
}
