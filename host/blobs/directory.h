/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the store in a directory share. */
#ifndef SLIPWAY_BLOBS_DIRECTORY_H
#define SLIPWAY_BLOBS_DIRECTORY_H

#include "port.h"

struct slw_directory_blobs {
    struct slw_blobs blobs;
    char *path; /* for people, and absolute */
    int root;
    int uploads;
};

static inline struct slw_directory_blobs *slw_directory_blobs_of(struct slw_blobs *blobs)
{
    return (struct slw_directory_blobs *)(void *)blobs;
}

/* SLW_NOT_FOUND, SLW_NO_SPACE or SLW_IO by errno. */
enum slw_status slw_directory_blobs_explain(const struct slw_directory_blobs *store,
                                            const char *name, struct slw_detail *detail);

/* Gives a file in uploads, which is open and was hashed, its name among the blobs. */
SLW_MUST_USE enum slw_status slw_directory_blobs_show(const struct slw_directory_blobs *store,
                                                      const char *temporary, int descriptor,
                                                      const char *name, struct slw_detail *detail);

/* Of the port. */
enum slw_status slw_directory_blobs_put(struct slw_blobs *blobs, const struct slw_source *source,
                                        uint8_t ret_sha256[static SLW_SHA256_SIZE],
                                        struct slw_detail *detail);
enum slw_status slw_directory_blobs_list(
    struct slw_blobs *blobs, uint32_t older_than_s,
    enum slw_status (*each)(void *context, const uint8_t sha256[static SLW_SHA256_SIZE],
                            uint64_t size, int64_t made_utc_s),
    void *context, struct slw_detail *detail);

#endif
