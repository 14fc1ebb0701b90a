/* SPDX-License-Identifier: Apache-2.0 */
/* What jail.c and the processes of a jail say to each other, and where they are. */
#ifndef SLIPWAY_JAIL_CHILD_H
#define SLIPWAY_JAIL_CHILD_H

#include "slipway/jail.h"

#include <sys/syscall.h>
#include <unistd.h>

enum slw_jail_word {
    SLW_JAIL_READY = 1, /* with a descriptor: the directory /job */
    SLW_JAIL_FAILED,    /* it can't be made; value: enum slw_status, text: why */
    SLW_JAIL_OVER,      /* how and value */
};

struct slw_jail_message {
    enum slw_jail_word word;
    enum slw_jail_end how;
    int value;
    char text[512];
};

struct slw_jail_making {
    const struct slw_jail_settings *settings;
    const struct slw_sandbox_filter *filter;
    int control; /* the jail's end */
    int output;  /* likewise */
    pid_t parent;
};

/* Ends a process of a jail; nothing that the caller does at its own end is done. */
static inline _Noreturn void slw_jail_leave(int code)
{
    for (;;) {
        (void)syscall(SYS_exit_group, code);
    }
}

/* Sends a message; descriptor -1: none. Whoever isn't there any more doesn't want it. */
void slw_jail_tell(int control, const struct slw_jail_message *message, int descriptor);

/* The process between the caller and the jail (jail_keeper.c). */
_Noreturn void slw_jail_keep(struct slw_jail_making *making);

/* The first process in the jail (jail_init.c); begin: has a byte when it may begin. */
_Noreturn void slw_jail_init(const struct slw_jail_making *making, int begin);

/* Makes the root in a mount namespace of its own, and goes there (jail_root.c). */
SLW_MUST_USE enum slw_status slw_jail_make_root(const struct slw_jail_settings *settings,
                                                struct slw_detail *detail);

/* Kilobytes of memory that the processes of /proc have for themselves (jail_memory.c). */
uint64_t slw_jail_memory_kb(void);

/* Becomes the program; returns what failed, as errno (jail_program.c). */
int slw_jail_become(const struct slw_jail_making *making, int report);

#endif
