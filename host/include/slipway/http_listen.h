/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets for servers: TCP by address, and local ones by path. */
#ifndef SLIPWAY_HTTP_LISTEN_H
#define SLIPWAY_HTTP_LISTEN_H

#include "slipway/detail.h"

#include <stddef.h>
#include <stdint.h>

#define SLW_HTTP_HOST_MAX 512u
#define SLW_HTTP_ADDRESS_MAX (SLW_HTTP_HOST_MAX + 32u) /* "https://HOST:PORT", "unix:PATH" */

/* ret_address: "SCHEME://HOST:PORT" with the port that it really has. */
SLW_MUST_USE enum slw_status slw_http_listen_tcp(const char *text, const char *scheme,
                                                 size_t address_size, char *ret_address,
                                                 int *ret_descriptor, struct slw_detail *detail);

/* Takes the place of a socket that a former server left there. */
SLW_MUST_USE enum slw_status slw_http_listen_local(const char *path, uint32_t mode,
                                                   int *ret_descriptor, struct slw_detail *detail);

#endif
