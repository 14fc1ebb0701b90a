/* SPDX-License-Identifier: Apache-2.0 */
/* API tokens: made in a session, shown once, kept as a hash, with at most their maker's rights. */
#include "roles.h"
#include "secret.h"
#include "session.h"

#include <stdio.h>

#define TITLE_MAX 200u
#define TOKENS_MAX 100 /* of a person, that are alive */
#define LIFE_MIN_S 60
#define LIFE_MAX_S (INT64_C(366) * 86400)
#define LIFE_S (INT64_C(90) * 86400)
#define SECOND_US INT64_C(1000000)

static struct slw_bytes person_of(const struct depot_call *call)
{
    return slw_bytes_make(call->caller->person, strlen(call->caller->person));
}

static void begin_token(struct slw_json *json, const struct slw_rows *rows)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, NULL);
    slw_json_int(json, "id", slw_rows_int(rows, 0));
    slw_json_bytes(json, "person", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "title", slw_rows_bytes(rows, 2));
    slw_json_text(json, "made", depot_time_format(slw_rows_int(rows, 3), time));
    slw_json_text(json, "expires", depot_time_format(slw_rows_int(rows, 4), time));
    if (slw_rows_is_null(rows, 5)) {
        slw_json_null(json, "revoked");
    } else {
        slw_json_text(json, "revoked", depot_time_format(slw_rows_int(rows, 5), time));
    }
    slw_json_begin_array(json, "roles");
}

static void end_token(struct slw_json *json)
{
    slw_json_end_array(json);
    slw_json_end_object(json);
}

/* Rows of (id, person, title, made, expires, revoked, product, role), by id. */
static enum slw_status put_tokens(struct slw_heap_buffer *text, struct slw_rows *rows,
                                  struct slw_detail *detail)
{
    struct slw_json json;
    int64_t id = 0;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "tokens");
    while (slw_rows_next(rows)) {
        if (slw_rows_int(rows, 0) != id) {
            if (id != 0) {
                end_token(&json);
            }
            id = slw_rows_int(rows, 0);
            begin_token(&json, rows);
        }
        if (!slw_rows_is_null(rows, 6)) {
            slw_json_begin_object(&json, NULL);
            slw_json_bytes(&json, "product", slw_rows_bytes(rows, 6));
            slw_json_bytes(&json, "role", slw_rows_bytes(rows, 7));
            slw_json_end_object(&json);
        }
    }
    if (id != 0) {
        end_token(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

/* One's own; everybody's for an administrator who asks so. */
static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    bool all = slw_http_query(call->exchange, "everybody").len > 0;
    bool may = false;
    if (all) {
        SLW_TRY(depot_may(transaction, call->caller, SLW_BYTES_OF("*"), DEPOT_ADMINISTER, &may,
                          detail));
        if (!may) {
            return slw_explain(detail, SLW_NOT_PERMITTED, "everybody's are for administrators");
        }
    }
    const struct slw_sql_value values[] = {slw_sql_text(person_of(call)), slw_sql_int(all ? 1 : 0)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT t.id, t.person, t.title, t.made_us, t.expires_us, t.revoked_us, "
                          "r.product, r.role FROM tokens t LEFT JOIN token_roles r ON r.token = "
                          "t.id WHERE t.person = $1 OR $2 = 1 ORDER BY t.id, r.product, r.role",
                          values, 2, &rows, detail));
    return put_tokens(&call->text, rows, detail);
}

void people_list_tokens(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* DEPOT.md, section 3: "at most its maker's rights". Checked at every use too. */
static enum slw_status check_grant(struct depot_call *call, struct slw_transaction *transaction,
                                   const struct people_grant *grant, struct slw_detail *detail)
{
    for (int right = DEPOT_SEE; right <= DEPOT_ADMINISTER; right++) {
        bool may = true;
        if (people_role_may(grant->role, (enum depot_right)right)) {
            SLW_TRY(depot_may(transaction, call->caller, grant->product, (enum depot_right)right,
                              &may, detail));
        }
        if (!may) {
            return slw_explain(detail, SLW_NOT_PERMITTED,
                               "a token can't have a role that its maker hasn't");
        }
    }
    return SLW_OK;
}

static enum slw_status check_count(struct depot_call *call, struct slw_transaction *transaction,
                                   int64_t now_us, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(person_of(call)), slw_sql_int(now_us)};
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM tokens WHERE person = $1 AND revoked_us IS NULL "
                           "AND expires_us > $2",
                           values, 2, &count, detail));
    return count < TOKENS_MAX ? SLW_OK
                              : slw_explain(detail, SLW_TOO_MANY,
                                            "you have %d tokens; revoke one first", TOKENS_MAX);
}

static enum slw_status audit(struct depot_call *call, struct slw_transaction *transaction,
                             const char *action, int64_t id, struct slw_bytes title,
                             struct slw_detail *detail)
{
    char subject[32];
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    (void)snprintf(subject, sizeof subject, "%lld", (long long)id);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "title", title);
    slw_json_end_object(&json);
    enum slw_status status = text.status;
    if (status == SLW_OK) {
        status =
            depot_audit(transaction, call->caller->name, action, SLW_BYTES_OF(""),
                        slw_bytes_make(subject, strlen(subject)), slw_heap_text(&text), detail);
    }
    slw_heap_free(&text);
    return status;
}

struct new_token {
    char secret[PEOPLE_SECRET_SIZE];
    struct slw_bytes title;
    int64_t life_s;
    struct people_grants grants;
};

static enum slw_status read_token(struct depot_call *call, struct slw_transaction *transaction,
                                  struct new_token *token, struct slw_detail *detail)
{
    uint32_t roles = slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("roles"));
    SLW_TRY(depot_read_text(call, "title", TITLE_MAX, &token->title, detail));
    SLW_TRY(depot_read_number(call, "expires_s", LIFE_MIN_S, LIFE_MAX_S, LIFE_S, &token->life_s,
                              detail));
    SLW_TRY(people_grants_read(&call->body, roles, &token->grants, detail));
    if (token->grants.count == 0) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: a token needs a role");
    }
    for (size_t i = 0; i < token->grants.count; i++) {
        SLW_TRY(check_grant(call, transaction, &token->grants.each[i], detail));
    }
    return people_grants_check(transaction, &token->grants, detail);
}

static enum slw_status insert_token(struct depot_call *call, struct slw_transaction *transaction,
                                    const struct new_token *token, int64_t now_us, int64_t *ret_id,
                                    struct slw_detail *detail)
{
    uint8_t hash[SLW_SHA256_SIZE];
    people_secret_hash(slw_bytes_make(token->secret, PEOPLE_SECRET_SIZE - 1), hash);
    const struct slw_sql_value values[] = {
        slw_sql_text(person_of(call)), slw_sql_text(token->title),
        slw_sql_blob(slw_bytes_make(hash, sizeof hash)), slw_sql_int(now_us),
        slw_sql_int(now_us + token->life_s * SECOND_US)};
    SLW_TRY(slw_sql_number(transaction,
                           "INSERT INTO tokens (person, title, secret, made_us, expires_us) VALUES "
                           "($1, $2, $3, $4, $5) RETURNING id",
                           values, 5, ret_id, detail));
    for (size_t i = 0; i < token->grants.count; i++) {
        const char *role = people_role_word(token->grants.each[i].role);
        const struct slw_sql_value grant[] = {slw_sql_int(*ret_id),
                                              slw_sql_text(token->grants.each[i].product),
                                              slw_sql_text(slw_bytes_make(role, strlen(role)))};
        SLW_TRY(slw_sql_run(transaction,
                            "INSERT INTO token_roles (token, product, role) VALUES ($1, $2, $3)",
                            grant, 3, NULL, detail));
    }
    return SLW_OK;
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct new_token *token = call->more;
    char shown[128];
    char time[DEPOT_TIME_SIZE];
    struct slw_json json;
    int64_t now_us = 0;
    int64_t id = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(read_token(call, transaction, token, detail));
    SLW_TRY(check_count(call, transaction, now_us, detail));
    SLW_TRY(insert_token(call, transaction, token, now_us, &id, detail));
    SLW_TRY(audit(call, transaction, "token.make", id, token->title, detail));
    (void)snprintf(shown, sizeof shown, "slw_%lld_%s", (long long)id, token->secret);
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_int(&json, "id", id);
    slw_json_text(&json, "token", shown);
    slw_json_text(&json, "expires", depot_time_format(now_us + token->life_s * SECOND_US, time));
    slw_json_end_object(&json);
    slw_wipe(shown, sizeof shown);
    call->http_status = 201;
    return SLW_OK;
}

void people_make_api_token(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct new_token token;
    if (!people_is_session(exchange)) {
        return;
    }
    enum slw_status status = people_secret_make(token.secret, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, &token);
    slw_wipe(&token, sizeof token);
}

/* By its maker, or an administrator of everything. For others it isn't there. */
static enum slw_status revoke(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_parameter(call->exchange, 0);
    int64_t id = 0;
    int64_t now_us = 0;
    int64_t changed = 0;
    bool may = false;
    for (size_t i = 0; i < text.len && i < 15; i++) {
        id = text.ptr[i] >= '0' && text.ptr[i] <= '9' && id >= 0 ? id * 10 + (text.ptr[i] - '0')
                                                                 : -1;
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(
        depot_may(transaction, call->caller, SLW_BYTES_OF("*"), DEPOT_ADMINISTER, &may, detail));
    const struct slw_sql_value values[] = {slw_sql_int(id), slw_sql_text(person_of(call)),
                                           slw_sql_int(may ? 1 : 0), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE tokens SET revoked_us = $4 WHERE id = $1 AND (person = $2 OR $3 = "
                        "1) AND revoked_us IS NULL",
                        values, 4, &changed, detail));
    if (changed == 0 || text.len >= 15) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such token");
    }
    return audit(call, transaction, "token.revoke", id, SLW_BYTES_OF(""), detail);
}

void people_revoke_token(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, revoke, NULL);
}
