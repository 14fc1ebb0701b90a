/* SPDX-License-Identifier: Apache-2.0 */
/* A small table of digests behind a mutex. See known_roots.h. */
#include "known_roots.h"

#include <string.h>

void slw_known_roots_init(struct slw_known_roots *known)
{
    known->count = 0;
    known->next = 0;
    (void)pthread_mutex_init(&known->mutex, NULL);
}

void slw_known_roots_wipe(struct slw_known_roots *known)
{
    (void)pthread_mutex_destroy(&known->mutex);
}

bool slw_known_roots_has(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE])
{
    bool is_known = false;
    (void)pthread_mutex_lock(&known->mutex);
    for (size_t i = 0; i < known->count && !is_known; i++) {
        is_known = memcmp(known->sha256[i], sha256, SLW_SHA256_SIZE) == 0;
    }
    (void)pthread_mutex_unlock(&known->mutex);
    return is_known;
}

void slw_known_roots_add(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE])
{
    (void)pthread_mutex_lock(&known->mutex);
    memcpy(known->sha256[known->next], sha256, SLW_SHA256_SIZE);
    known->next = (known->next + 1) % SLW_KNOWN_ROOTS_MAX;
    known->count += known->count < SLW_KNOWN_ROOTS_MAX ? 1 : 0;
    (void)pthread_mutex_unlock(&known->mutex);
}
