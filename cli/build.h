/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind `slipway build` do for its table and for each other. */
#ifndef SLIPWAY_CLI_BUILD_H
#define SLIPWAY_CLI_BUILD_H

#include "bundle.h"

/* build_endorse.c */
extern const struct cli_option cli_build_endorse_options[];
enum cli_exit cli_build_endorse(struct cli *cli, const struct cli_arguments *arguments);
extern const struct cli_option cli_build_test_result_options[];
enum cli_exit cli_build_test_result(struct cli *cli, const struct cli_arguments *arguments);

/* build_attach.c */
extern const struct cli_option cli_build_attach_options[];
enum cli_exit cli_build_attach(struct cli *cli, const struct cli_arguments *arguments);

/* build_validate.c */
extern const struct cli_option cli_build_validate_options[];
enum cli_exit cli_build_validate(struct cli *cli, const struct cli_arguments *arguments);

/* A bundle that something is said of, and what it is. */
struct cli_build {
    struct cli_bundle_file bundle;
    struct slw_targets_draft targets;
    uint8_t content[SLW_SHA256_SIZE];
};

/* Opens a bundle whose metadata a device could accept; lock: it is going to be changed. */
enum cli_exit cli_build_open(struct cli *cli, const char *path, bool lock,
                             struct cli_build *ret_build);
void cli_build_close(struct cli_build *build);

/*
 * Puts an envelope into the bundle, or with output_path, NULL for none, writes it there and leaves
 * the bundle alone. Payloads are checked in either case: nobody vouches for what isn't there.
 */
enum cli_exit cli_build_deliver(struct cli *cli, const struct cli_build *build,
                                struct slw_bytes envelope, const char *output_path,
                                unsigned output_flags);

#endif
