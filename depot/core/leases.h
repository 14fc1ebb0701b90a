/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that must be done once, whatever number of replicas there is: a thread that keeps the
 * leases, and one for each part that has work. See DEPOT.md, section 1.
 */
#ifndef SLIPWAY_DEPOT_LEASES_H
#define SLIPWAY_DEPOT_LEASES_H

#include "depot.h"

#include <pthread.h>

#define DEPOT_LEASES_MAX 8u
#define DEPOT_WORKERS_MAX 16u
#define DEPOT_LEASE_S 10u
#define DEPOT_LEASE_RENEW_MS 3000u

struct depot_leases;

struct depot_lease {
    const char *name;
    int64_t token;      /* 0: somebody else's */
    int64_t renewed_ms; /* of depot_clock_ms(): it is nobody's DEPOT_LEASE_S later */
};

struct depot_worker {
    struct depot_leases *leases;
    const struct depot_part *part;
    size_t lease; /* index */
    pthread_t thread;
    bool is_running;
};

struct depot_leases {
    struct depot *depot;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct depot_lease leases[DEPOT_LEASES_MAX];
    size_t leases_count;
    struct depot_worker workers[DEPOT_WORKERS_MAX];
    size_t workers_count;
    pthread_t keeper;
    bool has_keeper;
    bool stops;
};

SLW_MUST_USE enum slw_status depot_leases_start(struct depot_leases *leases, struct depot *depot,
                                                struct slw_detail *detail);
/* No new work from here on; what is under way goes on. */
void depot_leases_end(struct depot_leases *leases);
/* Waits for work that is under way, and gives the leases up. */
void depot_leases_stop(struct depot_leases *leases);

#endif
