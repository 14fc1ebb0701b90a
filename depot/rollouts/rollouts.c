/* SPDX-License-Identifier: Apache-2.0 */
/* The rollouts' part of the depot: its calls, and the thread that looks after what runs (DEPOT.md,
 * section 6). */
#include "parts.h"

#define OF_ROLLOUT "/api/v1/products/{product}/rollouts/{rollout}"
#define PLAN_MAX 65536u
#define WORDS_MAX 4096u

static const struct slw_http_route routes[] = {
    {"GET", "/api/v1/products/{product}/rollouts", rollouts_list, 0, DEPOT_SEE},
    {"POST", "/api/v1/products/{product}/rollouts", rollouts_make, PLAN_MAX, DEPOT_RELEASE},
    {"GET", OF_ROLLOUT, rollouts_show, 0, DEPOT_SEE},
    {"PUT", OF_ROLLOUT, rollouts_replace, PLAN_MAX, DEPOT_RELEASE},
    {"GET", OF_ROLLOUT "/devices", rollouts_devices, 0, DEPOT_SEE},
    {"GET", OF_ROLLOUT "/looks", rollouts_looks, 0, DEPOT_SEE},
    {"GET", OF_ROLLOUT "/series", rollouts_series, 0, DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/fleet/versions", rollouts_versions, 0, DEPOT_SEE},
    {"POST", OF_ROLLOUT "/start", rollouts_start, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_ROLLOUT "/pause", rollouts_pause, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_ROLLOUT "/resume", rollouts_resume, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_ROLLOUT "/halt", rollouts_halt, WORDS_MAX, DEPOT_HALT},
    {"POST", OF_ROLLOUT "/abort", rollouts_abort, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_ROLLOUT "/retry", rollouts_retry, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_ROLLOUT "/decide", rollouts_decide, WORDS_MAX, DEPOT_RELEASE},
};

const struct depot_part depot_rollouts = {
    .name = "rollouts",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = "rollouts",
    .period_ms = 1000,
    .work = rollouts_work,
    .open = rollouts_view_open,
    .close = rollouts_view_close,
};
