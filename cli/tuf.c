/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `slipway tuf`: the TUF client in the form that TUF's conformance suite runs clients in. Its exit
 * codes are the suite's: 0 for full success, 1 for everything else, a bad command line included.
 */
#include "commands.h"

#include "slipway/files.h"
#include "slipway/tuf_client.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>

#define ROOT_SIZE_MAX 512000u

/* "refused: WORD: …" or "failed: WORD: …" on stderr. */
static enum cli_exit report(const struct cli *cli, enum slw_status status)
{
    const char *text = cli->detail.text[0] != '\0' ? cli->detail.text : slw_status_meaning(status);
    if (!slw_status_is_refusal(status)) {
        return cli_fail_by_word(cli, status, text);
    }
    (void)cli_refuse(cli, status, text);
    return CLI_FAILED;
}

static enum cli_exit refuse_usage(const struct cli *cli, const char *what)
{
    (void)cli_usage(cli, "%s", what);
    return CLI_FAILED;
}

static void trace_event(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                        const char *text)
{
    const struct cli *cli = context;
    switch (event) {
    case SLW_TUF_EVENT_TRUSTED:
        cli_trace(cli, "%s: version %" PRId64 " is trusted", name, number);
        break;
    case SLW_TUF_EVENT_KEPT:
        cli_trace(cli, "%s: version %" PRId64 " is current", name, number);
        break;
    case SLW_TUF_EVENT_RECOVERED:
        cli_trace(cli, "%s: version %" PRId64 " has new keys: timestamp and snapshot are forgotten",
                  name, number);
        break;
    case SLW_TUF_EVENT_MIRROR:
        cli_trace(cli, "mirror %" PRId64 ": %s", number + 1, text);
        break;
    case SLW_TUF_EVENT_EXPIRED:
        cli_trace(cli, "%s: expired at %s, and used all the same", name, text);
        break;
    }
}

static enum cli_exit run_init(struct cli *cli, const struct cli_arguments *arguments)
{
    struct slw_heap_buffer root = {0};
    enum slw_status status =
        slw_file_read(arguments->positionals[1], ROOT_SIZE_MAX, &root, &cli->detail);
    if (status == SLW_OK) {
        status =
            slw_tuf_client_trust(cli_value(arguments, "--metadata-dir"), arguments->positionals[1],
                                 slw_heap_bytes(&root), SLW_TUF_KEY_IDS_CHECKED, &cli->detail);
    }
    slw_heap_free(&root);
    return status == SLW_OK ? CLI_DONE : report(cli, status);
}

static enum slw_status download(struct cli *cli, struct slw_tuf_client *client, const char *name,
                                const char *directory)
{
    struct slw_tuf_target target;
    struct slw_heap_buffer path = {0};
    SLW_TRY(slw_tuf_client_find(client, slw_bytes_make(name, strlen(name)), &target, &cli->detail));
    enum slw_status status =
        slw_tuf_client_download(client, &target, directory, &path, &cli->detail);
    if (status == SLW_OK) {
        cli_trace(cli, "%s", slw_heap_text(&path));
    }
    slw_heap_free(&path);
    return status;
}

/* Refreshes, and downloads what is named, in that order, up to the first failure. */
static enum slw_status update(struct cli *cli, const struct cli_arguments *arguments,
                              const struct slw_fetch_port *port)
{
    const struct slw_tuf_observer observer = {.context = cli, .event = trace_event};
    const struct slw_tuf_client_options options = {
        .metadata_directory = cli_value(arguments, "--metadata-dir"),
        .fetch = port,
        .observer = &observer,
    };
    struct slw_tuf_client *client = NULL;
    SLW_TRY(slw_tuf_client_open(&options, &client, &cli->detail));
    enum slw_status status = slw_tuf_client_refresh(client, &cli->detail);
    size_t count = cli_count(arguments, "--target-name");
    for (size_t i = 0; status == SLW_OK && i < count; i++) {
        status = download(cli, client, cli_nth(arguments, "--target-name", i),
                          cli_value(arguments, "--target-dir"));
    }
    slw_tuf_client_free(client);
    return status;
}

static enum cli_exit run_update(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *metadata_url = cli_value(arguments, "--metadata-url");
    const char *targets_url = cli_value(arguments, "--target-base-url");
    const struct slw_http_options options = {
        .metadata_urls = &metadata_url,
        .targets_urls = targets_url == NULL ? NULL : &targets_url,
        .mirrors = 1,
    };
    /* A server that hangs up is a failure to tell. */
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    struct slw_http_fetcher *fetcher = NULL;
    enum slw_status status = slw_http_fetcher_new(&options, &fetcher, &cli->detail);
    if (status == SLW_OK) {
        status = update(cli, arguments, slw_http_fetcher_port(fetcher));
    }
    slw_http_fetcher_free(fetcher);
    return status == SLW_OK ? CLI_DONE : report(cli, status);
}

static enum cli_exit run_refresh(struct cli *cli, const struct cli_arguments *arguments)
{
    if (!cli_has(arguments, "--metadata-url")) {
        return refuse_usage(cli, "--metadata-url URL is missing");
    }
    if (cli_has(arguments, "--target-name")) {
        return refuse_usage(cli, "--target-name is for download");
    }
    return run_update(cli, arguments);
}

static enum cli_exit run_download(struct cli *cli, const struct cli_arguments *arguments)
{
    static const char *const needed[] = {"--metadata-url", "--target-name", "--target-base-url",
                                         "--target-dir"};
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!cli_has(arguments, needed[i])) {
            (void)cli_usage(cli, "%s is missing", needed[i]);
            return CLI_FAILED;
        }
    }
    return run_update(cli, arguments);
}

static enum cli_exit run_tuf(struct cli *cli, const struct cli_arguments *arguments)
{
    const char *verb = arguments->positionals[0];
    if (strcmp(verb, "init") == 0) {
        return arguments->positionals_count == 2
                   ? run_init(cli, arguments)
                   : refuse_usage(cli, "init needs the root to trust: TRUSTED_ROOT");
    }
    if (arguments->positionals_count == 1 && strcmp(verb, "refresh") == 0) {
        return run_refresh(cli, arguments);
    }
    if (arguments->positionals_count == 1 && strcmp(verb, "download") == 0) {
        return run_download(cli, arguments);
    }
    return refuse_usage(cli, "init TRUSTED_ROOT, refresh or download?");
}

static const struct cli_option options[] = {
    {.name = "--metadata-dir",
     .value = "DIR",
     .required = true,
     .help = "where trusted metadata are kept"},
    {.name = "--metadata-url", .value = "URL", .help = "where the repository's metadata are"},
    {.name = "--target-name",
     .value = "TARGET",
     .repeated = true,
     .help = "path of a target to download, as metadata list it"},
    {.name = "--target-base-url", .value = "URL", .help = "where the repository's targets are"},
    {.name = "--target-dir", .value = "DIR", .help = "where targets are put"},
    {0},
};

const struct cli_command cli_tuf_commands[] = {
    {
        .verb = "tuf",
        .usage = "slipway tuf",
        .summary = "a TUF client as TUF's conformance suite runs it",
        .synopsis = "--metadata-dir DIR init TRUSTED_ROOT\n"
                    "  slipway tuf --metadata-dir DIR --metadata-url URL refresh\n"
                    "  slipway tuf --metadata-dir DIR --metadata-url URL --target-name TARGET…\n"
                    "      --target-base-url URL --target-dir DIR download",
        .positionals_min = 1,
        .positionals_max = 2,
        .options = options,
        .about = "init makes the directory trust a root, and nothing else that was in it; it asks\n"
                 "no network. refresh brings the metadata up to date (section 5 of TUF's\n"
                 "specification); download does so too, and puts each target under its\n"
                 "percent-encoded path into the directory, up to the first that fails.\n"
                 "Exits with 0 when everything succeeded, and with 1 otherwise, after a line\n"
                 "`refused: REASON: …` or `failed: REASON: …` on stderr.",
        .examples =
            "slipway tuf --metadata-dir state init root.json\n"
            "slipway tuf --metadata-dir state --metadata-url http://127.0.0.1:8001/metadata "
            "refresh",
        .usage_exit = CLI_FAILED,
        .run = run_tuf,
    },
    {0},
};
