/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of import and export share: a repository with everything in it, directories that
 * are removed at the end, and a client that fetches from one.
 *
 *     exchange_begin();                                 // once
 *     TAP_REQUIRE(exchange_make());                     // in test.memory
 *     TAP_REQUIRE(exchange_write("source"));            // as a web server would show it
 *     TAP_EQUAL_INT(exchange_look("source", root, state), SLW_OK);
 */
#ifndef SLIPWAY_TEST_EXCHANGE_H
#define SLIPWAY_TEST_EXCHANGE_H

#include "test_writer.h"

bool exchange_begin(void);
void exchange_end(void);

/* A path below the directory of this program; good for the next 8 calls. */
const char *exchange_path(const char *name);

/*
 * Opens test with a repository whose root was rotated once, with targets, a team, and bins under
 * the team: root 2, targets 3, team 3, snapshot 6, and payloads of which one is larger than what is
 * read at a time.
 */
bool exchange_make(void);
/* What exchange_look() says of it: "ROLE: PATH LENGTH" lines. */
extern const char exchange_state[];

/* Writes metadata/ and targets/ of test.memory to a directory. */
bool exchange_write(const char *name);
/* An empty storage and no writer, with the same keys and clock. */
bool exchange_restart(void);

/* Appends DIRECTORY/KEY. */
bool exchange_read(const char *name, const char *key, struct slw_heap_buffer *ret_bytes);
bool exchange_put(const char *name, const char *key, struct slw_bytes bytes);
bool exchange_remove(const char *name, const char *key);
bool exchange_copy(const char *name, const char *from, const char *to);
/* Removes a whole directory. */
void exchange_forget(const char *name);
/* Replaces the first occurrence of a text in a file; false when there is none. */
bool exchange_edit(const char *name, const char *key, const char *from, const char *to);
/* The same, and signs it again with one key. */
bool exchange_edit_signed(const char *name, const char *key, enum slw_tuf_type type,
                          const char *from, const char *to, enum test_key signer);

/* A root that lists another key instead, under its id. */
bool exchange_edit_keys(const char *name, const char *key, enum test_key from, enum test_key to,
                        enum test_key signer);

/* How many files a directory has below a folder of it; 0 when there is no such folder. */
size_t exchange_count(const char *name, const char *folder);

/* Changes an object in test.memory, or removes it when bytes is empty. */
bool exchange_tamper(const char *key, struct slw_bytes bytes);

#define EXCHANGE_STATE_SIZE 4096

/* A new client that trusts root follows what is in a directory, and downloads everything. What it
 * found, one line a target. */
enum slw_status exchange_look(const char *name, struct slw_bytes root,
                              char ret_state[static EXCHANGE_STATE_SIZE]);

#endif
