/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ed25519 of crypto.h by OpenSSL 3, for hosts. Keys are checked here, since OpenSSL also takes
 * points of small order and encodings that aren't canonical. Nothing is kept between two calls, and
 * OpenSSL's error queue is empty after each.
 */
#include "slipway/crypto.h"

#include "openssl_refusal.h"
#include "slipway/checked.h"

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

/* Little endian y of the eight points whose order divides 8 (two of them have x = 0). */
static const uint8_t ed25519_small_order[][SLW_ED25519_KEY_SIZE] = {
    /* 0: order 4 */
    {0},
    /* 1: the neutral point */
    {1},
    /* p - 1: order 2 */
    {0xEC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
     0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F},
    /* order 8 */
    {0x26, 0xE8, 0x95, 0x8F, 0xC2, 0xB2, 0x27, 0xB0, 0x45, 0xC3, 0xF4,
     0x89, 0xF2, 0xEF, 0x98, 0xF0, 0xD5, 0xDF, 0xAC, 0x05, 0xD3, 0xC6,
     0x33, 0x39, 0xB1, 0x38, 0x02, 0x88, 0x6D, 0x53, 0xFC, 0x05},
    {0xC7, 0x17, 0x6A, 0x70, 0x3D, 0x4D, 0xD8, 0x4F, 0xBA, 0x3C, 0x0B,
     0x76, 0x0D, 0x10, 0x67, 0x0F, 0x2A, 0x20, 0x53, 0xFA, 0x2C, 0x39,
     0xCC, 0xC6, 0x4E, 0xC7, 0xFD, 0x77, 0x92, 0xAC, 0x03, 0x7A},
};

static bool is_small_order(const uint8_t y[static SLW_ED25519_KEY_SIZE])
{
    size_t count = sizeof ed25519_small_order / sizeof ed25519_small_order[0];
    for (size_t i = 0; i < count; i++) {
        if (memcmp(y, ed25519_small_order[i], SLW_ED25519_KEY_SIZE) == 0) {
            return true;
        }
    }
    return false;
}

/* p = 2^255 - 19 and d = -121665/121666 of RFC 8032, 5.1. */
static bool set_ed25519_constants(BIGNUM *prime, BIGNUM *d)
{
    static const char d_hex[] = "52036CEE2B6FFE738CC740797779E89800700A4D4141D8AB75EB4DCA135978A3";
    return BN_set_bit(prime, 255) == 1 && BN_sub_word(prime, 19) == 1 &&
           BN_hex2bn(&d, d_hex) == (int)(sizeof d_hex - 1);
}

/*
 * RFC 8032, 5.1.3: "If the resulting value is >= p, decoding fails", and x^2 = u / v must have a
 * root, where u = y^2 - 1 and v = d y^2 + 1. v is never 0, so u / v is a square when u v is one.
 * Step 4, "if x = 0 and x_0 = 1, decoding fails", is about two points of small order.
 */
static enum slw_status check_y(const uint8_t y_bytes[static SLW_ED25519_KEY_SIZE], BN_CTX *ctx)
{
    BIGNUM *prime = BN_CTX_get(ctx);
    BIGNUM *d = BN_CTX_get(ctx);
    BIGNUM *y = BN_CTX_get(ctx);
    BIGNUM *u = BN_CTX_get(ctx);
    BIGNUM *v = BN_CTX_get(ctx);
    if (v == NULL || !set_ed25519_constants(prime, d) ||
        BN_lebin2bn(y_bytes, SLW_ED25519_KEY_SIZE, y) == NULL) {
        return SLW_IO_CRYPTO;
    }
    if (BN_cmp(y, prime) >= 0) {
        return SLW_BAD_KEY;
    }
    if (BN_mod_sqr(u, y, prime, ctx) != 1 || BN_mod_mul(v, d, u, prime, ctx) != 1 ||
        BN_sub_word(u, 1) != 1 || BN_add_word(v, 1) != 1 || BN_mod_mul(u, u, v, prime, ctx) != 1) {
        return SLW_IO_CRYPTO;
    }
    int symbol = BN_kronecker(u, prime, ctx);
    if (symbol < -1) {
        return SLW_IO_CRYPTO;
    }
    return symbol == 1 ? SLW_OK : SLW_BAD_KEY;
}

enum slw_status slw_ed25519_check_key(const uint8_t key[static SLW_ED25519_KEY_SIZE])
{
    uint8_t y[SLW_ED25519_KEY_SIZE];
    memcpy(y, key, sizeof y);
    y[SLW_ED25519_KEY_SIZE - 1] &= 0x7F; /* without the sign of x */
    if (is_small_order(y)) {
        return SLW_BAD_KEY;
    }
    ERR_clear_error();
    enum slw_status status = SLW_IO_CRYPTO;
    BN_CTX *ctx = BN_CTX_new();
    if (ctx != NULL) {
        BN_CTX_start(ctx);
        status = check_y(y, ctx);
        BN_CTX_end(ctx);
    }
    BN_CTX_free(ctx);
    ERR_clear_error();
    return status;
}

/* OpenSSL checks that S is below the group's order, and compares R as it is encoded. */
static enum slw_status verify_ed25519(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                      const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                      struct slw_bytes message)
{
    EVP_PKEY *loaded =
        EVP_PKEY_new_raw_public_key_ex(NULL, "ED25519", NULL, key, SLW_ED25519_KEY_SIZE);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    enum slw_status status = SLW_IO_CRYPTO;
    if (loaded != NULL && ctx != NULL &&
        EVP_DigestVerifyInit_ex(ctx, NULL, NULL, NULL, NULL, loaded, NULL) == 1) {
        status = EVP_DigestVerify(ctx, signature, SLW_SIGNATURE_SIZE, message.ptr, message.len) == 1
                     ? SLW_OK
                     : slw_openssl_refusal(SLW_BAD_SIGNATURE);
    }
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(loaded);
    return status;
}

/* For a message that isn't in one piece: a copy of it, as long as the verification takes. */
static enum slw_status verify_ed25519_gathered(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                               const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                               struct slw_bytes first, struct slw_reader *rest)
{
    size_t rest_len = 0;
    size_t len = 0;
    if (!slw_to_size(slw_reader_left(rest), &rest_len) ||
        !slw_add_size(first.len, rest_len, &len)) {
        return SLW_IO_CRYPTO;
    }
    uint8_t *whole = OPENSSL_malloc(len);
    if (whole == NULL) {
        return SLW_IO_CRYPTO;
    }
    memcpy(whole, first.ptr, first.len);
    slw_reader_copy(rest, whole + first.len, rest_len);
    enum slw_status status = rest->status;
    if (status == SLW_OK) {
        status = verify_ed25519(key, signature, slw_bytes_make(whole, len));
    }
    OPENSSL_free(whole);
    return status;
}

enum slw_status slw_ed25519_verify(const uint8_t key[static SLW_ED25519_KEY_SIZE],
                                   const uint8_t signature[static SLW_SIGNATURE_SIZE],
                                   struct slw_reader *message)
{
    SLW_TRY(slw_ed25519_check_key(key));
    struct slw_bytes first = slw_reader_take(message, slw_reader_left(message));
    if (message->status != SLW_OK) {
        return message->status;
    }
    ERR_clear_error();
    enum slw_status status = slw_reader_left(message) == 0
                                 ? verify_ed25519(key, signature, first)
                                 : verify_ed25519_gathered(key, signature, first, message);
    ERR_clear_error();
    return status;
}
