/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another time of day for tests: what a program that preloads this library reads from the system's
 * clock is shifted by SLIPWAY_TEST_CLOCK_SECONDS, so that metadata expires without waiting, or by
 * the seconds that stand in the file SLIPWAY_TEST_CLOCK_FILE, so that it jumps while the program
 * runs. Used by tests/clock/later. Durations, and timers that run on the time of day, are those of
 * the system.
 *
 * It asks the kernel itself and keeps nothing that a killed program could leave behind, nor
 * anything that needs the C library to have been set up, for the run-time library of the sanitizers
 * reads the clock before that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { SHIFT_MAX_S = 1000000000, US_NS = 1000, FILE_BYTES = 20 };

/* The file is mapped once, at the first look, for a program may confine itself later. It is as long
 * as `printf '%20d'` makes it, and written over in place. */
static const char *map_file(const char *path)
{
    static const char *mapped;
    if (mapped == NULL) {
        long file = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
        long page = syscall(SYS_mmap, NULL, (size_t)FILE_BYTES, PROT_READ, MAP_SHARED, file, 0L);
        (void)syscall(SYS_close, file);
        if (file < 0 || page == -1) {
            abort();
        }
        mapped = (const char *)page;
    }
    return mapped;
}

/* Without a number of seconds that makes sense there is nothing to test: the program ends. */
static time_t shift_s(void)
{
    char copy[FILE_BYTES + 1] = "";
    const char *path = getenv("SLIPWAY_TEST_CLOCK_FILE");
    const char *text = getenv("SLIPWAY_TEST_CLOCK_SECONDS");
    if (path != NULL) {
        memcpy(copy, map_file(path), FILE_BYTES);
        text = copy;
    }
    if (text == NULL) {
        return 0;
    }
    char *end = NULL;
    int before = errno;
    long seconds = strtol(text, &end, 10);
    errno = before;
    if (end == text || *end != '\0' || seconds < -SHIFT_MAX_S || seconds > SHIFT_MAX_S) {
        abort();
    }
    return (time_t)seconds;
}

int clock_gettime(clockid_t clock, struct timespec *ret_now)
{
    if (syscall(SYS_clock_gettime, clock, ret_now) != 0) {
        return -1;
    }
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        ret_now->tv_sec += shift_s();
    }
    return 0;
}

time_t time(time_t *ret_now)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    if (ret_now != NULL) {
        *ret_now = now.tv_sec;
    }
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict ret_now, void *restrict zone)
{
    (void)zone;
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    *ret_now = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / US_NS};
    return 0;
}

int timespec_get(struct timespec *ret_now, int base)
{
    return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, ret_now) == 0 ? base : 0;
}
