/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets: TCP by address, and local ones by path. Called by server.c. */
#ifndef SLIPWAY_FRONT_LISTEN_H
#define SLIPWAY_FRONT_LISTEN_H

#include "settings.h"

#include <stddef.h>

/* ret_address: "SCHEME://HOST:PORT" with the port that it really has. */
enum slw_status front_listen_tcp(const char *text, const char *scheme, size_t address_size,
                                 char *ret_address, int *ret_descriptor, struct slw_detail *detail);

/* Takes the place of a socket that a former front left there. */
enum slw_status front_listen_local(const char *path, uint32_t mode, int *ret_descriptor,
                                   struct slw_detail *detail);

#endif
