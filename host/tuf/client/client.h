/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client itself and the steps of its refresh, for the files of this folder. What is trusted is
 * replaced only by what a step accepted; a step that fails leaves it as it was.
 */
#ifndef SLIPWAY_TUF_CLIENT_CLIENT_H
#define SLIPWAY_TUF_CLIENT_CLIENT_H

#include "mirrors.h"
#include "store.h"
#include "trusted.h"

#define SLW_TUF_ROLE_BUCKETS 4096u

/* What is known of a role by its name; made when it is first reached. */
struct slw_tuf_role_slot {
    struct slw_tuf_role_slot *next;
    struct slw_tuf_trusted_targets *loaded; /* more than one when delegators trust different keys */
    uint64_t visited; /* the last search, by its number, that came through here */
    uint64_t listed;
    size_t name_len;
    uint8_t name[];
};

struct slw_tuf_client {
    char *directory;
    struct slw_tuf_limits limits;
    enum slw_tuf_key_ids key_ids;
    enum slw_tuf_expiry expiry;
    struct slw_tuf_mirrors mirrors;
    const struct slw_progress *progress;
    const struct slw_tuf_inspector *inspector;
    int64_t now_utc_s;     /* "the fixed update start time" */
    uint64_t loaded_bytes; /* of the targets metadata in the slots */
    bool refreshed;        /* all four top-level roles are trusted and current */
    struct slw_tuf_trusted_root *root;
    struct slw_tuf_trusted_timestamp *timestamp;
    struct slw_tuf_trusted_snapshot *snapshot;
    const struct slw_tuf_trusted_targets *targets;         /* in the slot of "targets" */
    struct slw_tuf_role_slot *slots[SLW_TUF_ROLE_BUCKETS]; /* lists, by hash of the name */
    uint64_t searches;                                     /* numbers them */
    struct slw_heap_buffer found_in;
};

/* The trusted root as the directory has it: SLW_NO_TRUSTED_ROOT. Keeps what is loaded if it is the
 * same. */
SLW_MUST_USE enum slw_status slw_tuf_client_load_root(struct slw_tuf_client *client,
                                                      struct slw_detail *detail);

/* Sections 5.3, 5.4, 5.5, and 5.6 up to the top-level targets. ask_all: that one mirror has no
 * further root isn't believed before the others say so too. */
SLW_MUST_USE enum slw_status slw_tuf_client_refresh_root(struct slw_tuf_client *client,
                                                         bool ask_all, struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_client_refresh_timestamp(struct slw_tuf_client *client,
                                                              struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_client_refresh_snapshot(struct slw_tuf_client *client,
                                                             struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_client_refresh_targets(struct slw_tuf_client *client,
                                                            struct slw_detail *detail);

/* The slot of a role, made if need be; NULL when memory ran out. */
struct slw_tuf_role_slot *slw_tuf_client_slot(struct slw_tuf_client *client, struct slw_bytes name);

/* Whether the snapshot names a role's file. */
SLW_MUST_USE bool slw_tuf_client_has_role(const struct slw_tuf_client *client,
                                          struct slw_bytes role);

/*
 * The targets metadata of a role as a delegator wants them signed: from memory, from the directory
 * or from a mirror, in that order, always current by the snapshot and always verified by these
 * keys. SLW_MIX_AND_MATCH when the snapshot doesn't name the role. What is returned lives until the
 * next refresh.
 */
SLW_MUST_USE enum slw_status
slw_tuf_client_load_targets(struct slw_tuf_client *client, struct slw_tuf_role_slot *slot,
                            const struct slw_tuf_keys *keys, const struct slw_tuf_role *role,
                            const struct slw_tuf_trusted_targets **ret_targets,
                            struct slw_detail *detail);

/*
 * "The expiration timestamp … MUST be higher than the fixed update start time." SLW_EXPIRED, unless
 * expiry is only to be told of (SLW_TUF_EXPIRY_TOLD).
 */
SLW_MUST_USE enum slw_status slw_tuf_client_check_expiry(const struct slw_tuf_client *client,
                                                         const char *name,
                                                         const struct slw_tuf_common *common,
                                                         struct slw_detail *detail);

/*
 * The most bytes that a metadata file may have: what is signed of its length (meta), or else the
 * usual limit. A length may be above that limit, but not without bounds, for the key that signs it
 * is an online one: SLW_TOO_LARGE beyond SLW_TUF_SIGNED_LENGTH_FACTOR times the limit.
 */
SLW_MUST_USE enum slw_status slw_tuf_client_limit(const char *name, const struct slw_tuf_meta *meta,
                                                  uint32_t usual, uint64_t *ret_limit,
                                                  struct slw_detail *detail);

/* Forgets in memory everything but the root. */
void slw_tuf_client_forget(struct slw_tuf_client *client);

/*
 * The search of section 5.6.7.1. With expected, which may be NULL, it ends there without looking
 * whether that role lists the path: for somebody who has it from there, and for whom a role that
 * the snapshot doesn't name is nothing to report. SLW_NOT_FOUND.
 */
SLW_MUST_USE enum slw_status slw_tuf_client_search(struct slw_tuf_client *client,
                                                   struct slw_bytes path,
                                                   const struct slw_tuf_trusted_targets *expected,
                                                   const struct slw_tuf_trusted_targets **ret_where,
                                                   struct slw_tuf_role_slot **ret_slot,
                                                   struct slw_detail *detail);

/* Appends what a file is asked for by: its version in front where snapshots are consistent. */
SLW_MUST_USE enum slw_status slw_tuf_client_metadata_path(const struct slw_tuf_client *client,
                                                          struct slw_bytes role, int64_t version,
                                                          struct slw_heap_buffer *ret_path,
                                                          struct slw_detail *detail);

#endif
