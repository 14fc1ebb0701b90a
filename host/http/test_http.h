/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server in the test's own process with routes that show what it does, and a client that sends
 * bytes as they are and reads answers. For the tests of this folder.
 */
#ifndef SLIPWAY_HTTP_TEST_HTTP_H
#define SLIPWAY_HTTP_TEST_HTTP_H

#include "slipway/http_server.h"

#include <pthread.h>

#define TEST_WAIT_MS 20000
#define HOST "Host: depot\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

struct test_reply {
    unsigned status; /* 0: nothing came */
    char head[4096];
    char body[8192];
    size_t body_len;
    bool closed; /* the connection ended */
};

/* What routes keep for the test. */
struct test_http {
    struct slw_http_server *server;
    pthread_mutex_t lock;
    unsigned handled;
    struct slw_http_exchange *held; /* by /later */
    struct slw_http_stream *stream; /* of /stream */
    unsigned freed;                 /* values that were attached, sources that were closed */
    bool holds;                     /* /source/slow isn't read while it does */
    unsigned waiting;               /* readers of it */
    unsigned done;                  /* observed */
    struct slw_http_done last;
    char detail[256];
    char reason[64];
};

/* Starts it on a free port, unless settings say where. */
bool test_http_start(struct test_http *test, struct slw_http_settings *settings);
void test_http_stop(struct test_http *test, uint32_t grace_ms);
/* Waits until a handler has given away its exchange, or a stream. */
struct slw_http_exchange *test_http_held(struct test_http *test);
struct slw_http_stream *test_http_stream(struct test_http *test);
unsigned test_http_handled(struct test_http *test);
/* Whether /source/slow waits, and how many do. */
void test_http_hold(struct test_http *test, bool holds);
unsigned test_http_waiting(struct test_http *test);

/* A connection to the server's address; -1. */
int test_connect(const struct test_http *test);
int test_connect_local(const char *path);
bool test_send(int descriptor, const char *text, size_t len);
bool test_say(int descriptor, const char *text);
/* One answer, for a request that isn't HEAD; and for one that is. */
struct test_reply test_receive(int descriptor);
struct test_reply test_receive_head(int descriptor);
/* Connects, sends a text, reads one answer, closes. */
struct test_reply test_exchange(const struct test_http *test, const char *text);
/* A header's value in a reply, "" when it isn't there; until the next call. */
const char *test_header(const struct test_reply *reply, const char *name);
/* Whether the other end closes within so many milliseconds; what comes is forgotten. */
bool test_closed_within(int descriptor, int64_t limit_ms);
/* Reads until a text came; false when the connection ends before. */
bool test_await(int descriptor, const char *text);

#endif
