/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end: a TLS client certificate that a configured authority issued for that
 * purpose, that is in its time and not revoked; or a local user, as the kernel tells. This only
 * admits to the front: what is asked for is signed by the requester's own key, which the key
 * process checks.
 */
#ifndef SLIPWAY_FRONT_PEER_H
#define SLIPWAY_FRONT_PEER_H

#include "connections.h"
#include "settings.h"

#include <gnutls/gnutls.h>

struct front_trust;

/*
 * Reads authorities and revocations from the files that settings name. They are read again when a
 * file changes, so a new list of revocations counts within a second, for open connections too. A
 * list of revocations that can't be read, or whose time is over, admits nobody.
 */
enum slw_status front_trust_open(const struct front_settings *settings,
                                 struct front_trust **ret_trust, struct slw_detail *detail);
void front_trust_close(struct front_trust *trust);

/* SLW_OK, with the connection's client filled in; SLW_NOT_PERMITTED, and why. */
enum slw_status front_trust_verify(struct front_trust *trust, gnutls_session_t session,
                                   struct front_connection *connection, struct slw_detail *detail);

/* The same for a local socket, by SO_PEERCRED. */
enum slw_status front_local_verify(const struct front_settings *settings,
                                   struct front_connection *connection, struct slw_detail *detail);

/* Notes the address as the client, for connections that show no certificate. */
void front_address_note(struct front_connection *connection);

#endif
