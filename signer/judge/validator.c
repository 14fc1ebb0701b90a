/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A validator's keeper, and its program's process until that runs: see judge.h. The keeper stands
 * between spawner and program, in the program's group, which nobody leaves. It ends the group when
 * the spawner is gone, in whatever way, and when the program has ended; should it be ended itself,
 * the spawner still knows the group.
 */
#include "judge.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
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

static _Noreturn void run_program(const struct slw_order *order,
                                  const struct slw_sandbox_filter *filter, const sigset_t *calm,
                                  const char *directory)
{
    char *const environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
                                 (char[]){"LC_ALL=C.UTF-8"}, NULL};
    struct slw_detail detail;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || chdir(directory) != 0 ||
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

/* Ends as the program did, for the spawner to see. */
static _Noreturn void end_likewise(const siginfo_t *about)
{
    sigset_t its_own;
    if (about->si_code == CLD_EXITED) {
        _exit(about->si_status);
    }
    (void)sigemptyset(&its_own);
    (void)sigaddset(&its_own, about->si_status);
    (void)sigprocmask(SIG_UNBLOCK, &its_own, NULL);
    (void)kill(getpid(), about->si_status);
    _exit(NOT_RUN);
}

/* Ends all of the group, and is the only one of it that lives on. */
static void end_others(pid_t former_group)
{
    if (setpgid(0, former_group) != 0) {
        (void)kill(0, SIGKILL);
    }
    (void)kill(-getpid(), SIGKILL);
}

/* Waits for the program's end, or the spawner's. */
static _Noreturn void keep(pid_t program, pid_t former_group, const sigset_t *heard)
{
    siginfo_t about = {0};
    while (about.si_pid != program) {
        if (sigwaitinfo(heard, NULL) == SIGTERM) {
            (void)kill(0, SIGKILL);
        }
        if (waitid(P_PID, (id_t)program, &about, WEXITED | WNOHANG) != 0) {
            (void)kill(0, SIGKILL);
        }
    }
    end_others(former_group);
    end_likewise(&about);
}

_Noreturn void slw_validator_child(const struct slw_order *order,
                                   const struct slw_sandbox_filter *filter, int output,
                                   const sigset_t *calm, const char *directory, pid_t spawner)
{
    struct slw_detail detail;
    sigset_t heard;
    pid_t former_group = getpgrp();
    slw_sandbox_forget_signals(); /* the key process ignores SIGPIPE */
    (void)sigemptyset(&heard);
    (void)sigaddset(&heard, SIGTERM);
    (void)sigaddset(&heard, SIGCHLD);
    if (setpgid(0, 0) != 0 || sigprocmask(SIG_BLOCK, &heard, NULL) != 0 ||
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != spawner ||
        !place_descriptors(order->descriptors[SLW_ORDER_BUNDLE], output)) {
        _exit(NOT_RUN);
    }
    pid_t program = fork();
    if (program == 0) {
        run_program(order, filter, calm, directory);
    }
    /* What it doesn't have open, it doesn't keep open for others. */
    if (program < 0 || slw_sandbox_keep_descriptors(NULL, 0, &detail) != SLW_OK) {
        (void)kill(0, SIGKILL);
    }
    keep(program, former_group, &heard);
}
