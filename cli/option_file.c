/* SPDX-License-Identifier: Apache-2.0 */
/* Options from a file. See option_file.h. */
#include "option_file.h"

#include "command.h"

#include "slipway/ini.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 64u
#define SETTING_SIZE_MAX 1024u

struct reading {
    struct cli *cli;
    const struct cli_option_file *file;
    struct cli_filled *filled;
    const struct cli_arguments *given; /* on the command line */
    const char *path;
    enum cli_exit code;
    size_t count;
    struct {
        const struct cli_option *option;
        size_t value; /* where it is in the signer's words */
    } settings[SETTINGS_MAX];
};

static const struct cli_option *find_option(const struct cli_command *command, const char *name)
{
    for (const struct cli_option *at = command->options; at->name != NULL; at++) {
        if (strcmp(at->name + 2, name) == 0) {
            return at;
        }
    }
    return NULL;
}

static bool is_setting(const struct cli_option_file *file, const char *name)
{
    for (size_t i = 0; file->options[i] != NULL; i++) {
        if (strcmp(file->options[i] + 2, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    struct cli *cli = reading->cli;
    struct slw_heap_buffer *words = &reading->filled->words;
    const struct cli_option *option = find_option(reading->given->command, name);
    if (strcmp(section, reading->file->section) != 0 || !is_setting(reading->file, name)) {
        reading->code = cli_error(cli, "%s: %s: not a setting of section [%s]", reading->path, name,
                                  reading->file->section);
        return false;
    }
    if (option == NULL || cli_has(reading->given, option->name)) {
        return true; /* another command's, or given on the command line */
    }
    if (reading->count == SETTINGS_MAX || strlen(value) > SETTING_SIZE_MAX) {
        reading->code =
            cli_error(cli, "%s: %s: too long, or too many settings", reading->path, name);
        return false;
    }
    reading->settings[reading->count].option = option;
    reading->settings[reading->count].value = words->len;
    reading->count++;
    slw_heap_append(words, slw_bytes_make(value, strlen(value) + 1));
    return true;
}

static enum cli_exit read_file(struct reading *reading, bool must_exist)
{
    struct cli *cli = reading->cli;
    enum slw_status status = slw_ini_read(reading->path, take_line, reading, &cli->detail);
    if (status == SLW_OK || reading->code != CLI_DONE || (status == SLW_NOT_FOUND && !must_exist)) {
        return reading->code;
    }
    return cli_error(cli, "%s", cli->detail.text);
}

static void format_default_path(const struct cli_option_file *file, struct slw_heap_buffer *path)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (base != NULL && base[0] == '/') {
        slw_heap_printf(path, "%s/slipway/%s", base, file->name);
    } else if (home != NULL) {
        slw_heap_printf(path, "%s/.config/slipway/%s", home, file->name);
    }
}

/* The command line's options, and behind them those of the file. */
static enum cli_exit merge(struct reading *reading)
{
    struct cli_arguments *merged = &reading->filled->arguments;
    const struct cli_arguments *given = reading->given;
    *merged = *given;
    merged->given = calloc(given->given_count + reading->count + 1, sizeof *merged->given);
    if (merged->given == NULL || reading->filled->words.status != SLW_OK) {
        return cli_error(reading->cli, "out of memory");
    }
    if (given->given_count > 0) {
        memcpy(merged->given, given->given, given->given_count * sizeof *merged->given);
    }
    for (size_t i = 0; i < reading->count; i++) {
        merged->given[merged->given_count++] = (struct cli_given){
            .option = reading->settings[i].option,
            .value = (const char *)reading->filled->words.ptr + reading->settings[i].value,
        };
    }
    return CLI_DONE;
}

enum cli_exit cli_fill_options(struct cli *cli, const struct cli_arguments *arguments,
                               const struct cli_option_file *file, struct cli_filled *ret_filled)
{
    struct slw_heap_buffer path = {0};
    const char *named = cli_value(arguments, "--config");
    struct reading reading = {.cli = cli, .file = file, .filled = ret_filled, .given = arguments};
    *ret_filled = (struct cli_filled){.words = {0}};
    if (named != NULL) {
        slw_heap_append_text(&path, named);
    } else {
        format_default_path(file, &path);
    }
    reading.path = slw_heap_text(&path);
    enum cli_exit code = path.len == 0 ? CLI_DONE : read_file(&reading, named != NULL);
    if (code == CLI_DONE) {
        code = merge(&reading);
    }
    slw_heap_drop(&path);
    return code;
}

void cli_filled_free(struct cli_filled *filled)
{
    slw_heap_free(&filled->words);
    free(filled->arguments.given);
    filled->arguments.given = NULL;
}
