/* SPDX-License-Identifier: Apache-2.0 */
/* What the program slipway-depot can be told to do: main.c chooses one. They print what people
 * should know on standard output. */
#ifndef SLIPWAY_DEPOT_COMMANDS_H
#define SLIPWAY_DEPOT_COMMANDS_H

#include "program.h"

struct depot_command {
    const char *config;
    const char *administrator;
    const char *password_file;
    const char *token_file;
    const char *directory;
};

typedef enum slw_status depot_command_function(const struct depot_command *command,
                                               struct slw_detail *detail);

/* Serves until SIGTERM or SIGINT. */
depot_command_function depot_command_run;
/* Makes the secret, the database and the first administrator, with an invitation or a password, and
 * a token when a file is named for it. */
depot_command_function depot_command_init;
depot_command_function depot_command_migrate;
/* Reads the settings, opens everything, and recomputes the audit trail. */
depot_command_function depot_command_check;
/* To and from a directory; see backup.c. */
depot_command_function depot_command_backup;
depot_command_function depot_command_restore;
/* Prints every call that this program takes, as JSON; needs no settings. */
depot_command_function depot_command_routes;

/* Blobs of the settings' store to DIRECTORY/blobs, or back. ret_count: how many there are. */
SLW_MUST_USE enum slw_status depot_copy_blobs(const struct depot_settings *settings,
                                              const char *directory, bool to_directory,
                                              int64_t *ret_count, struct slw_detail *detail);

#endif
