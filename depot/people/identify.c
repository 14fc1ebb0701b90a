/* SPDX-License-Identifier: Apache-2.0 */
/* Who made a call. See people.h; the gate asks for every call that isn't public. */
#include "people.h"

#include "secret.h"

#include <stdio.h>

/* "slw_12_SECRET" */
static bool parse_token(struct slw_bytes text, int64_t *ret_id, struct slw_bytes *ret_secret)
{
    static const char prefix[] = "slw_";
    size_t at = sizeof prefix - 1;
    size_t first = at;
    int64_t id = 0;
    if (text.len < at || memcmp(text.ptr, prefix, at) != 0) {
        return false;
    }
    for (; at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9'; at++) {
        if (at - first == 15) { /* digits: no id has more */
            return false;
        }
        id = id * 10 + (text.ptr[at] - '0');
    }
    if (at == first || at == text.len || text.ptr[at] != '_') {
        return false;
    }
    *ret_secret = slw_bytes_make(text.ptr + at + 1, text.len - at - 1);
    *ret_id = id;
    return people_secret_is_one(*ret_secret);
}

static bool copy_person(struct slw_bytes name, struct depot_caller *ret_caller)
{
    if (name.len >= sizeof ret_caller->person) {
        return false;
    }
    memcpy(ret_caller->person, name.ptr, name.len);
    ret_caller->person[name.len] = '\0';
    return true;
}

static enum slw_status by_token(struct slw_transaction *transaction, struct slw_bytes header,
                                enum depot_identity *ret_identity, struct depot_caller *ret_caller,
                                struct slw_detail *detail)
{
    static const char scheme[] = "Bearer ";
    size_t scheme_len = sizeof scheme - 1;
    struct slw_bytes secret = {NULL, 0};
    uint8_t hash[SLW_SHA256_SIZE];
    struct slw_rows *rows = NULL;
    struct slw_sql_value values[2];
    int64_t now_us = 0;
    int64_t id = 0;
    if (header.len < scheme_len || memcmp(header.ptr, scheme, scheme_len) != 0 ||
        !parse_token(slw_bytes_make(header.ptr + scheme_len, header.len - scheme_len), &id,
                     &secret)) {
        return SLW_OK;
    }
    people_secret_hash(secret, hash);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    values[0] = slw_sql_int(id);
    values[1] = slw_sql_int(now_us);
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT t.secret, t.person FROM tokens t JOIN people p ON p.name = "
                          "t.person WHERE t.id = $1 AND t.expires_us > $2 AND t.revoked_us IS NULL "
                          "AND p.disabled_us IS NULL",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        struct slw_bytes stored = slw_rows_bytes(rows, 0);
        if (stored.len == sizeof hash && slw_equal_constant_time(stored.ptr, hash, sizeof hash) &&
            copy_person(slw_rows_bytes(rows, 1), ret_caller)) {
            ret_caller->is_machine = true;
            ret_caller->token = id;
            (void)snprintf(ret_caller->name, sizeof ret_caller->name, "%s#%lld", ret_caller->person,
                           (long long)id);
            *ret_identity = DEPOT_IDENTITY_FULL;
        }
    }
    return slw_rows_close(rows, detail);
}

/* A session that began over TLS isn't taken over plain HTTP, where its cookie was stolen. */
static bool is_usable(const struct slw_rows *rows, const struct slw_http_exchange *exchange)
{
    return slw_rows_int(rows, 1) == 0 || slw_http_is_secure(exchange);
}

static enum slw_status by_session(struct slw_transaction *transaction, const struct depot *depot,
                                  const struct slw_http_exchange *exchange, struct slw_bytes cookie,
                                  enum depot_identity *ret_identity,
                                  struct depot_caller *ret_caller, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    struct slw_sql_value values[2];
    int64_t now_us = 0;
    if (!people_secret_is_one(cookie)) {
        return SLW_OK;
    }
    people_secret_hash(cookie, ret_caller->session);
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    values[0] = slw_sql_blob(slw_bytes_make(ret_caller->session, sizeof ret_caller->session));
    values[1] = slw_sql_int(now_us);
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT s.person, s.is_secure, p.must_change, p.totp FROM sessions s "
                          "JOIN people p ON p.name = s.person WHERE s.secret = $1 AND s.expires_us "
                          "> $2 AND p.disabled_us IS NULL",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows) && is_usable(rows, exchange) &&
        copy_person(slw_rows_bytes(rows, 0), ret_caller)) {
        bool lacks_totp = depot->settings->totp_required && slw_rows_is_null(rows, 3);
        (void)snprintf(ret_caller->name, sizeof ret_caller->name, "%s", ret_caller->person);
        *ret_identity =
            slw_rows_int(rows, 2) != 0 || lacks_totp ? DEPOT_IDENTITY_LIMITED : DEPOT_IDENTITY_FULL;
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status by_certificate(struct slw_transaction *transaction, struct slw_bytes name,
                                      enum depot_identity *ret_identity,
                                      struct depot_caller *ret_caller, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(name);
    int64_t count = 0;
    if (!depot_is_name(name, "@")) {
        return SLW_OK;
    }
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM people WHERE name = $1 AND is_machine = 1 AND "
                           "disabled_us IS NULL",
                           &value, 1, &count, detail));
    if (count == 1 && copy_person(name, ret_caller)) {
        ret_caller->is_machine = true;
        (void)snprintf(ret_caller->name, sizeof ret_caller->name, "%s", ret_caller->person);
        *ret_identity = DEPOT_IDENTITY_FULL;
    }
    return SLW_OK;
}

enum slw_status depot_identify(struct slw_transaction *transaction, const struct depot *depot,
                               const struct slw_http_exchange *exchange,
                               enum depot_identity *ret_identity, struct depot_caller *ret_caller,
                               struct slw_detail *detail)
{
    struct slw_bytes header = slw_http_header(exchange, "Authorization");
    struct slw_bytes cookie = slw_http_cookie(exchange, "slipway_session");
    struct slw_bytes client = slw_http_client_name(exchange);
    *ret_identity = DEPOT_IDENTITY_NONE;
    *ret_caller = (struct depot_caller){0};
    if (header.len > 0) {
        return by_token(transaction, header, ret_identity, ret_caller, detail);
    }
    if (cookie.len > 0) {
        return by_session(transaction, depot, exchange, cookie, ret_identity, ret_caller, detail);
    }
    return by_certificate(transaction, client, ret_identity, ret_caller, detail);
}

bool depot_csrf_is_good(const struct slw_http_exchange *exchange)
{
    char expected[PEOPLE_SECRET_SIZE];
    struct slw_bytes given = slw_http_header(exchange, "X-Slipway-CSRF");
    people_secret_csrf(slw_http_cookie(exchange, "slipway_session"), expected);
    bool is_good = given.len == PEOPLE_SECRET_SIZE - 1 &&
                   slw_equal_constant_time(given.ptr, expected, PEOPLE_SECRET_SIZE - 1);
    slw_wipe(expected, sizeof expected);
    return is_good;
}
