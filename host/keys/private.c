/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private keys: PKCS#8 files, plain or encrypted, new ones, and signing with them. The signing
 * commands load one for as long as they need it; everything secret is wiped.
 */
#include "evp.h"
#include "pem.h"

#include "slipway/files.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <sys/stat.h>

/* What OWASP asks for with HMAC-SHA-256; a fraction of a second. */
#define PBKDF2_ITERATIONS 600000

struct slw_private_key {
    EVP_PKEY *pkey;               /* NULL when somebody else holds it */
    struct slw_ecdsa_key *ecdsa;  /* the same, of a P-256 key */
    struct slw_key_holder holder; /* of all zeros: the key is here */
    struct slw_public_key public_key;
};

static struct slw_ecdsa_key *make_ecdsa_key(const EVP_PKEY *pkey)
{
    uint8_t secret[32];
    BIGNUM *scalar = NULL;
    struct slw_ecdsa_key *key = NULL;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
        BN_bn2binpad(scalar, secret, sizeof secret) == (int)sizeof secret) {
        key = slw_ecdsa_key_new(secret);
    }
    BN_clear_free(scalar);
    slw_wipe(secret, sizeof secret);
    return key;
}

/* Takes pkey over, and frees it on failure. */
static enum slw_status wrap(const char *name, EVP_PKEY *pkey, struct slw_private_key **ret_key,
                            struct slw_detail *detail)
{
    struct slw_private_key *key = calloc(1, sizeof *key);
    enum slw_status status = key == NULL ? slw_explain_no_memory(detail) : SLW_OK;
    if (status == SLW_OK) {
        status = slw_public_key_from_evp(name, pkey, &key->public_key, detail);
    }
    if (status == SLW_OK && key->public_key.type == SLW_KEY_TYPE_P256) {
        key->ecdsa = make_ecdsa_key(pkey);
        status = key->ecdsa == NULL
                     ? slw_explain(detail, SLW_IO_CRYPTO, "%s: can't be signed with", name)
                     : SLW_OK;
    }
    if (status != SLW_OK) {
        free(key);
        EVP_PKEY_free(pkey);
        return status;
    }
    key->pkey = pkey;
    *ret_key = key;
    return SLW_OK;
}

enum slw_status slw_private_key_from_holder(const struct slw_public_key *public_key,
                                            const struct slw_key_holder *holder,
                                            struct slw_private_key **ret_key,
                                            struct slw_detail *detail)
{
    struct slw_private_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        return slw_explain_no_memory(detail);
    }
    key->public_key = *public_key;
    key->holder = *holder;
    *ret_key = key;
    return SLW_OK;
}

void slw_private_key_free(struct slw_private_key *key)
{
    if (key != NULL) {
        if (key->holder.free != NULL) {
            key->holder.free(key->holder.context);
        }
        EVP_PKEY_free(key->pkey); /* clears the secret */
        slw_ecdsa_key_free(key->ecdsa);
        slw_wipe(key, sizeof *key);
        free(key);
    }
}

const struct slw_public_key *slw_private_key_public(const struct slw_private_key *key)
{
    return &key->public_key;
}

static PKCS8_PRIV_KEY_INFO *decrypt(const char *name, struct slw_bytes der,
                                    struct slw_bytes passphrase, struct slw_detail *detail)
{
    const unsigned char *at = der.ptr;
    if (passphrase.len == 0) {
        (void)slw_explain(detail, SLW_BAD_KEY,
                          "%s: is encrypted; --passphrase-file names the file with its passphrase",
                          name);
        return NULL;
    }
    X509_SIG *sealed = d2i_X509_SIG(NULL, &at, (long)der.len);
    PKCS8_PRIV_KEY_INFO *info = NULL;
    if (sealed != NULL && at == der.ptr + der.len) {
        info = PKCS8_decrypt(sealed, (const char *)passphrase.ptr, (int)passphrase.len);
    }
    X509_SIG_free(sealed);
    if (info == NULL) {
        (void)slw_explain(detail, SLW_BAD_KEY, "%s: can't be decrypted with this passphrase", name);
    }
    return info;
}

static PKCS8_PRIV_KEY_INFO *decode(const char *name, struct slw_bytes der,
                                   struct slw_detail *detail)
{
    const unsigned char *at = der.ptr;
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, (long)der.len);
    if (info == NULL || at != der.ptr + der.len) {
        (void)slw_explain(detail, SLW_BAD_KEY, "%s: not a well-formed private key", name);
        PKCS8_PRIV_KEY_INFO_free(info);
        return NULL;
    }
    return info;
}

/* A P-256 file holds the public key too, and a damaged one would make signatures nobody accepts. */
static bool halves_match(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool match = context != NULL && EVP_PKEY_pairwise_check(context) == 1;
    EVP_PKEY_CTX_free(context);
    return match;
}

static enum slw_status from_info(const char *name, const PKCS8_PRIV_KEY_INFO *info,
                                 struct slw_private_key **ret_key, struct slw_detail *detail)
{
    EVP_PKEY *pkey = EVP_PKCS82PKEY(info);
    if (pkey == NULL) {
        return slw_explain(detail, SLW_BAD_KEY, "%s: not a well-formed private key", name);
    }
    struct slw_private_key *key = NULL;
    SLW_TRY(wrap(name, pkey, &key, detail));
    if (!halves_match(key->pkey)) {
        slw_private_key_free(key);
        return slw_explain(detail, SLW_BAD_KEY, "%s: its private and public halves don't match",
                           name);
    }
    *ret_key = key;
    return SLW_OK;
}

enum slw_status slw_private_key_parse(const char *name, struct slw_bytes text,
                                      struct slw_bytes passphrase, struct slw_private_key **ret_key,
                                      struct slw_detail *detail)
{
    struct slw_heap_buffer der = {0};
    enum slw_pem_kind kind = SLW_PEM_PRIVATE;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    enum slw_status status = slw_pem_read(name, text, &kind, &der, detail);
    if (status == SLW_OK && kind == SLW_PEM_PUBLIC) {
        status = slw_explain(detail, SLW_BAD_KEY, "%s: a public key, where a private one is wanted",
                             name);
    }
    if (status == SLW_OK) {
        info = kind == SLW_PEM_ENCRYPTED ? decrypt(name, slw_heap_bytes(&der), passphrase, detail)
                                         : decode(name, slw_heap_bytes(&der), detail);
        status = info == NULL ? SLW_BAD_KEY : from_info(name, info, ret_key, detail);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    slw_heap_free(&der);
    ERR_clear_error();
    return status;
}

enum slw_status slw_passphrase_load(const char *path, struct slw_heap_buffer *ret_passphrase,
                                    struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    enum slw_status status = slw_file_read(path, SLW_PASSPHRASE_SIZE_MAX, &text, detail);
    if (status == SLW_OK) {
        const char *line = slw_heap_text(&text);
        size_t len = strcspn(line, "\r\n");
        slw_heap_append(ret_passphrase, slw_bytes_make(line, len));
        if (len == 0) {
            status = slw_explain(detail, SLW_BAD_ARGUMENT, "%s: its first line is empty", path);
        } else if (ret_passphrase->status != SLW_OK) {
            status = slw_explain_no_memory(detail);
        }
    }
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_private_key_load(const char *path, const char *passphrase_path,
                                     struct slw_private_key **ret_key, struct slw_detail *detail)
{
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer passphrase = {0};
    enum slw_status status = slw_file_read(path, SLW_KEY_FILE_SIZE_MAX, &text, detail);
    if (status == SLW_TOO_LARGE) {
        status = slw_explain(detail, SLW_BAD_KEY, "%s: too large for a key file", path);
    }
    if (status == SLW_OK && passphrase_path != NULL) {
        status = slw_passphrase_load(passphrase_path, &passphrase, detail);
    }
    if (status == SLW_OK) {
        status = slw_private_key_parse(path, slw_heap_bytes(&text), slw_heap_bytes(&passphrase),
                                       ret_key, detail);
    }
    slw_heap_free(&passphrase);
    slw_heap_free(&text);
    return status;
}

enum slw_status slw_private_key_generate(enum slw_key_type type, struct slw_private_key **ret_key,
                                         struct slw_detail *detail)
{
    EVP_PKEY *pkey = type == SLW_KEY_TYPE_P256 ? EVP_EC_gen("prime256v1")
                                               : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (pkey == NULL) {
        return slw_explain(detail, SLW_IO_CRYPTO, "the crypto library could not make a key");
    }
    return wrap("new key", pkey, ret_key, detail);
}

/* PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, which every reader of PKCS#8 knows. */
static X509_SIG *seal(PKCS8_PRIV_KEY_INFO *info, struct slw_bytes passphrase)
{
    X509_ALGOR *algorithm =
        PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PBKDF2_ITERATIONS, NULL, 0, NULL, NID_hmacWithSHA256);
    X509_SIG *sealed = NULL;
    if (algorithm != NULL) {
        sealed = PKCS8_set0_pbe((const char *)passphrase.ptr, (int)passphrase.len, info, algorithm);
    }
    if (sealed == NULL) {
        X509_ALGOR_free(algorithm); /* else it belongs to sealed */
    }
    return sealed;
}

static bool write_pkcs8(BIO *bio, const EVP_PKEY *pkey, struct slw_bytes passphrase)
{
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    bool good = false;
    if (info != NULL && passphrase.len == 0) {
        good = PEM_write_bio_PKCS8_PRIV_KEY_INFO(bio, info) == 1;
    } else if (info != NULL) {
        X509_SIG *sealed = seal(info, passphrase);
        good = sealed != NULL && PEM_write_bio_PKCS8(bio, sealed) == 1;
        X509_SIG_free(sealed);
    }
    PKCS8_PRIV_KEY_INFO_free(info);
    return good;
}

enum slw_status slw_private_key_format(const struct slw_private_key *key,
                                       struct slw_bytes passphrase,
                                       struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    if (key->pkey == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "a key in a token doesn't leave it");
    }
    BIO *bio = BIO_new(BIO_s_secmem());
    enum slw_status status = SLW_OK;
    if (bio != NULL && write_pkcs8(bio, key->pkey, passphrase)) {
        status = slw_bio_to_heap(bio, ret_text, detail);
    } else {
        status = slw_explain(detail, SLW_IO_CRYPTO, "the crypto library could not write a key");
    }
    BIO_free(bio);
    return status;
}

static bool sign_ed25519(const struct slw_private_key *key, struct slw_bytes message,
                         uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    size_t len = SLW_SIGNATURE_SIZE;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context != NULL && EVP_DigestSignInit(context, NULL, NULL, NULL, key->pkey) == 1 &&
                EVP_DigestSign(context, signature, &len, message.ptr, message.len) == 1 &&
                len == SLW_SIGNATURE_SIZE;
    EVP_MD_CTX_free(context);
    return good;
}

static enum slw_status explain_failure(struct slw_detail *detail)
{
    return slw_explain(detail, SLW_IO_CRYPTO, "the crypto library could not sign");
}

enum slw_status slw_private_key_sign_unverified(const struct slw_private_key *key,
                                                struct slw_bytes message,
                                                const uint8_t digest[static SLW_SHA256_SIZE],
                                                uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                                struct slw_detail *detail)
{
    uint8_t signature[SLW_SIGNATURE_SIZE];
    if (key->holder.sign != NULL) {
        return key->holder.sign(key->holder.context, message, digest, ret_signature, detail);
    }
    bool good = key->public_key.type == SLW_KEY_TYPE_P256
                    ? slw_ecdsa_sign(key->ecdsa, digest, signature)
                    : sign_ed25519(key, message, signature);
    if (!good) {
        return explain_failure(detail);
    }
    memcpy(ret_signature, signature, sizeof signature);
    return SLW_OK;
}

static enum slw_status verify(const struct slw_private_key *key, struct slw_bytes message,
                              const uint8_t digest[static SLW_SHA256_SIZE],
                              const uint8_t signature[static SLW_SIGNATURE_SIZE])
{
    struct slw_reader reader;
    if (key->public_key.type == SLW_KEY_TYPE_P256) {
        return slw_p256_verify(key->public_key.value, digest, signature);
    }
    slw_reader_init_bytes(&reader, message);
    return slw_ed25519_verify(key->public_key.value, signature, &reader);
}

enum slw_status slw_private_key_sign(const struct slw_private_key *key, struct slw_bytes message,
                                     uint8_t ret_signature[static SLW_SIGNATURE_SIZE],
                                     struct slw_detail *detail)
{
    uint8_t digest[SLW_SHA256_SIZE] = {0}; /* which Ed25519 has no use for */
    uint8_t signature[SLW_SIGNATURE_SIZE];
    struct slw_sha256 hash;
    if (key->public_key.type == SLW_KEY_TYPE_P256) {
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, message);
        slw_sha256_final(&hash, digest);
    }
    SLW_TRY(slw_private_key_sign_unverified(key, message, digest, signature, detail));
    if (verify(key, message, digest, signature) != SLW_OK) {
        return key->holder.sign != NULL
                   ? slw_explain(detail, SLW_TOKEN,
                                 "the token made a signature that doesn't verify")
                   : explain_failure(detail);
    }
    memcpy(ret_signature, signature, sizeof signature);
    return SLW_OK;
}

bool slw_key_file_is_exposed(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode) && (about.st_mode & 0077) != 0;
}
