/* SPDX-License-Identifier: Apache-2.0 */
/* The first administrator, and tokens that a command makes: for those who have the machine, and so
 * everything. See people.h. */
#include "people.h"

#include "password.h"
#include "secret.h"

#include <stdio.h>

#define INVITATION_US (INT64_C(72) * 3600 * 1000000)
#define TOKEN_US (INT64_C(90) * 86400 * 1000000)

struct first {
    struct slw_bytes name;
    char hash[PEOPLE_HASH_SIZE]; /* "": none */
    uint8_t invitation[SLW_SHA256_SIZE];
};

static enum slw_status make_first(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct first *first = context;
    bool has_password = first->hash[0] != '\0';
    int64_t now_us = 0;
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM people", NULL, 0, &count, detail));
    if (count > 0) {
        return slw_explain(detail, SLW_VERSION_TAKEN, "this depot has people already");
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(first->name),
        has_password ? slw_sql_text(slw_bytes_make(first->hash, strlen(first->hash)))
                     : slw_sql_null(),
        has_password ? slw_sql_null()
                     : slw_sql_blob(slw_bytes_make(first->invitation, sizeof first->invitation)),
        slw_sql_int(has_password ? 0 : now_us + INVITATION_US),
        slw_sql_int(now_us),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO people (name, is_machine, password, must_change, totp_step, "
                        "invitation, invitation_until_us, made_us) VALUES ($1, 0, $2, 0, 0, $3, "
                        "$4, $5)",
                        values, 5, NULL, detail));
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO roles (person, product, role) VALUES ($1, '*', "
                        "'administrator')",
                        values, 1, NULL, detail));
    return depot_audit(transaction, "depot", "depot.init", SLW_BYTES_OF(""), first->name, NULL,
                       detail);
}

enum slw_status depot_people_init(struct depot *depot, struct slw_bytes name, const char *password,
                                  char *ret_invitation, struct slw_detail *detail)
{
    struct first first = {.name = name};
    char invitation[PEOPLE_SECRET_SIZE];
    if (!depot_is_name(name, "@") || slw_bytes_equal(name, SLW_BYTES_OF("depot"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT,
                           "a person's name is 1 to 64 letters, digits, _, ., -, @, and not depot");
    }
    if (password != NULL) {
        SLW_TRY(
            people_password_hash(slw_bytes_make(password, strlen(password)), first.hash, detail));
    } else {
        SLW_TRY(people_secret_make(invitation, detail));
        people_secret_hash(slw_bytes_make(invitation, sizeof invitation - 1), first.invitation);
    }
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_WRITE, make_first, &first, detail);
    if (status == SLW_OK && password == NULL) {
        memcpy(ret_invitation, invitation, sizeof invitation);
    }
    slw_wipe(invitation, sizeof invitation);
    return status;
}

struct new_token {
    struct slw_bytes person, title, product, role;
    uint8_t hash[SLW_SHA256_SIZE];
    int64_t id;
};

static enum slw_status make_token(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct new_token *token = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(token->person), slw_sql_text(token->title),
        slw_sql_blob(slw_bytes_make(token->hash, sizeof token->hash)), slw_sql_int(now_us),
        slw_sql_int(now_us + TOKEN_US)};
    SLW_TRY(slw_sql_number(transaction,
                           "INSERT INTO tokens (person, title, secret, made_us, expires_us) VALUES "
                           "($1, $2, $3, $4, $5) RETURNING id",
                           values, 5, &token->id, detail));
    const struct slw_sql_value role[] = {slw_sql_int(token->id), slw_sql_text(token->product),
                                         slw_sql_text(token->role)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO token_roles (token, product, role) VALUES ($1, $2, $3)", role,
                        3, NULL, detail));
    return depot_audit(transaction, "depot", "token.make", SLW_BYTES_OF(""), token->person, NULL,
                       detail);
}

enum slw_status depot_people_make_token(struct depot *depot, struct slw_bytes person,
                                        const char *title, struct slw_bytes product,
                                        const char *role, char ret_token[static 128],
                                        struct slw_detail *detail)
{
    char secret[PEOPLE_SECRET_SIZE];
    struct new_token token = {.person = person,
                              .title = slw_bytes_make(title, strlen(title)),
                              .product = product,
                              .role = slw_bytes_make(role, strlen(role))};
    SLW_TRY(people_secret_make(secret, detail));
    people_secret_hash(slw_bytes_make(secret, sizeof secret - 1), token.hash);
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_WRITE, make_token, &token, detail);
    if (status == SLW_OK) {
        (void)snprintf(ret_token, 128, "slw_%lld_%s", (long long)token.id, secret);
    }
    slw_wipe(secret, sizeof secret);
    return status;
}
