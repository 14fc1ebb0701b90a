/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resumable uploads of blobs: PATCH with Upload-Offset appends a piece, HEAD tells how much is
 * there. Pieces lie in the store under a name that is made of the blob's digest and the person, so
 * that nobody gets in the way of another one's upload, nor learns from it what others have.
 */
#include "part.h"

#include "slipway/text.h"

#include <inttypes.h>
#include <stdlib.h>

struct upload {
    struct depot *depot;
    struct slw_http_exchange *exchange;
    const struct depot_caller *caller;
    uint8_t sha256[SLW_SHA256_SIZE];
    uint8_t id[SLW_SHA256_SIZE]; /* in the store */
    struct slw_bytes name;       /* the digest in digits */
    uint64_t offset;
    bool announces; /* Upload-Length is there: */
    uint64_t announced;
    uint64_t size;   /* of all */
    uint64_t length; /* of what is there */
    bool complete;
};

static void name_upload(struct upload *upload)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("slipway depot upload v1\n"));
    slw_sha256_update(&hash, slw_bytes_make(upload->sha256, sizeof upload->sha256));
    slw_sha256_update(&hash, slw_text_bytes(upload->caller->person));
    slw_sha256_final(&hash, upload->id);
}

static enum slw_status read_number(const struct slw_http_exchange *exchange, const char *name,
                                   bool *ret_is_there, uint64_t *ret_number,
                                   struct slw_detail *detail)
{
    struct slw_bytes text = slw_http_header(exchange, name);
    uint64_t number = 0;
    *ret_is_there = text.len > 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9' || i == 15) {
            return slw_explain(detail, SLW_BAD_ARGUMENT, "%s: not a number of bytes", name);
        }
        number = number * 10 + (uint64_t)(text.ptr[i] - '0');
    }
    *ret_number = number;
    return SLW_OK;
}

static struct upload *begin(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct upload *upload = calloc(1, sizeof *upload);
    if (upload == NULL) {
        slw_http_refuse(exchange, slw_explain_no_memory(&detail), &detail);
        return NULL;
    }
    *upload = (struct upload){.depot = depot_of(context),
                              .exchange = exchange,
                              .caller = depot_caller(exchange),
                              .name = slw_http_parameter(exchange, 0)};
    if (!depot_digest_parse(upload->name, upload->sha256)) {
        free(upload);
        slw_http_refuse_as(exchange, 400, SLW_BAD_NAME,
                           "a blob is named by 64 lower-case hexadecimal digits");
        return NULL;
    }
    name_upload(upload);
    return upload;
}

static void hand_over(struct upload *upload, void (*work)(void *context))
{
    struct slw_detail detail = {""};
    struct slw_http_exchange *exchange = upload->exchange;
    enum slw_status status = depot_later(work, upload, &detail);
    if (status != SLW_OK) {
        free(upload);
        slw_http_refuse(exchange, status, &detail);
    }
}

static void tell_state(struct upload *upload, unsigned http_status)
{
    char offset[24];
    char size[24];
    (void)snprintf(offset, sizeof offset, "%" PRIu64,
                   upload->complete ? upload->size : upload->length);
    (void)snprintf(size, sizeof size, "%" PRIu64, upload->size);
    slw_http_set_header(upload->exchange, "Upload-Offset", offset);
    slw_http_set_header(upload->exchange, "Upload-Length", size);
    slw_http_set_header(upload->exchange, "Upload-Complete", upload->complete ? "?1" : "?0");
    if (http_status != 0) {
        slw_http_answer_empty(upload->exchange, http_status);
    }
}

/* Uploads are for those who may develop some product; a token's roles and its maker's must meet.
 * The roles are named in DEPOT.md, section 3. */
static enum slw_status check_may(const struct upload *upload, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(upload->caller->person)),
                                           slw_sql_int(upload->caller->token)};
    int64_t count = 0;
    SLW_TRY(slw_sql_number(
        transaction,
        "SELECT COUNT(*) FROM roles r WHERE r.person = $1 AND r.role IN ('developer', "
        "'release-manager', 'administrator') AND ($2 = 0 OR EXISTS (SELECT 1 FROM token_roles t "
        "WHERE t.token = $2 AND (t.product = r.product OR t.product = '*' OR r.product = '*') AND "
        "t.role IN ('developer', 'release-manager', 'administrator')))",
        values, 2, &count, detail));
    return count > 0 ? SLW_OK
                     : slw_explain(detail, SLW_NOT_PERMITTED, "your roles don't allow uploads");
}

static enum slw_status find_upload(const struct upload *upload, struct slw_transaction *transaction,
                                   bool *ret_is_there, uint64_t *ret_size,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(upload->name),
                                           slw_sql_text(slw_text_bytes(upload->caller->person))};
    int64_t size = 0;
    struct slw_detail ignored;
    enum slw_status status =
        slw_sql_number(transaction, "SELECT size FROM uploads WHERE sha256 = $1 AND person = $2",
                       values, 2, &size, &ignored);
    *ret_is_there = status == SLW_OK;
    *ret_size = (uint64_t)size;
    return status == SLW_NOT_FOUND || status == SLW_OK
               ? SLW_OK
               : slw_explain(detail, status, "%s", ignored.text);
}

static enum slw_status look(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct upload *upload = context;
    int64_t size = 0;
    bool is_there = false;
    SLW_TRY(check_may(upload, transaction, detail));
    enum slw_status status = artifacts_find_blob(transaction, upload->name, upload->caller,
                                                 SLW_BYTES_OF(""), &size, detail);
    upload->complete = status == SLW_OK;
    upload->size = (uint64_t)size;
    if (status != SLW_NOT_FOUND) {
        return status;
    }
    SLW_TRY(find_upload(upload, transaction, &is_there, &upload->size, detail));
    return is_there ? SLW_OK
                    : slw_explain(detail, SLW_NOT_FOUND, "you haven't begun to upload this");
}

static void state_work(void *context)
{
    struct upload *upload = context;
    struct slw_detail detail = {""};
    bool ignored = false;
    enum slw_status status =
        slw_database_transact(upload->depot->database, SLW_DATABASE_READ, look, upload, &detail);
    if (status == SLW_OK && !upload->complete) {
        status =
            slw_blobs_have(upload->depot->blobs, upload->id, &upload->length, &ignored, &detail);
    }
    if (status == SLW_OK) {
        tell_state(upload, 204);
    } else {
        slw_http_refuse(upload->exchange, status, &detail);
    }
    free(upload);
}

void artifacts_upload_state(void *context, struct slw_http_exchange *exchange)
{
    struct upload *upload = begin(context, exchange);
    if (upload != NULL) {
        hand_over(upload, state_work);
    }
}

static enum slw_status check_count(const struct upload *upload, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(slw_text_bytes(upload->caller->person));
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT COUNT(*) FROM uploads WHERE person = $1", &value, 1,
                           &count, detail));
    return count < ARTIFACTS_UPLOADS_MAX
               ? SLW_OK
               : slw_explain(detail, SLW_TOO_MANY, "%u uploads of yours are under way",
                             ARTIFACTS_UPLOADS_MAX);
}

/* The length that the first piece announced is everybody's who goes on. */
static enum slw_status announce(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct upload *upload = context;
    bool is_there = false;
    int64_t now_us = 0;
    SLW_TRY(check_may(upload, transaction, detail));
    SLW_TRY(find_upload(upload, transaction, &is_there, &upload->size, detail));
    if (is_there && upload->announces && upload->announced != upload->size) {
        return slw_explain(detail, SLW_WRONG_LENGTH,
                           "this upload was announced with %" PRIu64 " bytes", upload->size);
    }
    if (!is_there && !upload->announces) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "the first piece needs Upload-Length");
    }
    if (!is_there) {
        SLW_TRY(check_count(upload, transaction, detail));
        upload->size = upload->announced;
    }
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {
        slw_sql_text(upload->name), slw_sql_int((int64_t)upload->size),
        slw_sql_text(slw_text_bytes(upload->caller->person)), slw_sql_int(now_us)};
    return slw_sql_run(transaction,
                       "INSERT INTO uploads (sha256, size, person, touched_us) VALUES ($1, $2, $3, "
                       "$4) ON CONFLICT (sha256, person) DO UPDATE SET touched_us = $4",
                       values, 4, NULL, detail);
}

static enum slw_status forget(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    const struct upload *upload = context;
    const struct slw_sql_value values[] = {slw_sql_text(upload->name),
                                           slw_sql_text(slw_text_bytes(upload->caller->person))};
    return slw_sql_run(transaction, "DELETE FROM uploads WHERE sha256 = $1 AND person = $2", values,
                       2, NULL, detail);
}

/* The blob is in the store: it becomes a row, and whose. */
static enum slw_status note_blob(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    struct upload *upload = context;
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(upload->name),
                                           slw_sql_int((int64_t)upload->size), slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO blobs (sha256, size, made_us, unnamed_us) VALUES ($1, $2, $3, "
                        "$3) ON CONFLICT (sha256) DO UPDATE SET missing_us = NULL, unnamed_us = "
                        "CASE WHEN blobs.unnamed_us IS NULL THEN NULL ELSE $3 END WHERE "
                        "blobs.removing_us IS NULL",
                        values, 3, &changed, detail));
    if (changed == 0) {
        return slw_explain(detail, SLW_UNAVAILABLE, "this blob is just being removed");
    }
    const struct slw_sql_value sender[] = {values[0],
                                           slw_sql_text(slw_text_bytes(upload->caller->person))};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO blob_senders (sha256, person) VALUES ($1, $2) ON CONFLICT "
                        "(sha256, person) DO NOTHING",
                        sender, 2, NULL, detail));
    return forget(upload, transaction, detail);
}

static enum slw_status finish(struct upload *upload, struct slw_detail *detail)
{
    struct slw_detail ignored;
    enum slw_status status =
        slw_blobs_finish_as(upload->depot->blobs, upload->id, upload->sha256, upload->size, detail);
    if (status == SLW_WRONG_HASH || status == SLW_WRONG_LENGTH) {
        /* What stays of it is forgotten when it is old. */
        (void)!slw_database_transact(upload->depot->database, SLW_DATABASE_WRITE, forget, upload,
                                     &ignored);
    }
    SLW_TRY(status);
    SLW_TRY(slw_database_transact(upload->depot->database, SLW_DATABASE_WRITE, note_blob, upload,
                                  detail));
    upload->complete = true;
    return SLW_OK;
}

static enum slw_status store_piece(struct upload *upload, struct slw_detail *detail)
{
    SLW_TRY(slw_database_transact(upload->depot->database, SLW_DATABASE_WRITE, announce, upload,
                                  detail));
    SLW_TRY(slw_blobs_append(upload->depot->blobs, upload->id, upload->size, upload->offset,
                             slw_http_body(upload->exchange), &upload->length, detail));
    return upload->length == upload->size ? finish(upload, detail) : SLW_OK;
}

static void piece_work(void *context)
{
    struct upload *upload = context;
    struct slw_detail detail = {""};
    enum slw_status status = store_piece(upload, &detail);
    if (status == SLW_OK) {
        tell_state(upload, upload->complete ? 201 : 204);
    } else if (status == SLW_WRONG_STATE) {
        tell_state(upload, 0);
        slw_http_refuse_as(upload->exchange, 409, status, detail.text);
    } else {
        slw_http_refuse(upload->exchange, status, &detail);
    }
    free(upload);
}

static enum slw_status read_head(struct upload *upload, struct slw_detail *detail)
{
    bool has_offset = false;
    SLW_TRY(read_number(upload->exchange, "Upload-Offset", &has_offset, &upload->offset, detail));
    SLW_TRY(read_number(upload->exchange, "Upload-Length", &upload->announces, &upload->announced,
                        detail));
    if (!has_offset) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a piece needs Upload-Offset");
    }
    if (upload->announced > SLW_BLOB_SIZE_MAX) {
        return slw_explain(detail, SLW_TOO_LARGE, "a blob of more than %" PRIu64 " bytes",
                           SLW_BLOB_SIZE_MAX);
    }
    return SLW_OK;
}

void artifacts_upload_piece(void *context, struct slw_http_exchange *exchange)
{
    struct slw_detail detail = {""};
    struct upload *upload = begin(context, exchange);
    if (upload == NULL) {
        return;
    }
    enum slw_status status = read_head(upload, &detail);
    if (status != SLW_OK) {
        free(upload);
        slw_http_refuse(exchange, status, &detail);
        return;
    }
    hand_over(upload, piece_work);
}
