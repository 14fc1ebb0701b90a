/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing keys on a host: PKCS#8 and SubjectPublicKeyInfo files in PEM, as OpenSSL and Pigweed's
 * tools write them, and signatures in the form that bundles carry.
 *
 * Kinds: ECDSA P-256 and Ed25519, nothing else. A key's id is SHA-256 over key type, scheme and raw
 * value, as in bundles.
 *
 * A private key may also be somewhere else, in a security token (slipway/token.h): whoever signs
 * with one doesn't see the difference.
 */
#ifndef SLIPWAY_KEYS_H
#define SLIPWAY_KEYS_H

#include "slipway/crypto.h"
#include "slipway/detail.h"
#include "slipway/heap.h"
#include "slipway/tuf.h"

#define SLW_KEY_FILE_SIZE_MAX 65536u
#define SLW_PASSPHRASE_SIZE_MAX 1024u

struct slw_public_key {
    enum slw_key_type type; /* the scheme has the same number */
    uint8_t id[SLW_SHA256_SIZE];
    uint8_t value[SLW_P256_KEY_SIZE];
    size_t value_len; /* 65 for P-256, 32 for Ed25519 */
};

struct slw_private_key; /* on the heap, wiped when freed */

/* "p256", "ed25519"; NULL for anything else. */
const char *slw_key_type_name(enum slw_key_type type);

/* SHA-256 over one byte of type, one of scheme, and the value. */
void slw_key_id(uint8_t type, uint8_t scheme, struct slw_bytes value,
                uint8_t ret_id[static SLW_SHA256_SIZE]);

/*
 * The public key in a file. SLW_NOT_FOUND when it holds a private key instead; SLW_IO when it can't
 * be read; SLW_BAD_KEY for everything that isn't a key of ours.
 */
enum slw_status slw_public_key_load(const char *path, struct slw_public_key *ret_key,
                                    struct slw_detail *detail);

/* The same from the text of a file; name is what details call it. */
enum slw_status slw_public_key_parse(const char *name, struct slw_bytes text,
                                     struct slw_public_key *ret_key, struct slw_detail *detail);

/* SubjectPublicKeyInfo, PEM. */
enum slw_status slw_public_key_format(const struct slw_public_key *key,
                                      struct slw_heap_buffer *ret_text, struct slw_detail *detail);

/*
 * The private key in a file; passphrase_path, NULL for none, names the file whose first line opens
 * an encrypted one. Nothing is ever asked for. Free with slw_private_key_free().
 */
enum slw_status slw_private_key_load(const char *path, const char *passphrase_path,
                                     struct slw_private_key **ret_key, struct slw_detail *detail);

/* The same from the text of a file; an empty passphrase is none. */
enum slw_status slw_private_key_parse(const char *name, struct slw_bytes text,
                                      struct slw_bytes passphrase, struct slw_private_key **ret_key,
                                      struct slw_detail *detail);

enum slw_status slw_private_key_generate(enum slw_key_type type, struct slw_private_key **ret_key,
                                         struct slw_detail *detail);

/*
 * PKCS#8, PEM; with a passphrase encrypted (PBES2, AES-256-CBC). Wipe ret_text after use.
 * SLW_BAD_ARGUMENT for a key that somebody else holds.
 */
enum slw_status slw_private_key_format(const struct slw_private_key *key,
                                       struct slw_bytes passphrase,
                                       struct slw_heap_buffer *ret_text, struct slw_detail *detail);

/*
 * Whoever holds a private key that isn't in this process's memory. sign gives a signature of the
 * form below, and need not verify it; it may be called on several threads at once. digest is the
 * message's SHA-256 for P-256, and without meaning for Ed25519.
 */
struct slw_key_holder {
    void *context;
    enum slw_status (*sign)(void *context, struct slw_bytes message,
                            const uint8_t digest[static SLW_SHA256_SIZE],
                            uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                            struct slw_detail *detail);
    void (*free)(void *context);
};

/* A key that its holder signs with; freeing it frees the holder, which is copied. */
enum slw_status slw_private_key_from_holder(const struct slw_public_key *public_key,
                                            const struct slw_key_holder *holder,
                                            struct slw_private_key **ret_key,
                                            struct slw_detail *detail);

/* The public key in an X.509 certificate (DER). Nothing else of the certificate is looked at. */
enum slw_status slw_public_key_from_certificate(const char *name, struct slw_bytes der,
                                                struct slw_public_key *ret_key,
                                                struct slw_detail *detail);

const struct slw_public_key *slw_private_key_public(const struct slw_private_key *key);

/*
 * Signs as bundles want it: P-256: r then s over the message's SHA-256; Ed25519: over the message.
 * It was verified before it is returned. A key of a file (P-256: RFC 6979's nonce) always gives the
 * same signature for the same message, one of a token needn't. May be called on several threads.
 */
enum slw_status slw_private_key_sign(const struct slw_private_key *key, struct slw_bytes message,
                                     uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                     struct slw_detail *detail);

/*
 * The same where the message's SHA-256 is at hand, without the verification: for a caller whose
 * signatures are all verified before anybody else sees them. One that the machine made a mistake in
 * could give the key away.
 */
enum slw_status slw_private_key_sign_unverified(const struct slw_private_key *key,
                                                struct slw_bytes message,
                                                const uint8_t digest[static SLW_SHA256_SIZE],
                                                uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                                struct slw_detail *detail);

void slw_private_key_free(struct slw_private_key *key);

/*
 * Whether group or others may read the file; programs warn about it. Pigweed's tools write such
 * files, so they are used nonetheless.
 */
bool slw_key_file_is_exposed(const char *path);

/* The first line of a file, without its end. SLW_BAD_ARGUMENT when it is empty. */
enum slw_status slw_passphrase_load(const char *path, struct slw_heap_buffer *ret_passphrase,
                                    struct slw_detail *detail);

#endif
