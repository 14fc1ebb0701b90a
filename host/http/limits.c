/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets, a place for each client. See http_limits.h. */
#include "slipway/http_limits.h"

#include <sys/random.h>

enum slw_status slw_http_limits_init(struct slw_http_limits *limits, uint32_t per_s)
{
    memset(limits, 0, sizeof *limits);
    limits->per_s = per_s;
    (void)pthread_mutex_init(&limits->lock, NULL);
    return getrandom(&limits->seed, sizeof limits->seed, 0) == (ssize_t)sizeof limits->seed
               ? SLW_OK
               : SLW_IO;
}

/* FNV-1a, begun with the seed. */
static size_t place_of(const struct slw_http_limits *limits, struct slw_bytes client)
{
    uint64_t hash = 0xCBF29CE484222325u ^ limits->seed;
    for (size_t i = 0; i < client.len; i++) {
        hash = (hash ^ client.ptr[i]) * 0x100000001B3u;
    }
    return (size_t)((hash ^ hash >> 32) % SLW_HTTP_LIMITS_PLACES);
}

bool slw_http_limits_admit(struct slw_http_limits *limits, struct slw_bytes client, int64_t now_ms)
{
    size_t at = place_of(limits, client);
    int64_t most = (int64_t)limits->per_s * 1000;
    bool admitted = false;
    (void)pthread_mutex_lock(&limits->lock);
    int64_t passed_ms = now_ms - limits->places[at].refilled_ms;
    int64_t left = limits->places[at].refilled_ms == 0 || passed_ms >= 1000
                       ? most
                       : limits->places[at].thousandths + passed_ms * limits->per_s;
    left = left > most ? most : left;
    if (left >= 1000) {
        left -= 1000;
        admitted = true;
    }
    limits->places[at].refilled_ms = now_ms;
    limits->places[at].thousandths = left;
    (void)pthread_mutex_unlock(&limits->lock);
    return admitted;
}
