/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSH's public keys and signatures: what `ssh-keygen -Y sign` makes, for people who approve
 * with the key that they have already, in a security key's hardware at best.
 *
 * A public key is a line of a public key file (`TYPE BASE64 COMMENT`), a signature an SSHSIG blob
 * (OpenSSH's PROTOCOL.sshsig), bare or in its armour. Types: `ssh-ed25519`, `ecdsa-sha2-nistp256`,
 * `sk-ssh-ed25519@openssh.com`, `sk-ecdsa-sha2-nistp256@openssh.com`. Of the last two the flag of
 * user presence must be set in each signature, so that somebody touched the key.
 *
 *     SLW_TRY(slw_ssh_key_parse("approver", line, &key, detail));
 *     SLW_TRY(slw_ssh_signature_unarmour("approval.sig", text, &blob, detail));
 *     SLW_TRY(slw_ssh_signature_verify(&key, SLW_SSH_NAMESPACE, message, slw_heap_bytes(&blob),
 *                                      detail));
 *
 * Everything is bounded and copied; nothing points into what was read.
 */
#ifndef SLIPWAY_SSH_SIGNATURE_H
#define SLIPWAY_SSH_SIGNATURE_H

#include "slipway/keys.h"

#define SLW_SSH_NAMESPACE SLW_BYTES_OF("slipway-approval-v1")
#define SLW_SSH_KEY_LINE_MAX 2048u
#define SLW_SSH_KEY_BLOB_MAX 384u
#define SLW_SSH_APPLICATION_MAX 128u /* of a security key: "ssh:" and what its owner put behind */
#define SLW_SSH_SIGNATURE_BLOB_MAX 1536u
#define SLW_SSH_SIGNATURE_TEXT_MAX 4096u

enum slw_ssh_type {
    SLW_SSH_ED25519 = 1,
    SLW_SSH_P256,
    SLW_SSH_SK_ED25519,
    SLW_SSH_SK_P256,
};

struct slw_ssh_key {
    enum slw_ssh_type type;
    uint8_t value[SLW_P256_KEY_SIZE]; /* P-256: 65 bytes uncompressed; Ed25519: 32 */
    size_t value_len;
    uint8_t
        application_sha256[SLW_SHA256_SIZE]; /* security keys: what their signatures begin with */
    uint8_t blob[SLW_SSH_KEY_BLOB_MAX]; /* the key as it stands in its line and in signatures */
    size_t blob_len;
    uint8_t id[SLW_SHA256_SIZE]; /* SHA-256 over the blob, as `ssh-keygen -l` shows it */
};

/* "ssh-ed25519" and so on. */
const char *slw_ssh_type_name(enum slw_ssh_type type);

/* Whether the key is in a security key's hardware. */
static inline bool slw_ssh_type_is_sk(enum slw_ssh_type type)
{
    return type == SLW_SSH_SK_ED25519 || type == SLW_SSH_SK_P256;
}

/*
 * A line of a public key file: one line, with or without its end and a comment; no options in
 * front. SLW_BAD_KEY for everything else, with what is wrong.
 */
SLW_MUST_USE enum slw_status slw_ssh_key_parse(const char *name, struct slw_bytes line,
                                               struct slw_ssh_key *ret_key,
                                               struct slw_detail *detail);

/* The line, without comment and line end. */
void slw_ssh_key_format(const struct slw_ssh_key *key, struct slw_heap_buffer *ret_line);

/*
 * Appends the blob of a signature in `-----BEGIN SSH SIGNATURE-----` armour. SLW_MALFORMED,
 * SLW_TOO_LARGE.
 */
SLW_MUST_USE enum slw_status slw_ssh_signature_unarmour(const char *name, struct slw_bytes text,
                                                        struct slw_heap_buffer *ret_blob,
                                                        struct slw_detail *detail);

/* Appends the blob in its armour, as ssh-keygen writes it. */
void slw_ssh_signature_armour(struct slw_bytes blob, struct slw_heap_buffer *ret_text);

/*
 * SLW_OK only for a valid signature of this key over message in this namespace, hashed by SHA-512
 * or SHA-256, and of a security key with user presence. SLW_BAD_SIGNATURE for every other blob,
 * with what is wrong about it; SLW_IO_CRYPTO, SLW_NO_SPACE.
 */
SLW_MUST_USE enum slw_status slw_ssh_signature_verify(const struct slw_ssh_key *key,
                                                      struct slw_bytes name_space,
                                                      struct slw_bytes message,
                                                      struct slw_bytes blob,
                                                      struct slw_detail *detail);

#endif
