/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Something done in a child process, and how that ended: for tests of what can't be undone. The
 * child ends without running anything at exit, so that a sanitizer's report doesn't need calls that
 * the child gave up.
 */
#ifndef SLIPWAY_SANDBOX_TEST_CHILD_H
#define SLIPWAY_SANDBOX_TEST_CHILD_H

#include <errno.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether a sanitizer's shadow makes limits of memory impossible. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SHADOWED 1
#endif
#endif
#ifndef SHADOWED
#define SHADOWED 0
#endif

/* What act returned (0 to 99), or 100 + the signal that ended it, or -1. */
static int in_child(int (*act)(const void *context), const void *context)
{
    int ended = 0;
    pid_t pid = fork();
    if (pid == 0) {
        /* Not by the function, which a sanitizer makes calls in that the child gave up. */
        (void)syscall(SYS_exit_group, act(context));
    }
    if (pid < 0 || waitpid(pid, &ended, 0) != pid) {
        return -1;
    }
    return WIFSIGNALED(ended) ? 100 + WTERMSIG(ended) : WEXITSTATUS(ended);
}

#endif
