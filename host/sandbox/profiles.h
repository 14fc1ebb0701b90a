/* SPDX-License-Identifier: Apache-2.0 */
/* Which system calls each profile allows: profiles.c says, seccomp.c makes filters of it. */
#ifndef SLIPWAY_SANDBOX_PROFILES_H
#define SLIPWAY_SANDBOX_PROFILES_H

#include "slipway/sandbox.h"

/* Calls that are allowed depending on their arguments. */
enum {
    SLW_CALLS_DATA_MEMORY = 1 << 0,     /* mmap and mprotect without PROT_EXEC */
    SLW_CALLS_PROGRAM_MEMORY = 1 << 1,  /* mmap and mprotect */
    SLW_CALLS_THREADS = 1 << 2,         /* clone of a thread, not of a process */
    SLW_CALLS_CHILDREN = 1 << 3,        /* clone, fork, vfork without new namespaces */
    SLW_CALLS_LOCAL_SOCKETS = 1 << 4,   /* socket(AF_UNIX) */
    SLW_CALLS_NETWORK_SOCKETS = 1 << 5, /* socket(AF_INET, AF_INET6, AF_NETLINK) */
    SLW_CALLS_NAME_ITSELF = 1 << 6,     /* prctl for a thread's name */
    SLW_CALLS_OWN_LIMITS = 1 << 7,      /* prlimit64 of itself */
    SLW_CALLS_FEW_IOCTLS = 1 << 8,    /* ioctl: is it a terminal, how much is there, non-blocking */
    SLW_CALLS_SIGNAL_ITSELF = 1 << 9, /* tgkill to itself */
    SLW_CALLS_HEAP_MEMORY = 1 << 10,  /* mmap says that there is none: for who has the heap alone */
};

#define SLW_CALLS_SETS_MAX 16u

struct slw_sandbox_calls {
    unsigned special; /* bits of the enum above */
    /* Lists of names that end with NULL; NULL behind the last. */
    const char *const *sets[SLW_CALLS_SETS_MAX + 1];
};

/* NULL for what isn't a profile. */
const struct slw_sandbox_calls *slw_sandbox_calls_of(enum slw_sandbox_profile profile);

#endif
