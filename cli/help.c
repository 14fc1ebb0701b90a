/* SPDX-License-Identifier: Apache-2.0 */
/* Help that teaches, made of the tables of commands: so it can't differ from what is accepted. */
#include "help.h"

#include "commands.h"

#include <string.h>

#define OPTION_COLUMN 30

static const char exit_codes[] =
    "Exit codes:\n"
    "  0 done   1 failed (input, output, internal)   2 usage   3 refused by verification\n"
    "  4 refused only because something expired   5 device or transport   6 nothing to do\n"
    "  7 denied, or waiting for approval or consent   130 interrupted\n";

static const char exit_codes_of_a_verdict[] = "Exit codes:\n"
                                              "  0 everything succeeded   1 anything else\n";

static void append_rows(const struct cli_command *commands, struct slw_heap_buffer *ret_text)
{
    for (; commands->verb != NULL; commands++) {
        slw_heap_printf(ret_text, "  %-28s%s\n", commands->verb, commands->summary);
    }
}

static void append_option(const struct cli_option *option, struct slw_heap_buffer *ret_text)
{
    size_t start = ret_text->len;
    slw_heap_append_text(ret_text, "  ");
    if (option->letter != 0) {
        slw_heap_printf(ret_text, "-%c, ", option->letter);
    }
    slw_heap_append_text(ret_text, option->name);
    if (option->value != NULL) {
        slw_heap_printf(ret_text, " %s", option->value);
    }
    if (option->repeated) {
        slw_heap_append_text(ret_text, "…");
    }
    /* The ellipsis has three bytes and one column. */
    size_t width = ret_text->len - start - (option->repeated ? 2 : 0);
    if (width >= OPTION_COLUMN) {
        slw_heap_append_text(ret_text, "\n");
        width = 0;
    }
    slw_heap_printf(ret_text, "%*s%s\n", (int)(OPTION_COLUMN - width), "", option->help);
}

static void append_options(const char *title, const struct cli_option *options,
                           struct slw_heap_buffer *ret_text)
{
    if (options == NULL || options->name == NULL) {
        return;
    }
    slw_heap_printf(ret_text, "\n%s:\n", title);
    for (; options->name != NULL; options++) {
        append_option(options, ret_text);
    }
}

/* Each line of text with two spaces in front. */
static void append_indented(const char *text, struct slw_heap_buffer *ret_text)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        slw_heap_append_text(ret_text, len == 0 ? "" : "  ");
        slw_heap_append(ret_text, slw_bytes_make(text, len));
        slw_heap_append_text(ret_text, "\n");
        text += len + (text[len] == '\n' ? 1 : 0);
    }
}

static void help_for_command(const struct cli_command *command, struct slw_heap_buffer *ret_text)
{
    slw_heap_printf(ret_text, "%s: %s\n\nUsage:\n  %s ", command->usage, command->summary,
                    command->usage);
    slw_heap_append_text(ret_text, command->synopsis);
    slw_heap_append_text(ret_text, "\n");
    if (command->about != NULL) {
        slw_heap_append_text(ret_text, "\n");
        slw_heap_append_text(ret_text, command->about);
        slw_heap_append_text(ret_text, "\n");
    }
    append_options("Options", command->options, ret_text);
    append_options("Everywhere", cli_global_options, ret_text);
    if (command->examples != NULL) {
        slw_heap_append_text(ret_text, "\nExamples:\n");
        append_indented(command->examples, ret_text);
    }
    slw_heap_append_text(ret_text, "\n");
    slw_heap_append_text(ret_text,
                         command->usage_exit == CLI_FAILED ? exit_codes_of_a_verdict : exit_codes);
}

static void help_for_noun(const struct cli_noun *noun, struct slw_heap_buffer *ret_text)
{
    slw_heap_printf(ret_text, "%s: %s\n\nUsage:\n  %s VERB …\n\nVerbs:\n", noun->usage,
                    noun->summary, noun->usage);
    append_rows(noun->commands, ret_text);
    slw_heap_printf(ret_text, "\n`%s VERB --help` says more about one.\n", noun->usage);
}

static void help_for_program(struct slw_heap_buffer *ret_text)
{
    slw_heap_append_text(
        ret_text,
        "slipway: deliver software to devices so that only what was meant ever runs there\n"
        "\n"
        "Usage:\n"
        "  slipway NOUN VERB …\n"
        "\n"
        "Nouns:\n");
    for (size_t i = 0; cli_nouns[i] != NULL; i++) {
        slw_heap_printf(ret_text, "  %-28s%s\n", cli_nouns[i]->name, cli_nouns[i]->summary);
    }
    append_rows(cli_review_commands, ret_text);
    slw_heap_append_text(ret_text, "\nPigweed's commands, with its options:\n");
    append_rows(cli_pigweed_commands, ret_text);
    slw_heap_append_text(ret_text, "\nFor TUF's conformance suite:\n");
    append_rows(cli_tuf_commands, ret_text);
    append_options("Everywhere", cli_global_options, ret_text);
    slw_heap_append_text(
        ret_text,
        "\n"
        "From nothing to a verified bundle:\n"
        "  slipway key generate root.key\n"
        "  slipway key generate targets.key\n"
        "  slipway root create -o root.pb --root-key root.key.pub --targets-key targets.key.pub\n"
        "  slipway root sign root.pb --key root.key\n"
        "  slipway bundle create app.bundle --file app=app.bin --key targets.key --root root.pb\n"
        "  slipway bundle verify app.bundle --trusted-root root.pb\n"
        "\n"
        "`slipway NOUN --help` lists a noun's verbs, `slipway NOUN VERB --help` explains one.\n"
        "\n");
    slw_heap_append_text(ret_text, exit_codes);
}

void cli_help(const struct cli_arguments *arguments, struct slw_heap_buffer *ret_text)
{
    if (arguments->command != NULL) {
        help_for_command(arguments->command, ret_text);
    } else if (arguments->noun != NULL) {
        help_for_noun(arguments->noun, ret_text);
    } else {
        help_for_program(ret_text);
    }
}
