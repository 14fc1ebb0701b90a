/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a TLS connection, by its certificate: one that a configured authority
 * issued for that purpose, that is in its time and not revoked. The HTTP library only asks for one.
 */
#ifndef SLIPWAY_HTTP_TRUST_H
#define SLIPWAY_HTTP_TRUST_H

#include "slipway/detail.h"
#include "slipway/http_connections.h"

#include <gnutls/gnutls.h>

struct slw_http_trust;

/*
 * Reads authorities, and revocations where there is such a file (NULL or "": none), whose names
 * must outlive it. They are read again when a file changes, so a new list of revocations counts
 * within a second, for open connections too. A list of revocations that can't be read, or whose
 * time is over, admits nobody.
 */
SLW_MUST_USE enum slw_status slw_http_trust_open(const char *authorities, const char *revocations,
                                                 struct slw_http_trust **ret_trust,
                                                 struct slw_detail *detail);
void slw_http_trust_close(struct slw_http_trust *trust);

/* SLW_OK, with the connection's client (the certificate's SHA-256) and name filled in;
 * SLW_NOT_PERMITTED, and why. Remembered for a while. */
SLW_MUST_USE enum slw_status slw_http_trust_verify(struct slw_http_trust *trust,
                                                   gnutls_session_t session,
                                                   struct slw_http_connection *connection,
                                                   struct slw_detail *detail);

#endif
