/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many requests a second one client may make: a bucket for each, refilled at that rate, of as
 * many as come in a second. Clients are told apart by whatever names them (certificate, user,
 * address); the table is of fixed size, and clients whose names fall into one place share it.
 */
#ifndef SLIPWAY_HTTP_LIMITS_H
#define SLIPWAY_HTTP_LIMITS_H

#include "slipway/bytes.h"

#include <pthread.h>

#define SLW_HTTP_LIMITS_PLACES 1024u

struct slw_http_limits {
    pthread_mutex_t lock;
    uint32_t per_s;
    uint64_t seed; /* so that nobody can choose whom to share a place with */
    struct {
        int64_t refilled_ms;
        int64_t thousandths; /* requests left, in thousandths */
    } places[SLW_HTTP_LIMITS_PLACES];
};

/* SLW_IO when the system has no random numbers. */
SLW_MUST_USE enum slw_status slw_http_limits_init(struct slw_http_limits *limits, uint32_t per_s);

/* False: one too many. now_ms: of a clock that doesn't jump, above 0. */
bool slw_http_limits_admit(struct slw_http_limits *limits, struct slw_bytes client, int64_t now_ms);

#endif
