/* SPDX-License-Identifier: Apache-2.0 */
/* People and machines: who there is, inviting, disabling, what an administrator of everything may
 * do to an account. Their roles are in grants.c. */
#include "persons.h"

#include "hasher.h"
#include "password.h"
#include "secret.h"
#include "session.h"

#include "slipway/text.h"

#include <stdio.h>

#define INVITATION_US (INT64_C(72) * 3600 * 1000000)

/* --- list ----------------------------------------------------------------------------------- */

static void begin_person(struct slw_json *json, const struct slw_rows *rows, int64_t now_us)
{
    char time[DEPOT_TIME_SIZE];
    slw_json_begin_object(json, NULL);
    slw_json_bytes(json, "name", slw_rows_bytes(rows, 0));
    slw_json_bool(json, "machine", slw_rows_int(rows, 1) != 0);
    slw_json_bool(json, "password", !slw_rows_is_null(rows, 2));
    slw_json_bool(json, "totp", !slw_rows_is_null(rows, 3));
    slw_json_bool(json, "invited", slw_rows_int(rows, 4) > now_us);
    slw_json_text(json, "made", depot_time_format(slw_rows_int(rows, 5), time));
    slw_json_bool(json, "disabled", !slw_rows_is_null(rows, 6));
    slw_json_bool(json, "locked", slw_rows_int(rows, 7) > now_us);
    slw_json_begin_array(json, "roles");
}

static void end_person(struct slw_json *json)
{
    slw_json_end_array(json);
    slw_json_end_object(json);
}

static bool is_another(struct slw_heap_buffer *name, struct slw_bytes now)
{
    if (name->len > 0 && slw_bytes_equal(slw_heap_bytes(name), now)) {
        return false;
    }
    name->len = 0;
    slw_heap_append(name, now);
    return true;
}

static enum slw_status put_people(struct depot_call *call, struct slw_rows *rows, int64_t now_us,
                                  struct slw_detail *detail)
{
    struct slw_heap_buffer name = {0};
    struct slw_json json;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "people");
    while (slw_rows_next(rows)) {
        bool is_first = name.len == 0;
        if (is_another(&name, slw_rows_bytes(rows, 0))) {
            if (!is_first) {
                end_person(&json);
            }
            begin_person(&json, rows, now_us);
        }
        if (!slw_rows_is_null(rows, 8)) {
            slw_json_begin_object(&json, NULL);
            slw_json_bytes(&json, "product", slw_rows_bytes(rows, 8));
            slw_json_bytes(&json, "role", slw_rows_bytes(rows, 9));
            slw_json_end_object(&json);
        }
    }
    if (name.len > 0) {
        end_person(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    enum slw_status status = name.status;
    slw_heap_free(&name);
    SLW_TRY(slw_rows_close(rows, detail));
    return status;
}

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT p.name, p.is_machine, p.password, p.totp, p.invitation_until_us, "
                          "p.made_us, p.disabled_us, f.locked_until_us, r.product, r.role FROM "
                          "people p LEFT JOIN roles r ON r.person = p.name LEFT JOIN "
                          "login_failures f ON f.name = p.name ORDER BY p.name, r.product, r.role",
                          NULL, 0, &rows, detail));
    return put_people(call, rows, now_us, detail);
}

void people_list_people(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

/* --- make ----------------------------------------------------------------------------------- */

struct new_person {
    char invitation[PEOPLE_SECRET_SIZE];
    char hash[PEOPLE_HASH_SIZE]; /* of the password that the administrator gave; "": none */
};

static void put_invitation(struct depot_call *call, struct slw_json *json, const char *invitation,
                           int64_t now_us)
{
    char link[DEPOT_TEXT_MAX + 128];
    char time[DEPOT_TIME_SIZE];
    (void)snprintf(link, sizeof link, "%s/#/invitation/%s", call->depot->address, invitation);
    slw_json_text(json, "invitation", invitation);
    slw_json_text(json, "link", link);
    slw_json_text(json, "expires", depot_time_format(now_us + INVITATION_US, time));
    slw_wipe(link, sizeof link);
}

static enum slw_status read_kind(const struct depot_call *call, bool *ret_is_machine,
                                 struct slw_detail *detail)
{
    uint32_t value = slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("kind"));
    struct slw_bytes kind = slw_json_string(&call->body, value);
    bool is_machine = slw_bytes_equal(kind, SLW_BYTES_OF("machine"));
    if (value != SLW_JSON_NONE && !is_machine && !slw_bytes_equal(kind, SLW_BYTES_OF("person"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: kind is person or machine");
    }
    *ret_is_machine = is_machine;
    return SLW_OK;
}

static enum slw_status insert_person(struct depot_call *call, struct slw_transaction *transaction,
                                     struct slw_bytes name, bool is_machine, int64_t now_us,
                                     struct slw_detail *detail)
{
    const struct new_person *person = call->more;
    uint8_t hash[SLW_SHA256_SIZE];
    bool has_password = person->hash[0] != '\0';
    bool invites = !is_machine && !has_password;
    int64_t made = 0;
    people_secret_hash(slw_text_bytes(person->invitation), hash);
    const struct slw_sql_value values[] = {
        slw_sql_text(name),
        slw_sql_int(is_machine ? 1 : 0),
        has_password ? slw_sql_text(slw_text_bytes(person->hash)) : slw_sql_null(),
        slw_sql_int(has_password ? 1 : 0),
        invites ? slw_sql_blob(slw_bytes_make(hash, sizeof hash)) : slw_sql_null(),
        slw_sql_int(invites ? now_us + INVITATION_US : 0),
        slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO people (name, is_machine, password, must_change, totp_step, "
                        "invitation, invitation_until_us, made_us) VALUES ($1, $2, $3, $4, 0, $5, "
                        "$6, $7) ON CONFLICT (name) DO NOTHING",
                        values, 7, &made, detail));
    return made == 1 ? SLW_OK
                     : slw_explain(detail, SLW_VERSION_TAKEN, "there is somebody of this name");
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct new_person *person = call->more;
    struct slw_bytes name = {NULL, 0};
    struct people_grants grants;
    struct slw_json json;
    bool is_machine = false;
    int64_t now_us = 0;
    uint32_t roles = slw_json_member(&call->body, SLW_JSON_TOP, SLW_BYTES_OF("roles"));
    SLW_TRY(depot_read_text(call, "name", DEPOT_NAME_MAX, &name, detail));
    if (!depot_is_name(name, "@") || slw_bytes_equal(name, SLW_BYTES_OF("depot"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "body: name must be 1 to 64 letters, digits, _, ., -, @, beginning with "
                           "a letter or digit, and not depot");
    }
    SLW_TRY(read_kind(call, &is_machine, detail));
    if (is_machine && person->hash[0] != '\0') {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: a machine has no password");
    }
    SLW_TRY(people_grants_read(&call->body, roles, &grants, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(insert_person(call, transaction, name, is_machine, now_us, detail));
    SLW_TRY(people_grants_store(transaction, name, is_machine, &grants, detail));
    SLW_TRY(people_grants_audit(call, transaction, "people.make", SLW_BYTES_OF(""), name, &grants,
                                detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "name", name);
    if (!is_machine && person->hash[0] == '\0') {
        put_invitation(call, &json, person->invitation, now_us);
    }
    slw_json_end_object(&json);
    call->http_status = 201;
    return SLW_OK;
}

/* The password that the administrator chose, if any, hashed before the transaction. */
static enum slw_status prepare(const struct slw_http_exchange *exchange, struct new_person *person,
                               struct slw_detail *detail)
{
    struct slw_json_document body;
    SLW_TRY(people_secret_make(person->invitation, detail));
    SLW_TRY(depot_body(exchange, &body, detail));
    uint32_t value = slw_json_member(&body, SLW_JSON_TOP, SLW_BYTES_OF("password"));
    enum slw_status status = SLW_OK;
    if (slw_json_kind(&body, value) == SLW_JSON_STRING) {
        status = people_password_hash(slw_json_string(&body, value), person->hash, detail);
    } else if (value != SLW_JSON_NONE) {
        status = slw_explain(detail, SLW_BAD_ARGUMENT, "body: password must be text");
    }
    slw_json_document_free(&body);
    return status;
}

static void handle_make(struct depot *depot, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct new_person person = {.hash = ""};
    enum slw_status status = prepare(exchange, &person, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
    } else {
        depot_serve(depot, exchange, SLW_DATABASE_WRITE, true, make, &person);
    }
    slw_wipe(&person, sizeof person);
}

void people_make_person(void *context, struct slw_http_exchange *exchange)
{
    people_hasher_hand_over(depot_of(context), exchange, handle_make);
}

/* --- change --------------------------------------------------------------------------------- */

enum slw_status people_find(struct slw_transaction *transaction, struct slw_bytes name,
                            bool *ret_is_machine, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(name);
    int64_t is_machine = 0;
    enum slw_status status =
        depot_is_name(name, "@")
            ? slw_sql_number(transaction, "SELECT is_machine FROM people WHERE name = $1", &value,
                             1, &is_machine, detail)
            : SLW_NOT_FOUND;
    if (status == SLW_NOT_FOUND) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is nobody of this name");
    }
    SLW_TRY(status);
    *ret_is_machine = is_machine != 0;
    return SLW_OK;
}

enum slw_status people_check_administrators(struct slw_transaction *transaction,
                                            struct slw_detail *detail)
{
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM roles r JOIN people p ON p.name = r.person WHERE "
                           "r.product = '*' AND r.role = 'administrator' AND p.disabled_us IS NULL",
                           NULL, 0, &count, detail));
    return count > 0 ? SLW_OK
                     : slw_explain(detail, SLW_WRONG_STATE,
                                   "nobody would be left who administers everything");
}

/* What an administrator may do to an account. Parameters: name, and now when there are two. */
struct act {
    const char *action;
    const char *sql;
    size_t values;
    bool people_only, ends_sessions;
};
struct doing {
    const struct act *act;
};

static enum slw_status do_act(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    const struct act *act = ((const struct doing *)call->more)->act;
    struct slw_bytes name = slw_http_parameter(call->exchange, 0);
    bool is_machine = false;
    int64_t now_us = 0;
    SLW_TRY(people_find(transaction, name, &is_machine, detail));
    if (is_machine && act->people_only) {
        return slw_explain(detail, SLW_WRONG_STATE, "that is a machine");
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(name), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction, act->sql, values, act->values, NULL, detail));
    if (act->ends_sessions) {
        SLW_TRY(people_sessions_end(transaction, name, NULL, detail));
    }
    SLW_TRY(people_check_administrators(transaction, detail));
    SLW_TRY(depot_event(transaction, SLW_BYTES_OF("*"), "people", name, NULL, detail));
    return depot_audit(transaction, call->caller->name, act->action, SLW_BYTES_OF(""), name, NULL,
                       detail);
}

static void run_act(void *context, struct slw_http_exchange *exchange, const struct act *act)
{
    struct doing doing = {act};
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, do_act, &doing);
}

void people_disable_person(void *context, struct slw_http_exchange *exchange)
{
    static const struct act disable = {
        "people.disable",
        "UPDATE people SET disabled_us = $2, invitation = NULL, invitation_until_us = 0 WHERE name "
        "= $1 AND disabled_us IS NULL",
        2, false, true};
    run_act(context, exchange, &disable);
}

void people_enable_person(void *context, struct slw_http_exchange *exchange)
{
    static const struct act enable = {
        "people.enable", "UPDATE people SET disabled_us = NULL WHERE name = $1", 1, false, false};
    run_act(context, exchange, &enable);
}

void people_remove_totp(void *context, struct slw_http_exchange *exchange)
{
    static const struct act remove_totp = {
        "people.totp", "UPDATE people SET totp = NULL, totp_new = NULL WHERE name = $1", 1, true,
        true};
    run_act(context, exchange, &remove_totp);
}

void people_unlock_person(void *context, struct slw_http_exchange *exchange)
{
    static const struct act unlock = {"people.unlock", "DELETE FROM login_failures WHERE name = $1",
                                      1, true, false};
    run_act(context, exchange, &unlock);
}

/* For who has forgotten their password: the old one ends at once. */
static enum slw_status invite(struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    const struct new_person *person = call->more;
    struct slw_bytes name = slw_http_parameter(call->exchange, 0);
    uint8_t hash[SLW_SHA256_SIZE];
    struct slw_json json;
    bool is_machine = false;
    int64_t now_us = 0;
    SLW_TRY(people_find(transaction, name, &is_machine, detail));
    if (is_machine) {
        return slw_explain(detail, SLW_WRONG_STATE, "that is a machine");
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    people_secret_hash(slw_text_bytes(person->invitation), hash);
    const struct slw_sql_value values[] = {slw_sql_text(name),
                                           slw_sql_blob(slw_bytes_make(hash, sizeof hash)),
                                           slw_sql_int(now_us + INVITATION_US)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE people SET password = NULL, invitation = $2, invitation_until_us = "
                        "$3 WHERE name = $1",
                        values, 3, NULL, detail));
    SLW_TRY(people_sessions_end(transaction, name, NULL, detail));
    SLW_TRY(depot_event(transaction, SLW_BYTES_OF("*"), "people", name, NULL, detail));
    SLW_TRY(depot_audit(transaction, call->caller->name, "people.invite", SLW_BYTES_OF(""), name,
                        NULL, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "name", name);
    put_invitation(call, &json, person->invitation, now_us);
    slw_json_end_object(&json);
    return SLW_OK;
}

void people_invite_person(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct new_person person = {.hash = ""};
    enum slw_status status = people_secret_make(person.invitation, &detail);
    if (status != SLW_OK) {
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, invite, &person);
    slw_wipe(&person, sizeof person);
}
