/* SPDX-License-Identifier: Apache-2.0 */
/* Transparency proofs of bundles, for `bundle add-proof` and `bundle inspect`. */
#ifndef SLIPWAY_CLI_BUNDLE_PROOF_H
#define SLIPWAY_CLI_BUNDLE_PROOF_H

#include "bundle.h"
#include "transparency.h"
#include "tree.h"

#include "slipway/json.h"
#include "slipway/tlog_proof.h"

/* Puts a proof from a file (binary, or text with --log) into a bundle; with --log verified first.
 */
enum cli_exit cli_bundle_add_proof(struct cli *cli, const struct cli_arguments *arguments);

/* The bundle's proof taken apart; false when it isn't one. */
bool cli_bundle_proof_load(struct cli *cli, const struct cli_bundle_file *bundle,
                           struct slw_tlog_proof_fields *ret_fields);

/* Appends it as C2SP tlog-proof text; false without the log's key, for then it has no names. */
bool cli_bundle_proof_text(struct cli *cli, const struct cli_bundle_file *bundle,
                           const struct cli_transparency *transparency,
                           const struct slw_tlog_proof_fields *fields,
                           struct slw_heap_buffer *ret_text);

/* What `bundle inspect` shows of a bundle's proof: in its tree, and behind it when the log's key is
 * given, as text that other programs read. */
void cli_print_proof(struct cli *cli, const struct cli_bundle_file *bundle,
                     const struct cli_transparency *transparency, struct slw_heap_buffer *ret_text);
void cli_tree_proof(struct cli *cli, struct cli_tree *tree, const struct cli_bundle_file *bundle,
                    const struct cli_transparency *transparency);
void cli_json_proof(struct cli *cli, struct slw_json *json, const struct cli_bundle_file *bundle,
                    const struct cli_transparency *transparency);

#endif
