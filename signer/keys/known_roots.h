/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Roots of bundles that were read, and whose signatures were found to be good. A product's bundles
 * carry the same root for years; what exactly these bytes say, and whether they are signed by their
 * own threshold, never changes, so it is found out once. Everything that can change (expiry, class,
 * which key signs, the version marks) is looked at each time. Any number of threads may ask. Called
 * by content_targets.c.
 */
#ifndef SIGNER_KEYS_KNOWN_ROOTS_H
#define SIGNER_KEYS_KNOWN_ROOTS_H

#include "slipway/root.h"

#include <pthread.h>

#define SLW_KNOWN_ROOTS_MAX 256u

/* What a root says, as far as requests are compared with it. */
struct slw_known_root {
    uint8_t sha256[SLW_SHA256_SIZE]; /* of the serialized root, without signatures */
    uint32_t version;
    enum slw_key_class key_class;
    struct slw_expiry expires;
    size_t keys_count; /* of those that are defined */
    struct {
        uint8_t id[SLW_KEY_ID_SIZE];
        uint8_t roles; /* bit per enum slw_role */
    } keys[SLW_ROOT_KEYS_MAX];
};

void slw_known_root_of(const struct slw_root *root, struct slw_known_root *ret_root);
/* Whether a key is listed for a role, and defined. */
bool slw_known_root_lists(const struct slw_known_root *root,
                          const uint8_t key_id[static SLW_KEY_ID_SIZE], enum slw_role role);

struct slw_known_roots {
    pthread_mutex_t mutex;
    size_t count;
    size_t next; /* the place that is taken over next, when all are taken */
    uint8_t sha256[SLW_KNOWN_ROOTS_MAX][SLW_SHA256_SIZE]; /* of whole messages, signatures too */
    struct slw_known_root roots[SLW_KNOWN_ROOTS_MAX];
};

void slw_known_roots_init(struct slw_known_roots *known);
void slw_known_roots_wipe(struct slw_known_roots *known);

bool slw_known_roots_find(struct slw_known_roots *known,
                          const uint8_t sha256[static SLW_SHA256_SIZE],
                          struct slw_known_root *ret_root);
/* Only of a message whose signatures were all verified just now. */
void slw_known_roots_add(struct slw_known_roots *known,
                         const uint8_t sha256[static SLW_SHA256_SIZE],
                         const struct slw_known_root *root);

#endif
