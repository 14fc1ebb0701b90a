/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reports in batches: while one transaction becomes durable, the next reports gather, and go into
 * the next one together. Each is answered when its transaction is durable, never before. One that
 * the database doesn't take is refused alone: the others are taken again without it.
 */
#include "parts.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH_MAX DEVICE_MANY_MAX

struct devices_batch {
    struct depot *depot;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    bool stopping;
    struct device_report *first, *last;
    size_t waiting, waiting_max;
};

struct run {
    struct depot *depot;
    struct device_report **reports;
    size_t count;
};

static enum slw_status apply_all(void *context, struct slw_transaction *transaction,
                                 struct slw_detail *detail)
{
    const struct run *run = context;
    int64_t now_us = 0;
    SLW_TRY(slw_database_now(transaction, &now_us, detail));
    return device_reports_apply(run->depot, transaction, run->reports, run->count, now_us, detail);
}

/* What it said before isn't what is known of it now. */
static void answer(struct depot *depot, struct device_report *report)
{
    const struct device_name *name = &report->reading.name;
    devices_memory_forget(depot->devices->memory, name->product, name->id);
    depot_answer(report->reading.exchange, report->status, 200, &report->answer, &report->detail);
    device_report_free(report);
}

static enum slw_status take(struct depot *depot, struct device_report **reports, size_t count,
                            struct slw_detail *detail)
{
    struct run run = {depot, reports, count};
    (void)pthread_mutex_lock(&depot->devices->writing);
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_WRITE, apply_all, &run, detail);
    (void)pthread_mutex_unlock(&depot->devices->writing);
    return status;
}

static void refuse(struct device_report *report, enum slw_status status,
                   const struct slw_detail *detail)
{
    report->status = status;
    report->detail = *detail;
}

static void work(struct depot *depot, struct device_report **reports, size_t count)
{
    struct slw_detail detail = {""};
    enum slw_status status = take(depot, reports, count, &detail);
    bool is_outage = slw_status_class(status) == SLW_CLASS_IO;
    for (size_t i = 0; i < count; i++) {
        struct slw_detail own = detail;
        enum slw_status alone = status;
        if (status != SLW_OK && !is_outage && count > 1) {
            alone = take(depot, &reports[i], 1, &own);
        }
        if (alone != SLW_OK) {
            refuse(reports[i], alone, &own);
        }
        answer(depot, reports[i]);
    }
}

/* With the lock held. */
static size_t gather(struct devices_batch *batch, struct device_report *reports[static BATCH_MAX])
{
    size_t count = 0;
    while (batch->first != NULL && count < BATCH_MAX) {
        reports[count] = batch->first;
        batch->first = batch->first->next;
        count++;
    }
    batch->last = batch->first == NULL ? NULL : batch->last;
    batch->waiting -= count;
    return count;
}

static void *keep_working(void *context)
{
    struct devices_batch *batch = context;
    struct device_report *reports[BATCH_MAX];
    (void)pthread_mutex_lock(&batch->lock);
    while (!batch->stopping || batch->first != NULL) {
        size_t count = gather(batch, reports);
        if (count == 0) {
            (void)pthread_cond_wait(&batch->wake, &batch->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&batch->lock);
        work(batch->depot, reports, count);
        (void)pthread_mutex_lock(&batch->lock);
    }
    (void)pthread_mutex_unlock(&batch->lock);
    return NULL;
}

bool devices_batch_add(struct devices_batch *batch, struct device_report *report)
{
    (void)pthread_mutex_lock(&batch->lock);
    bool may = batch->waiting < batch->waiting_max && !batch->stopping;
    if (may) {
        report->next = NULL;
        if (batch->last == NULL) {
            batch->first = report;
        } else {
            batch->last->next = report;
        }
        batch->last = report;
        batch->waiting++;
        (void)pthread_cond_signal(&batch->wake);
    }
    (void)pthread_mutex_unlock(&batch->lock);
    return may;
}

size_t devices_batch_waiting(struct devices_batch *batch)
{
    (void)pthread_mutex_lock(&batch->lock);
    size_t waiting = batch->waiting;
    (void)pthread_mutex_unlock(&batch->lock);
    return waiting;
}

enum slw_status devices_batch_open(struct depot *depot, size_t waiting_max,
                                   struct devices_batch **ret_batch, struct slw_detail *detail)
{
    struct devices_batch *batch = calloc(1, sizeof *batch);
    if (batch == NULL) {
        return slw_explain_no_memory(detail);
    }
    batch->depot = depot;
    batch->waiting_max = waiting_max;
    (void)pthread_mutex_init(&batch->lock, NULL);
    (void)pthread_cond_init(&batch->wake, NULL);
    if (pthread_create(&batch->thread, NULL, keep_working, batch) != 0) {
        free(batch);
        return slw_explain(detail, SLW_IO, "no thread could be started");
    }
    *ret_batch = batch;
    return SLW_OK;
}

void devices_batch_close(struct devices_batch *batch)
{
    if (batch == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&batch->lock);
    batch->stopping = true;
    (void)pthread_cond_signal(&batch->wake);
    (void)pthread_mutex_unlock(&batch->lock);
    (void)pthread_join(batch->thread, NULL);
    (void)pthread_cond_destroy(&batch->wake);
    (void)pthread_mutex_destroy(&batch->lock);
    free(batch);
}
