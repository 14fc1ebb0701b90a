/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store in S3 share. */
#ifndef SLIPWAY_BLOBS_S3_BLOBS_H
#define SLIPWAY_BLOBS_S3_BLOBS_H

#include "port.h"
#include "s3_objects.h"

#define SLW_S3_PIECES_MAX 65536u /* of one upload */
#define SLW_S3_PIECE_KEY_SIZE 96u

struct slw_s3_blobs {
    struct slw_blobs blobs;
    struct slw_s3_client *client;
};

static inline struct slw_s3_blobs *slw_s3_blobs_of(struct slw_blobs *blobs)
{
    return (struct slw_s3_blobs *)(void *)blobs;
}

/* The pieces of an upload that follow each other from byte 0 on. */
struct slw_s3_pieces {
    struct slw_s3_client *client;
    struct slw_detail *detail;
    char folder[SLW_S3_PIECE_KEY_SIZE]; /* "uploads/SHA256/" */
    uint64_t *offsets;
    size_t count;
    uint64_t length; /* of all together */
};
SLW_MUST_USE enum slw_status slw_s3_pieces_find(struct slw_s3_client *client, const char *name,
                                                struct slw_s3_pieces *ret_pieces,
                                                struct slw_detail *detail);
void slw_s3_pieces_free(struct slw_s3_pieces *pieces);
/* "uploads/SHA256/OFFSET", the offset in 16 hexadecimal digits. */
void slw_s3_piece_key(const char *folder, uint64_t offset,
                      char ret_key[static SLW_S3_PIECE_KEY_SIZE]);
/* Pieces as one source, which lives as long as they. */
struct slw_source slw_s3_pieces_source(struct slw_s3_pieces *pieces);
/* Removes all pieces of an upload, those that follow nothing too. */
SLW_MUST_USE enum slw_status slw_s3_pieces_remove(struct slw_s3_client *client, const char *name,
                                                  struct slw_detail *detail);

/* Puts what a source has under the name of this digest, if it has it: SLW_WRONG_HASH, and nothing
 * is seen of it. */
SLW_MUST_USE enum slw_status slw_s3_put_source(struct slw_s3_client *client, const uint8_t *sha256,
                                               const struct slw_source *source,
                                               struct slw_detail *detail);

/* Of the port. */
enum slw_status slw_s3_blobs_list(
    struct slw_blobs *blobs, uint32_t older_than_s,
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s),
    void *context, struct slw_detail *detail);

#endif
