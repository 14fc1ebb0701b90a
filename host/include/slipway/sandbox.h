/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up what a process doesn't need, before it reads anything from outside: for the signing
 * service's key process, its judges and validators, its front. What was given up can't be had back,
 * by no code that runs later in the process or in what it starts.
 *
 * The order, for a process that starts as root:
 *
 *     slw_sandbox_keep_descriptors(keep, keep_count, detail);    what it inherited goes
 *     slw_sandbox_clear_environment(detail);
 *     slw_sandbox_find_user("slipway-keys", &user, detail);      needs /etc/passwd
 *     ... open sockets, files, tokens ...
 *     slw_sandbox_lock_memory(detail);                           needs RLIMIT_MEMLOCK
 *     slw_sandbox_drop_user(&user, detail);
 *     slw_sandbox_forbid_dumps(detail);                          after the user: it resets that
 *     slw_sandbox_set_limits(&limits, detail);
 *     slw_sandbox_forbid_privileges(detail);
 *     slw_sandbox_load_name_service();                           if it looks names up later
 *     slw_sandbox_restrict_paths(&paths, &done, detail);         Landlock
 *     slw_sandbox_restrict_calls(SLW_SANDBOX_KEYS, SLW_SANDBOX_KILL, detail);    seccomp, last
 *
 * All fail with SLW_IO and a detail, and a process in which one fails must not go on. The calls are
 * for the whole process when it has one thread; make threads after them (they inherit everything).
 */
#ifndef SLIPWAY_SANDBOX_H
#define SLIPWAY_SANDBOX_H

#include "slipway/detail.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- who it is ------------------------------------------------------------------------------ */

#define SLW_SANDBOX_GROUPS_MAX 8u

struct slw_sandbox_user {
    uid_t uid;
    gid_t gid;
    gid_t groups[SLW_SANDBOX_GROUPS_MAX]; /* beside gid: that of a token's socket, for example */
    size_t groups_count;
};

/*
 * A user of /etc/passwd by name, with no group beside its own. Reads that file and loads no module
 * of the name service. SLW_NOT_FOUND when it isn't there.
 */
SLW_MUST_USE enum slw_status slw_sandbox_find_user(const char *name,
                                                   struct slw_sandbox_user *ret_user,
                                                   struct slw_detail *detail);

/*
 * Becomes that user for good: real, effective and saved ids, its groups and no others; then checks
 * that root can't be had back. A process that isn't root must be that user already
 * (SLW_BAD_ARGUMENT otherwise), and keeps its groups. User 0 is SLW_BAD_ARGUMENT.
 */
SLW_MUST_USE enum slw_status slw_sandbox_drop_user(const struct slw_sandbox_user *user,
                                                   struct slw_detail *detail);

/* --- what it inherited ---------------------------------------------------------------------- */

#define SLW_SANDBOX_KEPT_MAX 64u

/* Closes every descriptor but these. Those that are listed and not open are no error. */
SLW_MUST_USE enum slw_status slw_sandbox_keep_descriptors(const int *kept, size_t kept_count,
                                                          struct slw_detail *detail);

/* Empties the environment, and sets PATH to the system's directories and LC_ALL to C.UTF-8. */
SLW_MUST_USE enum slw_status slw_sandbox_clear_environment(struct slw_detail *detail);

/* Signals mean what they mean by themselves, and none is blocked: for a program that is to be run
 * by a process which ignores some. */
void slw_sandbox_forget_signals(void);

/* --- what it may use and show --------------------------------------------------------------- */

/* 0 leaves a limit as it is. */
struct slw_sandbox_limits {
    uint64_t memory_bytes; /* RLIMIT_AS */
    uint64_t cpu_s;        /* RLIMIT_CPU: killed there */
    uint64_t descriptors;  /* RLIMIT_NOFILE */
    uint64_t processes;    /* RLIMIT_NPROC: of its user, threads too */
    uint64_t file_bytes;   /* RLIMIT_FSIZE, of what it may write; SLW_SANDBOX_NO_FILE: nothing */
};
#define SLW_SANDBOX_NO_FILE UINT64_MAX

/* Soft and hard limits, so that they can't be raised again. Never raises one. */
SLW_MUST_USE enum slw_status slw_sandbox_set_limits(const struct slw_sandbox_limits *limits,
                                                    struct slw_detail *detail);

/* No core dumps, no ptrace by others of this user, /proc/PID is root's. */
SLW_MUST_USE enum slw_status slw_sandbox_forbid_dumps(struct slw_detail *detail);

/* No program that it starts gains anything (set-user-id, capabilities). */
SLW_MUST_USE enum slw_status slw_sandbox_forbid_privileges(struct slw_detail *detail);

/* Loads the modules that looking up names of hosts takes, which can't be loaded once calls are
 * restricted. Asks nobody for anything. */
void slw_sandbox_load_name_service(void);

/* All memory, what it has and what it will have, stays out of swap. */
SLW_MUST_USE enum slw_status slw_sandbox_lock_memory(struct slw_detail *detail);

/*
 * Memory for a secret: whole pages with a page on each side that can't be touched, locked, in no
 * core dump, and not in child processes (zeros there). NULL when there is none. It is zeros at
 * first; free wipes it, and takes the same len.
 */
void *slw_secret_alloc(size_t len);
void slw_secret_free(void *secret, size_t len);

/* --- which files: Landlock ------------------------------------------------------------------ */

#define SLW_SANDBOX_PATHS_MAX 32u

struct slw_sandbox_paths {
    const char *const *readable; /* files, or directories with everything below */
    size_t readable_count;
    const char *const *runnable; /* readable, and programs there may be executed */
    size_t runnable_count;
    const char *const *writable; /* readable; files below may be made, changed, removed */
    size_t writable_count;
    bool network; /* TCP, too, stays as it is; else it can't bind or connect (from ABI 4 on) */
    /* Signals and abstract sockets only to what it starts from here on (from ABI 6 on). */
    bool alone;
    bool links; /* below writable, symbolic links and named pipes may be made, too */
};

/* What the kernel could do of it. */
struct slw_sandbox_done {
    int abi; /* of Landlock; 0: the kernel has none, and nothing was restricted */
    /* "" when everything was; else a sentence for the log: "Landlock of this kernel can't …" */
    char missing[160];
};

/*
 * From here on, no file can be opened but these, by it and what it starts; open descriptors stay.
 * Needs slw_sandbox_forbid_privileges() before. A path that doesn't exist is left out. A kernel
 * without Landlock is no error: see ret_done, and tell the administrator.
 */
SLW_MUST_USE enum slw_status slw_sandbox_restrict_paths(const struct slw_sandbox_paths *paths,
                                                        struct slw_sandbox_done *ret_done,
                                                        struct slw_detail *detail);

/* --- which system calls: seccomp ------------------------------------------------------------ */

enum slw_sandbox_profile {
    /*
     * The key process after its keys are loaded: files, threads, locked memory, its sockets (no new
     * internet ones; AF_UNIX for tokens behind a daemon), signals. No exec, no fork, no ptrace, no
     * executable memory.
     */
    SLW_SANDBOX_KEYS,
    /*
     * A judge: pread, the heap, send on what is open, exit, and nothing else: no open, no write, no
     * socket, no fork, no exec, no signal, no clock. mmap() says that there is no memory.
     */
    SLW_SANDBOX_JUDGE,
    /*
     * The front: files, threads, TCP and Unix sockets. No exec, no fork, no ptrace, no executable
     * memory.
     */
    SLW_SANDBOX_FRONT,
    /*
     * A validator: whatever programs do with files, memory, threads, children and pipes. No socket
     * of any kind, no signal to others, no leaving its process group (so that it can be killed
     * whole), no namespaces, no ptrace. Use with SLW_SANDBOX_REFUSE.
     */
    SLW_SANDBOX_VALIDATOR,
    /* The spawner of judges: what a validator may, and a spawner needs. With SLW_SANDBOX_REFUSE. */
    SLW_SANDBOX_SPAWNER,
    /* The depot: what the front may, and what a database in a file takes. */
    SLW_SANDBOX_DEPOT,
    /*
     * A job in a jail (slipway/jail.h): what compilers, interpreters and tests do, sockets and
     * signals included. No namespaces, no mounts, no ptrace, no kernel keys, no memory that isn't
     * some process's (memfd, System V). Use with SLW_SANDBOX_REFUSE.
     */
    SLW_SANDBOX_JOB,
};

enum slw_sandbox_action {
    SLW_SANDBOX_KILL,   /* a call that isn't allowed ends the process (SIGSYS) */
    SLW_SANDBOX_REFUSE, /* it fails with EPERM */
    SLW_SANDBOX_LOG,    /* it is done, and the kernel logs it: for finding what a profile lacks */
};

/* Filters add up: the strictest counts. Needs slw_sandbox_forbid_privileges() before. */
SLW_MUST_USE enum slw_status slw_sandbox_restrict_calls(enum slw_sandbox_profile profile,
                                                        enum slw_sandbox_action action,
                                                        struct slw_detail *detail);

/*
 * The same in two steps, for who starts many processes of one profile: compiled once, which takes
 * a millisecond, applied in each child in microseconds and without memory.
 */
struct slw_sandbox_filter {
    void *program; /* private */
    size_t len;
};

SLW_MUST_USE enum slw_status slw_sandbox_filter_make(enum slw_sandbox_profile profile,
                                                     enum slw_sandbox_action action,
                                                     struct slw_sandbox_filter *ret_filter,
                                                     struct slw_detail *detail);
SLW_MUST_USE enum slw_status slw_sandbox_filter_apply(const struct slw_sandbox_filter *filter,
                                                      struct slw_detail *detail);
void slw_sandbox_filter_free(struct slw_sandbox_filter *filter);

#endif
