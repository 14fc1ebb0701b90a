/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runners that ask for a job: what waits is matched with what each of them has, oldest first, and
 * is taken in a transaction of its own, so that one job goes to one of them. See part.h; wait.c
 * keeps those for whom there is nothing yet.
 */
#include "part.h"

#include "people/secret.h"

#include "slipway/http_clock.h"

#include <stdlib.h>

#define ASKED_MAX 64u    /* products, names of jobs, labels that one runner has */
#define GROUPS_MAX 4096u /* of jobs that wait, alike in product, name and labels */
#define WAIT_MAX_S 30

static bool is_in(const struct slw_json_document *json, uint32_t list, struct slw_bytes name)
{
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_bytes_equal(slw_json_string(json, element), name)) {
            return true;
        }
    }
    return false;
}

/* --- Looking --- */

static bool has_all(const struct jobs_waiter *waiter, const struct slw_json_document *labels)
{
    uint32_t label = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(labels, SLW_JSON_TOP);
    while (slw_json_walk_element(&walk, &label)) {
        if (!is_in(&waiter->body, waiter->labels, slw_json_string(labels, label))) {
            return false;
        }
    }
    return true;
}

/* Whether it is one for them. */
static bool offer(struct jobs_waiter *waiter, const struct slw_rows *rows,
                  const struct slw_json_document *labels)
{
    struct slw_bytes product = slw_rows_bytes(rows, 0);
    struct slw_bytes job = slw_rows_bytes(rows, 1);
    if (waiter->has_found || !is_in(&waiter->body, waiter->products, product) ||
        !is_in(&waiter->body, waiter->jobs, job) || !has_all(waiter, labels)) {
        return false;
    }
    slw_text_copy(product, sizeof waiter->product, waiter->product);
    slw_text_copy(job, sizeof waiter->job, waiter->job);
    waiter->wanted.len = 0;
    slw_heap_append(&waiter->wanted, slw_rows_bytes(rows, 2));
    waiter->has_found = waiter->wanted.status == SLW_OK;
    return waiter->has_found;
}

struct look {
    struct jobs_waiter *const *waiters;
    size_t count;
};

static enum slw_status look_at_queue(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    const struct look *look = context;
    const struct slw_sql_value value = slw_sql_int(GROUPS_MAX);
    struct slw_rows *rows = NULL;
    for (size_t i = 0; i < look->count; i++) {
        look->waiters[i]->has_found = false;
    }
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT product, job, labels, MIN(id), COUNT(*) FROM jobs WHERE state = 'queued' "
        "GROUP BY product, job, labels ORDER BY 4 LIMIT $1",
        &value, 1, &rows, detail));
    while (slw_rows_next(rows)) {
        struct slw_json_document labels;
        SLW_TRY(slw_json_parse("labels", slw_rows_bytes(rows, 2), &labels, detail));
        int64_t left = slw_rows_int(rows, 4); /* no more of them than there are jobs */
        for (size_t i = 0; i < look->count && left > 0; i++) {
            left -= offer(look->waiters[i], rows, &labels) ? 1 : 0;
        }
        slw_json_document_free(&labels);
    }
    return slw_rows_close(rows, detail);
}

enum slw_status jobs_look(struct depot *depot, struct jobs_waiter *const *waiters, size_t count,
                          struct slw_detail *detail)
{
    struct look look = {waiters, count};
    return slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, look_at_queue, &look,
                                 detail);
}

/* --- Taking --- */

static enum slw_status begin_attempt(const struct jobs_waiter *waiter,
                                     struct slw_transaction *transaction, const struct job *job,
                                     int64_t now_us, struct slw_detail *detail)
{
    uint8_t hash[SLW_SHA256_SIZE];
    people_secret_hash(slw_text_bytes(waiter->secret), hash);
    const struct slw_sql_value values[] = {
        slw_sql_int(job->id),
        slw_sql_int(job->attempt),
        slw_sql_text(waiter->runner),
        slw_sql_text(slw_text_bytes(waiter->caller->person)),
        slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
        slw_sql_int(now_us),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO job_attempts (job, number, runner, machine, lease, began_us, "
                        "heard_us, outcome, detail, note) VALUES ($1, $2, $3, $4, $5, $6, $6, '', "
                        "'', '')",
                        values, 6, NULL, detail));
    const struct slw_sql_value row[] = {values[0], values[1],
                                        slw_sql_int(now_us + JOBS_LEASE_S * JOBS_US)};
    return slw_sql_run(transaction,
                       "UPDATE jobs SET state = 'running', attempt = $2, lease_until_us = $3, "
                       "ended_us = NULL WHERE id = $1",
                       row, 3, NULL, detail);
}

static enum slw_status put_answer(struct jobs_waiter *waiter, struct slw_transaction *transaction,
                                  int64_t id, int64_t until_us, struct slw_detail *detail)
{
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    slw_json_init(&json, &waiter->answer);
    slw_json_begin_object(&json, NULL);
    SLW_TRY(jobs_put_one(&json, "job", transaction, id, detail));
    slw_json_text(&json, "lease", waiter->secret);
    slw_json_text(&json, "expires", depot_time_format(until_us, time));
    slw_json_end_object(&json);
    return SLW_OK;
}

static enum slw_status take_one(struct jobs_waiter *waiter, struct slw_transaction *transaction,
                                int64_t id, struct slw_detail *detail)
{
    struct job job;
    char runner[DEPOT_NAME_MAX + 1];
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(jobs_read(transaction, slw_text_bytes(waiter->product), id, &job, detail));
    job.attempt++;
    SLW_TRY(begin_attempt(waiter, transaction, &job, now_us, detail));
    slw_text_copy(waiter->runner, sizeof runner, runner);
    SLW_TRY(
        jobs_tell(transaction, &job, "running", waiter->caller->name, "job.lease", runner, detail));
    return put_answer(waiter, transaction, id, now_us + JOBS_LEASE_S * JOBS_US, detail);
}

/* Rights are looked at again: the runner may have waited, and its token been revoked meanwhile. */
static enum slw_status take(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct jobs_waiter *waiter = context;
    bool may = false;
    int64_t id = 0;
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(waiter->product)),
                                           slw_sql_text(slw_text_bytes(waiter->job)),
                                           slw_sql_text(slw_heap_bytes(&waiter->wanted))};
    slw_heap_free(&waiter->answer); /* of a run that others got in the way of */
    SLW_TRY(depot_may(transaction, waiter->caller, values[0].bytes, DEPOT_DEVELOP, &may, detail));
    if (!may) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "your roles don't allow this");
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COALESCE(MIN(id), 0) FROM jobs WHERE state = 'queued' AND "
                           "product = $1 AND job = $2 AND labels = $3",
                           values, 3, &id, detail));
    return id == 0 ? SLW_OK : take_one(waiter, transaction, id, detail);
}

enum slw_status jobs_take(struct jobs_waiter *waiter, struct slw_detail *detail)
{
    SLW_TRY(people_secret_make(waiter->secret, detail));
    return slw_database_transact(waiter->depot->database, SLW_DATABASE_WRITE, take, waiter, detail);
}

/* --- The call --- */

void jobs_answer_waiter(struct jobs_waiter *waiter, enum slw_status status,
                        const struct slw_detail *detail)
{
    struct slw_http_exchange *exchange = waiter->exchange;
    struct slw_heap_buffer answer = waiter->answer;
    slw_json_document_free(&waiter->body);
    slw_heap_drop(&waiter->wanted);
    slw_wipe(waiter, sizeof *waiter);
    free(waiter);
    if (status == SLW_OK && answer.len == 0 && answer.status == SLW_OK) {
        slw_http_answer_empty(exchange, 204);
        return;
    }
    depot_answer(exchange, status, 200, &answer, detail);
}

static enum slw_status read_names(const struct jobs_waiter *waiter, const char *name,
                                  bool may_be_absent, uint32_t *ret_list, struct slw_detail *detail)
{
    const struct slw_json_document *json = &waiter->body;
    uint32_t list = jobs_member(json, SLW_JSON_TOP, name);
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, list);
    *ret_list = list;
    if (list == SLW_JSON_NONE && may_be_absent) {
        return SLW_OK;
    }
    if (slw_json_kind(json, list) != SLW_JSON_ARRAY || slw_json_count(json, list) > ASKED_MAX ||
        (slw_json_count(json, list) == 0 && !may_be_absent)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: %s must be a list of %d to %u names",
                           name, may_be_absent ? 0 : 1, ASKED_MAX);
    }
    while (slw_json_walk_element(&walk, &element)) {
        if (slw_json_kind(json, element) != SLW_JSON_STRING ||
            !depot_is_name(slw_json_string(json, element), "")) {
            return slw_json_refuse(json, element, SLW_BAD_ARGUMENT, "isn't a name", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status read_request(struct jobs_waiter *waiter, struct slw_detail *detail)
{
    int64_t wait_s = 0;
    uint32_t wait = jobs_member(&waiter->body, SLW_JSON_TOP, "wait_s");
    waiter->runner =
        slw_json_string(&waiter->body, jobs_member(&waiter->body, SLW_JSON_TOP, "runner"));
    if (!depot_is_name(waiter->runner, "")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: runner must be a name");
    }
    if (wait != SLW_JSON_NONE &&
        (!slw_json_integer(&waiter->body, wait, &wait_s) || wait_s < 0 || wait_s > WAIT_MAX_S)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: wait_s must be a number from 0 to %d",
                           WAIT_MAX_S);
    }
    waiter->until_ms = slw_http_clock_ms() + wait_s * 1000;
    SLW_TRY(read_names(waiter, "products", false, &waiter->products, detail));
    SLW_TRY(read_names(waiter, "jobs", false, &waiter->jobs, detail));
    return read_names(waiter, "labels", true, &waiter->labels, detail);
}

/* DEPOT.md, section 5.1: "machines that are developers"; a product that they have no role in is
 * `not-found`, as everywhere. */
static enum slw_status check_rights(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    const struct jobs_waiter *waiter = context;
    uint32_t element = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(&waiter->body, waiter->products);
    while (slw_json_walk_element(&walk, &element)) {
        struct slw_bytes product = slw_json_string(&waiter->body, element);
        const struct slw_sql_value value = slw_sql_text(product);
        bool sees = false;
        bool may = false;
        int64_t count = 0;
        SLW_TRY(depot_may(transaction, waiter->caller, product, DEPOT_SEE, &sees, detail));
        SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM products WHERE name = $1", &value,
                               1, &count, detail));
        if (!sees || count == 0) {
            return slw_explain(detail, SLW_NOT_FOUND, "there is no such product");
        }
        SLW_TRY(depot_may(transaction, waiter->caller, product, DEPOT_DEVELOP, &may, detail));
        if (!may) {
            return slw_explain(detail, SLW_NOT_PERMITTED, "your roles don't allow this");
        }
    }
    return SLW_OK;
}

static enum slw_status ask(struct jobs_waiter *waiter, struct slw_detail *detail)
{
    SLW_TRY(read_request(waiter, detail));
    SLW_TRY(slw_database_transact(waiter->depot->database, SLW_DATABASE_READ, check_rights, waiter,
                                  detail));
    SLW_TRY(jobs_look(waiter->depot, &waiter, 1, detail));
    return waiter->has_found ? jobs_take(waiter, detail) : SLW_OK;
}

void jobs_lease(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    const struct depot_caller *caller = depot_caller(exchange);
    if (!caller->is_machine) {
        slw_http_refuse_as(exchange, 403, SLW_NOT_PERMITTED,
                           "jobs are for machines: show a token, or a client certificate");
        return;
    }
    struct jobs_waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    waiter->depot = depot_of(context);
    waiter->exchange = exchange;
    waiter->caller = caller;
    enum slw_status status = depot_body(exchange, &waiter->body, &detail);
    if (status == SLW_OK) {
        status = ask(waiter, &detail);
    }
    if (status == SLW_OK && waiter->answer.len == 0 && slw_http_clock_ms() < waiter->until_ms) {
        status = jobs_wait(waiter, &detail);
        if (status == SLW_OK) {
            return; /* wait.c's */
        }
    }
    jobs_answer_waiter(waiter, status, &detail);
}
