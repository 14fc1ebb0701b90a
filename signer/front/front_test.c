/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front as a process: what it serves over HTTP, what it hands on, and what it refuses. The
 * attacks that need time or many connections are in front_attacks_test.c, certificates in
 * front_tls_test.c.
 */
#include "test_front.h"

#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_front front;
static char text[4096];

#define DIGEST "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HOST "Host: signer\r\n"

static void hex_of(const uint8_t *bytes, char hex[65])
{
    for (size_t i = 0; i < 32; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
    }
}

static void hands_a_statement_on(void)
{
    struct test_reply reply = test_exchange(&front, "POST /v1/statements HTTP/1.1\r\n" HOST
                                                    "Content-Length: 5\r\n\r\nhello");
    TAP_EQUAL_INT(reply.status, 202);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&front.behind.envelope), SLW_BYTES_OF("hello")));
    TAP_CHECK(strcmp(test_header(&reply, "Content-Type"), "application/json") == 0);
    TAP_CHECK(strstr(reply.body, "\"state\":\"received\"") != NULL);
    TAP_CHECK(
        strstr(reply.body, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824") !=
        NULL); /* of "hello" */
}

static void hands_a_statement_of_many_packets_on(void)
{
    enum { LEN = 700000 };
    char head[128];
    char *body = malloc(LEN);
    TAP_REQUIRE(body != NULL);
    for (size_t i = 0; i < LEN; i++) {
        body[i] = (char)('a' + i % 23);
    }
    int descriptor = test_connect(&front);
    (void)snprintf(head, sizeof head,
                   "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", LEN);
    TAP_CHECK(test_send(descriptor, head, strlen(head)) && test_send(descriptor, body, LEN));
    struct test_reply reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 202);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&front.behind.envelope), slw_bytes_make(body, LEN)));
    (void)close(descriptor);
    free(body);
}

static void tells_why_a_statement_was_refused(void)
{
    front.behind.refuse = "not-permitted";
    struct test_reply reply = test_exchange(&front, "POST /v1/statements HTTP/1.1\r\n" HOST
                                                    "Content-Length: 2\r\n\r\n{}");
    TAP_EQUAL_INT(reply.status, 403);
    TAP_CHECK(strstr(reply.body, "\"reason\":\"not-permitted\"") != NULL);
    TAP_CHECK(strstr(reply.body, "\"detail\":\"said so\"") != NULL);
    TAP_CHECK(strstr(reply.body, "\"state\":\"refused\"") != NULL);
    front.behind.refuse = "too-many";
    reply = test_exchange(&front,
                          "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
    TAP_EQUAL_INT(reply.status, 429);
    TAP_CHECK(strcmp(test_header(&reply, "Retry-After"), "1") == 0);
    front.behind.refuse = "token";
    reply = test_exchange(&front,
                          "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
    TAP_EQUAL_INT(reply.status, 503);
    front.behind.refuse = NULL;
}

static void keeps_a_connection_for_the_next_request(void)
{
    int descriptor = test_connect(&front);
    for (unsigned i = 0; i < 3; i++) {
        static const char get[] = "GET /v1/health HTTP/1.1\r\n" HOST "\r\n";
        TAP_CHECK(test_send(descriptor, get, sizeof get - 1));
        struct test_reply reply = test_receive(descriptor);
        TAP_EQUAL_INT(reply.status, 200);
        TAP_CHECK(strcmp(reply.body, "{\"state\":\"ready\"}") == 0);
    }
    (void)close(descriptor);
}

/* Requests and what they get, each on a connection of its own. */
static const struct {
    const char *request;
    unsigned status;
} rows[] = {
    {"GET /v1/requests HTTP/1.1\r\n" HOST "\r\n", 200},
    {"GET /v1/requests?limit=100&after=" DIGEST " HTTP/1.1\r\n" HOST "\r\n", 200},
    {"GET /v1/requests?limit=101 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?limit=0 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?limit=5&limit=6 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?limit= HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?after=12 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?after=" DIGEST "0 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests?x=1 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests? HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests/" DIGEST " HTTP/1.1\r\n" HOST "\r\n", 200},
    {"GET /v1/requests/ff23456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef HTTP/1.1"
     "\r\n" HOST "\r\n",
     404},
    {"GET /v1/requests/" DIGEST "?a=b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/requests/" DIGEST "/nothing HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/requests/" DIGEST "/ HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/requests/" DIGEST "x HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/requests/abc HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/requests/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef HTTP/1.1"
     "\r\n" HOST "\r\n",
     404},
    {"POST /v1/requests HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 405},
    {"DELETE /v1/requests/" DIGEST " HTTP/1.1\r\n" HOST "\r\n", 405},
    {"GET /v1/statements HTTP/1.1\r\n" HOST "\r\n", 405},
    {"PUT /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 405},
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1 HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/health/ HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/healthy HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /V1/health HTTP/1.1\r\n" HOST "\r\n", 404},
    /* paths that two readers could read as two */
    {"GET /v1//health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/./health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/../health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/.. HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/.hidden HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/%2e%2e/health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/%68ealth HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/tile\\..\\x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/health;x=y HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/health#x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET http://signer/v1/health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET //signer/v1/health HTTP/1.1\r\n" HOST "\r\n", 400},
    {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"GET /v1/log/private HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/log/journal HTTP/1.1\r\n" HOST "\r\n", 404},
    {"GET /v1/log/tile/" DIGEST DIGEST DIGEST DIGEST " HTTP/1.1\r\n" HOST "\r\n", 404},
    {"POST /add-checkpoint HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 404},
    /* bodies that two readers could end at two places */
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"
     "\r\n0\r\n\r\nGET /v1/health HTTP/1.1\r\n" HOST "\r\n",
     400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"
     "\r\n0\r\n\r\n",
     400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST
     "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
     411},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 411},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 411},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
     400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}",
     400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2, 2\r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: +2\r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: -2\r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 0x2\r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 2x\r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n{}", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "\r\n", 411},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 400},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551615\r\n\r\n", 413},
    {"GET /v1/health HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc", 400},
    {"GET /v1/health HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\n\r\n", 415},
    {"POST /v1/statements HTTP/1.1\r\n" HOST
     "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
     415},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Content-Encoding: identity\r\nContent-Length: 2\r\n"
     "\r\n{}",
     415},
    {"POST /v1/statements HTTP/1.1\r\n" HOST "Expect: something\r\nContent-Length: 2\r\n\r\n{}",
     417},
    {"GET /v1/health HTTP/1.1\r\n\r\n", 400},
    {"GET /v1/health HTTP/1.1\r\n" HOST HOST "\r\n", 400},
    {"GET /v1/health HTTP/1.1\r\n" HOST "X\x01y: z\r\n\r\n", 400},
    {"GET /v1/health HTTP/1.1\r\n" HOST "X y: z\r\n\r\n", 400},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 400},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST "Upload-Offset: 0\r\n\r\n", 411},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST
     "Upload-Offset: -1\r\nContent-Length: 1\r\n\r\nx",
     400},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST "Upload-Offset: 18446744073709551616\r\n"
     "Content-Length: 1\r\n\r\nx",
     400},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST "Upload-Offset: 0\r\nUpload-Offset: 0\r\n"
     "Content-Length: 1\r\n\r\nx",
     400},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST
     "Upload-Offset: 0\r\nContent-Range: bytes 0-1/2"
     "\r\nContent-Length: 1\r\n\r\nx",
     400},
    {"PATCH /v1/staged/nothing HTTP/1.1\r\n" HOST "Upload-Offset: 0\r\nContent-Length: 1\r\n\r\nx",
     404},
    {"PATCH /v1/staged/" DIGEST "/x HTTP/1.1\r\n" HOST
     "Upload-Offset: 0\r\nContent-Length: 1\r\n\r\nx",
     404},
    {"PATCH /v1/staged/" DIGEST " HTTP/1.1\r\n" HOST
     "Upload-Offset: 0\r\nContent-Length: 1\r\n\r\nx",
     404},
};

static void answers_each_request_as_it_deserves(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_reply reply = test_exchange(&front, rows[i].request);
        TAP_ROW(rows[i].request);
        TAP_EQUAL_INT(reply.status, rows[i].status);
        /* Nothing was asked that the protocol between the processes doesn't have. */
        TAP_CHECK(strstr(reply.body, slw_status_word(SLW_BAD_ARGUMENT)) == NULL);
    }
    TAP_ROW(NULL);
}

/* The library that reads the head goes by C's strings; others who read the same bytes don't. */
static void refuses_what_hides_something_behind_a_nul(void)
{
    const struct slw_bytes heads[] = {
        SLW_BYTES_OF("GET\0 /v1/health HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET\0POST /v1/health HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /v1/health\0 HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /v1/health\0/../requests HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /v1/requests?limit=1\0 HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET  /v1/health HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X\0Y: z\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X: y\0z\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X: y\0\0z\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X: y\0\0Z: z\r\nQ: q\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X:\0 y\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\0\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X: y\x7fz\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "X: y\r\n folded\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\n" HOST "Content-Len: 0\r\n gth\r\nX: y\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\r\nHo: signer\r\n st\r\n\r\n"),
        SLW_BYTES_OF("GET /v1/health HTTP/1.1\nHost: signer\n\n"),
    };
    unsigned before = front.behind.calls[SLW_SIGNER_HEALTH];
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int descriptor = test_connect(&front);
        (void)snprintf(text, sizeof text, "head %zu", i);
        TAP_ROW(text);
        TAP_CHECK(test_send(descriptor, (const char *)heads[i].ptr, heads[i].len));
        TAP_EQUAL_INT(test_receive(descriptor).status, 400);
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_HEALTH], before);
}

static void takes_a_long_head_in_small_pieces(void)
{
    static char head[20000];
    size_t len = (size_t)snprintf(head, sizeof head, "GET /v1/health HTTP/1.1\r\n" HOST);
    for (unsigned i = 0; i < 40; i++) {
        len += (size_t)snprintf(head + len, sizeof head - len, "X-%u:%*s%0400u\r\n", i,
                                (int)(i % 3), "", i);
    }
    len += (size_t)snprintf(head + len, sizeof head - len, "Empty:\r\n\r\n");
    int descriptor = test_connect(&front);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t at = 0; at < len; at += 190) {
            TAP_CHECK(test_send(descriptor, head + at, len - at < 190 ? len - at : 190));
        }
        TAP_EQUAL_INT(test_receive(descriptor).status, 200);
    }
    (void)close(descriptor);
}

/* Whatever stands behind a request whose body wasn't read must never be answered. */
static void takes_nothing_behind_a_refused_head_for_a_request(void)
{
    static const char *const heads[] = {
        "POST /v1/statements HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /v1/statements HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 40\r\n\r\n",
        "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n",
        "POST /v1/nothing HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\n",
        "GET /v1/log/checkpoint HTTP/1.1\r\n" HOST
        "X: y\n:z\n", /* without a name: it ends the head */
        "GET /v1/health HTTP/1.1\r\n" HOST "Content-Length: 500\r\n\r\n",
        "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Encoding: br\r\nContent-Length: 9\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        int descriptor = test_connect(&front);
        unsigned before = front.behind.calls[SLW_SIGNER_HEALTH];
        (void)snprintf(text, sizeof text, "%sGET /v1/health HTTP/1.1\r\n" HOST "\r\n", heads[i]);
        TAP_ROW(heads[i]);
        TAP_CHECK(test_send(descriptor, text, strlen(text)));
        struct test_reply first = test_receive(descriptor);
        TAP_CHECK(first.status >= 400 && first.status < 500);
        struct test_reply second = test_receive(descriptor);
        TAP_EQUAL_INT(second.status, 0);
        TAP_CHECK(second.closed);
        TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_HEALTH], before);
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
}

static void serves_pipelined_requests_in_order(void)
{
    static const char two[] = "POST /v1/statements HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\none"
                              "GET /v1/requests HTTP/1.1\r\n" HOST "\r\n";
    int descriptor = test_connect(&front);
    TAP_CHECK(test_send(descriptor, two, sizeof two - 1));
    TAP_EQUAL_INT(test_receive(descriptor).status, 202);
    struct test_reply second = test_receive(descriptor);
    TAP_EQUAL_INT(second.status, 200);
    TAP_CHECK(strcmp(second.body, "{\"requests\":[]}") == 0);
    (void)close(descriptor);
}

static void says_100_before_a_body_that_is_wanted(void)
{
    static const char head[] =
        "POST /v1/statements HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n";
    char line[26] = "";
    int descriptor = test_connect(&front);
    TAP_CHECK(test_send(descriptor, head, sizeof head - 1));
    TAP_REQUIRE(read(descriptor, line, 25) == 25);
    TAP_CHECK(strncmp(line, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0);
    TAP_CHECK(test_send(descriptor, "hello", 5));
    TAP_EQUAL_INT(test_receive(descriptor).status, 202);
    (void)close(descriptor);
}

static void upload_part(int descriptor, const char *hex, uint64_t offset, const char *bytes,
                        size_t len)
{
    int head_len = snprintf(text, sizeof text,
                            "PATCH /v1/staged/%s HTTP/1.1\r\n" HOST
                            "Upload-Offset: %llu\r\nContent-Length: %zu\r\n\r\n",
                            hex, (unsigned long long)offset, len);
    TAP_CHECK(test_send(descriptor, text, (size_t)head_len) && test_send(descriptor, bytes, len));
}

static struct test_reply ask_offset(const char *hex)
{
    int descriptor = test_connect(&front);
    (void)snprintf(text, sizeof text, "HEAD /v1/staged/%s HTTP/1.1\r\n" HOST "\r\n", hex);
    (void)test_send(descriptor, text, strlen(text));
    struct test_reply reply = test_receive_head(descriptor);
    (void)close(descriptor);
    return reply;
}

static char *make_bytes(size_t len, unsigned seed)
{
    char *bytes = malloc(len);
    for (size_t i = 0; bytes != NULL && i < len; i++) {
        bytes[i] = (char)((i * 31 + seed + i / 251) & 0xFF);
    }
    return bytes;
}

static void uploads_and_resumes(void)
{
    enum { LEN = 1000000, FIRST = 300001 };
    char hex[65];
    char *bytes = make_bytes(LEN, 1);
    TAP_REQUIRE(bytes != NULL);
    const struct test_blob *blob = test_behind_expect(&front.behind, slw_bytes_make(bytes, LEN));
    hex_of(blob->sha256, hex);
    struct test_reply reply = ask_offset(hex);
    TAP_EQUAL_INT(reply.status, 204);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Offset"), "0") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Length"), "1000000") == 0);

    int descriptor = test_connect(&front);
    upload_part(descriptor, hex, 0, bytes, FIRST);
    reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 204);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Offset"), "300001") == 0);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Length"), "1000000") == 0);
    upload_part(descriptor, hex, FIRST, bytes + FIRST, LEN - FIRST);
    reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 204);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Offset"), "1000000") == 0);
    TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&blob->bytes), slw_bytes_make(bytes, LEN)));
    /* Once more changes nothing. */
    upload_part(descriptor, hex, 0, bytes, FIRST);
    TAP_EQUAL_INT(test_receive(descriptor).status, 204);
    TAP_EQUAL_INT(blob->bytes.len, LEN);
    (void)close(descriptor);
    free(bytes);
}

static void says_where_an_upload_is_when_asked_for_a_hole(void)
{
    char hex[65];
    const struct test_blob *blob = test_behind_expect(&front.behind, SLW_BYTES_OF("0123456789"));
    hex_of(blob->sha256, hex);
    unsigned before = front.behind.calls[SLW_SIGNER_UPLOAD];
    int descriptor = test_connect(&front);
    upload_part(descriptor, hex, 3, "3456", 4);
    struct test_reply reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 409);
    TAP_EQUAL_INT(front.behind.calls[SLW_SIGNER_UPLOAD], before);
    TAP_CHECK(strcmp(test_header(&reply, "Upload-Offset"), "0") == 0);
    (void)close(descriptor);
    descriptor = test_connect(&front);
    upload_part(descriptor, hex, 0, "0123456789x", 11);
    TAP_EQUAL_INT(test_receive(descriptor).status, 413);
    TAP_EQUAL_INT(blob->bytes.len, 0);
    (void)close(descriptor);
}

static void tells_why_an_upload_was_refused_in_the_middle(void)
{
    enum { LEN = 600000 };
    char hex[65];
    char *bytes = make_bytes(LEN, 7);
    TAP_REQUIRE(bytes != NULL);
    const struct test_blob *blob = test_behind_expect(&front.behind, slw_bytes_make(bytes, LEN));
    hex_of(blob->sha256, hex);
    front.behind.refuse_from = 200000;
    int descriptor = test_connect(&front);
    upload_part(descriptor, hex, 0, bytes, LEN);
    struct test_reply reply = test_receive(descriptor);
    TAP_EQUAL_INT(reply.status, 507);
    TAP_CHECK(strstr(reply.body, "\"reason\":\"no-space\"") != NULL);
    front.behind.refuse_from = UINT64_MAX;
    (void)close(descriptor);
    free(bytes);
}

static void streams_files_of_the_log(void)
{
    static const char get[] = "GET /v1/log/tile/0/x001/234 HTTP/1.1\r\n" HOST "\r\n";
    enum { LEN = 400000 };
    char *bytes = make_bytes(LEN, 3);
    static char got[LEN];
    size_t len = 0;
    TAP_REQUIRE(bytes != NULL);
    slw_heap_append(&front.behind.file, slw_bytes_make(bytes, LEN));
    int descriptor = test_connect(&front);
    TAP_CHECK(test_send(descriptor, get, sizeof get - 1));
    struct test_reply reply = test_receive_head(descriptor);
    TAP_EQUAL_INT(reply.status, 200);
    TAP_CHECK(strcmp(test_header(&reply, "Content-Length"), "400000") == 0);
    while (len < LEN) {
        ssize_t count = read(descriptor, got + len, LEN - len);
        TAP_REQUIRE(count > 0);
        len += (size_t)count;
    }
    TAP_CHECK(memcmp(got, bytes, LEN) == 0);
    test_behind_meet(&front.behind);
    TAP_CHECK(strcmp(front.behind.path, "tile/0/x001/234") == 0);
    (void)close(descriptor);
    free(bytes);
}

static void ends_when_it_is_told_to(void)
{
    TAP_EQUAL_INT(test_front_stop(&front), 0);
    test_front_remove(&front);
}

int main(void)
{
    if (!test_front_prepare(&front) || !test_front_start(&front, "", NULL)) {
        (void)fputs("Bail out! the front doesn't start\n", stdout);
        return 1;
    }
    TAP_RUN(hands_a_statement_on);
    TAP_RUN(hands_a_statement_of_many_packets_on);
    TAP_RUN(tells_why_a_statement_was_refused);
    TAP_RUN(keeps_a_connection_for_the_next_request);
    TAP_RUN(answers_each_request_as_it_deserves);
    TAP_RUN(refuses_what_hides_something_behind_a_nul);
    TAP_RUN(takes_a_long_head_in_small_pieces);
    TAP_RUN(takes_nothing_behind_a_refused_head_for_a_request);
    TAP_RUN(serves_pipelined_requests_in_order);
    TAP_RUN(says_100_before_a_body_that_is_wanted);
    TAP_RUN(uploads_and_resumes);
    TAP_RUN(says_where_an_upload_is_when_asked_for_a_hole);
    TAP_RUN(tells_why_an_upload_was_refused_in_the_middle);
    TAP_RUN(streams_files_of_the_log);
    TAP_RUN(ends_when_it_is_told_to);
    return tap_finish();
}
