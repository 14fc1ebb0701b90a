/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of jobs share: a depot with the product lamp, its pipeline, a runner that
 * asks for jobs. */
#ifndef SLIPWAY_DEPOT_TEST_JOBS_H
#define SLIPWAY_DEPOT_TEST_JOBS_H

#include "artifacts/test_artifacts.h"
#include "jobs/part.h"
#include "test_depot.h"

#include "tap.h"

#include <stdio.h>

#define JOBS "/api/v1/products/lamp/jobs"
#define LEASE "/api/v1/jobs/lease"
#define ONE_STAGE "\"stages\":{\"daily\":{\"gates\":[{\"approvals\":1}]}}"
#define PIPELINE_OF_TESTS                                                                          \
    "{" ONE_STAGE ",\"jobs\":{\"build\":{\"kind\":\"build\",\"retries\":1},\"arm\":{\"kind\":"     \
    "\"build\",\"labels\":[\"arm\",\"board\"],\"retries\":0},\"unit\":{\"kind\":\"test\"},"        \
    "\"system\":{\"kind\":\"test\",\"on\":\"build\"},\"soak\":{\"kind\":\"test\",\"on\":"          \
    "\"daily\"}}}"

static struct test_depot depot;
static char runner_token[128];

static inline bool test_jobs_open(void)
{
    return test_depot_open(&depot, NULL) && test_product(&depot, "lamp") &&
           test_status(&depot, "PUT", "/api/v1/products/lamp/pipeline", PIPELINE_OF_TESTS) == 200 &&
           test_person(&depot, "lab", "lamp", "developer", runner_token);
}

/* A call with another token. */
static inline long test_as(const char *token, const char *method, const char *path,
                           const char *body)
{
    struct test_depot as = depot;
    as.use_token = token;
    return test_status(&as, method, path, body);
}

/* Starts a job by hand; its number, or -1. */
static inline int64_t test_job(const char *body)
{
    struct test_answer answer;
    test_call(&depot, "POST", JOBS, body, &answer);
    int64_t id = answer.status == 201 ? test_number(&answer, "id") : -1;
    if (id < 0) {
        (void)printf("# %ld: %s\n", answer.status, slw_heap_text(&answer.body));
    }
    test_answer_free(&answer);
    return id;
}

/* Leases one of these jobs ("\"build\",\"unit\""); its number, 0 for none, -1 when it is refused.
 */
static inline int64_t test_lease_as(const char *token, const char *jobs, const char *labels,
                                    int wait_s, char ret_lease[static 65])
{
    struct test_answer answer;
    struct test_depot as = depot;
    char body[512];
    as.use_token = token;
    (void)snprintf(body, sizeof body,
                   "{\"runner\":\"bench-1\",\"products\":[\"lamp\"],\"jobs\":[%s],\"labels\":[%s],"
                   "\"wait_s\":%d}",
                   jobs, labels, wait_s);
    test_call(&as, "POST", LEASE, body, &answer);
    int64_t id = answer.status == 204 ? 0 : test_number(&answer, "job.id");
    ret_lease[0] = '\0';
    if (answer.status == 200) {
        slw_text_copy(slw_json_string(&answer.json, test_find(&answer, "lease")), 65, ret_lease);
    }
    test_answer_free(&answer);
    return id;
}

static inline int64_t test_lease(const char *jobs, char ret_lease[static 65])
{
    return test_lease_as(runner_token, jobs, "", 0, ret_lease);
}

/* Heartbeat or finish; the HTTP status. more: members behind the lease. */
static inline long test_say(const char *token, int64_t id, const char *what, const char *lease,
                            const char *more)
{
    char path[128];
    char body[512];
    (void)snprintf(path, sizeof path, JOBS "/%lld/%s", (long long)id, what);
    (void)snprintf(body, sizeof body, "{\"lease\":\"%s\"%s}", lease, more);
    return test_as(token, "POST", path, body);
}

static inline long test_finish(int64_t id, const char *lease, const char *outcome)
{
    char more[64];
    (void)snprintf(more, sizeof more, ",\"outcome\":\"%s\"", outcome);
    return test_say(runner_token, id, "finish", lease, more);
}

/* Whether a member of GET …/jobs/N is this text. */
static inline bool test_job_is(int64_t id, const char *member, const char *expected)
{
    struct test_answer answer;
    char path[128];
    (void)snprintf(path, sizeof path, JOBS "/%lld", (long long)id);
    test_call(&depot, "GET", path, NULL, &answer);
    bool is_so = answer.status == 200 && test_text(&answer, member, expected);
    test_answer_free(&answer);
    return is_so;
}

static inline long test_job_status(int64_t id, const char *what)
{
    char path[128];
    (void)snprintf(path, sizeof path, JOBS "/%lld/%s", (long long)id, what);
    return test_status(&depot, "POST", path, "{}");
}

#endif
