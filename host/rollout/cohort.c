/* SPDX-License-Identifier: Apache-2.0 */
/* Which devices a rollout reaches first (spec/DEPOT.md, section 6): computed of their names, so
 * that nothing is kept. */
#include "slipway/rollout.h"

#include "slipway/crypto.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

uint64_t slw_cohort(int64_t rollout, struct slw_bytes device)
{
    char head[64];
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    uint64_t cohort = 0;
    int len = snprintf(head, sizeof head, "slipway cohort v1\n%" PRId64 "\n", rollout);
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(head, (size_t)len));
    slw_sha256_update(&hash, device);
    slw_sha256_final(&hash, digest);
    for (size_t i = 0; i < 8; i++) {
        cohort = cohort << 8 | digest[i];
    }
    return cohort;
}

bool slw_cohort_is_in(uint64_t cohort, uint32_t ppm)
{
    if (ppm >= SLW_PPM) {
        return true;
    }
    /* cohort / 2^64 < ppm / 10^6, with the product's upper half: the cohort's millionth, counted
     * from 0. */
    uint64_t upper = (cohort >> 32) * SLW_PPM;
    uint64_t lower = (cohort & UINT32_MAX) * SLW_PPM;
    return (upper + (lower >> 32)) >> 32 < ppm;
}
