/* SPDX-License-Identifier: Apache-2.0 */
/* The people part: its routes, its memory, its housekeeping. */
#include "people.h"

#include "hasher.h"
#include "routes.h"

#define BODY 4096u
#define GRANTS_BODY 16384u

static const struct slw_http_route routes[] = {
    {"POST", "/api/v1/session", people_begin_session, BODY, DEPOT_PUBLIC},
    {"GET", "/api/v1/session", people_show_session, 0, DEPOT_ANYBODY},
    {"DELETE", "/api/v1/session", people_end_session, 0, DEPOT_ANYBODY},
    {"POST", "/api/v1/account/password", people_change_password, BODY, DEPOT_ANYBODY},
    {"POST", "/api/v1/account/totp", people_make_totp, BODY, DEPOT_ANYBODY},
    {"POST", "/api/v1/account/totp/confirm", people_confirm_totp, BODY, DEPOT_ANYBODY},
    {"DELETE", "/api/v1/account/sessions", people_end_other_sessions, 0, DEPOT_ANYBODY},
    {"POST", "/api/v1/invitation", people_accept_invitation, BODY, DEPOT_PUBLIC},

    {"GET", "/api/v1/tokens", people_list_tokens, 0, DEPOT_ANYBODY},
    {"POST", "/api/v1/tokens", people_make_api_token, GRANTS_BODY, DEPOT_ANYBODY},
    {"DELETE", "/api/v1/tokens/{token}", people_revoke_token, 0, DEPOT_ANYBODY},

    {"GET", "/api/v1/people", people_list_people, 0, DEPOT_ADMINISTER},
    {"POST", "/api/v1/people", people_make_person, GRANTS_BODY, DEPOT_ADMINISTER},
    {"PUT", "/api/v1/people/{person}/roles", people_set_roles, GRANTS_BODY, DEPOT_ADMINISTER},
    {"POST", "/api/v1/people/{person}/invitation", people_invite_person, 0, DEPOT_ADMINISTER},
    {"POST", "/api/v1/people/{person}/disable", people_disable_person, 0, DEPOT_ADMINISTER},
    {"POST", "/api/v1/people/{person}/enable", people_enable_person, 0, DEPOT_ADMINISTER},
    {"POST", "/api/v1/people/{person}/unlock", people_unlock_person, 0, DEPOT_ADMINISTER},
    {"DELETE", "/api/v1/people/{person}/totp", people_remove_totp, 0, DEPOT_ADMINISTER},

    {"GET", "/api/v1/products", people_list_products, 0, DEPOT_ANYBODY},
    {"POST", "/api/v1/products", people_make_product, BODY, DEPOT_ADMINISTER},
    {"GET", "/api/v1/products/{product}", people_show_product, 0, DEPOT_SEE},
    {"PATCH", "/api/v1/products/{product}", people_change_product, BODY, DEPOT_ADMINISTER},
    {"GET", "/api/v1/products/{product}/people", people_list_product_people, 0, DEPOT_SEE},
    {"PUT", "/api/v1/products/{product}/people/{person}", people_set_product_roles, BODY,
     DEPOT_ADMINISTER},

    {"GET", "/api/v1/audit", people_list_audit, 0, DEPOT_SEE},
    {"GET", "/api/v1/audit/proof", people_prove_audit, 0, DEPOT_ANYBODY},
    {"GET", "/api/v1/products/{product}/audit", people_list_product_audit, 0, DEPOT_SEE},
};

/* Wrong logins are forgotten when there were none for longer than any lock lasts. */
#define FAILURES_KEPT_US (INT64_C(7200) * 1000000)

struct keeping {
    int64_t token;
};

static enum slw_status keep_house(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct keeping *keeping = context;
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, "housekeeping", keeping->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value now = slw_sql_int(now_us);
    const struct slw_sql_value failures = slw_sql_int(now_us - FAILURES_KEPT_US);
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM sessions WHERE expires_us <= $1", &now, 1, NULL,
                        detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM login_failures WHERE last_us < $1", &failures, 1,
                        NULL, detail));
    return slw_sql_run(transaction,
                       "UPDATE people SET invitation = NULL, invitation_until_us = 0 WHERE "
                       "invitation IS NOT NULL AND invitation_until_us <= $1",
                       &now, 1, NULL, detail);
}

static enum slw_status work(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct keeping keeping = {token};
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, keep_house, &keeping, detail);
}

static enum slw_status open_part(struct depot *depot, struct slw_detail *detail)
{
    return people_hasher_start(depot, &depot->people, detail);
}

static void close_part(struct depot *depot)
{
    people_hasher_stop(depot->people);
    depot->people = NULL;
}

const struct depot_part depot_people = {
    .name = "people",
    .routes = routes,
    .routes_count = sizeof routes / sizeof routes[0],
    .lease = "housekeeping",
    .period_ms = 60000,
    .work = work,
    .open = open_part,
    .close = close_part,
};
