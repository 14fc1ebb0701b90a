/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other end of a link: where a virtual device waits for its clients, one at a time.
 *
 *     tcp:HOST:PORT     port 0 takes a free one
 *     pty:PATH          makes a pseudo terminal, and a symbolic link to it at PATH
 *
 *     slw_listener_open("tcp:127.0.0.1:0", &listener, &detail);
 *     printf("listening on %s\n", listener.text);
 *     for (;;) {
 *         slw_listener_accept(&listener, 20, &link)     SLW_IO_TIMEOUT: nobody yet
 *         ... slw_link_read() until SLW_IO_CLOSED ...
 *         slw_link_close(&link);
 *     }
 *
 * A program that replaces itself by exec keeps listener and client: slw_listener_save() makes a
 * line of text that slw_listener_restore() in the new program takes.
 */
#ifndef SLIPWAY_LINK_LISTENER_H
#define SLIPWAY_LINK_LISTENER_H

#include "slipway/link.h"

#include <sys/types.h>

struct slw_listener {
    int descriptor; /* -1: closed */
    enum slw_link_kind kind;
    char text[320]; /* the LINK that reaches it: "tcp:127.0.0.1:40123" */
    char path[256]; /* of the symbolic link */
    pid_t owner;    /* who removes it */
};

/* SLW_IO, explained: address in use, PATH exists and isn't a symbolic link, ... */
enum slw_status slw_listener_open(const char *text, struct slw_listener *ret_listener,
                                  struct slw_detail *detail);

/*
 * The next client; waits as long as timeout_ms. SLW_IO_TIMEOUT: nobody came. The link of a pseudo
 * terminal is the terminal itself, so close it (or read SLW_IO_CLOSED from it) before the next.
 */
enum slw_status slw_listener_accept(struct slw_listener *listener, uint32_t timeout_ms,
                                    struct slw_link *ret_link);

/* Closes, and removes the symbolic link when this process made it. */
void slw_listener_close(struct slw_listener *listener);

#define SLW_LISTENER_SAVED_SIZE 384

/* client: the open one, or NULL. Both then survive an exec. */
enum slw_status slw_listener_save(const struct slw_listener *listener,
                                  const struct slw_link *client,
                                  char ret_saved[static SLW_LISTENER_SAVED_SIZE]);

/* ret_client->descriptor is -1 when there was none. SLW_BAD_ARGUMENT: saved isn't from save. */
enum slw_status slw_listener_restore(const char *saved, struct slw_listener *ret_listener,
                                     struct slw_link *ret_client);

#endif
