/* SPDX-License-Identifier: Apache-2.0 */
/* Takeovers: administrators say that another machine signs from now on, and from where. */
#include "slipway/statements.h"

#include "statements.h"

#include "slipway/bytes_order.h"

#include <stdlib.h>

static const char *const kinds[] = {"targets", "root", "role", NULL};

static enum slw_status read_mark(const struct slw_fields *list, uint32_t element,
                                 struct slw_mark *mark)
{
    static const char *const members[] = {"kind", "name", "version", NULL};
    struct slw_fields fields = {list->json, element, list->detail};
    size_t kind = 0;
    uint64_t version = 0;
    SLW_TRY(slw_fields_only(&fields, members));
    SLW_TRY(slw_fields_word(&fields, "kind", kinds, &kind));
    SLW_TRY(slw_fields_text(&fields, "name", 1, SLW_STATEMENT_NAME_MAX, &mark->name));
    SLW_TRY(slw_fields_uint(&fields, "version", 0, UINT32_MAX, &version));
    mark->kind = slw_bytes_make(kinds[kind], strlen(kinds[kind]));
    mark->version = (uint32_t)version;
    return SLW_OK;
}

static int compare_marks(const void *left, const void *right)
{
    const struct slw_mark *one = left;
    const struct slw_mark *other = right;
    int order = slw_bytes_compare(one->kind, other->kind);
    return order != 0 ? order : slw_bytes_compare(one->name, other->name);
}

/* Whether two marks are of one thing, so that nobody reads the lower one; through a sorted list. */
static enum slw_status find_duplicate(const struct slw_mark *marks, size_t count, bool *ret_found)
{
    struct slw_mark *sorted = calloc(count, sizeof *sorted);
    bool found = false;
    if (sorted == NULL) {
        return SLW_NO_SPACE;
    }
    memcpy(sorted, marks, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_marks);
    for (size_t i = 1; i < count && !found; i++) {
        found = compare_marks(&sorted[i - 1], &sorted[i]) == 0;
    }
    free(sorted);
    *ret_found = found;
    return SLW_OK;
}

static enum slw_status read_marks(const struct slw_fields *fields, struct slw_takeover *takeover)
{
    uint32_t array = SLW_JSON_NONE;
    uint32_t element = SLW_JSON_NONE;
    bool is_duplicate = false;
    SLW_TRY(slw_fields_value(fields, "marks", SLW_JSON_ARRAY, &array));
    size_t count = slw_json_count(fields->json, array);
    if (count > SLW_MARKS_MAX) {
        return slw_fields_refuse(fields, array, "has too many marks");
    }
    takeover->marks = calloc(count + 1, sizeof *takeover->marks);
    if (takeover->marks == NULL) {
        return slw_explain_no_memory(fields->detail);
    }
    struct slw_json_walk walk = slw_json_walk_begin(fields->json, array);
    while (slw_json_walk_element(&walk, &element)) {
        SLW_TRY(read_mark(fields, element, &takeover->marks[takeover->marks_count]));
        takeover->marks_count++;
    }
    if (count > 1 && find_duplicate(takeover->marks, count, &is_duplicate) != SLW_OK) {
        return slw_explain_no_memory(fields->detail);
    }
    return is_duplicate ? slw_fields_refuse(fields, array, "has two marks of one kind and name")
                        : SLW_OK;
}

static enum slw_status read_members(const struct slw_statement *statement,
                                    const struct slw_fields *fields, struct slw_takeover *takeover)
{
    static const char *const members[] = {"signer", "epoch",  "size", "root",
                                          "marks",  "issued", NULL};
    uint32_t root = SLW_JSON_NONE;
    SLW_TRY(slw_fields_only(fields, members));
    SLW_TRY(slw_fields_text(fields, "signer", 1, SLW_STATEMENT_NAME_MAX, &takeover->signer));
    SLW_TRY(slw_fields_uint(fields, "epoch", 1, INT64_MAX, &takeover->epoch));
    SLW_TRY(slw_fields_uint(fields, "size", 0, INT64_MAX, &takeover->size));
    SLW_TRY(slw_fields_hex(fields, "root", takeover->root, SLW_SHA256_SIZE));
    SLW_TRY(slw_fields_time(fields, "issued", &takeover->issued_utc_s));
    SLW_TRY(slw_fields_value(fields, "root", SLW_JSON_STRING, &root));
    /* SIGNING.md, section 2, of the subject: "root hash of the last checkpoint". */
    if (memcmp(takeover->root, statement->subject, SLW_SHA256_SIZE) != 0) {
        return slw_fields_refuse(fields, root, "isn't the statement's subject");
    }
    return read_marks(fields, takeover);
}

enum slw_status slw_takeover_read(const struct slw_statement *statement,
                                  struct slw_takeover *ret_takeover, struct slw_detail *detail)
{
    struct slw_takeover takeover = {0};
    struct slw_fields fields = {0};
    SLW_TRY(slw_statement_open(statement, SLW_STATEMENT_TAKEOVER, &fields, detail));
    enum slw_status status = read_members(statement, &fields, &takeover);
    if (status != SLW_OK) {
        slw_takeover_free(&takeover);
        return status;
    }
    *ret_takeover = takeover;
    return SLW_OK;
}

void slw_takeover_free(struct slw_takeover *takeover)
{
    free(takeover->marks);
    *takeover = (struct slw_takeover){0};
}

static enum slw_status read_takeover(const struct slw_statement *statement,
                                     struct slw_detail *detail)
{
    struct slw_takeover takeover = {0};
    SLW_TRY(slw_takeover_read(statement, &takeover, detail));
    slw_takeover_free(&takeover);
    return SLW_OK;
}

enum slw_status slw_takeover_format(const struct slw_takeover *takeover,
                                    struct slw_heap_buffer *ret_payload, struct slw_detail *detail)
{
    struct slw_fields_writer writer;
    slw_fields_begin(&writer);
    slw_fields_put_text(&writer, "signer", takeover->signer);
    slw_json_uint(&writer.json, "epoch", takeover->epoch);
    slw_json_uint(&writer.json, "size", takeover->size);
    slw_fields_put_hex(&writer, "root", takeover->root, SLW_SHA256_SIZE);
    slw_json_begin_array(&writer.json, "marks");
    for (size_t i = 0; i < takeover->marks_count; i++) {
        slw_json_begin_object(&writer.json, NULL);
        slw_fields_put_text(&writer, "kind", takeover->marks[i].kind);
        slw_fields_put_text(&writer, "name", takeover->marks[i].name);
        slw_json_uint(&writer.json, "version", takeover->marks[i].version);
        slw_json_end_object(&writer.json);
    }
    slw_json_end_array(&writer.json);
    slw_fields_put_time(&writer, "issued", takeover->issued_utc_s);
    return slw_statement_close(&writer, SLW_STATEMENT_TAKEOVER, slw_bytes_make(NULL, 0),
                               takeover->root, read_takeover, ret_payload, detail);
}
