/* SPDX-License-Identifier: Apache-2.0 */
/* A validator's process until its program runs: see judge.h. */
#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#define VALIDATOR_DESCRIPTORS_MAX 64u
#define VALIDATOR_PROCESSES_MAX 512u /* of the judges' user, all together */
#define NOT_RUN 127

/* Bundle, output and error stand at 0, 1 and 2; neither of them may be closed by a move. */
static bool place_descriptors(int bundle, int output)
{
    int high_bundle = fcntl(bundle, F_DUPFD_CLOEXEC, 10);
    int high_output = fcntl(output, F_DUPFD_CLOEXEC, 10);
    return high_bundle >= 0 && high_output >= 0 && dup2(high_bundle, 0) == 0 &&
           dup2(high_output, 1) == 1 && dup2(high_output, 2) == 2 && lseek(0, 0, SEEK_SET) == 0;
}

static enum slw_status confine(const struct slw_order *order,
                               const struct slw_sandbox_filter *filter, struct slw_detail *detail)
{
    static const int kept[] = {0, 1, 2};
    const struct slw_sandbox_limits limits = {
        .memory_bytes = order->limits.memory_bytes,
        .cpu_s = order->limits.cpu_s,
        .descriptors = VALIDATOR_DESCRIPTORS_MAX,
        .processes = VALIDATOR_PROCESSES_MAX,
        .file_bytes = SLW_SANDBOX_NO_FILE,
    };
    SLW_TRY(slw_sandbox_keep_descriptors(kept, 3, detail));
    SLW_TRY(slw_sandbox_set_limits(&limits, detail));
    return slw_sandbox_filter_apply(filter, detail);
}

_Noreturn void slw_validator_child(const struct slw_order *order,
                                   const struct slw_sandbox_filter *filter, int output,
                                   const sigset_t *calm, const char *directory)
{
    char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                 (char[]){"LC_ALL=C.UTF-8"}, NULL};
    struct slw_detail detail;
    /* In a group of its own, which its filter doesn't let it leave: so that all of it can be ended.
     */
    if (setpgid(0, 0) != 0 || prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
        !place_descriptors(order->descriptors[0], output) || chdir(directory) != 0 ||
        sigprocmask(SIG_SETMASK, calm, NULL) != 0 || confine(order, filter, &detail) != SLW_OK) {
        _exit(NOT_RUN);
    }
    /* execve() changes nothing of its arguments; its prototype is older than const. */
    union {
        const char *const *kept;
        char *const *taken;
    } command = {order->command};
    (void)execve(order->command[0], command.taken, environment);
    (void)dprintf(2, "can't be run: error %d", errno);
    _exit(NOT_RUN);
}
