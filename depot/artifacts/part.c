/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the depot that keeps what is uploaded: routes, and the work of housekeeping. */
#include "part.h"

#define ADD_BODY_MAX 4096u
#define HOUSEKEEPING_MS 30000u

static const struct slw_http_route routes[] = {
    {"HEAD", "/api/v1/blobs/{sha256}", artifacts_upload_state, 0, DEPOT_ANYBODY},
    {"PATCH", "/api/v1/blobs/{sha256}", artifacts_upload_piece, ARTIFACTS_PIECE_MAX, DEPOT_ANYBODY},
    {"POST", "/api/v1/products/{product}/artifacts", artifacts_add, ADD_BODY_MAX, DEPOT_DEVELOP},
    {"GET", "/api/v1/products/{product}/artifacts", artifacts_list, 0, DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/artifacts/{artifact}/content", artifacts_get_content, 0,
     DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/builds", artifacts_list_builds, 0, DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/builds/{build}", artifacts_show_build, 0, DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/builds/{build}/bundle", artifacts_get_bundle, 0, DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/builds/{build}/packages", artifacts_list_packages, 0,
     DEPOT_SEE},
    {"GET", "/api/v1/products/{product}/affected", artifacts_list_affected, 0, DEPOT_SEE},
};

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    (void)depot;
    return artifacts_workers_start(detail);
}

static void close_part(struct depot *depot)
{
    (void)depot;
    artifacts_workers_stop();
}

const struct depot_part depot_artifacts = {
    .name = "artifacts",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = ARTIFACTS_LEASE,
    .period_ms = HOUSEKEEPING_MS,
    .work = artifacts_keep_house,
    .open = open_part,
    .close = close_part,
};
