/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients do to a server that they want to wear out, confuse or make say something to others,
 * and what becomes of honest ones meanwhile.
 */
#include "test_http.h"

#include "tap.h"

#include "slipway/http_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct test_http test;
static char text[65536];

static bool begin(struct slw_http_settings settings)
{
    return test_http_start(&test, &settings);
}

static void end(void)
{
    test_http_stop(&test, 0);
}

static bool is_well(void)
{
    return test_exchange(&test, GET("/static")).status == 200;
}

struct row {
    const char *request;
    unsigned status;
};

#define ECHO "GET /echo/a HTTP/1.1\r\n"
#define POST "POST /echo/a HTTP/1.1\r\n" HOST

/* Whatever follows a head that can be read in two ways is read as nothing at all. */
static void check_refusals(const struct row *rows, size_t count)
{
    unsigned before = test_http_handled(&test);
    for (size_t i = 0; i < count; i++) {
        TAP_ROW(rows[i].request);
        int descriptor = test_connect(&test);
        TAP_CHECK(test_say(descriptor, rows[i].request));
        struct test_reply reply = test_receive(descriptor);
        TAP_EQUAL_INT(reply.status, rows[i].status);
        TAP_CHECK(strstr(reply.head, "200 OK") == NULL);
        TAP_CHECK(test_closed_within(descriptor, 5000));
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_http_handled(&test), before);
    TAP_CHECK(is_well());
}

static void refuses_heads_that_two_read_in_two_ways(void)
{
    static const struct row rows[] = {
        {POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
        {POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
        {POST "Content-Length: 5, 5\r\n\r\nhello", 400},
        {POST "Content-Length: +5\r\n\r\nhello", 400},
        {POST "Content-Length: 0x5\r\n\r\nhello", 400},
        {POST "Content-Length: 5 \r\n\r\nhello", 400},
        {POST "Content-Length: -1\r\n\r\nhello", 400},
        {POST "Content-Length: 18446744073709551616\r\n\r\nhello", 413},
        {POST "Content-Length:\r\n\r\nhello", 400},
        {POST "Content-Length : 5\r\n\r\nhello", 400},
        {POST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 411},
        {POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" ECHO HOST "\r\n",
         400},
        {POST "Content-Length: 5\r\nTransfer-Encoding: identity\r\n\r\nhello", 400},
        {POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "X: a\r\n Content-Length: 5\r\n\r\nhello", 400},
        {POST "X: a\r\n\tTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {POST "Content-Length: 5\nX: y\r\n\r\nhello", 400},
        {POST "Content-Length: 5\nX:  y\r\n\r\nhello", 400},
        {POST "X: a\nContent-Length: 5\r\n\r\nhello", 400},
        {POST "X:   a\r\n b\nY: c\nZ: d\n\r\n", 400}, /* what a fold takes, line feeds give */
        {POST "X: a\r\n b\nY: c\nZ: d\nA: e\r\n\r\n", 400},
        /* Lines without a name end a head for the library. */
        {POST "X: a\n:b\n" ECHO HOST "\r\n", 400},
        {POST "X: a\r\n:\r\n" ECHO HOST "\r\n", 400},
        {"GET /echo/a HTTP/1.1\nHost: depot\n\n", 400},
        {"GET  /echo/a HTTP/1.1\r\n" HOST "\r\n", 400},
    };
    check_refusals(rows, sizeof rows / sizeof rows[0]);
}

static void refuses_heads_that_are_none(void)
{
    static const struct row rows[] = {
        {ECHO "\r\n", 400},
        {ECHO HOST HOST "\r\n", 400},
        {ECHO HOST "A b: c\r\n\r\n", 400},
        {ECHO HOST "A(b): c\r\n\r\n", 400},
        {ECHO HOST "A: c\x01\r\n\r\n", 400},
        {ECHO HOST "A: c\x7F\r\n\r\n", 400},
        {ECHO HOST ": c\r\n\r\n", 400},
        {ECHO HOST "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
        {ECHO HOST "Cookie: session=a\r\ncookie: session=b\r\n\r\n", 400},
        {ECHO HOST "X-Slipway-CSRF: a\r\nX-Slipway-CSRF: a\r\n\r\n", 400},
        {ECHO HOST "Range: bytes=1-2\r\nrange: bytes=3-4\r\n\r\n", 400},
        {ECHO HOST "Content-Encoding: gzip\r\n\r\n", 415},
        {ECHO HOST "Content-Range: bytes 1-2/3\r\n\r\n", 400},
        {ECHO HOST "Expect: the-unexpected\r\n\r\n", 417},
    };
    check_refusals(rows, sizeof rows / sizeof rows[0]);
}

static void refuses_other_versions_of_http(void)
{
    static const char *const rows[] = {
        "GET /echo/a HTTP/2.0\r\n" HOST "\r\n",
        "GET /echo/a HTTP/1.2\r\n" HOST "\r\n",
        "GET /echo/a HTTP/0.9\r\n" HOST "\r\n",
        "GET /echo/a http/1.1\r\n" HOST "\r\n",
        "GET /echo/a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        "GET\r\n\r\n",
        "\xFF\xFE\xFD\r\n\r\n",
    };
    unsigned before = test_http_handled(&test);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int descriptor = test_connect(&test);
        TAP_ROW(rows[i]);
        TAP_CHECK(test_say(descriptor, rows[i]));
        (void)shutdown(descriptor, SHUT_WR);
        struct test_reply reply = test_receive(descriptor);
        TAP_CHECK(reply.status == 0 || reply.status >= 400);
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_http_handled(&test), before);
    TAP_CHECK(is_well());
}

/* These end where they say, so that the connection stays; but nothing handles them. */
static void refuses_tricks_with_paths(void)
{
    static const char *const rows[] = {
        "/echo/..",
        "/echo/../echo/a",
        "/echo/%2e%2e",
        "/echo/%2E%2E/x",
        "/./echo/a",
        "/echo/.",
        "//echo/a",
        "/echo//a",
        "/echo/a/",
        "/echo/%2F",
        "/echo/a%2Fand%2Fb",
        "/echo/a%5Cb",
        "/echo/a\\b",
        "/echo/%00",
        "/echo/a%00",
        "/echo/%",
        "/echo/%4",
        "/echo/%zz",
        "/echo/%C3%A9",
        "/echo/\xC3\xA9",
        "/echo/a;b",
        "/echo/a#b",
        "/echo/%25",
        "/echo/a'b",
        "/echo/<b>",
        "/files/../../etc",
        "/files/a/%2e%2e/b",
        "http://depot/echo/a",
        "*",
        "echo/a",
        "/echo/a?q=%00",
        "/echo/a?q=%FF",
        "/echo/a?q=%",
        "/echo/a?q=1&q=2",
        "/echo/a?q&q",
        "/echo/a?%71=1&q=2",
        "/echo/a?=1",
        "/echo/a?q=<b>",
        "/echo/a?&q=1",
        "/echo/a?1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h",
    };
    unsigned before = test_http_handled(&test);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        TAP_ROW(rows[i]);
        (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\n" HOST "\r\n", rows[i]);
        struct test_reply reply = test_exchange(&test, text);
        TAP_EQUAL_INT(reply.status, 400);
        TAP_CHECK(strstr(reply.body, "\"reason\":\"malformed\"") != NULL);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_http_handled(&test), before);
}

static void keeps_a_connection_whose_request_was_refused_whole(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/echo/..") GET("/nowhere") GET("/static")));
    TAP_EQUAL_INT(test_receive(descriptor).status, 400);
    TAP_EQUAL_INT(test_receive(descriptor).status, 404);
    TAP_EQUAL_INT(test_receive(descriptor).status, 200);
    (void)close(descriptor);
}

static void refuses_floods_of_headers(void)
{
    int descriptor = test_connect(&test);
    size_t len = (size_t)snprintf(text, sizeof text, ECHO HOST);
    for (unsigned i = 0; i < 70; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "X-%u: y\r\n", i);
    }
    len += (size_t)snprintf(text + len, sizeof text - len, "\r\n");
    TAP_CHECK(test_send(descriptor, text, len));
    TAP_EQUAL_INT(test_receive(descriptor).status, 431);
    (void)close(descriptor);
    /* One that is long by itself. */
    descriptor = test_connect(&test);
    memset(text, 'y', sizeof text);
    TAP_CHECK(test_say(descriptor, ECHO HOST "X: ") && test_send(descriptor, text, 17000) &&
              test_say(descriptor, "\r\n\r\n"));
    TAP_EQUAL_INT(test_receive(descriptor).status, 431);
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

static void ends_an_endless_head(void)
{
    static const char line[] = "X-Filler: 0123456789012345678901234567890123456789\r\n";
    int descriptor = test_connect(&test);
    size_t sent = 0;
    TAP_CHECK(test_say(descriptor, ECHO));
    while (sent < (4u << 20) && test_send(descriptor, line, sizeof line - 1)) {
        sent += sizeof line - 1;
    }
    TAP_CHECK(sent < (4u << 20)); /* it was cut off long before */
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

static void refuses_a_path_without_end(void)
{
    int descriptor = test_connect(&test);
    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    TAP_CHECK(test_send(descriptor, text, 5000) &&
              test_say(descriptor, " HTTP/1.1\r\n" HOST "\r\n"));
    TAP_EQUAL_INT(test_receive(descriptor).status, 414);
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

static void refuses_bodies_before_they_come(void)
{
    static const struct row rows[] = {
        {POST "Content-Length: 100001\r\n\r\n", 413},
        {POST "Content-Length: 18446744073709551615\r\n\r\n", 413},
        {ECHO HOST "Content-Length: 5\r\n\r\nhello" ECHO HOST "\r\n", 400},
        {"POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", 404},
    };
    check_refusals(rows, sizeof rows / sizeof rows[0]);
}

static void handles_nothing_of_a_body_that_is_cut(void)
{
    unsigned before = test_http_handled(&test);
    for (unsigned half = 0; half < 2; half++) {
        int descriptor = test_connect(&test);
        TAP_CHECK(test_say(descriptor, POST "Content-Length: 10\r\n\r\nhello"));
        if (half == 1) {
            (void)shutdown(descriptor, SHUT_WR);
            TAP_EQUAL_INT(recv(descriptor, text, 1, MSG_DONTWAIT) > 0, 0);
        }
        TAP_CHECK(is_well());
        (void)close(descriptor);
    }
    TAP_CHECK(is_well());
    TAP_EQUAL_INT(test_http_handled(&test), before + 3); /* is_well() */
}

static void takes_bytes_beyond_a_body_for_no_part_of_it(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, POST "Content-Length: 5\r\n\r\nhelloHELLO\r\n\r\n"));
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 200 && strstr(reply.body, "\"body\":\"hello\"") != NULL);
    unsigned status = test_receive(descriptor).status;
    TAP_CHECK(status == 0 || status >= 400);
    (void)close(descriptor);
}

static void answers_in_the_order_of_requests(void)
{
    enum { COUNT = 100 };
    unsigned right = 0;
    size_t len = 0;
    int descriptor = test_connect(&test);
    for (unsigned i = 0; i < COUNT; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len,
                                "GET /echo/%u HTTP/1.1\r\n" HOST "\r\n", i);
    }
    TAP_CHECK(test_send(descriptor, text, len));
    for (unsigned i = 0; i < COUNT; i++) {
        char wanted[32];
        struct test_reply reply = test_receive(descriptor);
        (void)snprintf(wanted, sizeof wanted, "\"first\":\"%u\"", i);
        right += reply.status == 200 && strstr(reply.body, wanted) != NULL;
    }
    TAP_EQUAL_INT(right, COUNT);
    (void)close(descriptor);
}

static void serves_http_1_0(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, "GET /static HTTP/1.0\r\n\r\n"));
    struct test_reply reply = test_receive(descriptor);
    TAP_CHECK(reply.status == 200 && strcmp(reply.body, "for ever") == 0);
    TAP_CHECK(test_closed_within(descriptor, 5000));
    (void)close(descriptor);
    descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, "GET /stream HTTP/1.0\r\n\r\n"));
    struct slw_http_stream *stream = test_http_stream(&test);
    TAP_CHECK(slw_http_stream_send(stream, "a", 1, SLW_BYTES_OF("b")));
    TAP_CHECK(test_await(descriptor, "event: a\ndata: b\n\n"));
    slw_http_stream_close(stream);
    TAP_CHECK(test_closed_within(descriptor, 5000));
    (void)close(descriptor);
}

static unsigned freed(void)
{
    (void)pthread_mutex_lock(&test.lock);
    unsigned count = test.freed;
    (void)pthread_mutex_unlock(&test.lock);
    return count;
}

static void sends_no_more_than_is_read(void)
{
    enum { COUNT = 8 };
    int descriptors[COUNT];
    for (unsigned i = 0; i < COUNT; i++) {
        descriptors[i] = test_connect(&test);
        TAP_CHECK(test_say(descriptors[i], GET("/source/huge")));
    }
    (void)usleep(100000);
    TAP_CHECK(is_well());
    unsigned before = freed();
    for (unsigned i = 0; i < COUNT; i++) {
        (void)close(descriptors[i]);
    }
    for (unsigned i = 0; i < 500 && freed() < before + COUNT; i++) {
        (void)usleep(10000);
    }
    TAP_EQUAL_INT(freed(), before + COUNT); /* and what was read from is closed */
}

static void lets_who_is_owed_an_answer_vanish(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, "POST /later HTTP/1.1\r\n" HOST
                                   "X-Test: kept\r\nContent-Length: 4\r\n\r\nwhat"));
    struct slw_http_exchange *held = test_http_held(&test);
    TAP_REQUIRE(held != NULL);
    (void)close(descriptor);
    (void)usleep(50000);
    TAP_CHECK(slw_bytes_equal(slw_http_header(held, "x-test"), SLW_BYTES_OF("kept")));
    TAP_CHECK(slw_bytes_equal(slw_http_body(held), SLW_BYTES_OF("what")));
    slw_http_answer_empty(held, 204);
    TAP_CHECK(is_well());
}

static void ends_a_stream_whose_client_is_gone(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/stream")));
    struct slw_http_stream *stream = test_http_stream(&test);
    TAP_REQUIRE(stream != NULL && test_await(descriptor, "retry"));
    (void)close(descriptor);
    bool open = true;
    for (unsigned i = 0; i < 1000 && open; i++) {
        open = slw_http_stream_send(stream, "a", i, SLW_BYTES_OF("b"));
        (void)usleep(2000);
    }
    TAP_CHECK(!open);
    slw_http_stream_close(stream);
    TAP_CHECK(is_well());
}

static void ends_a_stream_that_nobody_reads(void)
{
    int descriptor = test_connect(&test);
    TAP_CHECK(test_say(descriptor, GET("/stream")));
    struct slw_http_stream *stream = test_http_stream(&test);
    TAP_REQUIRE(stream != NULL);
    memset(text, 'x', sizeof text);
    unsigned sent = 0;
    while (sent < 1000 &&
           slw_http_stream_send(stream, "a", sent, slw_bytes_make(text, sizeof text))) {
        sent++;
    }
    TAP_CHECK(sent >= 15 && sent < 1000); /* a megabyte, and what sockets take */
    TAP_CHECK(!slw_http_stream_send(stream, "a", 1, SLW_BYTES_OF("b")));
    slw_http_stream_close(stream);
    (void)close(descriptor);
    TAP_CHECK(is_well());
}

int main(void)
{
    if (!begin((struct slw_http_settings){.threads = 2})) {
        return 1;
    }
    TAP_RUN(refuses_heads_that_two_read_in_two_ways);
    TAP_RUN(refuses_heads_that_are_none);
    TAP_RUN(refuses_other_versions_of_http);
    TAP_RUN(refuses_tricks_with_paths);
    TAP_RUN(keeps_a_connection_whose_request_was_refused_whole);
    TAP_RUN(refuses_floods_of_headers);
    TAP_RUN(ends_an_endless_head);
    TAP_RUN(refuses_a_path_without_end);
    TAP_RUN(refuses_bodies_before_they_come);
    TAP_RUN(handles_nothing_of_a_body_that_is_cut);
    TAP_RUN(takes_bytes_beyond_a_body_for_no_part_of_it);
    TAP_RUN(answers_in_the_order_of_requests);
    TAP_RUN(serves_http_1_0);
    TAP_RUN(sends_no_more_than_is_read);
    TAP_RUN(lets_who_is_owed_an_answer_vanish);
    TAP_RUN(ends_a_stream_whose_client_is_gone);
    TAP_RUN(ends_a_stream_that_nobody_reads);
    end();
    return tap_finish();
}
