/* SPDX-License-Identifier: Apache-2.0 */
/* The envelopes about a build, for who asks the signing service or puts them into a bundle. */
#include "part.h"

#include "slipway/dsse.h"
#include "slipway/text.h"

#define ENVELOPES_MAX 64u

struct gathering {
    struct slw_bytes build;
    const char *kind;
    const char *suite;
    uint8_t blobs[ENVELOPES_MAX][SLW_SHA256_SIZE];
    size_t count;
};

static enum slw_status gather(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct gathering *gathering = context;
    const struct slw_sql_value values[] = {
        slw_sql_text(gathering->build), slw_sql_text(slw_text_bytes(gathering->kind)),
        slw_sql_text(slw_text_bytes(gathering->suite)), slw_sql_int(ENVELOPES_MAX)};
    struct slw_rows *rows = NULL;
    gathering->count = 0;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT blob FROM artifacts WHERE build = $1 AND kind = $2 AND ($3 = '' "
                          "OR suite = $3) ORDER BY id DESC LIMIT $4",
                          values, 4, &rows, detail));
    while (gathering->count < ENVELOPES_MAX && slw_rows_next(rows)) {
        if (depot_digest_parse(slw_rows_bytes(rows, 0), gathering->blobs[gathering->count])) {
            gathering->count++;
        }
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status give(struct depot *depot, const uint8_t *sha256,
                            enum slw_status (*each)(void *context, struct slw_bytes envelope,
                                                    struct slw_detail *detail),
                            void *context, struct slw_detail *detail)
{
    struct slw_blob blob;
    struct slw_heap_buffer text = {0};
    SLW_TRY(slw_blob_open(depot->blobs, sha256, &blob, detail));
    enum slw_status status =
        blob.source.size > SLW_DSSE_SIZE_MAX
            ? slw_explain(detail, SLW_TOO_LARGE, "an envelope that is too large")
            : SLW_OK;
    size_t size = status == SLW_OK ? (size_t)blob.source.size : 0;
    uint8_t *place = status == SLW_OK ? slw_heap_reserve(&text, size) : NULL;
    if (status == SLW_OK && place == NULL) {
        status = slw_explain_no_memory(detail);
    }
    if (status == SLW_OK && size > 0) {
        status = blob.source.read(blob.source.context, 0, place, size);
    }
    if (status == SLW_OK) {
        status = each(context, slw_heap_bytes(&text), detail);
    }
    slw_heap_drop(&text);
    slw_blob_close(&blob);
    return status;
}

enum slw_status depot_build_envelopes(
    struct depot *depot, struct slw_bytes build, const char *kind, const char *suite,
    enum slw_status (*each)(void *context, struct slw_bytes envelope, struct slw_detail *detail),
    void *context, struct slw_detail *detail)
{
    struct gathering gathering = {.build = build, .kind = kind, .suite = suite};
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, gather, &gathering, detail));
    for (size_t i = 0; i < gathering.count; i++) {
        SLW_TRY(give(depot, gathering.blobs[i], each, context, detail));
    }
    return SLW_OK;
}
