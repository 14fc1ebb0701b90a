/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and signatures of JSON TUF. Keys, ids and signatures that are accepted come from other
 * implementations (test_keys.h).
 */
#include "test_documents.h"
#include "test_keys.h"

#include "tap.h"

#include <ctype.h>
#include <stdlib.h>

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

/* A key object out of its parts; public as it is. */
static char *key_object(const char *keytype, const char *scheme, const char *public)
{
    struct slw_heap_buffer text = {0};
    slw_heap_printf(&text, "{\"keytype\":\"%s\",\"scheme\":\"%s\",\"keyval\":{\"public\":", keytype,
                    scheme);
    test_append_string(public, &text);
    slw_heap_append_text(&text, "}}");
    char *object = strdup(slw_heap_text(&text));
    slw_heap_free(&text);
    return object;
}

static enum slw_status parse_object(const char *object, struct slw_tuf_key *ret_key)
{
    struct slw_json_document json = {0};
    struct slw_detail detail = {0};
    enum slw_status status = slw_json_parse("key.json", text_of(object), &json, &detail);
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        status = slw_tuf_key_parse(&json, SLW_JSON_TOP, ret_key, &detail);
    }
    TAP_EQUAL_INT(status != SLW_OK, detail.text[0] != '\0');
    ret_key->pem = slw_bytes_make(NULL, 0);
    slw_json_document_free(&json);
    return status;
}

static enum slw_status parse_parts(const char *keytype, const char *scheme, const char *public,
                                   struct slw_tuf_key *ret_key)
{
    char *object = key_object(keytype, scheme, public);
    enum slw_status status = parse_object(object, ret_key);
    free(object);
    return status;
}

#define ECDSA "ecdsa-sha2-nistp256"
#define PSS "rsassa-pss-sha256"

static const struct {
    const char *name;
    const char *keytype;
    const char *scheme;
    const char *public;
    enum slw_status status;
    enum slw_tuf_key_kind kind;
} keys[] = {
    {"ecdsa", "ecdsa", ECDSA, TEST_P256_0_PUBLIC, SLW_OK, SLW_TUF_KEY_P256},
    {"the long name", ECDSA, ECDSA, TEST_P256_0_PUBLIC, SLW_OK, SLW_TUF_KEY_P256},
    {"ed25519", "ed25519", "ed25519", TEST_ED25519_0_PUBLIC, SLW_OK, SLW_TUF_KEY_ED25519},
    {"rsa", "rsa", PSS, TEST_RSA_PUBLIC, SLW_OK, SLW_TUF_KEY_RSA},
    {"another scheme", "rsa", "rsa-pkcs1v15-sha256", TEST_RSA_PUBLIC, SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"another hash", "rsa", "rsassa-pss-sha512", TEST_RSA_PUBLIC, SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"another curve", "ecdsa", "ecdsa-sha2-nistp384", TEST_P384_PUBLIC, SLW_OK,
     SLW_TUF_KEY_UNKNOWN},
    {"type and scheme that don't fit", "ed25519", ECDSA, "", SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"a type to come", "ml-dsa", "ml-dsa-65", "?", SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"upper case", "ECDSA", ECDSA, TEST_P256_0_PUBLIC, SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"an empty type", "", ECDSA, TEST_P256_0_PUBLIC, SLW_OK, SLW_TUF_KEY_UNKNOWN},
    {"P-384 as P-256", "ecdsa", ECDSA, TEST_P384_PUBLIC, SLW_BAD_KEY, 0},
    {"off the curve", "ecdsa", ECDSA, TEST_P256_OFF_CURVE, SLW_BAD_KEY, 0},
    {"a compressed point", "ecdsa", ECDSA, TEST_P256_0_COMPRESSED, SLW_BAD_KEY, 0},
    {"explicit parameters", "ecdsa", ECDSA, TEST_P256_0_EXPLICIT, SLW_BAD_KEY, 0},
    {"RSA as P-256", "ecdsa", ECDSA, TEST_RSA_PUBLIC, SLW_BAD_KEY, 0},
    {"a private key as P-256", "ecdsa", ECDSA, TEST_P256_0_PRIVATE, SLW_BAD_KEY, 0},
    {"a bare point", "ecdsa", ECDSA, TEST_P256_0_POINT, SLW_BAD_KEY, 0},
    {"no P-256 key", "ecdsa", ECDSA, "", SLW_BAD_KEY, 0},
    {"two P-256 keys", "ecdsa", ECDSA, TEST_P256_0_PUBLIC TEST_P256_0_PUBLIC, SLW_BAD_KEY, 0},
    {"P-256 as RSA", "rsa", PSS, TEST_P256_0_PUBLIC, SLW_BAD_KEY, 0},
    {"RSA in PKCS#1", "rsa", PSS, TEST_RSA_PKCS1_PUBLIC, SLW_BAD_KEY, 0},
    {"RSA for PSS alone", "rsa", PSS, TEST_RSA_PSS_PUBLIC, SLW_BAD_KEY, 0},
    {"RSA of 1,024 bits", "rsa", PSS, TEST_RSA_1024_PUBLIC, SLW_BAD_KEY, 0},
    {"RSA of 9,000 bits", "rsa", PSS, TEST_RSA_9000_BITS, SLW_BAD_KEY, 0},
    {"exponent 1", "rsa", PSS, TEST_RSA_EXPONENT_1, SLW_BAD_KEY, 0},
    {"an even exponent", "rsa", PSS, TEST_RSA_EXPONENT_EVEN, SLW_BAD_KEY, 0},
    {"an exponent of 66 bits", "rsa", PSS, TEST_RSA_EXPONENT_LONG, SLW_BAD_KEY, 0},
    {"no RSA key", "rsa", PSS, "RSA", SLW_BAD_KEY, 0},
    {"Ed25519 of 31 bytes", "ed25519", "ed25519",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f70751", SLW_BAD_KEY, 0},
    {"Ed25519 of 33 bytes", "ed25519", "ed25519",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a00", SLW_BAD_KEY, 0},
    {"Ed25519 that is no hexadecimal", "ed25519", "ed25519",
     "x75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", SLW_BAD_KEY, 0},
    {"Ed25519 with a blank", "ed25519", "ed25519",
     " d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511", SLW_BAD_KEY, 0},
    {"Ed25519 of small order", "ed25519", "ed25519",
     "0100000000000000000000000000000000000000000000000000000000000000", SLW_BAD_KEY, 0},
    {"Ed25519 of order 8", "ed25519", "ed25519",
     "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", SLW_BAD_KEY, 0},
    {"Ed25519 that isn't canonical", "ed25519", "ed25519",
     "f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", SLW_BAD_KEY, 0},
    {"Ed25519 in PEM", "ed25519", "ed25519", TEST_P256_0_PUBLIC, SLW_BAD_KEY, 0},
    {"no Ed25519 key", "ed25519", "ed25519", "", SLW_BAD_KEY, 0},
};

static void knows_kinds_and_refuses_values_that_are_no_keys(void)
{
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct slw_tuf_key key = {0};
        TAP_ROW(keys[i].name);
        TAP_EQUAL_INT(parse_parts(keys[i].keytype, keys[i].scheme, keys[i].public, &key),
                      keys[i].status);
        TAP_EQUAL_INT(key.kind, keys[i].kind);
    }
}

static const struct {
    const char *object;
    enum slw_status status;
} shapes[] = {
    {"{'keytype':'x','scheme':'y','keyval':{}}", SLW_OK},
    {"{'keytype':'x','scheme':'y','keyval':{'public':7}}", SLW_OK},
    {"{'keytype':'x','scheme':'y','keyval':{'public':'z'},'more':{'a':[1]}}", SLW_OK},
    {"[]", SLW_MALFORMED},
    {"'rsa'", SLW_MALFORMED},
    {"{}", SLW_MALFORMED},
    {"{'scheme':'y','keyval':{}}", SLW_MALFORMED},
    {"{'keytype':'x','keyval':{}}", SLW_MALFORMED},
    {"{'keytype':'x','scheme':'y'}", SLW_MALFORMED},
    {"{'keytype':1,'scheme':'y','keyval':{}}", SLW_MALFORMED},
    {"{'keytype':'x','scheme':null,'keyval':{}}", SLW_MALFORMED},
    {"{'keytype':'x','scheme':'y','keyval':[]}", SLW_MALFORMED},
    {"{'keytype':'x','scheme':'y','keyval':'z'}", SLW_MALFORMED},
    {"{'keytype':'ed25519','scheme':'ed25519','keyval':{}}", SLW_MALFORMED},
    {"{'keytype':'ed25519','scheme':'ed25519','keyval':{'public':7}}", SLW_MALFORMED},
    {"{'keytype':'ed25519','scheme':'ed25519','keyval':{'public':['a']}}", SLW_MALFORMED},
    {"{'keytype':'ecdsa','scheme':'ecdsa-sha2-nistp256','keyval':{'private':''}}", SLW_MALFORMED},
    {"{'keytype':'rsa','scheme':'rsassa-pss-sha256','keyval':{'public':true}}", SLW_MALFORMED},
};

static void refuses_objects_of_another_shape(void)
{
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct slw_tuf_key key = {0};
        char *object = test_expand(shapes[i].object);
        TAP_ROW(shapes[i].object);
        TAP_EQUAL_INT(parse_object(object, &key), shapes[i].status);
        TAP_EQUAL_INT(key.kind, SLW_TUF_KEY_UNKNOWN);
        free(object);
    }
}

static bool has_fingerprint_of(const char *keytype, const char *public,
                               const struct slw_tuf_key *other)
{
    struct slw_tuf_key key = {0};
    const char *scheme = strcmp(keytype, "rsa") == 0 ? PSS : keytype;
    scheme = strcmp(keytype, "ecdsa") == 0 ? ECDSA : scheme;
    TAP_EQUAL_INT(parse_parts(keytype, scheme, public, &key), SLW_OK);
    return memcmp(key.fingerprint, other->fingerprint, sizeof key.fingerprint) == 0;
}

/* The text without its line ends, with others in their place. */
static char *with_line_ends(const char *text, const char *line_end)
{
    struct slw_heap_buffer changed = {0};
    for (; *text != '\0'; text++) {
        slw_heap_append(&changed, *text == '\n' ? text_of(line_end) : slw_bytes_make(text, 1));
    }
    char *result = strdup(slw_heap_text(&changed));
    slw_heap_free(&changed);
    return result;
}

static void one_key_has_one_fingerprint_however_it_is_written(void)
{
    static const char *const types[] = {"ecdsa", "rsa"};
    static const char *const texts[] = {TEST_P256_0_PUBLIC, TEST_RSA_PUBLIC};
    static const char *const ends[] = {"\n\n", "\r\n", " \n", "\n\t"};
    for (size_t i = 0; i < 2; i++) {
        struct slw_tuf_key key = {0};
        TAP_ROW(types[i]);
        TAP_EQUAL_INT(parse_parts(types[i], i == 0 ? ECDSA : PSS, texts[i], &key), SLW_OK);
        for (size_t j = 0; j < sizeof ends / sizeof ends[0]; j++) {
            char *text = with_line_ends(texts[i], ends[j]);
            TAP_CHECK(has_fingerprint_of(types[i], text, &key));
            free(text);
        }
    }
    struct slw_tuf_key key = {0};
    TAP_EQUAL_INT(parse_parts("ecdsa", ECDSA, TEST_P256_0_PUBLIC, &key), SLW_OK);
    TAP_CHECK(has_fingerprint_of(ECDSA, TEST_P256_0_PUBLIC, &key));
    static const char upper[] = "D75A980182B10AB7D54BFED3C964073A0EE172F3DAA62325AF021A68F707511A";
    TAP_EQUAL_INT(parse_parts("ed25519", "ed25519", upper, &key), SLW_OK);
    TAP_CHECK(has_fingerprint_of(
        "ed25519", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", &key));
    TAP_CHECK(!has_fingerprint_of("ed25519", TEST_ED25519_0_PUBLIC, &key));
}

static void check_id(const char *object, const char *expected)
{
    struct slw_json_document json = {0};
    struct slw_detail detail;
    char id[SLW_TUF_KEY_ID_SIZE];
    TAP_REQUIRE(slw_json_parse("key.json", text_of(object), &json, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_tuf_key_id(&json, SLW_JSON_TOP, id), SLW_OK);
    TAP_EQUAL_BYTES(id, expected, sizeof id);
    slw_json_document_free(&json);
}

static void computes_key_ids_over_everything_in_the_object(void)
{
    struct slw_heap_buffer owned = {0};
    char *object = key_object("ecdsa", ECDSA, TEST_P256_0_PUBLIC);
    check_id(object, TEST_P256_0_ECDSA_ID);
    free(object);
    object = key_object("ed25519", "ed25519", TEST_ED25519_0_PUBLIC);
    check_id(object, TEST_ED25519_0_ID);
    free(object);
    object = key_object("rsa", PSS, TEST_RSA_PUBLIC);
    check_id(object, TEST_RSA_ID);
    free(object);
    slw_heap_append_text(&owned,
                         "{ \"x-owner\": {\"b\" :[1 ,true, null],\"a\":\"\\u00fC\\\"\\\\\"},"
                         "\"scheme\":\"" ECDSA "\", \"keyval\":{\"public\":");
    test_append_string(TEST_P256_0_PUBLIC, &owned);
    slw_heap_append_text(&owned, "},\n\t\"keytype\":\"ecdsa\"}");
    check_id(slw_heap_text(&owned), TEST_P256_0_OWNED_ID);
    slw_heap_free(&owned);
}

static void take_digest(struct slw_bytes message, uint8_t digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, message);
    slw_sha256_final(&hash, digest);
}

/* By a key object, over a message, which is TEST_MESSAGE for all that verify. */
static enum slw_status verify(const char *object, const char *message, const char *sig)
{
    struct slw_json_document json = {0};
    struct slw_detail detail;
    struct slw_tuf_key key = {0};
    uint8_t digest[SLW_SHA256_SIZE];
    enum slw_status status = slw_json_parse("key.json", text_of(object), &json, &detail);
    TAP_EQUAL_INT(status, SLW_OK);
    if (status == SLW_OK) {
        status = slw_tuf_key_parse(&json, SLW_JSON_TOP, &key, &detail);
        TAP_EQUAL_INT(status, SLW_OK);
    }
    if (status == SLW_OK) {
        take_digest(text_of(message), digest);
        status = slw_tuf_key_verify(&key, text_of(message), digest, text_of(sig));
    }
    slw_json_document_free(&json);
    return status;
}

static const struct {
    const char *name;
    const char *keytype;
    const char *scheme;
    const char *public;
    const char *sig;
} good[] = {
    {"P-256", "ecdsa", ECDSA, TEST_P256_0_PUBLIC, TEST_P256_0_SIGNATURE},
    {"Ed25519", "ed25519", "ed25519", TEST_ED25519_0_PUBLIC, TEST_ED25519_0_SIGNATURE},
    {"RSA without salt", "rsa", PSS, TEST_RSA_PUBLIC, TEST_RSA_SIGNATURE_SALT_0},
    {"RSA", "rsa", PSS, TEST_RSA_PUBLIC, TEST_RSA_SIGNATURE_SALT_32},
    {"RSA with the longest salt", "rsa", PSS, TEST_RSA_PUBLIC, TEST_RSA_SIGNATURE_SALT_222},
};
#define GOOD_COUNT (sizeof good / sizeof good[0])

static void verifies_signatures_of_other_implementations(void)
{
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
        TAP_ROW(good[i].name);
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE, good[i].sig), SLW_OK);
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE "!", good[i].sig), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(verify(object, "", good[i].sig), SLW_BAD_SIGNATURE);
        free(object);
    }
}

static void takes_digits_of_upper_case_in_signatures(void)
{
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
        char sig[SLW_TUF_SIGNATURE_HEX_MAX];
        TAP_ROW(good[i].name);
        snprintf(sig, sizeof sig, "%s", good[i].sig);
        for (size_t j = 0; sig[j] != '\0'; j++) {
            sig[j] = (char)toupper(sig[j]);
        }
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE, sig), SLW_OK);
        free(object);
    }
}

static void refuses_signatures_with_any_digit_changed(void)
{
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
        char sig[SLW_TUF_SIGNATURE_HEX_MAX];
        TAP_ROW(good[i].name);
        snprintf(sig, sizeof sig, "%s", good[i].sig);
        for (size_t j = 0; sig[j] != '\0'; j++) {
            char digit = sig[j];
            sig[j] = digit == '0' ? '1' : '0';
            TAP_EQUAL_INT(verify(object, TEST_MESSAGE, sig), SLW_BAD_SIGNATURE);
            sig[j] = digit;
        }
        free(object);
    }
}

static void refuses_signatures_of_another_size(void)
{
    static const size_t cuts[] = {1, 2, 3, 16, 64};
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
        struct slw_heap_buffer sig = {0};
        TAP_ROW(good[i].name);
        for (size_t j = 0; j < sizeof cuts / sizeof cuts[0]; j++) {
            slw_heap_free(&sig);
            slw_heap_append(&sig, slw_bytes_make(good[i].sig, strlen(good[i].sig) - cuts[j]));
            TAP_EQUAL_INT(verify(object, TEST_MESSAGE, slw_heap_text(&sig)), SLW_BAD_SIGNATURE);
        }
        slw_heap_free(&sig);
        slw_heap_printf(&sig, "%s00", good[i].sig);
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE, slw_heap_text(&sig)), SLW_BAD_SIGNATURE);
        slw_heap_free(&sig);
        slw_heap_printf(&sig, "00%s", good[i].sig);
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE, slw_heap_text(&sig)), SLW_BAD_SIGNATURE);
        slw_heap_free(&sig);
        free(object);
    }
}

static void refuses_what_is_no_signature(void)
{
    char *longer = malloc(SLW_TUF_SIGNATURE_HEX_MAX + 3);
    TAP_REQUIRE(longer != NULL);
    memset(longer, '0', SLW_TUF_SIGNATURE_HEX_MAX + 2);
    longer[SLW_TUF_SIGNATURE_HEX_MAX + 2] = '\0';
    const char *const texts[] = {"",
                                 "0",
                                 "00",
                                 "zz",
                                 " ",
                                 "0x3006020101020102",
                                 "3006020101020102",
                                 longer,
                                 longer + 2,
                                 longer + 1,
                                 TEST_RSA_SIGNATURE_PKCS1,
                                 TEST_RSA_SIGNATURE_SHA1_MGF,
                                 TEST_P256_0_POINT};
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
        for (size_t j = 0; j < sizeof texts / sizeof texts[0]; j++) {
            TAP_ROW(good[i].name);
            TAP_EQUAL_INT(verify(object, TEST_MESSAGE, texts[j]), SLW_BAD_SIGNATURE);
        }
        free(object);
    }
    free(longer);
}

static void refuses_signatures_by_another_key(void)
{
    for (size_t i = 0; i < GOOD_COUNT; i++) {
        for (size_t j = 0; j < GOOD_COUNT; j++) {
            char *object = key_object(good[i].keytype, good[i].scheme, good[i].public);
            bool same = strcmp(good[i].public, good[j].public) == 0;
            TAP_ROW(good[i].name);
            TAP_EQUAL_INT(verify(object, TEST_MESSAGE, good[j].sig),
                          same ? SLW_OK : SLW_BAD_SIGNATURE);
            free(object);
        }
    }
}

static void no_signature_is_by_a_key_of_an_unknown_kind(void)
{
    char *object = key_object("ml-dsa", "ml-dsa-65", TEST_P256_0_PUBLIC);
    TAP_EQUAL_INT(verify(object, TEST_MESSAGE, TEST_P256_0_SIGNATURE), SLW_BAD_KEY);
    TAP_EQUAL_INT(verify(object, TEST_MESSAGE, ""), SLW_BAD_KEY);
    free(object);
}

/* 0 and 3 are also in test_keys.h as other implementations see them. */
static void formats_our_keys_as_others_know_them(void)
{
    char id[SLW_TUF_KEY_ID_SIZE];
    struct slw_heap_buffer object = {0};
    TAP_EQUAL_INT(slw_tuf_public_key_id(slw_private_key_public(test_key(0)), id), SLW_OK);
    TAP_EQUAL_BYTES(id, TEST_P256_0_ID, sizeof id);
    TAP_EQUAL_INT(slw_tuf_public_key_id(slw_private_key_public(test_key(3)), id), SLW_OK);
    TAP_EQUAL_BYTES(id, TEST_ED25519_0_ID, sizeof id);
    slw_tuf_key_format(slw_private_key_public(test_key(0)), &object);
    TAP_CHECK(strcmp(slw_heap_text(&object),
                     "{\"keytype\":\"" ECDSA "\",\"keyval\":{\"public\":\"" TEST_P256_0_PUBLIC
                     "\"},\"scheme\":\"" ECDSA "\"}") == 0);
    slw_heap_free(&object);
    slw_tuf_key_format(slw_private_key_public(test_key(3)), &object);
    TAP_CHECK(strcmp(slw_heap_text(&object),
                     "{\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"" TEST_ED25519_0_PUBLIC
                     "\"},\"scheme\":\"ed25519\"}") == 0);
    slw_heap_free(&object);
}

static void signs_what_verifies(void)
{
    struct slw_detail detail;
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    for (unsigned i = 0; i < TEST_KEYS; i++) {
        const struct slw_private_key *key = test_key(i);
        struct slw_heap_buffer sig = {0};
        struct slw_heap_buffer again = {0};
        char pattern[3] = {'@', (char)('0' + i), '\0'};
        char *object = test_expand(pattern);
        TAP_EQUAL_INT(slw_tuf_sign(key, text_of(TEST_MESSAGE), &sig, &detail), SLW_OK);
        TAP_EQUAL_INT(verify(object, TEST_MESSAGE, slw_heap_text(&sig)), SLW_OK);
        TAP_EQUAL_INT(verify(object, "another message", slw_heap_text(&sig)), SLW_BAD_SIGNATURE);
        TAP_EQUAL_INT(slw_tuf_sign(key, text_of(TEST_MESSAGE), &again, &detail), SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&sig), slw_heap_bytes(&again)));
        again.len = 0;
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, text_of(TEST_MESSAGE));
        slw_sha256_final(&hash, digest);
        TAP_EQUAL_INT(slw_tuf_sign_unverified(key, text_of(TEST_MESSAGE), digest, &again, &detail),
                      SLW_OK);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&sig), slw_heap_bytes(&again)));
        slw_heap_free(&sig);
        slw_heap_free(&again);
        free(object);
    }
}

int main(void)
{
    TAP_RUN(knows_kinds_and_refuses_values_that_are_no_keys);
    TAP_RUN(refuses_objects_of_another_shape);
    TAP_RUN(one_key_has_one_fingerprint_however_it_is_written);
    TAP_RUN(computes_key_ids_over_everything_in_the_object);
    TAP_RUN(verifies_signatures_of_other_implementations);
    TAP_RUN(takes_digits_of_upper_case_in_signatures);
    TAP_RUN(refuses_signatures_with_any_digit_changed);
    TAP_RUN(refuses_signatures_of_another_size);
    TAP_RUN(refuses_what_is_no_signature);
    TAP_RUN(refuses_signatures_by_another_key);
    TAP_RUN(no_signature_is_by_a_key_of_an_unknown_kind);
    TAP_RUN(formats_our_keys_as_others_know_them);
    TAP_RUN(signs_what_verifies);
    test_keys_free();
    return tap_finish();
}
