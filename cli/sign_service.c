/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing service as the commands of `slipway sign` reach it: options, and sign.conf for those
 * that aren't given.
 */
#include "sign.h"

#include "command.h"

#include "slipway/ini.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SETTINGS_MAX 64u
#define SETTING_SIZE_MAX 1024u

/* What sign.conf may set: the names of options, without the dashes. */
static const char *const setting_names[] = {
    "--signer",  "--ca-file",        "--certificate",   "--certificate-key", "--log",
    "--witness", "--witness-quorum", "--requester-key", "--approver-key",    "--ssh-key",
    NULL,
};

struct reading {
    struct cli_signer *signer;
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

static bool is_setting(const char *name)
{
    for (size_t i = 0; setting_names[i] != NULL; i++) {
        if (strcmp(setting_names[i] + 2, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool take_line(void *context, const char *section, const char *name, const char *value)
{
    struct reading *reading = context;
    struct cli *cli = reading->signer->cli;
    struct slw_heap_buffer *words = &reading->signer->words;
    const struct cli_option *option = find_option(reading->given->command, name);
    if (strcmp(section, "sign") != 0 || !is_setting(name)) {
        reading->code =
            cli_error(cli, "%s: %s: not a setting of section [sign]", reading->path, name);
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
    struct cli *cli = reading->signer->cli;
    enum slw_status status = slw_ini_read(reading->path, take_line, reading, &cli->detail);
    if (status == SLW_OK || reading->code != CLI_DONE || (status == SLW_NOT_FOUND && !must_exist)) {
        return reading->code;
    }
    return cli_error(cli, "%s", cli->detail.text);
}

static void format_default_path(struct slw_heap_buffer *path)
{
    const char *base = getenv("XDG_CONFIG_HOME");
    const char *home = getenv("HOME");
    if (base != NULL && base[0] == '/') {
        slw_heap_printf(path, "%s/slipway/sign.conf", base);
    } else if (home != NULL) {
        slw_heap_printf(path, "%s/.config/slipway/sign.conf", home);
    }
}

/* The command line's options, and behind them those of the file. */
static enum cli_exit merge(struct reading *reading)
{
    struct cli_arguments *merged = &reading->signer->arguments;
    const struct cli_arguments *given = reading->given;
    *merged = *given;
    merged->given = calloc(given->given_count + reading->count + 1, sizeof *merged->given);
    if (merged->given == NULL || reading->signer->words.status != SLW_OK) {
        return cli_error(reading->signer->cli, "out of memory");
    }
    if (given->given_count > 0) {
        memcpy(merged->given, given->given, given->given_count * sizeof *merged->given);
    }
    for (size_t i = 0; i < reading->count; i++) {
        merged->given[merged->given_count++] = (struct cli_given){
            .option = reading->settings[i].option,
            .value = (const char *)reading->signer->words.ptr + reading->settings[i].value,
        };
    }
    return CLI_DONE;
}

static enum cli_exit read_settings(struct cli_signer *signer, const struct cli_arguments *arguments)
{
    struct slw_heap_buffer path = {0};
    const char *named = cli_value(arguments, "--config");
    struct reading reading = {.signer = signer, .given = arguments};
    if (named != NULL) {
        slw_heap_append_text(&path, named);
    } else {
        format_default_path(&path);
    }
    reading.path = slw_heap_text(&path);
    enum cli_exit code = path.len == 0 ? CLI_DONE : read_file(&reading, named != NULL);
    if (code == CLI_DONE) {
        code = merge(&reading);
    }
    slw_heap_drop(&path);
    return code;
}

static enum cli_exit connect_to(struct cli_signer *signer, bool needs_log)
{
    struct cli *cli = signer->cli;
    const struct cli_arguments *arguments = &signer->arguments;
    const struct slw_signer_client_settings settings = {
        .url = cli_value(arguments, "--signer"),
        .ca_file = cli_value(arguments, "--ca-file"),
        .certificate_file = cli_value(arguments, "--certificate"),
        .key_file = cli_value(arguments, "--certificate-key"),
    };
    if (settings.url == NULL) {
        return cli_usage(cli, "--signer is missing, and sign.conf doesn't say it either");
    }
    if (!cli_transparency_read(cli, arguments, &signer->transparency)) {
        return CLI_USAGE;
    }
    if (needs_log && !signer->transparency.given) {
        return cli_usage(cli, "--log is missing: the verifier key of the service's log");
    }
    enum slw_status status = slw_signer_client_new(&settings, &signer->client, &cli->detail);
    if (status == SLW_BAD_ARGUMENT) {
        return cli_usage(cli, "%s", cli->detail.text);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_signer_open(struct cli *cli, const struct cli_arguments *arguments,
                              bool needs_log, struct cli_signer *ret_signer)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    *ret_signer = (struct cli_signer){.cli = cli};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a connection that ends is a status */
    enum cli_exit code = read_settings(ret_signer, arguments);
    if (code == CLI_DONE) {
        code = connect_to(ret_signer, needs_log);
    }
    if (code != CLI_DONE) {
        cli_signer_close(ret_signer);
    }
    return code;
}

void cli_signer_close(struct cli_signer *signer)
{
    slw_signer_client_free(signer->client);
    slw_heap_free(&signer->words);
    free(signer->arguments.given);
    signer->client = NULL;
    signer->arguments.given = NULL;
}

enum cli_exit cli_signer_fail(const struct cli_signer *signer, enum slw_status status)
{
    const struct cli *cli = signer->cli;
    if (status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_IO_CLOSED) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DEVICE;
    }
    if (slw_status_is_refusal(status)) {
        (void)cli_refuse(cli, status, cli->detail.text);
        return CLI_DENIED;
    }
    return cli_error(cli, "%s", cli->detail.text);
}

enum cli_exit cli_unverified(struct cli *cli, enum slw_status status)
{
    if (status == SLW_BAD_SIGNATURE) {
        (void)cli_refuse(cli, status, cli->detail.text);
        return CLI_REFUSED;
    }
    return cli_fail(cli, status);
}

struct slw_bytes cli_signer_origin(const struct cli_signer *signer)
{
    const char *name = signer->transparency.log.name;
    return slw_bytes_make(name, strlen(name));
}
