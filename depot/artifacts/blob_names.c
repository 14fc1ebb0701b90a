/* SPDX-License-Identifier: Apache-2.0 */
/* Which blobs there are, and what keeps them: artifacts.h for other parts, and the rule who may say
 * what a blob is. */
#include "part.h"

#include "slipway/text.h"

bool depot_digest_parse(struct slw_bytes text, uint8_t ret_sha256[static SLW_SHA256_SIZE])
{
    return slw_text_unhex(text, ret_sha256, SLW_SHA256_SIZE);
}

const char *depot_digest_format(const uint8_t sha256[static SLW_SHA256_SIZE],
                                char buffer[static DEPOT_DIGEST_SIZE])
{
    slw_text_hex(slw_bytes_make(sha256, SLW_SHA256_SIZE), buffer);
    return buffer;
}

enum slw_status depot_blob_keep(struct slw_transaction *transaction,
                                const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t size,
                                const char *kind, struct slw_bytes subject,
                                struct slw_detail *detail)
{
    char name[DEPOT_DIGEST_SIZE];
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(slw_text_bytes(depot_digest_format(sha256, name))), slw_sql_int((int64_t)size),
        slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO blobs (sha256, size, made_us) VALUES ($1, $2, $3) ON CONFLICT "
                        "(sha256) DO UPDATE SET unnamed_us = NULL, missing_us = NULL WHERE "
                        "blobs.removing_us IS NULL",
                        values, 3, &changed, detail));
    if (changed == 0) {
        return slw_explain(detail, SLW_UNAVAILABLE, "%s is just being removed", name);
    }
    const struct slw_sql_value row[] = {values[0], slw_sql_text(slw_text_bytes(kind)),
                                        slw_sql_text(subject)};
    return slw_sql_run(transaction,
                       "INSERT INTO blob_names (sha256, kind, subject) VALUES ($1, $2, $3) ON "
                       "CONFLICT (kind, subject, sha256) DO NOTHING",
                       row, 3, NULL, detail);
}

enum slw_status depot_blob_release(struct slw_transaction *transaction, const char *kind,
                                   struct slw_bytes subject, struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(kind)),
                                           slw_sql_text(subject), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(
        transaction,
        "UPDATE blobs SET unnamed_us = $3 WHERE unnamed_us IS NULL AND sha256 IN (SELECT n.sha256 "
        "FROM blob_names n WHERE n.kind = $1 AND n.subject = $2) AND NOT EXISTS (SELECT 1 FROM "
        "blob_names o WHERE o.sha256 = blobs.sha256 AND NOT (o.kind = $1 AND o.subject = $2))",
        values, 3, NULL, detail));
    return slw_sql_run(transaction, "DELETE FROM blob_names WHERE kind = $1 AND subject = $2",
                       values, 2, NULL, detail);
}

enum slw_status artifacts_find_blob(struct slw_transaction *transaction, struct slw_bytes sha256,
                                    const struct depot_caller *caller, struct slw_bytes product,
                                    int64_t *ret_size, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {
        slw_sql_text(sha256), slw_sql_text(slw_text_bytes(caller->person)), slw_sql_text(product)};
    enum slw_status status = slw_sql_number(
        transaction,
        "SELECT b.size FROM blobs b WHERE b.sha256 = $1 AND b.removing_us IS NULL AND "
        "b.missing_us IS NULL AND (EXISTS (SELECT 1 FROM blob_senders s WHERE s.sha256 = $1 AND "
        "s.person = $2) OR EXISTS (SELECT 1 FROM artifacts a WHERE a.blob = $1 AND a.product = $3) "
        "OR EXISTS (SELECT 1 FROM builds u WHERE u.bundle = $1 AND u.product = $3))",
        values, 3, ret_size, detail);
    return status == SLW_NOT_FOUND
               ? slw_explain(detail, SLW_NOT_FOUND, "no such blob: it is to be uploaded first")
               : status;
}

struct opening {
    struct slw_bytes build;
    uint8_t bundle[SLW_SHA256_SIZE];
};

static enum slw_status find_bundle(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    struct opening *opening = context;
    const struct slw_sql_value value = slw_sql_text(opening->build);
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT bundle FROM builds WHERE id = $1 AND removed_us IS NULL", &value,
                          1, &rows, detail));
    bool found =
        slw_rows_next(rows) && depot_digest_parse(slw_rows_bytes(rows, 0), opening->bundle);
    SLW_TRY(slw_rows_close(rows, detail));
    return found ? SLW_OK
                 : slw_explain(detail, SLW_NOT_FOUND, "there is no such build, or it was removed");
}

enum slw_status depot_build_open(struct depot *depot, struct slw_bytes build,
                                 struct slw_blob *ret_bundle, struct slw_detail *detail)
{
    struct opening opening = {.build = build};
    SLW_TRY(
        slw_database_transact(depot->database, SLW_DATABASE_READ, find_bundle, &opening, detail));
    return slw_blob_open(depot->blobs, opening.bundle, ret_bundle, detail);
}
