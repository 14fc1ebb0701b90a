/* SPDX-License-Identifier: Apache-2.0 */
/* A pool of threads with one queue in and one out. See workers.h. */
#include "workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
    struct slw_job *first;
    struct slw_job *last;
};

struct slw_workers {
    pthread_mutex_t mutex;
    pthread_cond_t wanted;
    struct queue waiting;
    struct queue finished;
    bool ending;
    bool announced; /* the descriptor is readable, or will be soon */
    int descriptor; /* an eventfd */
    size_t busy;    /* the loop's alone */
    pthread_t *threads;
    size_t threads_count;
};

static void put(struct queue *queue, struct slw_job *job)
{
    job->next = NULL;
    if (queue->first == NULL) {
        queue->first = job;
    } else {
        queue->last->next = job;
    }
    queue->last = job;
}

static struct slw_job *get(struct queue *queue)
{
    struct slw_job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
    }
    return job;
}

static void announce(const struct slw_workers *workers)
{
    uint64_t one = 1;
    ssize_t written = write(workers->descriptor, &one, sizeof one);
    (void)written; /* only a full counter fails, and that is readable too */
}

static void *work(void *context)
{
    struct slw_workers *workers = context;
    pthread_mutex_lock(&workers->mutex);
    while (!workers->ending) {
        struct slw_job *job = get(&workers->waiting);
        if (job == NULL) {
            pthread_cond_wait(&workers->wanted, &workers->mutex);
            continue;
        }
        pthread_mutex_unlock(&workers->mutex);
        job->run(job);
        pthread_mutex_lock(&workers->mutex);
        bool first = !workers->announced;
        workers->announced = true;
        put(&workers->finished, job);
        if (first) {
            /* Nobody need wait for a call of the system; whoever hears of it late finds nothing. */
            pthread_mutex_unlock(&workers->mutex);
            announce(workers);
            pthread_mutex_lock(&workers->mutex);
        }
    }
    pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

enum slw_status slw_workers_new(size_t threads, struct slw_workers **ret_workers,
                                struct slw_detail *detail)
{
    struct slw_workers *workers = calloc(1, sizeof *workers);
    if (workers == NULL) {
        return slw_explain_no_memory(detail);
    }
    pthread_mutex_init(&workers->mutex, NULL);
    pthread_cond_init(&workers->wanted, NULL);
    workers->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    workers->threads = calloc(threads == 0 ? 1 : threads, sizeof *workers->threads);
    bool good = workers->descriptor >= 0 && workers->threads != NULL;
    for (size_t i = 0; good && i < threads; i++) {
        good = pthread_create(&workers->threads[i], NULL, work, workers) == 0;
        workers->threads_count += good ? 1 : 0;
    }
    if (!good) {
        slw_workers_free(workers);
        return slw_explain(detail, SLW_IO, "threads can't be started");
    }
    *ret_workers = workers;
    return SLW_OK;
}

void slw_workers_give(struct slw_workers *workers, struct slw_job *job)
{
    workers->busy++;
    pthread_mutex_lock(&workers->mutex);
    put(&workers->waiting, job);
    pthread_mutex_unlock(&workers->mutex);
    pthread_cond_signal(&workers->wanted); /* whoever wakes up doesn't find it locked */
}

struct slw_job *slw_workers_take(struct slw_workers *workers)
{
    pthread_mutex_lock(&workers->mutex);
    struct slw_job *job = get(&workers->finished);
    if (job == NULL && workers->announced) {
        uint64_t count; /* nothing to read: whoever announced it is about to */
        workers->announced = read(workers->descriptor, &count, sizeof count) < 0;
    }
    pthread_mutex_unlock(&workers->mutex);
    workers->busy -= job != NULL ? 1 : 0;
    return job;
}

int slw_workers_descriptor(const struct slw_workers *workers)
{
    return workers->descriptor;
}

size_t slw_workers_busy(const struct slw_workers *workers)
{
    return workers->busy;
}

void slw_workers_free(struct slw_workers *workers)
{
    if (workers == NULL) {
        return;
    }
    pthread_mutex_lock(&workers->mutex);
    workers->ending = true;
    pthread_cond_broadcast(&workers->wanted);
    pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->threads_count; i++) {
        pthread_join(workers->threads[i], NULL);
    }
    for (struct slw_job *job = get(&workers->finished); job != NULL;
         job = get(&workers->finished)) {
        job->done(job, NULL);
    }
    for (struct slw_job *job = get(&workers->waiting); job != NULL; job = get(&workers->waiting)) {
        job->done(job, NULL);
    }
    pthread_mutex_destroy(&workers->mutex);
    pthread_cond_destroy(&workers->wanted);
    if (workers->descriptor >= 0) {
        close(workers->descriptor);
    }
    free(workers->threads);
    free(workers);
}
