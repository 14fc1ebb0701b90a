/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How often a device may call: a bucket each, which fills with time, in a table of fixed size in
 * memory. A place is found by a keyed hash; who comes to a place that is another's starts with a
 * full bucket, so that a collision is never anybody's loss. Counted only after a device has shown
 * who it is: nobody else can empty its bucket.
 */
#include "parts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PLACES 65536u
#define LOCKS 64u /* a share of the places each */
#define FULL 120u /* calls at once */
#define PER_SECOND 2u
#define RETRY_AFTER "30"

struct place {
    uint64_t whose;
    int64_t at_ms; /* when `left` was right */
    uint32_t left;
};

struct devices_buckets {
    pthread_mutex_t locks[LOCKS];
    uint8_t secret[32];
    struct place places[PLACES];
};

enum slw_status devices_buckets_open(struct depot *depot, struct devices_buckets **ret_buckets,
                                     struct slw_detail *detail)
{
    struct devices_buckets *buckets = calloc(1, sizeof *buckets);
    if (buckets == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < LOCKS; i++) {
        (void)pthread_mutex_init(&buckets->locks[i], NULL);
    }
    memcpy(buckets->secret, depot->secret, sizeof buckets->secret);
    *ret_buckets = buckets;
    return SLW_OK;
}

void devices_buckets_close(struct devices_buckets *buckets)
{
    if (buckets != NULL) {
        for (size_t i = 0; i < LOCKS; i++) {
            (void)pthread_mutex_destroy(&buckets->locks[i]);
        }
        slw_wipe(buckets->secret, sizeof buckets->secret);
        free(buckets);
    }
}

static int64_t now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static uint64_t name_of(const struct devices_buckets *buckets, struct slw_bytes product,
                        struct slw_bytes device, struct slw_bytes what)
{
    struct slw_sha256 hash;
    uint8_t digest[SLW_SHA256_SIZE];
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(buckets->secret, sizeof buckets->secret));
    slw_sha256_update(&hash, product);
    slw_sha256_update(&hash, SLW_BYTES_OF("\n"));
    slw_sha256_update(&hash, device);
    slw_sha256_update(&hash, SLW_BYTES_OF("\n"));
    slw_sha256_update(&hash, what);
    slw_sha256_final(&hash, digest);
    return slw_get_u64_le(digest);
}

static void fill(struct place *place, int64_t at_ms)
{
    int64_t more = (at_ms - place->at_ms) * PER_SECOND / 1000;
    if (more >= (int64_t)(FULL - place->left)) {
        place->left = FULL;
        place->at_ms = at_ms;
    } else if (more > 0) {
        place->left += (uint32_t)more;
        place->at_ms += more * 1000 / PER_SECOND;
    }
}

bool devices_bucket_take(struct devices_buckets *buckets, struct slw_bytes product,
                         struct slw_bytes device, struct slw_bytes what)
{
    uint64_t whose = name_of(buckets, product, device, what);
    int64_t at_ms = now_ms();
    pthread_mutex_t *lock = &buckets->locks[whose % LOCKS];
    (void)pthread_mutex_lock(lock);
    struct place *place = &buckets->places[whose % PLACES];
    if (place->whose != whose) {
        *place = (struct place){.whose = whose, .at_ms = at_ms, .left = FULL};
    }
    fill(place, at_ms);
    bool may = place->left > 0;
    place->left -= may ? 1 : 0;
    (void)pthread_mutex_unlock(lock);
    return may;
}

void devices_refuse_flood(struct slw_http_exchange *exchange)
{
    slw_http_set_header(exchange, "Retry-After", RETRY_AFTER);
    slw_http_refuse_as(exchange, 429, SLW_TOO_MANY, "this device calls too often");
}
