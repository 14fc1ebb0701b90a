/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns: so many threads at a time, the others in the order in which they came. A mutex isn't fair,
 * and one writer after the other needs to be.
 */
#ifndef SLIPWAY_DATABASE_TURNS_H
#define SLIPWAY_DATABASE_TURNS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct sql_waiter;

struct sql_turns {
    pthread_mutex_t mutex;
    uint32_t free;
    struct sql_waiter *first;
    struct sql_waiter *last;
};

/* False when the system has no mutex for it. */
bool sql_turns_init(struct sql_turns *turns, uint32_t at_a_time);
void sql_turns_wipe(struct sql_turns *turns);

/* False when it wasn't this thread's turn within timeout_ms. */
bool sql_turns_take(struct sql_turns *turns, uint32_t timeout_ms);
void sql_turns_give(struct sql_turns *turns);

#endif
