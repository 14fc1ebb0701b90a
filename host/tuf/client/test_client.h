/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the client have in common: a temporary directory, and a client in it. */
#ifndef SLIPWAY_TUF_CLIENT_TEST_CLIENT_H
#define SLIPWAY_TUF_CLIENT_TEST_CLIENT_H

#include "test_repository.h"

/* In the directory that test_begin() made and entered. */
#define TEST_STATE "state"
#define TEST_DOWNLOADS "downloads"

/* Makes a temporary directory and goes there; ends the program when it can't. */
void test_begin(void);
/* Leaves and removes it. */
void test_end(void);

/* A repository whose first root is trusted in an empty TEST_STATE, beside an empty TEST_DOWNLOADS.
 */
void test_start(struct test_repository *repository, unsigned mirrors);

extern struct slw_detail test_detail;
bool test_said(const char *text);

/* Opens a client, refreshes it and lets it go. */
enum slw_status test_refresh(struct test_repository *repository,
                             const struct slw_tuf_observer *observer);

/* An open client that was refreshed; NULL when that failed, and status says how. */
struct slw_tuf_client *test_open(struct test_repository *repository, enum slw_status *ret_status);

/* Whether a file below the temporary directory has these bytes; whether there is one. */
bool test_holds(const char *path, struct slw_bytes bytes);
bool test_exists(const char *path);
void test_write(const char *path, const char *text);
void test_remove(const char *path);

/* Whether the state has the file that the repository has published for a role. */
bool test_is_current(struct test_repository *repository, const char *role);

#endif
