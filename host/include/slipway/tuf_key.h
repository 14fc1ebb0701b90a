/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and signatures of JSON TUF metadata (TUF 1.0.34, sections 4.2 and 4.3): ECDSA P-256, Ed25519
 * and RSA-PSS verification, key ids, and signing with the keys of slipway/keys.h.
 *
 * A key object is {"keytype", "scheme", "keyval": {"public"}}. We know:
 *
 *   - `ecdsa` or `ecdsa-sha2-nistp256` with scheme `ecdsa-sha2-nistp256`: `public` is a
 *     SubjectPublicKeyInfo in PEM (the named curve, the point uncompressed); signatures are DER.
 *   - `ed25519` with scheme `ed25519`: 64 hexadecimal digits; signatures of 64 bytes.
 *   - `rsa` with scheme `rsassa-pss-sha256`: SubjectPublicKeyInfo in PEM; any length of salt.
 *
 * Every other pair is a key that can't count: slw_tuf_key_parse() gives SLW_TUF_KEY_UNKNOWN for it.
 *
 *     SLW_TRY(slw_tuf_key_parse(&json, value, &key, detail));
 *     SLW_TRY(slw_tuf_key_verify(&key, canonical, digest, sig_hex));
 */
#ifndef SLIPWAY_TUF_KEY_H
#define SLIPWAY_TUF_KEY_H

#include "slipway/json_reader.h"
#include "slipway/keys.h"

enum slw_tuf_key_kind {
    SLW_TUF_KEY_UNKNOWN,
    SLW_TUF_KEY_P256,
    SLW_TUF_KEY_ED25519,
    SLW_TUF_KEY_RSA,
};

#define SLW_TUF_RSA_BITS_MIN 2048u
#define SLW_TUF_RSA_BITS_MAX 8192u
#define SLW_TUF_RSA_EXPONENT_BITS_MAX 64u /* what a verification costs grows with it */
#define SLW_TUF_KEY_ID_SIZE 64u           /* hexadecimal digits of a SHA-256 */
#define SLW_TUF_SIGNATURE_HEX_MAX 2048u   /* hexadecimal digits; longer signatures don't count */

struct slw_tuf_key {
    enum slw_tuf_key_kind kind;
    uint8_t value[SLW_P256_KEY_SIZE]; /* P-256: 65 bytes; Ed25519: 32; RSA: none */
    struct slw_bytes pem; /* RSA: view of the object's `public`; lives as long as that */
    /*
     * SHA-256 over the public key itself: what thresholds count distinct keys by. ("Clients MUST
     * ensure that for any KEYID represented in this key list and in other files, only one unique
     * key has that KEYID.")
     */
    uint8_t fingerprint[SLW_SHA256_SIZE];
};

/*
 * Reads a key object. SLW_MALFORMED when its shape is wrong (keytype, scheme, keyval missing or of
 * another type); SLW_BAD_KEY for a key of a kind that we know whose value isn't one: a point off
 * the curve, an Ed25519 value of small order, RSA outside 2,048 to 8,192 bits.
 */
SLW_MUST_USE enum slw_status slw_tuf_key_parse(const struct slw_json_document *json, uint32_t value,
                                               struct slw_tuf_key *ret_key,
                                               struct slw_detail *detail);

/*
 * The key id: SHA-256 over the canonical form of the key object as received, fields that we don't
 * know included, in lower-case hexadecimal (section 4.2: "The KEYID of a key is the hexdigest of
 * the SHA-256 hash of the canonical form of the key").
 */
SLW_MUST_USE enum slw_status slw_tuf_key_id(const struct slw_json_document *json, uint32_t value,
                                            char ret_id[static SLW_TUF_KEY_ID_SIZE]);

/*
 * SLW_OK only for a valid signature over message, whose SHA-256 is digest. sig_hex is the signature
 * as it stands in the file. SLW_BAD_SIGNATURE for everything else that a signature can be, the
 * empty one included; SLW_BAD_KEY for an unknown kind; SLW_IO_CRYPTO when the library fails.
 */
SLW_MUST_USE enum slw_status slw_tuf_key_verify(const struct slw_tuf_key *key,
                                                struct slw_bytes message,
                                                const uint8_t digest[static SLW_SHA256_SIZE],
                                                struct slw_bytes sig_hex);

/* The same key as ours are, with its id in bundles. False for one of a kind that nothing here signs
 * with: RSA, and those that aren't known. */
bool slw_tuf_key_public(const struct slw_tuf_key *key, struct slw_public_key *ret_public);

/*
 * Appends the canonical key object of a key of ours: what its id is the hash of, and what stands in
 * the canonical form of a `signed` that lists it. A P-256 key's PEM has line ends, which canonical
 * form leaves as they are and JSON text may not have: whoever writes a file out of canonical bytes
 * escapes them (a byte below 0x20 stands in a string there, never between values).
 */
void slw_tuf_key_format(const struct slw_public_key *key, struct slw_heap_buffer *ret_object);

/* The id of a key of ours in TUF's metadata (not its id in bundles). */
SLW_MUST_USE enum slw_status slw_tuf_public_key_id(const struct slw_public_key *key,
                                                   char ret_id[static SLW_TUF_KEY_ID_SIZE]);

/* Appends the signature over message in hexadecimal, as it goes into `sig`: DER for P-256. It was
 * verified. */
enum slw_status slw_tuf_sign(const struct slw_private_key *key, struct slw_bytes message,
                             struct slw_heap_buffer *ret_sig_hex, struct slw_detail *detail);

/* The same where the message's SHA-256 is at hand, not verified: see
 * slw_private_key_sign_unverified(). */
enum slw_status slw_tuf_sign_unverified(const struct slw_private_key *key, struct slw_bytes message,
                                        const uint8_t digest[static SLW_SHA256_SIZE],
                                        struct slw_heap_buffer *ret_sig_hex,
                                        struct slw_detail *detail);

/* Appends a signature of 64 bytes as it goes into `sig`; who made it and over what isn't asked. */
enum slw_status slw_tuf_signature_format(enum slw_key_type type,
                                         const uint8_t raw[static SLW_SIGNATURE_SIZE],
                                         struct slw_heap_buffer *ret_sig_hex,
                                         struct slw_detail *detail);

#endif
