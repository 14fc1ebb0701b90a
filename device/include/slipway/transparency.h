/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transparency proofs: whether the log that a product trusts, and enough of the witnesses that
 * watch it, vouch for a release. Whoever steals signing keys can then make no release in secret.
 *
 * A proof is a few hundred bytes in the bundle: where the release's leaf is in the log's Merkle
 * tree, the hashes from it up to the root, the log's signature over that root, and cosignatures of
 * witnesses. It is read once, forwards, in any number of pieces; what is kept of it is one hash.
 * The leaf isn't in it: it is made from the metadata that were verified.
 *
 *     slw_proof_start(&proof, &transparency, targets.release_leaf);
 *     while (!proof.done)
 *         SLW_TRY(slw_proof_step(&proof, &reader, scratch, &finding));
 *
 * The verifier does this (verifier.h) when its expectations have a struct slw_transparency.
 * Sources: spec/SIGNING.md, section 3; RFC 6962, 2.1; C2SP signed-note, tlog-checkpoint and
 * tlog-cosignature.
 */
#ifndef SLIPWAY_TRANSPARENCY_H
#define SLIPWAY_TRANSPARENCY_H

#include "slipway/crypto.h"
#include "slipway/finding.h"

#define SLW_TRANSPARENCY_NAME_SIZE_MAX 128u
#define SLW_TRANSPARENCY_WITNESSES_MAX 16u

/* Parts of a proof, in their order (SIGNING.md, section 3). */
#define SLW_PROOF_VERSION 1u
#define SLW_PROOF_HASHES_MAX 63u
#define SLW_PROOF_COSIGNATURES_MAX 16u
#define SLW_TRANSPARENCY_KEY_ID_SIZE 4u
#define SLW_PROOF_LOG_SIGNATURE_SIZE (SLW_TRANSPARENCY_KEY_ID_SIZE + SLW_SIGNATURE_SIZE)
#define SLW_PROOF_COSIGNATURE_SIZE (SLW_TRANSPARENCY_KEY_ID_SIZE + 8u + SLW_SIGNATURE_SIZE)
#define SLW_PROOF_SIZE_MAX                                                                         \
    (1u + 8u + 8u + 1u + SLW_PROOF_HASHES_MAX * SLW_SHA256_SIZE + SLW_PROOF_LOG_SIGNATURE_SIZE +   \
     1u + SLW_PROOF_COSIGNATURES_MAX * SLW_PROOF_COSIGNATURE_SIZE)

/* A tree has at most so many leaves, and times of cosignatures are no later. */
#define SLW_PROOF_TREE_SIZE_MAX ((uint64_t)INT64_MAX)

/* Types of keys in signed notes. */
enum slw_transparency_key_type { SLW_TRANSPARENCY_LOG_KEY = 1, SLW_TRANSPARENCY_WITNESS_KEY = 4 };

struct slw_transparency_key {
    struct slw_bytes name; /* 1 to 128 bytes without white space, controls or a plus sign */
    uint8_t ed25519[SLW_ED25519_KEY_SIZE];
};

/* What a product trusts; constant data. */
struct slw_transparency {
    struct slw_transparency_key log; /* named by the log's origin */
    const struct slw_transparency_key *witnesses;
    size_t witnesses_count;
    size_t quorum; /* so many of them must have cosigned; 0: the log's signature is enough */
};

/*
 * SLW_BAD_ARGUMENT for a configuration that makes no sense: names that can't be, more than
 * SLW_TRANSPARENCY_WITNESSES_MAX witnesses, a quorum that is out of reach, a key twice (one witness
 * would count as two), or two key ids alike (no proof could tell whose signature it has).
 */
SLW_MUST_USE enum slw_status slw_transparency_check(const struct slw_transparency *transparency);

/* First four bytes of SHA-256(name, line feed, type, key). */
void slw_transparency_key_id(const struct slw_transparency_key *key,
                             enum slw_transparency_key_type type,
                             uint8_t ret_id[static SLW_TRANSPARENCY_KEY_ID_SIZE]);

/*
 * The hash of a release's leaf: product (at most 65,535 bytes), targets version, SHA-256 of the
 * serialized targets metadata. Also in two pieces, around updates of hash with product's bytes.
 */
void slw_release_leaf_hash(struct slw_bytes product, uint32_t version,
                           const uint8_t metadata_sha256[static SLW_SHA256_SIZE],
                           uint8_t ret_leaf[static SLW_SHA256_SIZE]);
void slw_release_leaf_start(struct slw_sha256 *hash, uint16_t product_len);
void slw_release_leaf_finish(struct slw_sha256 *hash, uint32_t version,
                             const uint8_t metadata_sha256[static SLW_SHA256_SIZE],
                             uint8_t ret_leaf[static SLW_SHA256_SIZE]);

enum slw_proof_part { SLW_PROOF_PATH, SLW_PROOF_LOG_SIGNATURE, SLW_PROOF_COSIGNATURES };

/* Bytes that a step needs for a message that somebody signed. */
#define SLW_PROOF_SCRATCH_SIZE 256u

struct slw_proof {
    bool done;       /* with SLW_OK: the release is in the log */
    uint64_t index;  /* of its leaf */
    uint64_t size;   /* of the tree in which it was proven */
    size_t cosigned; /* by so many known witnesses */
    /* private */
    const struct slw_transparency *transparency;
    enum slw_proof_part part;
    uint8_t root[SLW_SHA256_SIZE]; /* the leaf first, then each node on the way up */
    uint32_t seen;                 /* bit per witness */
    uint8_t cosignatures_left;
};

/* leaf: the hash of what has to be in the log. Both must live as long as the proof. */
void slw_proof_start(struct slw_proof *proof, const struct slw_transparency *transparency,
                     const uint8_t leaf[static SLW_SHA256_SIZE]);

/*
 * Reads the next part, with at most one signature to verify; the reader is where the step before
 * left it, at first at the beginning of the proof, and its end is the proof's. scratch isn't kept
 * from step to step. SLW_BAD_PROOF for whatever is wrong with the proof, with the name of the log
 * or witness whose signature it is, or the number of witnesses that cosigned and the quorum;
 * SLW_BAD_ARGUMENT: see slw_transparency_check(); else SLW_IO, SLW_IO_CRYPTO.
 */
SLW_MUST_USE enum slw_status slw_proof_step(struct slw_proof *proof, struct slw_reader *reader,
                                            uint8_t scratch[static SLW_PROOF_SCRATCH_SIZE],
                                            struct slw_finding *finding);

#endif
