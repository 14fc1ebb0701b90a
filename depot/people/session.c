/* SPDX-License-Identifier: Apache-2.0 */
/* Logging in, looking at oneself, logging out. See session.h and DEPOT.md, section 3. */
#include "session.h"

#include "attempt.h"
#include "hasher.h"
#include "roles.h"
#include "secret.h"

#include <stdio.h>

#define SECOND_US INT64_C(1000000)
#define COOKIE "slipway_session"

enum slw_status people_sessions_end(struct slw_transaction *transaction, struct slw_bytes person,
                                    const uint8_t *but_this, struct slw_detail *detail)
{
    static const uint8_t none[SLW_SHA256_SIZE];
    const struct slw_sql_value values[] = {
        slw_sql_text(person),
        slw_sql_blob(slw_bytes_make(but_this == NULL ? none : but_this, SLW_SHA256_SIZE))};
    return slw_sql_run(transaction, "DELETE FROM sessions WHERE person = $1 AND secret <> $2",
                       values, 2, NULL, detail);
}

bool people_is_session(struct slw_http_exchange *exchange)
{
    if (!depot_caller(exchange)->is_machine) {
        return true;
    }
    slw_http_refuse_as(exchange, 403, SLW_NOT_PERMITTED, "log in to do this; a token can't");
    return false;
}

/* --- what a session is ---------------------------------------------------------------------- */

static enum slw_status put_roles(struct slw_json *json, struct slw_transaction *transaction,
                                 const struct depot_caller *caller, struct slw_detail *detail)
{
    const struct slw_sql_value person =
        slw_sql_text(slw_bytes_make(caller->person, strlen(caller->person)));
    const struct slw_sql_value token = slw_sql_int(caller->token);
    struct slw_rows *rows = NULL;
    const char *sql = caller->token == 0
                          ? "SELECT product, role FROM roles WHERE person = $1 ORDER BY product, "
                            "role"
                          : "SELECT product, role FROM token_roles WHERE token = $1 ORDER BY "
                            "product, role";
    SLW_TRY(
        slw_sql_query(transaction, sql, caller->token == 0 ? &person : &token, 1, &rows, detail));
    return people_roles_put(json, rows, detail);
}

static enum slw_status put_account(struct slw_json *json, struct slw_transaction *transaction,
                                   const struct depot_caller *caller, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_bytes_make(caller->person, strlen(caller->person))),
        slw_sql_blob(slw_bytes_make(caller->session, sizeof caller->session))};
    char time[DEPOT_TIME_SIZE];
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT p.must_change, p.totp, s.expires_us FROM people p JOIN sessions "
                          "s ON s.person = p.name WHERE p.name = $1 AND s.secret = $2",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_json_bool(json, "must_change_password", slw_rows_int(rows, 0) != 0);
        slw_json_bool(json, "totp", !slw_rows_is_null(rows, 1));
        slw_json_text(json, "expires", depot_time_format(slw_rows_int(rows, 2), time));
    }
    return slw_rows_close(rows, detail);
}

/* secret: of the session; empty for a token or a certificate. */
static enum slw_status put_session(struct slw_heap_buffer *text, struct depot *depot,
                                   struct slw_transaction *transaction,
                                   const struct depot_caller *caller, struct slw_bytes secret,
                                   struct slw_detail *detail)
{
    struct slw_json json;
    slw_json_init(&json, text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "name", caller->name);
    slw_json_text(&json, "person", caller->person);
    slw_json_bool(&json, "machine", caller->is_machine);
    if (secret.len > 0) {
        char csrf[PEOPLE_SECRET_SIZE];
        people_secret_csrf(secret, csrf);
        slw_json_text(&json, "csrf", csrf);
        slw_json_bool(&json, "totp_required", depot->settings->totp_required);
        SLW_TRY(put_account(&json, transaction, caller, detail));
    }
    SLW_TRY(put_roles(&json, transaction, caller, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

static enum slw_status show(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_bytes secret = {NULL, 0};
    if (!call->caller->is_machine) {
        secret = slw_http_cookie(call->exchange, COOKIE);
    }
    return put_session(&call->text, call->depot, transaction, call->caller, secret, detail);
}

void people_show_session(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show, NULL);
}

/* --- beginning ------------------------------------------------------------------------------ */

struct login {
    struct depot *depot;
    const struct slw_http_exchange *exchange;
    struct people_attempt attempt;
    char secret[PEOPLE_SECRET_SIZE];
    struct depot_caller caller;
    struct slw_heap_buffer text;
};

/* A session that came along ends, so that nobody goes on in one that somebody else knows. */
static enum slw_status end_former(const struct login *login, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct slw_bytes cookie = slw_http_cookie(login->exchange, COOKIE);
    uint8_t hash[SLW_SHA256_SIZE];
    if (!people_secret_is_one(cookie)) {
        return SLW_OK;
    }
    people_secret_hash(cookie, hash);
    const struct slw_sql_value value = slw_sql_blob(slw_bytes_make(hash, sizeof hash));
    return slw_sql_run(transaction, "DELETE FROM sessions WHERE secret = $1", &value, 1, NULL,
                       detail);
}

static enum slw_status begin(void *context, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct login *login = context;
    struct depot_caller *caller = &login->caller;
    int64_t now_us = 0;
    slw_heap_free(&login->text);
    SLW_TRY(people_attempt_decide(transaction, &login->attempt, detail));
    if (!login->attempt.is_good) {
        return SLW_OK;
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(end_former(login, transaction, detail));
    const struct slw_sql_value values[] = {
        slw_sql_blob(slw_bytes_make(caller->session, sizeof caller->session)),
        slw_sql_text(login->attempt.name), slw_sql_int(slw_http_is_secure(login->exchange) ? 1 : 0),
        slw_sql_int(now_us), slw_sql_int(now_us + PEOPLE_SESSION_S * SECOND_US)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO sessions (secret, person, is_secure, made_us, expires_us) "
                        "VALUES ($1, $2, $3, $4, $5)",
                        values, 5, NULL, detail));
    SLW_TRY(depot_audit(transaction, caller->name, "session.begin", SLW_BYTES_OF(""),
                        login->attempt.name, NULL, detail));
    return put_session(&login->text, login->depot, transaction, caller,
                       slw_bytes_make(login->secret, PEOPLE_SECRET_SIZE - 1), detail);
}

static void set_cookie(struct slw_http_exchange *exchange, const char *secret, int64_t seconds)
{
    char cookie[256];
    (void)snprintf(cookie, sizeof cookie,
                   COOKIE "=%s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Strict%s", secret,
                   (long long)seconds, slw_http_is_secure(exchange) ? "; Secure" : "");
    slw_http_set_header(exchange, "Set-Cookie", cookie);
    slw_wipe(cookie, sizeof cookie);
}

static enum slw_status read_attempt(const struct slw_json_document *body,
                                    struct people_attempt *attempt, struct slw_detail *detail)
{
    uint32_t name = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("name"));
    uint32_t password = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("password"));
    uint32_t code = slw_json_member(body, SLW_JSON_TOP, SLW_BYTES_OF("code"));
    if (slw_json_kind(body, name) != SLW_JSON_STRING ||
        slw_json_kind(body, password) != SLW_JSON_STRING ||
        (code != SLW_JSON_NONE && slw_json_kind(body, code) != SLW_JSON_STRING)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: name, password and code are texts");
    }
    attempt->name = slw_json_string(body, name);
    attempt->password = slw_json_string(body, password);
    attempt->code = slw_json_string(body, code);
    attempt->needs_code = true;
    return SLW_OK;
}

static enum slw_status prepare(struct login *login, struct slw_detail *detail)
{
    SLW_TRY(people_attempt_look(login->depot, &login->attempt, detail));
    SLW_TRY(people_secret_make(login->secret, detail));
    people_secret_hash(slw_bytes_make(login->secret, PEOPLE_SECRET_SIZE - 1),
                       login->caller.session);
    size_t len = login->attempt.name.len;
    if (len < sizeof login->caller.person) {
        memcpy(login->caller.person, login->attempt.name.ptr, len);
        (void)snprintf(login->caller.name, sizeof login->caller.name, "%s", login->caller.person);
    }
    return slw_database_transact(login->depot->database, SLW_DATABASE_WRITE, begin, login, detail);
}

static void answer_login(struct login *login, struct slw_http_exchange *exchange,
                         enum slw_status status, const struct slw_detail *detail)
{
    if (status == SLW_OK && !login->attempt.is_good) {
        (void)people_hasher_client_may(login->depot, exchange, true);
        people_attempt_refuse(exchange);
        return;
    }
    if (status == SLW_OK) {
        set_cookie(exchange, login->secret, PEOPLE_SESSION_S);
    }
    depot_answer(exchange, status, 200, &login->text, detail);
}

static void log_in(struct depot *depot, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct slw_json_document body;
    struct login login = {.depot = depot, .exchange = exchange};
    enum slw_status status = depot_body(exchange, &body, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    status = read_attempt(&body, &login.attempt, &detail);
    if (status == SLW_OK) {
        status = prepare(&login, &detail);
    }
    answer_login(&login, exchange, status, &detail);
    people_attempt_wipe(&login.attempt);
    slw_wipe(login.secret, sizeof login.secret);
    slw_json_document_free(&body);
}

/* No cross-site form can send this type, and scripts of other sites have to ask first. */
static bool is_json(const struct slw_http_exchange *exchange)
{
    struct slw_bytes type = slw_http_header(exchange, "Content-Type");
    struct slw_bytes json = SLW_BYTES_OF("application/json");
    return type.len >= json.len && memcmp(type.ptr, json.ptr, json.len) == 0 &&
           (type.len == json.len || type.ptr[json.len] == ';');
}

void people_begin_session(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    bool wants_tls = strncmp(depot->settings->url, "https://", strlen("https://")) == 0;
    if (!is_json(exchange)) {
        slw_http_refuse_as(exchange, 415, SLW_MALFORMED, "Content-Type must be application/json");
    } else if (wants_tls && !slw_http_is_secure(exchange)) {
        slw_http_refuse_as(exchange, 403, SLW_NOT_PERMITTED, "log in over HTTPS");
    } else if (!people_hasher_client_may(depot, exchange, false)) {
        slw_http_refuse_as(exchange, 429, SLW_TOO_MANY, "too many wrong ones; wait a minute");
    } else {
        people_hasher_hand_over(depot, exchange, log_in);
    }
}

/* --- end ------------------------------------------------------------------------------------ */

static enum slw_status end(struct depot_call *call, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    const struct depot_caller *caller = call->caller;
    const struct slw_sql_value value =
        slw_sql_blob(slw_bytes_make(caller->session, sizeof caller->session));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM sessions WHERE secret = $1", &value, 1, NULL,
                        detail));
    return depot_audit(transaction, caller->name, "session.end", SLW_BYTES_OF(""),
                       slw_bytes_make(caller->person, strlen(caller->person)), NULL, detail);
}

void people_end_session(void *context, struct slw_http_exchange *exchange)
{
    if (people_is_session(exchange)) {
        set_cookie(exchange, "", 0);
        depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, end, NULL);
    }
}

/* Whoever thinks that somebody else has a session of theirs. */
static enum slw_status end_others(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct depot_caller *caller = call->caller;
    struct slw_bytes person = slw_bytes_make(caller->person, strlen(caller->person));
    SLW_TRY(people_sessions_end(transaction, person, caller->session, detail));
    return depot_audit(transaction, caller->name, "session.end-others", SLW_BYTES_OF(""), person,
                       NULL, detail);
}

void people_end_other_sessions(void *context, struct slw_http_exchange *exchange)
{
    if (people_is_session(exchange)) {
        depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, end_others, NULL);
    }
}
