/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads for what takes long: verifying, hashing, reading bundles, signing by a token. The loop
 * gives them jobs and takes them back when they are done; nothing else is shared. A job reads what
 * its owner leaves alone meanwhile, and writes to itself.
 *
 *     struct slw_workers *workers;
 *     SLW_TRY(slw_workers_new(4, &workers, detail));
 *     slw_workers_give(workers, &thing->job);
 *     ... poll slw_workers_descriptor(workers) ...
 *     while ((job = slw_workers_take(workers)) != NULL) job->done(job, service);
 *     slw_workers_free(workers);
 */
#ifndef SIGNER_KEYS_WORKERS_H
#define SIGNER_KEYS_WORKERS_H

#include "slipway/detail.h"

#include <stddef.h>

struct slw_job {
    void (*run)(struct slw_job *job);                 /* on some thread */
    void (*done)(struct slw_job *job, void *context); /* on the loop's */
    struct slw_job *next;                             /* private */
};

struct slw_workers;

/* Make it after the process confined itself: threads inherit that. */
enum slw_status slw_workers_new(size_t threads, struct slw_workers **ret_workers,
                                struct slw_detail *detail);
/* Waits for what runs; jobs that weren't begun or taken back are handed to done with NULL. */
void slw_workers_free(struct slw_workers *workers);

void slw_workers_give(struct slw_workers *workers, struct slw_job *job);
/* A job that is done, in the order in which they ended; NULL when there is none. */
struct slw_job *slw_workers_take(struct slw_workers *workers);
/* Readable while something may be taken. */
int slw_workers_descriptor(const struct slw_workers *workers);
/* How many were given and not taken back. */
size_t slw_workers_busy(const struct slw_workers *workers);

#endif
