/* SPDX-License-Identifier: Apache-2.0 */
/* What people change of their own account: password, second factor; and invitations. */
#include "attempt.h"
#include "hasher.h"
#include "seal.h"
#include "secret.h"
#include "session.h"

#include "slipway/text.h"

#include <stdio.h>
#include <sys/random.h>

struct change {
    struct depot *depot;
    const struct slw_http_exchange *exchange;
    const struct depot_caller *caller; /* NULL: an invitation's */
    struct people_attempt attempt;
    char hash[PEOPLE_HASH_SIZE];        /* of the new password */
    uint8_t secret[PEOPLE_TOTP_SIZE];   /* of the new second factor */
    uint8_t sealed[PEOPLE_SEALED_SIZE]; /* the same */
    uint8_t invitation[SLW_SHA256_SIZE];
    struct slw_heap_buffer person; /* whose invitation it was */
    bool is_found;
};

static enum slw_status read_text(const struct slw_json_document *body, const char *name,
                                 bool is_needed, struct slw_bytes *ret_text,
                                 struct slw_detail *detail)
{
    uint32_t value = slw_json_member(body, SLW_JSON_TOP, slw_text_bytes(name));
    if (slw_json_kind(body, value) != SLW_JSON_STRING && (is_needed || value != SLW_JSON_NONE)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: %s must be text", name);
    }
    *ret_text = slw_json_string(body, value);
    return SLW_OK;
}

/* --- password ------------------------------------------------------------------------------- */

static enum slw_status store_password(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct change *change = context;
    struct slw_bytes person = change->attempt.name;
    const struct slw_sql_value values[] = {slw_sql_text(person),
                                           slw_sql_text(slw_text_bytes(change->hash))};
    SLW_TRY(people_attempt_decide(transaction, &change->attempt, detail));
    if (!change->attempt.is_good) {
        return SLW_OK;
    }
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE people SET password = $2, must_change = 0 WHERE name = $1", values,
                        2, NULL, detail));
    SLW_TRY(people_sessions_end(transaction, person, change->caller->session, detail));
    return depot_audit(transaction, change->caller->name, "account.password", SLW_BYTES_OF(""),
                       person, NULL, detail);
}

static enum slw_status change_password(struct change *change, const struct slw_json_document *body,
                                       struct slw_detail *detail)
{
    struct slw_bytes new_one = {NULL, 0};
    SLW_TRY(read_text(body, "password", true, &change->attempt.password, detail));
    SLW_TRY(read_text(body, "new", true, &new_one, detail));
    SLW_TRY(people_password_check_form(new_one, detail));
    if (slw_bytes_equal(new_one, change->attempt.password)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "the new password is the old one");
    }
    SLW_TRY(people_attempt_look(change->depot, &change->attempt, detail));
    SLW_TRY(people_password_hash(new_one, change->hash, detail));
    return slw_database_transact(change->depot->database, SLW_DATABASE_WRITE, store_password,
                                 change, detail);
}

/* Runs what needs the password once more, with the caller's own name. */
static void prove_and(struct depot *depot, struct slw_http_exchange *exchange,
                      enum slw_status (*work)(struct change *change,
                                              const struct slw_json_document *body,
                                              struct slw_detail *detail),
                      void (*answer)(struct change *change, struct slw_http_exchange *exchange))
{
    struct slw_detail detail = {""};
    struct slw_json_document body;
    struct change change = {.depot = depot, .exchange = exchange, .caller = depot_caller(exchange)};
    change.attempt.name = slw_text_bytes(change.caller->person);
    enum slw_status status = depot_body(exchange, &body, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    status = work(&change, &body, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
    } else if (!change.attempt.is_good) {
        (void)people_hasher_client_may(depot, exchange, true);
        people_attempt_refuse(exchange);
    } else {
        answer(&change, exchange);
    }
    slw_json_document_free(&body);
    slw_wipe(&change, sizeof change);
}

static void answer_nothing(struct change *change, struct slw_http_exchange *exchange)
{
    (void)change;
    slw_http_answer_empty(exchange, 204);
}

static void handle_password(struct depot *depot, struct slw_http_exchange *exchange)
{
    prove_and(depot, exchange, change_password, answer_nothing);
}

void people_change_password(void *context, struct slw_http_exchange *exchange)
{
    if (people_is_session(exchange)) {
        people_hasher_hand_over(depot_of(context), exchange, handle_password);
    }
}

/* --- second factor -------------------------------------------------------------------------- */

static enum slw_status store_new_totp(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct change *change = context;
    const struct slw_sql_value values[] = {
        slw_sql_text(change->attempt.name),
        slw_sql_blob(slw_bytes_make(change->sealed, sizeof change->sealed))};
    SLW_TRY(people_attempt_decide(transaction, &change->attempt, detail));
    return change->attempt.is_good
               ? slw_sql_run(transaction, "UPDATE people SET totp_new = $2 WHERE name = $1", values,
                             2, NULL, detail)
               : SLW_OK;
}

static enum slw_status make_totp(struct change *change, const struct slw_json_document *body,
                                 struct slw_detail *detail)
{
    change->attempt.needs_code = true;
    SLW_TRY(read_text(body, "password", true, &change->attempt.password, detail));
    SLW_TRY(read_text(body, "code", false, &change->attempt.code, detail));
    if (getrandom(change->secret, sizeof change->secret, 0) != (ssize_t)sizeof change->secret) {
        return slw_explain_errno(detail, "getrandom");
    }
    SLW_TRY(
        people_seal(change->depot, change->attempt.name, change->secret, change->sealed, detail));
    SLW_TRY(people_attempt_look(change->depot, &change->attempt, detail));
    return slw_database_transact(change->depot->database, SLW_DATABASE_WRITE, store_new_totp,
                                 change, detail);
}

static void answer_totp(struct change *change, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    char secret[PEOPLE_BASE32_SIZE];
    char uri[256];
    people_base32(change->secret, secret);
    (void)snprintf(uri, sizeof uri, "otpauth://totp/Slipway:%s?secret=%s&issuer=Slipway",
                   change->caller->person, secret);
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "secret", secret);
    slw_json_text(&json, "uri", uri);
    slw_json_end_object(&json);
    slw_wipe(secret, sizeof secret);
    slw_wipe(uri, sizeof uri);
    depot_answer(exchange, SLW_OK, 200, &text, &detail);
}

static void handle_totp(struct depot *depot, struct slw_http_exchange *exchange)
{
    prove_and(depot, exchange, make_totp, answer_totp);
}

void people_make_totp(void *context, struct slw_http_exchange *exchange)
{
    if (people_is_session(exchange)) {
        people_hasher_hand_over(depot_of(context), exchange, handle_totp);
    }
}

static enum slw_status read_new_totp(struct slw_transaction *transaction, const struct depot *depot,
                                     struct slw_bytes person,
                                     uint8_t ret_secret[static PEOPLE_TOTP_SIZE],
                                     struct slw_detail *detail)
{
    const struct slw_sql_value name = slw_sql_text(person);
    uint8_t sealed[PEOPLE_SEALED_SIZE];
    struct slw_rows *rows = NULL;
    bool is_there = false;
    SLW_TRY(slw_sql_query(transaction, "SELECT totp_new FROM people WHERE name = $1", &name, 1,
                          &rows, detail));
    if (slw_rows_next(rows) && slw_rows_bytes(rows, 0).len == sizeof sealed) {
        memcpy(sealed, slw_rows_bytes(rows, 0).ptr, sizeof sealed);
        is_there = true;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return is_there ? people_unseal(depot, person, slw_bytes_make(sealed, sizeof sealed),
                                    ret_secret, detail)
                    : slw_explain(detail, SLW_WRONG_STATE, "make a second factor first");
}

/* It counts once they have shown that their authenticator has it. */
static enum slw_status confirm(struct depot_call *call, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct slw_bytes person = slw_text_bytes(call->caller->person);
    struct slw_bytes code = {NULL, 0};
    uint8_t secret[PEOPLE_TOTP_SIZE];
    bool matches = false;
    int64_t step = 0;
    int64_t now_us = 0;
    SLW_TRY(depot_read_text(call, "code", 16, &code, detail));
    SLW_TRY(read_new_totp(transaction, call->depot, person, secret, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    enum slw_status status =
        people_totp_matches(secret, code, now_us / 1000000, 0, &matches, &step);
    slw_wipe(secret, sizeof secret);
    SLW_TRY(status);
    if (!matches) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "that isn't the code of now");
    }
    const struct slw_sql_value values[] = {slw_sql_text(person), slw_sql_int(step)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE people SET totp = totp_new, totp_new = NULL, totp_step = $2 WHERE "
                        "name = $1",
                        values, 2, NULL, detail));
    SLW_TRY(people_sessions_end(transaction, person, call->caller->session, detail));
    return depot_audit(transaction, call->caller->name, "account.totp", SLW_BYTES_OF(""), person,
                       NULL, detail);
}

void people_confirm_totp(void *context, struct slw_http_exchange *exchange)
{
    if (people_is_session(exchange)) {
        depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, confirm, NULL);
    }
}

/* --- invitations ---------------------------------------------------------------------------- */

static enum slw_status find_invited(struct change *change, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    int64_t now_us = 0;
    struct slw_rows *rows = NULL;
    slw_heap_free(&change->person);
    change->is_found = false;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_blob(slw_bytes_make(change->invitation, sizeof change->invitation)),
        slw_sql_int(now_us)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT name FROM people WHERE invitation = $1 AND invitation_until_us > "
                          "$2 AND disabled_us IS NULL",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        slw_heap_append(&change->person, slw_rows_bytes(rows, 0));
        change->is_found = true;
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return change->person.status;
}

static enum slw_status accept(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct change *change = context;
    SLW_TRY(find_invited(change, transaction, detail));
    if (!change->is_found) {
        return SLW_OK;
    }
    struct slw_bytes person = slw_heap_bytes(&change->person);
    const struct slw_sql_value values[] = {slw_sql_text(person),
                                           slw_sql_text(slw_text_bytes(change->hash))};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE people SET password = $2, must_change = 0, invitation = NULL, "
                        "invitation_until_us = 0 WHERE name = $1",
                        values, 2, NULL, detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM login_failures WHERE name = $1", values, 1, NULL,
                        detail));
    SLW_TRY(people_sessions_end(transaction, person, NULL, detail));
    return depot_audit(transaction, slw_heap_text(&change->person), "account.accept",
                       SLW_BYTES_OF(""), person, NULL, detail);
}

static enum slw_status accept_with(struct change *change, const struct slw_json_document *body,
                                   struct slw_detail *detail)
{
    struct slw_bytes secret = {NULL, 0};
    struct slw_bytes password = {NULL, 0};
    SLW_TRY(read_text(body, "secret", true, &secret, detail));
    SLW_TRY(read_text(body, "password", true, &password, detail));
    SLW_TRY(people_password_hash(password, change->hash, detail));
    people_secret_hash(secret, change->invitation);
    return slw_database_transact(change->depot->database, SLW_DATABASE_WRITE, accept, change,
                                 detail);
}

static void answer_name(struct change *change, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct slw_heap_buffer text = {0};
    struct slw_json json;
    slw_json_init(&json, &text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "name", slw_heap_bytes(&change->person));
    slw_json_end_object(&json);
    depot_answer(exchange, SLW_OK, 200, &text, &detail);
}

static void handle_invitation(struct depot *depot, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct slw_json_document body;
    struct change change = {.depot = depot, .exchange = exchange};
    enum slw_status status = depot_body(exchange, &body, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    status = accept_with(&change, &body, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
    } else if (!change.is_found) {
        (void)people_hasher_client_may(depot, exchange, true);
        slw_http_refuse_as(exchange, 404, SLW_NOT_FOUND,
                           "there is no such invitation, or it is used or too old");
    } else {
        answer_name(&change, exchange);
    }
    slw_heap_free(&change.person);
    slw_json_document_free(&body);
    slw_wipe(&change, sizeof change);
}

void people_accept_invitation(void *context, struct slw_http_exchange *exchange)
{
    struct depot *depot = depot_of(context);
    if (!people_hasher_client_may(depot, exchange, false)) {
        slw_http_refuse_as(exchange, 429, SLW_TOO_MANY, "too many wrong ones; wait a minute");
        return;
    }
    people_hasher_hand_over(depot, exchange, handle_invitation);
}
