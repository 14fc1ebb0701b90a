/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether the program runs (`/health`), and whether it can serve (`/ready`): for whoever restarts
 * it, and for proxies that choose among replicas. Both say nothing that isn't anybody's to know.
 */
#include "routes.h"

static void answer(struct slw_http_exchange *exchange, unsigned http_status, const char *state)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", state);
    slw_json_end_object(&json);
    slw_http_answer_json(exchange, http_status, &text);
}

void web_show_health(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    answer(exchange, 200, "running");
}

static enum slw_status look(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    return slw_sql_number(transaction, "SELECT COUNT(*) FROM counters", NULL, 0, context, detail);
}

void web_show_ready(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    struct slw_detail detail = {""};
    int64_t count = 0;
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ, look, &count, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    answer(exchange, 200, "ready");
}
