/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the signing service for the signature of a bundle or a root, in steps that survive a crash
 * between any two of them: both statements are made and signed first, and kept by the caller;
 * sending them again, as often as one likes, is the same request (SIGNING.md, sections 2 and 6).
 * Used by `slipway sign submit` and by the depot.
 *
 *     SLW_TRY(slw_signer_ask_make(&what, &asked, detail));
 *     … asked.stage, asked.request, asked.id go to disk …
 *     SLW_TRY(slw_signer_ask_send(client, &asked, &source, NULL, &receipt, detail));
 *     … once the request is signed …
 *     SLW_TRY(slw_signer_ask_fetch(client, asked.id, with_proof, &signature, &proof, detail));
 *     SLW_TRY(slw_signer_result_verify(…)); // nothing of it is believed before
 *     slw_signer_asked_free(&asked);
 */
#ifndef SLIPWAY_SIGNER_ASK_H
#define SLIPWAY_SIGNER_ASK_H

#include "slipway/signer_client.h"
#include "slipway/statements.h"

struct slw_signer_ask {
    struct slw_bytes name;           /* what people call the file; may be empty */
    struct slw_bytes signer;         /* origin of the service's log */
    struct slw_bytes key;            /* the policy's name of the key that is to sign */
    struct slw_bytes channel;        /* may be empty */
    enum slw_operation operation;    /* SIGN_TARGETS or SIGN_ROOT */
    uint8_t sha256[SLW_SHA256_SIZE]; /* of the file, and its length */
    uint64_t length;
    int64_t now_utc_s, expires_utc_s;
    const struct slw_private_key *requester;
};

/* What was asked: two envelopes, and the request's id. */
struct slw_signer_asked {
    struct slw_heap_buffer stage, request;
    uint8_t id[SLW_SHA256_SIZE];
    uint8_t sha256[SLW_SHA256_SIZE];
};

/* Makes both statements, with a nonce of its own, and signs them. */
SLW_MUST_USE enum slw_status slw_signer_ask_make(const struct slw_signer_ask *ask,
                                                 struct slw_signer_asked *ret_asked,
                                                 struct slw_detail *detail);
void slw_signer_asked_free(struct slw_signer_asked *asked);

/*
 * Stages, uploads what isn't there yet, and requests. A refusal is its status and detail. The
 * receipt says where the request stands; one that is known already stands where it stood. progress
 * may be NULL.
 */
SLW_MUST_USE enum slw_status
slw_signer_ask_send(struct slw_signer_client *client, const struct slw_signer_asked *asked,
                    const struct slw_source *source, const struct slw_progress *progress,
                    struct slw_signer_receipt *ret_receipt, struct slw_detail *detail);

/* Signature and, if asked for, proof of a request that was signed, appended. SLW_NOT_FOUND before
 * that. */
SLW_MUST_USE enum slw_status
slw_signer_ask_fetch(struct slw_signer_client *client, const uint8_t id[static SLW_SHA256_SIZE],
                     bool with_proof, struct slw_heap_buffer *ret_signature,
                     struct slw_heap_buffer *ret_proof, struct slw_detail *detail);

#endif
