/* SPDX-License-Identifier: Apache-2.0 */
/* The devices' part of the depot: its calls, and what it keeps in memory. */
#include "parts.h"

#include <stdlib.h>

#define BODY_MAX 16384u
#define OF_PRODUCT "/api/v1/products/{product}"
#define OF_DEVICE "/device/v1/{product}/{device}"

static const struct slw_http_route routes[] = {
    {"POST", "/device/v1/enrol", devices_enrol, SLW_FLEET_MESSAGE_MAX, DEPOT_PUBLIC},
    {"GET", OF_DEVICE "/nonce", devices_nonce, 0, DEPOT_PUBLIC},
    {"GET", OF_DEVICE "/checkin", devices_check_in, 0, DEPOT_PUBLIC},
    {"POST", OF_DEVICE "/report", devices_report, SLW_FLEET_MESSAGE_MAX, DEPOT_PUBLIC},

    {"GET", OF_PRODUCT "/groups", groups_list, 0, DEPOT_SEE},
    {"GET", OF_PRODUCT "/groups/{group}", groups_show, 0, DEPOT_SEE},
    {"PUT", OF_PRODUCT "/groups/{group}", groups_put, BODY_MAX, DEPOT_RELEASE},
    {"DELETE", OF_PRODUCT "/groups/{group}", groups_remove, 0, DEPOT_RELEASE},
    {"GET", OF_PRODUCT "/enrolment-tokens", enrolments_list, 0, DEPOT_SEE},
    {"POST", OF_PRODUCT "/enrolment-tokens", enrolments_make, BODY_MAX, DEPOT_DEVELOP},
    {"DELETE", OF_PRODUCT "/enrolment-tokens/{token}", enrolments_revoke, 0, DEPOT_DEVELOP},
};

static void close_part(struct depot *depot)
{
    if (depot->devices != NULL) {
        devices_batch_close(depot->devices->batch);
        devices_seen_close(depot->devices->seen);
        devices_buckets_close(depot->devices->buckets);
        free(depot->devices);
        depot->devices = NULL;
    }
}

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    depot->devices = calloc(1, sizeof *depot->devices);
    if (depot->devices == NULL) {
        return slw_explain_no_memory(detail);
    }
    enum slw_status status = devices_buckets_open(depot, &depot->devices->buckets, detail);
    if (status == SLW_OK) {
        status = devices_seen_open(depot, &depot->devices->seen, detail);
    }
    if (status == SLW_OK) {
        status = devices_batch_open(depot, &depot->devices->batch, detail);
    }
    if (status != SLW_OK) {
        close_part(depot);
    }
    return status;
}

const struct depot_part depot_devices = {
    .name = "devices",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .open = open_part,
    .close = close_part,
};
