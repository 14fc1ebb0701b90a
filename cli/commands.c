/* SPDX-License-Identifier: Apache-2.0 */
/* The nouns of `slipway`, and looking up what a command line names. */
#include "commands.h"

#include "values.h"

#include <string.h>

const struct cli_noun *const cli_nouns[] = {
    &cli_key_noun,      &cli_root_noun,    &cli_bundle_noun,  &cli_build_noun,
    &cli_device_noun,   &cli_repo_noun,    &cli_sign_noun,    &cli_audit_noun,
    &cli_ceremony_noun, &cli_product_noun, &cli_release_noun, &cli_rollout_noun,
    &cli_fleet_noun,    &cli_people_noun,  &cli_runner_noun,  NULL,
};

static const struct cli_command *find_command(const struct cli_command *commands, const char *word)
{
    for (; commands->verb != NULL; commands++) {
        if (strcmp(commands->verb, word) == 0) {
            return commands;
        }
    }
    return NULL;
}

const struct cli_noun *cli_find_noun(const char *word)
{
    for (size_t i = 0; cli_nouns[i] != NULL; i++) {
        if (strcmp(cli_nouns[i]->name, word) == 0) {
            return cli_nouns[i];
        }
    }
    return NULL;
}

const struct cli_command *cli_find_single(const char *word)
{
    const struct cli_command *command = find_command(cli_pigweed_commands, word);
    command = command != NULL ? command : find_command(cli_review_commands, word);
    return command != NULL ? command : find_command(cli_tuf_commands, word);
}

const struct cli_command *cli_find_verb(const struct cli_noun *noun, const char *word)
{
    return find_command(noun->commands, word);
}

static void append_verbs(const struct cli_command *commands, const char **words, size_t *count)
{
    for (; commands->verb != NULL && *count < CLI_WORDS_MAX - 1; commands++) {
        words[(*count)++] = commands->verb;
    }
}

const char *cli_nearest_command(const char *word)
{
    const char *words[CLI_WORDS_MAX] = {NULL};
    size_t count = 0;
    for (size_t i = 0; cli_nouns[i] != NULL && count < CLI_WORDS_MAX - 1; i++) {
        words[count++] = cli_nouns[i]->name;
    }
    append_verbs(cli_pigweed_commands, words, &count);
    append_verbs(cli_review_commands, words, &count);
    append_verbs(cli_tuf_commands, words, &count);
    return cli_nearest(word, words);
}

const char *cli_nearest_verb(const struct cli_noun *noun, const char *word)
{
    const char *words[CLI_WORDS_MAX] = {NULL};
    size_t count = 0;
    append_verbs(noun->commands, words, &count);
    return cli_nearest(word, words);
}
