/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway bundle`: the table of its commands. */
#include "bundle.h"

#include "bundle_proof.h"
#include "commands.h"
#include "verification.h"

#include <limits.h>

static enum cli_exit run_create(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_create(cli, arguments, "--targets-version");
}

static enum cli_exit run_add(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_payloads payloads;
    const char *root_path = cli_value(arguments, "--root");
    enum cli_exit code = cli_payloads_gather(cli, arguments, &payloads);
    if (code != CLI_DONE) {
        return code;
    }
    if (payloads.count == 0 && root_path == NULL) {
        return cli_usage(cli, "nothing to add: --file or --root is wanted");
    }
    code = cli_bundle_add(cli, arguments->positionals[0], &payloads, root_path, false);
    cli_payloads_free(&payloads);
    return code;
}

static enum cli_exit run_sign(struct cli *cli, const struct cli_arguments *arguments)
{
    struct cli_keys keys;
    enum cli_exit code = cli_keys_load(cli, arguments, "--key", &keys);
    if (code == CLI_DONE) {
        code =
            cli_bundle_sign(cli, arguments->positionals[0], &keys, cli_has(arguments, "--any-key"),
                            cli_value(arguments, "--signature-only"), cli_output_flags(arguments));
        cli_keys_free(&keys);
    }
    return code;
}

static enum cli_exit run_verify(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_verify(cli, arguments, arguments->positionals[0],
                             cli_value(arguments, "--trusted-root"));
}

static enum cli_exit run_inspect(struct cli *cli, const struct cli_arguments *arguments)
{
    return cli_bundle_inspect(cli, arguments, arguments->positionals[0]);
}

#define FILE_OPTION                                                                                \
    {                                                                                              \
        .name = "--file", .value = "NAME=PATH", .repeated = true,                                  \
        .help = "add a file as the target NAME"                                                    \
    }
#define ANY_KEY_OPTION                                                                             \
    {                                                                                              \
        .name = "--any-key", .help = "sign with keys that the bundle's root doesn't name, too"     \
    }

static const struct cli_option create_options[] = {
    FILE_OPTION,
    {.name = "--dir",
     .value = "DIR",
     .help = "add all files below DIR, sorted; names are their paths below it"},
    {.name = "--root", .value = "ROOT", .help = "root to bring to devices"},
    {.name = "--root-history",
     .value = "ROOT",
     .repeated = true,
     .help = "a root between those of old devices and ROOT"},
    {.name = "--targets-version", .value = "N", .help = "version of the release (1)"},
    {.name = "--expires",
     .value = "TIME",
     .help = "2030-01-31T00:00:00Z, or 90d from now; unless given, never"},
    {.name = "--key", .value = "KEY", .repeated = true, .help = "sign with this private key"},
    CLI_PASSPHRASE_OPTION,
    ANY_KEY_OPTION,
    {.name = "--product", .value = "P", .help = "the product that this is for"},
    {.name = "--hardware", .value = "ID", .repeated = true, .help = "a board that this is for"},
    {.name = "--release-version", .value = "V", .help = "what people call it, such as 1.4.0"},
    {.name = "--min-installed-version",
     .value = "N",
     .help = "oldest targets version that may go straight to this one"},
    {.name = "--security-floor",
     .value = "N",
     .help = "oldest targets version that may run once this one is confirmed"},
    {.name = "--urgency", .value = "WORD", .help = "routine, recommended, security or emergency"},
    {.name = "--build-type", .value = "TYPE", .help = "dev, test or user"},
    {.name = "--notes", .value = "FILE", .help = "text that a consumer reads first (1,024 bytes)"},
    {.name = "--user-manifest",
     .value = "FILE",
     .help = "a file that devices store beside the metadata"},
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option add_options[] = {
    FILE_OPTION,
    {.name = "--root", .value = "ROOT", .help = "root to bring to devices, in place of another"},
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
     .help = "write the signature to FILE and leave BUNDLE alone"},
    ANY_KEY_OPTION,
    CLI_PASSPHRASE_OPTION,
    {.name = "--force", .help = "replace an existing FILE"},
    {0},
};

static const struct cli_option add_signature_options[] = {
    {.name = "--any-key", .help = "take signatures by keys that the bundle's root doesn't name"},
    {0},
};

static const struct cli_option add_proof_options[] = {
    CLI_TRANSPARENCY_OPTIONS,
    {0},
};

static const struct cli_option inspect_options[] = {
    CLI_LOG_OPTIONS,
    {0},
};

static const struct cli_option verify_options[] = {
    {.name = "--trusted-root",
     .value = "ROOT",
     .required = true,
     .help = "the root that the device trusts"},
    CLI_VERIFICATION_OPTIONS,
    {.name = "--as-pigweed", .help = "Pigweed's own verifiers must take it, too"},
    {0},
};

static const struct cli_option extract_options[] = {
    {.name = "--dir", .value = "DIR", .required = true, .help = "where to; made if need be"},
    {.name = "--trusted-root", .value = "ROOT", .help = "the root to verify with"},
    {.name = "--unverified", .help = "verify nothing"},
    CLI_VERIFICATION_OPTIONS,
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "create",
        .usage = "slipway bundle create",
        .summary = "make a bundle of files",
        .synopsis =
            "BUNDLE [--file NAME=PATH]… [--dir DIR] [--root ROOT] [--root-history ROOT…]\n"
            "      [--targets-version 1] [--expires TIME] [--key KEY…] [--product P]\n"
            "      [--hardware ID…] [--release-version V] [--min-installed-version N]\n"
            "      [--security-floor N] [--urgency routine|recommended|security|emergency]\n"
            "      [--build-type dev|test|user] [--notes FILE] [--user-manifest FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = create_options,
        .about =
            "Each file becomes a target: an image that devices install under NAME. With --key the\n"
            "bundle is signed at once, in the one reading of the files; without, `bundle sign` "
            "does\n"
            "it later. The same files, options and key files always make the same bundle, byte for "
            "byte. "
            "What\n"
            "every device would refuse (names, thresholds, a floor above the version) is refused "
            "here.",
        .examples = "slipway bundle create app.bundle --file app=build/app.bin --key targets.key\n"
                    "slipway bundle create r2.bundle --dir build/images --targets-version 2 \\\n"
                    "    --root root.pb --product lamp --urgency security --notes notes.txt",
        .run = run_create,
    },
    {
        .verb = "add",
        .usage = "slipway bundle add",
        .summary = "add files or a root to a bundle",
        .synopsis = "BUNDLE [--file NAME=PATH]… [--root ROOT]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = add_options,
        .about =
            "Changes BUNDLE in place. Its signatures are dropped, since they were over something\n"
            "else; sign it again.",
        .examples = "slipway bundle add app.bundle --file rtos=build/rtos.bin",
        .run = run_add,
    },
    {
        .verb = "sign",
        .usage = "slipway bundle sign",
        .summary = "sign a bundle",
        .synopsis = "BUNDLE --key KEY… [--signature-only FILE] [--any-key]\n"
                    "      [--passphrase-file FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = sign_options,
        .about =
            "Adds signatures to BUNDLE, in place; signing again with the same key replaces its\n"
            "signature. A key that the bundle's root doesn't name as a targets key is refused.\n"
            "Payloads that aren't what the metadata lists are refused too.",
        .examples = "slipway bundle sign app.bundle --key targets.key\n"
                    "slipway bundle sign app.bundle --key b.key --signature-only b.sig",
        .run = run_sign,
    },
    {
        .verb = "add-signature",
        .usage = "slipway bundle add-signature",
        .summary = "add signatures that were made elsewhere",
        .synopsis = "BUNDLE FILE…",
        .positionals_min = 2,
        .positionals_max = UINT_MAX,
        .options = add_signature_options,
        .about = "Each FILE comes from `bundle sign --signature-only`. Signatures by keys of the\n"
                 "bundle's root are checked first.",
        .examples = "slipway bundle add-signature app.bundle a.sig b.sig",
        .run = cli_bundle_add_signature,
    },
    {
        .verb = "add-proof",
        .usage = "slipway bundle add-proof",
        .summary = "put the proof that a log has a release into its bundle",
        .synopsis = "BUNDLE FILE [--log VKEY [--witness VKEY…] [--witness-quorum N]]",
        .positionals_min = 2,
        .positionals_max = 2,
        .options = add_proof_options,
        .about = "FILE is a proof in the form of bundles, or as text (C2SP tlog-proof), which "
                 "wants the\n"
                 "keys of its log and witnesses. With --log it must prove this very release. It "
                 "replaces\n"
                 "a proof that is there; signatures stay, since they aren't about it.",
        .examples = "slipway bundle add-proof app.bundle app.proof\n"
                    "slipway bundle add-proof app.bundle app.tlog-proof --log \"$LOG\" --witness "
                    "\"$W1\"",
        .run = cli_bundle_add_proof,
    },
    {
        .verb = "verify",
        .usage = "slipway bundle verify",
        .summary = "say whether a device would take a bundle, and if not, why",
        .synopsis =
            "BUNDLE --trusted-root ROOT [--manifest FILE] [--installed DIR]\n"
            "      [--time TIME | --no-clock] [--hardware ID] [--product P] [--key-class C]\n"
            "      [--build-type T] [--log VKEY [--witness VKEY…] [--witness-quorum N]]\n"
            "      [--as-pigweed]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = verify_options,
        .about =
            "Runs the verifier that devices run. Checks whose input isn't given aren't made; a\n"
            "device always has them. A refusal names its reason, one of a closed list, and exits "
            "3,\n"
            "or 4 when nothing but an expiry stands against it.",
        .examples =
            "slipway bundle verify app.bundle --trusted-root root.pb\n"
            "slipway bundle verify app.bundle --trusted-root root.pb --installed images/ --json",
        .run = run_verify,
    },
    {
        .verb = "inspect",
        .usage = "slipway bundle inspect",
        .summary = "show what is in a bundle and who signed it",
        .synopsis = "BUNDLE [--log VKEY] [--witness VKEY…]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = inspect_options,
        .about =
            "Signatures are checked against the bundle's own root, when it has one. That isn't a\n"
            "verdict: `bundle verify` gives it. With the keys of the log and the witnesses, a\n"
            "transparency proof is shown as C2SP tlog-proof text, too.",
        .examples = "slipway bundle inspect app.bundle",
        .run = run_inspect,
    },
    {
        .verb = "extract",
        .usage = "slipway bundle extract",
        .summary = "write the files of a bundle below a directory",
        .synopsis = "BUNDLE --dir DIR (--trusted-root ROOT [options of verify] | --unverified)\n"
                    "      [--force]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = extract_options,
        .about =
            "Writes nothing before the bundle has been verified, and no file that isn't what was\n"
            "verified. Names never lead out of DIR.",
        .examples = "slipway bundle extract app.bundle --dir out --trusted-root root.pb",
        .run = cli_bundle_extract,
    },
    {0},
};

const struct cli_noun cli_bundle_noun = {
    .name = "bundle",
    .usage = "slipway bundle",
    .summary = "make, sign, verify and inspect update bundles",
    .commands = commands,
};
