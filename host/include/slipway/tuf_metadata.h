/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Metadata files of a TUF repository (TUF 1.0.34, section 4), read in the order that trust asks
 * for: first the shape of the envelope, then the signatures, and only then what is signed.
 *
 *     struct slw_tuf_file file; // nobody vouches for it yet
 *     SLW_TRY(slw_tuf_file_parse(name, &bytes, limit, SLW_TUF_TIMESTAMP, &file, detail));
 *     SLW_TRY(slw_tuf_file_verify(&file, &root.keys, &root.roles[SLW_TUF_TIMESTAMP], detail));
 *     SLW_TRY(slw_tuf_timestamp_read(&file, &timestamp, detail)); // its content is signed
 *
 * A file owns its bytes, as received; views of what was read point into it and live as long.
 * Unknown members are kept in what is signed and otherwise passed over (section 4: "Implementers
 * who encounter undefined attribute-value pairs in the format must include the data when
 * calculating hashes or verifying signatures and must preserve the data when re-serializing").
 */
#ifndef SLIPWAY_TUF_METADATA_H
#define SLIPWAY_TUF_METADATA_H

#include "slipway/tuf_key.h"

enum slw_tuf_type { SLW_TUF_ROOT, SLW_TUF_TIMESTAMP, SLW_TUF_SNAPSHOT, SLW_TUF_TARGETS };
#define SLW_TUF_TYPES 4u

/* "root", "timestamp", "snapshot", "targets". */
const char *slw_tuf_type_name(enum slw_tuf_type type);
/* The type that has this name: the name is that of a top-level role. */
SLW_MUST_USE bool slw_tuf_type_named(struct slw_bytes name, enum slw_tuf_type *ret_type);

/* More are refused as too-large, after bounded work. */
#define SLW_TUF_SIGNATURES_MAX 256u
#define SLW_TUF_KEYS_MAX 1024u        /* in a root or in a targets role's delegations */
#define SLW_TUF_ROLE_KEYS_MAX 256u    /* of one role */
#define SLW_TUF_ROLE_NAME_MAX 1024u   /* bytes */
#define SLW_TUF_TARGET_PATH_MAX 1024u /* targets with longer ones are listed in vain */
#define SLW_TUF_DELEGATED_ROLES_MAX 65536u

/* Private: what a signature was found to be with a key, so that it isn't computed again when a
 * second delegator, or a new root itself, has the same key. */
struct slw_tuf_weighed {
    uint8_t fingerprint[SLW_SHA256_SIZE]; /* of the key */
    enum slw_status status;
    bool is_known;
};

/*
 * A file whose shape is known: {"signatures": [{"keyid", "sig"}…], "signed": {"_type", …}}. It may
 * be moved as long as nothing was read from it: what was read points to it.
 */
struct slw_tuf_file {
    struct slw_heap_buffer bytes; /* as received */
    struct slw_json_document json;
    uint32_t signatures; /* the array */
    uint32_t signed_part;
    enum slw_tuf_type type; /* of `_type` */
    struct slw_heap_buffer scratch;
    struct slw_bytes canonical;      /* of `signed`: what signatures are over */
    uint8_t digest[SLW_SHA256_SIZE]; /* SHA-256 of canonical */
    struct slw_tuf_weighed *weighed; /* one for each signature */
    char *name;                      /* what details call it */
};

/*
 * Takes bytes over (they are empty afterwards, also when it fails) and looks at the shape.
 * SLW_TOO_LARGE over limit bytes, SLW_MALFORMED, SLW_DUPLICATE_SIGNATURE for a key id twice among
 * the signatures; SLW_WRONG_ROLE when `_type` isn't wanted.
 */
SLW_MUST_USE enum slw_status slw_tuf_file_parse(const char *name, struct slw_heap_buffer *bytes,
                                                size_t limit, enum slw_tuf_type wanted,
                                                struct slw_tuf_file *ret_file,
                                                struct slw_detail *detail);
void slw_tuf_file_free(struct slw_tuf_file *file);

/* A key of a root or of delegations, by its id there. */
struct slw_tuf_listed_key {
    struct slw_bytes id;
    uint32_t value; /* the key object, in the file that lists it */
    bool known;     /* of a kind that we know: others can't count */
};

/* Who may sign for a role: what the delegator says of it. */
struct slw_tuf_role {
    struct slw_bytes name;
    uint32_t key_ids; /* the array, in the delegator's file */
    uint32_t threshold;
};

/* The keys of a delegator: a root, or a targets role's `delegations`. Sorted by id. */
struct slw_tuf_keys {
    const struct slw_tuf_file *file;
    struct slw_tuf_listed_key *keys;
    size_t count;
};

/*
 * Section 5: a file "MUST have been signed by a threshold of keys". A key counts once by its public
 * key, whatever its ids; signatures by others, empty or bad ones, and ones of unknown kinds don't
 * count, nor do key ids of the role that the delegator lists no key for. Ends with the signature
 * that reaches the threshold. SLW_UNSIGNED when there is no signature at all (empty ones are none),
 * SLW_BELOW_THRESHOLD (saying how many of how many); SLW_BAD_KEY instead when a key whose signature
 * is there isn't one.
 */
SLW_MUST_USE enum slw_status slw_tuf_file_verify(const struct slw_tuf_file *file,
                                                 const struct slw_tuf_keys *keys,
                                                 const struct slw_tuf_role *role,
                                                 struct slw_detail *detail);

/* What all four types have. */
struct slw_tuf_common {
    int64_t version; /* 1 to INT64_MAX */
    int64_t expires_utc_s;
};

struct slw_tuf_root {
    struct slw_tuf_common common;
    bool consistent_snapshot;
    struct slw_tuf_keys keys;
    struct slw_tuf_role roles[SLW_TUF_TYPES];
};

/* What a timestamp or a snapshot says of a file. */
struct slw_tuf_meta {
    int64_t version;
    bool has_length;
    uint64_t length;
    uint32_t hashes; /* the object, or SLW_JSON_NONE */
};

struct slw_tuf_timestamp {
    struct slw_tuf_common common;
    struct slw_tuf_meta snapshot;
};

struct slw_tuf_snapshot {
    struct slw_tuf_common common;
    uint32_t meta; /* the object: "ROLE.json" to what slw_tuf_snapshot_find() reads */
};

/*
 * One delegation of a targets role, in the order of the file. Exactly one of paths, prefixes and
 * bins says what it is trusted for.
 */
struct slw_tuf_delegation {
    struct slw_tuf_role role; /* name: of bins, the prefix of their names */
    bool terminating;
    uint32_t paths;      /* array of patterns, or SLW_JSON_NONE */
    uint32_t prefixes;   /* array of path_hash_prefixes, or SLW_JSON_NONE */
    uint32_t bit_length; /* 1 to 32: succinct hash bins (TAP 15); 0: not bins */
};

struct slw_tuf_targets {
    struct slw_tuf_common common;
    const struct slw_tuf_file *file;
    uint32_t targets; /* the object */
    size_t targets_count;
    struct slw_tuf_keys keys;
    struct slw_tuf_delegation *delegations;
    size_t delegations_count;
};

struct slw_tuf_target {
    struct slw_bytes path;
    uint64_t length;
    uint32_t hashes; /* the object; at least one of sha256 and sha512 is among them */
    uint32_t custom; /* or SLW_JSON_NONE */
    const struct slw_json_document *json; /* of the file that lists it */
};

enum slw_tuf_key_ids {
    SLW_TUF_KEY_IDS_CHECKED, /* "Clients MUST calculate each KEYID to verify this is correct for the
                                associated key" */
    SLW_TUF_KEY_IDS_ANY,     /* TAP 12: unique names, no more; for repositories that were made so */
};

/*
 * Content, to be read once the signatures are verified (a new root's, to verify it by its own
 * keys). Everything is checked: types, ranges, dates, spec_version, key ids, paths. Two things wait
 * until a signature is verified: whether a listed key's value is a key, and whether a threshold can
 * be reached (a root whose snapshot role lacks a key is a good root, and the next one can mend it).
 * SLW_MALFORMED, SLW_BAD_SPEC_VERSION, SLW_MISSING_TARGETS, SLW_BAD_KEY (a key id that isn't the
 * key's, or twice in a role), SLW_BAD_THRESHOLD (0 or less), SLW_MISSING_HASH, SLW_BAD_NAME,
 * SLW_TOO_LARGE. Free a root and targets that were read.
 */
SLW_MUST_USE enum slw_status slw_tuf_root_read(const struct slw_tuf_file *file,
                                               enum slw_tuf_key_ids key_ids,
                                               struct slw_tuf_root *ret_root,
                                               struct slw_detail *detail);
void slw_tuf_root_free(struct slw_tuf_root *root);

SLW_MUST_USE enum slw_status slw_tuf_timestamp_read(const struct slw_tuf_file *file,
                                                    struct slw_tuf_timestamp *ret_timestamp,
                                                    struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_snapshot_read(const struct slw_tuf_file *file,
                                                   struct slw_tuf_snapshot *ret_snapshot,
                                                   struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_tuf_targets_read(const struct slw_tuf_file *file,
                                                  enum slw_tuf_key_ids key_ids,
                                                  struct slw_tuf_targets *ret_targets,
                                                  struct slw_detail *detail);
void slw_tuf_targets_free(struct slw_tuf_targets *targets);

/* What a snapshot says of ROLE.json; SLW_NOT_FOUND when it doesn't list it. */
SLW_MUST_USE enum slw_status slw_tuf_snapshot_find(const struct slw_tuf_file *file,
                                                   const struct slw_tuf_snapshot *snapshot,
                                                   struct slw_bytes role,
                                                   struct slw_tuf_meta *ret_meta);

/* An entry of the `meta` of a snapshot that was read. */
SLW_MUST_USE enum slw_status slw_tuf_meta_read(const struct slw_json_document *json, uint32_t entry,
                                               struct slw_tuf_meta *ret_meta,
                                               struct slw_detail *detail);

/* A target by its path in this role alone; SLW_NOT_FOUND; SLW_MISSING_HASH when it is listed with
 * hashes of unknown kinds alone, which is no reason to refuse the others. */
SLW_MUST_USE enum slw_status slw_tuf_targets_find(const struct slw_tuf_targets *targets,
                                                  struct slw_bytes path,
                                                  struct slw_tuf_target *ret_target);
/* The same of a target that was come to in going through targets->targets: a name and its value. */
SLW_MUST_USE enum slw_status slw_tuf_targets_at(const struct slw_tuf_targets *targets,
                                                struct slw_bytes path, uint32_t value,
                                                struct slw_tuf_target *ret_target);

/*
 * Whether a delegation is trusted for a path, and through which role: for bins the name of the bin,
 * appended to ret_role; else the delegation's. Patterns: `*` and `?` don't cross `/`, case counts,
 * both have the same number of segments.
 */
SLW_MUST_USE bool slw_tuf_delegation_matches(const struct slw_tuf_targets *delegator,
                                             const struct slw_tuf_delegation *delegation,
                                             struct slw_bytes path,
                                             struct slw_heap_buffer *ret_role);
SLW_MUST_USE bool slw_tuf_pattern_matches(struct slw_bytes pattern, struct slw_bytes path);

/* Hash bins (TAP 15). The number of a path's bin, and a bin's name, appended: "PREFIX-0f". */
uint32_t slw_tuf_bin_of(struct slw_bytes path, uint32_t bit_length);
void slw_tuf_bin_name(struct slw_bytes prefix, uint32_t bit_length, uint32_t bin,
                      struct slw_heap_buffer *ret_name);
/* Whether a name is that of one of the bins. */
SLW_MUST_USE bool slw_tuf_is_bin(struct slw_bytes name, struct slw_bytes prefix,
                                 uint32_t bit_length);

/*
 * Whether bytes have this length and these hashes. Every sha256 and sha512 must be right; others
 * are passed over, but one of the two must be there. SLW_OK, SLW_WRONG_LENGTH, SLW_WRONG_HASH,
 * SLW_MISSING_HASH.
 */
struct slw_tuf_hasher {
    void *sha256; /* private: EVP contexts, NULL when that hash isn't listed */
    void *sha512;
    bool failed; /* the crypto library did */
    uint64_t length;
    uint8_t expected_sha256[32];
    uint8_t expected_sha512[64];
};
SLW_MUST_USE enum slw_status slw_tuf_hasher_init(const struct slw_json_document *json,
                                                 uint32_t hashes,
                                                 struct slw_tuf_hasher *ret_hasher);
void slw_tuf_hasher_update(struct slw_tuf_hasher *hasher, struct slw_bytes piece);
SLW_MUST_USE enum slw_status slw_tuf_hasher_check(struct slw_tuf_hasher *hasher, uint64_t length);
void slw_tuf_hasher_free(struct slw_tuf_hasher *hasher);

/* "2030-01-31T00:00:00Z", exactly so (section 4.2.1: "YYYY-MM-DDTHH:MM:SSZ"). */
SLW_MUST_USE bool slw_tuf_time_parse(struct slw_bytes text, int64_t *ret_utc_s);

/*
 * Appends a name with everything but letters, digits, `_`, `.`, `-`, `~` as %XX, and `.` and `..`
 * as %2E and %2E%2E: a file name, whatever the name is (an empty one stays empty).
 */
void slw_tuf_encode_name(struct slw_bytes name, struct slw_heap_buffer *ret_text);

#endif
