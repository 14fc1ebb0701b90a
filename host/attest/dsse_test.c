/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: the specification's own example, who counts as a signer, and hostile texts. */
#include "slipway/base64.h"
#include "slipway/dsse.h"

#include "../tuf/metadata/der.h"
#include "../tuf/metadata/test_keys.h"

#include "tap.h"

#include <stdlib.h>

/* The example of protocol.md: its key, "d" and "X", "Y" as PEM. */
#define EXAMPLE_PRIVATE                                                                            \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1z7EN/1jRuNhnF6/\n"                           \
    "3/8PaRaASVWtMqyaxJKw7eH2/7ehRANCAARnzTkPd6o1nLCMIjX2UicEk6ntgysK\n"                           \
    "vMAfcJVMA5DSOAx4K9VOJpElpE9EM6/xQyzpThK8pzqmesgM6hJgjd90\n"                                   \
    "-----END PRIVATE KEY-----\n"
#define EXAMPLE_PUBLIC                                                                             \
    "-----BEGIN PUBLIC KEY-----\n"                                                                 \
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEZ805D3eqNZywjCI19lInBJOp7YMr\n"                           \
    "CrzAH3CVTAOQ0jgMeCvVTiaRJaRPRDOv8UMs6U4SvKc6pnrIDOoSYI3fdA==\n"                               \
    "-----END PUBLIC KEY-----\n"
#define EXAMPLE_TYPE "http://example.com/HelloWorld"
#define EXAMPLE_SIG                                                                                \
    "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="

#define PAYLOAD "\"payload\":\"aGVsbG8gd29ybGQ=\""
#define TYPE "\"payloadType\":\"" EXAMPLE_TYPE "\""
#define SIGNATURES "\"signatures\":[{\"sig\":\"" EXAMPLE_SIG "\"}]"

static struct slw_detail detail;

static struct slw_bytes bytes_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static enum slw_status parse(const char *text, struct slw_dsse *envelope)
{
    return slw_dsse_parse("envelope", bytes_of(text), envelope, &detail);
}

static struct slw_private_key *private_key(const char *pem)
{
    struct slw_private_key *key = NULL;
    bool good = slw_private_key_parse("key", bytes_of(pem), slw_bytes_make(NULL, 0), &key,
                                      &detail) == SLW_OK;
    return good ? key : NULL;
}

static struct slw_statement_key public_half(const char *private_pem)
{
    struct slw_statement_key key = {0};
    struct slw_private_key *private_half = private_key(private_pem);
    slw_statement_key_of_public(slw_private_key_public(private_half), &key);
    slw_private_key_free(private_half);
    return key;
}

/* The envelope of "payload" signed by each of these keys in turn. */
static bool sign_by(const char *const *pems, size_t count, struct slw_dsse *ret_envelope)
{
    struct slw_dsse envelope = {.payload_type = SLW_DSSE_INTOTO, .payload = SLW_BYTES_OF("{}")};
    bool good = true;
    for (size_t i = 0; i < count && good; i++) {
        struct slw_heap_buffer text = {0};
        struct slw_private_key *key = private_key(pems[i]);
        good = slw_dsse_add_by(&envelope, key, &text, &detail) == SLW_OK;
        slw_dsse_free(&envelope);
        good =
            good && slw_dsse_parse("envelope", slw_heap_bytes(&text), &envelope, &detail) == SLW_OK;
        slw_private_key_free(key);
        slw_heap_free(&text);
    }
    *ret_envelope = envelope;
    return good;
}

static void verifies_the_example_of_the_specification(void)
{
    struct slw_dsse envelope = {0};
    struct slw_statement_key key;
    struct slw_heap_buffer pae = {0};
    TAP_REQUIRE(slw_statement_key_parse("key", bytes_of(EXAMPLE_PUBLIC), &key, &detail) == SLW_OK);
    TAP_REQUIRE(parse("{" PAYLOAD ",\n " TYPE ",\n " SIGNATURES "}", &envelope) == SLW_OK);
    TAP_CHECK(slw_bytes_equal(envelope.payload, SLW_BYTES_OF("hello world")));
    slw_dsse_pae(envelope.payload_type, envelope.payload, &pae);
    TAP_CHECK(
        strcmp(slw_heap_text(&pae), "DSSEv1 29 http://example.com/HelloWorld 11 hello world") == 0);
    TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &key, SLW_DSSE_OUR_KEYS, &detail), SLW_OK);
    slw_heap_free(&pae);
    slw_dsse_free(&envelope);
}

static void makes_the_example_of_the_specification(void)
{
    struct slw_private_key *key = private_key(EXAMPLE_PRIVATE);
    struct slw_heap_buffer text = {0};
    struct slw_dsse envelope = {0};
    TAP_REQUIRE(key != NULL);
    TAP_EQUAL_INT(
        slw_dsse_sign(key, SLW_BYTES_OF(EXAMPLE_TYPE), SLW_BYTES_OF("hello world"), &text, &detail),
        SLW_OK);
    TAP_CHECK(strstr(slw_heap_text(&text), PAYLOAD) != NULL);
    TAP_CHECK(strstr(slw_heap_text(&text), TYPE) != NULL);
    TAP_CHECK(strstr(slw_heap_text(&text), "\"sig\":\"" EXAMPLE_SIG "\"") != NULL);
    TAP_REQUIRE(parse(slw_heap_text(&text), &envelope) == SLW_OK);
    TAP_CHECK(envelope.signatures_count == 1 && envelope.signatures[0].has_keyid &&
              memcmp(envelope.signatures[0].keyid, slw_private_key_public(key)->id,
                     SLW_SHA256_SIZE) == 0);
    slw_dsse_free(&envelope);
    slw_heap_free(&text);
    slw_private_key_free(key);
}

static void encodes_what_is_signed_without_ambiguity(void)
{
    const struct {
        struct slw_bytes type;
        struct slw_bytes payload;
        struct slw_bytes pae;
    } rows[] = {
        {SLW_BYTES_OF(""), SLW_BYTES_OF(""), SLW_BYTES_OF("DSSEv1 0  0 ")},
        {SLW_BYTES_OF("a"), SLW_BYTES_OF("b"), SLW_BYTES_OF("DSSEv1 1 a 1 b")},
        {SLW_BYTES_OF("a 1 b"), SLW_BYTES_OF(""), SLW_BYTES_OF("DSSEv1 5 a 1 b 0 ")},
        {SLW_BYTES_OF("t"), SLW_BYTES_OF("\0\n"), SLW_BYTES_OF("DSSEv1 1 t 2 \0\n")},
        {SLW_BYTES_OF("\xC3\xBC"), SLW_BYTES_OF("x"), SLW_BYTES_OF("DSSEv1 2 \xC3\xBC 1 x")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_heap_buffer pae = {0};
        slw_dsse_pae(rows[i].type, rows[i].payload, &pae);
        TAP_CHECK(slw_bytes_equal(slw_heap_bytes(&pae), rows[i].pae));
        slw_heap_free(&pae);
    }
}

/* Members that envelopes may have for others, in any order, and the other alphabet. */
static void takes_what_the_specification_lets_others_write(void)
{
    const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"any order", "{" SIGNATURES "," TYPE "," PAYLOAD "}"},
        {"unknown member", "{\"_bundle\":{\"a\":[1]}," PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"unknown member of a signature",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"cert\":\"x\",\"sig\":\"" EXAMPLE_SIG "\"}]}"},
        {"empty keyid",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":\"\",\"sig\":\"" EXAMPLE_SIG "\"}]}"},
        {"foreign keyid",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":\"SHA256:ab\",\"sig\":\"" EXAMPLE_SIG
         "\"}]}"},
        {"keyid of another key",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":\""
         "0000000000000000000000000000000000000000000000000000000000000000\",\"sig\":\"" EXAMPLE_SIG
         "\"}]}"},
        {"URL-safe",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":\"A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F-FnZ-"
         "O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA==\"}]}"},
        {"escapes", "{\"p\\u0061yload\":\"aGVsbG8gd29ybGQ\\u003d\"," TYPE "," SIGNATURES "}"},
        {"a bad signature in front",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":\"AAAA\"},{\"sig\":\"" EXAMPLE_SIG
         "\"}]}"},
    };
    struct slw_statement_key key = public_half(EXAMPLE_PRIVATE);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_dsse envelope = {0};
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(parse(rows[i].text, &envelope), SLW_OK);
        TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &key, SLW_DSSE_OUR_KEYS, &detail), SLW_OK);
        slw_dsse_free(&envelope);
    }
}

static void refuses_what_isnt_an_envelope(void)
{
    const struct {
        const char *name;
        const char *text;
    } rows[] = {
        {"nothing", ""},
        {"no object", "[]"},
        {"a string", "\"" EXAMPLE_SIG "\""},
        {"null", "null"},
        {"empty", "{}"},
        {"no payload", "{" TYPE "," SIGNATURES "}"},
        {"no type", "{" PAYLOAD "," SIGNATURES "}"},
        {"no signatures", "{" PAYLOAD "," TYPE "}"},
        {"payload null", "{\"payload\":null," TYPE "," SIGNATURES "}"},
        {"payload an object", "{\"payload\":{}," TYPE "," SIGNATURES "}"},
        {"payload a number", "{\"payload\":1234," TYPE "," SIGNATURES "}"},
        {"payload an array", "{\"payload\":[\"aGVsbG8gd29ybGQ=\"]," TYPE "," SIGNATURES "}"},
        {"type a number", "{" PAYLOAD ",\"payloadType\":1," SIGNATURES "}"},
        {"type null", "{" PAYLOAD ",\"payloadType\":null," SIGNATURES "}"},
        {"type an array", "{" PAYLOAD ",\"payloadType\":[]," SIGNATURES "}"},
        {"signatures null", "{" PAYLOAD "," TYPE ",\"signatures\":null}"},
        {"signatures an object", "{" PAYLOAD "," TYPE ",\"signatures\":{\"sig\":\"AAAA\"}}"},
        {"signatures a string", "{" PAYLOAD "," TYPE ",\"signatures\":\"AAAA\"}"},
        {"a signature null", "{" PAYLOAD "," TYPE ",\"signatures\":[null]}"},
        {"a signature a string", "{" PAYLOAD "," TYPE ",\"signatures\":[\"AAAA\"]}"},
        {"a signature an array", "{" PAYLOAD "," TYPE ",\"signatures\":[[]]}"},
        {"a signature without sig", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":\"a\"}]}"},
        {"sig null", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":null}]}"},
        {"sig a number", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":1}]}"},
        {"keyid a number", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":1,\"sig\":\"\"}]}"},
        {"keyid an array", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"keyid\":[],\"sig\":\"\"}]}"},
        {"payload twice", "{" PAYLOAD "," PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"payload twice, escaped", "{" PAYLOAD ",\"p\\u0061yload\":\"\"," TYPE "," SIGNATURES "}"},
        {"type twice", "{" PAYLOAD "," TYPE "," TYPE "," SIGNATURES "}"},
        {"signatures twice", "{" PAYLOAD "," TYPE "," SIGNATURES ",\"signatures\":[]}"},
        {"sig twice",
         "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":\"AAAA\",\"sig\":\"" EXAMPLE_SIG "\"}]}"},
        {"an unknown member twice", "{\"a\":1,\"a\":2," PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"payload without padding", "{\"payload\":\"aGVsbG8gd29ybGQ\"," TYPE "," SIGNATURES "}"},
        {"payload with a line end",
         "{\"payload\":\"aGVsbG8g\\nd29ybGQ=\"," TYPE "," SIGNATURES "}"},
        {"payload with unused bits", "{\"payload\":\"aGVsbG8gd29ybGR=\"," TYPE "," SIGNATURES "}"},
        {"payload of both alphabets", "{\"payload\":\"+_+_\"," TYPE "," SIGNATURES "}"},
        {"sig without padding", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":\"AAA\"}]}"},
        {"sig in hexadecimal", "{" PAYLOAD "," TYPE ",\"signatures\":[{\"sig\":\"0x00\\u00e4\"}]}"},
        {"something behind", "{" PAYLOAD "," TYPE "," SIGNATURES "}{}"},
        {"two envelopes", "[{" PAYLOAD "," TYPE "," SIGNATURES "}]"},
        {"a byte order mark", "\xEF\xBB\xBF{" PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"not UTF-8", "{\"x\":\"\xC3(\"," PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"a comment", "{/**/" PAYLOAD "," TYPE "," SIGNATURES "}"},
        {"a comma too many", "{" PAYLOAD "," TYPE "," SIGNATURES ",}"},
        {"cut off", "{" PAYLOAD "," TYPE "," SIGNATURES},
        {"names in other case", "{\"Payload\":\"\"," TYPE "," SIGNATURES "}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_dsse envelope = {0};
        detail.text[0] = '\0';
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(parse(rows[i].text, &envelope), SLW_MALFORMED);
        TAP_CHECK(strncmp(detail.text, "envelope: ", 10) == 0);
        TAP_CHECK(envelope.memory.ptr == NULL);
    }
}

static void refuses_an_envelope_cut_off_anywhere(void)
{
    static const char whole[] = "{" PAYLOAD "," TYPE "," SIGNATURES "}";
    size_t taken = 0;
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct slw_dsse envelope = {0};
        taken +=
            slw_dsse_parse("envelope", slw_bytes_make(whole, len), &envelope, &detail) == SLW_OK;
    }
    TAP_EQUAL_INT(taken, 0);
}

/* count bytes of payload, type and signatures; a size that is one too many is refused. */
static enum slw_status parse_sized(size_t payload, size_t type, size_t signatures, size_t sig)
{
    struct slw_heap_buffer raw = {0};
    struct slw_heap_buffer text = {0};
    struct slw_dsse envelope = {0};
    size_t longest = payload > sig ? payload : sig;
    uint8_t *zeros = slw_heap_reserve(&raw, longest);
    memset(zeros, 0, longest);
    slw_heap_append_text(&text, "{\"payload\":\"");
    slw_base64_encode(slw_bytes_make(zeros, payload), &text);
    slw_heap_printf(&text, "\",\"payloadType\":\"%0*d\",\"signatures\":[", (int)type, 0);
    for (size_t i = 0; i < signatures; i++) {
        slw_heap_append_text(&text, i == 0 ? "{\"sig\":\"" : ",{\"sig\":\"");
        slw_base64_encode(slw_bytes_make(zeros, sig), &text);
        slw_heap_append_text(&text, "\"}");
    }
    slw_heap_append_text(&text, "]}");
    enum slw_status status = slw_dsse_parse("envelope", slw_heap_bytes(&text), &envelope, &detail);
    slw_dsse_free(&envelope);
    slw_heap_free(&raw);
    slw_heap_free(&text);
    return status;
}

static void refuses_what_is_over_a_limit(void)
{
    TAP_EQUAL_INT(parse_sized(SLW_DSSE_PAYLOAD_SIZE_MAX, 9, 1, 64), SLW_OK);
    TAP_EQUAL_INT(parse_sized(SLW_DSSE_PAYLOAD_SIZE_MAX + 1, 9, 1, 64), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_sized(SLW_DSSE_PAYLOAD_SIZE_MAX + 3, 9, 1, 64), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_sized(1, SLW_DSSE_TYPE_SIZE_MAX, 1, 64), SLW_OK);
    TAP_EQUAL_INT(parse_sized(1, SLW_DSSE_TYPE_SIZE_MAX + 1, 1, 64), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_sized(1, 9, SLW_DSSE_SIGNATURES_MAX, 64), SLW_OK);
    TAP_EQUAL_INT(parse_sized(1, 9, SLW_DSSE_SIGNATURES_MAX + 1, 64), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_sized(1, 9, 1, SLW_DSSE_SIGNATURE_SIZE_MAX), SLW_OK);
    TAP_EQUAL_INT(parse_sized(1, 9, 1, SLW_DSSE_SIGNATURE_SIZE_MAX + 1), SLW_TOO_LARGE);
    TAP_EQUAL_INT(parse_sized(0, 9, 0, 0), SLW_OK);
}

static void refuses_endless_and_deep_texts(void)
{
    struct slw_heap_buffer text = {0};
    struct slw_dsse envelope = {0};
    slw_heap_append_text(&text, "{" PAYLOAD "," TYPE "," SIGNATURES ",\"x\":\"");
    uint8_t *filler = slw_heap_reserve(&text, SLW_DSSE_SIZE_MAX);
    memset(filler, 'x', SLW_DSSE_SIZE_MAX);
    slw_heap_append_text(&text, "\"}");
    TAP_EQUAL_INT(slw_dsse_parse("envelope", slw_heap_bytes(&text), &envelope, &detail),
                  SLW_TOO_LARGE);
    text.len = 0;
    for (size_t i = 0; i < 7000; i++) {
        slw_heap_append_text(&text, "[");
    }
    TAP_EQUAL_INT(slw_dsse_parse("envelope", slw_heap_bytes(&text), &envelope, &detail),
                  SLW_MALFORMED);
    slw_heap_free(&text);
}

static void counts_each_key_once(void)
{
    const char *const signers[] = {TEST_P256_0_PRIVATE, TEST_ED25519_0_PRIVATE};
    struct slw_statement_key keys[3];
    const struct slw_statement_key *list[] = {&keys[0], &keys[1], &keys[2]};
    struct slw_dsse envelope = {0};
    struct slw_dsse_signers found = {0};
    keys[0] = public_half(TEST_P256_1_PRIVATE);
    keys[1] = public_half(TEST_P256_0_PRIVATE);
    keys[2] = public_half(TEST_ED25519_0_PRIVATE);
    TAP_REQUIRE(sign_by(signers, 2, &envelope));
    /* the same signature, six times */
    for (size_t i = 0; i < 6; i++) {
        envelope.signatures[envelope.signatures_count++] = envelope.signatures[i % 2];
    }
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, list, 3, SLW_DSSE_OUR_KEYS, &found, &detail), SLW_OK);
    TAP_EQUAL_INT(found.count, 2);
    TAP_CHECK(found.keys[0] == 1 && found.keys[1] == 2);
    /* the same key listed twice is one signer, the first */
    keys[0] = keys[1];
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, list, 3, SLW_DSSE_OUR_KEYS, &found, &detail), SLW_OK);
    TAP_EQUAL_INT(found.count, 2);
    TAP_CHECK(found.keys[0] == 0 && found.keys[1] == 2);
    slw_dsse_free(&envelope);
}

/* One key has two signatures of one message in ECDSA: raw and DER, and with n - s. */
static void counts_a_key_once_however_its_signature_is_written(void)
{
    const char *const signer = TEST_P256_0_PRIVATE;
    struct slw_statement_key key = public_half(signer);
    const struct slw_statement_key *list = &key;
    struct slw_dsse envelope = {0};
    struct slw_dsse_signers found = {0};
    uint8_t der[SLW_TUF_DER_SIGNATURE_SIZE_MAX];
    TAP_REQUIRE(sign_by(&signer, 1, &envelope));
    envelope.signatures[1] = envelope.signatures[0];
    envelope.signatures[1].bytes =
        slw_bytes_make(der, slw_tuf_der_from_raw(envelope.signatures[0].bytes.ptr, der));
    envelope.signatures_count = 2;
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, &list, 1, SLW_DSSE_OUR_KEYS, &found, &detail), SLW_OK);
    TAP_EQUAL_INT(found.count, 1);
    envelope.signatures[0].bytes = SLW_BYTES_OF("");
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, &list, 1, SLW_DSSE_OUR_KEYS, &found, &detail), SLW_OK);
    der[1] ^= 1;
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, &list, 1, SLW_DSSE_OUR_KEYS, &found, &detail),
                  SLW_UNSIGNED);
    slw_dsse_free(&envelope);
}

static void finds_no_signer_when_anything_differs(void)
{
    const char *const signers[] = {TEST_P256_0_PRIVATE, TEST_ED25519_0_PRIVATE};
    for (size_t i = 0; i < 2; i++) {
        struct slw_statement_key key = public_half(signers[i]);
        struct slw_dsse envelope = {0};
        TAP_REQUIRE(sign_by(&signers[i], 1, &envelope));
        struct slw_dsse altered = envelope;
        TAP_EQUAL_INT(slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail), SLW_OK);
        altered.payload = SLW_BYTES_OF("{ }");
        TAP_EQUAL_INT(slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        altered = envelope;
        altered.payload_type = SLW_BYTES_OF("application/vnd.in-toto+jsoN");
        TAP_EQUAL_INT(slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        altered = envelope;
        altered.signatures[0].bytes.len--;
        TAP_EQUAL_INT(slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        altered.signatures_count = 0;
        TAP_EQUAL_INT(slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        struct slw_statement_key other = public_half(signers[1 - i]);
        TAP_EQUAL_INT(slw_dsse_verify_one(&envelope, &other, SLW_DSSE_OUR_KEYS, &detail),
                      SLW_UNSIGNED);
        TAP_EQUAL_INT(slw_dsse_verify(&envelope, NULL, 0, SLW_DSSE_OUR_KEYS,
                                      &(struct slw_dsse_signers){0}, &detail),
                      SLW_UNSIGNED);
        slw_dsse_free(&envelope);
    }
}

static void finds_no_signer_when_any_bit_of_a_signature_flips(void)
{
    const char *const signers[] = {TEST_P256_0_PRIVATE, TEST_ED25519_0_PRIVATE};
    size_t taken = 0;
    for (size_t i = 0; i < 2; i++) {
        struct slw_statement_key key = public_half(signers[i]);
        struct slw_dsse envelope = {0};
        TAP_REQUIRE(sign_by(&signers[i], 1, &envelope));
        for (size_t bit = 0; bit < (size_t)SLW_SIGNATURE_SIZE * 8; bit++) {
            uint8_t flipped[SLW_SIGNATURE_SIZE];
            struct slw_dsse altered = envelope;
            memcpy(flipped, envelope.signatures[0].bytes.ptr, sizeof flipped);
            flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
            altered.signatures[0].bytes.ptr = flipped;
            taken += slw_dsse_verify_one(&altered, &key, SLW_DSSE_OUR_KEYS, &detail) == SLW_OK;
        }
        slw_dsse_free(&envelope);
    }
    TAP_EQUAL_INT(taken, 0);
}

static void tries_only_so_often(void)
{
    enum { KEYS = 40 };
    const char *const signer = TEST_P256_0_PRIVATE;
    struct slw_statement_key others[KEYS];
    const struct slw_statement_key *list[KEYS];
    struct slw_dsse envelope = {0};
    struct slw_dsse_signers found = {0};
    TAP_REQUIRE(sign_by(&signer, 1, &envelope));
    for (size_t i = 0; i < KEYS; i++) {
        others[i] = public_half(TEST_ED25519_1_PRIVATE);
        list[i] = &others[i];
    }
    others[KEYS - 1] = public_half(signer);
    for (size_t i = 1; i < SLW_DSSE_SIGNATURES_MAX; i++) {
        envelope.signatures[i] = envelope.signatures[0];
    }
    envelope.signatures_count = SLW_DSSE_SIGNATURES_MAX;
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, list, KEYS, SLW_DSSE_OUR_KEYS, &found, &detail),
                  SLW_OK);
    TAP_CHECK(found.count == 1 && found.keys[0] == KEYS - 1);
    for (size_t i = 0; i < SLW_DSSE_SIGNATURES_MAX; i++) {
        envelope.signatures[i].has_keyid = false;
    }
    TAP_EQUAL_INT(slw_dsse_verify(&envelope, list, KEYS, SLW_DSSE_OUR_KEYS, &found, &detail),
                  SLW_TOO_LARGE);
    slw_dsse_free(&envelope);
}

static void adds_signatures_one_after_another(void)
{
    const char *const signers[] = {TEST_P256_0_PRIVATE, TEST_ED25519_0_PRIVATE,
                                   TEST_P256_0_PRIVATE};
    struct slw_dsse envelope = {0};
    TAP_REQUIRE(sign_by(signers, 3, &envelope));
    TAP_EQUAL_INT(envelope.signatures_count, 2); /* the third replaced the first */
    TAP_CHECK(slw_bytes_equal(envelope.payload, SLW_BYTES_OF("{}")));
    slw_dsse_free(&envelope);
}

static void refuses_to_add_what_doesnt_verify_or_fit(void)
{
    const char *const signer = TEST_P256_0_PRIVATE;
    struct slw_dsse envelope = {0};
    struct slw_heap_buffer text = {0};
    struct slw_statement_key other = public_half(TEST_P256_1_PRIVATE);
    struct slw_private_key *another = private_key(TEST_P256_1_PRIVATE);
    TAP_REQUIRE(sign_by(&signer, 1, &envelope));
    TAP_EQUAL_INT(slw_dsse_add(&envelope, &other, envelope.signatures[0].bytes, &text, &detail),
                  SLW_BAD_SIGNATURE);
    envelope.signatures[0].bytes.len--; /* by nobody, so that they stay */
    for (size_t i = 1; i < SLW_DSSE_SIGNATURES_MAX; i++) {
        envelope.signatures[i] = envelope.signatures[0];
    }
    envelope.signatures_count = SLW_DSSE_SIGNATURES_MAX;
    TAP_EQUAL_INT(slw_dsse_add_by(&envelope, another, &text, &detail), SLW_TOO_LARGE);
    TAP_EQUAL_INT(text.len, 0);
    slw_private_key_free(another);
    slw_dsse_free(&envelope);
}

static void refuses_keys_that_arent_public_keys(void)
{
    const char *const rows[] = {"",
                                "x",
                                "-----BEGIN PUBLIC KEY-----\n",
                                EXAMPLE_PRIVATE,
                                "ssh-rsa AAAAB3NzaC1yc2E= a",
                                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_statement_key key;
        TAP_ROW(rows[i]);
        TAP_EQUAL_INT(slw_statement_key_parse("key", bytes_of(rows[i]), &key, &detail),
                      SLW_BAD_KEY);
    }
}

int main(void)
{
    TAP_RUN(verifies_the_example_of_the_specification);
    TAP_RUN(makes_the_example_of_the_specification);
    TAP_RUN(encodes_what_is_signed_without_ambiguity);
    TAP_RUN(takes_what_the_specification_lets_others_write);
    TAP_RUN(refuses_what_isnt_an_envelope);
    TAP_RUN(refuses_an_envelope_cut_off_anywhere);
    TAP_RUN(refuses_what_is_over_a_limit);
    TAP_RUN(refuses_endless_and_deep_texts);
    TAP_RUN(counts_each_key_once);
    TAP_RUN(counts_a_key_once_however_its_signature_is_written);
    TAP_RUN(finds_no_signer_when_anything_differs);
    TAP_RUN(finds_no_signer_when_any_bit_of_a_signature_flips);
    TAP_RUN(tries_only_so_often);
    TAP_RUN(adds_signatures_one_after_another);
    TAP_RUN(refuses_to_add_what_doesnt_verify_or_fit);
    TAP_RUN(refuses_keys_that_arent_public_keys);
    return tap_finish();
}
