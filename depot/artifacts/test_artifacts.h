/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds and what is said of them, for unit tests of the depot: bundles, envelopes and uploads.
 *
 *     char build[65];
 *     TAP_REQUIRE(test_build(&depot, "lamp", 1, "an image", build));
 *     TAP_REQUIRE(test_endorse(&depot, "lamp", build));
 *     TAP_REQUIRE(test_result(&depot, "lamp", build, "unit", SLW_TEST_PASSED));
 */
#ifndef SLIPWAY_DEPOT_TEST_ARTIFACTS_H
#define SLIPWAY_DEPOT_TEST_ARTIFACTS_H

#include "test_depot.h"

#include "slipway/provenance.h"

/* An unsigned bundle with one image, and what names the build. */
bool test_bundle_make(const char *product, uint32_t version, const char *image,
                      struct slw_heap_buffer *ret_bundle);
/* The same, signed by a key that is made for it. */
bool test_bundle_make_signed(const char *product, uint32_t version, const char *image,
                             struct slw_heap_buffer *ret_bundle);

/* Uploads a blob in one piece; the last status, 201 when it is there. ret_sha256: digits. */
long test_upload(const struct test_depot *depot, struct slw_bytes bytes,
                 char ret_sha256[static 65]);
/* One piece. size: UINT64_MAX to say nothing of it. */
void test_piece(const struct test_depot *depot, const char *sha256, uint64_t offset, uint64_t size,
                struct slw_bytes piece, struct test_answer *ret_answer);
/* POST …/artifacts; more: members behind the others, such as ",\"build\":\"…\"". */
void test_add(const struct test_depot *depot, const char *product, const char *kind,
              const char *sha256, const char *more, struct test_answer *ret_answer);
long test_add_status(const struct test_depot *depot, const char *product, const char *kind,
                     const char *sha256, const char *more);

bool test_build(const struct test_depot *depot, const char *product, uint32_t version,
                const char *image, char ret_build[static 65]);
/* Envelopes by a key that is made for the test. */
bool test_provenance_make(const char *build, struct slw_heap_buffer *ret_envelope);
bool test_result_make(const char *build, const char *suite, enum slw_test_outcome outcome,
                      struct slw_heap_buffer *ret_envelope);
bool test_endorse(const struct test_depot *depot, const char *product, const char *build);
bool test_result(const struct test_depot *depot, const char *product, const char *build,
                 const char *suite, enum slw_test_outcome outcome);

/* Inserts a row of another part's table: columns and their values as in SQL; all others
 * that may not be NULL become 0 or ''. So that a test needn't know what it isn't about. */
bool test_row(const struct test_depot *depot, const char *table, const char *columns,
              const char *values);

#endif
