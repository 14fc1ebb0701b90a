/* SPDX-License-Identifier: Apache-2.0 */
/* See leases.h. Losing a lease is never noticed in time for sure; what keeps a worker from changing
 * anything then is the fence in its transactions. */
#include "leases.h"

#include <time.h>

/* With the mutex: for at most so long, or until it stops or a lease changes hands. */
static void wait_ms(struct depot_leases *leases, uint32_t milliseconds)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)(milliseconds / 1000);
    until.tv_nsec += (long)(milliseconds % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(&leases->changed, &leases->mutex, &until);
}

static enum slw_status renew(struct depot_leases *leases, const struct depot_lease *lease,
                             int64_t *ret_token, struct slw_detail *detail)
{
    struct depot *depot = leases->depot;
    if (lease->token != 0) {
        SLW_TRY(slw_database_lease_renew(depot->database, lease->name, lease->token, DEPOT_LEASE_S,
                                         detail));
        *ret_token = lease->token;
        return SLW_OK;
    }
    return slw_database_lease_acquire(depot->database, lease->name, depot->replica, DEPOT_LEASE_S,
                                      ret_token, detail);
}

/* DEPOT.md, section 1: "A lease lasts 10 s by the database's clock and is renewed every 3 s". */
static void keep(struct depot_leases *leases, size_t index)
{
    struct slw_detail detail = {""};
    struct depot_lease lease = leases->leases[index]; /* written by this thread alone */
    int64_t asked_ms = depot_clock_ms();
    int64_t token = 0;
    enum slw_status status = renew(leases, &lease, &token, &detail);
    if (status == SLW_OK) {
        lease.renewed_ms = asked_ms;
    } else if (status != SLW_WRONG_STATE) {
        depot_log("warning", "leases", "%s: %s", lease.name, detail.text);
        /* It is still ours as far as anybody knows, until it runs out. */
        token = asked_ms - lease.renewed_ms < (int64_t)DEPOT_LEASE_S * 1000 ? lease.token : 0;
    }
    if (token != lease.token) {
        depot_log("info", "leases", token == 0 ? "%s: lost" : "%s: held here", lease.name);
    }
    lease.token = token;
    (void)pthread_mutex_lock(&leases->mutex);
    leases->leases[index] = lease;
    (void)pthread_cond_broadcast(&leases->changed);
    (void)pthread_mutex_unlock(&leases->mutex);
}

static void *keep_all(void *context)
{
    struct depot_leases *leases = context;
    int64_t next_ms = 0;
    (void)pthread_mutex_lock(&leases->mutex);
    while (!leases->stops) {
        int64_t left_ms = next_ms - depot_clock_ms();
        if (left_ms > 0) {
            wait_ms(leases, (uint32_t)left_ms);
            continue;
        }
        next_ms = depot_clock_ms() + DEPOT_LEASE_RENEW_MS;
        (void)pthread_mutex_unlock(&leases->mutex);
        for (size_t i = 0; i < leases->leases_count; i++) {
            keep(leases, i);
        }
        (void)pthread_mutex_lock(&leases->mutex);
    }
    (void)pthread_mutex_unlock(&leases->mutex);
    return NULL;
}

static void *work(void *context)
{
    struct depot_worker *worker = context;
    struct depot_leases *leases = worker->leases;
    const struct depot_part *part = worker->part;
    int64_t next_ms = 0;
    (void)pthread_mutex_lock(&leases->mutex);
    while (!leases->stops) {
        int64_t token = leases->leases[worker->lease].token;
        int64_t left_ms = next_ms - depot_clock_ms();
        if (token == 0 || left_ms > 0) {
            /* Woken when the lease changes hands, and looks by itself as well. */
            wait_ms(leases, token == 0 ? 500u : (uint32_t)left_ms);
            continue;
        }
        (void)pthread_mutex_unlock(&leases->mutex);
        struct slw_detail detail = {""};
        enum slw_status status = part->work(leases->depot, token, &detail);
        if (status != SLW_OK) {
            depot_log("warning", part->name, "%s: %s", slw_status_word(status), detail.text);
        }
        next_ms = depot_clock_ms() + part->period_ms;
        (void)pthread_mutex_lock(&leases->mutex);
    }
    (void)pthread_mutex_unlock(&leases->mutex);
    return NULL;
}

static enum slw_status add(struct depot_leases *leases, const struct depot_part *part,
                           struct slw_detail *detail)
{
    size_t index = 0;
    while (index < leases->leases_count && strcmp(leases->leases[index].name, part->lease) != 0) {
        index++;
    }
    if (index == DEPOT_LEASES_MAX || leases->workers_count == DEPOT_WORKERS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: too many leases", part->name);
    }
    if (index == leases->leases_count) {
        leases->leases[index] = (struct depot_lease){.name = part->lease};
        leases->leases_count++;
    }
    leases->workers[leases->workers_count++] =
        (struct depot_worker){.leases = leases, .part = part, .lease = index};
    return SLW_OK;
}

static enum slw_status start_threads(struct depot_leases *leases, struct slw_detail *detail)
{
    for (size_t i = 0; i < leases->workers_count; i++) {
        struct depot_worker *worker = &leases->workers[i];
        worker->is_running = pthread_create(&worker->thread, NULL, work, worker) == 0;
        if (!worker->is_running) {
            return slw_explain(detail, SLW_IO, "no thread for %s", worker->part->name);
        }
    }
    leases->has_keeper = pthread_create(&leases->keeper, NULL, keep_all, leases) == 0;
    return leases->has_keeper ? SLW_OK : slw_explain(detail, SLW_IO, "no thread for leases");
}

enum slw_status depot_leases_start(struct depot_leases *leases, struct depot *depot,
                                   struct slw_detail *detail)
{
    pthread_condattr_t monotonic;
    *leases = (struct depot_leases){.depot = depot};
    if (pthread_mutex_init(&leases->mutex, NULL) != 0 || pthread_condattr_init(&monotonic) != 0 ||
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC) != 0 ||
        pthread_cond_init(&leases->changed, &monotonic) != 0) {
        leases->depot = NULL;
        return slw_explain(detail, SLW_IO, "no lock for leases");
    }
    (void)pthread_condattr_destroy(&monotonic);
    for (size_t i = 0; depot_parts[i] != NULL; i++) {
        if (depot_parts[i]->work != NULL) {
            SLW_TRY(add(leases, depot_parts[i], detail));
        }
    }
    return leases->workers_count == 0 ? SLW_OK : start_threads(leases, detail);
}

void depot_leases_end(struct depot_leases *leases)
{
    if (leases->depot != NULL) {
        (void)pthread_mutex_lock(&leases->mutex);
        leases->stops = true;
        (void)pthread_cond_broadcast(&leases->changed);
        (void)pthread_mutex_unlock(&leases->mutex);
    }
}

void depot_leases_stop(struct depot_leases *leases)
{
    if (leases->depot == NULL) {
        return;
    }
    depot_leases_end(leases);
    for (size_t i = 0; i < leases->workers_count; i++) {
        if (leases->workers[i].is_running) {
            (void)pthread_join(leases->workers[i].thread, NULL);
        }
    }
    if (leases->has_keeper) {
        (void)pthread_join(leases->keeper, NULL);
    }
    for (size_t i = 0; i < leases->leases_count; i++) {
        struct slw_detail detail;
        if (leases->leases[i].token != 0 &&
            slw_database_lease_release(leases->depot->database, leases->leases[i].name,
                                       leases->leases[i].token, &detail) != SLW_OK) {
            depot_log("info", "leases", "%s: %s", leases->leases[i].name, detail.text);
        }
    }
    (void)pthread_cond_destroy(&leases->changed);
    (void)pthread_mutex_destroy(&leases->mutex);
    leases->depot = NULL;
}
