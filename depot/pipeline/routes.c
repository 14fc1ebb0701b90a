/* SPDX-License-Identifier: Apache-2.0 */
/* What people and programs do with pipelines and with builds in them. */
#include "part.h"

#include "slipway/text.h"

#include <stdio.h>

#define REASON_MAX 500u

/* --- The pipeline itself --- */

static enum slw_status get(struct depot_call *call, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_http_parameter(call->exchange, 0));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT version, document, made_us, made_by FROM pipelines WHERE product "
                          "= $1 ORDER BY version DESC LIMIT 1",
                          &value, 1, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        slw_json_init(&json, &call->text);
        slw_json_begin_object(&json, NULL);
        slw_json_int(&json, "version", slw_rows_int(rows, 0));
        slw_json_text(&json, "made", depot_time_format(slw_rows_int(rows, 2), time));
        slw_json_bytes(&json, "made_by", slw_rows_bytes(rows, 3));
        slw_json_embed(&json, "pipeline", slw_rows_bytes(rows, 1));
        slw_json_end_object(&json);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "the product has no pipeline yet");
}

void pipeline_get(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, get, NULL);
}

static enum slw_status put(struct depot_call *call, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    int64_t version = 0;
    int64_t now_us = 0;
    char text[64];
    SLW_TRY(pipeline_document_check(&call->body, call->depot->settings, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(product), slw_sql_text(slw_json_raw(&call->body, SLW_JSON_TOP)),
        slw_sql_int(now_us), slw_sql_text(slw_text_bytes(call->caller->name))};
    SLW_TRY(slw_sql_number(
        transaction,
        "INSERT INTO pipelines (product, version, document, made_us, made_by) SELECT $1, "
        "COALESCE(MAX(version), 0) + 1, $2, $3, $4 FROM pipelines WHERE product = $1 RETURNING "
        "version",
        values, 4, &version, detail));
    (void)snprintf(text, sizeof text, "{\"version\":%lld}", (long long)version);
    SLW_TRY(depot_audit(transaction, call->caller->name, "pipeline.set", product, product, text,
                        detail));
    return get(call, transaction, detail);
}

void pipeline_put(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, put, NULL);
}

/* --- A build in it --- */

static enum slw_status put_stages(struct slw_json *json, struct slw_transaction *transaction,
                                  struct slw_bytes build, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(build);
    struct slw_rows *rows = NULL;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT stage, entered_us FROM stage_entries WHERE build = $1 ORDER BY "
                          "stage",
                          &value, 1, &rows, detail));
    slw_json_begin_array(json, "stages");
    while (slw_rows_next(rows)) {
        int64_t stage = slw_rows_int(rows, 0);
        if (stage >= 1 && stage <= (int64_t)PIPELINE_STAGES) {
            slw_json_begin_object(json, NULL);
            slw_json_text(json, "stage", pipeline_stage_names[stage - 1]);
            slw_json_text(json, "entered", depot_time_format(slw_rows_int(rows, 1), time));
            slw_json_end_object(json);
        }
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status put_approvals(struct slw_json *json, struct slw_transaction *transaction,
                                     struct slw_bytes build, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(build);
    struct slw_rows *rows = NULL;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT stage, person, made_us, comment FROM approvals WHERE build = $1 "
                          "ORDER BY made_us, person",
                          &value, 1, &rows, detail));
    slw_json_begin_array(json, "approvals");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "stage", slw_rows_bytes(rows, 0));
        slw_json_bytes(json, "person", slw_rows_bytes(rows, 1));
        slw_json_text(json, "time", depot_time_format(slw_rows_int(rows, 2), time));
        slw_json_bytes(json, "comment", slw_rows_bytes(rows, 3));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

static enum slw_status put_seen(struct slw_json *json, struct slw_transaction *transaction,
                                const struct qualification *qualification,
                                struct slw_detail *detail)
{
    struct gates_seen seen = {.stage = 0};
    enum slw_status status = SLW_OK;
    if (qualification->is_open) {
        status = pipeline_look(transaction, qualification, &seen, detail);
    }
    if (status == SLW_OK && seen.report.len > 0) {
        slw_json_embed(json, "next", slw_heap_bytes(&seen.report));
    }
    pipeline_seen_free(&seen);
    return status;
}

static enum slw_status show_build(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct slw_bytes build = slw_http_parameter(call->exchange, 1);
    struct qualification qualification;
    struct slw_json json;
    SLW_TRY(pipeline_read(transaction, slw_http_parameter(call->exchange, 0), build, &qualification,
                          detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "build", build);
    slw_json_text(&json, "state", qualification.state);
    slw_json_text(&json, "kind", qualification.kind);
    slw_json_int(&json, "pipeline", qualification.pipeline);
    slw_json_embed(&json, "changes", slw_heap_bytes(&qualification.changes));
    slw_json_bytes(&json, "reason", slw_heap_bytes(&qualification.reason));
    enum slw_status status = put_stages(&json, transaction, build, detail);
    if (status == SLW_OK) {
        status = put_approvals(&json, transaction, build, detail);
    }
    if (status == SLW_OK) {
        status = put_seen(&json, transaction, &qualification, detail);
    }
    slw_json_end_object(&json);
    pipeline_free(&qualification);
    return status;
}

void pipeline_show_build(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show_build, NULL);
}

/* --- Decisions about it --- */

typedef enum slw_status decision(struct depot_call *call, struct slw_transaction *transaction,
                                 const struct qualification *qualification,
                                 struct slw_detail *detail);

static enum slw_status decide(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    decision *const *chosen = call->more;
    struct qualification qualification;
    SLW_TRY(pipeline_read(transaction, slw_http_parameter(call->exchange, 0),
                          slw_http_parameter(call->exchange, 1), &qualification, detail));
    enum slw_status status = (*chosen)(call, transaction, &qualification, detail);
    pipeline_free(&qualification);
    return status == SLW_OK ? show_build(call, transaction, detail) : status;
}

static void serve(void *context, struct slw_http_exchange *exchange, decision *chosen)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, decide, &chosen);
}

static enum slw_status approve(struct depot_call *call, struct slw_transaction *transaction,
                               const struct qualification *qualification, struct slw_detail *detail)
{
    struct slw_bytes stage;
    struct slw_bytes comment = SLW_BYTES_OF("");
    int64_t now_us = 0;
    int64_t made = 0;
    int64_t people = 0;
    const struct depot_caller *caller = call->caller;
    SLW_TRY(depot_read_text(call, "stage", DEPOT_NAME_MAX, &stage, detail));
    if (pipeline_member(&call->body, SLW_JSON_TOP, "comment") != SLW_JSON_NONE) {
        SLW_TRY(depot_read_text(call, "comment", REASON_MAX, &comment, detail));
    }
    int64_t number = pipeline_stage_number(stage);
    if (number == 0 || pipeline_stage(&qualification->json, number) == SLW_JSON_NONE) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: stage isn't one of this pipeline");
    }
    if (!qualification->is_open || number <= qualification->furthest) {
        return slw_explain(detail, SLW_WRONG_STATE, "the build isn't on its way to that stage");
    }
    const struct slw_sql_value who = slw_sql_text(slw_text_bytes(caller->person));
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM people WHERE name = $1 AND is_machine = 0", &who,
                           1, &people, detail));
    if (people == 0) {
        return slw_explain(detail, SLW_NOT_PERMITTED, "approvals are people's");
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(qualification->build),         slw_sql_text(stage), who,
        slw_sql_text(slw_text_bytes(caller->name)), slw_sql_int(now_us), slw_sql_text(comment)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO approvals (build, stage, person, made_by, made_us, comment) "
                        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (build, stage, person) DO "
                        "NOTHING",
                        values, 6, &made, detail));
    if (made == 0) {
        return SLW_OK;
    }
    char text[96];
    (void)snprintf(text, sizeof text, "{\"stage\":\"%s\"}", pipeline_stage_names[number - 1]);
    SLW_TRY(depot_audit(transaction, caller->name, "build.approve", qualification->product,
                        qualification->build, text, detail));
    return depot_event(transaction, qualification->product, "approval", qualification->build, text,
                       detail);
}

void pipeline_approve(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, approve);
}

static enum slw_status check_kind(const struct depot_call *call,
                                  const struct qualification *qualification, struct slw_bytes kind,
                                  uint32_t changes, struct slw_detail *detail)
{
    bool is_patch = slw_bytes_equal(kind, SLW_BYTES_OF("patch"));
    bool is_emergency = slw_bytes_equal(kind, SLW_BYTES_OF("emergency"));
    if (!is_patch && !is_emergency && !slw_bytes_equal(kind, SLW_BYTES_OF("feature"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: kind must be feature, patch or emergency");
    }
    if (is_emergency &&
        pipeline_member(&qualification->json, SLW_JSON_TOP, "emergency") == SLW_JSON_NONE) {
        return slw_explain(detail, SLW_WRONG_STATE,
                           "the pipeline doesn't say who lets emergencies through");
    }
    if (!qualification->is_open || qualification->furthest + 1 > (int64_t)PIPELINE_STAGES) {
        return slw_explain(detail, SLW_WRONG_STATE, "the build isn't on its way any more");
    }
    if (changes != SLW_JSON_NONE) {
        return pipeline_changes_check(&call->body, changes, is_patch, detail);
    }
    return is_patch
               ? slw_explain(detail, SLW_BAD_ARGUMENT, "body: a patch wants changes: what it mends")
               : SLW_OK;
}

static enum slw_status set_kind(struct depot_call *call, struct slw_transaction *transaction,
                                const struct qualification *qualification,
                                struct slw_detail *detail)
{
    struct slw_bytes kind;
    uint32_t changes = pipeline_member(&call->body, SLW_JSON_TOP, "changes");
    char text[96];
    SLW_TRY(depot_read_text(call, "kind", DEPOT_NAME_MAX, &kind, detail));
    SLW_TRY(check_kind(call, qualification, kind, changes, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(qualification->build), slw_sql_text(kind),
        slw_sql_text(changes == SLW_JSON_NONE ? slw_heap_bytes(&qualification->changes)
                                              : slw_json_raw(&call->body, changes))};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET kind = $2, changes = $3 WHERE build = $1",
                        values, 3, NULL, detail));
    (void)snprintf(text, sizeof text, "{\"kind\":\"%.*s\"}", (int)kind.len, (const char *)kind.ptr);
    SLW_TRY(depot_audit(transaction, call->caller->name, "build.kind", qualification->product,
                        qualification->build, text, detail));
    return depot_event(transaction, qualification->product, "build", qualification->build, text,
                       detail);
}

void pipeline_set_kind(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, set_kind);
}

/* All releases of the build; "refused" ones make room for another request. */
static enum slw_status withdraw_releases(struct depot_call *call,
                                         struct slw_transaction *transaction,
                                         const struct qualification *qualification,
                                         bool refused_only, struct slw_bytes reason,
                                         struct slw_detail *detail)
{
    int64_t versions[64];
    size_t count = 0;
    struct slw_rows *rows = NULL;
    const struct slw_sql_value values[] = {slw_sql_text(qualification->product),
                                           slw_sql_text(qualification->build),
                                           slw_sql_int(refused_only ? 1 : 0)};
    SLW_TRY(
        slw_sql_query(transaction,
                      "SELECT version FROM releases WHERE product = $1 AND build = $2 AND state "
                      "<> 'withdrawn' AND ($3 = 0 OR state = 'refused') ORDER BY version DESC",
                      values, 3, &rows, detail));
    while (count < sizeof versions / sizeof versions[0] && slw_rows_next(rows)) {
        versions[count++] = slw_rows_int(rows, 0);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    for (size_t i = 0; i < count; i++) {
        SLW_TRY(depot_release_withdraw(transaction, qualification->product, versions[i],
                                       call->caller->name, reason, detail));
    }
    return SLW_OK;
}

static enum slw_status retry(struct depot_call *call, struct slw_transaction *transaction,
                             const struct qualification *qualification, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(qualification->build);
    int64_t furthest = qualification->furthest;
    if (strcmp(qualification->state, "failed") != 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "the build hasn't failed");
    }
    if (qualification->is_gone) {
        return slw_explain(detail, SLW_WRONG_STATE, "the build's files went by retention");
    }
    SLW_TRY(withdraw_releases(call, transaction, qualification, true,
                              SLW_BYTES_OF("asked for again"), detail));
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET is_open = 1, reason = '' WHERE build = $1",
                        &value, 1, NULL, detail));
    return pipeline_set_state(transaction, qualification->product, qualification->build,
                              furthest >= 1 && furthest <= (int64_t)PIPELINE_STAGES
                                  ? pipeline_stage_names[furthest - 1]
                                  : "new",
                              call->caller->name, SLW_BYTES_OF("tried again"), detail);
}

void pipeline_retry(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, retry);
}

static enum slw_status withdraw(struct depot_call *call, struct slw_transaction *transaction,
                                const struct qualification *qualification,
                                struct slw_detail *detail)
{
    struct slw_bytes reason;
    SLW_TRY(depot_read_text(call, "reason", REASON_MAX, &reason, detail));
    if (strcmp(qualification->state, "withdrawn") == 0) {
        return SLW_OK;
    }
    const struct slw_sql_value values[] = {slw_sql_text(qualification->build),
                                           slw_sql_text(reason)};
    SLW_TRY(withdraw_releases(call, transaction, qualification, false, reason, detail));
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET is_open = 0, reason = $2 WHERE build = $1",
                        values, 2, NULL, detail));
    SLW_TRY(depot_jobs_cancel_of_build(transaction, qualification->product, qualification->build,
                                       call->caller->name, detail));
    return pipeline_set_state(transaction, qualification->product, qualification->build,
                              "withdrawn", call->caller->name, reason, detail);
}

void pipeline_withdraw(void *context, struct slw_http_exchange *exchange)
{
    serve(context, exchange, withdraw);
}
