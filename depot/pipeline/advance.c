/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The thread that advances builds, with the lease `pipelines`: builds that came in begin, those on
 * their way are looked at in turn. What a look says is done in a transaction that looks once more
 * and checks the lease, so that two replicas never promote what one of them shouldn't.
 */
#include "part.h"
#include "pipeline.h"

#include "slipway/text.h"

#include <stdio.h>
#include <stdlib.h>

#define AT_ONCE 64u

struct row {
    char product[65], build[DEPOT_DIGEST_SIZE];
};

struct gathering {
    struct row rows[AT_ONCE];
    size_t count;
    const char *sql;
    int64_t after_us;
    int64_t last_us;
};

static enum slw_status gather(void *context, struct slw_transaction *transaction,
                              struct slw_detail *detail)
{
    struct gathering *gathering = context;
    const struct slw_sql_value values[] = {slw_sql_int(gathering->after_us), slw_sql_int(AT_ONCE)};
    struct slw_rows *rows = NULL;
    gathering->count = 0;
    SLW_TRY(slw_sql_query(transaction, gathering->sql, values, 2, &rows, detail));
    while (gathering->count < AT_ONCE && slw_rows_next(rows)) {
        struct row *row = &gathering->rows[gathering->count++];
        slw_text_copy(slw_rows_bytes(rows, 0), sizeof row->product, row->product);
        slw_text_copy(slw_rows_bytes(rows, 1), sizeof row->build, row->build);
        gathering->last_us = slw_rows_int(rows, 2);
    }
    return slw_rows_close(rows, detail);
}

/* What went wrong first: one build that can't go on holds no other up. */
struct first {
    enum slw_status status;
    struct slw_detail *detail;
};

/* Whether the others are worth asking for: without a database, or a store, none is. */
static bool note_first(struct first *first, enum slw_status status, const struct slw_detail *why)
{
    if (status != SLW_OK && first->status == SLW_OK) {
        first->status = status;
        *first->detail = *why;
    }
    return status != SLW_DATABASE_AWAY && status != SLW_UNAVAILABLE;
}

/* --- Builds that begin --- */

struct beginning {
    int64_t token;
    const struct row *row;
};

/* DEPOT.md, section 5: "a build keeps the version that it began under". */
static enum slw_status add_to_pipeline(struct slw_transaction *transaction,
                                       struct slw_bytes product, struct slw_bytes build,
                                       int64_t *ret_added, struct slw_detail *detail)
{
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(build), slw_sql_text(product),
                                           slw_sql_int(now_us)};
    return slw_sql_run(
        transaction,
        "INSERT INTO qualifications (build, product, pipeline, kind, changes, "
        "is_open, report, reason, began_us) SELECT $1, $2, MAX(version), 'feature', "
        "'[]', 1, '{}', '', $3 FROM pipelines WHERE product = $2 GROUP BY product ON CONFLICT "
        "(build) DO NOTHING",
        values, 3, ret_added, detail);
}

static enum slw_status start_tests(struct slw_transaction *transaction,
                                   const struct qualification *qualification,
                                   struct slw_detail *detail)
{
    char text[64];
    (void)snprintf(text, sizeof text, "{\"state\":\"new\",\"pipeline\":%lld}",
                   (long long)qualification->pipeline);
    SLW_TRY(depot_event(transaction, qualification->product, "build", qualification->build, text,
                        detail));
    return depot_jobs_start_tests(transaction, qualification->product, qualification->build,
                                  &qualification->json, "build", detail);
}

enum slw_status depot_pipeline_begin(struct slw_transaction *transaction, struct slw_bytes product,
                                     struct slw_bytes build, struct slw_detail *detail)
{
    struct qualification qualification;
    int64_t added = 0;
    SLW_TRY(add_to_pipeline(transaction, product, build, &added, detail));
    if (added == 0) {
        return SLW_OK;
    }
    SLW_TRY(pipeline_read(transaction, product, build, &qualification, detail));
    enum slw_status status = start_tests(transaction, &qualification, detail);
    pipeline_free(&qualification);
    return status;
}

/* Builds that were here before their product had a pipeline. */
static enum slw_status begin(void *context, struct slw_transaction *transaction,
                             struct slw_detail *detail)
{
    const struct beginning *beginning = context;
    SLW_TRY(slw_transaction_fence(transaction, PIPELINE_LEASE, beginning->token, detail));
    return depot_pipeline_begin(transaction, slw_text_bytes(beginning->row->product),
                                slw_text_bytes(beginning->row->build), detail);
}

static enum slw_status begin_all(struct depot *depot, int64_t token, struct gathering *gathering,
                                 struct slw_detail *detail)
{
    gathering->after_us = 0;
    gathering->sql =
        "SELECT b.product, b.id, b.made_us FROM builds b WHERE b.state = 'new' AND b.made_us >= $1 "
        "AND b.removed_us IS NULL AND EXISTS (SELECT 1 FROM pipelines p WHERE p.product = "
        "b.product) "
        "AND NOT EXISTS (SELECT 1 FROM qualifications q WHERE q.build = b.id) ORDER BY b.made_us "
        "LIMIT $2";
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, gather, gathering, detail));
    struct first first = {SLW_OK, detail};
    bool goes_on = true;
    for (size_t i = 0; i < gathering->count && goes_on; i++) {
        struct beginning beginning = {token, &gathering->rows[i]};
        struct slw_detail why = {""};
        goes_on = note_first(
            &first,
            slw_database_transact(depot->database, SLW_DATABASE_WRITE, begin, &beginning, &why),
            &why);
    }
    return first.status;
}

/* --- Builds that went, and came again --- */

enum slw_status depot_pipeline_expire(struct slw_transaction *transaction, struct slw_bytes product,
                                      struct slw_bytes build, struct slw_bytes reason,
                                      struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(build), slw_sql_text(reason)};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET is_open = 0, report = '{}', reason = $2 WHERE "
                        "build = $1 AND is_open = 1",
                        values, 2, NULL, detail));
    return depot_jobs_cancel_of_build(transaction, product, build, "depot", detail);
}

enum slw_status depot_pipeline_forget(struct slw_transaction *transaction, struct slw_bytes build,
                                      struct slw_detail *detail)
{
    static const char *const statements[] = {
        "DELETE FROM approvals WHERE build = $1",
        "DELETE FROM stage_entries WHERE build = $1",
        "DELETE FROM qualifications WHERE build = $1",
    };
    const struct slw_sql_value value = slw_sql_text(build);
    int64_t withdrawn = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM builds WHERE id = $1 AND state = 'withdrawn'",
                           &value, 1, &withdrawn, detail));
    for (size_t i = 0; withdrawn == 0 && i < sizeof statements / sizeof statements[0]; i++) {
        SLW_TRY(slw_sql_run(transaction, statements[i], &value, 1, NULL, detail));
    }
    return SLW_OK;
}

/* --- Builds on their way --- */

enum slw_status pipeline_set_state(struct slw_transaction *transaction, struct slw_bytes product,
                                   struct slw_bytes build, const char *state, const char *who,
                                   struct slw_bytes reason, struct slw_detail *detail)
{
    int64_t now_us = 0;
    struct slw_heap_buffer data = {0};
    struct slw_json json;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(build), slw_sql_text(slw_text_bytes(state)),
                                           slw_sql_int(now_us)};
    SLW_TRY(slw_sql_run(transaction, "UPDATE builds SET state = $2, state_us = $3 WHERE id = $1",
                        values, 3, NULL, detail));
    slw_json_init(&json, &data);
    slw_json_begin_object(&json, NULL);
    slw_json_text(&json, "state", state);
    if (reason.len > 0) {
        slw_json_bytes(&json, "reason", reason);
    }
    slw_json_end_object(&json);
    enum slw_status status =
        depot_audit(transaction, who, "build.state", product, build, slw_heap_text(&data), detail);
    if (status == SLW_OK) {
        status = depot_event(transaction, product, "stage", build, slw_heap_text(&data), detail);
    }
    slw_heap_free(&data);
    return status;
}

static enum slw_status enter(struct slw_transaction *transaction,
                             const struct qualification *qualification,
                             const struct gates_seen *seen, struct slw_detail *detail)
{
    const char *stage = pipeline_stage_names[seen->stage - 1];
    int64_t now_us = 0;
    bool is_last = pipeline_next_stage(&qualification->json, seen->stage) == 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    const struct slw_sql_value values[] = {slw_sql_text(qualification->build),
                                           slw_sql_int(seen->stage), slw_sql_int(now_us),
                                           slw_sql_int(is_last ? 0 : 1)};
    SLW_TRY(slw_sql_run(transaction,
                        "INSERT INTO stage_entries (build, stage, entered_us) VALUES ($1, $2, $3)",
                        values, 3, NULL, detail));
    const struct slw_sql_value furthest[] = {values[0], values[1]};
    SLW_TRY(slw_sql_run(transaction, "UPDATE builds SET furthest = $2 WHERE id = $1", furthest, 2,
                        NULL, detail));
    const struct slw_sql_value open[] = {values[0], values[3]};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET is_open = $2, report = '{}' WHERE build = $1",
                        open, 2, NULL, detail));
    SLW_TRY(pipeline_set_state(transaction, qualification->product, qualification->build, stage,
                               "depot", SLW_BYTES_OF(""), detail));
    SLW_TRY(depot_jobs_start_tests(transaction, qualification->product, qualification->build,
                                   &qualification->json, stage, detail));
    return seen->version == 0
               ? SLW_OK
               : depot_release_publish(transaction, qualification->product, seen->version, detail);
}

static enum slw_status fail(struct slw_transaction *transaction,
                            const struct qualification *qualification,
                            const struct gates_seen *seen, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(qualification->build),
                                           slw_sql_text(slw_heap_bytes(&seen->reason)),
                                           slw_sql_text(slw_heap_bytes(&seen->report))};
    SLW_TRY(slw_sql_run(transaction,
                        "UPDATE qualifications SET is_open = 0, reason = $2, report = $3 WHERE "
                        "build = $1",
                        values, 3, NULL, detail));
    return pipeline_set_state(transaction, qualification->product, qualification->build, "failed",
                              "depot", slw_heap_bytes(&seen->reason), detail);
}

/* What a look says, done. */
static enum slw_status act(struct slw_transaction *transaction,
                           const struct qualification *qualification, struct gates_seen *seen,
                           struct slw_detail *detail)
{
    struct depot_release_stand stand;
    if (seen->is_refused) {
        return fail(transaction, qualification, seen, detail);
    }
    if (seen->all_hold) {
        return enter(transaction, qualification, seen, detail);
    }
    if (seen->wants) {
        SLW_TRY(depot_release_want(transaction, &seen->wish, &stand, detail));
    }
    const struct slw_sql_value values[] = {slw_sql_text(qualification->build),
                                           slw_sql_text(slw_heap_bytes(&seen->report))};
    return slw_sql_run(transaction, "UPDATE qualifications SET report = $2 WHERE build = $1",
                       values, 2, NULL, detail);
}

struct advancing {
    int64_t token;
    const struct row *row;
    bool writes;
    bool has_to_write;
};

static enum slw_status look_and_act(struct advancing *advancing,
                                    struct slw_transaction *transaction,
                                    struct qualification *qualification, struct slw_detail *detail)
{
    struct gates_seen seen;
    enum slw_status status = pipeline_look(transaction, qualification, &seen, detail);
    if (status == SLW_OK && (seen.report.status != SLW_OK || seen.reason.status != SLW_OK)) {
        status = slw_explain_no_memory(detail);
    }
    if (status == SLW_OK && seen.stage > 0) {
        advancing->has_to_write =
            seen.is_refused || seen.all_hold || seen.wants ||
            !slw_bytes_equal(slw_heap_bytes(&seen.report), slw_heap_bytes(&qualification->report));
        if (advancing->writes && advancing->has_to_write) {
            status = act(transaction, qualification, &seen, detail);
        }
    }
    pipeline_seen_free(&seen);
    return status;
}

static enum slw_status advance(void *context, struct slw_transaction *transaction,
                               struct slw_detail *detail)
{
    struct advancing *advancing = context;
    struct qualification qualification;
    advancing->has_to_write = false;
    if (advancing->writes) {
        SLW_TRY(slw_transaction_fence(transaction, PIPELINE_LEASE, advancing->token, detail));
    }
    SLW_TRY(pipeline_read(transaction, slw_text_bytes(advancing->row->product),
                          slw_text_bytes(advancing->row->build), &qualification, detail));
    enum slw_status status = qualification.is_open
                                 ? look_and_act(advancing, transaction, &qualification, detail)
                                 : SLW_OK;
    pipeline_free(&qualification);
    return status;
}

static enum slw_status advance_one(struct depot *depot, int64_t token, const struct row *row,
                                   struct slw_detail *detail)
{
    struct advancing advancing = {.token = token, .row = row};
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, advance, &advancing, detail));
    if (!advancing.has_to_write) {
        return SLW_OK;
    }
    advancing.writes = true;
    return slw_database_transact(depot->database, SLW_DATABASE_WRITE, advance, &advancing, detail);
}

static enum slw_status advance_all(struct depot *depot, int64_t token, struct gathering *gathering,
                                   struct slw_detail *detail)
{
    int64_t *after_us = &depot->pipeline->after_us;
    gathering->after_us = *after_us;
    gathering->sql = "SELECT product, build, began_us FROM qualifications WHERE is_open = 1 AND "
                     "began_us > $1 ORDER BY began_us LIMIT $2";
    SLW_TRY(slw_database_transact(depot->database, SLW_DATABASE_READ, gather, gathering, detail));
    /* The rest in the next round, then from the beginning. */
    *after_us = gathering->count == AT_ONCE ? gathering->last_us : 0;
    struct first first = {SLW_OK, detail};
    bool goes_on = true;
    for (size_t i = 0; i < gathering->count && goes_on; i++) {
        struct slw_detail why = {""};
        goes_on = note_first(&first, advance_one(depot, token, &gathering->rows[i], &why), &why);
    }
    return first.status;
}

enum slw_status pipeline_work(struct depot *depot, int64_t token, struct slw_detail *detail)
{
    struct gathering *gathering = calloc(1, sizeof *gathering);
    if (gathering == NULL) {
        return slw_explain_no_memory(detail);
    }
    struct slw_detail why = {""};
    struct first first = {SLW_OK, detail};
    if (note_first(&first, begin_all(depot, token, gathering, &why), &why)) {
        (void)note_first(&first, advance_all(depot, token, gathering, &why), &why);
    }
    free(gathering);
    return first.status;
}
