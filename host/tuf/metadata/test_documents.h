/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata for the tests of this folder, written as templates: `'` stands for a double quote, $N
 * for the id of key N and @N for its key object. Keys 0 to 2 are P-256, 3 and 4 Ed25519.
 *
 *     char *text = test_sign("{'_type':'timestamp', ...}", "03");
 *     struct slw_tuf_file file;
 *     TAP_EQUAL_INT(test_parse(text, SLW_TUF_TIMESTAMP, &file, &detail), SLW_OK);
 *
 * Texts are on the heap. What can't be made ends the program: it is a mistake in a test.
 */
#ifndef SLIPWAY_TEST_DOCUMENTS_H
#define SLIPWAY_TEST_DOCUMENTS_H

#include "slipway/tuf_metadata.h"

#define TEST_KEYS 5u

const struct slw_private_key *test_key(unsigned number);
void test_keys_free(void);

/* The template as text. */
char *test_expand(const char *pattern);

/* The text with one place changed, which must be there exactly once. */
char *test_replace(const char *text, const char *from, const char *to);

/* {"signatures": [...], "signed": pattern}, signed by the keys of these numbers. */
char *test_sign(const char *pattern, const char *signers);

/* slw_tuf_file_parse() of a text under the name test.json. */
enum slw_status test_parse(const char *text, enum slw_tuf_type type, struct slw_tuf_file *ret_file,
                           struct slw_detail *detail);

/* A text as a JSON string with its quotes. */
void test_append_string(const char *text, struct slw_heap_buffer *ret_json);

#endif
