/* SPDX-License-Identifier: Apache-2.0 */
/* See roles.h; and depot_may() of depot.h, the one place that decides about rights. */
#include "roles.h"

#define RIGHT(right) (1u << DEPOT_##right)

/* DEPOT.md, section 3. */
static const struct {
    const char *word;
    unsigned rights;
} roles[] = {
    [DEPOT_NOBODY] = {"", 0},
    [DEPOT_VIEWER] = {"viewer", RIGHT(SEE)},
    [DEPOT_DEVELOPER] = {"developer", RIGHT(SEE) | RIGHT(DEVELOP) | RIGHT(HALT)},
    [DEPOT_RELEASE_MANAGER] = {"release-manager",
                               RIGHT(SEE) | RIGHT(DEVELOP) | RIGHT(RELEASE) | RIGHT(HALT)},
    [DEPOT_APPROVER] = {"approver", RIGHT(SEE) | RIGHT(APPROVE) | RIGHT(HALT)},
    [DEPOT_ADMINISTRATOR] = {"administrator", RIGHT(SEE) | RIGHT(DEVELOP) | RIGHT(RELEASE) |
                                                  RIGHT(APPROVE) | RIGHT(HALT) | RIGHT(ADMINISTER)},
};
#define ROLES (sizeof roles / sizeof roles[0])

enum depot_role people_role_find(struct slw_bytes word)
{
    for (size_t i = DEPOT_VIEWER; i < ROLES; i++) {
        if (slw_bytes_equal(word, slw_bytes_make(roles[i].word, strlen(roles[i].word)))) {
            return (enum depot_role)i;
        }
    }
    return DEPOT_NOBODY;
}

const char *people_role_word(enum depot_role role)
{
    return roles[role].word;
}

bool people_role_may(enum depot_role role, enum depot_right right)
{
    return (roles[role].rights >> right & 1u) != 0;
}

/* Whether one of the roles in rows of (role) has the right; closes them. */
static enum slw_status any_may(struct slw_rows *rows, enum depot_right right, bool *ret_may,
                               struct slw_detail *detail)
{
    bool may = false;
    while (slw_rows_next(rows)) {
        may = people_role_may(people_role_find(slw_rows_bytes(rows, 0)), right) || may;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_may = may;
    return SLW_OK;
}

/* DEPOT.md, section 3: "A role in `*` counts in every product." A token's roles count as far as its
 * maker has the right too: "at most its maker's rights". */
enum slw_status depot_may(struct slw_transaction *transaction, const struct depot_caller *caller,
                          struct slw_bytes product, enum depot_right right, bool *ret_may,
                          struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_bytes_make(caller->person, strlen(caller->person))), slw_sql_text(product),
        slw_sql_int(caller->token)};
    bool may = false;
    bool token_may = true;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT r.role FROM roles r JOIN people p ON p.name = r.person WHERE "
                          "r.person = $1 AND (r.product = $2 OR r.product = '*') AND p.disabled_us "
                          "IS NULL",
                          values, 2, &rows, detail));
    SLW_TRY(any_may(rows, right, &may, detail));
    if (caller->token != 0 && may) {
        const struct slw_sql_value of_token[] = {values[2], values[1]};
        SLW_TRY(slw_sql_query(transaction,
                              "SELECT r.role FROM token_roles r JOIN tokens t ON t.id = r.token "
                              "WHERE r.token = $1 AND (r.product = $2 OR r.product = '*') AND "
                              "t.revoked_us IS NULL",
                              of_token, 2, &rows, detail));
        SLW_TRY(any_may(rows, right, &token_may, detail));
    }
    *ret_may = may && token_may;
    return SLW_OK;
}

static enum slw_status read_grant(const struct slw_json_document *document, uint32_t value,
                                  struct people_grant *ret_grant, struct slw_detail *detail)
{
    uint32_t product = slw_json_member(document, value, SLW_BYTES_OF("product"));
    uint32_t role = slw_json_member(document, value, SLW_BYTES_OF("role"));
    struct people_grant grant = {slw_json_string(document, product),
                                 people_role_find(slw_json_string(document, role))};
    if (!slw_bytes_equal(grant.product, SLW_BYTES_OF("*")) && !depot_is_name(grant.product, "")) {
        return slw_json_refuse(document, value, SLW_BAD_ARGUMENT,
                               "product must be a product's name, or *", detail);
    }
    if (grant.role == DEPOT_NOBODY) {
        return slw_json_refuse(document, value, SLW_BAD_ARGUMENT,
                               "role must be viewer, developer, release-manager, approver or "
                               "administrator",
                               detail);
    }
    *ret_grant = grant;
    return SLW_OK;
}

enum slw_status people_grants_read(const struct slw_json_document *document, uint32_t list,
                                   struct people_grants *ret_grants, struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(document, list);
    uint32_t value = SLW_JSON_NONE;
    ret_grants->count = 0;
    if (slw_json_kind(document, list) != SLW_JSON_ARRAY) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: roles must be a list");
    }
    while (slw_json_walk_element(&walk, &value)) {
        struct people_grant grant = {{NULL, 0}, DEPOT_NOBODY};
        if (ret_grants->count == PEOPLE_ROLES_MAX) {
            return slw_json_refuse(document, list, SLW_TOO_LARGE, "too many roles", detail);
        }
        SLW_TRY(read_grant(document, value, &grant, detail));
        for (size_t i = 0; i < ret_grants->count; i++) {
            if (ret_grants->each[i].role == grant.role &&
                slw_bytes_equal(ret_grants->each[i].product, grant.product)) {
                return slw_json_refuse(document, value, SLW_BAD_ARGUMENT, "a role twice", detail);
            }
        }
        ret_grants->each[ret_grants->count++] = grant;
    }
    return SLW_OK;
}

enum slw_status people_grants_check(struct slw_transaction *transaction,
                                    const struct people_grants *grants, struct slw_detail *detail)
{
    for (size_t i = 0; i < grants->count; i++) {
        struct slw_bytes product = grants->each[i].product;
        const struct slw_sql_value value = slw_sql_text(product);
        int64_t count = 1;
        if (!slw_bytes_equal(product, SLW_BYTES_OF("*"))) {
            SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM products WHERE name = $1",
                                   &value, 1, &count, detail));
        }
        if (count != 1) {
            return slw_explain(detail, SLW_NOT_FOUND, "there is no product %.*s", (int)product.len,
                               (const char *)product.ptr);
        }
    }
    return SLW_OK;
}

enum slw_status people_roles_put(struct slw_json *json, struct slw_rows *rows,
                                 struct slw_detail *detail)
{
    slw_json_begin_array(json, "roles");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        slw_json_bytes(json, "product", slw_rows_bytes(rows, 0));
        slw_json_bytes(json, "role", slw_rows_bytes(rows, 1));
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}
