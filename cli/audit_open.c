/* SPDX-License-Identifier: Apache-2.0 */
/* Where `slipway audit` reads logs from, whose logs, and what it says of one that it refuses. */
#include "audit.h"

#include "slipway/files.h"
#include "slipway/tuf_follow.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool is_web(const char *name)
{
    return strncasecmp(name, "http:", 5) == 0 || strncasecmp(name, "https:", 6) == 0 ||
           strncasecmp(name, "file:", 5) == 0;
}

static enum slw_status get_from_web(void *context, const char *path, size_t limit,
                                    struct slw_heap_buffer *ret_bytes, struct slw_detail *detail)
{
    struct cli_audit_log *log = context;
    const struct slw_fetch_request request = {SLW_FETCH_METADATA, path, limit, 0};
    return slw_fetch_to_heap(slw_http_fetcher_port(log->http), 0, &request, ret_bytes, detail);
}

static enum slw_status get_from_service(void *context, const char *path, size_t limit,
                                        struct slw_heap_buffer *ret_bytes,
                                        struct slw_detail *detail)
{
    struct cli_audit_log *log = context;
    return slw_signer_client_log(log->client, path, limit, ret_bytes, detail);
}

static enum slw_status open_web(struct cli *cli, const struct cli_arguments *arguments,
                                struct cli_audit_log *log)
{
    const char *const urls[] = {log->name};
    const struct slw_http_options options = {
        .metadata_urls = urls,
        .mirrors = 1,
        .ca_file = cli_value(arguments, "--ca-file"),
        .user_agent = "slipway/" SLIPWAY_VERSION,
    };
    log->source = (struct slw_audit_source){log, get_from_web};
    return slw_http_fetcher_new(&options, &log->http, &cli->detail);
}

static enum slw_status open_service(struct cli *cli, const struct cli_arguments *arguments,
                                    struct cli_audit_log *log)
{
    const struct slw_signer_client_settings settings = {
        .url = log->name,
        .ca_file = cli_value(arguments, "--ca-file"),
        .certificate_file = cli_value(arguments, "--certificate"),
        .key_file = cli_value(arguments, "--certificate-key"),
    };
    log->source = (struct slw_audit_source){log, get_from_service};
    return slw_signer_client_new(&settings, &log->client, &cli->detail);
}

enum cli_exit cli_audit_log_open(struct cli *cli, const struct cli_arguments *arguments,
                                 const char *name, struct cli_audit_log *ret_log)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    enum slw_status status = SLW_OK;
    *ret_log = (struct cli_audit_log){.name = name};
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a connection that ends is a status */
    if (strncmp(name, "unix:", 5) == 0 || cli_has(arguments, "--certificate")) {
        status = open_service(cli, arguments, ret_log);
    } else if (is_web(name)) {
        status = open_web(cli, arguments, ret_log);
    } else {
        ret_log->source = slw_audit_directory(name);
    }
    return status == SLW_OK ? CLI_DONE : cli_fail(cli, status);
}

void cli_audit_log_close(struct cli_audit_log *log)
{
    slw_http_fetcher_free(log->http);
    slw_signer_client_free(log->client);
    log->http = NULL;
    log->client = NULL;
}

void cli_audit_expect(const struct cli_transparency *transparency, struct slw_audit *audit)
{
    audit->settings.log_key = &transparency->log;
    audit->settings.witnesses = transparency->witnesses;
    audit->settings.witness_count = transparency->witnesses_count;
    audit->settings.quorum = transparency->transparency.quorum;
}

enum cli_exit cli_audit_settings(struct cli *cli, const struct cli_arguments *arguments,
                                 struct cli_transparency *transparency, struct slw_audit *audit)
{
    if (!cli_transparency_read(cli, arguments, transparency)) {
        return CLI_USAGE;
    }
    cli_audit_expect(transparency, audit);
    return CLI_DONE;
}

/* Who names a file that isn't a root is told, for it would match nothing. */
static enum slw_status known_root_read(const char *path, struct slw_heap_buffer *ret_digests,
                                       struct slw_detail *detail)
{
    struct slw_heap_buffer file = {0};
    struct slw_detail why = {""};
    uint64_t ignored = 0;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    SLW_TRY(slw_file_read(path, SLW_TUF_FOLLOW_SIZE_MAX, &file, detail));
    enum slw_status status = slw_tuf_root_first(slw_heap_bytes(&file), &ignored, &why);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_heap_bytes(&file));
    slw_sha256_final(&hash, digest);
    slw_heap_append(ret_digests, slw_bytes_make(digest, sizeof digest));
    slw_heap_drop(&file);
    return status == SLW_OK ? SLW_OK : slw_explain(detail, status, "%s: %s", path, why.text);
}

enum cli_exit cli_audit_known_roots(struct cli *cli, const struct cli_arguments *arguments,
                                    struct slw_audit *audit, struct slw_heap_buffer *ret_digests)
{
    const size_t count = cli_count(arguments, "--tuf-root");
    for (size_t i = 0; i < count; i++) {
        enum slw_status status =
            known_root_read(cli_nth(arguments, "--tuf-root", i), ret_digests, &cli->detail);
        if (status != SLW_OK) {
            return cli_error(cli, "%s", cli->detail.text); /* 3 would be about the log */
        }
    }
    if (ret_digests->status != SLW_OK) {
        return cli_error(cli, "out of memory");
    }
    audit->settings.known_roots = slw_heap_bytes(ret_digests);
    return CLI_DONE;
}

/* A signature that doesn't verify is a reason here; elsewhere it is one of several that may. */
static enum slw_status reason_of(enum slw_status status)
{
    return status == SLW_BAD_SIGNATURE || status == SLW_NOT_FOUND ? SLW_LOG_DAMAGED : status;
}

bool cli_audit_is_verdict(enum slw_status status)
{
    return status != SLW_OK && status != SLW_NO_SPACE && status != SLW_STORED_STATE &&
           slw_status_is_refusal(reason_of(status));
}

const char *cli_audit_word(enum slw_status status)
{
    return slw_status_word(reason_of(status));
}

enum cli_exit cli_audit_fail(struct cli *cli, enum slw_status status, const char *name)
{
    char text[sizeof cli->detail.text + 256];
    (void)snprintf(text, sizeof text, "%s: %s", name, cli->detail.text);
    cli_audit_clean(text);
    if (!cli_audit_is_verdict(status)) {
        (void)slw_explain(&cli->detail, status, "%s", text);
        return cli_fail(cli, status);
    }
    (void)cli_refuse(cli, reason_of(status), text);
    return CLI_REFUSED;
}

void cli_audit_clean(char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F) {
            *text = '?';
        }
    }
}
