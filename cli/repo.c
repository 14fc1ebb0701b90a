/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway repo`: its commands and what their help says. */
#include "repo.h"

#include "commands.h"
#include "repo_client.h"
#include "repo_service.h"

static const struct cli_option fetch_options[] = {
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--dir", .value = "DIR", .help = "where to (the working directory)"},
    {0},
};

static const struct cli_option list_options[] = {
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--role", .value = "ROLE", .help = "only what this role lists"},
    {0},
};

#define ONLINE_KEY_OPTIONS                                                                         \
    {.name = "--online-key",                                                                       \
     .value = "KEY",                                                                               \
     .help = "private key that signs snapshot and timestamp"},                                     \
        {.name = "--snapshot-key", .value = "KEY", .help = "another one for the snapshot"},        \
        {.name = "--timestamp-key", .value = "KEY", .help = "another one for the timestamp"},      \
        CLI_PASSPHRASE_OPTION

static const struct cli_option init_options[] = {
    {.name = "--root-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that speaks for the root"},
    {.name = "--root-threshold", .value = "N", .help = "how many of them must sign (1)"},
    {.name = "--targets-key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public key that speaks for the top-level targets"},
    {.name = "--targets-threshold", .value = "N", .help = "how many of them must sign (1)"},
    ONLINE_KEY_OPTIONS,
    {.name = "--expires",
     .value = "ROLE=TIME",
     .repeated = true,
     .help = "how long a version lives (root=365d targets=90d snapshot=7d timestamp=1d)"},
    {0},
};

static const struct cli_option add_options[] = {
    {.name = "--channel", .value = "C", .help = "a bundle is released to this channel"},
    {.name = "--role",
     .value = "ROLE",
     .help = "who lists it (targets; a bundle: PRODUCT-CHANNEL)"},
    {.name = "--as",
     .value = "PATH",
     .help = "its path in the repository (a bundle: PRODUCT/CHANNEL/NAME, else NAME)"},
    {.name = "--custom",
     .value = "FILE",
     .help = "file with a JSON object to list with it; a bundle's is made"},
    CLI_REPO_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option remove_options[] = {
    {.name = "--role", .value = "ROLE", .help = "who lists them (targets)"},
    CLI_REPO_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option delegate_options[] = {
    {.name = "--by", .value = "ROLE", .help = "who delegates (targets)"},
    {.name = "--key", .value = "PUB", .repeated = true, .help = "public key that speaks for it"},
    {.name = "--threshold", .value = "N", .help = "how many of them must sign (1)"},
    {.name = "--path",
     .value = "PATTERN",
     .repeated = true,
     .help = "paths that it is trusted for; * and ? don't cross a slash"},
    {.name = "--bins", .value = "N", .help = "instead: N hash bins named ROLE-…, a power of two"},
    {.name = "--terminating", .help = "what it doesn't list, nobody after it may"},
    {.name = "--revoke", .help = "take the delegation back"},
    CLI_REPO_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option sign_options[] = {
    {.name = "--key", .value = "KEY", .repeated = true, .help = "private key to sign with"},
    {.name = "--signature", .value = "FILE", .repeated = true, .help = "signature made elsewhere"},
    {.name = "--signature-only",
     .value = "FILE",
     .help = "write the signature alone, to be brought to the repository"},
    CLI_PASSPHRASE_OPTION,
    CLI_FORCE_OPTION,
    {0},
};

static const struct cli_option rotate_options[] = {
    {.name = "--key",
     .value = "PUB",
     .repeated = true,
     .required = true,
     .help = "public keys of the role from now on: all of them, old ones that stay too"},
    {.name = "--threshold", .value = "N", .help = "how many of them must sign (1)"},
    CLI_REPO_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option import_options[] = {
    {.name = "--from",
     .value = "DIR",
     .required = true,
     .help = "the repository to adopt: metadata/ and targets/ below it"},
    {.name = "--root", .value = "ROOT", .required = true, .help = "a root.json of it to trust"},
    {.name = "--payloads-elsewhere", .help = "listed files may be absent: others serve them"},
    ONLINE_KEY_OPTIONS,
    {0},
};

/* Of those that have what is staged or due signed. */
static const struct cli_option publish_options[] = {
    CLI_REPO_SERVICE_OPTIONS,
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_option open_options[] = {
    CLI_PASSPHRASE_OPTION,
    {0},
};

static const struct cli_command commands[] = {
    {
        .verb = "init",
        .usage = "slipway repo init",
        .summary = "make a TUF repository",
        .synopsis = "DIR --root-key PUB… --targets-key PUB… --online-key KEY [--root-threshold N]\n"
                    "      [--targets-threshold N] [--expires ROLE=TIME…]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = init_options,
        .about =
            "Prepares the first root and the first top-level targets; their keys stay offline, "
            "and\n"
            "`repo sign` signs both. Snapshot and timestamp are signed by the online key, which\n"
            "DIR/keys.conf names. Serve DIR/metadata and DIR/targets, and nothing else of DIR.",
        .examples = "slipway repo init repo --root-key root.key.pub --targets-key targets.key.pub "
                    "--online-key online.key",
        .run = cli_repo_init,
    },
    {
        .verb = "add",
        .usage = "slipway repo add",
        .summary = "list files in a TUF repository",
        .synopsis = "DIR FILE… [--channel C] [--role ROLE] [--as PATH] [--custom FILE]",
        .positionals_min = 2,
        .positionals_max = 1024,
        .options = add_options,
        .about =
            "Puts the files under DIR/targets and prepares the role's next version. What the\n"
            "repository says of a bundle is made from the bundle, never typed; it is listed as\n"
            "PRODUCT/CHANNEL/FILE by the role PRODUCT-CHANNEL. `repo publish` makes it visible.",
        .examples = "slipway repo add repo v2.bundle --channel stable\n"
                    "slipway repo add repo manual.pdf --as docs/manual.pdf",
        .run = cli_repo_add,
    },
    {
        .verb = "remove",
        .usage = "slipway repo remove",
        .summary = "take targets out of a TUF repository",
        .synopsis = "DIR PATH… [--role ROLE]",
        .positionals_min = 2,
        .positionals_max = 1024,
        .options = remove_options,
        .about = "Prepares the role's next version without them. Their files stay for 7 days after "
                 "it is\n"
                 "published, for clients that are about to fetch them.",
        .examples = "slipway repo remove repo lamp/stable/v1.bundle --role lamp-stable",
        .run = cli_repo_remove,
    },
    {
        .verb = "delegate",
        .usage = "slipway repo delegate",
        .summary = "let other keys list some of the targets",
        .synopsis = "DIR ROLE --key PUB… (--path PATTERN… | --bins N) [--threshold N] [--by ROLE]\n"
                    "      [--terminating], or --revoke [--by ROLE]",
        .positionals_min = 2,
        .positionals_max = 2,
        .options = delegate_options,
        .about =
            "To a product's channel, a team, or hash bins for very many targets. Given again, it\n"
            "replaces the delegation, and what the role lists waits for its new keys' signatures.\n"
            "--revoke takes all of it away as soon as the delegator has signed. A role has either\n"
            "bins or other delegations.",
        .examples =
            "slipway repo delegate repo lamp-stable --key team.key.pub --path 'lamp/stable/*'\n"
            "slipway repo delegate repo bin --by files --key online.key.pub --bins 1024\n"
            "slipway repo delegate repo lamp-stable --revoke",
        .run = cli_repo_delegate,
    },
    {
        .verb = "sign",
        .usage = "slipway repo sign",
        .summary = "sign what is prepared, here or on another machine",
        .synopsis =
            "DIR ROLE (--key KEY… | --signature FILE…), or FILE --key KEY --signature-only OUT",
        .positionals_min = 1,
        .positionals_max = 2,
        .options = sign_options,
        .about =
            "Shows what is signed. Several people sign one after the other; who is elsewhere gets\n"
            "DIR/staged/ROLE.json, and sends back a signature alone. Keys are shown by the "
            "beginning\n"
            "of their ids; `key show` tells whose they are.",
        .examples = "slipway repo sign repo root --key root.key\n"
                    "slipway repo sign root.json --key root.key --signature-only root.sig\n"
                    "slipway repo sign repo root --signature root.sig",
        .run = cli_repo_sign,
    },
    {
        .verb = "discard",
        .usage = "slipway repo discard",
        .summary = "forget what is prepared for a role",
        .synopsis = "DIR ROLE…",
        .positionals_min = 2,
        .positionals_max = 64,
        .options = open_options,
        .about = "What is published stays as it is.",
        .examples = "slipway repo discard repo lamp-stable",
        .run = cli_repo_discard,
    },
    {
        .verb = "publish",
        .usage = "slipway repo publish",
        .summary = "make what is signed visible to clients",
        .synopsis = "DIR [--signer URL --requester-key KEY]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = publish_options,
        .about =
            "Writes roles whose signatures are complete, the snapshot, and the timestamp last:\n"
            "clients see the old state or the new one. Killed in between, it is run again.\n"
            "What still waits for signatures delays nothing. Roles whose keys DIR/keys.conf names "
            "as\n"
            "signer:NAME PUBLIC-KEY are signed by the signing service; a request of theirs that "
            "waits\n"
            "for approvals is the same one the next time.",
        .examples = "slipway repo publish repo",
        .run = cli_repo_publish,
    },
    {
        .verb = "refresh",
        .usage = "slipway repo refresh",
        .summary = "sign again what is about to expire, and tidy up",
        .synopsis = "DIR [--signer URL --requester-key KEY]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = publish_options,
        .about = "To be run by a timer. Renews what the keys at hand sign, prepares the rest, "
                 "publishes,\n"
                 "and removes files that nothing has referenced for 7 days.",
        .examples = "slipway repo refresh repo",
        .run = cli_repo_refresh,
    },
    {
        .verb = "rotate",
        .usage = "slipway repo rotate",
        .summary = "replace the keys of a top-level role",
        .synopsis = "DIR root|targets|snapshot|timestamp --key PUB… [--threshold N]",
        .positionals_min = 2,
        .positionals_max = 2,
        .options = rotate_options,
        .about = "Prepares the next root, to be signed by the keys of the present one and, when "
                 "its own\n"
                 "keys change, by those too. New online keys go into DIR/keys.conf first, beside "
                 "the old\n"
                 "ones: signed by both for a moment, no client fails.",
        .examples = "slipway repo rotate repo timestamp --key online-2.key.pub",
        .run = cli_repo_rotate,
    },
    {
        .verb = "check",
        .usage = "slipway repo check",
        .summary = "tell what expires, what is weak and what is waited for",
        .synopsis = "DIR",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = open_options,
        .about = "A finding a line: info, weak, or due, which is expired, broken, to be signed "
                 "again, or\n"
                 "not to be renewed by the keys that DIR/keys.conf names. Exit status 1 when "
                 "something is\n"
                 "due.",
        .examples = "slipway repo check repo --json",
        .run = cli_repo_check,
    },
    {
        .verb = "import",
        .usage = "slipway repo import",
        .summary = "adopt a repository that another tool made",
        .synopsis = "DIR --from OTHER --root ROOT --online-key KEY [--payloads-elsewhere]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = import_options,
        .about =
            "Verifies everything from ROOT on, copies it byte for byte, and goes on from there.\n"
            "Where the key that signs OTHER's snapshot and timestamp isn't at hand, name a new "
            "one\n"
            "and `repo rotate` both roles to it next.",
        .examples = "slipway repo import repo --from old --root old/metadata/1.root.json "
                    "--online-key online.key",
        .run = cli_repo_import,
    },
    {
        .verb = "export",
        .usage = "slipway repo export",
        .summary = "copy what clients need to offline media",
        .synopsis = "DIR OUT",
        .positionals_min = 2,
        .positionals_max = 2,
        .options = open_options,
        .about = "All roots, the current metadata, and their targets, into OUT/metadata and "
                 "OUT/targets;\n"
                 "what is there already and right is kept.",
        .examples = "slipway repo export repo /media/usb",
        .run = cli_repo_export,
    },
    {
        .verb = "fetch",
        .usage = "slipway repo fetch",
        .summary = "get targets from a TUF repository, verified",
        .synopsis = "TARGET… --from URL… --root ROOT [--dir DIR] [--metadata-dir DIR]",
        .positionals_min = 1,
        .positionals_max = 64,
        .options = fetch_options,
        .about =
            "Brings what is trusted up to date, finds each target through the repository's\n"
            "delegations, and downloads it, verified, under its percent-encoded path. Prints "
            "where\n"
            "each is. A target that is there already isn't fetched again; a mirror that fails or\n"
            "lies is passed over for the next. A release is compared with the bundle it "
            "describes.\n"
            "Trust begins with --root and goes on from what is kept in the metadata directory.",
        .examples =
            "slipway repo fetch lamp/stable/2.0.0.bundle --from https://updates.example.com --root "
            "root.json\n"
            "slipway repo fetch tool.tar --from /media/usb --root root.json --dir downloads",
        .run = cli_repo_fetch,
    },
    {
        .verb = "list",
        .usage = "slipway repo list",
        .summary = "list the targets of a TUF repository",
        .synopsis = "[PATTERN] --from URL… --root ROOT [--role ROLE] [--metadata-dir DIR]",
        .positionals_max = 1,
        .options = list_options,
        .about = "One line each: path, size, hash, the role that lists it, and what a release is.\n"
                 "PATTERN's * and ? stand for anything but a slash.",
        .examples = "slipway repo list --from https://updates.example.com --root root.json\n"
                    "slipway repo list 'lamp/stable/*' --from /media/usb --root root.json",
        .run = cli_repo_list,
    },
    {0},
};

const struct cli_noun cli_repo_noun = {
    .name = "repo",
    .usage = "slipway repo",
    .summary = "make TUF repositories, and fetch from them",
    .commands = commands,
};
