/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes by itself: builds that were kept long enough, logs, uploads that nobody goes on with,
 * blobs that nothing names. Every transaction checks the lease's token, a few rows at a time, so
 * that nobody waits for it; what is left is for the next time.
 */
#include "part.h"

#include "pipeline/pipeline.h"

#include "slipway/text.h"

#define BATCH 50u
#define BATCHES_MAX 40u

struct chore {
    struct depot *depot;
    int64_t token;
    size_t done; /* rows of the batch */
    struct {
        char id[DEPOT_DIGEST_SIZE];
        char product[65];
        int64_t number;
    } rows[BATCH];
};

/* Fills rows by a query of (text, product, number). */
static enum slw_status find_rows(struct chore *chore, struct slw_transaction *transaction,
                                 const char *sql, const struct slw_sql_value *values, size_t count,
                                 struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    chore->done = 0;
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, chore->token, detail));
    SLW_TRY(slw_sql_query(transaction, sql, values, count, &rows, detail));
    while (chore->done < BATCH && slw_rows_next(rows)) {
        struct slw_bytes id = slw_rows_bytes(rows, 0);
        struct slw_bytes product = slw_rows_bytes(rows, 1);
        (void)snprintf(chore->rows[chore->done].id, sizeof chore->rows[0].id, "%.*s", (int)id.len,
                       (const char *)id.ptr);
        (void)snprintf(chore->rows[chore->done].product, sizeof chore->rows[0].product, "%.*s",
                       (int)product.len, (const char *)product.ptr);
        chore->rows[chore->done].number = slw_rows_int(rows, 2);
        chore->done++;
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status remove_artifact(struct slw_transaction *transaction, int64_t id,
                                       struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(id);
    char subject[24];
    (void)snprintf(subject, sizeof subject, "%lld", (long long)id);
    SLW_TRY(depot_blob_release(transaction, "artifact", slw_text_bytes(subject), detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM sbom_packages WHERE artifact = $1", &value, 1,
                        NULL, detail));
    return slw_sql_run(transaction, "DELETE FROM artifacts WHERE id = $1", &value, 1, NULL, detail);
}

/* DEPOT.md, section 4: logs, as a product's log_days has it. */
static enum slw_status remove_logs(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct chore *chore = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(now_us), slw_sql_int(ARTIFACTS_DAY_US),
                                           slw_sql_int(BATCH)};
    SLW_TRY(
        find_rows(chore, transaction,
                  "SELECT '', a.product, a.id FROM artifacts a JOIN products p ON p.name = "
                  "a.product WHERE a.kind = 'log' AND a.made_us < $1 - p.log_days * $2 ORDER BY "
                  "a.id LIMIT $3",
                  values, 3, detail));
    for (size_t i = 0; i < chore->done; i++) {
        SLW_TRY(remove_artifact(transaction, chore->rows[i].number, detail));
    }
    return SLW_OK;
}

static enum slw_status remove_artifacts_of(struct slw_transaction *transaction, const char *build,
                                           struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(build))};
    SLW_TRY(slw_sql_run(
        transaction,
        "DELETE FROM blob_names WHERE kind = 'artifact' AND subject IN (SELECT CAST(a.id AS TEXT) "
        "FROM artifacts a WHERE a.build = $1)",
        values, 1, NULL, detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM sbom_packages WHERE build = $1", values, 1, NULL,
                        detail));
    SLW_TRY(slw_sql_run(transaction, "DELETE FROM artifacts WHERE build = $1", values, 1, NULL,
                        detail));
    return depot_blob_release(transaction, "build", slw_text_bytes(build), detail);
}

static enum slw_status remove_build(struct slw_transaction *transaction, const char *build,
                                    const char *product, int64_t days, int64_t now_us,
                                    struct slw_detail *detail)
{
    struct slw_bytes subject = slw_text_bytes(build);
    const struct slw_sql_value values[] = {slw_sql_text(subject), slw_sql_int(now_us)};
    char reason[80];
    char said[112];
    char data[128];
    (void)snprintf(reason, sizeof reason, "its files went by retention, after %lld days",
                   (long long)days);
    (void)snprintf(said, sizeof said, "{\"reason\":\"%s\"}", reason);
    (void)snprintf(data, sizeof data, "{\"removed\":true,\"reason\":\"%s\"}", reason);
    SLW_TRY(depot_pipeline_expire(transaction, slw_text_bytes(product), subject,
                                  slw_text_bytes(reason), detail));
    SLW_TRY(remove_artifacts_of(transaction, build, detail));
    SLW_TRY(slw_sql_run(transaction, "UPDATE builds SET removed_us = $2 WHERE id = $1", values, 2,
                        NULL, detail));
    SLW_TRY(depot_audit(transaction, "depot", "build.expire", slw_text_bytes(product), subject,
                        said, detail));
    return depot_event(transaction, slw_text_bytes(product), "build", subject, data, detail);
}

/* DEPOT.md, section 4: "builds that never got beyond `internal` and aren't in a release go
 * `keep_days` after they came or entered a stage", "one that a runner works on waits for it". */
static enum slw_status remove_builds(void *context, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    struct chore *chore = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(now_us), slw_sql_int(ARTIFACTS_DAY_US),
                                           slw_sql_int(BATCH)};
    SLW_TRY(find_rows(
        chore, transaction,
        "SELECT b.id, b.product, p.keep_days FROM builds b JOIN products p ON p.name = b.product "
        "WHERE b.removed_us IS NULL AND b.furthest <= 2 AND b.made_us < $1 - p.keep_days * $2 AND "
        "b.state_us < $1 - p.keep_days * $2 AND NOT EXISTS (SELECT 1 FROM releases r WHERE r.build "
        "= b.id) AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.build = b.id AND j.state = "
        "'running') "
        "ORDER BY b.made_us LIMIT $3",
        values, 3, detail));
    for (size_t i = 0; i < chore->done; i++) {
        SLW_TRY(remove_build(transaction, chore->rows[i].id, chore->rows[i].product,
                             chore->rows[i].number, now_us, detail));
    }
    return SLW_OK;
}

/* Whatever lost its last name without anybody noticing. */
static enum slw_status find_unnamed(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct chore *chore = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, chore->token, detail));
    const struct slw_sql_value value = slw_sql_int(now_us);
    return slw_sql_run(transaction,
                       "UPDATE blobs SET unnamed_us = $1 WHERE unnamed_us IS NULL AND NOT EXISTS "
                       "(SELECT 1 FROM blob_names n WHERE n.sha256 = blobs.sha256)",
                       &value, 1, NULL, detail);
}

static enum slw_status remove_uploads(void *context, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    struct chore *chore = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, chore->token, detail));
    const struct slw_sql_value value = slw_sql_int(now_us - ARTIFACTS_DAY_US);
    chore->done = 0;
    return slw_sql_run(transaction, "DELETE FROM uploads WHERE touched_us < $1", &value, 1, NULL,
                       detail);
}

/* "blobs that nothing names go a day later". From here on nobody can name them. */
static enum slw_status mark_blobs(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct chore *chore = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(now_us - ARTIFACTS_DAY_US),
                                           slw_sql_int(BATCH)};
    SLW_TRY(find_rows(chore, transaction,
                      "SELECT b.sha256, '', 0 FROM blobs b WHERE (b.unnamed_us < $1 OR "
                      "b.removing_us IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM blob_names n WHERE "
                      "n.sha256 = b.sha256) ORDER BY b.unnamed_us LIMIT $2",
                      values, 2, detail));
    for (size_t i = 0; i < chore->done; i++) {
        const struct slw_sql_value row[] = {slw_sql_text(slw_text_bytes(chore->rows[i].id)),
                                            slw_sql_int(now_us)};
        SLW_TRY(slw_sql_run(transaction, "UPDATE blobs SET removing_us = $2 WHERE sha256 = $1", row,
                            2, NULL, detail));
    }
    return SLW_OK;
}

static enum slw_status forget_blobs(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct chore *chore = context;
    SLW_TRY(slw_transaction_fence(transaction, ARTIFACTS_LEASE, chore->token, detail));
    for (size_t i = 0; i < chore->done; i++) {
        const struct slw_sql_value value = slw_sql_text(slw_text_bytes(chore->rows[i].id));
        SLW_TRY(slw_sql_run(transaction, "DELETE FROM blob_senders WHERE sha256 = $1", &value, 1,
                            NULL, detail));
        SLW_TRY(slw_sql_run(transaction,
                            "DELETE FROM blobs WHERE sha256 = $1 AND removing_us IS NOT NULL",
                            &value, 1, NULL, detail));
    }
    return SLW_OK;
}

static enum slw_status run(struct chore *chore, slw_transaction_work *work,
                           struct slw_detail *detail)
{
    return slw_database_transact(chore->depot->database, SLW_DATABASE_WRITE, work, chore, detail);
}

/* Marked first, then out of the store, then forgotten: ended anywhere, the next one goes on. */
static enum slw_status remove_blobs(struct chore *chore, struct slw_detail *detail)
{
    SLW_TRY(run(chore, find_unnamed, detail));
    for (unsigned i = 0; i < BATCHES_MAX; i++) {
        SLW_TRY(run(chore, mark_blobs, detail));
        if (chore->done == 0) {
            return SLW_OK;
        }
        for (size_t j = 0; j < chore->done; j++) {
            uint8_t sha256[SLW_SHA256_SIZE];
            if (depot_digest_parse(slw_text_bytes(chore->rows[j].id), sha256)) {
                SLW_TRY(slw_blobs_remove(chore->depot->blobs, sha256, detail));
            }
        }
        SLW_TRY(run(chore, forget_blobs, detail));
    }
    return SLW_OK;
}

static enum slw_status repeat(struct chore *chore, slw_transaction_work *work,
                              struct slw_detail *detail)
{
    for (unsigned i = 0; i < BATCHES_MAX; i++) {
        SLW_TRY(run(chore, work, detail));
        if (chore->done < BATCH) {
            break;
        }
    }
    return SLW_OK;
}

enum slw_status artifacts_keep_house(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct chore chore = {.depot = depot, .token = token};
    SLW_TRY(repeat(&chore, remove_logs, detail));
    SLW_TRY(repeat(&chore, remove_builds, detail));
    SLW_TRY(run(&chore, remove_uploads, detail));
    SLW_TRY(remove_blobs(&chore, detail));
    return artifacts_repair(depot, token, false, detail);
}
