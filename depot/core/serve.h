/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How most calls are served: the body is read as JSON, work runs in a transaction (again, when
 * others got in the way) and writes the answer's text, and the answer leaves once the transaction
 * is committed. Called by the parts' handlers.
 *
 *     static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
 * struct slw_detail *detail); void rollouts_show(void *context, struct slw_http_exchange *exchange)
 *     {
 *         depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
 *     }
 */
#ifndef SLIPWAY_DEPOT_SERVE_H
#define SLIPWAY_DEPOT_SERVE_H

#include "depot.h"

struct depot_call {
    struct depot *depot;
    struct slw_http_exchange *exchange;
    const struct depot_caller *caller; /* NULL in a public route */
    struct slw_json_document body;     /* when the route has one */
    struct slw_heap_buffer text; /* of the answer; emptied before each run; still empty: 204 */
    unsigned http_status;        /* of success; 200 unless it is changed */
    void *more;
};
typedef enum slw_status depot_work(struct depot_call *call, struct slw_transaction *transaction,
                                   struct slw_detail *detail);
/* has_body: reads it as JSON first. more: call->more. */
void depot_serve(struct depot *depot, struct slw_http_exchange *exchange,
                 enum slw_database_mode mode, bool has_body, depot_work *work, void *more);

/* A text member of a call's body; SLW_BAD_ARGUMENT when it isn't there, isn't text, or has more
 * than max bytes. */
SLW_MUST_USE enum slw_status depot_read_text(const struct depot_call *call, const char *name,
                                             size_t max, struct slw_bytes *ret_text,
                                             struct slw_detail *detail);
/* A number member; absent when it isn't there and absent isn't -1. */
SLW_MUST_USE enum slw_status depot_read_number(const struct depot_call *call, const char *name,
                                               int64_t min, int64_t max, int64_t absent,
                                               int64_t *ret_number, struct slw_detail *detail);

/* A number of the query; ret_number stays as it is when it isn't there. SLW_BAD_ARGUMENT. */
SLW_MUST_USE enum slw_status depot_query_number(const struct depot_call *call, const char *name,
                                                int64_t min, int64_t max, int64_t *ret_number,
                                                struct slw_detail *detail);

#endif
