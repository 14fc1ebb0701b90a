/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way in: every route of every part is called through the gate, which finds out who calls,
 * whether the call came from our own pages, and whether the route's right is theirs.
 */
#ifndef SLIPWAY_DEPOT_GATE_H
#define SLIPWAY_DEPOT_GATE_H

#include "depot.h"

#include <stdatomic.h>

#define DEPOT_ROUTES_MAX 512u

struct depot_gate {
    struct slw_http_route routes[DEPOT_ROUTES_MAX]; /* what the server gets: all handled by us */
    const struct slw_http_route *behind[DEPOT_ROUTES_MAX]; /* the part's */
    uint8_t product[DEPOT_ROUTES_MAX]; /* which parameter is {product}, from 1; 0: none */
    size_t count;
    atomic_bool is_open; /* until then, and while it stops, everything is refused as unavailable */
};

/* Adds a part's routes. SLW_BAD_ARGUMENT for a route without a right, or one too many. */
SLW_MUST_USE enum slw_status depot_gate_add(struct depot_gate *gate, const struct depot_part *part,
                                            struct slw_detail *detail);

/* Whether a browser that sent this says that one of our own pages did; true when it isn't one. */
bool depot_gate_is_same_origin(const struct depot *depot, const struct slw_http_exchange *exchange);

#endif
