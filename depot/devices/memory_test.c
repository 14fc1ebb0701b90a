/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of check-ins, and what somebody tries with it: to be told of a device what
 * only that device is told, by another's secret, a former one, or one that was revoked, here or by
 * another replica, which the tests play by writing what it would have committed.
 */
#include "memory.h"
#include "test_fleet.h"

#include "rollouts/rollouts.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define TOKEN "{\"title\":\"line\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":9}"

static struct test_depot depot;
static char token[80];

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

/* Enrolled, and has reported. */
static bool open_device(const char *id, struct test_device *ret_device)
{
    char state[32];
    return test_device_open(&depot, id, ret_device) &&
           test_device_enrol(ret_device, token, state) == 200 && test_device_say(ret_device) == 200;
}

static bool open_depot(void)
{
    return test_depot_open(&depot, NULL) && test_product(&depot, "lamp") &&
           test_product(&depot, "other") && test_enrolment_token(&depot, "lamp", TOKEN, token);
}

/* What a check-in comes to: "nothing", "log", "report", or the reason of a refusal. */
static const char *comes_to(struct test_device *device)
{
    static char reason[32];
    struct test_answer answer;
    const char *what = "nothing";
    if (test_device_check_in(device, &answer) != 200) {
        what = test_reason(&answer, reason);
    } else if (test_find(&answer, "report") != SLW_JSON_NONE) {
        what = "report";
    } else if (test_find(&answer, "log") != SLW_JSON_NONE) {
        what = "log";
    }
    test_answer_free(&answer);
    return what;
}

static bool is_told(struct test_device *device, const char *expected)
{
    const char *what = comes_to(device);
    if (strcmp(what, expected) != 0) {
        printf("# %s: %s, expected %s\n", device->id, what, expected);
    }
    return strcmp(what, expected) == 0;
}

/* Whether it is answered without its row, in which a log is wanted, without anybody having said
 * so. */
static bool is_remembered(struct test_device *device)
{
    bool wanted = test_sql(&depot, "UPDATE devices SET log_wanted = 1");
    const char *what = comes_to(device);
    return test_sql(&depot, "UPDATE devices SET log_wanted = 0") && wanted &&
           strcmp(what, "nothing") == 0;
}

/* The second check-in at the latest: the first may have come before anything was heard. Within a
 * minute: a machine may have much else to do, and no device may ask much more often. */
static bool remember(struct test_device *device)
{
    for (int i = 0; i < 60; i++) {
        if (is_told(device, "nothing") && is_remembered(device)) {
            return true;
        }
        pause_ms(i < 20 ? 50 : 1000);
    }
    return false;
}

/* The same without a check-in that would put it: while nothing was heard for too long, nobody is
 * remembered, but nobody is forgotten either. */
static bool is_still_remembered(struct test_device *device)
{
    for (int i = 0; i < 60; i++) {
        if (is_remembered(device)) {
            return true;
        }
        pause_ms(i < 20 ? 50 : 1000);
    }
    return false;
}

/* What is remembered from here on was put, or stayed, behind all that happened so far: it counts
 * only when a look ended that began less than so long ago. */
static void let_all_be_heard(void)
{
    pause_ms(DEVICES_MEMORY_FOLLOWED_MS + 100);
}

/* What another replica commits: a change of the rows, and that something happened to d1. */
static bool commit_elsewhere(const char *change)
{
    return test_sql(&depot, change) &&
           test_sql(&depot, "INSERT INTO events (id, time_us, product, kind, subject, data) SELECT "
                            "value + 1, 1, 'lamp', 'device', 'd1', '{}' FROM counters WHERE name = "
                            "'events'") &&
           test_sql(&depot, "UPDATE counters SET value = value + 1 WHERE name = 'events'");
}

/* From within the time that is promised on it is told that. */
static bool hears(struct test_device *device, const char *expected)
{
    int64_t until_ms = depot_clock_ms() + DEVICES_MEMORY_FOLLOWED_MS;
    while (depot_clock_ms() < until_ms && strcmp(comes_to(device), expected) != 0) {
        pause_ms(50);
    }
    bool told = true;
    for (int i = 0; i < 5 && told; i++) {
        told = is_told(device, expected);
    }
    return told;
}

static void answers_of_memory_until_something_changes(void)
{
    struct test_device device;
    struct test_device other;
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && open_device("d2", &other));
    let_all_be_heard();
    TAP_REQUIRE(remember(&device) && remember(&other));
    /* Here: at once. */
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/ask-log", NULL),
                  204);
    TAP_CHECK(is_told(&device, "log"));
    TAP_CHECK(is_told(&device, "log"));
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET log_wanted = 0"));
    TAP_REQUIRE(remember(&device));
    TAP_EQUAL_INT(test_status(&depot, "PATCH", "/api/v1/products/lamp/devices/d1", "{\"pin\":7}"),
                  204);
    TAP_CHECK(!is_remembered(&device));
    TAP_CHECK(is_still_remembered(&other));
    /* What it says of itself is another thing, and what it said before isn't so any more. */
    TAP_REQUIRE(remember(&device));
    struct test_device former = device;
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_CHECK(is_told(&former, "report"));
    TAP_CHECK(remember(&device));
    /* Elsewhere. */
    TAP_CHECK(commit_elsewhere("UPDATE devices SET log_wanted = 1"));
    TAP_CHECK(hears(&device, "log"));
    test_device_close(&device);
    test_device_close(&other);
    test_depot_close(&depot);
}

static void tells_nobody_what_is_another_devices(void)
{
    struct test_device device;
    struct test_device thief;
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && open_device("d2", &thief));
    let_all_be_heard();
    TAP_REQUIRE(remember(&device) && remember(&thief));
    struct test_device as = device;
    memcpy(as.secret, thief.secret, sizeof as.secret);
    TAP_CHECK(is_told(&as, "epoch-over"));
    as = thief;
    as.id = "d1";
    TAP_CHECK(is_told(&as, "epoch-over"));
    as = device;
    as.product = "other";
    TAP_CHECK(is_told(&as, "epoch-over"));
    as = device;
    as.epoch = 2;
    TAP_CHECK(is_told(&as, "epoch-over"));
    as.epoch = device.epoch;
    for (size_t i = 0; i < 64; i += 9) { /* a digit, whichever */
        as.secret[i] = device.secret[i] == '0' ? '1' : '0';
        TAP_CHECK(is_told(&as, "epoch-over"));
        as.secret[i] = device.secret[i];
    }
    as.secret[64] = '0';
    as.secret[65] = '\0';
    TAP_CHECK(is_told(&as, "epoch-over"));
    as.secret[63] = '\0';
    TAP_CHECK(is_told(&as, "epoch-over"));
    as.secret[0] = '\0';
    TAP_CHECK(is_told(&as, "epoch-over"));
    /* What runs there isn't what is known. */
    as = device;
    as.version++;
    TAP_CHECK(is_told(&as, "report"));
    as = device;
    as.last[15] = as.last[15] == '0' ? '1' : '0';
    TAP_CHECK(is_told(&as, "report"));
    as.last[8] = '\0';
    TAP_CHECK(is_told(&as, "report"));
    TAP_CHECK(is_still_remembered(&device) && is_still_remembered(&thief));
    test_device_close(&device);
    test_device_close(&thief);
    test_depot_close(&depot);
}

static void refuses_at_once_who_was_revoked_or_replaced_here(void)
{
    struct test_device device;
    char state[32];
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && remember(&device));
    struct test_device former = device;
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_CHECK(is_told(&former, "epoch-over"));
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_REQUIRE(remember(&device));
    TAP_CHECK(is_told(&former, "epoch-over"));
    TAP_EQUAL_INT(test_status(&depot, "POST", "/api/v1/products/lamp/devices/d1/revoke", NULL),
                  204);
    for (int i = 0; i < 30; i++) {
        TAP_CHECK(is_told(&device, "epoch-over"));
        pause_ms(20);
    }
    test_device_close(&device);
    test_depot_close(&depot);
}

static void hears_what_another_replica_did(void)
{
    struct test_device device;
    char state[32];
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && remember(&device));
    TAP_CHECK(commit_elsewhere("UPDATE devices SET state = 'revoked', secret = NULL"));
    TAP_CHECK(hears(&device, "epoch-over"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE devices SET state = 'registered'"));
    TAP_EQUAL_INT(test_device_enrol(&device, NULL, state), 200);
    TAP_EQUAL_INT(test_device_say(&device), 200);
    TAP_REQUIRE(remember(&device));
    TAP_CHECK(commit_elsewhere("UPDATE devices SET epoch = epoch + 1"));
    TAP_CHECK(hears(&device, "epoch-over"));
    device.epoch++;
    TAP_REQUIRE(remember(&device));
    /* A backup was restored. */
    TAP_CHECK(test_sql(&depot, "UPDATE counters SET value = value + 1 WHERE name = 'restores'"));
    TAP_CHECK(hears(&device, "epoch-over"));
    test_device_close(&device);
    test_depot_close(&depot);
}

static void forgets_all_when_it_cannot_follow(void)
{
    struct test_device device;
    TAP_REQUIRE(open_depot() && open_device("d1", &device) && remember(&device));
    /* More happened than is read; the counter went back. */
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET log_wanted = 1") &&
              test_sql(&depot, "UPDATE counters SET value = value + 5000 WHERE name = 'events'"));
    TAP_CHECK(hears(&device, "log"));
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET log_wanted = 0"));
    TAP_REQUIRE(remember(&device));
    TAP_CHECK(test_sql(&depot, "UPDATE devices SET log_wanted = 1") &&
              test_sql(&depot, "UPDATE counters SET value = value - 1 WHERE name = 'events'"));
    TAP_CHECK(hears(&device, "log"));
    test_device_close(&device);
    test_depot_close(&depot);
}

/* --- The table by itself --- */

#define SECRET "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct device_claim claim_of(const char *device)
{
    return (struct device_claim){
        .product = SLW_BYTES_OF("lamp"),
        .device = slw_bytes_make(device, strlen(device)),
        .secret = SLW_BYTES_OF(SECRET),
        .report = SLW_BYTES_OF("0011223344556677"),
        .epoch = 1,
        .version = 7,
    };
}

static bool has(struct devices_memory *memory, const struct device_claim *claim)
{
    int64_t seen_s = 0;
    return devices_memory_has(memory, claim, depot_clock_ms(), &seen_s) && seen_s == 42;
}

static void put(struct devices_memory *memory, const struct device_claim *claim)
{
    struct devices_ticket ticket = devices_memory_ticket(memory, claim);
    devices_memory_put(memory, claim, &ticket, depot_offers_generation(depot.depot),
                       depot_clock_ms(), 42);
}

static bool open_memory(struct devices_memory **ret_memory)
{
    struct slw_detail detail = {""};
    if (!open_depot() || devices_memory_open(depot.depot, ret_memory, &detail) != SLW_OK) {
        return false;
    }
    for (int i = 0; i < 100 && depot_offers_generation(depot.depot) == 0; i++) {
        pause_ms(20);
    }
    return true;
}

static void puts_nothing_that_was_forgotten_meanwhile(void)
{
    struct devices_memory *memory = NULL;
    const struct device_claim claim = claim_of("d1");
    TAP_REQUIRE(open_memory(&memory));
    uint64_t offers = depot_offers_generation(depot.depot);
    put(memory, &claim);
    TAP_CHECK(!has(memory, &claim)); /* nothing was heard yet */
    devices_memory_followed(memory, depot_clock_ms());
    TAP_CHECK(has(memory, &claim));
    devices_memory_followed(memory, depot_clock_ms() - DEVICES_MEMORY_FOLLOWED_MS - 1);
    TAP_CHECK(!has(memory, &claim)); /* nor is it any more */
    devices_memory_followed(memory, depot_clock_ms());
    devices_memory_forget(memory, claim.product, SLW_BYTES_OF("d2"));
    TAP_CHECK(has(memory, &claim));
    devices_memory_forget(memory, claim.product, claim.device);
    TAP_CHECK(!has(memory, &claim));
    /* A row that was read before it changed. */
    struct devices_ticket ticket = devices_memory_ticket(memory, &claim);
    devices_memory_forget(memory, claim.product, claim.device);
    devices_memory_put(memory, &claim, &ticket, offers, depot_clock_ms(), 42);
    TAP_CHECK(!has(memory, &claim));
    ticket = devices_memory_ticket(memory, &claim);
    devices_memory_forget_all(memory);
    devices_memory_put(memory, &claim, &ticket, offers, depot_clock_ms(), 42);
    TAP_CHECK(!has(memory, &claim));
    put(memory, &claim);
    TAP_CHECK(has(memory, &claim));
    devices_memory_forget_all(memory);
    TAP_CHECK(!has(memory, &claim));
    /* Not for ever. */
    int64_t seen_s = 0;
    int64_t later_ms = depot_clock_ms() + DEVICES_MEMORY_KEPT_S * 1000;
    put(memory, &claim);
    devices_memory_followed(memory, later_ms + 2000);
    TAP_CHECK(devices_memory_has(memory, &claim, later_ms - 1000, &seen_s));
    TAP_CHECK(!devices_memory_has(memory, &claim, later_ms + 2000, &seen_s));
    devices_memory_followed(memory, depot_clock_ms());
    devices_memory_forget_all(memory);
    /* By what was offered before, or isn't known. */
    ticket = devices_memory_ticket(memory, &claim);
    devices_memory_put(memory, &claim, &ticket, offers + 1, depot_clock_ms(), 42);
    devices_memory_put(memory, &claim, &ticket, 0, depot_clock_ms(), 42);
    TAP_CHECK(!has(memory, &claim));
    devices_memory_close(memory);
    test_depot_close(&depot);
}

static void keeps_as_many_as_fit_and_the_newest(void)
{
    static char names[200000][12];
    const size_t count = sizeof names / sizeof names[0];
    struct devices_memory *memory = NULL;
    size_t kept = 0;
    size_t newest = 0;
    TAP_REQUIRE(open_memory(&memory));
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(names[i], sizeof names[i], "d%zu", i);
        const struct device_claim claim = claim_of(names[i]);
        put(memory, &claim);
        if (i % 100 == 0) {
            devices_memory_followed(memory, depot_clock_ms());
            newest += has(memory, &claim) ? 1 : 0;
        }
    }
    TAP_EQUAL_INT(newest, count / 100);
    for (size_t i = 0; i < count; i++) {
        const struct device_claim claim = claim_of(names[i]);
        if (i % 100 == 0) {
            devices_memory_followed(memory, depot_clock_ms());
        }
        kept += has(memory, &claim) ? 1 : 0;
    }
    TAP_CHECK(kept > count * 9 / 10);
    for (size_t i = 0; i < 1000; i++) {
        const struct device_claim claim = claim_of(names[i]);
        devices_memory_forget(memory, claim.product, claim.device);
        TAP_CHECK(!has(memory, &claim));
    }
    struct device_claim other = claim_of(names[0]);
    other.secret.len = 63;
    put(memory, &other);
    TAP_CHECK(!has(memory, &other));
    devices_memory_close(memory);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(answers_of_memory_until_something_changes);
    TAP_RUN(tells_nobody_what_is_another_devices);
    TAP_RUN(refuses_at_once_who_was_revoked_or_replaced_here);
    TAP_RUN(hears_what_another_replica_did);
    TAP_RUN(forgets_all_when_it_cannot_follow);
    TAP_RUN(puts_nothing_that_was_forgotten_meanwhile);
    TAP_RUN(keeps_as_many_as_fit_and_the_newest);
    return tap_finish();
}
