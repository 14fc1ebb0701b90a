/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys in PEM, as they stand in key objects, without OpenSSL's decoders: those take longer
 * than verifying a signature does. Private to host/tuf/metadata.
 */
#ifndef SLIPWAY_TUF_PEM_H
#define SLIPWAY_TUF_PEM_H

#include "slipway/crypto.h"
#include "slipway/heap.h"

/* What an RSA key of SLW_TUF_RSA_BITS_MAX takes, and room. */
#define SLW_TUF_SPKI_SIZE_MAX 1536u

/*
 * The bytes of the one `PUBLIC KEY` block of a text that holds nothing else but blanks around it.
 * Line ends may be of any kind, and may lack; padding is as it must be. False for anything else,
 * and for more than SLW_TUF_SPKI_SIZE_MAX bytes.
 */
SLW_MUST_USE bool slw_tuf_pem_decode(struct slw_bytes text,
                                     uint8_t ret_der[static SLW_TUF_SPKI_SIZE_MAX],
                                     size_t *ret_len);

/* Appends the block with lines of 64 characters, each with its line end. */
void slw_tuf_pem_encode(struct slw_bytes der, struct slw_heap_buffer *ret_text);

/*
 * SubjectPublicKeyInfo of a P-256 key (RFC 5480): the named curve, the point uncompressed. Other
 * encodings of the same key (compressed, hybrid, explicit parameters) aren't read: no tool of TUF's
 * writes them, and OpenSSL would have to be asked about each. Whether the point is one of the curve
 * isn't looked at.
 */
SLW_MUST_USE bool slw_tuf_spki_to_p256(struct slw_bytes der,
                                       uint8_t ret_point[static SLW_P256_KEY_SIZE]);
#define SLW_TUF_SPKI_P256_SIZE 91u
void slw_tuf_spki_from_p256(const uint8_t point[static SLW_P256_KEY_SIZE],
                            uint8_t ret_der[static SLW_TUF_SPKI_P256_SIZE]);

#endif
