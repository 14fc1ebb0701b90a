/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports: verified here, by the device's key as its row has it; then they wait for the next batch,
 * which looks at everything that may have changed meanwhile.
 */
#include "parts.h"

#include <stdlib.h>
#include <string.h>

void device_report_free(struct device_report *report)
{
    slw_fleet_opened_free(&report->opened);
    device_row_free(&report->row);
    slw_heap_free(&report->answer);
    free(report);
}

/* DEPOT.md, section 7: "a DSSE envelope … by the device's key". */
static enum slw_status verify(const struct device_row *row, struct slw_bytes body,
                              struct device_report *report, struct slw_detail *detail)
{
    struct slw_public_key key;
    if (row->state != DEVICE_ENROLLED || row->is_restored) {
        return slw_explain(detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
    }
    SLW_TRY(device_row_key(row, &key, detail));
    SLW_TRY(slw_fleet_report_open(body, &key, &report->opened, detail));
    if (!slw_bytes_equal(report->opened.report.product, report->reading.name.product) ||
        !slw_bytes_equal(report->opened.report.device, report->reading.name.id)) {
        return slw_explain(detail, SLW_BAD_STATEMENT, "message: it is of another device");
    }
    return SLW_OK;
}

static enum slw_status open_report(struct device_report *report, enum slw_status status,
                                   struct slw_detail *detail)
{
    if (status == SLW_NOT_FOUND) {
        return slw_explain(detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
    }
    return status != SLW_OK
               ? status
               : verify(&report->row, slw_http_body(report->reading.exchange), report, detail);
}

/* With the device's row, or why there is none. */
static void go_on(struct depot *depot, struct device_reading *reading, enum slw_status status,
                  struct device_row *row, struct slw_detail *detail)
{
    struct device_report *report = (struct device_report *)reading;
    struct slw_http_exchange *exchange = reading->exchange;
    report->row = *row;
    status = open_report(report, status, detail);
    if (status != SLW_OK) {
        device_report_free(report);
        slw_http_refuse(exchange, status, detail);
        return;
    }
    if (!devices_bucket_take(depot->devices->buckets, reading->name.product, reading->name.id,
                             SLW_BYTES_OF("report"))) {
        device_report_free(report);
        devices_refuse_flood(exchange);
        return;
    }
    if (!devices_batch_add(depot->devices->batch, report)) {
        device_report_free(report);
        slw_http_refuse_as(exchange, 503, SLW_UNAVAILABLE, "too many reports wait; come again");
    }
}

void devices_report(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    const struct device_name name = {slw_http_parameter(exchange, 0),
                                     slw_http_parameter(exchange, 1)};
    if (!depot_is_name(name.product, "") || !slw_fleet_device_is_good(name.id)) {
        slw_http_refuse(exchange,
                        slw_explain(&detail, SLW_BAD_NAME, "that can't be a product and a device"),
                        &detail);
        return;
    }
    struct device_report *report = calloc(1, sizeof *report);
    if (report == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    report->reading = (struct device_reading){.exchange = exchange, .name = name, .then = go_on};
    devices_reader_add(depot->devices->reader, &report->reading);
}
