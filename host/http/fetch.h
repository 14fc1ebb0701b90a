/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading what answers are made of where it may take long: on a disk, from another server. The HTTP
 * library's threads serve many connections each, so threads of their own read ahead by one piece,
 * and a connection is suspended while it waits for one. For source.c and server.c.
 */
#ifndef SLIPWAY_HTTP_FETCH_H
#define SLIPWAY_HTTP_FETCH_H

#include "slipway/http_server.h"

#include <microhttpd.h>
#include <pthread.h>

#define HTTP_FETCHERS 8u
#define HTTP_FETCH_SIZE (128u << 10)

struct http_fetch;

/* The threads, and what is to be read next. */
struct http_fetchers {
    pthread_mutex_t lock;
    pthread_cond_t work;
    struct http_fetch *first, *last;
    bool stops;
    pthread_t threads[HTTP_FETCHERS];
    unsigned count;
};

SLW_MUST_USE enum slw_status http_fetchers_start(struct http_fetchers *fetchers,
                                                 struct slw_detail *detail);
/* When no response reads any more; waits for what is being read. */
void http_fetchers_stop(struct http_fetchers *fetchers);

/* A response of a part of a source. It closes the source, unless it is NULL. */
struct MHD_Response *http_fetch_response(const struct slw_http_exchange *exchange,
                                         const struct slw_source *source, uint64_t offset,
                                         uint64_t length, void (*close)(void *context),
                                         void *context);
/* A response of what flows, however much it is; likewise. */
struct MHD_Response *http_flow_response(const struct slw_http_exchange *exchange,
                                        slw_http_flow *next, void (*close)(void *context),
                                        void *context);
/* No response waits any more; http_later_lock is held. */
void http_fetches_end(struct slw_http_server *server);

#endif
