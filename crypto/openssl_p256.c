/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ECDSA P-256 of crypto.h by OpenSSL 3, for hosts. It goes through EVP, so that whatever provider
 * the system is set up with does the work. Nothing is kept between two calls but the curve, which
 * takes OpenSSL a fifth of a verification to set up; its error queue is empty after each.
 */
#include "slipway/crypto.h"

#include "openssl_refusal.h"
#include "slipway/writer.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/params.h>

/* The curve for checking points, made at the first call and never changed. */
static EC_GROUP *point_group;
static CRYPTO_ONCE point_group_once = CRYPTO_ONCE_STATIC_INIT;

static void make_point_group(void)
{
    point_group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

/* Coordinates in range and the curve's equation are what EC_POINT_oct2point() checks. */
static enum slw_status check_point_of(const EC_GROUP *group,
                                      const uint8_t key[static SLW_P256_KEY_SIZE])
{
    EC_POINT *point = group == NULL ? NULL : EC_POINT_new(group);
    enum slw_status status = SLW_IO_CRYPTO;
    if (point != NULL) {
        status = EC_POINT_oct2point(group, point, key, SLW_P256_KEY_SIZE, NULL) == 1
                     ? SLW_OK
                     : slw_openssl_refusal(SLW_BAD_KEY);
    }
    EC_POINT_free(point);
    return status;
}

/* Without a curve that is kept, which wants memory once, one of its own still serves. */
static enum slw_status check_point(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    if (CRYPTO_THREAD_run_once(&point_group_once, make_point_group) == 1 && point_group != NULL) {
        return check_point_of(point_group, key);
    }
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    enum slw_status status = check_point_of(group, key);
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
static EVP_PKEY *build_key(const uint8_t key[static SLW_P256_KEY_SIZE])
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

/* Some key of the curve, made at the first call and never changed: keys are copies of it. */
static EVP_PKEY *curve;
static CRYPTO_ONCE curve_once = CRYPTO_ONCE_STATIC_INIT;

static void make_curve(void)
{
    /* G, the base point of the group (SEC 2, 2.4.2). */
    static const uint8_t base_point[SLW_P256_KEY_SIZE] = {
        0x04, 0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5,
        0x63, 0xA4, 0x40, 0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4,
        0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A,
        0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33,
        0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
    };
    curve = build_key(base_point);
}

/* NULL when it isn't a key, or when the library fails. Without a curve, which wants memory once,
 * the long way still serves. */
static EVP_PKEY *load_key(const uint8_t key[static SLW_P256_KEY_SIZE])
{
    if (CRYPTO_THREAD_run_once(&curve_once, make_curve) != 1 || curve == NULL) {
        return build_key(key);
    }
    EVP_PKEY *loaded = EVP_PKEY_dup(curve);
    if (loaded != NULL && EVP_PKEY_set1_encoded_public_key(loaded, key, SLW_P256_KEY_SIZE) != 1) {
        EVP_PKEY_free(loaded);
        return NULL;
    }
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
                     : slw_openssl_refusal(SLW_BAD_SIGNATURE);
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
    EVP_PKEY *loaded = load_key(key);
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
