/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose turn it is: devices in a heap by when they are due, and a bounded number of threads that
 * take the first one when its time has come. A device is with one thread at a time. See fleet.h.
 */
#include "fleet.h"

#include <stdlib.h>
#include <time.h>

#define NAP_MS 100

struct schedule {
    pthread_mutex_t lock;
    struct fleet_device **waiting; /* a heap: the first is due first */
    size_t count;
    int64_t ends_ms;
    const volatile sig_atomic_t *stop;
};

struct lane {
    struct schedule *schedule;
    struct fleet_worker *worker;
    pthread_t thread;
};

int64_t fleet_now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void swap(struct schedule *schedule, size_t left, size_t right)
{
    struct fleet_device *device = schedule->waiting[left];
    schedule->waiting[left] = schedule->waiting[right];
    schedule->waiting[right] = device;
}

static bool is_earlier(const struct schedule *schedule, size_t left, size_t right)
{
    return schedule->waiting[left]->due_ms < schedule->waiting[right]->due_ms;
}

/* There is room for every device. */
static void push(struct schedule *schedule, struct fleet_device *device)
{
    size_t at = schedule->count++;
    schedule->waiting[at] = device;
    for (; at > 0 && is_earlier(schedule, at, (at - 1) / 2); at = (at - 1) / 2) {
        swap(schedule, at, (at - 1) / 2);
    }
}

static struct fleet_device *pop(struct schedule *schedule)
{
    struct fleet_device *first = schedule->waiting[0];
    schedule->waiting[0] = schedule->waiting[--schedule->count];
    for (size_t at = 0;;) {
        size_t least = 2 * at + 1;
        if (least >= schedule->count) {
            return first;
        }
        least += least + 1 < schedule->count && is_earlier(schedule, least + 1, least) ? 1 : 0;
        if (!is_earlier(schedule, least, at)) {
            return first;
        }
        swap(schedule, least, at);
        at = least;
    }
}

static bool is_over(const struct schedule *schedule)
{
    return *schedule->stop != 0 || fleet_now_ms() >= schedule->ends_ms;
}

/* The device whose turn it is, or NULL and how long to wait for one. */
static struct fleet_device *take(struct schedule *schedule, int64_t *ret_wait_ms)
{
    struct fleet_device *device = NULL;
    (void)pthread_mutex_lock(&schedule->lock);
    int64_t wait_ms = schedule->count == 0 ? NAP_MS : schedule->waiting[0]->due_ms - fleet_now_ms();
    if (schedule->count > 0 && wait_ms <= 0) {
        device = pop(schedule);
    }
    (void)pthread_mutex_unlock(&schedule->lock);
    *ret_wait_ms = wait_ms < NAP_MS ? wait_ms : NAP_MS;
    return device;
}

static void *run_lane(void *context)
{
    const struct lane *lane = context;
    struct schedule *schedule = lane->schedule;
    while (!is_over(schedule)) {
        int64_t wait_ms = 0;
        struct fleet_device *device = take(schedule, &wait_ms);
        if (device == NULL) {
            struct timespec nap = {.tv_nsec = (long)wait_ms * 1000000};
            (void)nanosleep(&nap, NULL);
            continue;
        }
        fleet_device_round(lane->worker, device);
        if (!device->is_gone) {
            (void)pthread_mutex_lock(&schedule->lock);
            push(schedule, device);
            (void)pthread_mutex_unlock(&schedule->lock);
        }
    }
    return NULL;
}

static bool run_lanes(struct schedule *schedule, struct lane *lanes, struct fleet_worker **workers,
                      unsigned threads)
{
    unsigned started = 0;
    for (; started < threads; started++) {
        lanes[started] = (struct lane){.schedule = schedule, .worker = workers[started]};
        if (pthread_create(&lanes[started].thread, NULL, run_lane, &lanes[started]) != 0) {
            break;
        }
    }
    if (started < threads) {
        schedule->ends_ms = 0;
    }
    for (unsigned i = 0; i < started; i++) {
        (void)pthread_join(lanes[i].thread, NULL);
    }
    return started == threads;
}

bool fleet_run(const struct fleet_settings *settings, struct fleet_device *devices,
               struct fleet_worker **workers, const volatile sig_atomic_t *stop)
{
    struct schedule schedule = {
        .waiting = calloc(settings->devices, sizeof(struct fleet_device *)),
        .ends_ms = fleet_now_ms() + (int64_t)settings->for_s * 1000,
        .stop = stop,
    };
    struct lane *lanes = calloc(settings->threads, sizeof *lanes);
    bool good = schedule.waiting != NULL && lanes != NULL;
    (void)pthread_mutex_init(&schedule.lock, NULL);
    for (unsigned i = 0; good && i < settings->devices; i++) {
        push(&schedule, &devices[i]);
    }
    good = good && run_lanes(&schedule, lanes, workers, settings->threads);
    (void)pthread_mutex_destroy(&schedule.lock);
    free(schedule.waiting);
    free(lanes);
    return good;
}
