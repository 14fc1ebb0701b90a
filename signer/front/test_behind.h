/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process behind the front as the front's own tests want it: it speaks the whole protocol and
 * keeps what it gets in memory, so that what came through can be looked at. The key process itself
 * is tested with the front in tests/.
 */
#ifndef SLIPWAY_FRONT_TEST_BEHIND_H
#define SLIPWAY_FRONT_TEST_BEHIND_H

#include "slipway/signer_protocol.h"

#include <pthread.h>

#define TEST_BLOBS_MAX 4u

struct test_blob {
    bool expected; /* a statement staged it */
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t len;
    uint64_t total; /* the longest that was announced: its own, unless a test says more */
    bool wrong;     /* other bytes are there: right ones may take their place */
    struct slw_heap_buffer bytes;
};

struct test_behind {
    int descriptor;
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below */
    bool mute;            /* takes calls and answers none */
    const char *refuse;   /* the reason for every statement and upload; NULL: takes them */
    uint64_t refuse_from; /* uploads are refused from this position on; UINT64_MAX: never */
    bool stalls;          /* says of each piece of an upload that it didn't take it */
    bool grows;           /* says behind a file's first piece that it is longer than it said */
    unsigned calls[SLW_SIGNER_KINDS_END];
    struct slw_heap_buffer envelope; /* the last one */
    struct test_blob blobs[TEST_BLOBS_MAX];
    struct slw_heap_buffer file;             /* what LOG and BLOB give */
    char path[SLW_SIGNER_TEXT_SIZE_MAX + 1]; /* what LOG was asked for last */
    /* A checkpoint to carry, given out once when url isn't empty. */
    char url[256];
    uint32_t cosigned_status;
    char cosigned_body[256];
    unsigned cosigned;
    uint32_t witness_status; /* what ADD_CHECKPOINT answers */
};

/* Plays it over this descriptor, on a thread of its own, until the other end is gone. */
bool test_behind_start(struct test_behind *behind, int descriptor);
void test_behind_stop(struct test_behind *behind);

/*
 * Waits until it isn't at work. What a test wrote before is seen by it afterwards, and what it kept
 * before is seen by the test: an answer that came by way of the front's process orders nothing
 * between threads. test_send() and test_receive() call it for every front that runs.
 */
void test_behind_meet(struct test_behind *behind);

/* Expects an upload of these bytes, of which it knows length and digest. */
struct test_blob *test_behind_expect(struct test_behind *behind, struct slw_bytes bytes);

#endif
