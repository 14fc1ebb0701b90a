/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind `slipway bundle` do for its table, for each other and for Pigweed's
 * commands. */
#ifndef SLIPWAY_CLI_BUNDLE_H
#define SLIPWAY_CLI_BUNDLE_H

#include "inputs.h"
#include "payloads.h"

#include "slipway/bundle_file.h"

/* bundle_create.c: everything by options; targets_version_option differs in Pigweed's command. */
enum cli_exit cli_bundle_create(struct cli *cli, const struct cli_arguments *arguments,
                                const char *targets_version_option);

/* bundle_file.c: a bundle that is there already. It points into itself: not to be copied. */
struct cli_bundle_file {
    const char *path;
    struct slw_file_source file;
    struct slw_bundle_index index;
    struct slw_heap_buffer targets_message;
    struct slw_signed_draft targets; /* when index.has_targets */
    struct slw_heap_buffer root_message;
    struct slw_signed_draft root; /* when index.has_root */
    struct slw_root_content root_content;
};

/* Opens and parses it, root and targets metadata too; says what is wrong. */
enum cli_exit cli_bundle_open(struct cli *cli, const char *path,
                              struct cli_bundle_file *ret_bundle);
void cli_bundle_close(struct cli_bundle_file *bundle);

/* The bundle's root; NULL when it has none. */
const struct slw_root *cli_bundle_root(const struct cli_bundle_file *bundle);

/* Refuses a key that can't count: the root has it in no targets role. root may be NULL. */
enum cli_exit cli_check_signers(struct cli *cli, const char *path, const struct slw_root *root,
                                const struct cli_keys *keys);

/* bundle_rewrite.c: what becomes of a bundle that is changed. */
struct cli_bundle_change {
    struct slw_bytes new_root; /* SignedRootMetadata in place of the bundle's; or empty */
    const struct cli_payloads *additions;   /* NULL: none */
    const struct slw_signed_draft *targets; /* the metadata when nothing is added to it */
    struct slw_bytes
        new_other;    /* a field more, beside those that nothing here looks into; or empty */
    const char *what; /* for the progress bar: "signing" */
};

/* Writes the changed bundle in place of the old one; payloads that are there already are checked.
 */
enum cli_exit cli_bundle_rewrite(struct cli *cli, const struct cli_bundle_file *bundle,
                                 const struct cli_bundle_change *change);

/* bundle_edit.c */
enum cli_exit cli_bundle_add(struct cli *cli, const char *path, struct cli_payloads *payloads,
                             const char *root_path, bool keep_signatures);
enum cli_exit cli_bundle_sign(struct cli *cli, const char *path, const struct cli_keys *keys,
                              bool any_key, const char *signature_path, unsigned signature_flags);
enum cli_exit cli_bundle_add_signature(struct cli *cli, const struct cli_arguments *arguments);

/* bundle_inspect.c, bundle_verify.c, bundle_extract.c; arguments may name a log and witnesses. */
enum cli_exit cli_bundle_inspect(struct cli *cli, const struct cli_arguments *arguments,
                                 const char *path);
enum cli_exit cli_bundle_verify(struct cli *cli, const struct cli_arguments *arguments,
                                const char *path, const char *trusted_root_path);
enum cli_exit cli_bundle_extract(struct cli *cli, const struct cli_arguments *arguments);

#endif
