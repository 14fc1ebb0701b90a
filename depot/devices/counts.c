/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fleet at a glance, in one walk over an index that has all that is counted (and none of the
 * table): what is remembered for a while when the fleet is large. For people, and for /metrics.
 */
#include "devices.h"
#include "parts.h"

#include "core/remember.h"

#include <inttypes.h>

/* Each by how many there are, the most first. */
#define ARM(number, column)                                                                        \
    " UNION ALL SELECT " number ", value, devices FROM (SELECT CAST(" column                       \
    " AS TEXT) AS value, CAST(SUM(number) AS BIGINT) AS devices FROM cube GROUP BY " column        \
    " ORDER BY devices DESC, " column " LIMIT 200) AS arm" number

static const char counts_sql[] =
    "WITH cube AS (SELECT state, hardware, channel, version, boot_state, healthy, COUNT(*) AS "
    "number FROM devices WHERE product = $1 GROUP BY state, hardware, channel, version, "
    "boot_state, healthy) "
    "SELECT 0 AS what, '' AS value, COALESCE(CAST(SUM(number) AS BIGINT), 0) AS devices FROM cube "
    "UNION ALL SELECT 1, '', COUNT(*) FROM devices WHERE product = $1 AND seen_us > $2 "
    "UNION ALL SELECT 2, '', COALESCE(CAST(SUM(number) AS BIGINT), 0) FROM cube WHERE healthy = 0 "
    "UNION ALL SELECT 3, '', COUNT(*) FROM devices WHERE product = $1 AND new_key_pem <> ''" ARM(
        "4", "version") ARM("5", "state") ARM("6", "hardware") ARM("7", "channel")
        ARM("8", "boot_state") " ORDER BY 1, 3 DESC, 2";

static const char *const names[] = {"devices", "online",   "failing",  "replacements", "versions",
                                    "states",  "hardware", "channels", "boot_states"};
#define NAMES (sizeof names / sizeof names[0])
#define NUMBERS 4u /* of them are numbers, the others lists */

struct counting {
    struct slw_bytes product;
    struct slw_heap_buffer text;
    int64_t devices;
};

/* From one list to another, or to the end; lists without a row are there too. */
static void go_to(struct slw_json *json, size_t *at, size_t what)
{
    while (*at < what) {
        if (*at >= NUMBERS) {
            slw_json_end_array(json);
        }
        (*at)++;
        if (*at >= NUMBERS && *at < NAMES) {
            slw_json_begin_array(json, names[*at]);
        }
    }
}

static void put_counts(struct slw_rows *rows, struct slw_json *json, int64_t *ret_devices)
{
    size_t at = 0;
    while (slw_rows_next(rows)) {
        size_t what = (size_t)slw_rows_int(rows, 0);
        int64_t number = slw_rows_int(rows, 2);
        go_to(json, &at, what < NAMES ? what : NAMES - 1);
        if (what < NUMBERS) {
            slw_json_int(json, names[what], number);
            *ret_devices = what == 0 ? number : *ret_devices;
            continue;
        }
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "is", slw_rows_bytes(rows, 1));
        slw_json_int(json, "count", number);
        slw_json_end_object(json);
    }
    go_to(json, &at, NAMES);
}

static enum slw_status count_devices(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    struct counting *counting = context;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    int64_t now_us = 0;
    slw_heap_drop(&counting->text); /* of a run that others got in the way of */
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(counting->product),
                                           slw_sql_int(now_us - DEVICES_ONLINE_US)};
    SLW_TRY(slw_sql_query(transaction, counts_sql, values, 2, &rows, detail));
    slw_json_init(&json, &counting->text);
    slw_json_begin_object(&json, NULL);
    put_counts(rows, &json, &counting->devices);
    slw_json_text(&json, "counted", depot_time_format(now_us, time));
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

static enum slw_status count_product(struct depot *depot, struct slw_bytes product,
                                     struct slw_heap_buffer *text, int64_t *ret_weight,
                                     struct slw_detail *detail)
{
    struct counting counting = {.product = product};
    enum slw_status status = slw_database_transact(depot->database, SLW_DATABASE_READ_ONE,
                                                   count_devices, &counting, detail);
    slw_heap_append(text, slw_heap_bytes(&counting.text));
    slw_heap_drop(&counting.text);
    *ret_weight = counting.devices;
    return status;
}

void devices_count(void *context, struct slw_http_exchange *exchange)
{
    depot_serve_remembered(depot_of(context), exchange, DEPOT_REMEMBER_FLEET, count_product);
}

/* --- For who monitors --- */

static enum slw_status count_all(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct counting *counting = context;
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    slw_heap_drop(&counting->text);
    counting->devices = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value value = slw_sql_int(now_us - DEVICES_ONLINE_US);
    /* Names of products and states need no escaping. */
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT 0 AS what, product, state, COUNT(*) FROM devices GROUP BY product, state UNION ALL "
        "SELECT 1, p.name, '', (SELECT COUNT(*) FROM devices d WHERE d.product = p.name AND "
        "d.seen_us > $1) FROM products p UNION ALL SELECT 2, p.name, '', (SELECT COUNT(*) FROM "
        "devices d WHERE d.product = p.name AND d.healthy = 0) FROM products p ORDER BY 1, 2, 3",
        &value, 1, &rows, detail));
    while (slw_rows_next(rows)) {
        static const char *const metrics[] = {"devices", "devices_online", "devices_failing"};
        size_t what = (size_t)slw_rows_int(rows, 0) % 3;
        struct slw_bytes product = slw_rows_bytes(rows, 1);
        struct slw_bytes state = slw_rows_bytes(rows, 2);
        counting->devices += what == 0 ? slw_rows_int(rows, 3) : 0;
        slw_heap_printf(&counting->text, "slipway_depot_%s{product=\"%.*s\"", metrics[what],
                        (int)product.len, (const char *)product.ptr);
        if (what == 0) {
            slw_heap_printf(&counting->text, ",state=\"%.*s\"", (int)state.len,
                            (const char *)state.ptr);
        }
        slw_heap_printf(&counting->text, "} %" PRId64 "\n", slw_rows_int(rows, 3));
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status count_metrics(struct depot *depot, struct slw_bytes product,
                                     struct slw_heap_buffer *text, int64_t *ret_weight,
                                     struct slw_detail *detail)
{
    struct counting counting = {.product = product};
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, count_all, &counting, detail);
    slw_heap_append(text, slw_heap_bytes(&counting.text));
    slw_heap_drop(&counting.text);
    *ret_weight = counting.devices;
    return status;
}

enum slw_status depot_devices_put_metrics(struct depot *depot, struct slw_heap_buffer *text,
                                          struct slw_detail *detail)
{
    return depot_remember(depot, DEPOT_REMEMBER_METRICS, slw_bytes_make("", 0), count_metrics, text,
                          detail);
}
