/* SPDX-License-Identifier: Apache-2.0 */
/* The people part: its routes, its memory, its housekeeping. */
#include "people.h"

#include "hasher.h"
#include "routes.h"

static const struct slw_http_route routes[] = {
    {"GET", "/api/v1/products", people_list_products, 0, DEPOT_ANYBODY},
    {"POST", "/api/v1/products", people_make_product, 4096, DEPOT_ADMINISTER},
    {"GET", "/api/v1/products/{product}", people_show_product, 0, DEPOT_SEE},
    {"PATCH", "/api/v1/products/{product}", people_change_product, 4096, DEPOT_ADMINISTER},
};

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    return people_hasher_start(depot, &depot->people, detail);
}

static void close_part(struct depot *depot)
{
    people_hasher_stop(depot->people);
    depot->people = NULL;
}

const struct depot_part depot_people = {
    .name = "people",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .open = open_part,
    .close = close_part,
};
