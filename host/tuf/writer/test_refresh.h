/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients see of a repository in memory: the client of this library, with its files in a
 * directory of its own, fetching from the storage. And copies of all that a storage holds, so that
 * a test can come back to a moment.
 */
#ifndef SLIPWAY_TEST_REFRESH_H
#define SLIPWAY_TEST_REFRESH_H

#include "test_writer.h"

#include "slipway/tuf_client.h"

/* All objects of a storage at one moment. */
struct test_moment {
    struct test_object {
        char *key;
        struct slw_heap_buffer bytes;
    } * objects;
    size_t count;
};
/* Of the memory below the faults. */
void test_moment_take(struct test_moment *ret_moment);
void test_moment_free(struct test_moment *moment);
/* NULL when it isn't there. */
const struct slw_heap_buffer *test_moment_find(const struct test_moment *moment, const char *key);
/* Whether clients see the same in both: metadata/ and targets/. */
bool test_moment_looks_like(const struct test_moment *left, const struct test_moment *right);
/* A new repository in memory that holds this; the clock goes on, the lease is free. */
bool test_moment_restore(const struct test_moment *moment);
/* Writes metadata/ and targets/ below a directory. */
bool test_moment_write(const struct test_moment *moment, const char *directory);

/* Where clients keep their files: made by begin, removed by end. */
bool test_clients_begin(void);
void test_clients_end(void);
/* The path of something there. */
void test_clients_path(const char *name, char path[static 128]);

/* A client called name, that trusts this root and knows nothing else. */
bool test_client_trust(const char *name, struct slw_bytes root);
/* Another one that knows what the first knows. */
bool test_client_copy(const char *name, const char *copy);
/* What it knows, as files in a new directory. */
bool test_client_write(const char *name, const char *path);

/*
 * Fetches from a moment; after some requests from a later one.
 */
struct test_fetch {
    struct slw_fetch_port port;
    const struct test_moment *moment;
    const struct test_moment *later;
    unsigned requests;    /* so far */
    unsigned later_after; /* how many the first answers, when there is a later one */
};
void test_fetch_init(const struct test_moment *moment, struct test_fetch *ret_fetch);

#define TEST_STATE_SIZE 8192

/*
 * Refreshes, and goes through all that can be found: ret_state has the version of the root and a
 * line for each target. What failed, if anything did, is in test_detail.
 */
enum slw_status test_client_refresh(const char *name, struct test_fetch *fetch,
                                    char ret_state[static TEST_STATE_SIZE]);

/* The same through any port. */
enum slw_status test_client_refresh_from(const char *name, const struct slw_fetch_port *port,
                                         char ret_state[static TEST_STATE_SIZE]);

#endif
