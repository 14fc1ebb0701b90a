/* SPDX-License-Identifier: Apache-2.0 */
/* Who staged a digest, and with which length. See claims.h. */
#include "claims.h"

#include "slipway/heap.h"

#include <stdlib.h>

/* Takes out what this one said before. */
static void forget(struct slw_claims *claims, struct slw_bytes who)
{
    for (size_t i = 0; i < claims->count; i++) {
        const char *name = claims->list[i].who;
        if (slw_bytes_equal(who, slw_bytes_make(name, strlen(name)))) {
            claims->count--;
            memmove(&claims->list[i], &claims->list[i + 1],
                    (claims->count - i) * sizeof claims->list[i]);
            return;
        }
    }
}

bool slw_claims_put(struct slw_claims *claims, struct slw_bytes who, uint64_t length,
                    int64_t staged_utc_s)
{
    struct slw_claim *grown = slw_heap_grow(claims->list, claims->count, sizeof *claims->list);
    if (grown == NULL) {
        return false;
    }
    claims->list = grown;
    forget(claims, who);
    struct slw_claim *claim = &claims->list[claims->count++];
    *claim = (struct slw_claim){.length = length, .staged_utc_s = staged_utc_s};
    if (who.len > 0) {
        memcpy(claim->who, who.ptr, who.len);
    }
    return true;
}

void slw_claims_free(struct slw_claims *claims)
{
    free(claims->list);
    *claims = (struct slw_claims){0};
}

uint64_t slw_claims_longest(const struct slw_claims *claims)
{
    uint64_t longest = 0;
    for (size_t i = 0; i < claims->count; i++) {
        longest = claims->list[i].length > longest ? claims->list[i].length : longest;
    }
    return longest;
}

uint64_t slw_claims_shortest(const struct slw_claims *claims)
{
    uint64_t shortest = claims->count == 0 ? 0 : UINT64_MAX;
    for (size_t i = 0; i < claims->count; i++) {
        shortest = claims->list[i].length < shortest ? claims->list[i].length : shortest;
    }
    return shortest;
}
