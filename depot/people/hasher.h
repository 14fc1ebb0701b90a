/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that hash a password, on threads of their own: two at a time, and a queue that is bounded,
 * so that a flood of logins stalls neither the server nor the machine's memory.
 */
#ifndef SLIPWAY_PEOPLE_HASHER_H
#define SLIPWAY_PEOPLE_HASHER_H

#include "depot.h"

#define PEOPLE_HASHERS 2u
#define PEOPLE_HASHES_WAITING_MAX 64u

struct depot_people_state;

SLW_MUST_USE enum slw_status people_hasher_start(struct depot *depot,
                                                 struct depot_people_state **ret_state,
                                                 struct slw_detail *detail);
void people_hasher_stop(struct depot_people_state *state);

/* handle is called soon, on another thread, and answers; or the call is refused as too-many. */
void people_hasher_hand_over(struct depot *depot, struct slw_http_exchange *exchange,
                             void (*handle)(struct depot *depot,
                                            struct slw_http_exchange *exchange));

/* Whether this client may try to log in once more: a bounded number of failures a minute, in memory
 * alone. failed: counts one. */
bool people_hasher_client_may(struct depot *depot, const struct slw_http_exchange *exchange,
                              bool failed);

#endif
