/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cryptography that the device and the host verifier need, and nothing else: SHA-256, ECDSA
 * P-256 verification, Ed25519 verification, and whether a public key is one. An adapter implements
 * it (crypto/openssl_*.c on hosts); it is chosen at link time. Signing and key files are host/keys.
 *
 * Every adapter passes the Wycheproof vectors for these algorithms and the bundle vectors.
 */
#ifndef SLIPWAY_CRYPTO_H
#define SLIPWAY_CRYPTO_H

#include "slipway/reader.h"

#define SLW_SHA256_SIZE 32u
#define SLW_P256_KEY_SIZE 65u /* SEC1 uncompressed: 04, X, Y */
#define SLW_ED25519_KEY_SIZE 32u
#define SLW_SIGNATURE_SIZE 64u /* P-256: r then s, big endian; Ed25519: RFC 8032 */

/* In the caller's memory, copyable, nothing to free. */
struct slw_sha256 {
    uint64_t opaque[16];
};

void slw_sha256_init(struct slw_sha256 *hash);
void slw_sha256_update(struct slw_sha256 *hash, struct slw_bytes piece);
void slw_sha256_final(struct slw_sha256 *hash, uint8_t ret_digest[static SLW_SHA256_SIZE]);

/*
 * SLW_OK for a point of the curve other than infinity in uncompressed form with coordinates below
 * the field's prime; SLW_BAD_KEY otherwise; SLW_IO_CRYPTO when the library fails.
 */
SLW_MUST_USE enum slw_status slw_p256_check_key(const uint8_t key[static SLW_P256_KEY_SIZE]);

/*
 * SLW_OK for a canonical encoding (RFC 8032, 5.1.3) of a point of the curve that isn't of small
 * order; SLW_BAD_KEY otherwise.
 */
SLW_MUST_USE enum slw_status slw_ed25519_check_key(const uint8_t key[static SLW_ED25519_KEY_SIZE]);

/*
 * SLW_OK only for a valid signature over the message with this SHA-256 digest: r and s in
 * [1, n-1], high s accepted (FIPS 186-5, 6.4.2). SLW_BAD_SIGNATURE otherwise, SLW_BAD_KEY for a key
 * that isn't one, SLW_IO_CRYPTO when the library fails.
 */
SLW_MUST_USE enum slw_status slw_p256_verify(const uint8_t key[static SLW_P256_KEY_SIZE],
                                             const uint8_t digest[static SLW_SHA256_SIZE],
                                             const uint8_t signature[static SLW_SIGNATURE_SIZE]);

/*
 * The same for Ed25519 over the message itself, which is what the reader has from its position to
 * its end; S below the group order (RFC 8032, 5.1.7). A reader's error is returned as it is. An
 * adapter reads the message once, forwards; one whose library wants it whole may gather it in heap
 * memory on hosts.
 */
SLW_MUST_USE enum slw_status slw_ed25519_verify(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                                const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                                struct slw_reader *message);

#endif
