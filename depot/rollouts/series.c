/* SPDX-License-Identifier: Apache-2.0 */
/* How a rollout went over time, for a graph: what ended, in steps of equal length, of which there
 * are never many, however many devices there are. */
#include "parts.h"

#define US INT64_C(1000000)
#define STEPS_MAX 300

/* Whole seconds, so that a rollout of any age fits. */
static enum slw_status choose_step(struct slw_transaction *transaction, int64_t id,
                                   int64_t *ret_step_us, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    int64_t length_us = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COALESCE(MAX(ended_us) - MIN(ended_us), 0) FROM rollout_devices "
                           "WHERE rollout = $1 AND ended_us IS NOT NULL",
                           &value, 1, &length_us, detail));
    *ret_step_us = (length_us / (STEPS_MAX - 1) / US + 1) * US;
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
