/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of crypto.h that verifies, for a program that has no business with it: the key process
 * looks at signatures, a judge at content. What a judge doesn't have, nobody can attack in it; and
 * each judge is a copy of the spawner, of which a small one is made sooner. SHA-256 is OpenSSL's.
 */
#include "slipway/crypto.h"

enum slw_status slw_p256_check_key(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    (void)key;
    return SLW_IO_CRYPTO;
}

enum slw_status slw_p256_verify(const uint8_t key[static SLW_P256_KEY_SIZE],
                                const uint8_t digest[static SLW_SHA256_SIZE],
                                const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    (void)key;
    (void)digest;
    (void)signature;
    return SLW_IO_CRYPTO;
}

enum slw_status slw_ed25519_check_key(const uint8_t key[static SLW_ED25519_KEY_SIZE])
{
    (void)key;
    return SLW_IO_CRYPTO;
}

enum slw_status slw_ed25519_verify(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                   const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                   struct slw_reader *message)
{
    (void)key;
    (void)signature;
    (void)message;
    return SLW_IO_CRYPTO;
}
