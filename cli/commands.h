/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all commands: where a new noun joins (commands.c), and how the rest finds them. */
#ifndef SLIPWAY_CLI_COMMANDS_H
#define SLIPWAY_CLI_COMMANDS_H

#include "command.h"

extern const struct cli_noun cli_key_noun;
extern const struct cli_noun cli_root_noun;
extern const struct cli_noun cli_bundle_noun;
extern const struct cli_noun cli_build_noun;
extern const struct cli_noun cli_device_noun;
extern const struct cli_noun cli_repo_noun;
extern const struct cli_noun cli_sign_noun;
extern const struct cli_noun cli_audit_noun;
extern const struct cli_noun cli_ceremony_noun;
extern const struct cli_noun cli_product_noun;
extern const struct cli_noun cli_release_noun;
extern const struct cli_noun cli_rollout_noun;
extern const struct cli_noun cli_fleet_noun;
extern const struct cli_noun cli_people_noun;
extern const struct cli_noun cli_runner_noun;

/* Pigweed's ten commands, one word each; the last has no verb. */
extern const struct cli_command cli_pigweed_commands[];

/* `slipway tuf`, in the form that TUF's conformance suite asks for. */
extern const struct cli_command cli_tuf_commands[];

/* `slipway review`. */
extern const struct cli_command cli_review_commands[];

/* All nouns; the last is NULL. */
extern const struct cli_noun *const cli_nouns[];

/* NULL when there is no such. */
const struct cli_noun *cli_find_noun(const char *word);
const struct cli_command *cli_find_single(const char *word);
const struct cli_command *cli_find_verb(const struct cli_noun *noun, const char *word);

/* What somebody may have meant; NULL when nothing is near. */
const char *cli_nearest_command(const char *word);
const char *cli_nearest_verb(const struct cli_noun *noun, const char *word);

#endif
