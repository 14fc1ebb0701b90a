/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature functions of crypto.h for fuzz targets: a signature is good unless its first byte
 * is 0, so that what comes after the signatures is reached with bytes that nobody signed. SHA-256
 * stays the real one. Linked into bundle_fuzz in the adapter's place; never into anything else.
 */
#include "slipway/crypto.h"

enum slw_status slw_p256_check_key(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    return key[0] == 4 ? SLW_OK : SLW_BAD_KEY;
}

enum slw_status slw_ed25519_check_key(const uint8_t key[static SLW_ED25519_KEY_SIZE])
{
    return key[0] != 0 ? SLW_OK : SLW_BAD_KEY;
}

enum slw_status slw_p256_verify(const uint8_t key[static SLW_P256_KEY_SIZE],
                                const uint8_t digest[static SLW_SHA256_SIZE],
                                const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    (void)digest;
    SLW_TRY(slw_p256_check_key(key));
    return signature[0] != 0 ? SLW_OK : SLW_BAD_SIGNATURE;
}

enum slw_status slw_ed25519_verify(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                   const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                   struct slw_reader *message)
{
    SLW_TRY(slw_ed25519_check_key(key));
    slw_reader_skip(message, slw_reader_left(message));
    SLW_TRY(message->status);
    return signature[0] != 0 ? SLW_OK : SLW_BAD_SIGNATURE;
}
