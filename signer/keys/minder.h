/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who starts the front: a small process without keys, forked before any is loaded, since the key
 * process can start nothing once it has confined itself. It is the front's user from the beginning,
 * and is asked for one thing: a front with this socket, in place of the one before.
 *
 *     SLW_TRY(slw_minder_start(&front, &minder, detail));       before keys are loaded
 *     SLW_TRY(slw_minder_front(&minder, socket, detail));       again when a front was hung up on
 *
 * When the key process is gone, so are the minder and its front.
 */
#ifndef SIGNER_KEYS_MINDER_H
#define SIGNER_KEYS_MINDER_H

#include "slipway/detail.h"

#include <sys/types.h>

struct slw_sandbox_user;

struct slw_minder_front {
    const char *program;
    const char *settings;                /* NULL: none */
    const struct slw_sandbox_user *user; /* NULL: the caller's */
};

struct slw_minder {
    pid_t pid;
    int socket;
};

enum slw_status slw_minder_start(const struct slw_minder_front *front,
                                 struct slw_minder *ret_minder, struct slw_detail *detail);

/* Ends the former front, and starts one with this socket as its descriptor 3. socket stays the
 * caller's. */
enum slw_status slw_minder_front(const struct slw_minder *minder, int socket,
                                 struct slw_detail *detail);

/* Ends both. */
void slw_minder_end(struct slw_minder *minder);

#endif
