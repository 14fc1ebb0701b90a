/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Work that one thread of this process does over and over, every so many milliseconds, the first
 * time at once. What only one of several depots may do is a lease's instead (leases.h).
 *
 *     SLW_TRY(depot_periodic_start(500, look, follower, &follower->looking, detail));
 *     …
 *     depot_periodic_stop(follower->looking);
 */
#ifndef SLIPWAY_DEPOT_PERIODIC_H
#define SLIPWAY_DEPOT_PERIODIC_H

#include "depot.h"

struct depot_periodic;

SLW_MUST_USE enum slw_status depot_periodic_start(int period_ms, void (*work)(void *context),
                                                  void *context,
                                                  struct depot_periodic **ret_periodic,
                                                  struct slw_detail *detail);
/* Work that is going on is waited for; none is begun any more. NULL: nothing. */
void depot_periodic_stop(struct depot_periodic *periodic);

#endif
