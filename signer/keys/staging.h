/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles on their way to being signed: private copies that the key process alone can write,
 * STATE/staged/SHA256, as `.part` while bytes are missing. A copy is taken only for a statement
 * that announced its SHA-256 and length, and counts only when all of it has that SHA-256; it is
 * hashed again each time before anything is read from it.
 *
 *     SLW_TRY(slw_staging_open(directory, &limits, &staging, detail));
 *     SLW_TRY(slw_staging_append(&staging, sha256, announced, offset, bytes, &length, detail));
 *     SLW_TRY(slw_staging_read_open(&staging, sha256, &descriptor, detail));
 */
#ifndef SIGNER_KEYS_STAGING_H
#define SIGNER_KEYS_STAGING_H

#include "slipway/crypto.h"
#include "slipway/detail.h"

#define SLW_STAGING_PARTS_MAX 256u /* uploads that go on at one time */

struct slw_staging_limits {
    uint64_t bytes; /* of all files, announced lengths of those under way included */
    uint64_t count;
    uint64_t age_s;
};

struct slw_staging_part; /* an upload that goes on: its hash so far */

struct slw_staging {
    int directory;
    struct slw_staging_limits limits;
    uint64_t bytes;
    uint64_t count;
    struct slw_staging_part *parts;
    size_t parts_count;
};

/* Makes the directory when it isn't there, and counts what is in it. */
enum slw_status slw_staging_open(const char *path, const struct slw_staging_limits *limits,
                                 struct slw_staging *ret_staging, struct slw_detail *detail);
void slw_staging_close(struct slw_staging *staging);

/* How much is there, and whether all of it is. */
enum slw_status slw_staging_length(const struct slw_staging *staging,
                                   const uint8_t sha256[static SLW_SHA256_SIZE],
                                   uint64_t *ret_length, bool *ret_complete,
                                   struct slw_detail *detail);

/*
 * Takes bytes that begin at offset, which is at most what is there: those that are there already
 * aren't looked at again. ret_length is what is there then, also when nothing was taken because
 * offset is behind it. When the last byte came the whole is hashed: SLW_WRONG_HASH, and it begins
 * from nothing. SLW_TOO_LARGE beyond the announced length, SLW_TOO_MANY over the limits, SLW_IO.
 */
enum slw_status slw_staging_append(struct slw_staging *staging,
                                   const uint8_t sha256[static SLW_SHA256_SIZE], uint64_t announced,
                                   uint64_t offset, struct slw_bytes bytes, uint64_t *ret_length,
                                   struct slw_detail *detail);

/* A new read-only descriptor of a complete copy; SLW_NOT_FOUND. */
enum slw_status slw_staging_read_open(const struct slw_staging *staging,
                                      const uint8_t sha256[static SLW_SHA256_SIZE],
                                      int *ret_descriptor, struct slw_detail *detail);

/* Whether what a descriptor reads has this SHA-256 and is unchanged while it is read. */
enum slw_status slw_staging_check(int descriptor, const uint8_t sha256[static SLW_SHA256_SIZE],
                                  struct slw_detail *detail);

/* Removes one, complete or not. Nothing when it isn't there. */
void slw_staging_remove(struct slw_staging *staging, const uint8_t sha256[static SLW_SHA256_SIZE]);

/*
 * Removes what is older than limits.age_s, but not what keep says is still needed. At most once a
 * minute is enough.
 */
void slw_staging_sweep(struct slw_staging *staging, int64_t now_utc_s,
                       bool (*keep)(void *context, const uint8_t *sha256), void *context);

#endif
