/* SPDX-License-Identifier: Apache-2.0 */
/* Check-ins that came to nothing. See memory.h. */
#include "memory.h"

#include "rollouts/rollouts.h"

#include "slipway/crypto.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STRIPES 64u
#define WAYS 4u /* devices that have a place between them */
#define PLACES_MIN 16u
#define PLACES_MAX 8192u /* of a stripe: two million devices in all, 48 MiB */
#define MARK_SIZE 12u
#define SECRET_LEN 64u /* what is longer or shorter is nobody's */
#define CLAIM_MAX 16u  /* of the report's digits */

struct entry {
    uint8_t mark[MARK_SIZE];
    uint32_t whose; /* which place, however many there are */
    uint32_t put_s; /* of the clock that doesn't jump, from 1; 0: nothing is here */
    uint32_t seen_s;
};

struct place {
    struct entry entries[WAYS];
};

struct stripe {
    pthread_mutex_t lock;
    struct place *places;
    size_t count, filled; /* places, entries */
    uint64_t forgotten;
};

struct devices_memory {
    struct depot *depot;
    uint8_t key[SLW_SHA256_SIZE];
    uint64_t seed;
    atomic_uint_fast64_t era;
    atomic_llong followed_ms;
    struct stripe stripes[STRIPES];
};

/* From 1. */
static uint32_t second_of(int64_t now_ms)
{
    return (uint32_t)(now_ms / 1000) + 1;
}

/* FNV-1a, begun with the seed. */
static uint64_t hash_more(uint64_t hash, struct slw_bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ text.ptr[i]) * 0x100000001B3u;
    }
    return (hash ^ '\n') * 0x100000001B3u;
}

static uint64_t hash_of(const struct devices_memory *memory, struct slw_bytes product,
                        struct slw_bytes device)
{
    uint64_t hash = hash_more(hash_more(0xCBF29CE484222325u ^ memory->seed, product), device);
    return hash ^ hash >> 32;
}

static struct stripe *stripe_of(struct devices_memory *memory, uint64_t hash)
{
    return &memory->stripes[hash % STRIPES];
}

static uint32_t whose_of(uint64_t hash)
{
    return (uint32_t)(hash / STRIPES);
}

/* With the lock held. */
static struct place *place_of(const struct stripe *stripe, uint32_t whose)
{
    return &stripe->places[whose % stripe->count];
}

/* Names and digits have no line feeds, and the secret has its length: no two claims have one text.
 */
static void mark_of(const struct devices_memory *memory, const struct device_claim *claim,
                    uint64_t era, uint64_t offers, uint8_t ret_mark[static MARK_SIZE])
{
    const uint64_t numbers[] = {era, offers, (uint64_t)claim->epoch, (uint64_t)claim->version};
    const struct slw_bytes line = SLW_BYTES_OF("\n");
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(memory->key, sizeof memory->key));
    slw_sha256_update(&hash, slw_bytes_make(numbers, sizeof numbers));
    slw_sha256_update(&hash, claim->secret);
    slw_sha256_update(&hash, claim->product);
    slw_sha256_update(&hash, line);
    slw_sha256_update(&hash, claim->device);
    slw_sha256_update(&hash, line);
    slw_sha256_update(&hash, claim->report);
    slw_sha256_final(&hash, digest);
    memcpy(ret_mark, digest, MARK_SIZE);
}

static bool may_be(const struct device_claim *claim)
{
    return claim->secret.len == SECRET_LEN && claim->report.len <= CLAIM_MAX &&
           claim->product.len <= DEPOT_NAME_MAX && claim->device.len <= DEPOT_NAME_MAX;
}

static bool is_followed(const struct devices_memory *memory, int64_t now_ms)
{
    int64_t followed_ms = atomic_load(&memory->followed_ms);
    return followed_ms != 0 && now_ms - followed_ms <= DEVICES_MEMORY_FOLLOWED_MS;
}

/* With the lock held; NULL: it isn't there. */
static struct entry *find(const struct stripe *stripe, uint64_t hash,
                          const uint8_t mark[static MARK_SIZE], int64_t now_ms)
{
    struct place *place = place_of(stripe, whose_of(hash));
    struct entry *found = NULL;
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *entry = &place->entries[i];
        if (entry->put_s != 0 && entry->whose == whose_of(hash) &&
            second_of(now_ms) - entry->put_s <= DEVICES_MEMORY_KEPT_S &&
            slw_equal_constant_time(entry->mark, mark, MARK_SIZE)) {
            found = entry;
        }
    }
    return found;
}

bool devices_memory_has(struct devices_memory *memory, const struct device_claim *claim,
                        int64_t now_ms, int64_t *ret_seen_s)
{
    uint8_t mark[MARK_SIZE];
    uint64_t hash = hash_of(memory, claim->product, claim->device);
    struct stripe *stripe = stripe_of(memory, hash);
    uint64_t era = atomic_load(&memory->era);
    uint64_t offers = depot_offers_generation(memory->depot);
    if (offers == 0 || !may_be(claim) || !is_followed(memory, now_ms)) {
        return false;
    }
    mark_of(memory, claim, era, offers, mark);
    (void)pthread_mutex_lock(&stripe->lock);
    const struct entry *entry = find(stripe, hash, mark, now_ms);
    bool has = entry != NULL;
    *ret_seen_s = has ? entry->seen_s : 0;
    (void)pthread_mutex_unlock(&stripe->lock);
    return has;
}

void devices_memory_seen(struct devices_memory *memory, const struct device_claim *claim,
                         int64_t seen_s)
{
    uint8_t mark[MARK_SIZE];
    uint64_t hash = hash_of(memory, claim->product, claim->device);
    struct stripe *stripe = stripe_of(memory, hash);
    mark_of(memory, claim, atomic_load(&memory->era), depot_offers_generation(memory->depot), mark);
    (void)pthread_mutex_lock(&stripe->lock);
    struct entry *entry = find(stripe, hash, mark, depot_clock_ms());
    if (entry != NULL) {
        entry->seen_s = (uint32_t)seen_s;
    }
    (void)pthread_mutex_unlock(&stripe->lock);
}

struct devices_ticket devices_memory_ticket(struct devices_memory *memory,
                                            const struct device_claim *claim)
{
    struct stripe *stripe = stripe_of(memory, hash_of(memory, claim->product, claim->device));
    struct devices_ticket ticket = {.era = atomic_load(&memory->era)};
    (void)pthread_mutex_lock(&stripe->lock);
    ticket.forgotten = stripe->forgotten;
    (void)pthread_mutex_unlock(&stripe->lock);
    return ticket;
}

/* With the lock held: a device's former one, an empty one, or who was put first. */
static struct entry *make_room(struct stripe *stripe, uint32_t whose)
{
    struct place *place = place_of(stripe, whose);
    struct entry *chosen = &place->entries[0];
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *entry = &place->entries[i];
        if (entry->put_s != 0 && entry->whose == whose) {
            return entry;
        }
        chosen = entry->put_s < chosen->put_s ? entry : chosen;
    }
    stripe->filled += chosen->put_s == 0 ? 1 : 0;
    return chosen;
}

/* With the lock held: twice as many places when half of them are taken. Without memory for them it
 * goes on with what it has. */
static void grow(struct stripe *stripe)
{
    struct stripe larger = {.count = stripe->count * 2};
    if (stripe->count == PLACES_MAX || stripe->filled * 2 < stripe->count * WAYS) {
        return;
    }
    larger.places = calloc(larger.count, sizeof *larger.places);
    if (larger.places == NULL) {
        return;
    }
    for (size_t i = 0; i < stripe->count * WAYS; i++) {
        const struct entry *entry = &stripe->places[i / WAYS].entries[i % WAYS];
        if (entry->put_s != 0) {
            *make_room(&larger, entry->whose) = *entry;
        }
    }
    free(stripe->places);
    stripe->places = larger.places;
    stripe->count = larger.count;
    stripe->filled = larger.filled;
}

void devices_memory_put(struct devices_memory *memory, const struct device_claim *claim,
                        const struct devices_ticket *ticket, uint64_t offers, int64_t now_ms,
                        int64_t seen_s)
{
    uint64_t hash = hash_of(memory, claim->product, claim->device);
    struct entry entry = {
        .whose = whose_of(hash), .put_s = second_of(now_ms), .seen_s = (uint32_t)seen_s};
    struct stripe *stripe = stripe_of(memory, hash);
    if (!may_be(claim) || offers == 0) {
        return;
    }
    mark_of(memory, claim, ticket->era, offers, entry.mark);
    (void)pthread_mutex_lock(&stripe->lock);
    if (stripe->forgotten == ticket->forgotten) {
        grow(stripe);
        *make_room(stripe, entry.whose) = entry;
    }
    (void)pthread_mutex_unlock(&stripe->lock);
}

void devices_memory_forget(struct devices_memory *memory, struct slw_bytes product,
                           struct slw_bytes device)
{
    uint64_t hash = hash_of(memory, product, device);
    struct stripe *stripe = stripe_of(memory, hash);
    (void)pthread_mutex_lock(&stripe->lock);
    struct place *place = place_of(stripe, whose_of(hash));
    for (size_t i = 0; i < WAYS; i++) {
        struct entry *entry = &place->entries[i];
        if (entry->put_s != 0 && entry->whose == whose_of(hash)) {
            *entry = (struct entry){.put_s = 0};
            stripe->filled--;
        }
    }
    stripe->forgotten++;
    (void)pthread_mutex_unlock(&stripe->lock);
}

void devices_memory_forget_all(struct devices_memory *memory)
{
    atomic_fetch_add(&memory->era, 1);
}

void devices_memory_followed(struct devices_memory *memory, int64_t at_ms)
{
    atomic_store(&memory->followed_ms, at_ms);
}

static bool open_stripes(struct devices_memory *memory)
{
    bool done = true;
    for (size_t i = 0; i < STRIPES; i++) {
        struct stripe *stripe = &memory->stripes[i];
        (void)pthread_mutex_init(&stripe->lock, NULL);
        stripe->count = PLACES_MIN;
        stripe->places = calloc(stripe->count, sizeof *stripe->places);
        done = done && stripe->places != NULL;
    }
    return done;
}

enum slw_status devices_memory_open(struct depot *depot, struct devices_memory **ret_memory,
                                    struct slw_detail *detail)
{
    struct devices_memory *memory = calloc(1, sizeof *memory);
    if (memory == NULL) {
        return slw_explain_no_memory(detail);
    }
    memory->depot = depot;
    bool has_places = open_stripes(memory);
    bool has_keys =
        getrandom(memory->key, sizeof memory->key, 0) == (ssize_t)sizeof memory->key &&
        getrandom(&memory->seed, sizeof memory->seed, 0) == (ssize_t)sizeof memory->seed;
    if (!has_places || !has_keys) {
        devices_memory_close(memory);
        return has_places ? slw_explain_errno(detail, "getrandom") : slw_explain_no_memory(detail);
    }
    *ret_memory = memory;
    return SLW_OK;
}

void devices_memory_close(struct devices_memory *memory)
{
    if (memory == NULL) {
        return;
    }
    for (size_t i = 0; i < STRIPES; i++) {
        (void)pthread_mutex_destroy(&memory->stripes[i].lock);
        free(memory->stripes[i].places);
    }
    slw_wipe(memory->key, sizeof memory->key);
    free(memory);
}
