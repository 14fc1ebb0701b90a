/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When devices checked in last. Check-ins only note it in memory; a thread writes what was noted
 * once a second, in transactions of bounded size. What doesn't fit is lost, and so is what
 * wasn't written when the process ends: the next check-in notes it again. Here, too, is how often
 * devices call, by which they are told when to come again.
 */
#include "parts.h"

#include "core/periodic.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define PERIOD_MS 1000
#define NOTES_MAX 2048u            /* written in a second */
#define FRESH_US (30 * DEVICES_US) /* a row that was written so recently says enough */
#define CALM_PER_SECOND 2000       /* check-ins that one replica takes at its ease */

struct note {
    char product[DEPOT_NAME_MAX], device[DEPOT_NAME_MAX];
    uint8_t product_len, device_len;
    int64_t at_us;
};

struct devices_seen {
    struct depot *depot;
    struct depot_periodic *writer;
    pthread_mutex_t lock; /* of the notes */
    struct note notes[NOTES_MAX];
    size_t count;
    struct note writing[NOTES_MAX]; /* the thread's own */
    size_t writing_count;
    atomic_llong calls;      /* in this second */
    atomic_llong per_second; /* in the last one */
};

int64_t devices_seen_note(struct devices_seen *seen, const struct device_name *name,
                          int64_t seen_us, int64_t now_us)
{
    atomic_fetch_add(&seen->calls, 1);
    if (seen_us > now_us - FRESH_US && seen_us <= now_us) {
        return seen_us;
    }
    (void)pthread_mutex_lock(&seen->lock);
    bool has_room = seen->count < NOTES_MAX;
    if (has_room) {
        struct note *note = &seen->notes[seen->count++];
        note->product_len = (uint8_t)name->product.len;
        note->device_len = (uint8_t)name->id.len;
        memcpy(note->product, name->product.ptr, name->product.len);
        memcpy(note->device, name->id.ptr, name->id.len);
        note->at_us = now_us;
    }
    (void)pthread_mutex_unlock(&seen->lock);
    return has_room ? now_us : seen_us;
}

bool devices_seen_is_busy(const struct devices_seen *seen)
{
    return atomic_load(&seen->per_second) > CALM_PER_SECOND;
}

int64_t devices_seen_next_s(const struct devices_seen *seen)
{
    int64_t configured = seen->depot->settings->checkin_s;
    int64_t base = configured == 0 ? DEVICES_CHECKIN_S : configured;
    long long per_second = atomic_load(&seen->per_second);
    int64_t next_s = per_second > CALM_PER_SECOND ? base * per_second / CALM_PER_SECOND : base;
    int64_t most = base > DEVICES_CHECKIN_MAX_S ? base : DEVICES_CHECKIN_MAX_S;
    return next_s < most ? next_s : most;
}

/* Notes that one transaction writes: a report that came meanwhile isn't held up for long. */
struct piece {
    const struct note *notes;
    size_t count;
};

static enum slw_status write_piece(void *context, struct slw_transaction *transaction,
                                   struct slw_detail *detail)
{
    const struct piece *piece = context;
    struct slw_sql_value values[3 * DEVICE_MANY_MAX];
    const char *sql = NULL;
    size_t values_count = 0;
    for (size_t i = 0; i < piece->count; i++) {
        const struct note *note = &piece->notes[i];
        values[3 * i] = slw_sql_text(slw_bytes_make(note->product, note->product_len));
        values[3 * i + 1] = slw_sql_text(slw_bytes_make(note->device, note->device_len));
        values[3 * i + 2] = slw_sql_int(note->at_us);
    }
    SLW_TRY(device_many_sql(DEVICE_MANY_SEEN, piece->count, &sql, &values_count, detail));
    device_many_fill(DEVICE_MANY_SEEN, piece->count, values_count, values);
    return slw_sql_run(transaction, sql, values, values_count, NULL, detail);
}

static void flush(struct devices_seen *seen)
{
    struct slw_detail detail = {""};
    enum slw_status status = SLW_OK;
    for (size_t at = 0; status == SLW_OK && at < seen->writing_count; at += DEVICE_MANY_MAX) {
        size_t left = seen->writing_count - at;
        struct piece piece = {&seen->writing[at], left < DEVICE_MANY_MAX ? left : DEVICE_MANY_MAX};
        pthread_mutex_t *writing = &seen->depot->devices->writing;
        (void)pthread_mutex_lock(writing);
        status = slw_database_transact(seen->depot->database, SLW_DATABASE_WRITE, write_piece,
                                       &piece, &detail);
        (void)pthread_mutex_unlock(writing);
    }
    if (status != SLW_OK) {
        depot_log("warning", "devices", "who was seen wasn't written: %s", detail.text);
    }
}

static void take_notes(void *context)
{
    struct devices_seen *seen = context;
    (void)pthread_mutex_lock(&seen->lock);
    seen->writing_count = seen->count;
    memcpy(seen->writing, seen->notes, seen->count * sizeof seen->notes[0]);
    seen->count = 0;
    (void)pthread_mutex_unlock(&seen->lock);
    atomic_store(&seen->per_second, atomic_exchange(&seen->calls, 0));
    flush(seen);
}

enum slw_status devices_seen_open(struct depot *depot, struct devices_seen **ret_seen,
                                  struct slw_detail *detail)
{
    struct devices_seen *seen = calloc(1, sizeof *seen);
    if (seen == NULL) {
        return slw_explain_no_memory(detail);
    }
    seen->depot = depot;
    (void)pthread_mutex_init(&seen->lock, NULL);
    enum slw_status status =
        depot_periodic_start(PERIOD_MS, take_notes, seen, &seen->writer, detail);
    if (status != SLW_OK) {
        (void)pthread_mutex_destroy(&seen->lock);
        free(seen);
        return status;
    }
    *ret_seen = seen;
    return SLW_OK;
}

void devices_seen_close(struct devices_seen *seen)
{
    if (seen == NULL) {
        return;
    }
    depot_periodic_stop(seen->writer);
    take_notes(seen);
    (void)pthread_mutex_destroy(&seen->lock);
    free(seen);
}
