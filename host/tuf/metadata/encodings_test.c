/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, PEM and DER of keys and signatures. */
#include "der.h"
#include "hex.h"
#include "pem.h"
#include "test_keys.h"

#include "tap.h"

#include <stdlib.h>

static struct slw_bytes text_of(const char *text)
{
    return slw_bytes_make(text, strlen(text));
}

static void reads_hexadecimal_of_either_case(void)
{
    static const uint8_t expected[] = {0x00, 0x19, 0xAF, 0xFA, 0xFF};
    uint8_t bytes[5];
    TAP_CHECK(slw_tuf_hex_decode(text_of("0019affaff"), bytes, sizeof bytes));
    TAP_EQUAL_BYTES(bytes, expected, sizeof expected);
    TAP_CHECK(slw_tuf_hex_decode(text_of("0019AFFAFF"), bytes, sizeof bytes));
    TAP_EQUAL_BYTES(bytes, expected, sizeof expected);
    TAP_CHECK(slw_tuf_hex_is_lower(text_of("0123456789abcdef")));
    char digits[10];
    slw_tuf_hex_encode(expected, sizeof expected, digits);
    TAP_EQUAL_BYTES(digits, "0019affaff", sizeof digits);
}

static void refuses_every_byte_that_is_no_digit(void)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        bool lower = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        bool upper = byte >= 'A' && byte <= 'F';
        uint8_t first[2] = {(uint8_t)byte, '0'};
        uint8_t second[2] = {'0', (uint8_t)byte};
        uint8_t result[1];
        TAP_EQUAL_INT(slw_tuf_hex_decode(slw_bytes_make(first, 2), result, 1), lower || upper);
        TAP_EQUAL_INT(slw_tuf_hex_decode(slw_bytes_make(second, 2), result, 1), lower || upper);
        TAP_EQUAL_INT(slw_tuf_hex_is_lower(slw_bytes_make(first, 2)), lower);
        TAP_EQUAL_INT(slw_tuf_hex_is_lower(slw_bytes_make(second, 2)), lower);
    }
}

/* At each place of a text, and beside each neighbour that could hide it. */
static void tells_lower_case_digits_anywhere(void)
{
    unsigned wrong = 0;
    for (unsigned byte = 0; byte < 256; byte++) {
        bool good = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
        for (size_t at = 0; at < 20; at++) {
            static const char fillers[] = "09af";
            for (size_t i = 0; i < 4; i++) {
                uint8_t text[20];
                memset(text, fillers[i], sizeof text);
                text[at] = (uint8_t)byte;
                wrong += slw_tuf_hex_is_lower(slw_bytes_make(text, sizeof text)) != good;
            }
        }
    }
    TAP_EQUAL_INT(wrong, 0);
    TAP_CHECK(slw_tuf_hex_is_lower(text_of("")));
}

static void refuses_hexadecimal_of_another_size(void)
{
    uint8_t bytes[8];
    TAP_CHECK(!slw_tuf_hex_decode(text_of("00"), bytes, 2));
    TAP_CHECK(!slw_tuf_hex_decode(text_of("000"), bytes, 1));
    TAP_CHECK(!slw_tuf_hex_decode(text_of("00000"), bytes, 2));
    TAP_CHECK(!slw_tuf_hex_decode(text_of("000000"), bytes, 2));
    TAP_CHECK(!slw_tuf_hex_decode(text_of(""), bytes, 1));
}

#define BODY "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"
#define BEGIN "-----BEGIN PUBLIC KEY-----"
#define END "-----END PUBLIC KEY-----"

static const struct {
    const char *text;
    int len; /* of what it holds; -1: refused */
} pems[] = {
    {BEGIN "\nMFkw\n" END "\n", 3},
    {BEGIN "\nMFkw\n" END, 3},
    {BEGIN "\r\nMFkw\r\n" END "\r\n", 3},
    {"\n \t" BEGIN "\nMFkw\n" END "\n\n \r\n", 3},
    {BEGIN "MFkw" END, 3},
    {BEGIN "\nM\nF\nk\nw\n" END "\n", 3},
    {BEGIN "\nMFk=\n" END "\n", 2},
    {BEGIN "\nMA==\n" END "\n", 1},
    {BEGIN "\nMFkwMFkwMA==\n" END "\n", 7},
    {BEGIN "\n+/+/\n" END "\n", 3},
    {"", -1},
    {BEGIN "\n" END "\n", -1},
    {BEGIN "\nMFkw\n", -1},
    {"MFkw\n" END "\n", -1},
    {"MFkw", -1},
    {BEGIN "\nMFk\n" END "\n", -1},
    {BEGIN "\nMFkwM\n" END "\n", -1},
    {BEGIN "\nMFl=\n" END "\n", -1},     /* bits behind the end that aren't zero */
    {BEGIN "\nMB==\n" END "\n", -1},     /* the same */
    {BEGIN "\nMFk=MFkw\n" END "\n", -1}, /* more behind the padding */
    {BEGIN "\nM===\n" END "\n", -1},
    {BEGIN "\n====\n" END "\n", -1},
    {BEGIN "\nMF=w\n" END "\n", -1},
    {BEGIN "\n=Fkw\n" END "\n", -1},
    {BEGIN "\nMF-w\n" END "\n", -1}, /* the alphabet of URLs */
    {BEGIN "\nMF_w\n" END "\n", -1},
    {BEGIN "\nMF\x80w\n" END "\n", -1},
    {BEGIN "\nMFkw\n" END "\nmore", -1},
    {"before " BEGIN "\nMFkw\n" END "\n", -1},
    {BEGIN "\nMFkw\n" END "\n" BEGIN "\nMFkw\n" END "\n", -1},
    {"-----BEGIN CERTIFICATE-----\nMFkw\n-----END CERTIFICATE-----\n", -1},
    {"-----BEGIN PRIVATE KEY-----\nMFkw\n-----END PRIVATE KEY-----\n", -1},
    {"-----BEGIN RSA PUBLIC KEY-----\nMFkw\n-----END RSA PUBLIC KEY-----\n", -1},
    {BEGIN "\nComment: a key\n\nMFkw\n" END "\n", -1},
    {"----BEGIN PUBLIC KEY-----\nMFkw\n" END "\n", -1},
    {BEGIN "-\nMFkw\n" END "\n", -1},
    {"-----begin public key-----\nMFkw\n-----end public key-----\n", -1},
};

static void reads_pem_and_refuses_what_is_none(void)
{
    for (size_t i = 0; i < sizeof pems / sizeof pems[0]; i++) {
        uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
        size_t len = 0;
        TAP_ROW(pems[i].text);
        bool good = slw_tuf_pem_decode(text_of(pems[i].text), der, &len);
        TAP_EQUAL_INT(good ? (int)len : -1, pems[i].len);
    }
}

static void refuses_pem_of_more_than_the_limit(void)
{
    for (size_t extra = 0; extra < 4; extra++) {
        size_t count = (size_t)SLW_TUF_SPKI_SIZE_MAX / 3 * 4 + 4 * extra;
        char *text = malloc(count + sizeof BEGIN + sizeof END);
        uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
        size_t len = 0;
        TAP_REQUIRE(text != NULL);
        memcpy(text, BEGIN, sizeof BEGIN);
        memset(text + sizeof BEGIN - 1, 'A', count);
        memcpy(text + sizeof BEGIN - 1 + count, END, sizeof END);
        TAP_EQUAL_INT(slw_tuf_pem_decode(text_of(text), der, &len), extra == 0);
        free(text);
    }
}

static void writes_pem_as_other_tools_do(void)
{
    uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
    uint8_t point[SLW_P256_KEY_SIZE];
    uint8_t again[SLW_TUF_SPKI_P256_SIZE];
    size_t len = 0;
    struct slw_heap_buffer text = {0};
    TAP_REQUIRE(slw_tuf_pem_decode(text_of(TEST_P256_0_PUBLIC), der, &len));
    TAP_REQUIRE(slw_tuf_spki_to_p256(slw_bytes_make(der, len), point));
    slw_tuf_spki_from_p256(point, again);
    slw_tuf_pem_encode(slw_bytes_make(again, sizeof again), &text);
    TAP_CHECK(strcmp(slw_heap_text(&text), TEST_P256_0_PUBLIC) == 0);
    slw_heap_free(&text);
    TAP_REQUIRE(slw_tuf_pem_decode(text_of(TEST_RSA_PUBLIC), der, &len));
    slw_tuf_pem_encode(slw_bytes_make(der, len), &text);
    TAP_CHECK(strcmp(slw_heap_text(&text), TEST_RSA_PUBLIC) == 0);
    slw_heap_free(&text);
}

/* Bytes of every length go through PEM and back; 48 of them fill a line. */
static void reads_the_pem_that_it_writes(void)
{
    uint8_t bytes[200];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 37);
    }
    for (size_t len = 1; len <= sizeof bytes; len++) {
        uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
        size_t read = 0;
        struct slw_heap_buffer text = {0};
        slw_tuf_pem_encode(slw_bytes_make(bytes, len), &text);
        TAP_CHECK(slw_tuf_pem_decode(slw_heap_bytes(&text), der, &read) && read == len &&
                  memcmp(der, bytes, len) == 0);
        slw_heap_free(&text);
    }
}

static const char *const not_p256[] = {
    TEST_P256_0_COMPRESSED, TEST_P256_0_EXPLICIT,      TEST_P384_PUBLIC,
    TEST_RSA_PUBLIC,        BEGIN "\nMFkw\n" END "\n",
};

static void refuses_other_encodings_of_p256_keys(void)
{
    for (size_t i = 0; i < sizeof not_p256 / sizeof not_p256[0]; i++) {
        uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
        uint8_t point[SLW_P256_KEY_SIZE];
        size_t len = 0;
        TAP_ROW(not_p256[i]);
        TAP_REQUIRE(slw_tuf_pem_decode(text_of(not_p256[i]), der, &len));
        TAP_CHECK(!slw_tuf_spki_to_p256(slw_bytes_make(der, len), point));
    }
}

/* Every bit of the fixed part counts. */
static void refuses_p256_keys_with_one_bit_of_their_head_changed(void)
{
    uint8_t der[SLW_TUF_SPKI_SIZE_MAX];
    uint8_t point[SLW_P256_KEY_SIZE];
    size_t len = 0;
    TAP_REQUIRE(slw_tuf_pem_decode(text_of(TEST_P256_0_PUBLIC), der, &len));
    for (size_t bit = 0; bit < (size_t)27 * 8; bit++) {
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
        TAP_CHECK(!slw_tuf_spki_to_p256(slw_bytes_make(der, len), point));
        der[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    TAP_CHECK(!slw_tuf_spki_to_p256(slw_bytes_make(der, len - 1), point));
    TAP_CHECK(slw_tuf_spki_to_p256(slw_bytes_make(der, len), point));
}

#define ONES "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define HALF "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

static const struct {
    const char *name;
    const char *der;
    const char *raw; /* its two numbers' last bytes, NULL: refused */
} ders[] = {
    {"small numbers", "3006020101020102", "0102"},
    {"zero", "3006020100020100", "0000"},
    {"a bit above the sign", "300802020080020200ff", "80ff"},
    {"two bytes each", "30080202010002027f00", "0000"},
    {"the longest", "3046022100" ONES "022100" ONES, "ffff"},
    {"32 bytes", "30440220" HALF "0220" HALF, "ffff"},
    {"nothing", "", NULL},
    {"a tag alone", "30", NULL},
    {"an empty sequence", "3000", NULL},
    {"one number", "3003020101", NULL},
    {"three numbers", "3009020101020102020103", NULL},
    {"another tag outside", "3106020101020102", NULL},
    {"another tag for r", "3006030101020102", NULL},
    {"another tag for s", "3006020101030102", NULL},
    {"a byte behind", "300602010102010200", NULL},
    {"a byte behind inside", "300702010102010200", NULL},
    {"too short outside", "3007020101020102", NULL},
    {"a long length", "308106020101020102", NULL},
    {"a long length of r", "300702810101020102", NULL},
    {"an indefinite length", "30800201010201020000", NULL},
    {"r overruns", "3006020701020102", NULL},
    {"s overruns", "3006020101020202", NULL},
    {"an empty r", "300502000201ff", NULL},
    {"an empty s", "30050201010200", NULL},
    {"a negative r", "3006020180020102", NULL},
    {"a negative s", "30060201010201ff", NULL},
    {"r with a zero too many", "300702020001020102", NULL},
    {"s with a zero too many", "300702010102020001", NULL},
    {"zero in two bytes", "300702020000020101", NULL},
    {"r of 33 bytes", "3026022101" ONES "020101", NULL},
    {"r of 34 bytes", "302702220100" ONES "020101", NULL},
    {"r of 34 bytes with zeros", "302702220000" ONES "020101", NULL},
};

static void reads_der_signatures_and_refuses_what_is_none(void)
{
    for (size_t i = 0; i < sizeof ders / sizeof ders[0]; i++) {
        uint8_t der[128];
        uint8_t raw[SLW_SIGNATURE_SIZE];
        size_t len = strlen(ders[i].der) / 2;
        TAP_ROW(ders[i].name);
        bool good = slw_tuf_hex_decode(text_of(ders[i].der), der, len) &&
                    slw_tuf_der_to_raw(slw_bytes_make(der, len), raw);
        TAP_EQUAL_INT(good, ders[i].raw != NULL);
        if (good && ders[i].raw != NULL) {
            uint8_t last[2];
            uint8_t again[SLW_TUF_DER_SIGNATURE_SIZE_MAX];
            TAP_CHECK(slw_tuf_hex_decode(text_of(ders[i].raw), last, 2));
            TAP_EQUAL_INT(raw[31], last[0]);
            TAP_EQUAL_INT(raw[63], last[1]);
            TAP_EQUAL_INT(slw_tuf_der_from_raw(raw, again), len);
            TAP_EQUAL_BYTES(again, der, len);
        }
    }
}

static void refuses_der_that_is_cut_anywhere(void)
{
    uint8_t der[72];
    uint8_t raw[SLW_SIGNATURE_SIZE];
    size_t len = strlen(TEST_P256_0_SIGNATURE) / 2;
    TAP_REQUIRE(slw_tuf_hex_decode(text_of(TEST_P256_0_SIGNATURE), der, len));
    TAP_CHECK(slw_tuf_der_to_raw(slw_bytes_make(der, len), raw));
    for (size_t cut = 0; cut < len; cut++) {
        TAP_CHECK(!slw_tuf_der_to_raw(slw_bytes_make(der, cut), raw));
    }
}

int main(void)
{
    TAP_RUN(reads_hexadecimal_of_either_case);
    TAP_RUN(refuses_every_byte_that_is_no_digit);
    TAP_RUN(tells_lower_case_digits_anywhere);
    TAP_RUN(refuses_hexadecimal_of_another_size);
    TAP_RUN(reads_pem_and_refuses_what_is_none);
    TAP_RUN(refuses_pem_of_more_than_the_limit);
    TAP_RUN(writes_pem_as_other_tools_do);
    TAP_RUN(reads_the_pem_that_it_writes);
    TAP_RUN(refuses_other_encodings_of_p256_keys);
    TAP_RUN(refuses_p256_keys_with_one_bit_of_their_head_changed);
    TAP_RUN(reads_der_signatures_and_refuses_what_is_none);
    TAP_RUN(refuses_der_that_is_cut_anywhere);
    return tap_finish();
}
