/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: whether a bundle is one that this device may install, and if so, what is in it.
 * The same code runs in devices, tools and servers.
 *
 * It goes in steps, each bounded (one piece of metadata, one signature, one block of a payload), so
 * that a device answers calls in between and can stop at any moment. It reads each payload once.
 *
 *     slw_verifier_start(&verifier, &memory, &expectations, &trusted_root, &bundle);
 *     while (!verifier.done)
 *         if (slw_verifier_step(&verifier) != SLW_OK)
 *             return refuse(&verifier.finding);
 *     const struct slw_trusted_bundle *trusted = slw_verifier_result(&verifier);
 *
 * What it checks, in which order, and why: spec/SPEC.md, section 3. The first reason found counts.
 * Memory: the context is about 3.4 KiB; what the caller adds is in struct slw_verifier_memory.
 */
#ifndef SLIPWAY_VERIFIER_H
#define SLIPWAY_VERIFIER_H

#include "slipway/targets.h"

/* The caller's memory, in use until the caller is done with the result. */
struct slw_verifier_memory {
    uint8_t *block; /* for reading the bundle: at least 128 bytes, 4 KiB is good on small devices */
    size_t block_size;
    struct slw_root_key
        *root_keys; /* for three roots: 3 * limits.root_keys, about 100 bytes each */
    size_t root_keys_count;
    struct slw_signature *signatures; /* limits.signatures, about 100 bytes each */
    size_t signatures_count;
    struct slw_name *names; /* 32 bytes each; see targets.h for how many a release takes */
    size_t names_count;
};

/*
 * What verification hands out. Installers take nothing else. It refers to the verifier's memory and
 * to the bundle's source, and is read again only through functions that notice a changed storage.
 */
struct slw_trusted_bundle {
    const struct slw_source *source;
    struct slw_targets targets;
    struct slw_names names;
    struct slw_span signed_targets; /* SignedTargetsMetadata in the source */
    struct slw_span signed_root;    /* SignedRootMetadata; length 0: the bundle has none */
    uint64_t history_offset;        /* where root_history begins */
    size_t history_count;
    const struct slw_trusted_root *root; /* in force with this bundle */
    bool root_upgraded;
    bool resets_version; /* the stored targets version falls to this one at confirm */
};

/* A target as an installer wants it. */
struct slw_trusted_target {
    struct slw_target target;
    bool present;            /* false: not in the bundle, but installed already */
    struct slw_span payload; /* the image itself, or a form of it, in the source; when present */
    enum slw_encoding_kind kind;
};

enum slw_verifier_phase {
    SLW_VERIFY_TRUSTED_ROOT,
    SLW_VERIFY_WRAPPER,
    SLW_VERIFY_SHAPES,
    SLW_VERIFY_CLIMB,
    SLW_VERIFY_CLIMB_SIGNATURES,
    SLW_VERIFY_ROOT_IN_FORCE,
    SLW_VERIFY_TARGETS_SIGNATURES,
    SLW_VERIFY_TARGETS_DROPPED,
    SLW_VERIFY_TARGETS_CONTENT,
    SLW_VERIFY_PROOF,
    SLW_VERIFY_PAYLOADS,
    SLW_VERIFY_PAYLOAD_BYTES,
    SLW_VERIFY_ABSENT,
    SLW_VERIFY_MEASURE,
    SLW_VERIFY_DONE,
};

#define SLW_VERIFIER_LOOKUP_SIZE 256u
#define SLW_VERIFIER_UNLISTED_MAX 8u
#define SLW_TARGETS_ENTRIES_MAX 32u

struct slw_verifier {
    bool done;                  /* with SLW_OK: slw_verifier_result() has the bundle */
    struct slw_finding finding; /* after a refusal */
    /* private */
    enum slw_verifier_phase phase;
    const struct slw_expectations *expectations;
    const struct slw_source *bundle;
    const struct slw_source *trusted_root;
    struct slw_verifier_memory memory;
    struct slw_trusted_bundle result;
    struct slw_reader reader; /* over the bundle, with the caller's block */
    struct slw_reader lookup; /* over the bundle, with lookup_block */
    struct slw_proto proto;   /* over the wrapper */
    uint64_t next_field;      /* of the wrapper, where a walk goes on */
    /* roots: the provisioned one, the one climbed to, the next */
    struct slw_trusted_root provisioned;
    struct slw_trusted_root current;
    struct slw_untrusted_root next_root;
    struct slw_root_key *spare_keys;
    uint64_t kept_keys; /* of current: targets keys of all roots since the stored release's */
    struct slw_signatures signatures;
    struct slw_root_succession succession;
    struct slw_quorum quorum;
    struct slw_quorum dropped;
    size_t climbed;
    bool climbing_last;
    bool has_root;
    uint32_t last_history_version;
    /* the wrapper */
    struct slw_span proof_span; /* length 0: none, or an empty one */
    bool has_targets;
    uint8_t entry_keys[SLW_TARGETS_ENTRIES_MAX][8];
    size_t entry_keys_count;
    uint64_t first_payload;
    bool has_payloads;
    struct slw_proof proof;
    /* payloads */
    struct slw_sha256 hash;
    struct slw_name *payload_entry;
    struct slw_target payload_target;
    struct slw_span payload;
    uint64_t payload_read;
    uint64_t payload_entry_end;
    bool has_unlisted;
    struct slw_finding unlisted;
    uint8_t unlisted_keys[SLW_VERIFIER_UNLISTED_MAX][8];
    size_t unlisted_count;
    struct slw_target_walk walk;
    struct slw_installed_image installed;
    struct slw_name *measured_entry;
    uint8_t lookup_block[SLW_VERIFIER_LOOKUP_SIZE]; /* before lookups: scratch for signatures */
};

/*
 * bundle: the UpdateBundle. trusted_root: a SignedRootMetadata, taken as it was provisioned.
 * Everything given must live as long as the verifier.
 */
void slw_verifier_start(struct slw_verifier *verifier, const struct slw_verifier_memory *memory,
                        const struct slw_expectations *expectations,
                        const struct slw_source *trusted_root, const struct slw_source *bundle);

/*
 * Goes on by one step. SLW_OK: call again unless done. Anything else ends it: a reason for refusal,
 * or SLW_IO, SLW_IO_CRYPTO; the finding says where. Further calls return the same.
 */
SLW_MUST_USE enum slw_status slw_verifier_step(struct slw_verifier *verifier);

/* Share of the bundle's bytes that has been verified, in hundredths of a percent. */
uint32_t slw_verifier_progress(const struct slw_verifier *verifier);

/* NULL until it is done. */
const struct slw_trusted_bundle *slw_verifier_result(const struct slw_verifier *verifier);

/* The root in force as far as it is known, for messages; NULL before a trusted root was loaded. */
const struct slw_root *slw_verifier_root(const struct slw_verifier *verifier);

/*
 * The targets in listed order, user_manifest among them. walk is started with
 * slw_target_walk_start(&walk, bundle->source, &bundle->targets, block, block_size), with a block
 * of its own. SLW_NOT_FOUND after the last, SLW_IO when the storage changed.
 */
SLW_MUST_USE enum slw_status slw_trusted_bundle_next_target(const struct slw_trusted_bundle *bundle,
                                                            struct slw_target_walk *walk,
                                                            struct slw_trusted_target *ret_target);

#endif
