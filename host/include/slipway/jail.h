/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a program that is nobody's to trust, without being root: it sees its own processes, its
 * own files and what it was given to read, nothing else, and all of it is gone at its end. For
 * `slipway runner`, whose jobs build and test what others wrote.
 *
 *     struct slw_jail_settings settings = {.directory = "/var/lib/runner/job-7", .command = words};
 *     SLW_TRY(slw_jail_start(&settings, &jail, detail));
 *     while (!jail.ended) {
 *         ... poll jail.output and jail.control; read output; slw_jail_listen(&jail, detail) ...
 *     }
 *     slw_jail_end(&jail);                      it, and everything it started, is gone
 *     ... openat(jail.files, "out/app.bundle", O_RDONLY | O_NOFOLLOW | O_NONBLOCK) ...
 *     slw_jail_close(&jail);                    and its files
 *
 * How it is made:
 *
 *   - Namespaces of its own for users (one id, no privileges), processes, mounts, System V IPC,
 *     host name and, unless `network`, the network, in which there is a loopback device alone. Its
 *     first process is ours: when that ends, the kernel ends all others, whatever session, group or
 *     parent they chose. It ends with the program, with slw_jail_end(), and with this process,
 *     however that ends.
 *   - Its root is a new file system: the system's programs and libraries and `readable`, all
 *     read-only; /dev with null, zero, full, random, urandom; its own /proc; and /job, a tmpfs of
 *     `files_bytes`, the only place to write to. So that size holds for all files together, on
 *     memory and swap. In it are `work` (where it starts), `out`, `tmp` (/tmp, /var/tmp) and `shm`.
 *   - Landlock (where the kernel has it) and seccomp on top: no new namespaces, no mounts, no
 *     ptrace, no kernel keys, no memory that isn't in `memory_bytes`.
 *   - `memory_bytes` is for all its processes together, looked at ten times a second; and they are
 *     the first that the kernel ends when the machine's memory is used up.
 *
 * Needs a kernel that lets anybody make user namespaces, and a /proc that nothing is hidden in (not
 * so in most containers): slw_jail_start() says what it lacks. There is no weaker form.
 */
#ifndef SLIPWAY_JAIL_H
#define SLIPWAY_JAIL_H

#include "slipway/detail.h"
#include "slipway/sandbox.h"

#define SLW_JAIL_READABLE_MAX 16u
#define SLW_JAIL_INPUT "/input" /* where the input is, inside */
#define SLW_JAIL_WORK "/job/work"
#define SLW_JAIL_OUT "/job/out"

struct slw_jail_settings {
    const char *directory; /* is there, and empty; a place to mount on, for its user to reach */
    const char *const *readable; /* absolute paths, where they are outside; those that aren't there
                                    are SLW_NOT_FOUND */
    size_t readable_count;
    const char *input;                   /* a file that it sees as SLW_JAIL_INPUT; NULL: none */
    const struct slw_sandbox_user *user; /* NULL: this one. Root can't be */
    bool network;                        /* that of this machine */
    uint64_t files_bytes;                /* 1 MiB or more */
    uint64_t memory_bytes;               /* 16 MiB or more */
    uint32_t processes;                  /* with threads; 1 or more */
    const char *const *command;     /* a program's absolute path, and its arguments; NULL ends */
    const char *const *environment; /* NAME=VALUE; NULL ends */
};

enum slw_jail_end {
    SLW_JAIL_EXITED = 1,      /* value: its exit status */
    SLW_JAIL_SIGNALLED,       /* value: the signal */
    SLW_JAIL_TOO_MUCH_MEMORY, /* value: megabytes that it had */
    SLW_JAIL_NOT_RUN,         /* the program can't be started; value: errno */
    SLW_JAIL_ENDED,           /* by slw_jail_end(), or from outside */
};

struct slw_jail {
    int output;  /* what it prints, standard output and error; doesn't block; -1 */
    int control; /* readable when there is something for slw_jail_listen(); -1 */
    int files;   /* the directory /job, readable until slw_jail_close(); -1 */
    bool ended;
    enum slw_jail_end how; /* when it has ended */
    int value;
    pid_t keeper; /* private: of the process that ends it when this one is gone; 0 */
};

/*
 * Starts it. The caller's main thread, for the jail ends with the thread that started it.
 * SLW_NOT_PERMITTED where the kernel doesn't allow what it takes, SLW_NOT_FOUND,
 * SLW_BAD_ARGUMENT, SLW_IO, each with what failed.
 */
SLW_MUST_USE enum slw_status slw_jail_start(const struct slw_jail_settings *settings,
                                            struct slw_jail *ret_jail, struct slw_detail *detail);

/* Takes what control has to tell; sets ended. Doesn't block. */
void slw_jail_listen(struct slw_jail *jail);

/* Ends the program, if it didn't by itself, and all that it started; they are gone when it
 * returns. Output may still be read. A second time does nothing. */
void slw_jail_end(struct slw_jail *jail);

/* Ends it, and closes all descriptors: its files are gone. */
void slw_jail_close(struct slw_jail *jail);

#endif
