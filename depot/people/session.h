/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions of people, as other handlers of the people part see them. */
#ifndef SLIPWAY_PEOPLE_SESSION_H
#define SLIPWAY_PEOPLE_SESSION_H

#include "routes.h"

#define PEOPLE_SESSION_S INT64_C(43200)

/* Ends all sessions of a person but one (SHA-256 of its secret; NULL: all). */
SLW_MUST_USE enum slw_status people_sessions_end(struct slw_transaction *transaction,
                                                 struct slw_bytes person, const uint8_t *but_this,
                                                 struct slw_detail *detail);

/* True for a session; else refuses: what changes an account is nothing for tokens and machines. */
bool people_is_session(struct slw_http_exchange *exchange);

#endif
