/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys of key objects and RSASSA-PSS, by OpenSSL. key.c calls it. Nothing is kept between two
 * calls, and OpenSSL's error queue is empty after each.
 */
#include "key.h"
#include "pem.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

/* What a refusal by the library means, whose error queue was empty before the call. */
static enum slw_status refusal(enum slw_status status)
{
    bool no_memory = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    return no_memory ? SLW_IO_CRYPTO : status;
}

/*
 * "All RSA keys MUST be at least 2048 bits." An exponent of 1 would make every message its own
 * signature, and an even one isn't invertible.
 */
static bool is_within_limits(const EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool good = bits >= (int)SLW_TUF_RSA_BITS_MIN && bits <= (int)SLW_TUF_RSA_BITS_MAX &&
                EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 &&
                BN_is_odd(exponent) && !BN_is_one(exponent) &&
                BN_num_bits(exponent) <= (int)SLW_TUF_RSA_EXPONENT_BITS_MAX;
    BN_free(exponent);
    return good;
}

static enum slw_status load(struct slw_bytes pem, EVP_PKEY **ret_key)
{
    uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
    size_t len = 0;
    if (!slw_tuf_pem_decode(pem, der, &len)) {
        return SLW_BAD_KEY;
    }
    const unsigned char *at = der;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)len);
    if (key == NULL) {
        return refusal(SLW_BAD_KEY);
    }
    if (at != der + len || EVP_PKEY_is_a(key, "RSA") != 1 || !is_within_limits(key)) {
        EVP_PKEY_free(key);
        return SLW_BAD_KEY;
    }
    *ret_key = key;
    return SLW_OK;
}

enum slw_status slw_tuf_rsa_read(struct slw_bytes pem, struct slw_heap_buffer *ret_spki)
{
    EVP_PKEY *key = NULL;
    unsigned char *spki = NULL;
    ERR_clear_error();
    enum slw_status status = load(pem, &key);
    if (status == SLW_OK) {
        int len = i2d_PUBKEY(key, &spki);
        status = len > 0 ? SLW_OK : SLW_IO_CRYPTO;
        slw_heap_append(ret_spki, slw_bytes_make(spki, len > 0 ? (size_t)len : 0));
    }
    OPENSSL_free(spki);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status == SLW_OK ? ret_spki->status : status;
}

/* "The underlying hash function is SHA256." The salt's length is what the signature says. */
static enum slw_status verify_pss(EVP_PKEY *key, const uint8_t digest[static SLW_SHA256_SIZE],
                                  struct slw_bytes signature)
{
    enum slw_status status = SLW_IO_CRYPTO;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
        EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) == 1 &&
        EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_AUTO) == 1) {
        status = EVP_PKEY_verify(ctx, signature.ptr, signature.len, digest, SLW_SHA256_SIZE) == 1
                     ? SLW_OK
                     : refusal(SLW_BAD_SIGNATURE);
    }
    EVP_PKEY_CTX_free(ctx);
    return status;
}

enum slw_status slw_tuf_rsa_verify(struct slw_bytes pem,
                                   const uint8_t digest[static SLW_SHA256_SIZE],
                                   struct slw_bytes signature)
{
    EVP_PKEY *key = NULL;
    ERR_clear_error();
    enum slw_status status = load(pem, &key);
    /* RFC 8017, 8.1.2: "If the length of the signature S is not k octets, output 'invalid'". */
    if (status == SLW_OK && signature.len != (size_t)EVP_PKEY_get_size(key)) {
        status = SLW_BAD_SIGNATURE;
    }
    if (status == SLW_OK) {
        status = verify_pss(key, digest, signature);
    }
    EVP_PKEY_free(key);
    ERR_clear_error();
    return status;
}
