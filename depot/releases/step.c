/* SPDX-License-Identifier: Apache-2.0 */
/* Releases on their way: which there are, and one step of one of them. See part.h. */
#include "part.h"

#include "slipway/text.h"

#include <stdio.h>

#define COLUMNS                                                                                    \
    "product, version, build, channel, key_name, kind, state, prepared_blob, request, blob, "      \
    "size, "                                                                                       \
    "path, role, is_sent, is_complete"

#define COPY(column, member) slw_text_copy(slw_rows_bytes(rows, column), sizeof(member), (member))

static void read_row(const struct slw_rows *rows, struct release *release)
{
    *release = (struct release){.version = slw_rows_int(rows, 1),
                                .size = slw_rows_int(rows, 10),
                                .is_sent = slw_rows_int(rows, 13) != 0,
                                .is_complete = slw_rows_int(rows, 14) != 0};
    COPY(0, release->product);
    COPY(2, release->build);
    COPY(3, release->channel);
    COPY(4, release->key_name);
    COPY(5, release->kind);
    COPY(6, release->state);
    COPY(7, release->prepared);
    COPY(8, release->request);
    COPY(9, release->blob);
    COPY(11, release->path);
    COPY(12, release->role);
}

struct listing {
    const char *condition;
    struct release *list;
    size_t count;
};

static enum slw_status list(void *context, struct slw_transaction *transaction,
                            struct slw_detail *detail)
{
    struct listing *listing = context;
    struct slw_heap_buffer sql = {0};
    struct slw_rows *rows = NULL;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_int(now_us), slw_sql_int(RELEASES_AT_ONCE)};
    slw_heap_printf(&sql,
                    "SELECT " COLUMNS " FROM releases WHERE (%s) AND retry_us <= $1 ORDER BY "
                    "state_us, product, version LIMIT $2",
                    listing->condition);
    listing->count = 0;
    enum slw_status status =
        slw_sql_query(transaction, slw_heap_text(&sql), values, 2, &rows, detail);
    while (status == SLW_OK && listing->count < RELEASES_AT_ONCE && slw_rows_next(rows)) {
        read_row(rows, &listing->list[listing->count++]);
    }
    if (status == SLW_OK) {
        status = slw_rows_close(rows, detail);
    }
    slw_heap_drop(&sql);
    return status;
}

enum slw_status releases_list(struct depot *depot, const char *condition,
                              struct release ret_list[static RELEASES_AT_ONCE], size_t *ret_count,
                              struct slw_detail *detail)
{
    struct listing listing = {.condition = condition, .list = ret_list};
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, list, &listing, detail));
    *ret_count = listing.count;
    return SLW_OK;
}

#define FIXED 7u

static enum slw_status update(struct slw_transaction *transaction, const struct release_step *step,
                              struct slw_detail *detail)
{
    const struct release *release = step->release;
    struct slw_sql_value values[FIXED + 8];
    struct slw_heap_buffer sql = {0};
    int64_t now_us = 0;
    int64_t changed = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    values[0] = slw_sql_text(slw_text_bytes(release->product));
    values[1] = slw_sql_int(release->version);
    values[2] = slw_sql_text(slw_text_bytes(release->state));
    values[3] = slw_sql_text(slw_text_bytes(step->to == NULL ? release->state : step->to));
    values[4] = slw_sql_int(now_us);
    values[5] = slw_sql_int(step->retry_s == 0 ? 0 : now_us + step->retry_s * 1000000);
    values[6] = slw_sql_text(slw_text_bytes(step->reason == NULL ? "" : step->reason));
    memcpy(values + FIXED, step->values, step->values_count * sizeof values[0]);
    slw_heap_printf(&sql,
                    "UPDATE releases SET state_us = CASE WHEN state = $4 THEN state_us ELSE $5 "
                    "END, state = $4, retry_us = $6, reason = %s%s%s WHERE product = $1 AND "
                    "version = $2 AND state = $3",
                    step->keeps_reason ? "CASE WHEN $7 = '' THEN reason ELSE reason END" : "$7",
                    step->set == NULL ? "" : ", ", step->set == NULL ? "" : step->set);
    enum slw_status status = slw_sql_run(transaction, slw_heap_text(&sql), values,
                                         FIXED + step->values_count, &changed, detail);
    slw_heap_drop(&sql);
    SLW_TRY(status);
    return changed == 1
               ? SLW_OK
               : slw_explain(detail, SLW_WRONG_STATE, "%s %lld: isn't %s any more",
                             release->product, (long long)release->version, release->state);
}

/* Whether the step says something else about the release than what stands there. */
static enum slw_status is_news(struct slw_transaction *transaction, const struct release_step *step,
                               bool *ret_is_news, struct slw_detail *detail)
{
    struct slw_rows *rows = NULL;
    struct slw_bytes reason = slw_text_bytes(step->reason == NULL ? "" : step->reason);
    const struct slw_sql_value values[] = {slw_sql_text(slw_text_bytes(step->release->product)),
                                           slw_sql_int(step->release->version)};
    bool differs = false;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT reason FROM releases WHERE product = $1 AND version = $2", values,
                          2, &rows, detail));
    if (slw_rows_next(rows)) {
        differs = !slw_bytes_equal(slw_rows_bytes(rows, 0), reason);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    *ret_is_news = step->to == NULL && !step->keeps_reason && differs;
    return SLW_OK;
}

static enum slw_status run(void *context, struct slw_transaction *transaction,
                           struct slw_detail *detail)
{
    const struct release_step *step = context;
    const struct release *release = step->release;
    char subject[96];
    char action[32];
    bool tells = false;
    SLW_TRY(slw_transaction_fence(transaction, step->lease, step->token, detail));
    SLW_TRY(is_news(transaction, step, &tells, detail));
    SLW_TRY(update(transaction, step, detail));
    if (step->keeps) {
        (void)snprintf(subject, sizeof subject, "%s/%lld", release->product,
                       (long long)release->version);
        SLW_TRY(depot_blob_keep(transaction, step->sha256, step->size, "release",
                                slw_text_bytes(subject), detail));
    }
    if (tells) { /* who looks at it learns what it waits for */
        return releases_event(transaction, slw_text_bytes(release->product), release->version,
                              release->state,
                              slw_text_bytes(step->reason == NULL ? "" : step->reason), detail);
    }
    if (step->to == NULL) {
        return SLW_OK;
    }
    (void)snprintf(subject, sizeof subject, "%lld", (long long)release->version);
    (void)snprintf(action, sizeof action, "release.%s", step->to);
    SLW_TRY(depot_audit(transaction, "depot", action, slw_text_bytes(release->product),
                        slw_text_bytes(subject), NULL, detail));
    return releases_event(transaction, slw_text_bytes(release->product), release->version, step->to,
                          slw_text_bytes(step->reason == NULL ? "" : step->reason), detail);
}

enum slw_status releases_step(struct depot *depot, const struct release_step *step,
                              struct slw_detail *detail)
{
    struct release_step copy = *step;
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, run, &copy, detail);
}
