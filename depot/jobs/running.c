/* SPDX-License-Identifier: Apache-2.0 */
/* What the runner says that has a job: that it is alive, and how it ended. Only the present lease
 * counts; who was late finds it gone. See part.h. */
#include "part.h"

#include "people/secret.h"

static enum slw_status not_yours(struct slw_detail *detail)
{
    return slw_explain(detail, SLW_NOT_PERMITTED, "this lease isn't one of this job's");
}

static enum slw_status gone(struct slw_detail *detail)
{
    return slw_explain(detail, SLW_WRONG_STATE,
                       "the lease is over: what is said now doesn't count");
}

/* A job, and the attempt that the caller's lease is of. */
struct holding {
    struct job job;
    int64_t number;
    char outcome[16]; /* "" while it runs */
    int64_t now_us;
    bool is_present; /* it runs, and nobody else has it */
};

static enum slw_status find_attempt(struct depot_call *call, struct slw_transaction *transaction,
                                    struct holding *holding, struct slw_detail *detail)
{
    struct slw_bytes secret;
    uint8_t hash[SLW_SHA256_SIZE];
    struct slw_rows *rows = NULL;
    SLW_TRY(depot_read_text(call, "lease", PEOPLE_SECRET_SIZE - 1, &secret, detail));
    people_secret_hash(secret, hash);
    const struct slw_sql_value values[] = {slw_sql_int(holding->job.id),
                                           slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
                                           slw_sql_text(slw_text_bytes(call->caller->person))};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT number, outcome FROM job_attempts WHERE job = $1 AND lease = $2 "
                          "AND machine = $3",
                          values, 3, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        holding->number = slw_rows_int(rows, 0);
        slw_text_copy(slw_rows_bytes(rows, 1), sizeof holding->outcome, holding->outcome);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK : not_yours(detail);
}

static enum slw_status find_holding(struct depot_call *call, struct slw_transaction *transaction,
                                    struct holding *holding, struct slw_detail *detail)
{
    int64_t id = 0;
    struct job *job = &holding->job;
    SLW_TRY(jobs_path_id(call->exchange, &id, detail));
    SLW_TRY(jobs_read(transaction, slw_http_parameter(call->exchange, 0), id, job, detail));
    SLW_TRY(find_attempt(call, transaction, holding, detail));
    SLW_TRY(slw_database_now(transaction, &holding->now_us, detail));
    holding->is_present = jobs_is(job, "running") && holding->number == job->attempt &&
                          holding->now_us < job->lease_until_us;
    return SLW_OK;
}

static enum slw_status read_note(const struct depot_call *call, const char *name, size_t max,
                                 struct slw_bytes *ret_text, struct slw_detail *detail)
{
    *ret_text = SLW_BYTES_OF("");
    return jobs_member(&call->body, SLW_JSON_TOP, name) == SLW_JSON_NONE
               ? SLW_OK
               : depot_read_text(call, name, max, ret_text, detail);
}

/* --- Heartbeats --- */

static enum slw_status renew(struct slw_transaction *transaction, const struct holding *holding,
                             bool has_note, struct slw_bytes note, struct slw_detail *detail)
{
    const struct slw_sql_value job[] = {slw_sql_int(holding->job.id),
                                        slw_sql_int(holding->now_us + JOBS_LEASE_S * JOBS_US)};
    const struct slw_sql_value attempt[] = {
        slw_sql_int(holding->job.id), slw_sql_int(holding->number), slw_sql_int(holding->now_us),
        slw_sql_int(has_note ? 1 : 0), slw_sql_text(note)};
    SLW_TRY(slw_sql_run(transaction, "UPDATE jobs SET lease_until_us = $2 WHERE id = $1", job, 2,
                        NULL, detail));
    return slw_sql_run(transaction,
                       "UPDATE job_attempts SET heard_us = $3, note = CASE WHEN $4 = 1 THEN $5 "
                       "ELSE note END WHERE job = $1 AND number = $2",
                       attempt, 5, NULL, detail);
}

static enum slw_status heartbeat(struct depot_call *call, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct holding holding;
    struct slw_bytes note;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    bool has_note = jobs_member(&call->body, SLW_JSON_TOP, "note") != SLW_JSON_NONE;
    SLW_TRY(read_note(call, "note", JOBS_NOTE_MAX, &note, detail));
    SLW_TRY(find_holding(call, transaction, &holding, detail));
    bool is_cancelled = strcmp(holding.outcome, "cancelled") == 0;
    if (!holding.is_present && !is_cancelled) {
        return gone(detail);
    }
    if (holding.is_present) {
        SLW_TRY(renew(transaction, &holding, has_note, note, detail));
    }
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "expires",
                  depot_time_format(holding.now_us + JOBS_LEASE_S * JOBS_US, time));
    slw_json_bool(&json, "cancelled", is_cancelled);
    slw_json_end_object(&json);
    return SLW_OK;
}

void jobs_heartbeat(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, heartbeat, NULL);
}

/* --- The end --- */

static const struct {
    const char *outcome;
    const char *result; /* what a test result says then; NULL: there needn't be one */
} outcomes[] = {
    {"passed", "PASSED"}, {"warned", "WARNED"}, {"failed", "FAILED"},
    {"error", NULL},      {"cancelled", NULL},
};
#define OUTCOMES_COUNT (sizeof outcomes / sizeof outcomes[0])

/* DEPOT.md, section 5.1: "it ran to its end, and what it left is here" */
static enum slw_status check_left(struct slw_transaction *transaction, const struct job *job,
                                  size_t outcome, struct slw_detail *detail)
{
    int64_t count = 0;
    if (strcmp(job->kind, "build") == 0) {
        return job->build[0] != '\0' || strcmp(outcomes[outcome].outcome, "failed") == 0
                   ? SLW_OK
                   : slw_explain(detail, SLW_WRONG_STATE, "its bundle isn't here yet");
    }
    const struct slw_sql_value values[] = {slw_sql_int(job->id),
                                           slw_sql_text(slw_text_bytes(job->name)),
                                           slw_sql_text(slw_text_bytes(outcomes[outcome].result))};
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM artifacts WHERE job = $1 AND kind = 'test-result' "
                           "AND suite = $2 AND outcome = $3",
                           values, 3, &count, detail));
    return count > 0
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_STATE, "its result of suite %s, %s, isn't here yet",
                             job->name, outcomes[outcome].result);
}

static enum slw_status end(struct depot_call *call, struct slw_transaction *transaction,
                           const struct holding *holding, size_t outcome, struct slw_bytes why,
                           struct slw_detail *detail)
{
    const char *word = outcomes[outcome].outcome;
    if (strcmp(holding->outcome, word) == 0) {
        return SLW_OK; /* "the same again is the same" */
    }
    if (!holding->is_present) {
        return gone(detail);
    }
    if (strcmp(word, "cancelled") == 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "nobody has cancelled it");
    }
    if (strcmp(word, "error") == 0) {
        return jobs_fail(transaction, &holding->job, true, why, call->caller->name, detail);
    }
    SLW_TRY(check_left(transaction, &holding->job, outcome, detail));
    return jobs_end(transaction, &holding->job, word, why, call->caller->name, detail);
}

static enum slw_status finish(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct holding holding;
    struct slw_bytes word;
    struct slw_bytes why;
    struct slw_json json;
    size_t outcome = 0;
    SLW_TRY(depot_read_text(call, "outcome", 16, &word, detail));
    SLW_TRY(read_note(call, "detail", JOBS_DETAIL_MAX, &why, detail));
    while (outcome < OUTCOMES_COUNT &&
           !slw_bytes_equal(word, slw_text_bytes(outcomes[outcome].outcome))) {
        outcome++;
    }
    if (outcome == OUTCOMES_COUNT) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: outcome must be passed, warned, failed, error or cancelled");
    }
    SLW_TRY(find_holding(call, transaction, &holding, detail));
    SLW_TRY(end(call, transaction, &holding, outcome, why, detail));
    slw_json_init(&json, &call->text);
    return jobs_put_one(&json, NULL, transaction, holding.job.id, detail);
}

void jobs_finish(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, finish, NULL);
}
