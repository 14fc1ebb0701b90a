/* SPDX-License-Identifier: Apache-2.0 */
/* The front's settings file: what ends the start, and that no line of it is cut. */
#include "settings.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct slw_detail detail;
static struct front_settings settings;
static char path[] = "/tmp/slipway-front-settings-test-XXXXXX";

static enum slw_status read_text(const char *text, size_t len)
{
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(text, 1, len, file) == len;
    if (file == NULL || fclose(file) != 0 || !written) {
        return SLW_IO;
    }
    detail.text[0] = '\0';
    return front_settings_read(path, false, &settings, &detail);
}

static bool said(const char *what)
{
    return strstr(detail.text, path) != NULL && strstr(detail.text, what) != NULL;
}

static void takes_values_that_are_longer_than_two_hundred_bytes(void)
{
    char text[FRONT_TEXT_MAX + 64];
    char value[FRONT_TEXT_MAX];
    memset(value, 'v', sizeof value);
    value[0] = '/';
    value[sizeof value - 1] = '\0';
    int len = snprintf(text, sizeof text, "[front]\nsocket = %s\n", value);
    TAP_EQUAL_INT(read_text(text, (size_t)len), SLW_OK);
    TAP_CHECK(strcmp(settings.socket, value) == 0);
    len = snprintf(text, sizeof text, "[front]\nsocket = %sv\n", value);
    TAP_EQUAL_INT(read_text(text, (size_t)len), SLW_BAD_ARGUMENT);
    TAP_CHECK(said("socket: empty, or too long"));
}

static void refuses_a_line_that_is_too_long_by_its_number(void)
{
    static char text[8192] = "[front]\nsocket = /run/s\nwitness-ca = /";
    memset(text + strlen(text), 'v', 5000);
    TAP_EQUAL_INT(read_text(text, strlen(text)), SLW_MALFORMED);
    TAP_CHECK(said("line 3 is longer than 4096 bytes"));
}

static void refuses_lines_that_make_no_sense(void)
{
    static const struct {
        const char *text;
        size_t len;
        enum slw_status status;
        const char *said;
    } rows[] = {
        {"[front]\nsocket = /a\0b\n", 22, SLW_MALFORMED, "line 2 has a zero byte"},
        {"[front]\nsocket = /a\nsandbox\n", 28, SLW_MALFORMED, "line 3 isn't NAME = VALUE"},
        {"[front\nsocket = /a\n", 19, SLW_MALFORMED, "line 1 begins"},
        {"[front]\nsocket = /a\nsockets = /b\n", 33, SLW_BAD_ARGUMENT, "sockets: not a setting"},
        {"[back]\nsocket = /a\n", 19, SLW_BAD_ARGUMENT, "socket: not a setting"},
        {"[front]\nsocket = /a\nsocket = /b\n", 32, SLW_BAD_ARGUMENT, "stands there twice"},
        {"[front]\nsocket = /a\nidle-s = 0\n", 31, SLW_BAD_ARGUMENT, "idle-s: not a number"},
        {"", 0, SLW_BAD_ARGUMENT, "there is neither"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].said);
        TAP_EQUAL_INT(read_text(rows[i].text, rows[i].len), rows[i].status);
        TAP_CHECK(said(rows[i].said));
    }
    TAP_ROW(NULL);
    (void)unlink(path);
    TAP_EQUAL_INT(front_settings_read(path, false, &settings, &detail), SLW_NOT_FOUND);
}

int main(void)
{
    int file = mkstemp(path);
    if (file < 0 || close(file) != 0) {
        return EXIT_FAILURE;
    }
    TAP_RUN(takes_values_that_are_longer_than_two_hundred_bytes);
    TAP_RUN(refuses_a_line_that_is_too_long_by_its_number);
    TAP_RUN(refuses_lines_that_make_no_sense);
    return tap_finish();
}
