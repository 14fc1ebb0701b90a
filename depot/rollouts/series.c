/* SPDX-License-Identifier: Apache-2.0 */
/* How a rollout went over time, and how a fleet came to its versions, for graphs: what ended, in
 * steps of equal length, of which there are never many, however many devices there are. */
#include "parts.h"

#include "core/remember.h"

#define US INT64_C(1000000)
#define STEPS_MAX 300

/* Whole seconds, so that a rollout of any age fits. */
static int64_t step_of(int64_t length_us)
{
    return (length_us / (STEPS_MAX - 1) / US + 1) * US;
}

static enum slw_status choose_step(struct slw_transaction *transaction, int64_t id,
                                   int64_t *ret_step_us, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    int64_t length_us = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COALESCE(MAX(ended_us) - MIN(ended_us), 0) FROM rollout_devices "
                           "WHERE rollout = $1 AND ended_us IS NOT NULL",
                           &value, 1, &length_us, detail));
    *ret_step_us = step_of(length_us);
    return SLW_OK;
}

static void put_steps(struct slw_rows *rows, int64_t step_us, struct slw_json *json)
{
    static const char *const names[] = {"succeeded", "failed", "silent", "declined"};
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_array(json, "steps");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_text(json, "time", depot_time_format((slw_rows_int(rows, 0) + 1) * step_us, time));
        for (int i = 0; i < 4; i++) {
            slw_json_int(json, names[i], slw_rows_int(rows, i + 1));
        }
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    struct slw_json json;
    int64_t id = 0;
    int64_t step_us = 0;
    SLW_TRY(rollout_id_of(call, &id, detail));
    SLW_TRY(choose_step(transaction, id, &step_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_int(id), slw_sql_text(slw_http_parameter(call->exchange, 0)), slw_sql_int(step_us)};
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT ended_us / $3 AS step, SUM(CASE state WHEN 'succeeded' THEN 1 ELSE 0 END), "
        "SUM(CASE "
        "state WHEN 'failed' THEN 1 ELSE 0 END), SUM(CASE state WHEN 'silent' THEN 1 ELSE 0 END), "
        "SUM(CASE state WHEN 'declined' THEN 1 ELSE 0 END) FROM rollout_devices WHERE rollout = $1 "
        "AND product = $2 AND ended_us IS NOT NULL GROUP BY step ORDER BY step",
        values, 3, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "step_s", step_us / US);
    put_steps(rows, step_us, &json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void rollouts_series(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

/* --- The whole fleet --- */

/* Of the newest rollouts of the product: what is older has long been overtaken. */
#define NEWEST                                                                                     \
    "rollout IN (SELECT id FROM rollouts WHERE product = $1 ORDER BY id DESC LIMIT 20) AND state " \
    "= 'succeeded' AND ended_us IS NOT NULL"

struct updates {
    struct slw_bytes product;
    struct slw_heap_buffer *text;
    int64_t step_us, devices;
};

static enum slw_status choose_fleet_step(void *context, struct slw_transaction *transaction,
                                         struct slw_detail *detail)
{
    struct updates *updates = context;
    const struct slw_sql_value value = slw_sql_text(updates->product);
    int64_t length_us = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COALESCE(MAX(ended_us) - MIN(ended_us), 0) FROM rollout_devices "
                           "WHERE " NEWEST,
                           &value, 1, &length_us, detail));
    updates->step_us = step_of(length_us);
    return SLW_OK;
}

static enum slw_status put_updates(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct updates *updates = context;
    const struct slw_sql_value values[] = {slw_sql_text(updates->product),
                                           slw_sql_int(updates->step_us)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    int64_t now_us = 0;
    slw_heap_drop(updates->text); /* of a run that others got in the way of */
    updates->devices = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(
        slw_sql_query(transaction,
                      "SELECT d.step, r.version, SUM(d.number) FROM (SELECT rollout, ended_us / "
                      "$2 AS step, COUNT(*) AS number FROM rollout_devices WHERE " NEWEST
                      " GROUP BY rollout, step) d JOIN rollouts r ON r.id = d.rollout GROUP BY "
                      "d.step, r.version ORDER BY d.step, r.version",
                      values, 2, &rows, detail));
    slw_json_init(&json, updates->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "step_s", updates->step_us / US);
    slw_json_text(&json, "counted", depot_time_format(now_us, time));
    slw_json_begin_array(&json, "updates");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_text(&json, "time",
                      depot_time_format((slw_rows_int(rows, 0) + 1) * updates->step_us, time));
        slw_json_int(&json, "version", slw_rows_int(rows, 1));
        slw_json_int(&json, "count", slw_rows_int(rows, 2));
        slw_json_end_object(&json);
        updates->devices += slw_rows_int(rows, 2);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

static enum slw_status count_versions(struct depot *depot, struct slw_bytes product,
                                      struct slw_heap_buffer *text, int64_t *ret_weight,
                                      struct slw_detail *detail)
{
    struct updates updates = {.product = product, .text = text};
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, choose_fleet_step,
                                  &updates, detail));
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, put_updates, &updates,
                                  detail));
    *ret_weight = updates.devices;
    return SLW_OK;
}

void rollouts_versions(void *context, struct slw_http_exchange *exchange)
{
    depot_serve_remembered(depot_of(context), exchange, DEPOT_REMEMBER_VERSIONS, count_versions);
}
