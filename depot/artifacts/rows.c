/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of builds and artifacts as JSON. */
#include "part.h"

void artifacts_put_raw(struct slw_json *json, const char *name, struct slw_bytes text)
{
    /* The writer knows no raw values: a number's place is taken over by the text. */
    if (json->needs_comma) {
        slw_heap_append_text(json->buffer, ",");
    }
    slw_heap_printf(json->buffer, "\"%s\":", name);
    slw_heap_append(json->buffer, text);
    json->needs_comma = true;
}

static void put_time(struct slw_json *json, const char *name, int64_t time_us)
{
    char text[DEPOT_TIME_SIZE];
    slw_json_text(json, name, depot_time_format(time_us, text));
}

void artifacts_put_build(struct slw_json *json, const struct slw_rows *rows)
{
    slw_json_bytes(json, "id", slw_rows_bytes(rows, 0));
    slw_json_bytes(json, "product", slw_rows_bytes(rows, 1));
    slw_json_bytes(json, "bundle", slw_rows_bytes(rows, 2));
    slw_json_int(json, "size", slw_rows_int(rows, 3));
    slw_json_int(json, "version", slw_rows_int(rows, 4));
    slw_json_bytes(json, "build_type", slw_rows_bytes(rows, 5));
    artifacts_put_raw(json, "hardware", slw_rows_bytes(rows, 6));
    artifacts_put_raw(json, "targets", slw_rows_bytes(rows, 7));
    put_time(json, "made", slw_rows_int(rows, 8));
    slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 9));
    if (!slw_rows_is_null(rows, 10)) {
        put_time(json, "removed", slw_rows_int(rows, 10));
    }
    slw_json_bytes(json, "state", slw_rows_bytes(rows, 11));
    put_time(json, "state_since", slw_rows_int(rows, 12));
}

/* Left out when it is empty. */
static void put_if(struct slw_json *json, const char *name, const struct slw_rows *rows, int column)
{
    struct slw_bytes text = slw_rows_bytes(rows, column);
    if (text.len > 0) {
        slw_json_bytes(json, name, text);
    }
}

void artifacts_put_artifact(struct slw_json *json, const struct slw_rows *rows)
{
    bool is_sbom = slw_bytes_equal(slw_rows_bytes(rows, 1), SLW_BYTES_OF("sbom"));
    slw_json_int(json, "id", slw_rows_int(rows, 0));
    slw_json_bytes(json, "kind", slw_rows_bytes(rows, 1));
    put_if(json, "build", rows, 2);
    if (slw_rows_int(rows, 3) > 0) {
        slw_json_int(json, "job", slw_rows_int(rows, 3));
    }
    slw_json_bytes(json, "name", slw_rows_bytes(rows, 4));
    slw_json_bytes(json, "blob", slw_rows_bytes(rows, 5));
    slw_json_int(json, "size", slw_rows_int(rows, 6));
    put_time(json, "made", slw_rows_int(rows, 7));
    slw_json_bytes(json, "made_by", slw_rows_bytes(rows, 8));
    put_if(json, "builder", rows, 9);
    put_if(json, "source", rows, 10);
    put_if(json, "commit", rows, 11);
    put_if(json, "suite", rows, 12);
    put_if(json, "outcome", rows, 13);
    put_if(json, "url", rows, 14);
    if (slw_rows_bytes(rows, 15).len > 2) {
        artifacts_put_raw(json, "signers", slw_rows_bytes(rows, 15));
    }
    put_if(json, "format", rows, 16);
    if (is_sbom) {
        slw_json_int(json, "packages", slw_rows_int(rows, 17));
    }
}
