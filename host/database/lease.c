/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leases with fencing tokens: work that one of several replicas does. A token is in the same table
 * as what it guards is, so that SERIALIZABLE refuses a holder whose lease was taken over meanwhile.
 */
#include "internal.h"

#include "slipway/text.h"

#define SECONDS_MAX 86400u

struct lease_call {
    struct slw_bytes name;
    struct slw_bytes holder;
    int64_t token;
    uint32_t seconds;
};

static enum slw_status check_seconds(uint32_t seconds, struct slw_detail *detail)
{
    if (seconds == 0 || seconds > SECONDS_MAX) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "lease: 1 to %u seconds", SECONDS_MAX);
    }
    return SLW_OK;
}

static enum slw_status explain_lost(const struct lease_call *call, struct slw_detail *detail)
{
    return slw_explain(detail, SLW_WRONG_STATE, "lease %.*s: not held any more",
                       (int)call->name.len, (const char *)call->name.ptr);
}

/* A lease that would last for twice as long as one does is of before the clock was set back. Who
 * holds it still loses it by that at worst, and changes nothing any more (the fence). */
static enum slw_status acquire(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct lease_call *call = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    int64_t length_us = (int64_t)call->seconds * 1000000;
    struct slw_sql_value values[] = {slw_sql_text(call->name), slw_sql_text(call->holder),
                                     slw_sql_int(now_us + length_us), slw_sql_int(now_us),
                                     slw_sql_int(now_us + 2 * length_us)};
    enum slw_status status = slw_sql_number(
        transaction,
        "INSERT INTO leases (name, holder, token, until_us) VALUES ($1, $2, 1, $3)"
        " ON CONFLICT (name) DO UPDATE SET holder = $2, token = leases.token + 1, until_us = $3"
        " WHERE leases.until_us <= $4 OR leases.until_us > $5 OR leases.holder = $2"
        " RETURNING token",
        values, 5, &call->token, detail);
    return status != SLW_NOT_FOUND
               ? status
               : slw_explain(detail, SLW_WRONG_STATE, "lease %.*s: somebody else holds it",
                             (int)call->name.len, (const char *)call->name.ptr);
}

enum slw_status slw_database_lease_acquire(struct slw_database *database, const char *name,
                                           const char *holder, uint32_t seconds, int64_t *ret_token,
                                           struct slw_detail *detail)
{
    struct lease_call call = {slw_text_bytes(name), slw_text_bytes(holder), 0, seconds};
    SLW_TRY(check_seconds(seconds, detail));
    SLW_TRY(slw_database_transact(database, SLW_DATABASE_WRITE, acquire, &call, detail));
    *ret_token = call.token;
    return SLW_OK;
}

/* Sets when the lease ends, for who still has it. */
static enum slw_status set_end(struct slw_transaction *transaction, const struct lease_call *call,
                               int64_t until_us, int64_t now_us, struct slw_detail *detail)
{
    int64_t changed = 0;
    struct slw_sql_value values[] = {slw_sql_text(call->name), slw_sql_int(call->token),
                                     slw_sql_int(until_us), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(
        transaction,
        "UPDATE leases SET until_us = $3 WHERE name = $1 AND token = $2 AND until_us > $4", values,
        4, &changed, detail));
    return changed == 1 ? SLW_OK : explain_lost(call, detail);
}

static enum slw_status renew(void *context, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    struct lease_call *call = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    return set_end(transaction, call, now_us + (int64_t)call->seconds * 1000000, now_us, detail);
}

enum slw_status slw_database_lease_renew(struct slw_database *database, const char *name,
                                         int64_t token, uint32_t seconds, struct slw_detail *detail)
{
    struct lease_call call = {.name = slw_text_bytes(name), .token = token, .seconds = seconds};
    SLW_TRY(check_seconds(seconds, detail));
    return slw_database_transact(database, SLW_DATABASE_WRITE, renew, &call, detail);
}

static enum slw_status release(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct lease_call *call = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    return set_end(transaction, call, 0, now_us, detail);
}

enum slw_status slw_database_lease_release(struct slw_database *database, const char *name,
                                           int64_t token, struct slw_detail *detail)
{
    struct lease_call call = {.name = slw_text_bytes(name), .token = token};
    return slw_database_transact(database, SLW_DATABASE_WRITE, release, &call, detail);
}

enum slw_status slw_transaction_fence(struct slw_transaction *transaction, const char *name,
                                      int64_t token, struct slw_detail *detail)
{
    struct lease_call call = {.name = slw_text_bytes(name), .token = token};
    int64_t now_us = 0;
    int64_t held = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    struct slw_sql_value values[] = {slw_sql_text(call.name), slw_sql_int(token),
                                     slw_sql_int(now_us)};
    SLW_TRY(slw_sql_number(
        transaction, "SELECT COUNT(*) FROM leases WHERE name = $1 AND token = $2 AND until_us > $3",
        values, 3, &held, detail));
    if (held == 1) {
        return SLW_OK;
    }
    return sql_note_failure(transaction, explain_lost(&call, detail), detail);
}
