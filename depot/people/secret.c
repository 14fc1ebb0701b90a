/* SPDX-License-Identifier: Apache-2.0 */
/* See secret.h. */
#include "secret.h"

#include <stdio.h>
#include <sys/random.h>

static void put_hex(const uint8_t bytes[static 32], char ret_text[static PEOPLE_SECRET_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4];
        ret_text[2 * i + 1] = digits[bytes[i] & 15];
    }
    ret_text[64] = '\0';
}

enum slw_status people_secret_make(char ret_secret[static PEOPLE_SECRET_SIZE],
                                   struct slw_detail *detail)
{
    uint8_t chance[32];
    if (getrandom(chance, sizeof chance, 0) != (ssize_t)sizeof chance) {
        return slw_explain_errno(detail, "getrandom");
    }
    put_hex(chance, ret_secret);
    slw_wipe(chance, sizeof chance);
    return SLW_OK;
}

bool people_secret_is_one(struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f'))) {
            return false;
        }
    }
    return text.len == PEOPLE_SECRET_SIZE - 1;
}

static void hash_tagged(struct slw_bytes tag, struct slw_bytes secret,
                        uint8_t ret_hash[static SLW_SHA256_SIZE])
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, tag);
    slw_sha256_update(&hash, secret);
    slw_sha256_final(&hash, ret_hash);
    slw_wipe(&hash, sizeof hash);
}

void people_secret_hash(struct slw_bytes secret, uint8_t ret_hash[static SLW_SHA256_SIZE])
{
    hash_tagged(SLW_BYTES_OF(""), secret, ret_hash);
}

void people_secret_csrf(struct slw_bytes secret, char ret_csrf[static PEOPLE_SECRET_SIZE])
{
    uint8_t hash[SLW_SHA256_SIZE];
    hash_tagged(SLW_BYTES_OF("slipway csrf v1\n"), secret, hash);
    put_hex(hash, ret_csrf);
}
