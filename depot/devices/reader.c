/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows for calls of devices. A database that is another process takes longer to be asked than to
 * look: while a thread waits for its answer, the next calls gather, and are asked for together. The
 * threads that read then go on with each call, so the server's own never wait for a database here.
 * SQLite is in this process: it is asked at once.
 */
#include "parts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAITING_MAX 8192u
#define PATIENCE_NS 500000
#define THREADS_MIN 2
#define THREADS_MAX 8

struct devices_reader {
    struct depot *depot;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    struct device_reading *first, *last;
    size_t waiting;
    size_t threads_count; /* 0: nothing is gained by waiting for others */
    pthread_t threads[THREADS_MAX];
};

/* What is read at once. */
struct gathered {
    size_t count;
    struct device_reading *readings[DEVICE_ROWS_MAX];
    struct device_name names[DEVICE_ROWS_MAX];
    struct device_row rows[DEVICE_ROWS_MAX];
    bool found[DEVICE_ROWS_MAX];
};

static enum slw_status read_all(void *context, struct slw_transaction *transaction,
                                struct slw_detail *detail)
{
    struct gathered *gathered = context;
    for (size_t i = 0; i < gathered->count; i++) {
        device_row_free(&gathered->rows[i]); /* of a run that others got in the way of */
    }
    return device_rows_read(transaction, gathered->names, gathered->count, gathered->rows,
                            gathered->found, detail);
}

static void go_on(struct depot *depot, struct gathered *gathered)
{
    struct slw_detail detail = {""};
    enum slw_status status =
        slw_database_transact(depot->database, SLW_DATABASE_READ_ONE, read_all, gathered, &detail);
    for (size_t i = 0; i < gathered->count; i++) {
        struct device_reading *reading = gathered->readings[i];
        struct slw_detail own = detail;
        enum slw_status alone = status == SLW_OK && !gathered->found[i] ? SLW_NOT_FOUND : status;
        reading->then(depot, reading, alone, &gathered->rows[i], &own);
    }
}

/* With the lock held. When many call, a moment's patience makes one question of dozens. */
static void wait_for_more(struct devices_reader *reader)
{
    if (reader->waiting == 0 || reader->waiting >= DEVICE_ROWS_MAX || reader->stopping ||
        !devices_seen_is_busy(reader->depot->devices->seen)) {
        return;
    }
    (void)pthread_mutex_unlock(&reader->lock);
    (void)nanosleep(&(struct timespec){.tv_nsec = PATIENCE_NS}, NULL);
    (void)pthread_mutex_lock(&reader->lock);
}

/* With the lock held. */
static void gather(struct devices_reader *reader, struct gathered *gathered)
{
    gathered->count = 0;
    while (reader->first != NULL && gathered->count < DEVICE_ROWS_MAX) {
        struct device_reading *reading = reader->first;
        reader->first = reading->next;
        gathered->readings[gathered->count] = reading;
        gathered->names[gathered->count] = reading->name;
        memset(&gathered->rows[gathered->count], 0, sizeof gathered->rows[0]);
        gathered->count++;
    }
    reader->last = reader->first == NULL ? NULL : reader->last;
    reader->waiting -= gathered->count;
}

static void *keep_reading(void *context)
{
    struct devices_reader *reader = context;
    struct gathered gathered = {.count = 0};
    (void)pthread_mutex_lock(&reader->lock);
    while (!reader->stopping || reader->first != NULL) {
        wait_for_more(reader);
        gather(reader, &gathered);
        if (gathered.count == 0) {
            (void)pthread_cond_wait(&reader->wake, &reader->lock);
            continue;
        }
        (void)pthread_mutex_unlock(&reader->lock);
        go_on(reader->depot, &gathered);
        (void)pthread_mutex_lock(&reader->lock);
    }
    (void)pthread_mutex_unlock(&reader->lock);
    return NULL;
}

/* Whether it waits now, and isn't the caller's any more. */
static bool append(struct devices_reader *reader, struct device_reading *reading)
{
    (void)pthread_mutex_lock(&reader->lock);
    bool may = reader->threads_count > 0 && reader->waiting < WAITING_MAX && !reader->stopping;
    if (may) {
        reading->next = NULL;
        if (reader->last == NULL) {
            reader->first = reading;
        } else {
            reader->last->next = reading;
        }
        reader->last = reading;
        reader->waiting++;
        (void)pthread_cond_signal(&reader->wake);
    }
    (void)pthread_mutex_unlock(&reader->lock);
    return may;
}

void devices_reader_add(struct devices_reader *reader, struct device_reading *reading)
{
    struct device_row row = {.epoch = 0};
    struct slw_detail detail = {""};
    if (append(reader, reading)) {
        return;
    }
    enum slw_status status =
        device_row_find(reader->depot, reading->name.product, reading->name.id, &row, &detail);
    reading->then(reader->depot, reading, status, &row, &detail);
}

static enum slw_status start_threads(struct devices_reader *reader, struct slw_detail *detail)
{
    long wanted = sysconf(_SC_NPROCESSORS_ONLN);
    wanted = wanted < THREADS_MIN ? THREADS_MIN : wanted;
    wanted = wanted > THREADS_MAX ? THREADS_MAX : wanted;
    while (reader->threads_count < (size_t)wanted) {
        if (pthread_create(&reader->threads[reader->threads_count], NULL, keep_reading, reader) !=
            0) {
            return slw_explain(detail, SLW_IO, "no thread could be started");
        }
        reader->threads_count++;
    }
    return SLW_OK;
}

enum slw_status devices_reader_open(struct depot *depot, struct devices_reader **ret_reader,
                                    struct slw_detail *detail)
{
    struct devices_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return slw_explain_no_memory(detail);
    }
    reader->depot = depot;
    (void)pthread_mutex_init(&reader->lock, NULL);
    (void)pthread_cond_init(&reader->wake, NULL);
    if (slw_database_kind(depot->database) != SLW_DATABASE_SQLITE) {
        enum slw_status status = start_threads(reader, detail);
        if (status != SLW_OK) {
            devices_reader_close(reader);
            return status;
        }
    }
    *ret_reader = reader;
    return SLW_OK;
}

void devices_reader_close(struct devices_reader *reader)
{
    if (reader == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&reader->lock);
    reader->stopping = true;
    (void)pthread_cond_broadcast(&reader->wake);
    (void)pthread_mutex_unlock(&reader->lock);
    for (size_t i = 0; i < reader->threads_count; i++) {
        (void)pthread_join(reader->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&reader->wake);
    (void)pthread_mutex_destroy(&reader->lock);
    free(reader);
}
