/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program slipway-signer: the front of the signing service, or of a witness. It is started by
 * the process behind it, with one end of a socketpair, speaks HTTP, and holds nothing but the key
 * of its TLS certificate (docs/SIGNER.md).
 *
 *     slipway-signer --config FILE --key-process-fd 3
 *     slipway-signer --config FILE --key-process-fd 3 --witness
 *
 * It ends when the process behind it does, or on SIGTERM and SIGINT; requests that are being served
 * are answered first.
 */
#include "courier.h"
#include "server.h"

#include "slipway/notify.h"
#include "slipway/sandbox.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <gnutls/pkcs11.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct program {
    const char *config;
    int descriptor;
    int gone[2]; /* a pipe: the other end of the socketpair is gone */
    int signals;
    struct front front;
    struct front_server server;
    struct front_courier *courier;
};

static int fail(const struct slw_detail *detail)
{
    (void)fprintf(stderr, "slipway-signer: %s\n", detail->text);
    return 1;
}

static int usage(void)
{
    (void)fputs("usage: slipway-signer --config FILE --key-process-fd N [--witness]\n", stderr);
    return 2;
}

static bool parse_arguments(int argc, char **argv, struct program *program)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'},
        {"key-process-fd", required_argument, NULL, 'k'},
        {"witness", no_argument, NULL, 'w'},
        {NULL, 0, NULL, 0},
    };
    uint64_t number = 0;
    int option = 0;
    program->descriptor = -1;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            program->config = optarg;
            break;
        case 'k':
            if (!front_parse_number(optarg, &number) || number < 3 || number > 1023) {
                return false;
            }
            program->descriptor = (int)number;
            break;
        case 'w':
            program->front.is_witness = true;
            break;
        default:
            return false;
        }
    }
    return optind == argc && program->config != NULL && program->descriptor >= 0;
}

static void tell_gone(void *context)
{
    const struct program *program = context;
    (void)!write(program->gone[1], "", 1);
}

static enum slw_status prepare_signals(struct program *program, struct slw_detail *detail)
{
    sigset_t ends;
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&ends);
    (void)sigaddset(&ends, SIGTERM);
    (void)sigaddset(&ends, SIGINT);
    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigprocmask(SIG_BLOCK, &ends, NULL); /* threads inherit it */
    program->signals = signalfd(-1, &ends, SFD_CLOEXEC);
    return program->signals >= 0 && pipe2(program->gone, O_CLOEXEC) == 0
               ? SLW_OK
               : slw_explain_errno(detail, "signals");
}

/* Everything that needs files or rights which the process doesn't keep. */
static enum slw_status open_all(struct program *program, struct slw_detail *detail)
{
    struct front *front = &program->front;
    const int kept[] = {0, 1, 2, program->descriptor};
    SLW_TRY(slw_sandbox_keep_descriptors(kept, sizeof kept / sizeof kept[0], detail));
    SLW_TRY(front_settings_read(program->config, front->is_witness, &front->settings, detail));
    SLW_TRY(slw_notify_open(detail));
    SLW_TRY(slw_sandbox_clear_environment(detail));
    SLW_TRY(slw_http_limits_init(&front->limits, front->settings.requests_per_s));
    SLW_TRY(prepare_signals(program, detail));
    if (gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_MANUAL, NULL) < 0 || gnutls_global_init() < 0) {
        return slw_explain(detail, SLW_IO, "TLS can't be set up");
    }
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        return slw_explain(detail, SLW_IO, "libcurl: %s", curl_easy_strerror(code));
    }
    if (front->settings.client_ca[0] != '\0') {
        SLW_TRY(slw_http_trust_open(front->settings.client_ca, front->settings.client_crl,
                                    &front->trust, detail));
    }
    return front_server_open(front, &program->server, detail);
}

#define READABLE_MAX 16u

/* Adds the directory of a file that settings name: the file may be replaced by another one. */
static enum slw_status add_directory_of(const char *path, struct slw_sandbox_paths *paths,
                                        const char *readable[static READABLE_MAX],
                                        struct slw_detail *detail)
{
    const char *slash = strrchr(path, '/');
    if (path[0] == '\0') {
        return SLW_OK;
    }
    char *directory = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    if (directory == NULL) {
        return slw_explain_no_memory(detail);
    }
    readable[paths->readable_count++] = directory; /* kept until the process ends */
    return SLW_OK;
}

/* What may still be opened: certificates, and what it takes to find a witness by its name. */
static enum slw_status confine_files(const struct front_settings *settings,
                                     struct slw_detail *detail)
{
    static const char *readable[READABLE_MAX] = {
        "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf",
        "/etc/gai.conf",    "/etc/ssl",   "/usr/share/ca-certificates",
        "/usr/lib",         "/lib",       "/etc/host.conf"};
    struct slw_sandbox_paths paths = {.readable = readable, .readable_count = 9, .network = true};
    struct slw_sandbox_done done = {0};
    SLW_TRY(add_directory_of(settings->client_ca, &paths, readable, detail));
    SLW_TRY(add_directory_of(settings->client_crl, &paths, readable, detail));
    SLW_TRY(add_directory_of(settings->witness_ca, &paths, readable, detail));
    SLW_TRY(slw_sandbox_restrict_paths(&paths, &done, detail));
    if (done.missing[0] != '\0') {
        (void)fprintf(stderr, "slipway-signer: %s\n", done.missing);
    }
    return SLW_OK;
}

static enum slw_status confine(const struct front_settings *settings, struct slw_detail *detail)
{
    if (settings->user[0] != '\0') {
        struct slw_sandbox_user user;
        SLW_TRY(slw_sandbox_find_user(settings->user, &user, detail));
        SLW_TRY(slw_sandbox_drop_user(&user, detail));
    }
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(slw_sandbox_forbid_privileges(detail));
    slw_sandbox_load_name_service(); /* of witnesses */
    SLW_TRY(confine_files(settings, detail));
    return slw_sandbox_restrict_calls(SLW_SANDBOX_FRONT, SLW_SANDBOX_KILL, detail);
}

static enum slw_status start_all(struct program *program, struct slw_detail *detail)
{
    struct front *front = &program->front;
    const struct front_settings *settings = &front->settings;
    if (settings->sandbox) {
        SLW_TRY(confine(settings, detail));
    }
    SLW_TRY(slw_http_connections_start(&front->connections, settings->idle_s,
                                       settings->floor_bytes_per_s, NULL, NULL));
    SLW_TRY(front_channel_open(program->descriptor, tell_gone, program, &front->channel, detail));
    if (!front->is_witness) {
        SLW_TRY(front_courier_start(settings, front->channel, &program->courier, detail));
    }
    return front_server_start(&program->server, detail);
}

static void announce(const struct program *program)
{
    for (size_t i = 0; i < program->server.count; i++) {
        (void)printf("listening on %s\n", program->server.listeners[i].address);
    }
    (void)fflush(stdout);
    slw_notify("READY=1");
}

/* Until a signal comes, or the process behind is gone. */
static void wait_for_end(const struct program *program)
{
    struct pollfd ends[] = {{.fd = program->signals, .events = POLLIN},
                            {.fd = program->gone[0], .events = POLLIN}};
    while (poll(ends, 2, -1) < 0 && errno == EINTR) {
    }
    slw_notify("STOPPING=1");
}

static void close_all(struct program *program)
{
    front_server_close(&program->server);
    front_channel_stop(program->front.channel);
    front_courier_stop(program->courier);
    front_channel_free(program->front.channel);
    slw_http_connections_stop(&program->front.connections);
    slw_http_trust_close(program->front.trust);
}

int main(int argc, char **argv)
{
    static struct program program;
    struct slw_detail detail = {"can't be started"};
    if (!parse_arguments(argc, argv, &program)) {
        return usage();
    }
    if (open_all(&program, &detail) != SLW_OK || start_all(&program, &detail) != SLW_OK) {
        return fail(&detail);
    }
    announce(&program);
    wait_for_end(&program);
    close_all(&program);
    return 0;
}
