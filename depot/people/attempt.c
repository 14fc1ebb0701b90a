/* SPDX-License-Identifier: Apache-2.0 */
/* See attempt.h. */
#include "attempt.h"

#include "seal.h"

#define SECOND_US INT64_C(1000000)

struct look {
    struct people_attempt *attempt;
    uint8_t sealed[PEOPLE_SEALED_SIZE];
    size_t sealed_len;
};

static void keep_row(struct look *look, const struct slw_rows *rows)
{
    struct people_attempt *attempt = look->attempt;
    struct slw_bytes hash = slw_rows_bytes(rows, 0);
    struct slw_bytes sealed = slw_rows_bytes(rows, 1);
    if (hash.len == 0 || hash.len >= sizeof attempt->hash) {
        return;
    }
    memcpy(attempt->hash, hash.ptr, hash.len);
    attempt->hash[hash.len] = '\0';
    attempt->is_known = true;
    attempt->has_totp = !slw_rows_is_null(rows, 1);
    look->sealed_len = sealed.len <= sizeof look->sealed ? sealed.len : 0;
    if (look->sealed_len > 0) {
        memcpy(look->sealed, sealed.ptr, look->sealed_len);
    }
}

static enum slw_status read_account(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct look *look = context;
    const struct slw_sql_value name = slw_sql_text(look->attempt->name);
    struct slw_rows *rows = NULL;
    look->attempt->is_known = look->attempt->has_totp = false;
    look->attempt->hash[0] = '\0';
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT password, totp FROM people WHERE name = $1 AND is_machine = 0 "
                          "AND disabled_us IS NULL",
                          &name, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        keep_row(look, rows);
    }
    return slw_rows_close(rows, detail);
}

enum slw_status people_attempt_look(struct depot *depot, struct people_attempt *attempt,
                                    struct slw_detail *detail)
{
    struct look look = {.attempt = attempt};
    if (depot_is_name(attempt->name, "@")) {
        SLW_TRY(
            slw_database_transact(depot->database, SLW_DATABASE_READ, read_account, &look, detail));
    }
    SLW_TRY(people_password_matches(attempt->password, attempt->hash, &attempt->matches, detail));
    if (attempt->has_totp) {
        SLW_TRY(people_unseal(depot, attempt->name, slw_bytes_make(look.sealed, look.sealed_len),
                              attempt->totp, detail));
    }
    return SLW_OK;
}

struct failures {
    int64_t count, locked_until_us;
};

static enum slw_status read_failures(struct slw_transaction *transaction, struct slw_bytes name,
                                     struct failures *ret_failures, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(name);
    struct slw_rows *rows = NULL;
    *ret_failures = (struct failures){0, 0};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT failures, locked_until_us FROM login_failures WHERE name = $1",
                          &value, 1, &rows, detail));
    if (slw_rows_next(rows)) {
        *ret_failures = (struct failures){slw_rows_int(rows, 0), slw_rows_int(rows, 1)};
    }
    return slw_rows_close(rows, detail);
}

/* DEPOT.md, section 3: "Failed logins: 5 in a row lock an account for a minute, doubling up to an
 * hour." */
static int64_t lock_s(int64_t failures)
{
    int64_t seconds = PEOPLE_LOCK_S;
    for (int64_t i = PEOPLE_FAILURES_FREE; i < failures && seconds < PEOPLE_LOCK_MAX_S; i++) {
        seconds *= 2;
    }
    return seconds < PEOPLE_LOCK_MAX_S ? seconds : PEOPLE_LOCK_MAX_S;
}

/* Of unknown names too, so that being locked tells nobody that there is one. */
static enum slw_status count_failure(struct slw_transaction *transaction,
                                     struct people_attempt *attempt, int64_t before, int64_t now_us,
                                     struct slw_detail *detail)
{
    int64_t failures = before + 1;
    bool locks = failures >= PEOPLE_FAILURES_FREE;
    const struct slw_sql_value values[] = {
        slw_sql_text(attempt->name), slw_sql_int(failures),
        slw_sql_int(locks ? now_us + lock_s(failures) * SECOND_US : 0), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO login_failures (name, failures, locked_until_us, last_us) "
                        "VALUES ($1, $2, $3, $4) ON CONFLICT (name) DO UPDATE SET failures = $2, "
                        "locked_until_us = $3, last_us = $4",
                        values, 4, NULL, detail));
    attempt->was_locked = locks && attempt->is_known;
    return attempt->was_locked ? depot_audit(transaction, "depot", "account.lock", SLW_BYTES_OF(""),
                                             attempt->name, NULL, detail)
                               : SLW_OK;
}

/* Whether the account is as it was when the password was compared, and the code is good now; the
 * code is used up then. */
static enum slw_status check_now(struct slw_transaction *transaction,
                                 struct people_attempt *attempt, int64_t now_us,
                                 struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    const struct slw_sql_value values[] = {
        slw_sql_text(attempt->name),
        slw_sql_text(slw_bytes_make(attempt->hash, strlen(attempt->hash)))};
    int64_t last_step = 0;
    int64_t step = 0;
    bool is_same = false;
    bool code_matches = true;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT totp_step, totp FROM people WHERE name = $1 AND password = $2 "
                          "AND is_machine = 0 AND disabled_us IS NULL",
                          values, 2, &rows, detail));
    if (slw_rows_next(rows)) {
        is_same = slw_rows_is_null(rows, 1) != attempt->has_totp;
        last_step = slw_rows_int(rows, 0);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (attempt->needs_code && attempt->has_totp) {
        SLW_TRY(people_totp_matches(attempt->totp, attempt->code, now_us / SECOND_US, last_step,
                                    &code_matches, &step));
    }
    attempt->is_good = is_same && attempt->matches && code_matches;
    if (attempt->is_good && step > 0) {
        const struct slw_sql_value used[] = {values[0], slw_sql_int(step)};
        return slw_sql_run(transaction, "UPDATE people SET totp_step = $2 WHERE name = $1", used, 2,
                           NULL, detail);
    }
    return SLW_OK;
}

enum slw_status people_attempt_decide(struct slw_transaction *transaction,
                                      struct people_attempt *attempt, struct slw_detail *detail)
{
    struct failures failures;
    int64_t now_us = 0;
    attempt->is_good = attempt->was_locked = false;
    if (!depot_is_name(attempt->name, "@")) {
        return SLW_OK;
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(read_failures(transaction, attempt->name, &failures, detail));
    if (failures.locked_until_us > now_us) {
        return SLW_OK; /* whatever they know */
    }
    SLW_TRY(check_now(transaction, attempt, now_us, detail));
    if (!attempt->is_good) {
        return count_failure(transaction, attempt, failures.count, now_us, detail);
    }
    const struct slw_sql_value name = slw_sql_text(attempt->name);
    return failures.count == 0
               ? SLW_OK
               : slw_sql_run(transaction, "DELETE FROM login_failures WHERE name = $1", &name, 1,
                             NULL, detail);
}

void people_attempt_wipe(struct people_attempt *attempt)
{
    slw_wipe(attempt, sizeof *attempt);
}

void people_attempt_refuse(struct slw_http_exchange *exchange)
{
    slw_http_refuse_as(exchange, 401, SLW_NOT_PERMITTED,
                       "name, password or code isn't right; after 5 wrong ones in a row an account "
                       "is locked for a while");
}
