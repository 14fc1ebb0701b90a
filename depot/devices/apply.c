/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reports change, in the batch's transaction: the devices' rows and history, by one statement
 * each for all of them; rollouts and consents. A report that isn't taken changes nothing, and is no
 * failure of the transaction.
 */
#include "parts.h"

#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>
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

/* A report on its way. */
struct item {
    struct device_report *report;
    const struct device_row *row;       /* that it is held against */
    struct slw_heap_buffer slots, data; /* data: of its line in the timeline; empty: none */
    bool is_ready;                      /* to be written */
    bool is_written;
    bool is_done; /* it has its verdict */
};

struct writing {
    struct depot *depot;
    struct slw_transaction *transaction;
    int64_t now_us;
    struct item items[DEVICE_MANY_MAX];
    struct slw_sql_value values[DEVICE_MANY_MAX * DEVICE_MANY_COLUMNS_MAX];
};

static void put_row(const struct item *item, int64_t now_us, struct slw_sql_value *ret_values)
{
    const struct device_row *row = item->row;
    const struct slw_fleet_opened *opened = &item->report->opened;
    const struct slw_fleet_report *said = &opened->report;
    const struct slw_sql_value values[] = {
        slw_sql_text(row->view.product),
        slw_sql_text(row->view.id),
        slw_sql_int(said->sequence),
        slw_sql_blob(slw_bytes_make(opened->payload_sha256, SLW_SHA256_SIZE)),
        slw_sql_text(slw_heap_bytes(&item->report->answer)),
        slw_sql_int(now_us),
        slw_sql_int(said->version),
        slw_sql_int(said->root_version),
        slw_sql_text(slw_text_bytes(slw_fleet_boot_names[said->boot])),
        slw_sql_text(slw_heap_bytes(&item->slots)),
        slw_sql_int(is_healthy(row, said) ? 1 : 0),
        slw_sql_int(said->utc_offset_s),
        slw_sql_text(said->attributes.len > 0 ? said->attributes : SLW_BYTES_OF("{}")),
        slw_sql_int(row->epoch),
        slw_sql_int(row->sequence),
    };
    memcpy(ret_values, values, sizeof values);
}

/* The item of the device that a row names: they come in about the order in which they were asked
 * for. */
static void note_written(struct item *items, size_t count, const struct slw_rows *rows,
                         size_t *place)
{
    for (size_t i = 0; i < count; i++, *place = (*place + 1) % count) {
        struct item *item = &items[*place];
        if (item->is_ready && !item->is_written &&
            slw_bytes_equal(item->row->view.id, slw_rows_bytes(rows, 1)) &&
            slw_bytes_equal(item->row->view.product, slw_rows_bytes(rows, 0))) {
            item->is_written = true;
            return;
        }
    }
}

/* Only rows that are as they were: is_written stays false where somebody changed one. */
static enum slw_status write_rows(struct writing *writing, struct item *items, size_t count,
                                  struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    const char *sql = NULL;
    size_t values_count = 0;
    size_t ready = 0;
    size_t place = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].is_ready) {
            put_row(&items[i], writing->now_us,
                    &writing->values[DEVICE_MANY_COLUMNS_MAX * ready++]);
        }
    }
    if (ready == 0) {
        return SLW_OK;
    }
    SLW_TRY(device_many_sql(DEVICE_MANY_REPORT, ready, &sql, &values_count, detail));
    device_many_fill(DEVICE_MANY_REPORT, ready, values_count, writing->values);
    SLW_TRY(slw_sql_query(writing->transaction, sql, writing->values, values_count, &rows, detail));
    while (slw_rows_next(rows)) {
        note_written(items, count, rows, &place);
    }
    return slw_rows_close(rows, detail);
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

static enum slw_status write_history(struct writing *writing, const struct item *items,
                                     size_t count, struct slw_detail *detail)
{
    const char *sql = NULL;
    size_t values_count = 0;
    size_t lines = 0;
    for (size_t i = 0; i < count; i++) {
        const struct slw_fleet_report *report = &items[i].report->opened.report;
        if (!items[i].is_written || items[i].data.len == 0) {
            continue;
        }
        const struct slw_sql_value values[] = {
            slw_sql_text(items[i].row->view.product),
            slw_sql_text(items[i].row->view.id),
            slw_sql_int(report->epoch),
            slw_sql_int(report->sequence),
            slw_sql_int(writing->now_us),
            slw_sql_text(slw_text_bytes(slw_fleet_kind_names[report->kind])),
            slw_sql_int(report->release),
            slw_sql_int(report->rollout),
            slw_sql_text(slw_heap_bytes(&items[i].data))};
        memcpy(&writing->values[lines * (sizeof values / sizeof values[0])], values, sizeof values);
        lines++;
    }
    if (lines == 0) {
        return SLW_OK;
    }
    SLW_TRY(device_many_sql(DEVICE_MANY_HISTORY, lines, &sql, &values_count, detail));
    device_many_fill(DEVICE_MANY_HISTORY, lines, values_count, writing->values);
    return slw_sql_run(writing->transaction, sql, writing->values, values_count, NULL, detail);
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

static enum slw_status tell(const struct writing *writing, const struct item *item,
                            struct slw_detail *detail)
{
    struct slw_transaction *transaction = writing->transaction;
    const struct slw_fleet_report *said = &item->report->opened.report;
    SLW_TRY(tell_rollout(transaction, item->row, said, writing->now_us, detail));
    SLW_TRY(write_consent(transaction, item->row, said, writing->now_us, detail));
    return tell_watchers(transaction, item->row, said, detail);
}

/* What is ready among these, of which no two are of one device. */
static enum slw_status change(struct writing *writing, struct item *items, size_t count,
                              struct slw_detail *detail)
{
    SLW_TRY(write_rows(writing, items, count, detail));
    SLW_TRY(write_history(writing, items, count, detail));
    for (size_t i = 0; i < count; i++) {
        if (items[i].is_written) {
            SLW_TRY(tell(writing, &items[i], detail));
            items[i].is_done = true;
        }
    }
    return SLW_OK;
}

static void forget(struct item *item)
{
    slw_heap_free(&item->slots);
    slw_heap_free(&item->data);
    item->is_ready = false;
}

/* Whether it is taken, if the row is as item has it, and what is to be written then. Not done: it
 * doesn't go with that row, which may be older than what the database has. */
static enum slw_status prepare(const struct writing *writing, struct item *item,
                               struct slw_detail *detail)
{
    bool again = false;
    struct slw_json json;
    struct device_report *report = item->report;
    const struct slw_fleet_report *said = &report->opened.report;
    slw_heap_free(&report->answer); /* of a run that others got in the way of */
    report->status =
        check(writing->depot, item->row, &report->opened, writing->now_us, &again, &report->detail);
    if (report->status != SLW_OK) {
        return SLW_OK;
    }
    if (again) {
        slw_heap_append(&report->answer, item->row->answer);
        item->is_done = true;
        return SLW_OK;
    }
    put_answer(writing->depot, item->row, writing->now_us, &report->answer);
    slw_json_init(&json, &item->slots);
    put_slots(said, &json, NULL);
    if (is_news(item->row, said, slw_heap_bytes(&item->slots))) {
        put_data(said, &item->data);
    }
    item->is_ready = item->slots.status == SLW_OK && item->data.status == SLW_OK &&
                     report->answer.status == SLW_OK;
    return item->is_ready ? SLW_OK : slw_explain_no_memory(detail);
}

/* By what the database has now: of all that was refused, and that wasn't written. */
static enum slw_status look_again(struct writing *writing, struct item *item,
                                  struct slw_detail *detail)
{
    struct device_row row = {.epoch = 0};
    struct device_report *report = item->report;
    enum slw_status status = device_row_read(writing->transaction, report->reading.name.product,
                                             report->reading.name.id, &row, detail);
    if (status == SLW_NOT_FOUND) {
        report->status =
            slw_explain(&report->detail, SLW_EPOCH_OVER, "this enrolment isn't known; enrol again");
        return SLW_OK;
    }
    SLW_TRY(status);
    forget(item);
    item->row = &row;
    status = prepare(writing, item, detail);
    if (status == SLW_OK && item->is_ready) {
        status = change(writing, item, 1, detail);
    }
    forget(item);
    item->row = NULL;
    device_row_free(&row);
    return status == SLW_OK && report->status == SLW_OK && !item->is_done
               ? slw_explain(detail, SLW_IO,
                             "a report wasn't written") /* never answered as taken */
               : status;
}

/* Whether another one of the same device stands before it. */
static bool is_behind_another(const struct item *items, size_t place)
{
    const struct device_name *name = &items[place].report->reading.name;
    for (size_t i = 0; i < place; i++) {
        const struct device_name *other = &items[i].report->reading.name;
        if (slw_bytes_equal(other->id, name->id) &&
            slw_bytes_equal(other->product, name->product)) {
            return true;
        }
    }
    return false;
}

static enum slw_status apply(struct writing *writing, size_t count, struct slw_detail *detail)
{
    struct item *items = writing->items;
    for (size_t i = 0; i < count; i++) {
        if (!is_behind_another(items, i)) {
            SLW_TRY(prepare(writing, &items[i], detail));
        }
    }
    SLW_TRY(change(writing, items, count, detail));
    for (size_t i = 0; i < count; i++) {
        if (!items[i].is_done) {
            SLW_TRY(look_again(writing, &items[i], detail));
        }
    }
    return SLW_OK;
}

/* First by the rows as they were when the reports were verified, which is as they are in all but a
 * few cases. */
enum slw_status device_reports_apply(struct depot *depot, struct slw_transaction *transaction,
                                     struct device_report *const *reports, size_t count,
                                     int64_t now_us, struct slw_detail *detail)
{
    struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL || count > DEVICE_MANY_MAX) {
        free(writing);
        return slw_explain_no_memory(detail);
    }
    writing->depot = depot;
    writing->transaction = transaction;
    writing->now_us = now_us;
    for (size_t i = 0; i < count; i++) {
        writing->items[i] = (struct item){.report = reports[i], .row = &reports[i]->row};
    }
    enum slw_status status = apply(writing, count, detail);
    for (size_t i = 0; i < count; i++) {
        forget(&writing->items[i]);
    }
    free(writing);
    return status;
}
