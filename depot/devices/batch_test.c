/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports that come at once: they meet in batches, each is taken at most once, and who finds no
 * room is told to come again.
 */
#include "parts.h"
#include "test_fleet.h"

#include "tap.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A depot and a device that enrolled. */
static bool open_fleet(struct test_depot *depot, struct test_device *device)
{
    char token[80];
    char state[32];
    return test_depot_open(depot, NULL) && test_product(depot, "lamp") &&
           test_enrolment_token(
               depot, "lamp",
               "{\"title\":\"line "
               "1\",\"class\":\"prod\",\"channel\":\"stable\",\"uses\":1,\"tags\":[]}",
               token) &&
           test_device_open(depot, "d1", device) && test_device_enrol(device, token, state) == 200;
}

struct sending {
    struct test_device device;
    struct slw_fleet_report report;
    long status;
};

static void *send_alone(void *context)
{
    struct sending *sending = context;
    struct test_answer answer;
    sending->status = test_device_send(&sending->device, &sending->report, &answer);
    test_answer_free(&answer);
    return NULL;
}

/* Several at once, of one device and twice the same: they meet in batches. */
static void takes_each_of_many_at_once_at_most_once(void)
{
    enum { COUNT = 12 };
    static struct sending sendings[COUNT];
    pthread_t threads[COUNT];
    struct test_depot depot;
    struct test_device device;
    struct test_answer answer;
    int good = 0;
    TAP_REQUIRE(open_fleet(&depot, &device));
    TAP_EQUAL_INT(test_device_check_in(&device, &answer), 200);
    test_answer_free(&answer);
    for (size_t i = 0; i < COUNT; i++) {
        sendings[i].device = device;
        sendings[i].report = test_device_report(&device, SLW_FLEET_PROGRESS);
        sendings[i].report.release = 2;
        sendings[i].report.sequence = (int64_t)(1 + i / 2);
        TAP_REQUIRE(pthread_create(&threads[i], NULL, send_alone, &sendings[i]) == 0);
    }
    for (size_t i = 0; i < COUNT; i++) {
        (void)pthread_join(threads[i], NULL);
        TAP_CHECK(sendings[i].status == 200 || sendings[i].status == 403);
        good += sendings[i].status == 200;
    }
    /* What was answered as taken is there, and what is there was taken once. */
    int64_t kept =
        test_count(&depot, "SELECT COUNT(*) FROM device_history WHERE kind = 'progress'");
    TAP_CHECK(kept >= 1 && kept <= COUNT / 2 && good >= kept && good <= 2 * kept);
    TAP_EQUAL_INT(test_count(&depot, "SELECT sequence FROM devices"), COUNT / 2);
    test_device_close(&device);
    test_depot_close(&depot);
}

/* Requests that wait for their answer, but for this one. */
static int64_t count_waiting(const struct test_depot *depot)
{
    static const char name[] = "\nslipway_depot_http_busy ";
    struct test_answer answer;
    test_call(depot, "GET", "/metrics", NULL, &answer);
    const char *at = strstr(slw_heap_text(&answer.body), name);
    int64_t count = at == NULL ? -1 : (int64_t)strtoll(at + sizeof name - 1, NULL, 10) - 1;
    test_answer_free(&answer);
    return count;
}

/* Others that have the key and the secret of one that enrolled. */
static bool add_twins(struct test_depot *depot, int count)
{
    char sql[1024];
    (void)snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) INSERT INTO "
        "devices (product, id, state, key_pem, new_key_pem, epoch, restores, secret, class, "
        "hardware, channel, attributes, tags, utc_offset_s, version, root_version, boot_state, "
        "slots, sequence, report_answer, healthy, pin, log_wanted, made_us) SELECT product, 'm' || "
        "i, state, key_pem, new_key_pem, epoch, restores, secret, class, hardware, channel, "
        "attributes, tags, utc_offset_s, version, root_version, boot_state, slots, sequence, "
        "report_answer, healthy, pin, log_wanted, made_us FROM devices, n",
        count - 1);
    return test_sql(depot, sql);
}

/* One of them, with a report that it may send. */
static bool prepare_twin(const struct test_device *device, const char *name,
                         struct sending *ret_sending)
{
    struct test_answer answer;
    ret_sending->device = *device;
    ret_sending->device.id = name;
    long status = test_device_check_in(&ret_sending->device, &answer);
    test_answer_free(&answer);
    ret_sending->report = test_device_report(&ret_sending->device, SLW_FLEET_PROGRESS);
    ret_sending->report.release = 2;
    return status == 200;
}

/* More than a batch holds, all there before the first is taken: in as few transactions as there
 * must be, and one that contradicts another of its batch is refused alone. */
static void takes_as_many_at_once_as_wait(void)
{
    enum { COUNT = 600, AGAIN = 5 };
    static struct sending sendings[COUNT + AGAIN];
    static char names[COUNT][8];
    static pthread_t threads[COUNT + AGAIN];
    struct test_depot depot;
    struct test_device device;
    int good = 0;
    TAP_REQUIRE(open_fleet(&depot, &device));
    TAP_REQUIRE(add_twins(&depot, COUNT));
    for (size_t i = 0; i < COUNT + AGAIN; i++) {
        (void)snprintf(names[i % COUNT], sizeof names[0], "m%zu", i % COUNT);
        TAP_REQUIRE(prepare_twin(&device, names[i % COUNT], &sendings[i]));
        sendings[i].report.release = i < COUNT ? 2 : 3;
    }
    (void)pthread_mutex_lock(&depot.depot->devices->writing);
    bool started = true;
    for (size_t i = 0; i < COUNT + AGAIN; i++) {
        started = pthread_create(&threads[i], NULL, send_alone, &sendings[i]) == 0 && started;
    }
    for (int i = 0; i < 400 && count_waiting(&depot) < COUNT + AGAIN; i++) {
        (void)usleep(50000);
    }
    (void)usleep(100000); /* from the handler to the queue */
    (void)pthread_mutex_unlock(&depot.depot->devices->writing);
    TAP_REQUIRE(started);
    for (size_t i = 0; i < COUNT + AGAIN; i++) {
        (void)pthread_join(threads[i], NULL);
        good += sendings[i].status == 200 ? 1 : 0;
        TAP_CHECK(sendings[i].status == 200 || (sendings[i].status == 409 && i % COUNT < AGAIN));
    }
    TAP_EQUAL_INT(good, COUNT);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM device_history WHERE kind = 'progress'"),
                  COUNT);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE sequence = 1"), COUNT);
    int64_t batches = test_count(&depot, "SELECT COUNT(DISTINCT time_us) FROM device_history "
                                         "WHERE kind = 'progress'");
    TAP_CHECK(batches >= 3 && batches <= 5);
    test_device_close(&device);
    test_depot_close(&depot);
}

enum { ROOM = 8, CROWD = 3 * ROOM };
static atomic_int turned_away;

/* Who is turned away hears when to come again. */
static void *send_into_the_crowd(void *context)
{
    struct sending *sending = context;
    struct test_answer answer;
    char retry[512];
    sending->status = test_device_send(&sending->device, &sending->report, &answer);
    if (sending->status == 503 && test_text(&answer, "reason", "unavailable") &&
        test_text(&answer, "detail", "too many reports wait; come again") &&
        test_header(&answer, "Retry-After", retry)[0] != '\0') {
        atomic_fetch_add(&turned_away, 1);
    }
    test_answer_free(&answer);
    return NULL;
}

/* The first batch stands still, with at most as many as there is room for, and others wait or are
 * turned away, until all are one of these. Whoever was just turned away may count as both. */
static bool crowd(struct test_depot *depot, struct sending sendings[static CROWD],
                  pthread_t threads[static CROWD])
{
    struct depot_devices_state *devices = depot->depot->devices;
    bool started = true;
    int looks = 0; /* that found all of them, one after the other */
    (void)pthread_mutex_lock(&devices->writing);
    for (size_t i = 0; i < CROWD; i++) {
        started =
            pthread_create(&threads[i], NULL, send_into_the_crowd, &sendings[i]) == 0 && started;
    }
    for (int i = 0; i < 600 && looks < 3; i++) {
        (void)usleep(50000);
        looks = atomic_load(&turned_away) + count_waiting(depot) == CROWD ? looks + 1 : 0;
    }
    (void)pthread_mutex_unlock(&devices->writing);
    for (size_t i = 0; i < CROWD; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    return started && looks == 3;
}

/* As with the 4,096 that a depot lets wait. */
static void turns_away_who_finds_no_room_and_loses_nobody_else(void)
{
    static struct sending sendings[CROWD];
    static char names[CROWD][8];
    static pthread_t threads[CROWD];
    struct test_depot depot;
    struct test_device device;
    struct test_answer answer;
    struct slw_detail detail = {""};
    int64_t good = 0;
    TAP_REQUIRE(open_fleet(&depot, &device));
    TAP_REQUIRE(add_twins(&depot, CROWD));
    for (size_t i = 0; i < CROWD; i++) {
        (void)snprintf(names[i], sizeof names[0], "m%zu", i);
        TAP_REQUIRE(prepare_twin(&device, names[i], &sendings[i]));
    }
    struct depot_devices_state *devices = depot.depot->devices;
    devices_batch_close(devices->batch);
    TAP_REQUIRE(devices_batch_open(depot.depot, ROOM, &devices->batch, &detail) == SLW_OK);
    TAP_CHECK(crowd(&depot, sendings, threads));
    for (size_t i = 0; i < CROWD; i++) {
        good += sendings[i].status == 200 ? 1 : 0;
    }
    TAP_EQUAL_INT(good + atomic_load(&turned_away), CROWD);
    TAP_CHECK(good >= ROOM && good <= 2 * ROOM);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE sequence = 1"), good);
    TAP_EQUAL_INT(devices_batch_waiting(devices->batch), 0);
    for (size_t i = 0; i < CROWD; i++) {
        if (sendings[i].status == 503) {
            TAP_EQUAL_INT(test_device_send(&sendings[i].device, &sendings[i].report, &answer), 200);
            test_answer_free(&answer);
        }
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM devices WHERE sequence = 1"), CROWD);
    test_device_close(&device);
    test_depot_close(&depot);
}

int main(void)
{
    TAP_RUN(takes_each_of_many_at_once_at_most_once);
    TAP_RUN(takes_as_many_at_once_as_wait);
    TAP_RUN(turns_away_who_finds_no_room_and_loses_nobody_else);
    return tap_finish();
}
