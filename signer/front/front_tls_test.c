/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which certificates admit to the front, with authorities made by openssl(1), and libcurl as the
 * client. What the key process was asked shows that nobody else got through.
 */
#include "test_front.h"

#include "tap.h"

#include <curl/curl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static struct test_front front;

/*
 * Two authorities, a server's certificate, and clients': good, of a user who was revoked, of the
 * past, of the future, for servers only, by the other authority, by nobody but itself, and too
 * many.
 */
static const char make_files[] =
    "set -e\n"
    "authority() {\n"
    "mkdir $1; : >$1/index; echo 01 >$1/serial; echo 01 >$1/number\n"
    "printf '%s\\n' '[ca]' default_ca=x '[x]' dir=$1 database=$1/index new_certs_dir=$1 "
    "serial=$1/serial "
    "crlnumber=$1/number default_md=sha256 policy=p rand_serial=no unique_subject=no '[p]' "
    "commonName=supplied "
    "'[client]' extendedKeyUsage=clientAuth keyUsage=digitalSignature "
    "'[server]' extendedKeyUsage=serverAuth subjectAltName=IP:127.0.0.1 >$1.conf\n"
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 -days 9 "
    "-keyout $1.key -out $1.pem\n"
    "}\n"
    "certificate() {\n" /* authority, name, extensions, dates */
    "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$2 -keyout "
    "$2.key "
    "-out $2.csr\n"
    "openssl ca -batch -notext -config $1.conf -cert $1.pem -keyfile $1.key -in $2.csr -out $2.pem "
    "-extensions $3 $4\n"
    "}\n"
    "authority ours; authority theirs\n"
    "certificate ours server server '-days 5'\n"
    "certificate ours good client '-days 5'\n"
    "certificate ours revoked client '-days 5'\n"
    "certificate ours past client '-startdate 20200101000000Z -enddate 20210101000000Z'\n"
    "certificate ours future client '-startdate 20900101000000Z -enddate 20910101000000Z'\n"
    "certificate ours purpose server '-days 5'\n"
    "certificate theirs foreign client '-days 5'\n"
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=good -days 9 "
    "-keyout itself.key -out itself.pem\n"
    "openssl ca -config ours.conf -cert ours.pem -keyfile ours.key -gencrl -crldays 5 -out "
    "none.crl\n"
    "openssl ca -config ours.conf -cert ours.pem -keyfile ours.key -revoke revoked.pem\n"
    "openssl ca -config ours.conf -cert ours.pem -keyfile ours.key -gencrl -crldays 5 -out "
    "one.crl\n"
    "openssl ca -config ours.conf -cert ours.pem -keyfile ours.key -gencrl "
    "-crl_lastupdate 20200101000000Z -crl_nextupdate 20200201000000Z -out old.crl\n"
    "openssl ca -config theirs.conf -cert theirs.pem -keyfile theirs.key -gencrl -crldays 5 "
    "-out foreign.crl\n"
    "for i in 1 2 3 4 5 6 7 8 9 10; do cat good.pem; done >long.pem; cp good.key long.key\n"
    "cp one.crl now.crl\n";

static void pause_ms(long ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Runs a script in the front's directory. */
static bool run(const char *script)
{
    char line[8192];
    pid_t child = -1;
    int status = -1;
    posix_spawn_file_actions_t actions;
    (void)snprintf(line, sizeof line, "cd %s\n%s", front.directory, script);
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

static bool begin(const char *more)
{
    char settings[1024];
    const char *at = front.directory;
    (void)snprintf(
        settings, sizeof settings,
        "listen = 127.0.0.1:0\ntls-certificate = %s/server.pem\ntls-key = %s/server.key\n"
        "client-ca = %s/ours.pem\nclient-crl = %s/now.crl\n%s",
        at, at, at, at, more);
    return run("cp one.crl now.crl") && test_front_start(&front, settings, NULL);
}

static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
    struct slw_heap_buffer *body = context;
    slw_heap_append(body, slw_bytes_make(bytes, size * count));
    return size * count;
}

struct visit {
    CURLcode result;
    long status;
    char body[512];
};

static void set_files(CURL *curl, const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/ours.pem", front.directory);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, path);
    if (name != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s.pem", front.directory, name);
        (void)curl_easy_setopt(curl, CURLOPT_SSLCERT, path);
        (void)snprintf(path, sizeof path, "%s/%s.key", front.directory, name);
        (void)curl_easy_setopt(curl, CURLOPT_SSLKEY, path);
    }
}

/* Asks for a path with this client's certificate, NULL for none; curl is used again when given. */
static struct visit visit_with(CURL *curl, const char *name, const char *path, long versions)
{
    struct visit visit = {.result = CURLE_FAILED_INIT};
    struct slw_heap_buffer body = {0};
    char url[512];
    (void)snprintf(url, sizeof url, "%s%s", front.https, path);
    set_files(curl, name);
    (void)curl_easy_setopt(curl, CURLOPT_URL, url);
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 20000L);
    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, versions);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    visit.result = curl_easy_perform(curl);
    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &visit.status);
    (void)snprintf(visit.body, sizeof visit.body, "%s", slw_heap_text(&body));
    slw_heap_free(&body);
    return visit;
}

static struct visit visit(const char *name, const char *path)
{
    CURL *curl = curl_easy_init();
    struct visit result = visit_with(curl, name, path, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_cleanup(curl);
    return result;
}

static void admits_a_client_of_its_authority(void)
{
    struct visit got = visit("good", "/v1/health");
    TAP_EQUAL_INT(got.result, CURLE_OK);
    TAP_EQUAL_INT(got.status, 200);
    TAP_CHECK(strcmp(got.body, "{\"state\":\"ready\"}") == 0);
}

static void admits_nobody_else(void)
{
    static const struct {
        const char *name;
        const char *why;
    } rows[] = {
        {NULL, "none was shown"},
        {"revoked", "revoked"},
        {"past", "expired"},
        {"future", "not valid yet"},
        {"purpose", "not for clients"},
        {"foreign", "of an authority that isn't ours"},
        {"itself", "of an authority that isn't ours"},
        {"long", "too long a chain"},
    };
    unsigned before = front.behind.calls[SLW_SIGNER_HEALTH];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct visit got = visit(rows[i].name, "/v1/health");
        TAP_ROW(rows[i].why);
        TAP_EQUAL_INT(got.status, 403);
        TAP_CHECK(strstr(got.body, "\"reason\":\"not-permitted\"") != NULL);
        TAP_CHECK(strstr(got.body, rows[i].why) != NULL);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_HEALTH], before);
}

static void speaks_tls_1_2_and_1_3_alone(void)
{
    static const struct {
        long versions;
        CURLcode result;
    } rows[] = {
        {CURL_SSLVERSION_TLSv1_3 | CURL_SSLVERSION_MAX_TLSv1_3, CURLE_OK},
        {CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2, CURLE_OK},
        {CURL_SSLVERSION_TLSv1_0 | CURL_SSLVERSION_MAX_TLSv1_1, CURLE_SSL_CONNECT_ERROR},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CURL *curl = curl_easy_init();
        TAP_EQUAL_INT(visit_with(curl, "good", "/v1/health", rows[i].versions).result,
                      rows[i].result);
        curl_easy_cleanup(curl);
    }
}

static void drops_a_client_who_is_revoked_while_connected(void)
{
    CURL *curl = curl_easy_init();
    const long versions = (long)CURL_SSLVERSION_TLSv1_2;
    TAP_CHECK(run("cp none.crl new.crl && mv new.crl now.crl"));
    pause_ms(1200);
    TAP_EQUAL_INT(visit_with(curl, "revoked", "/v1/health", versions).status, 200);
    TAP_CHECK(run("cp one.crl new.crl && mv new.crl now.crl"));
    pause_ms(1200);
    struct visit got = visit_with(curl, "revoked", "/v1/health", versions);
    TAP_EQUAL_INT(got.status, 403);
    TAP_CHECK(strstr(got.body, "revoked") != NULL);
    curl_easy_cleanup(curl);
}

static void admits_nobody_by_a_list_of_revocations_that_is_no_good(void)
{
    static const struct {
        const char *script;
        const char *why;
    } rows[] = {
        {"cp old.crl new.crl && mv new.crl now.crl", "too old"},
        {"cp foreign.crl new.crl && mv new.crl now.crl", "nobody is admitted"},
        {"echo nothing >new.crl && mv new.crl now.crl", "nobody is admitted"},
        {"rm now.crl", "nobody is admitted"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].script);
        TAP_REQUIRE(run(rows[i].script));
        pause_ms(1200);
        struct visit got = visit("good", "/v1/health");
        TAP_EQUAL_INT(got.status, 403);
        TAP_CHECK(strstr(got.body, rows[i].why) != NULL);
    }
    TAP_ROW(NULL);
    TAP_REQUIRE(run("cp one.crl new.crl && mv new.crl now.crl"));
    pause_ms(1200);
    TAP_EQUAL_INT(visit("good", "/v1/health").status, 200);
}

static void admits_nobody_once_the_list_of_revocations_is_too_old(void)
{
    TAP_REQUIRE(run("openssl ca -config ours.conf -cert ours.pem -keyfile ours.key -gencrl "
                    "-crlsec 8 -out new.crl && mv new.crl now.crl"));
    pause_ms(1200);
    TAP_EQUAL_INT(visit("good", "/v1/health").status, 200);
    pause_ms(8000);
    struct visit got = visit("good", "/v1/health");
    TAP_EQUAL_INT(got.status, 403);
    TAP_CHECK(strstr(got.body, "too old") != NULL);
    TAP_REQUIRE(run("cp one.crl new.crl && mv new.crl now.crl"));
}

static void shows_only_the_log_to_the_public_where_that_is_set(void)
{
    TAP_EQUAL_INT(visit(NULL, "/v1/log/checkpoint").status, 403);
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    TAP_REQUIRE(begin("public-log = yes\n"));
    slw_heap_append(&front.behind.file, SLW_BYTES_OF("log\n"));
    struct visit got = visit(NULL, "/v1/log/checkpoint");
    TAP_EQUAL_INT(got.status, 200);
    TAP_CHECK(strcmp(got.body, "log\n") == 0);
    TAP_EQUAL_INT(visit(NULL, "/v1/requests").status, 403);
    TAP_EQUAL_INT(visit("foreign", "/v1/requests").status, 403);
}

/* Gives a front with this authority a checkpoint for the witness; what the witness answered. */
static uint32_t carry_to(const char *url, const char *authority)
{
    char settings[256];
    struct test_front carrier;
    uint32_t status = 999;
    (void)snprintf(settings, sizeof settings, "witness-ca = %s/%s.pem\n", front.directory,
                   authority);
    if (test_front_prepare(&carrier) && test_front_start(&carrier, settings, NULL)) {
        (void)pthread_mutex_lock(&carrier.behind.lock);
        (void)snprintf(carrier.behind.url, sizeof carrier.behind.url, "%s", url);
        (void)pthread_mutex_unlock(&carrier.behind.lock);
        for (unsigned i = 0; i < 1000 && status == 999; i++) {
            pause_ms(10);
            (void)pthread_mutex_lock(&carrier.behind.lock);
            status = carrier.behind.cosigned > 0 ? carrier.behind.cosigned_status : 999;
            (void)pthread_mutex_unlock(&carrier.behind.lock);
        }
    }
    (void)test_front_stop(&carrier);
    test_front_remove(&carrier);
    return status;
}

static void carries_checkpoints_to_witnesses_of_its_authority_alone(void)
{
    char settings[512];
    static struct test_front witness;
    (void)snprintf(settings, sizeof settings,
                   "listen = 127.0.0.1:0\ntls-certificate = %s/server.pem\ntls-key = "
                   "%s/server.key\n",
                   front.directory, front.directory);
    TAP_REQUIRE(test_front_prepare(&witness) && test_front_start(&witness, settings, "--witness"));
    TAP_EQUAL_INT(carry_to(witness.https, "ours"), 200);
    TAP_EQUAL_INT(carry_to(witness.https, "theirs"), 0);
    TAP_EQUAL_INT(witness.behind.calls[SLW_SIGNER_ADD_CHECKPOINT], 1);
    TAP_EQUAL_INT(test_front_stop(&witness), 0);
    test_front_remove(&witness);
}

static bool starts_with(const char *settings)
{
    struct test_front other;
    bool started = test_front_prepare(&other) && test_front_start(&other, settings, NULL);
    (void)test_front_stop(&other);
    test_front_remove(&other);
    return started;
}

static void does_not_start_with_settings_that_make_no_sense(void)
{
    char settings[1024];
    const char *at = front.directory;
    TAP_CHECK(starts_with(""));
    TAP_CHECK(!starts_with("listen = 127.0.0.1:0\n"));
    TAP_CHECK(!starts_with("plain-listen = 127.0.0.1:0\n"));
    TAP_CHECK(!starts_with("nonsense = 1\n"));
    TAP_CHECK(!starts_with("connections = 0\n"));
    TAP_CHECK(!starts_with("connections = 5\nconnections = 5\n"));
    TAP_CHECK(!starts_with("socket-users = nobody-of-this-name\n"));
    TAP_CHECK(!starts_with("public-log = maybe\n"));
    TAP_CHECK(!starts_with("client-crl = /nothing\n"));
    TAP_CHECK(!starts_with("[other]\nx = y\n"));
    (void)snprintf(settings, sizeof settings,
                   "listen = 127.0.0.1:0\ntls-certificate = %s/server.pem\ntls-key = %s/good.key\n"
                   "client-ca = %s/ours.pem\n",
                   at, at, at);
    TAP_CHECK(!starts_with(settings)); /* the key of another certificate */
    (void)snprintf(
        settings, sizeof settings,
        "listen = 127.0.0.1:0\ntls-certificate = %s/server.pem\ntls-key = %s/server.key\n", at, at);
    TAP_CHECK(!starts_with(settings)); /* without client-ca anybody would be a client */
}

int main(void)
{
    (void)curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!test_front_prepare(&front) || !run(make_files) || !begin("")) {
        (void)fputs("Bail out! no certificates, or the front doesn't start\n", stdout);
        return 1;
    }
    TAP_RUN(admits_a_client_of_its_authority);
    TAP_RUN(admits_nobody_else);
    TAP_RUN(speaks_tls_1_2_and_1_3_alone);
    TAP_RUN(drops_a_client_who_is_revoked_while_connected);
    TAP_RUN(admits_nobody_by_a_list_of_revocations_that_is_no_good);
    TAP_RUN(admits_nobody_once_the_list_of_revocations_is_too_old);
    TAP_RUN(shows_only_the_log_to_the_public_where_that_is_set);
    TAP_RUN(carries_checkpoints_to_witnesses_of_its_authority_alone);
    TAP_RUN(does_not_start_with_settings_that_make_no_sense);
    TAP_CHECK(test_front_stop(&front) == 0);
    test_front_remove(&front);
    return tap_finish();
}
