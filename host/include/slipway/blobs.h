/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store of blobs named by their SHA-256: a directory, or a bucket of S3. What is there is whole
 * and right; nothing is ever overwritten.
 *
 *     SLW_TRY(slw_blobs_open("dir:/var/lib/slipway-depot/blobs", NULL, &blobs, detail));
 *     SLW_TRY(slw_blobs_append(blobs, sha256, total, offset, bytes, &have, detail));   // as pieces
 * come SLW_TRY(slw_blobs_finish(blobs, sha256, total, detail));                           //
 * checks, and shows it SLW_TRY(slw_blobs_read(blobs, sha256, offset, buffer, &len, detail));
 *
 * Safe for all threads and, on the same directory or bucket, for all replicas: pieces of one upload
 * may come through different ones. Statuses: SLW_NOT_FOUND, SLW_WRONG_HASH (finish; the pieces are
 * forgotten then), SLW_WRONG_LENGTH, SLW_TOO_LARGE, SLW_NO_SPACE, SLW_IO, SLW_UNAVAILABLE (S3
 * doesn't answer, or with errors, after retries).
 */
#ifndef SLIPWAY_BLOBS_H
#define SLIPWAY_BLOBS_H

#include "slipway/crypto.h"
#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/reader.h"

/* Of one blob: what devices and repositories of ours can name. */
#define SLW_BLOB_SIZE_MAX ((uint64_t)1 << 40)

struct slw_blobs;

/* For s3:, else NULL. */
struct slw_blobs_s3 {
    const char *endpoint; /* "http://127.0.0.1:8080" */
    const char *region;
    const char *bucket;
    const char *prefix; /* of keys; "" */
    const char *access_key;
    const char *secret_file; /* 0600 */
    const char *ca_file;     /* NULL: the system's */
    uint32_t timeout_ms;     /* 0: 30,000 */
};

/* url: "dir:PATH" (made when it isn't there, 0700) or "s3:". */
SLW_MUST_USE enum slw_status slw_blobs_open(const char *url, const struct slw_blobs_s3 *s3,
                                            struct slw_blobs **ret_blobs,
                                            struct slw_detail *detail);
void slw_blobs_close(struct slw_blobs *blobs);

/* How much of an upload is there, 0 when nothing; and whether the blob is, which doesn't keep an
 * upload of the same from going on: who sends all of it has shown to have it. */
SLW_MUST_USE enum slw_status slw_blobs_have(struct slw_blobs *blobs,
                                            const uint8_t sha256[static SLW_SHA256_SIZE],
                                            uint64_t *ret_length, bool *ret_complete,
                                            struct slw_detail *detail);

/* Appends a piece at exactly the offset that have() tells; SLW_WRONG_STATE and ret_length
 * otherwise. Over total: SLW_WRONG_LENGTH. Durable when it returns. */
SLW_MUST_USE enum slw_status slw_blobs_append(struct slw_blobs *blobs,
                                              const uint8_t sha256[static SLW_SHA256_SIZE],
                                              uint64_t total, uint64_t offset,
                                              struct slw_bytes piece, uint64_t *ret_length,
                                              struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_blobs_finish(struct slw_blobs *blobs,
                                              const uint8_t sha256[static SLW_SHA256_SIZE],
                                              uint64_t total, struct slw_detail *detail);

/* The same, where pieces were appended under the name upload, 32 bytes of the caller's choice: so
 * that uploads of one blob by different people don't get in each other's way. */
SLW_MUST_USE enum slw_status slw_blobs_finish_as(struct slw_blobs *blobs,
                                                 const uint8_t upload[static SLW_SHA256_SIZE],
                                                 const uint8_t sha256[static SLW_SHA256_SIZE],
                                                 uint64_t total, struct slw_detail *detail);

/* Puts a whole small one and tells its digest; SLW_OK when it is there already. */
SLW_MUST_USE enum slw_status slw_blobs_put(struct slw_blobs *blobs, struct slw_bytes bytes,
                                           uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                           struct slw_detail *detail);
/* The same of a source of any size. */
SLW_MUST_USE enum slw_status slw_blobs_put_source(struct slw_blobs *blobs,
                                                  const struct slw_source *source,
                                                  uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                                  struct slw_detail *detail);

/* Size of a complete blob. */
SLW_MUST_USE enum slw_status slw_blobs_size(struct slw_blobs *blobs,
                                            const uint8_t sha256[static SLW_SHA256_SIZE],
                                            uint64_t *ret_size, struct slw_detail *detail);

/* A complete blob as a source; its reads are checked against nothing: who needs that hashes. Close
 * with slw_blob_close(). blobs and detail outlive it; it stays where it is, and belongs to a
 * thread. */
struct slw_blob {
    struct slw_source source;
    struct slw_blobs *blobs;
    struct slw_detail *detail;
    uint8_t sha256[SLW_SHA256_SIZE];
    int descriptor;               /* private: of a directory's file; -1 */
    struct slw_heap_buffer ahead; /* private: what was read beyond what was asked for, of S3 */
    uint64_t ahead_offset;        /* private */
};
SLW_MUST_USE enum slw_status slw_blob_open(struct slw_blobs *blobs,
                                           const uint8_t sha256[static SLW_SHA256_SIZE],
                                           struct slw_blob *ret_blob, struct slw_detail *detail);
void slw_blob_close(struct slw_blob *blob);

SLW_MUST_USE enum slw_status slw_blobs_remove(struct slw_blobs *blobs,
                                              const uint8_t sha256[static SLW_SHA256_SIZE],
                                              struct slw_detail *detail);
/* Each complete blob, in any order; each() ends it by a status. Uploads that had no piece for
 * older_than_s are removed on the way. */
SLW_MUST_USE enum slw_status
slw_blobs_list(struct slw_blobs *blobs, uint32_t older_than_s,
               enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                                       uint64_t size, int64_t made_utc_s),
               void *context, struct slw_detail *detail);

#endif
