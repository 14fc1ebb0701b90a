/* SPDX-License-Identifier: Apache-2.0 */
/* Reading keys.conf and sign.conf: see settings_file.h. */
#include "settings_file.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define SECTION_SIZE 64u

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

static bool take_section(char *line, char section[static SECTION_SIZE])
{
    char *end = strchr(line, ']');
    if (end == NULL || (size_t)(end - line) > SECTION_SIZE - 1) {
        return false;
    }
    *end = '\0';
    memcpy(section, line + 1, strlen(line + 1) + 1);
    return true;
}

static bool take_line(char *line, char section[static SECTION_SIZE], cli_settings_take *take,
                      void *context)
{
    line = trim(line);
    if (line[0] == '\0' || line[0] == ';' || line[0] == '#') {
        return true;
    }
    if (line[0] == '[') {
        return take_section(line, section);
    }
    char *mark = strpbrk(line, "=:");
    if (mark == NULL) {
        return false;
    }
    *mark = '\0';
    cut_comment(mark + 1);
    return take(context, section, trim(line), trim(mark + 1)) != 0;
}

int cli_settings_read(FILE *file, cli_settings_take *take, void *context)
{
    char section[SECTION_SIZE] = "";
    char *line = NULL;
    size_t size = 0;
    ssize_t len = 0;
    int number = 0;
    int bad = 0;
    while (bad == 0 && (len = getline(&line, &size, file)) >= 0) {
        number++;
        bool good = (size_t)len <= CLI_SETTINGS_LINE_MAX && strlen(line) == (size_t)len &&
                    take_line(line, section, take, context);
        bad = good ? 0 : number;
    }
    if (bad == 0 && ferror(file) != 0) {
        bad = -1;
    }
    free(line);
    return bad;
}
