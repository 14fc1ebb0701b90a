/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository in memory for tests of the writer: keys, a provider that has the online ones, a
 * clock, and what the writer told. Everything is given back by test_close().
 *
 *     test_open();
 *     TAP_REQUIRE(test_begin());                       // init, signed offline, published: version
 * 1 TAP_EQUAL_INT(test_add("targets", "a/b", "content"), SLW_OK);
 *     TAP_EQUAL_INT(test_sign("targets", KEY_TARGETS), SLW_OK);
 *     TAP_EQUAL_INT(test_publish(), SLW_OK);
 */
#ifndef SLIPWAY_TEST_WRITER_H
#define SLIPWAY_TEST_WRITER_H

#include "writer.h"

enum test_key {
    KEY_ROOT,
    KEY_ROOT_2,
    KEY_TARGETS,
    KEY_TARGETS_2,
    KEY_SNAPSHOT,
    KEY_SNAPSHOT_2,
    KEY_TIMESTAMP,
    KEY_TIMESTAMP_2,
    KEY_TEAM,
    KEY_TEAM_2,
    KEY_BINS,
    KEY_BINS_2,
    TEST_KEYS,
};

struct test_repository {
    struct slw_memory_storage *memory;
    struct slw_faulty_storage faulty; /* over memory; what the writer is given */
    struct slw_lease lease;
    struct slw_tuf_writer_options options;
    struct slw_tuf_writer *writer;      /* NULL while no process has it open */
    int64_t now_utc_s;                  /* at first the time that it is, which is the client's */
    struct slw_tuf_published published; /* by the last test_publish() */
    char told[16384];                   /* everything so far, a line each */
};

extern struct test_repository test;
extern struct slw_detail test_detail;

struct slw_bytes test_bytes(const char *text);
const struct slw_private_key *test_private_key(enum test_key key);
/* Up to four keys as a role's; the list lives until the next 8 calls. */
struct slw_tuf_role_keys test_role_keys(uint32_t threshold, int count, ...);

/* Anew, with nothing in it. Keys at hand: snapshot, timestamp, bins and team. */
bool test_open(void);
void test_close(void);

/* The keys that the provider signs with, by role: pairs of name and key, ended by NULL. */
bool test_provide(const char *name, ...);

/* As a new process: the writer is closed, and opened again when it is needed. */
void test_new_process(void);
enum slw_status test_writer_open(void);

enum slw_status test_init(void);
/* test_init(), signed by the keys of root and targets, and published. */
bool test_begin(void);

enum slw_status test_add(const char *role, const char *path, const char *content);
enum slw_status test_delegate(const char *delegator, const char *name, const char *pattern,
                              enum test_key key);
enum slw_status test_delegate_bins(const char *delegator, const char *prefix, uint32_t bit_length,
                                   enum test_key key);
enum slw_status test_remove(const char *role, const char *path);
enum slw_status test_revoke(const char *delegator, const char *name);
enum slw_status test_rotate(enum slw_tuf_type role, enum test_key key);
enum slw_status test_prepare(void);
enum slw_status test_sign(const char *role, enum test_key key);
enum slw_status test_publish(void);
enum slw_status test_refresh(void);
/* From now on it is so much later, or earlier, for the writer and the lease. */
void test_pass(int64_t seconds);

bool test_told(const char *text);
bool test_said(const char *text);

/* Puts an object, or replaces it, behind the writer's back. */
bool test_put(const char *key, const char *text);
bool test_take_away(const char *key);
/* Whether an object is in the storage. */
bool test_has(const char *key);
/* How many there are whose keys begin so. */
size_t test_count(const char *prefix);

#endif
