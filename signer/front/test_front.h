/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A front as a process, with a test's own end of its socketpair, and a client that sends bytes as
 * they are and reads answers.
 */
#ifndef SLIPWAY_FRONT_TEST_FRONT_H
#define SLIPWAY_FRONT_TEST_FRONT_H

#include "test_behind.h"

#include <sys/types.h>

#define TEST_WAIT_MS 20000

struct test_front {
    struct test_behind behind;
    char directory[64]; /* temporary; "signer.sock" is in it */
    pid_t process;      /* 0: none */
    int output;
    char https[256]; /* "https://127.0.0.1:PORT"; "": none */
    char http[256];
};

struct test_reply {
    unsigned status; /* 0: nothing came */
    char head[4096];
    char body[8192];
    size_t body_len;
    bool closed; /* the connection ended */
};

/* Makes the directory. */
bool test_front_prepare(struct test_front *front);

/* Starts the program in it with these lines of settings beside its local socket, and waits until it
 * listens. option: "--witness", or NULL. */
bool test_front_start(struct test_front *front, const char *settings, const char *option);

/* Ends it with SIGTERM; its exit status, -1 when it was killed by a signal. */
int test_front_stop(struct test_front *front);
void test_front_remove(struct test_front *front);

/* A connection to the local socket; -1. */
int test_connect(const struct test_front *front);
bool test_send(int descriptor, const char *text, size_t len);

/* One answer, for a request that isn't HEAD; and for one that is. */
struct test_reply test_receive(int descriptor);
struct test_reply test_receive_head(int descriptor);

/* Connects, sends a text, reads one answer, closes. */
struct test_reply test_exchange(const struct test_front *front, const char *text);

/* A header's value in a reply, "" when it isn't there; until the next call. */
const char *test_header(const struct test_reply *reply, const char *name);

#endif
