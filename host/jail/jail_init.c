/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first process in a jail. It makes the root, starts the program, reaps what that leaves, looks
 * at how much memory there is of all of them, and tells how the program ended. When it ends, the
 * kernel ends everything else in here. Called by jail_keeper.c.
 */
/* For unshare(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "jail_child.h"

#include "slipway/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define LOOK_EVERY_NS 100000000L
#define HOST_NAME "jail"

static _Noreturn void give_up(const struct slw_jail_making *making, enum slw_status status,
                              const struct slw_detail *detail)
{
    struct slw_jail_message message = {.word = SLW_JAIL_FAILED, .value = (int)status};
    slw_text_copy(slw_text_bytes(detail->text), sizeof message.text, message.text);
    slw_jail_tell(making->control, &message, -1);
    slw_jail_leave(1);
}

static _Noreturn void tell_end(const struct slw_jail_making *making, enum slw_jail_end how,
                               int value)
{
    struct slw_jail_message message = {.word = SLW_JAIL_OVER, .how = how, .value = value};
    slw_jail_tell(making->control, &message, -1);
    slw_jail_leave(0);
}

/* Programs test themselves over the loopback device; a new network has it switched off. */
static enum slw_status raise_loopback(struct slw_detail *detail)
{
    struct ifreq request = {.ifr_name = "lo"};
    int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0) {
        return slw_explain_errno(detail, "a network for a jail");
    }
    bool good = ioctl(any, SIOCGIFFLAGS, &request) == 0;
    request.ifr_flags = (short)(request.ifr_flags | IFF_UP | IFF_RUNNING);
    good = good && ioctl(any, SIOCSIFFLAGS, &request) == 0;
    enum slw_status status = good ? SLW_OK : slw_explain_errno(detail, "a network for a jail");
    (void)close(any);
    return status;
}

static enum slw_status make_surroundings(const struct slw_jail_settings *settings,
                                         struct slw_detail *detail)
{
    SLW_TRY(slw_jail_make_root(settings, detail));
    if (!settings->network) {
        SLW_TRY(raise_loopback(detail));
    }
    return sethostname(HOST_NAME, sizeof HOST_NAME - 1) == 0
               ? SLW_OK
               : slw_explain_errno(detail, "a name for a jail");
}

static void drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    (void)syscall(SYS_capset, &header, none);
}

/* The program's process; -1 when there is none, with errno. */
static pid_t start_program(const struct slw_jail_making *making)
{
    int report[2];
    int error = 0;
    if (pipe2(report, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t program = fork();
    if (program == 0) {
        error = slw_jail_become(making, report[1]);
        (void)!write(report[1], &error, sizeof error);
        slw_jail_leave(127);
    }
    (void)close(report[1]);
    ssize_t len = program < 0 ? -1 : read(report[0], &error, sizeof error);
    (void)close(report[0]);
    if (len == (ssize_t)sizeof error) {
        errno = error;
        return -1;
    }
    return program;
}

/* Reaps all that ended; how the program did, if it was among them. */
static void reap(const struct slw_jail_making *making, pid_t program)
{
    int state = 0;
    pid_t ended;
    while ((ended = waitpid(-1, &state, WNOHANG)) > 0) {
        if (ended == program && WIFSIGNALED(state)) {
            tell_end(making, SLW_JAIL_SIGNALLED, WTERMSIG(state));
        }
        if (ended == program) {
            tell_end(making, SLW_JAIL_EXITED, WEXITSTATUS(state));
        }
    }
}

static _Noreturn void watch(const struct slw_jail_making *making, pid_t program)
{
    const struct timespec pause = {.tv_nsec = LOOK_EVERY_NS};
    uint64_t most_kb = making->settings->memory_bytes / 1024;
    sigset_t children;
    (void)sigemptyset(&children);
    (void)sigaddset(&children, SIGCHLD);
    for (;;) {
        reap(making, program);
        uint64_t has_kb = slw_jail_memory_kb();
        if (has_kb > most_kb) {
            tell_end(making, SLW_JAIL_TOO_MUCH_MEMORY, (int)(has_kb / 1024));
        }
        (void)sigtimedwait(&children, NULL, &pause);
    }
}

_Noreturn void slw_jail_init(const struct slw_jail_making *making, int begin)
{
    struct slw_detail detail = {{0}};
    char byte = 0;
    /* From whoever made it, who is outside: that it can't be ended from inside doesn't matter. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 || read(begin, &byte, 1) != 1) {
        slw_jail_leave(1);
    }
    (void)close(begin);
    enum slw_status status = make_surroundings(making->settings, &detail);
    int files = status == SLW_OK ? open("/job", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (status == SLW_OK && files < 0) {
        status = slw_explain_errno(&detail, "/job");
    }
    if (status != SLW_OK) {
        give_up(making, status, &detail);
    }
    /* Its memory was the caller's, with whatever secrets that has. */
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        slw_jail_leave(1);
    }
    struct slw_jail_message ready = {.word = SLW_JAIL_READY};
    slw_jail_tell(making->control, &ready, files);
    (void)close(files);
    pid_t program = start_program(making);
    if (program < 0) {
        tell_end(making, SLW_JAIL_NOT_RUN, errno);
    }
    drop_capabilities();
    (void)close(making->output);
    watch(making, program);
}
