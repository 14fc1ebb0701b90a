/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway root`: the table of its commands. */
#include "root.h"

#include "commands.h"

#include <limits.h>

static enum cli_exit run_create(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_root_create(cli, arguments, "--root-key", "--targets-key");
}

static enum cli_exit run_sign(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_keys keys;
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code == CLI_DONE) {
        code = cli_root_sign(cli, arguments->positionals[0], &keys,
                             cli_value(arguments, "--signature-only"), cli_output_flags(arguments));
        cli_keys_free(&keys);
    }
    return code;
}

static enum cli_exit run_verify(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_root_verify(cli, arguments->positionals[0], cli_value(arguments, "--trusted-root"));
}

static enum cli_exit run_inspect(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_root_inspect(cli, arguments->positionals[0]);
}

#define OUT_OPTION                                                                                 \
    {                                                                                              \
        .name = "--out", .letter = 'o', .value = "ROOT", .required = true,                         \
        .help = "the file to write"                                                                \
    }
#define EXPIRES_OPTION                                                                             \
    {                                                                                              \
        .name = "--expires", .value = "TIME",                                                      \
        .help = "2030-01-31T00:00:00Z, or 90d from now; unless given, never"                       \
    }

static const struct cli_option create_options[] = {
    OUT_OPTION,
    {.name = "--root-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that may sign the next root"},
    {.name = "--targets-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that may sign bundles"},
    {.name = "--root-threshold", .value = "N", .help = "root keys that must sign (1)"},
    {.name = "--targets-threshold", .value = "N", .help = "targets keys that must sign (1)"},
    {.name = "--version", .value = "N", .help = "version of the root (1)"},
    EXPIRES_OPTION,
    {.name = "--key-class", .value = "CLASS", .help = "what the keys are for: dev, test or prod"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option rotate_options[] = {
    OUT_OPTION,
    {.name = "--add-root-key",
     .value = "PUB",
     .repeated = true,
     .help = "give the role root a key"},
    {.name = "--remove-root-key",
     .value = "PUB|KEYID",
     .repeated = true,
     .help = "take a key from the role root"},
    {.name = "--add-targets-key",
     .value = "PUB",
     .repeated = true,
     .help = "give the role targets a key"},
    {.name = "--remove-targets-key",
     .value = "PUB|KEYID",
     .repeated = true,
     .help = "take a key from the role targets"},
    {.name = "--root-threshold", .value = "N", .help = "root keys that must sign"},
    {.name = "--targets-threshold", .value = "N", .help = "targets keys that must sign"},
    {.name = "--expires",
     .value = "TIME",
     .help = "2030-01-31T00:00:00Z, or 90d from now; unless given, as in ROOT"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option sign_options[] = {
    {.name = "--key",
     .value = "KEY",
     .repeated = true,
     .required = true,
     .help = "private key to sign with"},
    {.name = "--signature-only",
     .value = "FILE",
     .help = "write the signature to FILE and leave ROOT alone"},
    CLI_PASSPHRASE_OPTION,
    {.name = "--force", .help = "replace an existing FILE"},
    {0},
};

static const struct cli_option verify_options[] = {
    {.name = "--trusted-root", .value = "OLD", .help = "a root that is trusted already"},
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "create",
        .usage = "slipway root create",
        .summary = "make the first root: who may sign what",
        .synopsis = "-o ROOT --root-key PUB… --targets-key PUB… [--root-threshold 1]\n"
                    "      [--targets-threshold 1] [--version 1] [--expires TIME]\n"
                    "      [--key-class dev|test|prod]",
        .positionals_max = 0,
        .options = create_options,
        .about =
            "A root names the keys that a device trusts: root keys sign the next root, targets\n"
            "keys sign bundles. It is written without signatures; root keys then sign it, one\n"
            "after the other if need be. A key in both roles and a threshold that can't be met\n"
            "are refused here, as devices would refuse them.",
        .examples =
            "slipway root create -o root.pb --root-key root.key.pub --targets-key targets.key.pub\n"
            "slipway root create -o root.pb --root-key a.pub --root-key b.pub --root-threshold 2 "
            "\\\n"
            "    --targets-key t.pub --key-class prod --expires 1y",
        .run = run_create,
    },
    {
        .verb = "rotate",
        .usage = "slipway root rotate",
        .summary = "make the next version of a root, with other keys",
        .synopsis = "ROOT -o NEW [--add-root-key PUB] [--remove-root-key PUB|KEYID]\n"
                    "      [--add-targets-key PUB] [--remove-targets-key PUB|KEYID]\n"
                    "      [--root-threshold N] [--targets-threshold N] [--expires TIME]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = rotate_options,
        .about =
            "NEW is unsigned. Devices follow it when enough root keys of ROOT and enough of its\n"
            "own have signed it. Bundles bring it to them (`bundle create --root NEW`).",
        .examples = "slipway root rotate root.pb -o root2.pb --remove-targets-key old.key.pub \\\n"
                    "    --add-targets-key new.key.pub\n"
                    "slipway root sign root2.pb --key root.key",
        .run = cli_root_rotate,
    },
    {
        .verb = "sign",
        .usage = "slipway root sign",
        .summary = "sign a root",
        .synopsis = "ROOT --key KEY… [--signature-only FILE] [--passphrase-file FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = sign_options,
        .about =
            "Adds signatures to ROOT, in place. Signing again with the same key replaces its\n"
            "signature. With --signature-only, they go to a file that whoever keeps ROOT adds\n"
            "with `root add-signature`.",
        .examples = "slipway root sign root.pb --key root.key\n"
                    "slipway root sign root.pb --key b.key --signature-only b.sig",
        .run = run_sign,
    },
    {
        .verb = "add-signature",
        .usage = "slipway root add-signature",
        .summary = "add signatures that were made elsewhere",
        .synopsis = "ROOT FILE…",
        .positionals_min = 2,
        .positionals_max = UINT_MAX,
        .about =
            "Each FILE comes from `root sign --signature-only`. A signature by a key of the root\n"
            "is checked first.",
        .examples = "slipway root add-signature root.pb a.sig b.sig",
        .run = cli_root_add_signature,
    },
    {
        .verb = "verify",
        .usage = "slipway root verify",
        .summary = "check a root, alone or as the successor of another",
        .synopsis = "ROOT [--trusted-root OLD]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = verify_options,
        .about =
            "Without OLD: whether ROOT makes sense and is signed by enough of its own keys. With\n"
            "OLD: whether a device that trusts OLD would follow ROOT.",
        .examples = "slipway root verify root2.pb --trusted-root root.pb",
        .run = run_verify,
    },
    {
        .verb = "inspect",
        .usage = "slipway root inspect",
        .summary = "show roles, keys, thresholds, expiry and signatures",
        .synopsis = "ROOT",
        .positionals_min = 1,
        .positionals_max = 1,
        .about =
            "Shows whether each signature is good, and says so when devices would refuse the root.",
        .examples = "slipway root inspect root.pb",
        .run = run_inspect,
    },
    {0},
};

const struct cli_noun cli_root_noun = {
    .name = "root",
    .usage = "slipway root",
    .summary = "make, sign and rotate the root that devices trust",
    .commands = commands,
};
