/* SPDX-License-Identifier: Apache-2.0 */
/* See seal.h. */
#include "seal.h"

#include <openssl/evp.h>
#include <sys/random.h>

#define NONCE_SIZE 12u
#define TAG_SIZE 16u

static void make_key(const struct depot *depot, uint8_t ret_key[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, SLW_BYTES_OF("slipway depot seal v1\n"));
    slw_sha256_update(&hash, slw_bytes_make(depot->secret, sizeof depot->secret));
    slw_sha256_final(&hash, ret_key);
    slw_wipe(&hash, sizeof hash);
}

static bool encrypt(EVP_CIPHER_CTX *cipher, const uint8_t *key, struct slw_bytes person,
                    const uint8_t *secret, uint8_t *sealed)
{
    int len = 0;
    uint8_t *text = sealed + NONCE_SIZE;
    return EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
           EVP_EncryptUpdate(cipher, NULL, &len, person.ptr, (int)person.len) == 1 &&
           EVP_EncryptUpdate(cipher, text, &len, secret, PEOPLE_TOTP_SIZE) == 1 &&
           EVP_EncryptFinal_ex(cipher, text + len, &len) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + PEOPLE_TOTP_SIZE) ==
               1;
}

enum slw_status people_seal(const struct depot *depot, struct slw_bytes person,
                            const uint8_t secret[static PEOPLE_TOTP_SIZE],
                            uint8_t ret_sealed[static PEOPLE_SEALED_SIZE],
                            struct slw_detail *detail)
{
    uint8_t key[SLW_SHA256_SIZE];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL) {
        return slw_explain_no_memory(detail);
    }
    make_key(depot, key);
    bool is_sealed = person.len <= DEPOT_NAME_MAX &&
                     getrandom(ret_sealed, NONCE_SIZE, 0) == (ssize_t)NONCE_SIZE &&
                     encrypt(cipher, key, person, secret, ret_sealed);
    EVP_CIPHER_CTX_free(cipher);
    slw_wipe(key, sizeof key);
    return is_sealed ? SLW_OK : slw_explain(detail, SLW_IO_CRYPTO, "sealing a secret failed");
}

static bool decrypt(EVP_CIPHER_CTX *cipher, const uint8_t *key, struct slw_bytes person,
                    const uint8_t *sealed, uint8_t *secret)
{
    int len = 0;
    uint8_t tag[TAG_SIZE];
    memcpy(tag, sealed + NONCE_SIZE + PEOPLE_TOTP_SIZE, sizeof tag);
    return EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), NULL, key, sealed) == 1 &&
           EVP_DecryptUpdate(cipher, NULL, &len, person.ptr, (int)person.len) == 1 &&
           EVP_DecryptUpdate(cipher, secret, &len, sealed + NONCE_SIZE, PEOPLE_TOTP_SIZE) == 1 &&
           EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 &&
           EVP_DecryptFinal_ex(cipher, secret + len, &len) == 1;
}

enum slw_status people_unseal(const struct depot *depot, struct slw_bytes person,
                              struct slw_bytes sealed, uint8_t ret_secret[static PEOPLE_TOTP_SIZE],
                              struct slw_detail *detail)
{
    uint8_t key[SLW_SHA256_SIZE];
    uint8_t secret[PEOPLE_TOTP_SIZE];
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
    if (cipher == NULL) {
        return slw_explain_no_memory(detail);
    }
    make_key(depot, key);
    bool is_open = sealed.len == PEOPLE_SEALED_SIZE && person.len <= DEPOT_NAME_MAX &&
                   decrypt(cipher, key, person, sealed.ptr, secret);
    if (is_open) {
        memcpy(ret_secret, secret, sizeof secret);
    }
    EVP_CIPHER_CTX_free(cipher);
    slw_wipe(key, sizeof key);
    slw_wipe(secret, sizeof secret);
    return is_open ? SLW_OK
                   : slw_explain(detail, SLW_STORED_STATE,
                                 "a secret was sealed with another secret file");
}
