/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Project Wycheproof's vectors of the two kinds of signature that JSON TUF has in another form than
 * bundles do: ECDSA P-256 in DER, and RSA-PSS. They go the whole way, from a key object with PEM to
 * slw_tuf_key_verify(). They aren't part of this project: they are read from
 * $SLIPWAY_THIRD_PARTY_VECTORS/wycheproof, or from ../shared/vectors/third-party beside the
 * project's root, where the tests are run; elsewhere each case is skipped.
 */
#include "slipway/files.h"
#include "test_documents.h"

#include "tap.h"

#include <stdlib.h>

#define SKIP_REASON "no Wycheproof vectors here; SLIPWAY_THIRD_PARTY_VECTORS names their place"
#define FILE_SIZE_MAX 4000000u
#define MESSAGE_SIZE_MAX 8192u

struct vectors {
    struct slw_heap_buffer bytes;
    struct slw_json_document json;
};

/* False when there is no such file; one that is there must be readable. */
static bool load_vectors(const char *name, struct vectors *vectors)
{
    const char *folder = getenv("SLIPWAY_THIRD_PARTY_VECTORS");
    struct slw_detail detail = {0};
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/wycheproof/%s",
                       folder != NULL ? folder : "../shared/vectors/third-party", name);
    TAP_CHECK(len > 0 && (size_t)len < sizeof path);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        return false;
    }
    fclose(file);
    return TAP_CHECK(slw_file_read(path, FILE_SIZE_MAX, &vectors->bytes, &detail) == SLW_OK) &&
           TAP_CHECK(slw_json_parse(name, slw_heap_bytes(&vectors->bytes), &vectors->json,
                                    &detail) == SLW_OK);
}

static void free_vectors(struct vectors *vectors)
{
    slw_json_document_free(&vectors->json);
    slw_heap_free(&vectors->bytes);
}

static uint32_t member(const struct slw_json_document *json, uint32_t object, const char *name)
{
    uint32_t value = slw_json_member(json, object, slw_bytes_make(name, strlen(name)));
    TAP_CHECK(value != SLW_JSON_NONE);
    return value;
}

static struct slw_bytes text_member(const struct slw_json_document *json, uint32_t object,
                                    const char *name)
{
    uint32_t value = member(json, object, name);
    return value == SLW_JSON_NONE ? slw_bytes_make(NULL, 0) : slw_json_string(json, value);
}

static bool has_text(const struct slw_json_document *json, uint32_t object, const char *name,
                     const char *text)
{
    return slw_bytes_equal(text_member(json, object, name), slw_bytes_make(text, strlen(text)));
}

static size_t decode_message(struct slw_bytes digits, uint8_t message[static MESSAGE_SIZE_MAX])
{
    size_t len = digits.len / 2;
    TAP_CHECK(digits.len % 2 == 0 && len <= MESSAGE_SIZE_MAX);
    for (size_t i = 0; i < len && i < MESSAGE_SIZE_MAX; i++) {
        const char pair[3] = {(char)digits.ptr[2 * i], (char)digits.ptr[2 * i + 1], '\0'};
        message[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return len;
}

static enum slw_status verify(const struct slw_tuf_key *key, const struct slw_json_document *json,
                              uint32_t vector)
{
    static uint8_t message[MESSAGE_SIZE_MAX];
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_bytes bytes =
        slw_bytes_make(message, decode_message(text_member(json, vector, "msg"), message));
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, bytes);
    slw_sha256_final(&hash, digest);
    return slw_tuf_key_verify(key, bytes, digest, text_member(json, vector, "sig"));
}

/* Whether a vector of a group has to verify. */
typedef bool judge_function(const struct slw_json_document *json, uint32_t group, uint32_t vector);

static bool is_valid(const struct slw_json_document *json, uint32_t group, uint32_t vector)
{
    (void)group;
    return has_text(json, vector, "result", "valid");
}

/* The group wants a salt of 32 bytes; with others, all is right but that. */
static bool is_valid_with_any_salt(const struct slw_json_document *json, uint32_t group,
                                   uint32_t vector)
{
    static const char salt[] = "s_len changed to ";
    struct slw_bytes comment = text_member(json, vector, "comment");
    return is_valid(json, group, vector) ||
           (comment.len > sizeof salt - 1 && memcmp(comment.ptr, salt, sizeof salt - 1) == 0);
}

/* All are valid for the parameters of their group, of which the salt's length is free here. */
static bool has_our_parameters(const struct slw_json_document *json, uint32_t group,
                               uint32_t vector)
{
    return is_valid(json, group, vector) && has_text(json, group, "sha", "SHA-256") &&
           has_text(json, group, "mgf", "MGF1") && has_text(json, group, "mgfSha", "SHA-256");
}

static int64_t check_group(const struct slw_tuf_key *key, const struct slw_json_document *json,
                           uint32_t group, judge_function *judge)
{
    struct slw_json_walk walk = slw_json_walk_begin(json, member(json, group, "tests"));
    uint32_t vector = SLW_JSON_NONE;
    int64_t count = 0;
    while (slw_json_walk_element(&walk, &vector)) {
        char row[40];
        int64_t number = 0;
        TAP_CHECK(slw_json_integer(json, member(json, vector, "tcId"), &number));
        snprintf(row, sizeof row, "tcId %lld", (long long)number);
        TAP_ROW(row);
        TAP_EQUAL_INT(verify(key, json, vector),
                      judge(json, group, vector) ? SLW_OK : SLW_BAD_SIGNATURE);
        count++;
    }
    return count;
}

/* A key object with the group's PEM, which a struct slw_tuf_key may point into. */
static enum slw_status parse_key(const struct slw_json_document *json, uint32_t group,
                                 const char *kind, struct slw_heap_buffer *object,
                                 struct slw_json_document *ret_object, struct slw_tuf_key *ret_key)
{
    struct slw_heap_buffer pem = {0};
    struct slw_detail detail = {0};
    slw_heap_append(&pem, text_member(json, group, "publicKeyPem"));
    slw_heap_printf(object, "{%s,\"keyval\":{\"public\":", kind);
    test_append_string(slw_heap_text(&pem), object);
    slw_heap_append_text(object, "}}");
    slw_heap_free(&pem);
    enum slw_status status =
        slw_json_parse("key.json", slw_heap_bytes(object), ret_object, &detail);
    return status != SLW_OK ? status
                            : slw_tuf_key_parse(ret_object, SLW_JSON_TOP, ret_key, &detail);
}

static void check_vectors(const struct vectors *vectors, const char *kind, judge_function *judge)
{
    const struct slw_json_document *json = &vectors->json;
    struct slw_json_walk walk = slw_json_walk_begin(json, member(json, SLW_JSON_TOP, "testGroups"));
    uint32_t group = SLW_JSON_NONE;
    int64_t count = 0;
    int64_t expected = 0;
    while (slw_json_walk_element(&walk, &group)) {
        struct slw_heap_buffer object = {0};
        struct slw_json_document object_json = {0};
        struct slw_tuf_key key = {0};
        TAP_EQUAL_INT(parse_key(json, group, kind, &object, &object_json, &key), SLW_OK);
        count += check_group(&key, json, group, judge);
        slw_json_document_free(&object_json);
        slw_heap_free(&object);
    }
    TAP_ROW(NULL);
    TAP_CHECK(slw_json_integer(json, member(json, SLW_JSON_TOP, "numberOfTests"), &expected));
    TAP_CHECK(count > 0);
    TAP_EQUAL_INT(count, expected);
}

#define ECDSA "\"keytype\":\"ecdsa\",\"scheme\":\"ecdsa-sha2-nistp256\""
#define RSA "\"keytype\":\"rsa\",\"scheme\":\"rsassa-pss-sha256\""

static void judges_p256_signatures_in_der(void)
{
    struct vectors vectors = {0};
    if (!load_vectors("ecdsa_secp256r1_sha256_test.json", &vectors)) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(&vectors, ECDSA, is_valid);
    free_vectors(&vectors);
}

static void judges_rsa_pss_signatures(void)
{
    struct vectors vectors = {0};
    if (!load_vectors("rsa_pss_2048_sha256_mgf1_32_test.json", &vectors)) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(&vectors, RSA, is_valid_with_any_salt);
    free_vectors(&vectors);
}

static void takes_salts_of_any_length_and_no_other_hashes(void)
{
    struct vectors vectors = {0};
    if (!load_vectors("rsa_pss_misc_test.json", &vectors)) {
        TAP_SKIP(SKIP_REASON);
    }
    check_vectors(&vectors, RSA, has_our_parameters);
    free_vectors(&vectors);
}

int main(void)
{
    TAP_RUN(judges_p256_signatures_in_der);
    TAP_RUN(judges_rsa_pss_signatures);
    TAP_RUN(takes_salts_of_any_length_and_no_other_hashes);
    return tap_finish();
}
