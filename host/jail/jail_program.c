/* SPDX-License-Identifier: Apache-2.0 */
/* The program's process until that runs: everything it could do is given up. Called by jail_init.c.
 */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "jail_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 4096u
#define LAST_CAPABILITY_MAX 63

static bool place_descriptors(int output)
{
    int input = open("/dev/null", O_RDONLY | O_CLOEXEC);
    return input >= 0 && dup2(input, 0) == 0 && dup2(output, 1) == 1 && dup2(output, 2) == 2;
}

/* No capability, and no way to one; those behind the last that the kernel knows are no error. */
static bool drop_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};
    for (int i = 0; i <= LAST_CAPABILITY_MAX; i++) {
        if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) != 0 && errno != EINVAL) {
            return false;
        }
    }
    return syscall(SYS_capset, &header, none) == 0;
}

static enum slw_status confine(const struct slw_jail_making *making, struct slw_detail *detail)
{
    static const char *const runnable[] = {"/"};
    static const char *const writable[] = {"/job",      "/dev/null",   "/dev/zero",
                                           "/dev/full", "/dev/random", "/dev/urandom"};
    const struct slw_sandbox_paths paths = {
        .runnable = runnable,
        .runnable_count = 1,
        .writable = writable,
        .writable_count = sizeof writable / sizeof *writable,
        .network = true, /* its own, or the machine's: the namespace says */
        .links = true,
        .alone = true,
    };
    const struct slw_sandbox_limits limits = {
        .descriptors = DESCRIPTORS_MAX,
        .processes = making->settings->processes,
    };
    struct slw_sandbox_done done;
    SLW_TRY(slw_sandbox_set_limits(&limits, detail));
    SLW_TRY(slw_sandbox_forbid_dumps(detail));
    SLW_TRY(slw_sandbox_forbid_privileges(detail));
    SLW_TRY(slw_sandbox_restrict_paths(&paths, &done, detail));
    return slw_sandbox_filter_apply(making->filter, detail);
}

int slw_jail_become(const struct slw_jail_making *making, int report)
{
    const int kept[] = {0, 1, 2, report};
    struct slw_detail detail = {{0}};
    (void)umask(022);
    slw_sandbox_forget_signals();
    if (setsid() < 0 || !place_descriptors(making->output) || !drop_capabilities() ||
        chdir(SLW_JAIL_WORK) != 0) {
        return errno;
    }
    if (slw_sandbox_keep_descriptors(kept, 4, &detail) != SLW_OK ||
        confine(making, &detail) != SLW_OK) {
        return EPERM;
    }
    /* execve() changes nothing of its arguments; its prototype is older than const. */
    union {
        const char *const *kept;
        char *const *taken;
    } command = {making->settings->command}, environment = {making->settings->environment};
    (void)execve(making->settings->command[0], command.taken, environment.taken);
    return errno;
}
