/* SPDX-License-Identifier: Apache-2.0 */
/* What --help prints: for the program, a noun, a command. */
#ifndef SLIPWAY_CLI_HELP_H
#define SLIPWAY_CLI_HELP_H

#include "command.h"

/* Appends the help for what the command line names, from the program down to a command. */
void cli_help(const struct cli_arguments *arguments, struct slw_heap_buffer *ret_text);

#endif
