/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an emergency could go out tonight, and rehearsing it. A drill is a release of its own,
 * signed by the production key and published for the channel `drill`, which no device is in and
 * rollouts don't offer: from the request over the approvers at the signing service to metadata that
 * a client has found. The times of its steps are kept.
 */
#include "part.h"

#include <stdio.h>

#define US INT64_C(1000000)
#define DAY_US (INT64_C(86400) * US)
#define DRILL_DAYS 90

/* --- The drill --- */

static enum slw_status withdraw_former(struct depot_call *call, struct slw_transaction *transaction,
                                       struct slw_bytes product, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(product);
    int64_t version = 0;
    int64_t running = 0;
    SLW_TRY(
        slw_sql_number(transaction,
                       "SELECT COUNT(*) FROM releases WHERE product = $1 AND kind = 'drill' AND "
                       "state IN ('prepared', 'signing', 'signed', 'publishing')",
                       &value, 1, &running, detail));
    if (running > 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "a drill is under way");
    }
    enum slw_status status = slw_sql_number(
        transaction,
        "SELECT version FROM releases WHERE product = $1 AND kind = 'drill' AND state "
        "IN ('published', 'refused') ORDER BY version DESC LIMIT 1",
        &value, 1, &version, &(struct slw_detail){""});
    if (status == SLW_NOT_FOUND) {
        return SLW_OK;
    }
    SLW_TRY(status);
    return depot_release_withdraw(transaction, product, version, call->caller->name,
                                  SLW_BYTES_OF("a new drill"), detail);
}

static enum slw_status start_drill(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct qualification *qualification,
                                   struct slw_detail *detail)
{
    const struct slw_json_document *json = &qualification->json;
    struct depot_release_stand stand;
    struct slw_json answer;
    int64_t last = 0;
    for (int64_t next = pipeline_next_stage(json, 0); next > 0;
         next = pipeline_next_stage(json, next)) {
        last = next;
    }
    const struct depot_release_wish wish = {
        .product = qualification->product,
        .build = qualification->build,
        .stage = SLW_BYTES_OF("drill"),
        .channel = SLW_BYTES_OF("drill"),
        .key_name = slw_json_string(json, pipeline_member(json, pipeline_stage(json, last), "key")),
        .kind = SLW_BYTES_OF("drill"),
        .changes = SLW_BYTES_OF("[]"),
        .key_class = "prod",
        .who = call->caller->name,
    };
    if (wish.key_name.len == 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "the pipeline's last stage has no key");
    }
    if (strcmp(qualification->state, "failed") == 0 ||
        strcmp(qualification->state, "withdrawn") == 0) {
        return slw_explain(detail, SLW_WRONG_STATE, "the build is %s", qualification->state);
    }
    SLW_TRY(withdraw_former(call, transaction, qualification->product, detail));
    SLW_TRY(depot_release_want(transaction, &wish, &stand, detail));
    call->http_status = 201;
    slw_json_init(&answer, &call->text);
    slw_json_begin_object(&answer, NULL);
    slw_json_int(&answer, "version", stand.version);
    slw_json_end_object(&answer);
    return SLW_OK;
}

static enum slw_status drill(struct depot_call *call, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct slw_bytes build;
    struct qualification qualification;
    SLW_TRY(depot_read_text(call, "build", DEPOT_DIGEST_SIZE, &build, detail));
    SLW_TRY(pipeline_read(transaction, slw_http_parameter(call->exchange, 0), build, &qualification,
                          detail));
    enum slw_status status = start_drill(call, transaction, &qualification, detail);
    pipeline_free(&qualification);
    return status;
}

void pipeline_drill(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, drill, NULL);
}

/* --- Readiness --- */

struct readiness {
    struct slw_transaction *transaction;
    struct slw_bytes product;
    struct slw_json json;
    int64_t now_us;
    bool is_ready;
};

static void put_check(struct readiness *readiness, const char *name, bool ok, const char *what)
{
    slw_json_begin_object(&readiness->json, NULL);
    slw_json_text(&readiness->json, "name", name);
    slw_json_bool(&readiness->json, "ok", ok);
    slw_json_text(&readiness->json, "detail", what);
    slw_json_end_object(&readiness->json);
    readiness->is_ready = readiness->is_ready && ok;
}

/* How many approvals an emergency wants; -1 without a path for it. */
static int64_t approvals_wanted(struct slw_bytes document)
{
    struct slw_json_document json;
    struct slw_detail unused;
    int64_t most = 0;
    uint32_t gate = SLW_JSON_NONE;
    if (document.len == 0 || slw_json_parse("pipeline", document, &json, &unused) != SLW_OK) {
        return -1;
    }
    uint32_t gates =
        pipeline_member(&json, pipeline_member(&json, SLW_JSON_TOP, "emergency"), "gates");
    struct slw_json_walk walk = slw_json_walk_begin(&json, gates);
    while (slw_json_walk_element(&walk, &gate)) {
        int64_t wanted = 0;
        if (slw_json_integer(&json, pipeline_member(&json, gate, "approvals"), &wanted) &&
            wanted > most) {
            most = wanted;
        }
    }
    slw_json_document_free(&json);
    return gates == SLW_JSON_NONE ? -1 : most;
}

static enum slw_status check_people(struct readiness *readiness, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(readiness->product);
    struct slw_rows *rows = NULL;
    int64_t wanted = -1;
    int64_t people = 0;
    char text[96];
    SLW_TRY(slw_sql_query(readiness->transaction,
                          "SELECT document FROM pipelines WHERE product = $1 ORDER BY version DESC "
                          "LIMIT 1",
                          &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        wanted = approvals_wanted(slw_rows_bytes(rows, 0));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    put_check(readiness, "path", wanted >= 0,
              wanted >= 0 ? "the pipeline says how an emergency goes"
                          : "the pipeline has no emergency");
    SLW_TRY(slw_sql_number(
        readiness->transaction,
        "SELECT COUNT(*) FROM people p WHERE p.is_machine = 0 AND p.disabled_us IS NULL AND EXISTS "
        "(SELECT 1 FROM roles r WHERE r.person = p.name AND (r.product = $1 OR r.product = '*') "
        "AND "
        "r.role IN ('approver', 'administrator'))",
        &value, 1, &people, detail));
    (void)snprintf(text, sizeof text, "%lld %s, %lld wanted", (long long)people,
                   people == 1 ? "approver" : "approvers", (long long)(wanted < 0 ? 0 : wanted));
    put_check(readiness, "approvers", wanted >= 0 && people > 0 && people >= wanted, text);
    return SLW_OK;
}

/* Metadata must outlast the emergency: those that people sign by a month. The others are renewed
 * here while they have three days to live: with two, something keeps the depot from it. */
static int64_t margin_us(struct slw_bytes role)
{
    bool is_renewed = slw_bytes_equal(role, SLW_BYTES_OF("timestamp")) ||
                      slw_bytes_equal(role, SLW_BYTES_OF("snapshot"));
    return (is_renewed ? 2 : 30) * DAY_US;
}

static enum slw_status check_roles(struct readiness *readiness, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    size_t count = 0;
    SLW_TRY(slw_sql_query(readiness->transaction,
                          "SELECT role, version, expires_us FROM repository_roles ORDER BY role",
                          NULL, 0, &rows, detail));
    while (slw_rows_next(rows)) {
        char name[32];
        char time[DEPOT_TIME_SIZE];
        char text[96];
        struct slw_bytes role = slw_rows_bytes(rows, 0);
        int64_t expires_us = slw_rows_int(rows, 2);
        (void)snprintf(name, sizeof name, "%.*s", (int)(role.len < 31 ? role.len : 31),
                       (const char *)role.ptr);
        (void)snprintf(text, sizeof text, "version %lld, expires %s",
                       (long long)slw_rows_int(rows, 1), depot_time_format(expires_us, time));
        put_check(readiness, name, expires_us - readiness->now_us > margin_us(role), text);
        count++;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (count == 0) {
        put_check(readiness, "repository", false, "nothing is published by this depot yet");
    }
    return SLW_OK;
}

static enum slw_status check_service(struct readiness *readiness, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(readiness->product);
    int64_t waiting = 0;
    SLW_TRY(slw_sql_number(readiness->transaction,
                           "SELECT COUNT(*) FROM releases WHERE product = $1 AND state IN "
                           "('prepared', 'signing') AND reason LIKE 'the signing service is away%'",
                           &value, 1, &waiting, detail));
    put_check(readiness, "signing", waiting == 0,
              waiting == 0 ? "no release waits for a signing service that is away"
                           : "the signing service is away");
    return SLW_OK;
}

static enum slw_status put_steps(struct readiness *readiness, int64_t version,
                                 struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(readiness->product), slw_sql_int(version)};
    struct slw_rows *rows = NULL;
    int64_t former_us = 0;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(
        slw_sql_query(readiness->transaction,
                      "SELECT state, time_us FROM release_times WHERE product = $1 AND version = "
                      "$2 ORDER BY time_us, state",
                      values, 2, &rows, detail));
    slw_json_begin_array(&readiness->json, "steps");
    while (slw_rows_next(rows)) {
        int64_t time_us = slw_rows_int(rows, 1);
        slw_json_begin_object(&readiness->json, NULL);
        slw_json_bytes(&readiness->json, "state", slw_rows_bytes(rows, 0));
        slw_json_text(&readiness->json, "time", depot_time_format(time_us, time));
        slw_json_int(&readiness->json, "after_ms",
                     former_us == 0 ? 0 : (time_us - former_us) / 1000);
        slw_json_end_object(&readiness->json);
        former_us = time_us;
    }
    slw_json_end_array(&readiness->json);
    return slw_rows_close(rows, detail);
}

static enum slw_status check_drill(struct readiness *readiness, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(readiness->product);
    struct slw_rows *rows = NULL;
    int64_t published_us = 0;
    char time[DEPOT_TIME_SIZE];
    char text[96] = "there was no drill yet";
    SLW_TRY(
        slw_sql_query(readiness->transaction,
                      "SELECT published_us FROM releases WHERE product = $1 AND kind = 'drill' AND "
                      "published_us IS NOT NULL ORDER BY version DESC LIMIT 1",
                      &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        published_us = slw_rows_int(rows, 0);
        (void)snprintf(text, sizeof text, "the last drill was through at %s",
                       depot_time_format(published_us, time));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    put_check(readiness, "drill", readiness->now_us - published_us < DRILL_DAYS * DAY_US, text);
    return SLW_OK;
}

/* The newest drill, whether it came to its end or is on its way. */
static enum slw_status put_drill(struct readiness *readiness, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(readiness->product);
    struct slw_rows *rows = NULL;
    int64_t version = 0;
    SLW_TRY(slw_sql_query(readiness->transaction,
                          "SELECT version, state, reason, request FROM releases WHERE product = $1 "
                          "AND kind = 'drill' ORDER BY version DESC LIMIT 1",
                          &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        version = slw_rows_int(rows, 0);
        slw_json_begin_object(&readiness->json, "drill");
        slw_json_int(&readiness->json, "version", version);
        slw_json_bytes(&readiness->json, "state", slw_rows_bytes(rows, 1));
        slw_json_bytes(&readiness->json, "reason", slw_rows_bytes(rows, 2));
        slw_json_bytes(&readiness->json, "request", slw_rows_bytes(rows, 3));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (version > 0) {
        SLW_TRY(put_steps(readiness, version, detail));
        slw_json_end_object(&readiness->json);
    }
    return SLW_OK;
}

static enum slw_status ready(struct depot_call *call, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct readiness readiness = {.transaction = transaction,
                                  .product = slw_http_parameter(call->exchange, 0),
                                  .is_ready = true};
    SLW_TRY(slw_database_now(transaction, &readiness.now_us, detail));
    slw_json_init(&readiness.json, &call->text);
    slw_json_begin_object(&readiness.json, NULL);
    slw_json_begin_array(&readiness.json, "checks");
    SLW_TRY(check_people(&readiness, detail));
    SLW_TRY(check_roles(&readiness, detail));
    SLW_TRY(check_service(&readiness, detail));
    SLW_TRY(check_drill(&readiness, detail));
    slw_json_end_array(&readiness.json);
    slw_json_bool(&readiness.json, "ready", readiness.is_ready);
    SLW_TRY(put_drill(&readiness, detail));
    slw_json_end_object(&readiness.json);
    return SLW_OK;
}

void pipeline_ready(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, ready, NULL);
}
