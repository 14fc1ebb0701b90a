/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A public key by which somebody makes statements: one of ours (P-256, Ed25519, PEM) or one of
 * OpenSSH. Policies list them, envelopes are verified with them.
 *
 *     SLW_TRY(slw_statement_key_parse("ada", text, &key, detail));
 */
#ifndef SLIPWAY_STATEMENT_KEY_H
#define SLIPWAY_STATEMENT_KEY_H

#include "slipway/ssh_signature.h"

enum slw_statement_key_kind {
    SLW_STATEMENT_KEY_PUBLIC = 1, /* SubjectPublicKeyInfo in PEM */
    SLW_STATEMENT_KEY_SSH, /* a line of an OpenSSH public key file: counts for approvals only */
};

struct slw_statement_key {
    enum slw_statement_key_kind kind;
    uint8_t id[SLW_SHA256_SIZE]; /* what `keyid` says: as in bundles, or of OpenSSH's blob */
    /*
     * The key itself, however it is written: the same for an OpenSSH line and a PEM of one key.
     * What "two keys are one" is asked of; ids would let a key be listed twice.
     */
    uint8_t material[SLW_SHA256_SIZE];
    union {
        struct slw_public_key public_key;
        struct slw_ssh_key ssh;
    } as;
};

/* Reads either form; name is what details call it. SLW_BAD_KEY; a private key is one too. */
SLW_MUST_USE enum slw_status slw_statement_key_parse(const char *name, struct slw_bytes text,
                                                     struct slw_statement_key *ret_key,
                                                     struct slw_detail *detail);

/* The same for a key that was read already. */
void slw_statement_key_of_public(const struct slw_public_key *public_key,
                                 struct slw_statement_key *ret_key);
void slw_statement_key_of_ssh(const struct slw_ssh_key *ssh, struct slw_statement_key *ret_key);

/* Whether both are the same key, in whatever form. */
bool slw_statement_key_same(const struct slw_statement_key *left,
                            const struct slw_statement_key *right);

/*
 * SLW_OK only when signature is this key's over message. P-256: r then s, or DER; Ed25519: 64
 * bytes; OpenSSH: the SSHSIG blob in our namespace. SLW_BAD_SIGNATURE otherwise; SLW_IO_CRYPTO,
 * SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_statement_key_verify(const struct slw_statement_key *key,
                                                      struct slw_bytes message,
                                                      struct slw_bytes signature,
                                                      struct slw_detail *detail);

#endif
