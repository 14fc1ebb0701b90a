/* SPDX-License-Identifier: Apache-2.0 */
/* See observe.h. */
#include "observe.h"

#include "depot.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* What devices do all day is counted, not told. */
static bool is_of_devices(const struct slw_http_done *done)
{
    return done->route != NULL && strncmp(done->route, "/device/", strlen("/device/")) == 0;
}

bool depot_observe_is_told(const struct slw_http_done *done)
{
    bool reads = strcmp(done->method, "GET") == 0 || strcmp(done->method, "HEAD") == 0;
    if (done->status >= 500) {
        return true;
    }
    if (done->route == NULL || is_of_devices(done)) {
        return false; /* strangers could fill a disk with it */
    }
    return !reads || done->status == 403;
}

static void put(struct slw_json *json, const struct slw_http_done *done)
{
    char time[DEPOT_TIME_SIZE];
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    slw_json_begin_object(json, NULL);
    slw_json_text(json, "time",
                  depot_time_format((int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000, time));
    slw_json_text(json, "level", done->status >= 500 ? "error" : "info");
    slw_json_text(json, "part", "http");
    slw_json_text(json, "method", done->method);
    slw_json_text(json, "route", done->route == NULL ? "" : done->route);
    slw_json_uint(json, "status", done->status);
    slw_json_uint(json, "received", done->received);
    slw_json_fraction(json, "ms", (double)done->taken_us / 1000);
    if (done->reason != NULL) {
        slw_json_text(json, "reason", done->reason);
    }
    if (done->detail[0] != '\0') {
        slw_json_text(json, "detail", done->detail);
    }
    slw_json_end_object(json);
}

void depot_observe(void *context, const struct slw_http_done *done)
{
    struct slw_heap_buffer line = {0};
    struct slw_json json;
    (void)context;
    if (!depot_observe_is_told(done)) {
        return;
    }
    slw_json_init(&json, &line);
    put(&json, done);
    slw_heap_append_text(&line, "\n");
    if (line.status == SLW_OK) {
        (void)fwrite(line.ptr, 1, line.len, stderr);
    }
    slw_heap_free(&line);
}
