/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA P-256 with deterministic nonces (RFC 6979), called by private.c.
 *
 * OpenSSL 3.0 has no option for it, so the nonce is made here, and OpenSSL does everything that
 * touches the key: ECDSA_do_sign_ex() takes the nonce's inverse and r, and computes s in constant
 * time. It is deprecated in favour of interfaces that can't take a nonce.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "evp.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/obj_mac.h>

#define SIZE 32u /* of the hash, the order and the scalars */

/* The generator of RFC 6979, section 3.2: HMAC-SHA-256 chained over K and V. */
struct generator {
    uint8_t key[SIZE];
    uint8_t value[SIZE];
};

/* K = HMAC_K(V || separator || extra), V = HMAC_K(V) */
static bool mix(struct generator *generator, uint8_t separator, struct slw_bytes extra)
{
    uint8_t message[SIZE + 1 + 2 * SIZE];
    unsigned len = 0;
    memcpy(message, generator->value, SIZE);
    message[SIZE] = separator;
    if (extra.len != 0) {
        memcpy(message + SIZE + 1, extra.ptr, extra.len);
    }
    bool good = HMAC(EVP_sha256(), generator->key, (int)SIZE, message, SIZE + 1 + extra.len,
                     generator->key, &len) != NULL &&
                HMAC(EVP_sha256(), generator->key, (int)SIZE, generator->value, SIZE,
                     generator->value, &len) != NULL;
    slw_wipe(message, sizeof message);
    return good;
}

/* Steps a to g: seeded with the key and with the digest modulo the order. */
static bool seed(struct generator *generator, const uint8_t secret[static SIZE],
                 const uint8_t digest[static SIZE], const BIGNUM *order, BN_CTX *context)
{
    uint8_t both[2 * SIZE];
    BIGNUM *number = BN_bin2bn(digest, (int)SIZE, NULL);
    memset(generator->value, 1, SIZE);
    memset(generator->key, 0, SIZE);
    memcpy(both, secret, SIZE);
    bool good = number != NULL && BN_nnmod(number, number, order, context) == 1 &&
                BN_bn2binpad(number, both + SIZE, (int)SIZE) == (int)SIZE &&
                mix(generator, 0, slw_bytes_make(both, sizeof both)) &&
                mix(generator, 1, slw_bytes_make(both, sizeof both));
    slw_wipe(both, sizeof both);
    BN_free(number);
    return good;
}

/* Step h: the next candidate in [1, order - 1]. */
static bool next_nonce(struct generator *generator, const BIGNUM *order, BIGNUM *nonce)
{
    unsigned len = 0;
    for (unsigned attempt = 0; attempt < 128; attempt++) {
        if (HMAC(EVP_sha256(), generator->key, (int)SIZE, generator->value, SIZE, generator->value,
                 &len) == NULL ||
            BN_bin2bn(generator->value, (int)SIZE, nonce) == NULL) {
            return false;
        }
        if (!BN_is_zero(nonce) && BN_cmp(nonce, order) < 0) {
            return true;
        }
        if (!mix(generator, 0, slw_bytes_make(NULL, 0))) {
            return false;
        }
    }
    return false; /* has a chance of 2^-4096 */
}

/* r = x of nonce * G modulo the order, and the nonce's inverse by Fermat, both in constant time. */
static bool prepare(const EC_GROUP *group, BIGNUM *nonce, BIGNUM *inverse, BIGNUM *r,
                    BN_CTX *context)
{
    const BIGNUM *order = EC_GROUP_get0_order(group);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *exponent = BN_dup(order);
    BN_set_flags(nonce, BN_FLG_CONSTTIME);
    bool good = point != NULL && exponent != NULL && BN_sub_word(exponent, 2) == 1 &&
                EC_POINT_mul(group, point, nonce, NULL, NULL, context) == 1 &&
                EC_POINT_get_affine_coordinates(group, point, r, NULL, context) == 1 &&
                BN_nnmod(r, r, order, context) == 1 && !BN_is_zero(r) &&
                BN_mod_exp_mont_consttime(inverse, nonce, exponent, order, context, NULL) == 1;
    EC_POINT_clear_free(point);
    BN_free(exponent);
    return good;
}

static bool sign_with(EC_KEY *key, const BIGNUM *inverse, const BIGNUM *r,
                      const uint8_t digest[static SIZE],
                      uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    ECDSA_SIG *result = ECDSA_do_sign_ex(digest, (int)SIZE, inverse, r, key);
    bool good = result != NULL &&
                BN_bn2binpad(ECDSA_SIG_get0_r(result), signature, (int)SIZE) == (int)SIZE &&
                BN_bn2binpad(ECDSA_SIG_get0_s(result), signature + SIZE, (int)SIZE) == (int)SIZE;
    ECDSA_SIG_free(result);
    return good;
}

static bool sign_in(EC_KEY *key, const uint8_t secret[static SIZE],
                    const uint8_t digest[static SIZE], uint8_t signature[static SLW_SIGNATURE_SIZE],
                    BN_CTX *context)
{
    const EC_GROUP *group = EC_KEY_get0_group(key);
    struct generator generator;
    BIGNUM *scalar = BN_bin2bn(secret, (int)SIZE, NULL);
    BIGNUM *nonce = BN_new();
    BIGNUM *inverse = BN_new();
    BIGNUM *r = BN_new();
    bool good = scalar != NULL && nonce != NULL && inverse != NULL && r != NULL &&
                EC_KEY_set_private_key(key, scalar) == 1 &&
                seed(&generator, secret, digest, EC_GROUP_get0_order(group), context) &&
                next_nonce(&generator, EC_GROUP_get0_order(group), nonce) &&
                prepare(group, nonce, inverse, r, context) &&
                sign_with(key, inverse, r, digest, signature);
    BN_clear_free(scalar);
    BN_clear_free(nonce);
    BN_clear_free(inverse);
    BN_free(r);
    slw_wipe(&generator, sizeof generator);
    return good;
}

bool slw_ecdsa_sign(const uint8_t secret[static 32], const uint8_t digest[static SLW_SHA256_SIZE],
                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE])
{
    EC_KEY *key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    BN_CTX *context = BN_CTX_secure_new();
    uint8_t signature[SLW_SIGNATURE_SIZE];
    bool good = key != NULL && context != NULL && sign_in(key, secret, digest, signature, context);
    if (good) {
        memcpy(ret_signature, signature, sizeof signature);
    }
    BN_CTX_free(context);
    EC_KEY_free(key);
    return good;
}
