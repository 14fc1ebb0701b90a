/* SPDX-License-Identifier: Apache-2.0 */
/* The releases' parts of the depot: their calls and the thread that publishes; and the thread that
 * asks for signatures, which shares its lease with the pipeline. */
#include "part.h"

#include <stdlib.h>

#define OF_RELEASE "/api/v1/products/{product}/releases/{version}"
#define WORDS_MAX 4096u

static const struct slw_http_route routes[] = {
    {"GET", "/api/v1/products/{product}/releases", releases_list_all, 0, DEPOT_SEE},
    {"PUT", "/api/v1/products/{product}/release-number", releases_set_number, WORDS_MAX,
     DEPOT_ADMINISTER},
    {"GET", OF_RELEASE, releases_show, 0, DEPOT_SEE},
    {"GET", OF_RELEASE "/bundle", releases_get_bundle, 0, DEPOT_SEE},
    {"POST", OF_RELEASE "/withdraw", releases_withdraw, WORDS_MAX, DEPOT_RELEASE},
    {"GET", "/repository/{path...}", releases_get_file, 0, DEPOT_PUBLIC},
};

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    depot->releases = calloc(1, sizeof *depot->releases);
    return depot->releases == NULL ? slw_explain_no_memory(detail) : SLW_OK;
}

static void close_part(struct depot *depot)
{
    free(depot->releases);
    depot->releases = NULL;
}

const struct depot_part depot_releases = {
    .name = "releases",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = RELEASES_PUBLISHER_LEASE,
    .period_ms = 500,
    .work = releases_publish,
    .open = open_part,
    .close = close_part,
};

const struct depot_part depot_signing = {
    .name = "signing",
    .lease = RELEASES_SIGNING_LEASE,
    .period_ms = 500,
    .work = releases_sign,
};
