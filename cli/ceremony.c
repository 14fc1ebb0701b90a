/* SPDX-License-Identifier: Apache-2.0 */
/* The table of `slipway ceremony`: several people make a root together. */
#include "ceremony.h"

#include "commands.h"

#define MEMORY_OPTION                                                                              \
    {                                                                                              \
        .name = "--memory", .value = "FILE",                                                       \
        .help = "what this machine saw of ceremonies: older or other entries are refused"          \
    }
#define YES_OPTION                                                                                 \
    {                                                                                              \
        .name = "--yes", .help = "sign without asking what is shown"                               \
    }
#define MY_KEY_OPTION                                                                              \
    {                                                                                              \
        .name = "--my-key", .value = "KEY", .required = true,                                      \
        .help = "your own key of the plan: signs the entry"                                        \
    }

static const struct cli_option plan_options[] = {
    {.name = "--kind",
     .value = "KIND",
     .required = true,
     .help = "new-root, rotation, revocation (keys are in wrong hands) or recovery (too few are "
             "left)"},
    {.name = "--name", .value = "NAME", .required = true, .help = "what people call it"},
    {.name = "--participant",
     .value = "NAME=PUB",
     .repeated = true,
     .required = true,
     .help = "who takes part, and the public key that signs this person's entries; the first one\n"
             "closes the ceremony"},
    {.name = "--new-key",
     .value = "ROLE=NAME",
     .repeated = true,
     .help = "who brings a new key for root, targets, snapshot or timestamp"},
    {.name = "--signer",
     .value = "NAME=PUB",
     .repeated = true,
     .help = "who signs with this root key of the former root"},
    {.name = "--remove-key",
     .value = "ROLE=PUB|KEYID",
     .repeated = true,
     .help = "take a key from a role of the former root"},
    {.name = "--threshold",
     .value = "ROLE=N",
     .repeated = true,
     .help = "how many keys of a role must sign"},
    {.name = "--former", .value = "ROOT", .help = "the root that this one follows"},
    {.name = "--format", .value = "FORMAT", .help = "bundle (unless given) or repository"},
    {.name = "--key-class", .value = "CLASS", .help = "what a bundle's keys are for"},
    {.name = "--expires", .value = "TIME", .help = "2030-01-31T00:00:00Z, or 1y from now"},
    {.name = "--reason", .value = "TEXT", .help = "why, for the transcript"},
    {0},
};

static const struct cli_option status_options[] = {
    MEMORY_OPTION,
    {0},
};

static const struct cli_option next_options[] = {
    MY_KEY_OPTION,
    {.name = "--key",
     .value = "KEY",
     .help = "the key of the root that the step is about: a new one, or one that signs"},
    CLI_PASSPHRASE_OPTION,
    YES_OPTION,
    MEMORY_OPTION,
    {0},
};

static const struct cli_option finish_options[] = {
    MY_KEY_OPTION, CLI_PASSPHRASE_OPTION, YES_OPTION, MEMORY_OPTION, {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "plan",
        .usage = "slipway ceremony plan",
        .summary = "say who takes part, and what comes out",
        .synopsis = "DIR --kind KIND --name NAME --participant NAME=PUB… [--new-key ROLE=NAME…]\n"
                    "      [--threshold ROLE=N…] [--former ROOT] [--signer NAME=PUB…]\n"
                    "      [--remove-key ROLE=PUB|KEYID…] [--format bundle|repository]\n"
                    "      [--key-class dev|test|prod] [--expires TIME] [--reason TEXT]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = plan_options,
        .about =
            "Makes DIR, the ceremony's folder, with the plan. It is then handed from person to\n"
            "person, by git or on a stick; each does the step that is due on a machine of their\n"
            "own (`ceremony next`). What people agree to can't be changed afterwards.",
        .examples =
            "slipway ceremony plan lamp --kind new-root --name 'lamp root' --key-class prod "
            "\\\n"
            "    --participant ada=ada.pub --participant ben=ben.pub \\\n"
            "    --new-key root=ada --new-key root=ben --new-key targets=ada \\\n"
            "    --threshold root=2 --threshold targets=1 --expires 1y",
        .run = cli_ceremony_plan,
    },
    {
        .verb = "status",
        .usage = "slipway ceremony status",
        .summary = "show the steps, who is next, and what that is about",
        .synopsis = "DIR [--memory FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = status_options,
        .about = "Every entry is verified first, here as in all other commands.",
        .examples = "slipway ceremony status lamp",
        .run = cli_ceremony_status,
    },
    {
        .verb = "next",
        .usage = "slipway ceremony next",
        .summary = "do the step that is due",
        .synopsis = "DIR --my-key KEY [--key KEY] [--yes] [--passphrase-file FILE] [--memory FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = next_options,
        .about =
            "Shows what the step is about and signs it when the answer is yes. --key names the\n"
            "new key that is brought, or the root key that signs: a file, or a pkcs11 URI of a\n"
            "token that is plugged in for this.",
        .examples = "slipway ceremony next lamp --my-key ada.key\n"
                    "slipway ceremony next lamp --my-key ada.key \\\n"
                    "    --key 'pkcs11:token=root-a;object=lamp-root?pin-source=file:/run/pin'",
        .run = cli_ceremony_next,
    },
    {
        .verb = "verify",
        .usage = "slipway ceremony verify",
        .summary = "check the whole transcript, and the root that came out",
        .synopsis = "DIR [--memory FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = status_options,
        .about = "Makes the root anew out of plan and entries, and compares.",
        .examples = "slipway ceremony verify lamp",
        .run = cli_ceremony_verify,
    },
    {
        .verb = "finish",
        .usage = "slipway ceremony finish",
        .summary = "verify and write the root, and close the ceremony",
        .synopsis = "DIR --my-key KEY [--yes] [--passphrase-file FILE] [--memory FILE]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = finish_options,
        .about =
            "The first person of the plan does it. The root is verified by the code of those who\n"
            "will trust it, and the last entry holds the whole transcript: the signing service\n"
            "takes it for its log.",
        .examples = "slipway ceremony finish lamp --my-key ada.key",
        .run = cli_ceremony_finish,
    },
    {
        .verb = "submit",
        .usage = "slipway ceremony submit",
        .summary = "put the transcript into the signing service's log",
        .synopsis = "DIR [--signer URL] [--config FILE] …",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_ceremony_submit_options,
        .about =
            "The service takes it when the first person's own key is one that its policy knows.\n"
            "Prints the statement's id. It may be sent again: the same is the same.",
        .examples = "slipway ceremony submit lamp --signer https://signer:8443",
        .run = cli_ceremony_submit,
    },
    {0},
};

const struct cli_noun cli_ceremony_noun = {
    .name = "ceremony",
    .usage = "slipway ceremony",
    .summary = "make roots together: several people, several machines, one transcript",
    .commands = commands,
};
