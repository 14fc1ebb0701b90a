/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock of edit_lock.h: flock on the file itself. An edit replaces the file, so whoever waited
 * for it holds a lock on what was there before, and locks what is there now instead.
 */
#include "edit_lock.h"

#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_still_at(const char *path, int descriptor)
{
    struct stat locked;
    struct stat there;
    return fstat(descriptor, &locked) == 0 && stat(path, &there) == 0 &&
           locked.st_dev == there.st_dev && locked.st_ino == there.st_ino;
}

void cli_lock_for_edit(const char *path)
{
    for (;;) {
        struct stat about;
        int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        if (descriptor < 0) {
            return;
        }
        bool locked = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) &&
                      flock(descriptor, LOCK_EX) == 0;
        if (locked && is_still_at(path, descriptor)) {
            return; /* and the lock stays until the program ends */
        }
        (void)close(descriptor);
        if (!locked) {
            return;
        }
    }
}
