/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A verification as the command line asks for it: opens the files, sets up what the device would
 * know, and runs the device's own verifier over the bundle. For `bundle verify` and `extract`.
 */
#ifndef SLIPWAY_CLI_VERIFICATION_H
#define SLIPWAY_CLI_VERIFICATION_H

#include "arguments.h"
#include "output.h"
#include "transparency.h"

#include "slipway/files.h"
#include "slipway/manifest.h"
#include "slipway/verifier.h"

/* Points into itself: not to be copied. */
struct cli_verification {
    struct cli *cli;
    const char *bundle_path;
    const char *trusted_root_path;
    struct slw_file_source bundle;
    struct slw_file_source trusted_root;
    struct slw_file_source manifest_file;
    struct slw_manifest manifest;
    const char *installed_path;
    struct slw_file_source installed_file; /* the one handed out last */
    struct slw_installed_port installed;
    struct cli_transparency transparency;
    struct slw_expectations expectations;
    struct slw_verifier_memory memory;
    struct slw_verifier verifier;
    uint8_t small_block[4096];
};

/* Reads the options; the paths are of the bundle and the trusted root. Says what is wrong. */
enum cli_exit cli_verification_new(struct cli *cli, const struct cli_arguments *arguments,
                                   const char *bundle_path, const char *trusted_root_path,
                                   struct cli_verification **ret_verification);

/* SLW_OK, or why not, with verifier.finding. Shows progress. */
enum slw_status cli_verification_run(struct cli_verification *verification);

void cli_verification_free(struct cli_verification *verification);

/* The options that cli_verification_new() reads, for tables of options. */
#define CLI_VERIFICATION_OPTIONS                                                                   \
    {.name = "--manifest",                                                                         \
     .value = "FILE",                                                                              \
     .help = "a device's stored manifest: versions are compared with it, and it\n"                 \
             "                              is taken at its word for payloads that are absent"},   \
        {.name = "--installed",                                                                    \
         .value = "DIR",                                                                           \
         .help = "installed images, named by target, for payloads that are absent"},               \
        {.name = "--time", .value = "TIME", .help = "judge expiry at this time instead of now"},   \
        {.name = "--no-clock", .help = "as a device without a clock: nothing expires"},            \
        {.name = "--hardware", .value = "ID", .help = "the bundle must be for this board"},        \
        {.name = "--product", .value = "P", .help = "the bundle must be for this product"},        \
        {.name = "--key-class",                                                                    \
         .value = "CLASS",                                                                         \
         .help = "the root must be of this class: dev, test or prod"},                             \
        CLI_TRANSPARENCY_OPTIONS,                                                                  \
    {                                                                                              \
        .name = "--build-type", .value = "TYPE",                                                   \
        .help = "the build must be of this type: dev, test or user"                                \
    }

#endif
