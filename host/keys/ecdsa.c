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
#include <openssl/obj_mac.h>

#include <stdlib.h>

#define SIZE 32u /* of the hash, the order and the scalars */

struct slw_ecdsa_key {
    uint8_t secret[SIZE];
    EC_KEY *ec;
};

/* The generator of RFC 6979, section 3.2: HMAC-SHA-256 chained over K and V. */
struct generator {
    uint8_t key[SIZE];
    uint8_t value[SIZE];
};

#define BLOCK_SIZE 64u /* of SHA-256 */

/* The key of HMAC, filled up to a block and mixed with a byte (RFC 2104). */
static void start_hash(struct slw_sha256 *hash, const uint8_t key[static SIZE], uint8_t pad)
{
    uint8_t block[BLOCK_SIZE];
    for (size_t i = 0; i < sizeof block; i++) {
        block[i] = (uint8_t)((i < SIZE ? key[i] : 0) ^ pad);
    }
    slw_sha256_init(hash);
    slw_sha256_update(hash, slw_bytes_make(block, sizeof block));
    slw_wipe(block, sizeof block);
}

/* HMAC_K(V || more), where it may replace either. OpenSSL's takes as long to be looked up as to be
 * computed, and a signature wants five. */
static void hmac(const struct generator *generator, struct slw_bytes more,
                 uint8_t ret_code[static SIZE])
{
    struct slw_sha256 hash;
    uint8_t inner[SIZE];
    start_hash(&hash, generator->key, 0x36);
    slw_sha256_update(&hash, slw_bytes_make(generator->value, SIZE));
    slw_sha256_update(&hash, more);
    slw_sha256_final(&hash, inner);
    start_hash(&hash, generator->key, 0x5C);
    slw_sha256_update(&hash, slw_bytes_make(inner, sizeof inner));
    slw_sha256_final(&hash, ret_code);
    slw_wipe(&hash, sizeof hash);
    slw_wipe(inner, sizeof inner);
}

/* K = HMAC_K(V || separator || extra), V = HMAC_K(V) */
static void mix(struct generator *generator, uint8_t separator, struct slw_bytes extra)
{
    uint8_t more[1 + 2 * SIZE] = {separator};
    if (extra.len != 0) {
        memcpy(more + 1, extra.ptr, extra.len);
    }
    hmac(generator, slw_bytes_make(more, 1 + extra.len), generator->key);
    hmac(generator, slw_bytes_make(NULL, 0), generator->value);
    slw_wipe(more, sizeof more);
}

/* Steps a to g: seeded with the key and with the digest modulo the order. */
static bool seed(struct generator *generator, const uint8_t secret[static SIZE],
                 const uint8_t digest[static SIZE], const BIGNUM *order, BN_CTX *context)
{
    uint8_t both[2 * SIZE];
    BIGNUM *number = BN_bin2bn(digest, (int)SIZE, NULL);
    bool good = number != NULL && BN_nnmod(number, number, order, context) == 1 &&
                BN_bn2binpad(number, both + SIZE, (int)SIZE) == (int)SIZE;
    if (good) {
        memset(generator->value, 1, SIZE);
        memset(generator->key, 0, SIZE);
        memcpy(both, secret, SIZE);
        mix(generator, 0, slw_bytes_make(both, sizeof both));
        mix(generator, 1, slw_bytes_make(both, sizeof both));
    }
    slw_wipe(both, sizeof both);
    BN_free(number);
    return good;
}

/* Step h: the next candidate in [1, order - 1]. */
static bool next_nonce(struct generator *generator, const BIGNUM *order, BIGNUM *nonce)
{
    for (unsigned attempt = 0; attempt < 128; attempt++) {
        hmac(generator, slw_bytes_make(NULL, 0), generator->value);
        if (BN_bin2bn(generator->value, (int)SIZE, nonce) == NULL) {
            return false;
        }
        if (!BN_is_zero(nonce) && BN_cmp(nonce, order) < 0) {
            return true;
        }
        mix(generator, 0, slw_bytes_make(NULL, 0));
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

static bool sign_in(const struct slw_ecdsa_key *key, const uint8_t digest[static SIZE],
                    uint8_t signature[static SLW_SIGNATURE_SIZE], BN_CTX *context)
{
    const EC_GROUP *group = EC_KEY_get0_group(key->ec);
    struct generator generator;
    BIGNUM *nonce = BN_new();
    BIGNUM *inverse = BN_new();
    BIGNUM *r = BN_new();
    bool good = nonce != NULL && inverse != NULL && r != NULL &&
                seed(&generator, key->secret, digest, EC_GROUP_get0_order(group), context) &&
                next_nonce(&generator, EC_GROUP_get0_order(group), nonce) &&
                prepare(group, nonce, inverse, r, context) &&
                sign_with(key->ec, inverse, r, digest, signature);
    BN_clear_free(nonce);
    BN_clear_free(inverse);
    BN_free(r);
    slw_wipe(&generator, sizeof generator);
    return good;
}

bool slw_ecdsa_sign(const struct slw_ecdsa_key *key, const uint8_t digest[static SLW_SHA256_SIZE],
                    uint8_t ret_signature[static SLW_SIGNATURE_SIZE])
{
    BN_CTX *context = BN_CTX_secure_new();
    uint8_t signature[SLW_SIGNATURE_SIZE];
    bool good = context != NULL && sign_in(key, digest, signature, context);
    if (good) {
        memcpy(ret_signature, signature, sizeof signature);
    }
    BN_CTX_free(context);
    return good;
}

struct slw_ecdsa_key *slw_ecdsa_key_new(const uint8_t secret[static 32])
{
    struct slw_ecdsa_key *key = calloc(1, sizeof *key);
    BIGNUM *scalar = BN_bin2bn(secret, (int)SIZE, NULL);
    bool good = key != NULL && scalar != NULL;
    if (good) {
        memcpy(key->secret, secret, SIZE);
        key->ec = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
        good = key->ec != NULL && EC_KEY_set_private_key(key->ec, scalar) == 1;
    }
    BN_clear_free(scalar);
    if (!good) {
        slw_ecdsa_key_free(key);
        return NULL;
    }
    return key;
}

void slw_ecdsa_key_free(struct slw_ecdsa_key *key)
{
    if (key != NULL) {
        EC_KEY_free(key->ec); /* clears the secret */
        slw_wipe(key, sizeof *key);
        free(key);
    }
}
