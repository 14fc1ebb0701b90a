/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project Wycheproof's signature vectors against crypto.h. They aren't part of this project: they
 * are read from $SLIPWAY_THIRD_PARTY_VECTORS/wycheproof, or from ../shared/vectors/third-party
 * beside the project's root, where the tests are run; elsewhere each case is skipped.
 *
 * "valid" has to verify and "invalid" must not. "acceptable" would leave it open (today none of
 * these files has such a row): either verdict passes. A signature that isn't 64 bytes long, or DER
 * that stands for no r and s of 32 bytes, can't be given to crypto.h at all: its callers refuse it,
 * so the vector must be an invalid one.
 */
#include "slipway/crypto.h"

#include "tap.h"

#include <jansson.h>
#include <stdlib.h>

#define MESSAGE_SIZE_MAX 8192u
#define SKIP_REASON "no Wycheproof vectors here; SLIPWAY_THIRD_PARTY_VECTORS names their place"

struct signature_case {
    uint8_t key[SLW_P256_KEY_SIZE];
    size_t key_len;
    uint8_t message[MESSAGE_SIZE_MAX];
    size_t message_len;
    uint8_t signature[MESSAGE_SIZE_MAX];
    size_t signature_len;
};

/* True when the primitive accepts; a signature that can't be given to it is refused. */
typedef bool verify_function(const struct signature_case *given);

static bool decode_hex(const json_t *text, uint8_t *ret_bytes, size_t capacity, size_t *ret_len)
{
    const char *digits = json_string_value(text);
    if (digits == NULL || strlen(digits) % 2 != 0 || strlen(digits) / 2 > capacity) {
        return false;
    }
    for (size_t i = 0; i < strlen(digits) / 2; i++) {
        char pair[3] = {digits[2 * i], digits[2 * i + 1], '\0'};
        char *end = NULL;
        ret_bytes[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != '\0') {
            return false;
        }
    }
    *ret_len = strlen(digits) / 2;
    return true;
}

/* NULL when there is no such file; one that is there must be readable. */
static json_t *load_vectors(const char *name)
{
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/wycheproof/%s",
                       folder != NULL ? folder : "../shared/vectors/third-party", name);
    if (len < 0 || (size_t)len >= sizeof path) {
        return NULL;
    }
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    TAP_CHECK(file != NULL || json_error_code(&error) == json_error_cannot_open_file);
    return file;
}

static void check_vector(const json_t *vector, struct signature_case *given,
                         verify_function *verify)
{
    const char *result = json_string_value(json_object_get(vector, "result"));
    TAP_REQUIRE(result != NULL);
    TAP_REQUIRE(decode_hex(json_object_get(vector, "msg"), given->message, MESSAGE_SIZE_MAX,
                           &given->message_len));
    TAP_REQUIRE(decode_hex(json_object_get(vector, "sig"), given->signature, MESSAGE_SIZE_MAX,
                           &given->signature_len));
    bool accepted = verify(given);
    if (strcmp(result, "valid") == 0) {
        TAP_CHECK(accepted);
    } else if (strcmp(result, "invalid") == 0) {
        TAP_CHECK(!accepted);
    } else {
        TAP_CHECK(strcmp(result, "acceptable") == 0);
    }
}

static void check_vectors(const json_t *file, const char *key_field, size_t key_size,
                          verify_function *verify)
{
    static struct signature_case given;
    json_int_t count = 0;
    size_t group_index = 0;
    size_t test_index = 0;
    const json_t *group = NULL;
    const json_t *vector = NULL;
    json_array_foreach(json_object_get(file, "testGroups"), group_index, group)
    {
        const json_t *key = json_object_get(json_object_get(group, "publicKey"), key_field);
        TAP_REQUIRE(decode_hex(key, given.key, sizeof given.key, &given.key_len));
        TAP_REQUIRE(given.key_len == key_size);
        json_array_foreach(json_object_get(group, "tests"), test_index, vector)
        {
            char row[40];
            snprintf(row, sizeof row, "tcId %lld",
                     (long long)json_integer_value(json_object_get(vector, "tcId")));
            TAP_ROW(row);
            check_vector(vector, &given, verify);
            count++;
        }
    }
    TAP_ROW(NULL);
    TAP_CHECK(count > 0);
    TAP_EQUAL_INT(count, json_integer_value(json_object_get(file, "numberOfTests")));
}

static bool verify_p256(const struct signature_case *given)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(given->message, given->message_len));
    slw_sha256_final(&hash, digest);
    enum slw_status status = slw_p256_verify(given->key, digest, given->signature);
    TAP_CHECK(status == SLW_OK || status == SLW_BAD_SIGNATURE);
    return status == SLW_OK;
}

static bool verify_fixed_size(const struct signature_case *given)
{
    return given->signature_len == SLW_SIGNATURE_SIZE && verify_p256(given);
}

/* A positive DER integer of up to 32 bytes at *at, right-aligned; moves *at past it. */
static bool read_der_integer(const struct signature_case *given, size_t *at, uint8_t ret[static 32])
{
    const uint8_t *der = given->signature;
    if (given->signature_len - *at < 3 || der[*at] != 0x02) {
        return false;
    }
    size_t len = der[*at + 1];
    const uint8_t *value = der + *at + 2;
    if (len == 0 || len > 33 || len > given->signature_len - *at - 2 || (value[0] & 0x80) != 0) {
        return false;
    }
    *at += 2 + len;
    if (len > 1 && value[0] == 0) {
        if ((value[1] & 0x80) == 0) {
            return false;
        }
        value++;
        len--;
    }
    if (len > 32) {
        return false;
    }
    memset(ret, 0, 32);
    memcpy(ret + 32 - len, value, len);
    return true;
}

static bool verify_der(const struct signature_case *given)
{
    struct signature_case raw = *given;
    size_t at = 2;
    if (given->signature_len < 2 || given->signature[0] != 0x30 ||
        given->signature[1] != given->signature_len - 2 ||
        !read_der_integer(given, &at, raw.signature) ||
        !read_der_integer(given, &at, raw.signature + 32) || at != given->signature_len) {
        return false;
    }
    return verify_p256(&raw);
}

static bool verify_ed25519(const struct signature_case *given)
{
    if (given->signature_len != SLW_SIGNATURE_SIZE) {
        return false;
    }
    struct slw_bytes message = slw_bytes_make(given->message, given->message_len);
    struct slw_reader reader;
    slw_reader_init_bytes(&reader, message);
    enum slw_status whole = slw_ed25519_verify(given->key, given->signature, &reader);

    struct slw_memory_source memory;
    slw_memory_source_init(&memory, message);
    uint8_t block[16];
    slw_reader_init(&reader, &memory.source, block, sizeof block);
    enum slw_status in_blocks = slw_ed25519_verify(given->key, given->signature, &reader);

    TAP_EQUAL_INT(in_blocks, whole);
    TAP_CHECK(whole == SLW_OK || whole == SLW_BAD_SIGNATURE);
    return whole == SLW_OK;
}

static void judges_p256_signatures_as_wycheproof_does(void)
{
    json_t *file = load_vectors("ecdsa_secp256r1_sha256_p1363_test.json");
    if (file == NULL) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(file, "uncompressed", SLW_P256_KEY_SIZE, verify_fixed_size);
    json_decref(file);
}

static void judges_p256_der_signatures_as_wycheproof_does(void)
{
    json_t *file = load_vectors("ecdsa_secp256r1_sha256_test.json");
    if (file == NULL) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(file, "uncompressed", SLW_P256_KEY_SIZE, verify_der);
    json_decref(file);
}

static void judges_ed25519_signatures_as_wycheproof_does(void)
{
    json_t *file = load_vectors("ed25519_test.json");
    if (file == NULL) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(file, "pk", SLW_ED25519_KEY_SIZE, verify_ed25519);
    json_decref(file);
}

int main(void)
{
    TAP_RUN(judges_p256_signatures_as_wycheproof_does);
    TAP_RUN(judges_p256_der_signatures_as_wycheproof_does);
    TAP_RUN(judges_ed25519_signatures_as_wycheproof_does);
    return tap_finish();
}
