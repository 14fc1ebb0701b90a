/* SPDX-License-Identifier: Apache-2.0 */
/* What the server tells handlers, and what it sends of their answers. */
#include "test_http.h"

#include "tap.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static struct test_http test;

static bool says(const char *request, unsigned status, const char *part)
{
    struct test_reply reply = test_exchange(&test, request);
    if (reply.status != status || strstr(reply.body, part) == NULL) {
        (void)printf("# %u %s\n", reply.status, reply.body);
    }
    return reply.status == status && strstr(reply.body, part) != NULL;
}

static void finds_routes_whatever_their_order(void)
{
    TAP_CHECK(says(GET("/echo/a"), 200, "\"flags\":9,\"first\":\"a\""));
    TAP_CHECK(says(GET("/echo/special"), 200, "\"flags\":10,\"first\":\"\""));
    TAP_CHECK(says(GET("/echo/a/and/b"), 200, "\"flags\":7,\"first\":\"a\",\"second\":\"b\""));
    TAP_CHECK(says(GET("/files/x/y.json"), 200, "\"flags\":11,\"first\":\"x/y.json\""));
    TAP_CHECK(says(GET("/"), 200, "\"path\":\"/\",\"flags\":13"));
    TAP_CHECK(says("DELETE /echo/a HTTP/1.1\r\n" HOST "\r\n", 200, "\"flags\":12"));
    TAP_CHECK(says(GET("/echo"), 404, "\"reason\":\"not-found\""));
    TAP_CHECK(says(GET("/echo/a/and"), 404, "not-found"));
    TAP_CHECK(says(GET("/files"), 404, "not-found"));
}

static void names_the_methods_of_a_path(void)
{
    struct test_reply reply = test_exchange(&test, "PUT /echo/a HTTP/1.1\r\n" HOST "\r\n");
    TAP_EQUAL_INT(reply.status, 405);
    TAP_CHECK(strcmp(test_header(&reply, "Allow"), "DELETE, GET, POST") == 0);
}

static void decodes_what_names_may_hold(void)
{
    TAP_CHECK(says(GET("/echo/a%3Ab%40c"), 200, "\"first\":\"a:b@c\""));
    TAP_CHECK(says(GET("/echo/%61"), 200, "\"first\":\"a\""));
    TAP_CHECK(says(GET("/echo/a?q=x%20y+z%2B&n=-5"), 200, "\"q\":\"x y z+\",\"n\":-5"));
    TAP_CHECK(says(GET("/echo/a?q"), 200, "\"q\":\"\""));
    TAP_CHECK(says(GET("/echo/a?n=1001"), 200, "\"q\":\"\",\"header\""));
    TAP_CHECK(says(GET("/echo/a?n=99999999999999999999"), 200, "\"q\":\"\",\"header\""));
    TAP_CHECK(says(GET("/echo/a?n=-"), 200, "\"q\":\"\",\"header\""));
}

static void hands_over_headers_cookies_and_bodies(void)
{
    TAP_CHECK(says("POST /echo/a HTTP/1.1\r\n" HOST
                   "x-test: some thing\r\nCookie: a=b; session=s3; c=\r\nContent-Length: 5\r\n\r\n"
                   "hello",
                   200, "\"header\":\"some thing\",\"cookie\":\"s3\",\"body\":\"hello\""));
    TAP_CHECK(says("GET /echo/a HTTP/1.1\r\n" HOST "Cookie: session=a; session=b\r\n\r\n", 200,
                   "\"cookie\":\"\""));
    TAP_CHECK(
        says("GET /echo/a HTTP/1.1\r\n" HOST "Cookie: xsession=a\r\n\r\n", 200, "\"cookie\":\"\""));
    TAP_CHECK(says("POST /echo/a HTTP/1.1\r\n" HOST "\r\n", 200, "\"body\":\"\""));
    TAP_CHECK(says(GET("/echo/a"), 200, "\"client\":\"127.0.0.1\",\"name\":\"\",\"secure\":false"));
}

static void adds_what_every_answer_carries(void)
{
    struct test_reply reply = test_exchange(&test, GET("/echo/a"));
    TAP_CHECK(strcmp(test_header(&reply, "X-Content-Type-Options"), "nosniff") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Referrer-Policy"), "no-referrer") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Cache-Control"), "no-store") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Security-Policy"), "default-src 'none'") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Type"), "application/json") == 0);
    reply = test_exchange(&test, GET("/source/plain"));
    TAP_CHECK(strcmp(test_header(&reply, "Cache-Control"), "public, max-age=60") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "X-Content-Type-Options"), "nosniff") == 0);
}

static void answers_head_as_get_without_its_body(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, "HEAD /static HTTP/1.1\r\n" HOST "\r\n" GET("/static")));
    struct test_reply reply = test_receive_head(descriptor);
    TAP_EQUAL_INT(reply.status, 200);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Length"), "8") == 0);
    reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 200 && strcmp(reply.body, "for ever") == 0);
    (void)close(descriptor);
}

static void says_when_nothing_changed(void)
{
    struct test_reply reply =
        test_exchange(&test, "GET /static HTTP/1.1\r\n" HOST "If-None-Match: \"one\"\r\n\r\n");
    TAP_EQUAL_INT(reply.status, 304);
    TAP_CHECK(strcmp(test_header(&reply, "ETag"), "\"one\"") == 0);
    reply = test_exchange(&test, "GET /static HTTP/1.1\r\n" HOST "If-None-Match: \"two\"\r\n\r\n");
    TAP_EQUAL_INT(reply.status, 200);
}

static void refuses_with_reason_and_status(void)
{
    static const struct {
        const char *request;
        unsigned status;
        const char *part;
    } rows[] = {
        {GET("/refuse/not-permitted"), 403, "\"detail\":\"the disk says \\\"no\\\"\""},
        {GET("/refuse/not-found"), 404, "not-found"},
        {GET("/refuse/wrong-state"), 409, "wrong-state"},
        {GET("/refuse/version-taken"), 409, "version-taken"},
        {GET("/refuse/bad-argument"), 400, "bad-argument"},
        {GET("/refuse/malformed"), 400, "malformed"},
        {GET("/refuse/too-large"), 413, "too-large"},
        {GET("/refuse/too-many"), 429, "too-many"},
        {GET("/refuse/no-space"), 507, "no-space"},
        {GET("/refuse/epoch-over"), 403, "epoch-over"},
        {GET("/refuse/unavailable"), 503, "a repository, mirror or service didn't give"},
        {GET("/refuse/database-away"), 503,
         "{\"reason\":\"unavailable\",\"detail\":\"the database can't be asked at present\"}"},
        {GET("/refuse/internal-error"), 500,
         "{\"reason\":\"internal-error\",\"detail\":\"a mistake of the program; its log says "
         "which\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i].request);
        TAP_CHECK(says(rows[i].request, rows[i].status, rows[i].part));
    }
    TAP_ROW(NULL);
    struct test_reply reply = test_exchange(&test, GET("/refuse/too-many"));
    TAP_CHECK(strcmp(test_header(&reply, "Retry-After"), "5") == 0);
}

/* Whether the server was told of a failure with this in it. */
static bool was_told(const char *part)
{
    (void)pthread_mutex_lock(&test.lock);
    bool told = strstr(test.detail, part) != NULL;
    (void)pthread_mutex_unlock(&test.lock);
    return told;
}

static void keeps_to_itself_what_failed_here(void)
{
    struct test_reply reply = test_exchange(&test, GET("/refuse/io"));
    TAP_EQUAL_INT(reply.status, 503);
    TAP_CHECK(strstr(reply.body, "disk") == NULL);
    TAP_CHECK(strcmp(test_header(&reply, "Retry-After"), "5") == 0);
    for (unsigned i = 0; i < 200 && !was_told("disk"); i++) {
        (void)usleep(10000);
    }
    (void)pthread_mutex_lock(&test.lock);
    TAP_CHECK(strstr(test.detail, "the disk says") != NULL);
    TAP_CHECK(strcmp(test.reason, "io") == 0 && test.last.status == 503);
    TAP_CHECK(strcmp(test.last.route, "/refuse/{word}") == 0);
    TAP_CHECK(test.freed > 0);
    (void)pthread_mutex_unlock(&test.lock);
}

static void lets_no_header_end_the_head(void)
{
    struct test_reply reply = test_exchange(&test, GET("/refuse/malformed"));
    TAP_CHECK(strcmp(test_header(&reply, "X-Kept"), "yes") == 0);
    TAP_CHECK(strstr(reply.head, "Injected") == NULL);
}

static bool is_part(const struct test_reply *reply, size_t begin, size_t len)
{
    bool same = reply->body_len == len;
    for (size_t i = 0; same && i < len; i++) {
        same = (uint8_t)reply->body[i] == (uint8_t)((begin + i) % 251);
    }
    return same;
}

static void sends_parts_of_a_source(void)
{
    static const struct {
        const char *range;
        const char *content_range;
        size_t begin, len;
    } rows[] = {
        {"Range: bytes=0-0", "bytes 0-0/1000000", 0, 1},
        {"Range: bytes=500-1499", "bytes 500-1499/1000000", 500, 1000},
        {"Range: bytes=999990-", "bytes 999990-999999/1000000", 999990, 10},
        {"Range: bytes=999990-5000000", "bytes 999990-999999/1000000", 999990, 10},
        {"Range: bytes=-7", "bytes 999993-999999/1000000", 999993, 7},
        {"If-Range: \"one\"\r\nRange: bytes=5-6", "bytes 5-6/1000000", 5, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[256];
        TAP_ROW(rows[i].range);
        (void)snprintf(request, sizeof request, "GET /source/plain HTTP/1.1\r\n" HOST "%s\r\n\r\n",
                       rows[i].range);
        struct test_reply reply = test_exchange(&test, request);
        TAP_EQUAL_INT(reply.status, 206);
        TAP_CHECK(strcmp(test_header(&reply, "Content-Range"), rows[i].content_range) == 0);
        TAP_CHECK(is_part(&reply, rows[i].begin, rows[i].len));
    }
    TAP_ROW(NULL);
}

static void sends_all_when_a_range_says_nothing(void)
{
    static const char *const rows[] = {
        "Range: bytes=5-4",     "Range: bytes=-",
        "Range: bytes=a-b",     "Range: items=1-2",
        "Range: bytes=1-2,4-5", "Range: bytes=18446744073709551616-",
        "Range: bytes=1-2 ",    "If-Range: \"two\"\r\nRange: bytes=1-2",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char request[256];
        TAP_ROW(rows[i]);
        (void)snprintf(request, sizeof request, "HEAD /source/plain HTTP/1.1\r\n" HOST "%s\r\n\r\n",
                       rows[i]);
        int descriptor = test_connect(&test);
        TAP_CHECK(test_say(descriptor, request));
        struct test_reply reply = test_receive_head(descriptor);
        TAP_EQUAL_INT(reply.status, 200);
        TAP_CHECK(strcmp(test_header(&reply, "Content-Length"), "1000000") == 0);
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    struct test_reply reply =
        test_exchange(&test, "GET /source/plain HTTP/1.1\r\n" HOST "Range: bytes=1000000-\r\n\r\n");
    TAP_EQUAL_INT(reply.status, 416);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Range"), "bytes */1000000") == 0);
    TAP_EQUAL_INT(
        test_exchange(&test, "GET /source/empty HTTP/1.1\r\n" HOST "Range: bytes=-5\r\n\r\n")
            .status,
        416);
}

/* How many bytes of a body are those of the pattern. */
static size_t read_pattern_of(const char *request, size_t len)
{
    static uint8_t bytes[1100000];
    int descriptor = test_connect(&test);
    size_t got_len = 0;
    size_t good = 0;
    ssize_t got = 1;
    (void)test_say(descriptor, request);
    struct test_reply reply = test_receive_head(descriptor);
    while (got > 0 && got_len < len && reply.status == 200) {
        got = read(descriptor, bytes + got_len, sizeof bytes - got_len);
        got_len += got > 0 ? (size_t)got : 0;
    }
    while (good < got_len && bytes[good] == (uint8_t)(good % 251)) {
        good++;
    }
    (void)close(descriptor);
    return good;
}

static void sends_large_answers_in_pieces(void)
{
    TAP_EQUAL_INT(read_pattern_of(GET("/large"), 1000000), 1000000);
    TAP_EQUAL_INT(read_pattern_of(GET("/source/plain"), 1000000), 1000000);
}

static void cuts_a_source_that_fails(void)
{
    static char bytes[131072];
    int descriptor = test_connect(&test);
    size_t len = 0;
    ssize_t got = 1;
    TAP_CHECK(test_say(descriptor, GET("/source/failing")));
    while (got > 0 && len < sizeof bytes) {
        got = read(descriptor, bytes + len, sizeof bytes - len);
        len += got > 0 ? (size_t)got : 0;
    }
    TAP_EQUAL_INT(got, 0);
    TAP_CHECK(strstr(bytes, "Content-Length: 1000000\r\n") != NULL && len < 80000);
    (void)close(descriptor);
}

/* All that comes until the connection ends. */
static size_t read_to_the_end(const char *request, char *ret_bytes, size_t size)
{
    int descriptor = test_connect(&test);
    size_t len = 0;
    ssize_t got = 1;
    (void)test_say(descriptor, request);
    while (got > 0 && len < size - 1) {
        got = read(descriptor, ret_bytes + len, size - 1 - len);
        len += got > 0 ? (size_t)got : 0;
    }
    (void)close(descriptor);
    ret_bytes[len] = '\0';
    return got == 0 ? len : 0;
}

static unsigned count_ended(void)
{
    (void)pthread_mutex_lock(&test.lock);
    unsigned count = test.freed;
    (void)pthread_mutex_unlock(&test.lock);
    return count;
}

static void lets_flow_what_has_no_length(void)
{
    static char bytes[300000];
    static const char end[] = "\r\n0\r\n\r\n";
    size_t sent = 0;
    unsigned ended = count_ended();
    size_t len = read_to_the_end("GET /flow/whole HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
                                 bytes, sizeof bytes);
    TAP_REQUIRE(len > 170001 && strstr(bytes, "\r\nTransfer-Encoding: chunked\r\n") != NULL);
    TAP_CHECK(memcmp(bytes + len - strlen(end), end, strlen(end)) == 0);
    for (const char *at = strstr(bytes, "\r\n\r\n"); *at != '\0'; at++) {
        /* Sizes of chunks are hexadecimal digits, too; there are fewer of them than this. */
        sent += *at == 'f' ? 1 : 0;
    }
    TAP_CHECK(sent >= 170001 && sent < 170101);
    /* One that fails has no end, so that nobody takes it for the whole. */
    len = read_to_the_end(GET("/flow/failing"), bytes, sizeof bytes);
    TAP_REQUIRE(len > 100000 && len < 101000);
    TAP_CHECK(memcmp(bytes + len - strlen(end), end, strlen(end)) != 0);
    TAP_EQUAL_INT(test_exchange(&test, GET("/static")).status, 200);
    for (unsigned i = 0; i < 400 && count_ended() < ended + 2; i++) {
        (void)usleep(5000);
    }
    TAP_EQUAL_INT(count_ended(), ended + 2);
}

static void answers_later_from_another_thread(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, "POST /later HTTP/1.1\r\n" HOST
                                   "Content-Length: 4\r\n\r\nwhat" GET("/static")));
    struct slw_http_exchange *held = test_http_held(&test);
    TAP_REQUIRE(held != NULL);
    (void)usleep(50000);
    TAP_CHECK(slw_bytes_equal(slw_http_body(held), SLW_BYTES_OF("what")));
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, "\"then\"");
    slw_http_answer_json(held, 202, &text);
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 202 && strcmp(reply.body, "\"then\"") == 0);
    reply = test_receive(descriptor); /* what was asked meanwhile */
    TAP_CHECK(reply.status == 200 && strcmp(reply.body, "for ever") == 0);
    (void)close(descriptor);
}

static void answers_whichever_thread_is_first(void)
{
    int descriptor = test_connect(&test);
    unsigned good = 0;
    for (unsigned i = 0; i < 300; i++) {
        TAP_CHECK(test_say(descriptor, GET("/race")));
        good += test_receive(descriptor).status == 204;
    }
    TAP_EQUAL_INT(good, 300);
    (void)close(descriptor);
}

static void streams_events(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/stream")));
    struct slw_http_stream *stream = test_http_stream(&test);
    TAP_REQUIRE(stream != NULL);
    TAP_CHECK(test_await(descriptor, "Content-Type: text/event-stream\r\n"));
    TAP_CHECK(slw_http_stream_send(stream, "build", 7, SLW_BYTES_OF("{\"a\":1}")));
    TAP_CHECK(test_await(descriptor, "id: 7\nevent: build\ndata: {\"a\":1}\n\n"));
    /* A line end in what is sent ends no field. */
    TAP_CHECK(slw_http_stream_send(stream, "a\r\nid: 9", 8, SLW_BYTES_OF("x\r\nid: 9\n\ny")));
    TAP_CHECK(test_await(descriptor,
                         "id: 8\nevent: a\ndata: x\ndata: \ndata: id: 9\ndata: \ndata: y\n\n"));
    slw_http_stream_close(stream);
    TAP_CHECK(test_await(descriptor, "\r\n0\r\n"));
    (void)close(descriptor);
}

static void counts_what_it_does(void)
{
    struct slw_http_counts before;
    struct slw_http_counts after;
    slw_http_server_count(test.server, &before);
    TAP_EQUAL_INT(test_exchange(&test, GET("/static")).status, 200);
    TAP_EQUAL_INT(test_exchange(&test, GET("/nowhere")).status, 404);
    for (unsigned i = 0; i < 200; i++) {
        slw_http_server_count(test.server, &after);
        if (after.answers[4] > before.answers[4] && after.connections == 0) {
            break;
        }
        (void)usleep(10000);
    }
    uint64_t times = 0;
    for (size_t i = 0; i < SLW_HTTP_TIMES; i++) {
        times += after.times[i] - before.times[i];
    }
    TAP_EQUAL_INT(after.accepted - before.accepted, 2);
    TAP_EQUAL_INT(after.answers[2] - before.answers[2], 1);
    TAP_EQUAL_INT(after.answers[4] - before.answers[4], 1);
    TAP_EQUAL_INT(times, 2);
    TAP_EQUAL_INT(after.body_bytes, 0);
    TAP_EQUAL_INT(after.busy, 0);
}

static void serves_local_sockets_where_proxies_are_believed(void)
{
    char directory[] = "/tmp/http-test.XXXXXX";
    char path[64];
    struct stat there;
    static struct test_http local;
    TAP_REQUIRE(mkdtemp(directory) != NULL);
    (void)snprintf(path, sizeof path, "%s/depot.sock", directory);
    struct slw_http_settings settings = {.socket = path, .socket_mode = 0640};
    TAP_REQUIRE(test_http_start(&local, &settings));
    TAP_CHECK(stat(path, &there) == 0 && (there.st_mode & 0777) == 0640);
    static const char request[] =
        "GET /echo/a HTTP/1.1\r\n" HOST "X-Forwarded-For: 10.0.0.9, 192.0.2.7\r\n"
        "X-Forwarded-Proto: https\r\nX-Slipway-Client-Name: lamp-1\r\n\r\n";
    struct test_reply reply = test_exchange(&local, request);
    TAP_CHECK(strstr(reply.body, "\"client\":\"192.0.2.7\",\"name\":\"lamp-1\",\"secure\":true"));
    reply = test_exchange(&test, request); /* on TCP, nobody says so */
    TAP_CHECK(strstr(reply.body, "\"client\":\"127.0.0.1\",\"name\":\"\",\"secure\":false"));
    test_http_stop(&local, 0);
    TAP_CHECK(stat(path, &there) != 0);
    (void)rmdir(directory);
}

static void echo_nothing(void *context, struct slw_http_exchange *exchange)
{
    (void)context;
    slw_http_answer_empty(exchange, 204);
}

static void refuses_tables_that_are_none(void)
{
    static const struct slw_http_route tables[][2] = {
        {{"GET", "/a/{b}", echo_nothing, 0, 0}, {"GET", "/a/{c}", echo_nothing, 0, 0}},
        {{"GET", "/a", echo_nothing, 0, 0}, {"GET", "/a", echo_nothing, 0, 0}},
        {{"GET", "a", echo_nothing, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/a//b", echo_nothing, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/a/", echo_nothing, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/{a...}/b", echo_nothing, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/{a", echo_nothing, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/a", NULL, 0, 0}, {"GET", "/", echo_nothing, 0, 0}},
        {{"GET", "/{a}/{a}/{a}/{a}/{a}/{a}/{a}/{a}/{a}", echo_nothing, 0, 0},
         {"GET", "/", echo_nothing, 0, 0}},
    };
    const struct slw_http_settings settings = {.listen = "127.0.0.1:0"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        struct slw_http_server *server = NULL;
        struct slw_detail detail = {""};
        TAP_ROW(tables[i][0].path);
        TAP_EQUAL_INT(slw_http_server_start(&settings, tables[i], 2, NULL, &server, &detail),
                      SLW_BAD_ARGUMENT);
        TAP_CHECK(server == NULL && detail.text[0] != '\0');
    }
    TAP_ROW(NULL);
}

static void refuses_settings_that_make_no_sense(void)
{
    static const struct {
        struct slw_http_settings settings;
        enum slw_status status;
    } rows[] = {
        {{.listen = "127.0.0.1"}, SLW_BAD_ARGUMENT},
        {{.listen = "127.0.0.1:http"}, SLW_BAD_ARGUMENT},
        {{.listen = "127.0.0.1:0", .tls_key = "/k"}, SLW_BAD_ARGUMENT},
        {{.listen = "127.0.0.1:0", .client_ca = "/c"}, SLW_BAD_ARGUMENT},
        {{.listen = "127.0.0.1:0", .tls_certificate = "/no/c", .tls_key = "/no/k"}, SLW_IO},
        {{.listen = "127.0.0.1:0", .threads = 100000}, SLW_BAD_ARGUMENT},
        {{.listen = "192.0.2.1:1"}, SLW_IO}, /* not an address of this machine */
        {{.listen = "127.0.0.1:0", .socket = "/no/such/place/depot.sock"}, SLW_IO},
    };
    static const struct slw_http_route routes[] = {{"GET", "/", echo_nothing, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_server *server = NULL;
        struct slw_detail detail = {""};
        TAP_ROW(rows[i].settings.listen);
        TAP_EQUAL_INT(slw_http_server_start(&rows[i].settings, routes, 1, NULL, &server, &detail),
                      rows[i].status);
        TAP_CHECK(server == NULL && detail.text[0] != '\0');
    }
    TAP_ROW(NULL);
}

static void serves_a_connection_that_it_is_given(void)
{
    int ends[2];
    struct slw_detail detail;
    TAP_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    TAP_REQUIRE(slw_http_server_adopt(test.server, ends[1], &detail) == SLW_OK);
    TAP_CHECK(test_say(ends[0], GET("/static")));
    TAP_EQUAL_INT(test_receive(ends[0]).status, 200);
    (void)close(ends[0]);
}

int main(void)
{
    struct slw_http_settings settings = {.threads = 2};
    if (!test_http_start(&test, &settings)) {
        return 1;
    }
    TAP_RUN(finds_routes_whatever_their_order);
    TAP_RUN(names_the_methods_of_a_path);
    TAP_RUN(decodes_what_names_may_hold);
    TAP_RUN(hands_over_headers_cookies_and_bodies);
    TAP_RUN(adds_what_every_answer_carries);
    TAP_RUN(answers_head_as_get_without_its_body);
    TAP_RUN(says_when_nothing_changed);
    TAP_RUN(refuses_with_reason_and_status);
    TAP_RUN(keeps_to_itself_what_failed_here);
    TAP_RUN(lets_no_header_end_the_head);
    TAP_RUN(sends_parts_of_a_source);
    TAP_RUN(sends_all_when_a_range_says_nothing);
    TAP_RUN(sends_large_answers_in_pieces);
    TAP_RUN(cuts_a_source_that_fails);
    TAP_RUN(lets_flow_what_has_no_length);
    TAP_RUN(answers_later_from_another_thread);
    TAP_RUN(answers_whichever_thread_is_first);
    TAP_RUN(streams_events);
    TAP_RUN(serves_a_connection_that_it_is_given);
    TAP_RUN(serves_local_sockets_where_proxies_are_believed);
    TAP_RUN(refuses_tables_that_are_none);
    TAP_RUN(refuses_settings_that_make_no_sense);
    TAP_RUN(counts_what_it_does);
    test_http_stop(&test, 1000);
    return tap_finish();
}
