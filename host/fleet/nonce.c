/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that the depot makes and knows again without remembering them. */
#include "slipway/fleet.h"

#include "slipway/text.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#define TIME_DIGITS 16
#define MARK_BYTES 16

void slw_fleet_nonce_make(const uint8_t secret[static 32], struct slw_bytes product,
                          struct slw_bytes device, int64_t epoch, int64_t now_s,
                          char ret_nonce[static SLW_FLEET_NONCE_SIZE])
{
    char text[320];
    uint8_t mark[EVP_MAX_MD_SIZE] = {0};
    unsigned mark_len = sizeof mark;
    /* Names have no line feeds, so that no two things have one text. */
    int len = snprintf(text, sizeof text, "slipway nonce v1\n%.*s\n%.*s\n%" PRId64 "\n%" PRId64,
                       (int)product.len, (const char *)product.ptr, (int)device.len,
                       (const char *)device.ptr, epoch, now_s);
    (void)HMAC(EVP_sha256(), secret, 32, (const uint8_t *)text, (size_t)len, mark, &mark_len);
    (void)snprintf(ret_nonce, SLW_FLEET_NONCE_SIZE, "%016" PRIx64, (uint64_t)now_s);
    slw_text_hex(slw_bytes_make(mark, MARK_BYTES), ret_nonce + TIME_DIGITS);
}

enum slw_status slw_fleet_nonce_check(const uint8_t secret[static 32], struct slw_bytes product,
                                      struct slw_bytes device, int64_t epoch, int64_t now_s,
                                      struct slw_bytes nonce, struct slw_detail *detail)
{
    char expected[SLW_FLEET_NONCE_SIZE];
    uint64_t made = 0;
    if (nonce.len != SLW_FLEET_NONCE_SIZE - 1) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "that nonce isn't one of ours");
    }
    for (size_t i = 0; i < TIME_DIGITS; i++) {
        uint8_t digit = nonce.ptr[i];
        made = made << 4 | (uint64_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10) % 16;
    }
    if ((int64_t)made > now_s + SLW_FLEET_NONCE_SKEW_S ||
        (int64_t)made < now_s - SLW_FLEET_NONCE_VALID_S) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "that nonce is too old");
    }
    slw_fleet_nonce_make(secret, product, device, epoch, (int64_t)made, expected);
    if (CRYPTO_memcmp(expected, nonce.ptr, nonce.len) != 0) {
        return slw_explain(detail, SLW_STALE_STATEMENT, "that nonce isn't this device's");
    }
    return SLW_OK;
}
