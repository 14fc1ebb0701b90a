/* SPDX-License-Identifier: Apache-2.0 */
/* See hasher.h. */
#include "hasher.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define CLIENTS 1024u
#define CLIENT_FAILURES_MAX 30u
#define CLIENT_WINDOW_S 60

struct job {
    struct slw_http_exchange *exchange;
    void (*handle)(struct depot *depot, struct slw_http_exchange *exchange);
};

/* One place may stand for several clients: two that meet there share what they may. */
struct client {
    int64_t since_s;
    uint32_t failures;
};

struct depot_people_state {
    struct depot *depot;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct job jobs[PEOPLE_HASHES_WAITING_MAX]; /* a ring */
    size_t first, count;
    bool stops;
    pthread_t threads[PEOPLE_HASHERS];
    size_t threads_count;
    uint8_t seed[16]; /* nobody outside can choose whom they share a place with */
    struct client clients[CLIENTS];
};

static void *work(void *context)
{
    struct depot_people_state *state = context;
    (void)pthread_mutex_lock(&state->mutex);
    for (;;) {
        if (state->count > 0) {
            struct job job = state->jobs[state->first];
            state->first = (state->first + 1) % PEOPLE_HASHES_WAITING_MAX;
            state->count--;
            (void)pthread_mutex_unlock(&state->mutex);
            job.handle(state->depot, job.exchange);
            (void)pthread_mutex_lock(&state->mutex);
        } else if (state->stops) {
            break;
        } else {
            (void)pthread_cond_wait(&state->changed, &state->mutex);
        }
    }
    (void)pthread_mutex_unlock(&state->mutex);
    return NULL;
}

enum slw_status people_hasher_start(struct depot *depot, struct depot_people_state **ret_state,
                                    struct slw_detail *detail)
{
    struct depot_people_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return slw_explain_no_memory(detail);
    }
    state->depot = depot;
    if (getrandom(state->seed, sizeof state->seed, 0) != (ssize_t)sizeof state->seed ||
        pthread_mutex_init(&state->mutex, NULL) != 0 ||
        pthread_cond_init(&state->changed, NULL) != 0) {
        free(state);
        return slw_explain(detail, SLW_IO, "no lock for hashing passwords");
    }
    for (size_t i = 0; i < PEOPLE_HASHERS; i++) {
        if (pthread_create(&state->threads[i], NULL, work, state) != 0) {
            people_hasher_stop(state);
            return slw_explain(detail, SLW_IO, "no thread for hashing passwords");
        }
        state->threads_count++;
    }
    *ret_state = state;
    return SLW_OK;
}

void people_hasher_stop(struct depot_people_state *state)
{
    (void)pthread_mutex_lock(&state->mutex);
    state->stops = true;
    (void)pthread_cond_broadcast(&state->changed);
    (void)pthread_mutex_unlock(&state->mutex);
    for (size_t i = 0; i < state->threads_count; i++) {
        (void)pthread_join(state->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&state->changed);
    (void)pthread_mutex_destroy(&state->mutex);
    free(state);
}

void people_hasher_hand_over(struct depot *depot, struct slw_http_exchange *exchange,
                             void (*handle)(struct depot *depot,
                                            struct slw_http_exchange *exchange))
{
    struct depot_people_state *state = depot->people;
    (void)pthread_mutex_lock(&state->mutex);
    bool is_taken = state->count < PEOPLE_HASHES_WAITING_MAX && !state->stops;
    if (is_taken) {
        size_t at = (state->first + state->count) % PEOPLE_HASHES_WAITING_MAX;
        state->jobs[at] = (struct job){exchange, handle};
        state->count++;
        (void)pthread_cond_signal(&state->changed);
    }
    (void)pthread_mutex_unlock(&state->mutex);
    if (!is_taken) {
        slw_http_refuse_as(exchange, 429, SLW_TOO_MANY, "too many passwords at once; try again");
    }
}

static size_t place_of(const struct depot_people_state *state,
                       const struct slw_http_exchange *exchange)
{
    uint8_t digest[SLW_SHA256_SIZE];
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    slw_sha256_update(&hash, slw_bytes_make(state->seed, sizeof state->seed));
    slw_sha256_update(&hash, slw_http_client(exchange));
    slw_sha256_final(&hash, digest);
    return slw_get_u32_le(digest) % CLIENTS;
}

bool people_hasher_client_may(struct depot *depot, const struct slw_http_exchange *exchange,
                              bool failed)
{
    struct depot_people_state *state = depot->people;
    struct client *client = &state->clients[place_of(state, exchange)];
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    (void)pthread_mutex_lock(&state->mutex);
    if (now.tv_sec - client->since_s >= CLIENT_WINDOW_S) {
        *client = (struct client){.since_s = now.tv_sec};
    }
    client->failures += failed && client->failures < CLIENT_FAILURES_MAX ? 1 : 0;
    bool may = client->failures < CLIENT_FAILURES_MAX;
    (void)pthread_mutex_unlock(&state->mutex);
    return may;
}
