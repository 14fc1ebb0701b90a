/* SPDX-License-Identifier: Apache-2.0 */
/* TLS: the server of openssl(1), with certificates good and bad, and what the fetcher says to them.
 */
/* For posix_spawn_file_actions_addchdir_np(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "tap.h"
#include "test_server.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define START_TIMEOUT_MS 20000

static char root[64]; /* of the keys and certificates, made and removed by main() */

/* Starts a program there; its standard output goes to a pipe when ret_output is given. */
static pid_t start(char *const arguments[], int *ret_output)
{
    posix_spawn_file_actions_t actions;
    int ends[2] = {-1, -1};
    pid_t child = -1;
    if (ret_output != NULL && pipe(ends) != 0) {
        return -1;
    }
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addchdir_np(&actions, root);
    (void)posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", 0, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    if (ret_output != NULL) {
        (void)posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
        (void)posix_spawn_file_actions_addclose(&actions, ends[0]);
        (void)posix_spawn_file_actions_addclose(&actions, ends[1]);
        *ret_output = ends[0];
    }
    if (posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ) != 0) {
        child = -1;
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    return child;
}

/* NAME.pem and NAME.key, for one subject alternative name. */
static bool make_certificate(const char *name, const char *alternative)
{
    char certificate[32];
    char key[32];
    char extension[64];
    int status = -1;
    (void)snprintf(certificate, sizeof certificate, "%s.pem", name);
    (void)snprintf(key, sizeof key, "%s.key", name);
    (void)snprintf(extension, sizeof extension, "subjectAltName=%s", alternative);
    /* posix_spawn() doesn't change what it takes as not constant. */
    const char *const arguments[] = {
        "openssl", "req",   "-x509",    "-newkey",   "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
        "-nodes",  "-subj", "/CN=test", "-days",     "2",  "-addext",  extension,
        "-keyout", key,     "-out",     certificate, NULL};
    char *words[sizeof arguments / sizeof arguments[0]];
    memcpy(words, arguments, sizeof words);
    pid_t child = start(words, NULL);
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

struct tls_server {
    pid_t process;
    int output;
    unsigned port;
};

/* Reads its first lines until it says "ACCEPT 127.0.0.1:PORT". */
static bool read_port(struct tls_server *server)
{
    char text[512] = "";
    size_t len = 0;
    struct pollfd wait = {.fd = server->output, .events = POLLIN};
    while (len < sizeof text - 1 && poll(&wait, 1, START_TIMEOUT_MS) > 0) {
        ssize_t count = read(server->output, text + len, 1);
        if (count <= 0) {
            return false;
        }
        len += (size_t)count;
        text[len] = '\0';
        const char *said = strstr(text, "ACCEPT 127.0.0.1:");
        if (said != NULL && text[len - 1] == '\n') {
            server->port = (unsigned)strtoul(said + 17, NULL, 10);
            return server->port != 0;
        }
    }
    return false;
}

static bool start_server(const char *name, const char *protocol, struct tls_server *ret_server)
{
    char certificate[32];
    char key[32];
    (void)snprintf(certificate, sizeof certificate, "%s.pem", name);
    (void)snprintf(key, sizeof key, "%s.key", name);
    const char *const arguments[] = {
        "openssl", "s_server", "-accept", "127.0.0.1:0",         "-WWW",   "-cert", certificate,
        "-key",    key,        "-cipher", "DEFAULT:@SECLEVEL=0", protocol, NULL};
    char *words[sizeof arguments / sizeof arguments[0]];
    memcpy(words, arguments, sizeof words);
    ret_server->output = -1;
    ret_server->process = start(words, &ret_server->output);
    return ret_server->process > 0 && read_port(ret_server);
}

static void stop_server(struct tls_server *server)
{
    if (server->process > 0) {
        (void)kill(server->process, SIGKILL);
        (void)waitpid(server->process, NULL, 0);
    }
    close(server->output);
}

static void get_by_tls(const struct tls_server *server, const char *host, const char *authorities,
                       struct test_file *file)
{
    static const struct slw_fetch_request request = {SLW_FETCH_METADATA, "file.json", 100, 0};
    char url[64];
    char ca_file[96];
    const char *const urls[] = {url};
    struct slw_http_options options = {.metadata_urls = urls, .mirrors = 1, .proxy = ""};
    struct slw_http_fetcher *fetcher = NULL;
    (void)snprintf(url, sizeof url, "https://%s:%u", host, server->port);
    (void)snprintf(ca_file, sizeof ca_file, "%s/%s", root, authorities == NULL ? "" : authorities);
    options.ca_file = authorities == NULL ? NULL : ca_file;
    file->status = slw_http_fetcher_new(&options, &fetcher, &file->detail);
    if (file->status == SLW_OK) {
        test_get(slw_http_fetcher_port(fetcher), &request, file);
    }
    slw_http_fetcher_free(fetcher);
}

static const struct {
    const char *name;
    const char *certificate;
    const char *protocol;
    const char *host;
    const char *authorities;
    enum slw_status status;
    const char *says;
} rows[] = {
    {"an authority of its own", "good", "-tls1_3", "127.0.0.1", "good.pem", SLW_OK, ""},
    {"TLS 1.2", "good", "-tls1_2", "127.0.0.1", "good.pem", SLW_OK, ""},
    {"TLS 1.1", "good", "-tls1_1", "127.0.0.1", "good.pem", SLW_UNAVAILABLE, ""},
    {"nobody's certificate", "good", "-tls1_3", "127.0.0.1", NULL, SLW_UNAVAILABLE, "certificate"},
    {"another authority", "good", "-tls1_3", "127.0.0.1", "other.pem", SLW_UNAVAILABLE,
     "certificate"},
    {"another host's certificate", "other", "-tls1_3", "127.0.0.1", "other.pem", SLW_UNAVAILABLE,
     "127.0.0.1"},
    {"another name for it", "good", "-tls1_3", "localhost", "good.pem", SLW_UNAVAILABLE,
     "localhost"},
    {"authorities that aren't there", "good", "-tls1_3", "127.0.0.1", "none.pem", SLW_UNAVAILABLE,
     ""},
};

static void believes_no_server_that_its_authorities_do_not_vouch_for(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tls_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].name);
        bool started = start_server(rows[i].certificate, rows[i].protocol, &server);
        TAP_CHECK(started);
        if (started) {
            get_by_tls(&server, rows[i].host, rows[i].authorities, &file);
            TAP_EQUAL_INT(file.status, rows[i].status);
            TAP_EQUAL_INT(file.begins, rows[i].status == SLW_OK ? 1 : 0);
            TAP_CHECK(strstr(file.detail.text, rows[i].says) != NULL);
            TAP_CHECK(rows[i].status != SLW_OK ||
                      strcmp(slw_heap_text(&file.bytes), "{\"by\":\"tls\"}") == 0);
        }
        slw_heap_free(&file.bytes);
        stop_server(&server);
    }
}

static bool write_file(void)
{
    char path[96];
    (void)snprintf(path, sizeof path, "%s/file.json", root);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        return false;
    }
    bool written = fputs("{\"by\":\"tls\"}", file) >= 0;
    return fclose(file) == 0 && written;
}

static void remove_files(void)
{
    static const char *const names[] = {"good.pem", "good.key", "other.pem", "other.key",
                                        "file.json"};
    char path[96];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", root, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(root);
}

int main(void)
{
    (void)snprintf(root, sizeof root, "/tmp/slipway-tls-XXXXXX");
    if (mkdtemp(root) == NULL || !write_file() || !make_certificate("good", "IP:127.0.0.1") ||
        !make_certificate("other", "DNS:other.example")) {
        puts("Bail out! no certificates for the test");
        return 1;
    }
    TAP_RUN(believes_no_server_that_its_authorities_do_not_vouch_for);
    remove_files();
    return tap_finish();
}
