/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client of TUF repositories (TUF 1.0.34, section 5): keeps trusted metadata in a directory,
 * brings them up to date from mirrors that nobody needs to trust, finds targets through
 * delegations, and downloads them.
 *
 *     // once, with the root from a trusted place
 *     SLW_TRY(slw_tuf_client_trust("state", path, root_bytes, SLW_TUF_KEY_IDS_CHECKED, detail));
 *     // and then whenever there may be something new
 *     SLW_TRY(slw_tuf_client_open(&options, &client, detail));
 *     SLW_TRY(slw_tuf_client_refresh(client, detail));
 *     SLW_TRY(slw_tuf_client_find(client, SLW_BYTES_OF("lamp/2.0.0.bundle"), &target, detail));
 *     SLW_TRY(slw_tuf_client_download(client, &target, "downloads", &path, detail));
 *     slw_tuf_client_free(client);
 *
 * The directory holds root.json, timestamp.json, snapshot.json, targets.json and delegated roles
 * under their percent-encoded names, byte for byte as received, each written atomically as soon as
 * it is verified: killed after any write, the next refresh goes on from there. Nothing in it is
 * believed for being there but the root. Files whose names begin with "=" are the client's notes, a
 * target that is half there, and roles whose names are too long for a file system. One program at a
 * time refreshes or downloads with it; others wait.
 *
 * Refusals: expired (a freeze), rollback, mix-and-match, root-rollback, root-untrusted,
 * root-self-unsigned, unsigned, below-threshold, duplicate-signature, bad-key, bad-threshold,
 * wrong-role, bad-spec-version, malformed, too-large, slow-retrieval, wrong-hash, wrong-length,
 * missing-hash, missing-targets, bad-name, no-trusted-root; unavailable and not-found are failures.
 */
#ifndef SLIPWAY_TUF_CLIENT_H
#define SLIPWAY_TUF_CLIENT_H

#include "slipway/progress.h"
#include "slipway/tuf_fetch.h"
#include "slipway/tuf_metadata.h"

/* How many times its limit a metadata file's signed length may be. */
#define SLW_TUF_SIGNED_LENGTH_FACTOR 8u

/* {0} takes the defaults. */
struct slw_tuf_limits {
    uint32_t root_rotations;  /* 256 a refresh */
    uint32_t delegations;     /* 32 roles visited for one target */
    uint32_t root_bytes;      /* 512,000 */
    uint32_t timestamp_bytes; /* 16,384 */
    uint32_t snapshot_bytes;  /* 2,000,000; where the timestamp gives a length, up to */
    uint32_t targets_bytes;   /* 5,000,000; SLW_TUF_SIGNED_LENGTH_FACTOR times as many */
    uint64_t target_bytes;    /* a target's own length may not exceed it: none */
    uint64_t loaded_bytes;    /* 512 MiB: of targets metadata, of all roles that are in memory */
};

enum slw_tuf_event {
    SLW_TUF_EVENT_TRUSTED,   /* a file was verified and is trusted now: NAME, version */
    SLW_TUF_EVENT_KEPT,      /* the one that was there is still the current one */
    SLW_TUF_EVENT_RECOVERED, /* timestamp or snapshot keys were rotated: their files are forgotten
                                (fast-forward recovery) */
    SLW_TUF_EVENT_MIRROR,    /* a mirror failed or gave something bad; the next one is asked: its
                                number, why */
    SLW_TUF_EVENT_EXPIRED, /* expired metadata of offline media were used all the same: NAME, since
                              when */
};

struct slw_tuf_observer {
    void *context;
    void (*event)(void *context, enum slw_tuf_event event, const char *name, int64_t number,
                  const char *text);
};

/*
 * Looks at a target that is what the metadata list, at path, before it gets its name, and again
 * where it has it already. What look() refuses appears nowhere, or goes, and the download answers
 * what look() did.
 */
struct slw_tuf_inspector {
    void *context;
    enum slw_status (*look)(void *context, const struct slw_tuf_target *target, const char *path,
                            struct slw_detail *detail);
};

/*
 * What expired metadata of offline media mean: media that were good when they were written stay as
 * old as they are. SLW_TUF_EXPIRY_ENFORCED is the specification's rule, for media too, unless
 * somebody decides otherwise.
 */
enum slw_tuf_expiry { SLW_TUF_EXPIRY_ENFORCED, SLW_TUF_EXPIRY_TOLD };

struct slw_tuf_client_options {
    const char *metadata_directory;
    const struct slw_fetch_port
        *fetch; /* NULL: nothing is fetched; what is in the directory must do */
    struct slw_tuf_limits limits;
    enum slw_tuf_key_ids key_ids;
    enum slw_tuf_expiry expiry;
    const struct slw_tuf_observer *observer;   /* NULL: nobody watches */
    const struct slw_progress *progress;       /* of downloads; NULL: none */
    const struct slw_tuf_inspector *inspector; /* NULL: nobody looks further */
};

struct slw_tuf_client;

/*
 * Makes the directory trust this root and nothing else: checks it by its own keys and threshold
 * (its expiry isn't looked at), writes root.json, and removes every other metadata that was there.
 * Asks no network. name is what details call the root: the file that it is from.
 */
enum slw_status slw_tuf_client_trust(const char *metadata_directory, const char *name,
                                     struct slw_bytes root, enum slw_tuf_key_ids key_ids,
                                     struct slw_detail *detail);

/*
 * The same in a directory that trusts no root yet; one that does stays as it is, and root isn't
 * looked at. Of two programs that begin at once, the second doesn't undo what the first has learnt.
 */
enum slw_status slw_tuf_client_trust_first(const char *metadata_directory, const char *name,
                                           struct slw_bytes root, enum slw_tuf_key_ids key_ids,
                                           struct slw_detail *detail);

/* Reads the trusted root; SLW_NO_TRUSTED_ROOT when it is absent, unreadable or no root. */
enum slw_status slw_tuf_client_open(const struct slw_tuf_client_options *options,
                                    struct slw_tuf_client **ret_client, struct slw_detail *detail);
void slw_tuf_client_free(struct slw_tuf_client *client);

/*
 * Section 5.1 to 5.6, up to the top-level targets. The time is fixed at its beginning, for
 * everything until the next refresh. A mirror that has no further root is believed, unless what
 * follows fails: then all are asked, so that none can keep the others' updates away.
 */
enum slw_status slw_tuf_client_refresh(struct slw_tuf_client *client, struct slw_detail *detail);

/*
 * Section 5.6.7: searches the targets and their delegations in pre-order for a path, loading what
 * it needs. SLW_NOT_FOUND when nobody who is trusted for it lists it, or nobody among the roles
 * that are visited at most. A role on the way that can't be had or is refused ends the search with
 * that reason; SLW_MIX_AND_MATCH when the snapshot doesn't name it. SLW_BAD_NAME for a path of 0 or
 * more than SLW_TUF_TARGET_PATH_MAX bytes; SLW_MISSING_HASH for a target without a hash that we
 * know; SLW_WRONG_STATE unless the last refresh succeeded. The target lives as long as the client,
 * until its next refresh.
 */
enum slw_status slw_tuf_client_find(struct slw_tuf_client *client, struct slw_bytes path,
                                    struct slw_tuf_target *ret_target, struct slw_detail *detail);

/* The role that the last find() found its target in: "targets", or a delegated one. */
struct slw_bytes slw_tuf_client_found_in(const struct slw_tuf_client *client);

/*
 * Goes through every role that can be reached, in pre-order, and gives each target whose path
 * matches pattern (NULL: all) and that find() would find there. role, unless NULL, restricts it to
 * that role. each() ends the walk by returning something other than SLW_OK, which is returned. A
 * role that the snapshot doesn't name is passed over; one that is refused ends the walk with its
 * reason. At most SLW_TUF_LIST_ROLES_MAX roles, else SLW_TOO_LARGE.
 */
#define SLW_TUF_LIST_ROLES_MAX 65536u
enum slw_status slw_tuf_client_list(struct slw_tuf_client *client, const char *role,
                                    const char *pattern,
                                    enum slw_status (*each)(void *context, struct slw_bytes role,
                                                            const struct slw_tuf_target *target),
                                    void *context, struct slw_detail *detail);

/*
 * Section 5.7: puts the target into a directory, which is there already and not the metadata's,
 * under its percent-encoded path (`/` is %2F; a path too long for a file system becomes "=" and its
 * SHA-256), unless the file there is it already. It appears whole and verified, hashed as it stands
 * on the disk, or not at all; a broken transfer goes on where it was, with the next mirror or in
 * the next run. ret_path, appended, is where it is. SLW_BAD_NAME for a path that no server could be
 * asked for.
 */
enum slw_status slw_tuf_client_download(struct slw_tuf_client *client,
                                        const struct slw_tuf_target *target, const char *directory,
                                        struct slw_heap_buffer *ret_path,
                                        struct slw_detail *detail);

/* What is trusted now, for `repo list` and reports: false when that role isn't loaded. */
SLW_MUST_USE bool slw_tuf_client_trusted(const struct slw_tuf_client *client,
                                         enum slw_tuf_type type, struct slw_tuf_common *ret_common);

#endif
