/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 of crypto.h by OpenSSL, for hosts.
 *
 * SHA256_Init() and its siblings are the one thing taken from the interface of 1.1.1: EVP keeps a
 * digest's state on the heap, where it has to be freed and can't be copied by assignment, but
 * crypto.h promises that the state is the caller's memory alone. The code behind both is the same.
 */
#define OPENSSL_API_COMPAT 10101

#include "slipway/crypto.h"

#include <openssl/sha.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct slw_sha256), "struct slw_sha256 is too small");
_Static_assert(_Alignof(SHA256_CTX) <= _Alignof(struct slw_sha256), "misaligned struct slw_sha256");

static SHA256_CTX *state_of(struct slw_sha256 *hash)
{
    return (SHA256_CTX *)hash->opaque;
}

/* The three functions below can't fail: they only compute. */
void slw_sha256_init(struct slw_sha256 *hash)
{
    (void)SHA256_Init(state_of(hash));
}

void slw_sha256_update(struct slw_sha256 *hash, struct slw_bytes piece)
{
    if (piece.len != 0) {
        (void)SHA256_Update(state_of(hash), piece.ptr, piece.len);
    }
}

void slw_sha256_final(struct slw_sha256 *hash, uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    (void)SHA256_Final(ret_digest, state_of(hash));
}
