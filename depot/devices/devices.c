/* SPDX-License-Identifier: Apache-2.0 */
/* The devices' part of the depot: its calls, and what it keeps in memory. */
#include "parts.h"

#include "slipway/fleet_member.h"

#include <stdlib.h>

#define BODY_MAX 16384u
#define OF_PRODUCT "/api/v1/products/{product}"
#define OF_ONE OF_PRODUCT "/devices/{device}"
#define OF_DEVICE "/device/v1/{product}/{device}"

static const struct slw_http_route routes[] = {
    {"POST", "/device/v1/enrol", devices_enrol, SLW_FLEET_MESSAGE_MAX, DEPOT_PUBLIC},
    {"GET", OF_DEVICE "/nonce", devices_nonce, 0, DEPOT_PUBLIC},
    {"GET", OF_DEVICE "/checkin", devices_check_in, 0, DEPOT_PUBLIC},
    {"POST", OF_DEVICE "/report", devices_report, SLW_FLEET_MESSAGE_MAX, DEPOT_PUBLIC},
    {"POST", OF_DEVICE "/log", devices_take_log, SLW_FLEET_LOG_MAX, DEPOT_PUBLIC},

    {"GET", OF_PRODUCT "/devices", devices_list, 0, DEPOT_SEE},
    {"POST", OF_PRODUCT "/devices", devices_register, BODY_MAX, DEPOT_DEVELOP},
    {"GET", OF_PRODUCT "/fleet", devices_count, 0, DEPOT_SEE},
    {"GET", OF_PRODUCT "/fleet/export", devices_export, 0, DEPOT_SEE},
    {"GET", OF_ONE, devices_show, 0, DEPOT_SEE},
    {"PATCH", OF_ONE, devices_change, BODY_MAX, DEPOT_DEVELOP},
    {"GET", OF_ONE "/history", devices_history, 0, DEPOT_SEE},
    {"POST", OF_ONE "/approve", devices_approve, BODY_MAX, DEPOT_DEVELOP},
    {"POST", OF_ONE "/reject", devices_reject, BODY_MAX, DEPOT_DEVELOP},
    {"POST", OF_ONE "/revoke", devices_revoke, BODY_MAX, DEPOT_DEVELOP},
    {"POST", OF_ONE "/ask-log", devices_ask_log, BODY_MAX, DEPOT_DEVELOP},
    {"GET", OF_ONE "/logs", devices_list_logs, 0, DEPOT_SEE},
    {"GET", OF_ONE "/logs/{log}", devices_show_log, 0, DEPOT_SEE},
    {"GET", OF_PRODUCT "/consents", consents_list, 0, DEPOT_SEE},
    {"POST", OF_PRODUCT "/consents", consents_give, BODY_MAX, DEPOT_RELEASE},
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
        devices_reader_close(depot->devices->reader);
        devices_follower_close(depot->devices->follower);
        devices_batch_close(depot->devices->batch);
        devices_seen_close(depot->devices->seen);
        devices_buckets_close(depot->devices->buckets);
        devices_memory_close(depot->devices->memory);
        (void)pthread_mutex_destroy(&depot->devices->writing);
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
    (void)pthread_mutex_init(&depot->devices->writing, NULL);
    enum slw_status status = devices_buckets_open(depot, &depot->devices->buckets, detail);
    if (status == SLW_OK) {
        status = devices_memory_open(depot, &depot->devices->memory, detail);
    }
    if (status == SLW_OK) {
        status =
            devices_follower_open(depot, depot->devices->memory, &depot->devices->follower, detail);
    }
    if (status == SLW_OK) {
        status = devices_seen_open(depot, &depot->devices->seen, detail);
    }
    if (status == SLW_OK) {
        status = devices_batch_open(depot, DEVICES_WAITING_MAX, &depot->devices->batch, detail);
    }
    if (status == SLW_OK) {
        status = devices_reader_open(depot, &depot->devices->reader, detail);
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
    .lease = "housekeeping",
    .period_ms = 60000,
    .work = devices_keep_house,
    .open = open_part,
    .close = close_part,
};
