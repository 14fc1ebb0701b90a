/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A TUF repository in memory, signed with Ed25519 keys, and mirrors of it that fail as a test
 * wishes. For the tests of the client; what it knows of TUF is no more than they need.
 *
 *     test_repository_init(&repository, 2);
 *     test_add_target(&repository, "targets", "app", "release 1");
 *     test_publish_all(&repository);
 *     test_fault(&repository, 0, "timestamp.json", TEST_CORRUPT, 0);
 */
#ifndef SLIPWAY_TUF_CLIENT_TEST_REPOSITORY_H
#define SLIPWAY_TUF_CLIENT_TEST_REPOSITORY_H

#include "slipway/tuf_client.h"

#define TEST_ROLES_MAX 48
#define TEST_FILES_MAX 400
#define TEST_FAULTS_MAX 16
#define TEST_REQUESTS_MAX 600
#define TEST_PATH_SIZE 4096

#define TEST_LATER "2999-01-01T00:00:00Z"
#define TEST_LONG_AGO "2001-01-01T00:00:00Z"

struct test_role {
    char name[1200];
    struct slw_private_key *key;
    struct slw_private_key
        *second_key; /* that may sign for a top-level role, and never does; or NULL */
    int64_t version; /* 0: never published */
    const char *expires;
    struct slw_heap_buffer targets;     /* members of the object */
    struct slw_heap_buffer delegations; /* elements of the array */
    struct slw_heap_buffer keys;        /* members of `keys` of the delegations */
    struct slw_heap_buffer bins;        /* `succinct_roles` */
    bool is_omitted;                    /* from the snapshot */
};

struct test_file {
    char *path;
    struct slw_heap_buffer bytes;
};

enum test_fault_kind {
    TEST_ABSENT = 1,
    TEST_UNAVAILABLE,
    TEST_SLOW,
    TEST_CORRUPT,   /* a byte in the middle differs */
    TEST_CUT,       /* so many bytes of what was asked for, then SLW_UNAVAILABLE */
    TEST_NO_RESUME, /* always from the beginning */
    TEST_LONGER,    /* so many bytes more */
};

struct test_fault {
    unsigned mirror;
    const char *part; /* of the path; the first that is part of it counts */
    enum test_fault_kind kind;
    uint64_t number;
    unsigned times; /* how often still; UINT32_MAX: always */
};

struct test_request {
    unsigned mirror;
    char *path;
    uint64_t resume_from;
};

struct test_repository {
    struct slw_fetch_port port;
    struct test_role roles[TEST_ROLES_MAX]; /* root, timestamp, snapshot, targets, delegated ones */
    size_t roles_count;
    bool consistent;
    bool with_hashes; /* timestamp and snapshot give lengths and hashes */
    struct test_file files[TEST_FILES_MAX];
    size_t files_count;
    struct test_fault faults[TEST_FAULTS_MAX];
    size_t faults_count;
    struct test_request requests[TEST_REQUESTS_MAX];
    size_t requests_count;
};

/* Version 1 of everything is published. */
void test_repository_init(struct test_repository *repository, unsigned mirrors);
void test_repository_free(struct test_repository *repository);

struct test_role *test_role(struct test_repository *repository, const char *name);

/* Lists a target in a role and offers its content; publish the role afterwards. */
void test_add_target(struct test_repository *repository, const char *role, const char *path,
                     const char *content);

/* Makes a role (unless it is there) with a key of its own and has another delegate a pattern to it.
 */
struct test_role *test_delegate(struct test_repository *repository, const char *delegator,
                                const char *role, const char *pattern, bool terminating);

/* Has a role delegate to hash bins, all signed by one key. */
void test_delegate_to_bins(struct test_repository *repository, const char *delegator,
                           const char *prefix, unsigned bit_length);

/* The next version of a role, signed. */
void test_publish(struct test_repository *repository, const char *role);

/* Delegated roles and targets, then snapshot and timestamp. */
void test_publish_all(struct test_repository *repository);

/* Gives a role, but root, a new key. */
void test_rotate(struct test_repository *repository, const char *role);

/* The file of a path below metadata or targets; NULL when there is none. */
struct test_file *test_file(struct test_repository *repository, const char *path);

void test_fault(struct test_repository *repository, unsigned mirror, const char *part,
                enum test_fault_kind kind, uint64_t number);

/* The requests so far as "0:2.root.json 1:timestamp.json@17", and forgets them. */
const char *test_take_requests(struct test_repository *repository);

#endif
