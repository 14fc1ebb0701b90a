/* SPDX-License-Identifier: Apache-2.0 */
/* Products: which there are, and how long what belongs to them is kept. */
#include "routes.h"

#include "roles.h"

#define TITLE_MAX 200u
#define DAYS_MAX 36500

static void put_product(struct slw_json *json, const char *name, const struct slw_rows *rows)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, name);
    slw_json_bytes(json, "name", slw_rows_bytes(rows, 0));
    slw_json_bytes(json, "title", slw_rows_bytes(rows, 1));
    slw_json_text(json, "made", depot_time_format(slw_rows_int(rows, 2), time));
    slw_json_int(json, "keep_days", slw_rows_int(rows, 3));
    slw_json_int(json, "log_days", slw_rows_int(rows, 4));
    slw_json_end_object(json);
}

/* Those in which the caller has a role. A token's roles and its maker's must meet: each is asked
 * for in full, for there are few products. */
static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_bytes_make(call->caller->person, strlen(call->caller->person))),
        slw_sql_int(call->caller->token)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "products");
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT p.name, p.title, p.made_us, p.keep_days, p.log_days FROM products p WHERE EXISTS "
        "(SELECT 1 FROM roles r WHERE r.person = $1 AND (r.product = p.name OR r.product = '*')) "
        "AND ($2 = 0 OR EXISTS (SELECT 1 FROM token_roles t WHERE t.token = $2 AND (t.product = "
        "p.name OR t.product = '*'))) ORDER BY p.name",
        values, 2, &rows, detail));
    while (slw_rows_next(rows)) {
        put_product(&json, NULL, rows);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void people_list_products(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

static enum slw_status show_one(struct depot_call *call, struct slw_transaction *transaction,
                                struct slw_bytes name, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(name);
    struct slw_rows *rows = NULL;
    struct slw_json json;
    bool is_there = false;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT name, title, made_us, keep_days, log_days FROM products WHERE "
                          "name = $1",
                          &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        is_there = true;
        slw_json_init(&json, &call->text);
        put_product(&json, NULL, rows);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return is_there ? SLW_OK : slw_explain(detail, SLW_NOT_FOUND, "there is no such product");
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    return show_one(call, transaction, slw_http_parameter(call->exchange, 0), detail);
}

void people_show_product(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

/* What both making and changing may say. */
struct product {
    struct slw_bytes title;
    int64_t keep_days, log_days;
};

static enum slw_status read_product(const struct depot_call *call, struct product *product,
                                    struct slw_detail *detail)
{
    if (slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("title")) != SLW_JSON_NONE) {
        SLW_TRY(depot_read_text(call, "title", TITLE_MAX, &product->title, detail));
    }
    SLW_TRY(depot_read_number(call, "keep_days", 1, DAYS_MAX, product->keep_days,
                              &product->keep_days, detail));
    return depot_read_number(call, "log_days", 1, DAYS_MAX, product->log_days, &product->log_days,
                             detail);
}

static enum slw_status audit(const struct depot_call *call, struct slw_transaction *transaction,
                             const char *action, struct slw_bytes name,
                             const struct product *product, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "title", product->title);
    slw_json_int(&json, "keep_days", product->keep_days);
    slw_json_int(&json, "log_days", product->log_days);
    slw_json_end_object(&json);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = depot_audit(transaction, call->caller->name, action, name, name,
                             slw_heap_text(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct product product = {.keep_days = 90, .log_days = 30};
    struct slw_bytes name = {NULL, 0};
    int64_t now_us = 0;
    int64_t made = 0;
    SLW_TRY(depot_read_text(call, "name", DEPOT_NAME_MAX, &name, detail));
    if (!depot_is_name(name, "")) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: name must be 1 to 64 letters, digits, _, ., -, beginning with a "
                           "letter or digit");
    }
    SLW_TRY(read_product(call, &product, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(name), slw_sql_text(product.title),
                                           slw_sql_int(now_us), slw_sql_int(product.keep_days),
                                           slw_sql_int(product.log_days)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO products (name, title, made_us, keep_days, log_days) VALUES "
                        "($1, $2, $3, $4, $5) ON CONFLICT (name) DO NOTHING",
                        values, 5, &made, detail));
    if (made == 0) {
        return slw_explain(detail, SLW_VERSION_TAKEN, "there is a product of this name");
    }
    SLW_TRY(audit(call, transaction, "product.make", name, &product, detail));
    call->http_status = 201;
    return show_one(call, transaction, name, detail);
}

void people_make_product(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, NULL);
}

static enum slw_status change(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct slw_bytes name = slw_http_parameter(call->exchange, 0);
    const struct slw_sql_value key = slw_sql_text(name);
    struct product product = {.title = {NULL, 0}};
    struct slw_rows *rows = NULL;
    struct slw_heap_buffer title = {0};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT title, keep_days, log_days FROM products WHERE name = $1", &key,
                          1, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_heap_append(&title, slw_rows_bytes(rows, 0));
        product =
            (struct product){slw_heap_bytes(&title), slw_rows_int(rows, 1), slw_rows_int(rows, 2)};
    }
    enum slw_status status = slw_rows_close(rows, detail);
    if (status == SLW_OK) {
        status = read_product(call, &product, detail);
    }
    if (status == SLW_OK) {
        const struct slw_sql_value values[] = {key, slw_sql_text(product.title),
                                               slw_sql_int(product.keep_days),
                                               slw_sql_int(product.log_days)};
        status = slw_sql_run(transaction,
                             "UPDATE products SET title = $2, keep_days = $3, log_days = $4 WHERE "
                             "name = $1",
                             values, 4, NULL, detail);
    }
    if (status == SLW_OK) {
        status = audit(call, transaction, "product.change", name, &product, detail);
    }
    slw_heap_free(&title);
    return status == SLW_OK ? show_one(call, transaction, name, detail) : status;
}

void people_change_product(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, change, NULL);
}
