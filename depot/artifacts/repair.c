/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of blobs and the store, compared: rows whose blob the store doesn't have are marked, so
 * that the same bytes can be uploaded again and mend them; blobs that no row knows, of processes
 * that were killed in between, go when they are a day old. Whatever is compared was lately put or
 * removed by somebody else perhaps: what looks wrong is looked at again, under a transaction.
 */
#include "part.h"

#include "slipway/text.h"

#include <pthread.h>
#include <time.h>

#define BATCH 100u
#define UPLOADS_OLD_S 86400u
#define LIST_EVERY_S 21600

struct repair {
    struct depot *depot;
    int64_t token;
    struct slw_detail *detail;
    char after[DEPOT_DIGEST_SIZE]; /* rows are looked at in the order of digests */
    size_t count;
    struct {
        char name[DEPOT_DIGEST_SIZE];
        uint8_t sha256[SLW_SHA256_SIZE];
        bool was_missing;
        bool is_missing;
    } rows[BATCH];
    bool removes;  /* else they are only counted */
    int64_t found; /* that no row knows */
    int64_t known; /* rows */
};

static enum slw_status next_rows(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct repair *repair = context;
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(repair->after)),
                                           slw_sql_int(BATCH)};
    struct slw_rows *rows = NULL;
    repair->count = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT sha256, missing_us FROM blobs WHERE sha256 > $1 AND removing_us "
                          "IS NULL ORDER BY sha256 LIMIT $2",
                          values, 2, &rows, detail));
    while (repair->count < BATCH && slw_rows_next(rows)) {
        struct slw_bytes name = slw_rows_bytes(rows, 0);
        if (depot_digest_parse(name, repair->rows[repair->count].sha256)) {
            (void)depot_digest_format(repair->rows[repair->count].sha256,
                                      repair->rows[repair->count].name);
            repair->rows[repair->count].was_missing = !slw_rows_is_null(rows, 1);
            repair->count++;
        }
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status note_rows(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct repair *repair = context;
    int64_t now_us = 0;
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, repair->token, detail));
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    for (size_t i = 0; i < repair->count; i++) {
        const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(repair->rows[i].name)),
                                               repair->rows[i].is_missing ? slw_sql_int(now_us)
                                                                          : slw_sql_null()};
        if (repair->rows[i].is_missing != repair->rows[i].was_missing) {
            SLW_TRY(slw_sql_run(transaction,
                                "UPDATE blobs SET missing_us = $2 WHERE sha256 = $1 AND "
                                "removing_us IS NULL",
                                values, 2, NULL, detail));
        }
    }
    return SLW_OK;
}

static enum slw_status look_at_rows(struct repair *repair, struct slw_detail *detail)
{
    bool differs = false;
    for (size_t i = 0; i < repair->count; i++) {
        uint64_t size = 0;
        enum slw_status status =
            slw_blobs_size(repair->depot->blobs, repair->rows[i].sha256, &size, detail);
        if (status != SLW_OK && status != SLW_NOT_FOUND) {
            return status; /* a store that doesn't answer has lost nothing */
        }
        repair->rows[i].is_missing = status == SLW_NOT_FOUND;
        differs = differs || repair->rows[i].is_missing != repair->rows[i].was_missing;
        if (repair->rows[i].is_missing && !repair->rows[i].was_missing) {
            depot_log("error", "artifacts", "the store has lost blob %s", repair->rows[i].name);
        }
    }
    return differs ? slw_database_transact(repair->depot->database, SLW_DATABASE_WRITE, note_rows,
                                           repair, detail)
                   : SLW_OK;
}

/* One batch, or all of them. Begins anew at the end. */
static enum slw_status repair_rows(struct repair *repair, bool all, struct slw_detail *detail)
{
    do {
        SLW_TRY(slw_database_transact(repair->depot->database, SLW_DATABASE_READ, next_rows, repair,
                                      detail));
        SLW_TRY(look_at_rows(repair, detail));
        if (repair->count == 0) {
            repair->after[0] = '\0';
            return SLW_OK;
        }
        memcpy(repair->after, repair->rows[repair->count - 1].name, DEPOT_DIGEST_SIZE);
    } while (all);
    return SLW_OK;
}

/* In a transaction that writes, though it only reads: nobody puts a row meanwhile. */
static enum slw_status find_unknown(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct repair *repair = context;
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, repair->token, detail));
    for (size_t i = 0; i < repair->count; i++) {
        const struct slw_sql_value value = slw_sql_text(slw_text_bytes(repair->rows[i].name));
        int64_t count = 0;
        SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM blobs WHERE sha256 = $1", &value,
                               1, &count, detail));
        repair->rows[i].is_missing = count == 0;
    }
    return SLW_OK;
}

static enum slw_status remove_unknown(struct repair *repair)
{
    SLW_TRY(slw_database_transact(repair->depot->database, SLW_DATABASE_WRITE, find_unknown, repair,
                                  repair->detail));
    for (size_t i = 0; i < repair->count; i++) {
        repair->found += repair->rows[i].is_missing ? 1 : 0;
        if (repair->rows[i].is_missing && repair->removes) {
            depot_log("warning", "artifacts", "blob %s is nobody's, and removed",
                      repair->rows[i].name);
            SLW_TRY(slw_blobs_remove(repair->depot->blobs, repair->rows[i].sha256, repair->detail));
        }
    }
    repair->count = 0;
    return SLW_OK;
}

static enum slw_status look_at_blob(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                                    uint64_t size, int64_t made_utc_s)
{
    struct repair *repair = context;
    (void)size;
    if ((int64_t)time(NULL) - made_utc_s < (int64_t)UPLOADS_OLD_S) {
        return SLW_OK; /* its row may be on its way */
    }
    memcpy(repair->rows[repair->count].sha256, sha256, SLW_SHA256_SIZE);
    (void)depot_digest_format(sha256, repair->rows[repair->count].name);
    repair->count++;
    return repair->count == BATCH ? remove_unknown(repair) : SLW_OK;
}

static enum slw_status count_rows(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct repair *repair = context;
    return slw_sql_number(transaction, "SELECT COUNT(*) FROM blobs", NULL, 0, &repair->known,
                          detail);
}

static enum slw_status go_through_store(struct repair *repair, bool removes,
                                        struct slw_detail *detail)
{
    repair->removes = removes;
    repair->found = 0;
    repair->count = 0;
    SLW_TRY(slw_blobs_list(repair->depot->blobs, UPLOADS_OLD_S, look_at_blob, repair, detail));
    return repair->count > 0 ? remove_unknown(repair) : SLW_OK;
}

/* A store of which the most isn't known is another depot's, or this one has the wrong database:
 * nothing of it is removed. */
static enum slw_status repair_store(struct repair *repair, struct slw_detail *detail)
{
    SLW_TRY(go_through_store(repair, false, detail));
    SLW_TRY(slw_database_transact(repair->depot->database, SLW_DATABASE_READ, count_rows, repair,
                                  detail));
    if (repair->found > repair->known) {
        depot_log("error", "artifacts",
                  "of the store's blobs %lld aren't known here, and %lld are: nothing is removed",
                  (long long)repair->found, (long long)repair->known);
        return SLW_OK;
    }
    return repair->found > 0 ? go_through_store(repair, true, detail) : SLW_OK;
}

/* Where the last run of this process was. */
static struct {
    pthread_mutex_t mutex;
    char after[DEPOT_DIGEST_SIZE];
    int64_t listed_utc_s;
} progress = {.mutex = PTHREAD_MUTEX_INITIALIZER};

enum slw_status artifacts_repair(struct depot *depot, int64_t token, bool all,
                                 struct slw_detail *detail)
{
    struct repair repair = {.depot = depot, .token = token, .detail = detail};
    int64_t now_s = (int64_t)time(NULL);
    (void)pthread_mutex_lock(&progress.mutex);
    bool lists = all || now_s - progress.listed_utc_s >= LIST_EVERY_S;
    if (!all) {
        memcpy(repair.after, progress.after, sizeof repair.after);
    }
    (void)pthread_mutex_unlock(&progress.mutex);
    SLW_TRY(repair_rows(&repair, all, detail));
    if (lists) {
        SLW_TRY(repair_store(&repair, detail));
    }
    (void)pthread_mutex_lock(&progress.mutex);
    memcpy(progress.after, repair.after, sizeof progress.after);
    progress.listed_utc_s = lists ? now_s : progress.listed_utc_s;
    (void)pthread_mutex_unlock(&progress.mutex);
    return SLW_OK;
}
