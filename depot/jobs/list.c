/* SPDX-License-Identifier: Apache-2.0 */
/* What people see of jobs, and how they start one. See part.h. */
#include "part.h"

/* --- One --- */

static enum slw_status put_attempts(struct slw_json *json, struct slw_transaction *transaction,
                                    int64_t id, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    struct slw_rows *rows = NULL;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT number, runner, machine, began_us, heard_us, ended_us, outcome, "
                          "detail, note FROM job_attempts WHERE job = $1 ORDER BY number",
                          &value, 1, &rows, detail));
    slw_json_begin_array(json, "attempts");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_int(json, "attempt", slw_rows_int(rows, 0));
        slw_json_bytes(json, "runner", slw_rows_bytes(rows, 1));
        slw_json_bytes(json, "machine", slw_rows_bytes(rows, 2));
        slw_json_text(json, "began", depot_time_format(slw_rows_int(rows, 3), time));
        slw_json_text(json, "heard", depot_time_format(slw_rows_int(rows, 4), time));
        if (!slw_rows_is_null(rows, 5)) {
            slw_json_text(json, "ended", depot_time_format(slw_rows_int(rows, 5), time));
        }
        slw_json_bytes(json, "outcome", slw_rows_bytes(rows, 6));
        slw_json_bytes(json, "detail", slw_rows_bytes(rows, 7));
        slw_json_bytes(json, "note", slw_rows_bytes(rows, 8));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct job job;
    struct slw_json json;
    int64_t id = 0;
    SLW_TRY(jobs_path_id(call->exchange, &id, detail));
    SLW_TRY(jobs_read(transaction, slw_http_parameter(call->exchange, 0), id, &job, detail));
    slw_json_init(&json, &call->text);
    SLW_TRY(jobs_put_one(&json, NULL, transaction, id, detail));
    if (call->text.len == 0) {
        return slw_explain_no_memory(detail);
    }
    /* One more member: the object is opened again. */
    call->text.len--;
    json.needs_comma = true;
    SLW_TRY(put_attempts(&json, transaction, id, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

void jobs_show(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

/* --- Many --- */

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_http_exchange *exchange = call->exchange;
    int64_t limit = 50;
    int64_t before = INT64_C(1) << 53;
    int64_t count = 0;
    int64_t last = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    (void)slw_http_query_number(exchange, "limit", 1, JOBS_LISTED_MAX, &limit);
    (void)slw_http_query_number(exchange, "before", 1, before, &before);
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(exchange, 0)),
                                           slw_sql_int(before),
                                           slw_sql_text(slw_http_query(exchange, "state")),
                                           slw_sql_text(slw_http_query(exchange, "build")),
                                           slw_sql_text(slw_http_query(exchange, "job")),
                                           slw_sql_int(limit + 1)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " JOBS_COLUMNS JOBS_FROM
                          "WHERE j.product = $1 AND j.id < $2 AND ($3 = '' OR j.state = $3) AND "
                          "($4 = '' OR j.build = $4) AND ($5 = '' OR j.job = $5) ORDER BY j.id "
                          "DESC LIMIT $6",
                          values, 6, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "jobs");
    while (slw_rows_next(rows) && count++ < limit) {
        last = slw_rows_int(rows, 0);
        jobs_put(&json, NULL, rows);
    }
    slw_json_end_array(&json);
    if (count > limit) {
        slw_json_int(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void jobs_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* --- A new one, by hand --- */

static enum slw_status read_some(const struct depot_call *call, const char *name,
                                 struct slw_bytes *ret_text, struct slw_detail *detail)
{
    if (jobs_member(&call->body, SLW_JSON_TOP, name) == SLW_JSON_NONE) {
        *ret_text = SLW_BYTES_OF("");
        return SLW_OK;
    }
    SLW_TRY(depot_read_text(call, name, JOBS_REF_MAX, ret_text, detail));
    return ret_text->len > 0 ? SLW_OK
                             : slw_explain(detail, SLW_BAD_ARGUMENT, "body: %s is empty", name);
}

/* Members that aren't known would be ones that somebody counts on. */
static enum slw_status check_members(const struct depot_call *call, struct slw_detail *detail)
{
    static const char *const known[] = {"job", "build", "ref", "commit"};
    struct slw_json_walk walk = slw_json_walk_begin(&call->body, SLW_JSON_TOP);
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_member(&walk, &name, &value)) {
        bool is_known = false;
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || slw_bytes_equal(name, slw_text_bytes(known[i]));
        }
        if (!is_known) {
            return slw_json_refuse(&call->body, value, SLW_BAD_ARGUMENT, "isn't known", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct jobs_pipeline pipeline;
    struct slw_json json;
    int64_t id = 0;
    struct job_wish wish = {.product = slw_http_parameter(call->exchange, 0),
                            .cause = "by hand",
                            .who = call->caller->name};
    SLW_TRY(check_members(call, detail));
    SLW_TRY(depot_read_text(call, "job", DEPOT_NAME_MAX, &wish.name, detail));
    SLW_TRY(read_some(call, "build", &wish.build, detail));
    SLW_TRY(read_some(call, "ref", &wish.ref, detail));
    SLW_TRY(read_some(call, "commit", &wish.commit, detail));
    SLW_TRY(jobs_read_pipeline(transaction, wish.product, &pipeline, detail));
    enum slw_status status = jobs_queue(transaction, &pipeline.json, &wish, &id, detail);
    jobs_free_pipeline(&pipeline);
    SLW_TRY(status);
    call->http_status = 201;
    slw_json_init(&json, &call->text);
    return jobs_put_one(&json, NULL, transaction, id, detail);
}

void jobs_make(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, NULL);
}
