/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who watches what happens (DEPOT.md, section 8): one thread of each replica reads the table of
 * events and feeds the streams of those who may see them. Between events.c, which has the routes,
 * and feed.c.
 */
#ifndef SLIPWAY_DEPOT_EVENTS_H
#define SLIPWAY_DEPOT_EVENTS_H

#include "depot.h"

#include <pthread.h>

#define EVENTS_PERIOD_MS 500
#define EVENTS_BATCH_MAX 256u    /* events that are read at once */
#define EVENTS_WATCHERS_MAX 512u /* streams of one replica */
#define EVENTS_OWN_MAX 32u       /* of one person */
#define EVENTS_BEHIND_MAX 1000   /* events that somebody who comes back is given */
#define EVENTS_KEEP_DAYS 90

/* Somebody with a stream. Only the thread takes one away. */
struct events_watcher {
    struct slw_http_stream *stream;
    struct depot_caller caller;
    int64_t position; /* all events up to this one were given, or aren't theirs to see */
    bool is_admitted; /* still; as of the last look */
};

struct depot_events_state {
    struct depot *depot;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct events_watcher *watchers[EVENTS_WATCHERS_MAX];
    size_t count;
    bool stops;
    pthread_t thread;
};

/* One event as JSON, from a row of EVENTS_COLUMNS. */
#define EVENTS_COLUMNS "id, time_us, product, kind, subject, data"
void events_put(struct slw_json *json, const struct slw_rows *rows);

/* Takes a stream over; false when there are too many (of this person), and it isn't. */
bool events_feed_has_room(struct depot_events_state *state, const char *person);
void events_feed_add(struct depot_events_state *state, struct events_watcher *watcher);
SLW_MUST_USE enum slw_status events_feed_start(struct depot *depot, struct slw_detail *detail);
void events_feed_stop(struct depot *depot);

#endif
