/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST …/artifacts: what a blob that was uploaded is. The blob is looked at by a worker; what it
 * says becomes rows in one transaction. Nothing is overwritten: the same again changes nothing.
 */
#include "add.h"

#include "slipway/text.h"

#include <stdlib.h>

static const struct {
    const char *kind;
    enum slw_status (*examine)(struct addition *addition, struct slw_detail *detail);
    enum slw_status (*record)(struct addition *addition, struct slw_transaction *transaction,
                              struct slw_detail *detail);
} kinds[] = {
    {"bundle", artifacts_examine_bundle, artifacts_record_bundle},
    {"endorsement", artifacts_examine_endorsement, artifacts_record},
    {"test-result", artifacts_examine_test_result, artifacts_record},
    {"sbom", artifacts_examine_sbom, artifacts_record},
    {"log", artifacts_examine_log, artifacts_record},
};
#define KINDS_COUNT (sizeof kinds / sizeof kinds[0])

static void free_addition(struct addition *addition)
{
    slw_json_document_free(&addition->body);
    slw_heap_drop(&addition->text);
    slw_heap_drop(&addition->hardware);
    slw_heap_drop(&addition->targets);
    slw_heap_drop(&addition->builder);
    slw_heap_drop(&addition->source);
    slw_heap_drop(&addition->git_commit);
    slw_heap_drop(&addition->suite);
    slw_heap_drop(&addition->url);
    slw_heap_drop(&addition->signers);
    slw_heap_drop(&addition->answer);
    if (addition->has_sbom) {
        slw_sbom_free(&addition->sbom);
    }
    free(addition);
}

static enum slw_status find_blob(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct addition *addition = context;
    return artifacts_find_blob(transaction, addition->blob, addition->caller, addition->product,
                               &addition->size, detail);
}

static size_t kind_of(const struct addition *addition)
{
    for (size_t i = 0; i < KINDS_COUNT; i++) {
        if (slw_bytes_equal(addition->kind, slw_text_bytes(kinds[i].kind))) {
            return i;
        }
    }
    return KINDS_COUNT;
}

static enum slw_status record(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct addition *addition = context;
    slw_heap_free(&addition->answer); /* of a run that others got in the way of */
    return kinds[kind_of(addition)].record(addition, transaction, detail);
}

static enum slw_status add(struct addition *addition, struct slw_detail *detail)
{
    struct slw_database *database = addition->depot->database;
    SLW_TRY(slw_database_transact(database, SLW_DATABASE_READ, find_blob, addition, detail));
    SLW_TRY(kinds[kind_of(addition)].examine(addition, detail));
    return slw_database_transact(database, SLW_DATABASE_WRITE, record, addition, detail);
}

static void add_work(void *context)
{
    struct addition *addition = context;
    struct slw_detail detail = {""};
    enum slw_status status = add(addition, &detail);
    depot_answer(addition->exchange, status, addition->http_status, &addition->answer, &detail);
    free_addition(addition);
}

static struct slw_bytes text_of(const struct addition *addition, const char *name)
{
    return slw_json_string(&addition->body,
                           slw_json_member(&addition->body, SLW_JSON_TOP, slw_text_bytes(name)));
}

/* Members that aren't known would be ones that somebody counts on. */
static enum slw_status check_members(const struct addition *addition, struct slw_detail *detail)
{
    static const char *const known[] = {"kind", "blob", "build", "job", "name"};
    struct slw_json_walk walk = slw_json_walk_begin(&addition->body, SLW_JSON_TOP);
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    while (slw_json_walk_member(&walk, &name, &value)) {
        bool is_known = false;
        bool is_job = slw_bytes_equal(name, SLW_BYTES_OF("job"));
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
            is_known = is_known || slw_bytes_equal(name, slw_text_bytes(known[i]));
        }
        if (!is_known) {
            return slw_json_refuse(&addition->body, value, SLW_BAD_ARGUMENT, "isn't known", detail);
        }
        if (slw_json_kind(&addition->body, value) !=
            (is_job ? SLW_JSON_INTEGER : SLW_JSON_STRING)) {
            return slw_json_refuse(&addition->body, value, SLW_BAD_ARGUMENT,
                                   is_job ? "must be a number" : "must be text", detail);
        }
    }
    return SLW_OK;
}

static enum slw_status check_about(const struct addition *addition, struct slw_detail *detail)
{
    bool is_log = slw_bytes_equal(addition->kind, SLW_BYTES_OF("log"));
    bool is_sbom = slw_bytes_equal(addition->kind, SLW_BYTES_OF("sbom"));
    if (is_sbom && addition->build.len == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: an SBOM needs a build");
    }
    if (is_log && (addition->build.len == 0) == (addition->job == 0)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: a log needs a build or a job");
    }
    return SLW_OK;
}

static enum slw_status read_name(struct addition *addition, struct slw_detail *detail)
{
    bool may_have = slw_bytes_equal(addition->kind, SLW_BYTES_OF("log")) ||
                    slw_bytes_equal(addition->kind, SLW_BYTES_OF("sbom"));
    addition->name = text_of(addition, "name");
    if (addition->name.len == 0 &&
        slw_json_member(&addition->body, SLW_JSON_TOP, SLW_BYTES_OF("name")) == SLW_JSON_NONE) {
        addition->name = addition->blob;
        return SLW_OK;
    }
    if (!may_have || !depot_is_name(addition->name, "@+")) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "body: name is for SBOMs and logs, of 1 to 64 letters, digits, _.-@+");
    }
    return SLW_OK;
}

static enum slw_status read_request(struct addition *addition, struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE];
    SLW_TRY(check_members(addition, detail));
    addition->kind = text_of(addition, "kind");
    addition->blob = text_of(addition, "blob");
    addition->build = text_of(addition, "build");
    uint32_t job = slw_json_member(&addition->body, SLW_JSON_TOP, SLW_BYTES_OF("job"));
    if (kind_of(addition) == KINDS_COUNT) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: kind must be bundle, endorsement, test-result, sbom or log");
    }
    if (!depot_digest_parse(addition->blob, addition->sha256)) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "body: blob must be 64 lower-case hexadecimal digits");
    }
    if (addition->build.len > 0 && !depot_digest_parse(addition->build, digest)) {
        return slw_explain(detail, SLW_BAD_NAME,
                           "body: build must be 64 lower-case hexadecimal digits");
    }
    if (job != SLW_JSON_NONE &&
        (!slw_json_integer(&addition->body, job, &addition->job) || addition->job <= 0)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: job must be a number from 1");
    }
    SLW_TRY(check_about(addition, detail));
    return read_name(addition, detail);
}

static struct addition *begin(struct depot *depot, struct slw_http_exchange *exchange,
                              struct slw_bytes product)
{
    struct addition *addition = calloc(1, sizeof *addition);
    if (addition != NULL) {
        *addition = (struct addition){.depot = depot,
                                      .exchange = exchange,
                                      .caller = depot_caller(exchange),
                                      .product = product,
                                      .build_type = "",
                                      .outcome = "",
                                      .http_status = 201};
    }
    return addition;
}

static void refuse(struct addition *addition, enum slw_status status,
                   const struct slw_detail *detail)
{
    struct slw_http_exchange *exchange = addition->exchange;
    free_addition(addition);
    slw_http_refuse(exchange, status, detail);
}

void artifacts_add(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct addition *addition = begin(depot_of(context), exchange, slw_http_parameter(exchange, 0));
    if (addition == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    enum slw_status status = depot_body(exchange, &addition->body, &detail);
    if (status == SLW_OK) {
        status = read_request(addition, &detail);
    }
    if (status == SLW_OK) {
        status = depot_later(add_work, addition, &detail);
    }
    if (status != SLW_OK) {
        refuse(addition, status, &detail);
    }
}

/* --- A body that is the blob itself --- */

static enum slw_status take(struct addition *addition, struct slw_detail *detail)
{
    struct slw_bytes bytes = slw_http_body(addition->exchange);
    SLW_TRY(slw_blobs_put(addition->depot->blobs, bytes, addition->sha256, detail));
    addition->kind = SLW_BYTES_OF("test-result");
    addition->blob = slw_text_bytes(depot_digest_format(addition->sha256, addition->digest));
    addition->name = addition->blob;
    addition->size = (int64_t)bytes.len;
    SLW_TRY(artifacts_examine_test_result(addition, detail));
    return slw_database_transact(addition->depot->database, SLW_DATABASE_WRITE, record, addition,
                                 detail);
}

static void take_work(void *context)
{
    struct addition *addition = context;
    struct slw_detail detail = {""};
    enum slw_status status = take(addition, &detail);
    depot_answer(addition->exchange, status, addition->http_status, &addition->answer, &detail);
    free_addition(addition);
}

void depot_take_test_result(struct depot *depot, struct slw_http_exchange *exchange,
                            struct slw_bytes product)
{
    struct slw_detail detail = {""};
    struct addition *addition = begin(depot, exchange, product);
    if (addition == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return;
    }
    enum slw_status status = depot_later(take_work, addition, &detail);
    if (status != SLW_OK) {
        refuse(addition, status, &detail);
    }
}

enum slw_status artifacts_load(struct addition *addition, size_t limit, struct slw_detail *detail)
{
    struct slw_blob blob;
    SLW_TRY(slw_blob_open(addition->depot->blobs, addition->sha256, &blob, detail));
    enum slw_status status = SLW_OK;
    if (blob.source.size > limit) {
        status = slw_explain(detail, SLW_TOO_LARGE, "more than %zu bytes", limit);
    }
    size_t size = status == SLW_OK ? (size_t)blob.source.size : 0;
    uint8_t *place = slw_heap_reserve(&addition->text, size);
    if (status == SLW_OK && place == NULL) {
        status = slw_explain_no_memory(detail);
    }
    if (status == SLW_OK && size > 0) {
        status = blob.source.read(blob.source.context, 0, place, size);
    }
    slw_blob_close(&blob);
    return status;
}
