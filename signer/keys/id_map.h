/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding things by a SHA-256: requests, stages. Open addressing; whoever makes ids can't choose
 * where they fall, since each map mixes in random bytes of its own. Used by book.c.
 */
#ifndef SIGNER_KEYS_ID_MAP_H
#define SIGNER_KEYS_ID_MAP_H

#include "slipway/crypto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slw_id_map {
    struct slw_id_slot *slots;
    size_t capacity; /* 0, or a power of two */
    size_t count;
    uint64_t seed;
};

/* The value that was put under an id; NULL. */
void *slw_id_map_get(const struct slw_id_map *map, const uint8_t id[static SLW_SHA256_SIZE]);

/* value isn't NULL, and holds the 32 bytes of id for as long as it is in the map. False when memory
 * ran out. An id that is there gets the new value. */
SLW_MUST_USE bool slw_id_map_put(struct slw_id_map *map, const uint8_t *id, void *value);

/* Forgets an id. */
void slw_id_map_remove(struct slw_id_map *map, const uint8_t id[static SLW_SHA256_SIZE]);

/* One of the values, whichever; NULL when there is none. */
void *slw_id_map_any(const struct slw_id_map *map);

void slw_id_map_free(struct slw_id_map *map);

#endif
