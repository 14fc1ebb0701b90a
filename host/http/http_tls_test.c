/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Over TLS: whose certificates give a client its name, with authorities made by openssl(1), and
 * libcurl as the client; and that silence costs nothing.
 */
#include "test_http.h"

#include "tap.h"

#include <curl/curl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static struct test_http test;
static char directory[] = "/tmp/http-tls-test.XXXXXX";

static const char make_files[] =
    "set -e\n"
    "authority() {\n"
    "mkdir $1; : >$1/index; echo 01 >$1/serial\n"
    "printf '%s\\n' '[ca]' default_ca=x '[x]' dir=$1 database=$1/index new_certs_dir=$1 "
    "serial=$1/serial default_md=sha256 policy=p rand_serial=no unique_subject=no preserve=yes "
    "'[p]' commonName=supplied '[client]' extendedKeyUsage=clientAuth keyUsage=digitalSignature "
    "'[server]' extendedKeyUsage=serverAuth subjectAltName=IP:127.0.0.1 >$1.conf\n"
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 -days 9 "
    "-keyout $1.key -out $1.pem\n"
    "}\n"
    "certificate() {\n" /* authority, file, subject, extensions, dates */
    "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj $3 "
    "-keyout $2.key -out $2.csr\n"
    "openssl ca -batch -notext -config $1.conf -cert $1.pem -keyfile $1.key -in $2.csr -out $2.pem "
    "-extensions $4 $5\n"
    "}\n"
    "authority ours; authority theirs\n"
    "certificate ours server /CN=server server '-days 5'\n"
    "certificate ours good /CN=lamp-1 client '-days 5'\n"
    "certificate ours double /CN=lamp-1/CN=lamp-2 client '-days 5'\n"
    "certificate ours past /CN=lamp-1 client '-startdate 20200101000000Z -enddate "
    "20210101000000Z'\n"
    "certificate ours purpose /CN=lamp-1 server '-days 5'\n"
    "certificate theirs foreign /CN=lamp-1 client '-days 5'\n";

/* Runs a script in the test's directory. */
static bool run(const char *script)
{
    char line[8192];
    pid_t child = -1;
    int status = -1;
    posix_spawn_file_actions_t actions;
    (void)snprintf(line, sizeof line, "cd %s\n%s", directory, script);
    char shell[] = "sh";
    char option[] = "-c";
    char *const words[] = {shell, option, line, NULL};
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", 1, 0);
    (void)posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", 1, 0);
    if (posix_spawn(&child, "/bin/sh", &actions, NULL, words, environ) == 0) {
        (void)waitpid(child, &status, 0);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return status == 0;
}

static const char *path_of(char path[static 96], const char *name)
{
    (void)snprintf(path, 96, "%s/%s", directory, name);
    return path;
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slw_heap_buffer *body = context;
    slw_heap_append(body, slw_bytes_make(bytes, size * count));
    return size * count;
}

/* What the server says of who asks with this certificate (NULL: none); "" when it says nothing. */
static const char *ask(const char *name, const char *header, long versions)
{
    static char answer[1024];
    char path[96];
    char url[640];
    struct slw_heap_buffer body = {0};
    CURL *curl = curl_easy_init();
    struct curl_slist *headers = header == NULL ? NULL : curl_slist_append(NULL, header);
    (void)snprintf(url, sizeof url, "%s/echo/a", slw_http_server_address(test.server));
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, path_of(path, "ours.pem"));
    if (name != NULL) {
        char file[64];
        (void)snprintf(file, sizeof file, "%s.pem", name);
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, path_of(path, file));
        (void)snprintf(file, sizeof file, "%s.key", name);
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, path_of(path, file));
    }
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, versions);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode result = curl_easy_perform(curl);
    (void)snprintf(answer, sizeof answer, "%s", result == CURLE_OK ? slw_heap_text(&body) : "");
    curl_slist_free_all(headers);
    curl_easy_cleanup(curl);
    slw_heap_free(&body);
    return answer;
}

static void names_a_client_of_its_authority(void)
{
    TAP_CHECK(strstr(ask("good", NULL, CURL_SSLVERSION_TLSv1_2),
                     "\"client\":\"127.0.0.1\",\"name\":\"lamp-1\",\"secure\":true") != NULL);
}

static void names_nobody_else(void)
{
    static const char *const rows[] = {NULL, "double", "past", "purpose", "foreign"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i] == NULL ? "none" : rows[i]);
        TAP_CHECK(strstr(ask(rows[i], "X-Slipway-Client-Name: lamp-1", CURL_SSLVERSION_TLSv1_2),
                         "\"client\":\"127.0.0.1\",\"name\":\"\",\"secure\":true") != NULL);
    }
    TAP_ROW(NULL);
}

static void speaks_tls_1_2_and_1_3_alone(void)
{
    TAP_CHECK(ask("good", NULL, CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3)[0] != '\0');
    TAP_CHECK(ask("good", NULL, CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2)[0] != '\0');
    TAP_CHECK(ask("good", NULL, CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_1)[0] == '\0');
}

static void drops_who_does_not_speak_tls(void)
{
    struct test_reply reply = test_exchange(&test, GET("/static"));
    TAP_EQUAL_INT(reply.status, 0);
    TAP_CHECK(ask("good", NULL, CURL_SSLVERSION_TLSv1_2)[0] != '\0');
}

static int64_t processor_ms(void)
{
    struct timespec time = {0};
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

static int64_t processor_ms_in(struct timespec silence)
{
    int64_t before_ms = processor_ms();
    (void)nanosleep(&silence, NULL);
    return processor_ms() - before_ms;
}

/* A handshake that began: the library must wait for more of it, and not ask again and again. */
static void waits_for_who_falls_silent_in_a_handshake(void)
{
    static const char beginning[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc";
    const struct timespec silence = {.tv_nsec = 500000000};
    int client = test_connect(&test);
    TAP_CHECK(client >= 0 && test_send(client, beginning, sizeof beginning - 1));
    int64_t least_ms = processor_ms_in(silence);
    for (unsigned i = 0; i < 2 && least_ms >= 20; i++) { /* what went before may not be over */
        least_ms = processor_ms_in(silence);
    }
    TAP_CHECK(least_ms < 20);
    (void)close(client);
}

static void does_not_start_with_the_key_of_another_certificate(void)
{
    char certificate[96];
    char key[96];
    static struct test_http other;
    struct slw_http_settings settings = {.listen = "127.0.0.1:0",
                                         .tls_certificate = path_of(certificate, "server.pem"),
                                         .tls_key = path_of(key, "good.key")};
    TAP_CHECK(!test_http_start(&other, &settings));
}

int main(void)
{
    char certificate[96];
    char key[96];
    char authority[96];
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    if (mkdtemp(directory) == NULL || !run(make_files)) {
        (void)fputs("Bail out! no certificates\n", stdout);
        return 1;
    }
    struct slw_http_settings settings = {.threads = 2,
                                         .tls_certificate = path_of(certificate, "server.pem"),
                                         .tls_key = path_of(key, "server.key"),
                                         .client_ca = path_of(authority, "ours.pem")};
    if (!test_http_start(&test, &settings)) {
        return 1;
    }
    TAP_RUN(names_a_client_of_its_authority);
    TAP_RUN(names_nobody_else);
    TAP_RUN(speaks_tls_1_2_and_1_3_alone);
    TAP_RUN(drops_who_does_not_speak_tls);
    TAP_RUN(waits_for_who_falls_silent_in_a_handshake);
    TAP_RUN(does_not_start_with_the_key_of_another_certificate);
    test_http_stop(&test, 0);
    (void)run("rm -rf ours* theirs* *.pem *.key *.csr");
    (void)rmdir(directory);
    curl_global_cleanup();
    return tap_finish();
}
