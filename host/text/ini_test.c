/* SPDX-License-Identifier: Apache-2.0 */
/* Files of settings: what is taken, and that no line is cut. */
#include "slipway/ini.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

static struct slw_detail detail;
static char taken[3 * SLW_INI_LINE_MAX];

static bool take(void *context, const char *section, const char *name, const char *value)
{
    const char *refused = context;
    size_t len = strlen(taken);
    (void)snprintf(taken + len, sizeof taken - len, "[%s]%s=%s|", section, name, value);
    return refused == NULL || strcmp(name, refused) != 0;
}

static enum slw_status parse(struct slw_bytes text, char *refused)
{
    taken[0] = '\0';
    detail.text[0] = '\0';
    return slw_ini_parse("a.conf", text, take, refused, &detail);
}

static void takes_what_stands_there(void)
{
    static const struct {
        const char *text, *taken;
    } rows[] = {
        {"", ""},
        {"a = 1", "[]a=1|"},
        {"[s]\na = 1\n\n b=2 \r\n[t]\nc: 3\n", "[s]a=1|[s]b=2|[t]c=3|"},
        {"; x = 1\n# y = 2\n  ; z\na = 1 ; one\n", "[]a=1|"},
        {"a = pkcs11:token=t;object=o\n", "[]a=pkcs11:token=t;object=o|"},
        {"a =\n", "[]a=|"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].text);
        TAP_EQUAL_INT(parse(slw_bytes_make(rows[i].text, strlen(rows[i].text)), NULL), SLW_OK);
        TAP_CHECK(strcmp(taken, rows[i].taken) == 0);
    }
}

static void takes_the_longest_line_whole(void)
{
    static char text[SLW_INI_LINE_MAX + 2];
    memset(text, 'v', sizeof text);
    memcpy(text, "a=", 2);
    text[SLW_INI_LINE_MAX] = '\n';
    TAP_EQUAL_INT(parse(slw_bytes_make(text, SLW_INI_LINE_MAX + 1), NULL), SLW_OK);
    TAP_EQUAL_INT(strlen(taken), SLW_INI_LINE_MAX + 3);
    TAP_EQUAL_INT(parse(slw_bytes_make(text, SLW_INI_LINE_MAX), NULL), SLW_OK);
    TAP_EQUAL_INT(strlen(taken), SLW_INI_LINE_MAX + 3);
}

static void refuses_a_longer_line_by_its_number(void)
{
    static char text[SLW_INI_LINE_MAX + 64] = "a = 1\n\nb=";
    size_t start = strlen(text);
    memset(text + start, 'v', SLW_INI_LINE_MAX - 1);
    text[start + SLW_INI_LINE_MAX - 1] = '\n';
    TAP_EQUAL_INT(parse(slw_bytes_make(text, strlen(text)), NULL), SLW_MALFORMED);
    TAP_CHECK(strcmp(detail.text, "a.conf: line 3 is longer than 4096 bytes") == 0);
    TAP_CHECK(strcmp(taken, "[]a=1|") == 0);
    text[start + SLW_INI_LINE_MAX - 1] = 'v'; /* nothing ends it */
    TAP_EQUAL_INT(parse(slw_bytes_make(text, strlen(text)), NULL), SLW_MALFORMED);
}

static void refuses_what_is_no_setting(void)
{
    const struct {
        struct slw_bytes text;
        const char *detail;
    } rows[] = {
        {SLW_BYTES_OF("a"), "a.conf: line 1 isn't NAME = VALUE"},
        {SLW_BYTES_OF("a = 1\nb\nc = 2\n"), "a.conf: line 2 isn't NAME = VALUE"},
        {SLW_BYTES_OF("[s\na = 1\n"), "a.conf: line 1 begins a section's name that doesn't end"},
        {SLW_BYTES_OF("a = 1\0 2\n"), "a.conf: line 1 has a zero byte"},
        {SLW_BYTES_OF("\n[sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss]\n"),
         "a.conf: line 2 has a section's name of more than 63 bytes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].detail);
        TAP_EQUAL_INT(parse(rows[i].text, NULL), SLW_MALFORMED);
        TAP_CHECK(strcmp(detail.text, rows[i].detail) == 0);
    }
}

static void ends_at_what_is_not_taken(void)
{
    static char refused[] = "b";
    TAP_EQUAL_INT(parse(SLW_BYTES_OF("a = 1\nb = 2\nc = 3\n"), refused), SLW_BAD_ARGUMENT);
    TAP_CHECK(strcmp(taken, "[]a=1|[]b=2|") == 0 && detail.text[0] == '\0');
}

int main(void)
{
    TAP_RUN(takes_what_stands_there);
    TAP_RUN(takes_the_longest_line_whole);
    TAP_RUN(refuses_a_longer_line_by_its_number);
    TAP_RUN(refuses_what_is_no_setting);
    TAP_RUN(ends_at_what_is_not_taken);
    return tap_finish();
}
