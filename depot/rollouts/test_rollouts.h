/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet for the tests of rollouts: devices and releases are rows that the test writes; the calls,
 * the offers and the work are the real ones.
 */
#ifndef SLIPWAY_TEST_ROLLOUTS_H
#define SLIPWAY_TEST_ROLLOUTS_H

#include "view.h"

#include "test_depot.h"

#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define PLAN                                                                                       \
    "{\"phases\":[{\"ppm\":200000,\"failure_ppm\":400000},{\"ppm\":1000000,\"failure_ppm\":"       \
    "100000}],\"health\":{\"silence_s\":10}}"

static inline void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* --- Rows --- */

struct sql {
    const char *text;
};

static inline enum slw_status run_sql(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    const struct sql *sql = context;
    return slw_sql_run(transaction, sql->text, NULL, 0, NULL, detail);
}

__attribute__((format(printf, 2, 3))) static inline bool row(struct test_depot *depot,
                                                             const char *format, ...)
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

static inline bool add_release(struct test_depot *depot, int version, const char *state,
                               int min_installed)
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

static inline bool add_device(struct test_depot *depot, int number, int version)
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
static inline bool open_fleet(struct test_depot *depot, const char *consent)
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

static inline int64_t make(struct test_depot *depot, int release, const char *plan)
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

static inline long act(struct test_depot *depot, int64_t id, const char *action)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/rollouts/%lld/%s", (long long)id,
                   action);
    return test_status(depot, "POST", path, "{}");
}

static inline void show(struct test_depot *depot, int64_t id, struct test_answer *answer)
{
    char path[128];
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/rollouts/%lld", (long long)id);
    test_call(depot, "GET", path, NULL, answer);
}

static inline bool is_state(struct test_depot *depot, int64_t id, const char *state)
{
    struct test_answer answer;
    show(depot, id, &answer);
    struct slw_bytes is_now = slw_json_string(&answer.json, test_find(&answer, "state"));
    bool is = slw_bytes_equal(is_now, slw_bytes_make(state, strlen(state)));
    test_answer_free(&answer);
    return is;
}

/* Until it is so, for at most a minute: the work under the lease is a thread of its own. */
static inline bool await_state(struct test_depot *depot, int64_t id, const char *state)
{
    for (int i = 0; i < 600; i++) {
        if (is_state(depot, id, state)) {
            return true;
        }
        pause_ms(100);
    }
    return false;
}

static inline struct depot_device_view device_view(int number, int64_t version, char name[static 8])
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

static inline enum slw_status find_offer(struct test_depot *depot, int number, int64_t version,
                                         struct depot_offer *ret_offer)
{
    char name[8];
    struct slw_detail detail = {""};
    struct depot_device_view view = device_view(number, version, name);
    return depot_offer_find(depot->depot, &view, INT64_C(1700000000000000), ret_offer, &detail);
}

/* What runs is read every second; offers of before have to go first. */
static inline bool await_offers(struct test_depot *depot, bool some)
{
    for (int i = 0; i < 600; i++) {
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

/* Until what offers come of was read behind all that happened so far, for at most a minute. */
static inline bool await_view(struct test_depot *depot)
{
    int64_t from_ms = depot_clock_ms();
    for (int i = 0; i < 600; i++) {
        struct view *view = rollouts_view_take(depot->depot);
        bool is_newer = view != NULL && view->read_ms > from_ms;
        rollouts_view_drop(view);
        if (is_newer) {
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

static inline enum slw_status report_in(void *context, struct slw_transaction *transaction,
                                        struct slw_detail *detail)
{
    const struct reporting *reporting = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    return depot_rollout_report(transaction, &reporting->view, reporting->rollout,
                                reporting->release, reporting->outcome, reporting->reason, now_us,
                                detail);
}

static inline enum slw_status report(struct test_depot *depot, int number, int64_t rollout,
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
static inline int report_phase(struct test_depot *depot, int64_t rollout, size_t phase,
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

#endif
