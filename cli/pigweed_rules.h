/* SPDX-License-Identifier: Apache-2.0 */
/* Whether Pigweed's own verifiers, Python's and C++'s, take a bundle that ours takes. */
#ifndef SLIPWAY_CLI_PIGWEED_RULES_H
#define SLIPWAY_CLI_PIGWEED_RULES_H

#include "verification.h"

/*
 * For a bundle that was accepted. Leaves finding alone when they take it; else fills it in, and
 * cli->detail with what they would stumble over. An exit code other than CLI_DONE: it couldn't be
 * found out, as was said.
 */
enum cli_exit cli_check_pigweed_rules(struct cli_verification *verification,
                                      const char *trusted_root_path, struct slw_finding *finding);

#endif
