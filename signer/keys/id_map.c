/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from ids to pointers, with linear probing. See id_map.h. */
#include "id_map.h"

#include <stdlib.h>
#include <sys/random.h>

struct slw_id_slot {
    const uint8_t *id; /* NULL: free */
    void *value;
};

static size_t place_of(const struct slw_id_map *map, const uint8_t *id)
{
    uint64_t mixed = (slw_get_u64_le(id) ^ map->seed) * UINT64_C(0x9E3779B97F4A7C15);
    mixed ^= (slw_get_u64_le(id + 8) ^ mixed >> 29) * UINT64_C(0xBF58476D1CE4E5B9);
    return (size_t)(mixed ^ mixed >> 32) & (map->capacity - 1);
}

/* Where the id is, or the free place where it would be; the map has free places. */
static struct slw_id_slot *slot_of(const struct slw_id_map *map, const uint8_t *id)
{
    size_t at = place_of(map, id);
    while (map->slots[at].id != NULL && memcmp(map->slots[at].id, id, SLW_SHA256_SIZE) != 0) {
        at = (at + 1) & (map->capacity - 1);
    }
    return &map->slots[at];
}

void *slw_id_map_get(const struct slw_id_map *map, const uint8_t id[static SLW_SHA256_SIZE])
{
    return map->capacity == 0 ? NULL : slot_of(map, id)->value;
}

static bool grow(struct slw_id_map *map)
{
    struct slw_id_map larger = {.capacity = map->capacity == 0 ? 64 : map->capacity * 2,
                                .count = map->count,
                                .seed = map->seed};
    if (map->capacity == 0 && getrandom(&larger.seed, sizeof larger.seed, 0) < 0) {
        return false;
    }
    larger.slots = calloc(larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].id != NULL) {
            *slot_of(&larger, map->slots[i].id) = map->slots[i];
        }
    }
    free(map->slots);
    *map = larger;
    return true;
}

bool slw_id_map_put(struct slw_id_map *map, const uint8_t *id, void *value)
{
    if (map->count * 2 >= map->capacity && !grow(map)) {
        return false;
    }
    struct slw_id_slot *slot = slot_of(map, id);
    map->count += slot->id == NULL ? 1 : 0;
    *slot = (struct slw_id_slot){id, value};
    return true;
}

void slw_id_map_remove(struct slw_id_map *map, const uint8_t id[static SLW_SHA256_SIZE])
{
    struct slw_id_slot *slot = map->capacity == 0 ? NULL : slot_of(map, id);
    if (slot == NULL || slot->id == NULL) {
        return;
    }
    *slot = (struct slw_id_slot){NULL, NULL};
    map->count--;
    /* What stands behind it in a row may have been pushed there by it. */
    size_t at = (size_t)(slot - map->slots);
    for (at = (at + 1) & (map->capacity - 1); map->slots[at].id != NULL;
         at = (at + 1) & (map->capacity - 1)) {
        struct slw_id_slot moved = map->slots[at];
        map->slots[at] = (struct slw_id_slot){NULL, NULL};
        *slot_of(map, moved.id) = moved;
    }
}

void *slw_id_map_any(const struct slw_id_map *map)
{
    for (size_t i = 0; i < map->capacity; i++) {
        if (map->slots[i].id != NULL) {
            return map->slots[i].value;
        }
    }
    return NULL;
}

void slw_id_map_free(struct slw_id_map *map)
{
    free(map->slots);
    *map = (struct slw_id_map){0};
}
