/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs that a leaf is in a log, to be verified offline: as text for people and other programs
 * (C2SP tlog-proof@v1), and in the binary form that bundles carry (spec/SIGNING.md, section 3).
 *
 *     SLW_TRY(slw_tlog_proof_verify(&proof, leaf, &log_key, witnesses, count, quorum, detail));
 */
#ifndef SLIPWAY_TLOG_PROOF_H
#define SLIPWAY_TLOG_PROOF_H

#include "slipway/merkle.h"
#include "slipway/note.h"

#define SLW_TLOG_PROOF_WITNESSES_MAX 16u
#define SLW_TLOG_PROOF_EXTRA_SIZE_MAX 16384u
#define SLW_TLOG_PROOF_BINARY_SIZE_MAX                                                             \
    (18u + 63u * SLW_SHA256_SIZE + 4u + SLW_SIGNATURE_SIZE + 1u +                                  \
     SLW_TLOG_PROOF_WITNESSES_MAX * (4u + SLW_NOTE_COSIGNATURE_SIZE))

struct slw_tlog_proof {
    uint64_t index;
    struct slw_merkle_path path;
    struct slw_bytes checkpoint; /* a signed note with its cosignatures */
    struct slw_heap_buffer extra;
};

/* Appends it as text. */
void slw_tlog_proof_format(const struct slw_tlog_proof *proof, struct slw_heap_buffer *ret_text);

/* Reads text; checkpoint is a view into it. Free with slw_tlog_proof_free(). */
SLW_MUST_USE enum slw_status slw_tlog_proof_parse(const char *what, struct slw_bytes text,
                                                  struct slw_tlog_proof *ret_proof,
                                                  struct slw_detail *detail);
void slw_tlog_proof_free(struct slw_tlog_proof *proof);

/*
 * Verifies that a leaf with these bytes is in the log of log_key, and that at least quorum of the
 * witnesses cosigned. SLW_BAD_PROOF with what is wrong.
 */
SLW_MUST_USE enum slw_status
slw_tlog_proof_verify(const struct slw_tlog_proof *proof, struct slw_bytes leaf,
                      const struct slw_note_key *log_key, const struct slw_note_key *witnesses,
                      size_t witness_count, size_t quorum, struct slw_detail *detail);

/*
 * Appends the binary form: of the checkpoint, what log_key signed and what the witnesses cosigned;
 * other signatures are left out. SLW_BAD_PROOF when the log's isn't there or one doesn't verify.
 */
SLW_MUST_USE enum slw_status
slw_tlog_proof_encode(const struct slw_tlog_proof *proof, const struct slw_note_key *log_key,
                      const struct slw_note_key *witnesses, size_t witness_count,
                      struct slw_heap_buffer *ret_binary, struct slw_detail *detail);

/* The binary form taken apart; nothing is verified. */
struct slw_tlog_proof_fields {
    uint64_t index;
    uint64_t size;
    struct slw_merkle_path path;
    uint8_t log_key_id[SLW_NOTE_KEY_ID_SIZE];
    uint8_t log_signature[SLW_SIGNATURE_SIZE];
    size_t cosignature_count;
    struct {
        uint8_t key_id[SLW_NOTE_KEY_ID_SIZE];
        uint64_t time;
        uint8_t signature[SLW_SIGNATURE_SIZE];
    } cosignatures[SLW_TLOG_PROOF_WITNESSES_MAX];
};
SLW_MUST_USE enum slw_status slw_tlog_proof_decode(struct slw_bytes binary,
                                                   struct slw_tlog_proof_fields *ret_fields,
                                                   struct slw_detail *detail);

/*
 * Makes the text's parts of the binary form: the checkpoint is written again from the leaf, whose
 * root the path gives, with the names of the keys that are known; cosignatures of others can't be
 * named and are left out. Nothing is verified. The checkpoint is kept in ret_checkpoint.
 */
SLW_MUST_USE enum slw_status
slw_tlog_proof_from_binary(const struct slw_tlog_proof_fields *fields, struct slw_bytes leaf,
                           const struct slw_note_key *log_key, const struct slw_note_key *witnesses,
                           size_t witness_count, struct slw_tlog_proof *ret_proof,
                           struct slw_heap_buffer *ret_checkpoint, struct slw_detail *detail);

#endif
