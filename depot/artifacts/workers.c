/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads for what takes longer than the database: storing pieces, hashing blobs, reading
 * bundles. Handlers of the artifacts and of other parts hand over to it by depot_later(). One pool
 * for all depots in a process.
 */
#include "part.h"

#include <pthread.h>

#define WORKERS 4u
#define QUEUE_MAX 128u

struct task {
    void (*work)(void *context);
    void *context;
};

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct task queue[QUEUE_MAX];
    size_t first;
    size_t count;
    unsigned users;
    bool ends;
    pthread_t threads[WORKERS];
    unsigned threads_count;
} pool = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* False when there is nothing left and the pool ends: what was taken over is done first. */
static bool take(struct task *ret_task)
{
    (void)pthread_mutex_lock(&pool.mutex);
    while (pool.count == 0 && !pool.ends) {
        (void)pthread_cond_wait(&pool.changed, &pool.mutex);
    }
    bool has_one = pool.count > 0;
    if (has_one) {
        *ret_task = pool.queue[pool.first];
        pool.first = (pool.first + 1) % QUEUE_MAX;
        pool.count--;
    }
    (void)pthread_mutex_unlock(&pool.mutex);
    return has_one;
}

static void *run(void *context)
{
    struct task task = {NULL, NULL};
    (void)context;
    while (take(&task)) {
        task.work(task.context);
    }
    return NULL;
}

static void end_threads(void)
{
    pool.ends = true;
    (void)pthread_cond_broadcast(&pool.changed);
    (void)pthread_mutex_unlock(&pool.mutex);
    for (unsigned i = 0; i < pool.threads_count; i++) {
        (void)pthread_join(pool.threads[i], NULL);
    }
    (void)pthread_mutex_lock(&pool.mutex);
    pool.threads_count = 0;
    pool.ends = false;
}

static enum slw_status start_threads(struct slw_detail *detail)
{
    while (pool.threads_count < WORKERS) {
        if (pthread_create(&pool.threads[pool.threads_count], NULL, run, NULL) != 0) {
            end_threads();
            return slw_explain(detail, SLW_NO_SPACE, "no thread can be started");
        }
        pool.threads_count++;
    }
    return SLW_OK;
}

enum slw_status artifacts_workers_start(struct slw_detail *detail)
{
    (void)pthread_mutex_lock(&pool.mutex);
    enum slw_status status = pool.users == 0 ? start_threads(detail) : SLW_OK;
    pool.users += status == SLW_OK ? 1 : 0;
    (void)pthread_mutex_unlock(&pool.mutex);
    return status;
}

void artifacts_workers_stop(void)
{
    (void)pthread_mutex_lock(&pool.mutex);
    if (pool.users > 0 && --pool.users == 0) {
        end_threads();
    }
    (void)pthread_mutex_unlock(&pool.mutex);
}

enum slw_status depot_later(void (*work)(void *context), void *context, struct slw_detail *detail)
{
    enum slw_status status = SLW_OK;
    (void)pthread_mutex_lock(&pool.mutex);
    if (pool.users == 0 || pool.count == QUEUE_MAX) {
        status = slw_explain(detail, SLW_UNAVAILABLE, "too much is waiting to be stored");
    } else {
        pool.queue[(pool.first + pool.count) % QUEUE_MAX] = (struct task){work, context};
        pool.count++;
        (void)pthread_cond_signal(&pool.changed);
    }
    (void)pthread_mutex_unlock(&pool.mutex);
    return status;
}
