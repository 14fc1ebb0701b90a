/* SPDX-License-Identifier: Apache-2.0 */
/* Key files, key ids and signatures. */
#include "evp.h"

#include "slipway/files.h"

#include "tap.h"

#include <sys/stat.h>
#include <unistd.h>

static struct slw_detail detail;

static const char p256_private[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguIdXoZEeh4YfZdcB\n"
    "CaQ1waI8SaOMJTtq6MOK4oqnTy+hRANCAAQjVbZ4V+slapKRb5nOejxWmkr8pF5p\n"
    "kDBERCtqvtx+IPjiHwXuEYURFIUl5DgvA76g16/SAa0vsFgrzpAu+lgf\n"
    "-----END PRIVATE KEY-----\n";
static const char p256_public[] =
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEI1W2eFfrJWqSkW+Zzno8VppK/KRe\n"
    "aZAwREQrar7cfiD44h8F7hGFERSFJeQ4LwO+oNev0gGtL7BYK86QLvpYHw==\n"
    "-----END PUBLIC KEY-----\n";

static struct slw_bytes text_bytes(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static bool said(const char *text)
{
    return strstr(detail.text, text) != NULL;
}

static void from_hex(const char *hex, uint8_t *bytes, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < len; i++) {
        bytes[i] = (uint8_t)((strchr(digits, hex[2 * i]) - digits) * 16 +
                             (strchr(digits, hex[2 * i + 1]) - digits));
    }
}

/* RFC 6979, A.2.5, with SHA-256. */
static void signs_as_rfc_6979_has_it(void)
{
    static const struct {
        const char *message;
        const char *signature;
    } rows[] = {
        {"sample", "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
                   "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8"},
        {"test", "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
                 "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083"},
    };
    uint8_t secret[32];
    from_hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721", secret, 32);
    for (size_t i = 0; i < 2; i++) {
        uint8_t digest[32];
        uint8_t expected[64];
        uint8_t signature[64] = {0};
        struct slw_sha256 hash;
        TAP_ROW(rows[i].message);
        slw_sha256_init(&hash);
        slw_sha256_update(&hash, text_bytes(rows[i].message));
        slw_sha256_final(&hash, digest);
        from_hex(rows[i].signature, expected, 64);
        struct slw_ecdsa_key *key = slw_ecdsa_key_new(secret);
        TAP_REQUIRE(key != NULL);
        TAP_CHECK(slw_ecdsa_sign(key, digest, signature));
        slw_ecdsa_key_free(key);
        TAP_EQUAL_BYTES(signature, expected, 64);
    }
}

static void reads_both_halves_to_the_same_key(void)
{
    struct slw_public_key public_key;
    struct slw_private_key *key = NULL;
    TAP_REQUIRE(slw_public_key_parse("p", text_bytes(p256_public), &public_key, &detail) == SLW_OK);
    TAP_REQUIRE(slw_private_key_parse("k", text_bytes(p256_private), slw_bytes_make(NULL, 0), &key,
                                      &detail) == SLW_OK);
    const struct slw_public_key *own = slw_private_key_public(key);
    TAP_EQUAL_INT(public_key.type, SLW_KEY_TYPE_P256);
    TAP_EQUAL_INT(public_key.value_len, 65);
    TAP_EQUAL_INT(public_key.value[0], 4);
    TAP_EQUAL_INT(own->value_len, 65);
    TAP_EQUAL_BYTES(own->value, public_key.value, 65);
    TAP_EQUAL_BYTES(own->id, public_key.id, 32);
    slw_private_key_free(key);
}

static void a_key_id_hashes_type_scheme_and_value(void)
{
    struct slw_public_key key;
    uint8_t message[67] = {3, 3};
    uint8_t expected[32];
    struct slw_sha256 hash;
    TAP_REQUIRE(slw_public_key_parse("p", text_bytes(p256_public), &key, &detail) == SLW_OK);
    memcpy(message + 2, key.value, 65);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(message, sizeof message));
    slw_sha256_final(&hash, expected);
    TAP_EQUAL_BYTES(key.id, expected, 32);
}

static void round_trip(enum slw_key_type type, struct slw_bytes passphrase)
{
    struct slw_private_key *key = NULL;
    struct slw_private_key *again = NULL;
    struct slw_public_key public_key;
    struct slw_heap_buffer text = {0};
    struct slw_heap_buffer public_text = {0};
    uint8_t one[64] = {0};
    uint8_t two[64] = {1};
    TAP_REQUIRE(slw_private_key_generate(type, &key, &detail) == SLW_OK);
    TAP_EQUAL_INT(slw_private_key_format(key, passphrase, &text, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_public_key_format(slw_private_key_public(key), &public_text, &detail),
                  SLW_OK);
    TAP_REQUIRE(slw_private_key_parse("k", slw_heap_bytes(&text), passphrase, &again, &detail) ==
                SLW_OK);
    TAP_REQUIRE(slw_public_key_parse("p", slw_heap_bytes(&public_text), &public_key, &detail) ==
                SLW_OK);
    TAP_EQUAL_BYTES(public_key.id, slw_private_key_public(again)->id, 32);
    TAP_EQUAL_INT(slw_private_key_sign(key, SLW_BYTES_OF("message"), one, &detail), SLW_OK);
    TAP_EQUAL_INT(slw_private_key_sign(again, SLW_BYTES_OF("message"), two, &detail), SLW_OK);
    TAP_EQUAL_BYTES(one, two, 64);
    slw_private_key_free(key);
    slw_private_key_free(again);
    slw_heap_free(&text);
    slw_heap_free(&public_text);
}

static void new_keys_survive_being_written_and_read(void)
{
    round_trip(SLW_KEY_TYPE_P256, slw_bytes_make(NULL, 0));
    round_trip(SLW_KEY_TYPE_ED25519, slw_bytes_make(NULL, 0));
    round_trip(SLW_KEY_TYPE_P256, SLW_BYTES_OF("open sesame"));
    round_trip(SLW_KEY_TYPE_ED25519, SLW_BYTES_OF("x"));
}

static void an_encrypted_key_needs_its_passphrase(void)
{
    struct slw_private_key *key = NULL;
    struct slw_private_key *again = NULL;
    struct slw_heap_buffer text = {0};
    TAP_REQUIRE(slw_private_key_generate(SLW_KEY_TYPE_P256, &key, &detail) == SLW_OK);
    TAP_REQUIRE(slw_private_key_format(key, SLW_BYTES_OF("right"), &text, &detail) == SLW_OK);
    TAP_CHECK(strstr(slw_heap_text(&text), "ENCRYPTED PRIVATE KEY") != NULL);
    TAP_EQUAL_INT(
        slw_private_key_parse("k", slw_heap_bytes(&text), slw_bytes_make(NULL, 0), &again, &detail),
        SLW_BAD_KEY);
    TAP_CHECK(said("k: is encrypted"));
    TAP_EQUAL_INT(
        slw_private_key_parse("k", slw_heap_bytes(&text), SLW_BYTES_OF("wrong"), &again, &detail),
        SLW_BAD_KEY);
    TAP_CHECK(said("can't be decrypted"));
    TAP_CHECK(again == NULL);
    slw_private_key_free(key);
    slw_heap_free(&text);
}

/* Each is one mistake that people make with key files. */
static void says_what_a_file_is_that_holds_no_key(void)
{
    static const struct {
        const char *text;
        const char *said;
    } rows[] = {
        {"", "is empty"},
        {"hello\n", "not a key file"},
        {"0123456789", "not a key file"},
        {"-----BEGIN PUBLIC KEY-----\n", "not a key file"},
        {"-----BEGIN RSA PUBLIC KEY-----\nMAA=\n-----END RSA PUBLIC KEY-----\n", "an RSA key"},
        {"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "a certificate"},
        {"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n", "not a well-formed"},
        {"-----BEGIN POEM-----\nMAA=\n-----END POEM-----\n", "another kind"},
        {p256_private, "a private key, where a public one is wanted"},
        /* RSA, 512 bits */
        {"-----BEGIN PUBLIC KEY-----\n"
         "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBANJgVjQmHAGrHnSYqHfQy7H7wVf9GMK7\n"
         "9Oc6mJGp6SfdDQLkVYUkQJz5sCXjJWTP8fJzSAPEB7xWUOqxlCcJlWECAwEAAQ==\n"
         "-----END PUBLIC KEY-----\n",
         "a key of type RSA"},
        /* P-256 with the last bit of y turned: not on the curve */
        {"-----BEGIN PUBLIC KEY-----\n"
         "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEI1W2eFfrJWqSkW+Zzno8VppK/KRe\n"
         "aZAwREQrar7cfiD44h8F7hGFERSFJeQ4LwO+oNev0gGtL7BYK86QLvpYHg==\n"
         "-----END PUBLIC KEY-----\n",
         "p: not a"},
        /* Ed25519 with the neutral element, which has order 1 */
        {"-----BEGIN PUBLIC KEY-----\n"
         "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
         "-----END PUBLIC KEY-----\n",
         "not a point"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slw_public_key key;
        TAP_ROW(rows[i].text);
        TAP_CHECK(slw_public_key_parse("p", text_bytes(rows[i].text), &key, &detail) != SLW_OK);
        TAP_ROW(detail.text);
        TAP_CHECK(said(rows[i].said));
    }
}

static void refuses_two_keys_in_one_file(void)
{
    struct slw_public_key key;
    struct slw_heap_buffer text = {0};
    slw_heap_append_text(&text, p256_public);
    slw_heap_append_text(&text, p256_public);
    TAP_EQUAL_INT(slw_public_key_parse("p", slw_heap_bytes(&text), &key, &detail), SLW_BAD_KEY);
    TAP_CHECK(said("more than one key"));
    slw_heap_free(&text);
}

/* The public key in the file is that of another private key. */
static void refuses_a_private_key_with_a_strange_public_half(void)
{
    static const char text[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQguIdXoZEeh4YfZdcB\n"
                               "CaQ1waI8SaOMJTtq6MOK4oqnTy6hRANCAAQjVbZ4V+slapKRb5nOejxWmkr8pF5p\n"
                               "kDBERCtqvtx+IPjiHwXuEYURFIUl5DgvA76g16/SAa0vsFgrzpAu+lgf\n"
                               "-----END PRIVATE KEY-----\n";
    struct slw_private_key *key = NULL;
    TAP_EQUAL_INT(
        slw_private_key_parse("k", text_bytes(text), slw_bytes_make(NULL, 0), &key, &detail),
        SLW_BAD_KEY);
    TAP_CHECK(said("don't match"));
}

static void loads_files_and_knows_who_may_read_them(void)
{
    char path[] = "/tmp/slipway-keys-test-XXXXXX";
    struct slw_private_key *key = NULL;
    int descriptor = mkstemp(path);
    TAP_REQUIRE(descriptor >= 0);
    TAP_REQUIRE(write(descriptor, p256_private, sizeof p256_private - 1) > 0);
    close(descriptor);
    TAP_CHECK(!slw_key_file_is_exposed(path));
    TAP_EQUAL_INT(chmod(path, 0640), 0);
    TAP_CHECK(slw_key_file_is_exposed(path));
    TAP_EQUAL_INT(slw_private_key_load(path, NULL, &key, &detail), SLW_OK);
    slw_private_key_free(key);
    TAP_EQUAL_INT(slw_private_key_load(path, "/dev/null", &key, &detail), SLW_BAD_ARGUMENT);
    TAP_CHECK(said("/dev/null: its first line is empty"));
    TAP_EQUAL_INT(slw_private_key_load("/dev/zero", NULL, &key, &detail), SLW_BAD_KEY);
    TAP_CHECK(said("too large for a key file"));
    TAP_EQUAL_INT(slw_private_key_load("/", NULL, &key, &detail), SLW_IO);
    unlink(path);
    TAP_EQUAL_INT(slw_private_key_load(path, NULL, &key, &detail), SLW_IO);
}

int main(void)
{
    TAP_RUN(signs_as_rfc_6979_has_it);
    TAP_RUN(reads_both_halves_to_the_same_key);
    TAP_RUN(a_key_id_hashes_type_scheme_and_value);
    TAP_RUN(new_keys_survive_being_written_and_read);
    TAP_RUN(an_encrypted_key_needs_its_passphrase);
    TAP_RUN(says_what_a_file_is_that_holds_no_key);
    TAP_RUN(refuses_two_keys_in_one_file);
    TAP_RUN(refuses_a_private_key_with_a_strange_public_half);
    TAP_RUN(loads_files_and_knows_who_may_read_them);
    return tap_finish();
}
