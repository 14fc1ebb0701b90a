/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Witnesses (C2SP tlog-witness): a witness cosigns a checkpoint of a log when it continues the one
 * that it cosigned before. Both sides as text: what decides and remembers, for `slipway audit
 * witness`; and bodies made and answers read, for the key process. Who carries them over HTTP is
 * the front.
 */
#ifndef SLIPWAY_WITNESS_H
#define SLIPWAY_WITNESS_H

#include "slipway/merkle.h"
#include "slipway/note.h"

#define SLW_WITNESS_BODY_SIZE_MAX 16384u
#define SLW_WITNESS_ANSWER_SIZE_MAX 16384u
#define SLW_WITNESS_LOGS_MAX 64u
#define SLW_WITNESS_PROOF_LINES_MAX 63u
#define SLW_WITNESS_SIZE_TYPE "text/x.tlog.size"

/* --- Who asks --- */

/* Appends the body of add-checkpoint: old size, consistency proof, the signed checkpoint. */
SLW_MUST_USE enum slw_status slw_witness_body_format(uint64_t old_size,
                                                     const struct slw_merkle_path *proof,
                                                     struct slw_bytes checkpoint,
                                                     struct slw_heap_buffer *ret_body);

enum slw_witness_result {
    SLW_WITNESS_COSIGNED = 1,
    SLW_WITNESS_CONFLICT, /* it holds another size: ask again from there, or be behind */
    SLW_WITNESS_REFUSED,  /* any other answer */
};

struct slw_witness_answer {
    enum slw_witness_result result;
    uint64_t size; /* CONFLICT: of the checkpoint that the witness holds */
    uint64_t time; /* COSIGNED: seconds since 1970 */
    uint8_t signature[SLW_SIGNATURE_SIZE];
};

/*
 * Reads what a witness answered with an HTTP status, about the checkpoint with this text.
 * SLW_MALFORMED, SLW_BAD_SIGNATURE, SLW_UNSIGNED for a 200 that isn't its cosignature. ret_line,
 * not NULL, gets the signature line appended.
 */
SLW_MUST_USE enum slw_status slw_witness_answer_read(unsigned http_status, struct slw_bytes body,
                                                     struct slw_bytes checkpoint_text,
                                                     const struct slw_note_key *witness,
                                                     struct slw_witness_answer *ret_answer,
                                                     struct slw_heap_buffer *ret_line,
                                                     struct slw_detail *detail);

/* --- A witness --- */

struct slw_witness_settings {
    const char *directory;                /* its state, made when it isn't there */
    const struct slw_note_signer *signer; /* type SLW_NOTE_COSIGNATURE */
    const struct slw_note_key *logs; /* whom it cosigns: type SLW_NOTE_ED25519, names = origins */
    size_t log_count;
};

struct slw_witness;

/* SLW_STORED_STATE when its state isn't what it wrote; SLW_WRONG_STATE when another process has it
 * open. What settings points to must outlive it. */
SLW_MUST_USE enum slw_status slw_witness_open(const struct slw_witness_settings *settings,
                                              struct slw_witness **ret_witness,
                                              struct slw_detail *detail);
void slw_witness_close(struct slw_witness *witness);

/*
 * Answers add-checkpoint at a time: 200 with the cosignature, 400, 403, 404, 409 with the size that
 * it holds (SLW_WITNESS_SIZE_TYPE; the text of a fork's 409 is the same), 422. ret_body is appended
 * to. A cosignature is durable in the state before it is answered, and never older than the last
 * one for that log. Fails, with 500 as the status to send, when the disk or the key does.
 */
enum slw_status slw_witness_add_checkpoint(struct slw_witness *witness, struct slw_bytes body,
                                           uint64_t now_utc_s, unsigned *ret_http_status,
                                           struct slw_heap_buffer *ret_body,
                                           struct slw_detail *detail);

/* What it holds of a log by its origin; false when it never cosigned. */
bool slw_witness_holds(const struct slw_witness *witness, struct slw_bytes origin,
                       uint64_t *ret_size, struct slw_merkle_hash *ret_root);

#endif
