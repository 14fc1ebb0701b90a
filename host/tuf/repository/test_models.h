/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models, changes and keys as tests of this folder want them. Everything that a test makes here is
 * given back by test_end().
 *
 *     struct slw_tuf_model *model = test_load("targets", TEST_TARGETS);
 *     struct slw_tuf_change change = test_next(model, "targets");
 *     change.add = …
 *     TAP_EQUAL_INT(test_apply(model, &change), SLW_OK);
 *     TAP_CHECK(test_is_readable(model));
 *     test_end();
 */
#ifndef SLIPWAY_TEST_MODELS_H
#define SLIPWAY_TEST_MODELS_H

#include "slipway/tuf_change.h"

#define TEST_EXPIRES 1893456000 /* 2030-01-01T00:00:00Z */
#define TEST_KEYS 4u            /* 0 and 1 are P-256, 2 and 3 Ed25519 */

struct slw_bytes test_bytes(const char *text);

/* The reasons of the last call that failed here. */
extern struct slw_detail test_detail;

const struct slw_private_key *test_private_key(unsigned key);
const struct slw_public_key *test_key(unsigned key);
/* The id of a key of ours, with a zero behind it. */
const char *test_key_id(unsigned key);

/* Keys of a role: `keys` has the numbers, as "02" for 0 and 2. */
struct slw_tuf_role_keys test_signers(const char *keys, uint32_t threshold);

/* NULL when it was refused; test_status then says why. */
extern enum slw_status test_status;
struct slw_tuf_model *test_new(const char *role);
/* From the JSON of `signed`, in any layout. */
struct slw_tuf_model *test_load(const char *role, const char *signed_part);
struct slw_tuf_model *test_load_bytes(const char *role, struct slw_bytes file);

/* A change to the model that changes nothing yet: base, and version and expiry of the next. */
struct slw_tuf_change test_next(struct slw_tuf_model *model, const char *role);
enum slw_status test_apply(struct slw_tuf_model *model, const struct slw_tuf_change *change);

/* What encode gives, with a zero behind it. */
const char *test_encode(struct slw_tuf_model *model);

/*
 * Whether a file of what encode gives is read again, with the same canonical bytes and digest, and
 * loaded again as a model that encodes to the same.
 */
bool test_is_readable(struct slw_tuf_model *model);

void test_end(void);

#endif
