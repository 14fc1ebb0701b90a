/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room for staged copies, and who has it: each copy is charged to one of those who staged it,
 * who has at most half of the bytes, of the copies, and of the uploads that go on. Private to
 * staging.c.
 *
 * Who pays for an upload is the one who announced the most, of those who have room for that; of
 * equals, who staged it last. So nobody is refused because of what others announced, too, and
 * nobody pays for more than they announced themselves. Who staged it isn't who sends the bytes,
 * which nobody signs: whoever the front lets in could have others pay for whatever they staged in
 * former times. So a statement holds for as long as a copy would be kept, for what goes on as long
 * again, and nobody pays for more than they announced within that time.
 */
#ifndef SIGNER_KEYS_STAGING_ROOM_H
#define SIGNER_KEYS_STAGING_ROOM_H

#include "staging.h"

struct slw_staging_share {
    char who[SLW_POLICY_NAME_SIZE_MAX + 1]; /* "": nobody known */
    uint64_t bytes;
    uint64_t count;
    uint64_t parts;
};

/* The hash so far of an upload that goes on. It can be taken again from the file. */
struct slw_staging_part {
    struct slw_sha256 hash;
    uint64_t length; /* that the hash is over */
    int64_t used;
    int64_t used_utc_s;
};

struct slw_staging_file {
    uint8_t sha256[SLW_SHA256_SIZE];
    uint64_t reserved; /* bytes: its length, or what was announced by who pays for it */
    struct slw_staging_share *share;
    struct slw_staging_part *part; /* NULL: none is known */
};

/* NULL when nothing is known of it. */
struct slw_staging_file *slw_staging_file_find(const struct slw_staging *staging,
                                               const uint8_t sha256[static SLW_SHA256_SIZE]);

/* What there is when the process starts: it is charged to who announced its length, or more. False:
 * no memory. */
SLW_MUST_USE bool slw_staging_file_found(struct slw_staging *staging, const uint8_t *sha256,
                                         uint64_t length, const struct slw_claims *claims);

/* Has somebody pay for an upload of at least so many bytes, with its part. It may be known already.
 * SLW_TOO_MANY when nobody has room, SLW_STALE_STATEMENT when nobody may be asked any more. */
SLW_MUST_USE enum slw_status slw_staging_file_reserve(struct slw_staging *staging,
                                                      const struct slw_staging_piece *piece,
                                                      uint64_t length,
                                                      struct slw_staging_file **ret_file,
                                                      struct slw_detail *detail);

/* It is complete, and has this length. */
void slw_staging_file_completed(struct slw_staging *staging, struct slw_staging_file *file,
                                uint64_t length);
void slw_staging_file_forget(struct slw_staging *staging, struct slw_staging_file *file);
/* Its hash alone. */
void slw_staging_part_forget(struct slw_staging *staging, struct slw_staging_file *file);
/* A hash of nothing, in the place of what was known. Of too many parts the one goes that wasn't
 * used for longest, among those of who has most. NULL: no memory. */
struct slw_staging_part *slw_staging_part_new(struct slw_staging *staging,
                                              struct slw_staging_file *file);

void slw_staging_room_free(struct slw_staging *staging);

#endif
