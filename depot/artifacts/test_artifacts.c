/* SPDX-License-Identifier: Apache-2.0 */
/* See test_artifacts.h. */
#include "test_artifacts.h"

#include "artifacts.h"

#include "slipway/bundle_file.h"
#include "slipway/dsse.h"
#include "slipway/signed_draft.h"
#include "slipway/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct making {
    const char *product;
    uint32_t version;
    const struct slw_private_key *key; /* NULL: unsigned */
    struct slw_bundle_payload payload;
};

static enum slw_status make_targets(void *context, bool final, struct slw_heap_buffer *ret_message,
                                    struct slw_detail *detail)
{
    struct making *making = context;
    struct slw_target_draft target = {.name = SLW_BYTES_OF("app"),
                                      .length = making->payload.length,
                                      .sha256 =
                                          slw_bytes_make(making->payload.sha256, SLW_SHA256_SIZE)};
    struct slw_targets_draft draft = {.spec_version = SLW_BYTES_OF("1.0.34"),
                                      .role = SLW_BYTES_OF("targets"),
                                      .version = making->version,
                                      .targets = &target,
                                      .targets_count = 1,
                                      .product = slw_text_bytes(making->product)};
    struct slw_heap_buffer serialized = {0};
    (void) final;
    enum slw_status status = slw_targets_draft_encode(&draft, &serialized, detail);
    if (status == SLW_OK) {
        struct slw_signed_draft message = {.serialized = slw_heap_bytes(&serialized)};
        status =
            making->key != NULL ? slw_signed_draft_sign(&message, making->key, detail) : SLW_OK;
        status = status == SLW_OK ? slw_signed_draft_encode(&message, ret_message, detail) : status;
    }
    slw_heap_free(&serialized);
    return status;
}

static bool make_bundle(const char *product, uint32_t version, const char *image,
                        const struct slw_private_key *key, struct slw_heap_buffer *ret_bundle)
{
    char path[] = "/tmp/depot-test-bundle.XXXXXX";
    struct slw_detail detail = {""};
    struct slw_output output;
    struct making making = {.product = product, .version = version, .key = key};
    struct slw_memory_source memory;
    slw_memory_source_init(&memory, slw_text_bytes(image));
    making.payload = (struct slw_bundle_payload){.name = SLW_BYTES_OF("app"),
                                                 .piece.source = &memory.source,
                                                 .piece.span = {0, strlen(image)},
                                                 .length = strlen(image)};
    const struct slw_bundle_parts parts = {.payloads = &making.payload,
                                           .payloads_count = 1,
                                           .targets = make_targets,
                                           .context = &making};
    int descriptor = mkstemp(path);
    if (descriptor < 0) {
        return false;
    }
    close(descriptor);
    enum slw_status status = slw_output_open(path, SLW_OUTPUT_REPLACE, &output, &detail);
    if (status == SLW_OK) {
        status = slw_bundle_write(&parts, &output, &detail);
        if (status == SLW_OK) {
            status = slw_output_commit(&output, &detail);
        }
        slw_output_discard(&output);
    }
    if (status == SLW_OK) {
        status = slw_file_read(path, 1u << 24, ret_bundle, &detail);
    }
    (void)unlink(path);
    if (status != SLW_OK) {
        (void)printf("# making a bundle: %s\n", detail.text);
    }
    return status == SLW_OK;
}

bool test_bundle_make(const char *product, uint32_t version, const char *image,
                      struct slw_heap_buffer *ret_bundle)
{
    return make_bundle(product, version, image, NULL, ret_bundle);
}

bool test_bundle_make_signed(const char *product, uint32_t version, const char *image,
                             struct slw_heap_buffer *ret_bundle)
{
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    bool good = slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) == SLW_OK &&
                make_bundle(product, version, image, key, ret_bundle);
    slw_private_key_free(key);
    return good;
}

void test_piece(const struct test_depot *depot, const char *sha256, uint64_t offset, uint64_t size,
                struct slw_bytes piece, struct test_answer *ret_answer)
{
    char path[128];
    char offset_line[64];
    char size_line[64];
    struct test_depot as = *depot;
    (void)snprintf(path, sizeof path, "/api/v1/blobs/%s", sha256);
    (void)snprintf(offset_line, sizeof offset_line, "Upload-Offset: %" PRIu64, offset);
    (void)snprintf(size_line, sizeof size_line, "Upload-Length: %" PRIu64, size);
    as.headers[0] = offset_line;
    as.headers[1] = size == UINT64_MAX ? NULL : size_line;
    as.headers[2] = NULL;
    test_call_bytes(&as, "PATCH", path, "application/octet-stream",
                    slw_bytes_make(piece.len == 0 ? (const uint8_t *)"" : piece.ptr, piece.len),
                    ret_answer);
}

long test_upload(const struct test_depot *depot, struct slw_bytes bytes, char ret_sha256[static 65])
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    struct test_answer answer;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    (void)depot_digest_format(digest, ret_sha256);
    test_piece(depot, ret_sha256, 0, bytes.len, bytes, &answer);
    long status = answer.status;
    test_answer_free(&answer);
    return status;
}

void test_add(const struct test_depot *depot, const char *product, const char *kind,
              const char *sha256, const char *more, struct test_answer *ret_answer)
{
    char path[128];
    char body[512];
    (void)snprintf(path, sizeof path, "/api/v1/products/%s/artifacts", product);
    (void)snprintf(body, sizeof body, "{\"kind\":\"%s\",\"blob\":\"%s\"%s}", kind, sha256, more);
    test_call(depot, "POST", path, body, ret_answer);
}

long test_add_status(const struct test_depot *depot, const char *product, const char *kind,
                     const char *sha256, const char *more)
{
    struct test_answer answer;
    test_add(depot, product, kind, sha256, more, &answer);
    long status = answer.status;
    test_answer_free(&answer);
    return status;
}

bool test_build(const struct test_depot *depot, const char *product, uint32_t version,
                const char *image, char ret_build[static 65])
{
    struct slw_heap_buffer bundle = {0};
    struct test_answer answer;
    char sha256[65];
    bool good = test_bundle_make(product, version, image, &bundle) &&
                test_upload(depot, slw_heap_bytes(&bundle), sha256) == 201;
    slw_heap_free(&bundle);
    if (!good) {
        return false;
    }
    test_add(depot, product, "bundle", sha256, "", &answer);
    struct slw_bytes id = answer.is_json
                              ? slw_json_string(&answer.json, test_find(&answer, "build.id"))
                              : (struct slw_bytes){NULL, 0};
    good = (answer.status == 201 || answer.status == 200) && id.len == 64;
    (void)snprintf(ret_build, 65, "%.*s", (int)id.len, (const char *)id.ptr);
    test_answer_free(&answer);
    return good;
}

static bool sign(struct slw_heap_buffer *payload, struct slw_heap_buffer *ret_envelope)
{
    struct slw_private_key *key = NULL;
    struct slw_detail detail = {""};
    bool good = slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) == SLW_OK &&
                slw_dsse_sign(key, SLW_DSSE_INTOTO, slw_heap_bytes(payload), ret_envelope,
                              &detail) == SLW_OK;
    slw_private_key_free(key);
    slw_heap_free(payload);
    return good;
}

bool test_provenance_make(const char *build, struct slw_heap_buffer *ret_envelope)
{
    struct slw_provenance provenance = {
        .subject_name = SLW_BYTES_OF("lamp"),
        .builder_id = SLW_BYTES_OF("https://builder.example/1"),
        .build_type = SLW_BYTES_OF("https://builder.example/type"),
        .source = SLW_BYTES_OF("https://git.example/lamp"),
        .git_commit = SLW_BYTES_OF("0123456789abcdef0123456789abcdef01234567")};
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    return depot_digest_parse(slw_text_bytes(build), provenance.content) &&
           slw_provenance_format(&provenance, &payload, &detail) == SLW_OK &&
           sign(&payload, ret_envelope);
}

bool test_result_make(const char *build, const char *suite, enum slw_test_outcome outcome,
                      struct slw_heap_buffer *ret_envelope)
{
    struct slw_test_result result = {.subject_name = SLW_BYTES_OF("lamp"),
                                     .outcome = outcome,
                                     .suite = slw_text_bytes(suite),
                                     .url = SLW_BYTES_OF("https://tests.example/1")};
    struct slw_heap_buffer payload = {0};
    struct slw_detail detail = {""};
    return depot_digest_parse(slw_text_bytes(build), result.content) &&
           slw_test_result_format(&result, &payload, &detail) == SLW_OK &&
           sign(&payload, ret_envelope);
}

static bool add_envelope(const struct test_depot *depot, const char *product, const char *kind,
                         struct slw_heap_buffer *envelope)
{
    char sha256[65];
    bool good = test_upload(depot, slw_heap_bytes(envelope), sha256) == 201 &&
                test_add_status(depot, product, kind, sha256, "") == 201;
    slw_heap_free(envelope);
    return good;
}

bool test_endorse(const struct test_depot *depot, const char *product, const char *build)
{
    struct slw_heap_buffer envelope = {0};
    return test_provenance_make(build, &envelope) &&
           add_envelope(depot, product, "endorsement", &envelope);
}

bool test_result(const struct test_depot *depot, const char *product, const char *build,
                 const char *suite, enum slw_test_outcome outcome)
{
    struct slw_heap_buffer envelope = {0};
    return test_result_make(build, suite, outcome, &envelope) &&
           add_envelope(depot, product, "test-result", &envelope);
}

struct row {
    const char *table;
    const char *columns;
    const char *values;
    const char *query; /* for the columns that may not be NULL */
};

/* Whether a word is in a list with commas. */
static bool lists(const char *columns, struct slw_bytes word)
{
    const char *at = columns;
    while (*at != '\0') {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ", ");
        if (len == word.len && memcmp(at, word.ptr, len) == 0) {
            return true;
        }
        at += len;
    }
    return false;
}

static enum slw_status insert_row(void *context, struct slw_transaction *transaction,
                                  struct slw_detail *detail)
{
    const struct row *row = context;
    const struct slw_sql_value table = slw_sql_text(slw_text_bytes(row->table));
    struct slw_heap_buffer columns = {0};
    struct slw_heap_buffer values = {0};
    struct slw_heap_buffer sql = {0};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction, row->query, &table, 1, &rows, detail));
    slw_heap_append_text(&columns, row->columns);
    slw_heap_append_text(&values, row->values);
    while (slw_rows_next(rows)) {
        struct slw_bytes name = slw_rows_bytes(rows, 0);
        bool is_number = !slw_bytes_equal(slw_rows_bytes(rows, 1), SLW_BYTES_OF("TEXT"));
        if (!lists(row->columns, name)) {
            slw_heap_printf(&columns, ", %.*s", (int)name.len, (const char *)name.ptr);
            slw_heap_append_text(&values, is_number ? ", 0" : ", ''");
        }
    }
    enum slw_status status = slw_rows_close(rows, detail);
    slw_heap_printf(&sql, "INSERT INTO %s (%s) VALUES (%s)", row->table, slw_heap_text(&columns),
                    slw_heap_text(&values));
    if (status == SLW_OK) {
        status = slw_sql_run(transaction, slw_heap_text(&sql), NULL, 0, NULL, detail);
    }
    slw_heap_free(&columns);
    slw_heap_free(&values);
    slw_heap_free(&sql);
    return status;
}

bool test_row(const struct test_depot *depot, const char *table, const char *columns,
              const char *values)
{
    static const char sqlite[] =
        "SELECT name, type FROM pragma_table_info($1) WHERE \"notnull\" = 1";
    static const char postgresql[] =
        "SELECT CAST(column_name AS TEXT), UPPER(CAST(data_type AS TEXT)) FROM "
        "information_schema.columns WHERE CAST(table_name AS TEXT) = $1 AND CAST(is_nullable AS "
        "TEXT) = 'NO'";
    bool is_sqlite = slw_database_kind(depot->depot->database) == SLW_DATABASE_SQLITE;
    struct row row = {table, columns, values, is_sqlite ? sqlite : postgresql};
    struct slw_detail detail = {""};
    bool good = slw_database_transact(depot->depot->database, SLW_DATABASE_WRITE, insert_row, &row,
                                      &detail) == SLW_OK;
    if (!good) {
        (void)printf("# a row of %s: %s\n", table, detail.text);
    }
    return good;
}
