/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slow retrieval: servers that keep a client waiting, each in its own way, at the same time in
 * threads, so that the program takes as long as the slowest of them.
 */
#include "tap.h"
#include "test_server.h"

#define OK_HEAD "HTTP/1.1 200 OK\r\n"
#define FIFTY_BYTES "01234567890123456789012345678901234567890123456789"
#define THOUSAND_BYTES                                                                             \
    FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES            \
        FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES        \
            FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES FIFTY_BYTES
#define FLOOR                                                                                      \
    {                                                                                              \
        .floor_bytes_per_s = 200, .floor_window_s = 1                                              \
    }

static const struct {
    const char *name;
    struct slw_http_options options;
    struct test_answer answer;
    enum slw_status status;
    const char *says;
} rows[] = {
    {"no answer", FLOOR, {.end = TEST_HANG}, SLW_SLOW_RETRIEVAL, "floor"},
    {"half a head",
     FLOOR,
     {.head = OK_HEAD "Conten", .end = TEST_HANG},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"a head byte by byte",
     FLOOR,
     {.head = OK_HEAD "Content-Length: 2\r\nServer: a slow one\r\nX-Comment: indeed it is\r\n\r\n",
      .head_in_bytes = true,
      .pause_ms = 40},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"headers line by line",
     FLOOR,
     {.head = OK_HEAD, .piece = "X: y\r\n", .pieces = 126, .pause_ms = 50},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"no body",
     FLOOR,
     {.head = OK_HEAD "Content-Length: 2\r\n\r\n", .end = TEST_HANG},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"a body byte by byte",
     FLOOR,
     {.head = OK_HEAD "Content-Length: 9000\r\n\r\n", .piece = "x", .pieces = 9000, .pause_ms = 10},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"a burst, then drops",
     FLOOR,
     {.head = OK_HEAD "\r\n" THOUSAND_BYTES, .piece = "x", .pieces = TEST_ENDLESS, .pause_ms = 10},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"a chunk's endless extension",
     FLOOR,
     {.head = OK_HEAD "Transfer-Encoding: chunked\r\n\r\n1;",
      .piece = FIFTY_BYTES,
      .pieces = TEST_ENDLESS,
      .pause_ms = 20},
     SLW_SLOW_RETRIEVAL,
     "floor"},
    {"over the budget",
     {.floor_bytes_per_s = 1, .floor_window_s = 10, .budget_s = 1},
     {.head = OK_HEAD "\r\n", .piece = FIFTY_BYTES, .pieces = TEST_ENDLESS, .pause_ms = 50},
     SLW_SLOW_RETRIEVAL,
     "time for all requests"},
    {"slow, and above the floor",
     FLOOR,
     {.head = OK_HEAD "Content-Length: 2000\r\n\r\n",
      .piece = FIFTY_BYTES,
      .pieces = 40,
      .pause_ms = 60},
     SLW_OK,
     ""},
    {"a pause within the window",
     FLOOR,
     {.head = OK_HEAD "Content-Length: 5\r\n\r\n", .piece = "hello", .pieces = 1, .pause_ms = 200},
     SLW_OK,
     ""},
    {"404, and its body never",
     FLOOR,
     {.head = "HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\n", .end = TEST_HANG},
     SLW_NOT_FOUND,
     "404"},
};

#define ROWS (sizeof rows / sizeof rows[0])

static struct slow_run {
    size_t row;
    struct test_server server;
    struct test_file file;
    pthread_t thread;
    bool ran;
} runs[ROWS];

static void *run(void *context)
{
    static const struct slw_fetch_request request = {SLW_FETCH_METADATA, "file.json", 100000, 0};
    struct slow_run *slow = context;
    if (!test_server_open(&slow->server) ||
        !test_server_play(&slow->server, &rows[slow->row].answer, 1)) {
        return NULL;
    }
    struct slw_http_fetcher *fetcher = test_fetcher_new(&slow->server, rows[slow->row].options);
    if (fetcher != NULL) {
        test_get(slw_http_fetcher_port(fetcher), &request, &slow->file);
        slow->ran = true;
    }
    slw_http_fetcher_free(fetcher);
    test_server_close(&slow->server);
    return NULL;
}

static void a_server_may_be_slow_but_not_below_the_floor(void)
{
    for (size_t i = 0; i < ROWS; i++) {
        runs[i].row = i;
        TAP_REQUIRE(pthread_create(&runs[i].thread, NULL, run, &runs[i]) == 0);
    }
    for (size_t i = 0; i < ROWS; i++) {
        TAP_ROW(rows[i].name);
        TAP_REQUIRE(pthread_join(runs[i].thread, NULL) == 0);
        TAP_CHECK(runs[i].ran);
        TAP_EQUAL_INT(runs[i].file.status, rows[i].status);
        TAP_CHECK(strstr(runs[i].file.detail.text, rows[i].says) != NULL);
        slw_heap_free(&runs[i].file.bytes);
    }
}

static void a_used_up_budget_lets_nothing_through_until_it_begins_again(void)
{
    static const struct slw_fetch_request request = {SLW_FETCH_METADATA, "file.json", 100, 0};
    static const struct test_answer answers[] = {
        {.end = TEST_HANG},
        {.head = OK_HEAD "Content-Length: 2\r\n\r\n{}"},
    };
    struct test_server server;
    struct test_file file = {0};
    struct slw_http_options options = {.budget_s = 1};
    TAP_REQUIRE(test_server_open(&server) && test_server_play(&server, answers, 2));
    struct slw_http_fetcher *fetcher = test_fetcher_new(&server, options);
    TAP_REQUIRE(fetcher != NULL);
    for (int i = 0; i < 3; i++) {
        test_get(slw_http_fetcher_port(fetcher), &request, &file);
        TAP_EQUAL_INT(file.status, SLW_SLOW_RETRIEVAL);
        TAP_CHECK(strstr(file.detail.text, "time for all requests") != NULL);
    }
    TAP_EQUAL_INT(atomic_load(&server.requests), 1);
    slw_http_fetcher_restart_budget(fetcher);
    test_get(slw_http_fetcher_port(fetcher), &request, &file);
    TAP_EQUAL_INT(file.status, SLW_OK);
    slw_http_fetcher_free(fetcher);
    test_server_close(&server);
    slw_heap_free(&file.bytes);
}

int main(void)
{
    TAP_RUN(a_server_may_be_slow_but_not_below_the_floor);
    TAP_RUN(a_used_up_budget_lets_nothing_through_until_it_begins_again);
    return tap_finish();
}
