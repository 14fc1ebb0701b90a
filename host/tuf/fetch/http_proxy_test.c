/* SPDX-License-Identifier: Apache-2.0 */
/* Proxies: asked when they should be, believed in nothing, and their passwords are told to nobody
 * else. */
#include "tap.h"
#include "test_server.h"

#include <stdio.h>
#include <stdlib.h>

#define OK_ANSWER                                                                                  \
    {                                                                                              \
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"                                   \
    }

static const struct slw_fetch_request file_json = {SLW_FETCH_METADATA, "file.json", 100, 0};

/* A fetcher of a host that only a proxy could know. */
static struct slw_http_fetcher *new_fetcher(const char *url, const char *proxy)
{
    const char *const urls[] = {url};
    struct slw_http_options options = {.metadata_urls = urls, .mirrors = 1, .proxy = proxy};
    struct slw_http_fetcher *fetcher = NULL;
    struct slw_detail detail;
    /* For those that never let a connection come to be. */
    options.connect_timeout_ms = strncmp(url, "https:", 6) == 0 ? 1000 : 10000;
    return slw_http_fetcher_new(&options, &fetcher, &detail) == SLW_OK ? fetcher : NULL;
}

static const char *proxy_url(const struct test_server *server)
{
    static char url[128];
    (void)snprintf(url, sizeof url, "http://user:s3cret@127.0.0.1:%u", server->port);
    return url;
}

static void get_through(struct test_server *server, const struct test_answer *answers, size_t count,
                        const char *url, struct test_file *file)
{
    file->status = SLW_WRONG_STATE;
    if (test_server_open(server) && test_server_play(server, answers, count)) {
        struct slw_http_fetcher *fetcher = new_fetcher(url, proxy_url(server));
        if (fetcher != NULL) {
            test_get(slw_http_fetcher_port(fetcher), &file_json, file);
        }
        slw_http_fetcher_free(fetcher);
    }
    test_server_close(server);
}

static void asks_the_proxy_that_it_is_given(void)
{
    static const struct test_answer answer = OK_ANSWER;
    struct test_server server;
    struct test_file file = {0};
    get_through(&server, &answer, 1, "http://repository.invalid/m", &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_CHECK(strncmp(server.request[0], "GET http://repository.invalid/m/file.json HTTP/1.1\r\n",
                      52) == 0);
    TAP_CHECK(strstr(server.request[0], "\r\nProxy-Authorization: Basic dXNlcjpzM2NyZXQ=\r\n") !=
              NULL);
    TAP_CHECK(strstr(server.request[0], "\r\nAuthorization") == NULL);
    slw_heap_free(&file.bytes);
}

static void asks_the_proxy_of_the_environment_unless_told_otherwise(void)
{
    static const struct test_answer answers[] = {OK_ANSWER, OK_ANSWER};
    struct test_server server;
    struct test_file file = {0};
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 2));
    TAP_REQUIRE(setenv("http_proxy", proxy_url(&server), 1) == 0);
    struct slw_http_fetcher *fetcher = new_fetcher("http://repository.invalid/m", NULL);
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    slw_http_fetcher_free(fetcher);
    TAP_EQUAL_INT(atomic_load(&server.requests), 1);
    fetcher = new_fetcher("http://127.0.0.1:1/m", "");
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    slw_http_fetcher_free(fetcher);
    TAP_REQUIRE(unsetenv("http_proxy") == 0);
    test_server_close(&server);
    TAP_EQUAL_INT(server.requests, 1);
    slw_heap_free(&file.bytes);
}

/* Between a client and a https: server, a proxy can only be in the way. */
static void a_proxy_for_tls_can_only_fail(void)
{
    static const struct {
        const char *name;
        struct test_answer answer;
    } rows[] = {
        {"refuses", {.head = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}},
        {"not found", {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"}},
        {"asks for a password", {.head = "HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n"}},
        {"speaks plainly", {.head = "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}"}},
        {"redirects", {.head = "HTTP/1.1 302 Found\r\nLocation: x\r\nContent-Length: 0\r\n\r\n"}},
        {"says nothing", {.end = TEST_HANG}},
        {"never comes to its end",
         {.head = "HTTP/1.1 200 OK\r\n", .piece = "X: y\r\n", .pieces = TEST_ENDLESS}},
        {"connects and hangs", {.head = "HTTP/1.1 200 OK\r\n\r\n", .end = TEST_HANG}},
        {"connects and ends", {.head = "HTTP/1.1 200 OK\r\n\r\n", .end = TEST_CLOSE}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].name);
        get_through(&server, &rows[i].answer, 1, "https://repository.invalid/m", &file);
        TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
        TAP_EQUAL_INT(file.begins, 0);
        TAP_CHECK(strncmp(server.request[0], "CONNECT repository.invalid:443 ", 31) == 0);
        TAP_CHECK(strncmp(file.detail.text, "https://repository.invalid/m/file.json: ", 40) == 0);
        TAP_CHECK(strstr(file.detail.text, "s3cret") == NULL);
        slw_heap_free(&file.bytes);
    }
}

static void a_proxy_that_is_none_is_not_told_with_its_password(void)
{
    static const char *const rows[] = {
        "http://user:s3cret@[::1",
        "http://user:s3cret@127.0.0.1:99999",
        "unheard-of://user:s3cret@127.0.0.1:1",
        "http://user:s3cret@proxy.invalid:1",
        "http://user:s3cret@127.0.0.1:1",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_file file = {0};
        struct slw_http_fetcher *fetcher = new_fetcher("http://repository.invalid/m", rows[i]);
        TAP_ROW(rows[i]);
        TAP_REQUIRE(fetcher != NULL);
        test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
        TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
        TAP_CHECK(strlen(file.detail.text) > strlen("http://repository.invalid/m/file.json: "));
        TAP_CHECK(strstr(file.detail.text, "s3cret") == NULL);
        slw_http_fetcher_free(fetcher);
    }
}

int main(void)
{
    (void)unsetenv("no_proxy");
    (void)unsetenv("NO_PROXY");
    TAP_RUN(asks_the_proxy_that_it_is_given);
    TAP_RUN(asks_the_proxy_of_the_environment_unless_told_otherwise);
    TAP_RUN(a_proxy_for_tls_can_only_fail);
    TAP_RUN(a_proxy_that_is_none_is_not_told_with_its_password);
    return tap_finish();
}
