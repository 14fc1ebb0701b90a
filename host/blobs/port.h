/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of blob store implements (slipway/blobs.h); blobs.c checks arguments and passes calls
 * on. A store embeds struct slw_blobs as its first member.
 *
 * An implementation
 *  1. shows a blob only after all of its bytes were hashed and are durable;
 *  2. may be called by many threads at once, and by other processes on the same store;
 *  3. is given digests, offsets and lengths that were checked: offset + piece.len <= total.
 */
#ifndef SLIPWAY_BLOBS_PORT_H
#define SLIPWAY_BLOBS_PORT_H

#include "slipway/blobs.h"

#define SLW_BLOB_NAME_SIZE 65u /* 64 hexadecimal digits and a zero */
#define SLW_BLOB_BLOCK_SIZE 131072u

struct slw_blobs_port {
    void (*close)(struct slw_blobs *blobs);
    enum slw_status (*have)(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t *ret_length,
                            bool *ret_complete, struct slw_detail *detail);
    enum slw_status (*append)(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t offset,
                              struct slw_bytes piece, uint64_t *ret_length,
                              struct slw_detail *detail);
    enum slw_status (*finish)(struct slw_blobs *blobs, const uint8_t *upload, const uint8_t *sha256,
                              uint64_t total, struct slw_detail *detail);
    enum slw_status (*put)(struct slw_blobs *blobs, const struct slw_source *source,
                           uint8_t ret_sha256[static SLW_SHA256_SIZE], struct slw_detail *detail);
    enum slw_status (*size)(struct slw_blobs *blobs, const uint8_t *sha256, uint64_t *ret_size,
                            struct slw_detail *detail);
    /* Fills source.size and descriptor. */
    enum slw_status (*open)(struct slw_blobs *blobs, struct slw_blob *blob,
                            struct slw_detail *detail);
    enum slw_status (*read)(struct slw_blob *blob, uint64_t offset, uint8_t *buffer, size_t len);
    enum slw_status (*remove)(struct slw_blobs *blobs, const uint8_t *sha256,
                              struct slw_detail *detail);
    enum slw_status (*list)(struct slw_blobs *blobs, uint32_t older_than_s,
                            enum slw_status (*each)(void *context,
                                                    const uint8_t sha256[static SLW_SHA256_SIZE],
                                                    uint64_t size, int64_t made_utc_s),
                            void *context, struct slw_detail *detail);
};

struct slw_blobs {
    const struct slw_blobs_port *port;
};

const char *slw_blob_name(const uint8_t *sha256, char buffer[static SLW_BLOB_NAME_SIZE]);
/* 64 lower-case hexadecimal digits and nothing else. */
bool slw_blob_name_parse(struct slw_bytes name, uint8_t ret_sha256[static SLW_SHA256_SIZE]);

SLW_MUST_USE enum slw_status
slw_directory_blobs_open(const char *path, struct slw_blobs **ret_blobs, struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_s3_blobs_open(const struct slw_blobs_s3 *settings,
                                               struct slw_blobs **ret_blobs,
                                               struct slw_detail *detail);

#endif
