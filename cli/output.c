/* SPDX-License-Identifier: Apache-2.0 */
/* Messages, data and exit codes: the functions of output.h. */
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool stream_takes_color(int descriptor)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    return (no_color == NULL || no_color[0] == '\0') && isatty(descriptor) == 1 &&
           terminal != NULL && strcmp(terminal, "dumb") != 0;
}

void cli_init(struct cli *cli)
{
    const char *terminal = getenv("TERM");
    *cli = (struct cli){.usage_hint = "slipway"};
    (void)setlocale(LC_CTYPE, "");
    cli->unicode = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    cli->progress = isatty(STDERR_FILENO) == 1 && terminal != NULL && strcmp(terminal, "dumb") != 0;
    cli->color_out = stream_takes_color(STDOUT_FILENO);
    cli->color_err = stream_takes_color(STDERR_FILENO);
}

bool cli_set_color(struct cli *cli, const char *word)
{
    bool always = strcmp(word, "always") == 0;
    if (always || strcmp(word, "never") == 0) {
        cli->color_out = always;
        cli->color_err = always;
        return true;
    }
    return strcmp(word, "auto") == 0;
}

static const char *style_code(enum cli_style style)
{
    switch (style) {
    case CLI_PLAIN:
        return "\x1B[0m";
    case CLI_BOLD:
        return "\x1B[1m";
    case CLI_DIM:
        return "\x1B[2m";
    case CLI_GOOD:
        return "\x1B[32m";
    case CLI_BAD:
        return "\x1B[31m";
    }
    return "";
}

const char *cli_out_style(const struct cli *cli, enum cli_style style)
{
    return cli->color_out ? style_code(style) : "";
}

static const char *error_style(const struct cli *cli, enum cli_style style)
{
    return cli->color_err ? style_code(style) : "";
}

/*
 * What a message quotes is escaped where the message is made. Should a name from outside come here
 * as it is all the same, it doesn't reach the terminal as a control sequence, neither by C0 nor by
 * C1 (0xC2 and 0x80 to 0x9F in UTF-8), nor makes up a line of its own where there is to be one.
 */
static void put_message(const char *text, bool may_have_lines)
{
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;
        unsigned char next = (unsigned char)text[1];
        bool is_c1 = byte == 0xC2 && next >= 0x80 && next <= 0x9F;
        bool is_c0 = byte < 0x20 && byte != '\t' && !(byte == '\n' && may_have_lines);
        if (is_c0 || is_c1 || byte == 0x7F) {
            (void)fprintf(stderr, "\\x%02x", byte);
        } else {
            (void)fputc(byte, stderr);
        }
        if (is_c1) {
            (void)fprintf(stderr, "\\x%02x", next);
            text++;
        }
    }
    (void)fputc('\n', stderr);
}

__attribute__((format(printf, 1, 0))) static void say(const char *format, va_list arguments,
                                                      bool may_have_lines)
{
    va_list again;
    va_copy(again, arguments);
    /* clang-tidy 14 takes a va_list after va_start() for one that isn't set. */
    // NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized)
    int len = vsnprintf(NULL, 0, format, arguments);
    char *text = len < 0 ? NULL : malloc((size_t)len + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
    }
    va_end(again);
    put_message(text != NULL ? text : "out of memory", may_have_lines);
    free(text);
}

void cli_note(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (!cli->quiet) {
        say(format, arguments, true);
    }
    va_end(arguments);
}

void cli_trace(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (cli->verbose) {
        say(format, arguments, true);
    }
    va_end(arguments);
}

void cli_warn(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%swarning:%s ", error_style(cli, CLI_BOLD), error_style(cli, CLI_PLAIN));
    say(format, arguments, false);
    va_end(arguments);
}

enum cli_exit cli_error(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%sslipway:%s ", error_style(cli, CLI_BOLD), error_style(cli, CLI_PLAIN));
    say(format, arguments, false);
    va_end(arguments);
    return CLI_FAILED;
}

enum cli_exit cli_usage(const struct cli *cli, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fprintf(stderr, "%sslipway:%s ", error_style(cli, CLI_BOLD), error_style(cli, CLI_PLAIN));
    say(format, arguments, false);
    va_end(arguments);
    (void)fprintf(stderr, "`%s --help` shows how it is used.\n", cli->usage_hint);
    return CLI_USAGE;
}

enum cli_exit cli_exit_of(enum slw_status status)
{
    if (status == SLW_OK) {
        return CLI_DONE;
    }
    if (status == SLW_EXPIRED) {
        return CLI_EXPIRED;
    }
    if (status == SLW_CONSENT_REFUSED || status == SLW_CONSENT_PENDING) {
        return CLI_DENIED;
    }
    return slw_status_is_refusal(status) ? CLI_REFUSED : CLI_FAILED;
}

enum cli_exit cli_refuse(const struct cli *cli, enum slw_status status, const char *text)
{
    (void)fprintf(stderr, "%srefused:%s %s: ", error_style(cli, CLI_BAD),
                  error_style(cli, CLI_PLAIN), slw_status_word(status));
    put_message(text, false);
    return cli_exit_of(status);
}

enum cli_exit cli_fail_by_word(const struct cli *cli, enum slw_status status, const char *text)
{
    (void)fprintf(stderr, "%sfailed:%s %s: ", error_style(cli, CLI_BAD),
                  error_style(cli, CLI_PLAIN), slw_status_word(status));
    put_message(text, false);
    return CLI_FAILED;
}

enum cli_exit cli_fail(const struct cli *cli, enum slw_status status)
{
    const char *text = cli->detail.text[0] != '\0' ? cli->detail.text : slw_status_meaning(status);
    if (cli_exit_of(status) == CLI_FAILED) {
        return cli_error(cli, "%s", text);
    }
    return cli_refuse(cli, status, text);
}

enum cli_exit cli_print(const struct cli *cli, struct slw_heap_buffer *text)
{
    enum slw_status status = text->status;
    if (status == SLW_OK) {
        (void)fwrite(text->ptr, 1, text->len, stdout); /* errors stay in stdout until cli_flush() */
    }
    slw_heap_free(text);
    return status == SLW_OK ? CLI_DONE : cli_error(cli, "out of memory");
}

bool cli_flush(const struct cli *cli)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0) {
        return true;
    }
    (void)cli_error(cli, "standard output: %s", errno == 0 ? "can't be written" : strerror(errno));
    return false;
}

void cli_format_round(uint64_t bytes, struct slw_heap_buffer *ret_text)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 999.5 && unit + 1 < sizeof units / sizeof units[0]) {
        value /= 1000;
        unit++;
    }
    slw_heap_printf(ret_text, unit == 0 || value >= 99.5 ? "%.0f %s" : "%.1f %s", value,
                    units[unit]);
}

static void format_grouped(uint64_t value, struct slw_heap_buffer *ret_text)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, value);
    for (int i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            slw_heap_append_text(ret_text, ",");
        }
        slw_heap_append(ret_text, slw_bytes_make(&digits[i], 1));
    }
}

void cli_format_size(uint64_t bytes, struct slw_heap_buffer *ret_text)
{
    if (bytes < 10000) {
        format_grouped(bytes, ret_text);
        slw_heap_append_text(ret_text, bytes == 1 ? " byte" : " bytes");
        return;
    }
    cli_format_round(bytes, ret_text);
    slw_heap_append_text(ret_text, " (");
    format_grouped(bytes, ret_text);
    slw_heap_append_text(ret_text, " bytes)");
}
