/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind `slipway root` do for its table and for Pigweed's commands. */
#ifndef SLIPWAY_CLI_ROOT_H
#define SLIPWAY_CLI_ROOT_H

#include "inputs.h"
#include "tree.h"

#include "slipway/json.h"

/* root_make.c: the options that name keys differ between our command and Pigweed's. */
enum cli_exit cli_root_create(struct cli *cli, const struct cli_arguments *arguments,
                              const char *root_keys_option, const char *targets_keys_option);
enum cli_exit cli_root_rotate(struct cli *cli, const struct cli_arguments *arguments);

/* root_sign.c */
enum cli_exit cli_root_sign(struct cli *cli, const char *path, const struct cli_keys *keys,
                            const char *signature_path, unsigned signature_flags);
enum cli_exit cli_root_add_signature(struct cli *cli, const struct cli_arguments *arguments);

/* How many distinct keys of a role have a good signature in the draft. */
uint32_t cli_count_good(const struct slw_signed_draft *draft, const struct slw_root *root,
                        enum slw_role role);

/* Whether the entry is a good signature by this key. */
bool cli_is_good(const struct slw_signed_draft *draft, const struct slw_draft_signature *entry,
                 const struct slw_root_key *key);

/* The key of an entry in root, or NULL. */
const struct slw_root_key *cli_signing_key(const struct slw_draft_signature *entry,
                                           const struct slw_root *root);

/* Writes the signatures by these keys alone to a file of its own. */
enum cli_exit cli_write_signatures(struct cli *cli, const struct slw_signed_draft *draft,
                                   const struct cli_keys *keys, const char *path, unsigned flags);

/*
 * Adds the signatures in a detached signature file to draft, each verified when root (which may be
 * NULL) has its key. A key that root doesn't have in role is refused, or with lenient only warned
 * about.
 */
enum cli_exit cli_add_signatures(struct cli *cli, const char *path, const struct slw_root *root,
                                 enum slw_role role, bool lenient, struct slw_signed_draft *draft);

/* root_verify.c */
enum cli_exit cli_root_verify(struct cli *cli, const char *path, const char *trusted_path);

/* inspect_root.c */
enum cli_exit cli_root_inspect(struct cli *cli, const char *path);

/* The branches of a root below a line at depth; its signatures too when draft isn't NULL. */
void cli_tree_root(struct cli_tree *tree, unsigned depth, const struct slw_root *root,
                   const struct slw_signed_draft *draft);

/* The signatures of any draft; root may be NULL: there is none to check against. */
void cli_tree_signatures(struct cli_tree *tree, unsigned depth, const struct slw_root *root,
                         enum slw_role role, const struct slw_signed_draft *draft);

/* The members of an object that describes a root, and of an array of signatures. */
void cli_json_root(struct slw_json *json, const struct slw_root *root,
                   const struct slw_signed_draft *draft);
void cli_json_signatures(struct slw_json *json, const struct slw_root *root, enum slw_role role,
                         const struct slw_signed_draft *draft);

/* Appends "expires 2030-01-31T00:00:00Z", or nothing when it doesn't. */
void cli_format_expiry(const struct slw_expiry *expiry, struct slw_heap_buffer *ret_text);
void cli_json_expiry(struct slw_json *json, const struct slw_expiry *expiry);

#endif
