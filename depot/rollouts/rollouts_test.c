/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rollouts, from the people's side and the devices': who is offered what, what outcomes do, and
 * that it halts by itself. Devices and releases are rows that the test writes; the calls, the
 * offers and the work are the real ones.
 */
#include "parts.h"

#include "test_depot.h"

#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PLAN                                                                                       \
    "{\"phases\":[{\"ppm\":200000,\"failure_ppm\":400000},{\"ppm\":1000000,\"failure_ppm\":"       \
    "100000}],\"health\":{\"silence_s\":10}}"

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* --- Rows --- */

struct sql {
    const char *text;
};

static enum slw_status run_sql(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    const struct sql *sql = context;
    return slw_sql_run(transaction, sql->text, NULL, 0, NULL, detail);
}

__attribute__((format(printf, 2, 3))) static bool row(struct test_depot *depot, const char *format,
                                                      ...)
{
    char text[2048];
    struct slw_detail detail = {""};
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    struct sql sql = {text};
    enum slw_status status =
        slw_database_transact(depot->depot->database, SLW_DATABASE_WRITE, run_sql, &sql, &detail);
    if (status != SLW_OK) {
        printf("# %s: %s\n", text, detail.text);
    }
    return status == SLW_OK;
}

#define NO_BUILD "0000000000000000000000000000000000000000000000000000000000000000"

static bool add_release(struct test_depot *depot, int version, const char *state, int min_installed)
{
    return row(
        depot,
        "INSERT INTO releases (product, version, build, stage, channel, key_name, key_class, "
        "kind, release_version, urgency, min_installed_version, hardware, notes, changes, "
        "state, state_us, reason, prepared_blob, request, blob, size, path, role, "
        "is_complete, replaces, made_us, made_by) VALUES ('lamp', %d, '" NO_BUILD
        "', 'production', 'stable', 'lamp-prod', 'prod', 'feature', '%d.0', 'routine', %d, "
        "'[]', '', '[]', '%s', 1, '', '', '', '" NO_BUILD
        "', 4711, 'lamp/stable/%d.bundle', 'lamp-stable-rollout', 0, 0, 1, 'admin')",
        version, version, min_installed, state, version);
}

static bool add_device(struct test_depot *depot, int number, int version)
{
    return row(
        depot,
        "INSERT INTO devices (product, id, state, key_pem, new_key_pem, epoch, restores, "
        "class, hardware, channel, attributes, tags, utc_offset_s, version, root_version, "
        "boot_state, slots, sequence, report_answer, healthy, pin, log_wanted, made_us) "
        "VALUES ('lamp', 'd%03d', 'enrolled', '', '', 1, 0, 'prod', 'lamp-1', 'stable', '{}', "
        "'[\"home\"]', 0, %d, 1, 'confirmed', '[]', 0, '', 1, 0, 0, 1)",
        number, version);
}

/* A depot with a product, two releases, a hundred devices and a group of all of them. */
static bool open_fleet(struct test_depot *depot, const char *consent)
{
    bool done = test_depot_open(depot, NULL) && test_product(depot, "lamp") &&
                row(depot, "INSERT INTO builds (id, product, bundle, size, version, build_type, "
                           "hardware, targets, made_us, made_by, state, state_us, furthest) VALUES "
                           "('" NO_BUILD "', 'lamp', '', 1, 1, 'user', '[]', '[]', 1, 'ci', "
                           "'production', 1, 4)") &&
                row(depot,
                    "INSERT INTO groups (product, name, query, consent, windows, made_us) VALUES "
                    "('lamp', 'all', '{\"tag\":\"home\"}', '%s', '[]', 1)",
                    consent) &&
                add_release(depot, 1, "published", 0) && add_release(depot, 2, "published", 0) &&
                add_release(depot, 3, "signed", 0);
    for (int i = 0; i < 100 && done; i++) {
        done = add_device(depot, i, 1);
    }
    return done;
}

/* --- What is asked --- */

static int64_t make(struct test_depot *depot, int release, const char *plan)
{
    char body[1024];
    struct test_answer answer;
    (void)snprintf(body, sizeof body, "{\"release\":%d,\"group\":\"all\",\"plan\":%s}", release,
                   plan);
    test_call(depot, "POST", "/api/v1/products/lamp/rollouts", body, &answer);
    int64_t id = answer.status == 201 ? test_number(&answer, "id") : -answer.status;
    test_answer_free(&answer);
    return id;
}

static long act(struct test_depot *depot, int64_t id, const char *action)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/rollouts/%lld/%s", (long long)id,
                   action);
    return test_status(depot, "POST", path, "{}");
}

static void show(struct test_depot *depot, int64_t id, struct test_answer *answer)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/rollouts/%lld", (long long)id);
    test_call(depot, "GET", path, NULL, answer);
}

static bool is_state(struct test_depot *depot, int64_t id, const char *state)
{
    struct test_answer answer;
    show(depot, id, &answer);
    struct slw_bytes is_now = slw_json_string(&answer.json, test_find(&answer, "state"));
    bool is = slw_bytes_equal(is_now, slw_bytes_make(state, strlen(state)));
    test_answer_free(&answer);
    return is;
}

/* Until it is so, for at most 10 s: the work under the lease is a thread of its own. */
static bool await_state(struct test_depot *depot, int64_t id, const char *state)
{
    for (int i = 0; i < 100; i++) {
        if (is_state(depot, id, state)) {
            return true;
        }
        pause_ms(100);
    }
    return false;
}

static struct depot_device_view device_view(int number, int64_t version, char name[static 8])
{
    int len = snprintf(name, 8, "d%03d", number);
    return (struct depot_device_view){
        .product = SLW_BYTES_OF("lamp"),
        .id = slw_bytes_make(name, (size_t)len),
        .hardware = SLW_BYTES_OF("lamp-1"),
        .key_class = SLW_BYTES_OF("prod"),
        .channel = SLW_BYTES_OF("stable"),
        .attributes = SLW_BYTES_OF("{}"),
        .tags = SLW_BYTES_OF("[\"home\"]"),
        .version = version,
    };
}

static enum slw_status find_offer(struct test_depot *depot, int number, int64_t version,
                                  struct depot_offer *ret_offer)
{
    char name[8];
    struct slw_detail detail = {""};
    struct depot_device_view view = device_view(number, version, name);
    return depot_offer_find(depot->depot, &view, INT64_C(1700000000000000), ret_offer, &detail);
}

/* What runs is read every second; offers of before have to go first. */
static bool await_offers(struct test_depot *depot, bool some)
{
    for (int i = 0; i < 60; i++) {
        struct depot_offer offer;
        bool any = false;
        for (int number = 0; number < 100; number++) {
            any = find_offer(depot, number, 1, &offer) == SLW_OK || any;
        }
        if (any == some) {
            return true;
        }
        pause_ms(100);
    }
    return false;
}

struct reporting {
    struct depot_device_view view;
    int64_t rollout, release;
    enum depot_outcome outcome;
    const char *reason;
};

static enum slw_status report_in(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    const struct reporting *reporting = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    return depot_rollout_report(transaction, &reporting->view, reporting->rollout,
                                reporting->release, reporting->outcome, reporting->reason, now_us,
                                detail);
}

static enum slw_status report(struct test_depot *depot, int number, int64_t rollout,
                              int64_t release, enum depot_outcome outcome)
{
    char name[8];
    struct slw_detail detail = {""};
    struct reporting reporting = {device_view(number, 1, name), rollout, release, outcome,
                                  outcome == DEPOT_OUTCOME_FAILED ? "wrong-hash" : ""};
    return slw_database_transact(depot->depot->database, SLW_DATABASE_WRITE, report_in, &reporting,
                                 &detail);
}

/* Every device of a phase reports the same; how many they were. */
static int report_phase(struct test_depot *depot, int64_t rollout, size_t phase,
                        enum depot_outcome outcome, int most)
{
    struct slw_rollout_plan plan;
    struct slw_detail detail = {""};
    int count = 0;
    if (slw_rollout_plan_parse(slw_bytes_make(PLAN, strlen(PLAN)), &plan, &detail) != SLW_OK) {
        return -1;
    }
    for (int number = 0; number < 100 && count < most; number++) {
        char name[8];
        struct depot_device_view view = device_view(number, 1, name);
        if (rollout_phase_of(rollout, &plan, view.id) == phase) {
            count += report(depot, number, rollout, 2, DEPOT_OUTCOME_DOWNLOADING) == SLW_OK &&
                     report(depot, number, rollout, 2, outcome) == SLW_OK;
        }
    }
    slw_rollout_plan_free(&plan);
    return count;
}

/* --- The cases --- */

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
    for (int i = 0; i < 100 && test_count(&depot, "SELECT phase FROM rollouts") == 0; i++) {
        pause_ms(100);
    }
    TAP_EQUAL_INT(report_phase(&depot, id, 1, DEPOT_OUTCOME_SUCCEEDED, 100), 100 - offered);
    TAP_CHECK(await_state(&depot, id, "done"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT is_complete FROM releases WHERE version = 2"), 1);
    TAP_CHECK(test_count(&depot, "SELECT COUNT(*) FROM rollout_looks WHERE verdict = 'good'") >= 2);
    TAP_EQUAL_INT(act(&depot, id, "halt"), 409);
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
    for (int i = 0; i < 60 && test_count(&depot, "SELECT phase FROM rollouts") == 0; i++) {
        pause_ms(100);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT phase FROM rollouts"), 1);
    test_depot_close(&depot);
}

static bool say_yes(struct test_depot *depot, const char *device, const char *group, int by_device)
{
    return row(depot,
               "INSERT INTO consents (product, device, device_group, release, decision, by_device, "
               "who, time_us) VALUES ('lamp', '%s', '%s', 5, 'yes', %d, 'ada', 1)",
               device, group, by_device);
}

static void lets_nobody_agree_for_a_consumer_who_is_asked(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    TAP_REQUIRE(open_fleet(&depot, "ask"));
    TAP_REQUIRE(add_release(&depot, 5, "published", 0));
    int64_t id = make(&depot, 5, "{\"phases\":[{\"ppm\":1000000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    TAP_CHECK(await_offers(&depot, true));
    TAP_REQUIRE(say_yes(&depot, "", "all", 0) && say_yes(&depot, "d001", "", 0));
    TAP_REQUIRE(find_offer(&depot, 1, 1, &offer) == SLW_OK);
    TAP_CHECK(!offer.consent_given);
    TAP_REQUIRE(say_yes(&depot, "d001", "", 1));
    TAP_REQUIRE(find_offer(&depot, 1, 1, &offer) == SLW_OK);
    TAP_CHECK(offer.consent_given);
    TAP_REQUIRE(find_offer(&depot, 2, 1, &offer) == SLW_OK);
    TAP_CHECK(!offer.consent_given);
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

static void offers_only_what_a_device_can_and_may_have(void)
{
    struct test_depot depot;
    struct depot_offer offer;
    char name[8];
    struct slw_detail detail = {""};
    TAP_REQUIRE(open_fleet(&depot, "administrator"));
    TAP_REQUIRE(add_release(&depot, 5, "published", 2));
    int64_t id = make(&depot, 5, "{\"phases\":[{\"ppm\":1000000}]}");
    TAP_EQUAL_INT(act(&depot, id, "start"), 200);
    pause_ms(2200);
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_NOT_FOUND); /* nobody said yes */
    TAP_CHECK(say_yes(&depot, "d001", "", 1)); /* the device for itself: that isn't theirs to say */
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_NOT_FOUND);
    TAP_CHECK(say_yes(&depot, "", "all", 0));
    TAP_EQUAL_INT(find_offer(&depot, 1, 1, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 2); /* the stepping stone */
    TAP_EQUAL_INT(offer.rollout, 0);
    TAP_EQUAL_INT(find_offer(&depot, 1, 2, &offer), SLW_OK);
    TAP_EQUAL_INT(offer.release, 5);
    TAP_EQUAL_INT(find_offer(&depot, 1, 5, &offer), SLW_NOT_FOUND);
    struct depot_device_view view = device_view(1, 2, name);
    view.pin = 4;
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    view.pin = 0;
    view.tags = SLW_BYTES_OF("[]");
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    view.tags = SLW_BYTES_OF("[\"home\"]");
    view.product = SLW_BYTES_OF("other");
    TAP_EQUAL_INT(depot_offer_find(depot.depot, &view, 0, &offer, &detail), SLW_NOT_FOUND);
    TAP_CHECK(row(&depot, "UPDATE releases SET state = 'withdrawn' WHERE version = 5"));
    TAP_EQUAL_INT(find_offer(&depot, 1, 2, &offer), SLW_NOT_FOUND);
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
    TAP_RUN(halts_by_itself);
    TAP_RUN(halts_at_once_when_a_person_says_so);
    TAP_RUN(counts_a_device_once);
    TAP_RUN(takes_silence_for_failure);
    TAP_RUN(lets_nobody_agree_for_a_consumer_who_is_asked);
    TAP_RUN(counts_only_the_products_own_devices);
    TAP_RUN(offers_only_what_a_device_can_and_may_have);
    TAP_RUN(shows_how_it_went_over_time);
    TAP_RUN(refuses_what_makes_no_sense);
    return tap_finish();
}
