/* SPDX-License-Identifier: Apache-2.0 */
/* The reader of answers in XML; s3_answers.c is its caller. See s3_xml.h. */
#include "s3_xml.h"

#include <string.h>

struct xml {
    struct slw_bytes text; /* what is left is text[at..len) */
    size_t at;
    char path[SLW_S3_XML_PATH_MAX];
    size_t path_len;
    unsigned depth;
    bool had_root;
    struct slw_heap_buffer value; /* of the innermost element */
    enum slw_status (*end)(void *context, const char *path, struct slw_bytes text);
    void *context;
    struct slw_detail *detail;
};

static enum slw_status refuse(struct xml *xml, const char *why)
{
    return slw_explain(xml->detail, SLW_MALFORMED, "an answer in XML: byte %zu: %s", xml->at, why);
}

static bool skip_if(struct xml *xml, const char *text)
{
    size_t len = strlen(text);
    if (xml->text.len - xml->at < len || memcmp(xml->text.ptr + xml->at, text, len) != 0) {
        return false;
    }
    xml->at += len;
    return true;
}

static bool is_space(uint8_t character)
{
    return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

static void skip_space(struct xml *xml)
{
    while (xml->at < xml->text.len && is_space(xml->text.ptr[xml->at])) {
        xml->at++;
    }
}

static bool is_name(uint8_t character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '_' || character == '-' ||
           character == '.' || character == ':';
}

static struct slw_bytes take_name(struct xml *xml)
{
    size_t start = xml->at;
    while (xml->at < xml->text.len && is_name(xml->text.ptr[xml->at])) {
        xml->at++;
    }
    return slw_bytes_make(xml->text.ptr + start, xml->at - start);
}

static enum slw_status enter(struct xml *xml, struct slw_bytes name)
{
    if (name.len == 0) {
        return refuse(xml, "no name");
    }
    if (xml->depth == 0 && xml->had_root) {
        return refuse(xml, "something behind the end");
    }
    if (xml->depth == SLW_S3_XML_DEPTH_MAX || name.len + 2 > sizeof xml->path - xml->path_len) {
        return slw_explain(xml->detail, SLW_TOO_LARGE, "an answer in XML that is too deep");
    }
    if (xml->depth > 0) {
        xml->path[xml->path_len++] = '/';
    }
    memcpy(xml->path + xml->path_len, name.ptr, name.len);
    xml->path_len += name.len;
    xml->path[xml->path_len] = '\0';
    xml->depth++;
    xml->had_root = true;
    xml->value.len = 0;
    return SLW_OK;
}

static enum slw_status leave(struct xml *xml)
{
    SLW_TRY(xml->end(xml->context, xml->path, slw_heap_bytes(&xml->value)));
    char *slash = strrchr(xml->path, '/');
    xml->path_len = slash == NULL ? 0 : (size_t)(slash - xml->path);
    xml->path[xml->path_len] = '\0';
    xml->depth--;
    xml->value.len = 0;
    return SLW_OK;
}

static enum slw_status skip_attributes(struct xml *xml)
{
    for (;;) {
        skip_space(xml);
        if (take_name(xml).len == 0) {
            return SLW_OK;
        }
        uint8_t quote = 0;
        if (!skip_if(xml, "=") || xml->at == xml->text.len ||
            ((quote = xml->text.ptr[xml->at]) != '"' && quote != '\'')) {
            return refuse(xml, "an attribute without a value");
        }
        const uint8_t *from = xml->text.ptr + xml->at + 1;
        const uint8_t *close = memchr(from, quote, xml->text.len - xml->at - 1);
        if (close == NULL || memchr(from, '<', (size_t)(close - from)) != NULL) {
            return refuse(xml, "an attribute without an end");
        }
        xml->at = (size_t)(close - xml->text.ptr) + 1;
    }
}

static enum slw_status read_start(struct xml *xml)
{
    SLW_TRY(enter(xml, take_name(xml)));
    SLW_TRY(skip_attributes(xml));
    if (skip_if(xml, "/>")) {
        return leave(xml);
    }
    return skip_if(xml, ">") ? SLW_OK : refuse(xml, "a tag without an end");
}

static enum slw_status read_end(struct xml *xml)
{
    struct slw_bytes name = take_name(xml);
    const char *slash = strrchr(xml->path, '/');
    const char *open = slash == NULL ? xml->path : slash + 1;
    if (xml->depth == 0 || !slw_bytes_equal(name, slw_bytes_make(open, strlen(open)))) {
        return refuse(xml, "the end of another element");
    }
    skip_space(xml);
    if (!skip_if(xml, ">")) {
        return refuse(xml, "a tag without an end");
    }
    return leave(xml);
}

static void append_utf8(struct slw_heap_buffer *text, uint32_t point)
{
    uint8_t bytes[4];
    size_t len = 0;
    if (point < 0x80) {
        bytes[len++] = (uint8_t)point;
    } else if (point < 0x800) {
        bytes[len++] = (uint8_t)(0xC0 | point >> 6);
        bytes[len++] = (uint8_t)(0x80 | (point & 63));
    } else if (point < 0x10000) {
        bytes[len++] = (uint8_t)(0xE0 | point >> 12);
        bytes[len++] = (uint8_t)(0x80 | (point >> 6 & 63));
        bytes[len++] = (uint8_t)(0x80 | (point & 63));
    } else {
        bytes[len++] = (uint8_t)(0xF0 | point >> 18);
        bytes[len++] = (uint8_t)(0x80 | (point >> 12 & 63));
        bytes[len++] = (uint8_t)(0x80 | (point >> 6 & 63));
        bytes[len++] = (uint8_t)(0x80 | (point & 63));
    }
    slw_heap_append(text, slw_bytes_make(bytes, len));
}

static int digit_of(uint8_t character, unsigned base)
{
    int digit = -1;
    if (character >= '0' && character <= '9') {
        digit = character - '0';
    } else if ((character | 0x20) >= 'a' && (character | 0x20) <= 'f') {
        digit = (character | 0x20) - 'a' + 10;
    }
    return digit < (int)base ? digit : -1;
}

/* "&#10;" or "&#xA;", after the number sign. */
static enum slw_status read_numbered(struct xml *xml)
{
    unsigned base = skip_if(xml, "x") ? 16 : 10;
    uint32_t point = 0;
    size_t first = xml->at;
    while (xml->at < xml->text.len && digit_of(xml->text.ptr[xml->at], base) >= 0 &&
           point <= 0x10FFFF) {
        point = point * base + (uint32_t)digit_of(xml->text.ptr[xml->at], base);
        xml->at++;
    }
    bool is_character = point > 0 && point <= 0x10FFFF && (point < 0xD800 || point > 0xDFFF);
    if (xml->at == first || !is_character || !skip_if(xml, ";")) {
        return refuse(xml, "a character that is none");
    }
    append_utf8(&xml->value, point);
    return SLW_OK;
}

static enum slw_status read_entity(struct xml *xml)
{
    static const char *const names[][2] = {
        {"amp;", "&"}, {"lt;", "<"}, {"gt;", ">"}, {"quot;", "\""}, {"apos;", "'"}};
    if (skip_if(xml, "#")) {
        return read_numbered(xml);
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (skip_if(xml, names[i][0])) {
            slw_heap_append_text(&xml->value, names[i][1]);
            return SLW_OK;
        }
    }
    return refuse(xml, "an entity that isn't known");
}

static enum slw_status read_text(struct xml *xml)
{
    size_t start = xml->at;
    while (xml->at < xml->text.len && xml->text.ptr[xml->at] != '<' &&
           xml->text.ptr[xml->at] != '&') {
        if (xml->depth == 0 && !is_space(xml->text.ptr[xml->at])) {
            return refuse(xml, "text outside of elements");
        }
        xml->at++;
    }
    if (xml->depth > 0) {
        slw_heap_append(&xml->value, slw_bytes_make(xml->text.ptr + start, xml->at - start));
    }
    if (xml->value.len > SLW_S3_XML_TEXT_MAX) {
        return slw_explain(xml->detail, SLW_TOO_LARGE, "an answer in XML with too long a text");
    }
    return SLW_OK;
}

static enum slw_status read_next(struct xml *xml)
{
    if (skip_if(xml, "</")) {
        return read_end(xml);
    }
    if (skip_if(xml, "<")) {
        return read_start(xml);
    }
    if (xml->depth > 0 && skip_if(xml, "&")) {
        return read_entity(xml);
    }
    if (xml->text.ptr[xml->at] == '&') {
        return refuse(xml, "text outside of elements");
    }
    return read_text(xml);
}

static enum slw_status read_all(struct xml *xml)
{
    (void)skip_if(xml, "\xEF\xBB\xBF");
    skip_space(xml);
    if (skip_if(xml, "<?xml ")) {
        const uint8_t *from = xml->text.ptr + xml->at;
        const uint8_t *close = memchr(from, '>', xml->text.len - xml->at);
        if (close == NULL || close == from || close[-1] != '?') {
            return refuse(xml, "a declaration without an end");
        }
        xml->at = (size_t)(close - xml->text.ptr) + 1;
    }
    while (xml->at < xml->text.len) {
        SLW_TRY(read_next(xml));
    }
    if (xml->depth > 0 || !xml->had_root) {
        return refuse(xml, "it ends too early");
    }
    return xml->value.status == SLW_OK ? SLW_OK : slw_explain_no_memory(xml->detail);
}

enum slw_status slw_s3_xml_read(struct slw_bytes text,
                                enum slw_status (*end)(void *context, const char *path,
                                                       struct slw_bytes text),
                                void *context, struct slw_detail *detail)
{
    struct xml xml = {.text = text, .end = end, .context = context, .detail = detail};
    enum slw_status status = read_all(&xml);
    slw_heap_drop(&xml.value);
    return status;
}

void slw_s3_xml_escape(struct slw_bytes text, struct slw_heap_buffer *ret_xml)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            slw_heap_append_text(ret_xml, "&amp;");
            break;
        case '<':
            slw_heap_append_text(ret_xml, "&lt;");
            break;
        case '>':
            slw_heap_append_text(ret_xml, "&gt;");
            break;
        case '"':
            slw_heap_append_text(ret_xml, "&quot;");
            break;
        default:
            slw_heap_append(ret_xml, slw_bytes_make(&text.ptr[i], 1));
        }
    }
}
