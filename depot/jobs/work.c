/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to jobs by itself, with the lease `pipelines`: those whose runner isn't heard of any
 * more, or that take too long, are tried again; old ones go. Every transaction checks the lease.
 * See part.h.
 */
#include "part.h"

#include "slipway/http_clock.h"

#include <stdio.h>

#define BATCH 64u
#define BATCHES_MAX 64u
#define HOUSEKEEPING_MS 60000
#define SCHEDULES_MS 5000
#define UPLOAD_S "600" /* beyond a job's time, for what it left */

struct chore {
    int64_t token;
    int64_t ids[BATCH];
    char products[BATCH][DEPOT_NAME_MAX + 1];
    size_t count;
    size_t at; /* the one that it is about */
    const char *sql;
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct chore *chore = context;
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    chore->count = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(now_us), slw_sql_int(BATCH)};
    SLW_TRY(slw_sql_query(transaction, chore->sql, values, 2, &rows, detail));
    while (chore->count < BATCH && slw_rows_next(rows)) {
        chore->ids[chore->count] = slw_rows_int(rows, 0);
        slw_text_copy(slw_rows_bytes(rows, 1), sizeof chore->products[0],
                      chore->products[chore->count]);
        chore->count++;
    }
    return slw_rows_close(rows, detail);
}

/* Finds rows of (id, product), and does something with each in a transaction of its own. */
static enum slw_status do_each(struct depot *depot, struct chore *chore, const char *sql,
                               slw_transaction_work *work, struct slw_detail *detail)
{
    chore->sql = sql;
    for (unsigned i = 0; i < BATCHES_MAX; i++) {
        SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, find, chore, detail));
        for (chore->at = 0; chore->at < chore->count; chore->at++) {
            SLW_TRY(
                slw_database_transact(depot->database, SLW_DATABASE_WRITE, work, chore, detail));
        }
        if (chore->count < BATCH) {
            break;
        }
    }
    return SLW_OK;
}

static enum slw_status read_fenced(const struct chore *chore, struct slw_transaction *transaction,
                                   struct job *ret_job, struct slw_detail *detail)
{
    SLW_TRY(slw_transaction_fence(transaction, JOBS_LEASE, chore->token, detail));
    return jobs_read(transaction, slw_text_bytes(chore->products[chore->at]), chore->ids[chore->at],
                     ret_job, detail);
}

/* --- Runners that went away, jobs that take too long --- */

/* When the present attempt began; how many of the last ones nothing was heard of at all. */
static enum slw_status read_times(struct slw_transaction *transaction, const struct job *job,
                                  int64_t *ret_began_us, int64_t *ret_lost,
                                  struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(job->id), slw_sql_int(JOBS_LOST_MAX)};
    struct slw_rows *rows = NULL;
    int64_t count = 0;
    bool all_lost = true;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT began_us, heard_us FROM job_attempts WHERE job = $1 ORDER BY "
                          "number DESC LIMIT $2",
                          values, 2, &rows, detail));
    *ret_began_us = 0;
    *ret_lost = 0;
    while (slw_rows_next(rows)) {
        all_lost = all_lost && slw_rows_int(rows, 0) == slw_rows_int(rows, 1);
        *ret_lost += all_lost ? 1 : 0;
        *ret_began_us = count++ == 0 ? slw_rows_int(rows, 0) : *ret_began_us;
    }
    return slw_rows_close(rows, detail);
}

/* A lease of which nothing was heard at all is an answer that got lost on its way: it isn't the
 * job's fault, unless that goes on. */
static enum slw_status expire(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    const struct chore *chore = context;
    struct job job;
    int64_t now_us = 0;
    int64_t began_us = 0;
    int64_t lost = 0;
    SLW_TRY(read_fenced(chore, transaction, &job, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    if (!jobs_is(&job, "running")) {
        return SLW_OK;
    }
    SLW_TRY(read_times(transaction, &job, &began_us, &lost, detail));
    if (now_us >= job.lease_until_us) {
        bool counts = lost == 0 || lost == JOBS_LOST_MAX;
        return jobs_fail(transaction, &job, counts,
                         SLW_BYTES_OF("its runner wasn't heard of any more"), "depot", detail);
    }
    return jobs_fail(transaction, &job, true, SLW_BYTES_OF("it took longer than it may"), "depot",
                     detail);
}

static const char late_sql[] =
    "SELECT j.id, j.product FROM jobs j JOIN job_attempts a ON a.job = j.id AND a.number = "
    "j.attempt WHERE j.state = 'running' AND (j.lease_until_us <= $1 OR a.began_us + (j.timeout_s "
    "+ " UPLOAD_S ") * 1000000 <= $1) ORDER BY j.id LIMIT $2";

/* A lease that ends later than any may was given by a clock that was wrong since: it is one that
 * begins now, and so is its attempt. */
static const char ahead_sql[] =
    "SELECT id, product FROM jobs WHERE state = 'running' AND lease_until_us > $1 + 61000000 "
    "ORDER BY id LIMIT $2";

static enum slw_status set_right(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    const struct chore *chore = context;
    struct job job;
    int64_t now_us = 0;
    SLW_TRY(read_fenced(chore, transaction, &job, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value lease[] = {slw_sql_int(job.id),
                                          slw_sql_int(now_us + JOBS_LEASE_S * JOBS_US)};
    const struct slw_sql_value attempt[] = {slw_sql_int(job.id), slw_sql_int(job.attempt),
                                            slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE jobs SET lease_until_us = $2 WHERE id = $1 AND lease_until_us > $2",
                        lease, 2, NULL, detail));
    return slw_sql_run(transaction,
                       "UPDATE job_attempts SET began_us = $3, heard_us = $3 WHERE job = $1 AND "
                       "number = $2 AND began_us > $3",
                       attempt, 3, NULL, detail);
}

enum slw_status jobs_expire(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct chore chore = {.token = token};
    SLW_TRY(do_each(depot, &chore, ahead_sql, set_right, detail));
    return do_each(depot, &chore, late_sql, expire, detail);
}

/* --- Jobs that were kept long enough --- */

/* DEPOT.md, section 5.1: "Jobs go `log_days` after their end, but those of builds that are here."
 */
static const char old_sql[] =
    "SELECT j.id, j.product FROM jobs j JOIN products p ON p.name = j.product WHERE j.ended_us IS "
    "NOT NULL AND j.ended_us < $1 - p.log_days * 86400000000 AND NOT EXISTS (SELECT 1 FROM builds "
    "b WHERE b.id = j.build AND b.removed_us IS NULL) ORDER BY j.id LIMIT $2";

static enum slw_status remove_old(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct chore *chore = context;
    const struct slw_sql_value value = slw_sql_int(chore->ids[chore->at]);
    SLW_TRY(slw_transaction_fence(transaction, JOBS_LEASE, chore->token, detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM job_attempts WHERE job = $1", &value, 1, NULL,
                        detail));
    return slw_sql_run(transaction,
                       "DELETE FROM jobs WHERE id = $1 AND state NOT IN ('queued', 'running')",
                       &value, 1, NULL, detail);
}

enum slw_status jobs_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct chore chore = {.token = token};
    return do_each(depot, &chore, old_sql, remove_old, detail);
}

static bool is_due(int64_t now_ms, int64_t done_ms, int64_t every_ms)
{
    return done_ms == 0 || now_ms - done_ms >= every_ms;
}

enum slw_status jobs_work(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct jobs_done *done = jobs_done_of(depot);
    int64_t now_ms = slw_http_clock_ms();
    SLW_TRY(jobs_expire(depot, token, detail));
    if (is_due(now_ms, done->schedules_ms, SCHEDULES_MS)) {
        SLW_TRY(jobs_start_scheduled(depot, token, detail));
        done->schedules_ms = now_ms;
    }
    if (is_due(now_ms, done->housekeeping_ms, HOUSEKEEPING_MS)) {
        SLW_TRY(jobs_keep_house(depot, token, detail));
        done->housekeeping_ms = now_ms;
    }
    return SLW_OK;
}
