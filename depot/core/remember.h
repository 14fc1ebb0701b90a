/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers that are counted over a whole fleet: with millions of devices they take seconds, so one
 * is kept and given again for a while, and says when it was counted. A small fleet is counted at
 * each call. Called by the parts' handlers; one for each replica.
 *
 *     static enum slw_status count(struct depot *depot, struct slw_bytes product, struct
 * slw_heap_buffer *text, int64_t *ret_weight, struct slw_detail *detail);
 *     void devices_count(void *context, struct slw_http_exchange *exchange)
 *     {
 *         depot_serve_remembered(depot_of(context), exchange, DEPOT_REMEMBER_FLEET, count);
 *     }
 */
#ifndef SLIPWAY_DEPOT_REMEMBER_H
#define SLIPWAY_DEPOT_REMEMBER_H

#include "depot.h"

#define DEPOT_REMEMBER_WEIGHT 50000 /* things; fewer are counted each time */
#define DEPOT_REMEMBER_MIN_US 5000000
#define DEPOT_REMEMBER_MAX_US 60000000

enum depot_remember { DEPOT_REMEMBER_FLEET, DEPOT_REMEMBER_VERSIONS, DEPOT_REMEMBER_METRICS };

/* Appends the answer. ret_weight: how many things were counted. */
typedef enum slw_status depot_count(struct depot *depot, struct slw_bytes product,
                                    struct slw_heap_buffer *text, int64_t *ret_weight,
                                    struct slw_detail *detail);

struct depot_remembered;
SLW_MUST_USE enum slw_status depot_remembered_open(struct depot_remembered **ret_remembered,
                                                   struct slw_detail *detail);
void depot_remembered_close(struct depot_remembered *remembered);

/* What it was when it was counted last, when that took long and isn't long ago; else counts. While
 * somebody counts, others get the former answer, if there is one. product: empty for all. */
SLW_MUST_USE enum slw_status depot_remember(struct depot *depot, enum depot_remember what,
                                            struct slw_bytes product, depot_count *count,
                                            struct slw_heap_buffer *ret_text,
                                            struct slw_detail *detail);
/* Answers with it, as JSON; the product is the path's. */
void depot_serve_remembered(struct depot *depot, struct slw_http_exchange *exchange,
                            enum depot_remember what, depot_count *count);

/* How long one is kept that took so long: a twentieth of the time is spent on counting at most. */
int64_t depot_remember_for_us(int64_t weight, int64_t taken_us);

#endif
