/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crypto.h by OpenSSL 3: the adapter that hosts link. Signatures go through EVP, so that whatever
 * provider the system is set up with does the work. Nothing is kept between two calls, and
 * OpenSSL's error queue is empty after each.
 */

/*
 * SHA256_Init() and its siblings are the one thing taken from the interface of 1.1.1: EVP keeps a
 * digest's state on the heap, where it has to be freed and can't be copied by assignment, but
 * crypto.h promises that the state is the caller's memory alone. The code behind both is the same.
 */
#define OPENSSL_API_COMPAT 10101

#include "slipway/crypto.h"

#include "slipway/checked.h"
#include "slipway/writer.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>
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

/*
 * What a refusal by the library means. Only running out of memory is the library's own failure: a
 * key or signature made for the purpose can bring about any other error, such as a sum of points
 * that is the point at infinity, and has to be judged as the bad input that it is.
 */
static enum slw_status judge_refusal(enum slw_status refusal)
{
    return ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE ? SLW_IO_CRYPTO : refusal;
}

/* Coordinates in range and the curve's equation are what EC_POINT_oct2point() checks. */
static enum slw_status check_point(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    enum slw_status status = SLW_IO_CRYPTO;
    if (point != NULL) {
        status = EC_POINT_oct2point(group, point, key, SLW_P256_KEY_SIZE, NULL) == 1
                     ? SLW_OK
                     : judge_refusal(SLW_BAD_KEY);
    }
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return status;
}

/* OpenSSL also reads the hybrid forms 06 and 07, which have the same length. */
static bool is_uncompressed(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    return key[0] == POINT_CONVERSION_UNCOMPRESSED;
}

enum slw_status slw_p256_check_key(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    if (!is_uncompressed(key)) {
        return SLW_BAD_KEY;
    }
    ERR_clear_error();
    enum slw_status status = check_point(key);
    ERR_clear_error();
    return status;
}

/* NULL when it isn't a key, or when the library fails. */
static EVP_PKEY *load_p256_key(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    char group[] = SN_X9_62_prime256v1;
    uint8_t point[SLW_P256_KEY_SIZE];
    memcpy(point, key, sizeof point);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group - 1),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_end(),
    };
    EVP_PKEY *loaded = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &loaded, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        loaded = NULL;
    }
    EVP_PKEY_CTX_free(ctx);
    return loaded;
}

#define P256_SCALAR_SIZE 32u

/* n, the order of the group (SEC 2, 2.4.2). */
static const uint8_t p256_order[P256_SCALAR_SIZE] = {
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
};

/* FIPS 186-5, 6.4.2: "Verify that r and s are integers in the interval [1, n-1]." */
static bool scalar_in_range(const uint8_t scalar[static P256_SCALAR_SIZE])
{
    static const uint8_t zero[P256_SCALAR_SIZE];
    return memcmp(scalar, zero, P256_SCALAR_SIZE) != 0 &&
           memcmp(scalar, p256_order, P256_SCALAR_SIZE) < 0;
}

#define DER_SEQUENCE 0x30u
#define DER_INTEGER 0x02u

/* The shortest form, with a zero in front of what would look negative; never 0 here. */
static void put_der_integer(struct slw_writer *writer,
                            const uint8_t scalar[static P256_SCALAR_SIZE])
{
    size_t first = 0;
    while (scalar[first] == 0) {
        first++;
    }
    size_t len = P256_SCALAR_SIZE - first;
    bool looks_negative = (scalar[first] & 0x80) != 0;
    slw_writer_u8(writer, DER_INTEGER);
    slw_writer_u8(writer, (uint8_t)(len + (looks_negative ? 1 : 0)));
    if (looks_negative) {
        slw_writer_u8(writer, 0);
    }
    slw_writer_put(writer, slw_bytes_make(scalar + first, len));
}

/* Ecdsa-Sig-Value of RFC 3279, 2.2.3, which is the form that EVP wants. */
#define DER_HEADER_SIZE 2u
#define DER_SIGNATURE_SIZE_MAX (DER_HEADER_SIZE + 2 * (DER_HEADER_SIZE + 1 + P256_SCALAR_SIZE))

static void put_der_signature(struct slw_writer *writer,
                              const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    uint8_t body[DER_SIGNATURE_SIZE_MAX];
    struct slw_writer integers;
    slw_writer_init(&integers, body, sizeof body);
    put_der_integer(&integers, signature);
    put_der_integer(&integers, signature + P256_SCALAR_SIZE);
    slw_writer_u8(writer, DER_SEQUENCE);
    slw_writer_u8(writer, (uint8_t)integers.len);
    slw_writer_put(writer, slw_writer_written(&integers));
}

static enum slw_status verify_p256(EVP_PKEY *key, const uint8_t digest[static SLW_SHA256_SIZE],
                                   struct slw_bytes der)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    enum slw_status status = SLW_IO_CRYPTO;
    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1) {
        status = EVP_PKEY_verify(ctx, der.ptr, der.len, digest, SLW_SHA256_SIZE) == 1
                     ? SLW_OK
                     : judge_refusal(SLW_BAD_SIGNATURE);
    }
    EVP_PKEY_CTX_free(ctx);
    return status;
}

enum slw_status slw_p256_verify(const uint8_t key[static SLW_P256_KEY_SIZE],
                                const uint8_t digest[static SLW_SHA256_SIZE],
                                const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    if (!is_uncompressed(key)) {
        return SLW_BAD_KEY;
    }
    ERR_clear_error();
    EVP_PKEY *loaded = load_p256_key(key);
    enum slw_status status;
    if (loaded == NULL) {
        status = check_point(key) == SLW_BAD_KEY ? SLW_BAD_KEY : SLW_IO_CRYPTO;
    } else if (!scalar_in_range(signature) || !scalar_in_range(signature + P256_SCALAR_SIZE)) {
        status = SLW_BAD_SIGNATURE;
    } else {
        uint8_t der[DER_SIGNATURE_SIZE_MAX];
        struct slw_writer writer;
        slw_writer_init(&writer, der, sizeof der);
        put_der_signature(&writer, signature);
        status = verify_p256(loaded, digest, slw_writer_written(&writer));
    }
    EVP_PKEY_free(loaded);
    ERR_clear_error();
    return status;
}

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
                     : judge_refusal(SLW_BAD_SIGNATURE);
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
