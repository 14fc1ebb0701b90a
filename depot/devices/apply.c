/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one report changes, in the batch's transaction: the device's row, its history, the rollout,
 * consents. A report that isn't taken changes nothing, and is no failure of the transaction.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <string.h>

/* --- Whether it is taken --- */

static enum slw_status check_epoch(const struct device_row *row,
                                   const struct slw_fleet_report *report, struct slw_detail *detail)
{
    if (row->state != DEVICE_ENROLLED || row->is_restored || row->epoch != report->epoch) {
        return slw_explain(detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
    }
    return SLW_OK;
}

/* DEPOT.md, section 7: "the same sequence with the same bytes again is answered as the first time,
 * with others refused (`version-taken`), a lower one is `stale-statement`". */
static enum slw_status check_sequence(const struct device_row *row,
                                      const struct slw_fleet_opened *opened, bool *ret_again,
                                      struct slw_detail *detail)
{
    int64_t sequence = opened->report.sequence;
    *ret_again = false;
    if (sequence > row->sequence) {
        return SLW_OK;
    }
    if (sequence < row->sequence) {
        return slw_explain(detail, SLW_STALE_STATEMENT,
                           "message: its sequence is below that of the last one, %lld",
                           (long long)row->sequence);
    }
    *ret_again =
        row->has_report && memcmp(row->report, opened->payload_sha256, SLW_SHA256_SIZE) == 0;
    return *ret_again ? SLW_OK
                      : slw_explain(detail, SLW_VERSION_TAKEN,
                                    "message: another report had this sequence");
}

/* A success is one that is there. */
static enum slw_status check_sense(const struct slw_fleet_report *report, struct slw_detail *detail)
{
    if (report->result == SLW_FLEET_SUCCESS &&
        (report->version < report->release || report->boot != SLW_FLEET_CONFIRMED)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "message: a success without the release confirmed");
    }
    return SLW_OK;
}

static enum slw_status check(struct depot *depot, const struct device_row *row,
                             const struct slw_fleet_opened *opened, int64_t now_us, bool *ret_again,
                             struct slw_detail *detail)
{
    const struct slw_fleet_report *report = &opened->report;
    SLW_TRY(check_epoch(row, report, detail));
    SLW_TRY(check_sequence(row, opened, ret_again, detail));
    if (*ret_again) {
        return SLW_OK; /* however late it comes */
    }
    SLW_TRY(slw_fleet_nonce_check(depot->secret, report->product, report->device, report->epoch,
                                  now_us / DEVICES_US, report->nonce, detail));
    return check_sense(report, detail);
}

/* --- What it says, as it is kept --- */

static void put_slots(const struct slw_fleet_report *report, struct slw_json *json,
                      const char *name)
{
    slw_json_begin_array(json, name);
    for (size_t i = 0; i < report->slots_count; i++) {
        const struct slw_fleet_slot *slot = &report->slots[i];
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "name", slot->name);
        slw_json_bytes(json, "slot", slot->slot);
        slw_json_int(json, "version", slot->version);
        slw_json_bytes(json, "sha256", slot->sha256);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
}

/* A line of the timeline. */
static void put_data(const struct slw_fleet_report *report, struct slw_heap_buffer *text)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "version", report->version);
    slw_json_int(&json, "root_version", report->root_version);
    slw_json_text(&json, "boot_state", slw_fleet_boot_names[report->boot]);
    slw_json_int(&json, "device_time", report->time_s);
    if (report->kind == SLW_FLEET_PROGRESS) {
        slw_json_int(&json, "progress_percent", report->progress_percent);
    }
    if (report->kind == SLW_FLEET_OUTCOME) {
        slw_json_text(&json, "result", slw_fleet_result_names[report->result]);
    }
    if (report->reason.len > 0) {
        slw_json_bytes(&json, "reason", report->reason);
    }
    if (report->text.len > 0) {
        slw_json_bytes(&json, "detail", report->text);
    }
    if (report->kind == SLW_FLEET_CONSENT) {
        slw_json_bytes(&json, "consent_by", report->consent_by);
        slw_json_bool(&json, "consent_yes", report->consent_yes);
    }
    put_slots(report, &json, "slots");
    slw_json_end_object(&json);
}

static bool is_healthy(const struct device_row *row, const struct slw_fleet_report *report)
{
    if (report->boot == SLW_FLEET_BACK) {
        return false;
    }
    switch (report->result) {
    case SLW_FLEET_SUCCESS:
        return true;
    case SLW_FLEET_REFUSED:
    case SLW_FLEET_FAILED:
    case SLW_FLEET_ROLLED_BACK:
        return false;
    case SLW_FLEET_NONE:
    case SLW_FLEET_DECLINED:
    case SLW_FLEET_RESULTS:
        break;
    }
    return row->is_healthy ||
           (report->boot == SLW_FLEET_CONFIRMED && report->version > row->view.version);
}

static void put_answer(struct depot *depot, const struct device_row *row, int64_t now_us,
                       struct slw_heap_buffer *text)
{
    char nonce[SLW_FLEET_NONCE_SIZE];
    slw_fleet_nonce_make(depot->secret, row->view.product, row->view.id, row->epoch,
                         now_us / DEVICES_US, nonce);
    const struct slw_fleet_answer answer = {.next_s = devices_seen_next_s(depot->devices->seen),
                                            .nonce = slw_text_bytes(nonce),
                                            .wants_log = row->log_wanted};
    slw_fleet_answer_put(&answer, text);
}

/* --- What it changes --- */

/* Only a row that is as row says: ret_written is false when somebody changed it. */
static enum slw_status write_row(struct slw_transaction *transaction, const struct device_row *row,
                                 const struct device_report *report, struct slw_bytes slots,
                                 int64_t now_us, bool *ret_written, struct slw_detail *detail)
{
    int64_t changed = 0;
    const struct slw_fleet_opened *opened = &report->opened;
    const struct slw_fleet_report *said = &opened->report;
    const struct slw_sql_value values[] = {
        slw_sql_text(row->view.product),
        slw_sql_text(row->view.id),
        slw_sql_int(said->sequence),
        slw_sql_blob(slw_bytes_make(opened->payload_sha256, SLW_SHA256_SIZE)),
        slw_sql_text(slw_heap_bytes(&report->answer)),
        slw_sql_int(now_us),
        slw_sql_int(said->version),
        slw_sql_int(said->root_version),
        slw_sql_text(slw_text_bytes(slw_fleet_boot_names[said->boot])),
        slw_sql_text(slots),
        slw_sql_int(is_healthy(row, said) ? 1 : 0),
        slw_sql_int(said->utc_offset_s),
        slw_sql_text(said->attributes.len > 0 ? said->attributes : SLW_BYTES_OF("{}")),
        slw_sql_int(row->epoch),
        slw_sql_int(row->sequence),
    };
    SLW_TRY(slw_sql_run(
        transaction,
        "UPDATE devices SET sequence = $3, report = $4, report_answer = $5, reported_us = $6, "
        "version = $7, root_version = $8, boot_state = $9, slots = $10, healthy = $11, "
        "utc_offset_s = $12, attributes = $13 WHERE product = $1 AND id = $2 AND epoch = $14 AND "
        "sequence = $15 AND state = 'enrolled' AND restores = (SELECT value FROM counters WHERE "
        "name = 'restores')",
        values, 15, &changed, detail));
    *ret_written = changed == 1;
    return SLW_OK;
}

/* "reports that changed something": a state that says what is known is no news. */
static bool is_news(const struct device_row *row, const struct slw_fleet_report *report,
                    struct slw_bytes slots)
{
    return report->kind != SLW_FLEET_STATE || row->view.version != report->version ||
           row->view.root_version != report->root_version ||
           !slw_bytes_equal(row->boot_state, slw_text_bytes(slw_fleet_boot_names[report->boot])) ||
           !slw_bytes_equal(row->slots, slots);
}

static enum slw_status write_history(struct slw_transaction *transaction,
                                     const struct device_row *row,
                                     const struct slw_fleet_report *report, int64_t now_us,
                                     struct slw_detail *detail)
{
    struct slw_heap_buffer data = {0};
    put_data(report, &data);
    if (data.status != SLW_OK) {
        return slw_explain_no_memory(detail);
    }
    const struct slw_sql_value values[] = {
        slw_sql_text(row->view.product),
        slw_sql_text(row->view.id),
        slw_sql_int(report->epoch),
        slw_sql_int(report->sequence),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(slw_fleet_kind_names[report->kind])),
        slw_sql_int(report->release),
        slw_sql_int(report->rollout),
        slw_sql_text(slw_heap_bytes(&data))};
    enum slw_status status = slw_sql_run(
        transaction,
        "INSERT INTO device_history (product, device, epoch, sequence, time_us, kind, release, "
        "rollout, data) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values, 9, NULL, detail);
    slw_heap_free(&data);
    return status;
}

static enum depot_outcome outcome_of(const struct slw_fleet_report *report)
{
    if (report->kind == SLW_FLEET_PROGRESS) {
        return report->progress_percent == 100 || report->boot == SLW_FLEET_TRIAL
                   ? DEPOT_OUTCOME_INSTALLING
                   : DEPOT_OUTCOME_DOWNLOADING;
    }
    if (report->result == SLW_FLEET_SUCCESS) {
        return DEPOT_OUTCOME_SUCCEEDED;
    }
    return report->result == SLW_FLEET_DECLINED ? DEPOT_OUTCOME_DECLINED : DEPOT_OUTCOME_FAILED;
}

static enum slw_status tell_rollout(struct slw_transaction *transaction,
                                    const struct device_row *row,
                                    const struct slw_fleet_report *report, int64_t now_us,
                                    struct slw_detail *detail)
{
    char reason[SLW_FLEET_WORD_MAX + 1];
    if (report->rollout == 0 ||
        (report->kind != SLW_FLEET_PROGRESS && report->kind != SLW_FLEET_OUTCOME)) {
        return SLW_OK;
    }
    (void)snprintf(reason, sizeof reason, "%.*s", (int)report->reason.len,
                   report->reason.len == 0 ? "" : (const char *)report->reason.ptr);
    return depot_rollout_report(transaction, &row->view, report->rollout, report->release,
                                outcome_of(report), reason, now_us, detail);
}

static enum slw_status write_consent(struct slw_transaction *transaction,
                                     const struct device_row *row,
                                     const struct slw_fleet_report *report, int64_t now_us,
                                     struct slw_detail *detail)
{
    if (report->kind != SLW_FLEET_CONSENT) {
        return SLW_OK;
    }
    const struct slw_sql_value values[] = {
        slw_sql_text(row->view.product),
        slw_sql_text(row->view.id),
        slw_sql_int(report->release),
        slw_sql_text(slw_text_bytes(report->consent_yes ? "yes" : "no")),
        slw_sql_text(report->consent_by),
        slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO consents (product, device, device_group, release, decision, "
                       "by_device, who, time_us) VALUES ($1, $2, '', $3, $4, 1, $5, $6)",
                       values, 6, NULL, detail);
}

/* Outcomes, and a boot state that changed, are events; what goes well on its way isn't. */
static enum slw_status tell_watchers(struct slw_transaction *transaction,
                                     const struct device_row *row,
                                     const struct slw_fleet_report *report,
                                     struct slw_detail *detail)
{
    char data[160];
    const char *boot = slw_fleet_boot_names[report->boot];
    if (report->kind != SLW_FLEET_OUTCOME &&
        slw_bytes_equal(row->boot_state, slw_text_bytes(boot))) {
        return SLW_OK;
    }
    (void)snprintf(data, sizeof data,
                   "{\"what\":\"report\",\"version\":%lld,\"boot_state\":\"%s\",\"result\":\"%s\"}",
                   (long long)report->version, boot, slw_fleet_result_names[report->result]);
    return depot_event(transaction, row->view.product, "device", row->view.id, data, detail);
}

static enum slw_status change(struct slw_transaction *transaction, const struct device_row *row,
                              const struct device_report *report, struct slw_bytes slots,
                              int64_t now_us, bool *ret_written, struct slw_detail *detail)
{
    const struct slw_fleet_report *said = &report->opened.report;
    SLW_TRY(write_row(transaction, row, report, slots, now_us, ret_written, detail));
    if (!*ret_written) {
        return SLW_OK;
    }
    if (is_news(row, said, slots)) {
        SLW_TRY(write_history(transaction, row, said, now_us, detail));
    }
    SLW_TRY(tell_rollout(transaction, row, said, now_us, detail));
    SLW_TRY(write_consent(transaction, row, said, now_us, detail));
    return tell_watchers(transaction, row, said, detail);
}

/* ret_done: the report has its verdict. Not when it doesn't go with the row, which may be older
 * than what the database has. */
static enum slw_status apply(struct depot *depot, struct slw_transaction *transaction,
                             const struct device_row *row, struct device_report *report,
                             int64_t now_us, bool *ret_done, struct slw_detail *detail)
{
    bool again = false;
    struct slw_heap_buffer slots = {0};
    struct slw_json json;
    *ret_done = false;
    slw_heap_free(&report->answer);
    report->status = check(depot, row, &report->opened, now_us, &again, &report->detail);
    if (report->status != SLW_OK) {
        return SLW_OK;
    }
    if (again) {
        slw_heap_append(&report->answer, row->answer);
        *ret_done = true;
        return SLW_OK;
    }
    put_answer(depot, row, now_us, &report->answer);
    slw_json_init(&json, &slots);
    put_slots(&report->opened.report, &json, NULL);
    enum slw_status status =
        slots.status == SLW_OK && report->answer.status == SLW_OK
            ? change(transaction, row, report, slw_heap_bytes(&slots), now_us, ret_done, detail)
            : slw_explain_no_memory(detail);
    slw_heap_free(&slots);
    return status;
}

/* First by the row as it was when the report was verified, which is as it is in all but a few
 * cases; in those, and for whatever is refused, by what the database has now. */
enum slw_status device_report_apply(struct depot *depot, struct slw_transaction *transaction,
                                    struct device_report *report, int64_t now_us,
                                    struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    bool done = false;
    SLW_TRY(apply(depot, transaction, &report->row, report, now_us, &done, detail));
    if (done) {
        return SLW_OK;
    }
    enum slw_status status =
        device_row_read(transaction, report->product, report->device, &row, detail);
    if (status == SLW_NOT_FOUND) {
        report->status =
            slw_explain(&report->detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
        return SLW_OK;
    }
    SLW_TRY(status);
    status = apply(depot, transaction, &row, report, now_us, &done, detail);
    device_row_free(&row);
    return status == SLW_OK && report->status == SLW_OK && !done
               ? slw_explain(detail, SLW_IO,
                             "a report wasn't written") /* never answered as taken */
               : status;
}
