/* SPDX-License-Identifier: Apache-2.0 */
/* Reading files of settings: see slipway/ini.h. */
#include "slipway/ini.h"

#include "slipway/explain.h"
#include "slipway/heap.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

struct ini {
    const char *name;
    char section[SLW_INI_SECTION_MAX + 1];
    size_t line;
    slw_ini_take *take;
    void *context;
    struct slw_detail *detail;
};

static enum slw_status refuse(const struct ini *ini, const char *what)
{
    return slw_explain(ini->detail, SLW_MALFORMED, "%s: line %zu %s", ini->name, ini->line, what);
}

/* Cuts blanks off both ends, in place. */
static char *trim(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = '\0';
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

/* A `;` behind a blank begins a comment; inside a URI it doesn't. */
static void cut_comment(char *value)
{
    for (size_t i = 1; value[0] != '\0' && value[i] != '\0'; i++) {
        if (value[i] == ';' && isspace((unsigned char)value[i - 1])) {
            value[i] = '\0';
            return;
        }
    }
}

static enum slw_status take_section(struct ini *ini, char *line)
{
    char *end = strchr(line, ']');
    if (end == NULL) {
        return refuse(ini, "begins a section's name that doesn't end");
    }
    *end = '\0';
    size_t len = strlen(line + 1);
    if (len > SLW_INI_SECTION_MAX) {
        return refuse(ini, "has a section's name of more than 63 bytes");
    }
    memcpy(ini->section, line + 1, len + 1);
    return SLW_OK;
}

static enum slw_status take_line(struct ini *ini, char *line)
{
    line = trim(line);
    if (line[0] == '\0' || line[0] == ';' || line[0] == '#') {
        return SLW_OK;
    }
    if (line[0] == '[') {
        return take_section(ini, line);
    }
    char *mark = strpbrk(line, "=:");
    if (mark == NULL) {
        return refuse(ini, "isn't NAME = VALUE");
    }
    *mark = '\0';
    cut_comment(mark + 1);
    return ini->take(ini->context, ini->section, trim(line), trim(mark + 1)) ? SLW_OK
                                                                             : SLW_BAD_ARGUMENT;
}

/* The bytes up to the next line feed, as a string that may be changed. */
static enum slw_status next_line(const struct ini *ini, struct slw_bytes rest,
                                 char line[static SLW_INI_LINE_MAX + 1], size_t *ret_len)
{
    const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
    size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);
    if (len > SLW_INI_LINE_MAX) {
        return refuse(ini, "is longer than 4096 bytes");
    }
    if (memchr(rest.ptr, '\0', len) != NULL) {
        return refuse(ini, "has a zero byte");
    }
    memcpy(line, rest.ptr, len);
    line[len] = '\0';
    *ret_len = end == NULL ? len : len + 1;
    return SLW_OK;
}

enum slw_status slw_ini_parse(const char *name, struct slw_bytes text, slw_ini_take *take,
                              void *context, struct slw_detail *detail)
{
    struct ini ini = {.name = name, .take = take, .context = context, .detail = detail};
    char line[SLW_INI_LINE_MAX + 1];
    while (text.len > 0) {
        size_t len = 0;
        ini.line++;
        SLW_TRY(next_line(&ini, text, line, &len));
        SLW_TRY(take_line(&ini, line));
        text = slw_bytes_make(text.ptr + len, text.len - len);
    }
    return SLW_OK;
}

static enum slw_status read_all(FILE *file, const char *path, struct slw_heap_buffer *text,
                                struct slw_detail *detail)
{
    uint8_t block[4096];
    size_t len = 0;
    while ((len = fread(block, 1, sizeof block, file)) > 0) {
        if (text->len + len > SLW_INI_SIZE_MAX) {
            return slw_explain(detail, SLW_TOO_LARGE, "%s: more than a megabyte", path);
        }
        slw_heap_append(text, slw_bytes_make(block, len));
    }
    return ferror(file) != 0 ? slw_explain_errno(detail, path) : text->status;
}

enum slw_status slw_ini_read(const char *path, slw_ini_take *take, void *context,
                             struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT) {
        return slw_explain(detail, SLW_NOT_FOUND, "%s: %s", path, strerror(ENOENT));
    }
    if (file == NULL) {
        return slw_explain_errno(detail, path);
    }
    enum slw_status status = read_all(file, path, &text, detail);
    (void)fclose(file);
    if (status == SLW_OK) {
        status = slw_ini_parse(path, slw_heap_bytes(&text), take, context, detail);
    }
    slw_heap_free(&text);
    return status;
}
