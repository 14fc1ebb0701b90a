/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys: from SubjectPublicKeyInfo to the raw value that a root holds, and back. Roots are
 * built from them, and inspection names keys by them.
 */
#include "evp.h"
#include "pem.h"

#include "slipway/files.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

const char *slw_key_type_name(enum slw_key_type type)
{
    switch (type) {
    case SLW_KEY_TYPE_P256:
        return "p256";
    case SLW_KEY_TYPE_ED25519:
        return "ed25519";
    }
    return NULL;
}

void slw_key_id(uint8_t type, uint8_t scheme, struct slw_bytes value,
                uint8_t ret_id[static SLW_SHA256_SIZE])
{
    const uint8_t head[2] = {type, scheme};
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(head, sizeof head));
    slw_sha256_update(&hash, value);
    slw_sha256_final(&hash, ret_id);
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[64];
    size_t len = 0;
    return EVP_PKEY_get_group_name(pkey, group, sizeof group, &len) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0);
}

/* Uncompressed, whatever form the file had. */
static bool read_p256_value(const EVP_PKEY *pkey, uint8_t value[static SLW_P256_KEY_SIZE])
{
    BIGNUM *x = NULL;
    BIGNUM *y = NULL;
    bool good = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1 &&
                BN_bn2binpad(x, value + 1, 32) == 32 && BN_bn2binpad(y, value + 33, 32) == 32;
    value[0] = 4;
    BN_free(x);
    BN_free(y);
    return good && slw_p256_check_key(value) == SLW_OK;
}

static bool read_ed25519_value(const EVP_PKEY *pkey, uint8_t value[static SLW_ED25519_KEY_SIZE])
{
    size_t len = SLW_ED25519_KEY_SIZE;
    return EVP_PKEY_get_raw_public_key(pkey, value, &len) == 1 && len == SLW_ED25519_KEY_SIZE &&
           slw_ed25519_check_key(value) == SLW_OK;
}

enum slw_status slw_public_key_from_evp(const char *name, const EVP_PKEY *pkey,
                                        struct slw_public_key *ret_key, struct slw_detail *detail)
{
    struct slw_public_key key = {0};
    bool good = false;
    if (EVP_PKEY_is_a(pkey, "EC") == 1) {
        if (!is_p256(pkey)) {
            return slw_explain(detail, SLW_BAD_KEY,
                               "%s: an EC key on another curve; keys here are ECDSA P-256 or "
                               "Ed25519",
                               name);
        }
        key.type = SLW_KEY_TYPE_P256;
        key.value_len = SLW_P256_KEY_SIZE;
        good = read_p256_value(pkey, key.value);
    } else if (EVP_PKEY_is_a(pkey, "ED25519") == 1) {
        key.type = SLW_KEY_TYPE_ED25519;
        key.value_len = SLW_ED25519_KEY_SIZE;
        good = read_ed25519_value(pkey, key.value);
    } else {
        const char *kind = EVP_PKEY_get0_type_name(pkey);
        return slw_explain(detail, SLW_BAD_KEY,
                           "%s: a key of type %s; keys here are ECDSA P-256 or Ed25519", name,
                           kind == NULL ? "unknown" : kind);
    }
    if (!good) {
        return slw_explain(detail, SLW_BAD_KEY, "%s: not a point that can be a key", name);
    }
    slw_key_id((uint8_t)key.type, (uint8_t)key.type, slw_bytes_make(key.value, key.value_len),
               key.id);
    *ret_key = key;
    return SLW_OK;
}

enum slw_status slw_public_key_parse(const char *name, struct slw_bytes text,
                                     struct slw_public_key *ret_key, struct slw_detail *detail)
{
    struct slw_heap_buffer der = {0};
    enum slw_pem_kind kind = SLW_PEM_PUBLIC;
    EVP_PKEY *pkey = NULL;
    enum slw_status status = slw_pem_read(name, text, &kind, &der, detail);
    if (status == SLW_OK && kind != SLW_PEM_PUBLIC) {
        status = slw_explain(detail, SLW_NOT_FOUND,
                             "%s: a private key, where a public one is wanted", name);
    }
    if (status == SLW_OK) {
        const unsigned char *at = der.ptr;
        pkey = d2i_PUBKEY(NULL, &at, (long)der.len);
        status = pkey == NULL || at != der.ptr + der.len
                     ? slw_explain(detail, SLW_BAD_KEY, "%s: not a well-formed public key", name)
                     : slw_public_key_from_evp(name, pkey, ret_key, detail);
    }
    EVP_PKEY_free(pkey);
    slw_heap_free(&der);
    return status;
}

enum slw_status slw_public_key_from_certificate(const char *name, struct slw_bytes der,
                                                struct slw_public_key *ret_key,
                                                struct slw_detail *detail)
{
    const unsigned char *at = der.ptr;
    X509 *certificate = der.len > SLW_KEY_FILE_SIZE_MAX ? NULL : d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *pkey = certificate == NULL ? NULL : X509_get0_pubkey(certificate);
    enum slw_status status =
        pkey == NULL || at != der.ptr + der.len
            ? slw_explain(detail, SLW_BAD_KEY, "%s: not a well-formed certificate", name)
            : slw_public_key_from_evp(name, pkey, ret_key, detail);
    X509_free(certificate);
    ERR_clear_error();
    return status;
}

enum slw_status slw_public_key_load(const char *path, struct slw_public_key *ret_key,
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_file_read(path, SLW_KEY_FILE_SIZE_MAX, &text, detail);
    if (status == SLW_TOO_LARGE) {
        status = slw_explain(detail, SLW_BAD_KEY, "%s: too large for a key file", path);
    }
    if (status == SLW_OK) {
        status = slw_public_key_parse(path, slw_heap_bytes(&text), ret_key, detail);
    }
    slw_heap_free(&text);
    return status;
}

static EVP_PKEY *evp_from_p256(const struct slw_public_key *key)
{
    EVP_PKEY *pkey = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    if (builder != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) ==
            1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, key->value,
                                         key->value_len) == 1) {
        params = OSSL_PARAM_BLD_to_param(builder);
    }
    if (context == NULL || params == NULL || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        pkey = NULL;
    }
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(builder);
    EVP_PKEY_CTX_free(context);
    return pkey;
}

enum slw_status slw_bio_to_heap(BIO *bio, struct slw_heap_buffer *ret_text,
                                struct slw_detail *detail)
{
    char *memory = NULL;
    long len = BIO_get_mem_data(bio, &memory);
    if (len <= 0) {
        return slw_explain(detail, SLW_IO_CRYPTO, "the crypto library could not write a key");
    }
    slw_heap_append(ret_text, slw_bytes_make(memory, (size_t)len));
    return ret_text->status == SLW_OK ? SLW_OK : slw_explain_no_memory(detail);
}

enum slw_status slw_public_key_format(const struct slw_public_key *key,
                                      struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    EVP_PKEY *pkey =
        key->type == SLW_KEY_TYPE_P256
            ? evp_from_p256(key)
            : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key->value, key->value_len);
    BIO *bio = BIO_new(BIO_s_mem());
    enum slw_status status = SLW_IO_CRYPTO;
    if (pkey != NULL && bio != NULL && PEM_write_bio_PUBKEY(bio, pkey) == 1) {
        status = slw_bio_to_heap(bio, ret_text, detail);
    } else {
        status = slw_explain(detail, SLW_IO_CRYPTO, "the crypto library could not write a key");
    }
    BIO_free(bio);
    EVP_PKEY_free(pkey);
    return status;
}
