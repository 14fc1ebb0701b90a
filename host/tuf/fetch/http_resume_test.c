/* SPDX-License-Identifier: Apache-2.0 */
/* Going on where a transfer broke off: only when the server really does. */
#include "tap.h"
#include "test_server.h"

#define PART_HEAD "HTTP/1.1 206 Partial Content\r\n"

/* Five bytes of "hello world" are there already. */
static const struct slw_fetch_request rest = {SLW_FETCH_METADATA, "file.json", 11, 5};

static void goes_on_where_it_broke_off(void)
{
    static const char *const rows[] = {
        PART_HEAD "Content-Range: bytes 5-10/11\r\nContent-Length: 6\r\n\r\n world",
        PART_HEAD "Content-Range: bytes 5-10/*\r\nContent-Length: 6\r\n\r\n world",
        PART_HEAD "content-range:  BYTES 5-10/11 \r\nContent-Length: 6\r\n\r\n world",
        PART_HEAD "Content-Range: bytes 5-10/11\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "6\r\n world\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answer = {.head = rows[i]};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i]);
        test_get_once(&server, &answer, 1, &rest, &file);
        TAP_EQUAL_INT(file.status, SLW_OK);
        TAP_EQUAL_INT(file.offset, 5);
        TAP_EQUAL_INT(file.begins, 1);
        TAP_CHECK(strcmp(slw_heap_text(&file.bytes), " world") == 0);
        TAP_CHECK(strstr(server.request[0], "\r\nRange: bytes=5-\r\n") != NULL);
        slw_heap_free(&file.bytes);
    }
}

static void begins_again_when_the_server_sends_the_whole(void)
{
    static const struct test_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"};
    struct test_server server;
    struct test_file file = {0};
    test_get_once(&server, &answer, 1, &rest, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_EQUAL_INT(file.offset, 0);
    TAP_CHECK(strcmp(slw_heap_text(&file.bytes), "hello world") == 0);
    slw_heap_free(&file.bytes);
}

static void asks_for_the_whole_after_416_once(void)
{
    static const struct test_answer answers[] = {
        {.head = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */3\r\n"
                 "Content-Length: 2\r\n\r\nno"},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"},
        {.head = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 2\r\n\r\nno"},
        {.head = "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 2\r\n\r\nno"},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nnew"},
    };
    struct test_server server;
    struct test_file file = {0};
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 5));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    test_get(slw_http_fetcher_port(fetcher), &rest, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_EQUAL_INT(file.offset, 0);
    TAP_EQUAL_INT(file.begins, 1);
    TAP_CHECK(strcmp(slw_heap_text(&file.bytes), "new") == 0);
    test_get(slw_http_fetcher_port(fetcher), &rest, &file);
    TAP_EQUAL_INT(file.status, SLW_UNAVAILABLE);
    TAP_CHECK(strstr(file.detail.text, "416") != NULL);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_EQUAL_INT(server.requests, 4);
    TAP_EQUAL_INT(server.connections, 1);
    TAP_CHECK(strstr(server.request[1], "Range") == NULL);
    slw_heap_free(&file.bytes);
}

static void refuses_parts_that_are_others(void)
{
    static const struct {
        const char *head;
        enum slw_status status;
    } rows[] = {
        {PART_HEAD "Content-Length: 6\r\n\r\n world", SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 0-10/11\r\nContent-Length: 11\r\n\r\nhello world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 4-10/11\r\nContent-Length: 7\r\n\r\no world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 6-10/11\r\nContent-Length: 5\r\n\r\nworld",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-9/11\r\nContent-Length: 5\r\n\r\n worl",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/10\r\nContent-Length: 6\r\n\r\n world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10\r\nContent-Length: 6\r\n\r\n world", SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: 5-10/11\r\nContent-Length: 6\r\n\r\n world", SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: lines 5-10/11\r\nContent-Length: 6\r\n\r\n world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes */11\r\nContent-Length: 6\r\n\r\n world", SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-18446744073709551616/*\r\n\r\n", SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 18446744073709551621-18446744073709551626/*\r\n\r\n",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nContent-Range: bytes 5-10/11\r\n"
                   "Content-Length: 6\r\n\r\n world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nContent-Length: 5\r\n\r\n worl",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nContent-Length: 7\r\n\r\n world!",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "5\r\n worl\r\n0\r\n\r\n",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nTransfer-Encoding: chunked\r\n\r\n"
                   "7\r\n world!\r\n0\r\n\r\n",
         SLW_UNAVAILABLE},
        {PART_HEAD
         "Content-Type: multipart/byteranges; boundary=x\r\nContent-Length: 6\r\n\r\n--x--.",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-10/11\r\nContent-Encoding: gzip\r\n"
                   "Content-Length: 6\r\n\r\n world",
         SLW_UNAVAILABLE},
        {PART_HEAD "Content-Range: bytes 5-11/12\r\nContent-Length: 7\r\n\r\n world!",
         SLW_TOO_LARGE},
        {PART_HEAD "Content-Range: bytes 5-18446744073709551615/*\r\n\r\n", SLW_TOO_LARGE},
        {"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world!", SLW_TOO_LARGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct test_answer answer = {.head = rows[i].head, .end = TEST_CLOSE};
        struct test_server server;
        struct test_file file = {0};
        TAP_ROW(rows[i].head + sizeof PART_HEAD - 1);
        test_get_once(&server, &answer, 1, &rest, &file);
        TAP_EQUAL_INT(file.status, rows[i].status);
        TAP_CHECK(file.detail.text[0] != '\0');
        slw_heap_free(&file.bytes);
    }
}

/* What is there reaches the limit: there is no rest to ask for. */
static void asks_for_the_whole_when_there_can_be_no_rest(void)
{
    static const struct slw_fetch_request none = {SLW_FETCH_METADATA, "file.json", 11, 11};
    static const struct test_answer answer = {
        .head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"};
    struct test_server server;
    struct test_file file = {0};
    test_get_once(&server, &answer, 1, &none, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    TAP_CHECK(strstr(server.request[0], "Range") == NULL);
    slw_heap_free(&file.bytes);
}

static void reading_into_memory_never_resumes(void)
{
    static const struct test_answer answers[] = {
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"},
        {.head = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello", .end = TEST_CLOSE},
    };
    struct test_server server;
    struct slw_heap_buffer bytes = {0};
    struct slw_detail detail;
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 2));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, (struct slw_http_options){0});
    TAP_REQUIRE(fetcher != NULL);
    const struct slw_fetch_port *port = slw_http_fetcher_port(fetcher);
    slw_heap_append_text(&bytes, "before ");
    TAP_EQUAL_INT(slw_fetch_to_heap(port, 0, &rest, &bytes, &detail), SLW_OK);
    TAP_CHECK(strcmp(slw_heap_text(&bytes), "before hello world") == 0);
    TAP_EQUAL_INT(slw_fetch_to_heap(port, 0, &rest, &bytes, &detail), SLW_UNAVAILABLE);
    TAP_CHECK(strcmp(slw_heap_text(&bytes), "before hello world") == 0);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    TAP_CHECK(strstr(server.request[0], "Range") == NULL);
    slw_heap_free(&bytes);
}

int main(void)
{
    TAP_RUN(goes_on_where_it_broke_off);
    TAP_RUN(begins_again_when_the_server_sends_the_whole);
    TAP_RUN(asks_for_the_whole_after_416_once);
    TAP_RUN(refuses_parts_that_are_others);
    TAP_RUN(asks_for_the_whole_when_there_can_be_no_rest);
    TAP_RUN(reading_into_memory_never_resumes);
    return tap_finish();
}
