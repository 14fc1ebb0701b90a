/* SPDX-License-Identifier: Apache-2.0 */
/* One-time codes against the published vectors, sealed secrets, passwords. */
#include "totp.h"

#include "password.h"
#include "seal.h"

#include "tap.h"

static const uint8_t rfc_secret[PEOPLE_TOTP_SIZE] = "12345678901234567890";

/* RFC 6238, appendix B: of its eight digits, the last six. */
static void makes_the_codes_of_the_standard(void)
{
    static const struct {
        int64_t time_s;
        uint32_t code;
    } rows[] = {
        {59, 287082},       {1111111109, 81804},  {1111111111, 50471},
        {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t code = 0;
        TAP_EQUAL_INT(people_totp_code(rfc_secret, rows[i].time_s / 30, &code), SLW_OK);
        TAP_EQUAL_INT(code, rows[i].code);
    }
}

static void takes_codes_around_now_once(void)
{
    /* Of steps 37037036 and 37037037: 081804 and 050471. */
    static const struct {
        const char *name;
        struct slw_bytes code;
        int64_t now_s, last_step;
        bool matches;
    } rows[] = {
        {"now", {(const uint8_t *)"081804", 6}, 1111111109, 0, true},
        {"one step later", {(const uint8_t *)"081804", 6}, 1111111111, 0, true},
        {"one step before", {(const uint8_t *)"050471", 6}, 1111111109, 0, true},
        {"two steps later", {(const uint8_t *)"081804", 6}, 1111111141, 0, false},
        {"two steps before", {(const uint8_t *)"050471", 6}, 1111111079, 0, false},
        {"used", {(const uint8_t *)"081804", 6}, 1111111109, 37037036, false},
        {"older than one that was used",
         {(const uint8_t *)"081804", 6},
         1111111111,
         37037037,
         false},
        {"the next after one that was used",
         {(const uint8_t *)"050471", 6},
         1111111111,
         37037036,
         true},
        {"short", {(const uint8_t *)"81804", 5}, 1111111109, 0, false},
        {"long", {(const uint8_t *)"0818040", 7}, 1111111109, 0, false},
        {"a space", {(const uint8_t *)"081 804", 7}, 1111111109, 0, false},
        {"a sign", {(const uint8_t *)"+81804", 6}, 1111111109, 0, false},
        {"no digits", {(const uint8_t *)"08180a", 6}, 1111111109, 0, false},
        {"nothing", {NULL, 0}, 1111111109, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool matches = !rows[i].matches;
        int64_t step = 0;
        TAP_ROW(rows[i].name);
        TAP_EQUAL_INT(people_totp_matches(rfc_secret, rows[i].code, rows[i].now_s,
                                          rows[i].last_step, &matches, &step),
                      SLW_OK);
        TAP_CHECK(matches == rows[i].matches);
        TAP_CHECK((step != 0) == rows[i].matches);
    }
    TAP_ROW(NULL);
}

static void spells_secrets_in_base32(void)
{
    char text[PEOPLE_BASE32_SIZE];
    people_base32(rfc_secret, text);
    TAP_CHECK(strcmp(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ") == 0);
}

static void opens_what_was_sealed_for_them_alone(void)
{
    struct depot depot = {.secret = {1}};
    struct depot other = {.secret = {2}};
    struct slw_detail detail = {""};
    uint8_t sealed[PEOPLE_SEALED_SIZE];
    uint8_t again[PEOPLE_SEALED_SIZE];
    uint8_t secret[PEOPLE_TOTP_SIZE] = {0};
    struct slw_bytes bytes = slw_bytes_make(sealed, sizeof sealed);
    struct slw_bytes ada = SLW_BYTES_OF("ada");
    TAP_EQUAL_INT(people_seal(&depot, ada, rfc_secret, sealed, &detail), SLW_OK);
    TAP_EQUAL_INT(people_seal(&depot, ada, rfc_secret, again, &detail), SLW_OK);
    TAP_CHECK(memcmp(sealed, again, sizeof sealed) != 0);
    TAP_EQUAL_INT(people_unseal(&depot, SLW_BYTES_OF("eve"), bytes, secret, &detail),
                  SLW_STORED_STATE);
    TAP_EQUAL_INT(people_unseal(&other, ada, bytes, secret, &detail), SLW_STORED_STATE);
    for (size_t i = 0; i < sizeof sealed; i++) {
        sealed[i] ^= 1;
        TAP_EQUAL_INT(people_unseal(&depot, ada, bytes, secret, &detail), SLW_STORED_STATE);
        sealed[i] ^= 1;
    }
    bytes.len--;
    TAP_EQUAL_INT(people_unseal(&depot, ada, bytes, secret, &detail), SLW_STORED_STATE);
    TAP_EQUAL_INT(secret[0], 0);
    bytes.len++;
    TAP_EQUAL_INT(people_unseal(&depot, ada, bytes, secret, &detail), SLW_OK);
    TAP_EQUAL_BYTES(secret, rfc_secret, sizeof secret);
}

static void hashes_passwords(void)
{
    struct slw_detail detail = {""};
    char hash[PEOPLE_HASH_SIZE];
    char again[PEOPLE_HASH_SIZE];
    bool matches = true;
    struct slw_bytes password = SLW_BYTES_OF("correct horse");
    TAP_EQUAL_INT(people_password_hash(password, hash, &detail), SLW_OK);
    TAP_EQUAL_INT(people_password_hash(password, again, &detail), SLW_OK);
    TAP_CHECK(strcmp(hash, again) != 0);
    /* As what unknown names are hashed with: password.c has the same settings. */
    TAP_CHECK(strncmp(hash, "$y$j9T$", 7) == 0);
    TAP_EQUAL_INT(people_password_matches(password, hash, &matches, &detail), SLW_OK);
    TAP_CHECK(matches);
    const struct slw_bytes wrong[] = {SLW_BYTES_OF("correct horsf"), SLW_BYTES_OF("correct hors"),
                                      SLW_BYTES_OF("correct horse "), SLW_BYTES_OF(""),
                                      SLW_BYTES_OF("correct horse\0more")};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        TAP_EQUAL_INT(people_password_matches(wrong[i], hash, &matches, &detail), SLW_OK);
        TAP_CHECK(!matches);
    }
    TAP_EQUAL_INT(people_password_matches(password, "", &matches, &detail), SLW_OK);
    TAP_CHECK(!matches);
    TAP_EQUAL_INT(people_password_matches(password, "*", &matches, &detail), SLW_OK);
    TAP_CHECK(!matches);
}

static void refuses_what_is_no_password(void)
{
    static char long_one[PEOPLE_PASSWORD_MAX + 2];
    struct slw_detail detail = {""};
    memset(long_one, 'a', sizeof long_one);
    TAP_EQUAL_INT(
        people_password_check_form(slw_bytes_make(long_one, PEOPLE_PASSWORD_MAX), &detail), SLW_OK);
    TAP_EQUAL_INT(
        people_password_check_form(slw_bytes_make(long_one, PEOPLE_PASSWORD_MAX + 1), &detail),
        SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(people_password_check_form(SLW_BYTES_OF("nine char"), &detail), SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(people_password_check_form(SLW_BYTES_OF("zero\0 inside of it"), &detail),
                  SLW_BAD_ARGUMENT);
    TAP_EQUAL_INT(people_password_check_form(SLW_BYTES_OF("\xff\xfe not text at all"), &detail),
                  SLW_BAD_ARGUMENT);
}

int main(void)
{
    TAP_RUN(makes_the_codes_of_the_standard);
    TAP_RUN(takes_codes_around_now_once);
    TAP_RUN(spells_secrets_in_base32);
    TAP_RUN(opens_what_was_sealed_for_them_alone);
    TAP_RUN(hashes_passwords);
    TAP_RUN(refuses_what_is_no_password);
    return tap_finish();
}
