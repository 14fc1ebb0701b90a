/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A target that is coming in: a file in the metadata directory, named by the target's hash, which
 * outlives a broken transfer and the program. It gets its own name and place once it is whole and
 * verified as it stands on the disk.
 */
#ifndef SLIPWAY_TUF_CLIENT_PARTIAL_H
#define SLIPWAY_TUF_CLIENT_PARTIAL_H

#include "slipway/progress.h"
#include "slipway/tuf_client.h"

struct slw_tuf_partial {
    const struct slw_tuf_target *target;
    const struct slw_progress *progress;
    int descriptor;
    char *path;
    uint64_t size;            /* bytes that are there */
    uint64_t began_at;        /* where the transfer that is going on began */
    struct slw_detail detail; /* why writing failed */
};

/* Opens the file of a target whose hash is hex, or makes it. Close in any case. */
SLW_MUST_USE enum slw_status slw_tuf_partial_open(const char *directory,
                                                  const struct slw_tuf_target *target,
                                                  struct slw_bytes hex,
                                                  struct slw_tuf_partial *ret_partial,
                                                  struct slw_detail *detail);

/* SLW_IO when the rest of the target can't fit on the file system. */
SLW_MUST_USE enum slw_status slw_tuf_partial_check_room(const struct slw_tuf_partial *partial,
                                                        struct slw_detail *detail);

/* Where a body goes; context is the partial. */
struct slw_fetch_sink slw_tuf_partial_sink(struct slw_tuf_partial *partial);

/* Forgets what is there. */
SLW_MUST_USE enum slw_status slw_tuf_partial_empty(struct slw_tuf_partial *partial,
                                                   struct slw_detail *detail);

/* Whether it is the target, whole, read back from the disk. SLW_WRONG_LENGTH, SLW_WRONG_HASH,
 * SLW_MISSING_HASH. */
SLW_MUST_USE enum slw_status slw_tuf_partial_verify(struct slw_tuf_partial *partial,
                                                    struct slw_detail *detail);

/* Gives a file that was verified its name in a directory, over what is there. */
SLW_MUST_USE enum slw_status slw_tuf_partial_place(struct slw_tuf_partial *partial,
                                                   const char *directory, const char *path,
                                                   struct slw_detail *detail);

/* Closes it; keep: what has come is for the next time. */
void slw_tuf_partial_close(struct slw_tuf_partial *partial, bool keep);

/* Whether an open file holds the target: SLW_WRONG_LENGTH, SLW_WRONG_HASH, SLW_MISSING_HASH,
 * SLW_IO. name is what details call it. */
SLW_MUST_USE enum slw_status slw_tuf_verify_file(int descriptor, const char *name,
                                                 const struct slw_tuf_target *target,
                                                 struct slw_detail *detail);

#endif
