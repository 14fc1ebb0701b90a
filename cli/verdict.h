/* SPDX-License-Identifier: Apache-2.0 */
/* How a verdict is told: the line on stderr, the JSON object on stdout, the exit code. */
#ifndef SLIPWAY_CLI_VERDICT_H
#define SLIPWAY_CLI_VERDICT_H

#include "output.h"

#include "slipway/finding.h"
#include "slipway/json.h"

/*
 * Begins the object of --json for a refusal: verdict, reason, detail, role, key_id, target. The
 * caller adds versions and ends it. text is the detail; NULL: the finding in words. trusted_path is
 * where the trusted root was to be; NULL: there is none.
 */
void cli_json_refusal(struct slw_json *json, const struct slw_finding *finding,
                      const char *trusted_path, const char *text);

/* "refused: wrong-hash: target "app": …" on stderr; the exit code of the finding. */
enum cli_exit cli_refuse_finding(struct cli *cli, const struct slw_finding *finding,
                                 const char *trusted_path);

#endif
