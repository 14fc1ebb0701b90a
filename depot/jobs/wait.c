/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runners for whom there is no job yet. One thread of each replica looks for all of them, twice a
 * second while there are any: none of them holds a thread or a connection to the database. See
 * part.h.
 */
#include "part.h"

#include "slipway/http_clock.h"

#include <stdlib.h>

#define PERIOD_MS 500
#define WAITERS_MAX 512u
#define OWN_MAX 128u /* of one person's */

struct depot_jobs_state {
    struct depot *depot;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct jobs_waiter *waiters[WAITERS_MAX]; /* in the order in which they came */
    size_t count;
    bool stops;
    pthread_t thread;
    struct jobs_done done;
};

struct jobs_done *jobs_done_of(struct depot *depot)
{
    return &depot->jobs->done;
}

enum slw_status jobs_wait(struct jobs_waiter *waiter, struct slw_detail *detail)
{
    struct depot_jobs_state *state = waiter->depot->jobs;
    size_t own = 0;
    (void)pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->count; i++) {
        own += strcmp(state->waiters[i]->caller->person, waiter->caller->person) == 0;
    }
    bool is_taken = own < OWN_MAX && state->count < WAITERS_MAX && !state->stops;
    if (is_taken) {
        state->waiters[state->count++] = waiter;
        (void)pthread_cond_signal(&state->changed);
    }
    (void)pthread_mutex_unlock(&state->lock);
    return is_taken ? SLW_OK
                    : slw_explain(detail, SLW_TOO_MANY, "too many runners wait here already");
}

/* Takes everybody's place over, and gives those back who go on waiting. */
struct round {
    struct jobs_waiter *waiters[WAITERS_MAX];
    size_t count;
    bool stops;
};

static void begin_round(struct depot_jobs_state *state, struct round *round)
{
    round->count = state->count;
    round->stops = state->stops;
    for (size_t i = 0; i < state->count; i++) {
        round->waiters[i] = state->waiters[i];
    }
}

static void forget(struct depot_jobs_state *state, const struct jobs_waiter *waiter)
{
    size_t kept = 0;
    (void)pthread_mutex_lock(&state->lock);
    for (size_t i = 0; i < state->count; i++) {
        if (state->waiters[i] != waiter) {
            state->waiters[kept++] = state->waiters[i];
        }
    }
    state->count = kept;
    (void)pthread_mutex_unlock(&state->lock);
}

/* Whoever got something, can't get anything, or waited long enough is answered. */
static void serve(struct depot_jobs_state *state, struct jobs_waiter *waiter, bool stops)
{
    struct slw_detail detail = {""};
    enum slw_status status = SLW_OK;
    if (waiter->has_found && !stops) {
        status = jobs_take(waiter, &detail);
    }
    if (status != SLW_OK || waiter->answer.len > 0 || stops ||
        slw_http_clock_ms() >= waiter->until_ms) {
        forget(state, waiter);
        jobs_answer_waiter(waiter, status, &detail);
    }
}

static void play(struct depot_jobs_state *state, struct round *round)
{
    struct slw_detail detail = {""};
    enum slw_status status = SLW_OK;
    if (!round->stops && round->count > 0) {
        status = jobs_look(state->depot, round->waiters, round->count, &detail);
    }
    if (status != SLW_OK) {
        depot_log("warning", "jobs", "%s", detail.text);
    }
    for (size_t i = 0; i < round->count; i++) {
        if (status != SLW_OK) {
            round->waiters[i]->has_found = false;
        }
        serve(state, round->waiters[i], round->stops);
    }
}

/* With the lock: until it is time for the next round, or the end. */
static void wait_for_next(struct depot_jobs_state *state)
{
    struct timespec next = slw_http_clock_after_ms(PERIOD_MS);
    int waited = 0;
    while (!state->stops && (state->count == 0 || waited == 0)) {
        waited = state->count == 0 ? pthread_cond_wait(&state->changed, &state->lock)
                                   : pthread_cond_timedwait(&state->changed, &state->lock, &next);
        if (state->count == 0) {
            waited = 0;
        }
    }
}

static void *run(void *context)
{
    struct depot_jobs_state *state = context;
    struct round round = {.stops = false};
    (void)pthread_mutex_lock(&state->lock);
    while (!round.stops) {
        wait_for_next(state);
        begin_round(state, &round);
        (void)pthread_mutex_unlock(&state->lock);
        play(state, &round);
        (void)pthread_mutex_lock(&state->lock);
    }
    (void)pthread_mutex_unlock(&state->lock);
    return NULL;
}

enum slw_status jobs_wait_start(struct depot *depot, struct slw_detail *detail)
{
    struct depot_jobs_state *state = calloc(1, sizeof *state);
    pthread_condattr_t monotonic;
    if (state == NULL) {
        return slw_explain_no_memory(detail);
    }
    state->depot = depot;
    (void)pthread_mutex_init(&state->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&state->changed, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    int failed = pthread_create(&state->thread, NULL, run, state);
    if (failed != 0) {
        (void)pthread_cond_destroy(&state->changed);
        (void)pthread_mutex_destroy(&state->lock);
        free(state);
        return slw_explain(detail, SLW_IO, "jobs: %s", strerror(failed));
    }
    depot->jobs = state;
    return SLW_OK;
}

void jobs_wait_end(struct depot *depot)
{
    struct depot_jobs_state *state = depot->jobs;
    (void)pthread_mutex_lock(&state->lock);
    state->stops = true;
    (void)pthread_cond_signal(&state->changed);
    (void)pthread_mutex_unlock(&state->lock);
}

void jobs_wait_stop(struct depot *depot)
{
    struct depot_jobs_state *state = depot->jobs;
    if (state == NULL) {
        return;
    }
    jobs_wait_end(depot);
    (void)pthread_join(state->thread, NULL);
    (void)pthread_cond_destroy(&state->changed);
    (void)pthread_mutex_destroy(&state->lock);
    free(state);
    depot->jobs = NULL;
}
