/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A web server for tests that answers as it is told, however wrong that is: the nth request on
 * 127.0.0.1, over any connection, gets the nth answer. And a client of it that gathers what a port
 * gives.
 */
#ifndef SLIPWAY_TEST_SERVER_H
#define SLIPWAY_TEST_SERVER_H

#include "slipway/tuf_fetch.h"

#include <pthread.h>
#include <stdatomic.h>

#define TEST_REQUESTS_MAX 16u
#define TEST_CONNECTIONS_MAX 16u
#define TEST_ENDLESS SIZE_MAX

enum test_end {
    TEST_KEEP,  /* the connection stays open for the next request */
    TEST_CLOSE, /* it ends with what was sent */
    TEST_RESET, /* it is reset once the client had time to read */
    TEST_HANG,  /* nothing more comes; it ends when the client ends it */
};

struct test_answer {
    const char *head; /* sent as it is */
    const char *piece;
    size_t pieces;     /* how often the piece is sent; TEST_ENDLESS: until the client goes */
    unsigned pause_ms; /* in front of each piece, and with head_in_bytes of each byte of the head */
    bool head_in_bytes;
    enum test_end end;
};

struct test_server {
    uint16_t port;
    atomic_uint connections;
    atomic_uint requests;
    char request[TEST_REQUESTS_MAX][2048]; /* heads, as they came */
    /* private */
    int listener;
    atomic_bool stopping;
    const struct test_answer *answers;
    size_t count;
    pthread_t thread;
    bool is_playing;
};

/* Takes a free port; the answers may be made of it before they are played. False on failure. */
SLW_MUST_USE bool test_server_open(struct test_server *server);
/* Copies nothing: the answers stay until the server is closed. */
SLW_MUST_USE bool test_server_play(struct test_server *server, const struct test_answer *answers,
                                   size_t count);
void test_server_close(struct test_server *server);

/* A file that came, or what came of it. */
struct test_file {
    enum slw_status status;
    struct slw_heap_buffer bytes; /* what the sink got since its last begin() */
    uint64_t offset;              /* of begin() */
    unsigned begins;
    enum slw_status fail_begin; /* set before: what the sink returns */
    enum slw_status fail_write;
    struct slw_detail detail;
};

void test_get(const struct slw_fetch_port *port, const struct slw_fetch_request *request,
              struct test_file *file);

/* A fetcher of metadata below "/metadata" and targets below "/targets/" of the server, from a URL
 * with credentials. options {0} but for bounds; NULL on failure. */
struct slw_http_fetcher *test_fetcher_new(const struct test_server *server,
                                          struct slw_http_options options);

/* The whole in one: plays the answers, gets metadata "file.json" of at most limit bytes, and
 * closes the server, which stays to be looked at. */
void test_get_once(struct test_server *server, const struct test_answer *answers, size_t count,
                   const struct slw_fetch_request *request, struct test_file *file);

#endif
