/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed metadata: where the signed bytes are, which signatures are on them, and whether enough
 * keys of a role made them. Used for roots and targets metadata alike.
 */
#ifndef SLIPWAY_SIGNATURES_H
#define SLIPWAY_SIGNATURES_H

#include "slipway/crypto.h"
#include "slipway/finding.h"

/* Where something is in a source. */
struct slw_span {
    uint64_t offset;
    uint64_t length;
};

struct slw_signature {
    uint8_t key_id[SLW_KEY_ID_SIZE]; /* or the SHA-256 of an id that is longer */
    uint8_t sig[SLW_SIGNATURE_SIZE];
    uint8_t key_id_len; /* 255: longer than 32, see above; only 32 can be a key's */
    bool sig_fits;      /* 64 bytes; anything else is a bad signature */
};

/* entries is the caller's memory for up to max signatures. */
struct slw_signatures {
    struct slw_signature *entries;
    size_t max;
    size_t count;
};

/*
 * Checks the shape of the SignedXMetadata that reaches from the reader's position to its end, and
 * finds the signed bytes in it. SLW_TOO_LARGE for more than signatures_max signatures or more than
 * size_max signed bytes; SLW_MALFORMED.
 */
SLW_MUST_USE enum slw_status slw_signed_scan(struct slw_reader *reader, size_t signatures_max,
                                             uint64_t size_max, struct slw_span *ret_serialized);

/* Reads the signatures of the same message; SLW_TOO_LARGE when they don't fit. */
SLW_MUST_USE enum slw_status slw_signatures_read(struct slw_reader *reader,
                                                 struct slw_signatures *signatures);

/* SLW_UNSIGNED for none, SLW_DUPLICATE_SIGNATURE for a key id twice, known or not. */
SLW_MUST_USE enum slw_status slw_signatures_check(const struct slw_signatures *signatures,
                                                  enum slw_role role, struct slw_finding *finding);

struct slw_root;

/* The signed bytes: where they are, and the digest of what was parsed. */
struct slw_message {
    const struct slw_source *source;
    struct slw_span span;
    const uint8_t *sha256; /* 32 bytes */
};

/*
 * Counts the keys of one role of one root that signed a message, one signature a step, so that a
 * device can answer calls in between. A key counts once however often it signed.
 *
 *     slw_quorum_start(&quorum, root, SLW_ROLE_TARGETS);
 *     while (!quorum.done)
 *         SLW_TRY(slw_quorum_step(&quorum, &signatures, &message, block, block_size));
 *     if (!slw_quorum_reached(&quorum)) ...
 */
struct slw_quorum {
    const struct slw_root *root;
    enum slw_role role;
    const struct slw_root *except; /* keys that this root has in the role don't count; or NULL */
    size_t next;                   /* signature to look at */
    uint64_t counted;              /* bit per key of root */
    uint32_t good;
    uint32_t enough; /* stop counting here */
    bool done;
};

void slw_quorum_start(struct slw_quorum *quorum, const struct slw_root *root, enum slw_role role);

static inline bool slw_quorum_reached(const struct slw_quorum *quorum)
{
    return quorum->enough > 0 && quorum->good >= quorum->enough;
}

/*
 * Counts instead the keys that root has in the role and other hasn't (revoked keys), until enough.
 */
void slw_quorum_start_dropped(struct slw_quorum *quorum, const struct slw_root *root,
                              enum slw_role role, const struct slw_root *other, uint32_t enough);

/*
 * Looks at one signature. block is scratch for reading the message again where a scheme needs it
 * (Ed25519 signs the message, not its digest); SLW_IO when the storage then shows other bytes than
 * those that were parsed.
 */
SLW_MUST_USE enum slw_status slw_quorum_step(struct slw_quorum *quorum,
                                             const struct slw_signatures *signatures,
                                             const struct slw_message *message, uint8_t *block,
                                             size_t block_size);

#endif
