/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer of json.h, for every program's --json. */
#include "slipway/json.h"

#include "slipway/explain.h"

#include <inttypes.h>

void slw_json_init(struct slw_json *json, struct slw_heap_buffer *buffer)
{
    *json = (struct slw_json){buffer, false};
}

static bool is_utf8(struct slw_bytes text)
{
    struct slw_utf8 checker = {0};
    return slw_utf8_accept(&checker, text) && slw_utf8_complete(&checker);
}

static void put_byte(struct slw_heap_buffer *buffer, uint8_t byte, bool keep_high)
{
    switch (byte) {
    case '"':
        slw_heap_append_text(buffer, "\\\"");
        return;
    case '\\':
        slw_heap_append_text(buffer, "\\\\");
        return;
    case '\n':
        slw_heap_append_text(buffer, "\\n");
        return;
    case '\t':
        slw_heap_append_text(buffer, "\\t");
        return;
    }
    if (byte < 0x20 || byte == 0x7F) {
        slw_heap_printf(buffer, "\\u%04x", byte);
    } else if (byte >= 0x80 && !keep_high) {
        slw_heap_append_text(buffer, "\xEF\xBF\xBD");
    } else {
        slw_heap_append(buffer, slw_bytes_make(&byte, 1));
    }
}

/* U+0080 to U+009F in UTF-8: control characters, which terminals obey as they do the others. */
static bool is_c1(struct slw_bytes text, size_t at)
{
    return text.ptr[at] == 0xC2 && at + 1 < text.len && text.ptr[at + 1] <= 0x9F;
}

/* How many bytes from a place on stand in a string as they are, whatever is around them. */
static size_t plain_len(struct slw_bytes text, size_t at)
{
    size_t len = 0;
    while (at + len < text.len) {
        uint8_t byte = text.ptr[at + len];
        if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\') {
            break;
        }
        len++;
    }
    return len;
}

static void put_string(struct slw_json *json, struct slw_bytes text)
{
    size_t at = plain_len(text, 0);
    bool keep_high = at < text.len && is_utf8(text);
    slw_heap_append_text(json->buffer, "\"");
    slw_heap_append(json->buffer, slw_bytes_make(text.ptr, at));
    while (at < text.len) {
        if (keep_high && is_c1(text, at)) {
            slw_heap_printf(json->buffer, "\\u%04x", text.ptr[at + 1]);
            at += 2;
        } else {
            put_byte(json->buffer, text.ptr[at++], keep_high);
        }
        size_t len = plain_len(text, at);
        slw_heap_append(json->buffer, slw_bytes_make(text.ptr + at, len));
        at += len;
    }
    slw_heap_append_text(json->buffer, "\"");
}

/* What stands before a value. */
static void begin_value(struct slw_json *json, const char *name)
{
    if (json->needs_comma) {
        slw_heap_append_text(json->buffer, ",");
    }
    if (name != NULL) {
        put_string(json, slw_bytes_make(name, strlen(name)));
        slw_heap_append_text(json->buffer, ":");
    }
    json->needs_comma = true;
}

static void open_bracket(struct slw_json *json, const char *name, const char *bracket)
{
    begin_value(json, name);
    slw_heap_append_text(json->buffer, bracket);
    json->needs_comma = false;
}

static void close_bracket(struct slw_json *json, const char *bracket)
{
    slw_heap_append_text(json->buffer, bracket);
    json->needs_comma = true;
}

void slw_json_begin_object(struct slw_json *json, const char *name)
{
    open_bracket(json, name, "{");
}

void slw_json_end_object(struct slw_json *json)
{
    close_bracket(json, "}");
}

void slw_json_begin_array(struct slw_json *json, const char *name)
{
    open_bracket(json, name, "[");
}

void slw_json_end_array(struct slw_json *json)
{
    close_bracket(json, "]");
}

void slw_json_bytes(struct slw_json *json, const char *name, struct slw_bytes text)
{
    begin_value(json, name);
    put_string(json, text);
}

void slw_json_text(struct slw_json *json, const char *name, const char *text)
{
    slw_json_bytes(json, name, slw_bytes_make(text, strlen(text)));
}

void slw_json_hex(struct slw_json *json, const char *name, struct slw_bytes bytes)
{
    begin_value(json, name);
    slw_heap_append_text(json->buffer, "\"");
    slw_hex(bytes, json->buffer);
    slw_heap_append_text(json->buffer, "\"");
}

void slw_json_uint(struct slw_json *json, const char *name, uint64_t value)
{
    begin_value(json, name);
    slw_heap_printf(json->buffer, "%" PRIu64, value);
}

void slw_json_int(struct slw_json *json, const char *name, int64_t value)
{
    begin_value(json, name);
    slw_heap_printf(json->buffer, "%" PRId64, value);
}

void slw_json_bool(struct slw_json *json, const char *name, bool value)
{
    begin_value(json, name);
    slw_heap_append_text(json->buffer, value ? "true" : "false");
}

void slw_json_null(struct slw_json *json, const char *name)
{
    begin_value(json, name);
    slw_heap_append_text(json->buffer, "null");
}

void slw_json_embed(struct slw_json *json, const char *name, struct slw_bytes value)
{
    begin_value(json, name);
    slw_heap_append(json->buffer, value);
}

void slw_json_fraction(struct slw_json *json, const char *name, double value)
{
    begin_value(json, name);
    slw_heap_printf(json->buffer, "%.3f", value);
}
