/* SPDX-License-Identifier: Apache-2.0 */
/* What the files behind `slipway sign policy` do for each other, and its row in the noun's table.
 */
#ifndef SLIPWAY_CLI_SIGN_POLICY_H
#define SLIPWAY_CLI_SIGN_POLICY_H

#include "command.h"

#include "slipway/dsse.h"
#include "slipway/json.h"
#include "slipway/policy.h"

extern const struct cli_option cli_sign_policy_options[];
enum cli_exit cli_sign_policy(struct cli *cli, const struct cli_arguments *arguments);

#define CLI_SIGN_POLICY_ROW                                                                        \
    {                                                                                              \
        .verb = "policy", .usage = "slipway sign policy",                                          \
        .summary = "check, sign and explain a signing policy",                                     \
        .synopsis = "check FILE [--former FILE]\n"                                                 \
                    "  slipway sign policy sign FILE --key KEY… [--origin NAME]\n"               \
                    "      [-o ENVELOPE] [--passphrase-file FILE] [--force]\n"                     \
                    "  slipway sign policy explain FILE --key NAME --requester WHO\n"              \
                    "      [--bundle BUNDLE] [--channel NAME] [--role NAME] [--approve NAME…]\n" \
                    "      [--at TIME] [--signed TIME…] [--previous BUNDLE] [--key-in-file]\n"   \
                    "  slipway sign policy example test|production",                               \
        .positionals_min = 2, .positionals_max = 2, .options = cli_sign_policy_options,            \
        .about =                                                                                   \
            "A policy says who may have what signed, and what must be shown for it. FILE is\n"     \
            "the policy in JSON, or an envelope in which administrators signed one.\n"             \
            "\n"                                                                                   \
            "check reads it as the signing service will, warns of what is allowed but seldom\n"    \
            "meant, and with --former tells what it tightens and loosens: a policy that loosens\n" \
            "anything waits, as a whole, for the former policy's delay. sign adds the "            \
            "signatures\n"                                                                         \
            "of administrators' keys for the service whose log is called --origin. explain "       \
            "lists\n"                                                                              \
            "everything that a request would have to show and whether it does, before it is\n"     \
            "asked; approvals are assumed with --approve, and what it can't know it names. "       \
            "example prints a policy to begin "                                                    \
            "with:\n"                                                                              \
            "nobody has the private keys of the keys in it.",                                      \
        .examples =                                                                                \
            "slipway sign policy check policy.json --former in-force.json\n"                       \
            "slipway sign policy sign policy.json --key ada.key --origin signer.example/lamp \\\n" \
            "    -o policy.envelope\n"                                                             \
            "slipway sign policy explain policy.json --bundle lamp.bundle --key lamp-prod \\\n"    \
            "    --requester ada --channel stable --approve ben --approve eve",                    \
        .run = cli_sign_policy,                                                                    \
    }

/* A policy's file: the policy alone, or an envelope with it. */
struct cli_policy_file {
    struct slw_policy *policy;
    bool is_envelope;
    struct slw_dsse envelope;      /* when it is */
    struct slw_heap_buffer origin; /* of the service that the envelope is for */
};

/* Reads it, and says nothing when it fails: cli->detail has it. */
enum slw_status cli_policy_file_load(struct cli *cli, const char *path,
                                     struct cli_policy_file *ret_file);
void cli_policy_file_free(struct cli_policy_file *file);

/* The lines of packaging/policies/test.json and production.json, NULL last; made while building. */
extern const char *const cli_example_test[];
extern const char *const cli_example_production[];

/* sign_policy_check.c, sign_policy_sign.c, sign_policy_explain.c */
enum cli_exit cli_policy_check(struct cli *cli, const char *path, const char *former_path);
enum cli_exit cli_policy_sign(struct cli *cli, const struct cli_arguments *arguments);
enum cli_exit cli_policy_explain(struct cli *cli, const struct cli_arguments *arguments);

/* sign_policy_lint.c: calls say for each thing that is allowed, but seldom meant. */
void cli_policy_lint(const struct slw_policy *policy,
                     void (*say)(void *context, const char *warning), void *context);

#endif
