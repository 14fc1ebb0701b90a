/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs at a time of day, in UTC: each time that was due starts one, once, up to six hours late. Up
 * to when that was done is a row for each schedule, changed in the transaction that queues the job
 * and checks the lease. work.c calls it every few seconds.
 */
#include "part.h"

#include <stdio.h>
#include <stdlib.h>

#define LATE_US (INT64_C(6) * 3600 * JOBS_US)
#define PRODUCTS_MAX 64u /* at once */
#define KEY_SIZE 512u
#define KEYS_MAX 32u
#define EVERY_DAY 0x7fu

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* One trigger of a pipeline. */
struct schedule {
    int64_t at_us;        /* of the day */
    unsigned days;        /* bit 0 is monday */
    struct slw_bytes job; /* views of the pipeline */
    struct slw_bytes ref;
    char key[KEY_SIZE];
};

struct scheduling {
    int64_t token;
    char products[PRODUCTS_MAX][DEPOT_NAME_MAX + 1];
    size_t count;
    char after[DEPOT_NAME_MAX + 1];
    struct slw_bytes product; /* the one that it is about */
    bool writes, has_to_write;
    int64_t now_us, made_us; /* made_us: of the pipeline */
    char keys[KEYS_MAX][KEY_SIZE];
    size_t keys_count;
};

static unsigned days_of(const struct slw_json_document *json, uint32_t days)
{
    unsigned mask = days == SLW_JSON_NONE ? EVERY_DAY : 0;
    uint32_t day = SLW_JSON_NONE;
    struct slw_json_walk walk = slw_json_walk_begin(json, days);
    while (slw_json_walk_element(&walk, &day)) {
        for (unsigned i = 0; i < 7; i++) {
            if (slw_bytes_equal(slw_json_string(json, day), slw_text_bytes(day_names[i]))) {
                mask |= 1u << i;
            }
        }
    }
    return mask;
}

/* The pipeline was checked: "at" is "HH:MM". False: no schedule. */
static bool read_schedule(const struct slw_json_document *json, uint32_t trigger,
                          struct schedule *ret_schedule)
{
    uint32_t schedule = jobs_member(json, trigger, "schedule");
    struct slw_bytes at = slw_json_string(json, jobs_member(json, schedule, "at"));
    if (schedule == SLW_JSON_NONE || at.len != 5) {
        return false;
    }
    int64_t hours = (at.ptr[0] - '0') * 10 + (at.ptr[1] - '0');
    int64_t minutes = (at.ptr[3] - '0') * 10 + (at.ptr[4] - '0');
    ret_schedule->at_us = (hours * 3600 + minutes * 60) * JOBS_US;
    ret_schedule->days = days_of(json, jobs_member(json, schedule, "days"));
    ret_schedule->job = slw_json_string(json, jobs_member(json, trigger, "job"));
    ret_schedule->ref = slw_json_string(json, jobs_member(json, trigger, "ref"));
    (void)snprintf(ret_schedule->key, sizeof ret_schedule->key, "%.*s %u %.5s %.*s",
                   (int)ret_schedule->job.len, (const char *)ret_schedule->job.ptr,
                   ret_schedule->days, (const char *)at.ptr, (int)ret_schedule->ref.len,
                   ret_schedule->ref.len == 0 ? "" : (const char *)ret_schedule->ref.ptr);
    return true;
}

/* The last time that it was due, at most six hours ago; 0: none. 1970 began on a thursday. */
static int64_t last_due(const struct schedule *schedule, int64_t now_us)
{
    int64_t today = now_us / JOBS_DAY_US;
    for (int64_t day = today; day >= today - 1 && day >= 0; day--) {
        int64_t due_us = day * JOBS_DAY_US + schedule->at_us;
        bool is_its_day = (schedule->days >> ((day + 3) % 7) & 1u) != 0;
        if (is_its_day && due_us <= now_us && now_us - due_us <= LATE_US) {
            return due_us;
        }
    }
    return 0;
}

/* --- One schedule --- */

/* -1: it was never seen. */
static enum slw_status read_done(const struct scheduling *scheduling,
                                 struct slw_transaction *transaction, const char *key,
                                 int64_t *ret_done_us, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(scheduling->product),
                                           slw_sql_text(slw_text_bytes(key))};
    return slw_sql_number(transaction,
                          "SELECT COALESCE(MAX(done_us), -1) FROM job_schedules WHERE product = $1 "
                          "AND schedule = $2",
                          values, 2, ret_done_us, detail);
}

static enum slw_status write_done(const struct scheduling *scheduling,
                                  struct slw_transaction *transaction, const char *key,
                                  int64_t done_us, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(scheduling->product),
                                           slw_sql_text(slw_text_bytes(key)), slw_sql_int(done_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO job_schedules (product, schedule, done_us) VALUES ($1, $2, $3) "
                       "ON CONFLICT (product, schedule) DO UPDATE SET done_us = $3",
                       values, 3, NULL, detail);
}

static enum slw_status queue(const struct scheduling *scheduling,
                             struct slw_transaction *transaction,
                             const struct slw_json_document *pipeline,
                             const struct schedule *schedule, struct slw_detail *detail)
{
    const struct job_wish wish = {.product = scheduling->product,
                                  .name = schedule->job,
                                  .ref = schedule->ref,
                                  .cause = "schedule",
                                  .who = "depot"};
    int64_t id = 0;
    enum slw_status status = jobs_queue(transaction, pipeline, &wish, &id, detail);
    if (status == SLW_TOO_MANY) { /* nothing takes them: one more would help nobody */
        return SLW_OK;
    }
    return status;
}

/* A schedule counts from when it is first seen: what was due before a pipeline said so isn't. A
 * mark that lies far ahead is a clock that was wrong. */
static enum slw_status look_at(struct scheduling *scheduling, struct slw_transaction *transaction,
                               const struct slw_json_document *pipeline,
                               const struct schedule *schedule, struct slw_detail *detail)
{
    int64_t done_us = 0;
    int64_t due_us = last_due(schedule, scheduling->now_us);
    SLW_TRY(read_done(scheduling, transaction, schedule->key, &done_us, detail));
    bool is_new = done_us < 0 || done_us > scheduling->now_us + JOBS_DAY_US;
    bool is_due = !is_new && due_us > done_us;
    scheduling->has_to_write = scheduling->has_to_write || is_new || is_due;
    if (!scheduling->writes || (!is_new && !is_due)) {
        return SLW_OK;
    }
    if (is_due) {
        SLW_TRY(queue(scheduling, transaction, pipeline, schedule, detail));
    }
    return write_done(scheduling, transaction, schedule->key, is_due ? due_us : scheduling->now_us,
                      detail);
}

/* --- One product --- */

/* Marks of schedules that the pipeline has no more: one that comes back counts anew. */
static enum slw_status forget_others(struct scheduling *scheduling,
                                     struct slw_transaction *transaction, struct slw_detail *detail)
{
    struct slw_sql_value values[KEYS_MAX + 1];
    struct slw_heap_buffer where = {0};
    struct slw_heap_buffer sql = {0};
    int64_t count = 0;
    values[0] = slw_sql_text(scheduling->product);
    slw_heap_append_text(&where, " FROM job_schedules WHERE product = $1");
    for (size_t i = 0; i < scheduling->keys_count; i++) {
        values[i + 1] = slw_sql_text(slw_text_bytes(scheduling->keys[i]));
        slw_heap_printf(&where, " AND schedule <> $%zu", i + 2);
    }
    slw_heap_printf(&sql, "SELECT COUNT(*)%s", slw_heap_text(&where));
    enum slw_status status = slw_sql_number(transaction, slw_heap_text(&sql), values,
                                            scheduling->keys_count + 1, &count, detail);
    scheduling->has_to_write = scheduling->has_to_write || count > 0;
    if (status == SLW_OK && scheduling->writes && count > 0) {
        sql.len = 0;
        slw_heap_printf(&sql, "DELETE%s", slw_heap_text(&where));
        status = slw_sql_run(transaction, slw_heap_text(&sql), values, scheduling->keys_count + 1,
                             NULL, detail);
    }
    slw_heap_drop(&where);
    slw_heap_drop(&sql);
    return status;
}

static enum slw_status look_at_triggers(struct scheduling *scheduling,
                                        struct slw_transaction *transaction,
                                        const struct slw_json_document *pipeline,
                                        struct slw_detail *detail)
{
    uint32_t trigger = SLW_JSON_NONE;
    struct slw_json_walk walk =
        slw_json_walk_begin(pipeline, jobs_member(pipeline, SLW_JSON_TOP, "triggers"));
    scheduling->keys_count = 0;
    while (slw_json_walk_element(&walk, &trigger) && scheduling->keys_count < KEYS_MAX) {
        struct schedule schedule;
        if (read_schedule(pipeline, trigger, &schedule)) {
            memcpy(scheduling->keys[scheduling->keys_count++], schedule.key, sizeof schedule.key);
            SLW_TRY(look_at(scheduling, transaction, pipeline, &schedule, detail));
        }
    }
    return forget_others(scheduling, transaction, detail);
}

static enum slw_status look_at_product(void *context, struct slw_transaction *transaction,
                                       struct slw_detail *detail)
{
    struct scheduling *scheduling = context;
    struct jobs_pipeline pipeline;
    scheduling->has_to_write = false;
    if (scheduling->writes) {
        SLW_TRY(slw_transaction_fence(transaction, JOBS_LEASE, scheduling->token, detail));
    }
    SLW_TRY(slw_database_now(transaction, &scheduling->now_us, detail));
    SLW_TRY(jobs_read_pipeline(transaction, scheduling->product, &pipeline, detail));
    enum slw_status status = look_at_triggers(scheduling, transaction, &pipeline.json, detail);
    jobs_free_pipeline(&pipeline);
    return status;
}

static enum slw_status serve_product(struct depot *depot, struct scheduling *scheduling,
                                     struct slw_detail *detail)
{
    scheduling->writes = false;
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, look_at_product, scheduling,
                                  detail));
    if (!scheduling->has_to_write) {
        return SLW_OK;
    }
    scheduling->writes = true;
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, look_at_product, scheduling,
                                 detail);
}

/* --- All of them --- */

static enum slw_status find_products(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    struct scheduling *scheduling = context;
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(scheduling->after)),
                                           slw_sql_int(PRODUCTS_MAX)};
    struct slw_rows *rows = NULL;
    scheduling->count = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT DISTINCT p.product FROM pipelines p WHERE p.product > $1 AND "
                          "((p.document LIKE '%\"schedule\"%' AND NOT EXISTS (SELECT 1 FROM "
                          "pipelines n WHERE n.product = p.product AND n.version > p.version)) OR "
                          "EXISTS (SELECT 1 FROM job_schedules s WHERE s.product = p.product)) "
                          "ORDER BY p.product LIMIT $2",
                          values, 2, &rows, detail));
    while (scheduling->count < PRODUCTS_MAX && slw_rows_next(rows)) {
        slw_text_copy(slw_rows_bytes(rows, 0), sizeof scheduling->products[0],
                      scheduling->products[scheduling->count++]);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status serve_all(struct depot *depot, struct scheduling *scheduling,
                                 struct slw_detail *detail)
{
    do {
        SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, find_products,
                                      scheduling, detail));
        for (size_t i = 0; i < scheduling->count; i++) {
            scheduling->product = slw_text_bytes(scheduling->products[i]);
            SLW_TRY(serve_product(depot, scheduling, detail));
        }
        if (scheduling->count > 0) {
            memcpy(scheduling->after, scheduling->products[scheduling->count - 1],
                   sizeof scheduling->after);
        }
    } while (scheduling->count == PRODUCTS_MAX);
    return SLW_OK;
}

enum slw_status jobs_start_scheduled(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct scheduling *scheduling = calloc(1, sizeof *scheduling);
    if (scheduling == NULL) {
        return slw_explain_no_memory(detail);
    }
    scheduling->token = token;
    enum slw_status status = serve_all(depot, scheduling, detail);
    free(scheduling);
    return status;
}
