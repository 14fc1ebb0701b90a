/* SPDX-License-Identifier: Apache-2.0 */
/* The queue of turns.h: each who waits is woken alone, and has the turn already when he wakes. */
#include "turns.h"

#include <time.h>

struct sql_waiter {
    pthread_cond_t condition;
    struct sql_waiter *next;
    bool served;
};

bool sql_turns_init(struct sql_turns *turns, uint32_t at_a_time)
{
    *turns = (struct sql_turns){.free = at_a_time};
    return pthread_mutex_init(&turns->mutex, NULL) == 0;
}

void sql_turns_wipe(struct sql_turns *turns)
{
    (void)pthread_mutex_destroy(&turns->mutex);
}

static bool waiter_init(struct sql_waiter *waiter)
{
    pthread_condattr_t attributes;
    *waiter = (struct sql_waiter){0};
    if (pthread_condattr_init(&attributes) != 0) {
        return false;
    }
    bool is_good = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
                   pthread_cond_init(&waiter->condition, &attributes) == 0;
    (void)pthread_condattr_destroy(&attributes);
    return is_good;
}

static void append(struct sql_turns *turns, struct sql_waiter *waiter)
{
    if (turns->last == NULL) {
        turns->first = waiter;
    } else {
        turns->last->next = waiter;
    }
    turns->last = waiter;
}

/* Only one whose time is over is taken out of the middle, so a walk is fine. */
static void take_out(struct sql_turns *turns, const struct sql_waiter *waiter)
{
    struct sql_waiter *before = NULL;
    struct sql_waiter **place = &turns->first;
    while (*place != waiter) {
        before = *place;
        place = &before->next;
    }
    *place = waiter->next;
    if (turns->last == waiter) {
        turns->last = before;
    }
}

static struct timespec later(uint32_t timeout_ms)
{
    struct timespec until = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(timeout_ms / 1000);
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000L;
    }
    return until;
}

static bool wait_for_it(struct sql_turns *turns, struct sql_waiter *waiter, uint32_t timeout_ms)
{
    struct timespec until = later(timeout_ms);
    append(turns, waiter);
    while (!waiter->served) {
        if (pthread_cond_timedwait(&waiter->condition, &turns->mutex, &until) != 0 &&
            !waiter->served) {
            take_out(turns, waiter);
            return false;
        }
    }
    return true;
}

bool sql_turns_take(struct sql_turns *turns, uint32_t timeout_ms)
{
    struct sql_waiter waiter;
    bool is_mine = true;
    (void)pthread_mutex_lock(&turns->mutex);
    if (turns->free > 0) {
        turns->free--;
    } else if (!waiter_init(&waiter)) {
        is_mine = false;
    } else {
        is_mine = wait_for_it(turns, &waiter, timeout_ms);
        (void)pthread_cond_destroy(&waiter.condition);
    }
    (void)pthread_mutex_unlock(&turns->mutex);
    return is_mine;
}

void sql_turns_give(struct sql_turns *turns)
{
    (void)pthread_mutex_lock(&turns->mutex);
    struct sql_waiter *next = turns->first;
    if (next == NULL) {
        turns->free++;
    } else {
        turns->first = next->next;
        if (turns->first == NULL) {
            turns->last = NULL;
        }
        next->served = true;
        (void)pthread_cond_signal(&next->condition);
    }
    (void)pthread_mutex_unlock(&turns->mutex);
}
