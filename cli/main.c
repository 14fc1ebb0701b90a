/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway`, the program of developers and build machines: makes keys, roots and bundles, verifies
 * and inspects them, and updates devices. This file reads the command line and starts the command.
 */
#include "device.h"
#include "help.h"

#include <signal.h>
#include <string.h>

/* The word of the command line's two that both mean "say something about yourself". */
static bool asked(const struct cli_arguments *arguments, const char *name)
{
    for (size_t i = 0; i < arguments->given_count; i++) {
        const struct cli_option *option = arguments->given[i].option;
        if (option->value == NULL && strcmp(option->name, name) == 0) {
            return true;
        }
    }
    return false;
}

static enum cli_exit print_help(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_heap_buffer text = {0};
    cli_help(arguments, &text);
    return cli_print(cli, &text);
}

static enum cli_exit print_version(struct cli *cli)
{
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, cli->json ? "{\"version\":\"" SLIPWAY_VERSION "\"}\n"
                                          : "slipway " SLIPWAY_VERSION "\n");
    return cli_print(cli, &text);
}

static enum cli_exit run(struct cli *cli, const struct cli_arguments *arguments)
{
    if (asked(arguments, "--help")) {
        return print_help(cli, arguments);
    }
    if (asked(arguments, "--version")) {
        return print_version(cli);
    }
    if (arguments->command != NULL) {
        return arguments->command->run(cli, arguments);
    }
    if (arguments->noun != NULL) {
        cli->usage_hint = arguments->noun->usage;
        return cli_usage(cli, "which verb of %s?", arguments->noun->usage);
    }
    return cli_usage(cli, "which command?");
}

char **cli_argv;

int main(int argc, char **argv)
{
    cli_argv = argv;
    struct cli cli;
    struct cli_arguments arguments;
    /* Over a limit on file sizes, a write then fails and is reported, instead of ending us. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    cli_init(&cli);
    enum cli_exit code = CLI_USAGE;
    if (cli_parse(&cli, argc - 1, argv + 1, &arguments)) {
        code = run(&cli, &arguments);
    } else if (arguments.command != NULL && arguments.command->usage_exit != CLI_DONE) {
        code = arguments.command->usage_exit;
    }
    cli_arguments_free(&arguments);
    if (!cli_flush(&cli) && code == CLI_DONE) {
        code = CLI_FAILED;
    }
    return (int)code;
}
