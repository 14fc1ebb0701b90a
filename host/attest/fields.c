/* SPDX-License-Identifier: Apache-2.0 */
/* The members of statements, for all that read and write one. */
#include "fields.h"

#include "slipway/time_text.h"
#include "slipway/tuf_metadata.h"

#include "../tuf/metadata/hex.h"
#include "../tuf/metadata/json_fields.h"

#include <stdio.h>

#define COMPLAINT_SIZE 128u

enum slw_status slw_fields_refuse(const struct slw_fields *fields, uint32_t value, const char *what)
{
    return slw_json_refuse(fields->json, value, SLW_BAD_STATEMENT, what, fields->detail);
}

/* The readers of JSON call everything malformed; here it is a statement that isn't one. */
static enum slw_status as_statement(enum slw_status status)
{
    return status == SLW_MALFORMED ? SLW_BAD_STATEMENT : status;
}

enum slw_status slw_fields_only(const struct slw_fields *fields, const char *const *names)
{
    struct slw_json_walk walk = slw_json_walk_begin(fields->json, fields->object);
    struct slw_bytes name;
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(as_statement(slw_tuf_json_object(fields->json, fields->object, fields->detail)));
    while (slw_json_walk_member(&walk, &name, &value)) {
        size_t at = 0;
        while (names[at] != NULL &&
               !slw_bytes_equal(name, slw_bytes_make(names[at], strlen(names[at])))) {
            at++;
        }
        if (names[at] == NULL) {
            return slw_fields_refuse(fields, value, "is no member that may be here");
        }
    }
    return SLW_OK;
}

enum slw_status slw_fields_value(const struct slw_fields *fields, const char *name,
                                 enum slw_json_kind kind, uint32_t *ret_value)
{
    return as_statement(
        slw_tuf_json_member(fields->json, fields->object, name, kind, ret_value, fields->detail));
}

enum slw_status slw_fields_optional(const struct slw_fields *fields, const char *name,
                                    enum slw_json_kind kind, uint32_t *ret_value)
{
    return as_statement(
        slw_tuf_json_optional(fields->json, fields->object, name, kind, ret_value, fields->detail));
}

/* U+0000 to U+001F, U+007F, and U+0080 to U+009F, which in UTF-8 are C2 80 to C2 9F. */
static bool has_control_character(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_c1 = text.ptr[i] == 0xC2 && i + 1 < text.len && text.ptr[i + 1] < 0xA0;
        if (text.ptr[i] < 0x20 || text.ptr[i] == 0x7F || is_c1) {
            return true;
        }
    }
    return false;
}

enum slw_status slw_fields_check_text(const struct slw_fields *fields, uint32_t value,
                                      size_t shortest, size_t longest)
{
    struct slw_bytes text = slw_json_string(fields->json, value);
    char complaint[COMPLAINT_SIZE];
    if (slw_json_kind(fields->json, value) != SLW_JSON_STRING) {
        return slw_fields_refuse(fields, value, "must be a string");
    }
    if (text.len < shortest || text.len > longest) {
        (void)snprintf(complaint, sizeof complaint, "must have %zu to %zu bytes", shortest,
                       longest);
        return slw_fields_refuse(fields, value, complaint);
    }
    if (has_control_character(text)) {
        return slw_fields_refuse(fields, value, "has control characters");
    }
    return SLW_OK;
}

enum slw_status slw_fields_text(const struct slw_fields *fields, const char *name, size_t shortest,
                                size_t longest, struct slw_bytes *ret_text)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_STRING, &value));
    SLW_TRY(slw_fields_check_text(fields, value, shortest, longest));
    *ret_text = slw_json_string(fields->json, value);
    return SLW_OK;
}

enum slw_status slw_fields_optional_text(const struct slw_fields *fields, const char *name,
                                         size_t longest, struct slw_bytes *ret_text)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_optional(fields, name, SLW_JSON_STRING, &value));
    if (value != SLW_JSON_NONE) {
        SLW_TRY(slw_fields_check_text(fields, value, 0, longest));
    }
    *ret_text = slw_json_string(fields->json, value);
    return SLW_OK;
}

enum slw_status slw_fields_hex(const struct slw_fields *fields, const char *name,
                               uint8_t *ret_bytes, size_t size)
{
    uint32_t value = SLW_JSON_NONE;
    char complaint[COMPLAINT_SIZE];
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_STRING, &value));
    struct slw_bytes digits = slw_json_string(fields->json, value);
    if (digits.len != 2 * size || !slw_tuf_hex_is_lower(digits) ||
        !slw_tuf_hex_decode(digits, ret_bytes, size)) {
        (void)snprintf(complaint, sizeof complaint, "must be %zu hexadecimal digits in lower case",
                       2 * size);
        return slw_fields_refuse(fields, value, complaint);
    }
    return SLW_OK;
}

enum slw_status slw_fields_time(const struct slw_fields *fields, const char *name,
                                int64_t *ret_utc_s)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_STRING, &value));
    /* SIGNING.md, section 2: "Times are RFC 3339 UTC with seconds." */
    if (!slw_tuf_time_parse(slw_json_string(fields->json, value), ret_utc_s)) {
        return slw_fields_refuse(fields, value, "must be a time like 2030-01-31T00:00:00Z");
    }
    return SLW_OK;
}

enum slw_status slw_fields_uint(const struct slw_fields *fields, const char *name, uint64_t lowest,
                                uint64_t highest, uint64_t *ret_number)
{
    uint32_t value = SLW_JSON_NONE;
    int64_t number = 0;
    char complaint[COMPLAINT_SIZE];
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_INTEGER, &value));
    if (!slw_json_integer(fields->json, value, &number) || number < 0 ||
        (uint64_t)number < lowest || (uint64_t)number > highest) {
        (void)snprintf(complaint, sizeof complaint, "must be an integer of %llu to %llu",
                       (unsigned long long)lowest, (unsigned long long)highest);
        return slw_fields_refuse(fields, value, complaint);
    }
    *ret_number = (uint64_t)number;
    return SLW_OK;
}

enum slw_status slw_fields_word(const struct slw_fields *fields, const char *name,
                                const char *const *words, size_t *ret_index)
{
    uint32_t value = SLW_JSON_NONE;
    SLW_TRY(slw_fields_value(fields, name, SLW_JSON_STRING, &value));
    struct slw_bytes word = slw_json_string(fields->json, value);
    for (size_t i = 0; words[i] != NULL; i++) {
        if (slw_bytes_equal(word, slw_bytes_make(words[i], strlen(words[i])))) {
            *ret_index = i;
            return SLW_OK;
        }
    }
    return slw_fields_refuse(fields, value, "is no word that may be here");
}

void slw_fields_begin(struct slw_fields_writer *writer)
{
    *writer = (struct slw_fields_writer){0};
    slw_json_init(&writer->json, &writer->text);
    slw_json_begin_object(&writer->json, NULL);
}

void slw_fields_put_text(struct slw_fields_writer *writer, const char *name, struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    writer->is_bad |= !slw_utf8_accept(&checker, text) || !slw_utf8_complete(&checker);
    slw_json_bytes(&writer->json, name, text);
}

void slw_fields_put_hex(struct slw_fields_writer *writer, const char *name, const uint8_t *bytes,
                        size_t size)
{
    slw_json_hex(&writer->json, name, slw_bytes_make(bytes, size));
}

void slw_fields_put_time(struct slw_fields_writer *writer, const char *name, int64_t utc_s)
{
    char text[SLW_TIME_TEXT_SIZE];
    slw_json_text(&writer->json, name, slw_time_format(utc_s, text));
}

void slw_fields_put_raw(struct slw_fields_writer *writer, const char *name, struct slw_bytes raw)
{
    slw_heap_printf(&writer->text, "%s\"%s\":", writer->json.needs_comma ? "," : "", name);
    slw_heap_append(&writer->text, raw);
    writer->json.needs_comma = true;
}
