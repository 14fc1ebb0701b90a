/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that gather changes share: gather*.c. Private to this folder. */
#ifndef SLIPWAY_TUF_GATHER_H
#define SLIPWAY_TUF_GATHER_H

#include "writer.h"

/* Makes the draft when there is none. */
enum slw_status slw_tuf_gather_into(struct slw_tuf_draft **draft, enum slw_tuf_type type,
                                    struct slw_detail *detail);

/* The role that something is to happen to, with what is published and staged in memory.
 * SLW_NOT_FOUND for one that nobody delegates to, SLW_STORED_STATE when what is staged can't be
 * read. */
enum slw_status slw_tuf_gather_begin(struct slw_tuf_writer *writer, struct slw_bytes name,
                                     struct slw_tuf_writer_role **ret_role,
                                     struct slw_detail *detail);

/* As it is staged, else as it is published; NULL for neither. */
const struct slw_tuf_model *slw_tuf_gather_model(const struct slw_tuf_writer_role *role);

/* Whether an artifact can be added. */
enum slw_status slw_tuf_gather_check(struct slw_tuf_writer *writer, struct slw_bytes role,
                                     const struct slw_tuf_artifact *artifact,
                                     struct slw_detail *detail);

/* slw_tuf_writer_add(); has_file: its payload was put. */
enum slw_status slw_tuf_gather_add(struct slw_tuf_writer *writer, struct slw_bytes role_name,
                                   const struct slw_tuf_artifact *artifact, bool has_file,
                                   struct slw_detail *detail);

/* The same by any of its hashes, in hexadecimal: "targets/DIRECTORY/HASH.NAME". */
enum slw_status slw_tuf_payload_key_by(struct slw_bytes path, struct slw_bytes hash_hex,
                                       char ret_key[static SLW_TUF_KEY_SIZE],
                                       struct slw_detail *detail);

/* Puts a payload under its key, without the lease; SLW_IO when the source gives other bytes than
 * the hash says. */
enum slw_status slw_tuf_payload_put(struct slw_tuf_writer *writer, const char *key,
                                    const struct slw_source *source,
                                    const uint8_t expected[static SLW_SHA256_SIZE],
                                    struct slw_detail *detail);

/* gather_bins.c */
enum slw_status slw_tuf_gather_bins(const struct slw_tuf_writer *writer,
                                    struct slw_tuf_writer_role *delegator,
                                    const struct slw_tuf_delegate *delegate,
                                    struct slw_detail *detail);

#endif
