/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the jobs share: a job as it is in the database, making and ending one, runners
 * that wait for one. */
#ifndef SLIPWAY_DEPOT_JOBS_PART_H
#define SLIPWAY_DEPOT_JOBS_PART_H

#include "jobs.h"

#include "core/serve.h"

#include "slipway/text.h"

#include <pthread.h>

#define JOBS_LEASE "pipelines"
#define JOBS_LEASE_S 60
#define JOBS_QUEUED_MAX 10000 /* of a product, by people and webhooks */
#define JOBS_LOST_MAX 10      /* attempts in a row that nobody heard of, which don't count */
#define JOBS_LABELS_MAX 16u
#define JOBS_TIMEOUT_S 3600 /* unless the pipeline says */
#define JOBS_RETRIES 1
#define JOBS_REF_MAX 255u
#define JOBS_DETAIL_MAX 2000u
#define JOBS_NOTE_MAX 200u
#define JOBS_LISTED_MAX 200
#define JOBS_US INT64_C(1000000)
#define JOBS_DAY_US (INT64_C(86400) * JOBS_US)

static inline uint32_t jobs_member(const struct slw_json_document *json, uint32_t object,
                                   const char *name)
{
    return slw_json_member(json, object, slw_text_bytes(name));
}

/* --- row.c: a job as it is in the database --- */

struct job {
    int64_t id, attempt, tries, retries, lease_until_us;
    char product[DEPOT_NAME_MAX + 1], name[DEPOT_NAME_MAX + 1], kind[8], state[16], build[65];
};
/* SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status jobs_read(struct slw_transaction *transaction,
                                       struct slw_bytes product, int64_t id, struct job *ret_job,
                                       struct slw_detail *detail);
/* The number of the path's segment {job}; SLW_NOT_FOUND. */
SLW_MUST_USE enum slw_status jobs_path_id(const struct slw_http_exchange *exchange, int64_t *ret_id,
                                          struct slw_detail *detail);
bool jobs_is(const struct job *job, const char *state);

#define JOBS_COLUMNS                                                                               \
    "j.id, j.product, j.job, j.kind, j.state, j.build, j.ref, j.git_commit, j.cause, j.made_us, "  \
    "j.made_by, j.labels, j.timeout_s, j.retries, j.attempt, j.ended_us, a.runner, a.began_us, "   \
    "a.detail, a.note"
#define JOBS_FROM " FROM jobs j LEFT JOIN job_attempts a ON a.job = j.id AND a.number = j.attempt "
/* One of JOBS_COLUMNS as an object. name: of the member; NULL. */
void jobs_put(struct slw_json *json, const char *name, const struct slw_rows *rows);
SLW_MUST_USE enum slw_status jobs_put_one(struct slw_json *json, const char *name,
                                          struct slw_transaction *transaction, int64_t id,
                                          struct slw_detail *detail);

/* --- make.c --- */

struct job_wish {
    struct slw_bytes product, name;
    struct slw_bytes build;       /* of a test */
    struct slw_bytes ref, commit; /* of a build; either may be empty */
    const char *cause, *who;
};
/* The product's newest pipeline; SLW_NOT_FOUND. Free both. */
struct jobs_pipeline {
    struct slw_heap_buffer text;
    struct slw_json_document json;
};
SLW_MUST_USE enum slw_status jobs_read_pipeline(struct slw_transaction *transaction,
                                                struct slw_bytes product,
                                                struct jobs_pipeline *ret_pipeline,
                                                struct slw_detail *detail);
void jobs_free_pipeline(struct jobs_pipeline *pipeline);
/* Queues a job of this pipeline. SLW_NOT_FOUND when it has none of that name; SLW_BAD_ARGUMENT when
 * the wish isn't one for its kind; SLW_TOO_MANY. */
SLW_MUST_USE enum slw_status jobs_queue(struct slw_transaction *transaction,
                                        const struct slw_json_document *pipeline,
                                        const struct job_wish *wish, int64_t *ret_id,
                                        struct slw_detail *detail);
/* What git takes for the name of a ref, and no program for an option. */
bool jobs_is_ref(struct slw_bytes text);
bool jobs_is_commit(struct slw_bytes text);

/* --- change.c: how a job goes on --- */

/* Entry of the audit trail and event. more: why, for people; "". */
SLW_MUST_USE enum slw_status jobs_tell(struct slw_transaction *transaction, const struct job *job,
                                       const char *state, const char *who, const char *action,
                                       const char *more, struct slw_detail *detail);
/* Ends the present attempt, and the job with it. */
SLW_MUST_USE enum slw_status jobs_end(struct slw_transaction *transaction, const struct job *job,
                                      const char *state, struct slw_bytes why, const char *who,
                                      struct slw_detail *detail);
/* The present attempt came to nothing: queued again, or an error. counts: as one of its tries. */
SLW_MUST_USE enum slw_status jobs_fail(struct slw_transaction *transaction, const struct job *job,
                                       bool counts, struct slw_bytes why, const char *who,
                                       struct slw_detail *detail);

/* --- lease.c, wait.c: runners that ask for a job --- */

/* Somebody who asks; lives until it is answered. */
struct jobs_waiter {
    struct depot *depot;
    struct slw_http_exchange *exchange;
    const struct depot_caller *caller;
    struct slw_json_document body;
    struct slw_bytes runner;
    uint32_t products, jobs, labels; /* lists of the body; labels may be none */
    int64_t until_ms;                /* waits so long */
    /* What would be theirs, as of the last look. */
    bool has_found;
    char product[DEPOT_NAME_MAX + 1], job[DEPOT_NAME_MAX + 1];
    struct slw_heap_buffer wanted; /* its labels */
    char secret[65];
    struct slw_heap_buffer answer; /* empty: nothing was taken */
};
/* Looks for all of them at once. */
SLW_MUST_USE enum slw_status jobs_look(struct depot *depot, struct jobs_waiter *const *waiters,
                                       size_t count, struct slw_detail *detail);
/* Takes what was found, if it is still there; what it took is in answer. */
SLW_MUST_USE enum slw_status jobs_take(struct jobs_waiter *waiter, struct slw_detail *detail);
/* Answers, and frees it. */
void jobs_answer_waiter(struct jobs_waiter *waiter, enum slw_status status,
                        const struct slw_detail *detail);

/* wait.c: the waiter is its own from here on, unless it is refused. */
SLW_MUST_USE enum slw_status jobs_wait(struct jobs_waiter *waiter, struct slw_detail *detail);
SLW_MUST_USE enum slw_status jobs_wait_start(struct depot *depot, struct slw_detail *detail);
/* Everybody is answered; nobody waits any more. */
void jobs_wait_end(struct depot *depot);
void jobs_wait_stop(struct depot *depot);
/* When the thread that works with the lease last did what it doesn't do each time, by
 * slw_http_clock_ms(); 0: never. */
struct jobs_done {
    int64_t housekeeping_ms, schedules_ms;
};
struct jobs_done *jobs_done_of(struct depot *depot);

/* --- work.c, schedule.c: with the lease's token --- */

enum slw_status jobs_work(struct depot *depot, int64_t token, struct slw_detail *detail);
enum slw_status jobs_expire(struct depot *depot, int64_t token, struct slw_detail *detail);
enum slw_status jobs_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail);
enum slw_status jobs_start_scheduled(struct depot *depot, int64_t token, struct slw_detail *detail);

/* --- webhooks.c, hook.c --- */

#define JOBS_HOOK_SECRET_SIZE 41u /* hexadecimal digits and a zero */
#define JOBS_HOOKS_MAX 64         /* of a product */
#define JOBS_HOOK_BODY_MAX 1048576u
/* Whether signature, 64 hexadecimal digits, is the HMAC-SHA256 of a body by this webhook's secret;
 * false for a webhook that there isn't. Takes as long in any case. */
SLW_MUST_USE enum slw_status jobs_hook_is_signed(struct depot *depot, struct slw_bytes product,
                                                 struct slw_bytes webhook, struct slw_bytes body,
                                                 struct slw_bytes signature, bool *ret_is_signed,
                                                 bool *ret_is_push, struct slw_detail *detail);

/* routes */
slw_http_handler jobs_list, jobs_show, jobs_make, jobs_cancel, jobs_retry;
slw_http_handler jobs_lease, jobs_heartbeat, jobs_finish;
slw_http_handler jobs_list_webhooks, jobs_make_webhook, jobs_remove_webhook, jobs_call_webhook;

#endif
