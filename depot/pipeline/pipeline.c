/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's part of the depot: its calls, and the thread that advances builds (DEPOT.md,
 * section 5). */
#include "part.h"

#include <stdlib.h>

#define OF_BUILD "/api/v1/products/{product}/builds/{build}"
#define WORDS_MAX 65536u

static const struct slw_http_route routes[] = {
    {"GET", "/api/v1/products/{product}/pipeline", pipeline_get, 0, DEPOT_SEE},
    {"PUT", "/api/v1/products/{product}/pipeline", pipeline_put, PIPELINE_DOCUMENT_MAX,
     DEPOT_ADMINISTER},
    {"GET", OF_BUILD "/pipeline", pipeline_show_build, 0, DEPOT_SEE},
    {"POST", OF_BUILD "/approve", pipeline_approve, WORDS_MAX, DEPOT_APPROVE},
    {"POST", OF_BUILD "/kind", pipeline_set_kind, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_BUILD "/retry", pipeline_retry, WORDS_MAX, DEPOT_RELEASE},
    {"POST", OF_BUILD "/withdraw", pipeline_withdraw, WORDS_MAX, DEPOT_RELEASE},
    {"POST", "/api/v1/products/{product}/drill", pipeline_drill, WORDS_MAX, DEPOT_RELEASE},
    {"GET", "/api/v1/products/{product}/readiness", pipeline_ready, 0, DEPOT_SEE},
};

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    depot->pipeline = calloc(1, sizeof *depot->pipeline);
    return depot->pipeline == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

static void close_part(struct depot *depot)
{
    free(depot->pipeline);
    depot->pipeline = NULL;
}

const struct depot_part depot_pipeline = {
    .name = "pipeline",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = PIPELINE_LEASE,
    .period_ms = 500,
    .work = pipeline_work,
    .open = open_part,
    .close = close_part,
};
