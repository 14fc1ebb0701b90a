/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing envelopes (DSSE 1.0.2): how requesters, builders, testers, approvers and administrators
 * say something that others can check (SIGNING.md, section 2).
 *
 *     struct slw_dsse envelope;
 *     struct slw_dsse_signers signers;
 *     SLW_TRY(slw_dsse_parse("request", text, &envelope, detail));
 *     status = slw_dsse_verify(&envelope, keys, count, SLW_DSSE_OUR_KEYS, &signers, detail);
 *     ... envelope.payload: the very bytes that were verified ...
 *     slw_dsse_free(&envelope);
 *
 * An envelope is parsed once, and the payload that is verified is the payload that is handed out.
 * Nothing in it counts before slw_dsse_verify() said by whom it is.
 */
#ifndef SLIPWAY_DSSE_H
#define SLIPWAY_DSSE_H

#include "slipway/statement_key.h"

#define SLW_DSSE_SIZE_MAX 1048576u        /* of an envelope's text */
#define SLW_DSSE_PAYLOAD_SIZE_MAX 524288u /* decoded */
#define SLW_DSSE_TYPE_SIZE_MAX 256u
#define SLW_DSSE_SIGNATURES_MAX 16u
#define SLW_DSSE_SIGNATURE_SIZE_MAX SLW_SSH_SIGNATURE_BLOB_MAX
#define SLW_DSSE_TRIALS_MAX 256u /* signature checks for one envelope, whatever it holds */

/* The payload type of in-toto statements, which all of ours are. */
#define SLW_DSSE_INTOTO SLW_BYTES_OF("application/vnd.in-toto+json")

struct slw_dsse_signature {
    bool has_keyid; /* 64 hexadecimal digits; any other keyid is as none */
    uint8_t keyid[SLW_SHA256_SIZE];
    struct slw_bytes bytes; /* decoded */
};

struct slw_dsse {
    struct slw_bytes payload_type;
    struct slw_bytes payload; /* decoded; an untrusted text until it is verified */
    struct slw_dsse_signature signatures[SLW_DSSE_SIGNATURES_MAX];
    size_t signatures_count;       /* may be 0: an envelope that nobody signed yet */
    struct slw_heap_buffer memory; /* private: what the views point into */
};

/*
 * Reads an envelope; nothing points into text afterwards. Unknown members are ignored ("Consumers
 * MUST ignore unrecognized fields"). SLW_MALFORMED, SLW_TOO_LARGE, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_dsse_parse(const char *name, struct slw_bytes text,
                                            struct slw_dsse *ret_envelope,
                                            struct slw_detail *detail);
void slw_dsse_free(struct slw_dsse *envelope);

/* Appends what is signed: "DSSEv1" SP len(type) SP type SP len(payload) SP payload. */
void slw_dsse_pae(struct slw_bytes payload_type, struct slw_bytes payload,
                  struct slw_heap_buffer *ret_pae);

/* Which kinds of key may count. */
enum slw_dsse_accept {
    SLW_DSSE_OUR_KEYS = 1,    /* P-256 and Ed25519 */
    SLW_DSSE_OPENSSH_TOO = 2, /* those of OpenSSH as well: for approvals */
};

struct slw_dsse_signers {
    size_t count;
    size_t keys[SLW_DSSE_SIGNATURES_MAX]; /* indices into the keys given, each once, ascending */
};

/*
 * Which of these keys signed the envelope. A key counts once, and two entries that are one key
 * count as the first of them. A keyid narrows down which keys are tried ("an unauthenticated
 * hint"); one that none of the keys has is as none. Signatures by others are skipped.
 *
 * SLW_OK means that at least one did. SLW_UNSIGNED: none of them; SLW_TOO_LARGE: more than
 * SLW_DSSE_TRIALS_MAX checks were needed; SLW_IO_CRYPTO, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_dsse_verify(const struct slw_dsse *envelope,
                                             const struct slw_statement_key *const *keys,
                                             size_t keys_count, enum slw_dsse_accept accept,
                                             struct slw_dsse_signers *ret_signers,
                                             struct slw_detail *detail);

/* Whether this one key signed it: the same with one key. */
SLW_MUST_USE enum slw_status slw_dsse_verify_one(const struct slw_dsse *envelope,
                                                 const struct slw_statement_key *key,
                                                 enum slw_dsse_accept accept,
                                                 struct slw_detail *detail);

/* Appends an envelope of one signature by this key (in a file or a token), which was verified. */
SLW_MUST_USE enum slw_status slw_dsse_sign(const struct slw_private_key *key,
                                           struct slw_bytes payload_type, struct slw_bytes payload,
                                           struct slw_heap_buffer *ret_text,
                                           struct slw_detail *detail);

/*
 * Appends the envelope with one more signature, made elsewhere over slw_dsse_pae(): it is verified
 * by key first, SLW_BAD_SIGNATURE if it isn't that. One that the key made before is replaced;
 * SLW_TOO_LARGE when there are SLW_DSSE_SIGNATURES_MAX others.
 */
SLW_MUST_USE enum slw_status slw_dsse_add(const struct slw_dsse *envelope,
                                          const struct slw_statement_key *key,
                                          struct slw_bytes signature,
                                          struct slw_heap_buffer *ret_text,
                                          struct slw_detail *detail);

/* The same by a key at hand. */
SLW_MUST_USE enum slw_status slw_dsse_add_by(const struct slw_dsse *envelope,
                                             const struct slw_private_key *key,
                                             struct slw_heap_buffer *ret_text,
                                             struct slw_detail *detail);

/*
 * Appends an envelope's text: standard base64, no spaces. It may be one that the caller filled in,
 * with payload_type and payload alone, to be signed by slw_dsse_add().
 */
void slw_dsse_format(const struct slw_dsse *envelope, struct slw_heap_buffer *ret_text);

#endif
