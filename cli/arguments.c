/* SPDX-License-Identifier: Apache-2.0 */
/* The command line's words become options and positional arguments: the parser of arguments.h. */
#include "arguments.h"

#include "command.h"
#include "commands.h"
#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cli_option cli_global_options[] = {
    {.name = "--json", .help = "print data as JSON on stdout"},
    {.name = "--quiet", .letter = 'q', .help = "say nothing but data and errors"},
    {.name = "--verbose", .letter = 'v', .help = "say more of what is done"},
    {.name = "--color", .value = "WHEN", .help = "auto (unless given), always or never"},
    {.name = "--no-progress", .help = "no progress bar, on a terminal either"},
    {.name = "--help", .letter = 'h', .help = "show how this is used"},
    {.name = "--version", .help = "print the version"},
    {0},
};

struct parser {
    struct cli *cli;
    char *const *words;
    size_t count;
    size_t at;
    struct cli_arguments *arguments;
    const struct cli_noun *noun; /* named, and its verb not yet */
    bool only_positionals;       /* after -- */
};

/* --name or --name=value: compares the name only. */
static bool is_named(const struct cli_option *option, const char *word)
{
    size_t len = strcspn(word, "=");
    return strlen(option->name) == len && strncmp(option->name, word, len) == 0;
}

static const struct cli_option *find_in(const struct cli_option *options, const char *word)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (word[1] == '-' ? is_named(options, word)
                           : options->letter != 0 && options->letter == word[1]) {
            return options;
        }
    }
    return NULL;
}

/* A command's own option comes first: `root create --version 3` isn't about the program. */
static const struct cli_option *find_option(const struct parser *parser, const char *word)
{
    const struct cli_command *command = parser->arguments->command;
    const struct cli_option *option = command == NULL ? NULL : find_in(command->options, word);
    return option != NULL ? option : find_in(cli_global_options, word);
}

static void append_names(const struct cli_option *options, const char **names, size_t *count)
{
    for (; options != NULL && options->name != NULL && *count < CLI_WORDS_MAX - 1; options++) {
        names[(*count)++] = options->name;
    }
}

static bool refuse_option(const struct parser *parser, const char *word)
{
    const struct cli_command *command = parser->arguments->command;
    const char *names[CLI_WORDS_MAX] = {NULL};
    size_t count = 0;
    append_names(command == NULL ? NULL : command->options, names, &count);
    append_names(cli_global_options, names, &count);
    const char *near = cli_nearest(word, names);
    if (command == NULL && parser->noun == NULL) {
        (void)cli_usage(parser->cli, "unknown option %s%s", word,
                        near == NULL ? " before a command" : "");
    } else if (near != NULL) {
        (void)cli_usage(parser->cli, "unknown option %s; %s?", word, near);
    } else {
        (void)cli_usage(parser->cli, "unknown option %s", word);
    }
    return false;
}

static bool add_given(struct parser *parser, const struct cli_option *option, const char *value)
{
    struct cli_arguments *arguments = parser->arguments;
    if (!option->repeated && option->value != NULL && cli_has(arguments, option->name)) {
        (void)cli_usage(parser->cli, "%s was given twice", option->name);
        return false;
    }
    arguments->given[arguments->given_count++] = (struct cli_given){option, value};
    return true;
}

/* The value in the same word (after = or the letter), or the next word. */
static bool take_value(struct parser *parser, const struct cli_option *option, const char *inside)
{
    if (option->value == NULL) {
        if (inside != NULL) {
            (void)cli_usage(parser->cli, "%s takes no value", option->name);
            return false;
        }
        return add_given(parser, option, NULL);
    }
    if (inside == NULL) {
        if (parser->at == parser->count) {
            (void)cli_usage(parser->cli, "%s needs a value: %s", option->name, option->value);
            return false;
        }
        inside = parser->words[parser->at++];
    }
    return add_given(parser, option, inside);
}

static bool take_long_option(struct parser *parser, const char *word)
{
    const struct cli_option *option = find_option(parser, word);
    const char *equals = strchr(word, '=');
    if (option == NULL) {
        return refuse_option(parser, word);
    }
    return take_value(parser, option, equals == NULL ? NULL : equals + 1);
}

/* -q, -qv, -o FILE, -oFILE */
static bool take_short_options(struct parser *parser, const char *word)
{
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        char single[3] = {'-', *letter, '\0'};
        const struct cli_option *option = find_option(parser, single);
        if (option == NULL) {
            return refuse_option(parser, single);
        }
        if (option->value != NULL) {
            return take_value(parser, option, letter[1] == '\0' ? NULL : letter + 1);
        }
        if (!add_given(parser, option, NULL)) {
            return false;
        }
    }
    return true;
}

/* The first word is a noun or a command of one word, the second a verb. */
static bool take_command_word(struct parser *parser, const char *word)
{
    if (parser->noun == NULL) {
        parser->noun = cli_find_noun(word);
        parser->arguments->command = parser->noun == NULL ? cli_find_single(word) : NULL;
        if (parser->noun != NULL || parser->arguments->command != NULL) {
            return true;
        }
        const char *near = cli_nearest_command(word);
        (void)cli_usage(parser->cli,
                        near == NULL ? "unknown command %s" : "unknown command %s; %s?", word,
                        near);
        return false;
    }
    parser->arguments->command = cli_find_verb(parser->noun, word);
    if (parser->arguments->command != NULL) {
        return true;
    }
    const char *near = cli_nearest_verb(parser->noun, word);
    parser->cli->usage_hint = parser->noun->usage;
    (void)cli_usage(parser->cli,
                    near == NULL ? "slipway %s has no %s" : "slipway %s has no %s; %s?",
                    parser->noun->name, word, near);
    return false;
}

static bool take_word(struct parser *parser)
{
    const char *word = parser->words[parser->at++];
    if (!parser->only_positionals && word[0] == '-' && word[1] != '\0') {
        if (strcmp(word, "--") == 0) {
            parser->only_positionals = true;
            return true;
        }
        return word[1] == '-' ? take_long_option(parser, word) : take_short_options(parser, word);
    }
    if (parser->arguments->command == NULL) {
        return take_command_word(parser, word);
    }
    parser->arguments->positionals[parser->arguments->positionals_count++] = word;
    return true;
}

static bool check_complete(struct cli *cli, const struct cli_arguments *arguments)
{
    const struct cli_command *command = arguments->command;
    for (const struct cli_option *option = command->options; option != NULL && option->name != NULL;
         option++) {
        if (option->required && !cli_has(arguments, option->name)) {
            (void)cli_usage(cli, "%s %s is missing", option->name, option->value);
            return false;
        }
    }
    if (arguments->positionals_count < command->positionals_min) {
        (void)cli_usage(cli, "too few arguments: %.*s", (int)strcspn(command->synopsis, "\n"),
                        command->synopsis);
        return false;
    }
    if (arguments->positionals_count > command->positionals_max) {
        (void)cli_usage(cli, "one argument too many: %s",
                        arguments->positionals[command->positionals_max]);
        return false;
    }
    return true;
}

static bool apply_global(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *color = cli_value(arguments, "--color");
    cli->json = cli_has(arguments, "--json");
    cli->quiet = cli_has(arguments, "--quiet");
    cli->verbose = cli_has(arguments, "--verbose");
    cli->progress = cli->progress && !cli->quiet && !cli_has(arguments, "--no-progress");
    if (color != NULL && !cli_set_color(cli, color)) {
        (void)cli_usage(cli, "--color %s: auto, always or never", color);
        return false;
    }
    return true;
}

bool cli_parse(struct cli *cli, int argc, char *const *argv, struct cli_arguments *ret_arguments)
{
    size_t count = argc > 0 ? (size_t)argc : 0;
    size_t letters = 1;
    for (size_t i = 0; i < count; i++) {
        letters += strlen(argv[i]); /* each letter of -qv may be an option */
    }
    struct cli_arguments arguments = {
        .given = calloc(letters, sizeof *arguments.given),
        .positionals = calloc(count + 1, sizeof *arguments.positionals),
    };
    *ret_arguments = arguments;
    if (arguments.given == NULL || arguments.positionals == NULL) {
        (void)cli_error(cli, "out of memory");
        return false;
    }
    struct parser parser = {.cli = cli, .words = argv, .count = count, .arguments = ret_arguments};
    bool good = true;
    while (good && parser.at < parser.count) {
        good = take_word(&parser);
        if (ret_arguments->command != NULL) {
            cli->usage_hint = ret_arguments->command->usage;
        }
    }
    ret_arguments->noun = parser.noun;
    if (!good || !apply_global(cli, ret_arguments)) {
        return false;
    }
    return ret_arguments->command == NULL || cli_asks_for_help(ret_arguments) ||
           check_complete(cli, ret_arguments);
}

bool cli_asks_for_help(const struct cli_arguments *arguments)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct cli_option *option = arguments->given[i].option;
        if (option->value == NULL &&
            (strcmp(option->name, "--help") == 0 || strcmp(option->name, "--version") == 0)) {
            return true;
        }
    }
    return false;
}

void cli_arguments_free(struct cli_arguments *arguments)
{
    free(arguments->given);
    free(arguments->positionals);
    *arguments = (struct cli_arguments){0};
}

const char *cli_nth(const struct cli_arguments *arguments, const char *name, size_t index)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        if (strcmp(arguments->given[i].option->name, name) == 0) {
            if (index == 0) {
                return arguments->given[i].value == NULL ? "" : arguments->given[i].value;
            }
            index--;
        }
    }
    return NULL;
}

size_t cli_count(const struct cli_arguments *arguments, const char *name)
{
    size_t count = 0;
    while (cli_nth(arguments, name, count) != NULL) {
        count++;
    }
    return count;
}

bool cli_has(const struct cli_arguments *arguments, const char *name)
{
    return cli_nth(arguments, name, 0) != NULL;
}

const char *cli_value(const struct cli_arguments *arguments, const char *name)
{
    return cli_nth(arguments, name, 0);
}
