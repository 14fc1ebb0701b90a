/* SPDX-License-Identifier: Apache-2.0 */
/* Rollouts, from the people's side and the devices': what outcomes do, and that it halts by itself.
 */
#include "test_rollouts.h"

static void offers_a_phase_at_a_time_until_it_is_done(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2, PLAN);
    TAP_REQUIRE(id > 0);
    TAP_CHECK(is_state(&depot, id, "draft"));
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_offers(&depot, true));
    int offered = 0;
    for (int number = 0; number < 100; number++) {
        if (find_offer(&depot, number, 1, &offer) == SLW_OK) {
            offered++;
            TAP_EQUAL_INT(offer.release, 2);
            TAP_EQUAL_INT(offer.rollout, id);
            TAP_CHECK(strcmp(offer.path, "lamp/stable/2.bundle") == 0);
            TAP_CHECK(strcmp(offer.role, "lamp-stable-rollout") == 0);
            TAP_CHECK(offer.consent_given);
        }
    }
    show(&depot, id, &answer);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.population"), offered);
    TAP_EQUAL_INT(test_number(&answer, "halt_touches"), offered);
    test_answer_free(&answer);
    TAP_CHECK(offered >= 10 && offered <= 35);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_SUCCEEDED, 100), offered);
    for (int i = 0; i < 600 && test_count(&depot, "SELECT phase FROM rollouts") == 0; i++) {
        pause_ms(100);
    }
    TAP_EQUAL_INT(report_phase(&depot, id, 1, DEPOT_OUTCOME_SUCCEEDED, 100), 100 - offered);
    TAP_CHECK(await_state(&depot, id, "done"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT is_complete FROM releases WHERE version = 2"), 1);
    TAP_CHECK(test_count(&depot, "SELECT COUNT(*) FROM rollout_looks WHERE verdict = 'good'") >= 2);
    test_depot_close(&depot);
}

/* Looks need far less than everybody: the rest was away, and comes later. */
static void offers_to_the_rest_when_it_is_done(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2, "{\"phases\":[{\"ppm\":1000000,\"failure_ppm\":400000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_offers(&depot, true));
    for (int number = 0; number < 20; number++) {
        TAP_EQUAL_INT(report(&depot, number, id, 2, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
    }
    TAP_CHECK(await_state(&depot, id, "done"));
    TAP_CHECK(await_view(&depot)); /* the one of before it was done is gone */
    TAP_EQUAL_INT(find_offer(&depot, 50, 1, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.rollout, id);
    TAP_EQUAL_INT(find_offer(&depot, 5, 1, &offer), SLW_NOT_FOUND); /* it had its outcome */
    TAP_EQUAL_INT(find_offer(&depot, 50, 2, &offer), SLW_NOT_FOUND);
    /* They show that it harms. */
    for (int number = 20; number < 100; number++) {
        TAP_EQUAL_INT(report(&depot, number, id, 2, DEPOT_OUTCOME_FAILED), SLW_OK);
    }
    TAP_CHECK(await_state(&depot, id, "halted"));
    TAP_CHECK(await_offers(&depot, false));
    TAP_EQUAL_INT(act(&depot, id, "resume"), 200);
    TAP_CHECK(await_state(&depot, id, "done"));
    TAP_EQUAL_INT(act(&depot, id, "halt"), 200);
    TAP_EQUAL_INT(act(&depot, id, "abort"), 200);
    TAP_EQUAL_INT(act(&depot, id, "halt"), 409);
    test_depot_close(&depot);
}

/* A later one of the group takes its place, as long as its release is published. */
static void offers_the_last_one_that_is_done(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    const char *plan = "{\"phases\":[{\"ppm\":1000000,\"failure_ppm\":400000}]}";
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    TAP_REQUIRE(add_release(&depot, 5, "published", 0));
    for (int version = 2; version <= 5; version += 3) {
        int64_t id = make(&depot, version, plan);
        TAP_EQUAL_INT(act(&depot, id, "start"), 200);
        TAP_CHECK(await_state(&depot, id, "running"));
        for (int number = 0; number < 20; number++) {
            TAP_EQUAL_INT(report(&depot, number, id, version, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
        }
        TAP_CHECK(await_state(&depot, id, "done"));
    }
    TAP_CHECK(await_view(&depot));
    TAP_EQUAL_INT(find_offer(&depot, 50, 1, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 5);
    TAP_CHECK(row(&depot, "UPDATE releases SET state = 'withdrawn' WHERE version = 5"));
    /* At once, not that one: nothing, or what a view has that was read at this very moment. */
    enum slw_status status = find_offer(&depot, 50, 1, &offer);
    TAP_CHECK(status == SLW_NOT_FOUND || (status == SLW_OK && offer.release == 2));
    TAP_CHECK(await_view(&depot));
    TAP_EQUAL_INT(find_offer(&depot, 50, 1, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 2);
    test_depot_close(&depot);
}

static void halts_by_itself(void)
{
    struct test_depot depot;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2, PLAN);
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_FAILED, 5), 5);
    TAP_CHECK(await_state(&depot, id, "halted"));
    show(&depot, id, &answer);
    TAP_CHECK(slw_json_kind(&answer.json, test_find(&answer, "by_rule")) == SLW_JSON_TRUE);
    TAP_CHECK(test_text(&answer, "reasons.0.reason", "wrong-hash"));
    TAP_EQUAL_INT(test_number(&answer, "reasons.0.count"), 5);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.failed"), 5);
    /* It passes below the phase's limit, and halts above the rule's. */
    TAP_EQUAL_INT(test_number(&answer, "phases.0.failure_ppm"), 400000);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.halt_ppm"), 20000);
    TAP_CHECK(test_text(&answer, "phases.0.halt_limit", "rule"));
    TAP_CHECK(test_text(&answer, "reason",
                        "5 of 5 devices of phase 1 failed: at least 44.09 %, the rule's limit is "
                        "2.00 %"));
    test_answer_free(&answer);
    TAP_CHECK(await_offers(&depot, false));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'rollout.halted' "
                                     "AND who = 'depot'"),
                  1);
    /* A person resumes it: counted anew, so that it isn't halted again by what was known. */
    TAP_EQUAL_INT(act(&depot, id, "resume"), 200);
    pause_ms(2500);
    TAP_CHECK(is_state(&depot, id, "running"));
    TAP_EQUAL_INT(act(&depot, id, "retry"), 200);
    show(&depot, id, &answer);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.failed"), 0);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.downloading"), 5);
    test_answer_free(&answer);
    test_depot_close(&depot);
}

static void halts_above_the_phases_own_limit_where_that_is_lower(void)
{
    struct test_depot depot;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2,
                      "{\"phases\":[{\"ppm\":200000,\"failure_ppm\":10000},{\"ppm\":1000000}],"
                      "\"health\":{\"failure_ppm\":900000}}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_FAILED, 5), 5);
    TAP_CHECK(await_state(&depot, id, "halted"));
    show(&depot, id, &answer);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.halt_ppm"), 10000);
    TAP_CHECK(test_text(&answer, "phases.0.halt_limit", "phase"));
    TAP_CHECK(test_text(&answer, "phases.1.halt_limit", "rule"));
    TAP_CHECK(test_text(&answer, "reason",
                        "5 of 5 devices of phase 1 failed: at least 44.09 %, the phase's own limit "
                        "is 1.00 %"));
    test_answer_free(&answer);
    test_depot_close(&depot);
}

static void lists_what_is_open(void)
{
    struct test_depot depot;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t draft = make(&depot, 2, PLAN);
    int64_t runs = make(&depot, 2, PLAN);
    TAP_REQUIRE(draft > 0 && act(&depot, runs, "start") == 200);
    test_call(&depot, "GET", "/api/v1/products/lamp/rollouts?state=open", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_EQUAL_INT(test_number(&answer, "rollouts.0.id"), runs);
    TAP_CHECK(test_find(&answer, "rollouts.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/api/v1/products/lamp/rollouts?state=draft", NULL, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_EQUAL_INT(test_number(&answer, "rollouts.0.id"), draft);
    test_answer_free(&answer);
    test_depot_close(&depot);
}

static void halts_at_once_when_a_person_says_so(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    char developer[128];
    char viewer[128];
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    TAP_REQUIRE(test_person(&depot, "dev", "lamp", "developer", developer) &&
                test_person(&depot, "eve", "lamp", "viewer", viewer));
    int64_t id = make(&depot, 2, PLAN);
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_offers(&depot, true));
    depot.use_token = viewer;
    TAP_EQUAL_INT(act(&depot, id, "halt"), 403);
    depot.use_token = developer;
    TAP_EQUAL_INT(act(&depot, id, "resume"), 403);
    TAP_EQUAL_INT(act(&depot, id, "halt"), 200);
    for (int number = 0; number < 100; number++) { /* not after a second: at once */
        TAP_EQUAL_INT(find_offer(&depot, number, 1, &offer), SLW_NOT_FOUND);
    }
    TAP_EQUAL_INT(act(&depot, id, "halt"), 200);
    TAP_EQUAL_INT(act(&depot, id, "start"), 403);
    test_depot_close(&depot);
}

static void counts_a_device_once(void)
{
    struct test_depot depot;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2, PLAN);
    /* Before it began, of another release, of no rollout: nothing. */
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_SUCCEEDED, 1), 1);
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_EQUAL_INT(report(&depot, 1, 77, 2, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
    for (int number = 0; number < 100; number++) {
        TAP_EQUAL_INT(report(&depot, number, id, 1, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM rollout_devices"), 0);
    /* Devices of a phase that hasn't begun may say what they like. */
    TAP_CHECK(report_phase(&depot, id, 1, DEPOT_OUTCOME_FAILED, 30) == 30);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM rollout_devices"), 0);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_FAILED, 1), 1);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_SUCCEEDED, 1), 1);
    show(&depot, id, &answer);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.failed"), 1);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.succeeded"), 0);
    TAP_EQUAL_INT(test_number(&answer, "phases.0.downloading"), 0);
    test_answer_free(&answer);
    test_depot_close(&depot);
}

static void takes_silence_for_failure(void)
{
    struct test_depot depot;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    int64_t id = make(&depot, 2, PLAN);
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_INSTALLING, 5), 5);
    /* Not that of devices whose rollout was stopped meanwhile. */
    TAP_EQUAL_INT(act(&depot, id, "pause"), 200);
    TAP_CHECK(row(&depot, "UPDATE rollout_devices SET began_us = began_us - 11000000"));
    TAP_EQUAL_INT(act(&depot, id, "resume"), 200);
    pause_ms(1500);
    TAP_EQUAL_INT(test_count(&depot, "SELECT silent FROM rollout_phases WHERE phase = 0"), 0);
    TAP_CHECK(row(&depot, "UPDATE rollout_devices SET began_us = began_us - 11000000"));
    TAP_CHECK(await_state(&depot, id, "halted"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT silent FROM rollout_phases WHERE phase = 0"), 5);
    /* One speaks after all. */
    TAP_EQUAL_INT(report_phase(&depot, id, 0, DEPOT_OUTCOME_SUCCEEDED, 1), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT silent FROM rollout_phases WHERE phase = 0"), 4);
    /* And the others, once it was resumed and counts anew: fewer failures than there were before
     * aren't fewer than none. */
    TAP_EQUAL_INT(act(&depot, id, "resume"), 200);
    TAP_CHECK(report_phase(&depot, id, 0, DEPOT_OUTCOME_SUCCEEDED, 100) > 10);
    for (int i = 0; i < 600 && test_count(&depot, "SELECT phase FROM rollouts") == 0; i++) {
        pause_ms(100);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT phase FROM rollouts"), 1);
    test_depot_close(&depot);
}

/* Another product's device of the same name, and what is said of another release, change nothing of
 * it. */
static void counts_only_the_products_own_devices(void)
{
    struct test_depot depot;
    struct slw_detail detail = {""};
    char name[8];
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    TAP_REQUIRE(test_product(&depot, "other"));
    int64_t id = make(&depot, 2, "{\"phases\":[{\"ppm\":1000000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_EQUAL_INT(report(&depot, 1, id, 2, DEPOT_OUTCOME_DOWNLOADING), SLW_OK);
    struct reporting foreign = {device_view(1, 1, name), id, 2, DEPOT_OUTCOME_FAILED, "wrong-hash"};
    foreign.view.product = SLW_BYTES_OF("other");
    TAP_EQUAL_INT(slw_database_transact(depot.depot->database, SLW_DATABASE_WRITE, report_in,
                                        &foreign, &detail),
                  SLW_OK);
    TAP_EQUAL_INT(report(&depot, 1, id, 1, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT failed + succeeded FROM rollout_phases"), 0);
    TAP_EQUAL_INT(test_count(&depot, "SELECT downloading FROM rollout_phases"), 1);
    TAP_EQUAL_INT(report(&depot, 1, id, 2, DEPOT_OUTCOME_SUCCEEDED), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT succeeded FROM rollout_phases"), 1);
    test_depot_close(&depot);
}

static bool get(struct test_depot *depot, const char *product, int64_t id, const char *what,
                struct test_answer *answer)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/products/%s/rollouts/%lld/%s", product,
                   (long long)id, what);
    test_call(depot, "GET", path, NULL, answer);
    return answer->status == 200;
}

static void shows_how_it_went_over_time(void)
{
    struct test_depot depot;
    struct test_answer answer;
    TAP_REQUIRE(open_fleet(&depot, "automatic") && test_product(&depot, "fan"));
    int64_t id = make(&depot, 2, PLAN);
    TAP_CHECK(get(&depot, "lamp", id, "series", &answer));
    TAP_CHECK(test_find(&answer, "steps.0") == SLW_JSON_NONE);
    test_answer_free(&answer);
    /* A day and a bit: steps of five minutes, whole seconds from 1970 on. */
    TAP_REQUIRE(
        row(&depot,
            "INSERT INTO rollout_devices (rollout, product, device, phase, state, reason, "
            "began_us, ended_us, attempt) VALUES (%lld, 'lamp', 'a', 0, 'succeeded', '', 1, "
            "1000000, 1), (%lld, 'lamp', 'b', 0, 'failed', '', 1, 2000000, 1), (%lld, "
            "'lamp', 'c', 0, 'silent', '', 1, 89700000000, 1), (%lld, 'lamp', 'd', 0, "
            "'downloading', '', 1, NULL, 1)",
            (long long)id, (long long)id, (long long)id, (long long)id));
    TAP_CHECK(get(&depot, "lamp", id, "series", &answer));
    TAP_EQUAL_INT(test_number(&answer, "step_s"), 300);
    TAP_CHECK(test_text(&answer, "steps.0.time", "1970-01-01T00:05:00Z"));
    TAP_EQUAL_INT(test_number(&answer, "steps.0.succeeded"), 1);
    TAP_EQUAL_INT(test_number(&answer, "steps.0.failed"), 1);
    TAP_EQUAL_INT(test_number(&answer, "steps.1.silent"), 1);
    TAP_CHECK(test_find(&answer, "steps.2") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/api/v1/products/lamp/fleet/versions", NULL, &answer);
    TAP_CHECK(test_text(&answer, "updates.0.time", "1970-01-01T00:00:02Z"));
    TAP_EQUAL_INT(test_number(&answer, "updates.0.version"), 2);
    TAP_EQUAL_INT(test_number(&answer, "updates.0.count"), 1);
    TAP_CHECK(test_find(&answer, "updates.1") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_call(&depot, "GET", "/api/v1/products/fan/fleet/versions", NULL, &answer);
    TAP_CHECK(answer.status == 200 && test_find(&answer, "updates.0") == SLW_JSON_NONE);
    test_answer_free(&answer);
    TAP_CHECK(get(&depot, "fan", id, "series", &answer)); /* another product's: nothing of it */
    TAP_CHECK(test_find(&answer, "steps.0") == SLW_JSON_NONE);
    test_answer_free(&answer);
    test_depot_close(&depot);
}

static void refuses_what_makes_no_sense(void)
{
    static const char *const bodies[] = {
        "",
        "[]",
        "{}",
        "{\"release\":2,\"group\":\"all\"}",
        "{\"release\":2,\"group\":\"all\",\"plan\":{}}",
        "{\"release\":0,\"group\":\"all\",\"plan\":" PLAN "}",
        "{\"release\":2,\"group\":7,\"plan\":" PLAN "}",
        "{\"release\":2,\"group\":\"all\",\"plan\":" PLAN ",\"more\":1}",
        "{\"release\":2,\"group\":\"all\",\"plan\":" PLAN ",\"emergency\":1}",
        "{\"release\":2,\"group\":\"all\",\"plan\":" PLAN ",\"start\":\"soon\"}",
        "{\"release\":2,\"group\":\"all\",\"plan\":" PLAN ",\"start\":\"1d\"}",
    };
    struct test_depot depot;
    TAP_REQUIRE(open_fleet(&depot, "automatic"));
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        TAP_ROW(bodies[i]);
        TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/rollouts", bodies[i]),
                      400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(make(&depot, 9, PLAN), -404);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/rollouts",
                              "{\"release\":2,\"group\":\"'; DROP TABLE groups; --\",\"plan\":" PLAN
                              "}"),
                  404);
    int64_t signed_only = make(&depot, 3, PLAN);
    TAP_CHECK(signed_only > 0);
    TAP_EQUAL_INT(act(&depot, signed_only, "start"), 409); /* nobody could fetch it */
    int64_t id = make(&depot, 2, PLAN);
    TAP_EQUAL_INT(act(&depot, id, "pause"), 409);
    TAP_EQUAL_INT(act(&depot, id, "resume"), 409);
    TAP_EQUAL_INT(act(&depot, id, "decide"), 409);
    TAP_EQUAL_INT(act(&depot, id, "retry"), 409);
    TAP_EQUAL_INT(act(&depot, 999, "start"), 404);
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/rollouts/x1/start", "{}"),
                  404);
    TAP_EQUAL_INT(act(&depot, id, "abort"), 200);
    TAP_EQUAL_INT(act(&depot, id, "start"), 409);
    TAP_CHECK(test_product(&depot, "other"));
    char path[96];
    (void)snprintf(path, sizeof path, "/api/v1/products/other/rollouts/%lld", (long long)id);
    TAP_EQUAL_INT(test_status(&depot, "GET", path, NULL), 404);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(offers_a_phase_at_a_time_until_it_is_done);
    TAP_RUN(offers_to_the_rest_when_it_is_done);
    TAP_RUN(offers_the_last_one_that_is_done);
    TAP_RUN(halts_by_itself);
    TAP_RUN(halts_above_the_phases_own_limit_where_that_is_lower);
    TAP_RUN(lists_what_is_open);
    TAP_RUN(halts_at_once_when_a_person_says_so);
    TAP_RUN(counts_a_device_once);
    TAP_RUN(takes_silence_for_failure);
    TAP_RUN(counts_only_the_products_own_devices);
    TAP_RUN(shows_how_it_went_over_time);
    TAP_RUN(refuses_what_makes_no_sense);
    return tap_finish();
}
