/* SPDX-License-Identifier: Apache-2.0 */
/* `slipway device`: its commands and what their help says. */
#include "device.h"

#include "commands.h"
#include "repo_client.h"
#include "transparency.h"

#define TO_OPTION                                                                                  \
    {                                                                                              \
        .name = "--to", .value = "LINK", .required = true,                                         \
        .help = "tcp:HOST:PORT, serial:DEVICE[:BAUD] or pty:PATH"                                  \
    }
#define TIMEOUT_OPTION                                                                             \
    {                                                                                              \
        .name = "--timeout", .value = "TIME",                                                      \
        .help = "how long to wait for an answer, a reboot or consent (30s)"                        \
    }

static const struct cli_option run_options[] = {
    {.name = "--flash",
     .value = "FILE",
     .required = true,
     .help = "the device's flash; made when it isn't there"},
    {.name = "--root", .value = "ROOT", .help = "the root that a new device is provisioned with"},
    {.name = "--listen",
     .value = "LINK",
     .help = "tcp:HOST:PORT (port 0: a free one) or pty:PATH (tcp:127.0.0.1:0)"},
    {.name = "--slot",
     .value = "NAME:SIZE",
     .repeated = true,
     .help = "a component of a new device, with two slots of SIZE (app:4M and rtos:1M)"},
    {.name = "--hardware", .value = "ID", .help = "which board it is"},
    {.name = "--product", .value = "P", .help = "which product it is"},
    {.name = "--key-class",
     .value = "CLASS",
     .help = "root class that it wants: dev, test or prod (that of its factory root)"},
    {.name = "--build-type",
     .value = "TYPE",
     .help = "build type that it wants: dev, test or user (any)"},
    CLI_TRANSPARENCY_OPTIONS,
    {.name = "--consent",
     .value = "MODE",
     .help = "auto, ask (reads yes or no from standard input) or never (auto)"},
    {.name = "--fail-boot", .help = "never confirm that a new release is healthy"},
    {.name = "--no-clock", .help = "a device without a clock: nothing is ever expired"},
    {0},
};

static const struct cli_option update_options[] = {
    TO_OPTION,
    {.name = "--name", .value = "NAME", .help = "what the device calls the bundle (its file name)"},
    {.name = "--no-apply", .help = "stop when the device has verified the bundle"},
    TIMEOUT_OPTION,
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--product", .value = "P", .help = "with --from: the product"},
    {.name = "--channel", .value = "C", .help = "with --from: the channel"},
    {.name = "--hardware",
     .value = "ID",
     .help = "with --from: only releases for this board or for any"},
    {0},
};

static const struct cli_option connect_options[] = {
    {.name = "--depot",
     .value = "URL",
     .required = true,
     .help = "https://HOST[:PORT], or http:// on this machine"},
    {.name = "--product", .value = "P", .required = true, .help = "which product it is"},
    {.name = "--device", .value = "ID", .required = true, .help = "what the fleet calls it"},
    {.name = "--hardware", .value = "ID", .required = true, .help = "which board it is"},
    {.name = "--identity",
     .value = "FILE",
     .required = true,
     .help = "the device's own private key; made when it isn't there, FILE.state beside it"},
    {.name = "--class", .value = "CLASS", .help = "dev, test or prod (prod)"},
    {.name = "--enrolment-token-file",
     .value = "FILE",
     .help = "whose first line lets it in; else somebody at the depot does"},
    {.name = "--certificate", .value = "FILE", .help = "a client certificate, CN PRODUCT/DEVICE"},
    {.name = "--certificate-key", .value = "FILE", .help = "the private key of that"},
    {.name = "--to", .value = "LINK", .help = "tcp:HOST:PORT, serial:DEVICE[:BAUD] or pty:PATH"},
    TIMEOUT_OPTION,
    {.name = "--channel", .value = "C", .help = "take releases of this channel alone (any)"},
    {.name = "--log-file", .value = "FILE", .help = "what the depot gets when it asks for a log"},
    {.name = "--once", .help = "check in, do what there is to do, and end"},
    CLI_REPO_CLIENT_OPTIONS,
    {.name = "--flash",
     .value = "FILE",
     .help = "instead of --to: a virtual device with this flash, as `device run` has it"},
    {.name = "--factory-root", .value = "ROOT", .help = "with --flash: a new device's root"},
    {.name = "--slot", .value = "NAME:SIZE", .repeated = true, .help = "with --flash"},
    {.name = "--key-class", .value = "CLASS", .help = "with --flash"},
    {.name = "--build-type", .value = "TYPE", .help = "with --flash"},
    {.name = "--consent", .value = "MODE", .help = "with --flash: auto or never"},
    {.name = "--fail-boot", .help = "with --flash: never confirm a new release"},
    {0},
};

static const struct cli_option call_options[] = {
    TO_OPTION,
    TIMEOUT_OPTION,
    {0},
};

#define CALL(name, says, does, function)                                                           \
    {                                                                                              \
        .verb = (name), .usage = "slipway device " name, .summary = (says),                        \
        .synopsis = "--to LINK", .options = call_options, .about = (does),                         \
        .examples = "slipway device " name " --to serial:/dev/ttyACM0", .run = (function)          \
    }

static const struct cli_command commands[] = {
    {
        .verb = "run",
        .usage = "slipway device run",
        .summary = "run a virtual device, to develop and test against",
        .synopsis = "--flash FILE [--root ROOT] [--listen LINK] [--slot NAME:SIZE…]\n"
                    "      [--hardware ID] [--product P] [--key-class C] [--build-type T]\n"
                    "      [--log VKEY [--witness VKEY…] [--witness-quorum N]]\n"
                    "      [--consent auto|ask|never] [--fail-boot] [--no-clock]",
        .options = run_options,
        .about =
            "The device library, the boot stage and the servers as firmware has them, over a "
            "flash\n"
            "that is a file. Prints a line for each event: where it listens, what boots, what is\n"
            "confirmed, refused or rolled back. It reboots by starting over, on the same address.\n"
            "Kill it whenever you like: it goes on from what is in the file.",
        .examples =
            "slipway device run --flash board.flash --root root.pb --listen tcp:127.0.0.1:0\n"
            "slipway device run --flash board.flash --consent ask",
        .run = cli_device_run,
    },
    {
        .verb = "update",
        .usage = "slipway device update",
        .summary = "bring a bundle to a device, and see it confirmed",
        .synopsis =
            "BUNDLE --to LINK [--name NAME] [--no-apply] [--timeout 30s]\n"
            "      or: --from URL --root ROOT --product P --channel C [--hardware ID] --to LINK",
        .positionals_max = 1,
        .options = update_options,
        .about =
            "With --from, first gets the newest release of the product's channel from a TUF\n"
            "repository, verified, and compared with what the repository says of it.\n"
            "Sends the bundle, going on where an interrupted transfer stopped; lets the device\n"
            "verify and apply it; waits for the reboot and for the device's word that the new\n"
            "release is confirmed; reports what runs. Exit status 0 only then; 3 when the device\n"
            "refused it or went back, 4 when it is expired, 6 when the device runs exactly this\n"
            "already, 7 when the consumer said no or hasn't answered. Ctrl-C aborts on the device.",
        .examples = "slipway device update app.bundle --to serial:/dev/ttyACM0\n"
                    "slipway device update --from https://updates.example.com --root root.json "
                    "--product lamp --channel stable --to serial:/dev/ttyACM0\n"
                    "slipway device update app.bundle --to tcp:192.168.1.20:33000 --no-apply",
        .run = cli_device_update,
    },
    {
        .verb = "connect",
        .usage = "slipway device connect",
        .summary = "make a device a member of a depot's fleet",
        .synopsis =
            "--depot URL --product P --device ID --hardware ID --identity FILE\n"
            "      --root ROOT.json [--from URL] (--to LINK | --flash FILE [--factory-root ROOT])\n"
            "      [--enrolment-token-file FILE] [--channel C] [--class CLASS] [--once]",
        .options = connect_options,
        .about =
            "Enrols it by its own key, checks in, reports what it runs, and takes what it is\n"
            "offered: fetches it from the TUF repository (--from; the depot's own, unless given),\n"
            "from the role that the offer names, brings it over the link, and reports what became\n"
            "of it in the device's own words. Asks the depot again before the device applies it.\n"
            "Keeps on until Ctrl-C. Kill it whenever you like: nothing is reported twice or lost.",
        .examples =
            "slipway device connect --depot https://depot.example.com --product lamp "
            "--device lamp:0001 --hardware lamp-1 --identity lamp.key --root root.json "
            "--to serial:/dev/ttyACM0\n"
            "slipway device connect --depot http://127.0.0.1:8080 --product lamp --device v1 "
            "--hardware lamp-1 --identity v1.key --root root.json --flash v1.flash "
            "--factory-root root.pb --enrolment-token-file token --once",
        .run = cli_device_connect_fleet,
    },
    CALL("status", "what a device does and runs",
         "State, result and note of the update session, and what each component runs.",
         cli_device_status),
    CALL("verify", "let a device verify what was sent to it",
         "Waits for the verdict: exit status 0, or 3 with the device's reason.", cli_device_verify),
    CALL("apply", "let a device install what it verified",
         "Waits for the reboot and the confirmation, like `device update`.", cli_device_apply),
    CALL("abort", "end a device's update session",
         "What was sent is given up. A release on trial can't be aborted.", cli_device_abort),
    CALL("reset", "make a device ready for the next session",
         "Takes note of a finished session's result.", cli_device_reset),
    {0},
};

const struct cli_noun cli_device_noun = {
    .name = "device",
    .usage = "slipway device",
    .summary = "update devices, and run a virtual one",
    .commands = commands,
};
