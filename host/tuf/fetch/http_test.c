/* SPDX-License-Identifier: Apache-2.0 */
/* What the HTTP fetcher makes of one answer after another: acceptances, refusals, connections. */
#include "tap.h"
#include "test_server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define TEN_LINES "X: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\nX: y\r\n"
#define TEN_INTERIM_LINES                                                                          \
    "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 103 Early\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"               \
    "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"

#define HUNDRED_BYTES                                                                              \
    "extension=\"more than a thousand words say, and nothing of it is content, nor is there an "   \
    "end to it\";"
#define LIMIT 100u

static const struct slw_fetch_request file_json = {SLW_FETCH_METADATA, "file.json", LIMIT, 0};

static void append_often(struct slw_heap_buffer *text, const char *part, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        slw_heap_append_text(text, part);
    }
}

static void accepts_whole_bodies(void)
{
    static const struct {
        const char *head;
        const char *body;
        enum test_end end;
        const char *expected;
    } rows[] = {
        {OK_HEAD "Content-Length: 5\r\n\r\n", "hello", TEST_KEEP, "hello"},
        {OK_HEAD "Content-Length: 0\r\n\r\n", NULL, TEST_KEEP, ""},
        {OK_HEAD "\r\n", "until the end", TEST_CLOSE, "until the end"},
        {"HTTP/1.0 200\r\n\r\n", "old", TEST_CLOSE, "old"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
         TEST_KEEP, "abcde"},
        {OK_HEAD "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n0\r\nA-Trailer: 1\r\n\r\n",
         TEST_KEEP, "a"},
        {OK_HEAD "Content-Encoding: Identity\r\nContent-Length: 2\r\n\r\n", "id", TEST_KEEP, "id"},
        {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" OK_HEAD "Content-Length: 1\r\n\r\n", "1",
         TEST_KEEP, "1"},
        {OK_HEAD "content-length: 3\r\nContent-Length:3\r\n\r\n", "two", TEST_KEEP, "two"},
        {OK_HEAD "Connection: close\r\nContent-Length: 1\r\n\r\n", "c", TEST_CLOSE, "c"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answer = {rows[i].head, rows[i].body, rows[i].body == NULL ? 0 : 1, 0,
                                     false,        rows[i].end};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].head);
        test_get_once(&server, &answer, 1, &file_json, &file);
        TAP_EQUAL_INT(file.status, SLW_OK);
        TAP_EQUAL_INT(file.begins, 1);
        TAP_CHECK(strcmp(slw_heap_text(&file.bytes), rows[i].expected) == 0);
        slw_heap_free(&file.bytes);
    }
}

static const struct {
    const char *name;
    enum slw_status status;
    struct test_answer answer;
    const char *says;
} refusals[] = {
    {"404",
     SLW_NOT_FOUND,
     {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"},
     "404"},
    {"403", SLW_NOT_FOUND, {.head = "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"}, "403"},
    {"404 cut short",
     SLW_NOT_FOUND,
     {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\nno", .end = TEST_CLOSE},
     "404"},
    {"404 without end",
     SLW_NOT_FOUND,
     {.head = "HTTP/1.1 404 Not Found\r\n\r\n", .piece = TEN_LINES, .pieces = TEST_ENDLESS},
     "404"},
    {"401", SLW_UNAVAILABLE, {.head = "HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n"}, "401"},
    {"410", SLW_UNAVAILABLE, {.head = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n"}, "410"},
    {"500", SLW_UNAVAILABLE, {.head = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"}, "500"},
    {"503", SLW_UNAVAILABLE, {.head = "HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n"}, "503"},
    {"201", SLW_UNAVAILABLE, {.head = "HTTP/1.1 201 Made\r\nContent-Length: 1\r\n\r\nx"}, "201"},
    {"204", SLW_UNAVAILABLE, {.head = "HTTP/1.1 204 Nothing\r\n\r\n"}, "204"},
    {"304", SLW_UNAVAILABLE, {.head = "HTTP/1.1 304 As before\r\n\r\n"}, "304"},
    {"302 to nowhere",
     SLW_UNAVAILABLE,
     {.head = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"},
     "302"},
    {"416 unasked",
     SLW_UNAVAILABLE,
     {.head = "HTTP/1.1 416 Range\r\nContent-Length: 0\r\n\r\n"},
     "416"},
    {"206 unasked",
     SLW_UNAVAILABLE,
     {.head = "HTTP/1.1 206 Part\r\nContent-Range: bytes 0-0/1\r\nContent-Length: 1\r\n\r\nx"},
     "a part"},
    {"101",
     SLW_UNAVAILABLE,
     {.head = "HTTP/1.1 101 Other\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nabc",
      .end = TEST_CLOSE},
     "127.0.0.1"},
    {"a code beyond",
     SLW_UNAVAILABLE,
     {.head = "HTTP/1.1 999 Blocked\r\nContent-Length: 1\r\n\r\nx"},
     "status code"},
    {"not HTTP", SLW_UNAVAILABLE, {.head = "220 mail.example ESMTP\r\n", .end = TEST_CLOSE}, ""},
    {"nothing", SLW_UNAVAILABLE, {.end = TEST_CLOSE}, "127.0.0.1"},
    {"nothing, abruptly", SLW_UNAVAILABLE, {.end = TEST_RESET}, "127.0.0.1"},
    {"half a head", SLW_UNAVAILABLE, {.head = OK_HEAD "Content-Le", .end = TEST_CLOSE}, ""},
    {"too much announced", SLW_TOO_LARGE, {.head = OK_HEAD "Content-Length: 101\r\n\r\n"}, "more"},
    {"far too much announced",
     SLW_TOO_LARGE,
     {.head = OK_HEAD "Content-Length: 18446744073709551615\r\n\r\n"},
     ""},
    {"unheard-of length",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 18446744073709551616\r\n\r\n"},
     ""},
    {"negative length", SLW_UNAVAILABLE, {.head = OK_HEAD "Content-Length: -1\r\n\r\n"}, ""},
    {"two lengths",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"},
     "two lengths"},
    {"length and chunks",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"},
     "chunked"},
    {"short body",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 10\r\n\r\nnine char", .end = TEST_CLOSE},
     ""},
    {"shorter body",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 10\r\n\r\nnine", .end = TEST_CLOSE},
     ""},
    {"reset in the body",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 10\r\n\r\nnine", .end = TEST_RESET},
     ""},
    {"long body",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Length: 4\r\n\r\nlonger than four"},
     "more bytes than it announced"},
    {"endless body",
     SLW_TOO_LARGE,
     {.head = OK_HEAD "\r\n", .piece = TEN_LINES, .pieces = TEST_ENDLESS},
     "more bytes"},
    {"endless chunks",
     SLW_TOO_LARGE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n",
      .piece = "2\r\nab\r\n",
      .pieces = TEST_ENDLESS},
     "more bytes"},
    {"one endless chunk",
     SLW_TOO_LARGE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffff\r\n",
      .piece = "ab",
      .pieces = TEST_ENDLESS},
     "more bytes"},
    {"one byte too much",
     SLW_TOO_LARGE,
     {.head = OK_HEAD "\r\n", .piece = "x", .pieces = LIMIT + 1, .end = TEST_CLOSE},
     "more bytes"},
    {"endless chunk extension",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;",
      .piece = HUNDRED_BYTES,
      .pieces = TEST_ENDLESS},
     "chunks without content"},
    {"chunks cut short",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", .end = TEST_CLOSE},
     ""},
    {"chunks of no size",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\nxyz\r\nabc\r\n", .end = TEST_CLOSE},
     ""},
    {"gzip",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd"},
     "Content-Encoding"},
    {"identity and gzip",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Content-Encoding: identity\r\nContent-Encoding: br\r\n"
                      "Content-Length: 4\r\n\r\nabcd"},
     "Content-Encoding"},
    {"gzip chunks",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n"},
     "Transfer-Encoding"},
    {"endless headers",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD, .piece = TEN_LINES, .pieces = TEST_ENDLESS},
     "a flood of headers"},
    {"an endless header",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "X: ", .piece = "endless", .pieces = TEST_ENDLESS},
     ""},
    {"endless interim answers",
     SLW_UNAVAILABLE,
     {.piece = TEN_INTERIM_LINES, .pieces = TEST_ENDLESS},
     "a flood of headers"},
    {"endless trailers",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
      .piece = TEN_LINES,
      .pieces = TEST_ENDLESS},
     "a flood of headers"},
    {"a folded header",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "X: a\r\n b\r\nContent-Length: 0\r\n\r\n"},
     "without a name"},
    {"a header that is none",
     SLW_UNAVAILABLE,
     {.head = OK_HEAD "no colon\r\nContent-Length: 0\r\n\r\n"},
     "colon"},
};

static void refuses_hostile_answers(void)
{
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(refusals[i].name);
        test_get_once(&server, &refusals[i].answer, 1, &file_json, &file);
        TAP_EQUAL_INT(file.status, refusals[i].status);
        TAP_CHECK(strstr(file.detail.text, refusals[i].says) != NULL);
        TAP_CHECK(strstr(file.detail.text, "/metadata/file.json: ") != NULL);
        TAP_CHECK(strstr(file.detail.text, "s3cret") == NULL);
        TAP_CHECK(file.bytes.len <= LIMIT);
        slw_heap_free(&file.bytes);
    }
}

/* 64 KiB and 128 lines are the bounds; what is within them passes. */
static void headers_pass_up_to_their_bounds(void)
{
    static const struct {
        size_t hundreds; /* of bytes in a line */
        size_t lines;
        enum slw_status status;
    } sizes[] = {
        {0, 125, SLW_OK},
        {0, 126, SLW_UNAVAILABLE},
        {10, 60, SLW_OK},
        {10, 70, SLW_UNAVAILABLE},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct slw_heap_buffer head = {0};
        struct test_server server;
        struct test_file file = {0};
        slw_heap_append_text(&head, OK_HEAD);
        for (size_t line = 0; line < sizes[i].lines; line++) {
            slw_heap_append_text(&head, "X: ");
            append_often(&head, HUNDRED_BYTES, sizes[i].hundreds);
            slw_heap_append_text(&head, "\r\n");
        }
        slw_heap_append_text(&head, "Content-Length: 1\r\n\r\nx");
        struct test_answer answer = {.head = slw_heap_text(&head)};
        test_get_once(&server, &answer, 1, &file_json, &file);
        TAP_EQUAL_INT(file.status, sizes[i].status);
        slw_heap_free(&file.bytes);
        slw_heap_free(&head);
    }
}

/* Ended or reset by the server, which had said nothing of that: the file has come all the same. */
static void a_connection_may_end_behind_a_whole_body(void)
{
    static const enum test_end ends[] = {TEST_CLOSE, TEST_RESET};
    for (unsigned i = 0; i < 40; i++) {
        struct test_answer answer = {.head = OK_HEAD "Content-Length: 5\r\n\r\nhello",
                                     .end = ends[i % 20 == 0 ? 1 : 0]};
        struct test_server server;
        struct test_file file = {0};
        test_get_once(&server, &answer, 1, &file_json, &file);
        TAP_EQUAL_INT(file.status, SLW_OK);
        slw_heap_free(&file.bytes);
    }
}

static void a_body_of_exactly_the_limit_passes(void)
{
    struct test_answer answer = {OK_HEAD "\r\n", "x", LIMIT, 0, false, TEST_CLOSE};
    struct test_server server;
    struct test_file file = {0};
    test_get_once(&server, &answer, 1, &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_EQUAL_INT(file.bytes.len, LIMIT);
    slw_heap_free(&file.bytes);
}

static void a_refresh_of_nothing_new_is_two_requests_on_one_connection(void)
{
    static const struct test_answer answers[] = {
        {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found"},
        {.head = OK_HEAD "Content-Length: 2\r\n\r\n{}"},
        {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"},
    };
    static const struct slw_fetch_request target = {SLW_FETCH_TARGETS, "a/b.bin", 10, 0};
    struct test_server server;
    struct test_file file = {0};
    uint64_t requests = 0;
    uint64_t bytes = 0;
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 3));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_NOT_FOUND);
    TAP_EQUAL_INT(file.begins, 0);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    test_get(slw_http_fetcher_port(fetcher), &target, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    slw_http_fetcher_counts(fetcher, &requests, &bytes);
    TAP_EQUAL_INT(requests, 3);
    TAP_EQUAL_INT(bytes, 9 + 2 + 1);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_EQUAL_INT(server.connections, 1);
    TAP_EQUAL_INT(server.requests, 3);
    slw_heap_free(&file.bytes);
}

static void sends_what_it_should_and_nothing_more(void)
{
    static const struct test_answer answers[] = {
        {.head = OK_HEAD "Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"},
        {.head = OK_HEAD "Content-Length: 0\r\n\r\n"},
    };
    static const struct slw_fetch_request encoded = {SLW_FETCH_TARGETS, "a%2Fb/%2e./c+d", 10, 0};
    struct test_server server;
    struct test_file file = {0};
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 2));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    test_get(slw_http_fetcher_port(fetcher), &encoded, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_CHECK(strncmp(server.request[0], "GET /metadata/file.json HTTP/1.1\r\n", 34) == 0);
    TAP_CHECK(strstr(server.request[0], "\r\nUser-Agent: slipway/") != NULL);
    TAP_CHECK(strstr(server.request[0], "\r\nAuthorization: Basic bmFtZTpzM2NyZXQ=\r\n") != NULL);
    TAP_CHECK(strncmp(server.request[1], "GET /targets/a%2Fb/%2e./c+d HTTP/1.1\r\n", 38) == 0);
    static const char *const unwanted[] = {
        "Accept-Encoding", "Cookie", "Range", "TE:", "Upgrade", "Authorization"};
    for (size_t i = 0; i < sizeof unwanted / sizeof unwanted[0]; i++) {
        TAP_ROW(unwanted[i]);
        TAP_CHECK(strstr(server.request[1], unwanted[i]) == NULL);
        TAP_CHECK(i == 5 || strstr(server.request[0], unwanted[i]) == NULL);
    }
}

static void returns_what_the_sink_returns(void)
{
    static const struct test_answer answer = {.head = OK_HEAD "Content-Length: 5\r\n\r\nhello"};
    struct test_server server;
    struct test_file file = {.fail_write = SLW_NO_SPACE, .detail = {"the sink's own words"}};
    test_get_once(&server, &answer, 1, &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_NO_SPACE);
    TAP_CHECK(strcmp(file.detail.text, "the sink's own words") == 0);
    slw_heap_free(&file.bytes);
    file = (struct test_file){.fail_begin = SLW_IO, .detail = {"the sink's own words"}};
    test_get_once(&server, &answer, 1, &file_json, &file);
    TAP_EQUAL_INT(file.status, SLW_IO);
    TAP_EQUAL_INT(file.bytes.len, 0);
    TAP_CHECK(strcmp(file.detail.text, "the sink's own words") == 0);
    slw_heap_free(&file.bytes);
}

static void refuses_paths_that_are_none(void)
{
    static const char *const rows[] = {"",          "/a",       "..",   "../a",  "a/../b",
                                       "a/./b",     "a/..",     "a b",  "a?b",   "a#b",
                                       "a\r\nX: y", "\xc3\xa4", "a\\b", "a\x7f", "."};
    struct test_server server;
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, NULL, 0));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_fetch_request request = {SLW_FETCH_TARGETS, rows[i], 10, 0};
        struct test_file file = {0};
        TAP_ROW(rows[i]);
        test_get(slw_http_fetcher_port(fetcher), &request, &file);
        TAP_EQUAL_INT(file.status, SLW_BAD_ARGUMENT);
        TAP_CHECK(strchr(file.detail.text, '\r') == NULL);
    }
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_EQUAL_INT(server.connections, 0);
}

int main(void)
{
    TAP_RUN(accepts_whole_bodies);
    TAP_RUN(refuses_hostile_answers);
    TAP_RUN(headers_pass_up_to_their_bounds);
    TAP_RUN(a_connection_may_end_behind_a_whole_body);
    TAP_RUN(a_body_of_exactly_the_limit_passes);
    TAP_RUN(a_refresh_of_nothing_new_is_two_requests_on_one_connection);
    TAP_RUN(sends_what_it_should_and_nothing_more);
    TAP_RUN(returns_what_the_sink_returns);
    TAP_RUN(refuses_paths_that_are_none);
    return tap_finish();
}
