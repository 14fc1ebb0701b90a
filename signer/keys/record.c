/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading the texts of the log's records; called by everything that logs, and book.c.
 */
#include "record.h"

#include "slipway/explain.h"
#include "slipway/text.h"
#include "slipway/time_text.h"

#include <inttypes.h>

static const char *const kind_names[SLW_RECORD_KINDS_END] = {
    [SLW_RECORD_ADMINISTRATORS] = "administrators",
    [SLW_RECORD_START] = "start",
    [SLW_RECORD_STAGE] = "stage",
    [SLW_RECORD_REQUEST] = "request",
    [SLW_RECORD_REFUSAL] = "refusal",
    [SLW_RECORD_APPROVAL] = "approval",
    [SLW_RECORD_REJECTION] = "rejection",
    [SLW_RECORD_SIGNATURE] = "signature",
    [SLW_RECORD_POLICY] = "policy",
    [SLW_RECORD_TAKEOVER] = "takeover",
    [SLW_RECORD_CEREMONY] = "ceremony",
    [SLW_RECORD_EXPIRY] = "expiry",
    [SLW_RECORD_TUF_ROOT] = "tuf-root",
    [SLW_RECORD_TRUSTED_ROOT] = "trusted-root",
};

const char *slw_record_kind_name(enum slw_record_kind kind)
{
    return (unsigned)kind < SLW_RECORD_KINDS_END ? kind_names[kind] : NULL;
}

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static void put_name(struct slw_record *record, const char *name)
{
    slw_heap_append_text(&record->text, record->text.len == 0 ? "{" : ",");
    slw_json_canonical_string(text_of(name), &record->text);
    slw_heap_append_text(&record->text, ":");
}

void slw_record_begin(struct slw_record *record, enum slw_record_kind kind, int64_t now_utc_s)
{
    *record = (struct slw_record){.time_utc_s = now_utc_s};
    slw_record_text(record, "kind", text_of(kind_names[kind]));
    slw_record_time(record, "time", now_utc_s);
}

void slw_record_text(struct slw_record *record, const char *name, struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    bool good = slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker);
    struct slw_heap_buffer clean = {0};
    uint8_t *place = slw_heap_reserve(&clean, text.len);
    for (size_t i = 0; place != NULL && i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        place[i] = byte < 0x20 || byte == 0x7f || (!good && byte >= 0x80) ? '?' : byte;
    }
    put_name(record, name);
    slw_json_canonical_string(slw_heap_bytes(&clean), &record->text);
    if (clean.status != SLW_OK) {
        record->text.status = clean.status;
    }
    slw_heap_drop(&clean);
}

void slw_record_hex(struct slw_record *record, const char *name, const uint8_t *bytes, size_t len)
{
    put_name(record, name);
    slw_heap_append_text(&record->text, "\"");
    slw_hex(slw_bytes_make(bytes, len), &record->text);
    slw_heap_append_text(&record->text, "\"");
}

void slw_record_uint(struct slw_record *record, const char *name, uint64_t value)
{
    put_name(record, name);
    slw_heap_printf(&record->text, "%" PRIu64, value);
}

void slw_record_time(struct slw_record *record, const char *name, int64_t utc_s)
{
    char buffer[SLW_TIME_TEXT_SIZE];
    slw_record_text(record, name, text_of(slw_time_format(utc_s, buffer)));
}

void slw_record_json(struct slw_record *record, const char *name, struct slw_bytes json)
{
    put_name(record, name);
    slw_heap_append(&record->text, json);
}

void slw_record_free(struct slw_record *record)
{
    slw_heap_drop(&record->text);
}

enum slw_status slw_record_finish(struct slw_record *record, struct slw_heap_buffer *ret_text,
                                  struct slw_detail *detail)
{
    slw_heap_append_text(&record->text, "}");
    struct slw_json_document json;
    enum slw_status status = record->text.status;
    if (status == SLW_OK) {
        status = slw_json_parse("record", slw_heap_bytes(&record->text), &json, detail);
    }
    if (status == SLW_OK) {
        struct slw_heap_buffer scratch = {0};
        slw_heap_append(ret_text, slw_json_canonical(&json, SLW_JSON_TOP, &scratch));
        status = scratch.status != SLW_OK ? scratch.status : ret_text->status;
        slw_heap_drop(&scratch);
        slw_json_document_free(&json);
    }
    slw_record_free(record);
    return status;
}

/* --- Reading back --- */

static uint32_t member(const struct slw_record_view *view, const char *name)
{
    return slw_json_member(&view->json, SLW_JSON_TOP, text_of(name));
}

static enum slw_status damaged(const char *name, struct slw_detail *detail)
{
    return slw_explain(detail, SLW_LOG_DAMAGED,
                       "a record of the log: \"%s\" isn't as it is written", name);
}

enum slw_status slw_record_get_time(const struct slw_record_view *view, const char *name,
                                    int64_t *ret_utc_s, struct slw_detail *detail)
{
    struct slw_bytes text = slw_record_get_text(view, name);
    char buffer[SLW_TIME_TEXT_SIZE] = "";
    if (text.len == 0 || text.len >= sizeof buffer) {
        return damaged(name, detail);
    }
    memcpy(buffer, text.ptr, text.len);
    buffer[text.len] = '\0';
    return slw_time_parse(buffer, 0, ret_utc_s) == SLW_OK ? SLW_OK : damaged(name, detail);
}

static enum slw_status kind_read(struct slw_record_view *view, struct slw_detail *detail)
{
    struct slw_bytes name = slw_record_get_text(view, "kind");
    for (unsigned kind = 1; kind < SLW_RECORD_KINDS_END; kind++) {
        if (slw_bytes_equal(name, text_of(kind_names[kind]))) {
            view->kind = (enum slw_record_kind)kind;
            return slw_record_get_time(view, "time", &view->time_utc_s, detail);
        }
    }
    return damaged("kind", detail);
}

enum slw_status slw_record_parse(struct slw_bytes text, struct slw_record_view *ret_view,
                                 struct slw_detail *detail)
{
    struct slw_record_view view = {0};
    enum slw_status status = slw_json_parse("record", text, &view.json, detail);
    if (status != SLW_OK) {
        return status == SLW_NO_SPACE ? status : damaged("", detail);
    }
    status = kind_read(&view, detail);
    if (status != SLW_OK) {
        slw_json_document_free(&view.json);
        return status;
    }
    *ret_view = view;
    return SLW_OK;
}

void slw_record_view_free(struct slw_record_view *view)
{
    slw_json_document_free(&view->json);
}

enum slw_status slw_record_get_hex(const struct slw_record_view *view, const char *name,
                                   uint8_t *ret_bytes, size_t len, struct slw_detail *detail)
{
    return slw_text_unhex(slw_record_get_text(view, name), ret_bytes, len) ? SLW_OK
                                                                           : damaged(name, detail);
}

enum slw_status slw_record_get_uint(const struct slw_record_view *view, const char *name,
                                    uint64_t *ret_value, struct slw_detail *detail)
{
    uint32_t value = member(view, name);
    int64_t number = 0;
    if (value == SLW_JSON_NONE || !slw_json_integer(&view->json, value, &number) || number < 0) {
        return damaged(name, detail);
    }
    *ret_value = (uint64_t)number;
    return SLW_OK;
}

struct slw_bytes slw_record_get_text(const struct slw_record_view *view, const char *name)
{
    return slw_json_string(&view->json, member(view, name));
}

struct slw_bytes slw_record_get_json(const struct slw_record_view *view, const char *name)
{
    uint32_t value = member(view, name);
    if (slw_json_kind(&view->json, value) != SLW_JSON_OBJECT) {
        return (struct slw_bytes){0};
    }
    const struct slw_json_value *object = &view->json.values[value];
    return slw_bytes_make(view->json.text.ptr + object->start, object->end - object->start);
}
