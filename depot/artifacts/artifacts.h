/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other parts may ask of the artifacts: bundles of builds, and how a blob is kept. Tables are
 * in migrations/0002-artifacts.sql; rows of builds and artifacts are made here alone, their state
 * is the pipeline's.
 *
 * A part that keeps a blob (a signed bundle, a device's log) puts it into the store first, then
 * names it in the transaction that refers to it; housekeeping removes what nothing names for a day.
 *
 *     SLW_TRY(slw_blobs_put(depot->blobs, bytes, sha256, detail));
 *     … in the transaction:
 *     SLW_TRY(depot_blob_keep(transaction, sha256, bytes.len, "release",
 *                             SLW_BYTES_OF("lamp/7"), detail));
 *     … and when it goes:
 *     SLW_TRY(depot_blob_release(transaction, "release", SLW_BYTES_OF("lamp/7"), detail));
 */
#ifndef SLIPWAY_DEPOT_ARTIFACTS_H
#define SLIPWAY_DEPOT_ARTIFACTS_H

#include "depot.h"

#define DEPOT_DIGEST_SIZE 65u /* 64 hexadecimal digits and a zero */

/* Names a blob that is in the store, so that it stays: as kind and subject, which are one row. Also
 * what brings it into the table blobs. SLW_UNAVAILABLE while housekeeping is taking it away: put it
 * again, and try again. */
SLW_MUST_USE enum slw_status depot_blob_keep(struct slw_transaction *transaction,
                                             const uint8_t sha256[static SLW_SHA256_SIZE],
                                             uint64_t size, const char *kind,
                                             struct slw_bytes subject, struct slw_detail *detail);
/* Forgets every blob that this kind and subject named. */
SLW_MUST_USE enum slw_status depot_blob_release(struct slw_transaction *transaction,
                                                const char *kind, struct slw_bytes subject,
                                                struct slw_detail *detail);

/* The unsigned bundle of a build (64 hexadecimal digits), as a source; slw_blob_close() it. detail
 * outlives it. SLW_NOT_FOUND: no such build, or its bundle went by retention. */
SLW_MUST_USE enum slw_status depot_build_open(struct depot *depot, struct slw_bytes build,
                                              struct slw_blob *ret_bundle,
                                              struct slw_detail *detail);

/* The envelopes (DSSE) about a build, the newest first. kind: "endorsement", "test-result".
 * suite: "" for any. each() is called with the whole text of each. At most 64. */
SLW_MUST_USE enum slw_status depot_build_envelopes(
    struct depot *depot, struct slw_bytes build, const char *kind, const char *suite,
    enum slw_status (*each)(void *context, struct slw_bytes envelope, struct slw_detail *detail),
    void *context, struct slw_detail *detail);

/* 64 lower-case hexadecimal digits. */
bool depot_digest_parse(struct slw_bytes text, uint8_t ret_sha256[static SLW_SHA256_SIZE]);
const char *depot_digest_format(const uint8_t sha256[static SLW_SHA256_SIZE],
                                char buffer[static DEPOT_DIGEST_SIZE]);

/* Takes the exchange's body as an envelope with a test result about a build of this product, as if
 * its caller (slw_http_attach()) had uploaded it, and answers. */
void depot_take_test_result(struct depot *depot, struct slw_http_exchange *exchange,
                            struct slw_bytes product);

/* A worker of this part's small pool runs work(context): for what takes longer than the
 * database, such as hashing a large blob. SLW_UNAVAILABLE when the queue is full: the caller
 * refuses. work must answer. */
SLW_MUST_USE enum slw_status depot_later(void (*work)(void *context), void *context,
                                         struct slw_detail *detail);

#endif
