/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory that a client keeps its metadata in. Each file appears whole or not at all, and is
 * on the disk when the call returns. Nothing here is trusted for being here: what is read is
 * verified as if it came from the network.
 */
#ifndef SLIPWAY_TUF_CLIENT_STORE_H
#define SLIPWAY_TUF_CLIENT_STORE_H

#include "slipway/tuf_metadata.h"

/* What a file system takes as a name, less ".json". */
#define SLW_TUF_FILE_NAME_MAX 250u

/*
 * Appends the file name of a role or target: the name percent-encoded, or where that is too long
 * for a file system, "=" and the SHA-256 of the name in hexadecimal. Whatever the name is, that is
 * the name of a file in the directory and of no other role or target: SLW_BAD_NAME for the empty
 * one. Names that begin with "=" and have no 64 digits behind it are this module's own.
 */
SLW_MUST_USE enum slw_status slw_tuf_file_name(struct slw_bytes name,
                                               struct slw_heap_buffer *ret_text,
                                               struct slw_detail *detail);

/* Appends ROLE.json, encoded: what a role's file is called on servers and in messages. */
void slw_tuf_append_role_file(struct slw_bytes role, struct slw_heap_buffer *ret_text);

/*
 * Reads a role's file. SLW_IO when it isn't there or can't be read. A role that differs from a
 * top-level one by case alone is called "=" and its SHA-256, for file systems that don't tell them
 * apart.
 */
SLW_MUST_USE enum slw_status slw_tuf_store_read(const char *directory, struct slw_bytes role,
                                                struct slw_heap_buffer *ret_bytes,
                                                struct slw_detail *detail);

/* Whether there is something called root.json, readable or not. */
SLW_MUST_USE enum slw_status slw_tuf_store_has_root(const char *directory, bool *ret_has,
                                                    struct slw_detail *detail);

SLW_MUST_USE enum slw_status slw_tuf_store_write(const char *directory, struct slw_bytes role,
                                                 struct slw_bytes bytes, struct slw_detail *detail);

/*
 * Forgetting timestamp and snapshot must not get lost when the program is killed between writing
 * the root that asks for it and removing them. So a note is written before the root, and what it
 * says is done after it, or at the next start if that root is in force by then.
 */
SLW_MUST_USE enum slw_status
slw_tuf_store_note_recovery(const char *directory, int64_t root_version, struct slw_detail *detail);

/*
 * Does what a note says, if there is one for a root up to root_version, and removes the note.
 * *ret_forgot: whether there was something to forget.
 */
SLW_MUST_USE enum slw_status slw_tuf_store_recover(const char *directory, int64_t root_version,
                                                   bool *ret_forgot, struct slw_detail *detail);

/*
 * Removes all metadata but the root's, notes and half-fetched targets. A file that ends in .json
 * and is no targets metadata isn't ours and stays.
 */
SLW_MUST_USE enum slw_status slw_tuf_store_clear(const char *directory, struct slw_detail *detail);

/*
 * Appends where a target whose hash is hex is put while it comes in, and removes what was left of
 * others: at most one half-fetched target takes up room.
 */
SLW_MUST_USE enum slw_status slw_tuf_store_partial_path(const char *directory, struct slw_bytes hex,
                                                        struct slw_heap_buffer *ret_path,
                                                        struct slw_detail *detail);

/*
 * Waits until no other program changes the directory, and keeps others waiting until the lock is
 * given back with slw_tuf_store_unlock(). The lock is on DIRECTORY/.lock, which is the owner's
 * alone, so that nobody else can hold it. On a file system without locks it does nothing.
 */
SLW_MUST_USE enum slw_status slw_tuf_store_lock(const char *directory, int *ret_lock,
                                                struct slw_detail *detail);
void slw_tuf_store_unlock(int lock);

/* Has what was renamed or removed in a directory on the disk. */
SLW_MUST_USE enum slw_status slw_tuf_sync_directory(const char *directory,
                                                    struct slw_detail *detail);

#endif
