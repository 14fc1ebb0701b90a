/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of answers, and Content-Range, line by line. */
#include "slipway/http_head.h"

#include "tap.h"

#include <stdlib.h>

/* Adds a text's lines; the status of the first that fails. */
static enum slw_status add_all(struct slw_http_head *head, const char *text,
                               const char **ret_problem)
{
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        size_t len = end == NULL ? strlen(text) : (size_t)(end - text) + 1;
        SLW_TRY(slw_http_head_add(head, slw_bytes_make(text, len), ret_problem));
        text += len;
    }
    return SLW_OK;
}

static void reads_what_matters(void)
{
    struct slw_http_head head = {0};
    const char *problem = NULL;
    TAP_REQUIRE(add_all(&head,
                        "HTTP/1.1 206 Partial\r\nServer: a: b\r\nX-Empty:\r\n"
                        "CONTENT-LENGTH:\t 12 \r\nContent-Range: bytes 4-15/16\r\n"
                        "Location: /a?b#c\r\n\r\nTrailer: 1\r\nContent-Length: x\r\n",
                        &problem) == SLW_OK);
    TAP_EQUAL_INT(head.status_code, 206);
    TAP_CHECK(head.complete && head.persistent && !head.chunked && !head.encoded);
    TAP_CHECK(head.has_length && head.length == 12);
    TAP_CHECK(head.has_range && head.range.first == 4 && head.range.last == 15);
    TAP_CHECK(head.range.total_known && head.range.total == 16);
    TAP_CHECK(strcmp(head.location, "/a?b#c") == 0);
    TAP_CHECK(problem == NULL);
}

static void an_interim_answer_leaves_nothing_behind(void)
{
    struct slw_http_head head = {0};
    const char *problem = NULL;
    TAP_REQUIRE(add_all(&head,
                        "HTTP/1.1 103 Early\r\nContent-Length: 5\r\nLocation: x\r\n"
                        "Content-Encoding: gzip\r\nConnection: close\r\n\r\n",
                        &problem) == SLW_OK);
    TAP_CHECK(!head.complete && head.status_code == 0);
    TAP_REQUIRE(add_all(&head, "HTTP/1.1 200\n\n", &problem) == SLW_OK);
    TAP_CHECK(head.complete && head.persistent && !head.encoded && !head.has_length);
    TAP_CHECK(head.location[0] == '\0');
}

static void knows_whether_the_connection_stays(void)
{
    static const struct {
        const char *text;
        bool persistent;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\n", true},
        {"HTTP/1.0 200 OK\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nConnection: Close\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nConnection: x, close\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nProxy-Connection: close\r\n\r\n", false},
        {"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\n\r\n", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_head head = {0};
        const char *problem = NULL;
        TAP_ROW(rows[i].text);
        TAP_EQUAL_INT(add_all(&head, rows[i].text, &problem), SLW_OK);
        TAP_EQUAL_INT(head.persistent, rows[i].persistent);
    }
}

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define PART_HEAD "HTTP/1.1 206 Part\r\n"

static void refuses_what_is_no_head(void)
{
    static const char *const rows[] = {
        "\r\n",
        "HTTP/2 200\r\n",
        "HTTP/1.x 200 OK\r\n",
        "HTTP/1.1  200 OK\r\n",
        "HTTP/1.1 20 OK\r\n",
        "HTTP/1.1 099 OK\r\n",
        "HTTP/1.1 600 OK\r\n",
        "HTTP/1.1 2000 OK\r\n",
        "HTTP/1.1 200OK\r\n",
        "HTTP/1.1 -200 OK\r\n",
        "http/1.1 200 OK\r\n",
        "HTTP/1.1 18446744073709551816 OK\r\n",
        OK_HEAD "no colon\r\n",
        OK_HEAD ": no name\r\n",
        OK_HEAD "Name : x\r\n",
        OK_HEAD " folded: x\r\n",
        OK_HEAD "\tfolded\r\n",
        OK_HEAD "N\xc3\xa4me: x\r\n",
        OK_HEAD "X: \x1b[2J\r\n",
        OK_HEAD "X: a\rb\r\n",
        OK_HEAD "X: \x7f\r\n",
        OK_HEAD "Content-Length:\r\n",
        OK_HEAD "Content-Length: +5\r\n",
        OK_HEAD "Content-Length: 5 5\r\n",
        OK_HEAD "Content-Length: 5, 5\r\n",
        OK_HEAD "Content-Length: 0x5\r\n",
        OK_HEAD "Content-Length: 99999999999999999999\r\n",
        OK_HEAD "Content-Length: 5\r\nContent-Length: 6\r\n",
        OK_HEAD "Transfer-Encoding: gzip\r\n",
        OK_HEAD "Transfer-Encoding: chunked, chunked\r\n",
        OK_HEAD "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        OK_HEAD "Transfer-Encoding: \r\n",
        OK_HEAD "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        PART_HEAD "Content-Range: bytes 0-1\r\n",
        PART_HEAD "Content-Range: bytes 0-1/2\r\nContent-Range: bytes 0-1/2\r\n",
        OK_HEAD "Location:\r\n",
        OK_HEAD "Location: a b\r\n",
        OK_HEAD "Location: a\r\nLocation: a\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_head head = {0};
        const char *problem = NULL;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(add_all(&head, rows[i], &problem), SLW_MALFORMED);
        TAP_CHECK(problem != NULL);
    }
}

static void a_zero_byte_is_no_part_of_a_line(void)
{
    struct slw_http_head head = {0};
    const char *problem = NULL;
    TAP_EQUAL_INT(slw_http_head_add(&head, SLW_BYTES_OF(OK_HEAD), &problem), SLW_OK);
    TAP_EQUAL_INT(slw_http_head_add(&head, SLW_BYTES_OF("X\0Y: z\r\n"), &problem), SLW_MALFORMED);
    TAP_EQUAL_INT(slw_http_head_add(&head, SLW_BYTES_OF("X: y\0z\r\n"), &problem), SLW_MALFORMED);
}

static void knows_encodings(void)
{
    static const struct {
        const char *text;
        bool encoded;
    } rows[] = {
        {OK_HEAD "Content-Encoding: identity\r\n", false},
        {OK_HEAD "Content-Encoding: IDENTITY\r\n", false},
        {OK_HEAD "Content-Encoding: gzip\r\n", true},
        {OK_HEAD "Content-Encoding:\r\n", true},
        {OK_HEAD "Content-Encoding: identity, gzip\r\n", true},
        {OK_HEAD "Content-Encoding: gzip\r\nContent-Encoding: identity\r\n", true},
        {OK_HEAD "Content-Encoding: x-unheard-of\r\n", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_head head = {0};
        const char *problem = NULL;
        TAP_ROW(rows[i].text);
        TAP_EQUAL_INT(add_all(&head, rows[i].text, &problem), SLW_OK);
        TAP_EQUAL_INT(head.encoded, rows[i].encoded);
    }
}

static void a_location_has_a_length(void)
{
    static char line[SLW_HTTP_LOCATION_MAX + 16] = "Location: ";
    struct slw_http_head head = {0};
    const char *problem = NULL;
    memset(line + 10, 'x', SLW_HTTP_LOCATION_MAX + 1);
    TAP_EQUAL_INT(slw_http_head_add(&head, SLW_BYTES_OF(OK_HEAD), &problem), SLW_OK);
    TAP_EQUAL_INT(
        slw_http_head_add(&head, slw_bytes_make(line, SLW_HTTP_LOCATION_MAX + 11), &problem),
        SLW_MALFORMED);
    TAP_EQUAL_INT(
        slw_http_head_add(&head, slw_bytes_make(line, SLW_HTTP_LOCATION_MAX + 10), &problem),
        SLW_OK);
    TAP_EQUAL_INT(strlen(head.location), SLW_HTTP_LOCATION_MAX);
}

static void bounds_lines_and_bytes_of_everything_together(void)
{
    static uint8_t line[2048];
    struct slw_http_head head = {0};
    const char *problem = NULL;
    memset(line, 'x', sizeof line);
    line[1] = ':';
    TAP_REQUIRE(add_all(&head, OK_HEAD, &problem) == SLW_OK);
    for (unsigned i = 0; i < 31; i++) {
        TAP_REQUIRE(slw_http_head_add(&head, slw_bytes_make(line, 2048), &problem) == SLW_OK);
    }
    TAP_EQUAL_INT(slw_http_head_add(&head, slw_bytes_make(line, 2048), &problem), SLW_TOO_LARGE);
    TAP_EQUAL_INT(slw_http_head_add(&head, slw_bytes_make(line, SIZE_MAX), &problem),
                  SLW_TOO_LARGE);
    head = (struct slw_http_head){0};
    for (unsigned i = 0; i < SLW_HTTP_HEAD_LINES_MAX / 2; i++) {
        TAP_REQUIRE(add_all(&head, "HTTP/1.1 100 Go on\r\n\r\n", &problem) == SLW_OK);
    }
    TAP_EQUAL_INT(add_all(&head, OK_HEAD, &problem), SLW_TOO_LARGE);
    head = (struct slw_http_head){0};
    TAP_REQUIRE(add_all(&head, OK_HEAD "\r\n", &problem) == SLW_OK);
    for (unsigned i = 2; i < SLW_HTTP_HEAD_LINES_MAX; i++) {
        TAP_REQUIRE(add_all(&head, "T: 1\r\n", &problem) == SLW_OK);
    }
    TAP_EQUAL_INT(add_all(&head, "T: 1\r\n", &problem), SLW_TOO_LARGE);
}

static void parses_content_ranges(void)
{
    static const struct {
        const char *text;
        struct slw_http_range range;
    } rows[] = {
        {"bytes 0-0/1", {0, 0, 1, true}},
        {"Bytes 5-10/11", {5, 10, 11, true}},
        {"bytes 5-10/*", {5, 10, 0, false}},
        {"bytes 007-10/99", {7, 10, 99, true}},
        {"bytes 0-18446744073709551614/18446744073709551615",
         {0, UINT64_MAX - 1, UINT64_MAX, true}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_range range = {0};
        struct slw_bytes text = slw_bytes_make(rows[i].text, strlen(rows[i].text));
        TAP_ROW(rows[i].text);
        TAP_CHECK(slw_http_range_parse(text, &range));
        TAP_CHECK(range.first == rows[i].range.first && range.last == rows[i].range.last);
        TAP_CHECK(range.total == rows[i].range.total);
        TAP_EQUAL_INT(range.total_known, rows[i].range.total_known);
    }
}

static void refuses_other_content_ranges(void)
{
    static const char *const rows[] = {
        "",
        "bytes",
        "bytes ",
        "bytes */11",
        "bytes 5/11",
        "bytes 5-/11",
        "bytes -5/11",
        "bytes 5-10",
        "bytes 5-10/",
        "bytes 5-10/11 ",
        "bytes 5-10/11,12-13/14",
        "bytes  5-10/11",
        "bytes 5 -10/11",
        "bytes=5-10/11",
        "octets 5-10/11",
        "5-10/11",
        "bytes 10-5/11",
        "bytes 5-11/11",
        "bytes 5-10/10",
        "bytes 5-10/**",
        "bytes 0x5-10/11",
        "bytes 5-18446744073709551616/*",
        "bytes 18446744073709551616-18446744073709551617/*",
        "bytes 0-18446744073709551615/18446744073709551616",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_http_range range = {9, 9, 9, false};
        TAP_ROW(rows[i]);
        TAP_CHECK(!slw_http_range_parse(slw_bytes_make(rows[i], strlen(rows[i])), &range));
        TAP_EQUAL_INT(range.first, 9);
    }
}

int main(void)
{
    TAP_RUN(reads_what_matters);
    TAP_RUN(an_interim_answer_leaves_nothing_behind);
    TAP_RUN(knows_whether_the_connection_stays);
    TAP_RUN(refuses_what_is_no_head);
    TAP_RUN(a_zero_byte_is_no_part_of_a_line);
    TAP_RUN(knows_encodings);
    TAP_RUN(a_location_has_a_length);
    TAP_RUN(bounds_lines_and_bytes_of_everything_together);
    TAP_RUN(parses_content_ranges);
    TAP_RUN(refuses_other_content_ranges);
    return tap_finish();
}
