/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a local socket, as the kernel tells; certificates are http_trust.h's.
 * Both only admit to the front: what is asked for is signed by the requester's own key, which the
 * key process checks.
 */
#ifndef SLIPWAY_FRONT_PEER_H
#define SLIPWAY_FRONT_PEER_H

#include "settings.h"

#include "slipway/http_connections.h"

/* SLW_OK, with the client filled in: its user, by SO_PEERCRED; SLW_NOT_PERMITTED, and why. */
enum slw_status front_local_verify(const struct front_settings *settings,
                                   struct slw_http_connection *connection,
                                   struct slw_detail *detail);

/* Notes the address as the client, for connections that show no certificate. */
void front_address_note(struct slw_http_connection *connection);

#endif
