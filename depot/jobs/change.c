/* SPDX-License-Identifier: Apache-2.0 */
/* How a job goes on: it ends, is tried again, is cancelled. Every change is an entry of the audit
 * trail and an event, in its transaction. See part.h. */
#include "part.h"

#include <stdio.h>

enum slw_status jobs_tell(struct slw_transaction *transaction, const struct job *job,
                          const char *state, const char *who, const char *action, const char *more,
                          struct slw_detail *detail)
{
    struct slw_heap_buffer data = {0};
    struct slw_json json;
    char subject[24];
    struct slw_bytes product = slw_text_bytes(job->product);
    (void)snprintf(subject, sizeof subject, "%lld", (long long)job->id);
    slw_json_init(&json, &data);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "job", job->name);
    slw_json_text(&json, "state", state);
    slw_json_int(&json, "attempt", job->attempt);
    if (job->build[0] != '\0') {
        slw_json_text(&json, "build", job->build);
    }
    if (more[0] != '\0') {
        slw_json_text(&json, "detail", more);
    }
    slw_json_end_object(&json);
    enum slw_status status = data.status != SLW_OK ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = depot_audit(transaction, who, action, product, slw_text_bytes(subject),
                             slw_heap_text(&data), detail);
    }
    if (status == SLW_OK) {
        status = depot_event(transaction, product, "job", slw_text_bytes(subject),
                             slw_heap_text(&data), detail);
    }
    slw_heap_drop(&data);
    return status;
}

static enum slw_status end_attempt(struct slw_transaction *transaction, const struct job *job,
                                   const char *outcome, struct slw_bytes why, int64_t now_us,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_int(job->id), slw_sql_int(job->attempt), slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(outcome)), slw_sql_text(why)};
    return slw_sql_run(transaction,
                       "UPDATE job_attempts SET ended_us = $3, outcome = $4, detail = $5 WHERE job "
                       "= $1 AND number = $2 AND outcome = ''",
                       values, 5, NULL, detail);
}

static enum slw_status set_state(struct slw_transaction *transaction, const struct job *job,
                                 const char *state, int64_t tries, int64_t now_us,
                                 struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_int(job->id), slw_sql_text(slw_text_bytes(state)), slw_sql_int(tries),
        strcmp(state, "queued") == 0 ? slw_sql_null() : slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "UPDATE jobs SET state = $2, tries = $3, ended_us = CAST($4 AS BIGINT), "
                       "lease_until_us = 0 WHERE id = $1",
                       values, 4, NULL, detail);
}

enum slw_status jobs_end(struct slw_transaction *transaction, const struct job *job,
                         const char *state, struct slw_bytes why, const char *who,
                         struct slw_detail *detail)
{
    int64_t now_us = 0;
    char more[JOBS_DETAIL_MAX + 1];
    slw_text_copy(why, sizeof more, more);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(end_attempt(transaction, job, state, why, now_us, detail));
    SLW_TRY(set_state(transaction, job, state, job->tries, now_us, detail));
    return jobs_tell(transaction, job, state, who,
                     strcmp(state, "cancelled") == 0 ? "job.cancel" : "job.end", more, detail);
}

/* DEPOT.md, section 5.1: "retried (`queued` again) up to `retries` times before that" */
enum slw_status jobs_fail(struct slw_transaction *transaction, const struct job *job, bool counts,
                          struct slw_bytes why, const char *who, struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t tries = job->tries + (counts ? 1 : 0);
    bool is_over = tries > job->retries;
    const char *state = is_over ? "error" : "queued";
    char more[JOBS_DETAIL_MAX + 1];
    slw_text_copy(why, sizeof more, more);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(end_attempt(transaction, job, "error", why, now_us, detail));
    SLW_TRY(set_state(transaction, job, state, tries, now_us, detail));
    return jobs_tell(transaction, job, state, who, is_over ? "job.end" : "job.again", more, detail);
}

/* --- People --- */

static enum slw_status answer(struct depot_call *call, struct slw_transaction *transaction,
                              int64_t id, struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, &call->text);
    return jobs_put_one(&json, NULL, transaction, id, detail);
}

/* The job of the path, for a call whose body says nothing more. */
static enum slw_status read_called(const struct depot_call *call,
                                   struct slw_transaction *transaction, struct job *ret_job,
                                   struct slw_detail *detail)
{
    int64_t id = 0;
    if (slw_json_count(&call->body, SLW_JSON_TOP) != 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: must be {}");
    }
    SLW_TRY(jobs_path_id(call->exchange, &id, detail));
    return jobs_read(transaction, slw_http_parameter(call->exchange, 0), id, ret_job, detail);
}

static enum slw_status cancel(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct job job;
    SLW_TRY(read_called(call, transaction, &job, detail));
    if (!jobs_is(&job, "cancelled")) {
        if (!jobs_is(&job, "queued") && !jobs_is(&job, "running")) {
            return slw_explain(detail, SLW_WRONG_STATE, "the job is over: %s", job.state);
        }
        SLW_TRY(jobs_end(transaction, &job, "cancelled", SLW_BYTES_OF("by a person"),
                         call->caller->name, detail));
    }
    return answer(call, transaction, job.id, detail);
}

void jobs_cancel(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, cancel, NULL);
}

/* What a test is about must still be here. */
static enum slw_status check_build(struct slw_transaction *transaction, const struct job *job,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_text_bytes(job->build));
    int64_t count = 0;
    if (strcmp(job->kind, "test") != 0) {
        return SLW_OK;
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM builds WHERE id = $1 AND removed_us IS NULL AND "
                           "state <> 'withdrawn'",
                           &value, 1, &count, detail));
    return count == 1 ? SLW_OK
                      : slw_explain(detail, SLW_WRONG_STATE, "its build was withdrawn, or is gone");
}

static enum slw_status retry(struct depot_call *call, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct job job;
    SLW_TRY(read_called(call, transaction, &job, detail));
    if (!jobs_is(&job, "error") && !jobs_is(&job, "cancelled")) {
        return slw_explain(detail, SLW_WRONG_STATE, "the job is %s: %s", job.state,
                           "only what is an error or cancelled is tried again");
    }
    SLW_TRY(check_build(transaction, &job, detail));
    SLW_TRY(set_state(transaction, &job, "queued", 0, 0, detail));
    SLW_TRY(jobs_tell(transaction, &job, "queued", call->caller->name, "job.retry", "", detail));
    return answer(call, transaction, job.id, detail);
}

void jobs_retry(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, retry, NULL);
}

/* --- Other parts --- */

/* DEPOT.md, section 5.1: "`cancelled`: by a person, or its build was withdrawn". One at a time:
 * while rows are open, there is no other statement. */
enum slw_status depot_jobs_cancel_of_build(struct slw_transaction *transaction,
                                           struct slw_bytes product, struct slw_bytes build,
                                           const char *who, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(build)};
    for (;;) {
        struct job job;
        int64_t id = 0;
        SLW_TRY(slw_sql_number(transaction,
                               "SELECT COALESCE(MIN(id), 0) FROM jobs WHERE product = $1 AND build "
                               "= $2 AND kind = 'test' AND state IN ('queued', 'running')",
                               values, 2, &id, detail));
        if (id == 0) {
            return SLW_OK;
        }
        SLW_TRY(jobs_read(transaction, product, id, &job, detail));
        SLW_TRY(jobs_end(transaction, &job, "cancelled",
                         SLW_BYTES_OF("its build was withdrawn, or is gone"), who, detail));
    }
}

static enum slw_status read_running(struct slw_transaction *transaction, struct slw_bytes product,
                                    int64_t id, const struct depot_caller *caller,
                                    struct job *ret_job, struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t count = 0;
    SLW_TRY(jobs_read(transaction, product, id, ret_job, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(id), slw_sql_int(ret_job->attempt),
                                           slw_sql_text(slw_text_bytes(caller->person))};
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM job_attempts WHERE job = $1 AND number = $2 AND "
                           "machine = $3",
                           values, 3, &count, detail));
    return jobs_is(ret_job, "running") && now_us < ret_job->lease_until_us && count == 1
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_STATE, "this job doesn't run, or isn't yours");
}

enum slw_status depot_job_check(struct slw_transaction *transaction, struct slw_bytes product,
                                int64_t job, const struct depot_caller *caller,
                                struct slw_bytes build, struct slw_detail *detail)
{
    struct job running;
    SLW_TRY(read_running(transaction, product, job, caller, &running, detail));
    return build.len == 0 || slw_bytes_equal(build, slw_text_bytes(running.build))
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_CONTENT, "this job is about another build");
}

enum slw_status depot_job_made(struct slw_transaction *transaction, struct slw_bytes product,
                               int64_t job, const struct depot_caller *caller,
                               struct slw_bytes build, struct slw_detail *detail)
{
    struct job running;
    const struct slw_sql_value values[] = {slw_sql_int(job), slw_sql_text(build)};
    SLW_TRY(read_running(transaction, product, job, caller, &running, detail));
    if (strcmp(running.kind, "build") != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "a test makes no builds");
    }
    return slw_sql_run(transaction, "UPDATE jobs SET build = $2 WHERE id = $1", values, 2, NULL,
                       detail);
}
