/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the depot that keeps jobs for runners: its calls, who waits, and what happens by
 * itself (DEPOT.md, section 5.1). */
#include "part.h"

#define OF_PRODUCT "/api/v1/products/{product}"
#define OF_JOB OF_PRODUCT "/jobs/{job}"
#define WORDS_MAX 16384u
#define PERIOD_MS 1000

static const struct slw_http_route routes[] = {
    {"GET", OF_PRODUCT "/jobs", jobs_list, 0, DEPOT_SEE},
    {"POST", OF_PRODUCT "/jobs", jobs_make, WORDS_MAX, DEPOT_DEVELOP},
    {"GET", OF_JOB, jobs_show, 0, DEPOT_SEE},
    {"POST", OF_JOB "/cancel", jobs_cancel, WORDS_MAX, DEPOT_DEVELOP},
    {"POST", OF_JOB "/retry", jobs_retry, WORDS_MAX, DEPOT_DEVELOP},
    {"POST", OF_JOB "/heartbeat", jobs_heartbeat, WORDS_MAX, DEPOT_DEVELOP},
    {"POST", OF_JOB "/finish", jobs_finish, WORDS_MAX, DEPOT_DEVELOP},
    {"POST", "/api/v1/jobs/lease", jobs_lease, WORDS_MAX, DEPOT_ANYBODY},
    {"GET", OF_PRODUCT "/webhooks", jobs_list_webhooks, 0, DEPOT_ADMINISTER},
    {"POST", OF_PRODUCT "/webhooks", jobs_make_webhook, WORDS_MAX, DEPOT_ADMINISTER},
    {"DELETE", OF_PRODUCT "/webhooks/{webhook}", jobs_remove_webhook, 0, DEPOT_ADMINISTER},
    {"POST", "/hooks/v1/{product}/{webhook}", jobs_call_webhook, JOBS_HOOK_BODY_MAX, DEPOT_PUBLIC},
};

const struct depot_part depot_jobs = {
    .name = "jobs",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = JOBS_LEASE,
    .period_ms = PERIOD_MS,
    .work = jobs_work,
    .open = jobs_wait_start,
    .end = jobs_wait_end,
    .close = jobs_wait_stop,
};
