/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other parts may ask of the jobs (migrations/0007-jobs.sql): the pipeline, whose builds bring
 * tests along; the artifacts, which a job leaves. Rows of jobs are made and changed here alone.
 *
 *     queued ──lease──► running ──finish──► passed, warned, failed
 *        ▲                 │ error, lease over, too long
 *        └── up to `retries` times ─┴──────► error
 *
 * A runner holds a lease of 60 s by the database's clock; each heartbeat renews it.
 */
#ifndef SLIPWAY_DEPOT_JOBS_H
#define SLIPWAY_DEPOT_JOBS_H

#include "depot.h"

/* Starts the tests whose `on` is this ("build", or a stage's name), in the transaction in which the
 * build arrives or enters. pipeline: the document that the build began under. */
SLW_MUST_USE enum slw_status depot_jobs_start_tests(struct slw_transaction *transaction,
                                                    struct slw_bytes product,
                                                    struct slw_bytes build,
                                                    const struct slw_json_document *pipeline,
                                                    const char *on, struct slw_detail *detail);

/* Cancels what waits or runs about this build. */
SLW_MUST_USE enum slw_status depot_jobs_cancel_of_build(struct slw_transaction *transaction,
                                                        struct slw_bytes product,
                                                        struct slw_bytes build, const char *who,
                                                        struct slw_detail *detail);

/*
 * Whether this caller may say now that something was left by this job: it runs, and they leased it.
 * build: what it is about, "" for nothing: a test's own build; of a job of kind build the one that
 * it brought. SLW_NOT_FOUND, SLW_WRONG_STATE, SLW_WRONG_CONTENT.
 */
SLW_MUST_USE enum slw_status depot_job_check(struct slw_transaction *transaction,
                                             struct slw_bytes product, int64_t job,
                                             const struct depot_caller *caller,
                                             struct slw_bytes build, struct slw_detail *detail);
/* The same for a bundle; from here on it is the build that the job made. */
SLW_MUST_USE enum slw_status depot_job_made(struct slw_transaction *transaction,
                                            struct slw_bytes product, int64_t job,
                                            const struct depot_caller *caller,
                                            struct slw_bytes build, struct slw_detail *detail);

#endif
