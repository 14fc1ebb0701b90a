/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bundles on their way to being signed: private copies that the key process alone can write,
 * STATE/staged/SHA256, as `.part` while bytes are missing. A copy is taken only for statements that
 * announced its SHA-256 and length, and counts only when all of it has that SHA-256; it is hashed
 * again each time before anything is read from it.
 *
 *     SLW_TRY(slw_staging_open(directory, &limits, claims_of, book, &staging, detail));
 *     SLW_TRY(slw_staging_append(&staging, &piece, &held, detail));
 *     SLW_TRY(slw_staging_read_open(&staging, sha256, &descriptor, detail));
 *
 * One requester has at most half of the room, so that others have room, whatever one does. Each
 * copy takes the room of one who staged it (staging_room.h).
 *
 * Requesters may announce different lengths for one digest, and nothing tells which is right but
 * the bytes. So the longest is as much as is taken, and the copy is complete as soon as what is
 * there has the digest, at any length that somebody may have meant. Whoever announces another
 * length than the true one changes nothing for those who announced that.
 */
#ifndef SIGNER_KEYS_STAGING_H
#define SIGNER_KEYS_STAGING_H

#include "claims.h"
#include "id_map.h"

#include "slipway/crypto.h"
#include "slipway/detail.h"

#define SLW_STAGING_PARTS_MAX 256u /* uploads that go on at one time */
#define SLW_STAGING_IDLE_S 600     /* what was sent last so long ago doesn't go on */

struct slw_staging_limits {
    uint64_t bytes; /* of all files, announced lengths of those under way included */
    uint64_t count;
    uint64_t age_s;
};

/* What one requester may have of so much: half, rounded up. */
static inline uint64_t slw_staging_share(uint64_t all)
{
    return all - all / 2;
}

struct slw_staging_share; /* what one requester has */
struct slw_staging_file;  /* what a copy takes */

struct slw_staging {
    int directory;
    struct slw_staging_limits limits;
    struct slw_id_map files; /* by digest: what is in the directory */
    uint64_t bytes;          /* that they take */
    uint64_t count;
    struct slw_staging_share **shares;
    size_t shares_count;
    struct slw_staging_file *parts[SLW_STAGING_PARTS_MAX]; /* whose hash so far is known */
    size_t parts_count;
    int64_t uses;
};

/* What is there of a copy. */
struct slw_staging_held {
    uint64_t length;
    bool complete;
};

/*
 * Makes the directory when it isn't there, and counts what is in it: claims_of tells who staged a
 * digest, NULL for nobody.
 */
enum slw_status
slw_staging_open(const char *path, const struct slw_staging_limits *limits,
                 const struct slw_claims *(*claims_of)(void *context, const uint8_t *sha256),
                 void *context, struct slw_staging *ret_staging, struct slw_detail *detail);
void slw_staging_close(struct slw_staging *staging);

enum slw_status slw_staging_look(const struct slw_staging *staging,
                                 const uint8_t sha256[static SLW_SHA256_SIZE],
                                 struct slw_staging_held *ret_held, struct slw_detail *detail);

/* Bytes of a copy. */
struct slw_staging_piece {
    const uint8_t *sha256;           /* of all of it */
    const struct slw_claims *claims; /* who staged that */
    int64_t now_utc_s;
    uint64_t offset;
    struct slw_bytes bytes;
};

/*
 * Takes bytes that begin at offset, which is at most what is there: those that are there already
 * aren't looked at again. ret_held is what is there then, also when nothing was taken because
 * offset is behind it. When as much is there as anybody announced, and it hasn't the digest, it
 * begins from nothing: SLW_WRONG_HASH. So it does when, with different lengths announced, one of
 * them may be there and isn't it, and bytes come from offset 0 on: whoever sent others before,
 * right ones can follow. SLW_TOO_LARGE beyond the longest length, SLW_TOO_MANY over the limits,
 * those of who staged it or of all; SLW_STALE_STATEMENT when all who did, did it so long ago that a
 * copy would be too old, or twice as long when it goes on; SLW_IO.
 */
enum slw_status slw_staging_append(struct slw_staging *staging,
                                   const struct slw_staging_piece *piece,
                                   struct slw_staging_held *ret_held, struct slw_detail *detail);

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
 * Removes a copy that slw_staging_check() found to be another by this descriptor, as a disk may
 * leave it that lost its power: so that it can be uploaded again. Not one that took its place
 * since.
 */
void slw_staging_remove_damaged(struct slw_staging *staging,
                                const uint8_t sha256[static SLW_SHA256_SIZE], int descriptor);

/*
 * Removes what is older than limits.age_s, but not what keep says is still needed. At most once a
 * minute is enough.
 */
void slw_staging_sweep(struct slw_staging *staging, int64_t now_utc_s,
                       bool (*keep)(void *context, const uint8_t *sha256), void *context);

#endif
