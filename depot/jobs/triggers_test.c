/* SPDX-License-Identifier: Apache-2.0 */
/* What starts jobs by itself: webhooks, whoever calls them with whatever; and schedules, whatever
 * the clock does. */
#include "test_jobs.h"

#include "core/program.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PIPELINE "/api/v1/products/lamp/pipeline"
#define WEBHOOKS "/api/v1/products/lamp/webhooks"
#define COMMIT "0123456789abcdef0123456789abcdef01234567"
#define PUSH(ref, after) "{\"ref\":\"" ref "\",\"after\":\"" after "\",\"size\":1.5}"

static char secret[64];        /* of the webhook "git" */
static char result_secret[64]; /* of "ci" */

static bool make_webhook(const char *name, const char *kind, char ret_secret[static 64])
{
    struct test_answer answer;
    char body[128];
    (void)snprintf(body, sizeof body, "{\"name\":\"%s\",\"kind\":\"%s\"}", name, kind);
    test_call(&depot, "POST", WEBHOOKS, body, &answer);
    bool is_made = answer.status == 201;
    if (is_made) {
        slw_text_copy(slw_json_string(&answer.json, test_find(&answer, "secret")), 64, ret_secret);
    }
    test_answer_free(&answer);
    return is_made && strlen(ret_secret) == 40;
}

static void sign(const char *with, struct slw_bytes body, char ret_hex[static 65])
{
    uint8_t code[32];
    unsigned len = sizeof code;
    (void)HMAC(EVP_sha256(), with, (int)strlen(with), body.ptr, body.len, code, &len);
    for (size_t i = 0; i < sizeof code; i++) {
        (void)snprintf(ret_hex + 2 * i, 3, "%02x", code[i]);
    }
}

/* A call by nobody, with this header or none. */
static long knock(const char *path, const char *header, struct slw_bytes body,
                  struct test_answer *ret_answer)
{
    struct test_depot nobody = depot;
    nobody.use_token = NULL;
    nobody.headers[0] = header;
    test_call_bytes(&nobody, "POST", path, "application/json", body, ret_answer);
    return ret_answer->status;
}

static long knock_signed(const char *path, const char *with, struct slw_bytes body,
                         struct test_answer *ret_answer)
{
    char hex[65];
    char header[128];
    sign(with, body, hex);
    (void)snprintf(header, sizeof header, "X-Hub-Signature-256: sha256=%s", hex);
    return knock(path, header, body, ret_answer);
}

static long push_signed_by(const char *with, const char *body)
{
    struct test_answer answer;
    long status = knock_signed("/hooks/v1/lamp/git", with, slw_text_bytes(body), &answer);
    test_answer_free(&answer);
    return status;
}

static long push(const char *body)
{
    return push_signed_by(secret, body);
}

/* With a header that nobody signed. */
static long push_beside(const char *body, const char *header)
{
    struct test_depot nobody = depot;
    struct test_answer answer;
    char hex[65];
    char signature[128];
    sign(secret, slw_text_bytes(body), hex);
    (void)snprintf(signature, sizeof signature, "X-Hub-Signature-256: sha256=%s", hex);
    nobody.use_token = NULL;
    nobody.headers[0] = signature;
    nobody.headers[1] = header;
    test_call_bytes(&nobody, "POST", "/hooks/v1/lamp/git", "application/json", slw_text_bytes(body),
                    &answer);
    long status = answer.status;
    test_answer_free(&answer);
    return status;
}

static int64_t count_jobs(void)
{
    return test_count(&depot, "SELECT COUNT(*) FROM jobs");
}

static void keeps_secrets_to_itself(void)
{
    char again[64];
    struct test_answer answer;
    TAP_REQUIRE(make_webhook("git", "push", secret));
    TAP_REQUIRE(make_webhook("ci", "result", result_secret));
    TAP_CHECK(strcmp(secret, result_secret) != 0);
    TAP_CHECK(!make_webhook("git", "push", again));
    TAP_CHECK(!make_webhook("g/t", "push", again));
    TAP_CHECK(!make_webhook("other", "deploy", again));
    test_call(&depot, "GET", WEBHOOKS, NULL, &answer);
    TAP_CHECK(test_text(&answer, "webhooks.1.name", "git"));
    TAP_CHECK(strstr(slw_heap_text(&answer.body), "secret") == NULL);
    TAP_CHECK(strstr(slw_heap_text(&answer.body), secret) == NULL);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_as(runner_token, "GET", WEBHOOKS, NULL), 403);
    TAP_EQUAL_INT(test_as(runner_token, "POST", WEBHOOKS, "{\"name\":\"x\",\"kind\":\"push\"}"),
                  403);
    TAP_EQUAL_INT(test_as(runner_token, "DELETE", WEBHOOKS "/git", NULL), 403);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM audit WHERE action = 'webhook.add'"), 2);
}

static void a_push_starts_builds_once(void)
{
    struct test_answer answer;
    const char *body = PUSH("refs/heads/main", COMMIT);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/git", secret, slw_text_bytes(body), &answer), 201);
    int64_t id = test_number(&answer, "jobs.0");
    TAP_CHECK(id > 0 && test_number(&answer, "jobs.1") > id); /* two triggers */
    test_answer_free(&answer);
    TAP_CHECK(test_job_is(id, "commit", COMMIT) && test_job_is(id, "ref", "refs/heads/main"));
    TAP_CHECK(test_job_is(id, "cause", "webhook") && test_job_is(id, "made_by", "webhook:git"));
    int64_t before = count_jobs();
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/git", secret, slw_text_bytes(body), &answer), 200);
    TAP_EQUAL_INT(test_number(&answer, "jobs.0"), id);
    test_answer_free(&answer);
    TAP_EQUAL_INT(count_jobs(), before);
    /* A branch that one of the triggers doesn't mean; one that was deleted; a ping. */
    TAP_EQUAL_INT(push(PUSH("refs/heads/topic", COMMIT)), 201);
    TAP_EQUAL_INT(count_jobs(), before + 1);
    TAP_EQUAL_INT(push(PUSH("refs/heads/main", "0000000000000000000000000000000000000000")), 200);
    TAP_EQUAL_INT(count_jobs(), before + 1);
    /* As Gitea writes it. */
    char hex[65];
    char header[128];
    sign(secret, slw_text_bytes(body), hex);
    (void)snprintf(header, sizeof header, "X-Gitea-Signature: %s", hex);
    TAP_EQUAL_INT(knock("/hooks/v1/lamp/git", header, slw_text_bytes(body), &answer), 200);
    test_answer_free(&answer);
    TAP_EQUAL_INT(count_jobs(), before + 1);
}

static void nobody_knocks_without_the_secret(void)
{
    static const char body[] = PUSH("refs/heads/main", "1123456789abcdef0123456789abcdef01234567");
    struct test_answer answer;
    struct slw_bytes bytes = slw_text_bytes(body);
    char hex[65];
    char header[256];
    int64_t before = count_jobs();
    sign(secret, bytes, hex);
    static const struct {
        const char *before;
        int digits;
        const char *behind;
    } forms[] = {
        {"X-Hub-Signature-256: sha256=", 63, ""},
        {"X-Hub-Signature-256: sha256=", 64, "0"},
        {"X-Hub-Signature-256: sha256=", 64, ", sha256="},
        {"X-Hub-Signature-256: sha1=", 64, ""},
        {"X-Hub-Signature-256: ", 64, ""},
        {"X-Hub-Signature-256: sha256=", 0, ""},
        {"X-Hub-Signature: sha256=", 64, ""},
        {"X-Gitlab-Token: ", 64, ""},
        {"X-Gitea-Signature: sha256=", 64, ""},
        {"Authorization: Bearer ", 64, ""},
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        TAP_ROW(forms[i].before);
        (void)snprintf(header, sizeof header, "%s%.*s%s", forms[i].before, forms[i].digits, hex,
                       forms[i].behind);
        TAP_EQUAL_INT(knock("/hooks/v1/lamp/git", header, bytes, &answer), 403);
        test_answer_free(&answer);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(knock("/hooks/v1/lamp/git", NULL, bytes, &answer), 403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/git", "", bytes, &answer), 403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/git", result_secret, bytes, &answer), 403);
    test_answer_free(&answer);
    /* Of a webhook that there isn't: the same words; with zeros, as its secret would be. */
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/nil", "0000000000000000000000000000000000000000",
                               bytes, &answer),
                  403);
    struct slw_heap_buffer words = answer.body;
    answer.body = (struct slw_heap_buffer){0};
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/nil/git", secret, bytes, &answer), 403);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&words), slw_heap_bytes(&answer.body)));
    test_answer_free(&answer);
    slw_heap_free(&words);
    /* A good signature, of another body: one byte more, one less. */
    (void)snprintf(header, sizeof header, "X-Hub-Signature-256: sha256=%s", hex);
    TAP_EQUAL_INT(
        knock("/hooks/v1/lamp/git", header, slw_bytes_make(body, sizeof body - 2), &answer), 403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock("/hooks/v1/lamp/git", header,
                        slw_text_bytes(PUSH("refs/heads/main", COMMIT) " "), &answer),
                  403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(count_jobs(), before);
}

static void a_sealed_secret_opens_in_its_own_place_alone(void)
{
    static const char body[] = PUSH("refs/heads/main", "1123456789abcdef0123456789abcdef01234567");
    int64_t before = count_jobs();
    TAP_REQUIRE(test_sql(&depot, "UPDATE webhooks SET secret = (SELECT w.secret FROM webhooks w "
                                 "WHERE w.name = 'ci') WHERE name = 'git'"));
    TAP_EQUAL_INT(push(body), 403);
    TAP_EQUAL_INT(push_signed_by(result_secret, body), 403);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", WEBHOOKS "/git", NULL), 204);
    TAP_EQUAL_INT(test_status(&depot, "DELETE", WEBHOOKS "/git", NULL), 404);
    TAP_EQUAL_INT(push(body), 403);
    TAP_REQUIRE(make_webhook("git", "push", secret));
    TAP_EQUAL_INT(count_jobs(), before);
}

/* Signed, and still nothing that could be taken at its word. */
static void signed_nonsense_starts_nothing(void)
{
    static const char *const bodies[] = {
        "",
        "nonsense",
        "{\"ref\":",
        "{\"ref\":\"a\",\"ref\":\"b\"}",
        PUSH("--upload-pack=touch /tmp/x", COMMIT),
        PUSH("refs/heads/a b", COMMIT),
        PUSH("refs/heads/$(id)", COMMIT),
        PUSH("refs/heads/../../x", COMMIT),
        PUSH("refs/heads/main", "HEAD; id"),
        PUSH("refs/heads/main", "0123456789abcdef0123456789abcdef0123456"),
        "{\"ref\":\"refs/heads/a\\u0000b\",\"after\":\"" COMMIT "\"}",
    };
    int64_t before = count_jobs();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        TAP_ROW(bodies[i]);
        TAP_EQUAL_INT(push(bodies[i]), 400);
    }
    TAP_ROW(NULL);
    struct slw_heap_buffer deep = {0};
    struct slw_heap_buffer huge = {0};
    struct test_answer answer;
    for (int i = 0; i < 100000; i++) {
        slw_heap_append_text(&deep, "[");
    }
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/git", secret, slw_heap_bytes(&deep), &answer), 400);
    test_answer_free(&answer);
    while (huge.len <= JOBS_HOOK_BODY_MAX) {
        slw_heap_append(&huge, slw_heap_bytes(&deep));
    }
    long status = knock_signed("/hooks/v1/lamp/git", secret, slw_heap_bytes(&huge), &answer);
    TAP_CHECK(status == 413 || status == 0);
    test_answer_free(&answer);
    slw_heap_free(&deep);
    slw_heap_free(&huge);
    TAP_EQUAL_INT(count_jobs(), before);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM webhook_calls WHERE jobs = '[]'"), 0);
}

static void a_result_is_an_artifact(void)
{
    struct slw_heap_buffer envelope = {0};
    struct test_answer answer;
    char build[65];
    char path[160];
    TAP_REQUIRE(test_build(&depot, "lamp", 1, "an image", build));
    TAP_REQUIRE(test_result_make(build, "system", SLW_TEST_PASSED, &envelope));
    struct slw_bytes bytes = slw_heap_bytes(&envelope);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/pipeline", build);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/ci", secret, bytes, &answer), 403);
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/ci", result_secret, bytes, &answer), 201);
    TAP_CHECK(test_text(&answer, "artifact.suite", "system"));
    TAP_CHECK(test_text(&answer, "artifact.made_by", "webhook:ci"));
    test_answer_free(&answer);
    TAP_EQUAL_INT(knock_signed("/hooks/v1/lamp/ci", result_secret, bytes, &answer), 200);
    test_answer_free(&answer);
    /* The gate names it among its machines, and nobody else. */
    for (int i = 0; i < 1200 && test_count(&depot, "SELECT COUNT(*) FROM builds WHERE state = "
                                                   "'daily'") == 0;
         i++) {
        (void)usleep(50000);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM builds WHERE state = 'daily'"), 1);
    /* Signed, and no result; about a build of nobody's; as a push. */
    static const char nothing[] = "{\"payloadType\":\"x\",\"payload\":\"\",\"signatures\":[]}";
    TAP_CHECK(knock_signed("/hooks/v1/lamp/ci", result_secret, slw_text_bytes(nothing), &answer) >=
              400);
    test_answer_free(&answer);
    slw_heap_free(&envelope);
    TAP_REQUIRE(test_result_make("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                 "system", SLW_TEST_PASSED, &envelope));
    TAP_EQUAL_INT(
        knock_signed("/hooks/v1/lamp/ci", result_secret, slw_heap_bytes(&envelope), &answer), 404);
    test_answer_free(&answer);
    slw_heap_free(&envelope);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM artifacts WHERE kind = 'test-result'"),
                  1);
}

/* --- Schedules --- */

static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* A pipeline with one schedule, which was due so many minutes ago. offset: of its day, 0 for the
 * day on which that was. */
static bool set_schedule(int minutes_ago, int offset)
{
    char text[512];
    int64_t due_s = (int64_t)time(NULL) - (int64_t)minutes_ago * 60;
    int64_t day = due_s / 86400;
    (void)snprintf(text, sizeof text,
                   "{" ONE_STAGE ",\"jobs\":{\"nightly\":{\"kind\":\"build\"}},\"triggers\":[{"
                   "\"schedule\":{\"at\":\"%02d:%02d\",\"days\":[\"%s\"]},\"job\":\"nightly\","
                   "\"ref\":\"main\"}]}",
                   (int)(due_s % 86400 / 3600), (int)(due_s % 3600 / 60),
                   days[(day + 3 + offset) % 7]);
    return test_status(&depot, "PUT", PIPELINE, text) == 200;
}

/* The depot's own thread has no lease any more: what it does doesn't count, and the test looks.
 * Each case takes it anew: one that lasted for longer than leases do would be taken for over. */
static bool take_lease(void)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql,
                   "UPDATE leases SET holder = 'a test', token = token + 1, until_us = %lld000000 "
                   "WHERE name = 'pipelines'",
                   (long long)time(NULL) + 18);
    return test_sql(&depot, sql);
}

static int64_t look(void)
{
    struct slw_detail detail = {""};
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    enum slw_status status = jobs_start_scheduled(depot.depot, token, &detail);
    if (status != SLW_OK) {
        (void)printf("# %s\n", detail.text);
        return -1;
    }
    return test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'nightly'");
}

static bool forget(const char *done)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "UPDATE job_schedules SET done_us = %s", done);
    return test_sql(&depot, sql);
}

static void old_things_go(void)
{
    struct slw_detail detail = {""};
    TAP_REQUIRE(take_lease());
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    TAP_REQUIRE(token > 0 && push(PUSH("refs/heads/main", COMMIT)) == 201 &&
                push(PUSH("refs/heads/topic", COMMIT)) == 201);
    /* One that made a build which is here, one that made nothing, one that still waits. */
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET ended_us = 1, state = 'passed', build = (SELECT "
                                 "MIN(id) FROM builds) WHERE id = (SELECT MIN(id) FROM jobs)"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET ended_us = 1, state = 'error' WHERE id = (SELECT "
                                 "MIN(id) FROM jobs WHERE state = 'queued')"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE webhook_calls SET made_us = 1"));
    int64_t before = count_jobs();
    TAP_EQUAL_INT(jobs_keep_house(depot.depot, token - 1, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(count_jobs(), before);
    TAP_EQUAL_INT(jobs_keep_house(depot.depot, token, &detail), SLW_OK);
    TAP_EQUAL_INT(count_jobs(), before - 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE ended_us = 1"), 1);
    /* A push that was recorded years ago starts nothing, whatever is written beside it. */
    before = count_jobs();
    TAP_EQUAL_INT(push(PUSH("refs/heads/main", COMMIT)), 200);
    TAP_EQUAL_INT(push_beside(PUSH("refs/heads/topic", COMMIT), "X-GitHub-Delivery: 5f1e"), 200);
    TAP_EQUAL_INT(count_jobs(), before);
    /* The build went by retention: the job goes, too. */
    TAP_REQUIRE(test_sql(&depot, "UPDATE builds SET removed_us = 1"));
    TAP_EQUAL_INT(jobs_keep_house(depot.depot, token, &detail), SLW_OK);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE ended_us = 1"), 0);
    TAP_EQUAL_INT(count_jobs(), before - 1);
}

static void answers_get_lost_so_often_and_no_more(void)
{
    struct slw_detail detail = {""};
    char lease[65];
    TAP_REQUIRE(take_lease());
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    int64_t id = test_job("{\"job\":\"only\"}");
    TAP_REQUIRE(id > 0);
    for (int i = 1; i <= JOBS_LOST_MAX + 1; i++) {
        TAP_EQUAL_INT(test_lease("\"only\"", lease), id);
        TAP_EQUAL_INT(jobs_expire(depot.depot, token, &detail), SLW_OK);
        TAP_CHECK(test_job_is(id, "state", "running"));
        TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET lease_until_us = 1 WHERE job = 'only'"));
        TAP_EQUAL_INT(jobs_expire(depot.depot, token - 1, &detail), SLW_WRONG_STATE);
        TAP_CHECK(test_job_is(id, "state", "running"));
        TAP_EQUAL_INT(jobs_expire(depot.depot, token, &detail), SLW_OK);
        TAP_EQUAL_INT(test_count(&depot, "SELECT MAX(tries) FROM jobs WHERE job = 'only'"),
                      i < JOBS_LOST_MAX ? 0 : i - JOBS_LOST_MAX + 1);
        TAP_CHECK(test_job_is(id, "state", i <= JOBS_LOST_MAX ? "queued" : "error"));
    }
}

static void a_clock_that_was_ahead_keeps_no_job_for_ever(void)
{
    struct slw_detail detail = {""};
    char lease[65];
    char sql[256];
    TAP_REQUIRE(take_lease());
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    int64_t id = test_job("{\"job\":\"only\"}");
    TAP_EQUAL_INT(test_lease("\"only\"", lease), id);
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET lease_until_us = 8000000000000000 WHERE state = "
                                 "'running'"));
    TAP_REQUIRE(test_sql(&depot, "UPDATE job_attempts SET began_us = 7999999999000000, heard_us = "
                                 "7999999999900000 WHERE outcome = ''"));
    TAP_EQUAL_INT(jobs_expire(depot.depot, token, &detail), SLW_OK);
    (void)snprintf(sql, sizeof sql,
                   "SELECT COUNT(*) FROM jobs j JOIN job_attempts a ON a.job = j.id WHERE j.id = "
                   "%lld AND j.lease_until_us < %lld000000 AND a.heard_us < %lld000000",
                   (long long)id, (long long)time(NULL) + 70, (long long)time(NULL) + 10);
    TAP_EQUAL_INT(test_count(&depot, sql), 1);
    TAP_CHECK(test_job_is(id, "state", "running"));
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ""), 200);
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
}

static void what_was_due_starts_once(void)
{
    TAP_REQUIRE(take_lease());
    TAP_REQUIRE(set_schedule(10, 0));
    TAP_EQUAL_INT(look(), 0); /* it was due before anybody said so */
    TAP_REQUIRE(forget("0"));
    TAP_EQUAL_INT(look(), 1);
    TAP_EQUAL_INT(look(), 1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'nightly' AND ref = "
                                     "'main' AND cause = 'schedule' AND made_by = 'depot'"),
                  1);
    TAP_REQUIRE(set_schedule(10, 1)); /* on another day of the week */
    TAP_EQUAL_INT(look(), 1);
    TAP_REQUIRE(forget("0"));
    TAP_EQUAL_INT(look(), 1);
    TAP_REQUIRE(set_schedule(5 * 60, 0));
    TAP_EQUAL_INT(look(), 1);
    TAP_REQUIRE(forget("0"));
    TAP_EQUAL_INT(look(), 2);
    TAP_REQUIRE(set_schedule(6 * 60 + 5, 0)); /* too late */
    TAP_EQUAL_INT(look(), 2);
    TAP_REQUIRE(forget("0"));
    TAP_EQUAL_INT(look(), 2);
}

static void a_clock_that_jumps_starts_nothing_twice(void)
{
    TAP_REQUIRE(take_lease());
    TAP_REQUIRE(set_schedule(20, 0));
    TAP_EQUAL_INT(look(), 2);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM job_schedules"), 1);
    /* It was an hour ahead, and that time was done then; it was years ahead. */
    char sql[128];
    (void)snprintf(sql, sizeof sql, "%lld000000", (long long)time(NULL) + 3600);
    TAP_REQUIRE(forget(sql));
    TAP_EQUAL_INT(look(), 2);
    (void)snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM job_schedules WHERE done_us > %lld000000",
                   (long long)time(NULL) + 1800);
    TAP_EQUAL_INT(test_count(&depot, sql), 1);
    TAP_REQUIRE(forget("9000000000000000"));
    TAP_EQUAL_INT(look(), 2);
    TAP_EQUAL_INT(test_count(&depot, sql), 0);
    /* Without the schedule its mark goes, too. */
    TAP_EQUAL_INT(test_status(&depot, "PUT", PIPELINE, "{" ONE_STAGE "}"), 200);
    TAP_EQUAL_INT(look(), 2);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM job_schedules"), 0);
}

static void who_lost_the_lease_starts_nothing(void)
{
    struct slw_detail detail = {""};
    TAP_REQUIRE(take_lease());
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    TAP_REQUIRE(set_schedule(10, 0));
    TAP_EQUAL_INT(look(), 2);
    TAP_REQUIRE(forget("0"));
    TAP_EQUAL_INT(jobs_start_scheduled(depot.depot, token - 1, &detail), SLW_WRONG_STATE);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'nightly'"), 2);
    TAP_EQUAL_INT(look(), 3);
}

#define PIPELINE_OF_HOOKS                                                                          \
    "{\"stages\":{\"daily\":{\"gates\":[{\"test\":\"system\",\"machines\":[\"webhook:ci\"]}]}},"   \
    "\"jobs\":{\"build\":{\"kind\":\"build\"},\"only\":{\"kind\":\"build\"}},\"triggers\":[{"      \
    "\"webhook\":\"git\",\"job\":"                                                                 \
    "\"build\"},{\"webhook\":\"git\",\"job\":\"build\",\"ref\":\"refs/heads/main\"},{"             \
    "\"webhook\":\"other\",\"job\":\"build\"}]}"

int main(void)
{
    if (!test_jobs_open() || test_status(&depot, "PUT", PIPELINE, PIPELINE_OF_HOOKS) != 200) {
        return 1;
    }
    TAP_RUN(keeps_secrets_to_itself);
    TAP_RUN(a_push_starts_builds_once);
    TAP_RUN(nobody_knocks_without_the_secret);
    TAP_RUN(a_sealed_secret_opens_in_its_own_place_alone);
    TAP_RUN(signed_nonsense_starts_nothing);
    TAP_RUN(a_result_is_an_artifact);
    TAP_RUN(answers_get_lost_so_often_and_no_more);
    TAP_RUN(a_clock_that_was_ahead_keeps_no_job_for_ever);
    TAP_RUN(old_things_go);
    TAP_RUN(what_was_due_starts_once);
    TAP_RUN(a_clock_that_jumps_starts_nothing_twice);
    TAP_RUN(who_lost_the_lease_starts_nothing);
    test_depot_close(&depot);
    return tap_finish();
}
