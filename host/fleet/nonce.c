/* SPDX-License-Identifier: Apache-2.0 */
/* Nonces that the depot makes and knows again without remembering them. */
#include "slipway/fleet.h"

#include "slipway/text.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#define TIME_DIGITS 16
#define MARK_BYTES 16
#define HASH_BLOCK 64

static void hash_behind_key(const uint8_t secret[static 32], uint8_t pad, struct slw_bytes text,
                            uint8_t ret_digest[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    uint8_t block[HASH_BLOCK];
    memset(block, pad, sizeof block);
    for (size_t i = 0; i < 32; i++) {
        block[i] ^= secret[i];
    }
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(block, sizeof block));
    slw_sha256_update(&hash, text);
    slw_sha256_final(&hash, ret_digest);
    slw_wipe(block, sizeof block);
    slw_wipe(&hash, sizeof hash);
}

/* RFC 2104: "H(K XOR opad, H(K XOR ipad, text))". The library looks up what to do by name, which
 * takes longer than to do it, at each check-in. */
static void hmac(const uint8_t secret[static 32], struct slw_bytes text,
                 uint8_t ret_mark[static SLW_SHA256_SIZE])
{
    uint8_t inner[SLW_SHA256_SIZE];
    hash_behind_key(secret, 0x36, text, inner);
    hash_behind_key(secret, 0x5c, slw_bytes_make(inner, sizeof inner), ret_mark);
}

void slw_fleet_nonce_make(const uint8_t secret[static 32], struct slw_bytes product,
                          struct slw_bytes device, int64_t epoch, int64_t now_s,
                          char ret_nonce[static SLW_FLEET_NONCE_SIZE])
{
    char text[320];
    uint8_t mark[SLW_SHA256_SIZE];
    /* Names have no line feeds, so that no two things have one text. */
    int len = snprintf(text, sizeof text, "slipway nonce v1\n%.*s\n%.*s\n%" PRId64 "\n%" PRId64,
                       (int)product.len, (const char *)product.ptr, (int)device.len,
                       (const char *)device.ptr, epoch, now_s);
    hmac(secret, slw_bytes_make(text, (size_t)len), mark);
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
