/* SPDX-License-Identifier: Apache-2.0 */
/* What link.c and listener.c share: the descriptors behind each kind of link. */
#ifndef SLIPWAY_LINK_CONNECT_H
#define SLIPWAY_LINK_CONNECT_H

#include "slipway/link.h"

/* text is the LINK as given, for messages. Descriptors are non-blocking and closed by exec. */
enum slw_status slw_tcp_connect(const char *text, const struct slw_link_address *address,
                                uint32_t timeout_ms, int *ret_descriptor,
                                struct slw_detail *detail);
enum slw_status slw_tcp_listen(const char *text, const struct slw_link_address *address,
                               int *ret_descriptor, struct slw_detail *detail);

/* Nagle's algorithm would hold the small answers back. */
void slw_tcp_send_at_once(int descriptor);

enum slw_status slw_terminal_open(const char *text, const struct slw_link_address *address,
                                  int *ret_descriptor, struct slw_detail *detail);

/* Every byte as it is: no echo, no line editing, no signals. False with errno. */
bool slw_terminal_make_raw(int descriptor);

/* poll(2) on one descriptor. 1: an event; 0: none in time, or a signal came; -1: errno. */
int slw_wait_for(int descriptor, short events, uint32_t timeout_ms);

#endif
