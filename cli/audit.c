/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway audit`: its commands and what their help says. */
#include "audit.h"

#include "commands.h"
#include "depot.h"
#include "transparency.h"

#define SOURCE_OPTIONS                                                                             \
    {.name = "--log", .value = "VKEY", .required = true, .help = "verifier key of the log"},       \
        {.name = "--witness",                                                                      \
         .value = "VKEY",                                                                          \
         .repeated = true,                                                                         \
         .help = "verifier key of a witness of it"},                                               \
        {.name = "--witness-quorum",                                                               \
         .value = "N",                                                                             \
         .help = "so many witnesses must have cosigned (all that are named)"},                     \
        {.name = "--ca-file", .value = "FILE", .help = "authorities to trust for https: alone"},   \
        {.name = "--certificate",                                                                  \
         .value = "FILE",                                                                          \
         .help = "client's certificate: LOG is the signing service itself"},                       \
    {                                                                                              \
        .name = "--certificate-key", .value = "FILE", .help = "its private key"                    \
    }

static const struct cli_option verify_options[] = {
    SOURCE_OPTIONS,
    CLI_AUDIT_ROOT_OPTION,
    {.name = "--state", .value = "FILE", .help = "what was verified before, and is from now on"},
    {.name = "--bundles",
     .value = "BUNDLE",
     .repeated = true,
     .help = "a signed bundle that the log must contain"},
    {.name = "--repo",
     .value = "DIR",
     .help = "a TUF repository: what the service's keys signed in it must be in the log"},
    {0},
};

static const struct cli_option show_options[] = {
    SOURCE_OPTIONS,
    {.name = "--from", .value = "N", .help = "the first entry to show (0)"},
    {.name = "--count", .value = "N", .help = "how many (all)"},
    {0},
};

static const struct cli_option monitor_options[] = {
    SOURCE_OPTIONS,
    CLI_AUDIT_ROOT_OPTION,
    {.name = "--state",
     .value = "FILE",
     .required = true,
     .help = "what was verified before, and is from now on"},
    {.name = "--once", .help = "look once, and exit"},
    {.name = "--every", .value = "DURATION", .help = "how often to look (1m)"},
    {.name = "--mirror", .value = "DIR", .help = "keep a copy of what was verified"},
    {.name = "--smtp", .value = "URL", .help = "smtp:// or smtps:// server to send mail by"},
    {.name = "--smtp-user", .value = "NAME", .help = "who logs in there, by TLS alone"},
    {.name = "--smtp-password-file", .value = "FILE", .help = "with what; its owner's alone"},
    {.name = "--mail-from", .value = "ADDRESS", .help = "who mail is from"},
    {.name = "--mail-to", .value = "ADDRESS", .repeated = true, .help = "who gets it"},
    {.name = "--webhook", .value = "URL", .help = "where alerts are posted"},
    {.name = "--webhook-key", .value = "KEY", .help = "private key that signs them"},
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option witness_options[] = {
    {.name = "--key", .value = "KEY", .required = true, .help = "the witness's Ed25519 key"},
    CLI_PASSPHRASE_OPTION,
    {.name = "--name", .value = "NAME", .required = true, .help = "the witness's name"},
    {.name = "--log",
     .value = "VKEY",
     .repeated = true,
     .help = "verifier key of a log that it cosigns"},
    {.name = "--state", .value = "DIR", .help = "where it remembers what it cosigned"},
    {.name = "--front",
     .value = "PROGRAM",
     .help = "the program that speaks HTTP (slipway-signer)"},
    {.name = "--front-config", .value = "FILE", .help = "settings of that program"},
    {.name = "--show-key", .help = "print the witness's verifier key, and exit"},
    {0},
};

static const struct cli_option depot_options[] = {
    {.name = "--state", .value = "FILE", .help = "what was seen before, and is from now on"},
    CLI_DEPOT_OPTIONS,
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "verify",
        .usage = "slipway audit verify",
        .summary = "verify all of a signing service's log",
        .synopsis = "LOG --log VKEY [--witness VKEY…] [--witness-quorum N] [--state FILE] "
                    "[--bundles BUNDLE…] [--repo DIR] [--tuf-root FILE…]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = verify_options,
        .about =
            "LOG is a directory with the log's files, a URL of them (https://…/v1/log), or the\n"
            "service (https://HOST with --certificate, unix:PATH). Every tile and entry is "
            "computed\n"
            "again up to the root that the checkpoint signs, every record is compared with its\n"
            "leaf, and what the records say must fit together. With --state only what is new is\n"
            "read, and a log that was cut or forked since is refused.",
        .examples = "slipway audit verify /var/lib/slipway-signer/log --log \"$LOG\"\n"
                    "slipway audit verify log-copy --log \"$LOG\" --bundles app.bundle",
        .run = cli_audit_verify,
    },
    {
        .verb = "show",
        .usage = "slipway audit show",
        .summary = "print the entries of a log, once they are verified",
        .synopsis = "LOG --log VKEY [--from N] [--count N]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = show_options,
        .about = "One line an entry; with --json one object a line, with the whole record.",
        .examples = "slipway audit show log-copy --log \"$LOG\" --from 100 --count 10",
        .run = cli_audit_show,
    },
    {
        .verb = "monitor",
        .usage = "slipway audit monitor",
        .summary = "follow a log, and tell people when something is wrong with it",
        .synopsis = "LOG… --log VKEY --state FILE [--once | --every DURATION] [--mirror DIR] "
                    "[--tuf-root FILE…]\n"
                    "      [--smtp URL [--smtp-user NAME --smtp-password-file FILE] --mail-from A "
                    "--mail-to "
                    "A…]\n"
                    "      [--webhook URL --webhook-key KEY]",
        .positionals_min = 1,
        .positionals_max = 8,
        .options = monitor_options,
        .about =
            "Finds a log that was cut, changed or forked, records that don't fit together, and,\n"
            "where several places are named, that they show different logs. What is wrong is told\n"
            "by mail and by a signed POST (a DSSE envelope), and evidence of a fork is kept "
            "beside\n"
            "the state. With --once the exit code says it: 3 when the log is refused.",
        .examples =
            "slipway audit monitor https://log.example.com --log \"$LOG\" --state log.state\n"
            "slipway audit monitor /media/log --log \"$LOG\" --state log.state --once",
        .run = cli_audit_monitor,
    },
    {
        .verb = "witness",
        .usage = "slipway audit witness",
        .summary = "cosign other people's logs",
        .synopsis =
            "--key KEY --name NAME (--log VKEY… --state DIR --front-config FILE | --show-key)",
        .options = witness_options,
        .about =
            "Serves POST /add-checkpoint (C2SP tlog-witness) through slipway-signer, which it\n"
            "starts. A checkpoint is cosigned when it continues the one before; what was\n"
            "cosigned is on the disk first.",
        .examples =
            "slipway audit witness --key w1 --name witness.example/w1 --show-key\n"
            "slipway audit witness --key w1 --name witness.example/w1 --log \"$LOG\" --state "
            "witness --front-config front.conf",
        .run = cli_audit_witness,
    },
    {
        .verb = "depot",
        .usage = "slipway audit depot",
        .summary = "recompute a depot's audit trail",
        .synopsis = "[--state FILE]\n" CLI_DEPOT_SYNOPSIS,
        .options = depot_options,
        .about =
            "Reads every entry, and hashes the chain again; who asks must see all products. With\n"
            "--state only what is new is read, and a trail that was written anew since is refused.",
        .examples = "slipway audit depot --depot https://depot.example --token-file me.token "
                    "--state trail.state",
        .run = cli_audit_depot,
    },
    {0},
};

const struct cli_noun cli_audit_noun = {
    .name = "audit",
    .usage = "slipway audit",
    .summary = "watch the log of a signing service, or the trail of a depot",
    .commands = commands,
};
