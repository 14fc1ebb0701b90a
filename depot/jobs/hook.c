/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /hooks/v1/PRODUCT/NAME: anybody may knock, and nothing of a body is read before its
 * signature is known to be good. A push starts builds, once for each body: the signature is over
 * nothing else, so that what a forge writes beside it (the delivery's id, a time) would keep nobody
 * from sending a recorded one again. A result becomes an artifact. See part.h and webhooks.c.
 */
#include "part.h"

#include "artifacts/artifacts.h"

#include <stdio.h>
#include <stdlib.h>

/* A push as its forge says it. */
struct push {
    struct depot *depot;
    struct slw_bytes product, name;
    struct slw_bytes ref, commit; /* either may be empty */
    uint8_t body[SLW_SHA256_SIZE];
    char who[96];
    unsigned http_status;
    struct slw_heap_buffer answer;
};

/* "sha256=…" of X-Hub-Signature-256 (GitHub, and the others beside their own), or the digits alone.
 */
static struct slw_bytes signature_of(const struct slw_http_exchange *exchange)
{
    static const char scheme[] = "sha256=";
    size_t len = sizeof scheme - 1;
    struct slw_bytes header = slw_http_header(exchange, "X-Hub-Signature-256");
    if (header.len == 0) {
        return slw_http_header(exchange, "X-Gitea-Signature");
    }
    return header.len > len && memcmp(header.ptr, scheme, len) == 0
               ? slw_bytes_make(header.ptr + len, header.len - len)
               : SLW_BYTES_OF("");
}

/* --- A push --- */

/* DEPOT.md, section 5.1: "The same body again starts nothing, as long as there is the webhook". */
static enum slw_status find_former(struct push *push, struct slw_transaction *transaction,
                                   bool *ret_found, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(push->product), slw_sql_text(push->name),
        slw_sql_blob(slw_bytes_make(push->body, sizeof push->body))};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT jobs FROM webhook_calls WHERE product = $1 AND webhook = $2 AND "
                          "body = $3",
                          values, 3, &rows, detail));
    *ret_found = slw_rows_next(rows);
    if (*ret_found) {
        slw_json_init(&json, &push->answer);
        slw_json_begin_object(&json, NULL);
        slw_json_embed(&json, "jobs", slw_rows_bytes(rows, 0));
        slw_json_end_object(&json);
    }
    return slw_rows_close(rows, detail);
}

/* A ref that was deleted is pushed as zeros. */
static bool is_deletion(const struct push *push)
{
    for (size_t i = 0; i < push->commit.len; i++) {
        if (push->commit.ptr[i] != '0') {
            return false;
        }
    }
    return push->commit.len > 0;
}

static enum slw_status queue_triggered(struct push *push, struct slw_transaction *transaction,
                                       const struct slw_json_document *pipeline,
                                       struct slw_json *list, size_t *ret_count,
                                       struct slw_detail *detail)
{
    uint32_t trigger = SLW_JSON_NONE;
    struct slw_json_walk walk =
        slw_json_walk_begin(pipeline, jobs_member(pipeline, SLW_JSON_TOP, "triggers"));
    while (slw_json_walk_element(&walk, &trigger)) {
        struct slw_bytes name =
            slw_json_string(pipeline, jobs_member(pipeline, trigger, "webhook"));
        uint32_t ref = jobs_member(pipeline, trigger, "ref");
        const struct job_wish wish = {
            .product = push->product,
            .name = slw_json_string(pipeline, jobs_member(pipeline, trigger, "job")),
            .ref = push->ref,
            .commit = push->commit,
            .cause = "webhook",
            .who = push->who};
        int64_t id = 0;
        if (!slw_bytes_equal(name, push->name) ||
            (ref != SLW_JSON_NONE && !slw_bytes_equal(slw_json_string(pipeline, ref), push->ref))) {
            continue;
        }
        SLW_TRY(jobs_queue(transaction, pipeline, &wish, &id, detail));
        slw_json_int(list, NULL, id);
        (*ret_count)++;
    }
    return SLW_OK;
}

static enum slw_status remember(const struct push *push, struct slw_transaction *transaction,
                                struct slw_bytes jobs, int64_t now_us, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(push->product), slw_sql_text(push->name),
        slw_sql_blob(slw_bytes_make(push->body, sizeof push->body)), slw_sql_text(jobs),
        slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO webhook_calls (product, webhook, body, jobs, made_us) VALUES "
                       "($1, $2, $3, $4, $5)",
                       values, 5, NULL, detail);
}

static enum slw_status start(struct push *push, struct slw_transaction *transaction,
                             const struct slw_json_document *pipeline, int64_t now_us,
                             struct slw_detail *detail)
{
    struct slw_heap_buffer jobs = {0};
    struct slw_json list;
    struct slw_json json;
    size_t count = 0;
    slw_json_init(&list, &jobs);
    slw_json_begin_array(&list, NULL);
    enum slw_status status = SLW_OK;
    if (!is_deletion(push)) {
        status = queue_triggered(push, transaction, pipeline, &list, &count, detail);
    }
    slw_json_end_array(&list);
    if (status == SLW_OK && count > 0) {
        push->http_status = 201;
        status = remember(push, transaction, slw_heap_bytes(&jobs), now_us, detail);
    }
    slw_json_init(&json, &push->answer);
    slw_json_begin_object(&json, NULL);
    slw_json_embed(&json, "jobs", slw_heap_bytes(&jobs));
    slw_json_end_object(&json);
    slw_heap_drop(&jobs);
    return status;
}

static enum slw_status note_call(struct slw_transaction *transaction, struct slw_bytes product,
                                 struct slw_bytes name, int64_t *ret_now_us,
                                 struct slw_detail *detail)
{
    SLW_TRY(slw_database_now(transaction, ret_now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(name),
                                           slw_sql_int(*ret_now_us)};
    int64_t changed = 0;
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE webhooks SET called_us = $3 WHERE product = $1 AND name = $2",
                        values, 3, &changed, detail));
    return changed == 1 ? SLW_OK
                        : slw_explain(detail, SLW_NOT_PERMITTED, "the webhook has just gone");
}

static enum slw_status take_push(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct push *push = context;
    struct jobs_pipeline pipeline;
    int64_t now_us = 0;
    bool found = false;
    push->http_status = 200;
    slw_heap_free(&push->answer); /* of a run that others got in the way of */
    SLW_TRY(note_call(transaction, push->product, push->name, &now_us, detail));
    SLW_TRY(find_former(push, transaction, &found, detail));
    if (found) {
        return SLW_OK;
    }
    SLW_TRY(jobs_read_pipeline(transaction, push->product, &pipeline, detail));
    enum slw_status status = start(push, transaction, &pipeline.json, now_us, detail);
    jobs_free_pipeline(&pipeline);
    return status;
}

static void serve_push(struct push *push, struct slw_http_exchange *exchange)
{
    struct slw_bytes body = slw_http_body(exchange);
    struct slw_detail detail = {""};
    struct slw_json_document json;
    enum slw_status status = slw_json_parse_foreign("body", body, &json, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, body);
    slw_sha256_final(&hash, push->body);
    push->ref = slw_json_string(&json, jobs_member(&json, SLW_JSON_TOP, "ref"));
    push->commit = slw_json_string(&json, jobs_member(&json, SLW_JSON_TOP, "after"));
    status =
        slw_database_transact(push->depot->database, SLW_DATABASE_WRITE, take_push, push, &detail);
    slw_json_document_free(&json);
    depot_answer(exchange, status, push->http_status, &push->answer, &detail);
}

/* --- A result --- */

static enum slw_status note_result(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct push *push = context;
    int64_t now_us = 0;
    return note_call(transaction, push->product, push->name, &now_us, detail);
}

/* The artifact is `webhook:NAME`'s, which a gate's `machines` may name. */
static void serve_result(struct push *push, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct depot_caller *caller = calloc(1, sizeof *caller);
    enum slw_status status = caller == NULL ? slw_explain_no_memory(&detail) : SLW_OK;
    if (status == SLW_OK) {
        caller->is_machine = true;
        (void)snprintf(caller->name, sizeof caller->name, "%s", push->who);
        slw_http_attach(exchange, caller, free);
        status = slw_database_transact(push->depot->database, SLW_DATABASE_WRITE, note_result, push,
                                       &detail);
    }
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    depot_take_test_result(push->depot, exchange, push->product);
}

/* --- Either --- */

void jobs_call_webhook(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    bool is_signed = false;
    bool is_push = false;
    struct push push = {.depot = depot_of(context),
                        .product = slw_http_parameter(exchange, 0),
                        .name = slw_http_parameter(exchange, 1)};
    enum slw_status status =
        jobs_hook_is_signed(push.depot, push.product, push.name, slw_http_body(exchange),
                            signature_of(exchange), &is_signed, &is_push, &detail);
    if (status == SLW_OK && !is_signed) {
        status = slw_explain(&detail, SLW_NOT_PERMITTED,
                             "there is no such webhook, or it isn't signed by its secret");
    }
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    (void)snprintf(push.who, sizeof push.who, "webhook:%.*s", (int)push.name.len,
                   (const char *)push.name.ptr);
    if (is_push) {
        serve_push(&push, exchange);
    } else {
        serve_result(&push, exchange);
    }
}
