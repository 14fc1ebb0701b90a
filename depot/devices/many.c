/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements about many devices at once: one journey to the database, and one plan, for all of
 * them. Statements are prepared by their text, so there are few sizes; what is left of one is
 * filled with rows of empty names, which no device has. Each finds its devices by their key.
 */
#include "parts.h"

#include <pthread.h>

static const size_t sizes[] = {1, 4, 16, 64, DEVICE_MANY_MAX};
#define SIZES (sizeof sizes / sizeof sizes[0])

/* Columns of a row are v.column1, v.column2 …; the first two are product and id. */
static const struct {
    const char *before, *behind;
    size_t columns;
} statements[DEVICE_MANY_KINDS] = {
    /* CROSS JOIN: SQLite is to look each one up, as PostgreSQL finds out by itself. */
    [DEVICE_MANY_READ] = {"SELECT " DEVICE_ROW_COLUMNS ", v.column3 FROM (VALUES ",
                          ") AS v CROSS JOIN devices d WHERE d.product = v.column1 AND d.id = "
                          "v.column2",
                          3},
    [DEVICE_MANY_SEEN] = {"UPDATE devices SET seen_us = v.column3 FROM (VALUES ",
                          ") AS v WHERE devices.product = v.column1 AND devices.id = v.column2 "
                          "AND (devices.seen_us IS NULL OR devices.seen_us < v.column3)",
                          3},
    [DEVICE_MANY_REPORT] =
        {"UPDATE devices SET sequence = v.column3, report = v.column4, report_answer = v.column5, "
         "reported_us = v.column6, version = v.column7, root_version = v.column8, boot_state = "
         "v.column9, slots = v.column10, healthy = v.column11, utc_offset_s = v.column12, "
         "attributes = v.column13 FROM (VALUES ",
         ") AS v WHERE devices.product = v.column1 AND devices.id = v.column2 AND devices.epoch = "
         "v.column14 AND devices.sequence = v.column15 AND devices.state = 'enrolled' AND "
         "devices.restores = (SELECT value FROM counters WHERE name = 'restores') RETURNING "
         "devices.product, devices.id",
         15},
    [DEVICE_MANY_HISTORY] =
        {"INSERT INTO device_history (product, device, epoch, sequence, time_us, kind, release, "
         "rollout, data) SELECT v.column1, v.column2, v.column3, v.column4, v.column5, v.column6, "
         "v.column7, v.column8, v.column9 FROM (VALUES ",
         ") AS v WHERE v.column1 <> ''", 9},
};

static struct slw_heap_buffer texts[DEVICE_MANY_KINDS][SIZES]; /* as long as the process lives */
static pthread_once_t written = PTHREAD_ONCE_INIT;

static void write_text(struct slw_heap_buffer *text, size_t kind, size_t rows)
{
    size_t number = 1;
    slw_heap_append_text(text, statements[kind].before);
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < statements[kind].columns; j++) {
            slw_heap_printf(text, "%s$%zu", j > 0 ? ", " : i > 0 ? "), (" : "(", number++);
        }
    }
    slw_heap_append_text(text, ")");
    slw_heap_append_text(text, statements[kind].behind);
}

static void write_texts(void)
{
    for (size_t kind = 0; kind < DEVICE_MANY_KINDS; kind++) {
        for (size_t i = 0; i < SIZES; i++) {
            write_text(&texts[kind][i], kind, sizes[i]);
        }
    }
}

enum slw_status device_many_sql(enum device_many kind, size_t count, const char **ret_sql,
                                size_t *ret_values, struct slw_detail *detail)
{
    size_t size = 0;
    (void)pthread_once(&written, write_texts);
    while (sizes[size] < count) {
        size++;
    }
    if (texts[kind][size].status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    *ret_sql = slw_heap_text(&texts[kind][size]);
    *ret_values = sizes[size] * statements[kind].columns;
    return SLW_OK;
}

void device_many_fill(enum device_many kind, size_t count, size_t values_count,
                      struct slw_sql_value *values)
{
    size_t columns = statements[kind].columns;
    for (size_t i = count * columns; i < values_count; i++) {
        /* Of the types that the first row has. */
        values[i] = values[i % columns];
        values[i] =
            values[i].kind == SLW_SQL_TEXT ? slw_sql_text(slw_bytes_make("", 0)) : values[i];
    }
}
