/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the depot does in numbers, in Prometheus' text format, for who may see all products: a
 * monitoring system has an API token of a viewer in "*". What replicas share comes from the
 * database, and is the same from each of them.
 */
#include "routes.h"

#include "devices/devices.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static void head(struct slw_heap_buffer *text, const char *name, const char *type, const char *help)
{
    slw_heap_printf(text, "# HELP slipway_depot_%s %s\n# TYPE slipway_depot_%s %s\n", name, help,
                    name, type);
}

static void put_one(struct slw_heap_buffer *text, const char *name, const char *type,
                    const char *help, uint64_t value)
{
    head(text, name, type, help);
    slw_heap_printf(text, "slipway_depot_%s %" PRIu64 "\n", name, value);
}

static void put_answers(struct slw_heap_buffer *text, const struct slw_http_counts *counts)
{
    head(text, "http_answers_total", "counter", "Answers, by the first digit of their status.");
    for (unsigned i = 1; i < 6; i++) {
        slw_heap_printf(text, "slipway_depot_http_answers_total{status=\"%uxx\"} %" PRIu64 "\n", i,
                        counts->answers[i]);
    }
    put_one(text, "http_abandoned_total", "counter",
            "Requests whose client went away before it was answered.", counts->answers[0]);
}

static void put_times(struct slw_heap_buffer *text, const struct slw_http_counts *counts)
{
    uint64_t sum = 0;
    head(text, "http_seconds", "histogram", "Time from a request's first line to its answer.");
    for (unsigned i = 0; i < SLW_HTTP_TIMES; i++) {
        sum += counts->times[i];
        if (slw_http_times_us[i] == UINT64_MAX) {
            slw_heap_printf(text, "slipway_depot_http_seconds_bucket{le=\"+Inf\"} %" PRIu64 "\n",
                            sum);
        } else {
            slw_heap_printf(text, "slipway_depot_http_seconds_bucket{le=\"%g\"} %" PRIu64 "\n",
                            (double)slw_http_times_us[i] / 1e6, sum);
        }
    }
    slw_heap_printf(
        text, "slipway_depot_http_seconds_sum %.6f\nslipway_depot_http_seconds_count %" PRIu64 "\n",
        (double)counts->taken_us / 1e6, sum);
}

static void put_server(struct slw_heap_buffer *text, const struct slw_http_server *server)
{
    struct slw_http_counts counts;
    slw_http_server_count(server, &counts);
    put_answers(text, &counts);
    put_times(text, &counts);
    put_one(text, "http_connections", "gauge", "Open connections.", counts.connections);
    put_one(text, "http_connections_total", "counter", "Connections that were made.",
            counts.accepted);
    put_one(text, "http_evicted_total", "counter", "Idle connections that made room for others.",
            counts.evicted);
    put_one(text, "http_slow_total", "counter", "Connections that were cut for being slow.",
            counts.cut);
    put_one(text, "http_busy", "gauge", "Requests that are being answered, streams among them.",
            counts.busy);
    put_one(text, "http_streams", "gauge", "Streams of events.", counts.streams);
    put_one(text, "http_body_bytes", "gauge", "Bodies of requests in memory.", counts.body_bytes);
}

static void put_label(struct slw_heap_buffer *text, const char *name, struct slw_bytes value)
{
    slw_heap_printf(text, "%s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '\\' || value.ptr[i] == '"') {
            slw_heap_append_text(text, "\\");
        }
        slw_heap_append(text, value.ptr[i] == '\n' ? SLW_BYTES_OF("\\n")
                                                   : slw_bytes_make(value.ptr + i, 1));
    }
    slw_heap_append_text(text, "\"");
}

/* Rows of product, state, number; none where sql has no rows. */
static enum slw_status put_states(struct slw_heap_buffer *text, struct slw_transaction *transaction,
                                  const char *name, const char *label, const char *help,
                                  const char *sql, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, sql, NULL, 0, &rows, detail));
    head(text, name, "gauge", help);
    while (slw_rows_next(rows)) {
        slw_heap_printf(text, "slipway_depot_%s{", name);
        put_label(text, "product", slw_rows_bytes(rows, 0));
        slw_heap_append_text(text, ",");
        put_label(text, label, slw_rows_bytes(rows, 1));
        slw_heap_printf(text, "} %" PRId64 "\n", slw_rows_int(rows, 2));
    }
    return slw_rows_close(rows, detail);
}

/* Outcomes of rollouts that go on, or were stopped and wait for somebody. */
#define OUTCOMES(column)                                                                           \
    "SELECT r.product, '" column "', SUM(p." column ") FROM rollouts r JOIN rollout_phases p ON "  \
    "p.rollout = r.id WHERE r.state IN ('running', 'paused', 'halted') GROUP BY r.product"

static const struct {
    const char *name, *label, *help, *sql;
} states[] = {
    {"builds", "state", "Builds by state.",
     "SELECT product, state, COUNT(*) FROM builds GROUP BY product, state ORDER BY product, state"},
    {"releases", "state", "Releases by state.",
     "SELECT product, state, COUNT(*) FROM releases GROUP BY product, state ORDER BY product, "
     "state"},
    {"jobs", "state", "Jobs by state.",
     "SELECT product, state, COUNT(*) FROM jobs GROUP BY product, state ORDER BY product, state"},
    {"rollouts", "state", "Rollouts by state.",
     "SELECT product, state, COUNT(*) FROM rollouts GROUP BY product, state ORDER BY product, "
     "state"},
    {"rollout_outcomes", "outcome", "Devices in rollouts that go on or wait, by outcome.",
     OUTCOMES("succeeded") " UNION ALL " OUTCOMES("failed") " UNION ALL " OUTCOMES(
         "silent") " UNION ALL " OUTCOMES("declined")},
};

struct metrics {
    const struct slw_http_server *server;
    const struct slw_heap_buffer *devices; /* samples */
    struct slw_heap_buffer text;
};

/* The lines of the samples that begin so. */
static void put_samples(struct slw_heap_buffer *text, struct slw_bytes samples, const char *name,
                        const char *help)
{
    char begin[64];
    size_t len = (size_t)snprintf(begin, sizeof begin, "slipway_depot_%s{", name);
    head(text, name, "gauge", help);
    while (samples.len > 0) {
        const uint8_t *end = memchr(samples.ptr, '\n', samples.len);
        size_t line = end == NULL ? samples.len : (size_t)(end - samples.ptr) + 1;
        if (line > len && memcmp(samples.ptr, begin, len) == 0) {
            slw_heap_append(text, slw_bytes_make(samples.ptr, line));
        }
        samples = slw_bytes_make(samples.ptr + line, samples.len - line);
    }
}

static void put_devices(struct slw_heap_buffer *text, struct slw_bytes samples)
{
    put_samples(text, samples, "devices", "Devices by state.");
    put_samples(text, samples, "devices_online", "Devices that checked in within 15 minutes.");
    put_samples(text, samples, "devices_failing",
                "Devices whose last outcome was a failure, or that rolled back.");
}

/* May be run again: it begins with nothing. */
static enum slw_status show(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct metrics *metrics = context;
    struct slw_heap_buffer *text = &metrics->text;
    int64_t events = 0;
    int64_t audit = 0;
    slw_heap_drop(text);
    put_one(text, "up", "gauge", "1.", 1);
    put_server(text, metrics->server);
    put_devices(text, slw_heap_bytes(metrics->devices));
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        SLW_TRY(put_states(text, transaction, states[i].name, states[i].label, states[i].help,
                           states[i].sql, detail));
    }
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'events'", NULL, 0,
                           &events, detail));
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'audit'", NULL, 0,
                           &audit, detail));
    put_one(text, "events_total", "counter", "Events, of all replicas.", (uint64_t)events);
    put_one(text, "audit_entries_total", "counter", "Entries of the audit trail.", (uint64_t)audit);
    return text->status;
}

void web_show_metrics(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    struct slw_heap_buffer devices = {0};
    struct metrics metrics = {.server = slw_http_server_of(exchange), .devices = &devices};
    enum slw_status status = depot_devices_put_metrics(depot, &devices, &detail);
    if (status == SLW_OK) {
        status = slw_database_transact(depot->database, SLW_DATABASE_READ, show, &metrics, &detail);
    }
    slw_heap_drop(&devices);
    if (status != SLW_OK) {
        slw_heap_free(&metrics.text);
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    slw_http_answer_bytes(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", &metrics.text);
}
