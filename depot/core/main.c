/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program slipway-depot (docs/DEPOT.md).
 *
 *     slipway-depot run --config FILE
 *     slipway-depot init --config FILE --administrator NAME [--password-file FILE]
 *                        [--token-file FILE]
 *     slipway-depot migrate|check --config FILE
 *     slipway-depot backup|restore --config FILE DIRECTORY
 *     slipway-depot routes
 *
 * `run` ends on SIGTERM and SIGINT, within 10 s; what is being asked is answered first. Exit
 * status: 0; 1 when it failed; 2 for arguments that make no sense.
 */
#include "commands.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

static int usage(void)
{
    (void)fputs("usage: slipway-depot run --config FILE\n"
                "       slipway-depot init --config FILE --administrator NAME [--password-file "
                "FILE] [--token-file FILE]\n"
                "       slipway-depot migrate|check --config FILE\n"
                "       slipway-depot backup|restore --config FILE DIRECTORY\n"
                "       slipway-depot routes\n",
                stderr);
    return 2;
}

static const struct command {
    const char *name;
    enum slw_status (*run)(const struct depot_command *command, struct slw_detail *detail);
    bool has_config, has_directory, has_people;
} commands[] = {
    {"run", depot_command_run, true, false, false},
    {"init", depot_command_init, true, false, true},
    {"migrate", depot_command_migrate, true, false, false},
    {"check", depot_command_check, true, false, false},
    {"backup", depot_command_backup, true, true, false},
    {"restore", depot_command_restore, true, true, false},
    {"routes", depot_command_routes, false, false, false},
};
#define COMMANDS (sizeof commands / sizeof commands[0])

static bool parse_options(int argc, char **argv, struct depot_command *command)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"administrator", required_argument, NULL, 'a'},
        {"password-file", required_argument, NULL, 'p'},
        {"token-file", required_argument, NULL, 't'},
        {NULL, 0, NULL, 0},
    };
    int option = 0;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const char **place = option == 'c'   ? &command->config
                             : option == 'a' ? &command->administrator
                             : option == 'p' ? &command->password_file
                             : option == 't' ? &command->token_file
                                             : NULL;
        if (place == NULL || *place != NULL) {
            return false;
        }
        *place = optarg;
    }
    return true;
}

/* Whether what it was given is what it takes. */
static bool fits(const struct command *named, const struct depot_command *command)
{
    bool has_people = command->administrator != NULL || command->password_file != NULL ||
                      command->token_file != NULL;
    return named->has_config == (command->config != NULL) &&
           (named->has_people ? command->administrator != NULL : !has_people) &&
           named->has_directory == (command->directory != NULL);
}

int main(int argc, char **argv)
{
    struct depot_command command = {0};
    struct slw_detail detail = {"can't be started"};
    const struct command *named = NULL;
    for (size_t i = 0; i < COMMANDS && argc > 1; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            named = &commands[i];
        }
    }
    if (named == NULL || !parse_options(argc - 1, argv + 1, &command)) {
        return usage();
    }
    char **rest = argv + 1 + optind;
    int rest_count = argc - 1 - optind;
    command.directory = rest_count == 1 ? rest[0] : NULL;
    if (rest_count > 1 || !fits(named, &command)) {
        return usage();
    }
    if (named->run(&command, &detail) != SLW_OK) {
        (void)fprintf(stderr, "slipway-depot: %s\n", detail.text);
        return 1;
    }
    return 0;
}
