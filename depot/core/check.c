/* SPDX-License-Identifier: Apache-2.0 */
/* See check.h. A page of entries a transaction: the trail has no largest size. */
#include "check.h"

#include "trail.h"

#define PAGE 1000

struct walk {
    int64_t number; /* of the last entry that was good */
    uint8_t hash[SLW_SHA256_SIZE];
    int64_t next_number;
    uint8_t next_hash[SLW_SHA256_SIZE];
    int64_t last; /* as the trail itself counts */
};

static enum slw_status check_row(struct walk *walk, const struct slw_rows *rows,
                                 struct slw_detail *detail)
{
    const struct depot_trail_entry entry = {
        .number = slw_rows_int(rows, 0),
        .time_us = slw_rows_int(rows, 1),
        .who = slw_rows_bytes(rows, 2),
        .action = slw_rows_bytes(rows, 3),
        .product = slw_rows_bytes(rows, 4),
        .subject = slw_rows_bytes(rows, 5),
        .detail = slw_rows_bytes(rows, 6),
    };
    struct slw_bytes stored = slw_rows_bytes(rows, 7);
    uint8_t hash[SLW_SHA256_SIZE];
    enum slw_status status = depot_trail_hash(&entry, walk->next_hash, hash, detail);
    if (status == SLW_NO_SPACE) {
        return status;
    }
    if (status != SLW_OK || entry.number != walk->next_number + 1 ||
        !slw_bytes_equal(stored, slw_bytes_make(hash, sizeof hash))) {
        return slw_explain(detail, SLW_LOG_DAMAGED,
                           "audit: entry %lld isn't as it was written, or what is before it",
                           (long long)walk->next_number + 1);
    }
    walk->next_number = entry.number;
    memcpy(walk->next_hash, hash, sizeof hash);
    return SLW_OK;
}

static enum slw_status check_page(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct walk *walk = context;
    struct slw_rows *rows = NULL;
    const struct slw_sql_value values[] = {slw_sql_int(walk->number), slw_sql_int(PAGE)};
    walk->next_number = walk->number;
    memcpy(walk->next_hash, walk->hash, sizeof walk->hash);
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'audit'", NULL, 0,
                           &walk->last, detail));
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT number, time_us, who, action, product, subject, detail, hash "
                          "FROM audit WHERE number > $1 ORDER BY number LIMIT $2",
                          values, 2, &rows, detail));
    while (slw_rows_next(rows)) {
        SLW_TRY(check_row(walk, rows, detail));
    }
    return slw_rows_close(rows, detail);
}

enum slw_status depot_check_trail(struct depot *depot, int64_t *ret_entries,
                                  struct slw_detail *detail)
{
    struct walk walk = {0};
    int64_t before = 0;
    do {
        before = walk.number;
        SLW_TRY(
            slw_database_transact(depot->database, SLW_DATABASE_READ, check_page, &walk, detail));
        walk.number = walk.next_number;
        memcpy(walk.hash, walk.next_hash, sizeof walk.hash);
    } while (walk.number != before);
    if (walk.number != walk.last) {
        return slw_explain(detail, SLW_LOG_DAMAGED, "audit: entries %lld to %lld are gone",
                           (long long)walk.number + 1, (long long)walk.last);
    }
    *ret_entries = walk.number;
    return SLW_OK;
}
