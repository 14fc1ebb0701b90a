/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heads with bytes that the library under the server doesn't show, because it goes by C's strings:
 * whoever reads the same bytes in front of the server sees another request.
 */
#include "test_http.h"

#include "tap.h"

#include <stdio.h>
#include <unistd.h>

static struct test_http test;

static void refuses_what_hides_something(void)
{
    const struct slw_bytes heads[] = {
        SLW_BYTES_OF("GET\0 /static HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /static\0 HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET  /static HTTP/1.1\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\0\r\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X\0Y: z\r\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X: y\0z\r\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X: y\0\0Z: z\r\nQ: q\r\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X: y\r\n folded\r\nZ: z\r\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X-Te: y\r\n st\r\nZ: z\r\n\r\n"),
        /* each line that ends by LF alone makes up for one byte that is hidden */
        SLW_BYTES_OF("GET /static HTTP/1.1\nHost: depot\nX: y\0z\r\n\r\n"),
        SLW_BYTES_OF("GET\0 /static HTTP/1.1\n" HOST "\r\n"),
        SLW_BYTES_OF("GET /static\0 HTTP/1.1\r\nHost: depot\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\r\n" HOST "X: y\0z\nZ: z\n\r\n"),
        SLW_BYTES_OF("GET /static HTTP/1.1\nHost: depot\n\n"),
    };
    struct slw_http_settings settings = {.listen = "127.0.0.1:0"};
    TAP_REQUIRE(test_http_start(&test, &settings));
    unsigned before = test_http_handled(&test);
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char row[16];
        (void)snprintf(row, sizeof row, "head %zu", i);
        TAP_ROW(row);
        int descriptor = test_connect(&test);
        TAP_CHECK(test_send(descriptor, (const char *)heads[i].ptr, heads[i].len));
        TAP_EQUAL_INT(test_receive(descriptor).status, 400);
        TAP_CHECK(test_closed_within(descriptor, 5000));
        (void)close(descriptor);
    }
    TAP_ROW(NULL);
    TAP_EQUAL_INT(test_http_handled(&test), before);
    test_http_stop(&test, 0);
}

static void takes_a_long_head_in_small_pieces(void)
{
    static char head[12000];
    struct slw_http_settings settings = {.listen = "127.0.0.1:0"};
    TAP_REQUIRE(test_http_start(&test, &settings));
    size_t len = (size_t)snprintf(head, sizeof head, "GET /static HTTP/1.1\r\n" HOST);
    for (unsigned i = 0; i < 40; i++) {
        len += (size_t)snprintf(head + len, sizeof head - len, "X-%u:%*s%0240u\r\n", i,
                                (int)(i % 3), "", i);
    }
    len += (size_t)snprintf(head + len, sizeof head - len, "Empty:\r\nBlank:  \r\n\r\n");
    int descriptor = test_connect(&test);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t at = 0; at < len; at += 190) {
            TAP_CHECK(test_send(descriptor, head + at, len - at < 190 ? len - at : 190));
        }
        TAP_EQUAL_INT(test_receive(descriptor).status, 200);
    }
    (void)close(descriptor);
    test_http_stop(&test, 0);
}

int main(void)
{
    TAP_RUN(refuses_what_hides_something);
    TAP_RUN(takes_a_long_head_in_small_pieces);
    return tap_finish();
}
