/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of each profile, in sets by what they are for. What isn't named isn't allowed:
 * ptrace, process_vm_readv, bpf, io_uring, userfaultfd, perf_event_open, keyctl, mount, namespaces,
 * modules, clocks, and whatever a later kernel has.
 */
#include "profiles.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define IS_SANITIZED
#endif
#endif

/* Ending, memory that it has, waiting for a lock, the time. */
static const char *const basic[] = {
    "exit",         "exit_group", "rt_sigreturn",  "rt_sigprocmask",  "restart_syscall",
    "brk",          "munmap",     "mremap",        "madvise",         "futex",
    "sched_yield",  "getrandom",  "clock_gettime", "clock_nanosleep", "nanosleep",
    "gettimeofday", "time",       "getpid",        "gettid",          "close",
    NULL,
};

/* On descriptors that are open. */
static const char *const reading[] = {"read", "pread64", "readv", "preadv", "lseek", NULL};
static const char *const writing[] = {"write", "writev", NULL};

/* All that reading a bundle, memory, and one answer take: each judge has its filter made ready
 * anew, whose length is time. */
static const char *const judging[] = {
    "pread64", "sendto", "brk",     "exit_group",
#ifdef IS_SANITIZED
    "munmap",  "mremap", "madvise", /* about a sanitizer's shadow */
#endif
    NULL,
};

static const char *const looking_at_files[] = {
    "open",   "openat",    "stat",       "fstat",     "lstat",      "newfstatat", "statx",
    "access", "faccessat", "faccessat2", "readlink",  "readlinkat", "getdents",   "getdents64",
    "statfs", "fstatfs",   "getcwd",     "fadvise64", NULL,
};

static const char *const changing_files[] = {
    "pwrite64", "pwritev",   "fsync",     "fdatasync", "sync_file_range", "ftruncate", "fallocate",
    "rename",   "renameat",  "renameat2", "link",      "linkat",          "unlink",    "unlinkat",
    "mkdir",    "mkdirat",   "rmdir",     "fchmod",    "fchmodat",        "chmod",     "umask",
    "flock",    "utimensat", NULL,
};

static const char *const descriptors[] = {
    "dup",       "dup2",         "dup3",        "fcntl",    "pipe",           "pipe2",
    "poll",      "ppoll",        "select",      "pselect6", "epoll_create",   "epoll_create1",
    "epoll_ctl", "epoll_wait",   "epoll_pwait", "eventfd2", "timerfd_create", "timerfd_settime",
    "signalfd4", "memfd_create", "socketpair",  NULL,
};

/* The same without sockets of any kind. */
static const char *const validator_descriptors[] = {
    "dup",          "dup2",       "dup3",        "fcntl",    "pipe",           "pipe2",
    "poll",         "ppoll",      "select",      "pselect6", "epoll_create",   "epoll_create1",
    "epoll_ctl",    "epoll_wait", "epoll_pwait", "eventfd2", "timerfd_create", "timerfd_settime",
    "memfd_create", NULL,
};

static const char *const sockets[] = {
    "connect",  "bind",        "listen",     "accept",     "accept4",  "sendmsg",
    "sendto",   "sendmmsg",    "recvmsg",    "recvfrom",   "recvmmsg", "getsockname",
    "shutdown", "getpeername", "setsockopt", "getsockopt", "sendfile", NULL,
};

/* On sockets that it has; of new ones only those to a local daemon. */
static const char *const local_sockets[] = {
    "connect",    "sendmsg",  "sendto",      "recvmsg",     "recvfrom", "getsockopt",
    "setsockopt", "shutdown", "getsockname", "getpeername", NULL,
};

/* What a C library asks on behalf of any program. */
static const char *const asking[] = {
    "getuid",
    "geteuid",
    "getgid",
    "getegid",
    "getppid",
    "getgroups",
    "getresuid",
    "getresgid",
    "getpgrp",
    "getpgid",
    "getsid",
    "uname",
    "sysinfo",
    "sched_getaffinity",
    "getrlimit",
    "getrusage",
    "times",
    "clock_getres",
    "rt_sigaction",
    "sigaltstack",
    "rt_sigpending",
    "getcpu",
    "rt_sigtimedwait",
    "rt_sigsuspend",
    "getitimer",
    "get_robust_list",
    "set_robust_list",
    "rseq",
    "set_tid_address",
    "arch_prctl",
    NULL,
};

static const char *const locking_memory[] = {"mlock", "mlock2", "munlock", NULL};

/* The key process's children, which it made before: the front and the spawner. */
static const char *const minding_children[] = {"kill", "wait4", "waitid", NULL};

/* Programs and their children; none of them leaves its process group or signals another. */
static const char *const running_programs[] = {
    "execve",     "wait4",    "waitid",          "chdir",          "fchdir",
    "setitimer",  "alarm",    "pause",           "mlock",          "munlock",
    "msync",      "mincore",  "getpriority",     "sched_getparam", "sched_getscheduler",
    "membarrier", "sendfile", "copy_file_range", "splice",         "close_range",
    "setrlimit",  NULL,
};

/* The spawner itself, and a child of it until it is confined. */
static const char *const spawning[] = {
    "prctl",
    "seccomp",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "prlimit64",
    "setpgid",
    "kill",
    "recvmsg",
    "sendmsg",
    "sendto",
    "recvfrom",
    NULL,
};

static const struct slw_sandbox_calls keys = {
    .special = SLW_CALLS_DATA_MEMORY | SLW_CALLS_THREADS | SLW_CALLS_LOCAL_SOCKETS |
               SLW_CALLS_NAME_ITSELF | SLW_CALLS_OWN_LIMITS | SLW_CALLS_FEW_IOCTLS |
               SLW_CALLS_SIGNAL_ITSELF,
    .sets = {basic, reading, writing, looking_at_files, changing_files, descriptors, local_sockets,
             asking, locking_memory, minding_children},
};

static const struct slw_sandbox_calls judge = {
#ifdef IS_SANITIZED
    .special = SLW_CALLS_DATA_MEMORY,
#else
    .special = SLW_CALLS_HEAP_MEMORY,
#endif
    .sets = {judging},
};

static const struct slw_sandbox_calls front = {
    .special = SLW_CALLS_DATA_MEMORY | SLW_CALLS_THREADS | SLW_CALLS_LOCAL_SOCKETS |
               SLW_CALLS_NETWORK_SOCKETS | SLW_CALLS_NAME_ITSELF | SLW_CALLS_OWN_LIMITS |
               SLW_CALLS_FEW_IOCTLS | SLW_CALLS_SIGNAL_ITSELF,
    .sets = {basic, reading, writing, looking_at_files, changing_files, descriptors, sockets,
             asking},
};

/* SQLite gives what it makes to the owner of the database. */
static const char *const keeping_a_database[] = {"fchown", NULL};

/* What is published is flushed at once, and read back without following links out of it. */
static const char *const keeping_a_repository[] = {"syncfs", "openat2", NULL};

static const struct slw_sandbox_calls depot = {
    .special = SLW_CALLS_DATA_MEMORY | SLW_CALLS_THREADS | SLW_CALLS_LOCAL_SOCKETS |
               SLW_CALLS_NETWORK_SOCKETS | SLW_CALLS_NAME_ITSELF | SLW_CALLS_OWN_LIMITS |
               SLW_CALLS_FEW_IOCTLS | SLW_CALLS_SIGNAL_ITSELF,
    .sets = {basic, reading, writing, looking_at_files, changing_files, descriptors, sockets,
             asking, keeping_a_database, keeping_a_repository},
};

static const struct slw_sandbox_calls validator = {
    .special = SLW_CALLS_PROGRAM_MEMORY | SLW_CALLS_CHILDREN | SLW_CALLS_NAME_ITSELF |
               SLW_CALLS_OWN_LIMITS | SLW_CALLS_FEW_IOCTLS,
    .sets = {basic, reading, writing, looking_at_files, changing_files, validator_descriptors,
             asking, running_programs},
};

static const struct slw_sandbox_calls spawner = {
    .special = SLW_CALLS_PROGRAM_MEMORY | SLW_CALLS_CHILDREN | SLW_CALLS_FEW_IOCTLS,
    .sets = {basic, reading, writing, looking_at_files, changing_files, descriptors, asking,
             running_programs, spawning},
};

/* Descriptors without memfd_create(): memory that no process has mapped isn't counted. */
static const char *const job_descriptors[] = {
    "dup",
    "dup2",
    "dup3",
    "fcntl",
    "pipe",
    "pipe2",
    "poll",
    "ppoll",
    "select",
    "pselect6",
    "epoll_create",
    "epoll_create1",
    "epoll_ctl",
    "epoll_wait",
    "epoll_pwait",
    "epoll_pwait2",
    "eventfd",
    "eventfd2",
    "timerfd_create",
    "timerfd_settime",
    "timerfd_gettime",
    "signalfd",
    "signalfd4",
    "socketpair",
    "inotify_init",
    "inotify_init1",
    "inotify_add_watch",
    "inotify_rm_watch",
    "pidfd_open",
    "pidfd_send_signal",
    "close_range",
    "tee",
    "vmsplice",
    NULL,
};

static const char *const job_files[] = {
    "creat",     "truncate",  "symlink",    "symlinkat",  "mknod",     "mknodat",   "chown",
    "fchown",    "lchown",    "fchownat",   "utime",      "utimes",    "futimesat", "sync",
    "syncfs",    "openat2",   "readahead",  "preadv2",    "pwritev2",  "getxattr",  "lgetxattr",
    "fgetxattr", "listxattr", "llistxattr", "flistxattr", "fchmodat2", NULL,
};

/* Its own processes; signals reach no others, for it sees no others. */
static const char *const job_processes[] = {
    "kill",
    "tkill",
    "tgkill",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "execveat",
    "setsid",
    "setpgid",
    "prctl",
    "prlimit64",
    "seccomp",
    "capget",
    "landlock_create_ruleset",
    "landlock_add_rule",
    "landlock_restrict_self",
    "setuid",
    "setgid",
    "setreuid",
    "setregid",
    "setresuid",
    "setresgid",
    "setgroups",
    "setfsuid",
    "setfsgid",
    "getresgid",
    "setpriority",
    "sched_setscheduler",
    "sched_setparam",
    "sched_setaffinity",
    "sched_getattr",
    "sched_setattr",
    "sched_get_priority_max",
    "sched_get_priority_min",
    "timer_create",
    "timer_settime",
    "timer_gettime",
    "timer_getoverrun",
    "timer_delete",
    "get_mempolicy",
    NULL,
};

static const struct slw_sandbox_calls job = {
    .special = SLW_CALLS_PROGRAM_MEMORY | SLW_CALLS_CHILDREN | SLW_CALLS_LOCAL_SOCKETS |
               SLW_CALLS_NETWORK_SOCKETS | SLW_CALLS_FEW_IOCTLS,
    .sets = {basic, reading, writing, looking_at_files, changing_files, asking, running_programs,
             sockets, job_descriptors, job_files, job_processes},
};

const struct slw_sandbox_calls *slw_sandbox_calls_of(enum slw_sandbox_profile profile)
{
    switch (profile) {
    case SLW_SANDBOX_KEYS:
        return &keys;
    case SLW_SANDBOX_JUDGE:
        return &judge;
    case SLW_SANDBOX_FRONT:
        return &front;
    case SLW_SANDBOX_DEPOT:
        return &depot;
    case SLW_SANDBOX_VALIDATOR:
        return &validator;
    case SLW_SANDBOX_SPAWNER:
        return &spawner;
    case SLW_SANDBOX_JOB:
        return &job;
    }
    return NULL;
}
