/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where something is wrong, for people: line and column in a text that isn't JSON, a path to a
 * value that isn't what it should be. Only failures come here, so that reading needn't keep count.
 */
#include "members.h"

#include "slipway/explain.h"

#define NAME_SHOWN_MAX 64u  /* bytes of a name; more are left out */
#define PATH_SHOWN_MAX 400u /* bytes of a path; what is left out is its begin */

/* The last bytes of a string or a word, from its first on. */
static const uint8_t *pass_token(const uint8_t *at, const uint8_t *end)
{
    bool is_string = *at++ == '"';
    while (at < end) {
        if (is_string && *at == '"') {
            return at + 1;
        }
        if (is_string && *at == '\\') {
            at++;
        } else if (!is_string && (*at <= ' ' || *at == ',' || *at == ']' || *at == '}')) {
            return at;
        }
        at++;
    }
    return end;
}

/* Where in the text a value begins, which strings with escapes don't know; all up to it is JSON. */
static const uint8_t *find_begin(const struct slw_json_document *document, uint32_t value)
{
    const uint8_t *at = document->text.ptr;
    const uint8_t *end = at + document->text.len;
    uint32_t passed = 0;
    while (at < end) {
        bool is_token = *at > ' ' && *at != ',' && *at != ':' && *at != ']' && *at != '}';
        if (is_token && passed++ == value) {
            return at;
        }
        at = is_token && *at != '{' && *at != '[' ? pass_token(at, end) : at + 1;
    }
    return end;
}

/* Both from 1 on, the column in characters. What is in front of at is UTF-8. */
static void count_place(struct slw_bytes text, const uint8_t *at, size_t *ret_line,
                        size_t *ret_column)
{
    size_t line = 1;
    size_t column = 1;
    for (const uint8_t *byte = text.ptr; byte < at; byte++) {
        if (*byte == '\n') {
            line++;
            column = 1;
        } else if ((*byte & 0xC0) != 0x80) {
            column++;
        }
    }
    *ret_line = line;
    *ret_column = column;
}

static void append_name(struct slw_bytes name, struct slw_heap_buffer *ret_text)
{
    size_t shown = slw_utf8_cut(name, NAME_SHOWN_MAX);
    slw_heap_append_text(ret_text, "\"");
    slw_escape(slw_bytes_make(name.ptr, shown), ret_text);
    slw_heap_append_text(ret_text, shown < name.len ? "…\"" : "\"");
}

enum slw_status slw_json_explain_problem(const struct slw_json_parser *parser,
                                         struct slw_detail *detail)
{
    const struct slw_json_document *document = &parser->document;
    bool is_duplicate = parser->duplicate != SLW_JSON_NONE;
    const uint8_t *at = is_duplicate ? find_begin(document, parser->duplicate) : parser->problem_at;
    struct slw_heap_buffer subject = {0};
    size_t line = 0;
    size_t column = 0;
    if (parser->status == SLW_NO_SPACE) {
        return slw_explain_no_memory(detail);
    }
    count_place(document->text, at, &line, &column);
    if (is_duplicate) {
        slw_heap_append_text(&subject, "member ");
        append_name(slw_json_text_of(document, parser->duplicate), &subject);
        slw_heap_append_text(&subject, " ");
    }
    (void)slw_explain(detail, SLW_MALFORMED, "%s: line %zu, column %zu: %s%s", document->name, line,
                      column, slw_heap_text(&subject), parser->problem);
    slw_heap_free(&subject);
    return SLW_MALFORMED;
}

static bool is_plain_name(struct slw_bytes name)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t byte = name.ptr[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        if (!is_letter && !(byte >= '0' && byte <= '9') && byte != '_' && byte != '-') {
            return false;
        }
    }
    return name.len > 0 && name.len <= NAME_SHOWN_MAX;
}

static void append_step(struct slw_bytes name, struct slw_heap_buffer *path)
{
    if (!is_plain_name(name)) {
        slw_heap_append_text(path, "[");
        append_name(name, path);
        slw_heap_append_text(path, "]");
        return;
    }
    slw_heap_append_text(path, path->len == 0 ? "" : ".");
    slw_heap_append(path, name);
}

/* Appends the step from an object or array towards a value inside it; returns where it leads. */
static uint32_t step_towards(const struct slw_json_document *document, uint32_t from,
                             uint32_t value, struct slw_heap_buffer *path)
{
    struct slw_json_walk walk = slw_json_walk_begin(document, from);
    struct slw_bytes name;
    uint32_t at = from;
    if (slw_json_kind(document, from) == SLW_JSON_OBJECT) {
        while (slw_json_walk_member(&walk, &name, &at) && walk.at <= value) {
        }
        append_step(name, path);
        return at;
    }
    uint32_t number = 0;
    while (slw_json_walk_element(&walk, &at) && walk.at <= value) {
        number++;
    }
    slw_heap_printf(path, "[%u]", number);
    return at;
}

/* From the top to the value. A member's name has the path of the member. */
static void append_path(const struct slw_json_document *document, uint32_t value,
                        struct slw_heap_buffer *path)
{
    uint32_t at = SLW_JSON_TOP;
    while (value < document->count && at < value) {
        at = step_towards(document, at, value, path);
    }
}

enum slw_status slw_json_refuse(const struct slw_json_document *document, uint32_t value,
                                enum slw_status status, const char *what, struct slw_detail *detail)
{
    struct slw_heap_buffer path = {0};
    append_path(document, value, &path);
    const char *text = slw_heap_text(&path);
    const char *left_out = "";
    if (path.len > PATH_SHOWN_MAX) {
        text += path.len - PATH_SHOWN_MAX;
        left_out = "…";
        while (((unsigned char)*text & 0xC0) == 0x80) {
            text++;
        }
    }
    (void)slw_explain(detail, status, "%s: %s%s%s%s", document->name, left_out, text,
                      path.len == 0 ? "" : ": ", what);
    slw_heap_free(&path);
    return status;
}
