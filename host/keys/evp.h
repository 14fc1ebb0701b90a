/* SPDX-License-Identifier: Apache-2.0 */
/* What public.c, private.c and ecdsa.c share of OpenSSL's types. Private to host/keys. */
#ifndef SLIPWAY_KEYS_EVP_H
#define SLIPWAY_KEYS_EVP_H

#include "slipway/keys.h"

#include <openssl/bio.h>
#include <openssl/evp.h>

/* The public half; SLW_BAD_KEY for kinds that aren't ours. */
enum slw_status slw_public_key_from_evp(const char *name, const EVP_PKEY *pkey,
                                        struct slw_public_key *ret_key, struct slw_detail *detail);

/* Appends what was written to a memory BIO. */
enum slw_status slw_bio_to_heap(BIO *bio, struct slw_heap_buffer *ret_text,
                                struct slw_detail *detail);

/*
 * ECDSA P-256 over a digest with the nonce of RFC 6979, section 3.2, so that signing twice gives
 * the same bytes and a weak generator of random numbers can't give the key away. False, or NULL,
 * when the crypto library fails.
 */
struct slw_ecdsa_key;
/* secret: the private scalar, 32 bytes, big endian. */
struct slw_ecdsa_key *slw_ecdsa_key_new(const uint8_t secret[static 32]);
SLW_MUST_USE bool slw_ecdsa_sign(const struct slw_ecdsa_key *key,
                                 const uint8_t digest[static SLW_SHA256_SIZE],
                                 uint8_t ret_signature[static SLW_SIGNATURE_SIZE]);
void slw_ecdsa_key_free(struct slw_ecdsa_key *key); /* NULL is fine */

#endif
