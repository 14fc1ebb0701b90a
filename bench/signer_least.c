/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a signing service can't do without, one after the other on one thread: a signature of the
 * token for each request, and the verification of the requester's, the builder's and the token's
 * own signature. tools/bench compares signer_front's time with it.
 *
 *     signer_least KEY-URI COUNT          prints microseconds for all
 */
#include "slipway/token.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define VERIFICATIONS 3u

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
    struct slw_detail detail;
    struct slw_private_key *key = NULL;
    const struct slw_key_settings settings = {.sessions = 1};
    uint8_t digest[SLW_SHA256_SIZE] = {1};
    uint8_t signature[SLW_SIGNATURE_SIZE];
    if (argc != 3 || slw_key_open(argv[1], &settings, &key, NULL, &detail) != SLW_OK) {
        (void)fprintf(stderr, "signer_least: no key: %s\n", argc == 3 ? detail.text : "");
        return EXIT_FAILURE;
    }
    unsigned long count = strtoul(argv[2], NULL, 10);
    const struct slw_public_key *public_key = slw_private_key_public(key);
    int64_t start = now_us();
    for (unsigned long i = 0; i < count; i++) {
        digest[0] = (uint8_t)i;
        enum slw_status status = slw_private_key_sign_unverified(
            key, slw_bytes_make(digest, sizeof digest), digest, signature, &detail);
        for (unsigned k = 0; status == SLW_OK && k < VERIFICATIONS; k++) {
            status = slw_p256_verify(public_key->value, digest, signature);
        }
        if (status != SLW_OK) {
            (void)fprintf(stderr, "signer_least: %s\n", detail.text);
            return EXIT_FAILURE;
        }
    }
    (void)printf("%lld\n", (long long)(now_us() - start));
    slw_private_key_free(key);
    return EXIT_SUCCESS;
}
