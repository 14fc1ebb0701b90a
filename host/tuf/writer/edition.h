/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One version of a role's metadata in memory: its content as a model, its canonical bytes, the
 * signatures over them, and the file that they make. The writer has one of what is published and
 * one of what shall be. Private to this folder.
 */
#ifndef SLIPWAY_TUF_EDITION_H
#define SLIPWAY_TUF_EDITION_H

#include "slipway/tuf_change.h"

/* What clients take unless they are told otherwise; larger metadata isn't made. */
#define SLW_TUF_ROOT_BYTES_MAX 512000u
#define SLW_TUF_TIMESTAMP_BYTES_MAX 16384u
#define SLW_TUF_SNAPSHOT_BYTES_MAX 2000000u
#define SLW_TUF_TARGETS_BYTES_MAX 5000000u

/* What is read, of repositories that others made. */
#define SLW_TUF_EDITION_BYTES_MAX ((size_t)256 * 1024 * 1024)

/* Signatures that were verified, and by which keys: nobody need do it again, for the bytes don't
 * change. */
#define SLW_TUF_VERIFIED_MAX 8u
struct slw_tuf_verified {
    uint8_t pairs[SLW_TUF_VERIFIED_MAX][SLW_SHA256_SIZE]; /* of key and signature, hashed */
    unsigned count; /* of all times; the last ones are there */
};

struct slw_tuf_edition {
    struct slw_tuf_verified *verified; /* also of an edition that is const otherwise */
    struct slw_tuf_model *model;       /* NULL once the next edition took it */
    enum slw_tuf_type type;
    int64_t version;
    int64_t expires_utc_s;
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_heap_buffer signed_part;   /* canonical */
    struct slw_heap_buffer file;          /* empty while signatures are gathered */
    struct slw_tuf_signature *signatures; /* each sig_hex is the edition's */
    size_t signatures_count;
};

/* Takes bytes over, as slw_tuf_file_parse() does, and answers what that and slw_tuf_model_load()
 * answer. Nobody has verified it yet. name is what details call it. */
enum slw_status slw_tuf_edition_load(const char *name, enum slw_tuf_type type,
                                     struct slw_bytes role, struct slw_heap_buffer *bytes,
                                     struct slw_tuf_edition **ret_edition,
                                     struct slw_detail *detail);

/* From a model, which it takes over in any case; without signatures. */
enum slw_status slw_tuf_edition_make(enum slw_tuf_type type, struct slw_tuf_model *model,
                                     struct slw_tuf_edition **ret_edition,
                                     struct slw_detail *detail);

/* The same in the memory of an edition that is given up; NULL: there is none. A snapshot of
 * thousands of roles takes a megabyte, which the system would have to find and clear each time. */
enum slw_status slw_tuf_edition_make_in(enum slw_tuf_type type, struct slw_tuf_model *model,
                                        struct slw_tuf_edition *given_up,
                                        struct slw_tuf_edition **ret_edition,
                                        struct slw_detail *detail);

/* Copies it; one under the same key id is replaced. The file is no longer one. */
enum slw_status slw_tuf_edition_add_signature(struct slw_tuf_edition *edition,
                                              const struct slw_tuf_signature *signature,
                                              struct slw_detail *detail);
void slw_tuf_edition_drop_signature(struct slw_tuf_edition *edition, size_t at);

/* Makes the file of the signatures that there are; nothing when it is made. SLW_TOO_LARGE for one
 * that clients wouldn't take. */
enum slw_status slw_tuf_edition_format(struct slw_tuf_edition *edition, struct slw_bytes role,
                                       struct slw_detail *detail);

/* Whether the signature over the edition is by the key. */
SLW_MUST_USE bool slw_tuf_edition_is_signed(const struct slw_tuf_edition *edition,
                                            const struct slw_tuf_key *key,
                                            struct slw_bytes sig_hex);

/* It is known to be, because it was made and verified over these bytes just now. */
void slw_tuf_edition_note_signed(const struct slw_tuf_edition *edition,
                                 const struct slw_tuf_key *key, struct slw_bytes sig_hex);

void slw_tuf_edition_free(struct slw_tuf_edition *edition); /* NULL is fine */

#endif
