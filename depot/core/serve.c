/* SPDX-License-Identifier: Apache-2.0 */
/* How most calls are served. See serve.h. */
#include "serve.h"

#include <string.h>

struct run {
    struct depot_call call;
    depot_work *work;
};

static enum slw_status run_once(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct run *run = context;
    slw_heap_free(&run->call.text); /* of a run that others got in the way of */
    return run->work(&run->call, transaction, detail);
}

void depot_serve(struct depot *depot, struct slw_http_exchange *exchange,
                 enum slw_database_mode mode, bool has_body, depot_work *work, void *more)
{
    struct slw_detail detail = {""};
    struct run run = {.work = work,
                      .call = {.depot = depot,
                               .exchange = exchange,
                               .caller = depot_caller(exchange),
                               .http_status = 200,
                               .more = more}};
    enum slw_status status = has_body ? depot_body(exchange, &run.call.body, &detail) : SLW_OK;
    if (status == SLW_OK) {
        status = slw_database_transact(depot->database, mode, run_once, &run, &detail);
        if (has_body) {
            slw_json_document_free(&run.call.body);
        }
    }
    if (status == SLW_OK && run.call.text.len == 0 && run.call.text.status == SLW_OK) {
        slw_http_answer_empty(exchange, 204);
        return;
    }
    depot_answer(exchange, status, run.call.http_status, &run.call.text, &detail);
}

enum slw_status depot_read_text(const struct depot_call *call, const char *name, size_t max,
                                struct slw_bytes *ret_text, struct slw_detail *detail)
{
    uint32_t value = slw_json_member(&call->body, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
    struct slw_bytes text = slw_json_string(&call->body, value);
    if (slw_json_kind(&call->body, value) != SLW_JSON_STRING || text.len > max) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: %s must be text of at most %zu bytes",
                           name, max);
    }
    *ret_text = text;
    return SLW_OK;
}

enum slw_status depot_read_number(const struct depot_call *call, const char *name, int64_t min,
                                  int64_t max, int64_t absent, int64_t *ret_number,
                                  struct slw_detail *detail)
{
    uint32_t value = slw_json_member(&call->body, SLW_JSON_TOP, slw_bytes_make(name, strlen(name)));
    int64_t number = absent;
    if (value == SLW_JSON_NONE && absent != -1) {
        *ret_number = absent;
        return SLW_OK;
    }
    if (!slw_json_integer(&call->body, value, &number) || number < min || number > max) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: %s must be a number from %lld to %lld",
                           name, (long long)min, (long long)max);
    }
    *ret_number = number;
    return SLW_OK;
}

enum slw_status depot_query_number(const struct depot_call *call, const char *name, int64_t min,
                                   int64_t max, int64_t *ret_number, struct slw_detail *detail)
{
    if (slw_http_query(call->exchange, name).len == 0 ||
        slw_http_query_number(call->exchange, name, min, max, ret_number)) {
        return SLW_OK;
    }
    return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a number that may stand here", name);
}
