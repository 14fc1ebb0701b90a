/* SPDX-License-Identifier: Apache-2.0 */
/* A small table of digests behind a mutex. See known_roots.h. */
#include "known_roots.h"

#include <string.h>

_Static_assert(SLW_KNOWN_ROOTS_MAX == UINT8_MAX + 1u, "a slot for each first byte");

void slw_known_roots_init(struct slw_known_roots *known)
{
    memset(known->slots, 0, sizeof known->slots);
    (void)pthread_mutex_init(&known->mutex, NULL);
}

void slw_known_roots_wipe(struct slw_known_roots *known)
{
    (void)pthread_mutex_destroy(&known->mutex);
}

bool slw_known_roots_has(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE])
{
    (void)pthread_mutex_lock(&known->mutex);
    bool is_known = known->slots[sha256[0]].is_there &&
                    memcmp(known->slots[sha256[0]].sha256, sha256, SLW_SHA256_SIZE) == 0;
    (void)pthread_mutex_unlock(&known->mutex);
    return is_known;
}

void slw_known_roots_add(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE])
{
    (void)pthread_mutex_lock(&known->mutex);
    known->slots[sha256[0]].is_there = true;
    memcpy(known->slots[sha256[0]].sha256, sha256, SLW_SHA256_SIZE);
    (void)pthread_mutex_unlock(&known->mutex);
}
