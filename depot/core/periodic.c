/* SPDX-License-Identifier: Apache-2.0 */
/* See periodic.h. */
#include "periodic.h"

#include "slipway/http_clock.h"

#include <pthread.h>
#include <stdlib.h>

struct depot_periodic {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool stopping;
    int period_ms;
    void (*work)(void *context);
    void *context;
};

static void *keep_working(void *context)
{
    struct depot_periodic *periodic = context;
    (void)pthread_mutex_lock(&periodic->lock);
    while (!periodic->stopping) {
        (void)pthread_mutex_unlock(&periodic->lock);
        periodic->work(periodic->context);
        struct timespec until = slw_http_clock_after_ms(periodic->period_ms);
        (void)pthread_mutex_lock(&periodic->lock);
        while (!periodic->stopping && pthread_cond_clockwait(&periodic->wake, &periodic->lock,
                                                             CLOCK_MONOTONIC, &until) == 0) {
        }
    }
    (void)pthread_mutex_unlock(&periodic->lock);
    return NULL;
}

static void drop(struct depot_periodic *periodic)
{
    (void)pthread_cond_destroy(&periodic->wake);
    (void)pthread_mutex_destroy(&periodic->lock);
    free(periodic);
}

enum slw_status depot_periodic_start(int period_ms, void (*work)(void *context), void *context,
                                     struct depot_periodic **ret_periodic,
                                     struct slw_detail *detail)
{
    struct depot_periodic *periodic = calloc(1, sizeof *periodic);
    if (periodic == NULL) {
        return slw_explain_no_memory(detail);
    }
    periodic->period_ms = period_ms;
    periodic->work = work;
    periodic->context = context;
    (void)pthread_mutex_init(&periodic->lock, NULL);
    (void)pthread_cond_init(&periodic->wake, NULL);
    if (pthread_create(&periodic->thread, NULL, keep_working, periodic) != 0) {
        drop(periodic);
        return slw_explain(detail, SLW_IO, "no thread could be started");
    }
    *ret_periodic = periodic;
    return SLW_OK;
}

void depot_periodic_stop(struct depot_periodic *periodic)
{
    if (periodic == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&periodic->lock);
    periodic->stopping = true;
    (void)pthread_cond_signal(&periodic->wake);
    (void)pthread_mutex_unlock(&periodic->lock);
    (void)pthread_join(periodic->thread, NULL);
    drop(periodic);
}
