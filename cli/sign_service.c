/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signing service as the commands of `slipway sign` reach it: options, and sign.conf for those
 * that aren't given.
 */
#include "sign.h"

#include <signal.h>
#include <string.h>

/* What sign.conf may set: the names of options, without the dashes. */
static const char *const setting_names[] = {
    "--signer",  "--ca-file",        "--certificate",   "--certificate-key", "--log",
    "--witness", "--witness-quorum", "--requester-key", "--approver-key",    "--ssh-key",
    NULL,
};

static const struct cli_option_file sign_conf = {"sign.conf", "sign", setting_names};

static enum cli_exit connect_to(struct cli_signer *signer, bool needs_log)
{
    struct cli *cli = signer->cli;
    const struct cli_arguments *arguments = &signer->filled.arguments;
    const struct slw_signer_client_settings settings = {
        .url = cli_value(arguments, "--signer"),
        .ca_file = cli_value(arguments, "--ca-file"),
        .certificate_file = cli_value(arguments, "--certificate"),
        .key_file = cli_value(arguments, "--certificate-key"),
    };
    if (settings.url == NULL) {
        return cli_usage(cli, "--signer is missing, and sign.conf doesn't say it either");
    }
    if (!cli_transparency_read(cli, arguments, &signer->transparency)) {
        return CLI_USAGE;
    }
    if (needs_log && !signer->transparency.given) {
        return cli_usage(cli, "--log is missing: the verifier key of the service's log");
    }
    enum slw_status status = slw_signer_client_new(&settings, &signer->client, &cli->detail);
    if (status == SLW_BAD_ARGUMENT) {
        return cli_usage(cli, "%s", cli->detail.text);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

enum cli_exit cli_signer_open(struct cli *cli, const struct cli_arguments *arguments,
                              bool needs_log, struct cli_signer *ret_signer)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    *ret_signer = (struct cli_signer){.cli = cli};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a connection that ends is a status */
    enum cli_exit code = cli_fill_options(cli, arguments, &sign_conf, &ret_signer->filled);
    if (code == CLI_DONE) {
        code = connect_to(ret_signer, needs_log);
    }
    if (code != CLI_DONE) {
        cli_signer_close(ret_signer);
    }
    return code;
}

void cli_signer_close(struct cli_signer *signer)
{
    slw_signer_client_free(signer->client);
    cli_filled_free(&signer->filled);
    signer->client = NULL;
}

enum cli_exit cli_signer_fail(const struct cli_signer *signer, enum slw_status status)
{
    const struct cli *cli = signer->cli;
    if (status == SLW_UNAVAILABLE || status == SLW_IO_TIMEOUT || status == SLW_IO_CLOSED) {
        (void)cli_error(cli, "%s", cli->detail.text);
        return CLI_DEVICE;
    }
    if (slw_status_is_refusal(status)) {
        (void)cli_refuse(cli, status, cli->detail.text);
        return CLI_DENIED;
    }
    return cli_error(cli, "%s", cli->detail.text);
}

enum cli_exit cli_unverified(struct cli *cli, enum slw_status status)
{
    if (status == SLW_BAD_SIGNATURE) {
        (void)cli_refuse(cli, status, cli->detail.text);
        return CLI_REFUSED;
    }
    return cli_fail(cli, status);
}

struct slw_bytes cli_signer_origin(const struct cli_signer *signer)
{
    const char *name = signer->transparency.log.name;
    return slw_bytes_make(name, strlen(name));
}
