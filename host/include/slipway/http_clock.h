/* SPDX-License-Identifier: Apache-2.0 */
/* A clock that doesn't jump, for deadlines and rates. */
#ifndef SLIPWAY_HTTP_CLOCK_H
#define SLIPWAY_HTTP_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t slw_http_clock_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The time by that clock some milliseconds from now. */
static inline struct timespec slw_http_clock_after_ms(int timeout_ms)
{
    int64_t then_ms = slw_http_clock_ms() + timeout_ms;
    return (struct timespec){.tv_sec = (time_t)(then_ms / 1000),
                             .tv_nsec = (long)(then_ms % 1000) * 1000000};
}

#endif
