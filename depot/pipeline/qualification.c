/* SPDX-License-Identifier: Apache-2.0 */
/* A build on its way, read from the database together with the pipeline that it began under. */
#include "part.h"

#include "slipway/text.h"

static void read_row(const struct slw_rows *rows, struct qualification *qualification)
{
    qualification->pipeline = slw_rows_int(rows, 0);
    slw_text_copy(slw_rows_bytes(rows, 1), sizeof qualification->kind, qualification->kind);
    slw_heap_append(&qualification->changes, slw_rows_bytes(rows, 2));
    qualification->is_open = slw_rows_int(rows, 3) != 0;
    slw_heap_append(&qualification->report, slw_rows_bytes(rows, 4));
    slw_heap_append(&qualification->reason, slw_rows_bytes(rows, 5));
    qualification->began_us = slw_rows_int(rows, 6);
    qualification->furthest = slw_rows_int(rows, 7);
    slw_text_copy(slw_rows_bytes(rows, 8), sizeof qualification->state, qualification->state);
    slw_heap_append(&qualification->document, slw_rows_bytes(rows, 9));
    qualification->is_gone = !slw_rows_is_null(rows, 10);
}

enum slw_status pipeline_read(struct slw_transaction *transaction, struct slw_bytes product,
                              struct slw_bytes build, struct qualification *ret_qualification,
                              struct slw_detail *detail)
{
    struct qualification qualification = {.product = product, .build = build};
    const struct slw_sql_value values[] = {slw_sql_text(product), slw_sql_text(build)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT q.pipeline, q.kind, q.changes, q.is_open, q.report, q.reason, q.began_us, "
        "b.furthest, b.state, p.document, b.removed_us FROM qualifications q JOIN builds b ON b.id "
        "= "
        "q.build JOIN pipelines p ON p.product = q.product AND p.version = q.pipeline WHERE "
        "q.product = $1 AND "
        "q.build = $2",
        values, 2, &rows, detail));
    bool found = slw_rows_next(rows);
    if (found) {
        read_row(rows, &qualification);
    }
    enum slw_status status = slw_rows_close(rows, detail);
    if (status == SLW_OK && !found) {
        status = slw_explain(detail, SLW_NOT_FOUND, "this build isn't in a pipeline");
    }
    if (status == SLW_OK) {
        status = slw_json_parse("pipeline", slw_heap_bytes(&qualification.document),
                                &qualification.json, detail);
    }
    if (status != SLW_OK) {
        pipeline_free(&qualification);
        return status;
    }
    *ret_qualification = qualification;
    return SLW_OK;
}

void pipeline_free(struct qualification *qualification)
{
    slw_json_document_free(&qualification->json);
    slw_heap_drop(&qualification->document);
    slw_heap_drop(&qualification->changes);
    slw_heap_drop(&qualification->report);
    slw_heap_drop(&qualification->reason);
    *qualification = (struct qualification){.pipeline = 0};
}
