/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of bundles whose signatures were found to be good. A product's bundles carry the same root
 * for years; whether exactly these bytes are signed by their own threshold never changes, so it is
 * found out once. Everything that can change (expiry, class, which key signs, the version marks) is
 * looked at each time. Any number of threads may ask. Called by content_targets.c.
 */
#ifndef SIGNER_KEYS_KNOWN_ROOTS_H
#define SIGNER_KEYS_KNOWN_ROOTS_H

#include "slipway/crypto.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define SLW_KNOWN_ROOTS_MAX 256u

struct slw_known_roots {
    pthread_mutex_t mutex;
    size_t count;
    size_t next; /* the place that is taken over next, when all are taken */
    uint8_t sha256[SLW_KNOWN_ROOTS_MAX][SLW_SHA256_SIZE]; /* of whole messages, signatures too */
};

void slw_known_roots_init(struct slw_known_roots *known);
void slw_known_roots_wipe(struct slw_known_roots *known);

bool slw_known_roots_has(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE]);
/* Only of a message whose signatures were all verified just now. */
void slw_known_roots_add(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE]);

#endif
