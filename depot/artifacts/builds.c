/* SPDX-License-Identifier: Apache-2.0 */
/* Builds and artifacts, listed and shown. Lists are newest first, and go on with
 * ?before=, of which "next" tells the value. */
#include "part.h"

#include "slipway/sbom.h"

/* Of a list; 50 unless ?limit= says otherwise. */
static enum slw_status read_limit(const struct depot_call *call, int64_t *ret_limit,
                                  struct slw_detail *detail)
{
    *ret_limit = 50;
    if (slw_http_query(call->exchange, "limit").len > 0 &&
        !slw_http_query_number(call->exchange, "limit", 1, ARTIFACTS_PAGE_MAX, ret_limit)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "limit is 1 to %d", ARTIFACTS_PAGE_MAX);
    }
    return SLW_OK;
}

/* A number in the query, absent when it isn't there. */
static enum slw_status read_number(const struct depot_call *call, const char *name, int64_t absent,
                                   int64_t *ret_number, struct slw_detail *detail)
{
    *ret_number = absent;
    if (slw_http_query(call->exchange, name).len > 0 &&
        !slw_http_query_number(call->exchange, name, 1, INT64_MAX, ret_number)) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "%s is a number from 1", name);
    }
    return SLW_OK;
}

/* ?before=BUILD goes on behind that one. */
static enum slw_status list_builds(struct depot_call *call, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    int64_t limit = 50;
    char last[DEPOT_DIGEST_SIZE] = "";
    int64_t count = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(read_limit(call, &limit, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_query(call->exchange, "before")),
                                           slw_sql_text(slw_http_query(call->exchange, "state")),
                                           slw_sql_int(limit)};
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT " ARTIFACTS_BUILD_COLUMNS " FROM builds WHERE product = $1 AND ($2 = '' OR made_us "
        "< (SELECT c.made_us FROM builds c WHERE c.id = $2) OR (id < $2 AND made_us = (SELECT "
        "c.made_us FROM builds c WHERE c.id = $2))) AND ($3 = '' OR state = $3) ORDER BY made_us "
        "DESC, id DESC LIMIT $4",
        values, 4, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "builds");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        artifacts_put_build(&json, rows);
        slw_json_end_object(&json);
        (void)snprintf(last, sizeof last, "%.64s", (const char *)slw_rows_bytes(rows, 0).ptr);
        count++;
    }
    slw_json_end_array(&json);
    if (count == limit) {
        slw_json_text(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void artifacts_list_builds(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list_builds, NULL);
}

static enum slw_status put_artifacts(struct slw_json *json, struct slw_transaction *transaction,
                                     struct slw_bytes build, struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_text(build), slw_sql_int(1000)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " ARTIFACTS_COLUMNS " FROM artifacts WHERE build = $1 ORDER BY "
                          "id DESC LIMIT $2",
                          values, 2, &rows, detail));
    slw_json_begin_array(json, "artifacts");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(json, NULL);
        artifacts_put_artifact(json, rows);
        slw_json_end_object(json);
    }
    slw_json_end_array(json);
    return slw_rows_close(rows, detail);
}

/* Whether the store has lost something of the build: found by repair. */
static enum slw_status put_missing(struct slw_json *json, struct slw_transaction *transaction,
                                   struct slw_bytes build, struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_text(build);
    int64_t count = 0;
    SLW_TRY(slw_sql_number(transaction,
                           "SELECT COUNT(*) FROM blobs b WHERE b.missing_us IS NOT NULL AND "
                           "(b.sha256 IN (SELECT bundle FROM builds WHERE id = $1) OR b.sha256 IN "
                           "(SELECT blob FROM artifacts WHERE build = $1))",
                           &value, 1, &count, detail));
    slw_json_int(json, "missing", count);
    return SLW_OK;
}

static enum slw_status show_build(struct depot_call *call, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    struct slw_bytes build = slw_http_parameter(call->exchange, 1);
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(build)};
    struct slw_rows *rows = NULL;
    struct slw_json json;
    bool is_there = false;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " ARTIFACTS_BUILD_COLUMNS
                          " FROM builds WHERE product = $1 AND id = $2",
                          values, 2, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    if (slw_rows_next(rows)) {
        is_there = true;
        artifacts_put_build(&json, rows);
    }
    SLW_TRY(slw_rows_close(rows, detail));
    if (!is_there) {
        return slw_explain(detail, SLW_NOT_FOUND, "there is no such build");
    }
    SLW_TRY(put_artifacts(&json, transaction, build, detail));
    SLW_TRY(put_missing(&json, transaction, build, detail));
    slw_json_end_object(&json);
    return SLW_OK;
}

void artifacts_show_build(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, show_build, NULL);
}

static enum slw_status list_artifacts(struct depot_call *call, struct slw_transaction *transaction,
                                      struct slw_detail *detail)
{
    int64_t limit = 0;
    int64_t before = 0;
    int64_t job = 0;
    int64_t last = 0;
    int64_t count = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(read_limit(call, &limit, detail));
    SLW_TRY(read_number(call, "before", INT64_MAX, &before, detail));
    SLW_TRY(read_number(call, "job", 0, &job, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_text(slw_http_query(call->exchange, "build")),
                                           slw_sql_text(slw_http_query(call->exchange, "kind")),
                                           slw_sql_int(job),
                                           slw_sql_int(before),
                                           slw_sql_int(limit)};
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT " ARTIFACTS_COLUMNS " FROM artifacts WHERE product = $1 AND ($2 "
                          "= '' OR build = $2) AND ($3 = '' OR kind = $3) AND ($4 = 0 OR job = $4) "
                          "AND id < $5 ORDER BY id DESC LIMIT $6",
                          values, 6, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "artifacts");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        artifacts_put_artifact(&json, rows);
        slw_json_end_object(&json);
        last = slw_rows_int(rows, 0);
        count++;
    }
    slw_json_end_array(&json);
    if (count == limit) {
        slw_json_int(&json, "next", last);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void artifacts_list(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list_artifacts, NULL);
}

/* In the order of the SBOMs; ?after= is the "next" of the page before. */
static enum slw_status list_packages(struct depot_call *call, struct slw_transaction *transaction,
                                     struct slw_detail *detail)
{
    int64_t limit = 0;
    int64_t after = 0;
    int64_t count = 0;
    struct slw_rows *rows = NULL;
    struct slw_json json;
    SLW_TRY(read_limit(call, &limit, detail));
    SLW_TRY(read_number(call, "after", 0, &after, detail));
    const struct slw_sql_value values[] = {slw_sql_text(slw_http_parameter(call->exchange, 1)),
                                           slw_sql_text(slw_http_parameter(call->exchange, 0)),
                                           slw_sql_int(after), slw_sql_int(limit),
                                           slw_sql_int(SLW_SBOM_PACKAGES_MAX)};
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT s.name, s.version, s.purl, s.artifact * ($5 + 1) + s.number FROM sbom_packages s "
        "JOIN builds b ON b.id = s.build WHERE s.build = $1 AND b.product = $2 AND s.artifact * "
        "($5 + 1) + s.number > $3 ORDER BY s.artifact, s.number LIMIT $4",
        values, 5, &rows, detail));
    slw_json_init(&json, &call->text);
    slw_json_begin_object(&json, NULL);
    slw_json_begin_array(&json, "packages");
    while (slw_rows_next(rows)) {
        slw_json_begin_object(&json, NULL);
        slw_json_bytes(&json, "name", slw_rows_bytes(rows, 0));
        slw_json_bytes(&json, "version", slw_rows_bytes(rows, 1));
        slw_json_bytes(&json, "purl", slw_rows_bytes(rows, 2));
        slw_json_end_object(&json);
        after = slw_rows_int(rows, 3);
        count++;
    }
    slw_json_end_array(&json);
    if (count == limit) {
        slw_json_int(&json, "next", after);
    }
    slw_json_end_object(&json);
    return slw_rows_close(rows, detail);
}

void artifacts_list_packages(void *context, struct slw_http_exchange *exchange)
{
    depot_serve(depot_of(context), exchange, SLW_DATABASE_READ, false, list_packages, NULL);
}
