/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What devices left behind goes: logs and timelines after the product's log_days, devices that
 * nobody ever let in after 30 days, enrolment tokens 30 days after they could be used. A bounded
 * number at a time, by whoever holds the lease.
 */
#include "parts.h"

#define DAY_US (INT64_C(86400) * DEVICES_US)
#define PENDING_DAYS 30
#define AT_ONCE 5000

struct keeping {
    int64_t token;
};

static enum slw_status keep(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    const struct keeping *keeping = context;
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, "housekeeping", keeping->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value logs[] = {slw_sql_int(now_us), slw_sql_int(DAY_US),
                                         slw_sql_int(AT_ONCE)};
    SLW_TRY(slw_sql_run(transaction,
                        "DELETE FROM device_logs WHERE id IN (SELECT l.id FROM device_logs l JOIN "
                        "products p ON p.name = l.product WHERE l.time_us < $1 - p.log_days * $2 "
                        "ORDER BY l.time_us LIMIT $3)",
                        logs, 3, NULL, detail));
    SLW_TRY(slw_sql_run(
        transaction,
        "DELETE FROM device_history WHERE (product, device, epoch, sequence) IN (SELECT h.product, "
        "h.device, h.epoch, h.sequence FROM device_history h JOIN products p ON p.name = h.product "
        "WHERE h.time_us < $1 - p.log_days * $2 ORDER BY h.time_us LIMIT $3)",
        logs, 3, NULL, detail));
    const struct slw_sql_value old = slw_sql_int(now_us - PENDING_DAYS * DAY_US);
    SLW_TRY(slw_sql_run(transaction,
                        "DELETE FROM devices WHERE state = 'pending' AND epoch = 0 AND made_us < "
                        "$1",
                        &old, 1, NULL, detail));
    return slw_sql_run(transaction, "DELETE FROM enrolment_tokens WHERE expires_us < $1", &old, 1,
                       NULL, detail);
}

enum slw_status devices_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct keeping keeping = {token};
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, keep, &keeping, detail);
}
