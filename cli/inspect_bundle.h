/* SPDX-License-Identifier: Apache-2.0 */
/* What the tree and the JSON of `bundle inspect` share. */
#ifndef SLIPWAY_CLI_INSPECT_BUNDLE_H
#define SLIPWAY_CLI_INSPECT_BUNDLE_H

#include "bundle.h"
#include "transparency.h"
#include "tree.h"

#include "slipway/json.h"

/* "lz", "delta", "zstd"; NULL for kinds that we don't know. */
const char *cli_encoding_name(uint32_t kind);

/* Whether the metadata names a payload. */
bool cli_is_listed(const struct slw_targets_draft *draft, struct slw_bytes name);

/* The version of a root in the history; false when it can't be read. */
bool cli_history_version(struct cli *cli, const struct cli_bundle_file *bundle, size_t number,
                         uint32_t *ret_version);

/* The whole object and a newline. */
void cli_json_bundle(struct cli *cli, const struct cli_bundle_file *bundle,
                     const struct slw_targets_draft *draft,
                     const struct cli_transparency *transparency, struct slw_heap_buffer *ret_text);

/* bundle_endorsements.c: the content digest, and what was said of it. */
void cli_tree_endorsements(struct cli_tree *tree, const struct cli_bundle_file *bundle,
                           const struct slw_targets_draft *draft);
void cli_json_endorsements(struct slw_json *json, const struct cli_bundle_file *bundle,
                           const struct slw_targets_draft *draft);

#endif
