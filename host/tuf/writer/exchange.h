/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What import and export share: which roles clients can reach, which payloads these list, and files
 * below a directory that others may have written. Private to this folder.
 *
 *     carry.c          every payload, by whatever hash it is named
 *     below.c          files below a directory, by position
 *     import_verify.c  the client, and what it took
 */
#ifndef SLIPWAY_TUF_EXCHANGE_H
#define SLIPWAY_TUF_EXCHANGE_H

#include "bins.h"

/* Gives each role that can be reached, as published: the targets, whom they delegate to, and bins
 * one at a time. All are signed by who speaks for them. */
enum slw_status slw_tuf_reach_each(const struct slw_tuf_writer *writer,
                                   enum slw_status (*each)(void *context, const char *role,
                                                           const struct slw_tuf_edition *edition,
                                                           struct slw_detail *detail),
                                   void *context, struct slw_detail *detail);

/*
 * Carries each payload that those roles list. Its file may be there under any of its hashes that
 * are known here, and is carried under each; under none of them it is SLW_MISSING_PAYLOAD, or told
 * of when payloads may be elsewhere. carry() is SLW_NOT_FOUND for a key that isn't there.
 */
struct slw_tuf_carrier {
    enum slw_status (*carry)(void *context, const char *key, const struct slw_tuf_target *target,
                             struct slw_detail *detail);
    void *context;
    const char *place; /* where payloads are carried from, for people */
};
enum slw_status slw_tuf_carry_payloads(const struct slw_tuf_writer *writer,
                                       const struct slw_tuf_carrier *carrier,
                                       struct slw_detail *detail);

/*
 * A regular file below a directory, which a stranger may have written: nothing outside of it is
 * opened. The key is a storage's. SLW_NOT_FOUND when there is no such file. What went wrong when a
 * read fails is in the detail that it was opened with.
 */
struct slw_tuf_below {
    struct slw_source source;
    int descriptor;
    const char *directory; /* for people */
    const char *key;
    struct slw_detail *detail;
};
enum slw_status slw_tuf_below_open(int descriptor, const char *directory, const char *key,
                                   struct slw_tuf_below *ret_file, struct slw_detail *detail);
void slw_tuf_below_close(struct slw_tuf_below *file);

/* Whether the file is there and has just these bytes. */
SLW_MUST_USE bool slw_tuf_below_is(int descriptor, const char *key, struct slw_bytes bytes);

/* Whether a source has the length and hashes of a target: SLW_OK, SLW_WRONG_LENGTH, SLW_WRONG_HASH.
 * write(), unless NULL, is given each piece; ret_sha256 may be NULL. */
enum slw_status slw_tuf_payload_pass(const struct slw_source *source, const char *key,
                                     const struct slw_tuf_target *target,
                                     enum slw_status (*write)(void *context, struct slw_bytes piece,
                                                              struct slw_detail *detail),
                                     void *context, uint8_t *ret_sha256, struct slw_detail *detail);

/*
 * Has the client follow a repository in a directory from the trusted root on, and puts every
 * metadata file that it took into a storage, under the key that it will have. *ret_first_root is
 * the trusted one's version.
 */
enum slw_status slw_tuf_import_verify(const struct slw_tuf_writer *writer, const char *directory,
                                      const char *root_name, struct slw_bytes trusted_root,
                                      const struct slw_storage *verified, int64_t *ret_first_root,
                                      struct slw_detail *detail);

#endif
