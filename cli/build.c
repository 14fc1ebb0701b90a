/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway build`: the table of its commands, for builders and testers. */
#include "build.h"

#include "commands.h"

#include <limits.h>

static const struct cli_command commands[] = {
    {
        .verb = "validate",
        .usage = "slipway build validate",
        .summary = "check what a bundle holds before anything is uploaded",
        .synopsis = "BUNDLE [--policy FILE --key NAME [--channel NAME] | --rules FILE]\n"
                    "      [--previous BUNDLE] [--build-type dev|test|user]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_build_validate_options,
        .about =
            "Applies the rules on content that a signing service's judge applies: names, slots,\n"
            "hardware, sizes, growth, symbols and debug sections in ELF files, forbidden bytes.\n"
            "Always refused are payloads that aren't what the metadata list, images that are\n"
            "missing, and private keys in PEM. --rules FILE has the member \"content\" of a\n"
            "policy's rule alone. Without a policy or rules, a user build has to be stripped.\n"
            "Every breach is told, not only the first; nothing has to be signed yet.",
        .examples = "slipway build validate app.bundle --build-type user\n"
                    "slipway build validate app.bundle --policy policy.json --key lamp-prod \\\n"
                    "    --channel stable --previous released.bundle",
        .run = cli_build_validate,
    },
    {
        .verb = "endorse",
        .usage = "slipway build endorse",
        .summary = "say who built a bundle's content, from what",
        .synopsis = "BUNDLE --key KEY --builder-id URI --build-type URI --source URI\n"
                    "      [--commit HEX] [--parameter NAME=VALUE…] [--invocation ID]\n"
                    "      [--started TIME] [--finished TIME] [-o FILE] [--passphrase-file FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_build_endorse_options,
        .about =
            "Signs SLSA provenance for the build: product, hardware ids, build type and targets.\n"
            "Versions, notes and signatures aren't part of it, so it stays good when the release\n"
            "is numbered or signed. It goes into BUNDLE, or into FILE. The policy of a signing\n"
            "service says which builder, build type, source and parameters it takes; a parameter\n"
            "that it doesn't expect is refused there. Payloads that aren't what the metadata "
            "lists\n"
            "are refused here.",
        .examples =
            "slipway build endorse app.bundle --key builder.key \\\n"
            "    --builder-id https://ci.example/prod --build-type https://ci.example/make/v1 \\\n"
            "    --source git+https://git.example/lamp --commit 3f2a… --parameter variant=user",
        .run = cli_build_endorse,
    },
    {
        .verb = "test-result",
        .usage = "slipway build test-result",
        .summary = "say how a bundle's content did in a test",
        .synopsis = "BUNDLE --key KEY --suite NAME --result passed|warned|failed\n"
                    "      [--suite-file FILE] [--url URL] [-o FILE] [--passphrase-file FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_build_test_result_options,
        .about =
            "Signs an in-toto test result for the build, as `endorse` does provenance. It goes\n"
            "into BUNDLE, or into FILE, for machines that test a copy of it.",
        .examples = "slipway build test-result app.bundle --key lab.key --suite system "
                    "--result passed \\\n    -o system.json",
        .run = cli_build_test_result,
    },
    {
        .verb = "attach",
        .usage = "slipway build attach",
        .summary = "put endorsements that were made elsewhere into a bundle",
        .synopsis = "BUNDLE FILE…",
        .positionals_min = 2,
        .positionals_max = UINT_MAX,
        .options = cli_build_attach_options,
        .about =
            "Each FILE comes from `build endorse -o` or `build test-result -o`, or from other\n"
            "tools that write DSSE envelopes of in-toto statements. What is about another build "
            "is\n"
            "refused; whose signatures they are is for the signing service to say. Signatures of\n"
            "BUNDLE stay good.",
        .examples = "slipway build attach app.bundle system.json",
        .run = cli_build_attach,
    },
    {0},
};

const struct cli_noun cli_build_noun = {
    .name = "build",
    .usage = "slipway build",
    .summary = "vouch for what was built and how it was tested",
    .commands = commands,
};
