/* SPDX-License-Identifier: Apache-2.0 */
/* The view that offers come of. See view.h. */
#include "view.h"

#include "core/periodic.h"

#include "slipway/text.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MS 1000

/* Of views' references, whichever depot's: held for a few instructions. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct depot_rollouts_state {
    struct depot *depot;
    struct depot_periodic *refresher;
    struct view *newest;
    /* The newest one's: written in this order, read in the other. */
    atomic_uint_fast64_t generation;
    atomic_llong read_ms;
};

/* --- Reading --- */

static enum slw_status read_release(const struct slw_rows *rows, struct view *view,
                                    struct slw_detail *detail)
{
    struct view_release *release = &view->releases[view->releases_count++];
    slw_heap_append(&release->product, slw_rows_bytes(rows, 0));
    slw_heap_append(&release->channel, slw_rows_bytes(rows, 1));
    release->version = slw_rows_int(rows, 2);
    release->min_installed = slw_rows_int(rows, 3);
    release->offer.release = release->version;
    struct depot_offer *offer = &release->offer;
    slw_text_copy(slw_rows_bytes(rows, 4), sizeof offer->release_version, offer->release_version);
    slw_text_copy(slw_rows_bytes(rows, 5), sizeof offer->urgency, offer->urgency);
    slw_text_copy(slw_rows_bytes(rows, 6), sizeof offer->role, offer->role);
    slw_text_copy(slw_rows_bytes(rows, 7), sizeof offer->path, offer->path);
    slw_text_copy(slw_rows_bytes(rows, 8), sizeof offer->sha256, offer->sha256);
    offer->size = slw_rows_int(rows, 9);
    return release->product.status == SLW_OK && release->channel.status == SLW_OK
               ? SLW_OK
               : slw_explain_no_memory(detail);
}

/* What products with rollouts that offer have published, the newest first. */
static enum slw_status read_releases(struct slw_transaction *transaction, struct view *view,
                                     struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(VIEW_RELEASES_MAX);
    struct slw_rows *rows = NULL;
    enum slw_status status = SLW_OK;
    SLW_TRY(slw_sql_query(
        transaction,
        "SELECT product, channel, version, min_installed_version, release_version, urgency, role, "
        "path, blob, size FROM releases WHERE state = 'published' AND kind <> 'drill' AND product "
        "IN (SELECT product "
        "FROM rollouts WHERE state IN ('running', 'done')) ORDER BY version DESC, product LIMIT $1",
        &value, 1, &rows, detail));
    while (status == SLW_OK && view->releases_count < VIEW_RELEASES_MAX && slw_rows_next(rows)) {
        status = read_release(rows, view, detail);
    }
    enum slw_status end =
        slw_rows_close(rows, status == SLW_OK ? detail : &(struct slw_detail){""});
    return status == SLW_OK ? end : status;
}

struct running {
    int64_t ids[VIEW_ROLLOUTS_MAX];
    size_t count;
};

static enum slw_status find_running(struct slw_transaction *transaction, struct running *running,
                                    struct slw_detail *detail)
{
    const struct slw_sql_value value = slw_sql_int(VIEW_ROLLOUTS_MAX);
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT id FROM rollouts r WHERE state = 'running' OR (state = 'done' "
                          "AND " ROLLOUT_IS_THE_GROUPS_LAST
                          ") ORDER BY CASE WHEN state = 'running' THEN 0 ELSE 1 END, is_emergency "
                          "DESC, id DESC LIMIT $1",
                          &value, 1, &rows, detail));
    while (slw_rows_next(rows) && running->count < VIEW_ROLLOUTS_MAX) {
        running->ids[running->count++] = slw_rows_int(rows, 0);
    }
    return slw_rows_close(rows, detail);
}

static size_t release_of(const struct view *view, const struct rollout *rollout)
{
    size_t i = 0;
    while (i < view->releases_count && !(view->releases[i].version == rollout->version &&
                                         slw_bytes_equal(slw_heap_bytes(&view->releases[i].product),
                                                         slw_heap_bytes(&rollout->product)))) {
        i++;
    }
    return i;
}

/* A rollout whose release isn't published any more is left out. */
static enum slw_status read_rollout(struct slw_transaction *transaction, int64_t id,
                                    struct view *view, struct slw_detail *detail)
{
    struct view_rollout *entry = &view->rollouts[view->rollouts_count];
    SLW_TRY(rollout_read(transaction, id, slw_bytes_make("", 0), &entry->rollout, detail));
    entry->release = release_of(view, &entry->rollout);
    enum slw_status status = SLW_NOT_FOUND;
    if (entry->release < view->releases_count) {
        status = rollout_group_read(transaction, slw_heap_bytes(&entry->rollout.product),
                                    slw_heap_bytes(&entry->rollout.group), &entry->group, detail);
    }
    if (status == SLW_OK) {
        view->rollouts_count++;
        return SLW_OK;
    }
    rollout_free(&entry->rollout);
    return status == SLW_NOT_FOUND ? SLW_OK : status;
}

static void empty(struct view *view)
{
    for (size_t i = 0; i < view->rollouts_count; i++) {
        rollout_free(&view->rollouts[i].rollout);
        rollout_group_free(&view->rollouts[i].group);
    }
    for (size_t i = 0; i < view->releases_count; i++) {
        slw_heap_free(&view->releases[i].product);
        slw_heap_free(&view->releases[i].channel);
    }
    view->rollouts_count = 0;
    view->releases_count = 0;
}

static enum slw_status read_all(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct view *view = context;
    struct running running = {.count = 0};
    empty(view); /* of a run that others got in the way of */
    SLW_TRY(find_running(transaction, &running, detail));
    SLW_TRY(read_releases(transaction, view, detail));
    for (size_t i = 0; i < running.count; i++) {
        SLW_TRY(read_rollout(transaction, running.ids[i], view, detail));
    }
    return SLW_OK;
}

/* --- Exchanging --- */

void rollouts_view_drop(struct view *view)
{
    if (view == NULL) {
        return;
    }
    pthread_mutex_lock(&lock);
    bool is_last = --view->references == 0;
    pthread_mutex_unlock(&lock);
    if (is_last) {
        empty(view);
        free(view);
    }
}

struct view *rollouts_view_take(struct depot *depot)
{
    pthread_mutex_lock(&lock);
    struct view *view = depot->rollouts == NULL ? NULL : depot->rollouts->newest;
    if (view != NULL) {
        view->references++;
    }
    pthread_mutex_unlock(&lock);
    return view;
}

/* All that offer.c asks of a rollout before it asks the database. The plan of one that has begun
 * stays as it is. */
static void make_mark(struct view *view)
{
    struct slw_sha256 hash;
    slw_sha256_init(&hash);
    for (size_t i = 0; i < view->rollouts_count; i++) {
        const struct view_rollout *entry = &view->rollouts[i];
        const int64_t numbers[] = {entry->rollout.id, entry->rollout.version, entry->rollout.phase,
                                   entry->rollout.is_emergency};
        slw_sha256_update(&hash, slw_bytes_make(numbers, sizeof numbers));
        slw_sha256_update(&hash, slw_bytes_make(entry->group.mark, sizeof entry->group.mark));
    }
    slw_sha256_final(&hash, view->mark);
}

/* By the only thread that reads views. */
static void number(const struct view *former, struct view *view)
{
    make_mark(view);
    if (former == NULL) {
        view->generation = 1;
        return;
    }
    bool is_same = memcmp(former->mark, view->mark, sizeof view->mark) == 0;
    view->generation = former->generation + (is_same ? 0 : 1);
}

uint64_t depot_offers_generation(struct depot *depot)
{
    struct depot_rollouts_state *state = depot->rollouts;
    if (state == NULL) {
        return 0;
    }
    uint64_t generation = atomic_load(&state->generation);
    int64_t read_ms = atomic_load(&state->read_ms);
    bool is_known = (depot_clock_ms() - read_ms) * 1000 <= DEPOT_OFFER_MAX_AGE_US &&
                    atomic_load(&state->generation) == generation;
    return is_known ? generation : 0;
}

static void show(struct depot_rollouts_state *state, struct view *view)
{
    pthread_mutex_lock(&lock);
    struct view *former = state->newest;
    state->newest = view;
    atomic_store(&state->generation, view == NULL ? 0 : view->generation);
    atomic_store(&state->read_ms, view == NULL ? 0 : view->read_ms);
    pthread_mutex_unlock(&lock);
    rollouts_view_drop(former);
}

static void refresh(void *context)
{
    struct depot_rollouts_state *state = context;
    struct slw_detail detail = {""};
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return;
    }
    view->references = 1;
    view->read_ms = depot_clock_ms();
    enum slw_status status =
        slw_database_transact(state->depot->database, SLW_DATABASE_READ, read_all, view, &detail);
    if (status == SLW_OK) {
        number(state->newest, view);
        show(state, view);
        return;
    }
    depot_log("warning", "rollouts", "what runs can't be read: %s", detail.text);
    rollouts_view_drop(view);
}

enum slw_status rollouts_view_open(struct depot *depot, struct slw_detail *detail)
{
    struct depot_rollouts_state *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return slw_explain_no_memory(detail);
    }
    state->depot = depot;
    refresh(state); /* so that nobody is turned away who calls first */
    enum slw_status status =
        depot_periodic_start(PERIOD_MS, refresh, state, &state->refresher, detail);
    if (status != SLW_OK) {
        show(state, NULL);
        free(state);
        return status;
    }
    depot->rollouts = state;
    return SLW_OK;
}

void rollouts_view_close(struct depot *depot)
{
    struct depot_rollouts_state *state = depot->rollouts;
    depot_periodic_stop(state->refresher);
    show(state, NULL);
    free(state);
    depot->rollouts = NULL;
}
