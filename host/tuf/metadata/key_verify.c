/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One signature of JSON TUF by one key: from its digits to the form that crypto.h takes. verify.c
 * calls it for each signature that may count.
 */
#include "der.h"
#include "hex.h"
#include "key.h"

#define SIGNATURE_SIZE_MAX (SLW_TUF_SIGNATURE_HEX_MAX / 2)

static enum slw_status verify_p256(const struct slw_tuf_key *key,
                                   const uint8_t digest[static SLW_SHA256_SIZE],
                                   struct slw_bytes signature)
{
    uint8_t raw[SLW_SIGNATURE_SIZE];
    return slw_tuf_der_to_raw(signature, raw) ? slw_p256_verify(key->value, digest, raw)
                                              : SLW_BAD_SIGNATURE;
}

static enum slw_status verify_ed25519(const struct slw_tuf_key *key, struct slw_bytes message,
                                      struct slw_bytes signature)
{
    if (signature.len != SLW_SIGNATURE_SIZE) {
        return SLW_BAD_SIGNATURE;
    }
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    return slw_ed25519_verify(key->value, signature.ptr, &reader);
}

/* "A hex-encoded signature of the canonical form of the metadata for ROLE." */
enum slw_status slw_tuf_key_verify(const struct slw_tuf_key *key, struct slw_bytes message,
                                   const uint8_t digest[static SLW_SHA256_SIZE],
                                   struct slw_bytes sig_hex)
{
    uint8_t decoded[SIGNATURE_SIZE_MAX];
    size_t len = sig_hex.len / 2;
    if (key->kind == SLW_TUF_KEY_UNKNOWN) {
        return SLW_BAD_KEY;
    }
    if (sig_hex.len == 0 || sig_hex.len > SLW_TUF_SIGNATURE_HEX_MAX ||
        !slw_tuf_hex_decode(sig_hex, decoded, len)) {
        return SLW_BAD_SIGNATURE;
    }
    struct slw_bytes signature = slw_bytes_make(decoded, len);
    switch (key->kind) {
    case SLW_TUF_KEY_P256:
        return verify_p256(key, digest, signature);
    case SLW_TUF_KEY_ED25519:
        return verify_ed25519(key, message, signature);
    case SLW_TUF_KEY_RSA:
        return slw_tuf_rsa_verify(key->pem, digest, signature);
    case SLW_TUF_KEY_UNKNOWN:
        break;
    }
    return SLW_BAD_KEY;
}
