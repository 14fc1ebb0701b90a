/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a device remembers across reboots: one state record, changed as a whole or not at all, and
 * the signed metadata and roots that vouch for what it runs.
 *
 * The state is a snapshot appended to a journal of sectors (spec/SPEC.md, section 6): the newest
 * valid one counts, a torn one is skipped. Metadata are blobs in sectors of their own, found by the
 * SHA-256 of their bytes; a blob is complete before a state record refers to it.
 *
 *     SLW_TRY(slw_store_open(&store, &layout));
 *     struct slw_state next = store.state;
 *     next.trial.attempts++;
 *     SLW_TRY(slw_store_commit(&store, &next));
 */
#ifndef SLIPWAY_STORE_H
#define SLIPWAY_STORE_H

#include "slipway/layout.h"
#include "slipway/tuf.h"

#define SLW_BUNDLE_NAME_SIZE_MAX 32u

/* What one component runs or will run. All zero: nothing. */
struct slw_image {
    bool present;
    uint8_t slot;     /* 0: A, 1: B */
    uint32_t version; /* targets version of the release that it came with */
    uint64_t length;
    uint8_t sha256[SLW_SHA256_SIZE];
    uint8_t metadata[SLW_SHA256_SIZE]; /* blob: SignedTargetsMetadata that lists it */
    uint8_t root[SLW_SHA256_SIZE];     /* blob: SignedRootMetadata under which that was trusted */
};

/* What all components run together: an image for each that the layout names, or none. */
struct slw_release {
    bool present;
    uint32_t version;
    uint32_t security_floor; /* of its metadata; raised to at confirm */
    bool resets_version;     /* its root replaced the targets keys: confirm may lower the version */
    uint8_t metadata[SLW_SHA256_SIZE];        /* blob: SignedTargetsMetadata */
    uint8_t metadata_sha256[SLW_SHA256_SIZE]; /* of the serialized metadata that was signed */
    uint8_t root[SLW_SHA256_SIZE];
    uint8_t user_manifest[SLW_SHA256_SIZE];      /* blob that came with it; all zero: none */
    struct slw_image images[SLW_COMPONENTS_MAX]; /* by the layout's order */
};

/* The session as far as it outlives a reboot; device/session.c gives the numbers their meaning. */
struct slw_session_record {
    uint8_t state; /* of BundledUpdateStatus */
    uint8_t result;
    uint8_t intent;  /* private to the session */
    uint16_t reason; /* enum slw_status of the last refusal, 0: none */
    uint32_t transfer_id;
    uint64_t staged_size; /* bytes of the bundle, once it is whole */
    uint8_t name_len;
    uint8_t name[SLW_BUNDLE_NAME_SIZE_MAX];
    uint8_t subject_len;
    uint8_t subject[SLW_NAME_SIZE_MAX];        /* target that the reason is about */
    uint8_t consent;                           /* 0 not asked, 1 yes, 2 no */
    uint8_t consent_metadata[SLW_SHA256_SIZE]; /* which the answer is bound to */
};

struct slw_state {
    uint64_t sequence; /* set by commit */
    uint32_t root_version;
    uint8_t root[SLW_SHA256_SIZE]; /* blob of the current root */
    uint32_t targets_version;      /* of the last confirmed release; rollback protection */
    uint32_t security_floor;       /* never lowered */
    int64_t known_time_utc_s;      /* rises only from signed metadata */
    uint8_t trial_attempts;        /* boots of the trial release so far */
    struct slw_release confirmed;
    struct slw_release trial;
    struct slw_session_record session;
};

/* How far the bundle has been staged: small records between snapshots, for resuming. */
struct slw_staging_progress {
    uint32_t transfer_id;
    uint64_t offset; /* bytes staged and durable */
};

/* About 5 KiB, most of it the state and the next one. */
struct slw_store {
    struct slw_state state;               /* as committed last; read it, never write it */
    struct slw_staging_progress progress; /* as appended last since the last commit */
    /* private */
    const struct slw_layout *layout;
    struct slw_state next;             /* where boot and confirm put together what they commit */
    struct slw_anchor_record anchored; /* what the anchor holds */
    uint64_t journal_segment;          /* offset of the segment that is appended to */
    uint64_t journal_at;               /* offset of the next record in the journal region */
    uint64_t generation;               /* of the newest segment */
    uint64_t record;                   /* number of the newest record */
    bool journal_full;                 /* that segment takes no more records */
    uint64_t blob_serial;              /* of the newest blob */
    uint64_t committed_serial;         /* of the newest blob at the last commit */
};

/*
 * Makes a fresh device: erases the journal and the blobs, stores the factory root, commits the
 * first state and provisions the anchor. SLW_NO_TRUSTED_ROOT when the factory root isn't one;
 * SLW_WRONG_STATE, and nothing changes, when a PROTECTED anchor says that the device isn't fresh.
 */
SLW_MUST_USE enum slw_status slw_store_format(struct slw_store *store,
                                              const struct slw_layout *layout);

/*
 * Finds the newest valid state, writes it again unless it is certain that it was written whole, so
 * that what the caller acts on is durable, compares it with the anchor and brings the anchor up.
 * SLW_STORED_STATE: unreadable, wiped, or older than the anchor; SLW_NOT_FOUND: never formatted, as
 * far as the anchor can tell.
 */
SLW_MUST_USE enum slw_status slw_store_open(struct slw_store *store,
                                            const struct slw_layout *layout);

/*
 * Makes next the state, durably, then brings the anchor up; store->state is next then, and progress
 * is zero. SLW_BAD_ARGUMENT for a state that makes no sense or lowers root_version or
 * security_floor. When only the anchor fails, its status is returned and next is the state all the
 * same: the next open brings the anchor up. next may be &store->state.
 */
SLW_MUST_USE enum slw_status slw_store_commit(struct slw_store *store,
                                              const struct slw_state *next);

/*
 * Boot has verified the trial that the journal has: the anchor takes note, so that its confirmation
 * can be told from a made-up one. Does nothing when it knows it already.
 */
SLW_MUST_USE enum slw_status slw_store_vouch_for_trial(struct slw_store *store);

SLW_MUST_USE enum slw_status slw_store_append_progress(struct slw_store *store,
                                                       const struct slw_staging_progress *progress);

enum slw_blob_kind { SLW_BLOB_ROOT = 1, SLW_BLOB_TARGETS = 2, SLW_BLOB_USER_MANIFEST = 3 };

/*
 * A blob in place. place.source is valid as long as this structure stays where it is (don't copy
 * it), and reads flash.
 */
struct slw_blob {
    enum slw_blob_kind kind;
    uint32_t version; /* as it was put */
    uint8_t sha256[SLW_SHA256_SIZE];
    struct slw_region_source place;
};

/*
 * Drops what may go, copies span of source into a free place, reads it back and digests what was
 * written. The same bytes twice are stored once. SLW_NO_SPACE when it doesn't fit. version is kept
 * with it, for roots.
 *
 * What was put since the last commit stays; what is older stays only while the state refers to it.
 * Roots up to state.root_version always stay; newer ones that were put before the last commit were
 * left by an update that was never accepted, and go with the rest. So an acceptance puts its
 * new roots in ascending order and commits before any other is begun. SLW_BAD_ARGUMENT for another
 * root with a version that isn't above state.root_version.
 */
SLW_MUST_USE enum slw_status slw_store_put_blob(struct slw_store *store, enum slw_blob_kind kind,
                                                uint32_t version, const struct slw_source *source,
                                                uint64_t offset, uint64_t length,
                                                struct slw_blob *ret_blob);

/* SLW_NOT_FOUND; the digest is of what is read now, not of what was written once. */
SLW_MUST_USE enum slw_status slw_store_find_blob(const struct slw_store *store,
                                                 const uint8_t sha256[static SLW_SHA256_SIZE],
                                                 struct slw_blob *ret_blob);

/* The root blob with the lowest version above this one; SLW_NOT_FOUND. For climbing from factory.
 */
SLW_MUST_USE enum slw_status slw_store_next_root(const struct slw_store *store, uint32_t version,
                                                 struct slw_blob *ret_blob);

#endif
