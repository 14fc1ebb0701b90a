/* SPDX-License-Identifier: Apache-2.0 */
/* Redirects: followed to the same scheme, host and port; nothing is ever sent anywhere else. */
#include "base.h"
#include "tap.h"
#include "test_server.h"

#include <stdio.h>

#define FOUND_HEAD "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
#define OK_ANSWER                                                                                  \
    {                                                                                              \
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"                                   \
    }

static const struct slw_fetch_request file_json = {SLW_FETCH_METADATA, "file.json", 100, 0};

static void follows_on_the_same_server(void)
{
    static const struct {
        const char *head;
        const char *asked; /* how the second request begins */
    } rows[] = {
        {FOUND_HEAD "Location: other.json\r\n\r\n", "GET /metadata/other.json HTTP"},
        {FOUND_HEAD "Location: ./other.json\r\n\r\n", "GET /metadata/"},
        {FOUND_HEAD "Location: /root/x.json?v=2#top\r\n\r\n", "GET /root/x.json?v=2 HTTP"},
        {FOUND_HEAD "Location: ?v=3\r\n\r\n", "GET /metadata/file.json?v=3 HTTP"},
        {"HTTP/1.1 301 Moved\r\nContent-Length: 0\r\nLocation: a\r\n\r\n", "GET /metadata/a HTTP"},
        {"HTTP/1.1 303 See\r\nContent-Length: 0\r\nLocation: a\r\n\r\n", "GET /metadata/a HTTP"},
        {"HTTP/1.1 307 For now\r\nContent-Length: 0\r\nLocation: a\r\n\r\n",
         "GET /metadata/a HTTP"},
        {"HTTP/1.1 308 Moved\r\nContent-Length: 4\r\nLocation: a\r\n\r\nhere",
         "GET /metadata/a HTTP"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answers[] = {{.head = rows[i].head}, OK_ANSWER};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].head);
        test_get_once(&server, answers, 2, &file_json, &file);
        TAP_EQUAL_INT(file.status, SLW_OK);
        TAP_EQUAL_INT(file.begins, 1);
        TAP_EQUAL_INT(server.requests, 2);
        TAP_EQUAL_INT(server.connections, 1);
        TAP_CHECK(strncmp(server.request[1], rows[i].asked, strlen(rows[i].asked)) == 0);
        slw_heap_free(&file.bytes);
    }
}

static void follows_a_whole_url_of_the_same_server(void)
{
    char head[256];
    struct test_server server;
    struct test_file file = {0};
    TAP_REQUIRE(test_server_open(&server));
    (void)snprintf(head, sizeof head, FOUND_HEAD "Location: HTTP://127.0.0.1:%u/b\r\n\r\n",
                   server.port);
    struct test_answer answers[] = {{.head = head}, OK_ANSWER};
    TAP_REQUIRE(test_server_play(&server, answers, 2));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_CHECK(strncmp(server.request[1], "GET /b HTTP", 11) == 0);
    TAP_CHECK(strstr(server.request[1], "\r\nAuthorization: Basic ") != NULL);
    slw_heap_free(&file.bytes);
}

/* The other server listens, so that a single byte sent to it would be seen. */
static void never_goes_to_another_server(void)
{
    static const char *const formats[] = {
        "http://127.0.0.1:%u/metadata/file.json",
        "http://localhost:%u/",
        "//127.0.0.1:%u/x",
        "https://127.0.0.1:%u/x",
        "http://name:s3cret@127.0.0.1:%u/x",
        "http://127.0.0.1:%u\\@127.0.0.1/",
        "ftp://127.0.0.1:%u/x",
        "gopher://127.0.0.1:%u/x",
        "http:127.0.0.1:%u",
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        char target[128];
        char head[256];
        struct test_server other;
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(formats[i]);
        TAP_REQUIRE(test_server_open(&other) && test_server_play(&other, NULL, 0));
        /* The format is one of those above, with one number. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        (void)snprintf(target, sizeof target, formats[i], other.port);
#pragma GCC diagnostic pop
        (void)snprintf(head, sizeof head, FOUND_HEAD "Location: %s\r\n\r\n", target);
        struct test_answer answers[] = {{.head = head}, OK_ANSWER};
        test_get_once(&server, answers, 2, &file_json, &file);
        test_server_close(&other);
        TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
        TAP_EQUAL_INT(server.requests, 1);
        TAP_EQUAL_INT(other.connections, 0);
        TAP_CHECK(strstr(file.detail.text, "redirected to") != NULL);
        TAP_CHECK(strstr(file.detail.text, "s3cret") == NULL);
        slw_heap_free(&file.bytes);
    }
}

static void refuses_locations_that_lead_nowhere(void)
{
    static const char *const rows[] = {
        FOUND_HEAD "Location: file:///etc/hostname\r\n\r\n",
        FOUND_HEAD "Location: http://\r\n\r\n",
        FOUND_HEAD "Location: http://127.0.0.1:99999/\r\n\r\n",
        FOUND_HEAD "Location: http://127.0.0.1:80 80/\r\n\r\n",
        FOUND_HEAD "Location: a b\r\n\r\n",
        FOUND_HEAD "Location: \xc3\xa4\r\n\r\n",
        FOUND_HEAD "Location: \r\n\r\n",
        FOUND_HEAD "Location: a\r\nLocation: b\r\n\r\n",
        FOUND_HEAD "\r\n",
        "HTTP/1.1 300 Choose\r\nContent-Length: 0\r\nLocation: a\r\n\r\n",
        "HTTP/1.1 305 Use Proxy\r\nContent-Length: 0\r\nLocation: a\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answers[] = {{.head = rows[i]}, OK_ANSWER};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i]);
        test_get_once(&server, answers, 2, &file_json, &file);
        TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
        TAP_EQUAL_INT(server.requests, 1);
        slw_heap_free(&file.bytes);
    }
}

static void follows_five_times_and_no_more(void)
{
    struct test_answer answers[8];
    struct test_server server;
    struct test_file file = {0};
    for (size_t i = 0; i < 8; i++) {
        answers[i] = (struct test_answer){.head = FOUND_HEAD "Location: file.json\r\n\r\n"};
    }
    test_get_once(&server, answers, 8, &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    TAP_EQUAL_INT(server.requests, 6);
    TAP_CHECK(strstr(file.detail.text, "too often") != NULL);
    answers[5] = (struct test_answer)OK_ANSWER;
    test_get_once(&server, answers, 8, &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_EQUAL_INT(server.requests, 6);
    slw_heap_free(&file.bytes);
}

static void what_a_redirect_leads_to_is_judged_as_ever(void)
{
    static const struct {
        const char *second;
        enum slw_status status;
    } rows[] = {
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", SLW_NOT_FOUND},
        {"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n", SLW_UNAVAILABLE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n", SLW_TOO_LARGE},
        {"HTTP/1.1 206 Part\r\nContent-Range: bytes 7-9/10\r\nContent-Length: 3\r\n\r\nabc",
         SLW_OK},
        {"HTTP/1.1 206 Part\r\nContent-Range: bytes 6-9/10\r\nContent-Length: 4\r\n\r\nabcd",
         SLW_UNAVAILABLE},
    };
    static const struct slw_fetch_request rest = {SLW_FETCH_METADATA, "file.json", 100, 7};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answers[] = {{.head = FOUND_HEAD "Location: b\r\n\r\n"},
                                        {.head = rows[i].second}};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].second);
        test_get_once(&server, answers, 2, &rest, &file);
        TAP_EQUAL_INT(file.status, rows[i].status);
        TAP_CHECK(strstr(server.request[1], "\r\nRange: bytes=7-\r\n") != NULL);
        slw_heap_free(&file.bytes);
    }
}

static void judges_where_urls_lead(void)
{
    static const struct {
        const char *from;
        const char *location;
        const char *to; /* NULL: refused */
    } rows[] = {
        {"https://a.example/m/x", "y", "https://a.example/m/y"},
        {"https://a.example/m/x", "https://A.EXAMPLE:443/y", "https://A.EXAMPLE:443/y"},
        {"https://a.example/m/x", "//a.example/y", "https://a.example/y"},
        {"http://a.example:80/m/x", "http://a.example/y", "http://a.example/y"},
        {"http://[::1]:8080/m/x", "/y", "http://[::1]:8080/y"},
        {"https://a.example/m/x", "http://a.example/m/x", NULL},
        {"http://a.example/m/x", "https://a.example/m/x", NULL},
        {"https://a.example/m/x", "https://a.example.evil.example/m/x", NULL},
        {"https://a.example/m/x", "https://a.example@evil.example/", NULL},
        {"https://a.example/m/x", "https://evil.example/a.example/", NULL},
        {"https://a.example/m/x", "https://a.example:444/m/x", NULL},
        {"https://a.example/m/x", "https://user@a.example/m/x", NULL},
        {"https://a.example/m/x", "//evil.example", NULL},
        {"https://a.example/m/x", "/\\evil.example/", "https://a.example/\\evil.example/"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer url = {0};
        const char *problem = NULL;
        TAP_ROW(rows[i].location);
        bool followed = slw_fetch_redirect(rows[i].from, rows[i].location, &url, &problem);
        TAP_EQUAL_INT(followed, rows[i].to != NULL);
        TAP_CHECK(strcmp(slw_heap_text(&url), rows[i].to == NULL ? "" : rows[i].to) == 0);
        TAP_CHECK(followed || problem != NULL);
        slw_heap_free(&url);
    }
}

int main(void)
{
    TAP_RUN(follows_on_the_same_server);
    TAP_RUN(follows_a_whole_url_of_the_same_server);
    TAP_RUN(never_goes_to_another_server);
    TAP_RUN(refuses_locations_that_lead_nowhere);
    TAP_RUN(follows_five_times_and_no_more);
    TAP_RUN(what_a_redirect_leads_to_is_judged_as_ever);
    TAP_RUN(judges_where_urls_lead);
    return tap_finish();
}
