/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a TUF repository: prepare, sign, commit, each of which may be another process's. The
 * published metadata are the truth; what is prepared lies beside them under `staged/` until its
 * signatures are complete.
 *
 *     metadata/N.root.json, N.ROLE.json, timestamp.json      what clients read
 *     targets/DIR/SHA256.NAME                                payloads
 *     staged/changes/ROLE.json, staged/bins/ROLE.json        differences, of a role and of its bins
 *     staged/ROLE.json                                       its next version, signed so far
 *     state/…                                                settings, and since when files are
 *                                                            referenced by nothing
 *
 * prepare (add, remove, delegate, rotate …) only writes to staged/. publish() takes what is
 * complete: payloads are there already; it writes roles, the snapshot, and the timestamp last, so
 * that clients see the old state or the new one. A role whose signatures aren't complete waits,
 * without a lease, and delays nobody.
 *
 *     SLW_TRY(slw_tuf_writer_open(&options, &writer, detail));
 *     SLW_TRY(slw_tuf_writer_add_file(writer, SLW_BYTES_OF("targets"), SLW_BYTES_OF("manual.pdf"),
 *                                     slw_bytes_make(NULL, 0), &file.source, detail));
 *     SLW_TRY(slw_tuf_writer_prepare(writer, detail)); // asks the provider
 *     SLW_TRY(slw_tuf_writer_sign(writer, SLW_BYTES_OF("targets"), key, detail));
 *     SLW_TRY(slw_tuf_writer_publish(writer, &published, detail));
 *     slw_tuf_writer_close(writer);
 *
 * Storage, lease, provider and holder are the caller's and outlive the writer, which belongs to one
 * thread. Every call fails with what storage and lease say, and with SLW_STORED_STATE, or what a
 * client would say of metadata, when what the storage has isn't a repository that is right.
 */
#ifndef SLIPWAY_TUF_WRITER_H
#define SLIPWAY_TUF_WRITER_H

#include "slipway/files.h"
#include "slipway/json.h"
#include "slipway/tuf_change.h"
#include "slipway/tuf_storage.h"

/* How long a version of a role lives, and how long before its end it is due to be signed again. */
struct slw_tuf_period {
    uint32_t expires_s;
    uint32_t due_s;
};

struct slw_tuf_writer_options {
    const struct slw_storage *storage;
    const struct slw_lease *lease;
    const char *holder; /* of the lease: program, host, process */
    const struct slw_tuf_key_provider
        *provider;                       /* NULL: nobody signs but by slw_tuf_writer_sign() */
    int64_t (*now_utc_s)(void *context); /* NULL: the system's clock */
    void *now_context;
    /* Whether the key with this public value is at hand for a role, for slw_tuf_writer_check() to
     * foresee that snapshot or timestamp can't be renewed. NULL: it isn't known. */
    bool (*has_key)(void *context, struct slw_bytes role, struct slw_bytes value);
    void *has_key_context;
    /* Hears what isn't a failure and should be known: signatures that became void, a role that
     * waits and why, a root whose publishing leaves a gap. NULL: nobody does. */
    void (*tell)(void *context, const char *what);
    void *tell_context;
    /* Listed payloads may be kept somewhere else: import and export pass over those that aren't
     * there, and tell how many. */
    bool payloads_elsewhere;
    /* Snapshot and timestamp are renewed while they have at least this long to live, and made to
     * live twice as long, where the repository's settings say less; 0: as those say. */
    uint32_t online_life_s;
};

struct slw_tuf_writer;

/* What a repository is made with. */
struct slw_tuf_init {
    struct slw_tuf_role_keys roles[SLW_TUF_TYPES];
    struct slw_tuf_period
        periods[SLW_TUF_TYPES]; /* {0}: root 365 d/60 d, targets 90 d/30 d, snapshot 7 d/3 d,
                                   timestamp 1 d/12 h; delegated roles and bins as targets */
};

/* Prepares version 1 of root and targets, and asks the provider for signatures; nothing is
 * published yet. SLW_WRONG_STATE when there is a repository
 * already. */
enum slw_status slw_tuf_writer_init(const struct slw_tuf_writer_options *options,
                                    const struct slw_tuf_init *init, struct slw_detail *detail);

/* Opens it: reads root, timestamp and snapshot; roles when they are needed. */
enum slw_status slw_tuf_writer_open(const struct slw_tuf_writer_options *options,
                                    struct slw_tuf_writer **ret_writer, struct slw_detail *detail);
void slw_tuf_writer_close(struct slw_tuf_writer *writer);

/*
 * Prepare. role is "targets" or a delegated role; when bins are delegated under it, an artifact
 * goes to the bin of its path. They gather in memory; slw_tuf_writer_prepare() writes them to
 * staged/ and asks the provider. A second change to a role that is staged and not complete joins
 * it, and drops the signatures that it had, saying so. What slw_tuf_model_apply() refuses is
 * refused by these calls or by slw_tuf_writer_prepare().
 */
enum slw_status slw_tuf_writer_add(struct slw_tuf_writer *writer, struct slw_bytes role,
                                   const struct slw_tuf_artifact *artifact,
                                   struct slw_detail *detail);
/* The same with its file, which is put under targets/: hash and length are taken from it. */
enum slw_status slw_tuf_writer_add_file(struct slw_tuf_writer *writer, struct slw_bytes role,
                                        struct slw_bytes path, struct slw_bytes custom,
                                        const struct slw_source *source, struct slw_detail *detail);
enum slw_status slw_tuf_writer_remove(struct slw_tuf_writer *writer, struct slw_bytes role,
                                      struct slw_bytes path, struct slw_detail *detail);
enum slw_status slw_tuf_writer_delegate(struct slw_tuf_writer *writer, struct slw_bytes delegator,
                                        const struct slw_tuf_delegate *delegate,
                                        struct slw_detail *detail);
enum slw_status slw_tuf_writer_revoke(struct slw_tuf_writer *writer, struct slw_bytes delegator,
                                      struct slw_bytes name, struct slw_detail *detail);
/* New keys for a top-level role: prepares the next root. A root that is staged and not complete is
 * joined. */
enum slw_status slw_tuf_writer_rotate(struct slw_tuf_writer *writer, enum slw_tuf_type role,
                                      const struct slw_tuf_role_keys *keys,
                                      struct slw_detail *detail);
enum slw_status slw_tuf_writer_prepare(struct slw_tuf_writer *writer, struct slw_detail *detail);

/* Forgets what is staged for a role, and for bins under it. SLW_NOT_FOUND. */
enum slw_status slw_tuf_writer_discard(struct slw_tuf_writer *writer, struct slw_bytes role,
                                       struct slw_detail *detail);

/* Sign: adds a detached signature, verified, to what is staged for a role. SLW_NOT_FOUND,
 * SLW_BAD_SIGNATURE, SLW_BAD_KEY for one that doesn't speak for it. */
enum slw_status slw_tuf_writer_sign(struct slw_tuf_writer *writer, struct slw_bytes role,
                                    const struct slw_private_key *key, struct slw_detail *detail);
enum slw_status slw_tuf_writer_add_signature(struct slw_tuf_writer *writer, struct slw_bytes role,
                                             const struct slw_tuf_signature *signature,
                                             struct slw_detail *detail);
/* What a signer looks at and signs elsewhere: the staged file, with the signatures so far.
 * SLW_NOT_FOUND. */
enum slw_status slw_tuf_writer_staged(struct slw_tuf_writer *writer, struct slw_bytes role,
                                      struct slw_heap_buffer *ret_file, struct slw_detail *detail);

/* Commit. What was done, and who is waited for. */
struct slw_tuf_published {
    size_t roles;   /* that got a new version, the snapshot and timestamp not counted */
    size_t pending; /* that are staged and not complete */
    int64_t root_version;
    int64_t snapshot_version;
    int64_t timestamp_version;
    uint64_t metadata_bytes; /* written */
};
/* SLW_WRONG_STATE when somebody else holds the lease. Publishing with nothing complete changes
 * nothing. */
enum slw_status slw_tuf_writer_publish(struct slw_tuf_writer *writer,
                                       struct slw_tuf_published *ret_published,
                                       struct slw_detail *detail);

/* Where a storage has the payload of a target: "targets/DIRECTORY/SHA256.NAME". SLW_BAD_NAME for a
 * path that is too long. */
enum slw_status slw_tuf_payload_key(struct slw_bytes path,
                                    const uint8_t sha256[static SLW_SHA256_SIZE],
                                    char ret_key[static SLW_STORAGE_KEY_MAX + 1],
                                    struct slw_detail *detail);

/* Signs again what is due (snapshot and timestamp, bins and roles whose keys are at hand; others
 * are prepared), publishes, and removes files that nothing has referenced for 7 days. */
enum slw_status slw_tuf_writer_refresh(struct slw_tuf_writer *writer,
                                       struct slw_tuf_published *ret_published,
                                       struct slw_detail *detail);

/* What `repo check` tells. severity: 0 for information, 1 weak, 2 due or broken. */
enum slw_status slw_tuf_writer_check(struct slw_tuf_writer *writer,
                                     void (*finding)(void *context, unsigned severity,
                                                     const char *role, const char *what,
                                                     int64_t expires_utc_s),
                                     void *context, struct slw_detail *detail);

/*
 * Adopts a published repository: DIRECTORY/metadata and DIRECTORY/targets as python-tuf and
 * tuf-on-ci lay them out, with consistent snapshots. Everything is verified as clients verify it,
 * from the trusted root on: later roots, timestamp, snapshot, every role that can be reached, and
 * the payloads that these list. That includes key ids, which must be those of their keys
 * (SLW_TUF_KEY_IDS_CHECKED). Only expired metadata are taken all the same, and told of: they are to
 * be signed again. All is copied as it is, byte for byte; the timestamp comes last. What was killed
 * half-way can be run again.
 *
 * Roots before the trusted one aren't adopted, nor are files of roles that nobody delegates to any
 * more. Periods are the default ones. Where the online keys aren't at hand, rotate them next.
 *
 * SLW_WRONG_STATE when the storage holds a repository, or anything else in the way, and for
 * snapshots that aren't consistent; SLW_MISSING_PAYLOAD, naming it; SLW_BAD_NAME for roles and
 * targets of names that can't be published here; else what the client says, and the storage.
 * root_name is what details call the trusted root.
 */
enum slw_status slw_tuf_writer_import(const struct slw_tuf_writer_options *options,
                                      const char *directory, const char *root_name,
                                      struct slw_bytes trusted_root, struct slw_detail *detail);

/*
 * Copies what clients need now, and all roots, to a directory, which is made when it isn't there:
 * DIRECTORY/metadata and DIRECTORY/targets, for offline media or any web server. Each payload is
 * hashed as it is copied. An earlier export is brought up to date: what is there already and right
 * is kept, nothing is removed, and the timestamp comes last, once everything else is on the disk.
 * What is staged isn't copied.
 *
 * SLW_WRONG_STATE before the first publish, and when the directory has another repository's root;
 * SLW_MISSING_PAYLOAD, SLW_WRONG_LENGTH or SLW_WRONG_HASH, naming the payload.
 */
enum slw_status slw_tuf_writer_export(struct slw_tuf_writer *writer, const char *directory,
                                      struct slw_detail *detail);

#endif
