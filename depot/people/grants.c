/* SPDX-License-Identifier: Apache-2.0 */
/* Who gets which role: everywhere by an administrator of everything, in a product by one of its
 * own. See persons.h. */
#include "persons.h"

enum slw_status people_grants_store(struct slw_transaction *transaction, struct slw_bytes name,
                                    bool is_machine, const struct people_grants *grants,
                                    struct slw_detail *detail)
{
    SLW_TRY(people_grants_check(transaction, grants, detail));
    for (size_t i = 0; i < grants->count; i++) {
        enum depot_role role = grants->each[i].role;
        const char *word = people_role_word(role);
        if (is_machine && people_role_may(role, DEPOT_APPROVE)) {
            return slw_explain(detail, SLW_BAD_ARGUMENT,
                               "a machine can't be %s: approvals are people's", word);
        }
        const struct slw_sql_value values[] = {slw_sql_text(name),
                                               slw_sql_text(grants->each[i].product),
                                               slw_sql_text(slw_bytes_make(word, strlen(word)))};
        SLW_TRY(slw_sql_run(transaction,
                            "INSERT INTO roles (person, product, role) VALUES ($1, $2, $3)", values,
                            3, NULL, detail));
    }
    return SLW_OK;
}

enum slw_status people_grants_audit(struct depot_call *call, struct slw_transaction *transaction,
                                    const char *action, struct slw_bytes product,
                                    struct slw_bytes name, const struct people_grants *grants,
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "roles");
    for (size_t i = 0; i < grants->count; i++) {
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "product", grants->each[i].product);
        slw_json_text(&json, "role", people_role_word(grants->each[i].role));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status = depot_audit(transaction, call->caller->name, action, product, name,
                             slw_heap_text(&text), detail);
    }
    if (status == SLW_OK) {
        status = depot_event(transaction, product.len == 0 ? SLW_BYTES_OF("*") : product, "people",
                             name, slw_heap_text(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

/* --- everywhere ----------------------------------------------------------------------------- */

static enum slw_status set_all(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct slw_bytes name = slw_http_parameter(call->exchange, 0);
    const struct slw_sql_value value = slw_sql_text(name);
    uint32_t roles = slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("roles"));
    struct people_grants grants;
    bool is_machine = false;
    SLW_TRY(people_find(transaction, name, &is_machine, detail));
    SLW_TRY(people_grants_read(&call->body, roles, &grants, detail));
    SLW_TRY(
        slw_sql_run(transaction, "DELETE FROM roles WHERE person = $1", &value, 1, NULL, detail));
    SLW_TRY(people_grants_store(transaction, name, is_machine, &grants, detail));
    SLW_TRY(people_check_administrators(transaction, detail));
    return people_grants_audit(call, transaction, "people.roles", SLW_BYTES_OF(""), name, &grants,
                               detail);
}

void people_set_roles(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, set_all, NULL);
}

/* --- in one product ------------------------------------------------------------------------- */

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value product = slw_sql_text(slw_http_parameter(call->exchange, 0));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "people");
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT r.person, r.product, r.role, p.is_machine, p.disabled_us FROM "
                          "roles r JOIN people p ON p.name = r.person WHERE r.product = $1 OR "
                          "r.product = '*' ORDER BY r.person, r.product, r.role",
                          &product, 1, &rows, detail));
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "name", slw_rows_bytes(rows, 0));
        slw_json_bytes(&json, "product", slw_rows_bytes(rows, 1));
        slw_json_bytes(&json, "role", slw_rows_bytes(rows, 2));
        slw_json_bool(&json, "machine", slw_rows_int(rows, 3) != 0);
        slw_json_bool(&json, "disabled", !slw_rows_is_null(rows, 4));
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void people_list_product_people(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* ["developer", …], all in the product of the path: no word of the body names another. */
static enum slw_status read_words(const struct depot_call *call, struct slw_bytes product,
                                  struct people_grants *ret_grants, struct slw_detail *detail)
{
    uint32_t list_of = slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("roles"));
    struct slw_json_walk walk = slw_json_walk_begin(&call->body, list_of);
    uint32_t value = SLW_JSON_NONE;
    unsigned seen = 0;
    ret_grants->count = 0;
    if (slw_json_kind(&call->body, list_of) != SLW_JSON_ARRAY) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: roles must be a list of words");
    }
    while (slw_json_walk_element(&walk, &value)) {
        enum depot_role role = people_role_find(slw_json_string(&call->body, value));
        if (role == DEPOT_NOBODY || (seen >> role & 1u) != 0) {
            return slw_json_refuse(&call->body, value, SLW_BAD_ARGUMENT, "not a role, or one twice",
                                   detail);
        }
        seen |= 1u << role;
        ret_grants->each[ret_grants->count++] = (struct people_grant){product, role};
    }
    return SLW_OK;
}

static enum slw_status set_in_product(struct depot_call *call, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    struct slw_bytes name = slw_http_parameter(call->exchange, 1);
    const struct slw_sql_value values[] = {slw_sql_text(name), slw_sql_text(product)};
    struct people_grants grants;
    bool is_machine = false;
    SLW_TRY(people_find(transaction, name, &is_machine, detail));
    SLW_TRY(read_words(call, product, &grants, detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM roles WHERE person = $1 AND product = $2", values,
                        2, NULL, detail));
    SLW_TRY(people_grants_store(transaction, name, is_machine, &grants, detail));
    return people_grants_audit(call, transaction, "people.roles", product, name, &grants, detail);
}

void people_set_product_roles(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, set_in_product, NULL);
}
