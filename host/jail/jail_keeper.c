/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process between the caller and a jail: it makes the namespaces, of which that of processes
 * counts for its child alone. It ends the jail when it is asked to, and when the caller is gone in
 * whatever way; the jail ends when this is gone. Called by jail.c.
 */
/* For unshare(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "jail_child.h"

#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void give_up(const struct slw_jail_making *making, enum slw_status status,
                              const struct slw_detail *detail)
{
    struct slw_jail_message message = {.word = SLW_JAIL_FAILED, .value = (int)status};
    slw_text_copy(slw_text_bytes(detail->text), sizeof message.text, message.text);
    slw_jail_tell(making->control, &message, -1);
    slw_jail_leave(1);
}

static enum slw_status write_text(const char *path, const char *text, struct slw_detail *detail)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    if (file < 0) {
        return slw_explain_errno(detail, path);
    }
    bool good = write(file, text, strlen(text)) == (ssize_t)strlen(text);
    enum slw_status status = good ? SLW_OK : slw_explain_errno(detail, path);
    (void)close(file);
    return status;
}

/* The same user and group inside as outside, and no other. */
static enum slw_status map_ids(uid_t uid, gid_t gid, struct slw_detail *detail)
{
    char text[64];
    SLW_TRY(write_text("/proc/self/setgroups", "deny", detail));
    (void)snprintf(text, sizeof text, "%lu %lu 1\n", (unsigned long)uid, (unsigned long)uid);
    SLW_TRY(write_text("/proc/self/uid_map", text, detail));
    (void)snprintf(text, sizeof text, "%lu %lu 1\n", (unsigned long)gid, (unsigned long)gid);
    return write_text("/proc/self/gid_map", text, detail);
}

static enum slw_status enter_namespaces(bool network, struct slw_detail *detail)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    int wanted = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP |
                 (network ? 0 : CLONE_NEWNET);
    /* What the machine does when its memory is used up; and files in /proc have to be this
     * process's own for it and what follows. */
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) {
        return slw_explain_errno(detail, "making a jail");
    }
    SLW_TRY(write_text("/proc/self/oom_score_adj", "1000", detail));
    if (unshare(wanted) != 0) {
        bool allowed = errno != EPERM && errno != ENOSPC && errno != EINVAL && errno != ENOSYS;
        (void)slw_explain_errno(detail, "making user namespaces (kernel.unprivileged_userns_clone, "
                                        "user.max_user_namespaces, a container's limits)");
        return allowed ? SLW_IO : SLW_NOT_PERMITTED;
    }
    return map_ids(uid, gid, detail);
}

/* Keeps these two alone, behind 0, 1 and 2, which the program's own will be. */
static enum slw_status keep_descriptors(struct slw_jail_making *making, struct slw_detail *detail)
{
    int control = fcntl(making->control, F_DUPFD_CLOEXEC, 10);
    int output = fcntl(making->output, F_DUPFD_CLOEXEC, 10);
    if (control < 0 || output < 0) {
        return slw_explain_errno(detail, "making a jail");
    }
    const int kept[] = {control, output};
    making->control = control;
    making->output = output;
    SLW_TRY(slw_sandbox_keep_descriptors(kept, 2, detail));
    for (int i = 0; i < 3; i++) {
        if (open("/dev/null", O_RDWR) != i) {
            return slw_explain_errno(detail, "/dev/null");
        }
    }
    return SLW_OK;
}

static enum slw_status become(struct slw_jail_making *making, struct slw_detail *detail)
{
    if (making->settings->user != NULL) {
        SLW_TRY(slw_sandbox_drop_user(making->settings->user, detail));
    }
    /* After the user, for a change of that forgets it. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0 || getppid() != making->parent) {
        return slw_explain(detail, SLW_IO, "making a jail: whoever asked for it is gone");
    }
    SLW_TRY(keep_descriptors(making, detail));
    return enter_namespaces(making->settings->network, detail);
}

/* Waits for the jail's end, or for being asked to end it. */
static _Noreturn void keep(pid_t jail, const sigset_t *heard)
{
    siginfo_t about = {0};
    while (about.si_pid != jail) {
        if (sigwaitinfo(heard, NULL) == SIGTERM) {
            (void)kill(jail, SIGKILL);
            while (waitpid(jail, NULL, 0) < 0 && errno == EINTR) {
            }
            slw_jail_leave(0);
        }
        if (waitid(P_PID, (id_t)jail, &about, WEXITED | WNOHANG) != 0) {
            slw_jail_leave(1);
        }
    }
    slw_jail_leave(0);
}

_Noreturn void slw_jail_keep(struct slw_jail_making *making)
{
    const struct sigaction as_usual = {.sa_handler = SIG_DFL};
    struct slw_detail detail = {{0}};
    sigset_t heard;
    int begin[2] = {-1, -1};
    (void)sigemptyset(&heard);
    (void)sigaddset(&heard, SIGTERM);
    (void)sigaddset(&heard, SIGCHLD);
    (void)sigprocmask(SIG_SETMASK, &heard, NULL);
    (void)sigaction(SIGCHLD, &as_usual, NULL);
    (void)sigaction(SIGTERM, &as_usual, NULL);
    enum slw_status status = become(making, &detail);
    if (status == SLW_OK && pipe2(begin, O_CLOEXEC) != 0) {
        status = slw_explain_errno(&detail, "making a jail");
    }
    if (status != SLW_OK) {
        give_up(making, status, &detail);
    }
    pid_t jail = fork();
    if (jail == 0) {
        (void)close(begin[1]);
        slw_jail_init(making, begin[0]);
    }
    if (jail < 0) {
        status = slw_explain_errno(&detail, "making a jail");
        give_up(making, status, &detail);
    }
    /* Others of this user can't look into it, or end it by a debugger. */
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    (void)close(begin[0]);
    if (write(begin[1], "b", 1) != 1 || slw_sandbox_keep_descriptors(NULL, 0, &detail) != SLW_OK) {
        (void)kill(jail, SIGKILL);
    }
    keep(jail, &heard);
}
