/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HASHES of metadata and targets: whether they are such, and whether bytes have them. Readers check
 * them with it; the client hashes what it fetches and what it wrote.
 */
#include "hex.h"
#include "json_fields.h"
#include "metadata.h"

#include <openssl/evp.h>

#define SHA512_SIZE 64u

static size_t size_of(struct slw_bytes algorithm)
{
    if (slw_bytes_equal(algorithm, SLW_BYTES_OF("sha256"))) {
        return SLW_SHA256_SIZE;
    }
    return slw_bytes_equal(algorithm, SLW_BYTES_OF("sha512")) ? SHA512_SIZE : 0;
}

/*
 * "HASH, the hexdigest of the cryptographic function": in lower case, for it also stands in file
 * names of consistent snapshots.
 */
static bool is_hexdigest(struct slw_bytes text, size_t size)
{
    return text.len == 2 * size && slw_tuf_hex_is_lower(text);
}

/*
 * "A dictionary that specifies one or more hashes, including the cryptographic hash function." Some
 * of kinds that we don't know are as good as none, for whoever needs one (slw_tuf_hasher_init()).
 */
enum slw_status slw_tuf_hashes_check(const struct slw_json_document *json, uint32_t hashes,
                                     struct slw_detail *detail)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, hashes);
    struct slw_bytes algorithm;
    uint32_t value = SLW_JSON_NONE;
    bool found = false;
    SLW_TRY(slw_tuf_json_object(json, hashes, detail));
    while (slw_json_walk_member(&walk, &algorithm, &value)) {
        size_t size = size_of(algorithm);
        if (slw_json_kind(json, value) != SLW_JSON_STRING) {
            return slw_json_refuse(json, value, SLW_MALFORMED, "must be a string", detail);
        }
        if (size != 0 && !is_hexdigest(slw_json_string(json, value), size)) {
            return slw_json_refuse(json, value, SLW_MISSING_HASH,
                                   "must be a hash in lower-case hexadecimal", detail);
        }
        found = true;
    }
    if (!found) {
        return slw_json_refuse(json, hashes, SLW_MISSING_HASH, "has no hash", detail);
    }
    return SLW_OK;
}

/* Sets up one algorithm, unless it isn't listed. */
static enum slw_status begin(const struct slw_json_document *json, uint32_t hashes,
                             const char *algorithm, const EVP_MD *digest, void **ret_context,
                             uint8_t *ret_expected)
{
    size_t size = (size_t)EVP_MD_get_size(digest);
    uint32_t value = slw_json_member(json, hashes, slw_bytes_make(algorithm, strlen(algorithm)));
    if (value == SLW_JSON_NONE) {
        return SLW_OK;
    }
    struct slw_bytes text = slw_json_string(json, value);
    if (!is_hexdigest(text, size) || !slw_tuf_hex_decode(text, ret_expected, size)) {
        return SLW_MISSING_HASH;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *ret_context = context;
    return context != NULL && EVP_DigestInit_ex2(context, digest, NULL) == 1 ? SLW_OK
                                                                             : SLW_IO_CRYPTO;
}

enum slw_status slw_tuf_hasher_init(const struct slw_json_document *json, uint32_t hashes,
                                    struct slw_tuf_hasher *ret_hasher)
{
    struct slw_tuf_hasher hasher = {0};
    if (hashes == SLW_JSON_NONE) {
        return SLW_MISSING_HASH;
    }
    enum slw_status status =
        begin(json, hashes, "sha256", EVP_sha256(), &hasher.sha256, hasher.expected_sha256);
    if (status == SLW_OK) {
        status =
            begin(json, hashes, "sha512", EVP_sha512(), &hasher.sha512, hasher.expected_sha512);
    }
    if (status == SLW_OK && hasher.sha256 == NULL && hasher.sha512 == NULL) {
        status = SLW_MISSING_HASH;
    }
    if (status != SLW_OK) {
        slw_tuf_hasher_free(&hasher);
        return status;
    }
    *ret_hasher = hasher;
    return SLW_OK;
}

static bool update(void *context, struct slw_bytes piece)
{
    return context == NULL || EVP_DigestUpdate(context, piece.ptr, piece.len) == 1;
}

void slw_tuf_hasher_update(struct slw_tuf_hasher *hasher, struct slw_bytes piece)
{
    if (piece.len != 0 && (!update(hasher->sha256, piece) || !update(hasher->sha512, piece))) {
        hasher->failed = true;
    }
    hasher->length += piece.len;
}

static enum slw_status compare(void *context, const uint8_t *expected)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    if (context == NULL) {
        return SLW_OK;
    }
    if (EVP_DigestFinal_ex(context, digest, &len) != 1) {
        return SLW_IO_CRYPTO;
    }
    return memcmp(digest, expected, len) == 0 ? SLW_OK : SLW_WRONG_HASH;
}

enum slw_status slw_tuf_hasher_check(struct slw_tuf_hasher *hasher, uint64_t length)
{
    if (hasher->length != length) {
        return SLW_WRONG_LENGTH;
    }
    if (hasher->failed || (hasher->sha256 == NULL && hasher->sha512 == NULL)) {
        return SLW_IO_CRYPTO;
    }
    SLW_TRY(compare(hasher->sha256, hasher->expected_sha256));
    return compare(hasher->sha512, hasher->expected_sha512);
}

void slw_tuf_hasher_free(struct slw_tuf_hasher *hasher)
{
    EVP_MD_CTX_free(hasher->sha256);
    EVP_MD_CTX_free(hasher->sha512);
    *hasher = (struct slw_tuf_hasher){0};
}
