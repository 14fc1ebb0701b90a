/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs on their way: started by hand and by a build that comes in, leased, kept alive, ended, tried
 * again, cancelled, left behind; and what they leave. */
#include "test_jobs.h"

#include <unistd.h>

static void refuses_what_is_no_pipeline(void)
{
    static const char *const wrong[] = {
        "\"jobs\":[]",
        "\"jobs\":{\"a\":{}}",
        "\"jobs\":{\"a\":{\"kind\":\"deploy\"}}",
        "\"jobs\":{\"a/b\":{\"kind\":\"build\"}}",
        "\"jobs\":{\"a\":{\"kind\":\"build\",\"command\":\"make\"}}",
        "\"jobs\":{\"a\":{\"kind\":\"build\",\"on\":\"build\"}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"on\":\"production\"}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"on\":1}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"labels\":[]}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"labels\":[\"a b\"]}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"labels\":\"arm\"}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"labels\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\","
        "\"8\",\"9\",\"10\",\"11\",\"12\",\"13\",\"14\",\"15\",\"16\",\"17\"]}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"timeout_s\":0}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"timeout_s\":604801}}",
        "\"jobs\":{\"a\":{\"kind\":\"test\",\"retries\":11}}",
        "\"triggers\":{}",
        "\"triggers\":[{}]",
        "\"triggers\":[{\"webhook\":\"git\",\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"test\"}},\"triggers\":[{\"webhook\":\"git\",\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"webhook\":\"g/t\",\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"webhook\":\"git\",\"job\":\"a\","
        "\"ref\":\"--upload-pack=id\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"webhook\":\"git\",\"job\":\"a\","
        "\"schedule\":{\"at\":\"02:30\"}}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"schedule\":{},\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"schedule\":{\"at\":\"24:00\"},"
        "\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"schedule\":{\"at\":\"2:30\"},"
        "\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"schedule\":{\"at\":\"02:60\"},"
        "\"job\":\"a\"}]",
        "\"jobs\":{\"a\":{\"kind\":\"build\"}},\"triggers\":[{\"schedule\":{\"at\":\"02:30\","
        "\"days\":[\"monday\"]},\"job\":\"a\"}]",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[1024];
        TAP_ROW(wrong[i]);
        (void)snprintf(text, sizeof text, "{" ONE_STAGE ",%s}", wrong[i]);
        TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/pipeline", text), 400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_count(&depot, "SELECT MAX(version) FROM pipelines"), 1);
    TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/pipeline",
                              "{" ONE_STAGE ",\"jobs\":{\"a\":{\"kind\":\"build\",\"labels\":[ "
                              "\"x\" ]}},\"triggers\":[{\"schedule\":{\"at\":\"23:59\",\"days\":["
                              "\"sun\"]},\"job\":\"a\",\"ref\":\"main\"},{\"webhook\":\"git\","
                              "\"job\":\"a\"}]}"),
                  200);
    TAP_EQUAL_INT(test_status(&depot, "PUT", "/api/v1/products/lamp/pipeline", PIPELINE_OF_TESTS),
                  200);
}

static void refuses_what_is_no_job(void)
{
    static const char *const wrong[] = {
        "{}",
        "[]",
        "{\"job\":7}",
        "{\"job\":\"unit\"}",
        "{\"job\":\"build\",\"build\":\"a\"}",
        "{\"job\":\"build\",\"ref\":\"\"}",
        "{\"job\":\"build\",\"ref\":\"-b\"}",
        "{\"job\":\"build\",\"ref\":\"a b\"}",
        "{\"job\":\"build\",\"ref\":\"a..b\"}",
        "{\"job\":\"build\",\"ref\":\"$(id)\"}",
        "{\"job\":\"build\",\"ref\":\"a\\u0000b\"}",
        "{\"job\":\"build\",\"commit\":\"HEAD\"}",
        "{\"job\":\"build\",\"commit\":\"0123456789ABCDEF0123456789abcdef01234567\"}",
        "{\"job\":\"build\",\"command\":\"id\"}",
        "{\"job\":\"unit\",\"ref\":\"main\"}",
        // NOLINTNEXTLINE(bugprone-suspicious-missing-comma): one row
        "{\"job\":\"unit\",\"build\":"
        "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaa\",\"ref\":\"main\"}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        TAP_ROW(wrong[i]);
        TAP_EQUAL_INT(test_status(&depot, "POST", JOBS, wrong[i]), 400);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_status(&depot, "POST", JOBS, "{\"job\":\"deploy\"}"), 404);
    TAP_EQUAL_INT(test_status(&depot, "POST", JOBS,
                              "{\"job\":\"unit\",\"build\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                              "aaaaaaaaaaaaaaaaaaaaaaaaaa\"}"),
                  404);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs"), 0);
}

/* A build of the test's own, uploaded as left by a job. */
static bool leave_bundle(int64_t job, uint32_t version, const char *image,
                         char ret_build[static 65])
{
    struct slw_heap_buffer bundle = {0};
    struct test_answer answer;
    struct test_depot as = depot;
    char sha256[65];
    char more[32];
    as.use_token = runner_token;
    (void)snprintf(more, sizeof more, ",\"job\":%lld", (long long)job);
    bool is_made = test_bundle_make("lamp", version, image, &bundle) &&
                   test_upload(&as, slw_heap_bytes(&bundle), sha256) == 201;
    test_add(&as, "lamp", "bundle", sha256, more, &answer);
    is_made = is_made && answer.status == 201;
    if (answer.is_json) {
        slw_text_copy(slw_json_string(&answer.json, test_find(&answer, "build.id")), 65, ret_build);
    }
    test_answer_free(&answer);
    slw_heap_free(&bundle);
    return is_made;
}

static long leave_result(int64_t job, const char *build, const char *suite,
                         enum slw_test_outcome outcome)
{
    struct slw_heap_buffer envelope = {0};
    struct test_depot as = depot;
    char sha256[65];
    char more[32];
    long status = 0;
    as.use_token = runner_token;
    (void)snprintf(more, sizeof more, ",\"job\":%lld", (long long)job);
    if (test_result_make(build, suite, outcome, &envelope) &&
        test_upload(&as, slw_heap_bytes(&envelope), sha256) == 201) {
        status = test_add_status(&as, "lamp", "test-result", sha256, more);
    }
    slw_heap_free(&envelope);
    return status;
}

static long leave_log(int64_t job, const char *text)
{
    struct test_depot as = depot;
    char sha256[65];
    char more[64];
    as.use_token = runner_token;
    (void)snprintf(more, sizeof more, ",\"job\":%lld,\"name\":\"out.log\"", (long long)job);
    return test_upload(&as, slw_text_bytes(text), sha256) == 201
               ? test_add_status(&as, "lamp", "log", sha256, more)
               : 0;
}

static char built[65];

static void a_build_job_brings_a_build_whose_tests_start(void)
{
    char lease[65];
    char path[160];
    int64_t id = test_job("{\"job\":\"build\",\"ref\":\"main\"}");
    TAP_REQUIRE(id > 0);
    TAP_CHECK(test_job_is(id, "state", "queued") && test_job_is(id, "cause", "by hand"));
    TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
    TAP_CHECK(test_job_is(id, "state", "running") && test_job_is(id, "runner", "bench-1"));
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ",\"note\":\"compiling\""), 200);
    TAP_CHECK(test_job_is(id, "note", "compiling"));
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ""), 200);
    TAP_CHECK(test_job_is(id, "note", "compiling"));
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 409);
    TAP_REQUIRE(leave_bundle(id, 1, "an image", built));
    TAP_EQUAL_INT(leave_log(id, "it went well\n"), 201);
    TAP_EQUAL_INT(leave_log(id, "it went well\n"), 200);
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 200);
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 200);
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 409);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", lease, ""), 409);
    TAP_CHECK(test_job_is(id, "state", "passed") && test_job_is(id, "build", built));
    TAP_CHECK(test_job_is(id, "attempts.0.outcome", "passed"));
    /* At once, and not when a thread comes by. */
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/pipeline", built);
    TAP_EQUAL_INT(test_status(&depot, "GET", path, NULL), 200);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'system' AND cause = "
                                     "'build' AND made_by = 'depot'"),
                  1);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'unit'"), 0);
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM events WHERE kind = 'build' AND data "
                                     "LIKE '%\"pipeline\":%'"),
                  1);
}

static void a_test_job_leaves_its_result(void)
{
    char lease[65];
    char other[65];
    int64_t id = test_lease("\"system\"", lease);
    TAP_REQUIRE(id > 0);
    TAP_CHECK(test_job_is(id, "build", built));
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 409);
    TAP_EQUAL_INT(leave_result(id, built, "other", SLW_TEST_PASSED), 201);
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 409);
    TAP_EQUAL_INT(leave_result(id, built, "system", SLW_TEST_FAILED), 201);
    TAP_EQUAL_INT(test_finish(id, lease, "passed"), 409);
    TAP_REQUIRE(test_build(&depot, "lamp", 2, "another image", other));
    TAP_CHECK(leave_result(id, other, "system", SLW_TEST_PASSED) >= 400);
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
    TAP_CHECK(test_job_is(id, "state", "failed"));
    /* What is left afterwards isn't this job's. */
    TAP_EQUAL_INT(leave_log(id, "late\n"), 409);
    TAP_EQUAL_INT(test_job_status(id, "retry"), 409);
    TAP_EQUAL_INT(test_job_status(id, "cancel"), 409);
}

static void gives_nothing_to_whom_labels_are_missing(void)
{
    char lease[65];
    int64_t id = test_job("{\"job\":\"arm\"}");
    TAP_EQUAL_INT(test_lease("\"arm\"", lease), 0);
    TAP_EQUAL_INT(test_lease_as(runner_token, "\"arm\"", "\"arm\"", 0, lease), 0);
    TAP_EQUAL_INT(test_lease_as(runner_token, "\"build\"", "\"arm\",\"board\"", 0, lease), 0);
    TAP_EQUAL_INT(test_lease_as(runner_token, "\"arm\"", "\"board\",\"x\",\"arm\"", 0, lease), id);
    TAP_EQUAL_INT(test_finish(id, lease, "error"), 200);
    TAP_CHECK(test_job_is(id, "state", "error"));
}

static void tries_again_as_often_as_it_may(void)
{
    char lease[65];
    int64_t id = test_job("{\"job\":\"build\"}");
    for (int i = 1; i <= 2; i++) {
        TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
        TAP_EQUAL_INT(test_say(runner_token, id, "finish", lease,
                               ",\"outcome\":\"error\",\"detail\":\"no disk\""),
                      200);
        TAP_EQUAL_INT(test_finish(id, lease, "error"), 200);
        TAP_CHECK(test_job_is(id, "state", i == 1 ? "queued" : "error"));
        TAP_CHECK(test_job_is(id, "detail", "no disk"));
    }
    TAP_EQUAL_INT(test_lease("\"build\"", lease), 0);
    TAP_EQUAL_INT(test_job_status(id, "retry"), 200);
    TAP_EQUAL_INT(test_lease("\"build\"", lease), id);
    TAP_EQUAL_INT(test_finish(id, lease, "failed"), 200);
    TAP_CHECK(test_job_is(id, "attempts.2.outcome", "failed"));
}

static void cancels_what_waits_and_what_runs(void)
{
    char lease[65];
    int64_t waits = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_job_status(waits, "cancel"), 200);
    TAP_EQUAL_INT(test_job_status(waits, "cancel"), 200);
    TAP_EQUAL_INT(test_lease("\"build\"", lease), 0);
    int64_t runs = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\"", lease), runs);
    TAP_EQUAL_INT(test_finish(runs, lease, "cancelled"), 409);
    TAP_EQUAL_INT(test_job_status(runs, "cancel"), 200);
    struct test_answer answer;
    struct test_depot as = depot;
    char path[96];
    char body[96];
    as.use_token = runner_token;
    (void)snprintf(path, sizeof path, JOBS "/%lld/heartbeat", (long long)runs);
    (void)snprintf(body, sizeof body, "{\"lease\":\"%s\"}", lease);
    test_call(&as, "POST", path, body, &answer);
    TAP_EQUAL_INT(answer.status, 200);
    TAP_CHECK(answer.is_json &&
              slw_json_kind(&answer.json, test_find(&answer, "cancelled")) == SLW_JSON_TRUE);
    test_answer_free(&answer);
    TAP_EQUAL_INT(leave_log(runs, "late\n"), 409);
    TAP_EQUAL_INT(test_finish(runs, lease, "passed"), 409);
    TAP_EQUAL_INT(test_finish(runs, lease, "cancelled"), 200);
    TAP_EQUAL_INT(test_job_status(runs, "retry"), 200);
    TAP_EQUAL_INT(leave_log(runs, "late\n"), 409);
    TAP_EQUAL_INT(test_job_status(runs, "cancel"), 200);
}

static bool becomes(int64_t id, const char *state)
{
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM jobs WHERE id = %lld AND state = '%s'",
                   (long long)id, state);
    for (int i = 0; i < 1200; i++) { /* a minute: a machine may have much else to do */
        if (test_count(&depot, sql) == 1) {
            return true;
        }
        (void)usleep(50000);
    }
    return test_job_is(id, "state", state);
}

/* As the thread does each second, with its own token. */
static bool expire(void)
{
    struct slw_detail detail = {""};
    int64_t token = test_count(&depot, "SELECT token FROM leases WHERE name = 'pipelines'");
    return jobs_expire(depot.depot, token, &detail) == SLW_OK;
}

static void leases_run_out(void)
{
    char first[65];
    char second[65];
    int64_t id = test_job("{\"job\":\"build\"}");
    TAP_EQUAL_INT(test_lease("\"build\"", first), id);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", first, ""), 200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET lease_until_us = 1 WHERE state = 'running'"));
    TAP_REQUIRE(test_finish(id, first, "failed") == 409);
    TAP_CHECK(becomes(id, "queued"));
    TAP_EQUAL_INT(test_lease("\"build\"", second), id);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", first, ""), 409);
    TAP_EQUAL_INT(test_finish(id, first, "failed"), 409);
    TAP_EQUAL_INT(test_say(runner_token, id, "heartbeat", second, ""), 200);
    TAP_REQUIRE(test_sql(&depot, "UPDATE job_attempts SET began_us = 1 WHERE number = 2"));
    TAP_CHECK(expire() && test_job_is(id, "state", "error"));
    TAP_CHECK(test_job_is(id, "detail", "it took longer than it may"));
    TAP_EQUAL_INT(test_finish(id, second, "failed"), 409);
    /* An answer that got lost on its way to the runner isn't the job's fault. */
    TAP_EQUAL_INT(test_job_status(id, "retry"), 200);
    TAP_EQUAL_INT(test_lease("\"build\"", first), id);
    TAP_REQUIRE(test_sql(&depot, "UPDATE jobs SET lease_until_us = 1 WHERE state = 'running'"));
    TAP_CHECK(expire() && test_job_is(id, "state", "queued"));
    TAP_EQUAL_INT(test_count(&depot, "SELECT COALESCE(MAX(tries), 0) FROM jobs WHERE state = "
                                     "'queued'"),
                  0);
    TAP_EQUAL_INT(test_job_status(id, "cancel"), 200);
}

static void a_withdrawn_build_takes_its_tests_along(void)
{
    char lease[65];
    char body[128];
    char path[160];
    (void)snprintf(body, sizeof body, "{\"job\":\"unit\",\"build\":\"%s\"}", built);
    int64_t waits = test_job(body);
    int64_t runs = test_job(body);
    TAP_EQUAL_INT(test_lease("\"unit\"", lease), waits);
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/withdraw", built);
    TAP_EQUAL_INT(test_status(&depot, "POST", path, "{\"reason\":\"no\"}"), 200);
    TAP_CHECK(test_job_is(waits, "state", "cancelled") && test_job_is(runs, "state", "cancelled"));
    TAP_EQUAL_INT(test_status(&depot, "POST", JOBS, body), 404);
    TAP_EQUAL_INT(test_job_status(runs, "retry"), 409);
}

static void entering_a_stage_starts_its_tests(void)
{
    char build[65];
    char path[160];
    char body[64];
    char ada[128];
    TAP_REQUIRE(test_person(&depot, "ada", "lamp", "approver", ada));
    TAP_REQUIRE(test_build(&depot, "lamp", 3, "a third image", build));
    (void)snprintf(path, sizeof path, "/api/v1/products/lamp/builds/%s/approve", build);
    (void)snprintf(body, sizeof body, "{\"stage\":\"daily\"}");
    TAP_EQUAL_INT(test_as(ada, "POST", path, body), 200);
    for (int i = 0;
         i < 1200 && test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'soak'") == 0; i++) {
        (void)usleep(50000);
    }
    TAP_EQUAL_INT(test_count(&depot, "SELECT COUNT(*) FROM jobs WHERE job = 'soak' AND cause = "
                                     "'stage' AND state = 'queued'"),
                  1);
}

static void lists_a_page_at_a_time(void)
{
    struct test_answer answer;
    test_call(&depot, "GET", JOBS "?limit=2", NULL, &answer);
    int64_t newest = test_number(&answer, "jobs.0.id");
    int64_t next = test_number(&answer, "next");
    TAP_CHECK(newest > next && next == test_number(&answer, "jobs.1.id"));
    test_answer_free(&answer);
    char path[96];
    (void)snprintf(path, sizeof path, JOBS "?before=%lld&limit=1&state=cancelled", (long long)next);
    test_call(&depot, "GET", path, NULL, &answer);
    TAP_CHECK(test_text(&answer, "jobs.0.state", "cancelled"));
    TAP_CHECK(test_number(&answer, "jobs.0.id") < next);
    test_answer_free(&answer);
    TAP_EQUAL_INT(test_status(&depot, "GET", JOBS "/1x", NULL), 404);
    TAP_EQUAL_INT(test_status(&depot, "GET", JOBS "/99999999999999999999", NULL), 404);
}

int main(void)
{
    if (!test_jobs_open()) {
        return 1;
    }
    TAP_RUN(refuses_what_is_no_pipeline);
    TAP_RUN(refuses_what_is_no_job);
    TAP_RUN(a_build_job_brings_a_build_whose_tests_start);
    TAP_RUN(a_test_job_leaves_its_result);
    TAP_RUN(gives_nothing_to_whom_labels_are_missing);
    TAP_RUN(tries_again_as_often_as_it_may);
    TAP_RUN(cancels_what_waits_and_what_runs);
    TAP_RUN(leases_run_out);
    TAP_RUN(a_withdrawn_build_takes_its_tests_along);
    TAP_RUN(entering_a_stage_starts_its_tests);
    TAP_RUN(lists_a_page_at_a_time);
    test_depot_close(&depot);
    return tap_finish();
}
