/* SPDX-License-Identifier: Apache-2.0 */
/* Runners that aren't who they should be, that say what they shouldn't, or are many at once; queues
 * that are full; two replicas that lease from one database. */
#include "test_jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FAN_JOBS "/api/v1/products/fan/jobs"

static char bob[128]; /* another machine of the product's developers */
static char eve[128]; /* a developer of another product */
static char vic[128]; /* may look */

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void a_lease_is_one_runners_for_one_job(void)
{
    char first[65];
    char second[65];
    int64_t one = test_job("{\"job\":\"build\"}");
    int64_t two = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\"", first), one);
    TAP_EQUAL_INT(test_lease_as(bob, "\"build\"", "", 0, second), two);
    TAP_EQUAL_INT(test_say(bob, one, "heartbeat", first, ""), 403);
    TAP_EQUAL_INT(test_say(depot.token, one, "heartbeat", first, ""), 403);
    TAP_EQUAL_INT(test_say(bob, one, "finish", first, ",\"outcome\":\"failed\""), 403);
    TAP_EQUAL_INT(test_say(runner_token, two, "heartbeat", first, ""), 403);
    TAP_EQUAL_INT(test_say(bob, one, "heartbeat", second, ""), 403);
    TAP_EQUAL_INT(test_say(runner_token, one, "heartbeat", "", ""), 403);
    TAP_EQUAL_INT(test_say(runner_token, one, "heartbeat", "0", ""), 403);
    first[0] = first[0] == '0' ? '1' : '0';
    TAP_EQUAL_INT(test_say(runner_token, one, "heartbeat", first, ""), 403);
    first[0] = '\0';
    /* The secret isn't in what others see. */
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'job.lease' AND "
                                     "detail LIKE '%lease%'"),
                  0);
    TAP_EQUAL_INT(test_finish(one, first, "failed"), 403);
    TAP_CHECK(test_job_is(one, "state", "running"));
    TAP_EQUAL_INT(test_job_status(one, "cancel"), 200);
    TAP_EQUAL_INT(test_job_status(two, "cancel"), 200);
}

static void who_has_no_role_leases_nothing(void)
{
    static const char both[] =
        "{\"runner\":\"r\",\"products\":[\"fan\",\"lamp\"],\"jobs\":[\"build\"]}";
    static const char lamp[] = "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"]}";
    static const char nil[] = "{\"runner\":\"r\",\"products\":[\"nil\"],\"jobs\":[\"build\"]}";
    static const char star[] = "{\"runner\":\"r\",\"products\":[\"*\"],\"jobs\":[\"build\"]}";
    struct test_depot session;
    char lease[65];
    char path[128];
    int64_t id = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_as(NULL, "POST", LEASE, lamp), 401);
    TAP_EQUAL_INT(test_as(vic, "POST", LEASE, lamp), 403);
    TAP_EQUAL_INT(test_as(eve, "POST", LEASE, lamp), 404);
    TAP_EQUAL_INT(test_as(eve, "POST", LEASE, both), 404);
    TAP_EQUAL_INT(test_as(eve, "POST", LEASE, nil), 404);
    TAP_EQUAL_INT(test_as(eve, "POST", LEASE, star), 400);
    TAP_REQUIRE(test_log_in(&depot, "admin", "a password of admin's", NULL, &session) == 200);
    TAP_EQUAL_INT(test_status(&session, "POST", LEASE, lamp), 403);
    TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
    (void)snprintf(path, sizeof path, JOBS "/%lld/cancel", (long long)id);
    TAP_EQUAL_INT(test_as(vic, "POST", path, "{}"), 403);
    TAP_EQUAL_INT(test_as(eve, "POST", path, "{}"), 404);
    TAP_EQUAL_INT(test_as(eve, "POST", JOBS, "{\"job\":\"build\"}"), 404);
    /* Another product's number under one's own. */
    (void)snprintf(path, sizeof path, FAN_JOBS "/%lld", (long long)id);
    TAP_EQUAL_INT(test_as(eve, "GET", path, NULL), 404);
    (void)snprintf(path, sizeof path, FAN_JOBS "/%lld/cancel", (long long)id);
    TAP_EQUAL_INT(test_as(eve, "POST", path, "{}"), 404);
    (void)snprintf(path, sizeof path, FAN_JOBS "/%lld/heartbeat", (long long)id);
    char body[128];
    (void)snprintf(body, sizeof body, "{\"lease\":\"%s\"}", lease);
    TAP_EQUAL_INT(test_as(eve, "POST", path, body), 404);
    TAP_CHECK(test_job_is(id, "state", "running"));
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
}

/* A log, as of a job that isn't one's own. */
static void nobody_leaves_things_at_anothers_job(void)
{
    char lease[65];
    char sha256[65];
    char more[64];
    int64_t id = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
    (void)snprintf(more, sizeof more, ",\"job\":%lld", (long long)id);
    struct test_depot as = depot;
    as.use_token = bob;
    TAP_EQUAL_INT(test_upload(&as, SLW_BYTES_OF("forged\n"), sha256), 201);
    TAP_EQUAL_INT(test_add_status(&as, "lamp", "log", sha256, more), 409);
    as.use_token = eve;
    TAP_EQUAL_INT(test_upload(&as, SLW_BYTES_OF("forged, too\n"), sha256), 201);
    TAP_EQUAL_INT(test_add_status(&as, "fan", "log", sha256, more), 404);
    TAP_EQUAL_INT(test_add_status(&as, "lamp", "log", sha256, more), 404);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts"), 0);
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
}

static void refuses_what_is_no_request(void)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"runner\":\"\",\"products\":[\"lamp\"],\"jobs\":[\"build\"]}",
        "{\"runner\":\"a\\u001b[2J\",\"products\":[\"lamp\"],\"jobs\":[\"build\"]}",
        "{\"runner\":\"r\",\"products\":[],\"jobs\":[\"build\"]}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[]}",
        "{\"runner\":\"r\",\"products\":\"lamp\",\"jobs\":[\"build\"]}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[1]}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"'; DROP TABLE jobs; --\"]}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"],\"labels\":[\"\"]}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"],\"wait_s\":-1}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"],\"wait_s\":31}",
        "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"],\"wait_s\":\"1\"}",
    };
    char lease[65];
    struct slw_heap_buffer text = {0};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        TAP_ROW(wrong[i]);
        TAP_EQUAL_INT(test_as(runner_token, "POST", LEASE, wrong[i]), 400);
    }
    TAP_ROW(NULL);
    for (int i = 0; i < 8000; i++) {
        slw_heap_append_text(&text, "[");
    }
    TAP_EQUAL_INT(test_as(runner_token, "POST", LEASE, slw_heap_text(&text)), 400);
    int64_t id = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
    TAP_EQUAL_INT(test_finish(id, lease, "PASSED"), 400);
    TAP_EQUAL_INT(test_finish(id, lease, ""), 400);
    TAP_EQUAL_INT(test_finish(id, lease, "queued"), 400);
    TAP_EQUAL_INT(test_say(runner_token, id, "finish", lease, ""), 400);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ",\"note\":7"), 400);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ",\"note\":\"a\\u0000b\""), 400);
    text.len = 0;
    slw_heap_printf(&text, "{\"lease\":\"%s\",\"outcome\":\"failed\",\"detail\":\"", lease);
    for (int i = 0; i < 2001; i++) {
        slw_heap_append_text(&text, "x");
    }
    slw_heap_append_text(&text, "\"}");
    char path[128];
    (void)snprintf(path, sizeof path, JOBS "/%lld/finish", (long long)id);
    TAP_EQUAL_INT(test_as(runner_token, "POST", path, slw_heap_text(&text)), 400);
    for (int i = 0; i < 20000; i++) {
        slw_heap_append_text(&text, " ");
    }
    TAP_EQUAL_INT(test_as(runner_token, "POST", path, slw_heap_text(&text)), 413);
    TAP_CHECK(test_job_is(id, "state", "running"));
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
    slw_heap_free(&text);
}

/* --- Many at once --- */

struct asker {
    pthread_t thread;
    struct test_depot at;
    int wait_s;
    int64_t got[64];
    size_t count;
    long status; /* of the last call */
    int64_t took_ms;
};

/* One call, as it is in test_lease_as(), that keeps the status. */
static bool ask(struct asker *asker)
{
    struct test_answer answer;
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"runner\":\"r\",\"products\":[\"lamp\"],\"jobs\":[\"build\"],\"wait_s\":%d}",
                   asker->wait_s);
    test_call(&asker->at, "POST", LEASE, body, &answer);
    asker->status = answer.status;
    if (answer.status == 200 && asker->count < 64) {
        asker->got[asker->count++] = test_number(&answer, "job.id");
    }
    test_answer_free(&answer);
    return asker->status == 200;
}

static void *ask_once(void *context)
{
    struct asker *asker = context;
    int64_t from_ms = now_ms();
    (void)ask(asker);
    asker->took_ms = now_ms() - from_ms;
    return NULL;
}

static void *ask_all(void *context)
{
    while (ask(context)) {
    }
    return NULL;
}

static void start(struct asker *asker, const struct test_depot *at, int wait_s,
                  void *(*run)(void *context))
{
    *asker = (struct asker){.at = *at, .wait_s = wait_s};
    asker->at.use_token = runner_token;
    (void)pthread_create(&asker->thread, NULL, run, asker);
}

/* Until so many calls are being answered, besides the one that asks, for at most so long; then a
 * moment more, from the beginning of a call to where it waits. */
static bool await_waiting(int count, int64_t most_ms)
{
    static const char name[] = "\nslipway_depot_http_busy ";
    int64_t until_ms = now_ms() + most_ms;
    bool are_there = false;
    while (!are_there && now_ms() < until_ms) {
        struct test_answer answer;
        (void)usleep(20000);
        test_call(&depot, "GET", "/metrics", NULL, &answer);
        const char *at = strstr(slw_heap_text(&answer.body), name);
        are_there = at != NULL && strtol(at + sizeof name - 1, NULL, 10) == count + 1;
        test_answer_free(&answer);
    }
    (void)usleep(400000);
    return are_there;
}

#define WAIT_S 8
#define WAITERS 24 /* more than the server has threads, and the database connections */

static void who_waits_holds_nobody_up(void)
{
    struct asker *askers = calloc(WAITERS, sizeof *askers);
    size_t answered = 0;
    TAP_REQUIRE(askers != NULL);
    for (size_t i = 0; i < WAITERS; i++) {
        start(&askers[i], &depot, WAIT_S, ask_once);
    }
    TAP_CHECK(await_waiting(WAITERS, WAIT_S * 1000));
    int64_t from_ms = now_ms();
    for (int i = 0; i < 5; i++) {
        TAP_EQUAL_INT(test_status(&depot, "GET", JOBS "?limit=1", NULL), 200);
    }
    TAP_CHECK(now_ms() - from_ms < 6000);
    int64_t id = test_job("{\"job\":\"build\"}");
    for (size_t i = 0; i < WAITERS; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        TAP_CHECK(askers[i].status == (askers[i].count > 0 ? 200 : 204));
        TAP_CHECK(askers[i].count > 0 ? askers[i].got[0] == id
                                      : askers[i].took_ms >= WAIT_S * 1000);
        answered += askers[i].count;
    }
    TAP_EQUAL_INT(answered, 1);
    TAP_EQUAL_INT(test_job_status(id, "cancel"), 200);
    free(askers);
}

static void a_token_that_was_revoked_meanwhile_gets_nothing(void)
{
    struct asker asker = {.wait_s = 30};
    char token[128];
    TAP_REQUIRE(test_person(&depot, "mel", "lamp", "developer", token));
    asker.at = depot;
    asker.at.use_token = token;
    (void)pthread_create(&asker.thread, NULL, ask_once, &asker);
    TAP_CHECK(await_waiting(1, 20000));
    TAP_REQUIRE(test_sql(&depot, "UPDATE tokens SET revoked_us = 1 WHERE person = 'mel'"));
    int64_t id = test_job("{\"job\":\"build\"}");
    (void)pthread_join(asker.thread, NULL);
    TAP_EQUAL_INT(asker.status, 403);
    TAP_CHECK(test_job_is(id, "state", "queued"));
    TAP_EQUAL_INT(test_job_status(id, "cancel"), 200);
}

#define JOBS_AT_ONCE 16
#define ASKERS 6

static void one_job_goes_to_one_runner_of_two_replicas(void)
{
    struct test_depot second = depot;
    struct slw_detail detail = {""};
    struct asker askers[ASKERS];
    TAP_REQUIRE(depot_program_start(&second.settings, &second.program, &detail) == SLW_OK);
    second.depot = depot_program_services(second.program);
    second.address = depot_program_address(second.program);
    for (int i = 0; i < JOBS_AT_ONCE; i++) {
        TAP_REQUIRE(test_job("{\"job\":\"build\"}") > 0);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        start(&askers[i], i % 2 == 0 ? &depot : &second, 0, ask_all);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        TAP_EQUAL_INT(askers[i].status, 204);
    }
    size_t taken = 0;
    for (size_t i = 0; i < ASKERS; i++) {
        taken += askers[i].count;
    }
    TAP_EQUAL_INT(taken, JOBS_AT_ONCE);
    TAP_EQUAL_INT(test_count(&depot,
                             "SELECT COUNT(*) FROM jobs WHERE state = 'running' AND attempt "
                             "= 1"),
                  JOBS_AT_ONCE);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM job_attempts a JOIN jobs j ON j.id = "
                                     "a.job WHERE j.state = 'running'"),
                  JOBS_AT_ONCE);
    depot_program_stop(second.program);
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET state = 'cancelled', ended_us = 2 WHERE state = "
                                 "'running'"));
}

#define DIGITS                                                                                     \
    "(SELECT 0 AS n UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION "            \
    "SELECT 5 UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9)"

static void a_full_queue_is_still_a_queue(void)
{
    char lease[65];
    TAP_REQUIRE(test_sql(
        &depot,
        "INSERT INTO jobs (product, job, kind, state, build, ref, git_commit, cause, "
        "made_us, made_by, labels, timeout_s, retries, tries, attempt, lease_until_us) "
        "SELECT 'lamp', 'arm', 'build', 'queued', '', '', '', 'by hand', 1, 'x', "
        "'[\"arm\"]', 60, 0, 0, 0, 0 FROM " DIGITS " a, " DIGITS " b, " DIGITS " c, " DIGITS " d"));
    TAP_EQUAL_INT(test_status(&depot, "POST", JOBS, "{\"job\":\"build\"}"), 429);
    int64_t from_ms = now_ms();
    TAP_EQUAL_INT(test_lease("\"arm\"", lease), 0);
    TAP_EQUAL_INT(test_lease("\"build\",\"arm\",\"unit\"", lease), 0);
    TAP_CHECK(test_lease_as(runner_token, "\"arm\"", "\"arm\"", 0, lease) > 0);
    TAP_CHECK(now_ms() - from_ms < 8000);
    /* There is room for one, and it isn't behind those that nobody can take. */
    int64_t id = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\",\"arm\"", lease), id);
    /* A build's own tests are started whatever waits. */
    char build[65];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "an image", build));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'system'"), 1);
    struct test_answer answer;
    test_call(&depot, "GET", "/metrics", NULL, &answer);
    TAP_CHECK(strstr(slw_heap_text(&answer.body),
                     "slipway_depot_jobs{product=\"lamp\",state=\"queued\"} 10000\n") != NULL);
    test_answer_free(&answer);
}

static void stopping_waits_for_nobody_who_waits(void)
{
    struct asker askers[3];
    for (size_t i = 0; i < 3; i++) {
        start(&askers[i], &depot, 30, ask_once);
    }
    TAP_CHECK(await_waiting(3, 10000));
    int64_t from_ms = now_ms();
    TAP_CHECK(test_depot_restart(&depot));
    TAP_CHECK(now_ms() - from_ms < 16000);
    for (size_t i = 0; i < 3; i++) {
        (void)pthread_join(askers[i].thread, NULL);
        TAP_EQUAL_INT(askers[i].status, 204);
    }
}

int main(void)
{
    if (!test_jobs_open() || !test_product(&depot, "fan") ||
        !test_person(&depot, "bob", "lamp", "developer", bob) ||
        !test_person(&depot, "eve", "fan", "developer", eve) ||
        !test_person(&depot, "vic", "lamp", "viewer", vic)) {
        return 1;
    }
    TAP_RUN(a_lease_is_one_runners_for_one_job);
    TAP_RUN(who_has_no_role_leases_nothing);
    TAP_RUN(nobody_leaves_things_at_anothers_job);
    TAP_RUN(refuses_what_is_no_request);
    TAP_RUN(who_waits_holds_nobody_up);
    TAP_RUN(a_token_that_was_revoked_meanwhile_gets_nothing);
    TAP_RUN(one_job_goes_to_one_runner_of_two_replicas);
    TAP_RUN(a_full_queue_is_still_a_queue);
    TAP_RUN(stopping_waits_for_nobody_who_waits);
    test_depot_close(&depot);
    return tap_finish();
}
