/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Webhooks of a product: their secrets are shown once, lie sealed in the database, and are what a
 * call is checked by. See part.h; hook.c takes the calls.
 */
#include "part.h"

#include "people/seal.h"

#include "slipway/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <sys/random.h>

/* As whose a secret is sealed: ":" begins no name of a person. */
static void seal_name(struct slw_bytes product, struct slw_bytes webhook,
                      char ret_name[static DEPOT_NAME_MAX + 1])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[SLW_SHA256_SIZE];
    struct slw_sha256 state;
    slw_sha256_init(&state);
    slw_sha256_update(&state, SLW_BYTES_OF("slipway webhook v1\n"));
    slw_sha256_update(&state, product);
    slw_sha256_update(&state, SLW_BYTES_OF("\n"));
    slw_sha256_update(&state, webhook);
    slw_sha256_final(&state, hash);
    ret_name[0] = ':';
    for (size_t i = 0; i + 1 < DEPOT_NAME_MAX; i++) {
        ret_name[1 + i] = digits[i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 15];
    }
    ret_name[DEPOT_NAME_MAX] = '\0';
}

static void put_secret(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                       char ret_text[static JOBS_HOOK_SECRET_SIZE])
{
    slw_text_hex(slw_bytes_make(secret, PEOPLE_TOTP_SIZE), ret_text);
}

/* --- Whether a call is signed --- */

struct hook {
    struct slw_bytes product, name;
    bool found, is_push;
    struct slw_heap_buffer sealed;
};

static enum slw_status find(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct hook *hook = context;
    const struct slw_sql_value values[] = {slw_sql_text(hook->product), slw_sql_text(hook->name)};
    struct slw_rows *rows = NULL;
    slw_heap_free(&hook->sealed);
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT kind, secret FROM webhooks WHERE product = $1 AND name = $2",
                          values, 2, &rows, detail));
    hook->found = slw_rows_next(rows);
    if (hook->found) {
        hook->is_push = slw_bytes_equal(slw_rows_bytes(rows, 0), SLW_BYTES_OF("push"));
        slw_heap_append(&hook->sealed, slw_rows_bytes(rows, 1));
    }
    SLW_TRY(slw_rows_close(rows, detail));
    return hook->sealed.status;
}

/* HMAC-SHA256 by the secret as it is shown, in hexadecimal. */
static bool sign(const char *secret, struct slw_bytes body, char ret_text[static 65])
{
    uint8_t code[SLW_SHA256_SIZE];
    unsigned len = sizeof code;
    if (HMAC(EVP_sha256(), secret, (int)strlen(secret), body.ptr, body.len, code, &len) == NULL ||
        len != sizeof code) {
        return false;
    }
    slw_text_hex(slw_bytes_make(code, sizeof code), ret_text);
    return true;
}

/* False when it doesn't open: whoever knocks isn't told of it, who runs the depot is. */
static bool unseal(struct depot *depot, const struct hook *hook,
                   uint8_t ret_secret[static PEOPLE_TOTP_SIZE])
{
    char name[DEPOT_NAME_MAX + 1];
    struct slw_detail detail = {""};
    seal_name(hook->product, hook->name, name);
    if (people_unseal(depot, slw_text_bytes(name), slw_heap_bytes(&hook->sealed), ret_secret,
                      &detail) != SLW_OK) {
        depot_log("error", "jobs", "a webhook: %s", detail.text);
        return false;
    }
    return true;
}

/* Of a webhook that there isn't, too, with a secret of zeros: what it takes tells nothing. */
static enum slw_status check(struct depot *depot, const struct hook *hook, struct slw_bytes body,
                             struct slw_bytes signature, bool *ret_is_signed,
                             struct slw_detail *detail)
{
    uint8_t secret[PEOPLE_TOTP_SIZE] = {0};
    char text[JOBS_HOOK_SECRET_SIZE];
    char expected[65];
    bool is_open = hook->found && unseal(depot, hook, secret);
    put_secret(secret, text);
    bool is_made = sign(text, body, expected);
    *ret_is_signed = is_made && is_open && signature.len == 64 &&
                     slw_equal_constant_time(signature.ptr, expected, 64);
    slw_wipe(secret, sizeof secret);
    slw_wipe(text, sizeof text);
    return is_made ? SLW_OK : slw_explain(detail, SLW_IO_CRYPTO, "HMAC failed");
}

enum slw_status jobs_hook_is_signed(struct depot *depot, struct slw_bytes product,
                                    struct slw_bytes webhook, struct slw_bytes body,
                                    struct slw_bytes signature, bool *ret_is_signed,
                                    bool *ret_is_push, struct slw_detail *detail)
{
    struct hook hook = {.product = product, .name = webhook};
    if (depot_is_name(product, "") && depot_is_name(webhook, "")) {
        SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, find, &hook, detail));
    }
    enum slw_status status = check(depot, &hook, body, signature, ret_is_signed, detail);
    slw_heap_free(&hook.sealed);
    *ret_is_push = hook.is_push;
    return status;
}

/* --- Administrators --- */

static enum slw_status list(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_http_parameter(call->exchange, 0));
    struct slw_rows *rows = NULL;
    struct slw_json json;
    char time[DEPOT_TIME_SIZE];
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT name, kind, made_us, made_by, called_us FROM webhooks WHERE "
                          "product = $1 ORDER BY name",
                          &value, 1, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "webhooks");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "name", slw_rows_bytes(rows, 0));
        slw_json_bytes(&json, "kind", slw_rows_bytes(rows, 1));
        slw_json_text(&json, "made", depot_time_format(slw_rows_int(rows, 2), time));
        slw_json_bytes(&json, "made_by", slw_rows_bytes(rows, 3));
        if (!slw_rows_is_null(rows, 4)) {
            slw_json_text(&json, "called", depot_time_format(slw_rows_int(rows, 4), time));
        }
        slw_json_end_object(&json);
    }
    slw_json_end_array(&json);
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void jobs_list_webhooks(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list, NULL);
}

static enum slw_status check_new(const struct depot_call *call, struct slw_transaction *transaction,
                                 struct slw_bytes name, struct slw_bytes kind,
                                 struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_http_parameter(call->exchange, 0));
    int64_t count = 0;
    if (!depot_is_name(name, "")) {
        return slw_explain(detail, SLW_BAD_NAME, "body: name isn't one");
    }
    if (!slw_bytes_equal(kind, SLW_BYTES_OF("push")) &&
        !slw_bytes_equal(kind, SLW_BYTES_OF("result"))) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "body: kind must be push or result");
    }
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM webhooks WHERE product = $1", &value,
                           1, &count, detail));
    return count < JOBS_HOOKS_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "there are %d webhooks already", JOBS_HOOKS_MAX);
}

static enum slw_status insert(const struct depot_call *call, struct slw_transaction *transaction,
                              struct slw_bytes name, struct slw_bytes kind,
                              const uint8_t sealed[static PEOPLE_SEALED_SIZE],
                              struct slw_detail *detail)
{
    int64_t now_us = 0;
    int64_t made = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_http_parameter(call->exchange, 0)),
        slw_sql_text(name),
        slw_sql_text(kind),
        slw_sql_blob(slw_bytes_make(sealed, PEOPLE_SEALED_SIZE)),
        slw_sql_int(now_us),
        slw_sql_text(slw_text_bytes(call->caller->name)),
    };
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO webhooks (product, name, kind, secret, made_us, made_by) "
                        "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (product, name) DO NOTHING",
                        values, 6, &made, detail));
    return made == 1 ? SLW_OK
                     : slw_explain(detail, SLW_VERSION_TAKEN, "there is a webhook of this name");
}

static enum slw_status make(struct depot_call *call, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    struct slw_bytes name;
    struct slw_bytes kind;
    uint8_t secret[PEOPLE_TOTP_SIZE];
    uint8_t sealed[PEOPLE_SEALED_SIZE];
    char as[DEPOT_NAME_MAX + 1];
    char text[JOBS_HOOK_SECRET_SIZE];
    struct slw_json json;
    SLW_TRY(depot_read_text(call, "name", DEPOT_NAME_MAX, &name, detail));
    SLW_TRY(depot_read_text(call, "kind", DEPOT_NAME_MAX, &kind, detail));
    SLW_TRY(check_new(call, transaction, name, kind, detail));
    if (getrandom(secret, sizeof secret, 0) != (ssize_t)sizeof secret) {
        return slw_explain_errno(detail, "getrandom");
    }
    seal_name(product, name, as);
    SLW_TRY(people_seal(call->depot, slw_text_bytes(as), secret, sealed, detail));
    SLW_TRY(insert(call, transaction, name, kind, sealed, detail));
    SLW_TRY(
        depot_audit(transaction, call->caller->name, "webhook.add", product, name, NULL, detail));
    put_secret(secret, text);
    slw_wipe(secret, sizeof secret);
    call->http_status = 201;
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_bytes(&json, "name", name);
    slw_json_bytes(&json, "kind", kind);
    slw_json_text(&json, "secret", text);
    slw_json_end_object(&json);
    slw_wipe(text, sizeof text);
    return SLW_OK;
}

void jobs_make_webhook(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, true, make, NULL);
}

static enum slw_status remove_webhook(struct depot_call *call, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct slw_bytes product = slw_http_parameter(call->exchange, 0);
    struct slw_bytes name = slw_http_parameter(call->exchange, 1);
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(name)};
    int64_t removed = 0;
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM webhooks WHERE product = $1 AND name = $2",
                        values, 2, &removed, detail));
    if (removed == 0) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such webhook");
    }
    SLW_TRY(slw_sql_run(transaction,
                        "DELETE FROM webhook_calls WHERE product = $1 AND webhook = $2", values, 2,
                        NULL, detail));
    return depot_audit(transaction, call->caller->name, "webhook.remove", product, name, NULL,
                       detail);
}

void jobs_remove_webhook(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_WRITE, false, remove_webhook, NULL);
}
