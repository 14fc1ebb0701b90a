/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a transfer goes, and how long all of them took: what ends a slow retrieval. The HTTP
 * fetcher asks it whenever libcurl reports progress, which is once a second at least.
 *
 * The rate is an average over a window that moves along, so that neither a pause nor a burst
 * decides alone. Time comes from the caller as milliseconds of a clock that may start anywhere,
 * below zero too; a step back counts as none and a step forward as SLW_PACE_STEP_MAX_MS at most,
 * for the clock was set then, or this process was stopped, and the other side isn't to blame.
 */
#ifndef SLIPWAY_PACE_H
#define SLIPWAY_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define SLW_PACE_SLOTS 16u
#define SLW_PACE_STEP_MAX_MS 2000

struct slw_pace {
    /* set by the caller */
    uint64_t window_ms;
    uint64_t floor_bytes; /* at least in a window */
    uint64_t budget_ms;   /* for everything; 0: no bound */
    /* private */
    uint64_t spent_ms;
    uint64_t measured_ms; /* since slw_pace_measure() */
    int64_t last_ms;
    uint64_t pending; /* bytes since the last check */
    bool measuring;
    uint64_t slots[SLW_PACE_SLOTS + 1]; /* bytes, by time; the window is all but the newest */
};

enum slw_pace_verdict { SLW_PACE_FINE, SLW_PACE_BELOW_FLOOR, SLW_PACE_OVER_BUDGET };

/* Time begins to count. The rate doesn't yet: there may be no connection. */
void slw_pace_start(struct slw_pace *pace, int64_t now_ms);

/* The request goes out: from here on bytes are due. */
void slw_pace_measure(struct slw_pace *pace);

void slw_pace_add(struct slw_pace *pace, uint64_t bytes);

enum slw_pace_verdict slw_pace_check(struct slw_pace *pace, int64_t now_ms);

#endif
