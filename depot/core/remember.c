/* SPDX-License-Identifier: Apache-2.0 */
/* See remember.h. */
#include "remember.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PLACES 64u
#define SHARE 20 /* of the time, one is spent on counting */

struct place {
    bool is_taken, is_counting;
    enum depot_remember what;
    char product[DEPOT_NAME_MAX];
    size_t product_len;
    struct slw_heap_buffer text; /* empty: none */
    int64_t until_us;
};

struct depot_remembered {
    pthread_mutex_t lock;
    struct place places[PLACES];
};

enum slw_status depot_remembered_open(struct depot_remembered **ret_remembered,
                                      struct slw_detail *detail)
{
    struct depot_remembered *remembered = calloc(1, sizeof *remembered);
    if (remembered == NULL) {
        return slw_explain_no_memory(detail);
    }
    (void)pthread_mutex_init(&remembered->lock, NULL);
    *ret_remembered = remembered;
    return SLW_OK;
}

void depot_remembered_close(struct depot_remembered *remembered)
{
    if (remembered == NULL) {
        return;
    }
    for (size_t i = 0; i < PLACES; i++) {
        slw_heap_drop(&remembered->places[i].text);
    }
    (void)pthread_mutex_destroy(&remembered->lock);
    free(remembered);
}

static int64_t now_us(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t depot_remember_for_us(int64_t weight, int64_t taken_us)
{
    if (weight < DEPOT_REMEMBER_WEIGHT) {
        return 0;
    }
    int64_t for_us = taken_us * SHARE;
    for_us = for_us < DEPOT_REMEMBER_MIN_US ? DEPOT_REMEMBER_MIN_US : for_us;
    return for_us > DEPOT_REMEMBER_MAX_US ? DEPOT_REMEMBER_MAX_US : for_us;
}

/* With the lock held, as the next ones. Its place, or a free one, or the one that is out of date
 * for longest; NULL: all are being counted. */
static struct place *find_place(struct depot_remembered *remembered, enum depot_remember what,
                                struct slw_bytes product)
{
    struct place *best = NULL;
    for (size_t i = 0; i < PLACES; i++) {
        struct place *place = &remembered->places[i];
        if (place->is_taken && place->what == what &&
            slw_bytes_equal(slw_bytes_make(place->product, place->product_len), product)) {
            return place;
        }
        if (!place->is_counting && (best == NULL || (best->is_taken && !place->is_taken) ||
                                    (best->is_taken && place->until_us < best->until_us))) {
            best = place;
        }
    }
    if (best != NULL) {
        slw_heap_drop(&best->text);
        best->is_taken = true;
        best->what = what;
        best->product_len = product.len;
        memcpy(best->product, product.ptr, product.len);
        best->until_us = 0;
    }
    return best;
}

static bool give(const struct place *place, struct slw_heap_buffer *ret_text)
{
    if (place->text.len == 0) {
        return false;
    }
    slw_heap_append(ret_text, slw_heap_bytes(&place->text));
    return true;
}

/* The lock is given up while it counts. */
static enum slw_status count_now(struct depot *depot, struct place *place, struct slw_bytes product,
                                 depot_count *count, struct slw_heap_buffer *ret_text,
                                 struct slw_detail *detail)
{
    struct depot_remembered *remembered = depot->remembered;
    int64_t weight = 0;
    int64_t begun_us = now_us();
    place->is_counting = true;
    (void)pthread_mutex_unlock(&remembered->lock);
    enum slw_status status = count(depot, product, ret_text, &weight, detail);
    int64_t ended_us = now_us();
    (void)pthread_mutex_lock(&remembered->lock);
    int64_t for_us = depot_remember_for_us(weight, ended_us - begun_us);
    place->is_counting = false;
    place->until_us = ended_us + for_us;
    if (status == SLW_OK) {
        slw_heap_drop(&place->text);
    }
    if (status == SLW_OK && for_us > 0) {
        slw_heap_append(&place->text, slw_heap_bytes(ret_text));
    }
    return status;
}

enum slw_status depot_remember(struct depot *depot, enum depot_remember what,
                               struct slw_bytes product, depot_count *count,
                               struct slw_heap_buffer *ret_text, struct slw_detail *detail)
{
    struct depot_remembered *remembered = depot->remembered;
    enum slw_status status = SLW_OK;
    int64_t weight = 0;
    if (product.len > DEPOT_NAME_MAX) {
        return slw_explain(detail, SLW_BAD_NAME, "that can't be a product");
    }
    (void)pthread_mutex_lock(&remembered->lock);
    struct place *place = find_place(remembered, what, product);
    bool is_fresh = place != NULL && (place->is_counting || now_us() < place->until_us);
    bool is_given = is_fresh && give(place, ret_text);
    if (!is_given && place != NULL && !place->is_counting) {
        status = count_now(depot, place, product, count, ret_text, detail);
        is_given = true;
    }
    (void)pthread_mutex_unlock(&remembered->lock);
    /* The first one still counts, or there are more products than places. */
    return is_given ? status : count(depot, product, ret_text, &weight, detail);
}

void depot_serve_remembered(struct depot *depot, struct slw_http_exchange *exchange,
                            enum depot_remember what, depot_count *count)
{
    struct slw_detail detail = {""};
    struct slw_heap_buffer text = {0};
    enum slw_status status =
        depot_remember(depot, what, slw_http_parameter(exchange, 0), count, &text, &detail);
    depot_answer(exchange, status, 200, &text, &detail);
}
