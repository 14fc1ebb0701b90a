/* SPDX-License-Identifier: Apache-2.0 */
/* See totp.h. */
#include "totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define DIGITS 6u

enum slw_status people_totp_code(const uint8_t secret[static PEOPLE_TOTP_SIZE], int64_t step,
                                 uint32_t *ret_code)
{
    uint8_t counter[8];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    for (unsigned i = 0; i < sizeof counter; i++) {
        counter[i] = (uint8_t)((uint64_t)step >> (8 * (7 - i)));
    }
    if (HMAC(EVP_sha1(), secret, PEOPLE_TOTP_SIZE, counter, sizeof counter, mac, &len) == NULL ||
        len != 20) {
        return SLW_IO_CRYPTO;
    }
    /* RFC 4226, section 5.3: dynamic truncation. */
    unsigned at = mac[19] & 15u;
    uint32_t number = (uint32_t)(mac[at] & 0x7Fu) << 24 | (uint32_t)mac[at + 1] << 16 |
                      (uint32_t)mac[at + 2] << 8 | mac[at + 3];
    *ret_code = number % 1000000;
    slw_wipe(mac, sizeof mac);
    return SLW_OK;
}

static bool parse_code(struct slw_bytes text, uint32_t *ret_code)
{
    uint32_t code = 0;
    for (size_t i = 0; i < text.len && i < DIGITS; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return false;
        }
        code = code * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    *ret_code = code;
    return text.len == DIGITS;
}

enum slw_status people_totp_matches(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                                    struct slw_bytes text, int64_t now_utc_s, int64_t last_step,
                                    bool *ret_matches, int64_t *ret_step)
{
    uint32_t given = 0;
    bool is_code = parse_code(text, &given);
    bool matches = false;
    int64_t matched = 0;
    int64_t now = now_utc_s / PEOPLE_TOTP_STEP_S;
    for (int64_t step = now - PEOPLE_TOTP_WINDOW; step <= now + PEOPLE_TOTP_WINDOW; step++) {
        uint32_t code = 0;
        SLW_TRY(people_totp_code(secret, step, &code));
        if (is_code && code == given && step > last_step && !matches) {
            matches = true;
            matched = step;
        }
    }
    *ret_matches = matches;
    *ret_step = matched;
    return SLW_OK;
}

void people_base32(const uint8_t secret[static PEOPLE_TOTP_SIZE],
                   char ret_text[static PEOPLE_BASE32_SIZE])
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    uint32_t bits = 0;
    unsigned count = 0;
    size_t at = 0;
    for (size_t i = 0; i < PEOPLE_TOTP_SIZE; i++) {
        bits = (bits << 8 | secret[i]) & 0xFFFFu;
        for (count += 8; count >= 5; count -= 5) {
            ret_text[at++] = letters[bits >> (count - 5) & 31u];
        }
    }
    ret_text[at] = '\0';
}
