/* SPDX-License-Identifier: Apache-2.0 */
/* A job as it is in the database, and as JSON (DEPOT.md, section 5.1: JOB). See part.h. */
#include "part.h"

static void read_row(const struct slw_rows *rows, struct job *job)
{
    job->id = slw_rows_int(rows, 0);
    slw_text_copy(slw_rows_bytes(rows, 1), sizeof job->product, job->product);
    slw_text_copy(slw_rows_bytes(rows, 2), sizeof job->name, job->name);
    slw_text_copy(slw_rows_bytes(rows, 3), sizeof job->kind, job->kind);
    slw_text_copy(slw_rows_bytes(rows, 4), sizeof job->state, job->state);
    slw_text_copy(slw_rows_bytes(rows, 5), sizeof job->build, job->build);
    job->attempt = slw_rows_int(rows, 6);
    job->tries = slw_rows_int(rows, 7);
    job->retries = slw_rows_int(rows, 8);
    job->lease_until_us = slw_rows_int(rows, 9);
}

enum slw_status jobs_read(struct slw_transaction *transaction, struct slw_bytes product, int64_t id,
                          struct job *ret_job, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_int(id)};
    struct slw_rows *rows = NULL;
    struct job job = {.id = 0};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id, product, job, kind, state, build, attempt, tries, retries, "
                          "lease_until_us FROM jobs WHERE product = $1 AND id = $2",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        read_row(rows, &job);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (job.id == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such job of this product");
    }
    *ret_job = job;
    return SLW_OK;
}

enum slw_status jobs_path_id(const struct slw_http_exchange *exchange, int64_t *ret_id,
                             struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(exchange, 1);
    int64_t id = 0;
    bool is_number = text.len > 0 && text.len <= 15;
    for (size_t i = 0; is_number && i < text.len; i++) {
        is_number = text.ptr[i] >= '0' && text.ptr[i] <= '9';
        id = id * 10 + (text.ptr[i] - '0');
    }
    if (!is_number) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such job of this product");
    }
    *ret_id = id;
    return SLW_OK;
}

bool jobs_is(const struct job *job, const char *state)
{
    return strcmp(job->state, state) == 0;
}

static void put_some(struct slw_json *json, const char *name, struct slw_bytes text)
{
    if (text.len > 0) {
        slw_json_bytes(json, name, text);
    }
}

void jobs_put(struct slw_json *json, const char *name, const struct slw_rows *rows)
{
    bool is_queued = slw_bytes_equal(slw_rows_bytes(rows, 4), SLW_BYTES_OF("queued"));
    slw_json_begin_object(json, name);
    slw_json_int(json, "id", slw_rows_int(rows, 0));
    slw_json_bytes(json, "product", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "job", slw_rows_bytes(rows, 2));
    slw_json_bytes(json, "kind", slw_rows_bytes(rows, 3));
    slw_json_bytes(json, "state", slw_rows_bytes(rows, 4));
    put_some(json, "build", slw_rows_bytes(rows, 5));
    put_some(json, "ref", slw_rows_bytes(rows, 6));
    put_some(json, "commit", slw_rows_bytes(rows, 7));
    slw_json_bytes(json, "cause", slw_rows_bytes(rows, 8));
    depot_put_time(json, "made", rows, 9);
    slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 10));
    slw_json_embed(json, "labels", slw_rows_bytes(rows, 11));
    slw_json_int(json, "timeout_s", slw_rows_int(rows, 12));
    slw_json_int(json, "retries", slw_rows_int(rows, 13));
    slw_json_int(json, "attempt", slw_rows_int(rows, 14));
    depot_put_time(json, "ended", rows, 15);
    if (!is_queued) {
        put_some(json, "runner", slw_rows_bytes(rows, 16));
        depot_put_time(json, "began", rows, 17);
    }
    put_some(json, "detail", slw_rows_bytes(rows, 18));
    put_some(json, "note", slw_rows_bytes(rows, 19));
    slw_json_end_object(json);
}

enum slw_status jobs_put_one(struct slw_json *json, const char *name,
                             struct slw_transaction *transaction, int64_t id,
                             struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, "SELECT " JOBS_COLUMNS JOBS_FROM "WHERE j.id = $1", &value,
                          1, &rows, detail));
    if (slw_rows_next(rows)) {
        jobs_put(json, name, rows);
    }
    return slw_rows_close(rows, detail);
}
