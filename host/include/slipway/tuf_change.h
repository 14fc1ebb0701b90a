/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How metadata of a TUF repository change: a role's next version is the last one and a typed
 * difference to it. Writer and key provider both make the next version out of the two, so that
 * nobody signs bytes that somebody else handed them.
 *
 *     slw_tuf_model_load(7.lamp-stable.json)   a model: packed records, no document tree
 *     slw_tuf_model_apply(model, change)       version 8: checked, or refused
 *     slw_tuf_model_encode(model)              the canonical bytes that are signed
 *
 * A model keeps what it doesn't know as it was, in canonical form: unknown members of `signed`, of
 * roles and of delegations, targets with other hashes than SHA-256, and key objects.
 */
#ifndef SLIPWAY_TUF_CHANGE_H
#define SLIPWAY_TUF_CHANGE_H

#include "slipway/tuf_metadata.h"

/* What we write; every version of specification 1 is taken. */
#define SLW_TUF_SPEC_VERSION "1.0.34"

/* 2^53 - 1: versions and lengths above it aren't the same number to every client. */
#define SLW_TUF_NUMBER_MAX 9007199254740991

/* Bins of a delegation: at most 2 to the power of this. A snapshot lists them all. */
#define SLW_TUF_BIT_LENGTH_MAX 16u

/* A target to list: given hashes and length, for its file may be anywhere. */
struct slw_tuf_artifact {
    struct slw_bytes path;
    uint64_t length;
    uint8_t sha256[SLW_SHA256_SIZE]; /* of a listed one: zeros when only other hashes are listed */
    struct slw_bytes custom;         /* canonical JSON object, or empty */
};

/* A role's keys and threshold, as they shall be. */
struct slw_tuf_role_keys {
    const struct slw_public_key *keys;
    size_t count;
    uint32_t threshold;
};

/* A delegation as it shall be: replaces the one of this name, or joins behind the others. */
struct slw_tuf_delegate {
    struct slw_bytes name; /* of bins: the prefix of their names */
    struct slw_tuf_role_keys signers;
    const struct slw_bytes *paths; /* patterns */
    size_t paths_count;
    uint32_t bit_length; /* 1 to 16: succinct hash bins instead of paths */
    bool terminating;
};

struct slw_tuf_meta_version {
    struct slw_bytes role; /* without ".json" */
    int64_t version;
};

/* The difference. What a type doesn't have stays zero. */
struct slw_tuf_change {
    enum slw_tuf_type type;
    struct slw_bytes role; /* "root", "timestamp", "snapshot", "targets", or a delegated role */
    int64_t base_version;  /* 0: there was none */
    uint8_t base_sha256[SLW_SHA256_SIZE]; /* of the base's canonical `signed`; zeros without one */
    int64_t version;                      /* of the next one; above the base's */
    int64_t expires_utc_s;

    /* targets and delegated roles */
    const struct slw_tuf_artifact *add; /* a path that is listed already is replaced */
    size_t add_count;
    const struct slw_bytes *remove; /* paths; one that isn't listed is refused */
    size_t remove_count;
    const struct slw_tuf_delegate *delegate;
    size_t delegate_count;
    const struct slw_bytes *revoke; /* names of delegations that go */
    size_t revoke_count;

    /* snapshot: roles whose version changes, and roles that go (only ones that nobody delegates to
     * any more) */
    const struct slw_tuf_meta_version *set;
    size_t set_count;
    const struct slw_bytes *drop;
    size_t drop_count;

    /* timestamp */
    int64_t snapshot_version;

    /* root: roles whose keys change; count 0: as they were */
    struct slw_tuf_role_keys roles[SLW_TUF_TYPES];
};

/* A role's content in memory: for targets some 64 bytes a record beside its path and custom. */
struct slw_tuf_model;

/* An empty one of this type, version 0. */
enum slw_status slw_tuf_model_new(enum slw_tuf_type type, struct slw_bytes role,
                                  struct slw_tuf_model **ret_model, struct slw_detail *detail);

/* From a metadata file; its signatures are the caller's matter. */
enum slw_status slw_tuf_model_load(const struct slw_tuf_file *file, struct slw_bytes role,
                                   struct slw_tuf_model **ret_model, struct slw_detail *detail);

/* From a copy of a whole file, or a new one when that is empty. */
enum slw_status slw_tuf_model_load_base(enum slw_tuf_type type, struct slw_bytes role,
                                        struct slw_bytes base, struct slw_tuf_model **ret_model,
                                        struct slw_detail *detail);

/*
 * Makes the next version. Refuses what no client would take, and what isn't a next version: another
 * base (SLW_STORED_STATE), a version not above it (SLW_ROLLBACK; for a root: other than one above),
 * a snapshot entry that falls (SLW_ROLLBACK), bad names (SLW_BAD_NAME), a threshold out of reach
 * (SLW_BAD_THRESHOLD), something to remove that isn't there (SLW_NOT_FOUND), something named twice
 * (SLW_DUPLICATE_TARGET for paths, else SLW_BAD_ARGUMENT), a custom that isn't a canonical object
 * or fields of another type (SLW_BAD_ARGUMENT). A refused change leaves the model
 * as it was.
 *
 * Keys that no role refers to any more go with the last one that did. A key that is listed already,
 * under whatever id, isn't listed again. An entry of a snapshot or timestamp whose version changes
 * carries the version only. A root becomes one with consistent snapshots.
 */
enum slw_status slw_tuf_model_apply(struct slw_tuf_model *model,
                                    const struct slw_tuf_change *change, struct slw_detail *detail);

/* Appends the canonical `signed`. It is hashed on the way, for slw_tuf_model_digest(). */
enum slw_status slw_tuf_model_encode(struct slw_tuf_model *model,
                                     struct slw_heap_buffer *ret_signed, struct slw_detail *detail);

/*
 * SHA-256 of the canonical `signed`: what the next change names as its base, and what is signed.
 * Costs nothing after load or encode. Zeros for a model of version 0.
 */
enum slw_status slw_tuf_model_digest(struct slw_tuf_model *model,
                                     uint8_t ret_digest[static SLW_SHA256_SIZE],
                                     struct slw_detail *detail);

void slw_tuf_model_free(struct slw_tuf_model *model);

int64_t slw_tuf_model_version(const struct slw_tuf_model *model);
int64_t slw_tuf_model_expires(const struct slw_tuf_model *model);
size_t slw_tuf_model_targets_count(const struct slw_tuf_model *model);

/* The target at a place in the order of their paths; views live until the next apply. */
void slw_tuf_model_target(const struct slw_tuf_model *model, size_t at,
                          struct slw_tuf_artifact *ret_artifact);
/* SLW_NOT_FOUND */
enum slw_status slw_tuf_model_find(const struct slw_tuf_model *model, struct slw_bytes path,
                                   size_t *ret_at);

/*
 * Roles that a root (always the four, in the order of enum slw_tuf_type) or a targets role's
 * delegations list, in their order; none in other types. Views live until the next apply.
 */
struct slw_tuf_listed_role {
    struct slw_bytes name; /* of bins: the prefix of their names */
    uint32_t threshold;
    size_t keys_count;
    size_t paths_count;    /* patterns */
    size_t prefixes_count; /* path_hash_prefixes: other programs make them, they are kept */
    uint32_t bit_length;   /* 0: not bins */
    bool terminating;
};
size_t slw_tuf_model_roles_count(const struct slw_tuf_model *model);
void slw_tuf_model_role(const struct slw_tuf_model *model, size_t at,
                        struct slw_tuf_listed_role *ret_role);
struct slw_bytes slw_tuf_model_role_key_id(const struct slw_tuf_model *model, size_t at,
                                           size_t key);
struct slw_bytes slw_tuf_model_role_path(const struct slw_tuf_model *model, size_t at, size_t path);
/* The place of a delegation by name; a bin's name finds its bins. SLW_NOT_FOUND */
enum slw_status slw_tuf_model_find_role(const struct slw_tuf_model *model, struct slw_bytes name,
                                        size_t *ret_at);

/* A key that root or delegations list, ready to verify with; lives until the next apply.
 * SLW_NOT_FOUND, and what slw_tuf_key_parse() says. */
enum slw_status slw_tuf_model_key(const struct slw_tuf_model *model, struct slw_bytes key_id,
                                  struct slw_tuf_key *ret_key, struct slw_detail *detail);

/*
 * Under which id the role at a place lists the key that key_id, made by slw_tuf_public_key_id(),
 * stands for: the same, or another when somebody else's program wrote the key's object (with
 * members of its own, say). SLW_NOT_FOUND when it isn't a key of the role, or listed under no
 * SHA-256.
 */
enum slw_status slw_tuf_model_signer(const struct slw_tuf_model *model, size_t at,
                                     const char key_id[static SLW_TUF_KEY_ID_SIZE],
                                     char ret_key_id[static SLW_TUF_KEY_ID_SIZE]);

/* What a snapshot lists, in the order of its file names; a timestamp lists "snapshot". */
size_t slw_tuf_model_metas_count(const struct slw_tuf_model *model);
void slw_tuf_model_meta(const struct slw_tuf_model *model, size_t at,
                        struct slw_tuf_meta_version *ret_meta);
/* SLW_NOT_FOUND */
enum slw_status slw_tuf_model_find_meta(const struct slw_tuf_model *model, struct slw_bytes role,
                                        int64_t *ret_version);

/*
 * A file: {"signatures":[…],"signed":…}. Key ids ascending, one signature each. Control characters,
 * which canonical form leaves as they are, are escaped.
 */
struct slw_tuf_signature {
    char key_id[SLW_TUF_KEY_ID_SIZE];
    struct slw_bytes sig_hex;
};
enum slw_status slw_tuf_file_format(struct slw_bytes signed_part,
                                    const struct slw_tuf_signature *signatures, size_t count,
                                    struct slw_heap_buffer *ret_file, struct slw_detail *detail);

/*
 * Key provider: who signs. It is asked for a role's next version by its difference, checks it,
 * makes the bytes itself, and answers with signatures over them. There is no call that takes bytes
 * to sign. An idempotency key names the request: asked again with the same, it answers the same.
 */
enum slw_tuf_answer { SLW_TUF_SIGNED, SLW_TUF_PENDING, SLW_TUF_REFUSED };

#define SLW_TUF_IDEMPOTENCY_SIZE 65u /* 64 characters and a zero */

struct slw_tuf_signatures {
    struct slw_tuf_signature *list; /* views into text */
    size_t count;
    struct slw_heap_buffer text;
    /* Set by a provider that verified all of them in this very process, over bytes with this
     * SHA-256, and only then: they aren't verified once more, if the bytes are the same. */
    bool are_verified;
    uint8_t digest[SLW_SHA256_SIZE];
};
void slw_tuf_signatures_free(struct slw_tuf_signatures *signatures);

struct slw_tuf_key_provider {
    void *context;
    /* May be asked from another thread than the one that it was given in, one question at a time.
     */
    /*
     * base: the role's file as published, empty without one. SLW_OK with an answer: SIGNED, and the
     * signatures by every key at hand that speaks for the role (they may be fewer than its
     * threshold), which count for nothing, and are shown to nobody, before they are verified;
     * PENDING: none yet, ask again later; REFUSED, with the reason in detail. Another
     * status when asking failed.
     */
    enum slw_status (*request)(void *context, const struct slw_tuf_change *change,
                               struct slw_bytes base, const char *idempotency_key,
                               enum slw_tuf_answer *ret_answer,
                               struct slw_tuf_signatures *ret_signatures,
                               struct slw_detail *detail);
};

/* Whether a key under this name signs for the role: they are the same, or the role is one of the
 * bins whose prefix stands before the name's `*`. */
bool slw_tuf_name_is_for(struct slw_bytes name, struct slw_bytes role);

/*
 * Keys in files: signs for a role with those of its keys that are in the role's list. names[i] is
 * the role that keys[i] signs for: "snapshot", "timestamp", "targets", "root", a delegated role, or
 * the prefix of bins followed by `*`. A role without a key here is PENDING. Keys are the caller's
 * and outlive the provider.
 *
 * What it refuses is REFUSED: a base or a change that slw_tuf_model_apply() doesn't take, and an
 * idempotency key among the last SLW_TUF_PROVIDER_REQUESTS_MAX that named another next version. It
 * keeps the last snapshot and timestamp that it signed, so as not to read them again; one thread at
 * a time may ask it.
 */
#define SLW_TUF_PROVIDER_REQUESTS_MAX 256u
struct slw_tuf_file_keys {
    const char *const *names;
    const struct slw_private_key *const *keys;
    size_t count;
};
enum slw_status slw_tuf_file_provider_new(const struct slw_tuf_file_keys *keys,
                                          struct slw_tuf_key_provider *ret_provider,
                                          struct slw_detail *detail);
void slw_tuf_file_provider_free(struct slw_tuf_key_provider *provider);

#endif
