/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Root metadata: which keys speak for which role. Parsing says what a root holds; checking its
 * content says whether it makes sense; only a root that the device was provisioned with, or one
 * that a trusted root's keys vouch for, becomes a struct slw_trusted_root.
 *
 * Sources: TUF specification 1.0.34, sections 4.3 and 5.3; spec/SPEC.md, section 3.
 */
#ifndef SLIPWAY_ROOT_H
#define SLIPWAY_ROOT_H

#include "slipway/signatures.h"

/* One distinct key id of a root: defined in its key list, listed by roles, or both. */
struct slw_root_key {
    uint8_t id[SLW_KEY_ID_SIZE];
    uint8_t value[SLW_P256_KEY_SIZE]; /* P-256: 65 bytes, Ed25519: 32 */
    uint8_t type;                     /* enum slw_key_type; 0: of no use to us, ignored */
    uint8_t roles;                    /* bit per enum slw_role */
    bool defined;
};

struct slw_expiry {
    bool present;
    int64_t seconds; /* UTC, since 1970 */
    int32_t nanos;
};

/* The device's idea of now; a device without a clock never finds anything expired. */
struct slw_time {
    bool known;
    int64_t utc_s;
};

static inline bool slw_expired(const struct slw_expiry *expiry, const struct slw_time *now)
{
    if (!expiry->present || !now->known) {
        return false;
    }
    return now->utc_s > expiry->seconds || (now->utc_s == expiry->seconds && expiry->nanos == 0);
}

/* A parsed root. keys is the caller's memory, for up to keys_max (at most 64) keys. */
struct slw_root {
    struct slw_root_key *keys;
    size_t keys_max;
    size_t keys_count; /* distinct ids seen */
    uint32_t version;
    uint32_t thresholds[SLW_ROLES_COUNT];
    enum slw_key_class key_class;
    struct slw_expiry expires;
    uint8_t sha256[SLW_SHA256_SIZE]; /* of the serialized metadata */
    struct slw_span serialized;
    /* private: what parsing noticed and checking the content reports */
    bool role_right;
    bool spec_version_right;
    bool key_bad;
    bool key_bad_id_known;
    uint8_t key_bad_id[SLW_KEY_ID_SIZE];
};

struct slw_untrusted_root {
    struct slw_root content;
};

struct slw_trusted_root {
    struct slw_root content;
};

/* Memory for the keys of a root; call before parsing into it. */
void slw_root_init(struct slw_root *root, struct slw_root_key *keys, size_t keys_max);

/*
 * Reads the RootMetadata that reaches from the reader's position to its end (the serialized bytes,
 * not the signed wrapper). SLW_OK says that its shape is right and nothing more; SLW_MALFORMED, or
 * SLW_TOO_LARGE for more keys than keys_max.
 */
SLW_MUST_USE enum slw_status slw_root_parse(struct slw_reader *reader,
                                            struct slw_untrusted_root *untrusted);

/*
 * Role, spec_version, keys, thresholds, in that order: SLW_WRONG_ROLE, SLW_BAD_SPEC_VERSION,
 * SLW_BAD_KEY, SLW_SHARED_KEY, SLW_BAD_THRESHOLD.
 */
SLW_MUST_USE enum slw_status slw_root_check(const struct slw_root *root,
                                            struct slw_finding *finding);

/*
 * The root that a device was provisioned with, or stored when it was trusted: its content is
 * checked, its signatures aren't. reader: SignedRootMetadata. SLW_NO_TRUSTED_ROOT for anything that
 * isn't one.
 */
SLW_MUST_USE enum slw_status slw_root_load_trusted(struct slw_reader *reader, uint64_t size_max,
                                                   struct slw_trusted_root *trusted,
                                                   struct slw_finding *finding);

/* The same bytes: following the trusted root by it changes nothing and needs no signature. */
bool slw_root_is_same(const struct slw_root *left, const struct slw_root *right);

/*
 * Whether next may follow trusted, its signatures aside: content, then SLW_ROOT_ROLLBACK,
 * SLW_ROOT_REPLACED, SLW_ROOT_CLASS.
 */
SLW_MUST_USE enum slw_status slw_root_check_successor(const struct slw_trusted_root *trusted,
                                                      const struct slw_untrusted_root *next,
                                                      struct slw_finding *finding);

/*
 * Verifies that next may follow trusted: content, then unsigned, then signatures by the trusted
 * root's keys, then by its own. One signature a step; when it is done, the caller calls
 * slw_root_succession_finish(), the only way from an untrusted to a trusted root.
 */
struct slw_root_succession {
    const struct slw_trusted_root *trusted;
    const struct slw_untrusted_root *next;
    const struct slw_signatures *signatures;
    struct slw_message message;
    struct slw_quorum quorum;
    bool by_itself; /* second half: its own keys */
    bool done;
};

/* next must differ from trusted; signatures are next's, and all must live until it is done. */
SLW_MUST_USE enum slw_status slw_root_succession_start(struct slw_root_succession *succession,
                                                       const struct slw_trusted_root *trusted,
                                                       const struct slw_untrusted_root *next,
                                                       const struct slw_signatures *signatures,
                                                       const struct slw_source *source,
                                                       struct slw_finding *finding);
SLW_MUST_USE enum slw_status slw_root_succession_step(struct slw_root_succession *succession,
                                                      uint8_t *block, size_t block_size,
                                                      struct slw_finding *finding);
/* SLW_WRONG_STATE before it is done. ret_trusted takes over the memory of next's keys. */
SLW_MUST_USE enum slw_status
slw_root_succession_finish(const struct slw_root_succession *succession,
                           struct slw_trusted_root *ret_trusted);

/* The key with this id, or NULL. */
const struct slw_root_key *slw_root_find_key(const struct slw_root *root,
                                             const uint8_t key_id[static SLW_KEY_ID_SIZE]);

/* Keys that can count towards the role's threshold. */
uint32_t slw_root_usable_keys(const struct slw_root *root, enum slw_role role);

/*
 * Fast-forward recovery, TUF 5.3.11 for a bundle: the stored targets version is reset when, of the
 * targets keys of the root that it was stored under, fewer remain than the threshold of the root in
 * force. One that was gone in between doesn't remain. Sets of keys are a bit for each key of a
 * root.
 */
uint64_t slw_root_targets_keys(const struct slw_root *root);
/* Those of old's keys in kept that next has in the role: bits of next's keys. */
uint64_t slw_root_keep_targets_keys(const struct slw_root *old, uint64_t kept,
                                    const struct slw_root *next);
bool slw_root_resets_targets(const struct slw_root *root, uint64_t kept);

static inline bool slw_key_has_role(const struct slw_root_key *key, enum slw_role role)
{
    return (key->roles >> role & 1) != 0;
}

/* Reads a CommonMetadata for roots and targets metadata alike; private to the device library. */
struct slw_common {
    uint32_t version;
    struct slw_expiry expires;
    bool role_right;
    bool spec_version_right;
};
void slw_common_read(struct slw_proto *proto, struct slw_bytes role, struct slw_common *ret_common);

/* SLW_TAP that digests what passes; context is a struct slw_sha256. */
void slw_sha256_observe(void *context, struct slw_bytes passed);

#endif
