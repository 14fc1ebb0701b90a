/* SPDX-License-Identifier: Apache-2.0 */
/* The routes of the page, of health and of metrics. See routes.h. */
#include "routes.h"

static const struct slw_http_route routes[] = {
    {"GET", "/", web_send_first, 0, DEPOT_PUBLIC},
    {"GET", "/app/{path...}", web_send_file, 0, DEPOT_PUBLIC},
    {"GET", "/health", web_show_health, 0, DEPOT_PUBLIC},
    {"GET", "/ready", web_show_ready, 0, DEPOT_PUBLIC},
    {"GET", "/metrics", web_show_metrics, 0, DEPOT_SEE},
};

const struct depot_part depot_web = {
    .name = "web",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
};
