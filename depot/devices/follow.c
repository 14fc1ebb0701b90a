/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hears of devices that changed, here or at another replica: each change is an event in the
 * transaction that makes it, and events are numbered without gaps in the order of commits. What is
 * remembered of those devices is forgotten. See memory.h.
 */
#include "parts.h"

#include "core/periodic.h"

#include <stdlib.h>

#define PERIOD_MS 500
#define EVENTS_MAX 4096 /* of one look; more: everything is forgotten */

/* A device that an event is about. */
struct subject {
    char product[DEPOT_NAME_MAX], device[DEPOT_NAME_MAX];
    size_t product_len, device_len;
};

/* One look. */
struct look {
    int64_t after, upto, restores;
    size_t count;
    struct subject subjects[EVENTS_MAX];
};

struct devices_follower {
    struct depot *depot;
    struct devices_memory *memory;
    struct depot_periodic *looking;
    bool has_begun;
    int64_t position, restores; /* heard of so far */
    struct look look;           /* the thread's own */
};

static void take_subject(const struct slw_rows *rows, struct look *look)
{
    struct slw_bytes product = slw_rows_bytes(rows, 0);
    struct slw_bytes device = slw_rows_bytes(rows, 1);
    struct subject *subject = &look->subjects[look->count];
    if (product.len == 0 || product.len > sizeof subject->product || device.len == 0 ||
        device.len > sizeof subject->device) {
        return; /* no device has such a name */
    }
    memcpy(subject->product, product.ptr, product.len);
    memcpy(subject->device, device.ptr, device.len);
    subject->product_len = product.len;
    subject->device_len = device.len;
    look->count++;
}

static enum slw_status read_subjects(struct slw_transaction *transaction, struct look *look,
                                     struct slw_detail *detail)
{
    const struct slw_sql_value values[] = {slw_sql_int(look->after), slw_sql_int(look->upto)};
    struct slw_rows *rows = NULL;
    SLW_TRY(slw_sql_query(transaction,
                          "SELECT product, subject FROM events WHERE id > $1 AND id <= $2 AND kind "
                          "= 'device'",
                          values, 2, &rows, detail));
    while (slw_rows_next(rows) && look->count < EVENTS_MAX) {
        take_subject(rows, look);
    }
    return slw_rows_close(rows, detail);
}

static enum slw_status read_changes(void *context, struct slw_transaction *transaction,
                                    struct slw_detail *detail)
{
    struct look *look = context;
    look->count = 0;
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'restores'", NULL,
                           0, &look->restores, detail));
    SLW_TRY(slw_sql_number(transaction, "SELECT value FROM counters WHERE name = 'events'", NULL, 0,
                           &look->upto, detail));
    bool is_one_look = look->upto > look->after && look->upto - look->after <= EVENTS_MAX;
    return is_one_look ? read_subjects(transaction, look, detail) : SLW_OK;
}

/* Whether it isn't told device by device: at the beginning, behind a backup that was restored, or
 * after too much happened. */
static bool changes_all(const struct devices_follower *follower, const struct look *look)
{
    return !follower->has_begun || look->restores != follower->restores ||
           look->upto < look->after || look->upto - look->after > EVENTS_MAX;
}

static void forget(struct devices_follower *follower, const struct look *look)
{
    if (changes_all(follower, look)) {
        devices_memory_forget_all(follower->memory);
        return;
    }
    for (size_t i = 0; i < look->count; i++) {
        const struct subject *subject = &look->subjects[i];
        devices_memory_forget(follower->memory,
                              slw_bytes_make(subject->product, subject->product_len),
                              slw_bytes_make(subject->device, subject->device_len));
    }
}

static void look_at_events(void *context)
{
    struct devices_follower *follower = context;
    struct look *look = &follower->look;
    struct slw_detail detail = {""};
    int64_t begun_ms = depot_clock_ms();
    look->after = follower->position;
    if (slw_database_transact(follower->depot->database, SLW_DATABASE_READ, read_changes, look,
                              &detail) != SLW_OK) {
        return; /* others say so; what isn't followed isn't remembered */
    }
    forget(follower, look);
    follower->has_begun = true;
    follower->position = look->upto;
    follower->restores = look->restores;
    devices_memory_followed(follower->memory, begun_ms);
}

enum slw_status devices_follower_open(struct depot *depot, struct devices_memory *memory,
                                      struct devices_follower **ret_follower,
                                      struct slw_detail *detail)
{
    struct devices_follower *follower = calloc(1, sizeof *follower);
    if (follower == NULL) {
        return slw_explain_no_memory(detail);
    }
    follower->depot = depot;
    follower->memory = memory;
    enum slw_status status =
        depot_periodic_start(PERIOD_MS, look_at_events, follower, &follower->looking, detail);
    if (status != SLW_OK) {
        free(follower);
        return status;
    }
    *ret_follower = follower;
    return SLW_OK;
}

void devices_follower_close(struct devices_follower *follower)
{
    if (follower != NULL) {
        depot_periodic_stop(follower->looking);
        free(follower);
    }
}
