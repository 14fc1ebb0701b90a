/* SPDX-License-Identifier: Apache-2.0 */
/* Filters of system calls, made by libseccomp of the profiles, and applied. See sandbox.h. */
/* For memfd_create() and the flags of clone(). */
#define _GNU_SOURCE // NOLINT(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
#include "profiles.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEW_NAMESPACES                                                                             \
    (CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET |     \
     CLONE_NEWCGROUP)
#define OF_A_THREAD (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)

/* Rules are added until one can't be: 0, or what libseccomp says, below 0. */
struct rules {
    scmp_filter_ctx filter;
    enum slw_sandbox_action action;
    int error;
};

static void note(struct rules *rules, int result)
{
    if (rules->error == 0 && result < 0) {
        rules->error = result;
    }
}

/* A call that this architecture doesn't have needn't be allowed. */
static void allow(struct rules *rules, const char *name)
{
    int number = seccomp_syscall_resolve_name(name);
    if (number != __NR_SCMP_ERROR) {
        note(rules, seccomp_rule_add(rules->filter, SCMP_ACT_ALLOW, number, 0));
    }
}

static void allow_if(struct rules *rules, int number, struct scmp_arg_cmp condition)
{
    note(rules, seccomp_rule_add_array(rules->filter, SCMP_ACT_ALLOW, number, 1, &condition));
}

static struct scmp_arg_cmp equals(unsigned argument, uint64_t value)
{
    return SCMP_CMP64(argument, SCMP_CMP_EQ, value, 0);
}

/* Of an argument's bits in mask, exactly these are set. */
static struct scmp_arg_cmp has_bits(unsigned argument, uint64_t mask, uint64_t bits)
{
    return SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, bits);
}

static void allow_memory(struct rules *rules, unsigned special)
{
    if ((special & SLW_CALLS_PROGRAM_MEMORY) != 0) {
        allow(rules, "mmap");
        allow(rules, "mprotect");
    } else if ((special & SLW_CALLS_DATA_MEMORY) != 0) {
        allow_if(rules, SCMP_SYS(mmap), has_bits(2, PROT_EXEC, 0));
        allow_if(rules, SCMP_SYS(mprotect), has_bits(2, PROT_EXEC, 0));
    } else if ((special & SLW_CALLS_HEAP_MEMORY) != 0 && rules->action != SLW_SANDBOX_LOG) {
        note(rules, seccomp_rule_add(rules->filter, SCMP_ACT_ERRNO(ENOMEM), SCMP_SYS(mmap), 0));
    }
}

/*
 * The flags of clone3() are in memory, where a filter can't look: it doesn't exist, and the C
 * library falls back to clone().
 */
static void allow_clone(struct rules *rules, unsigned special)
{
    if ((special & (SLW_CALLS_CHILDREN | SLW_CALLS_THREADS)) != 0) {
        note(rules, seccomp_rule_add(rules->filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0));
    }
    if ((special & SLW_CALLS_CHILDREN) != 0) {
        allow(rules, "fork");
        allow(rules, "vfork");
        allow_if(rules, SCMP_SYS(clone), has_bits(0, NEW_NAMESPACES, 0));
    } else if ((special & SLW_CALLS_THREADS) != 0) {
        allow_if(rules, SCMP_SYS(clone), has_bits(0, OF_A_THREAD | NEW_NAMESPACES, OF_A_THREAD));
    }
}

static void allow_sockets(struct rules *rules, unsigned special)
{
    if ((special & SLW_CALLS_LOCAL_SOCKETS) != 0) {
        allow_if(rules, SCMP_SYS(socket), equals(0, AF_UNIX));
    }
    if ((special & SLW_CALLS_NETWORK_SOCKETS) != 0) {
        allow_if(rules, SCMP_SYS(socket), equals(0, AF_INET));
        allow_if(rules, SCMP_SYS(socket), equals(0, AF_INET6));
        allow_if(rules, SCMP_SYS(socket), equals(0, AF_NETLINK));
    }
}

static void allow_ioctls(struct rules *rules)
{
    static const unsigned long requests[] = {TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX};
    for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        allow_if(rules, SCMP_SYS(ioctl), equals(1, requests[i]));
    }
}

static void allow_special(struct rules *rules, unsigned special)
{
    allow_memory(rules, special);
    allow_clone(rules, special);
    allow_sockets(rules, special);
    if ((special & SLW_CALLS_NAME_ITSELF) != 0) {
        allow_if(rules, SCMP_SYS(prctl), equals(0, PR_SET_NAME));
        allow_if(rules, SCMP_SYS(prctl), equals(0, PR_GET_NAME));
    }
    if ((special & SLW_CALLS_OWN_LIMITS) != 0) {
        allow_if(rules, SCMP_SYS(prlimit64), equals(0, 0));
    }
    if ((special & SLW_CALLS_FEW_IOCTLS) != 0) {
        allow_ioctls(rules);
    }
    if ((special & SLW_CALLS_SIGNAL_ITSELF) != 0) {
        allow_if(rules, SCMP_SYS(tgkill), equals(0, (uint64_t)getpid()));
    }
}

static uint32_t action_number(enum slw_sandbox_action action)
{
    switch (action) {
    case SLW_SANDBOX_REFUSE:
        return SCMP_ACT_ERRNO(EPERM);
    case SLW_SANDBOX_LOG:
        return SCMP_ACT_LOG;
    case SLW_SANDBOX_KILL:
        break;
    }
    return SCMP_ACT_KILL_PROCESS;
}

static enum slw_status fail(struct slw_detail *detail, int error)
{
    errno = error;
    return slw_explain_errno(detail, error == ENOMEM
                                         ? "restricting system calls (seccomp; LimitMEMLOCK, "
                                           "ulimit -l, may be too low)"
                                         : "restricting system calls (seccomp)");
}

/* libseccomp of this age writes a program to a descriptor only. */
static enum slw_status export_program(scmp_filter_ctx filter, struct slw_sandbox_filter *ret_filter,
                                      struct slw_detail *detail)
{
    int file = memfd_create("filter", MFD_CLOEXEC);
    if (file < 0) {
        return fail(detail, errno);
    }
    int error = -seccomp_export_bpf(filter, file);
    off_t len = error == 0 ? lseek(file, 0, SEEK_END) : 0;
    void *program = len > 0 ? malloc((size_t)len) : NULL;
    if (program == NULL || pread(file, program, (size_t)len, 0) != (ssize_t)len) {
        error = error == 0 ? EIO : error;
        free(program);
    }
    (void)close(file);
    if (error != 0) {
        return fail(detail, error);
    }
    *ret_filter = (struct slw_sandbox_filter){.program = program, .len = (size_t)len};
    return SLW_OK;
}

enum slw_status slw_sandbox_filter_make(enum slw_sandbox_profile profile,
                                        enum slw_sandbox_action action,
                                        struct slw_sandbox_filter *ret_filter,
                                        struct slw_detail *detail)
{
    const struct slw_sandbox_calls *calls = slw_sandbox_calls_of(profile);
    if (calls == NULL) {
        return slw_explain(detail, SLW_BAD_ARGUMENT, "restricting system calls: no such profile");
    }
    struct rules rules = {.filter = seccomp_init(action_number(action)), .action = action};
    if (rules.filter == NULL) {
        return slw_explain_no_memory(detail);
    }
    for (size_t i = 0; i < SLW_CALLS_SETS_MAX && calls->sets[i] != NULL; i++) {
        for (const char *const *name = calls->sets[i]; *name != NULL; name++) {
            allow(&rules, *name);
        }
    }
    allow_special(&rules, calls->special);
    /* A search instead of a walk; what can't do that still works. */
    (void)seccomp_attr_set(rules.filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    enum slw_status status = rules.error == 0 ? export_program(rules.filter, ret_filter, detail)
                                              : fail(detail, -rules.error);
    seccomp_release(rules.filter);
    return status;
}

enum slw_status slw_sandbox_filter_apply(const struct slw_sandbox_filter *filter,
                                         struct slw_detail *detail)
{
    struct sock_fprog program = {
        .len = (unsigned short)(filter->len / sizeof(struct sock_filter)),
        .filter = filter->program,
    };
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) != 0) {
        return fail(detail, errno);
    }
    return SLW_OK;
}

void slw_sandbox_filter_free(struct slw_sandbox_filter *filter)
{
    free(filter->program);
    *filter = (struct slw_sandbox_filter){0};
}

enum slw_status slw_sandbox_restrict_calls(enum slw_sandbox_profile profile,
                                           enum slw_sandbox_action action,
                                           struct slw_detail *detail)
{
    struct slw_sandbox_filter filter = {NULL, 0};
    SLW_TRY(slw_sandbox_filter_make(profile, action, &filter, detail));
    enum slw_status status = slw_sandbox_filter_apply(&filter, detail);
    slw_sandbox_filter_free(&filter);
    return status;
}
