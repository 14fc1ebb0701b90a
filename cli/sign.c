/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway sign`: the table of its commands, for requesters and approvers of a signing service. */
#include "sign.h"
#include "sign_policy.h"

#include "commands.h"

#include <limits.h>

#define SERVICE_SYNOPSIS                                                                           \
    "      [--config FILE] [--signer URL] [--ca-file FILE]\n"                                      \
    "      [--certificate FILE --certificate-key FILE]\n"                                          \
    "      [--log VKEY] [--witness VKEY…] [--witness-quorum N]"

static const struct cli_command commands[] = {
    {
        .verb = "submit",
        .usage = "slipway sign submit",
        .summary = "ask the signing service for a signature",
        .synopsis = "BUNDLE --key NAME [--requester-key KEY] [--operation targets|root]\n"
                    "      [--channel NAME] [--expires TIME] [--wait [--timeout TIME] [-o FILE]]\n"
                    "      [--passphrase-file FILE]\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_sign_submit_options,
        .about =
            "Uploads BUNDLE and asks for its metadata to be signed by the service's key NAME. "
            "What\n"
            "was broken off goes on where it was. Prints the id of the request, by which the "
            "other\n"
            "commands know it. With --wait, signature and proof are verified and put into BUNDLE;\n"
            "else `slipway sign fetch` gets them. Exit code 7: it waits for somebody, or was "
            "refused.",
        .examples = "slipway sign submit app.bundle --key lamp-prod --requester-key ada.key \\\n"
                    "    --channel stable --wait",
        .run = cli_sign_submit,
    },
    {
        .verb = "list",
        .usage = "slipway sign list",
        .summary = "what was asked for, the newest first",
        .synopsis = "[--limit N] [--after ID]\n" SERVICE_SYNOPSIS,
        .options = cli_sign_list_options,
        .about = "What the service says; nothing of it is verified.",
        .examples = "slipway sign list --limit 5",
        .run = cli_sign_list,
    },
    {
        .verb = "show",
        .usage = "slipway sign show",
        .summary = "where a request stands, and what it waits for",
        .synopsis = "ID\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_sign_show_options,
        .about = "What the service says; nothing of it is verified.",
        .examples = "slipway sign show 3f2a…",
        .run = cli_sign_show,
    },
    {
        .verb = "approve",
        .usage = "slipway sign approve",
        .summary = "look at what would be signed, and approve exactly that",
        .synopsis = "ID --approver-key KEY|--ssh-key FILE [--yes] [--expires TIME]\n"
                    "      [--previous BUNDLE] [--passphrase-file FILE]\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_sign_approve_options,
        .about =
            "Downloads the metadata, finds the product's last release in the service's log, "
            "verifies\n"
            "that it is there and none is newer, shows what differs, asks, and signs the digests "
            "of\n"
            "what it showed. The approval is good for this request, these metadata, this key,\n"
            "channel and policy version alone.",
        .examples = "slipway sign approve 3f2a… --ssh-key ~/.ssh/id_ed25519_sk",
        .run = cli_sign_approve,
    },
    {
        .verb = "reject",
        .usage = "slipway sign reject",
        .summary = "say that something must not be signed",
        .synopsis = "ID --reason TEXT --approver-key KEY|--ssh-key FILE [--expires TIME]\n"
                    "      [--passphrase-file FILE]\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_sign_reject_options,
        .about = "The request is refused then, whoever else approves it; the log keeps the reason.",
        .examples = "slipway sign reject 3f2a… --reason 'not tested on the old board' \\\n"
                    "    --approver-key ben.key",
        .run = cli_sign_reject,
    },
    {
        .verb = "fetch",
        .usage = "slipway sign fetch",
        .summary = "put signature and proof into what was submitted",
        .synopsis = "ID BUNDLE [-o FILE]\n" SERVICE_SYNOPSIS,
        .positionals_min = 2,
        .positionals_max = 2,
        .options = cli_sign_fetch_options,
        .about =
            "BUNDLE is what was submitted. The signature must be by a targets key of its root "
            "over\n"
            "its metadata; with --log, the proof must verify as it will on a device. Nothing is\n"
            "written before both do. Roots get their signature in the same way.",
        .examples = "slipway sign fetch 3f2a… app.bundle -o app-signed.bundle",
        .run = cli_sign_fetch,
    },
    {
        .verb = "send",
        .usage = "slipway sign send",
        .summary = "hand over statements that were signed elsewhere",
        .synopsis = "ENVELOPE…\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = UINT_MAX,
        .options = cli_sign_send_options,
        .about =
            "Each ENVELOPE is a DSSE envelope: the next policy, signed by administrators\n"
            "(`slipway sign policy sign`), or what was signed on a machine without a network. One\n"
            "that is refused ends it.",
        .examples = "slipway sign send policy.envelope",
        .run = cli_sign_send,
    },
    {
        .verb = "root",
        .usage = "slipway sign root",
        .summary = "tell of the next roots of a product's TUF repository",
        .synopsis = "ROOT… --product NAME [--requester-key KEY] [--passphrase-file "
                    "FILE]\n" SERVICE_SYNOPSIS,
        .positionals_min = 1,
        .positionals_max = UINT_MAX,
        .options = cli_sign_root_options,
        .about =
            "ROOT is a root.json as published, each the next version after the one before. The\n"
            "service trusts it from then on when the root that it trusts and ROOT itself signed it "
            "by\n"
            "their thresholds, and verifies the bases of top-level roles by the newest. One that "
            "is\n"
            "trusted already is told again without effect; an older one is refused.",
        .examples = "slipway sign root repo/metadata/2.root.json --product lamp \\\n"
                    "    --requester-key ada.key",
        .run = cli_sign_root,
    },
    CLI_SIGN_POLICY_ROW,
    {
        .verb = "takeover",
        .usage = "slipway sign takeover",
        .summary = "say, as administrators, that another machine or disk signs from now on",
        .synopsis = "FILE --key KEY… [--mark KIND:NAME=VERSION…] [-o ENVELOPE]\n"
                    "      [--passphrase-file FILE] [--force]",
        .positionals_min = 1,
        .positionals_max = 1,
        .options = cli_sign_takeover_options,
        .about =
            "FILE is what `slipway-signer-keys show` printed on that machine, or an envelope that\n"
            "other administrators signed already. Shows what is stated: the log as it is there, "
            "and\n"
            "the versions below which nothing is signed. --mark raises one, where the lost log "
            "had\n"
            "more; KIND is targets, root or role. `slipway-signer-keys takeover` takes the "
            "envelope\n"
            "once enough administrators signed.",
        .examples =
            "slipway sign takeover shown.json --key one.key -o takeover.envelope\n"
            "slipway sign takeover takeover.envelope --key two.key -o takeover.envelope --force",
        .run = cli_sign_takeover,
    },
    {0},
};

const struct cli_noun cli_sign_noun = {
    .name = "sign",
    .usage = "slipway sign",
    .summary = "have a signing service sign, and approve what it is asked for",
    .commands = commands,
};
